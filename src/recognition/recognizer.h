/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The recogniser: frames in, verified placements and changes out.
 *
 * One recogniser serves one stream. It belongs to one thread at a time; only
 * lince_recognizer_set_index() may be called from another. It allocates in new(), when the index
 * changes and when a frame's size, format or scan is the first of its kind, never per frame: fields
 * and whole frames may take turns. It reads no clock but to time its stages:
 * the same frames, times, settings and index give the same results, bit by bit, with any number of
 * threads and at any SIMD level. */
#pragma once

#include "recognition/error.h"
#include "recognition/frame.h"
#include "recognition/index.h"
#include "recognition/plan.h"

typedef struct LinceRecognizer LinceRecognizer;

#define LINCE_MAX_PLACEMENTS 64 /* a frame */
#define LINCE_MAX_CHANGES 128   /* a frame */
#define LINCE_MAX_ALTERNATIVES 4

typedef struct {
  uint32_t threads;         /* 1 to 16; 1 runs everything inline */
  float minimum_confidence; /* 0 to 1; placements below are not reported (default 0.5) */
  int64_t minimum_duration; /* ns a stay must have lasted to be `appeared`, in a mean of frames
                               before it was found included (default 200 ms) */
  int64_t merge_gap;        /* ns within which a return is the same exposure (default 1 s) */
  LincePlanName plan;       /* how much is done on a frame (default LINCE_PLAN_THOROUGH) */
} LinceSettings;

LINCE_API void lince_settings_default (LinceSettings *settings);

/* Where an object stands in one frame, verified on that frame's own pixels. A flat value. */
typedef struct {
  uint32_t object;       /* number in the index */
  uint32_t image;        /* number of the image within the index */
  uint64_t track;        /* counts from 1 within a recogniser, never reused */
  uint64_t exposure;     /* counts from 1; 0 until the stay has lasted the minimum duration */
  LincePoint corners[4]; /* clockwise from the reference's own top left; pixels of the stored full
                            frame, pixel-edge coordinates; may lie outside the frame */
  float confidence;      /* 0 to 1 */
  float visible;         /* 0 to 1: the share of the outline inside the frame and not occluded */
  float opacity;         /* 0 to 1: below 1 the ground shows through */
  bool upright;          /* neither turned nor tilted: found as a mark fixed to the screen */
  bool mark;             /* compared as a mark, by its composition; else by its texture */
  float cut_off;         /* 0 to 1: the share of the outline outside the frame */
  float occluded;        /* 0 to 1: the share of what is inside the frame that does not agree */
  float blur; /* standard deviation of the blur against the reference, pixels of the stored frame;
                 negative: too little is seen to tell */
  float area; /* the outline's share of the frame's area, inside the frame, 0 to 1 */
  int64_t
      stood; /* ns for which it had stood, in a mean of frames, when it was found; 0: not told */
  uint32_t alternatives[LINCE_MAX_ALTERNATIVES]; /* objects the pixels do not tell apart from it */
  uint32_t alternative_count;
} LincePlacement;

typedef enum { LINCE_APPEARED = 1, LINCE_VANISHED = 2 } LinceChangeType;

typedef enum {
  LINCE_REASON_NONE = 0,   /* of an appeared */
  LINCE_REASON_GONE,       /* not verified any more */
  LINCE_REASON_CUT,        /* the shot ended */
  LINCE_REASON_END,        /* the stream ended */
  LINCE_REASON_RESET,      /* seek, flush, caps change */
  LINCE_REASON_COLLECTION, /* the object left the collection */
} LinceReason;

/* An exposure's beginning or end. A flat value. */
typedef struct {
  LinceChangeType type;
  LinceReason reason;
  bool resumed; /* appeared again within the merge gap, under the same exposure */
  uint64_t exposure;
  uint32_t object;
  char id[LINCE_ID_MAX + 1]; /* the object's id, also when the index has been changed since */
  int64_t seen;              /* running time, ns: first sight of an appeared, last of a vanished */
  int64_t first_seen;        /* running time of the stay's first sight (since the last appeared) */
  int64_t decided;           /* running time of the frame that decided it */
  uint64_t frames;  /* of a vanished: analysed frames on which it stood since the appeared */
  int64_t duration; /* of a vanished: seen - first_seen of this stay, ns */
  double area_time; /* of a vanished: integral of area over this stay, share * ns */
  LincePlacement placement; /* the last verified one */
} LinceChange;

/* Borrowed from the recogniser, valid until its next call. Placements are sorted by object, then by
 * track; changes by exposure. */
