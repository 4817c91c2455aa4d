/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/mark_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/feature.h"
#include "recognition/mark_feature.h"
#include "recognition/mark_match.h"
#include "recognition/mark_sieve.h"

#define SIZES 3 /* at which planes are looked at */
/* Pixels of a mean of frames that a full plan looks at in full: the parts of a small mark are a few
 * pixels at half its size. With the letters of long marks enrolled, and this, recall of 120 films
 * of channel marks was 0.953 for 0.941. */
#define FULL_MEAN 1000000
#define MAX_PLANES (3 * SIZES)
#define PIXELS_A_UNIT 190 /* of the frame, that a unit of a full search pays for */
#define RUNS_A_UNIT 80    /* that a unit pays for */
#define LEAST_SHARE 8     /* a plan pays for one level in so many at least */
#define LUMA_STEP 12      /* grey levels */
#define CHROMA_STEP 6
#define FINER 2            /* times, where what is upright may be translucent too */
#define REGIONS 700        /* of one plane, at most */
#define PLANE_MATCHES 8192 /* of one plane, at most */
#define FEW_MATCHES 3072   /* of one plane, at most, where not all levels are looked at */
#define MATCHES 24576      /* of all planes */
#define AN_IMAGE 400       /* of one image, the best */
#define TRIALS_AN_IMAGE 16 /* different places of one image in one table, the best */
#define SIEVED 600         /* hypotheses of one table that the sieve looks at */
#define FINE_SIEVED 150    /* that it looks at with all points */
#define FEW_POINTS 12
#define WEAK 0.045f /* as at enrolment */

typedef struct {
  int component, octave; /* 0 luma, 1 Cb, 2 Cr */
} Plane;

struct LinceMarkSearch {
  int width, height;             /* of the finest octave */
  int frame_width, frame_height; /* of the frame, even: as of two fields */
  uint32_t threads, image_count;
  uint32_t plane_count, full_count; /* full-size ones are the last */
  Plane planes[MAX_PLANES];
  LinceRegionFinder **finders; /* one a thread */
  LinceMarkMatch *matches;     /* plane by plane */
  uint32_t counts[MAX_PLANES], region_counts[MAX_PLANES];
  LinceMarkMatch *sorted; /* image by image */
  uint32_t *first, *kept, match_count;
  LinceMarkTrial *trials;                          /* image by image, one a match */
  uint64_t *ranks;                                 /* of the trials of each image that are kept */
  uint64_t *all;                                   /* ranks of all images */
  LinceMarkTrial *best[LINCE_MARK_TABLES], *spare; /* LINCE_MARK_TABLES * SIEVED each */
  uint32_t best_count[LINCE_MARK_TABLES];
};

typedef struct {
  LinceMarkSearch *search;
  const LincePyramid *pyramid;
  const LinceMarks *marks;
  const LinceMarkPlan *plan;
  uint32_t points, table; /* that the sieve is at */
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
  free (search->kept);
  free (search->trials);
  free (search->ranks);
  free (search->all);
  for (int t = 0; t < LINCE_MARK_TABLES; t++)
    free (search->best[t]);
  free (search->spare);
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
  return (uint32_t) ((int64_t) width * height / PIXELS_A_UNIT) + 1;
}

static const LincePyramidLevel *
plane_level (const LincePyramid *pyramid, const Plane *plane)
{
  return plane->component == 0
             ? lince_pyramid_octave (pyramid, plane->octave)
             : lince_pyramid_chroma (pyramid, plane->component - 1, plane->octave);
}

/* Which planes may be looked at: about a quarter of the frame's pixels, a sixteenth, in which what
 * is thin or noisy grows together, and all of its luma. */
