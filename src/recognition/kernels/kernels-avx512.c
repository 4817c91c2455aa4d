/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Kernels for AVX-512 F, BW, DQ and VL. Rows end with masked loads and stores, so that nothing
 * outside of them is touched. */
#include "recognition/kernels/canvas-rows.h"
#include "recognition/kernels/kernels-avx512.h"
#include "recognition/kernels/sum-row.h"

/* Which of 64 values, or of those in `mask`, are at least their thresholds. */
static inline uint64_t
strong64 (const uint8_t *values, const uint8_t *thresholds, __mmask64 mask)
{
  return _mm512_mask_cmpge_epu8_mask (
      mask, _mm512_maskz_loadu_epi8 (mask, values), _mm512_maskz_loadu_epi8 (mask, thresholds));
}

/* Which of 64 values, or of those in `mask`, are maxima. */
static inline uint64_t
extrema64 (const uint8_t *a, const uint8_t *b, const uint8_t *c, __mmask64 mask)
{
  __m512i v = _mm512_maskz_loadu_epi8 (mask, b);
  __m512i before = _mm512_max_epu8 (
      _mm512_max_epu8 (_mm512_maskz_loadu_epi8 (mask, a - 1), _mm512_maskz_loadu_epi8 (mask, a)),
      _mm512_max_epu8 (
          _mm512_maskz_loadu_epi8 (mask, a + 1), _mm512_maskz_loadu_epi8 (mask, b - 1)));
  __m512i after = _mm512_max_epu8 (_mm512_max_epu8 (_mm512_maskz_loadu_epi8 (mask, b + 1),
                                       _mm512_maskz_loadu_epi8 (mask, c - 1)),
      _mm512_max_epu8 (_mm512_maskz_loadu_epi8 (mask, c), _mm512_maskz_loadu_epi8 (mask, c + 1)));

  return _mm512_cmpgt_epu8_mask (v, before) & _mm512_cmpge_epu8_mask (v, after);
}

/* Strong values stand anywhere, so no branch is taken on them: those words are noted, 64 at a time,
 * and looked at afterwards. */
void
lince_avx512_extrema_row (
    const uint8_t *const rows[3], const uint8_t *thresholds, int width, uint64_t *bits)
{
  int full = width / 64;

  for (int first = 0; first < full; first += 64) {
    int end = full < first + 64 ? full : first + 64;
    uint64_t pending = 0;

    for (int i = first; i < end; i++) {
      bits[i] = strong64 (rows[1] + 64 * i, thresholds + 64 * i, first64 (64));
      pending |= (uint64_t) (bits[i] != 0) << (i - first);
    }
    for (; pending != 0; pending &= pending - 1) {
      int i = first + __builtin_ctzll (pending);

      bits[i] &= extrema64 (rows[0] + 64 * i, rows[1] + 64 * i, rows[2] + 64 * i, first64 (64));
    }
  }
  if (width % 64 > 0) {
    int x = 64 * full;
    __mmask64 mask = first64 (width - x);

    bits[full] = strong64 (rows[1] + x, thresholds + x, mask) &
                 extrema64 (rows[0] + x, rows[1] + x, rows[2] + x, mask);
  }
}

static void
moments (const uint8_t *centre, ptrdiff_t stride, int32_t *x, int32_t *y)
{
  const __mmask32 mask = (1u << (2 * LINCE_MOMENT_RADIUS + 1)) - 1;
  const __m256i ones = _mm256_set1_epi16 (1);
  __m256i sum_x = _mm256_setzero_si256 (), sum_y = sum_x;

  for (int dy = -LINCE_MOMENT_RADIUS; dy <= LINCE_MOMENT_RADIUS; dy++) {
    const LinceMomentRow *weights = &lince_moment_rows[dy + LINCE_MOMENT_RADIUS];
    __m256i row = _mm256_maskz_loadu_epi8 (mask, centre + dy * stride - LINCE_MOMENT_RADIUS);
    __m256i row_x = _mm256_maddubs_epi16 (row, _mm256_load_si256 ((const __m256i *) weights->x));
    __m256i row_y = _mm256_maddubs_epi16 (row, _mm256_load_si256 ((const __m256i *) weights->y));

    sum_x = _mm256_add_epi32 (sum_x, _mm256_madd_epi16 (row_x, ones));
    sum_y = _mm256_add_epi32 (sum_y, _mm256_madd_epi16 (row_y, ones));
  }
  sum_x = _mm256_hadd_epi32 (sum_x, sum_y);
  sum_x = _mm256_hadd_epi32 (sum_x, sum_x);
  *x = _mm256_extract_epi32 (sum_x, 0) + _mm256_extract_epi32 (sum_x, 4);
  *y = _mm256_extract_epi32 (sum_x, 1) + _mm256_extract_epi32 (sum_x, 5);
}

