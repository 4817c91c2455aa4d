/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Kernels for AArch64 with Advanced SIMD. Rows end with plain C, so that nothing outside of them is
 * touched. */
#include <arm_neon.h>
#include <stdbool.h>

#include "recognition/kernels/kernels.h"
#include "recognition/kernels/canvas-rows.h"
#include "recognition/kernels/smooth-row.h"
#include "recognition/kernels/sum-row.h"

static const int8_t circle[8][2] = {
    {3, 0}, {3, 1}, {2, 2}, {1, 3}, {0, 3}, {-1, 3}, {-2, 2}, {-3, 1}};

/* 64 bits from 64 bytes that are 0 or 255 each, as a comparison leaves them. */
static inline uint64_t
bits_of (uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
  const uint8x16_t weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  uint8x16_t low = vpaddq_u8 (vandq_u8 (a, weights), vandq_u8 (b, weights));
  uint8x16_t high = vpaddq_u8 (vandq_u8 (c, weights), vandq_u8 (d, weights));

  low = vpaddq_u8 (low, high);
  return vgetq_lane_u64 (vreinterpretq_u64_u8 (vpaddq_u8 (low, low)), 0);
}

/* Eight means of four pixels. */
static inline uint8x8_t
halve (const uint8_t *a, const uint8_t *b)
{
  return vrshrn_n_u16 (vpadalq_u8 (vpaddlq_u8 (vld1q_u8 (a)), vld1q_u8 (b)), 2);
}

static void
halve_row (const uint8_t *a, const uint8_t *b, uint8_t *out, int width)
{
  int x = 0;

  for (; x + 16 <= width; x += 16)
    vst1q_u8 (out + x,
        vcombine_u8 (halve (a + 2 * x, b + 2 * x), halve (a + 2 * x + 16, b + 2 * x + 16)));
  lince_kernels_c.halve_row (a + 2 * x, b + 2 * x, out + x, width - x);
}

/* 2 (2 a + b) + 2 c + d, ninths of it rounded; (2 s 3641) >> 16 is (s 7282) >> 16. */
static inline uint8x8_t
ninths (uint8x8_t a, uint8x8_t b, uint8x8_t c, uint8x8_t d)
{
  uint16x8_t sum = vaddw_u8 (vshll_n_u8 (a, 1), b);

  sum = vaddw_u8 (vaddq_u16 (vaddq_u16 (sum, sum), vshll_n_u8 (c, 1)), d);
  sum = vaddq_u16 (sum, vdupq_n_u16 (4));
  return vmovn_u16 (vreinterpretq_u16_s16 (vqdmulhq_n_s16 (vreinterpretq_s16_u16 (sum), 3641)));
}

static void
two_thirds_row (const uint8_t *a, const uint8_t *b, uint8_t *out, int width)
{
  int x = 0;

  for (; x + 16 <= width; x += 16, a += 24, b += 24) {
    uint8x8x3_t top = vld3_u8 (a), bottom = vld3_u8 (b);
    uint8x8x2_t both = {{ninths (top.val[0], top.val[1], bottom.val[0], bottom.val[1]),
        ninths (top.val[2], top.val[1], bottom.val[2], bottom.val[1])}};

    vst2_u8 (out + x, both);
  }
  lince_kernels_c.two_thirds_row (a, b, out + x, width - x);
}

static void
response_row (const uint8_t *pixels, ptrdiff_t stride, uint8_t *bright, uint8_t *dark, int width)
{
  int x = 0;

  for (; x + 16 <= width; x += 16) {
    const uint8_t *p = pixels + x;
    uint8x16_t centre = vld1q_u8 (p), lowest = vdupq_n_u8 (255), highest = vdupq_n_u8 (0);

    for (int i = 0; i < 8; i++) {
      ptrdiff_t offset = circle[i][1] * stride + circle[i][0];
      uint8x16_t mean = vrhaddq_u8 (vld1q_u8 (p + offset), vld1q_u8 (p - offset));

      lowest = vminq_u8 (lowest, mean);
      highest = vmaxq_u8 (highest, mean);
    }
    vst1q_u8 (bright + x, vqsubq_u8 (centre, highest));
    vst1q_u8 (dark + x, vqsubq_u8 (lowest, centre));
  }
  if (x < width)
    lince_kernels_c.response_row (pixels + x, stride, bright + x, dark + x, width - x);
}

