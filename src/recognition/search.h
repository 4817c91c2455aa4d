/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The search of one whole frame for textured references: pyramid, keypoints, descriptors, one pass
 * over the inverted indexes, voting, homography. Its output are hypotheses; verify.h decides.
 * Internal to the room. */
#pragma once

#include "recognition/pool.h"
#include "recognition/profile.h"
#include "recognition/pyramid.h"
#include "recognition/textured.h"
#include "recognition/voting.h"

/* A reference that may stand in the frame. A flat value. */
typedef struct {
  uint32_t image;       /* number in the index */
  double homography[9]; /* row-major; reference picture pixels to frame pixels, both pixel-edge */
  uint32_t votes;       /* matches that voted for it */
  uint32_t inliers;     /* of the homography */
  float score;          /* orders hypotheses: more is better */
  bool upright;         /* of a mark fixed to the screen: not turned, not tilted */
} LinceHypothesis;

#define LINCE_MAX_HYPOTHESES 256

typedef struct LinceSearch LinceSearch;

LinceSearch *lince_search_new (LinceError *error);
void lince_search_free (LinceSearch *search);

#define LINCE_SEARCH_MAX_WORK LINCE_PLAN_MOST_KEYPOINTS

/* A peak below that weight is not followed up; of all images' peaks the heaviest are, so many as
 * lince_search_set_peaks() says. */
#define LINCE_PEAK_LEAST_WEIGHT (LINCE_VOTE_WEIGHT * 5 / 2)
#define LINCE_MAX_PEAKS 96
#define LINCE_USUAL_PEAKS 24
#define LINCE_LEAST_MATCHES 3 /* of an image, to vote */
#define LINCE_PEAKS_AN_IMAGE 4

/* Makes the buffers for frames as `pyramid` was resized for and for pools of up to `threads`. Cheap
 * when nothing has changed. On failure the search must not be run before a resize() that succeeds.
 */
bool lince_search_resize (
    LinceSearch *search, const LincePyramid *pyramid, uint32_t threads, LinceError *error);

/* How many peaks the searches from now on follow up, at most LINCE_MAX_PEAKS; LINCE_USUAL_PEAKS
 * unless set. Each object that stands in a frame has a peak of its own, which takes the place of
 * one that is still to be found. */
void lince_search_set_peaks (LinceSearch *search, uint32_t peaks);
uint32_t lince_search_get_peaks (const LinceSearch *search);

/* Whether an instance of an image that is known to stand in the frame covers a point of it. */
typedef struct {
  void *context;
  bool (*covers) (void *context, uint32_t image, double x, double y);
} LinceStanding;

/* The searches from now on leave out an image's matches where it stands, so that its other instances
 * are found. NULL: none stand, as at first. */
void lince_search_set_standing (LinceSearch *search, const LinceStanding *standing);

/* Searches the frame that `pyramid` holds. The work is counted in keypoints that are described and
 * looked up, about 2 us of one core each with all that follows from it; the scale space and the
 * detection of keypoints come on top and depend on the frame's size alone. Keypoints are taken best
 * first, `work` of them from the one that `first` are better than on, so a small share finds the
 * more distinct objects. Writes up to LINCE_MAX_HYPOTHESES, best first with a total order, several
 * an image where several peaks stand; returns how many. Allocates nothing. */
uint32_t lince_search_run (LinceSearch *search, const LincePyramid *pyramid,
    const LinceTexturedSet *set, uint32_t first, uint32_t work, LincePool *pool,
    LinceProfile *profile, LinceHypothesis *hypotheses);

/* A keypoint of the last frame, frame pixels. */
uint32_t lince_search_keypoint_count (const LinceSearch *search);
void lince_search_keypoint (const LinceSearch *search, uint32_t number, float *x, float *y);

/* How many of them look like features of an image. */
uint32_t lince_search_match_count (const LinceSearch *search, uint32_t image);

/* What the last run came to for one image; for explanations. */
typedef struct {
  LincePeak peak;   /* `seed` is a number within the matches */
  bool followed;    /* heavy enough, and among the heaviest of all images' */
  bool solved;      /* led to a hypothesis */
  uint32_t inliers; /* of its last homography */
  float score;
  LinceHypothesis hypothesis; /* where solved */
} LincePeakTrace;

typedef struct {
  uint32_t features;    /* of the image in the index */
  uint32_t all_matches; /* with the frame's keypoints */
  uint32_t match_count; /* those that vote: the nearest */
  LinceMatch matches[LINCE_VOTES_MAX];
  uint32_t peak_count; /* too light ones included, heaviest first */
  LincePeakTrace peaks[LINCE_PEAKS_AN_IMAGE];
} LinceSearchTrace;

/* Votes and solves for `image` again, on the last run's keypoints and matches. */
void lince_search_trace (
    LinceSearch *search, const LinceTexturedSet *set, uint32_t image, LinceSearchTrace *trace);
