/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Loads a collection in a thread of its own, and again whenever it has changed on disk: an element
 * has no main loop. */
#pragma once

#include "media/collection.h"

G_BEGIN_DECLS

typedef struct _LinceLoader LinceLoader;

/* Called in the loader's thread. */
typedef struct {
  /* A collection is ready. It may be the one before, unchanged. `index` is borrowed; `problems` of
   * its pictures cannot be used, of which `first_problem` says the first's reason (else NULL).
   * `index` and `path` are NULL when no collection is wanted any more. */
  void (*loaded) (LinceIndex *index, const char *path, guint problems, const char *first_problem,
      gpointer user_data);
  /* It could not be loaded; what was loaded before (`kept`) goes on serving. */
  void (*failed) (const char *path, const GError *error, gboolean kept, gpointer user_data);
  /* One of its pictures cannot be used. */
  void (*problem) (const char *path, const char *image, const char *text, gpointer user_data);
} LinceLoaderCallbacks;

/* Starts loading `path`. */
LinceLoader *lince_loader_new (
    const char *path, const LinceLoaderCallbacks *callbacks, gpointer user_data);
/* Cancels what runs and joins the thread. NULL is allowed. */
void lince_loader_free (LinceLoader *loader);

/* From any thread: load another collection (NULL: none); load the same again though it seems
 * unchanged. */
void lince_loader_set_path (LinceLoader *loader, const char *path);
void lince_loader_reload (LinceLoader *loader);

/* Waits until the first loading has ended, well or not, or waiting is forbidden. */
void lince_loader_wait (LinceLoader *loader);
void lince_loader_forbid_wait (LinceLoader *loader, gboolean forbid);

G_END_DECLS
