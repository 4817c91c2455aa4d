/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/matching.h"
#include "recognition/proposal.h"

#define CHUNK 64 /* keypoints that one item of the pool looks up */
#define DIGIT 11 /* bits of an image's number that one pass sorts by */

_Static_assert(
    LINCE_LEAST_MATCHES >= LINCE_MATCHES_A_KEYPOINT, "there are more candidates than keypoints");

/* A match on its way to its image's. */
typedef struct {
  uint32_t image;     /* number in the index */
  uint32_t neighbour; /* which of `neighbours` */
} Found;

/* An image with matches enough to vote. */
typedef struct {
  uint32_t image, first, count; /* its matches */
  LincePeak peaks[LINCE_PEAKS_AN_IMAGE];
  uint32_t peak_count;
} Candidate;

/* What came of one of the candidates that were followed up. */
typedef struct {
  LinceHypothesis hypotheses[LINCE_PEAKS_AN_IMAGE];
  uint32_t count;
} Outcome;

struct LinceSearch {
  LinceExtractor extractor;
  LinceGrid grid;
  bool ready; /* extractor and grid are made */
  int width, height;
  uint32_t capacity;          /* keypoints */
  LinceNeighbour *neighbours; /* LINCE_MATCHES_A_KEYPOINT for each keypoint */
  uint8_t *neighbour_counts;
  Found *found, *sorted; /* LINCE_MATCHES_A_KEYPOINT for each keypoint */
  LinceMatch *matches;   /* of the candidates, one after the other */
  Candidate *candidates; /* one a keypoint at most, for each has LINCE_LEAST_MATCHES */
  Outcome outcomes[LINCE_MAX_PEAKS];
  uint32_t found_count, followed_count; /* of the last run: found, and candidates followed up */
  LinceProposalScratch *scratch;        /* one a thread */
  LinceVotingScratch *voting;           /* one a thread */
  uint32_t threads;
  uint32_t peaks; /* that are followed up */
  LinceStanding standing;
};

typedef struct {
  LinceSearch *search;
  const LinceTexturedSet *set;
  const LinceKernels *kernels;
} Searching;

LinceSearch *
lince_search_new (LinceError *error)
{
  LinceSearch *search = calloc (1, sizeof *search);

  if (search == NULL)
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a search");
  else
    search->peaks = LINCE_USUAL_PEAKS;
  return search;
}

void
lince_search_set_peaks (LinceSearch *search, uint32_t peaks)
{
  search->peaks = peaks < 1 ? 1 : (peaks > LINCE_MAX_PEAKS ? LINCE_MAX_PEAKS : peaks);
}

void
lince_search_set_standing (LinceSearch *search, const LinceStanding *standing)
{
  search->standing = standing != NULL ? *standing : (LinceStanding){0};
}

static bool
is_covered (const LinceSearch *search, uint32_t image, uint32_t keypoint)
{
  const LinceStanding *standing = &search->standing;

  return standing->covers != NULL &&
         standing->covers (standing->context, image, (double) search->grid.x[keypoint],
             (double) search->grid.y[keypoint]);
}

uint32_t
lince_search_get_peaks (const LinceSearch *search)
{
  return search->peaks;
}

static void
clear_frame (LinceSearch *search)
{
  if (search->ready)
    lince_extractor_clear (&search->extractor);
  lince_grid_clear (&search->grid);
  free (search->neighbours);
  free (search->neighbour_counts);
  free (search->found);
  free (search->sorted);
  free (search->matches);
  free (search->candidates);
}

void
lince_search_free (LinceSearch *search)
{
  if (search == NULL)
    return;
  clear_frame (search);
  free (search->scratch);
  free (search->voting);
  free (search);
}

