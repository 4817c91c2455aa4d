/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/blur.h"

#include <math.h>
#include <stdbool.h>

#define LEAST_PIXELS 100.0  /* that count */
#define LEAST_VARIANCE 20.0 /* squared levels: less drowns in noise */
#define FINE_PASSES 4       /* each adds half a squared pixel; */
#define MOST_VARIANCE 16.0  /* the others, two apart, add two, up to here */

/* Gradient energy over variance where the weight is; 0 where there is too little of either. */
static double
roughness (const LinceBlurPlanes *p, const float *plane)
{
  double energy = 0, sum = 0, squares = 0, count = 0, pairs = 0, mean, variance;

  for (int y = 0; y + 1 < p->rows; y++) {
    const float *row = plane + y * p->stride, *weight = p->weight + y * p->stride;
    float row_energy = 0, row_sum = 0, row_squares = 0, row_count = 0, row_pairs = 0;

    for (int x = 0; x + 1 < p->stride; x++) {
      float w = weight[x], pair = w * weight[x + 1] * weight[x + p->stride];
      float dx = row[x + 1] - row[x], dy = row[x + p->stride] - row[x];
      float level = row[x] - 128;

      row_energy += pair * (dx * dx + dy * dy);
      row_pairs += pair;
      row_sum += w * level;
      row_squares += w * level * level;
      row_count += w;
    }
    energy += (double) row_energy;
    pairs += (double) row_pairs;
    sum += (double) row_sum;
    squares += (double) row_squares;
    count += (double) row_count;
  }
  if (count < LEAST_PIXELS || pairs < LEAST_PIXELS)
    return 0;
  mean = sum / count;
  variance = squares / count - mean * mean;
  return variance > LEAST_VARIANCE ? energy / pairs / variance : 0;
}

static int
at (int index, int count)
{
  return index < 0 ? 0 : index >= count ? count - 1 : index;
}

/* Weights 1, 2, 1 along both axes, `step` apart; the edge is repeated. */
static void
smooth (const LinceBlurPlanes *p, int step)
{
  for (int y = 0; y < p->rows; y++) {
    const float *above = p->model + at (y - step, p->rows) * p->stride;
    const float *row = p->model + y * p->stride;
    const float *below = p->model + at (y + step, p->rows) * p->stride;
    float *out = p->scratch + y * p->stride;

    for (int x = 0; x < p->stride; x++)
      out[x] = 0.25f * (above[x] + below[x]) + 0.5f * row[x];
  }
  for (int y = 0; y < p->rows; y++) {
    const float *row = p->scratch + y * p->stride;
    float *out = p->model + y * p->stride;

    for (int x = 0; x < p->stride; x++)
      out[x] =
          0.25f * (row[at (x - step, p->stride)] + row[at (x + step, p->stride)]) + 0.5f * row[x];
  }
}

/* The variance by which the model is smoother when it is as rough as the frame, squared pixels. */
static double
variance_between (const LinceBlurPlanes *p, double frame, double model)
{
  double variance = 0;

  for (int i = 0; model > frame && variance < MOST_VARIANCE; i++) {
    int step = i < FINE_PASSES ? 1 : 2;
    double added = step * step / 2.0, smoother;

    smooth (p, step);
    smoother = roughness (p, p->model);
    if (!(smoother > 0) || smoother >= model)
      break;
    if (smoother <= frame) {
      double start = 1 / (model * model), end = 1 / (smoother * smoother);

      return variance + added * (1 / (frame * frame) - start) / (end - start);
    }
    variance += added;
    model = smoother;
  }
  return variance;
}

float
lince_blur_measure (const LinceBlurPlanes *planes)
{
  double frame = roughness (planes, planes->frame), model = roughness (planes, planes->model);
  double octave = planes->octave / planes->scale, variance;

  if (!(frame > 0) || !(model > 0))
    return -1;
  variance = variance_between (planes, frame, model);
  variance -= octave * octave / 6 + (octave * octave - 1) / 12;
  return variance > 0 ? (float) (sqrt (variance) * planes->scale) : 0;
}
