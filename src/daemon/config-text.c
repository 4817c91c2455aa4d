/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/config-text.h"

#include <string.h>

static void
entry_free (gpointer data)
{
  LincedConfigEntry *entry = data;
  g_free (entry->group);
  g_free (entry->key);
  g_free (entry);
}

void
linced_config_text_problem (
    LincedConfigText *self, guint line, const char *group, const char *key, const char *format, ...)
{
  if (self->problem_count++ >= LINCED_CONFIG_MAX_PROBLEMS)
    return;
  if (self->problems->len > 0)
    g_string_append_c (self->problems, '\n');
  g_string_append_printf (self->problems, "%s:%u: ", self->path, line);
  if (group && *group)
    g_string_append_printf (self->problems, "[%s] ", group);
  if (key)
    g_string_append_printf (self->problems, "%s: ", key);
  va_list arguments;
  va_start (arguments, format);
  g_string_append_vprintf (self->problems, format, arguments);
  va_end (arguments);
}

guint
linced_config_text_line (const LincedConfigText *self, const char *group, const char *key)
{
  guint group_line = 0;
  for (guint i = 0; i < self->entries->len; i++) {
    const LincedConfigEntry *entry = g_ptr_array_index (self->entries, i);
    if (strcmp (entry->group, group) != 0)
      continue;
    if (!entry->key)
      group_line = entry->line;
    else if (key && strcmp (entry->key, key) == 0)
      return entry->line;
  }
  return group_line;
}

static void
add_entry (LincedConfigText *self, GHashTable *seen, guint line, const char *group, const char *key)
{
  g_autofree char *name = key ? g_strconcat (group, "\n", key, NULL) : g_strdup (group);
  guint first = GPOINTER_TO_UINT (g_hash_table_lookup (seen, name));
  if (first) {
    linced_config_text_problem (self, line, group, key,
        key ? "this key already stands on line %u; keep one of the two"
            : "this group already begins on line %u; put its keys into one group",
        first);
    return;
  }
  g_hash_table_insert (seen, g_steal_pointer (&name), GUINT_TO_POINTER (line));
  LincedConfigEntry *entry = g_new0 (LincedConfigEntry, 1);
  entry->line = line;
  entry->group = g_strdup (group);
  entry->key = g_strdup (key);
  g_ptr_array_add (self->entries, entry);
}

/* One line without its end; `group` is the open one and is replaced by a group's line. */
static void
scan_line (LincedConfigText *self, GHashTable *seen, guint number, char *line, char **group)
{
  g_strstrip (line);
  if (*line == '\0' || *line == '#')
    return;
  if (*line == '[') {
    gsize length = strlen (line);
    if (length < 3 || line[length - 1] != ']' || strpbrk (line + 1, "[") ||
        memchr (line + 1, ']', length - 2)) {
      linced_config_text_problem (self, number, NULL, NULL,
          "not a group; write [daemon] or [stream ID] on a line of its own");
      return;
    }
    g_free (*group);
    *group = g_strndup (line + 1, length - 2);
    add_entry (self, seen, number, *group, NULL);
    return;
  }
  char *equals = strchr (line, '=');
  if (!equals || equals == line) {
    linced_config_text_problem (
        self, number, *group, NULL, "neither a comment, a group nor key=value; write key=value");
    return;
  }
  *equals = '\0';
  g_strchomp (line);
  if (!*group)
    linced_config_text_problem (self, number, NULL, line,
        "stands before the first group; put it under [daemon] or [stream ID]");
  else
    add_entry (self, seen, number, *group, line);
}

LincedConfigText *
linced_config_text_new (const char *path, const char *text, gsize length)
{
  LincedConfigText *self = g_new0 (LincedConfigText, 1);
  self->path = path;
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->problems = g_string_new (NULL);

  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *group = NULL;
  guint number = 0;
  for (gsize start = 0; start < length;) {
    const char *newline = memchr (text + start, '\n', length - start);
    gsize end = newline ? (gsize) (newline - text) : length;
    number++;
    const char *bytes = text + start;
    if (memchr (bytes, '\0', end - start) || !g_utf8_validate_len (bytes, end - start, NULL)) {
      linced_config_text_problem (
          self, number, NULL, NULL, "not UTF-8 text; save the file as plain UTF-8");
    } else {
      g_autofree char *line = g_strndup (bytes, end - start);
      scan_line (self, seen, number, line, &group);
    }
    start = end + 1;
  }
  return self;
}

void
linced_config_text_free (LincedConfigText *self)
{
  if (!self)
    return;
  g_ptr_array_unref (self->entries);
  g_string_free (self->problems, TRUE);
  g_free (self);
}
