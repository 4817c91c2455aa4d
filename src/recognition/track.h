/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Tracks: placements followed from frame to frame. Internal to the room.
 *
 * A track predicts with constant velocity, aligns the reference itself to the new frame from there,
 * and is verified on that frame's own pixels. One that is not verified waits for a short time,
 * tried again from where it was, then ends. The search's hypotheses join verified tracks that they
 * repeat, take up waiting ones, or begin new ones. One is reported from the first frame on which it
 * was seen clearly (verify.h). No allocation but in new(). */
#pragma once

#include "recognition/search.h"
#include "recognition/verify.h"

#define LINCE_TRACK_WAIT INT64_C (300000000) /* ns */

typedef struct LinceTracker LinceTracker;

/* One of its tracks. A flat value. */
typedef struct {
  uint64_t number;
  LinceVerdict verdict;      /* the last verified one */
  LincePoint before[4];      /* the verified outline before that */
  int64_t seen, before_seen; /* their times; before_seen < 0: there is none */
  bool verified;             /* on this frame */
  bool clear;                /* on some frame until now (verify.h): it may be reported */
  uint32_t looks;            /* frames on which it was followed */
  int64_t stood;             /* ns before it was found, by a mean of frames */
  bool fading;               /* a mark whose opacity fell since it was seen before */
  bool dropped;              /* explained by a rival on this frame */
  uint64_t rival_of;         /* the number of the track that stands in its place; 0: none */
  float behind;              /* by how much evidence, gathered over frames */
  bool beaten;               /* so far behind, the last time too, that it may rest; see track.c */
  bool resting;              /* on this frame it was not looked at, but moved with its leader, */
  double place[9];           /* in whose reference pixels its own lie there */
  uint32_t alternatives[LINCE_MAX_ALTERNATIVES];
  uint32_t alternative_count;
} LinceTrack;

/* A collection as the tracker asks for it. `load` returns NULL for a damaged image. */
typedef struct {
  void *context;
  const LinceReference *(*load) (void *context, uint32_t image);
} LinceReferences;

/* `once`: for pictures that are searched one by one, where what holds is reported at once. */
LinceTracker *lince_tracker_new (uint32_t threads, bool once, LinceError *error);
void lince_tracker_free (LinceTracker *tracker); /* NULL is allowed */

/* Follows all tracks to the frame that `pyramid` holds, shown at `time`. */
void lince_tracker_follow (LinceTracker *tracker, const LincePyramid *pyramid,
    const LinceReferences *references, LincePool *pool, const LincePlan *plan, int64_t time,
    bool cut);
/* Verifies hypotheses that no verified track explains, at most `most` of them, best first, with at
 * most `steps` of alignment on each level. */
void lince_tracker_propose (LinceTracker *tracker, const LincePyramid *pyramid,
    const LinceReferences *references, LincePool *pool, const LinceHypothesis *hypotheses,
    uint32_t count, uint32_t most, uint32_t steps, LinceStatistics *statistics);
/* The same for hypotheses of a mean of frames, `gathered`, of which the newer half began `stood` ns
 * ago: what holds there strictly is then followed to the frame that `pyramid` holds, where it may
 * be weaker. What moved meanwhile is verified on that frame as if it was proposed there. */
void lince_tracker_propose_gathered (LinceTracker *tracker, const LincePyramid *pyramid,
    const LincePyramid *gathered, const LinceReferences *references, LincePool *pool,
    const LinceHypothesis *hypotheses, uint32_t count, uint32_t most, uint32_t steps, int64_t stood,
    LinceStatistics *statistics);
/* Verifies proposals on the frame that `pyramid` holds. Each that holds is a track of that number;
 * the tracker's own are ended before. */
void lince_tracker_expect (LinceTracker *tracker, const LincePyramid *pyramid,
    const LinceReferences *references, LincePool *pool, const LinceProposal *proposals,
    uint32_t count);
/* Settles what explains the same pixels and writes the verified placements of at least
 * `minimum_confidence`, sorted by object, then by track; returns how many. */
uint32_t lince_tracker_placements (LinceTracker *tracker, const LincePyramid *pyramid,
    const LinceReferences *references, float minimum_confidence, LincePlacement *placements);

/* What explains the same pixels, as the last lince_tracker_placements() settled it. */
typedef struct {
  LinceVerdict stands, falls;
  bool equal; /* the pixels do not tell them apart */
} LinceRivalry;

/* How many there were, at most LINCE_MAX_PLACEMENTS are kept; `*rivalries` is borrowed until then.
 */
uint32_t lince_tracker_rivalries (const LinceTracker *tracker, const LinceRivalry **rivalries);

/* What verification comes to from one start, tried for itself; for explanations. */
typedef struct {
  bool tried; /* lince_tracker_propose() verified it on this frame, or one very near */
  bool mark;  /* placed and compared by the compositing model, not as below */
  LinceAlignTrace alignment; /* its first attempt */
  float give_up;             /* the correlation that each level needs */
  bool judged;               /* some attempt was aligned: `verdict` is filled */
  LinceVerdict verdict;
} LinceTrialTrace;

void lince_tracker_try (LinceTracker *tracker, const LincePyramid *pyramid,
    const LinceReference *reference, const LinceHypothesis *hypothesis, LinceTrialTrace *trace);

/* Tracks, waiting ones included. */
uint32_t lince_tracker_count (const LinceTracker *tracker);
/* Whether a track of the image that was verified on the last frame covers a point of it. */
bool lince_tracker_covers (const LinceTracker *tracker, uint32_t image, double x, double y);
bool lince_tracker_has_image (const LinceTracker *tracker, uint32_t image);
/* Ends all tracks; numbers go on counting. */
void lince_tracker_clear (LinceTracker *tracker);
/* Gives each track's image the number that `map` (of `count` entries) has for it, UINT32_MAX: the
 * track ends. */
void lince_tracker_renumber (LinceTracker *tracker, const uint32_t *map, uint32_t count);
