/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Eight float lanes whatever the machine has: the order of sums is then the same everywhere.
 * Internal to the room. No lanes are passed between files: inlined functions only. */
#pragma once

#include <stdint.h>
#include <string.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "recognition/pyramid.h"

#pragma GCC diagnostic ignored "-Wpsabi" /* see above */

#define LINCE_LANES 8

typedef float LinceLanes __attribute__ ((vector_size (32)));
typedef int32_t LinceLanesInt __attribute__ ((vector_size (32)));
typedef float LinceLanesHalf __attribute__ ((vector_size (16)));
typedef int32_t LinceLanesHalfInt __attribute__ ((vector_size (16)));
typedef uint16_t LinceLanesPairs __attribute__ ((vector_size (16)));

static inline LinceLanes
lince_lanes_load (const float *p)
{
  LinceLanes v;

  memcpy (&v, p, sizeof v);
  return v;
}

static inline void
lince_lanes_store (float *p, LinceLanes v)
{
  memcpy (p, &v, sizeof v);
}

static inline float
lince_lanes_sum (LinceLanes v)
{
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/* Into 0 to `most`, not-a-number to 0: no rounding leads a read out of the picture. */
static inline LinceLanes
lince_lanes_limit (LinceLanes value, float most)
{
#ifdef __AVX2__
  /* of two numbers that are equal, or none, both give the second: as the comparisons below do */
  return (LinceLanes) _mm256_min_ps (
      _mm256_max_ps ((__m256) value, _mm256_setzero_ps ()), _mm256_set1_ps (most));
#else
  const LinceLanesHalf low = {0}, high = low + most;
  LinceLanesHalf halves[2];

  /* comparisons of more lanes than the machine has are made one by one */
  memcpy (halves, &value, sizeof halves);
  for (int i = 0; i < 2; i++) {
    LinceLanesHalfInt bits = (LinceLanesHalfInt) halves[i] & (halves[i] > low);
    LinceLanesHalfInt below = (LinceLanesHalf) bits < high;

    halves[i] = (LinceLanesHalf) ((bits & below) | ((LinceLanesHalfInt) high & ~below));
  }
  memcpy (&value, halves, sizeof value);
  return value;
#endif
}

/* Two neighbouring bytes, the first in the lower half. */
static inline uint16_t
lince_lanes_pair (const uint8_t *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  uint16_t pair;

  memcpy (&pair, p, sizeof pair);
  return pair;
#else
  return (uint16_t) (p[0] | p[1] << 8);
#endif
}

/* The smaller and the larger of two, lane by lane. */
static inline LinceLanes
lince_lanes_least (LinceLanes a, LinceLanes b)
{
#ifdef __AVX2__
  return (LinceLanes) _mm256_min_ps ((__m256) a, (__m256) b);
#else
  LinceLanesInt less = a < b;

  return (LinceLanes) (((LinceLanesInt) a & less) | ((LinceLanesInt) b & ~less));
#endif
}

static inline LinceLanes
lince_lanes_most (LinceLanes a, LinceLanes b)
{
#ifdef __AVX2__
  return (LinceLanes) _mm256_max_ps ((__m256) a, (__m256) b);
#else
  LinceLanesInt more = a > b;

  return (LinceLanes) (((LinceLanesInt) a & more) | ((LinceLanesInt) b & ~more));
#endif
}

#ifdef __AVX2__
/* The lower halves of eight 32-bit values. */
static inline LinceLanesPairs
lince_lanes_narrow (__m256i values)
{
  values = _mm256_and_si256 (values, _mm256_set1_epi32 (0xffff));
  return (LinceLanesPairs) _mm_packus_epi32 (
      _mm256_castsi256_si128 (values), _mm256_extracti128_si256 (values, 1));
}

/* As lince_lanes_pairs(), of rows from top to bottom. Where all lie in 16 columns and three rows,
 * as those of what is hardly turned do, by three loads and shuffles (ns for 2,560 samples on a Zen
 * 4: 9,990 pair by pair, 5,000 so); else gathered four bytes at a time (6,300), which must not
 * reach beyond the last row. */
static inline void
lince_lanes_pairs_avx2 (const LinceGrey *grey, LinceLanesInt ix, LinceLanesInt iy,
    LinceLanesInt from, LinceLanesPairs *above, LinceLanesPairs *below)
{
  int32_t column = ix[0] < ix[7] ? ix[0] : ix[7], row = iy[0] < iy[7] ? iy[0] : iy[7];
  LinceLanesInt right = ix - column, down = iy - row;
  __m256i outside = (__m256i) (((right | (right + 1)) & ~15) | (down & ~1));

  if (_mm256_testz_si256 (outside, outside) && column + 16 <= grey->width) {
    const uint8_t *p = grey->data + (ptrdiff_t) row * grey->stride + column;
    ptrdiff_t last = row + 2 < grey->height ? 2 * grey->stride : grey->stride;
    __m128i order = (__m128i) lince_lanes_narrow ((__m256i) (right * 0x101 + 0x100));
    __m128i lower =
        _mm_cmpgt_epi16 ((__m128i) lince_lanes_narrow ((__m256i) down), _mm_setzero_si128 ());
    __m128i first = _mm_shuffle_epi8 (_mm_loadu_si128 ((const void *) p), order);
    __m128i second = _mm_shuffle_epi8 (_mm_loadu_si128 ((const void *) (p + grey->stride)), order);
    __m128i third = _mm_shuffle_epi8 (_mm_loadu_si128 ((const void *) (p + last)), order);

    *above = (LinceLanesPairs) _mm_blendv_epi8 (first, second, lower);
    *below = (LinceLanesPairs) _mm_blendv_epi8 (second, third, lower);
  } else {
    int32_t most = (grey->height - 2) * (int32_t) grey->stride + grey->width - 4;
    __m256i at = _mm256_min_epi32 ((__m256i) from, _mm256_set1_epi32 (most));
    __m256i shift = _mm256_slli_epi32 (_mm256_sub_epi32 ((__m256i) from, at), 3);

    *above =
        lince_lanes_narrow (_mm256_i32gather_epi32 ((const void *) grey->data, (__m256i) from, 1));
    *below = lince_lanes_narrow (_mm256_srlv_epi32 (
        _mm256_i32gather_epi32 ((const void *) (grey->data + grey->stride), at, 1), shift));
  }
}
#endif

/* The pairs of neighbours from column ix and row iy on, and those below them. */
static inline void
lince_lanes_pairs (const LinceGrey *grey, LinceLanesInt ix, LinceLanesInt iy,
    LinceLanesPairs *above, LinceLanesPairs *below)
{
  LinceLanesInt from = iy * (int32_t) grey->stride + ix;

#ifdef __AVX2__
  if (grey->stride > 0) {
    lince_lanes_pairs_avx2 (grey, ix, iy, from, above, below);
    return;
  }
#endif
  for (int i = 0; i < LINCE_LANES; i++) {
    const uint8_t *p = grey->data + from[i];

    (*above)[i] = lince_lanes_pair (p);
    (*below)[i] = lince_lanes_pair (p + grey->stride);
  }
}

/* Eight samples of a picture of at least 2 x 2, bilinear, at (x, y) counted from the first sample's
 * middle; outside, its edge is repeated. */
static inline LinceLanes
lince_lanes_sample (const LinceGrey *grey, LinceLanes x, LinceLanes y)
{
  LinceLanes px = lince_lanes_limit (x, (float) grey->width - 1.01f);
  LinceLanes py = lince_lanes_limit (y, (float) grey->height - 1.01f);
  LinceLanesInt ix = __builtin_convertvector(px, LinceLanesInt);
  LinceLanesInt iy = __builtin_convertvector(py, LinceLanesInt);
  LinceLanes fx = px - __builtin_convertvector(ix, LinceLanes);
  LinceLanes fy = py - __builtin_convertvector(iy, LinceLanes);
  LinceLanes a, b, c, d, top, bottom;
  LinceLanesInt upper, lower;
  LinceLanesPairs above, below;

  lince_lanes_pairs (grey, ix, iy, &above, &below);
  upper = __builtin_convertvector(above, LinceLanesInt);
  lower = __builtin_convertvector(below, LinceLanesInt);
  a = __builtin_convertvector(upper & 255, LinceLanes);
  b = __builtin_convertvector(upper >> 8, LinceLanes);
  c = __builtin_convertvector(lower & 255, LinceLanes);
  d = __builtin_convertvector(lower >> 8, LinceLanes);
  top = a + fx * (b - a);
  bottom = c + fx * (d - c);
  return top + fy * (bottom - top);
}
