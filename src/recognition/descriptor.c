/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/descriptor.h"

#include <math.h>

/* The pattern's rings: radius in pixels of the keypoint's scale, and how many samples stand on it,
 * the first turned by `turn` of their distance. */
typedef struct {
  float radius, turn;
  int count;
} Ring;

static const Ring fine_rings[] = {{0, 0, 1}, {2.7f, 0, 8}, {5.4f, .5f, 11}, {8.6f, 0, 14}};
static const Ring coarse_rings[] = {{0, 0, 1}, {6.f, .5f, 6}, {10.9f, 0, 10}, {15.3f, .5f, 13}};

static int
make_rings (
    const Ring *rings, int ring_count, float turn, float shrink, ptrdiff_t stride, int32_t *offsets)
{
  int count = 0;

  for (int r = 0; r < ring_count; r++)
    for (int i = 0; i < rings[r].count; i++) {
      double angle =
          2 * M_PI * ((double) turn + ((double) i + (double) rings[r].turn) / rings[r].count);
      double x = (double) (rings[r].radius * shrink) * cos (angle);
      double y = (double) (rings[r].radius * shrink) * sin (angle);

      offsets[count++] = (int32_t) (lrint (y) * stride + lrint (x));
    }
  return count;
}

void
lince_pattern_make (LincePattern *pattern, ptrdiff_t fine_stride, ptrdiff_t coarse_stride)
{
  pattern->fine_stride = fine_stride;
  pattern->coarse_stride = coarse_stride;
  for (int t = 0; t < LINCE_PATTERN_TURNS; t++) {
    float turn = (float) t / LINCE_PATTERN_TURNS;

    make_rings (fine_rings, 4, turn, 1.f, fine_stride, pattern->offsets[t]);
    make_rings (
        coarse_rings, 4, turn, .5f, coarse_stride, pattern->offsets[t] + LINCE_PATTERN_FINE);
  }
}

/* The angle of (x, y) in 256ths of a turn: atan by a polynomial within 0.3 of a step, in integers
 * so that every machine agrees. */
static uint16_t
direction (int32_t x, int32_t y)
{
  int64_t ax = x < 0 ? -(int64_t) x : x, ay = y < 0 ? -(int64_t) y : y;
  int64_t small = ax < ay ? ax : ay, large = ax < ay ? ay : ax, ratio, octant;

  if (large == 0)
    return 0;
  ratio = small * 1024 / large;
  /* atan (r) in 1024ths of a turn, for r from 0 to 1: r / 8 + 0.0435 r (1 - r), times 1024 */
  octant = (ratio * 128 + ratio * (1024 - ratio) * 45 / 1024 + 512) / 1024;
  if (ax < ay)
    octant = 256 - octant;
  if (x < 0)
    octant = 512 - octant;
  if (y < 0)
    octant = 1024 - octant;
  return (uint16_t) ((octant + 2) / 4 % 256);
}

uint16_t
lince_keypoint_angle (const LinceScales *scales, const LinceKeypoint *keypoint)
{
  const LinceScale *scale = &scales->scales[keypoint->scale];
  int32_t x, y;

  lince_kernels ()->moments (
      scale->pixels + (ptrdiff_t) keypoint->y * scale->stride + (ptrdiff_t) keypoint->x,
      scale->stride, &x, &y);
  return direction (x, y);
}

void
lince_keypoint_samples (const LinceScales *scales, const LincePattern *pattern,
    const LinceKeypoint *keypoint, uint8_t samples[LINCE_DESCRIPTOR_SAMPLES])
{
  const LinceScale *fine = &scales->scales[keypoint->scale], *coarse = fine + 2;
  const uint8_t *near =
      fine->pixels + (ptrdiff_t) keypoint->y * fine->stride + (ptrdiff_t) keypoint->x;
  const uint8_t *far = coarse->pixels + (ptrdiff_t) (keypoint->y * .5f) * coarse->stride +
                       (ptrdiff_t) (keypoint->x * .5f);
  const int32_t *offsets = pattern->offsets[(keypoint->angle + 2) / 4 % LINCE_PATTERN_TURNS];

  for (int i = 0; i < LINCE_PATTERN_FINE; i++)
    samples[i] = near[offsets[i]];
  for (int i = LINCE_PATTERN_FINE; i < LINCE_DESCRIPTOR_SAMPLES; i++)
    samples[i] = far[offsets[i]];
}

void
lince_keypoint_describe (const LinceScales *scales, const LincePattern *pattern,
    LinceKeypoint *keypoint, LinceDescriptor *descriptor)
{
  uint8_t samples[LINCE_DESCRIPTOR_SAMPLES];

  keypoint->angle = lince_keypoint_angle (scales, keypoint);
  lince_keypoint_samples (scales, pattern, keypoint, samples);
  lince_kernels ()->describe (samples, &lince_pairs, descriptor);
}
