/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/config.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>

#include "daemon/config-text.h"
#include "wire/id.h"

G_DEFINE_QUARK (linced - config - error - quark, linced_config_error)

#define DAEMON_GROUP "daemon"
#define STREAM_PREFIX "stream "

static const char *const daemon_keys[] = {"listen", "port", "node", "allowed-origins",
    "allowed-hosts", "max-connections", "keep-streams", NULL};
static const char *const stream_keys[] = {"uri", "pipeline", "collection", "mode", "interval",
    "budget", "min-confidence", "enabled", NULL};

/* What the readers of single values need. */
typedef struct {
  LincedConfigText *text;
  GKeyFile *file;
  const char *group;
} Reader;

static void
stream_config_free (gpointer data)
{
  LincedStreamConfig *stream = data;
  g_free (stream->id);
  g_free (stream->uri);
  g_free (stream->pipeline);
  g_free (stream->collection);
  g_free (stream->mode);
  g_free (stream);
}

LincedConfig *
linced_config_new_default (void)
{
  LincedConfig *config = g_new0 (LincedConfig, 1);
  config->listen = g_strdup ("127.0.0.1");
  config->port = LINCED_DEFAULT_PORT;
  config->allowed_origins = g_new0 (char *, 1);
  config->allowed_hosts = g_new0 (char *, 1);
  config->max_connections = 4096;
  config->streams = g_ptr_array_new_with_free_func (stream_config_free);
  return config;
}

void
linced_config_free (LincedConfig *config)
{
  if (!config)
    return;
  g_free (config->path);
  g_free (config->listen);
  g_free (config->node);
  g_strfreev (config->allowed_origins);
  g_strfreev (config->allowed_hosts);
  g_ptr_array_unref (config->streams);
  g_free (config);
}

const LincedStreamConfig *
linced_config_find_stream (const LincedConfig *config, const char *id)
{
  for (guint i = 0; i < config->streams->len; i++) {
    const LincedStreamConfig *stream = g_ptr_array_index (config->streams, i);
    if (strcmp (stream->id, id) == 0)
      return stream;
  }
  return NULL;
}

#define problem(reader, key, ...)                                                                  \
  linced_config_text_problem ((reader)->text,                                                      \
      linced_config_text_line ((reader)->text, (reader)->group, key), (reader)->group, key,        \
      __VA_ARGS__)

static gboolean
has (const Reader *reader, const char *key)
{
  return g_key_file_has_key (reader->file, reader->group, key, NULL);
}

/* Replaces *value where the key is there; an empty value is a problem. */
static void
read_string (const Reader *reader, const char *key, char **value)
{
  if (!has (reader, key))
    return;
  g_autoptr (GError) error = NULL;
  g_autofree char *read = g_key_file_get_string (reader->file, reader->group, key, &error);
  if (!read) {
    problem (reader, key, "not readable (%s); write a backslash as \\\\", error->message);
  } else if (*read == '\0') {
    problem (reader, key, "is empty; give it a value or remove the line");
  } else {
    g_free (*value);
    *value = g_steal_pointer (&read);
  }
}

static void
read_boolean (const Reader *reader, const char *key, gboolean *value)
{
  g_autofree char *text = NULL;
  read_string (reader, key, &text);
  if (!text)
    return;
  if (strcmp (text, "true") == 0)
    *value = TRUE;
  else if (strcmp (text, "false") == 0)
    *value = FALSE;
  else
    problem (reader, key, "'%s' is neither true nor false", text);
}

static void
read_number (const Reader *reader, const char *key, guint64 low, guint64 high, guint *value)
{
  g_autofree char *text = NULL;
  read_string (reader, key, &text);
  guint64 number;
  if (!text)
    return;
  if (g_ascii_string_to_unsigned (text, 10, low, high, &number, NULL))
    *value = (guint) number;
  else
    problem (reader, key,
        "'%s' is not a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, text, low,
        high);
}

static void
read_share (const Reader *reader, const char *key, double *value)
{
  g_autofree char *text = NULL;
  read_string (reader, key, &text);
  if (!text)
    return;
  char *end;
  double number = g_ascii_strtod (text, &end);
  if (end != text && *end == '\0' && number >= 0 && number <= 1)
    *value = number;
  else
    problem (reader, key, "'%s' is not a number from 0 to 1; write for example 0.5", text);
}

