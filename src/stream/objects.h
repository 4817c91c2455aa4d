/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a collection holds, told to the daemon: its objects with names and metadata, and the
 * references that cannot be used. The collection is opened, and compiled if need be, in a thread,
 * so that lincerecognize finds it compiled when it starts. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  GPtrArray *lines; /* char *: one or more lines of link.h each, newlines included */
  char revision[17];
  guint objects, problems;
} LinceObjects;

void lince_objects_free (LinceObjects *objects);

/* Opens `path`; `collection` is its id. The callback comes in the caller's main context. */
void lince_objects_load_async (const char *path, const char *collection, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data);
LinceObjects *lince_objects_load_finish (GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceObjects, lince_objects_free)
G_END_DECLS
