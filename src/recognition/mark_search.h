/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The search of one frame for marks: stable regions of luma and chroma, their shapes looked up,
 * each match a place; places that agree are joined, and all are sieved by the edges that the frame
 * has where the mark should have its own. Output are hypotheses; verify.h decides. Internal to the
 * room.
 */
#pragma once

#include "recognition/mark.h"
#include "recognition/pool.h"
#include "recognition/profile.h"
#include "recognition/pyramid.h"
#include "recognition/search.h"

#define LINCE_MARK_HYPOTHESES 96 /* of one frame, at most */

typedef struct LinceMarkSearch LinceMarkSearch;

LinceMarkSearch *lince_mark_search_new (LinceError *error);
void lince_mark_search_free (LinceMarkSearch *search); /* NULL is allowed */

/* How to search. Zero is: all, everything. */
typedef struct {
  uint32_t work;     /* plan in counted units, about 2 us of one core each; 0: full */
  uint32_t turn;     /* frame number: a smaller plan looks at other grey levels each time */
  bool upright_only; /* bugs: axis-parallel, proportions kept */
} LinceMarkPlan;

/* The full plan for frames of that size, units. */
uint32_t lince_mark_full_work (int width, int height);

/* Makes the buffers for frames as `pyramid` was resized for, for those marks (NULL: none) and for
 * pools of up to `threads`. Cheap when nothing has changed. On failure the search must not be run
 * before a resize() that succeeds. */
bool lince_mark_search_resize (LinceMarkSearch *search, const LincePyramid *pyramid,
    const LinceMarks *marks, uint32_t threads, LinceError *error);

/* Searches the frame that `pyramid` holds. Writes up to LINCE_MARK_HYPOTHESES in a total order, the
 * best first; with tilted marks, the best upright ones and the best others by turns. Returns how
 * many. Allocates nothing. `profile` may be NULL. */
uint32_t lince_mark_search_run (LinceMarkSearch *search, const LincePyramid *pyramid,
    const LinceMarks *marks, const LinceMarkPlan *plan, LincePool *pool, LinceProfile *profile,
    LinceHypothesis *hypotheses);

/* Regions of the last frame, over all its planes and octaves; for explanations. */
uint32_t lince_mark_search_region_count (const LinceMarkSearch *search);
/* How many of them look like regions of an image, and the distance of the nearest (UINT32_MAX: of
 * none). */
uint32_t lince_mark_search_match_count (
    const LinceMarkSearch *search, uint32_t image, uint32_t *nearest);
