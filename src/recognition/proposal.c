/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/proposal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/matching.h"

#define GUIDED_LIMIT 92   /* bits */
#define GUIDED_COSINE .7f /* of the angle between directions */
#define GUIDED_SCALE 2.f
#define SAMPLE_ROUNDS 40
#define FIRST_FEATURES 128 /* an image's best, which the first guess is tried with */
#define FIRST_SCORE 1.f    /* that a guess must reach with them */
#define LEAST_SIDE 16.f    /* frame pixels */

bool
lince_grid_init (LinceGrid *grid, int width, int height, uint32_t capacity, LinceError *error)
{
  *grid = (LinceGrid){0};
  grid->columns = (uint32_t) (width + LINCE_GRID_CELL - 1) / LINCE_GRID_CELL;
  grid->rows = (uint32_t) (height + LINCE_GRID_CELL - 1) / LINCE_GRID_CELL;
  grid->first = calloc (grid->columns * grid->rows + 2, sizeof *grid->first);
  grid->points = calloc (capacity, sizeof *grid->points);
  grid->x = calloc (capacity, sizeof *grid->x);
  grid->y = calloc (capacity, sizeof *grid->y);
  if (grid->first != NULL && grid->points != NULL && grid->x != NULL && grid->y != NULL)
    return true;
  lince_grid_clear (grid);
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the grid of keypoints");
  return false;
}

void
lince_grid_clear (LinceGrid *grid)
{
  free (grid->first);
  free (grid->points);
  free (grid->x);
  free (grid->y);
  *grid = (LinceGrid){0};
}

static uint32_t
cell_of (const LinceGrid *grid, float x, float y)
{
  uint32_t column = (uint32_t) x / LINCE_GRID_CELL, row = (uint32_t) y / LINCE_GRID_CELL;

  column = column < grid->columns ? column : grid->columns - 1;
  row = row < grid->rows ? row : grid->rows - 1;
  return row * grid->columns + column;
}

void
lince_grid_fill (LinceGrid *grid, const LinceExtractor *extractor)
{
  uint32_t cells = grid->columns * grid->rows;

  memset (grid->first, 0, (cells + 2) * sizeof *grid->first);
  for (uint32_t i = 0; i < extractor->count; i++) {
    const LinceKeypoint *keypoint = &extractor->keypoints[i];
    const LinceScale *scale = &extractor->scales.scales[keypoint->scale];

    grid->x[i] = keypoint->x * scale->scale_x;
    grid->y[i] = keypoint->y * scale->scale_y;
    grid->first[cell_of (grid, grid->x[i], grid->y[i]) + 2]++;
  }
  for (uint32_t c = 1; c < cells + 2; c++)
    grid->first[c] += grid->first[c - 1];
  for (uint32_t i = 0; i < extractor->count; i++) {
    const LinceKeypoint *keypoint = &extractor->keypoints[i];

    grid->points[grid->first[cell_of (grid, grid->x[i], grid->y[i]) + 1]++] =
        (LinceGridPoint){grid->x[i], grid->y[i], extractor->scales.scales[keypoint->scale].scale_x,
            i, (uint8_t) keypoint->angle, keypoint->dark};
  }
}

typedef struct {
  const LinceTextured *textured;
  const LinceExtractor *extractor;
  const LinceGrid *grid;
  float width, height; /* of the reference */
  uint32_t feature_count;
  uint32_t image;
  LinceProposalScratch *scratch;
  double homography[9];
  uint32_t count; /* correspondences */
} Proposal;

/* What a feature must look like in the frame. */
typedef struct {
  float u, v;
  float scale;
  float dx, dy; /* its direction, of length 1 */
  float reach;
} Expectation;

static bool
expect (
    const Proposal *proposal, const LincePlacedFeature *slot, float slack, Expectation *expectation)
{
  const double *h = proposal->homography;
  float x = slot->x, y = slot->y, w, u, v, c, s, xx, xy, yx, yy, length;

  w = (float) (h[6] * (double) x + h[7] * (double) y + h[8]);
  if (!(w > 1e-6f))
    return false;
  w = 1 / w;
  u = (float) (h[0] * (double) x + h[1] * (double) y + h[2]) * w;
  v = (float) (h[3] * (double) x + h[4] * (double) y + h[5]) * w;
  if (!(u >= 0 && v >= 0 && u < (float) (proposal->grid->columns * LINCE_GRID_CELL) &&
          v < (float) (proposal->grid->rows * LINCE_GRID_CELL)))
    return false;
  /* the Jacobian says how size and direction change there */
  xx = ((float) h[0] - u * (float) h[6]) * w;
  xy = ((float) h[1] - u * (float) h[7]) * w;
  yx = ((float) h[3] - v * (float) h[6]) * w;
  yy = ((float) h[4] - v * (float) h[7]) * w;
  c = LINCE_TURN_COSINE (slot->angle);
  s = LINCE_TURN_SINE (slot->angle);
  *expectation = (Expectation){.u = u, .v = v, .dx = xx * c + xy * s, .dy = yx * c + yy * s};
  length = sqrtf (expectation->dx * expectation->dx + expectation->dy * expectation->dy);
  if (!(length > 1e-6f))
    return false;
  expectation->dx /= length;
  expectation->dy /= length;
  expectation->scale = slot->scale * sqrtf (fabsf (xx * yy - xy * yx));
  expectation->reach = slack + 1.5f * expectation->scale;
  return expectation->scale > .2f;
}

