/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Numbers kept between two others. Internal to the room. */
#pragma once

static inline int
lince_clamp (int value, int low, int high)
{
  return value < low ? low : value > high ? high : value;
}

/* What is no number becomes `low`. */
static inline float
lince_limit (float value, float low, float high)
{
  return value > low ? value < high ? value : high : low;
}
