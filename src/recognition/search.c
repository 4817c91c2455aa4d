/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/matching.h"
#include "recognition/proposal.h"

#define CHUNK 64 /* keypoints that one item of the pool looks up */

typedef struct {
  uint32_t match_count; /* matches that vote */
  LincePeak peaks[LINCE_PEAKS_AN_IMAGE];
  uint32_t peak_count;
  LinceHypothesis hypotheses[LINCE_PEAKS_AN_IMAGE];
  uint32_t hypothesis_count;
} ImageState;

struct LinceSearch {
  LinceExtractor extractor;
  LinceGrid grid;
  bool ready; /* extractor and grid are made */
  int width, height;
  uint32_t capacity; /* keypoints */
  uint32_t image_count;
  LinceNeighbour *neighbours; /* LINCE_MATCHES_A_KEYPOINT for each keypoint */
  uint8_t *neighbour_counts;
  uint32_t *first;     /* first match of every image */
  LinceMatch *matches; /* image by image */
  ImageState *images;
  uint32_t *wanted;              /* images with matches enough to vote */
  LinceProposalScratch *scratch; /* one a thread */
  LinceVotingScratch *voting;    /* one a thread */
  uint32_t threads;
};

typedef struct {
  LinceSearch *search;
  const LinceTextured *textured;
  const LinceKernels *kernels;
} Searching;

LinceSearch *
lince_search_new (LinceError *error)
{
  LinceSearch *search = calloc (1, sizeof *search);

  if (search == NULL)
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a search");
  return search;
}

static void
clear_frame (LinceSearch *search)
{
  if (search->ready)
    lince_extractor_clear (&search->extractor);
  lince_grid_clear (&search->grid);
  free (search->neighbours);
  free (search->neighbour_counts);
  free (search->matches);
}

static void
clear_index (LinceSearch *search)
{
  free (search->first);
  free (search->images);
  free (search->wanted);
}

void
lince_search_free (LinceSearch *search)
{
  if (search == NULL)
    return;
  clear_frame (search);
  clear_index (search);
  free (search->scratch);
  free (search->voting);
  free (search);
}

static bool
resize_frame (LinceSearch *search, const LincePyramid *pyramid, LinceError *error)
{
  const LincePyramidLevel *level = lince_pyramid_octave (pyramid, 0);
  int width = (int) ((float) level->grey.width * level->scale_x);
  int height = (int) ((float) level->grey.height * level->scale_y);
  uint32_t capacity = LINCE_SEARCH_MAX_WORK;

  if (search->ready && search->width == width && search->height == height)
    return true;
  clear_frame (search);
  search->neighbours = NULL;
  search->neighbour_counts = NULL;
  search->matches = NULL;
  search->ready = lince_extractor_init (&search->extractor, capacity, error) &&
                  lince_grid_init (&search->grid, width, height, capacity, error);
  if (!search->ready)
    return false;
  search->neighbours = calloc (capacity * LINCE_MATCHES_A_KEYPOINT, sizeof *search->neighbours);
  search->neighbour_counts = calloc (capacity, sizeof *search->neighbour_counts);
  search->matches = calloc (capacity * LINCE_MATCHES_A_KEYPOINT, sizeof *search->matches);
  search->width = width;
  search->height = height;
  search->capacity = capacity;
  return search->neighbours != NULL && search->neighbour_counts != NULL && search->matches != NULL;
}

static bool
resize_index (LinceSearch *search, uint32_t image_count)
{
  if (search->first != NULL && search->image_count == image_count)
    return true;
  clear_index (search);
  search->first = calloc (image_count + 2, sizeof *search->first);
  search->images = calloc (image_count + 1, sizeof *search->images);
  search->wanted = calloc (image_count + 1, sizeof *search->wanted);
  search->image_count = image_count;
  return search->first != NULL && search->images != NULL && search->wanted != NULL;
}

