/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Compiled indexes in the cache directory, each under a key: KEY.index with its segments,
 * KEY.problems (what could not be used, for later openings), KEY.files (what it was compiled from),
 * KEY.sound (the segments' files as they were when their checksums were right), KEY.lock; and for
 * each directory DIRECTORY.latest, which holds the KEY that was compiled last. Internal. */
#pragma once

#include "media/collection_base.h"

G_BEGIN_DECLS

typedef struct _LinceCollectionCache LinceCollectionCache;

/* The entry for directory `path`, whose fingerprint that is, locked until freed. Waits for another
 * process that compiles the same; NULL with `error` when cancelled or when the cache cannot be
 * used. */
LinceCollectionCache *lince_collection_cache_new (
    const char *path, const char *fingerprint, GCancellable *cancellable, GError **error);
void lince_collection_cache_free (LinceCollectionCache *cache);

/* The index that is there, whole, or NULL; shares segments with `current` (NULL: none). `problems`
 * (LinceCollectionProblem) receives what could not be used when it was compiled. */
LinceIndex *lince_collection_cache_open (
    LinceCollectionCache *cache, LinceIndex *current, GPtrArray *problems);

/* What was compiled of the same directory last, or NULL. */
LinceCollectionBase *lince_collection_cache_base (LinceCollectionCache *cache, LinceIndex *current);

/* Writes the index and what belongs to it, removes the entries not used for longest, and opens what
 * it wrote; shares segments with `shared` (NULL: none). */
LinceIndex *lince_collection_cache_store (LinceCollectionCache *cache, LinceIndex *shared,
    LinceIndexBuilder *builder, const LinceCollectionScan *scan, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceCollectionCache, lince_collection_cache_free)
G_END_DECLS
