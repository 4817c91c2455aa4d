/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guard.h"

#include <string.h>
#include <sys/socket.h>

#include "daemon/reply.h"

typedef enum { PHASE_HEADERS, PHASE_BODY, PHASE_ANSWER } Phase;

/* One request under way; every open HTTP connection has exactly one. */
typedef struct {
  GSocket *socket;
  Phase phase;
  gint64 since; /* monotonic, µs */
  gsize received;
  gboolean cut;
} Request;

struct _LincedGuard {
  SoupServer *server;
  guint max_connections;
  LincedGuardCountFunc others;
  gpointer data;
  GHashTable *requests; /* SoupServerMessage (borrowed) to Request */
  guint64 refused;
  guint tick_source;
};

static void
request_free (gpointer data)
{
  Request *request = data;
  g_clear_object (&request->socket);
  g_free (request);
}

/* Ends the connection below libsoup, which then finds it broken and cleans up by itself. Not by
 * shutdown(): what the peer goes on sending would still be read. */
static void
cut (LincedGuard *self, Request *request)
{
  if (request->cut || !request->socket)
    return;
  request->cut = TRUE;
  self->refused++;
  struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
  connect (g_socket_get_fd (request->socket), &nowhere, sizeof nowhere);
}

static void
set_phase (LincedGuard *self, SoupServerMessage *message, Phase phase)
{
  Request *request = g_hash_table_lookup (self->requests, message);
  if (!request)
    return;
  request->phase = phase;
  request->since = g_get_monotonic_time ();
}

static void
on_got_headers (SoupServerMessage *message, gpointer data)
{
  set_phase (data, message, PHASE_BODY);
}

static void
on_got_body (SoupServerMessage *message, gpointer data)
{
  set_phase (data, message, PHASE_ANSWER);
}

static void
on_got_chunk (SoupServerMessage *message, GBytes *chunk, gpointer data)
{
  LincedGuard *self = data;
  Request *request = g_hash_table_lookup (self->requests, message);
  if (!request)
    return;
  request->received += g_bytes_get_size (chunk);
  if (request->received > LINCED_GUARD_MAX_REFUSED)
    cut (self, request);
}

/* Some ends of a connection come without a signal. */
static void
on_message_gone (gpointer data, GObject *where_it_was)
{
  g_hash_table_remove (((LincedGuard *) data)->requests, where_it_was);
}

static void
on_request_started (SoupServer *server, SoupServerMessage *message, gpointer data)
{
  LincedGuard *self = data;
  Request *request = g_new0 (Request, 1);
  GSocket *socket = soup_server_message_get_socket (message);
  request->socket = socket ? g_object_ref (socket) : NULL;
  request->since = g_get_monotonic_time ();
  g_hash_table_insert (self->requests, message, request);
  g_object_weak_ref (G_OBJECT (message), on_message_gone, self);
  g_signal_connect (message, "got-headers", G_CALLBACK (on_got_headers), self);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_got_chunk), self);
  g_signal_connect (message, "got-body", G_CALLBACK (on_got_body), self);
  if (g_hash_table_size (self->requests) + self->others (self->data) > self->max_connections)
    cut (self, request);
}

static void
on_request_ended (SoupServer *server, SoupServerMessage *message, gpointer data)
{
  linced_guard_forget (data, message);
}

static gboolean
on_tick (gpointer data)
{
  static const gint seconds[] = {
      [PHASE_HEADERS] = LINCED_GUARD_HEADERS_S,
      [PHASE_BODY] = LINCED_GUARD_BODY_S,
      [PHASE_ANSWER] = LINCED_GUARD_ANSWER_S,
  };
  LincedGuard *self = data;
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, self->requests);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Request *request = value;
    if (now - request->since > (gint64) seconds[request->phase] * G_USEC_PER_SEC)
      cut (self, request);
  }
  return G_SOURCE_CONTINUE;
}

LincedGuard *
linced_guard_new (
    SoupServer *server, guint max_connections, LincedGuardCountFunc others, gpointer data)
{
  LincedGuard *self = g_new0 (LincedGuard, 1);
  self->server = server;
  self->max_connections = max_connections;
  self->others = others;
  self->data = data;
  self->requests = g_hash_table_new_full (NULL, NULL, NULL, request_free);
  self->tick_source = g_timeout_add_seconds (1, on_tick, self);
  g_signal_connect (server, "request-started", G_CALLBACK (on_request_started), self);
  g_signal_connect (server, "request-finished", G_CALLBACK (on_request_ended), self);
  g_signal_connect (server, "request-aborted", G_CALLBACK (on_request_ended), self);
  return self;
}

void
linced_guard_free (LincedGuard *self)
{
  if (!self)
    return;
  GHashTableIter iter;
  gpointer message;
  g_hash_table_iter_init (&iter, self->requests);
  while (g_hash_table_iter_next (&iter, &message, NULL)) {
    g_object_weak_unref (message, on_message_gone, self);
    g_signal_handlers_disconnect_by_data (message, self);
  }
  g_signal_handlers_disconnect_by_data (self->server, self);
  g_source_remove (self->tick_source);
  g_hash_table_unref (self->requests);
  g_free (self);
}

guint
linced_guard_count (const LincedGuard *self)
{
  return g_hash_table_size (self->requests);
}

guint64
linced_guard_refused (const LincedGuard *self)
{
  return self->refused;
}

void
linced_guard_forget (LincedGuard *self, SoupServerMessage *message)
{
  if (!g_hash_table_remove (self->requests, message))
    return;
  g_object_weak_unref (G_OBJECT (message), on_message_gone, self);
  g_signal_handlers_disconnect_by_data (message, self);
}

void
linced_guard_refuse (SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
  soup_message_headers_replace (headers, "Connection", "close");
}

gboolean
linced_guard_check (LincedGuard *self, SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  /* one request with many overlapping ranges makes libsoup build gigabytes (CVE-2025-32907) */
  soup_message_headers_remove (headers, "Range");
  soup_message_headers_remove (headers, "If-Range");
  g_autofree char *uri = g_uri_to_string (soup_server_message_get_uri (message));
  const char *lengths = soup_message_headers_get_list (headers, "Content-Length");
  const char *coding = soup_message_headers_get_list (headers, "Transfer-Encoding");
  guint64 length = 0;
  if (strlen (uri) > LINCED_GUARD_MAX_URI) {
    linced_reply_error (
        message, 414, "uri-too-long", "The address is longer than %d bytes.", LINCED_GUARD_MAX_URI);
  } else if (coding) {
    linced_reply_error (message, SOUP_STATUS_LENGTH_REQUIRED, "length-required",
        "A body of unknown length is not taken; send Content-Length.");
  } else if (lengths && !g_ascii_string_to_unsigned (lengths, 10, 0, G_MAXUINT64, &length, NULL)) {
    linced_reply_error (
        message, SOUP_STATUS_BAD_REQUEST, "bad-request", "Content-Length is not one number.");
  } else if (length > LINCED_GUARD_MAX_BODY) {
    linced_reply_error (message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "body-too-large",
        "The body is larger than %d bytes.", LINCED_GUARD_MAX_BODY);
  } else {
    return TRUE;
  }
  linced_guard_refuse (message);
  return FALSE;
}
