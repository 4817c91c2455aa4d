/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib-unix.h>
#include <libsoup/soup.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "tool/command.h"
#include "tool/latency.h"

typedef struct {
  GMainLoop *loop;
  GString *lines;
  SoupWebsocketConnection *connection;
  int status;
} Client;

gint64
lince_latency_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static void
on_message (SoupWebsocketConnection *connection, gint type, GBytes *message, gpointer user_data)
{
  gint64 arrived = lince_latency_now ();
  Client *client = user_data;
  LinceEvent event;
  gsize length;
  const char *text = g_bytes_get_data (message, &length);

  /* the hello is no event */
  if (!lince_event_read (text, length, &event, NULL, NULL) || event.running_time == LINCE_TIME_NONE)
    return;
  g_string_append_printf (client->lines,
      "%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
      lince_event_type_name (event.type), event.running_time, event.received, arrived);
}

static void
on_closed (SoupWebsocketConnection *connection, gpointer user_data)
{
  Client *client = user_data;

  g_main_loop_quit (client->loop);
}

static void
on_connected (GObject *session, GAsyncResult *result, gpointer user_data)
{
  Client *client = user_data;
  g_autoptr (GError) error = NULL;

  client->connection =
      soup_session_websocket_connect_finish (SOUP_SESSION (session), result, &error);
  if (!client->connection) {
    client->status = lince_command_fail_with (EX_UNAVAILABLE, error);
    g_main_loop_quit (client->loop);
    return;
  }
  g_signal_connect (client->connection, "message", G_CALLBACK (on_message), client);
  g_signal_connect (client->connection, "closed", G_CALLBACK (on_closed), client);
}

static gboolean
on_terminate (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

int
lince_latency_client_run (const char *uri, const char *output)
{
  g_autofree char *address = g_strconcat (uri, "api/v1/events", NULL);
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (SoupMessage) message = soup_message_new (SOUP_METHOD_GET, address);
  g_autoptr (GError) error = NULL;
  Client client = {g_main_loop_new (NULL, FALSE), g_string_new (NULL), NULL, EX_OK};

  if (!message)
    return lince_command_fail (EX_USAGE, "%s: not an address", uri);
  g_unix_signal_add (SIGTERM, on_terminate, client.loop);
  soup_session_websocket_connect_async (
      session, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL, on_connected, &client);
  g_main_loop_run (client.loop);
  if (client.status == EX_OK &&
      !g_file_set_contents (output, client.lines->str, client.lines->len, &error))
    client.status = lince_command_fail_with (EX_IOERR, error);
  g_clear_object (&client.connection);
  g_string_free (client.lines, TRUE);
  g_main_loop_unref (client.loop);
  return client.status;
}