/* The best keypoint of one cell for an expectation. */
static void
seek_in_cell (const Proposal *proposal, const Expectation *expectation,
    const LincePlacedFeature *slot, uint32_t number, uint32_t cell, uint32_t *best,
    uint32_t *best_distance)
{
  const LinceGrid *grid = proposal->grid;
  float reach = expectation->reach * expectation->reach;

  for (uint32_t i = grid->first[cell]; i < grid->first[cell + 1]; i++) {
    const LinceGridPoint *point = &grid->points[i];
    float du = point->x - expectation->u, dv = point->y - expectation->v;
    uint32_t distance;

    if (du * du + dv * dv > reach || point->dark != slot->dark ||
        point->scale > GUIDED_SCALE * expectation->scale ||
        expectation->scale > GUIDED_SCALE * point->scale ||
        LINCE_TURN_COSINE (point->angle) * expectation->dx +
                LINCE_TURN_SINE (point->angle) * expectation->dy <
            GUIDED_COSINE)
      continue;
    distance = lince_textured_distance (
        proposal->textured, number, &proposal->extractor->descriptors[point->keypoint]);
    if (distance < *best_distance) {
      *best_distance = distance;
      *best = point->keypoint;
    }
  }
}

static bool
seek (const Proposal *proposal, const Expectation *expectation, const LincePlacedFeature *slot,
    uint32_t number, uint32_t *best, uint32_t *best_distance)
{
  const LinceGrid *grid = proposal->grid;
  float reach = expectation->reach, u = expectation->u, v = expectation->v;
  uint32_t left = (uint32_t) (u > reach ? u - reach : 0.f) / LINCE_GRID_CELL;
  uint32_t top = (uint32_t) (v > reach ? v - reach : 0.f) / LINCE_GRID_CELL;
  uint32_t right = (uint32_t) (u + reach) / LINCE_GRID_CELL;
  uint32_t bottom = (uint32_t) (v + reach) / LINCE_GRID_CELL;

  *best_distance = GUIDED_LIMIT + 1;
  for (uint32_t row = top; row <= bottom && row < grid->rows; row++)
    for (uint32_t column = left; column <= right && column < grid->columns; column++)
      seek_in_cell (
          proposal, expectation, slot, number, row * grid->columns + column, best, best_distance);
  return *best_distance <= GUIDED_LIMIT;
}

/* Adds a correspondence; one keypoint of the frame serves one feature, the nearer. */
static void
add_guided (
    Proposal *proposal, const LincePlacedFeature *slot, uint32_t keypoint, uint32_t distance)
{
  LinceProposalScratch *scratch = proposal->scratch;
  const LinceKeypoint *point = &proposal->extractor->keypoints[keypoint];
  float scale = proposal->extractor->scales.scales[point->scale].scale_x;
  LinceCorrespondence made = {slot->x, slot->y, proposal->grid->x[keypoint],
      proposal->grid->y[keypoint], 1.f + scale, keypoint};
  uint32_t at = proposal->count;

  if (scratch->stamps[keypoint] == scratch->stamp) {
    at = scratch->entries[keypoint];
    if (scratch->distances[at] <= distance)
      return;
  }
  if (at == LINCE_GUIDED_MAX)
    return;
  scratch->stamps[keypoint] = scratch->stamp;
  scratch->entries[keypoint] = (uint16_t) at;
  scratch->correspondences[at] = made;
  scratch->distances[at] = (uint16_t) distance;
  proposal->count += at == proposal->count;
}

/* Correspondences of the image's features near where the homography puts them. */
static void
guide (Proposal *proposal, float slack, uint32_t features)
{
  proposal->count = 0;
  proposal->scratch->stamp++;
  for (uint32_t n = 0; n < proposal->feature_count && n < features; n++) {
    uint32_t number, keypoint = 0, distance;
    LincePlacedFeature slot;
    Expectation expectation;

    if (!lince_textured_member (proposal->textured, proposal->image, n, &number) ||
        !lince_textured_slot (
            proposal->textured, number, proposal->width, proposal->height, &slot) ||
        !expect (proposal, &slot, slack, &expectation) ||
        !seek (proposal, &expectation, &slot, number, &keypoint, &distance))
      continue;
    add_guided (proposal, &slot, keypoint, distance);
  }
}

/* The matches of a peak as correspondences, nearest descriptors first. */
static void
take_peak (Proposal *proposal, const LinceMatch *matches, uint32_t count, uint32_t peak)
{
  LinceProposalScratch *scratch = proposal->scratch;
  uint32_t n = 0;

  for (uint32_t i = 0; i < count && n < LINCE_GUIDED_MAX; i++) {
    const LinceMatch *match = &matches[i];
    uint32_t at = n;

    if (match->used != peak + 1)
      continue;
    for (; at > 0 && scratch->distances[at - 1] > match->distance; at--) {
      scratch->distances[at] = scratch->distances[at - 1];
      scratch->correspondences[at] = scratch->correspondences[at - 1];
    }
    scratch->distances[at] = match->distance;
    scratch->correspondences[at] = (LinceCorrespondence){
        match->x, match->y, match->u, match->v, 1.f + match->precision, match->keypoint};
    n++;
  }
  proposal->count = n;
}