/* "40ms", "0.5s", "250us", "0" to ns, 0 to one hour. */
static void
read_duration (const Reader *reader, const char *key, gint64 *value)
{
  static const struct {
    const char *unit;
    double ns;
  } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  g_autofree char *text = NULL;
  read_string (reader, key, &text);
  if (!text)
    return;
  char *end;
  double number = g_ascii_strtod (text, &end);
  double scale = end != text && *end == '\0' && number == 0 ? 1 : 0;
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++) {
    if (end != text && strcmp (end, units[i].unit) == 0)
      scale = units[i].ns;
  }
  if (scale > 0 && number >= 0 && number * scale <= 3600e9)
    *value = (gint64) llround (number * scale);
  else
    problem (reader, key,
        "'%s' is not a duration; write a number with ns, us, ms or s, such as 40ms", text);
}

/* Words separated by ';', ',' or blanks. */
static void
read_words (const Reader *reader, const char *key, char ***value)
{
  g_autofree char *text = NULL;
  read_string (reader, key, &text);
  if (!text)
    return;
  g_auto (GStrv) parts = g_strsplit_set (text, ";, \t", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (char **part = parts; *part; part++) {
    if (**part)
      g_strv_builder_add (builder, *part);
  }
  g_strfreev (*value);
  *value = g_strv_builder_end (builder);
}

static char *
resolve_path (const LincedConfigText *text, const char *name)
{
  g_autofree char *folder = g_path_get_dirname (text->path);
  return g_canonicalize_filename (name, g_path_is_absolute (folder) ? folder : NULL);
}

/* A URI as it is; a file's name becomes a file: URI, relative to the configuration's folder. */
static void
check_uri (const Reader *reader, LincedStreamConfig *stream)
{
  g_autofree char *scheme = g_uri_parse_scheme (stream->uri);
  if (!scheme) {
    g_autofree char *path = resolve_path (reader->text, stream->uri);
    g_free (stream->uri);
    stream->uri = g_filename_to_uri (path, NULL, NULL);
  } else if (strlen (stream->uri) > 4096) {
    problem (reader, "uri", "is longer than 4096 bytes");
  }
}

static void
check_stream (const Reader *reader, LincedStreamConfig *stream)
{
  if (!stream->uri && !has (reader, "uri"))
    problem (reader, "uri", "is missing; write the stream's address, such as uri=rtsp://camera/1");
  if (!stream->collection && !has (reader, "collection"))
    problem (reader, "collection",
        "is missing; name the folder with the pictures to recognise, or an index file");
  if (stream->uri)
    check_uri (reader, stream);
  if (!lince_id_is_valid (stream->pipeline, -1))
    problem (reader, "pipeline",
        "'%s' is not a template's name; use letters, digits, '.', '_' and '-'", stream->pipeline);
  if (stream->collection) {
    g_autofree char *path = resolve_path (reader->text, stream->collection);
    g_free (stream->collection);
    stream->collection = g_steal_pointer (&path);
  }
  if (strcmp (stream->mode, "sync") != 0 && strcmp (stream->mode, "async") != 0)
    problem (reader, "mode", "'%s' is neither sync nor async", stream->mode);
}

static void
check_keys (const Reader *reader, const char *const *known)
{
  g_auto (GStrv) keys = g_key_file_get_keys (reader->file, reader->group, NULL, NULL);
  for (char **key = keys; key && *key; key++) {
    if (g_strv_contains (known, *key))
      continue;
    g_autofree char *list = g_strjoinv (", ", (char **) known);
    problem (reader, *key, "unknown key; known here are %s", list);
  }
}

static void
read_stream (const Reader *reader, LincedConfig *config)
{
  const char *id = reader->group + strlen (STREAM_PREFIX);
  LincedStreamConfig *stream = g_new0 (LincedStreamConfig, 1);
  g_ptr_array_add (config->streams, stream);
  stream->id = g_strdup (id);
  stream->pipeline = g_strdup ("default");
  stream->mode = g_strdup ("sync");
  stream->interval = stream->budget = -1;
  stream->min_confidence = -1;
  stream->enabled = TRUE;
  if (!lince_id_is_valid (id, -1))
    problem (reader, NULL,
        "not a stream's id; use 1 to 128 letters, digits, '.', '_' and '-', no dot first");
  if (config->streams->len > LINCED_CONFIG_MAX_STREAMS)
    problem (reader, NULL, "more than %d streams; share them among several daemons",
        LINCED_CONFIG_MAX_STREAMS);
  check_keys (reader, stream_keys);
  read_string (reader, "uri", &stream->uri);
  read_string (reader, "pipeline", &stream->pipeline);
  read_string (reader, "collection", &stream->collection);
  read_string (reader, "mode", &stream->mode);
  read_duration (reader, "interval", &stream->interval);
  read_duration (reader, "budget", &stream->budget);
  read_share (reader, "min-confidence", &stream->min_confidence);
  read_boolean (reader, "enabled", &stream->enabled);
  check_stream (reader, stream);
}

/* "scheme://host[:port]" and nothing behind it, as browsers write an origin. */
static gboolean
is_origin (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);
  return uri && g_uri_get_host (uri) && *g_uri_get_path (uri) == '\0' && !g_uri_get_query (uri) &&
         !g_uri_get_userinfo (uri);
}

