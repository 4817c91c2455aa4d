/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Every kernel in plain C: what the others are measured against. */
#include "recognition/kernels/kernels.h"
#include "recognition/kernels/canvas-rows.h"
#include "recognition/kernels/smooth-row.h"
#include "recognition/kernels/sum-row.h"

#include <stdlib.h>

/* Circle of radius 3 (that of the FAST segment test), one of each pair of opposite points. */
static const int8_t circle[8][2] = {
    {3, 0}, {3, 1}, {2, 2}, {1, 3}, {0, 3}, {-1, 3}, {-2, 2}, {-3, 1}};

static void
halve_row (const uint8_t *a, const uint8_t *b, uint8_t *out, int width)
{
  for (int x = 0; x < width; x++)
    out[x] = (uint8_t) ((a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) >> 2);
}

/* Of three pixels two: each output pixel covers one whole pixel and half of the middle one. The sum
 * of weights is 9; 7282 / 65536 is 1 / 9 closely enough to be exact after rounding. */
static void
two_thirds_row (const uint8_t *a, const uint8_t *b, uint8_t *out, int width)
{
  for (int x = 0; x < width / 2; x++, a += 3, b += 3) {
    uint32_t left = 2u * (2u * a[0] + a[1]) + (2u * b[0] + b[1]);
    uint32_t right = 2u * (2u * a[2] + a[1]) + (2u * b[2] + b[1]);

    out[2 * x] = (uint8_t) (((left + 4) * 7282) >> 16);
    out[2 * x + 1] = (uint8_t) (((right + 4) * 7282) >> 16);
  }
}

static void
response_row (const uint8_t *pixels, ptrdiff_t stride, uint8_t *bright, uint8_t *dark, int width)
{
  for (int x = 0; x < width; x++) {
    const uint8_t *p = pixels + x;
    int lowest = 255, highest = 0;

    for (int i = 0; i < 8; i++) {
      ptrdiff_t offset = circle[i][1] * stride + circle[i][0];
      int mean = (p[offset] + p[-offset] + 1) >> 1;

      lowest = mean < lowest ? mean : lowest;
      highest = mean > highest ? mean : highest;
    }
    bright[x] = (uint8_t) (p[0] > highest ? p[0] - highest : 0);
    dark[x] = (uint8_t) (p[0] < lowest ? lowest - p[0] : 0);
  }
}

static void
extrema_row (const uint8_t *const rows[3], const uint8_t *thresholds, int width, uint64_t *bits)
{
  for (int i = 0; i < (width + 63) / 64; i++)
    bits[i] = 0;
  for (int x = 0; x < width; x++) {
    const uint8_t *a = rows[0] + x, *b = rows[1] + x, *c = rows[2] + x;
    int v = b[0];

    if (v >= thresholds[x] && v > a[-1] && v > a[0] && v > a[1] && v > b[-1] && v >= b[1] &&
        v >= c[-1] && v >= c[0] && v >= c[1])
      bits[x / 64] |= (uint64_t) 1 << (x % 64);
  }
}

static void
moments (const uint8_t *centre, ptrdiff_t stride, int32_t *x, int32_t *y)
{
  int32_t sum_x = 0, sum_y = 0;

  for (int dy = -LINCE_MOMENT_RADIUS; dy <= LINCE_MOMENT_RADIUS; dy++) {
    const uint8_t *row = centre + dy * stride;

    for (int dx = -LINCE_MOMENT_RADIUS; dx <= LINCE_MOMENT_RADIUS; dx++)
      if (dx * dx + dy * dy <= LINCE_MOMENT_RADIUS * LINCE_MOMENT_RADIUS) {
        sum_x += dx * row[dx];
        sum_y += dy * row[dx];
      }
  }
  *x = sum_x;
  *y = sum_y;
}

static void
describe (const uint8_t samples[LINCE_DESCRIPTOR_SAMPLES], const LincePairs *pairs,
    LinceDescriptor *descriptor)
{
  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++) {
    uint64_t word = 0;

    for (int i = 0; i < 64; i++)
      word |= (uint64_t) (samples[pairs->first[64 * w + i] % 64] <
                          samples[pairs->second[64 * w + i] % 64])
              << i;
    descriptor->words[w] = word;
  }
}

static uint32_t
distance (const LinceDescriptor *query, const LinceDescriptorBlock *block, int i)
{
  uint32_t sum = 0;

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    sum += (uint32_t) __builtin_popcountll (query->words[w] ^ block->words[w][i]);
  return sum;
}

static void
distances (
    const LinceDescriptor *query, const LinceDescriptorBlock *blocks, uint32_t count, uint16_t *out)
{
  for (uint32_t b = 0; b < count; b++)
    for (int i = 0; i < LINCE_BLOCK; i++)
      *out++ = (uint16_t) distance (query, blocks + b, i);
}

static uint32_t
scan (const LinceDescriptor *query, const LinceDescriptorBlock *blocks, uint32_t count,
    uint32_t limit, uint32_t *out, uint32_t capacity)
{
  uint32_t found = 0;

  for (uint32_t b = 0; b < count; b++)
    for (uint32_t i = 0; i < LINCE_BLOCK; i++) {
      uint32_t d = distance (query, blocks + b, (int) i);

      if (d > limit)
        continue;
      if (found == capacity)
        return found;
      out[found++] = d << 20 | (b * LINCE_BLOCK + i);
    }
  return found;
}

static uint32_t
count_to (const uint16_t *values, uint32_t count, uint32_t bound)
{
  uint32_t sum = 0;

  for (uint32_t i = 0; i < count; i++)
    sum += values[i] <= bound;
  return sum;
}

static uint32_t
choose (const uint16_t *values, uint32_t count, uint32_t reach, uint32_t most, uint16_t *out)
{
  uint32_t least = UINT16_MAX, top, found = 0;

  for (uint32_t i = 0; i < count; i++)
    least = values[i] < least ? values[i] : least;
  top = least + reach;
  while (least < top) {
    uint32_t middle = (least + top + 1) / 2;

    if (count_to (values, count, middle) <= most)
      least = middle;
    else
      top = middle - 1;
  }
  for (uint32_t i = 0; i < count && found < most; i++)
    if (values[i] <= least)
      out[found++] = (uint16_t) i;
  return found;
}

static uint32_t
support (const LinceVotes *votes, uint32_t count, uint32_t seed, const LinceVoteReach *reach)
{
  const float low = votes->scale[seed] * (1.f / reach->scale);
  const float high = votes->scale[seed] * reach->scale;
  const float near = reach->centre * votes->scale[seed];
  uint32_t sum = 0;

  for (uint32_t i = 0; i < count; i++) {
    float du = votes->u[i] - votes->u[seed], dv = votes->v[i] - votes->v[seed];
    uint32_t turn = (uint32_t) (votes->turn[i] - votes->turn[seed]) + reach->turn;

    if (du * du + dv * dv <= near * near && votes->scale[i] >= low && votes->scale[i] <= high &&
        (turn & 255) <= 2 * reach->turn)
      sum += (uint32_t) votes->weight[i];
  }
  return sum;
}

const LinceKernels lince_kernels_c = {halve_row, two_thirds_row, smooth_row, response_row,
    extrema_row, moments, describe, distances, scan, choose, support, add_row, mean_row,
    sample_rows, light_rows, light_cost_rows, compose_rows, change_columns, shift_cell, left_cell,
    apart_rows};
