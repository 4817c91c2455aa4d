/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A collection as people keep it, a directory or a compiled index, made ready for the recogniser.
 *
 * A directory holds `ID.EXT` or `ID/` with `*.EXT` (png, jpg, jpeg, webp, svg; in any case), and
 * `ID.json` beside it ({"name": text, "metadata": object, "generators": list of some of
 * "textured", "mark", "bug", "variants": list of names, see media/variant.h}). It is never written
 * to. What was
 * compiled is kept in the cache directory under a hash of what it was compiled from, so that the
 * next start maps it, and after a change only the files that are new or changed are enrolled;
 * several processes agree by a lock there. Where the cache cannot be written, the index is compiled
 * into memory. What another build of the library has compiled is not used. */
#pragma once

#include <gio/gio.h>

#include "recognition/index.h"

G_BEGIN_DECLS

#define LINCE_COLLECTION_ERROR (lince_collection_error_quark ())
LINCE_API GQuark lince_collection_error_quark (void);
typedef enum {
  LINCE_COLLECTION_ERROR_OPEN,  /* no such directory or file, or no right to read it */
  LINCE_COLLECTION_ERROR_EMPTY, /* not one usable reference in it */
  LINCE_COLLECTION_ERROR_INDEX, /* an index was refused or cannot be written; the text says why */
  LINCE_COLLECTION_ERROR_IMAGE, /* of a problem: a reference that is a picture and cannot serve */
} LinceCollectionError;

/* How many threads enrol pictures: 1 to 16, or 0 for one a processor (the default). For the
 * process. */
LINCE_API void lince_collection_set_threads (guint threads);

/* Called for each reference (`image` names its file, and its variant where it is one; `problem` is
 * NULL when it is usable, `report` NULL when it is not) and for progress (`image` NULL). `done` of
 * `total` images are finished; those taken over from an index of the same directory are not
 * reported. */
typedef void (*LinceCollectionReport) (const char *image, const LinceEnrolment *report,
    const GError *problem, guint done, guint total, gpointer user_data);

/* Opens `path`, a directory or an index file. Compiles a directory when the cache holds no index
 * for its present content; that may take seconds: call it in a thread of your own. When the index
 * comes from the cache, `report` still hears of every reference that had a problem. `report` may be
 * NULL and is called in the calling thread; the order of good references is not fixed. Returns a
 * reference, or NULL with `error`. */
LINCE_API LinceIndex *lince_collection_open (const char *path, LinceCollectionReport report,
    gpointer user_data, GCancellable *cancellable, GError **error);
/* The same for one that is in use, as `current` (NULL: none): what both hold is neither mapped nor
 * checked again. */
LINCE_API LinceIndex *lince_collection_reopen (LinceIndex *current, const char *path,
    LinceCollectionReport report, gpointer user_data, GCancellable *cancellable, GError **error);

/* Compiles the directory `path` into the index file `output`, without the cache. `problems` (may be
 * NULL) receives how many references were not usable. */
LINCE_API gboolean lince_collection_compile (const char *path, const char *output,
    LinceCollectionReport report, gpointer user_data, guint *problems, GCancellable *cancellable,
    GError **error);

/* The directory for compiled indexes: $LINCE_CACHE_DIR, /var/cache/lince for root, else
 * $XDG_CACHE_HOME/lince. Transfer full. */
LINCE_API char *lince_collection_cache_dir (void);

/* A fingerprint of what `path` holds now (names, sizes, times of change); differs when the
 * directory or the index file has been changed. Cheap: for watching. Transfer full, NULL when
 * unreadable. */
LINCE_API char *lince_collection_fingerprint (const char *path);

G_END_DECLS