bool
lince_search_resize (LinceSearch *search, const LincePyramid *pyramid,
    const LinceTextured *textured, uint32_t threads, LinceError *error)
{
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the search");
  if (!resize_frame (search, pyramid, error) ||
      !resize_index (search, textured != NULL ? textured->image_count : 0) ||
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
  uint32_t end = (item + 1) * CHUNK < extractor->count ? (item + 1) * CHUNK : extractor->count;

  for (uint32_t i = item * CHUNK; i < end; i++)
    search->neighbour_counts[i] = (uint8_t) lince_match (searching->textured, searching->kernels,
        &extractor->descriptors[i], extractor->keypoints[i].dark,
        search->neighbours + (size_t) i * LINCE_MATCHES_A_KEYPOINT);
}

/* What a neighbour says about its image's place. */
static void
make_match (const LinceSearch *search, const LinceTextured *textured, uint32_t keypoint,
    const LinceNeighbour *neighbour, LinceMatch *match)
{
  const LinceKeypoint *point = &search->extractor.keypoints[keypoint];
  const LinceScale *scale = &search->extractor.scales.scales[point->scale];
  float width, height, dx, dy, c, s;
  uint32_t count;
  LinceSlot slot;

  *match = (LinceMatch){.keypoint = keypoint,
      .slot = neighbour->slot,
      .u = search->grid.x[keypoint],
      .v = search->grid.y[keypoint],
      .precision = scale->scale_x,
      .distance = (uint16_t) neighbour->distance};
  if (!lince_textured_slot (textured, neighbour->slot, &slot))
    slot = (LinceSlot){0, 0, 0, UINT16_MAX, 0, 0};
  lince_textured_image (textured, neighbour->image, &width, &height, &count);
  match->x = slot.x;
  match->y = slot.y;
  match->turn = (uint8_t) (point->angle - slot.angle);
  match->scale = scale->scale_x * 256 / (float) slot.scale;
  dx = (width * .5f - slot.x) * match->scale;
  dy = (height * .5f - slot.y) * match->scale;
  c = LINCE_TURN_COSINE (match->turn);
  s = LINCE_TURN_SINE (match->turn);
  match->centre_u = match->u + c * dx - s * dy;
  match->centre_v = match->v + s * dx + c * dy;
}

/* Sorts the matches by image; within an image by keypoint. */
static uint32_t
group (LinceSearch *search, const LinceTextured *textured)
{
  uint32_t wanted = 0, *first = search->first;

  memset (first, 0, (search->image_count + 2) * sizeof *first);
  for (uint32_t k = 0; k < search->extractor.count; k++)
    for (uint32_t n = 0; n < search->neighbour_counts[k]; n++)
      first[search->neighbours[k * LINCE_MATCHES_A_KEYPOINT + n].image + 2]++;
  for (uint32_t i = 2; i < search->image_count + 2; i++)
    first[i] += first[i - 1];
  for (uint32_t k = 0; k < search->extractor.count; k++)
    for (uint32_t n = 0; n < search->neighbour_counts[k]; n++) {
      const LinceNeighbour *neighbour = &search->neighbours[k * LINCE_MATCHES_A_KEYPOINT + n];

      make_match (search, textured, k, neighbour, &search->matches[first[neighbour->image + 1]++]);
    }
  for (uint32_t i = 0; i < search->image_count; i++)
    if (first[i + 1] - first[i] >= LINCE_LEAST_MATCHES)
      search->wanted[wanted++] = i;
  return wanted;
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
  uint32_t image = search->wanted[item], count;
  ImageState *state = &search->images[image];
  LinceMatch *matches = search->matches + search->first[image];
  float width, height;

  lince_textured_image (searching->textured, image, &width, &height, &count);
  count = thin (matches, search->first[image + 1] - search->first[image]);
  state->peak_count = lince_vote (matches, count, sqrtf (width * width + height * height),
      LINCE_PEAK_LEAST_WEIGHT, &search->voting[thread], state->peaks, LINCE_PEAKS_AN_IMAGE);
  state->match_count = count;
}

static void
propose_image (void *context, uint32_t item, uint32_t thread)
{
  const Searching *searching = context;
  LinceSearch *search = searching->search;
  uint32_t image = search->wanted[item];
  ImageState *state = &search->images[image];

  state->hypothesis_count = lince_propose (searching->textured, image, &search->extractor,
      &search->grid, search->matches + search->first[image], state->match_count, state->peaks,
      state->peak_count, &search->scratch[thread], state->hypotheses, NULL);
}

/* Leaves only the LINCE_MAX_PEAKS heaviest peaks, and the images that have one. */
static uint32_t
choose_peaks (LinceSearch *search, uint32_t wanted)
{
  uint32_t weights[LINCE_MAX_PEAKS] = {0}, count = 0, kept = 0, least, left = 0;

  for (uint32_t w = 0; w < wanted; w++) {
    const ImageState *state = &search->images[search->wanted[w]];

    for (uint32_t p = 0; p < state->peak_count; p++) {
      uint32_t weight = state->peaks[p].weight, at = count;

      if (count == LINCE_MAX_PEAKS && weight <= weights[count - 1])
        continue;
      if (count == LINCE_MAX_PEAKS)
        at--;
      else
        count++;
      for (; at > 0 && weights[at - 1] < weight; at--)
        weights[at] = weights[at - 1];
      weights[at] = weight;
    }
  }
  least = count == LINCE_MAX_PEAKS ? weights[LINCE_MAX_PEAKS - 1] : 0;
  /* how many of exactly the least weight there is room for: the first images' */
  for (uint32_t i = 0; i < count; i++)
    left += weights[i] == least;
  for (uint32_t w = 0; w < wanted; w++) {
    ImageState *state = &search->images[search->wanted[w]];
    uint32_t p = 0;

    for (; p < state->peak_count && state->peaks[p].weight >= least; p++)
      if (state->peaks[p].weight == least && left-- == 0) {
        left = 0;
        break;
      }
    state->peak_count = p;
    if (p > 0)
      search->wanted[kept++] = search->wanted[w];
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
gather (const LinceSearch *search, uint32_t wanted, LinceHypothesis *hypotheses)
{
  uint32_t count = 0;

  for (uint32_t w = 0; w < wanted; w++) {
    const ImageState *state = &search->images[search->wanted[w]];

    for (uint32_t i = 0; i < state->hypothesis_count; i++) {
      const LinceHypothesis *hypothesis = &state->hypotheses[i];
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
lince_search_run (LinceSearch *search, const LincePyramid *pyramid, const LinceTextured *textured,
    uint32_t first, uint32_t work, LincePool *pool, LinceProfile *profile,
    LinceHypothesis *hypotheses)
{
  Searching searching = {search, textured, lince_kernels ()};
  uint32_t wanted, matches = 0, count;

  lince_extractor_run (&search->extractor, pyramid, first, work, pool, profile);
  lince_grid_fill (&search->grid, &search->extractor);
  lince_pool_run (pool, look_up_chunk, &searching, (search->extractor.count + CHUNK - 1) / CHUNK);
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_SEARCH);
  wanted = group (search, textured);
  matches = search->image_count > 0 ? search->first[search->image_count] : 0;
  lince_pool_run (pool, vote_for_image, &searching, wanted);
  wanted = choose_peaks (search, wanted);
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_VOTING);
  lince_pool_run (pool, propose_image, &searching, wanted);
  count = gather (search, wanted, hypotheses);
  if (profile != NULL) {
    lince_profile_stamp (profile, LINCE_STAGE_GEOMETRY);
    profile->statistics.keypoints += search->extractor.count;
    profile->statistics.matches += matches;
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

uint32_t
lince_search_match_count (const LinceSearch *search, uint32_t image)
{
  return image < search->image_count ? search->first[image + 1] - search->first[image] : 0;
}

/* The matches of an image that vote, and the peaks that they make, however light. */
static void
trace_votes (LinceSearch *search, const LinceTextured *textured, uint32_t image,
    LinceSearchTrace *trace, LincePeak *peaks)
{
  bool voted = trace->all_matches >= LINCE_LEAST_MATCHES;
  float width, height;

  lince_textured_image (textured, image, &width, &height, &trace->features);
  trace->match_count = voted ? search->images[image].match_count : trace->all_matches;
  memcpy (trace->matches, search->matches + search->first[image],
      trace->match_count * sizeof *trace->matches);
  for (uint32_t i = 0; i < trace->match_count; i++)
    trace->matches[i].used = 0;
  trace->peak_count = lince_vote (trace->matches, trace->match_count,
      sqrtf (width * width + height * height), 1, &search->voting[0], peaks, LINCE_PEAKS_AN_IMAGE);
  for (uint32_t p = 0; p < trace->peak_count; p++)
    trace->peaks[p] = (LincePeakTrace){
        .peak = peaks[p], .followed = voted && p < search->images[image].peak_count};
}

void
lince_search_trace (
    LinceSearch *search, const LinceTextured *textured, uint32_t image, LinceSearchTrace *trace)
{
  LinceHypothesis hypotheses[LINCE_PEAKS_AN_IMAGE];
  LinceGeometryTrace geometry[LINCE_PEAKS_AN_IMAGE];
  LincePeak peaks[LINCE_PEAKS_AN_IMAGE];
  uint32_t made = 0;

  *trace = (LinceSearchTrace){0};
  if (image >= search->image_count || search->threads == 0)
    return;
  trace->all_matches = search->first[image + 1] - search->first[image];
  trace_votes (search, textured, image, trace, peaks);
  lince_propose (textured, image, &search->extractor, &search->grid, trace->matches,
      trace->match_count, peaks, trace->peak_count, &search->scratch[0], hypotheses, geometry);
  for (uint32_t p = 0; p < trace->peak_count; p++) {
    trace->peaks[p].solved = geometry[p].solved;
    trace->peaks[p].inliers = geometry[p].inliers;
    trace->peaks[p].score = geometry[p].score;
    if (geometry[p].solved)
      trace->peaks[p].hypothesis = hypotheses[made++];
  }
}