static void
read_daemon (const Reader *reader, LincedConfig *config)
{
  check_keys (reader, daemon_keys);
  read_string (reader, "listen", &config->listen);
  read_number (reader, "port", 0, 65535, &config->port);
  read_string (reader, "node", &config->node);
  read_words (reader, "allowed-origins", &config->allowed_origins);
  read_words (reader, "allowed-hosts", &config->allowed_hosts);
  read_number (reader, "max-connections", 8, 100000, &config->max_connections);
  read_boolean (reader, "keep-streams", &config->keep_streams);

  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (config->listen);
  if (!address)
    problem (reader, "listen",
        "'%s' is not a numeric address; write 127.0.0.1, ::1, 0.0.0.0 or the like", config->listen);
  if (config->node && !lince_id_is_valid (config->node, -1))
    problem (
        reader, "node", "'%s' is not a name; use letters, digits, '.', '_' and '-'", config->node);
  for (char **origin = config->allowed_origins; *origin; origin++) {
    if (!is_origin (*origin))
      problem (reader, "allowed-origins",
          "'%s' is not an origin; write https://host or https://host:port", *origin);
  }
  for (char **host = config->allowed_hosts; *host; host++) {
    if (strpbrk (*host, "/@?#"))
      problem (reader, "allowed-hosts",
          "'%s' is not a host's name; write it without scheme and path", *host);
  }
}

static void
read_groups (LincedConfigText *text, GKeyFile *file, LincedConfig *config)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  for (char **group = groups; *group; group++) {
    Reader reader = {text, file, *group};
    if (strcmp (*group, DAEMON_GROUP) == 0)
      read_daemon (&reader, config);
    else if (g_str_has_prefix (*group, STREAM_PREFIX))
      read_stream (&reader, config);
    else
      problem (&reader, NULL, "unknown group; known are [daemon] and [stream ID]");
  }
}

LincedConfig *
linced_config_parse (const char *path, const char *text, gsize length, GError **error)
{
  g_autoptr (LincedConfigText) lines = linced_config_text_new (path, text, length);
  g_autoptr (LincedConfig) config = linced_config_new_default ();
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) syntax = NULL;
  config->path = g_strdup (path);
  /* the scan has judged the syntax; what GKeyFile refuses beyond that has no line of its own */
  gboolean loads =
      length > 0 && g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &syntax);
  if (loads)
    read_groups (lines, file, config);
  else if (length > 0 && lines->problem_count == 0)
    linced_config_text_problem (lines, 1, NULL, NULL, "not a key file: %s", syntax->message);
  if (lines->problem_count == 0)
    return g_steal_pointer (&config);
  if (lines->problem_count > LINCED_CONFIG_MAX_PROBLEMS)
    g_string_append_printf (lines->problems, "\n%s: and %u problems more", path,
        lines->problem_count - LINCED_CONFIG_MAX_PROBLEMS);
  g_set_error_literal (
      error, LINCED_CONFIG_ERROR, LINCED_CONFIG_ERROR_CONTENT, lines->problems->str);
  return NULL;
}

LincedConfig *
linced_config_load (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (GError) cause = NULL;
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR)) {
    g_set_error (error, LINCED_CONFIG_ERROR, LINCED_CONFIG_ERROR_FILE,
        "%s: %s; name the configuration with --config FILE", path,
        g_file_test (path, G_FILE_TEST_EXISTS) ? "not a regular file" : "no such file");
    return NULL;
  }
  if (!g_file_get_contents (path, &text, &length, &cause)) {
    g_set_error (error, LINCED_CONFIG_ERROR, LINCED_CONFIG_ERROR_FILE, "%s: cannot be read: %s",
        path, cause->message);
    return NULL;
  }
  if (length > LINCED_CONFIG_MAX_BYTES) {
    g_set_error (error, LINCED_CONFIG_ERROR, LINCED_CONFIG_ERROR_CONTENT,
        "%s: larger than 1 MiB; this is hardly a configuration", path);
    return NULL;
  }
  return linced_config_parse (path, text, length, error);
}
