/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Prints Lince's lasting events, and goes on where it was after a lost connection.
 * cc follow.c -o follow $(pkg-config --cflags --libs libsoup-3.0 json-glib-1.0); ./follow [ws://HOST:8770] */
#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

static SoupSession *session;
static const char *server = "ws://127.0.0.1:8770";
static char log_id[40];
static gint64 sequence;
static gboolean connect_again (gpointer data);

static void
received (SoupWebsocketConnection *socket, gint type, GBytes *bytes, gpointer data)
{
  const char *text = g_bytes_get_data (bytes, NULL); /* libsoup ends it with a zero byte */
  g_autoptr (JsonNode) node = json_from_string (text, NULL);
  JsonObject *message = json_node_get_object (node);
  if (json_object_has_member (message, "log"))
    g_strlcpy (log_id, json_object_get_string_member (message, "log"), sizeof log_id);
  sequence = json_object_get_int_member_with_default (message, "seq", sequence);
  g_print ("%s\n", text);
}

static void
closed (SoupWebsocketConnection *socket, gpointer data)
{
  g_object_unref (socket);
  g_timeout_add_seconds (1, connect_again, NULL);
}

static void
connected (GObject *source, GAsyncResult *result, gpointer data)
{
  SoupWebsocketConnection *socket = soup_session_websocket_connect_finish (session, result, NULL);
  if (socket) {
    g_signal_connect (socket, "message", G_CALLBACK (received), NULL);
    g_signal_connect (socket, "closed", G_CALLBACK (closed), NULL);
  } else
    g_timeout_add_seconds (1, connect_again, NULL);
}

static gboolean
connect_again (gpointer data)
{
  g_autofree char *uri = g_strdup_printf ("%s/api/v1/events?type=appeared,standing,vanished,stream", server);
  g_autofree char *resume = g_strdup_printf ("%s&log=%s&after=%" G_GINT64_FORMAT, uri, log_id, sequence);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", *log_id ? resume : uri);
  soup_session_websocket_connect_async (session, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL, connected, NULL);
  return G_SOURCE_REMOVE;
}

int
main (int argc, char **argv)
{
  server = argc > 1 ? argv[1] : server;
  session = soup_session_new ();
  g_idle_add (connect_again, NULL);
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
}