/* Which of 16 values are maxima, 255 each. */
static inline uint8x16_t
extrema16 (const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *thresholds)
{
  uint8x16_t v = vld1q_u8 (b);
  uint8x16_t before = vmaxq_u8 (
      vmaxq_u8 (vld1q_u8 (a - 1), vld1q_u8 (a)), vmaxq_u8 (vld1q_u8 (a + 1), vld1q_u8 (b - 1)));
  uint8x16_t after = vmaxq_u8 (
      vmaxq_u8 (vld1q_u8 (b + 1), vld1q_u8 (c - 1)), vmaxq_u8 (vld1q_u8 (c), vld1q_u8 (c + 1)));

  return vandq_u8 (vcgtq_u8 (v, before), vcgeq_u8 (v, vmaxq_u8 (after, vld1q_u8 (thresholds))));
}

/* Whether any of 64 values is at least its threshold. */
static inline bool
any_strong (const uint8_t *values, const uint8_t *thresholds)
{
  uint8x16_t strong = vdupq_n_u8 (0);

  for (int i = 0; i < 64; i += 16)
    strong = vorrq_u8 (strong, vcgeq_u8 (vld1q_u8 (values + i), vld1q_u8 (thresholds + i)));
  return vmaxvq_u8 (strong) != 0;
}

static void
extrema_row (const uint8_t *const rows[3], const uint8_t *thresholds, int width, uint64_t *bits)
{
  int x = 0;

  for (; x + 64 <= width; x += 64) {
    const uint8_t *a = rows[0] + x, *b = rows[1] + x, *c = rows[2] + x, *t = thresholds + x;

    bits[x / 64] = 0;
    if (any_strong (b, t))
      bits[x / 64] = bits_of (extrema16 (a, b, c, t), extrema16 (a + 16, b + 16, c + 16, t + 16),
          extrema16 (a + 32, b + 32, c + 32, t + 32), extrema16 (a + 48, b + 48, c + 48, t + 48));
  }
  if (x < width) {
    const uint8_t *rest[3] = {rows[0] + x, rows[1] + x, rows[2] + x};

    lince_kernels_c.extrema_row (rest, thresholds + x, width - x, bits + x / 64);
  }
}

/* Adds 16 pixels times their weights. */
static inline void
add_weighed (int16x8_t sums[2], uint8x16_t pixels, int8x16_t weights)
{
  sums[0] = vmlaq_s16 (sums[0], vreinterpretq_s16_u16 (vmovl_u8 (vget_low_u8 (pixels))),
      vmovl_s8 (vget_low_s8 (weights)));
  sums[1] =
      vmlaq_s16 (sums[1], vreinterpretq_s16_u16 (vmovl_high_u8 (pixels)), vmovl_high_s8 (weights));
}

/* The last 7 of a row's 23 weights behind 9 zeros, for 16 pixels that overlap the first 16. */
static inline int8x16_t
last_weights (const int8_t weights[32])
{
  return vextq_s8 (vdupq_n_s8 (0), vld1q_s8 (weights + 16), 7);
}

/* Each 16-bit sum is of one column, which is at most 30600: the disc is short where x is large. */
static void
moments (const uint8_t *centre, ptrdiff_t stride, int32_t *x, int32_t *y)
{
  int16x8_t sums_x[4] = {0}, sums_y[4] = {0};

  for (int dy = -LINCE_MOMENT_RADIUS; dy <= LINCE_MOMENT_RADIUS; dy++) {
    const LinceMomentRow *weights = &lince_moment_rows[dy + LINCE_MOMENT_RADIUS];
    const uint8_t *row = centre + dy * stride - LINCE_MOMENT_RADIUS;
    uint8x16_t first = vld1q_u8 (row), last = vld1q_u8 (row + 7);

    add_weighed (sums_x, first, vld1q_s8 (weights->x));
    add_weighed (sums_x + 2, last, last_weights (weights->x));
    add_weighed (sums_y, first, vld1q_s8 (weights->y));
    add_weighed (sums_y + 2, last, last_weights (weights->y));
  }
  *x = *y = 0;
  for (int i = 0; i < 4; i++) {
    *x += vaddlvq_s16 (sums_x[i]);
    *y += vaddlvq_s16 (sums_y[i]);
  }
}

