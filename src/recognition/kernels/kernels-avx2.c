/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Kernels for AVX2. Rows end with plain C, so that nothing outside of them is touched. */
#include <immintrin.h>

#include "recognition/kernels/kernels-avx2.h"
#include "recognition/kernels/canvas-rows.h"
#include "recognition/kernels/smooth-row.h"
#include "recognition/kernels/sum-row.h"

static const int8_t circle[8][2] = {
    {3, 0}, {3, 1}, {2, 2}, {1, 3}, {0, 3}, {-1, 3}, {-2, 2}, {-3, 1}};

static inline __m256i
load (const void *data)
{
  return _mm256_loadu_si256 (data);
}

/* 16 values of 16 bits, each at most 255, to bytes in order. */
static inline __m128i
narrow (__m256i values)
{
  return _mm_packus_epi16 (_mm256_castsi256_si128 (values), _mm256_extracti128_si256 (values, 1));
}

void
lince_avx2_halve_row (const uint8_t *a, const uint8_t *b, uint8_t *out, int width)
{
  const __m256i ones = _mm256_set1_epi8 (1), two = _mm256_set1_epi16 (2);
  int x = 0;

  for (; x + 16 <= width; x += 16) {
    __m256i sum = _mm256_add_epi16 (_mm256_maddubs_epi16 (load (a + 2 * x), ones),
        _mm256_maddubs_epi16 (load (b + 2 * x), ones));

    sum = _mm256_srli_epi16 (_mm256_add_epi16 (sum, two), 2);
    _mm_storeu_si128 ((__m128i *) (out + x), narrow (sum));
  }
  lince_kernels_c.halve_row (a + 2 * x, b + 2 * x, out + x, width - x);
}

/* 24 pixels as 16 pairs of a heavy and a light one, weighed and summed. */
static inline __m256i
thirds (const uint8_t *pixels)
{
  const __m256i order = _mm256_broadcastsi128_si256 (
      _mm_setr_epi8 (0, 1, 2, 1, 3, 4, 5, 4, 6, 7, 8, 7, 9, 10, 11, 10));
  __m256i both =
      _mm256_inserti128_si256 (_mm256_castsi128_si256 (_mm_loadu_si128 ((const __m128i *) pixels)),
          _mm_loadu_si128 ((const __m128i *) (pixels + 12)), 1);

  return _mm256_maddubs_epi16 (_mm256_shuffle_epi8 (both, order), _mm256_set1_epi16 (0x0102));
}

void
lince_avx2_two_thirds_row (const uint8_t *a, const uint8_t *b, uint8_t *out, int width)
{
  const __m256i four = _mm256_set1_epi16 (4), ninth = _mm256_set1_epi16 (7282);
  int x = 0;

  /* 28 pixels are read for 16: stop while that many are left */
  for (; x + 20 <= width; x += 16, a += 24, b += 24) {
    __m256i sum = thirds (a);

    sum = _mm256_add_epi16 (_mm256_add_epi16 (sum, sum), thirds (b));
    sum = _mm256_mulhi_epu16 (_mm256_add_epi16 (sum, four), ninth);
    _mm_storeu_si128 ((__m128i *) (out + x), narrow (sum));
  }
  lince_kernels_c.two_thirds_row (a, b, out + x, width - x);
}

void
lince_avx2_smooth_row (const uint8_t *const rows[5], uint16_t *scratch, uint8_t *out, int width)
{
  smooth_row (rows, scratch, out, width);
}

