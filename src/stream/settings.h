/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a stream is told to do: from the daemon's `configure`, or from the command line when alone.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LINCE_SETTINGS_DEFAULT_PIPELINE "default"

/* Strings are owned; NULL or negative: not set, the element's own default holds. */
typedef struct {
  char *uri;
  char *pipeline;      /* a template's name */
  char *collection;    /* a directory or an index file; NULL: nothing to recognise */
  char *collection_id; /* as events name it; NULL: made from the last part of the path */
  char *mode;          /* "sync" or "async" */
  gint64 interval;     /* ns */
  gint64 budget;       /* ns */
  double minimum_confidence;
} LinceStreamSettings;

void lince_stream_settings_init (LinceStreamSettings *settings);
void lince_stream_settings_clear (LinceStreamSettings *settings);
void lince_stream_settings_copy (LinceStreamSettings *target, const LinceStreamSettings *source);

/* Checks what can be checked without opening anything; `error` names the key and the remedy. */
gboolean lince_stream_settings_check (const LinceStreamSettings *settings, GError **error);
gboolean lince_stream_settings_equal (
    const LinceStreamSettings *one, const LinceStreamSettings *other);
/* TRUE when the pipeline must be built anew to go from one to the other. */
gboolean lince_stream_settings_need_rebuild (
    const LinceStreamSettings *from, const LinceStreamSettings *to);

/* `text` with the secrets of `uri` (user, password, query) taken out. Transfer full. */
char *lince_stream_settings_redact (const char *text, const char *uri);

#define LINCE_SETTINGS_ERROR (lince_settings_error_quark ())
GQuark lince_settings_error_quark (void);
typedef enum {
  LINCE_SETTINGS_ERROR_VALUE,    /* a value that cannot be */
  LINCE_SETTINGS_ERROR_TEMPLATE, /* no such template, or one that does not parse */
} LinceSettingsError;

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LinceStreamSettings, lince_stream_settings_clear)
G_END_DECLS
