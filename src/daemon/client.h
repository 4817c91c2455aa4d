/* SPDX-License-Identifier: LGPL-2.1-or-later
 * One WebSocket client: its socket, its bounded queue, its state. Never blocks, and costs bounded
 * memory however slowly it reads:
 *
 *   what the socket takes at once is never queued; else at most LINCED_CLIENT_MAX_ITEMS messages
 *   and LINCED_CLIENT_MAX_BYTES wait; of `moved` the newest of each stream only; when full, the
 *   oldest lasting event goes, and the client is told the numbers that it missed before it gets the
 *   next message, by a `missed` (wire/client.h).
 *
 * A client that took nothing for LINCED_CLIENT_SLOW_S although something waits is closed (4008);
 * one that sends nothing, no answer to a ping either, for LINCED_CLIENT_SILENT_S likewise (4009).
 */
#pragma once

#include <gio/gio.h>

#include "daemon/poller.h"

G_BEGIN_DECLS

#define LINCED_CLIENT_MAX_ITEMS 256
#define LINCED_CLIENT_MAX_BYTES (256 * 1024)
#define LINCED_CLIENT_PING_S 20
#define LINCED_CLIENT_SLOW_S 120
#define LINCED_CLIENT_SILENT_S 120
#define LINCED_CLIENT_CLOSE_S 5

typedef struct _LincedClient LincedClient;

/* What the client asks of its owner, the hub. */
typedef struct {
  void (*gone) (LincedClient *client, gpointer data);   /* once, from the main loop, never from
                                                           within a call on the client */
  void (*hungry) (LincedClient *client, gpointer data); /* its queue ran empty */
} LincedClientEvents;

/* `stream` is the connection after the handshake, `fd` its socket. Takes a reference of `stream`;
 * `poller` must live longer. */
LincedClient *linced_client_new (GIOStream *stream, int fd, LincedPoller *poller,
    const LincedClientEvents *events, gpointer data);
void linced_client_free (LincedClient *self);

/* Sends or queues one frame (websocket.h), which is shared, not copied.
 * `sequence`: of a lasting event; 0: a message that is never dropped (hello).
 * Nothing happens once the client is closing. */
void linced_client_send (LincedClient *self, GBytes *frame, guint64 sequence);

/* Sends or queues `moved`; an unsent one of that stream is replaced. */
void linced_client_send_moved (LincedClient *self, GBytes *frame, const char *stream);

/* Tells the client, before its next message, that it was not sent the events with these numbers. */
void linced_client_note_missed (LincedClient *self, guint64 first, guint64 last);

/* Whether more may be put in without anything being dropped. */
gboolean linced_client_has_room (const LincedClient *self);

/* Begins to close in order, and ends the connection when the peer answers or
 * LINCED_CLIENT_CLOSE_S later. */
void linced_client_close (LincedClient *self, guint code, const char *reason);

/* Once a second: pings, and closes what is slow or silent. `now` is g_get_monotonic_time(). */
void linced_client_tick (LincedClient *self, gint64 now);

/* What was dropped since the client came. */
guint64 linced_client_dropped (const LincedClient *self);

G_END_DECLS
