/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/link_client.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_FIRST_MS 50
#define RETRY_LAST_MS 1000
#define GREETING_DEADLINE_MS 5000
#define SEND_BUFFER                                                                                \
  65536 /* bytes: what a slow daemon gets late; the kernel's default is 3 s of it */

struct _LinceLinkClient {
  char *path;
  char stream[LINCE_EVENT_ID_MAX + 1];
  char run[33];
  LinceOutbox *outbox;
  LinceLinkClientCallbacks callbacks;
  gpointer user_data;

  GSocket *socket; /* NULL: not connected */
  GSource *readable, *writable;
  gboolean greeted; /* by the daemon: events may go */
  guint timer;      /* the next try, or the greeting's deadline */
  guint retry_ms;
  guint orphan_seconds, orphan;

  GString *out; /* what is being written, from `written` on */
  gsize written;
  GString *moved, *beat; /* passing messages that wait, empty: none */
  GPtrArray *lines;
  guint next_line;
  guint64 dropped;

  GByteArray *in;
  LinceLinkMessage *message;
};

static void connect_now (LinceLinkClient *client);

static gboolean
on_orphan (gpointer user_data)
{
  LinceLinkClient *client = user_data;

  client->orphan = 0;
  client->callbacks.orphaned (client->user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_retry (gpointer user_data)
{
  LinceLinkClient *client = user_data;

  client->timer = 0;
  connect_now (client);
  return G_SOURCE_REMOVE;
}

static void
drop_source (GSource **source)
{
  if (!*source)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
close_socket (LinceLinkClient *client)
{
  drop_source (&client->readable);
  drop_source (&client->writable);
  g_clear_object (&client->socket);
  g_clear_handle_id (&client->timer, g_source_remove);
  client->greeted = FALSE;
}

static void
disconnect (LinceLinkClient *client)
{
  close_socket (client);
  client->timer = g_timeout_add (client->retry_ms, on_retry, client);
  client->retry_ms = MIN (client->retry_ms * 2, RETRY_LAST_MS);
  if (!client->orphan && client->orphan_seconds)
    client->orphan = g_timeout_add_seconds (client->orphan_seconds, on_orphan, client);
}

/* Puts the next whole message into `out`: lasting events first, for they are the record. FALSE when
 * there is none. */
static gboolean
fill (LinceLinkClient *client)
{
  const char *line;

  g_string_truncate (client->out, 0);
  client->written = 0;
  if (!client->greeted)
    return FALSE;
  if ((line = lince_outbox_take (client->outbox))) {
    g_string_append (client->out, line);
  } else if (client->beat->len) {
    g_string_append_len (client->out, client->beat->str, client->beat->len);
    g_string_truncate (client->beat, 0);
  } else if (client->moved->len) {
    g_string_append_len (client->out, client->moved->str, client->moved->len);
    g_string_truncate (client->moved, 0);
  } else if (client->lines && client->next_line < client->lines->len) {
    g_string_append (client->out, client->lines->pdata[client->next_line++]);
  }
  return client->out->len > 0;
}

static gboolean
on_writable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  LinceLinkClient *client = user_data;

  drop_source (&client->writable);
  lince_link_client_pump (client);
  return G_SOURCE_REMOVE;
}

void
lince_link_client_pump (LinceLinkClient *client)
{
  while (client->socket && !client->writable) {
    g_autoptr (GError) error = NULL;
    gssize sent;

    if (client->written == client->out->len && !fill (client))
      return;
    sent = g_socket_send (client->socket, client->out->str + client->written,
        client->out->len - client->written, NULL, &error);
    if (sent >= 0) {
      client->written += sent;
    } else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
      client->writable = g_socket_create_source (client->socket, G_IO_OUT, NULL);
      g_source_set_callback (client->writable, G_SOURCE_FUNC (on_writable), client, NULL);
      g_source_attach (client->writable, NULL);
    } else {
      disconnect (client);
    }
  }
}

static void
take_greeting (LinceLinkClient *client, const LinceLinkGreeting *greeting)
{
  client->greeted = TRUE;
  client->retry_ms = RETRY_FIRST_MS;
  g_clear_handle_id (&client->timer, g_source_remove);
  g_clear_handle_id (&client->orphan, g_source_remove);
  lince_outbox_acknowledge (client->outbox, greeting->acknowledged);
  lince_outbox_rewind (client->outbox);
  client->next_line = 0;
  client->callbacks.connected (client->user_data);
  lince_link_client_pump (client);
}

/* FALSE when the connection is not to be read on. */
static gboolean
take_message (LinceLinkClient *client, const LinceLinkMessage *message)
{
  if (!client->greeted && message->type != LINCE_LINK_GREETING &&
      message->type != LINCE_LINK_REFUSAL)
    return FALSE;
  switch (message->type) {
    case LINCE_LINK_GREETING:
      take_greeting (client, &message->greeting);
      break;
    case LINCE_LINK_REFUSAL:
      close_socket (client);
      client->callbacks.refused (message->refusal, client->user_data);
      break;
    case LINCE_LINK_CONFIGURE:
      client->callbacks.configure (&message->configure, client->user_data);
      break;
    case LINCE_LINK_ACKNOWLEDGE:
      lince_outbox_acknowledge (client->outbox, message->acknowledge);
      break;
    case LINCE_LINK_LOOK:
      client->callbacks.look (&message->look, client->user_data);
      break;
    case LINCE_LINK_STOP:
      client->callbacks.stop (client->user_data);
      break;
    default: /* of a newer version, or not for this side */
      break;
  }
  return client->socket != NULL;
}

/* Takes the whole lines off the front of `in`. FALSE when the connection is to be given up. */
static gboolean
take_lines (LinceLinkClient *client)
{
  GByteArray *in = client->in;
  gsize from = 0;
  guint8 *end;

  while ((end = memchr (in->data + from, '\n', in->len - from))) {
    g_autoptr (GError) error = NULL;
    gsize length = end + 1 - (in->data + from);

    if (!lince_link_read ((const char *) in->data + from, length, client->message, &error)) {
      g_warning ("the daemon said what is not understood: %s", error->message);
      return FALSE;
    }
    if (!take_message (client, client->message))
      return FALSE;
    from += length;
  }
  g_byte_array_remove_range (in, 0, from);
  return in->len < LINCE_EVENT_MAX_LINE;
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  LinceLinkClient *client = user_data;
  g_autoptr (GError) error = NULL;
  char buffer[16384];
  gssize received = g_socket_receive (socket, buffer, sizeof buffer, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  if (received > 0) {
    g_byte_array_append (client->in, (guint8 *) buffer, received);
    if (take_lines (client))
      return G_SOURCE_CONTINUE;
  }
  /* a refusal, or a stop, may have closed it already */
  if (client->socket == socket)
    disconnect (client);
  return G_SOURCE_REMOVE;
}

static gboolean
on_greeting_deadline (gpointer user_data)
{
  LinceLinkClient *client = user_data;

  client->timer = 0;
  disconnect (client);
  return G_SOURCE_REMOVE;
}

static void
begin (LinceLinkClient *client)
{
  LinceLinkGreeting greeting = {0};

  g_strlcpy (greeting.stream, client->stream, sizeof greeting.stream);
  g_strlcpy (greeting.run, client->run, sizeof greeting.run);
  greeting.pid = getpid ();
  g_strlcpy (greeting.version, LINCE_VERSION, sizeof greeting.version);
  greeting.unacknowledged = lince_outbox_kept (client->outbox);
  g_string_truncate (client->out, 0);
  g_string_truncate (client->moved, 0);
  g_byte_array_set_size (client->in, 0);
  client->written = 0;
  lince_link_write_greeting (&greeting, client->out);
  client->readable = g_socket_create_source (client->socket, G_IO_IN, NULL);
  g_source_set_callback (client->readable, G_SOURCE_FUNC (on_readable), client, NULL);
  g_source_attach (client->readable, NULL);
  client->timer = g_timeout_add (GREETING_DEADLINE_MS, on_greeting_deadline, client);
  lince_link_client_pump (client);
}

static void
set_up (GSocket *socket)
{
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER, NULL);
}

static void
connect_now (LinceLinkClient *client)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (client->path);

  client->socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  if (client->socket)
    set_up (client->socket);
  /* to a Unix socket this succeeds or fails at once */
  if (client->socket && g_socket_connect (client->socket, address, NULL, NULL))
    begin (client);
  else
    disconnect (client);
}

