/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The smoothing of a row, written once and compiled for each level: what compilers make of these
 * loops is as fast as intrinsics. */
#pragma once

#include <stdint.h>

static inline void
smooth_row (const uint8_t *const rows[5], uint16_t *scratch, uint8_t *out, int width)
{
  for (int x = 0; x < width; x++)
    scratch[x + 2] =
        (uint16_t) (rows[0][x] + rows[4][x] + 4 * (rows[1][x] + rows[3][x]) + 6 * rows[2][x]);
  scratch[0] = scratch[1] = scratch[2];
  scratch[width + 2] = scratch[width + 3] = scratch[width + 1];
  for (int x = 0; x < width; x++) {
    const uint16_t *s = scratch + x;
    /* at most 16 * 4080 + 128: said to be of 16 bits, twice as many fit a vector */
    uint16_t sum = (uint16_t) (s[0] + s[4] + 4 * (s[1] + s[3]) + 6 * s[2] + 128);

    out[x] = (uint8_t) (sum >> 8);
  }
}
