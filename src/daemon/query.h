/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The fields of a request's query, checked against those that its route knows. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Field to value (both owned); of a repeated field the last. NULL with `error` (G_IO_ERROR,
 * INVALID_ARGUMENT) where it does not parse or has a field that is not in `known`. */
GHashTable *linced_query_parse (const char *query, const char *const *known, GError **error);

/* A whole number; `otherwise` where the field is absent. FALSE with `error` where it is none, or
 * outside of low to high. */
gboolean linced_query_number (GHashTable *fields, const char *name, guint64 low, guint64 high,
    guint64 otherwise, guint64 *value, GError **error);

G_END_DECLS