/* The similarity that one match stands for. */
static void
similarity (const LinceMatch *match, double h[9])
{
  double scale = (double) match->scale;
  double c = scale * (double) LINCE_TURN_COSINE (match->turn);
  double s = scale * (double) LINCE_TURN_SINE (match->turn);

  h[0] = c;
  h[1] = -s;
  h[2] = (double) match->u - c * (double) match->x + s * (double) match->y;
  h[3] = s;
  h[4] = c;
  h[5] = (double) match->v - s * (double) match->x - c * (double) match->y;
  h[6] = h[7] = 0;
  h[8] = 1;
}

static bool
refine (Proposal *proposal, float slack, bool projective, uint32_t rounds, uint32_t least,
    uint32_t *inliers)
{
  double h[9];

  memcpy (h, proposal->homography, sizeof h);
  *inliers = lince_homography_refine (proposal->scratch->correspondences, proposal->count,
      proposal->width, proposal->height, slack, projective, rounds, h);
  if (*inliers < least)
    return false;
  memcpy (proposal->homography, h, sizeof h);
  return true;
}

/* Inliers weighed by how near their descriptors are. */
static float
score (const Proposal *proposal)
{
  float sum = 0;

  for (uint32_t i = 0; i < proposal->count; i++) {
    const LinceCorrespondence *c = &proposal->scratch->correspondences[i];
    double u, v;

    if (!lince_homography_project (proposal->homography, (double) c->x, (double) c->y, &u, &v))
      continue;
    if (hypot (u - (double) c->u, v - (double) c->v) <= 2 * (double) c->tolerance)
      sum += 1.f - (float) proposal->scratch->distances[i] / 100.f;
  }
  return sum;
}

/* From a peak to the final homography. */
static bool
solve_peak (Proposal *proposal, const LinceMatch *seed, uint32_t *inliers)
{
  float size = hypotf (proposal->width, proposal->height) * seed->scale;

  if (lince_homography_sample (proposal->scratch->correspondences, proposal->count,
          2.f + .01f * size, SAMPLE_ROUNDS, proposal->homography) < 4)
    similarity (seed, proposal->homography);
  else
    refine (proposal, 2.f + .02f * size, false, 3, 4, inliers);
  guide (proposal, .04f * size, FIRST_FEATURES);
  refine (proposal, 2.f + .03f * size, false, 2, LINCE_LEAST_INLIERS, inliers);
  if (!refine (
          proposal, 2.f + .02f * size, proposal->count >= 10, 3, LINCE_LEAST_INLIERS, inliers) ||
      score (proposal) < FIRST_SCORE)
    return false;
  guide (proposal, .01f * size, UINT32_MAX);
  if (!refine (proposal, 2.5f, *inliers >= 8, 3, LINCE_LEAST_INLIERS, inliers))
    return false;
  guide (proposal, 1.f, UINT32_MAX);
  if (!refine (proposal, 2.f, *inliers >= 8, 3, LINCE_LEAST_INLIERS, inliers) ||
      score (proposal) < LINCE_LEAST_SCORE)
    return false;
  return lince_homography_plausible (proposal->homography, proposal->width, proposal->height,
      LEAST_SIDE, 4.f * (float) (proposal->grid->columns * LINCE_GRID_CELL));
}

uint32_t
lince_propose (const LinceTextured *textured, uint32_t image, const LinceExtractor *extractor,
    const LinceGrid *grid, const LinceMatch *matches, uint32_t match_count, const LincePeak *peaks,
    uint32_t peak_count, LinceProposalScratch *scratch, LinceHypothesis *hypotheses,
    LinceGeometryTrace *traces)
{
  Proposal proposal = {textured, extractor, grid, .image = image, .scratch = scratch};
  uint32_t made = 0;

  lince_textured_image (
      textured, image, &proposal.width, &proposal.height, &proposal.feature_count);
  for (uint32_t p = 0; p < peak_count; p++) {
    LinceHypothesis *hypothesis = &hypotheses[made];
    uint32_t inliers = 0;
    bool solved;

    take_peak (&proposal, matches, match_count, p);
    solved = solve_peak (&proposal, &matches[peaks[p].seed], &inliers);
    if (traces != NULL)
      traces[p] = (LinceGeometryTrace){solved, inliers, score (&proposal)};
    if (!solved)
      continue;
    hypothesis->image = image;
    memcpy (hypothesis->homography, proposal.homography, sizeof proposal.homography);
    for (int i = 0; i < 9; i++)
      hypothesis->homography[i] /= proposal.homography[8];
    hypothesis->votes = peaks[p].votes;
    hypothesis->inliers = inliers;
    hypothesis->score = score (&proposal);
    made++;
  }
  return made;
}