void
lince_avx2_response_row (
    const uint8_t *pixels, ptrdiff_t stride, uint8_t *bright, uint8_t *dark, int width)
{
  int x = 0;

  for (; x + 32 <= width; x += 32) {
    const uint8_t *p = pixels + x;
    __m256i centre = load (p), lowest = _mm256_set1_epi8 (-1), highest = _mm256_setzero_si256 ();

    for (int i = 0; i < 8; i++) {
      ptrdiff_t offset = circle[i][1] * stride + circle[i][0];
      __m256i mean = _mm256_avg_epu8 (load (p + offset), load (p - offset));

      lowest = _mm256_min_epu8 (lowest, mean);
      highest = _mm256_max_epu8 (highest, mean);
    }
    _mm256_storeu_si256 ((__m256i *) (bright + x), _mm256_subs_epu8 (centre, highest));
    _mm256_storeu_si256 ((__m256i *) (dark + x), _mm256_subs_epu8 (lowest, centre));
  }
  if (x < width)
    lince_kernels_c.response_row (pixels + x, stride, bright + x, dark + x, width - x);
}

/* Which of 32 values are at least their thresholds. */
static inline uint32_t
strong32 (const uint8_t *values, const uint8_t *thresholds)
{
  __m256i v = load (values);

  return (uint32_t) _mm256_movemask_epi8 (
      _mm256_cmpeq_epi8 (_mm256_max_epu8 (v, load (thresholds)), v));
}

/* Which of 32 values are maxima. */
static inline uint32_t
extrema32 (const uint8_t *a, const uint8_t *b, const uint8_t *c)
{
  __m256i v = load (b);
  __m256i before = _mm256_max_epu8 (
      _mm256_max_epu8 (load (a - 1), load (a)), _mm256_max_epu8 (load (a + 1), load (b - 1)));
  __m256i after = _mm256_max_epu8 (
      _mm256_max_epu8 (load (b + 1), load (c - 1)), _mm256_max_epu8 (load (c), load (c + 1)));
  /* not where v is at most what comes before, only where it is at least what comes after */
  __m256i lost = _mm256_cmpeq_epi8 (_mm256_max_epu8 (v, before), before);

  return (uint32_t) _mm256_movemask_epi8 (
      _mm256_andnot_si256 (lost, _mm256_cmpeq_epi8 (_mm256_max_epu8 (v, after), v)));
}

/* Strong values stand anywhere, so no branch is taken on them: those words are noted, 64 at a time,
 * and looked at afterwards. */
static void
extrema_row (const uint8_t *const rows[3], const uint8_t *thresholds, int width, uint64_t *bits)
{
  int full = width / 64, x = 64 * full;

  for (int first = 0; first < full; first += 64) {
    int end = full < first + 64 ? full : first + 64;
    uint64_t pending = 0;

    for (int i = first; i < end; i++) {
      const uint8_t *b = rows[1] + 64 * i, *t = thresholds + 64 * i;

      bits[i] = strong32 (b, t) | (uint64_t) strong32 (b + 32, t + 32) << 32;
      pending |= (uint64_t) (bits[i] != 0) << (i - first);
    }
    for (; pending != 0; pending &= pending - 1) {
      int i = first + __builtin_ctzll (pending);
      const uint8_t *a = rows[0] + 64 * i, *b = rows[1] + 64 * i, *c = rows[2] + 64 * i;

      bits[i] &= extrema32 (a, b, c) | (uint64_t) extrema32 (a + 32, b + 32, c + 32) << 32;
    }
  }
  if (x < width) {
    const uint8_t *rest[3] = {rows[0] + x, rows[1] + x, rows[2] + x};

    lince_kernels_c.extrema_row (rest, thresholds + x, width - x, bits + full);
  }
}

/* 23 pixels of a row as 32 bytes whose last 9 are zero: two loads that overlap by 9. */
static inline __m256i
load_row (const uint8_t *row)
{
  const __m128i shift =
      _mm_setr_epi8 (9, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1);

  return _mm256_inserti128_si256 (_mm256_castsi128_si256 (_mm_loadu_si128 ((const __m128i *) row)),
      _mm_shuffle_epi8 (_mm_loadu_si128 ((const __m128i *) (row + 7)), shift), 1);
}

