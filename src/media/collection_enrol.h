/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Pictures of a scanned directory into an index builder, on several threads. Internal. */
#pragma once

#include "media/collection_base.h"

G_BEGIN_DECLS

/* Adds the scan's objects and images to a new builder, what `base` (may be NULL) has as it is
 * there. What cannot be used is appended to the scan's problems and reported. NULL with `error`
 * when cancelled, short of memory, or with nothing usable. */
LinceIndexBuilder *lince_collection_enrol (LinceCollectionScan *scan, const char *path,
    LinceCollectionBase *base, LinceCollectionReport report, gpointer user_data,
    GCancellable *cancellable, GError **error);

G_END_DECLS
