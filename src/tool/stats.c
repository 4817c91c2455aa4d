/* SPDX-License-Identifier: LGPL-2.1-or-later
 * `lince stats`: the daemon's account as a table, JSON or CSV. */
#include <json-glib/json-glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tool/command.h"
#include "tool/remote.h"

#define ANSWER_MAX (256 * 1024 * 1024)

static LinceRemoteOptions remote_options;
static char *from, *to, *by, *stream, *object, *timezone_name, *format;

static const GOptionEntry entries[] = {
    {"from", 0, 0, G_OPTION_ARG_STRING, &from, "Count from TIME on", "TIME"},
    {"to", 0, 0, G_OPTION_ARG_STRING, &to, "Count what lies before TIME", "TIME"},
    {"by", 0, 0, G_OPTION_ARG_STRING, &by,
        "A row for each of: object, stream, hour or day, with commas; '' for one row (object)",
        "LIST"},
    {"stream", 0, 0, G_OPTION_ARG_STRING, &stream, "Only this stream", "ID"},
    {"object", 0, 0, G_OPTION_ARG_STRING, &object, "Only this object", "ID"},
    {"timezone", 0, 0, G_OPTION_ARG_STRING, &timezone_name,
        "Hours, days and times of ZONE, like Europe/Madrid (UTC)", "ZONE"},
    {"format", 0, 0, G_OPTION_ARG_STRING, &format, "table, json or csv (table)", "FORMAT"},
    LINCE_REMOTE_ENTRIES (remote_options),
    {NULL},
};

/* ---- asking ---- */

static GBytes *
read_answer (GInputStream *body, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 part[16384];
  gssize got;

  while ((got = g_input_stream_read (body, part, sizeof part, NULL, error)) > 0) {
    g_byte_array_append (bytes, part, (guint) got);
    if (bytes->len > ANSWER_MAX) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the answer is too long; ask for less");
      return NULL;
    }
  }
  return got < 0 ? NULL : g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

/* the sentence of an answer {"error":{"message":…}}; transfer full, NULL when it is none */
static char *
get_message (GBytes *answer)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  gsize length;
  const char *text = g_bytes_get_data (answer, &length);

  if (length > 65536 || !json_parser_load_from_data (parser, text, (gssize) length, NULL) ||
      !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    return NULL;
  JsonNode *node =
      json_object_get_member (json_node_get_object (json_parser_get_root (parser)), "error");
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  node = json_object_get_member (json_node_get_object (node), "message");
  return node && JSON_NODE_HOLDS_VALUE (node) ? json_node_dup_string (node) : NULL;
}

static int
report_status (LinceRemote *remote, SoupMessage *message, GBytes *answer)
{
  guint status = soup_message_get_status (message);
  g_autofree char *sentence = get_message (answer);
  int exit_status = status == SOUP_STATUS_UNAUTHORIZED || status == SOUP_STATUS_FORBIDDEN
                        ? EX_NOPERM
                    : status == SOUP_STATUS_BAD_REQUEST ? EX_USAGE
                                                        : EX_UNAVAILABLE;

  if (sentence)
    return lince_command_fail (exit_status, "%s", sentence);
  return lince_command_fail (exit_status, "%s answers %u %s", lince_remote_shown (remote), status,
      soup_message_get_reason_phrase (message));
}

/* the answer's body; NULL with the exit status */
static GBytes *
ask (LinceRemote *remote, gboolean csv, int *status)
{
  const char *const query[] = {"from", from, "to", to, "by", by ? by : "object", "stream", stream,
      "object", object, "timezone", timezone_name, "format", csv ? "csv" : "json", NULL};
  g_autoptr (SoupMessage) message = lince_remote_request (remote, "/api/v1/statistics", query);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) body =
      soup_session_send (lince_remote_session (remote), message, NULL, &error);
  g_autoptr (GBytes) answer = body ? read_answer (body, &error) : NULL;

  if (answer == NULL) {
    *status = lince_command_fail (
        EX_UNAVAILABLE, "%s: %s; is linced running?", lince_remote_shown (remote), error->message);
    return NULL;
  }
  if (soup_message_get_status (message) != SOUP_STATUS_OK) {
    *status = report_status (remote, message, answer);
    return NULL;
  }
  return g_steal_pointer (&answer);
}

/* ---- the table ---- */

typedef struct {
  const char *member, *title;
  enum { TEXT, COUNT, SECONDS, PERCENT, TIME } kind;
} Column;

static const Column columns[] = {
    {"period", "Time", TEXT},
    {"stream", "Stream", TEXT},
    {"object", "Object", TEXT},
    {"name", "Name", TEXT},
    {"exposures", "Exposures", COUNT},
    {"seconds", "Seconds", SECONDS},
    {"seconds_once", "Once", SECONDS},
    {"share", "Share", PERCENT},
    {"peak_share", "Peak", PERCENT},
    {"first", "First", TIME},
    {"last", "Last", TIME},
};

/* what a terminal must not get from a name: control characters */
static char *
make_printable (const char *text)
{
  GString *clean = g_string_new (NULL);

  for (; *text; text = g_utf8_next_char (text)) {
    gunichar letter = g_utf8_get_char (text);
    g_string_append_unichar (clean, g_unichar_isprint (letter) ? letter : 0xfffd);
  }
  return g_string_free (clean, FALSE);
}

