/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a compiled directory was compiled from, so that the next index of the same directory takes
 * over what has not changed. Internal. */
#pragma once

#include "media/collection_scan.h"

G_BEGIN_DECLS

typedef struct _LinceCollectionBase LinceCollectionBase;

/* Writes the scan's usable images and its objects' descriptions, with their stamps. */
gboolean lince_collection_base_write (
    const char *path, const LinceCollectionScan *scan, GError **error);

/* Reads what was written beside `index`, of which it takes a reference. NULL when it is not whole.
 */
LinceCollectionBase *lince_collection_base_read (const char *path, LinceIndex *index);
void lince_collection_base_free (LinceCollectionBase *base);

/* Borrowed. */
LinceIndex *lince_collection_base_get_index (const LinceCollectionBase *base);
/* The number in the index of what was enrolled from that very file for the same object; -1: none.
 */
gint64 lince_collection_base_find (
    const LinceCollectionBase *base, const LinceCollectionImage *image);
/* A LinceCollectionKnown; `user_data` is the base. */
gboolean lince_collection_base_describe (LinceCollectionObject *object, gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceCollectionBase, lince_collection_base_free)
G_END_DECLS
