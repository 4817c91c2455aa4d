/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/shape.h"

#include <math.h>
#include <string.h>

#include "recognition/voting.h"

#define REACH 2.4f  /* of the description, standard deviations */
#define FAR 2.8f    /* of the moments */
#define SAMPLES 20  /* a side, of the moments */
#define LINE 0.002f /* ratio of the second moments below which a shape is a line */
#define UNIT 256.f  /* fixed point of a sample's place in the mask */

void
lince_shape_mask (const LinceRegion *region, const LinceRun *runs, LinceShapeMask *mask)
{
  int width = region->right - region->left, height = region->bottom - region->top;
  int side = width > height ? width : height;
  int k = (side + LINCE_SHAPE_WIDTH - 1) / LINCE_SHAPE_WIDTH;

  memset (mask->rows, 0, sizeof mask->rows);
  mask->left = region->left;
  mask->top = region->top;
  mask->reduction = k;
  mask->width = (width + k - 1) / k;
  mask->height = (height + k - 1) / k;
  for (uint32_t i = 0; i < region->run_count; i++) {
    int y = runs[i].y - region->top, x0, x1;

    if (y % k != k / 2)
      continue;
    /* a reduced pixel is set when its middle is */
    x0 = (runs[i].x0 - region->left + k - 1 - k / 2) / k;
    x1 = (runs[i].x1 - region->left + k - 1 - k / 2) / k;
    if (x0 < x1)
      mask->rows[y / k] |= (~UINT64_C (0) >> (64 - (x1 - x0))) << x0;
  }
}

bool
lince_shape_frame (const LinceRegion *region, LinceFrameOfShape *frame)
{
  float determinant = region->xx * region->yy - region->xy * region->xy;
  float trace = region->xx + region->yy, root, scale;

  if (!(determinant > LINE * trace * trace))
    return false;
  root = sqrtf (determinant);
  scale = 1 / sqrtf (trace + 2 * root);
  *frame = (LinceFrameOfShape){region->x, region->y, (region->xx + root) * scale,
      region->xy * scale, region->xy * scale, (region->yy + root) * scale};
  return true;
}

void
lince_shape_upright_frame (const LinceRegion *region, LinceFrameOfShape *frame)
{
  *frame = (LinceFrameOfShape){region->x, region->y, sqrtf (region->xx), 0, 0, sqrtf (region->yy)};
}

static float
cosine (float turn)
{
  float place = (turn - floorf (turn)) * 256;
  int i = (int) place;
  float part = place - (float) i;

  return lince_turn_cosine[i & 255] * (1 - part) + lince_turn_cosine[(i + 1) & 255] * part;
}

/* The direction of (x, y), 0 to 1; the same on every machine. */
static float
direction (float x, float y)
{
  float ax = fabsf (x), ay = fabsf (y), turn;
  float large = ax > ay ? ax : ay, small = ax > ay ? ay : ax, t, s;

  if (large == 0)
    return 0;
  t = small / large;
  s = t * t;
  turn = (((-.0464964749f * s + .15931422f) * s - .327622764f) * s * t + t) * .159154943f;
  turn = ay > ax ? .25f - turn : turn;
  turn = x < 0 ? .5f - turn : turn;
  turn = y < 0 ? 1 - turn : turn;
  return turn < 1 ? turn : 0;
}

LinceFrameOfShape
lince_shape_turn (const LinceFrameOfShape *frame, float turn)
{
  float c = cosine (turn), s = cosine (turn - .25f);

  return (LinceFrameOfShape){frame->x, frame->y, frame->a * c + frame->b * s,
      frame->b * c - frame->a * s, frame->c * c + frame->d * s, frame->d * c - frame->c * s};
}

/* Steps through the mask in fixed point. */
typedef struct {
  int32_t x, y;           /* of the first sample */
  int32_t xi, yi, xj, yj; /* from a sample to the next in its row, from a row to the next */
} Walk;

