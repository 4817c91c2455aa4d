/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/mark_search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/feature.h"
#include "recognition/mark_feature.h"
#include "recognition/mark_match.h"
#include "recognition/mark_sieve.h"

#define MAX_PLANES 12
#define REGIONS 700        /* of one plane, at most */
#define PLANE_MATCHES 8192 /* of one plane, at most */
#define MATCHES 24576      /* of all planes */
#define AN_IMAGE 400       /* of one image, the best */
#define SIEVED 1500        /* hypotheses that the sieve looks at */
#define WEAK 0.045f        /* as at enrolment */

typedef struct {
  int component, octave; /* 0 luma, 1 Cb, 2 Cr */
  LinceRegionRule rule;
} Plane;

struct LinceMarkSearch {
  int width, height;
  uint32_t threads, image_count, plane_count;
  Plane planes[MAX_PLANES];
  LinceRegionFinder **finders; /* one a thread */
  LinceMarkMatch *matches;     /* plane by plane */
  uint32_t counts[MAX_PLANES];
  uint32_t region_counts[MAX_PLANES];
  uint64_t runs[MAX_PLANES];
  LinceMarkMatch *sorted; /* image by image */
  uint32_t *first, match_count;
  LinceMarkTrial *trials;
  uint32_t trial_count;
};

typedef struct {
  LinceMarkSearch *search;
  const LincePyramid *pyramid;
  const LinceMarks *marks;
  const LinceMarkPlan *plan;
} Searching;

LinceMarkSearch *
lince_mark_search_new (LinceError *error)
{
  LinceMarkSearch *search = calloc (1, sizeof *search);

  if (search == NULL)
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to search for marks");
  return search;
}

static void
clear (LinceMarkSearch *search)
{
  for (uint32_t i = 0; search->finders != NULL && i < search->threads; i++)
    lince_region_finder_free (search->finders[i]);
  free (search->finders);
  free (search->matches);
  free (search->sorted);
  free (search->first);
  free (search->trials);
  *search = (LinceMarkSearch){0};
}

void
lince_mark_search_free (LinceMarkSearch *search)
{
  if (search == NULL)
    return;
  clear (search);
  free (search);
}

uint32_t
lince_mark_full_work (int width, int height)
{
  return (uint32_t) ((int64_t) width * height / 300);
}

static const LincePyramidLevel *
plane_level (const LincePyramid *pyramid, const Plane *plane)
{
  return plane->component == 0
             ? lince_pyramid_octave (pyramid, plane->octave)
             : lince_pyramid_chroma (pyramid, plane->component - 1, plane->octave);
}

/* Which planes are looked at, largest first: about a quarter of the frame's pixels and less. */
static void
choose_planes (LinceMarkSearch *search, const LincePyramid *pyramid)
{
  search->plane_count = 0;
  for (int size = 0; size < 3; size++)
    for (int component = 0; component < 3; component++) {
      int count = component == 0 ? lince_pyramid_octave_count (pyramid)
                                 : lince_pyramid_chroma_count (pyramid);
      Plane plane = {component, 0, {0}};
      float wanted = (float) (2 << size);

      while (plane.octave + 1 < count && plane_level (pyramid, &plane)->scale_x < wanted)
        plane.octave++;
      if (count == 0 || plane_level (pyramid, &plane)->scale_x != wanted)
        continue;
      plane.rule = (LinceRegionRule){.step = component == 0 ? 8 : 4,
          .phase = component == 0 ? 4 : 2,
          .least = 40,
          .most = .2f,
          .side = 6,
          .min_levels = 1};
      search->planes[search->plane_count++] = plane;
    }
}

bool
lince_mark_search_resize (LinceMarkSearch *search, const LincePyramid *pyramid,
    const LinceMarks *marks, uint32_t threads, LinceError *error)
{
  const LinceGrey *full = &lince_pyramid_octave (pyramid, 0)->grey;
  uint32_t image_count = marks != NULL ? marks->image_count : 0;

  if (search->width == full->width && search->height == full->height &&
      search->image_count == image_count && search->threads >= threads && search->first != NULL) {
    choose_planes (search, pyramid);
    return true;
  }
  clear (search);
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to search for marks");
  choose_planes (search, pyramid);
  search->finders = calloc (threads, sizeof (LinceRegionFinder *));
  search->threads = search->finders != NULL ? threads : 0;
  search->matches = malloc (MAX_PLANES * PLANE_MATCHES * sizeof *search->matches);
  search->sorted = malloc (MATCHES * sizeof *search->sorted);
  search->first = malloc ((image_count + 2) * sizeof *search->first);
  search->trials = malloc (MATCHES * sizeof *search->trials);
  if (!search->finders || !search->matches || !search->sorted || !search->first || !search->trials)
    goto fail;
  for (uint32_t t = 0; t < threads; t++) {
    search->finders[t] = lince_region_finder_new (error);
    if (search->finders[t] == NULL)
      goto fail;
    for (uint32_t p = 0; p < search->plane_count; p++) {
      const LinceGrey *grey = &plane_level (pyramid, &search->planes[p])->grey;

      if (!lince_region_finder_resize (
              search->finders[t], grey->width, grey->height, REGIONS, error))
        goto fail;
    }
  }
  search->width = full->width;
  search->height = full->height;
  search->image_count = image_count;
  if (error != NULL)
    *error = (LinceError){0};
  return true;
fail:
  clear (search);
  return false;
}

