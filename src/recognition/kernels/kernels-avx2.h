/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Kernels for AVX2 that the levels of AVX-512 use too: twice as wide they are not faster, or
 * slower, because what they wait for is loads across cache lines (measured on Zen 4). */
#pragma once

#include "recognition/kernels/kernels.h"

void lince_avx2_halve_row (const uint8_t *a, const uint8_t *b, uint8_t *out, int width);
void lince_avx2_two_thirds_row (const uint8_t *a, const uint8_t *b, uint8_t *out, int width);
void lince_avx2_smooth_row (
    const uint8_t *const rows[5], uint16_t *scratch, uint8_t *out, int width);
void lince_avx2_response_row (
    const uint8_t *pixels, ptrdiff_t stride, uint8_t *bright, uint8_t *dark, int width);
void lince_avx2_distances (const LinceDescriptor *query, const LinceDescriptorBlock *blocks,
    uint32_t count, uint16_t *out);
uint32_t lince_avx2_scan (const LinceDescriptor *query, const LinceDescriptorBlock *blocks,
    uint32_t count, uint32_t limit, uint32_t *out, uint32_t capacity);
uint32_t lince_avx2_support (
    const LinceVotes *votes, uint32_t count, uint32_t seed, const LinceVoteReach *reach);