static void
moments (const uint8_t *centre, ptrdiff_t stride, int32_t *x, int32_t *y)
{
  const __m256i ones = _mm256_set1_epi16 (1);
  __m256i sum_x = _mm256_setzero_si256 (), sum_y = sum_x;

  for (int dy = -LINCE_MOMENT_RADIUS; dy <= LINCE_MOMENT_RADIUS; dy++) {
    const LinceMomentRow *weights = &lince_moment_rows[dy + LINCE_MOMENT_RADIUS];
    __m256i row = load_row (centre + dy * stride - LINCE_MOMENT_RADIUS);

    sum_x = _mm256_add_epi32 (
        sum_x, _mm256_madd_epi16 (_mm256_maddubs_epi16 (row, load (weights->x)), ones));
    sum_y = _mm256_add_epi32 (
        sum_y, _mm256_madd_epi16 (_mm256_maddubs_epi16 (row, load (weights->y)), ones));
  }
  sum_x = _mm256_hadd_epi32 (sum_x, sum_y);
  sum_x = _mm256_hadd_epi32 (sum_x, sum_x);
  *x = _mm256_extract_epi32 (sum_x, 0) + _mm256_extract_epi32 (sum_x, 4);
  *y = _mm256_extract_epi32 (sum_x, 1) + _mm256_extract_epi32 (sum_x, 5);
}

/* Looks 32 indices up in 64 bytes, given as four lanes of 16 in both halves. */
static inline __m256i
look_up (const __m256i table[4], __m256i index)
{
  const __m256i fifteen = _mm256_set1_epi8 (15),
                lane = _mm256_and_si256 (_mm256_srli_epi16 (index, 4), _mm256_set1_epi8 (3));
  __m256i low = _mm256_and_si256 (index, fifteen), found = _mm256_shuffle_epi8 (table[0], low);

  for (int i = 1; i < 4; i++)
    found = _mm256_blendv_epi8 (found, _mm256_shuffle_epi8 (table[i], low),
        _mm256_cmpeq_epi8 (lane, _mm256_set1_epi8 ((int8_t) i)));
  return found;
}

static void
describe (const uint8_t samples[LINCE_DESCRIPTOR_SAMPLES], const LincePairs *pairs,
    LinceDescriptor *descriptor)
{
  __m256i table[4];

  for (int i = 0; i < 4; i++)
    table[i] = _mm256_broadcastsi128_si256 (_mm_loadu_si128 ((const __m128i *) (samples + 16 * i)));
  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++) {
    uint64_t word = 0;

    for (int i = 0; i < 64; i += 32) {
      __m256i a = look_up (table, load (pairs->first + 64 * w + i));
      __m256i b = look_up (table, load (pairs->second + 64 * w + i));
      /* a >= b where their maximum is a */
      __m256i not_less = _mm256_cmpeq_epi8 (_mm256_max_epu8 (a, b), a);

      word |= (uint64_t) (uint32_t) ~_mm256_movemask_epi8 (not_less) << i;
    }
    descriptor->words[w] = word;
  }
}