static bool
resize_frame (LinceSearch *search, const LincePyramid *pyramid, LinceError *error)
{
  const LincePyramidLevel *level = lince_pyramid_octave (pyramid, 0);
  int width = (int) ((float) level->grey.width * level->scale_x);
  int height = (int) ((float) level->grey.height * level->scale_y + 1) & ~1; /* as of two fields */
  uint32_t capacity = LINCE_SEARCH_MAX_WORK;

  if (search->ready && search->width == width && search->height == height)
    return true;
  clear_frame (search);
  search->neighbours = NULL;
  search->neighbour_counts = NULL;
  search->found = search->sorted = NULL;
  search->matches = NULL;
  search->candidates = NULL;
  search->ready = lince_extractor_init (&search->extractor, capacity, error) &&
                  lince_grid_init (&search->grid, width, height, capacity, error);
  if (!search->ready)
    return false;
  search->neighbours = calloc (capacity * LINCE_MATCHES_A_KEYPOINT, sizeof *search->neighbours);
  search->neighbour_counts = calloc (capacity, sizeof *search->neighbour_counts);
  search->found = calloc (capacity * LINCE_MATCHES_A_KEYPOINT, sizeof *search->found);
  search->sorted = calloc (capacity * LINCE_MATCHES_A_KEYPOINT, sizeof *search->sorted);
  search->matches = calloc (capacity * LINCE_MATCHES_A_KEYPOINT, sizeof *search->matches);
  search->candidates = calloc (capacity, sizeof *search->candidates);
  search->width = width;
  search->height = height;
  search->capacity = capacity;
  return search->neighbours != NULL && search->neighbour_counts != NULL && search->found != NULL &&
         search->sorted != NULL && search->matches != NULL && search->candidates != NULL;
}

bool
lince_search_resize (
    LinceSearch *search, const LincePyramid *pyramid, uint32_t threads, LinceError *error)
{
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the search");
  if (!resize_frame (search, pyramid, error) ||
      !lince_extractor_resize (&search->extractor, pyramid, threads, error))
    return false;
  if (search->threads < threads) {
    free (search->scratch);
    free (search->voting);
    search->scratch = calloc (threads, sizeof *search->scratch);
    search->voting = calloc (threads, sizeof *search->voting);
    search->threads = search->scratch != NULL && search->voting != NULL ? threads : 0;
  }
  if (search->threads == 0)
    return false;
  if (error != NULL)
    *error = (LinceError){0};
  return true;
}

static void
look_up_chunk (void *context, uint32_t item, uint32_t thread)
{
  const Searching *searching = context;
  LinceSearch *search = searching->search;
  const LinceExtractor *extractor = &search->extractor;
  uint32_t first = item * CHUNK, count = extractor->count - first;
  LinceProbes probes[CHUNK];

  count = count < CHUNK ? count : CHUNK;
  memset (search->neighbour_counts + first, 0, count);
  for (uint32_t part = 0; part < searching->set->part_count; part++) {
    const LinceTextured *textured = &searching->set->parts[part].textured;

    for (uint32_t i = 0; i < count; i++)
      lince_probe (textured, searching->kernels, &extractor->descriptors[first + i],
          extractor->keypoints[first + i].dark, &probes[i]);
    lince_probe_fetch (textured, &probes[0]);
    for (uint32_t i = 0; i < count; i++) {
      uint32_t k = first + i;

      if (i + 1 < count)
        lince_probe_fetch (textured, &probes[i + 1]);
      search->neighbour_counts[k] = (uint8_t) lince_match (searching->set, part, searching->kernels,
          &extractor->descriptors[k], &probes[i],
          search->neighbours + (size_t) k * LINCE_MATCHES_A_KEYPOINT, search->neighbour_counts[k]);
    }
  }
}

static LinceTexturedPlace
place_of (const LinceTexturedSet *set, uint32_t image)
{
  return set->places != NULL ? set->places[image] : (LinceTexturedPlace){0, image};
}

/* What a neighbour says about its image's place. */
static void
make_match (const LinceSearch *search, const LinceTexturedSet *set, uint32_t keypoint,
    const LinceNeighbour *neighbour, LinceMatch *match)
{
  const LinceTextured *textured = &set->parts[neighbour->part].textured;
  const LinceKeypoint *point = &search->extractor.keypoints[keypoint];
  const LinceScale *scale = &search->extractor.scales.scales[point->scale];
  float width, height, dx, dy, c, s;
  uint32_t count;
  LincePlacedFeature feature;

  *match = (LinceMatch){.keypoint = keypoint,
      .slot = neighbour->slot,
      .u = search->grid.x[keypoint],
      .v = search->grid.y[keypoint],
      .precision = scale->scale_x,
      .distance = (uint16_t) neighbour->distance};
  lince_textured_image (textured, place_of (set, neighbour->image).image, &width, &height, &count);
  if (!lince_textured_slot (textured, neighbour->slot, width, height, &feature))
    feature = (LincePlacedFeature){0, 0, 256, 0, 0};
  match->x = feature.x;
  match->y = feature.y;
  match->turn = (uint8_t) (point->angle - feature.angle);
  match->scale = scale->scale_x / feature.scale;
  dx = (width * .5f - feature.x) * match->scale;
  dy = (height * .5f - feature.y) * match->scale;
  c = LINCE_TURN_COSINE (match->turn);
  s = LINCE_TURN_SINE (match->turn);
  match->centre_u = match->u + c * dx - s * dy;
  match->centre_v = match->v + s * dx + c * dy;
}

