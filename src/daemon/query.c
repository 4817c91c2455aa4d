/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/query.h"

#include <gio/gio.h>

GHashTable *
linced_query_parse (const char *query, const char *const *known, GError **error)
{
  g_autoptr (GHashTable) fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError) cause = NULL;
  GUriParamsIter iter;
  char *name, *value;
  g_uri_params_iter_init (&iter, query, -1, "&", G_URI_PARAMS_WWW_FORM);
  while (g_uri_params_iter_next (&iter, &name, &value, &cause)) {
    gboolean is_known = g_strv_contains (known, name);
    if (!is_known) {
      g_autofree char *list = g_strjoinv (", ", (char **) known);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
          "The query has an unknown field '%.64s'; known here are %s.", name, list);
    }
    g_hash_table_replace (fields, name, value);
    if (!is_known)
      return NULL;
  }
  if (cause) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "The query is malformed: %s",
        cause->message);
    return NULL;
  }
  return g_steal_pointer (&fields);
}

gboolean
linced_query_number (GHashTable *fields, const char *name, guint64 low, guint64 high,
    guint64 otherwise, guint64 *value, GError **error)
{
  const char *text = g_hash_table_lookup (fields, name);
  *value = otherwise;
  if (!text || g_ascii_string_to_unsigned (text, 10, low, high, value, NULL))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      "%s: '%.64s' is not a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT ".",
      name, text, low, high);
  return FALSE;
}
