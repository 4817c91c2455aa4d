/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Sums and means of rows of several frames, written once and compiled for each level: what
 * compilers make of these loops is as fast as intrinsics. */
#pragma once

#include <stddef.h>
#include <stdint.h>

static void
add_row (const uint8_t *restrict row, uint16_t *restrict sums, int width)
{
  for (int x = 0; x < width; x++)
    sums[x] = (uint16_t) (sums[x] + row[x]);
}

static void
mean_row (const uint16_t *restrict sums, const uint16_t *restrict others, uint32_t factor,
    uint8_t *restrict out, int width)
{
  for (int x = 0; x < width; x++) {
    uint32_t mean = (((uint32_t) sums[x] + others[x]) * factor + 32768) >> 16;

    out[x] = (uint8_t) (mean < 255 ? mean : 255);
  }
}