static void
choose_planes (LinceMarkSearch *search, const LincePyramid *pyramid)
{
  static const float scales[SIZES] = {2, 4, 1};

  search->plane_count = search->full_count = 0;
  for (int size = 0; size < SIZES; size++)
    for (int component = 0; component < (scales[size] > 1 ? 3 : 1); component++) {
      int count = component == 0 ? lince_pyramid_octave_count (pyramid)
                                 : lince_pyramid_chroma_count (pyramid);
      Plane plane = {component, 0};

      if (count == 0)
        continue;
      while (plane.octave + 1 < count && plane_level (pyramid, &plane)->scale_x < scales[size])
        plane.octave++;
      if (plane_level (pyramid, &plane)->scale_x != scales[size])
        continue;
      search->planes[search->plane_count++] = plane;
      search->full_count += scales[size] == 1;
    }
}

/* Fields and whole frames of one size may take turns: both soon fit, and nothing is allocated. */
static bool
resize_finders (LinceMarkSearch *search, const LincePyramid *pyramid, LinceError *error)
{
  const LinceGrey *full = &lince_pyramid_octave (pyramid, 0)->grey;

  search->width = full->width;
  search->height = full->height;
  choose_planes (search, pyramid);
  for (uint32_t t = 0; t < search->threads; t++)
    for (uint32_t p = 0; p < search->plane_count; p++) {
      const LinceGrey *grey = &plane_level (pyramid, &search->planes[p])->grey;

      if (!lince_region_finder_resize (
              search->finders[t], grey->width, grey->height, REGIONS, error))
        return false;
    }
  return true;
}

bool
lince_mark_search_resize (LinceMarkSearch *search, const LincePyramid *pyramid,
    const LinceMarks *marks, uint32_t threads, LinceError *error)
{
  uint32_t image_count = marks != NULL ? marks->image_count : 0;
  int width, height;

  lince_pyramid_frame_size (pyramid, &width, &height);
  height += height % 2;
  if (search->frame_width == width && search->frame_height == height &&
      search->image_count == image_count && search->threads >= threads && search->first != NULL)
    return resize_finders (search, pyramid, error);
  clear (search);
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to search for marks");
  search->finders = calloc (threads, sizeof (LinceRegionFinder *));
  search->threads = search->finders != NULL ? threads : 0;
  search->matches = malloc (MAX_PLANES * PLANE_MATCHES * sizeof *search->matches);
  search->sorted = malloc (MATCHES * sizeof *search->sorted);
  search->first = malloc ((image_count + 2) * sizeof *search->first);
  search->kept = malloc ((image_count + 1) * sizeof *search->kept);
  search->trials = malloc (MATCHES * sizeof *search->trials);
  search->ranks = malloc (MATCHES * sizeof *search->ranks);
  search->all = malloc (MATCHES * sizeof *search->all);
  search->spare = malloc (LINCE_MARK_TABLES * SIEVED * sizeof *search->spare);
  for (int t = 0; t < LINCE_MARK_TABLES; t++)
    search->best[t] = malloc (LINCE_MARK_TABLES * SIEVED * sizeof *search->spare);
  if (!search->finders || !search->matches || !search->sorted || !search->first || !search->kept ||
      !search->trials || !search->ranks || !search->all || !search->spare || !search->best[0] ||
      !search->best[1])
    goto fail;
  for (uint32_t t = 0; t < threads; t++) {
    search->finders[t] = lince_region_finder_new (error);
    if (search->finders[t] == NULL)
      goto fail;
  }
  if (!resize_finders (search, pyramid, error))
    goto fail;
  search->frame_width = width;
  search->frame_height = height;
  search->image_count = image_count;
  if (error != NULL)
    *error = (LinceError){0};
  return true;
fail:
  clear (search);
  return false;
}

/* One in how many of the grey levels this plan pays for; what does not shrink with them is a fifth
 * of a smaller plan. */
static uint32_t
level_share (const LinceMarkSearch *search, const LinceMarkPlan *plan)
{
  uint64_t full = lince_mark_full_work (search->width, search->height), share = 1;

  if (plan->work > 0 && plan->work < full)
    while (share < LEAST_SHARE && plan->work * share * 4 < full * 5)
      share++;
  return (uint32_t) share;
}