static Walk
start_walk (const LinceShapeMask *mask, const LinceFrameOfShape *frame, int side, float reach)
{
  float k = UNIT / (float) mask->reduction, step = 2 * reach / (float) side;
  float first = -reach + step / 2;
  float x = frame->x - (float) mask->left + first * (frame->a + frame->b);
  float y = frame->y - (float) mask->top + first * (frame->c + frame->d);

  return (Walk){(int32_t) floorf (x * k), (int32_t) floorf (y * k),
      (int32_t) floorf (frame->a * step * k + .5f), (int32_t) floorf (frame->c * step * k + .5f),
      (int32_t) floorf (frame->b * step * k + .5f), (int32_t) floorf (frame->d * step * k + .5f)};
}

static inline uint32_t
sample (const LinceShapeMask *mask, int32_t x, int32_t y)
{
  uint32_t column = (uint32_t) (x >> 8), row = (uint32_t) (y >> 8);

  if (column >= LINCE_SHAPE_WIDTH || row >= LINCE_SHAPE_WIDTH)
    return 0;
  return (uint32_t) (mask->rows[row] >> column) & 1;
}

void
lince_shape_phases (
    const LinceShapeMask *mask, const LinceFrameOfShape *frame, LinceShapePhases *phases)
{
  Walk walk = start_walk (mask, frame, SAMPLES, FAR);
  float re[LINCE_SHAPE_HARMONICS] = {0}, im[LINCE_SHAPE_HARMONICS] = {0};
  float sums[LINCE_SHAPE_HARMONICS] = {0}, step = 2 * FAR / SAMPLES;

  for (int j = 0; j < SAMPLES; j++)
    for (int i = 0; i < SAMPLES; i++) {
      float x, y, xx, yy, rr, r;

      if (!sample (mask, walk.x + i * walk.xi + j * walk.xj, walk.y + i * walk.yi + j * walk.yj))
        continue;
      x = -FAR + step * ((float) i + .5f);
      y = -FAR + step * ((float) j + .5f);
      xx = x * x - y * y;
      yy = 2 * x * y;
      rr = x * x + y * y;
      r = sqrtf (rr);
      re[0] += rr * x;
      im[0] += rr * y;
      sums[0] += rr * r;
      re[1] += rr * xx;
      im[1] += rr * yy;
      sums[1] += rr * rr;
      re[2] += x * xx - y * yy;
      im[2] += x * yy + y * xx;
      sums[2] += rr * r;
      re[3] += xx * xx - yy * yy;
      im[3] += 2 * xx * yy;
      sums[3] += rr * rr;
    }
  for (int n = 0; n < LINCE_SHAPE_HARMONICS; n++) {
    phases->strength[n] = sums[n] > 0 ? sqrtf (re[n] * re[n] + im[n] * im[n]) / sums[n] : 0;
    phases->turn[n] = direction (re[n], im[n]) / (float) (n + 1);
  }
}

void
lince_shape_describe (
    const LinceShapeMask *mask, const LinceFrameOfShape *frame, LinceDescriptor *descriptor)
{
  Walk walk = start_walk (mask, frame, LINCE_SHAPE_SIDE, REACH);

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++) {
    uint64_t bits = 0;

    for (int b = 0; b < 64; b++) {
      int i = b % LINCE_SHAPE_SIDE, j = w * 4 + b / LINCE_SHAPE_SIDE;

      bits |= (uint64_t) sample (
                  mask, walk.x + i * walk.xi + j * walk.xj, walk.y + i * walk.yi + j * walk.yj)
              << b;
    }
    descriptor->words[w] = bits;
  }
}

float
lince_shape_fill (const LinceRegion *region)
{
  float determinant = region->xx * region->yy - region->xy * region->xy;

  return determinant > 0 ? (float) region->area / (12.5663706f * sqrtf (determinant)) : 0;
}
