/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the levels of AVX-512 share. Only for files compiled for AVX-512 F, BW, DQ and VL. */
#pragma once

#include <immintrin.h>

#include "recognition/kernels/kernels-avx2.h"

/* Kernels that gain nothing from later extensions. */
void lince_avx512_extrema_row (
    const uint8_t *const rows[3], const uint8_t *thresholds, int width, uint64_t *bits);
uint32_t lince_avx512_choose (
    const uint16_t *values, uint32_t count, uint32_t reach, uint32_t most, uint16_t *out);

static inline __mmask32
first32 (int n)
{
  return n >= 32 ? 0xffffffffu : (1u << n) - 1;
}

static inline __mmask64
first64 (int n)
{
  return n >= 64 ? ~0ull : (1ull << n) - 1;
}

/* Distances of a block, in 64-bit lanes. */
typedef __m512i (*BlockDistances) (
    const __m512i query[LINCE_DESCRIPTOR_WORDS], const LinceDescriptorBlock *block);

/* The loops over blocks, inlined with the way to count bits that the level has. */
static inline __attribute__ ((always_inline)) void
distances_with (BlockDistances block_distances, const LinceDescriptor *query,
    const LinceDescriptorBlock *blocks, uint32_t count, uint16_t *out)
{
  __m512i words[LINCE_DESCRIPTOR_WORDS];

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    words[w] = _mm512_set1_epi64 ((int64_t) query->words[w]);
  for (uint32_t b = 0; b < count; b++)
    _mm_storeu_si128 ((__m128i *) (out + b * LINCE_BLOCK),
        _mm512_cvtepi64_epi16 (block_distances (words, blocks + b)));
}

static inline __attribute__ ((always_inline)) uint32_t
scan_with (BlockDistances block_distances, const LinceDescriptor *query,
    const LinceDescriptorBlock *blocks, uint32_t count, uint32_t limit, uint32_t *out,
    uint32_t capacity)
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
