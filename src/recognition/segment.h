/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A segment: an immutable file of tagged blocks. Internal to the room.
 *
 * All numbers are little-endian.
 *
 *   byte  0  magic       8 bytes: 89 "LNCS" 0D 0A 1A
 *         8  version     u32: LINCE_SEGMENT_VERSION
 *        12  block count u32
 *        16  file size   u64, bytes
 *        24  reserved    u64: 0
 *        32  checksum    u64: XXH64 of the header with this field 0, then of the table with
 *                        the header's hash for a seed. It is the segment's hash, which names the
 *                        file, for through the table it depends on every block's bytes.
 *        40  reserved    24 bytes: 0
 *        64  table       32 bytes a block:
 *              0  tag      u32: four letters
 *              4  reserved u32: 0
 *              8  offset   u64: from the file's start, a multiple of 64
 *             16  size     u64: bytes
 *             24  checksum u64: XXH64 of the block's bytes
 *   blocks in the table's order, each at the next multiple of 64, zeros between */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recognition/error.h"

#define LINCE_SEGMENT_VERSION 1
#define LINCE_SEGMENT_HEADER 64
#define LINCE_SEGMENT_ALIGNMENT 64
#define LINCE_SEGMENT_MAX_BLOCKS (1u << 20)

#define LINCE_TAG(a, b, c, d)                                                                      \
  ((uint32_t) (a) | (uint32_t) (b) << 8 | (uint32_t) (c) << 16 | (uint32_t) (d) << 24)
#define LINCE_TAG_OBJECTS LINCE_TAG ('O', 'B', 'J', 'S')
#define LINCE_TAG_IMAGES LINCE_TAG ('I', 'M', 'G', 'S')
#define LINCE_TAG_TEXTURED LINCE_TAG ('T', 'X', 'T', 'R')
#define LINCE_TAG_MARKS LINCE_TAG ('M', 'A', 'R', 'K')
#define LINCE_TAG_REFERENCE LINCE_TAG ('R', 'E', 'F', 'S')

/* What a writer puts together: the bytes of one segment file. Zero it before its first use. */
typedef struct {
  uint8_t *table, *blocks;
  size_t table_size, blocks_size, table_room, blocks_room;
} LinceSegmentWriter;

bool lince_segment_writer_add (
    LinceSegmentWriter *writer, uint32_t tag, const void *data, size_t size, LinceError *error);
/* Hands over the file's bytes (from malloc()) and its hash, and clears the writer. */
bool lince_segment_writer_finish (
    LinceSegmentWriter *writer, uint8_t **data, size_t *size, uint64_t *hash, LinceError *error);
void lince_segment_writer_clear (LinceSegmentWriter *writer);

typedef struct LinceSegment LinceSegment;

/* Maps the segment file `path` and checks its structure; `size` and `hash` are what the manifest
 * says of it. */
LinceSegment *lince_segment_open (
    const char *path, uint64_t size, uint64_t hash, LinceError *error);
/* Whether `path` is still the file that is mapped, and not one that has taken its place. */
bool lince_segment_is_file (const LinceSegment *segment, const char *path);
/* The same for bytes in memory; takes `data`, from malloc(), also when it fails. */
LinceSegment *lince_segment_take (uint8_t *data, size_t size, uint64_t hash, LinceError *error);
/* Indexes share segments: each reference is given back. NULL is allowed for the latter. */
LinceSegment *lince_segment_ref (LinceSegment *segment);
void lince_segment_unref (LinceSegment *segment);

/* The file's bytes, unchecked. */
const uint8_t *lince_segment_bytes (const LinceSegment *segment, size_t *size);

uint32_t lince_segment_block_count (const LinceSegment *segment);
/* The number of the first block with that tag, or -1. */
int64_t lince_segment_find (const LinceSegment *segment, uint32_t tag);
/* Tag and size of block `number`, which must exist. */
uint32_t lince_segment_block_tag (const LinceSegment *segment, uint32_t number);
uint64_t lince_segment_block_size (const LinceSegment *segment, uint32_t number);

/* The bytes of a block. Its checksum is compared at the first call, once; NULL with `error` when
 * they are not those that were written or the file was truncated. Thread-safe. */
const void *lince_segment_block (LinceSegment *segment, uint32_t number, LinceError *error);

/* False with `error` once the file was found truncated while mapped, or a block was found damaged.
 * Cheap; thread-safe. */
bool lince_segment_intact (const LinceSegment *segment, LinceError *error);
