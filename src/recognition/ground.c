/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/ground.h"

#include <math.h>
#include <string.h>

#include "recognition/kernels/kernels.h"
#include "recognition/lanes.h"
#include "recognition/limit.h"

#define MOST_STRIDE (LINCE_REFERENCE_MAX_SIDE + 32)
#define MOST_RADIUS 24
#define PAD 32    /* columns of zeros on both sides: more than MOST_RADIUS */
#define EDGE 0.1f /* alpha above which a pixel is of the mark in part */
#define EDGE_WEIGHT 0.02f
#define SOLID 0.9f                          /* alpha above which it is of the mark */
#define MEANS (1 + LINCE_CANVAS_COMPONENTS) /* weights, components */

static int
radius_of (const LinceCanvas *c)
{
  return lince_clamp ((c->rows < c->columns ? c->rows : c->columns) / 4, 6, MOST_RADIUS);
}

static float
product_sum (const LinceCanvas *c, const float *a, const float *b)
{
  LinceLanes sum = {0};

  for (int i = 0; i < c->count; i += LINCE_LANES)
    sum += lince_lanes_load (a + i) * lince_lanes_load (b + i);
  return lince_lanes_sum (sum);
}

/* Sums over columns of 2 * radius + 1 rows; and over squares of them, of one row. */
typedef struct {
  float columns[MEANS][PAD + MOST_STRIDE + PAD], squares[MEANS][MOST_STRIDE];
} Sums;

/* Takes row `in` into the columns and row `out` out of them; either may lie outside. */
static void
change_rows (const LinceCanvas *c, const LinceCanvasPlane *planes, int in, int out, Sums *sums)
{
  static const float nothing[MOST_STRIDE];
  const LinceKernels *kernels = lince_kernels ();

  for (int k = 0; k < 1 + c->components; k++) {
    const float *plane = k == 0 ? c->valid : planes[k - 1];
    const float *entering[2] = {nothing, nothing}, *leaving[2] = {nothing, nothing};

    if (in < c->rows) {
      entering[0] = plane + in * c->stride;
      entering[1] = c->weight + in * c->stride;
    }
    if (out >= 0) {
      leaving[0] = plane + out * c->stride;
      leaving[1] = c->weight + out * c->stride;
    }
    kernels->change_columns (entering, leaving, sums->columns[k] + PAD, c->stride);
  }
}

/* Sums over squares, cut at the level's edge: all at a time, for each sum waits for the one before
 * it. */
static void
sum_squares (const LinceCanvas *c, int radius, Sums *sums)
{
  float now[MEANS] = {0};

  for (int k = 0; k < MEANS; k++)
    for (int x = 0; x < radius; x++)
      now[k] += sums->columns[k][PAD + x];
  for (int x = 0; x < c->stride; x++)
    for (int k = 0; k < MEANS; k++) {
      const float *column = sums->columns[k] + PAD + x;

      now[k] += column[radius] - column[-radius - 1];
      sums->squares[k][x] = now[k];
    }
}

void
lince_ground_means (LinceCanvas *c, const LinceCanvasPlane *planes, LinceCanvasPlane *means)
{
  float all = product_sum (c, c->weight, c->valid), mean[LINCE_CANVAS_COMPONENTS] = {0};
  int radius = radius_of (c);
  Sums sums;

  memset (&sums.columns, 0, sizeof sums.columns);
  for (int k = 0; k < c->components; k++)
    mean[k] = product_sum (c, planes[k], c->weight) / (all > 1 ? all : 1);
  for (int y = 0; y < radius; y++)
    change_rows (c, planes, y, -1, &sums);
  for (int y = 0; y < c->rows; y++) {
    change_rows (c, planes, y + radius, y - radius - 1, &sums);
    sum_squares (c, radius, &sums);
    for (int x = 0; x < c->stride; x += LINCE_LANES) {
      LinceLanes share = 1.0f / (lince_lanes_load (sums.squares[0] + x) + 2);

      for (int k = 0; k < c->components; k++)
        lince_lanes_store (means[k] + y * c->stride + x,
            (lince_lanes_load (sums.squares[k + 1] + x) + 2 * mean[k]) * share);
    }
  }
}

/* Of a pixel that is of the mark in part, if at all: an edge in the frame is softer or beside its
 * place, so it tells little. */
static float
weight_around (float alpha)
{
  return (1 - alpha) * (alpha > EDGE ? EDGE_WEIGHT : 1.f);
}

void
lince_ground_estimate (LinceCanvas *c)
{
  for (int i = 0; i < c->count; i++)
    c->weight[i] = c->valid[i] * weight_around (c->alpha[i]);
  lince_ground_means (c, c->frame, c->ground);
}

/* Through a mark of opacity o the ground shows 1 - o of itself and of its noise: its weight is the
 * square of that. */
void
lince_ground_look_through (LinceCanvas *c, const float light[3])
{
  float clear = 1 - light[0];

  for (int i = 0; i < c->count; i++)
    c->weight[i] =
        c->valid[i] * (c->alpha[i] > SOLID ? clear * clear : weight_around (c->alpha[i]));
  for (int k = 0; k < c->components; k++) {
    const float *alpha = k == 0 ? c->alpha : c->soft_alpha, lift = k == 0 ? light[2] : 0;

    for (int i = 0; i < c->count; i++) {
      float a = c->alpha[i] > SOLID ? alpha[i] : 0;

      c->left[k][i] = (c->frame[k][i] - a * (light[1] * c->colour[k][i] + lift)) /
                      fmaxf (1 - a * light[0], 0.05f);
    }
  }
  lince_ground_means (c, c->left, c->ground);
}