/* One plane's regions, from pixels to matches. */
typedef struct {
  const Searching *searching;
  const Plane *plane;
  const LincePyramidLevel *level;
  LinceMarkMatch *matches;
  uint32_t count;
} PlaneWork;

static void
look_up (PlaneWork *work, const LinceMarkQuery *query)
{
  work->count += lince_mark_match (
      work->searching->marks, query, work->matches + work->count, PLANE_MATCHES - work->count);
}

static LinceFrameOfShape
to_frame (const LinceFrameOfShape *frame, const LincePyramidLevel *level)
{
  return (LinceFrameOfShape){frame->x * level->scale_x, frame->y * level->scale_y,
      frame->a * level->scale_x, frame->b * level->scale_x, frame->c * level->scale_y,
      frame->d * level->scale_y};
}

static void
look_up_turned (PlaneWork *work, LinceMarkQuery *query, const LinceShapeMask *mask,
    const LinceFrameOfShape *root)
{
  LinceShapePhases phases;
  float best = 0;

  lince_shape_phases (mask, root, &phases);
  for (int n = 0; n < LINCE_SHAPE_HARMONICS; n++)
    best = phases.strength[n] > best ? phases.strength[n] : best;
  query->table = LINCE_MARK_AFFINE;
  for (int n = 0; n <= LINCE_SHAPE_HARMONICS; n++) {
    LinceFrameOfShape frame = *root;

    if (n == 0 ? best >= 1.5f * WEAK
               : phases.strength[n - 1] < WEAK || phases.strength[n - 1] < .7f * best)
      continue;
    if (n > 0)
      frame = lince_shape_turn (root, phases.turn[n - 1]);
    query->harmonic = (uint8_t) n;
    lince_shape_describe (mask, &frame, &query->descriptor);
    query->frame = to_frame (&frame, work->level);
    look_up (work, query);
  }
}

static void
look_up_region (PlaneWork *work, const LinceRegion *region, const LinceRun *runs)
{
  LinceFrameOfShape root, upright;
  LinceShapeMask mask;
  LinceMarkQuery query = {.fill = lince_shape_fill (region) * 128,
      .area = (float) region->area * work->level->scale_x * work->level->scale_y};

  if (!lince_shape_frame (region, &root))
    return;
  lince_shape_mask (region, runs, &mask);
  lince_shape_upright_frame (region, &upright);
  query.table = LINCE_MARK_UPRIGHT;
  query.frame = to_frame (&upright, work->level);
  lince_shape_describe (&mask, &upright, &query.descriptor);
  look_up (work, &query);
  if (!work->searching->plan->upright_only)
    look_up_turned (work, &query, &mask, &root);
}

static void
search_plane (void *context, uint32_t item, uint32_t thread)
{
  const Searching *searching = context;
  LinceMarkSearch *search = searching->search;
  const Plane *plane = &search->planes[item];
  LinceRegionFinder *finder = search->finders[thread];
  PlaneWork work = {searching, plane, plane_level (searching->pyramid, plane),
      search->matches + (size_t) item * PLANE_MATCHES, 0};
  const LinceRegion *regions;
  uint32_t count;

  lince_region_find (finder, &work.level->grey, &plane->rule);
  regions = lince_regions (finder, &count);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t first = work.count;

    look_up_region (&work, &regions[i], lince_region_runs (finder, &regions[i]));
    for (uint32_t m = first; m < work.count; m++)
      work.matches[m].source = item << 16 | i;
  }
  search->counts[item] = work.count;
  search->region_counts[item] = count;
  search->runs[item] = lince_region_work (finder);
}