/* Which of 16 samples are less than their partners. */
static inline uint8x16_t
compare (uint8x16x4_t table, const uint8_t *first, const uint8_t *second)
{
  const uint8x16_t mask = vdupq_n_u8 (63);

  return vcltq_u8 (vqtbl4q_u8 (table, vandq_u8 (vld1q_u8 (first), mask)),
      vqtbl4q_u8 (table, vandq_u8 (vld1q_u8 (second), mask)));
}

static void
describe (const uint8_t samples[LINCE_DESCRIPTOR_SAMPLES], const LincePairs *pairs,
    LinceDescriptor *descriptor)
{
  uint8x16x4_t table = {{vld1q_u8 (samples), vld1q_u8 (samples + 16), vld1q_u8 (samples + 32),
      vld1q_u8 (samples + 48)}};

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++) {
    const uint8_t *first = pairs->first + 64 * w, *second = pairs->second + 64 * w;

    descriptor->words[w] =
        bits_of (compare (table, first, second), compare (table, first + 16, second + 16),
            compare (table, first + 32, second + 32), compare (table, first + 48, second + 48));
  }
}

/* Two descriptors' differing bits, eight partial counts each. */
static inline uint8x16_t
pair_counts (const LinceDescriptor *query, const LinceDescriptorBlock *block, int first)
{
  uint8x16_t sum = vdupq_n_u8 (0);

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    sum = vaddq_u8 (sum, vcntq_u8 (vreinterpretq_u8_u64 (veorq_u64 (
                             vdupq_n_u64 (query->words[w]), vld1q_u64 (block->words[w] + first)))));
  return sum;
}

static inline uint16x8_t
block_distances (const LinceDescriptor *query, const LinceDescriptorBlock *block)
{
  uint8x16_t low = vpaddq_u8 (pair_counts (query, block, 0), pair_counts (query, block, 2));
  uint8x16_t high = vpaddq_u8 (pair_counts (query, block, 4), pair_counts (query, block, 6));

  return vpaddlq_u8 (vpaddq_u8 (low, high));
}

static void
distances (
    const LinceDescriptor *query, const LinceDescriptorBlock *blocks, uint32_t count, uint16_t *out)
{
  for (uint32_t b = 0; b < count; b++)
    vst1q_u16 (out + b * LINCE_BLOCK, block_distances (query, blocks + b));
}

static uint32_t
scan (const LinceDescriptor *query, const LinceDescriptorBlock *blocks, uint32_t count,
    uint32_t limit, uint32_t *out, uint32_t capacity)
{
  const uint16x8_t weights = {1, 2, 4, 8, 16, 32, 64, 128};
  const uint16x8_t most = vdupq_n_u16 (limit < UINT16_MAX ? (uint16_t) limit : UINT16_MAX);
  uint32_t found = 0;

  for (uint32_t b = 0; b < count; b++) {
    uint16x8_t sums = block_distances (query, blocks + b);
    uint32_t mask = vaddvq_u16 (vandq_u16 (vcleq_u16 (sums, most), weights));
    uint16_t values[LINCE_BLOCK];

    if (mask == 0)
      continue;
    vst1q_u16 (values, sums);
    for (; mask != 0; mask &= mask - 1) {
      uint32_t i = (uint32_t) __builtin_ctz (mask);

      if (found == capacity)
        return found;
      out[found++] = (uint32_t) values[i] << 20 | (b * LINCE_BLOCK + i);
    }
  }
  return found;
}

static uint32_t
count_to (const uint16_t *values, uint32_t count, uint32_t bound)
{
  const uint16x8_t most = vdupq_n_u16 (bound < UINT16_MAX ? (uint16_t) bound : UINT16_MAX);
  uint16x8_t sums = vdupq_n_u16 (0);
  uint32_t sum, i = 0;

  /* at most 8191 in each of eight */
  for (; i + 8 <= count; i += 8)
    sums = vsubq_u16 (sums, vcleq_u16 (vld1q_u16 (values + i), most));
  sum = vaddlvq_u16 (sums);
  for (; i < count; i++)
    sum += values[i] <= bound;
  return sum;
}

