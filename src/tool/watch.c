/* SPDX-License-Identifier: LGPL-2.1-or-later
 * `lince watch`: follows a daemon's events in a terminal, over breaks of the connection. */
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>

#include "tool/command.h"
#include "tool/remote.h"
#include "tool/watch_line.h"
#include "wire/client.h"

#define MESSAGE_MAX (64 * 1024 * 1024) /* a hello with many streams and exposures is long */
#define RETRY_FIRST_MS 500
#define RETRY_MOST_MS 10000

static LinceRemoteOptions remote_options;
static char *stream, *object, *types;
static gboolean json, moved;
static int count_wanted;
static double seconds_wanted;

static const GOptionEntry entries[] = {
    {"stream", 0, 0, G_OPTION_ARG_STRING, &stream, "Only these streams, with commas", "ID"},
    {"object", 0, 0, G_OPTION_ARG_STRING, &object, "Only these objects, with commas", "ID"},
    {"type", 0, 0, G_OPTION_ARG_STRING, &types,
        "Only these: appeared, standing, vanished, stream, gap, notice, moved (all but moved)",
        "LIST"},
    {"moved", 0, 0, G_OPTION_ARG_NONE, &moved, "Show the placements of every frame too", NULL},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print each event as it comes, a JSON object a line",
        NULL},
    {"count", 0, 0, G_OPTION_ARG_INT, &count_wanted, "End after N events", "N"},
    {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds_wanted, "End after N seconds", "N"},
    LINCE_REMOTE_ENTRIES (remote_options),
    {NULL},
};

typedef struct {
  LinceRemote *remote;
  GMainLoop *loop;
  GCancellable *cancel;
  SoupMessage *handshake;
  SoupWebsocketConnection *connection;
  guint retry_ms;
  gboolean told;      /* that there is no connection */
  gboolean connected; /* once at least */
  char log[37];       /* "" before the first hello */
  guint64 sequence;   /* the last number seen */
  int shown, status;
  LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS];
} Watch;

static void connect_to (Watch *watch);

static void
finish (Watch *watch, int status)
{
  watch->status = status;
  g_main_loop_quit (watch->loop);
}

static gboolean
retry (gpointer data)
{
  connect_to (data);
  return G_SOURCE_REMOVE;
}

static void
retry_later (Watch *watch, const char *why)
{
  if (!watch->told)
    g_printerr ("lince: %s: %s; trying again\n", lince_remote_shown (watch->remote), why);
  watch->told = TRUE;
  g_timeout_add (watch->retry_ms, retry, watch);
  watch->retry_ms = MIN (watch->retry_ms * 2, RETRY_MOST_MS);
}

/* ---- messages ---- */

static void
print_line (Watch *watch, const char *text, gsize length)
{
  fwrite (text, 1, length, stdout);
  putchar ('\n');
  /* a reader that has gone (| head) ends it */
  if (fflush (stdout) != 0)
    finish (watch, EX_OK);
}

static void
show_event (Watch *watch, const LinceEvent *event, const char *text, gsize length)
{
  g_autoptr (GString) line = g_string_new (NULL);

  if (event->sequence > 0)
    watch->sequence = MAX (watch->sequence, event->sequence);
  if (count_wanted > 0 && watch->shown >= count_wanted)
    return;
  if (json) {
    print_line (watch, text, length);
  } else {
    lince_watch_append_event (line, event);
    print_line (watch, line->str, line->len);
  }
  if (++watch->shown == count_wanted)
    finish (watch, EX_OK);
}

/* Another log is another daemon, or one whose record was removed: numbers start anew. */
static void
take_hello (Watch *watch, const LinceClientMessage *hello)
{
  gboolean same = strcmp (watch->log, hello->log) == 0;

  if (watch->log[0] && !same)
    g_printerr ("lince: %s has another log now; events between are not known\n",
        lince_remote_shown (watch->remote));
  if (!same)
    watch->sequence = hello->sequence;
  g_strlcpy (watch->log, hello->log, sizeof watch->log);
  watch->retry_ms = RETRY_FIRST_MS;
  if (watch->told)
    g_printerr ("lince: %s: connected\n", lince_remote_shown (watch->remote));
  watch->told = FALSE;
  watch->connected = TRUE;
}

static void
on_message (SoupWebsocketConnection *connection, gint type, GBytes *bytes, gpointer data)
{
  Watch *watch = data;
  g_autoptr (GError) error = NULL;
  LinceClientMessage message;
  LinceEvent event;
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  if (!lince_client_read (text, length, &message, &event, watch->placements, NULL, NULL, &error)) {
    g_printerr ("lince: %s\n", error->message);
    return;
  }
  switch (message.type) {
    case LINCE_MESSAGE_IS_EVENT:
      show_event (watch, &event, text, length);
      break;
    case LINCE_MESSAGE_IS_HELLO:
      take_hello (watch, &message);
      break;
    case LINCE_MESSAGE_IS_MISSED:
      watch->sequence = MAX (watch->sequence, message.last);
      if (message.count > 0 || moved)
        g_printerr ("lince: missed %" G_GUINT64_FORMAT " events (%" G_GUINT64_FORMAT
                    " to %" G_GUINT64_FORMAT ") and %" G_GUINT64_FORMAT " moved\n",
            message.count, message.first, message.last, message.moved);
      break;
    case LINCE_MESSAGE_IS_ERROR:
      g_printerr ("lince: %s\n", message.text);
      break;
  }
}

