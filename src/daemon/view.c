/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/view.h"

#include <gio/gio.h>
#include <string.h>

#include "wire/client.h"
#include "wire/id.h"

struct _LincedView {
  int references;
  char *key;
  GHashTable *streams, *objects; /* NULL: all */
  guint types;                   /* a bit each LinceEventType; 0: all */
  gboolean metadata;
  GHashTable *placed; /* streams whose last `moved` held placements for this view */
};

static int
compare_words (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Adds the words of one value. */
static gboolean
add_words (GPtrArray *words, const char *field, const char *value, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (value, ",", LINCED_VIEW_MAX_WORDS + 1);
  for (char **part = parts; *part; part++) {
    if (!lince_id_is_valid (*part, -1) || words->len >= LINCED_VIEW_MAX_WORDS) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
          words->len >= LINCED_VIEW_MAX_WORDS ? "%s: more than 64 values"
                                              : "%s: holds a value that is no id",
          field);
      return FALSE;
    }
    if (!g_ptr_array_find_with_equal_func (words, *part, g_str_equal, NULL))
      g_ptr_array_add (words, g_strdup (*part));
  }
  return TRUE;
}

/* All words of a field, from all its repetitions, sorted. NULL with `error` where one is bad. */
static GPtrArray *
read_words (const char *query, const char *field, GError **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) cause = NULL;
  GUriParamsIter iter;
  char *name, *value;
  g_uri_params_iter_init (&iter, query, -1, "&", G_URI_PARAMS_WWW_FORM);
  while (!cause && g_uri_params_iter_next (&iter, &name, &value, &cause)) {
    if (strcmp (name, field) == 0)
      add_words (words, field, value, &cause);
    g_free (name);
    g_free (value);
  }
  if (cause) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return NULL;
  }
  g_ptr_array_sort (words, compare_words);
  return g_steal_pointer (&words);
}

/* The set of a field's words (NULL for all), noted in the key too. */
static gboolean
read_set (const char *query, const char *field, GString *key, GHashTable **set, GError **error)
{
  g_autoptr (GPtrArray) words = read_words (query, field, error);
  if (!words)
    return FALSE;
  if (words->len == 0)
    return TRUE;
  *set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_string_append_printf (key, "%s=", field);
  for (guint i = 0; i < words->len; i++) {
    const char *word = g_ptr_array_index (words, i);
    g_string_append_printf (key, "%s,", word);
    g_hash_table_add (*set, g_strdup (word));
  }
  g_string_append_c (key, '&');
  return TRUE;
}

static gboolean
read_types (LincedView *self, const char *query, GString *key, GError **error)
{
  g_autoptr (GHashTable) names = NULL;
  if (!read_set (query, "type", key, &names, error))
    return FALSE;
  if (!names)
    return TRUE;
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &name, NULL)) {
    LinceEventType type = lince_event_type_from_name (name);
    if (type == LINCE_EVENT_NONE) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
          "type: '%s' is none; known are appeared, standing, vanished, stream, gap, notice, moved",
          (const char *) name);
      return FALSE;
    }
    self->types |= 1u << type;
  }
  return TRUE;
}

static gboolean
read_metadata (LincedView *self, const char *query, GString *key, GError **error)
{
  g_autoptr (GPtrArray) words = read_words (query, "metadata", error);
  if (!words)
    return FALSE;
  const char *value = words->len > 0 ? g_ptr_array_index (words, 0) : "0";
  if (words->len > 1 || (strcmp (value, "0") != 0 && strcmp (value, "1") != 0)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "metadata: is either 0 or 1");
    return FALSE;
  }
  self->metadata = *value == '1';
  g_string_append (key, self->metadata ? "metadata" : "");
  return TRUE;
}

LincedView *
linced_view_new (const char *query, GError **error)
{
  g_autoptr (LincedView) self = g_new0 (LincedView, 1);
  g_autoptr (GString) key = g_string_new (NULL);
  g_autoptr (GError) cause = NULL;
  self->references = 1;
  self->placed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!query)
    query = "";
  if (!read_set (query, "stream", key, &self->streams, &cause) ||
      !read_set (query, "object", key, &self->objects, &cause) ||
      !read_types (self, query, key, &cause) || !read_metadata (self, query, key, &cause)) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return NULL;
  }
  self->key = g_strdup (key->str);
  return g_steal_pointer (&self);
}

LincedView *
linced_view_ref (LincedView *self)
{
  self->references++;
  return self;
}

void
linced_view_unref (LincedView *self)
{
  if (!self || --self->references > 0)
    return;
  g_clear_pointer (&self->streams, g_hash_table_unref);
  g_clear_pointer (&self->objects, g_hash_table_unref);
  g_hash_table_unref (self->placed);
  g_free (self->key);
  g_free (self);
}

const char *
linced_view_key (const LincedView *self)
{
  return self->key;
}

gboolean
linced_view_is_plain (const LincedView *self)
{
  return !self->objects && !self->metadata;
}

gboolean
linced_view_wants_metadata (const LincedView *self)
{
  return self->metadata;
}

gboolean
linced_view_passes_stream (const LincedView *self, const char *stream)
{
  return !self->streams || g_hash_table_contains (self->streams, stream);
}

gboolean
linced_view_passes_object (const LincedView *self, const char *object)
{
  return !self->objects || g_hash_table_contains (self->objects, object);
}

gboolean
linced_view_passes (const LincedView *self, const LinceEvent *event)
{
  if (event->type == LINCE_EVENT_GAP)
    return TRUE;
  if (self->types && !(self->types & 1u << event->type))
    return FALSE;
  if (*event->stream && !linced_view_passes_stream (self, event->stream))
    return FALSE;
  return !*event->object || linced_view_passes_object (self, event->object);
}

/* `moved` with this view's objects only. */
static char *
write_moved (LincedView *self, const LinceEvent *event)
{
  LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS];
  LinceEvent copy = *event;
  copy.placements = placements;
  copy.placement_count = 0;
  for (guint i = 0; i < event->placement_count; i++) {
    if (linced_view_passes_object (self, event->placements[i].object))
      placements[copy.placement_count++] = event->placements[i];
  }
  gboolean had = g_hash_table_contains (self->placed, event->stream);
  if (copy.placement_count == 0 && !had)
    return NULL;
  if (copy.placement_count > 0 && !had)
    g_hash_table_add (self->placed, g_strdup (event->stream));
  else if (copy.placement_count == 0)
    g_hash_table_remove (self->placed, event->stream);
  GString *line = g_string_new (NULL);
  lince_event_write (&copy, line);
  g_string_truncate (line, line->len - 1);
  return g_string_free (line, FALSE);
}

char *
linced_view_join_metadata (const LincedView *self, const LinceEvent *event, const char *line,
    gsize length, LincedMetadataFunc metadata, gpointer data)
{
  const char *json =
      self->metadata && *event->object ? metadata (event->stream, event->object, data) : NULL;
  g_autoptr (GBytes) whole = g_bytes_new (line, length);
  g_autoptr (GBytes) joined = json ? lince_client_join_metadata (whole, json) : g_bytes_ref (whole);
  gsize size;
  const char *text = g_bytes_get_data (joined, &size);
  while (size > 0 && text[size - 1] == '\n')
    size--;
  return g_strndup (text, size);
}

char *
linced_view_write (LincedView *self, const LinceEvent *event, const char *line, gsize length,
    LincedMetadataFunc metadata, gpointer data)
{
  if (event->type == LINCE_EVENT_MOVED && self->objects)
    return write_moved (self, event);
  return linced_view_join_metadata (self, event, line, length, metadata, data);
}
