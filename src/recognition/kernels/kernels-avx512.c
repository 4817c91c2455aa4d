/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Kernels for AVX-512 F, BW, DQ and VL. Rows end with masked loads and stores, so that nothing
 * outside of them is touched. */
#include "recognition/kernels/kernels-avx512.h"

static const int8_t circle[8][2] = {
    {3, 0}, {3, 1}, {2, 2}, {1, 3}, {0, 3}, {-1, 3}, {-2, 2}, {-3, 1}};

void
lince_avx512_halve_row (const uint8_t *a, const uint8_t *b, uint8_t *out, int width)
{
  const __m512i ones = _mm512_set1_epi8 (1), two = _mm512_set1_epi16 (2);

  for (int x = 0; x < width; x += 32) {
    __mmask64 mask = first64 (2 * (width - x));
    __m512i sum =
        _mm512_add_epi16 (_mm512_maddubs_epi16 (_mm512_maskz_loadu_epi8 (mask, a + 2 * x), ones),
            _mm512_maddubs_epi16 (_mm512_maskz_loadu_epi8 (mask, b + 2 * x), ones));

    sum = _mm512_srli_epi16 (_mm512_add_epi16 (sum, two), 2);
    _mm512_mask_cvtepi16_storeu_epi8 (out + x, first32 (width - x), sum);
  }
}