/* ---- the connection ---- */

static void
on_closed (SoupWebsocketConnection *connection, gpointer data)
{
  Watch *watch = data;
  const char *reason = soup_websocket_connection_get_close_data (connection);
  g_autofree char *why = g_strdup (reason && *reason ? reason : "the connection has ended");

  g_signal_handlers_disconnect_by_data (connection, watch);
  g_clear_object (&watch->connection);
  if (g_main_loop_is_running (watch->loop))
    retry_later (watch, why);
}

static void
on_connected (GObject *session, GAsyncResult *result, gpointer data)
{
  Watch *watch = data;
  g_autoptr (GError) error = NULL;
  guint status = soup_message_get_status (watch->handshake);

  watch->connection =
      soup_session_websocket_connect_finish (SOUP_SESSION (session), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (watch->connection) {
    soup_websocket_connection_set_max_incoming_payload_size (watch->connection, MESSAGE_MAX);
    soup_websocket_connection_set_keepalive_interval (watch->connection, 20);
    g_signal_connect (watch->connection, "message", G_CALLBACK (on_message), watch);
    g_signal_connect (watch->connection, "closed", G_CALLBACK (on_closed), watch);
  } else if (status == SOUP_STATUS_UNAUTHORIZED || status == SOUP_STATUS_FORBIDDEN) {
    lince_command_fail (
        EX_NOPERM, "%s wants its token: --token-file FILE", lince_remote_shown (watch->remote));
    finish (watch, EX_NOPERM);
  } else if (status == SOUP_STATUS_BAD_REQUEST || status == SOUP_STATUS_NOT_FOUND) {
    lince_command_fail (EX_USAGE, "%s refuses: %u %s; look at --stream, --object, --type and --url",
        lince_remote_shown (watch->remote), status,
        soup_message_get_reason_phrase (watch->handshake));
    finish (watch, EX_USAGE);
  } else {
    retry_later (watch, error->message);
  }
}

static void
connect_to (Watch *watch)
{
  const char *lasting = "appeared,standing,vanished,stream,gap,notice";
  g_autofree char *after =
      watch->log[0] ? g_strdup_printf ("%" G_GUINT64_FORMAT, watch->sequence) : NULL;
  const char *const query[] = {"stream", stream, "object", object, "type",
      types   ? types
      : moved ? NULL
              : lasting,
      "log", watch->log[0] ? watch->log : NULL, "after", after, NULL};

  g_clear_object (&watch->handshake);
  watch->handshake = lince_remote_request (watch->remote, "/api/v1/events", query);
  soup_session_websocket_connect_async (lince_remote_session (watch->remote), watch->handshake,
      NULL, NULL, G_PRIORITY_DEFAULT, watch->cancel, on_connected, watch);
}

static gboolean
on_signal (gpointer data)
{
  finish (data, EX_OK);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_time (gpointer data)
{
  Watch *watch = data;

  finish (watch, watch->connected ? EX_OK : EX_UNAVAILABLE);
  return G_SOURCE_REMOVE;
}

static int
watch_events (LinceRemote *remote)
{
  Watch *watch = g_new0 (Watch, 1);

  watch->remote = remote;
  watch->loop = g_main_loop_new (NULL, FALSE);
  watch->cancel = g_cancellable_new ();
  watch->retry_ms = RETRY_FIRST_MS;
  g_unix_signal_add (SIGINT, on_signal, watch);
  g_unix_signal_add (SIGTERM, on_signal, watch);
  if (seconds_wanted > 0)
    g_timeout_add ((guint) (seconds_wanted * 1000), on_time, watch);
  connect_to (watch);
  g_main_loop_run (watch->loop);

  g_cancellable_cancel (watch->cancel);
  if (watch->connection) {
    g_signal_handlers_disconnect_by_data (watch->connection, watch);
    g_clear_object (&watch->connection);
  }
  int status = watch->status;
  /* what is left of it ends with the process, which ends now */
  return status;
}

static int
run (int count, char **arguments)
{
  g_autoptr (GError) error = NULL;

  if (count_wanted < 0 || seconds_wanted < 0 || seconds_wanted > 1e6)
    return lince_command_fail (
        EX_USAGE, "--count and --seconds: more than 0, and at most 1000000 seconds");
  if (types && moved)
    return lince_command_fail (EX_USAGE, "--moved: write --type with moved in its list instead");
  LinceRemote *remote = lince_remote_new (&remote_options, &error);
  if (remote == NULL)
    return lince_command_fail_with (EX_USAGE, error);
  signal (SIGPIPE, SIG_IGN);
  return watch_events (remote);
}

const LinceCommand lince_command_watch = {
    .name = "watch",
    .arguments = "",
    .summary = "Follow a daemon's events",
    .description = "Times are this machine's. When the connection breaks, it is made again and "
                   "goes on with the\n"
                   "event after the last one shown. Ends on Ctrl-C, or by --count or --seconds.",
    .entries = entries,
    .run = run,
};
