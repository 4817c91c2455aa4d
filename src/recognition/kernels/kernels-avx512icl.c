/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Kernels for AVX-512 with VBMI, VNNI and VPOPCNTDQ, where these do better than AVX-512 alone. */
#include "recognition/kernels/canvas-rows.h"
#include "recognition/kernels/kernels-avx512.h"
#include "recognition/kernels/sum-row.h"

static void
two_thirds_row (const uint8_t *a, const uint8_t *b, uint8_t *out, int width)
{
  uint8_t order[64];
  __m512i index;
  const __m512i weights = _mm512_set1_epi16 (0x0102), four = _mm512_set1_epi16 (4);
  const __m512i ninth = _mm512_set1_epi16 (7282);

  /* output 2 k weighs pixels 3 k and 3 k + 1 by 2 and 1, output 2 k + 1 pixels 3 k + 2, 3 k + 1 */
  for (int k = 0; k < 16; k++) {
    order[4 * k] = (uint8_t) (3 * k);
    order[4 * k + 1] = order[4 * k + 3] = (uint8_t) (3 * k + 1);
    order[4 * k + 2] = (uint8_t) (3 * k + 2);
  }
  index = _mm512_loadu_si512 (order);
  for (int x = 0; x < width; x += 32, a += 48, b += 48) {
    int n = width - x < 32 ? width - x : 32;
    __mmask64 mask = first64 (n / 2 * 3);
    __m512i top = _mm512_permutexvar_epi8 (index, _mm512_maskz_loadu_epi8 (mask, a));
    __m512i bottom = _mm512_permutexvar_epi8 (index, _mm512_maskz_loadu_epi8 (mask, b));
    __m512i sum = _mm512_maddubs_epi16 (top, weights);

    sum = _mm512_add_epi16 (_mm512_add_epi16 (sum, sum), _mm512_maddubs_epi16 (bottom, weights));
    sum = _mm512_mulhi_epu16 (_mm512_add_epi16 (sum, four), ninth);
    _mm512_mask_cvtepi16_storeu_epi8 (out + x, first32 (n), sum);
  }
}

#define SIDE (2 * LINCE_MOMENT_RADIUS + 1)

static void
moments (const uint8_t *centre, ptrdiff_t stride, int32_t *x, int32_t *y)
{
  const __mmask32 mask = (1u << SIDE) - 1;
  __m256i sum_x = _mm256_setzero_si256 (), sum_y = sum_x;

  for (int dy = -LINCE_MOMENT_RADIUS; dy <= LINCE_MOMENT_RADIUS; dy++) {
    const LinceMomentRow *weights = &lince_moment_rows[dy + LINCE_MOMENT_RADIUS];
    __m256i row = _mm256_maskz_loadu_epi8 (mask, centre + dy * stride - LINCE_MOMENT_RADIUS);

    sum_x = _mm256_dpbusd_epi32 (sum_x, row, _mm256_load_si256 ((const __m256i *) weights->x));
    sum_y = _mm256_dpbusd_epi32 (sum_y, row, _mm256_load_si256 ((const __m256i *) weights->y));
  }
  sum_x = _mm256_hadd_epi32 (sum_x, sum_y);
  sum_x = _mm256_hadd_epi32 (sum_x, sum_x);
  *x = _mm256_extract_epi32 (sum_x, 0) + _mm256_extract_epi32 (sum_x, 4);
  *y = _mm256_extract_epi32 (sum_x, 1) + _mm256_extract_epi32 (sum_x, 5);
}

static void
describe (const uint8_t samples[LINCE_DESCRIPTOR_SAMPLES], const LincePairs *pairs,
    LinceDescriptor *descriptor)
{
  __m512i all = _mm512_loadu_si512 (samples);

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++) {
    __m512i a = _mm512_permutexvar_epi8 (_mm512_loadu_si512 (pairs->first + 64 * w), all);
    __m512i b = _mm512_permutexvar_epi8 (_mm512_loadu_si512 (pairs->second + 64 * w), all);

    descriptor->words[w] = _mm512_cmplt_epu8_mask (a, b);
  }
}

/* Distances of a block, in 64-bit lanes. */
static inline __m512i
block_distances (const __m512i query[LINCE_DESCRIPTOR_WORDS], const LinceDescriptorBlock *block)
{
  __m512i sum[LINCE_DESCRIPTOR_WORDS];

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    sum[w] =
        _mm512_popcnt_epi64 (_mm512_xor_si512 (query[w], _mm512_loadu_si512 (block->words[w])));
  return _mm512_add_epi64 (_mm512_add_epi64 (sum[0], sum[1]), _mm512_add_epi64 (sum[2], sum[3]));
}

static void
distances (
    const LinceDescriptor *query, const LinceDescriptorBlock *blocks, uint32_t count, uint16_t *out)
{
  __m512i words[LINCE_DESCRIPTOR_WORDS];

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    words[w] = _mm512_set1_epi64 ((int64_t) query->words[w]);
  for (uint32_t b = 0; b < count; b++)
    _mm_storeu_si128 ((__m128i *) (out + b * LINCE_BLOCK),
        _mm512_cvtepi64_epi16 (block_distances (words, blocks + b)));
}

static uint32_t
scan (const LinceDescriptor *query, const LinceDescriptorBlock *blocks, uint32_t count,
    uint32_t limit, uint32_t *out, uint32_t capacity)
{
  __m512i words[LINCE_DESCRIPTOR_WORDS], most = _mm512_set1_epi64 (limit);
  uint32_t found = 0;

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    words[w] = _mm512_set1_epi64 ((int64_t) query->words[w]);
  for (uint32_t b = 0; b < count; b++) {
    __m512i sums = block_distances (words, blocks + b);
    uint32_t mask = _mm512_cmple_epu64_mask (sums, most);
    uint64_t values[LINCE_BLOCK];

    if (mask == 0)
      continue;
    _mm512_storeu_si512 (values, sums);
    for (; mask != 0; mask &= mask - 1) {
      uint32_t i = (uint32_t) __builtin_ctz (mask);

      if (found == capacity)
        return found;
      out[found++] = (uint32_t) values[i] << 20 | (b * LINCE_BLOCK + i);
    }
  }
  return found;
}

const LinceKernels lince_kernels_avx512icl = {lince_avx2_halve_row, two_thirds_row,
    lince_avx2_smooth_row, lince_avx2_response_row, lince_avx512_extrema_row, moments, describe,
    distances, scan, lince_avx512_choose, lince_avx2_support, add_row, mean_row, sample_rows,
    light_rows, light_cost_rows, compose_rows, change_columns, shift_cell, left_cell, apart_rows};
