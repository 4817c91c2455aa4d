/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The manifest: the small file that a user names as the index. Internal to the room.
 *
 * All numbers are little-endian.
 *
 *   byte  0  magic         8 bytes: 89 "LNCI" 0D 0A 1A
 *         8  version       u32: LINCE_MANIFEST_VERSION
 *        12  segment count u32: 1 to LINCE_MANIFEST_MAX_SEGMENTS
 *        16  file size     u64, bytes
 *        24  revision      u64: of the content, see catalogue.h
 *        32  object count  u32
 *        36  image count   u32
 *        40  reserved      16 bytes: 0
 *        56  checksum      u64: XXH64 of the file with this field 0
 *        64  segments      24 bytes and a name each:
 *              0  hash        u64: the segment's own
 *              8  size        u64: of its file, bytes
 *             16  name length u32: bytes, 1 to 255
 *             20  reserved    u32: 0
 *             24  name        of a file in the manifest's directory, zeros up to a multiple of 8
 *
 * The first segment holds objects, images and marks; each other one holds images' features in one block
 * and then the reference of each of them. A segment may hold images that the first does not name
 * any more. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recognition/error.h"

#define LINCE_MANIFEST_VERSION 3
#define LINCE_MANIFEST_HEADER 64
#define LINCE_MANIFEST_MAX_SEGMENTS 4096
#define LINCE_MANIFEST_MAX_SIZE (4096 * 1024)

typedef struct {
  uint64_t hash, size;
  char name[256]; /* of a file beside the manifest; "" for a segment in memory */
} LinceManifestSegment;

typedef struct {
  uint64_t revision;
  uint32_t object_count, image_count, segment_count;
  LinceManifestSegment *segments; /* owned */
} LinceManifest;

/* Reads and checks the manifest file `path`. The caller clears `manifest`, also after a failure. */
bool lince_manifest_read (LinceManifest *manifest, const char *path, LinceError *error);
/* The same for bytes in memory. */
bool lince_manifest_parse (
    LinceManifest *manifest, const uint8_t *data, size_t size, LinceError *error);
/* The file's bytes, from malloc(); NULL when memory is short. */
uint8_t *lince_manifest_write (const LinceManifest *manifest, size_t *size);
void lince_manifest_clear (LinceManifest *manifest);

/* A hash of the segments' hashes, in order: changes with the files, where the revision need not. */
uint64_t lince_manifest_identity (const LinceManifest *manifest);

/* The path of a file `name` beside the file `path`, from malloc(). */
char *lince_manifest_beside (const char *path, const char *name);