static char *
format_time (const char *text, GTimeZone *zone)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, NULL);
  g_autoptr (GDateTime) local = time ? g_date_time_to_timezone (time, zone) : NULL;

  return local ? g_date_time_format (local, "%Y-%m-%d %H:%M:%S") : g_strdup ("");
}

static char *
format_cell (const Column *column, JsonObject *row, GTimeZone *zone)
{
  JsonNode *node = json_object_get_member (row, column->member);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return g_strdup ("");
  switch (column->kind) {
    case COUNT:
      return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
    case SECONDS:
      return g_strdup_printf ("%.1f", json_node_get_double (node));
    case PERCENT:
      return g_strdup_printf ("%.2f %%", json_node_get_double (node) * 100);
    case TIME:
      return format_time (json_node_get_string (node) ? json_node_get_string (node) : "", zone);
    default:
      return make_printable (json_node_get_string (node) ? json_node_get_string (node) : "");
  }
}

static void
print_cell (const char *text, glong width, gboolean right, gboolean last)
{
  int blanks = (int) (width - g_utf8_strlen (text, -1));

  if (right)
    printf ("%*s%s", blanks, "", text);
  else if (last)
    fputs (text, stdout);
  else
    printf ("%s%*s", text, blanks, "");
  fputs (last ? "\n" : "  ", stdout);
}

/* cells[row][column], the titles first; a column that no row has is left out */
static void
print_cells (GPtrArray *cells, const gboolean *shown)
{
  glong widths[G_N_ELEMENTS (columns)] = {0};
  guint last = 0;

  for (guint r = 0; r < cells->len; r++)
    for (guint c = 0; c < G_N_ELEMENTS (columns); c++) {
      widths[c] = MAX (widths[c], g_utf8_strlen (((char **) cells->pdata[r])[c], -1));
      last = shown[c] ? MAX (last, c) : last;
    }
  for (guint r = 0; r < cells->len; r++)
    for (guint c = 0; c < G_N_ELEMENTS (columns); c++)
      if (shown[c])
        print_cell (((char **) cells->pdata[r])[c], widths[c],
            columns[c].kind == COUNT || columns[c].kind == SECONDS || columns[c].kind == PERCENT,
            c == last);
}

static void
print_table (JsonArray *rows, GTimeZone *zone)
{
  g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  gboolean shown[G_N_ELEMENTS (columns)] = {FALSE};
  char **titles = g_new0 (char *, G_N_ELEMENTS (columns) + 1);

  for (guint c = 0; c < G_N_ELEMENTS (columns); c++)
    titles[c] = g_strdup (columns[c].title);
  g_ptr_array_add (cells, titles);
  for (guint r = 0; r < json_array_get_length (rows); r++) {
    JsonNode *row = json_array_get_element (rows, r);
    if (!JSON_NODE_HOLDS_OBJECT (row))
      continue;
    char **line = g_new0 (char *, G_N_ELEMENTS (columns) + 1);
    for (guint c = 0; c < G_N_ELEMENTS (columns); c++) {
      line[c] = format_cell (&columns[c], json_node_get_object (row), zone);
      shown[c] |= line[c][0] != '\0';
    }
    g_ptr_array_add (cells, line);
  }
  if (cells->len == 1)
    puts ("Nothing has been seen in that time.");
  else
    print_cells (cells, shown);
}

static int
show_table (LinceRemote *remote, GBytes *answer)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GTimeZone) zone =
      timezone_name ? g_time_zone_new_identifier (timezone_name) : g_time_zone_new_utc ();
  gsize length;
  const char *text = g_bytes_get_data (answer, &length);
  JsonNode *root = NULL, *rows = NULL;

  if (json_parser_load_from_data (parser, text, (gssize) length, NULL))
    root = json_parser_get_root (parser);
  if (root && JSON_NODE_HOLDS_OBJECT (root))
    rows = json_object_get_member (json_node_get_object (root), "rows");
  if (rows == NULL || !JSON_NODE_HOLDS_ARRAY (rows) || zone == NULL)
    return lince_command_fail (
        EX_PROTOCOL, "%s does not answer like a linced", lince_remote_shown (remote));
  print_table (json_node_get_array (rows), zone);
  return EX_OK;
}

static int
run (int count, char **arguments)
{
  g_autoptr (GError) error = NULL;
  const char *shape = format ? format : "table";
  int status = EX_OK;

  if (!g_strv_contains ((const char *const[]){"table", "json", "csv", NULL}, shape))
    return lince_command_fail (EX_USAGE, "--format: '%s' is not table, json or csv", shape);
  g_autoptr (LinceRemote) remote = lince_remote_new (&remote_options, &error);
  if (remote == NULL)
    return lince_command_fail_with (EX_USAGE, error);
  g_autoptr (GBytes) answer = ask (remote, strcmp (shape, "csv") == 0, &status);
  if (answer == NULL)
    return status;
  if (strcmp (shape, "table") == 0)
    return show_table (remote, answer);
  fwrite (g_bytes_get_data (answer, NULL), 1, g_bytes_get_size (answer), stdout);
  return EX_OK;
}

const LinceCommand lince_command_stats = {
    .name = "stats",
    .arguments = "",
    .summary = "Print a daemon's account: exposures, seconds on screen, share of the picture",
    .description =
        "TIME is like 2026-11-23, 2026-11-23T05:00 or 2026-11-23T05:00:00Z, whole minutes.\n"
        "Seconds counts each copy of an object, Once the time with at least one. Share is the part "
        "of\n"
        "the picture while it was on screen, Peak the greatest.",
    .entries = entries,
    .run = run,
};
