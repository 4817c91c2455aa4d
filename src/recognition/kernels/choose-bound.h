/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How far choose() goes, written once and compiled for each level, which counts in its own way. */
#pragma once

#include <stdint.h>

/* The largest bound from `least` to `reach` above it that no more than `most` values are within;
 * `least` where there is none. `count_to` tells how many of `count` values are at most a bound. */
static inline uint32_t
choose_bound (uint32_t (*count_to) (const uint16_t *values, uint32_t count, uint32_t bound),
    const uint16_t *values, uint32_t count, uint32_t least, uint32_t reach, uint32_t most)
{
  uint32_t top = least + reach;

  while (least < top) {
    uint32_t middle = (least + top + 1) / 2;

    if (count_to (values, count, middle) <= most)
      least = middle;
    else
      top = middle - 1;
  }
  return least < UINT16_MAX ? least : UINT16_MAX;
}