static void
two_thirds_row (const uint8_t *a, const uint8_t *b, uint8_t *out, int width)
{
  /* 12 pixels to each quarter, there as pairs of a heavy and a light one */
  const __m512i quarters = _mm512_setr_epi32 (0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
  const __m512i order =
      _mm512_broadcast_i32x4 (_mm_setr_epi8 (0, 1, 2, 1, 3, 4, 5, 4, 6, 7, 8, 7, 9, 10, 11, 10));
  const __m512i weights = _mm512_set1_epi16 (0x0102), four = _mm512_set1_epi16 (4);
  const __m512i ninth = _mm512_set1_epi16 (7282);

  for (int x = 0; x < width; x += 32, a += 48, b += 48) {
    int n = width - x < 32 ? width - x : 32;
    __mmask64 mask = first64 (n / 2 * 3);
    __m512i top = _mm512_permutexvar_epi32 (quarters, _mm512_maskz_loadu_epi8 (mask, a));
    __m512i bottom = _mm512_permutexvar_epi32 (quarters, _mm512_maskz_loadu_epi8 (mask, b));
    __m512i sum = _mm512_maddubs_epi16 (_mm512_shuffle_epi8 (top, order), weights);

    sum = _mm512_add_epi16 (_mm512_add_epi16 (sum, sum),
        _mm512_maddubs_epi16 (_mm512_shuffle_epi8 (bottom, order), weights));
    sum = _mm512_mulhi_epu16 (_mm512_add_epi16 (sum, four), ninth);
    _mm512_mask_cvtepi16_storeu_epi8 (out + x, first32 (n), sum);
  }
}

static inline __m512i
widen (const uint8_t *pixels, __mmask32 mask)
{
  return _mm512_cvtepu8_epi16 (_mm256_maskz_loadu_epi8 (mask, pixels));
}

/* a + 4 b + 6 c + 4 d + e */
static inline __m512i
binomial (__m512i a, __m512i b, __m512i c, __m512i d, __m512i e)
{
  __m512i outer = _mm512_add_epi16 (a, e), inner = _mm512_add_epi16 (b, d);
  __m512i twice = _mm512_slli_epi16 (c, 1);

  inner = _mm512_slli_epi16 (_mm512_add_epi16 (inner, c), 2);
  return _mm512_add_epi16 (_mm512_add_epi16 (outer, twice), inner);
}

void
lince_avx512_smooth_row (const uint8_t *const rows[5], uint16_t *scratch, uint8_t *out, int width)
{
  const __m512i half = _mm512_set1_epi16 (128);

  for (int x = 0; x < width; x += 32) {
    __mmask32 mask = first32 (width - x);
    __m512i sum = binomial (widen (rows[0] + x, mask), widen (rows[1] + x, mask),
        widen (rows[2] + x, mask), widen (rows[3] + x, mask), widen (rows[4] + x, mask));

    _mm512_mask_storeu_epi16 (scratch + 2 + x, mask, sum);
  }
  scratch[0] = scratch[1] = scratch[2];
  scratch[width + 2] = scratch[width + 3] = scratch[width + 1];
  for (int x = 0; x < width; x += 32) {
    __mmask32 mask = first32 (width - x);
    const uint16_t *s = scratch + x;
    __m512i sum = binomial (_mm512_maskz_loadu_epi16 (mask, s),
        _mm512_maskz_loadu_epi16 (mask, s + 1), _mm512_maskz_loadu_epi16 (mask, s + 2),
        _mm512_maskz_loadu_epi16 (mask, s + 3), _mm512_maskz_loadu_epi16 (mask, s + 4));

    sum = _mm512_srli_epi16 (_mm512_add_epi16 (sum, half), 8);
    _mm512_mask_cvtepi16_storeu_epi8 (out + x, mask, sum);
  }
}

/* The responses of 64 pixels, or of those in `mask`. */
static inline void
response64 (const uint8_t *p, ptrdiff_t stride, uint8_t *bright, uint8_t *dark, __mmask64 mask)
{
  __m512i centre = _mm512_maskz_loadu_epi8 (mask, p);
  __m512i lowest = _mm512_set1_epi8 (-1), highest = _mm512_setzero_si512 ();

  for (int i = 0; i < 8; i++) {
    ptrdiff_t offset = circle[i][1] * stride + circle[i][0];
    __m512i mean = _mm512_avg_epu8 (
        _mm512_maskz_loadu_epi8 (mask, p + offset), _mm512_maskz_loadu_epi8 (mask, p - offset));

    lowest = _mm512_min_epu8 (lowest, mean);
    highest = _mm512_max_epu8 (highest, mean);
  }
  _mm512_mask_storeu_epi8 (bright, mask, _mm512_subs_epu8 (centre, highest));
  _mm512_mask_storeu_epi8 (dark, mask, _mm512_subs_epu8 (lowest, centre));
}

void
lince_avx512_response_row (
    const uint8_t *pixels, ptrdiff_t stride, uint8_t *bright, uint8_t *dark, int width)
{
  int x = 0;

  for (; x + 64 <= width; x += 64)
    response64 (pixels + x, stride, bright + x, dark + x, first64 (64));
  if (x < width)
    response64 (pixels + x, stride, bright + x, dark + x, first64 (width - x));
}

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

/* Bits counted by nibbles (Mula's method). */
static inline __m512i
block_distances (const __m512i query[LINCE_DESCRIPTOR_WORDS], const LinceDescriptorBlock *block)
{
  const __m512i nibble = _mm512_set1_epi8 (15);
  const __m512i counts =
      _mm512_broadcast_i32x4 (_mm_setr_epi8 (0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
  __m512i sum = _mm512_setzero_si512 ();

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++) {
    __m512i bits = _mm512_xor_si512 (query[w], _mm512_loadu_si512 (block->words[w]));
    __m512i high = _mm512_and_si512 (_mm512_srli_epi16 (bits, 4), nibble);

    sum = _mm512_add_epi8 (
        sum, _mm512_add_epi8 (_mm512_shuffle_epi8 (counts, _mm512_and_si512 (bits, nibble)),
                 _mm512_shuffle_epi8 (counts, high)));
  }
  return _mm512_sad_epu8 (sum, _mm512_setzero_si512 ());
}

static void
distances (
    const LinceDescriptor *query, const LinceDescriptorBlock *blocks, uint32_t count, uint16_t *out)
{
  distances_with (block_distances, query, blocks, count, out);
}

static uint32_t
scan (const LinceDescriptor *query, const LinceDescriptorBlock *blocks, uint32_t count,
    uint32_t limit, uint32_t *out, uint32_t capacity)
{
  return scan_with (block_distances, query, blocks, count, limit, out, capacity);
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

uint32_t
lince_avx512_support (
    const LinceVotes *votes, uint32_t count, uint32_t seed, const LinceVoteReach *reach)
{
  const __m512 u = _mm512_set1_ps (votes->u[seed]), v = _mm512_set1_ps (votes->v[seed]);
  const __m512 low = _mm512_set1_ps (votes->scale[seed] * (1.f / reach->scale));
  const __m512 high = _mm512_set1_ps (votes->scale[seed] * reach->scale);
  const float near = reach->centre * votes->scale[seed];
  const __m512 bound = _mm512_set1_ps (near * near);
  const __m512i turn = _mm512_set1_epi32 (votes->turn[seed] - (int32_t) reach->turn);
  const __m512i turns = _mm512_set1_epi32 (2 * (int32_t) reach->turn),
                byte = _mm512_set1_epi32 (255);
  __m512i sum = _mm512_setzero_si512 ();

  for (uint32_t i = 0; i < count; i += 16) {
    __mmask16 mask = (__mmask16) first32 (count - i < 16 ? (int) (count - i) : 16);
    __m512 du = _mm512_sub_ps (_mm512_maskz_loadu_ps (mask, votes->u + i), u);
    __m512 dv = _mm512_sub_ps (_mm512_maskz_loadu_ps (mask, votes->v + i), v);
    __m512 scale = _mm512_maskz_loadu_ps (mask, votes->scale + i);
    __m512i turned = _mm512_sub_epi32 (_mm512_maskz_loadu_epi32 (mask, votes->turn + i), turn);

    du = _mm512_add_ps (_mm512_mul_ps (du, du), _mm512_mul_ps (dv, dv));
    mask = _mm512_mask_cmp_ps_mask (mask, du, bound, _CMP_LE_OQ);
    mask = _mm512_mask_cmp_ps_mask (mask, scale, low, _CMP_GE_OQ);
    mask = _mm512_mask_cmp_ps_mask (mask, scale, high, _CMP_LE_OQ);
    mask = _mm512_mask_cmple_epi32_mask (mask, _mm512_and_si512 (turned, byte), turns);
    sum = _mm512_add_epi32 (sum, _mm512_maskz_loadu_epi32 (mask, votes->weight + i));
  }
  return (uint32_t) _mm512_reduce_add_epi32 (sum);
}

const LinceKernels lince_kernels_avx512 = {lince_avx512_halve_row, two_thirds_row,
    lince_avx512_smooth_row, lince_avx512_response_row, lince_avx512_extrema_row, moments, describe,
    distances, scan, lince_avx512_choose, lince_avx512_support};