/* Writes what was found in the order of images, and within an image of keypoints; returns how many.
 * What it costs depends on the matches, not on the images there are. */
static uint32_t
sort_by_image (LinceSearch *search, uint32_t image_count)
{
  uint32_t count = 0;

  for (uint32_t k = 0; k < search->extractor.count; k++)
    for (uint32_t n = 0; n < search->neighbour_counts[k]; n++) {
      uint32_t at = k * LINCE_MATCHES_A_KEYPOINT + n;

      search->found[count++] = (Found){search->neighbours[at].image, at};
    }
  for (uint32_t shift = 0; image_count >> shift > 0; shift += DIGIT) {
    uint32_t first[(1 << DIGIT) + 1] = {0};
    Found *sorted = search->sorted;

    for (uint32_t i = 0; i < count; i++)
      first[(search->found[i].image >> shift & ((1 << DIGIT) - 1)) + 1]++;
    for (uint32_t d = 0; d < 1 << DIGIT; d++)
      first[d + 1] += first[d];
    for (uint32_t i = 0; i < count; i++)
      sorted[first[search->found[i].image >> shift & ((1 << DIGIT) - 1)]++] = search->found[i];
    search->sorted = search->found;
    search->found = sorted;
  }
  return count;
}

/* Makes candidates of the images with matches enough, and their matches; returns how many. */
static uint32_t
make_candidates (LinceSearch *search, const LinceTexturedSet *set, uint32_t found)
{
  uint32_t candidates = 0, matches = 0, first;

  for (uint32_t i = 0, end; i < found; i = end) {
    uint32_t image = search->found[i].image;

    for (end = i + 1; end < found && search->found[end].image == image;)
      end++;
    if (end - i < LINCE_LEAST_MATCHES)
      continue;
    first = matches;
    for (; i < end; i++) {
      uint32_t at = search->found[i].neighbour, keypoint = at / LINCE_MATCHES_A_KEYPOINT;

      if (!is_covered (search, image, keypoint))
        make_match (search, set, keypoint, &search->neighbours[at], &search->matches[matches++]);
    }
    if (matches - first >= LINCE_LEAST_MATCHES)
      search->candidates[candidates++] =
          (Candidate){.image = image, .first = first, .count = matches - first};
    else
      matches = first;
  }
  return candidates;
}

/* Keeps the nearest matches of an image with very many; the order stays. */
static uint32_t
thin (LinceMatch *matches, uint32_t count)
{
  uint32_t histogram[257] = {0}, sum = 0, kept = 0;
  uint32_t limit = 0;

  if (count <= LINCE_VOTES_MAX)
    return count;
  for (uint32_t i = 0; i < count; i++)
    histogram[matches[i].distance < 256 ? matches[i].distance : 256]++;
  while (limit < 256 && sum + histogram[limit] <= LINCE_VOTES_MAX)
    sum += histogram[limit++];
  for (uint32_t i = 0; i < count; i++)
    if (matches[i].distance < limit)
      matches[kept++] = matches[i];
  return kept;
}

static void
vote_for_image (void *context, uint32_t item, uint32_t thread)
{
  const Searching *searching = context;
  LinceSearch *search = searching->search;
  Candidate *candidate = &search->candidates[item];
  LinceTexturedPlace place = place_of (searching->set, candidate->image);
  LinceMatch *matches = search->matches + candidate->first;
  float width, height;
  uint32_t count;

  lince_textured_image (
      &searching->set->parts[place.part].textured, place.image, &width, &height, &count);
  candidate->count = thin (matches, candidate->count);
  candidate->peak_count =
      lince_vote (matches, candidate->count, sqrtf (width * width + height * height),
          LINCE_PEAK_LEAST_WEIGHT, &search->voting[thread], candidate->peaks, LINCE_PEAKS_AN_IMAGE);
}

