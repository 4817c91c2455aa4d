/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/ground.h"

#include "recognition/lanes.h"

static int
clamp (int value, int low, int high)
{
  return value < low ? low : value > high ? high : value;
}

static int
radius_of (const LinceCanvas *c)
{
  return clamp ((c->rows < c->columns ? c->rows : c->columns) / 4, 6, 24);
}

/* Sums of `in` times `factor` over squares of 2 * radius + 1, cut at the level's edge. */
static void
box_sums (const LinceCanvas *c, const float *in, const float *factor, float *row_sums, float *out)
{
  int radius = radius_of (c), stride = c->stride;
  float column[1024] __attribute__ ((aligned (32))) = {0};

  for (int y = 0; y < c->rows; y++) {
    const float *a = in + y * stride, *b = factor + y * stride;
    float *to = row_sums + y * stride, sum = 0;

    for (int x = 0; x < radius && x < stride; x++)
      sum += a[x] * b[x];
    for (int x = 0; x < stride; x++) {
      if (x + radius < stride)
        sum += a[x + radius] * b[x + radius];
      if (x - radius - 1 >= 0)
        sum -= a[x - radius - 1] * b[x - radius - 1];
      to[x] = sum;
    }
  }
  for (int y = 0; y < radius && y < c->rows; y++)
    for (int x = 0; x < stride; x++)
      column[x] += row_sums[y * stride + x];
  for (int y = 0; y < c->rows; y++) {
    const float *in_row = y + radius < c->rows ? row_sums + (y + radius) * stride : NULL;
    const float *out_row = y - radius - 1 >= 0 ? row_sums + (y - radius - 1) * stride : NULL;

    for (int x = 0; x < stride; x++) {
      column[x] += (in_row ? in_row[x] : 0) - (out_row ? out_row[x] : 0);
      out[y * stride + x] = column[x];
    }
  }
}

static float
product_sum (const LinceCanvas *c, const float *a, const float *b)
{
  LinceLanes sum = {0};

  for (int i = 0; i < c->count; i += LINCE_LANES)
    sum += lince_lanes_load (a + i) * lince_lanes_load (b + i);
  return lince_lanes_sum (sum);
}

void
lince_ground_means (LinceCanvas *c, LinceCanvasPlane *means)
{
  float *scratch = c->left[0], all = product_sum (c, c->weight, c->valid);

  box_sums (c, c->weight, c->valid, scratch, c->weights);
  for (int k = 0; k < c->components; k++) {
    float mean = product_sum (c, c->frame[k], c->weight) / (all > 1 ? all : 1);

    box_sums (c, c->frame[k], c->weight, scratch, c->sums);
    for (int i = 0; i < c->count; i++)
      means[k][i] = (c->sums[i] + 2 * mean) / (c->weights[i] + 2);
  }
}

void
lince_ground_estimate (LinceCanvas *c)
{
  for (int i = 0; i < c->count; i++)
    c->weight[i] = c->valid[i] * (1 - c->alpha[i]) * (c->alpha[i] > 0.1f ? 0.02f : 1.f);
  lince_ground_means (c, c->ground);
}
