/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A key file as text: which group and key stand on which line. GKeyFile merges duplicate groups
 * and keys silently and knows no lines; this looks first. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint line;  /* from 1 */
  char *group; /* "" before the first group */
  char *key;   /* NULL: the line opens the group */
} LincedConfigEntry;

typedef struct {
  const char *path;   /* borrowed */
  GPtrArray *entries; /* of LincedConfigEntry, in the file's order, without duplicates */
  GString *problems;  /* one a line */
  guint problem_count;
} LincedConfigText;

#define LINCED_CONFIG_MAX_PROBLEMS 20

/* Looks at `text` line by line; problems of syntax and duplicates are noted. */
LincedConfigText *linced_config_text_new (const char *path, const char *text, gsize length);
void linced_config_text_free (LincedConfigText *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedConfigText, linced_config_text_free)

/* The line of a key, or of the group where `key` is NULL or absent; 0 where there is none. */
guint linced_config_text_line (const LincedConfigText *self, const char *group, const char *key);

/* Notes a problem: "PATH:LINE: [GROUP] KEY: " and the sentence. `group` and `key` may be NULL. */
void linced_config_text_problem (LincedConfigText *self, guint line, const char *group,
    const char *key, const char *format, ...) G_GNUC_PRINTF (5, 6);

G_END_DECLS