static void
propose_image (void *context, uint32_t item, uint32_t thread)
{
  const Searching *searching = context;
  LinceSearch *search = searching->search;
  const Candidate *candidate = &search->candidates[item];
  LinceTexturedPlace place = place_of (searching->set, candidate->image);
  Outcome *outcome = &search->outcomes[item];

  outcome->count = lince_propose (&searching->set->parts[place.part].textured, place.image,
      &search->extractor, &search->grid, search->matches + candidate->first, candidate->count,
      candidate->peaks, candidate->peak_count, &search->scratch[thread], outcome->hypotheses, NULL);
  for (uint32_t i = 0; i < outcome->count; i++)
    outcome->hypotheses[i].image = candidate->image;
}

/* Leaves only the heaviest peaks, and the candidates that have one. */
static uint32_t
choose_peaks (LinceSearch *search, uint32_t candidates)
{
  uint32_t weights[LINCE_MAX_PEAKS] = {0}, count = 0, kept = 0, least, left = 0;

  for (uint32_t c = 0; c < candidates; c++) {
    const Candidate *candidate = &search->candidates[c];

    for (uint32_t p = 0; p < candidate->peak_count; p++) {
      uint32_t weight = candidate->peaks[p].weight, at = count;

      if (count == search->peaks && weight <= weights[count - 1])
        continue;
      if (count == search->peaks)
        at--;
      else
        count++;
      for (; at > 0 && weights[at - 1] < weight; at--)
        weights[at] = weights[at - 1];
      weights[at] = weight;
    }
  }
  least = count == search->peaks ? weights[search->peaks - 1] : 0;
  /* how many of exactly the least weight there is room for: the first images' */
  for (uint32_t i = 0; i < count; i++)
    left += weights[i] == least;
  for (uint32_t c = 0; c < candidates; c++) {
    Candidate *candidate = &search->candidates[c];
    uint32_t p = 0;

    for (; p < candidate->peak_count && candidate->peaks[p].weight >= least; p++)
      if (candidate->peaks[p].weight == least && left-- == 0) {
        left = 0;
        break;
      }
    candidate->peak_count = p;
    if (p > 0)
      search->candidates[kept++] = *candidate;
  }
  return kept;
}

static bool
better (const LinceHypothesis *a, const LinceHypothesis *b)
{
  if (a->score != b->score)
    return a->score > b->score;
  return a->image < b->image;
}

/* Best first; of equal ones the first image, and within an image the first peak. */
static uint32_t
gather (const LinceSearch *search, uint32_t outcomes, LinceHypothesis *hypotheses)
{
  uint32_t count = 0;

  for (uint32_t o = 0; o < outcomes; o++) {
    const Outcome *outcome = &search->outcomes[o];

    for (uint32_t i = 0; i < outcome->count; i++) {
      const LinceHypothesis *hypothesis = &outcome->hypotheses[i];
      uint32_t at = count;

      if (count == LINCE_MAX_HYPOTHESES && !better (hypothesis, &hypotheses[count - 1]))
        continue;
      if (count == LINCE_MAX_HYPOTHESES)
        at--;
      else
        count++;
      for (; at > 0 && better (hypothesis, &hypotheses[at - 1]); at--)
        hypotheses[at] = hypotheses[at - 1];
      hypotheses[at] = *hypothesis;
    }
  }
  return count;
}

uint32_t
lince_search_run (LinceSearch *search, const LincePyramid *pyramid, const LinceTexturedSet *set,
    uint32_t first, uint32_t work, LincePool *pool, LinceProfile *profile,
    LinceHypothesis *hypotheses)
{
  Searching searching = {search, set, lince_kernels ()};
  uint32_t found, candidates, count;

  lince_extractor_run (&search->extractor, pyramid, first, work, pool, profile);
  lince_grid_fill (&search->grid, &search->extractor);
  lince_pool_run (pool, look_up_chunk, &searching, (search->extractor.count + CHUNK - 1) / CHUNK);
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_SEARCH);
  found = sort_by_image (search, set->image_count);
  search->found_count = found;
  candidates = make_candidates (search, set, found);
  lince_pool_run (pool, vote_for_image, &searching, candidates);
  candidates = choose_peaks (search, candidates);
  search->followed_count = candidates;
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_VOTING);
  lince_pool_run (pool, propose_image, &searching, candidates);
  count = gather (search, candidates, hypotheses);
  if (profile != NULL) {
    lince_profile_stamp (profile, LINCE_STAGE_GEOMETRY);
    profile->statistics.keypoints += search->extractor.count;
    profile->statistics.matches += found;
  }
  return count;
}

