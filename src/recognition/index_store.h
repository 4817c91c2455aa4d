/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The files of an index being written: segments first, then the manifest by rename, then the
 * removal of what the old manifest alone named. Internal to the room. */
#pragma once

#include "recognition/manifest.h"

typedef struct {
  const char *path; /* of the manifest; borrowed */
  int directory;    /* locked while open: one writer a directory */
} LinceIndexStore;

bool lince_index_store_open (LinceIndexStore *store, const char *path, LinceError *error);
/* Writes a segment file, unless it is there already with the very same bytes, and names it in
 * `segment`. */
bool lince_index_store_segment (LinceIndexStore *store, const uint8_t *data, size_t size,
    uint64_t hash, LinceManifestSegment *segment, LinceError *error);
/* Names in `segment`, of which hash and size are set, the file of segment `old` of the index at
 * `path` (NULL: in memory), linked to where it is not the same. False when that cannot be done:
 * then the bytes must be written. */
bool lince_index_store_keep (LinceIndexStore *store, const char *path,
    const LinceManifestSegment *old, LinceManifestSegment *segment);
/* Writes the manifest in the old one's place and removes segments that it does not name. */
bool lince_index_store_manifest (
    LinceIndexStore *store, const LinceManifest *manifest, LinceError *error);
void lince_index_store_close (LinceIndexStore *store);
