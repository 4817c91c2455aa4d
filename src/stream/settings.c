/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/settings.h"

#include <string.h>

G_DEFINE_QUARK (lince - settings - error - quark, lince_settings_error)

void
lince_stream_settings_init (LinceStreamSettings *settings)
{
  memset (settings, 0, sizeof *settings);
  settings->interval = settings->budget = -1;
  settings->minimum_confidence = -1;
}

void
lince_stream_settings_clear (LinceStreamSettings *settings)
{
  g_clear_pointer (&settings->uri, g_free);
  g_clear_pointer (&settings->pipeline, g_free);
  g_clear_pointer (&settings->collection, g_free);
  g_clear_pointer (&settings->collection_id, g_free);
  g_clear_pointer (&settings->mode, g_free);
}

void
lince_stream_settings_copy (LinceStreamSettings *target, const LinceStreamSettings *source)
{
  LinceStreamSettings copy = *source;

  copy.uri = g_strdup (source->uri);
  copy.pipeline = g_strdup (source->pipeline);
  copy.collection = g_strdup (source->collection);
  copy.collection_id = g_strdup (source->collection_id);
  copy.mode = g_strdup (source->mode);
  lince_stream_settings_clear (target);
  *target = copy;
}

static gboolean
refuse (GError **error, const char *text)
{
  g_set_error_literal (error, LINCE_SETTINGS_ERROR, LINCE_SETTINGS_ERROR_VALUE, text);
  return FALSE;
}

gboolean
lince_stream_settings_check (const LinceStreamSettings *settings, GError **error)
{
  g_autofree char *scheme = settings->uri ? g_uri_parse_scheme (settings->uri) : NULL;

  if (!scheme)
    return refuse (error, "uri: not a URI; give one with its scheme, such as rtsp://HOST/PATH or "
                          "file:///PATH.");
  if (settings->mode && strcmp (settings->mode, "sync") != 0 &&
      strcmp (settings->mode, "async") != 0)
    return refuse (error, "mode: neither `sync` nor `async`.");
  if (settings->minimum_confidence > 1)
    return refuse (error, "minimum_confidence: above 1; give a number from 0 to 1.");
  return TRUE;
}

gboolean
lince_stream_settings_equal (const LinceStreamSettings *one, const LinceStreamSettings *other)
{
  return g_strcmp0 (one->uri, other->uri) == 0 && g_strcmp0 (one->pipeline, other->pipeline) == 0 &&
         g_strcmp0 (one->collection, other->collection) == 0 &&
         g_strcmp0 (one->collection_id, other->collection_id) == 0 &&
         g_strcmp0 (one->mode, other->mode) == 0 && one->interval == other->interval &&
         one->budget == other->budget && one->minimum_confidence == other->minimum_confidence;
}

gboolean
lince_stream_settings_need_rebuild (const LinceStreamSettings *from, const LinceStreamSettings *to)
{
  return g_strcmp0 (from->uri, to->uri) != 0 || g_strcmp0 (from->pipeline, to->pipeline) != 0 ||
         g_strcmp0 (from->mode, to->mode) != 0 || (from->interval >= 0 && to->interval < 0) ||
         (from->budget >= 0 && to->budget < 0) ||
         (from->minimum_confidence >= 0 && to->minimum_confidence < 0);
}

static char *
without (char *text, const char *secret, const char *instead)
{
  g_auto (GStrv) parts = NULL;

  if (!secret || !*secret)
    return text;
  parts = g_strsplit (text, secret, -1);
  g_free (text);
  return g_strjoinv (instead, parts);
}

char *
lince_stream_settings_redact (const char *text, const char *uri)
{
  const char *authority = uri ? strstr (uri, "://") : NULL;
  const char *query = uri ? strchr (uri, '?') : NULL;
  char *result = g_strdup (text);
  gsize length;

  if (query)
    result = without (result, query, "?...");
  if (authority) {
    authority += 3;
    length = strcspn (authority, "/?#");
    for (gsize i = length; i-- > 0;) {
      if (authority[i] == '@') {
        g_autofree char *user = g_strndup (authority, i + 1);
        g_autofree char *bare = g_strndup (authority, i);
        const char *password = strchr (bare, ':');

        result = without (result, user, "");
        result = without (result, bare, "...");
        if (password && strlen (password + 1) >= 3)
          result = without (result, password + 1, "...");
        break;
      }
    }
  }
  return result;
}
