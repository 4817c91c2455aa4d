/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Random numbers that are the same on every machine (SplitMix64, Steele, Lea, Flood 2014). */
#pragma once

#include <stdint.h>

typedef struct {
  uint64_t state;
} LinceRandom;

static inline uint64_t
lince_random_next (LinceRandom *random)
{
  uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* An independent sequence for `what` within `seed`. */
static inline LinceRandom
lince_random_for (uint64_t seed, uint64_t what)
{
  LinceRandom random = {seed * 0xd1342543de82ef95u + what * 0x2545f4914f6cdd1du + 1};
  lince_random_next (&random);
  return random;
}

/* Even between `from` and `to`. */
static inline double
lince_random_range (LinceRandom *random, double from, double to)
{
  return from + (to - from) * (double) (lince_random_next (random) >> 11) * 0x1p-53;
}

/* A whole number from 0 to count - 1. */
static inline int
lince_random_below (LinceRandom *random, int count)
{
  return (int) (lince_random_next (random) % (uint64_t) count);
}
