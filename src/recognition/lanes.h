/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Eight float lanes whatever the machine has: the order of sums is then the same everywhere.
 * Internal to the room. No lanes are passed between files: inlined functions only. */
#pragma once

#include <stdint.h>
#include <string.h>

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
  LinceLanesInt less = a < b;

  return (LinceLanes) (((LinceLanesInt) a & less) | ((LinceLanesInt) b & ~less));
}

static inline LinceLanes
lince_lanes_most (LinceLanes a, LinceLanes b)
{
  LinceLanesInt more = a > b;

  return (LinceLanes) (((LinceLanesInt) a & more) | ((LinceLanesInt) b & ~more));
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
  LinceLanesInt from = iy * (int32_t) grey->stride + ix, upper, lower;
  LinceLanesPairs above, below;

  /* two neighbours by one load */
  for (int i = 0; i < LINCE_LANES; i++) {
    const uint8_t *p = grey->data + from[i];

    above[i] = lince_lanes_pair (p);
    below[i] = lince_lanes_pair (p + grey->stride);
  }
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
