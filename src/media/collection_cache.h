/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Compiled indexes in the cache directory, each under a key: KEY.index with its segments,
 * KEY.problems (what could not be used, for later openings), KEY.lock. Internal. */
#pragma once

#include "media/collection_scan.h"

G_BEGIN_DECLS

typedef struct _LinceCollectionCache LinceCollectionCache;

/* The entry for a directory whose fingerprint that is, locked until freed. Waits for another
 * process that compiles the same; NULL with `error` when cancelled or when the cache cannot be
 * used. */
LinceCollectionCache *lince_collection_cache_new (
    const char *fingerprint, GCancellable *cancellable, GError **error);
void lince_collection_cache_free (LinceCollectionCache *cache);

/* The index that is there, whole, or NULL. `problems` (LinceCollectionProblem) receives what could
 * not be used when it was compiled. */
LinceIndex *lince_collection_cache_open (LinceCollectionCache *cache, GPtrArray *problems);

/* Writes the index and the problems, removes the entries not used for longest, and opens what it
 * wrote. */
LinceIndex *lince_collection_cache_store (LinceCollectionCache *cache, LinceIndexBuilder *builder,
    const GPtrArray *problems, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceCollectionCache, lince_collection_cache_free)
G_END_DECLS
