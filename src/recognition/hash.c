/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/hash.h"

#include "recognition/bytes.h"

#define PRIME_1 0x9E3779B185EBCA87u
#define PRIME_2 0xC2B2AE3D27D4EB4Fu
#define PRIME_3 0x165667B19E3779F9u
#define PRIME_4 0x85EBCA77C2B2AE63u
#define PRIME_5 0x27D4EB2F165667C5u

static inline uint64_t
rotate (uint64_t value, int bits)
{
  return value << bits | value >> (64 - bits);
}

static inline uint64_t
mix (uint64_t lane, uint64_t input)
{
  return rotate (lane + input * PRIME_2, 31) * PRIME_1;
}

static inline uint64_t
merge (uint64_t hash, uint64_t lane)
{
  return (hash ^ mix (0, lane)) * PRIME_1 + PRIME_4;
}

static uint64_t
hash_stripes (const uint8_t **input, const uint8_t *end, uint64_t seed)
{
  uint64_t lanes[4] = {seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1};
  const uint8_t *p = *input;
  uint64_t hash;

  for (; end - p >= 32; p += 32)
    for (int i = 0; i < 4; i++)
      lanes[i] = mix (lanes[i], lince_get_u64 (p + 8 * i));
  hash =
      rotate (lanes[0], 1) + rotate (lanes[1], 7) + rotate (lanes[2], 12) + rotate (lanes[3], 18);
  for (int i = 0; i < 4; i++)
    hash = merge (hash, lanes[i]);
  *input = p;
  return hash;
}

uint64_t
lince_hash64 (const void *data, size_t size, uint64_t seed)
{
  const uint8_t *p = data, *end = p + size;
  uint64_t hash = size >= 32 ? hash_stripes (&p, end, seed) : seed + PRIME_5;

  hash += size;
  for (; end - p >= 8; p += 8)
    hash = rotate (hash ^ mix (0, lince_get_u64 (p)), 27) * PRIME_1 + PRIME_4;
  if (end - p >= 4) {
    hash = rotate (hash ^ lince_get_u32 (p) * PRIME_1, 23) * PRIME_2 + PRIME_3;
    p += 4;
  }
  for (; p < end; p++)
    hash = rotate (hash ^ *p * PRIME_5, 11) * PRIME_1;
  hash = (hash ^ hash >> 33) * PRIME_2;
  hash = (hash ^ hash >> 29) * PRIME_3;
  return hash ^ hash >> 32;
}