/* A smaller plan looks at some of the levels, at others the next time. */
static LinceRegionRule
plane_rule (const LinceMarkSearch *search, const LinceMarkPlan *plan, const Plane *plane,
    const LinceGrey *grey)
{
  uint32_t share = level_share (search, plan);
  int step = (plane->component == 0 ? LUMA_STEP : CHROMA_STEP) / (plan->upright_only ? FINER : 1);
  /* twice what such a plane takes on average, for pictures full of noise */
  uint64_t runs = (uint64_t) grey->width * (uint64_t) grey->height * 4 / PIXELS_A_UNIT *
                  RUNS_A_UNIT * 2 * (plan->upright_only ? FINER : 1) / share;

  return (LinceRegionRule){.step = step * (int) share,
      .phase = step / 2 + step * (int) (plan->turn % share),
      .least = 40,
      .most = .2f,
      .side = 6,
      .min_levels = 1,
      .work = (uint32_t) (runs < UINT32_MAX ? runs : UINT32_MAX)};
}

/* One plane's regions, from pixels to matches. */
typedef struct {
  const Searching *searching;
  const Plane *plane;
  const LincePyramidLevel *level;
  LinceMarkMatch *matches;
  uint32_t capacity, count;
} PlaneWork;

static void
look_up (PlaneWork *work, const LinceMarkQuery *query)
{
  work->count += lince_mark_match (
      work->searching->marks, query, work->matches + work->count, work->capacity - work->count);
}

static LinceFrameOfShape
to_frame (const LinceFrameOfShape *frame, const LincePyramidLevel *level)
{
  return (LinceFrameOfShape){frame->x * level->scale_x, frame->y * level->scale_y,
      frame->a * level->scale_x, frame->b * level->scale_x, frame->c * level->scale_y,
      frame->d * level->scale_y};
}

static void
look_up_turned (PlaneWork *work, LinceMarkQuery *query, const LinceRegion *region,
    const LinceRun *runs, const LinceShapeMask *mask, const LinceFrameOfShape *root)
{
  LinceShapePhases phases;
  float best = 0;

  lince_shape_phases (region, runs, root, &phases);
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
    look_up_turned (work, &query, region, runs, &mask, &root);
}

static void
search_plane (void *context, uint32_t item, uint32_t thread)
{
  const Searching *searching = context;
  LinceMarkSearch *search = searching->search;
  const Plane *plane = &search->planes[item];
  LinceRegionFinder *finder = search->finders[thread];
  PlaneWork work = {searching, plane, plane_level (searching->pyramid, plane),
      search->matches + (size_t) item * PLANE_MATCHES,
      level_share (search, searching->plan) > 1 ? FEW_MATCHES : PLANE_MATCHES, 0};
  LinceRegionRule rule = plane_rule (search, searching->plan, plane, &work.level->grey);
  const LinceRegion *regions;
  uint32_t count;

  lince_region_find (finder, &work.level->grey, &rule);
  regions = lince_regions (finder, &count);
  search->region_counts[item] = count;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t first = work.count;

    look_up_region (&work, &regions[i], lince_region_runs (finder, &regions[i]));
    for (uint32_t m = first; m < work.count; m++)
      work.matches[m].source = item << 16 | i;
  }
  search->counts[item] = work.count;
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

/* Orders by falling score, then by rising number. */
static uint64_t
rank (float score, uint32_t number)
{
  uint32_t bits;

  memcpy (&bits, &score, sizeof bits);
  bits ^= bits >> 31 ? ~UINT32_C (0) : UINT32_C (1) << 31;
  return (uint64_t) ~bits << 32 | number;
}

static void
sift_down (uint64_t *ranks, uint32_t at, uint32_t count)
{
  uint64_t value = ranks[at];

  for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
    child += child + 1 < count && ranks[child + 1] > ranks[child];
    if (ranks[child] <= value)
      break;
    ranks[at] = ranks[child];
  }
  ranks[at] = value;
}

