/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the generators' compiled blocks have in common: a header that begins with magic, version and
 * number of images, each a uint32_t, and parts behind it without gaps. Internal to the room. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recognition/error.h"

/* A generator's block. */
typedef struct {
  const char *name; /* "the block of ..." */
  uint32_t magic, version;
  size_t header_size;
} LinceBlockKind;

/* Refuses a block in words. Returns false. */
bool lince_block_refuse (
    const LinceBlockKind *kind, LinceErrorCode code, const char *what, LinceError *error);

/* Checks what all headers begin with, and copies the header. `data` must be 8-byte aligned. */
bool lince_block_read_header (const LinceBlockKind *kind, const void *data, size_t size,
    uint32_t image_count, void *header, LinceError *error);

/* Points at the `count` parts of `sizes` bytes. */
bool lince_block_find_parts (const LinceBlockKind *kind, const void *data, size_t size,
    const uint64_t *sizes, int count, const void **parts, LinceError *error);
