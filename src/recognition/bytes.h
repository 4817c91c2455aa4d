/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Little-endian numbers in files, whatever the machine, at any alignment. Internal to the room. */
#pragma once

#include <stdint.h>
#include <string.h>

static inline uint32_t
lince_get_u32 (const void *bytes)
{
  const uint8_t *b = bytes;

  return (uint32_t) b[0] | (uint32_t) b[1] << 8 | (uint32_t) b[2] << 16 | (uint32_t) b[3] << 24;
}

static inline uint64_t
lince_get_u64 (const void *bytes)
{
  const uint8_t *b = bytes;

  return (uint64_t) lince_get_u32 (b) | (uint64_t) lince_get_u32 (b + 4) << 32;
}

static inline void
lince_put_u32 (void *bytes, uint32_t value)
{
  uint8_t *b = bytes;

  for (int i = 0; i < 4; i++)
    b[i] = (uint8_t) (value >> (8 * i));
}

static inline void
lince_put_u64 (void *bytes, uint64_t value)
{
  lince_put_u32 (bytes, (uint32_t) value);
  lince_put_u32 ((uint8_t *) bytes + 4, (uint32_t) (value >> 32));
}