/* Distances of half a block, in 64-bit lanes: bits counted by nibbles (Mula's method). */
static inline __m256i
half_distances (
    const __m256i query[LINCE_DESCRIPTOR_WORDS], const LinceDescriptorBlock *block, int first)
{
  const __m256i nibble = _mm256_set1_epi8 (15),
                counts = _mm256_broadcastsi128_si256 (
                    _mm_setr_epi8 (0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
  __m256i sum = _mm256_setzero_si256 ();

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++) {
    __m256i bits = _mm256_xor_si256 (query[w], load (block->words[w] + first));
    __m256i high = _mm256_and_si256 (_mm256_srli_epi16 (bits, 4), nibble);

    sum = _mm256_add_epi8 (
        sum, _mm256_add_epi8 (_mm256_shuffle_epi8 (counts, _mm256_and_si256 (bits, nibble)),
                 _mm256_shuffle_epi8 (counts, high)));
  }
  return _mm256_sad_epu8 (sum, _mm256_setzero_si256 ());
}

static inline void
spread (const LinceDescriptor *query, __m256i words[LINCE_DESCRIPTOR_WORDS])
{
  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    words[w] = _mm256_set1_epi64x ((int64_t) query->words[w]);
}

void
lince_avx2_distances (
    const LinceDescriptor *query, const LinceDescriptorBlock *blocks, uint32_t count, uint16_t *out)
{
  const __m128i order = _mm_setr_epi8 (0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
  __m256i words[LINCE_DESCRIPTOR_WORDS];

  spread (query, words);
  for (uint32_t b = 0; b < count; b++) {
    /* 16 bits are enough: descriptors 0, 4, 1, 5, 2, 6, 3, 7, then in order */
    __m256i both = _mm256_or_si256 (half_distances (words, blocks + b, 0),
        _mm256_slli_epi64 (half_distances (words, blocks + b, 4), 32));
    __m128i mixed =
        _mm_packus_epi32 (_mm256_castsi256_si128 (both), _mm256_extracti128_si256 (both, 1));

    _mm_storeu_si128 ((__m128i *) (out + b * LINCE_BLOCK), _mm_shuffle_epi8 (mixed, order));
  }
}

uint32_t
lince_avx2_scan (const LinceDescriptor *query, const LinceDescriptorBlock *blocks, uint32_t count,
    uint32_t limit, uint32_t *out, uint32_t capacity)
{
  __m256i words[LINCE_DESCRIPTOR_WORDS], most = _mm256_set1_epi64x ((int64_t) limit + 1);
  uint32_t found = 0;

  spread (query, words);
  for (uint32_t b = 0; b < count; b++) {
    __m256i low = half_distances (words, blocks + b, 0);
    __m256i high = half_distances (words, blocks + b, 4);
    uint32_t mask =
        (uint32_t) _mm256_movemask_pd (_mm256_castsi256_pd (_mm256_cmpgt_epi64 (most, low))) |
        (uint32_t) _mm256_movemask_pd (_mm256_castsi256_pd (_mm256_cmpgt_epi64 (most, high))) << 4;
    uint64_t values[LINCE_BLOCK];

    if (mask == 0)
      continue;
    _mm256_storeu_si256 ((__m256i *) values, low);
    _mm256_storeu_si256 ((__m256i *) (values + 4), high);
    for (; mask != 0; mask &= mask - 1) {
      uint32_t i = (uint32_t) __builtin_ctz (mask);

      if (found == capacity)
        return found;
      out[found++] = (uint32_t) values[i] << 20 | (b * LINCE_BLOCK + i);
    }
  }
  return found;
}

/* Which of 16 values are at most a bound: two bits each. */
static inline uint32_t
below (const uint16_t *values, __m256i bound)
{
  __m256i v = load (values);

  return (uint32_t) _mm256_movemask_epi8 (_mm256_cmpeq_epi16 (_mm256_min_epu16 (v, bound), v));
}

static inline uint32_t
count_to (const uint16_t *values, uint32_t count, uint32_t bound)
{
  const __m256i most = _mm256_set1_epi16 ((int16_t) (bound < UINT16_MAX ? bound : UINT16_MAX));
  uint32_t sum = 0, i = 0;

  for (; i + 16 <= count; i += 16)
    sum += (uint32_t) __builtin_popcount (below (values + i, most)) / 2;
  for (; i < count; i++)
    sum += values[i] <= bound;
  return sum;
}

static uint32_t
least_of (const uint16_t *values, uint32_t count)
{
  __m256i lowest = _mm256_set1_epi16 (-1);
  uint32_t i = 0, least;
  __m128i half;

  for (; i + 16 <= count; i += 16)
    lowest = _mm256_min_epu16 (lowest, load (values + i));
  half = _mm_min_epu16 (_mm256_castsi256_si128 (lowest), _mm256_extracti128_si256 (lowest, 1));
  least = (uint32_t) _mm_extract_epi16 (_mm_minpos_epu16 (half), 0);
  for (; i < count; i++)
    least = values[i] < least ? values[i] : least;
  return least;
}

static uint32_t
choose (const uint16_t *values, uint32_t count, uint32_t reach, uint32_t most, uint16_t *out)
{
  uint32_t least = least_of (values, count), top = least + reach, found = 0, i = 0;

  while (least < top) {
    uint32_t middle = (least + top + 1) / 2;

    if (count_to (values, count, middle) <= most)
      least = middle;
    else
      top = middle - 1;
  }
  least = least < UINT16_MAX ? least : UINT16_MAX;
  for (; i + 16 <= count; i += 16) {
    uint32_t mask = below (values + i, _mm256_set1_epi16 ((int16_t) least)) & 0x55555555u;

    for (; mask != 0 && found < most; mask &= mask - 1)
      out[found++] = (uint16_t) (i + (uint32_t) __builtin_ctz (mask) / 2);
  }
  for (; i < count && found < most; i++)
    if (values[i] <= least)
      out[found++] = (uint16_t) i;
  return found;
}

/* Eight matches at once; the rest as in plain C. */
uint32_t
lince_avx2_support (
    const LinceVotes *votes, uint32_t count, uint32_t seed, const LinceVoteReach *reach)
{
  const float low = votes->scale[seed] * (1.f / reach->scale);
  const float high = votes->scale[seed] * reach->scale;
  const float near = reach->centre * votes->scale[seed], bound = near * near;
  const int32_t from = votes->turn[seed] - (int32_t) reach->turn;
  const __m256i turns = _mm256_set1_epi32 (2 * (int32_t) reach->turn);
  __m256i sum = _mm256_setzero_si256 ();
  uint32_t i = 0, rest = 0;
  int32_t sums[8];

  for (; i + 8 <= count; i += 8) {
    __m256 du = _mm256_sub_ps (_mm256_loadu_ps (votes->u + i), _mm256_set1_ps (votes->u[seed]));
    __m256 dv = _mm256_sub_ps (_mm256_loadu_ps (votes->v + i), _mm256_set1_ps (votes->v[seed]));
    __m256 scale = _mm256_loadu_ps (votes->scale + i), good;
    __m256i turn =
        _mm256_and_si256 (_mm256_sub_epi32 (load (votes->turn + i), _mm256_set1_epi32 (from)),
            _mm256_set1_epi32 (255));

    du = _mm256_add_ps (_mm256_mul_ps (du, du), _mm256_mul_ps (dv, dv));
    good = _mm256_and_ps (_mm256_cmp_ps (du, _mm256_set1_ps (bound), _CMP_LE_OQ),
        _mm256_and_ps (_mm256_cmp_ps (scale, _mm256_set1_ps (low), _CMP_GE_OQ),
            _mm256_cmp_ps (scale, _mm256_set1_ps (high), _CMP_LE_OQ)));
    turn = _mm256_andnot_si256 (_mm256_cmpgt_epi32 (turn, turns), _mm256_castps_si256 (good));
    sum = _mm256_add_epi32 (sum, _mm256_and_si256 (turn, load (votes->weight + i)));
  }
  for (; i < count; i++) {
    float du = votes->u[i] - votes->u[seed], dv = votes->v[i] - votes->v[seed];

    if (du * du + dv * dv <= bound && votes->scale[i] >= low && votes->scale[i] <= high &&
        ((uint32_t) (votes->turn[i] - from) & 255) <= 2 * reach->turn)
      rest += (uint32_t) votes->weight[i];
  }
  _mm256_storeu_si256 ((__m256i *) sums, sum);
  for (int k = 0; k < 8; k++)
    rest += (uint32_t) sums[k];
  return rest;
}

const LinceKernels lince_kernels_avx2 = {lince_avx2_halve_row, lince_avx2_two_thirds_row,
    lince_avx2_smooth_row, lince_avx2_response_row, extrema_row, moments, describe,
    lince_avx2_distances, lince_avx2_scan, choose, lince_avx2_support, add_row, mean_row,
    sample_rows, light_rows, light_cost_rows, compose_rows, change_columns, shift_cell, left_cell,
    apart_rows};
