/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The search of one whole frame for textured references: pyramid, keypoints, descriptors, one pass
 * over the inverted indexes, voting, homography. Its output are hypotheses; verify.h decides.
 * Internal to the room. */
#pragma once

#include "recognition/pool.h"
#include "recognition/profile.h"
#include "recognition/pyramid.h"
#include "recognition/textured.h"

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

/* The unit of work is one keypoint that is described and looked up, about 2 us of one core
 * with all that follows from it (search, voting, geometry); the
 * scale space and the detection of keypoints come on top and depend on the frame's size alone.
 * Keypoints are taken best first, so a smaller plan finds the more distinct objects. */
#define LINCE_SEARCH_MAX_WORK 8192

/* The full plan for frames of that size, units. */
uint32_t lince_search_full_work (int width, int height);

/* Makes the buffers for frames as `pyramid` was resized for and for pools of up to `threads`. Cheap when nothing has changed. On failure the search must not be run
 * before a resize() that succeeds. */
bool lince_search_resize (
    LinceSearch *search, const LincePyramid *pyramid, uint32_t threads, LinceError *error);

/* Searches the frame that `pyramid` holds. `work` is the plan in counted units (0: full). Writes up
 * to LINCE_MAX_HYPOTHESES, best first with a total order, several an image where several peaks
 * stand; returns how many. Allocates nothing. */
uint32_t lince_search_run (LinceSearch *search, const LincePyramid *pyramid,
    const LinceTexturedSet *set, uint32_t work, LincePool *pool, LinceProfile *profile,
    LinceHypothesis *hypotheses);