typedef struct {
  int64_t time; /* as passed to process() */
  bool cut;     /* the frame begins a new shot */
  const LincePlacement *placements;
  uint32_t placement_count;
  const LinceChange *changes;
  uint32_t change_count;
  LinceIndex *index; /* the index that `object` numbers refer to; borrowed */
} LinceResult;

LINCE_API LinceRecognizer *lince_recognizer_new (const LinceSettings *settings, LinceError *error);
LINCE_API void lince_recognizer_free (LinceRecognizer *recognizer); /* NULL is allowed */

/* Changes settings between frames; `threads` cannot change. */
LINCE_API bool lince_recognizer_set_settings (
    LinceRecognizer *recognizer, const LinceSettings *settings, LinceError *error);

/* The index to use from the next frame on; the recogniser takes its own reference. NULL: none.
 * Thread-safe, never waits for a frame. Exposures of objects with the same id go on. */
LINCE_API void lince_recognizer_set_index (LinceRecognizer *recognizer, LinceIndex *index);

/* Analyses a frame that is shown at running time `time` (ns, rising from call to call). `result`
 * may be NULL. Returns false with `error` for a frame that frame.h forbids or a time that does not
 * rise, when memory is short, and once the index was found damaged; the state is then as before. */
LINCE_API bool lince_recognizer_process (LinceRecognizer *recognizer, const LinceFrame *frame,
    int64_t time, const LinceResult **result, LinceError *error);

/* Ends all tracks and open exposures; `result` holds their `vanished` (may be NULL). Exposure and
 * track numbers go on counting. */
LINCE_API void lince_recognizer_reset (
    LinceRecognizer *recognizer, LinceReason reason, const LinceResult **result);

/* Stages, timed and counted. */
typedef enum {
  LINCE_STAGE_PYRAMID,
  LINCE_STAGE_KEYPOINTS,
  LINCE_STAGE_DESCRIPTORS,
  LINCE_STAGE_SEARCH,
  LINCE_STAGE_VOTING,
  LINCE_STAGE_GEOMETRY,
  LINCE_STAGE_VERIFICATION,
  LINCE_STAGE_TRACKING,
  LINCE_STAGE_EXPOSURE,
  LINCE_STAGE_COUNT
} LinceStage;

typedef struct {
  uint64_t frames;                         /* analysed */
  uint64_t nanoseconds[LINCE_STAGE_COUNT]; /* CPU time of the calling and helping threads, summed */
  uint64_t last_nanoseconds[LINCE_STAGE_COUNT];                /* of the last frame */
  uint64_t keypoints, matches, hypotheses, verified, rejected; /* summed over frames */
  uint64_t searches, searches_skipped;  /* frames that were searched, and that the plan left out */
  uint64_t mark_searches;               /* frames that were searched for brand marks */
  uint64_t frames_at[LINCE_PLAN_COUNT]; /* frames under each plan; stills are not counted */
} LinceStatistics;

LINCE_API void lince_recognizer_statistics (
    const LinceRecognizer *recognizer, LinceStatistics *statistics);
/* "pyramid", "keypoints", ...: a static string. */
LINCE_API const char *lince_stage_name (LinceStage stage);

/* A still picture: everything found in it, without time or hysteresis; fails as process() does.
 * Searched always, and under
 * LINCE_PLAN_THOROUGH for as many keypoints as any frame may have. Uses the recogniser's buffers;
 * the frames that process() gets find the same as without it. */
LINCE_API bool lince_recognizer_still (LinceRecognizer *recognizer, const LinceFrame *frame,
    const LinceResult **result, LinceError *error);

/* Where an object is expected in a frame: found there shortly before or after. A flat value. */
typedef struct {
  uint32_t image;        /* number within the index */
  uint64_t track;        /* any number; the placement that comes of it bears it */
  bool upright;          /* as in LincePlacement */
  LincePoint corners[4]; /* as in LincePlacement */
} LinceProposal;

/* Aligns each proposal to the frame and verifies it on the frame's own pixels, without a search,
 * time or hysteresis; tracks and exposures are left alone. What is not verified is missing from
 * `result`, which may be NULL. `proposals` stay the caller's; the first LINCE_MAX_PLACEMENTS count.
 * False with `error` for a frame that frame.h forbids or when memory is short. */
LINCE_API bool lince_recognizer_propose (LinceRecognizer *recognizer, const LinceFrame *frame,
    const LinceProposal *proposals, uint32_t count, const LinceResult **result, LinceError *error);