/* Looks 64 indices up in 64 bytes, given as four lanes of 16 in every quarter. */
static inline __m512i
look_up (const __m512i table[4], __m512i index)
{
  const __m512i high = _mm512_set1_epi8 (0x20), low = _mm512_set1_epi8 (0x10);
  __m512i within = _mm512_and_si512 (index, _mm512_set1_epi8 (15));
  __mmask64 odd = _mm512_test_epi8_mask (index, low), upper = _mm512_test_epi8_mask (index, high);
  __m512i found = _mm512_shuffle_epi8 (table[0], within);

  found = _mm512_mask_shuffle_epi8 (found, odd, table[1], within);
  found = _mm512_mask_shuffle_epi8 (found, upper, table[2], within);
  return _mm512_mask_shuffle_epi8 (found, odd & upper, table[3], within);
}

static void
describe (const uint8_t samples[LINCE_DESCRIPTOR_SAMPLES], const LincePairs *pairs,
    LinceDescriptor *descriptor)
{
  __m512i table[4];

  for (int i = 0; i < 4; i++)
    table[i] = _mm512_broadcast_i32x4 (_mm_loadu_si128 ((const __m128i *) (samples + 16 * i)));
  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    descriptor->words[w] =
        _mm512_cmplt_epu8_mask (look_up (table, _mm512_loadu_si512 (pairs->first + 64 * w)),
            look_up (table, _mm512_loadu_si512 (pairs->second + 64 * w)));
}

/* Which of up to 32 values are at most a bound. */
static inline uint32_t
below (const uint16_t *values, uint32_t count, __m512i bound)
{
  __mmask32 valid = first32 ((int) count);

  return _mm512_mask_cmple_epu16_mask (valid, _mm512_maskz_loadu_epi16 (valid, values), bound);
}

static inline uint32_t
count_to (const uint16_t *values, uint32_t count, uint32_t bound)
{
  const __m512i most = _mm512_set1_epi16 ((int16_t) (bound < UINT16_MAX ? bound : UINT16_MAX));
  uint32_t sum = 0;

  for (uint32_t i = 0; i < count; i += 32)
    sum += (uint32_t) __builtin_popcount (below (values + i, count - i, most));
  return sum;
}

static uint32_t
least_of (const uint16_t *values, uint32_t count)
{
  __m512i least = _mm512_set1_epi16 (-1);
  __m256i half;
  __m128i quarter;

  for (uint32_t i = 0; i < count; i += 32)
    least = _mm512_min_epu16 (
        least, _mm512_mask_loadu_epi16 (least, first32 ((int) (count - i)), values + i));
  half = _mm256_min_epu16 (_mm512_castsi512_si256 (least), _mm512_extracti64x4_epi64 (least, 1));
  quarter = _mm_min_epu16 (_mm256_castsi256_si128 (half), _mm256_extracti128_si256 (half, 1));
  return (uint32_t) _mm_extract_epi16 (_mm_minpos_epu16 (quarter), 0);
}

uint32_t
lince_avx512_choose (
    const uint16_t *values, uint32_t count, uint32_t reach, uint32_t most, uint16_t *out)
{
  uint32_t least = least_of (values, count), top = least + reach, found = 0;

  while (least < top) {
    uint32_t middle = (least + top + 1) / 2;

    if (count_to (values, count, middle) <= most)
      least = middle;
    else
      top = middle - 1;
  }
  least = least < UINT16_MAX ? least : UINT16_MAX;
  for (uint32_t i = 0; i < count && found < most; i += 32) {
    uint32_t mask = below (values + i, count - i, _mm512_set1_epi16 ((int16_t) least));

    for (; mask != 0 && found < most; mask &= mask - 1)
      out[found++] = (uint16_t) (i + (uint32_t) __builtin_ctz (mask));
  }
  return found;
}

const LinceKernels lince_kernels_avx512 = {lince_avx2_halve_row, lince_avx2_two_thirds_row,
    lince_avx2_smooth_row, lince_avx2_response_row, lince_avx512_extrema_row, moments, describe,
    lince_avx2_distances, lince_avx2_scan, lince_avx512_choose, lince_avx2_support, add_row,
    mean_row, sample_rows, light_rows, light_cost_rows, compose_rows, change_columns, shift_cell,
    left_cell, apart_rows};