uint32_t
lince_search_keypoint_count (const LinceSearch *search)
{
  return search->ready ? search->extractor.count : 0;
}

void
lince_search_keypoint (const LinceSearch *search, uint32_t number, float *x, float *y)
{
  *x = search->grid.x[number];
  *y = search->grid.y[number];
}

/* The first of what was found for an image, in the order of images. */
static uint32_t
first_found (const LinceSearch *search, uint32_t image)
{
  uint32_t low = 0, high = search->found_count;

  while (low < high) {
    uint32_t middle = (low + high) / 2;

    if (search->found[middle].image < image)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

uint32_t
lince_search_match_count (const LinceSearch *search, uint32_t image)
{
  return first_found (search, image + 1) - first_found (search, image);
}

/* How many peaks of an image were followed up. */
static uint32_t
followed_peaks (const LinceSearch *search, uint32_t image)
{
  for (uint32_t c = 0; c < search->followed_count; c++)
    if (search->candidates[c].image == image)
      return search->candidates[c].peak_count;
  return 0;
}

/* The matches of an image that vote, and the peaks that they make, however light. */
static void
trace_votes (LinceSearch *search, const LinceTexturedSet *set, uint32_t image,
    LinceSearchTrace *trace, LincePeak *peaks)
{
  LinceTexturedPlace place = place_of (set, image);
  uint32_t first = first_found (search, image), followed = followed_peaks (search, image);
  float width, height;

  lince_textured_image (
      &set->parts[place.part].textured, place.image, &width, &height, &trace->features);
  for (uint32_t i = 0; i < trace->all_matches; i++) {
    uint32_t at = search->found[first + i].neighbour;

    make_match (
        search, set, at / LINCE_MATCHES_A_KEYPOINT, &search->neighbours[at], &search->matches[i]);
  }
  trace->match_count = thin (search->matches, trace->all_matches);
  memcpy (trace->matches, search->matches, trace->match_count * sizeof *trace->matches);
  trace->peak_count = lince_vote (trace->matches, trace->match_count,
      sqrtf (width * width + height * height), 1, &search->voting[0], peaks, LINCE_PEAKS_AN_IMAGE);
  for (uint32_t p = 0; p < trace->peak_count; p++)
    trace->peaks[p] = (LincePeakTrace){.peak = peaks[p], .followed = p < followed};
}

void
lince_search_trace (
    LinceSearch *search, const LinceTexturedSet *set, uint32_t image, LinceSearchTrace *trace)
{
  LinceHypothesis hypotheses[LINCE_PEAKS_AN_IMAGE];
  LinceGeometryTrace geometry[LINCE_PEAKS_AN_IMAGE];
  LincePeak peaks[LINCE_PEAKS_AN_IMAGE];
  LinceTexturedPlace place;
  uint32_t made = 0;

  *trace = (LinceSearchTrace){0};
  if (image >= set->image_count || search->threads == 0)
    return;
  place = place_of (set, image);
  trace->all_matches = lince_search_match_count (search, image);
  trace_votes (search, set, image, trace, peaks);
  lince_propose (&set->parts[place.part].textured, place.image, &search->extractor, &search->grid,
      trace->matches, trace->match_count, peaks, trace->peak_count, &search->scratch[0], hypotheses,
      geometry);
  for (uint32_t p = 0; p < trace->peak_count; p++) {
    trace->peaks[p].solved = geometry[p].solved;
    trace->peaks[p].inliers = geometry[p].inliers;
    trace->peaks[p].score = geometry[p].score;
    if (!geometry[p].solved)
      continue;
    trace->peaks[p].hypothesis = hypotheses[made++];
    trace->peaks[p].hypothesis.image = image;
  }
}
