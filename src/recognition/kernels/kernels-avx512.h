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