/* Sorts the matches by image; within one by plane and region. */
static void
group (LinceMarkSearch *search)
{
  uint32_t *first = search->first, count = 0;

  memset (first, 0, (search->image_count + 2) * sizeof *first);
  for (uint32_t p = 0; p < search->plane_count; p++)
    for (uint32_t m = 0; m < search->counts[p] && count < MATCHES; m++, count++)
      first[search->matches[(size_t) p * PLANE_MATCHES + m].image + 2]++;
  for (uint32_t i = 2; i < search->image_count + 2; i++)
    first[i] += first[i - 1];
  search->match_count = count;
  count = 0;
  for (uint32_t p = 0; p < search->plane_count; p++)
    for (uint32_t m = 0; m < search->counts[p] && count < MATCHES; m++, count++) {
      const LinceMarkMatch *match = &search->matches[(size_t) p * PLANE_MATCHES + m];

      search->sorted[first[match->image + 1]++] = *match;
    }
}

static void
join_image (void *context, uint32_t image, uint32_t thread)
{
  const Searching *searching = context;
  LinceMarkSearch *search = searching->search;
  uint32_t first = search->first[image], count = search->first[image + 1] - first;

  lince_mark_join (searching->marks, search->sorted + first, count, search->trials + first);
}

static int
compare_trials (const void *a, const void *b)
{
  const LinceMarkTrial *one = a, *other = b;

  if (one->score != other->score)
    return one->score > other->score ? -1 : 1;
  return (one->number > other->number) - (one->number < other->number);
}

static void
sieve_trial (void *context, uint32_t item, uint32_t thread)
{
  const Searching *searching = context;
  LinceMarkSearch *search = searching->search;

  for (uint32_t i = item * 16; i < (item + 1) * 16 && i < search->trial_count; i++)
    lince_mark_sieve (searching->marks, searching->pyramid, &search->trials[i]);
}

/* Whether two places of one image are nearly the same. */
static bool
same_place (const LinceMarkTrial *a, const LinceMarkTrial *b)
{
  float dx = a->u - b->u, dy = a->v - b->v, size = a->size < b->size ? a->size : b->size;
  float sum = 0;

  if (a->image != b->image || dx * dx + dy * dy > .0025f * size * size)
    return false;
  for (int i = 0; i < 4; i++)
    sum += fabsf (a->matrix[i] - b->matrix[i]);
  return sum * sum < .04f * fabsf (a->matrix[0] * a->matrix[3] - a->matrix[1] * a->matrix[2]);
}

static uint32_t
choose (const LinceMarkSearch *search, LinceHypothesis *hypotheses)
{
  const LinceMarkTrial *chosen[LINCE_MARK_HYPOTHESES];
  uint32_t count = 0;

  for (uint32_t i = 0; i < search->trial_count && count < LINCE_MARK_HYPOTHESES; i++) {
    const LinceMarkTrial *trial = &search->trials[i];
    bool other = true;

    for (uint32_t c = 0; c < count && other; c++)
      other = !same_place (trial, chosen[c]);
    if (!other)
      continue;
    chosen[count] = trial;
    hypotheses[count++] = (LinceHypothesis){.image = trial->image,
        .homography = {(double) trial->matrix[0], (double) trial->matrix[1],
            (double) trial->origin[0], (double) trial->matrix[2], (double) trial->matrix[3],
            (double) trial->origin[1], 0, 0, 1},
        .votes = trial->votes,
        .inliers = trial->votes,
        .score = trial->score};
  }
  return count;
}

uint32_t
lince_mark_search_run (LinceMarkSearch *search, const LincePyramid *pyramid,
    const LinceMarks *marks, const LinceMarkPlan *plan, LincePool *pool, LinceProfile *profile,
    LinceHypothesis *hypotheses)
{
  Searching searching = {search, pyramid, marks, plan};

  if (search->image_count == 0)
    return 0;
  lince_pool_run (pool, search_plane, &searching, search->plane_count);
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_SEARCH);
#ifdef MARKDEBUG
  for (uint32_t p = 0; p < search->plane_count; p++)
    fprintf (stderr, "c%d o%d %dx%d: runs %lu regions %u matches %u\n", search->planes[p].component, search->planes[p].octave, plane_level (pyramid, &search->planes[p])->grey.width, plane_level (pyramid, &search->planes[p])->grey.height, search->runs[p], search->region_counts[p], search->counts[p]);
#endif
  group (search);
  lince_pool_run (pool, join_image, &searching, search->image_count);
  for (uint32_t i = 0; i < search->match_count; i++)
    search->trials[i].number = i;
  qsort (search->trials, search->match_count, sizeof *search->trials, compare_trials);
  search->trial_count = search->match_count < SIEVED ? search->match_count : SIEVED;
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_VOTING);
  lince_pool_run (pool, sieve_trial, &searching, (search->trial_count + 15) / 16);
  qsort (search->trials, search->trial_count, sizeof *search->trials, compare_trials);
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_GEOMETRY);
  return choose (search, hypotheses);
}