LinceLinkClient *
lince_link_client_new (const char *path, const char *stream, const char *run, LinceOutbox *outbox,
    guint orphan_seconds, const LinceLinkClientCallbacks *callbacks, gpointer user_data)
{
  LinceLinkClient *client = g_new0 (LinceLinkClient, 1);

  client->path = g_strdup (path);
  g_strlcpy (client->stream, stream, sizeof client->stream);
  g_strlcpy (client->run, run, sizeof client->run);
  client->outbox = outbox;
  client->callbacks = *callbacks;
  client->user_data = user_data;
  client->retry_ms = RETRY_FIRST_MS;
  client->orphan_seconds = orphan_seconds;
  client->out = g_string_sized_new (4096);
  client->moved = g_string_sized_new (4096);
  client->beat = g_string_sized_new (512);
  client->in = g_byte_array_new ();
  client->message = lince_link_message_new ();
  connect_now (client);
  return client;
}

void
lince_link_client_free (LinceLinkClient *client)
{
  if (!client)
    return;
  close_socket (client);
  g_clear_handle_id (&client->orphan, g_source_remove);
  g_string_free (client->out, TRUE);
  g_string_free (client->moved, TRUE);
  g_string_free (client->beat, TRUE);
  g_clear_pointer (&client->lines, g_ptr_array_unref);
  g_byte_array_unref (client->in);
  lince_link_message_free (client->message);
  g_free (client->path);
  g_free (client);
}

void
lince_link_client_send_moved (LinceLinkClient *client, const LinceEvent *event)
{
  if (!client->greeted || client->moved->len)
    client->dropped++;
  if (!client->greeted)
    return;
  g_string_truncate (client->moved, 0);
  lince_event_write (event, client->moved);
  lince_link_client_pump (client);
}

void
lince_link_client_send_beat (LinceLinkClient *client, const LinceLinkBeat *beat)
{
  if (!client->greeted)
    return;
  g_string_truncate (client->beat, 0);
  lince_link_write_beat (beat, client->beat);
  lince_link_client_pump (client);
}

void
lince_link_client_set_lines (LinceLinkClient *client, GPtrArray *lines)
{
  g_clear_pointer (&client->lines, g_ptr_array_unref);
  client->lines = g_ptr_array_ref (lines);
  client->next_line = 0;
  lince_link_client_pump (client);
}

void
lince_link_client_stay (LinceLinkClient *client)
{
  client->orphan_seconds = 0;
  g_clear_handle_id (&client->orphan, g_source_remove);
}

guint64
lince_link_client_dropped (LinceLinkClient *client)
{
  return client->dropped;
}
