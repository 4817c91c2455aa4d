/* SPDX-License-Identifier: LGPL-2.1-or-later
 * linced's configuration: a key file, checked as text before it is read, so that a duplicate, an
 * unknown key or a bad value is refused with file, line, group, key and remedy.
 *
 * A LincedConfig is immutable after loading and belongs to the thread that loaded it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LINCED_CONFIG_MAX_BYTES (1024 * 1024)
#define LINCED_CONFIG_MAX_STREAMS 1024
#define LINCED_DEFAULT_PORT 8770

typedef struct {
  char *id;              /* 1 to 128 bytes: letters, digits, . _ - */
  char *uri;             /* may hold a password: never log, see redact.h */
  char *pipeline;        /* a template's name */
  char *collection;      /* an absolute path: a directory or an index file */
  char *mode;            /* "sync" or "async" */
  gint64 interval;       /* ns between analysed frames, 0: all; negative: the element's default */
  gint64 budget;         /* ns of CPU time a frame; negative: the element's default */
  double min_confidence; /* 0 to 1; negative: the element's default */
  gboolean enabled;
} LincedStreamConfig;

typedef struct {
  char *path;
  char *listen;           /* a numeric address, default 127.0.0.1 */
  guint port;             /* 0: any free one */
  char *node;             /* this daemon's name in the record; NULL: the host's */
  char **allowed_origins; /* beside the server's own: "https://host[:port]" */
  char **allowed_hosts;   /* beside localhost and the listen address */
  guint max_connections;
  gboolean keep_streams; /* an orderly stop of the daemon leaves the streams running */
  GPtrArray *streams;    /* of LincedStreamConfig */
} LincedConfig;

/* Reads and checks the file. NULL with `error` (LINCED_CONFIG_ERROR): all problems found, one a
 * line, each as "FILE:LINE: [GROUP] KEY: what is wrong; what to write instead". */
LincedConfig *linced_config_load (const char *path, GError **error);

/* As above, from `text` (need not be terminated; may hold anything). `path` is for messages and
 * for what relative names in the text refer to. */
LincedConfig *linced_config_parse (
    const char *path, const char *text, gsize length, GError **error);

/* What holds without a file: no stream, everything else at its default. */
LincedConfig *linced_config_new_default (void);

void linced_config_free (LincedConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedConfig, linced_config_free)

/* NULL where there is none. */
const LincedStreamConfig *linced_config_find_stream (const LincedConfig *config, const char *id);

#define LINCED_CONFIG_ERROR (linced_config_error_quark ())
GQuark linced_config_error_quark (void);
typedef enum {
  LINCED_CONFIG_ERROR_FILE,    /* cannot be read */
  LINCED_CONFIG_ERROR_CONTENT, /* what it says is wrong */
} LincedConfigError;

G_END_DECLS