static uint32_t
least_of (const uint16_t *values, uint32_t count)
{
  uint16x8_t lowest = vdupq_n_u16 (UINT16_MAX);
  uint32_t i = 0, least;

  for (; i + 8 <= count; i += 8)
    lowest = vminq_u16 (lowest, vld1q_u16 (values + i));
  least = vminvq_u16 (lowest);
  for (; i < count; i++)
    least = values[i] < least ? values[i] : least;
  return least;
}

static uint32_t
choose (const uint16_t *values, uint32_t count, uint32_t reach, uint32_t most, uint16_t *out)
{
  const uint16x8_t weights = {1, 2, 4, 8, 16, 32, 64, 128};
  uint32_t least = least_of (values, count), top = least + reach, found = 0, i = 0;

  while (least < top) {
    uint32_t middle = (least + top + 1) / 2;

    if (count_to (values, count, middle) <= most)
      least = middle;
    else
      top = middle - 1;
  }
  least = least < UINT16_MAX ? least : UINT16_MAX;
  for (; i + 8 <= count && found < most; i += 8) {
    uint16x8_t good = vcleq_u16 (vld1q_u16 (values + i), vdupq_n_u16 ((uint16_t) least));
    uint32_t mask = vaddvq_u16 (vandq_u16 (good, weights));

    for (; mask != 0 && found < most; mask &= mask - 1)
      out[found++] = (uint16_t) (i + (uint32_t) __builtin_ctz (mask));
  }
  for (; i < count && found < most; i++)
    if (values[i] <= least)
      out[found++] = (uint16_t) i;
  return found;
}

/* Four matches at once; the rest as in plain C. */
static uint32_t
support (const LinceVotes *votes, uint32_t count, uint32_t seed, const LinceVoteReach *reach)
{
  const float low = votes->scale[seed] * (1.f / reach->scale);
  const float high = votes->scale[seed] * reach->scale;
  const float near = reach->centre * votes->scale[seed], bound = near * near;
  const int32_t from = votes->turn[seed] - (int32_t) reach->turn;
  uint32x4_t sums = vdupq_n_u32 (0);
  uint32_t i = 0, rest = 0;

  for (; i + 4 <= count; i += 4) {
    float32x4_t du = vsubq_f32 (vld1q_f32 (votes->u + i), vdupq_n_f32 (votes->u[seed]));
    float32x4_t dv = vsubq_f32 (vld1q_f32 (votes->v + i), vdupq_n_f32 (votes->v[seed]));
    float32x4_t scale = vld1q_f32 (votes->scale + i);
    uint32x4_t turn = vreinterpretq_u32_s32 (
        vandq_s32 (vsubq_s32 (vld1q_s32 (votes->turn + i), vdupq_n_s32 (from)), vdupq_n_s32 (255)));
    uint32x4_t good = vcleq_u32 (turn, vdupq_n_u32 (2 * reach->turn));

    /* never fused: plain C is not */
    du = vaddq_f32 (vmulq_f32 (du, du), vmulq_f32 (dv, dv));
    good = vandq_u32 (good, vcleq_f32 (du, vdupq_n_f32 (bound)));
    good = vandq_u32 (good, vcgeq_f32 (scale, vdupq_n_f32 (low)));
    good = vandq_u32 (good, vcleq_f32 (scale, vdupq_n_f32 (high)));
    sums = vaddq_u32 (sums, vandq_u32 (good, vld1q_u32 ((const uint32_t *) votes->weight + i)));
  }
  for (; i < count; i++) {
    float du = votes->u[i] - votes->u[seed], dv = votes->v[i] - votes->v[seed];

    if (du * du + dv * dv <= bound && votes->scale[i] >= low && votes->scale[i] <= high &&
        ((uint32_t) (votes->turn[i] - from) & 255) <= 2 * reach->turn)
      rest += (uint32_t) votes->weight[i];
  }
  return rest + vaddvq_u32 (sums);
}

const LinceKernels lince_kernels_neon = {halve_row, two_thirds_row, smooth_row, response_row,
    extrema_row, moments, describe, distances, scan, choose, support, add_row, mean_row,
    sample_rows, light_rows, light_cost_rows, compose_rows, change_columns, shift_cell, left_cell,
    apart_rows};