/* The C library's sort may allocate. */
static void
sort (uint64_t *ranks, uint32_t count)
{
  for (uint32_t i = count / 2; i-- > 0;)
    sift_down (ranks, i, count);
  while (count > 1) {
    uint64_t last = ranks[--count];

    ranks[count] = ranks[0];
    ranks[0] = last;
    sift_down (ranks, 0, count);
  }
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

/* Leaves the ranks of the best trials of one image that are different places; returns how many. */
static uint32_t
thin (const LinceMarkTrial *trials, uint64_t *ranks, uint32_t count)
{
  uint32_t kept = 0, of_table[LINCE_MARK_TABLES] = {0};

  for (uint32_t i = 0; i < count; i++)
    ranks[i] = rank (trials[i].score, i);
  sort (ranks, count);
  for (uint32_t i = 0; i < count; i++) {
    const LinceMarkTrial *trial = &trials[(uint32_t) ranks[i]];
    bool other = of_table[trial->table] < TRIALS_AN_IMAGE;

    for (uint32_t k = 0; k < kept && other; k++)
      other = trials[(uint32_t) ranks[k]].table != trial->table ||
              !same_place (&trials[(uint32_t) ranks[k]], trial);
    if (!other)
      continue;
    of_table[trial->table]++;
    ranks[kept++] = ranks[i];
  }
  return kept;
}

static void
join_image (void *context, uint32_t image, uint32_t thread)
{
  const Searching *searching = context;
  LinceMarkSearch *search = searching->search;
  uint32_t first = search->first[image], count = search->first[image + 1] - first;

  lince_mark_join (searching->marks, search->sorted + first, count, search->trials + first);
  search->kept[image] = thin (search->trials + first, search->ranks + first, count);
}

/* Takes the best trials of one table out of all images. */
static void
gather (LinceMarkSearch *search, uint32_t table, uint32_t most)
{
  uint32_t count = 0;

  for (uint32_t i = 0; i < search->image_count; i++)
    for (uint32_t k = 0; k < search->kept[i]; k++) {
      uint32_t number = search->first[i] + (uint32_t) search->ranks[search->first[i] + k];

      if (search->trials[number].table == table)
        search->all[count++] = rank (search->trials[number].score, number);
    }
  sort (search->all, count);
  search->best_count[table] = count = count < most ? count : most;
  for (uint32_t i = 0; i < count; i++)
    search->best[table][i] = search->trials[(uint32_t) search->all[i]];
}

static void
sieve_trials (void *context, uint32_t item, uint32_t thread)
{
  const Searching *searching = context;
  LinceMarkSearch *search = searching->search;
  uint32_t table = searching->table;

  for (uint32_t i = item * 16; i < (item + 1) * 16 && i < search->best_count[table]; i++)
    lince_mark_sieve (
        searching->marks, searching->pyramid, searching->points, &search->best[table][i]);
}

/* Looks at `points` points of every trial of a table and leaves the best `most`, the best first. */
static void
sieve (Searching *searching, LincePool *pool, uint32_t table, uint32_t points, uint32_t most)
{
  LinceMarkSearch *search = searching->search;
  LinceMarkTrial *sieved = search->best[table];
  uint32_t count = search->best_count[table];

  searching->table = table;
  searching->points = points;
  lince_pool_run (pool, sieve_trials, searching, (count + 15) / 16);
  for (uint32_t i = 0; i < count; i++)
    search->all[i] = rank (sieved[i].score, i);
  sort (search->all, count);
  count = count < most ? count : most;
  for (uint32_t i = 0; i < count; i++)
    search->spare[i] = sieved[(uint32_t) search->all[i]];
  search->best[table] = search->spare;
  search->spare = sieved;
  search->best_count[table] = count;
}

/* The next trial of `table` from `*next` on that is no place of one chosen before; NULL: none. */
static const LinceMarkTrial *
next_trial (const LinceMarkSearch *search, uint32_t table, uint32_t *next,
    const LinceMarkTrial *const *chosen, uint32_t count)
{
  while (*next < search->best_count[table]) {
    const LinceMarkTrial *trial = &search->best[table][(*next)++];
    bool other = true;

    for (uint32_t c = 0; c < count && other; c++)
      other = !same_place (trial, chosen[c]);
    if (other)
      return trial;
  }
  return NULL;
}

/* Upright places and others by turns, each the best first: they compete on different terms, for
 * there are far fewer ways to be upright. */
static uint32_t
choose (const LinceMarkSearch *search, LinceHypothesis *hypotheses)
{
  const LinceMarkTrial *chosen[LINCE_MARK_HYPOTHESES];
  uint32_t count = 0, next[LINCE_MARK_TABLES] = {0};

  for (uint32_t turn = 0, idle = 0; count < LINCE_MARK_HYPOTHESES && idle < 2; turn ^= 1) {
    const LinceMarkTrial *trial = next_trial (search, turn, &next[turn], chosen, count);

    idle = trial == NULL ? idle + 1 : 0;
    if (trial == NULL)
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

/* Finds the matches of all planes that the plan pays for. */
static void
search_planes (Searching *searching, LincePool *pool)
{
  LinceMarkSearch *search = searching->search;
  const LinceMarkPlan *plan = searching->plan;
  bool full = plan->upright_only && level_share (search, plan) == 1 &&
              search->width * search->height <= FULL_MEAN;
  uint32_t planes = search->plane_count - (full ? 0 : search->full_count);

  for (uint32_t p = planes; p < search->plane_count; p++)
    search->counts[p] = search->region_counts[p] = 0;
  lince_pool_run (pool, search_plane, searching, planes);
}

uint32_t
lince_mark_search_run (LinceMarkSearch *search, const LincePyramid *pyramid,
    const LinceMarks *marks, const LinceMarkPlan *plan, LincePool *pool, LinceProfile *profile,
    LinceHypothesis *hypotheses)
{
  Searching searching = {search, pyramid, marks, plan, 0, 0};
  /* one table alone has all of the sieve */
  uint32_t tables = plan->upright_only ? LINCE_MARK_TABLES : 1;
  uint32_t fine = FINE_SIEVED / level_share (search, plan);

  if (search->image_count == 0 ||
      marks->block_count[LINCE_MARK_AFFINE] + marks->block_count[LINCE_MARK_UPRIGHT] == 0)
    return 0;
  search_planes (&searching, pool);
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_SEARCH);
  group (search);
  lince_pool_run (pool, join_image, &searching, search->image_count);
  for (uint32_t t = 0; t < LINCE_MARK_TABLES; t++)
    gather (search, t, tables * SIEVED / level_share (search, plan));
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_VOTING);
  for (uint32_t t = 0; t < LINCE_MARK_TABLES; t++) {
    sieve (&searching, pool, t, FEW_POINTS, tables * fine);
    sieve (&searching, pool, t, LINCE_MARK_POINTS, tables * fine);
  }
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_GEOMETRY);
  return choose (search, hypotheses);
}

uint32_t
lince_mark_search_region_count (const LinceMarkSearch *search)
{
  uint32_t count = 0;

  for (uint32_t p = 0; search->image_count > 0 && p < search->plane_count; p++)
    count += search->region_counts[p];
  return count;
}

uint32_t
lince_mark_search_match_count (const LinceMarkSearch *search, uint32_t image, uint32_t *nearest)
{
  uint32_t first, end;

  *nearest = UINT32_MAX;
  if (image >= search->image_count)
    return 0;
  first = search->first[image];
  end = search->first[image + 1];
  for (uint32_t i = first; i < end; i++)
    *nearest = search->sorted[i].distance < *nearest ? search->sorted[i].distance : *nearest;
  return end - first;
}
