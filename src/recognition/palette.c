/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/palette.h"

#include <math.h>

#include "recognition/kernels/kernels.h"
#include "recognition/levels.h"
#include "recognition/limit.h"
#include "recognition/quad.h"

#define SIDE (LINCE_CELL_SIDE / 2) /* chroma samples of a cell */
#define COMPONENTS 2
#define AGREES                                                                                     \
  0.5 /* correlation above which a cell counts, by the square of how far above: what               \
         covers a print agrees by chance now and then, but hardly ever well */
#define LEAST_VARIANCE 16.0 /* squared levels of chroma, below which a picture is grey */

/* Weighted sums over cells: of the reference's chroma, the frame's, their squares and products. */
typedef struct {
  double weight;
  double own[COMPONENTS], seen[COMPONENTS];
  double own_own, seen_seen, own_seen;
} Sums;

/* The frame's chroma planes, and the way to them from the reference's of one level. */
typedef struct {
  LinceSampling sampling[COMPONENTS];
  const uint8_t *own[COMPONENTS];
  int width, height; /* of the reference's planes */
} Planes;

static bool
take_planes (const LinceAlignment *alignment, const LincePyramid *pyramid,
    const LinceReference *reference, Planes *planes)
{
  const LinceTemplate *template = alignment->template;
  const LinceReferenceLevel *level = &reference->levels[template->level];
  const LincePyramidLevel *grey = lince_pyramid_octave (pyramid, alignment->octave);
  double scale = (double) alignment->scale * sqrt ((double) grey->scale_x * grey->scale_y);
  int octave = lince_level_octave (pyramid, 1, 2 * scale);
  double middle =
      lince_homography_middle (alignment->homography, reference->width, reference->height);
  double whole[9]; /* from the reference's chroma samples */

  if (octave < 0 || middle == 0)
    return false;
  for (int i = 0; i < 9; i++)
    whole[i] = alignment->homography[i] * (i % 3 == 0      ? 2 * template->to_reference_x
                                              : i % 3 == 1 ? 2 * template->to_reference_y
                                                           : 1);
  planes->own[0] = level->cb;
  planes->own[1] = level->cr;
  planes->width = lince_reference_chroma_width (level);
  planes->height = lince_reference_chroma_height (level);
  for (int k = 0; k < COMPONENTS; k++) {
    const LincePyramidLevel *plane = lince_pyramid_chroma (pyramid, k, octave);

    planes->sampling[k] = (LinceSampling){.data = plane->grey.data,
        .stride = plane->grey.stride,
        .width = plane->grey.width,
        .height = plane->grey.height,
        .offset = 128};
    lince_homography_onto (
        whole, middle, 1 / plane->scale_x, 1 / plane->scale_y, planes->sampling[k].map);
  }
  return true;
}

/* The means of a cell's chroma. */
static void
cell_means (Planes *planes, const LinceCell *cell, double own[COMPONENTS], double seen[COMPONENTS])
{
  int left = (int) cell->x / 2, top = (int) cell->y / 2;

  for (int k = 0; k < COMPONENTS; k++) {
    float frame[SIDE * LINCE_ROW_LANES];
    int own_sum = 0;
    float seen_sum = 0;

    planes->sampling[k].left = (float) left;
    planes->sampling[k].top = (float) top;
    lince_kernels ()->sample_rows (
        &planes->sampling[k], &(LinceRows){LINCE_ROW_LANES, SIDE, LINCE_ROW_LANES}, frame);
    for (int y = 0; y < SIDE; y++)
      for (int x = 0; x < SIDE; x++) {
        own_sum += planes->own[k][lince_clamp (top + y, 0, planes->height - 1) * planes->width +
                                  lince_clamp (left + x, 0, planes->width - 1)] -
                   128;
        seen_sum += frame[y * LINCE_ROW_LANES + x];
      }
    own[k] = (double) own_sum / (SIDE * SIDE);
    seen[k] = (double) seen_sum / (SIDE * SIDE);
  }
}

static void
add_cell (Sums *sums, double weight, const double own[COMPONENTS], const double seen[COMPONENTS])
{
  sums->weight += weight;
  for (int k = 0; k < COMPONENTS; k++) {
    sums->own[k] += weight * own[k];
    sums->seen[k] += weight * seen[k];
    sums->own_own += weight * own[k] * own[k];
    sums->seen_seen += weight * seen[k] * seen[k];
    sums->own_seen += weight * own[k] * seen[k];
  }
}

/* Each component has a mean of its own, so no even tint counts; both have one gain. */
static double
correlation_of (const Sums *sums)
{
  double own = sums->own_own, seen = sums->seen_seen, both = sums->own_seen;

  if (!(sums->weight > 0))
    return 1;
  for (int k = 0; k < COMPONENTS; k++) {
    own -= sums->own[k] * sums->own[k] / sums->weight;
    seen -= sums->seen[k] * sums->seen[k] / sums->weight;
    both -= sums->own[k] * sums->seen[k] / sums->weight;
  }
  if (own < LEAST_VARIANCE * sums->weight || seen < LEAST_VARIANCE * sums->weight)
    return 1;
  return both / sqrt (own * seen);
}

float
lince_palette_agreement (
    const LinceAlignment *alignment, const LincePyramid *pyramid, const LinceReference *reference)
{
  const LinceTemplate *template = alignment->template;
  Planes planes;
  Sums sums = {0};

  if (!take_planes (alignment, pyramid, reference, &planes))
    return 1;
  for (int i = 0; i < template->columns * template->rows; i++) {
    const LinceCell *cell = &template->cells[i];
    const LinceCellMatch *match = &alignment->cells[i];
    double own[COMPONENTS], seen[COMPONENTS], above = (double) match->correlation - AGREES;

    /* a cell that is transparent in part shows what is behind it */
    if (!match->seen || above <= 0 || cell->count < LINCE_CELL_PIXELS)
      continue;
    cell_means (&planes, cell, own, seen);
    add_cell (&sums, above * above, own, seen);
  }
  return (float) correlation_of (&sums);
}
