/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The frames of the WebSocket protocol (RFC 6455), server's side: no I/O, no clients.
 *
 * linced frames by itself rather than through SoupWebsocketConnection, because that queues without
 * a bound and without a measure, and collects a fragmented message without a limit
 * (CVE-2025-32049). Here a message is encoded once and shared by all clients that get it, and what
 * a client sends is limited before it is stored. No extension (no deflate) is ever agreed on. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A whole incoming message, over all its fragments. */
#define LINCED_WEBSOCKET_MAX_MESSAGE (16 * 1024)
/* Fragments of one message: empty ones cost nothing of the above. */
#define LINCED_WEBSOCKET_MAX_FRAGMENTS 64

typedef enum {
  LINCED_WEBSOCKET_CONTINUATION = 0,
  LINCED_WEBSOCKET_TEXT = 1,
  LINCED_WEBSOCKET_BINARY = 2,
  LINCED_WEBSOCKET_CLOSE = 8,
  LINCED_WEBSOCKET_PING = 9,
  LINCED_WEBSOCKET_PONG = 10,
} LincedWebsocketOpcode;

enum {
  LINCED_CLOSE_NORMAL = 1000,
  LINCED_CLOSE_GOING_AWAY = 1001,
  LINCED_CLOSE_PROTOCOL = 1002,
  LINCED_CLOSE_UNSUPPORTED = 1003,
  LINCED_CLOSE_BAD_DATA = 1007,
  LINCED_CLOSE_TOO_BIG = 1009,
  LINCED_CLOSE_SLOW = 4008,   /* did not read for long */
  LINCED_CLOSE_SILENT = 4009, /* did not answer pings */
};

/* One unmasked, final frame. Transfer full; immutable, so shared freely. */
GBytes *linced_websocket_frame (LincedWebsocketOpcode opcode, const void *payload, gsize length);

/* A close frame; `reason` is at most 123 bytes of UTF-8. Transfer full. */
GBytes *linced_websocket_close_frame (guint code, const char *reason);

/* Reads what one client sends, byte by byte if need be. */
typedef struct _LincedWebsocketReader LincedWebsocketReader;

/* Called for each whole message (fragments joined) and each control frame. `payload` is borrowed
 * for the call. Must not free the reader. */
typedef void (*LincedWebsocketHandler) (
    LincedWebsocketOpcode opcode, const guint8 *payload, gsize length, gpointer data);

LincedWebsocketReader *linced_websocket_reader_new (void);
void linced_websocket_reader_free (LincedWebsocketReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedWebsocketReader, linced_websocket_reader_free)

/* 0, or the code to close the connection with; nothing may be fed after that, nor after a close
 * frame was handed on (what follows it is ignored). */
guint linced_websocket_reader_feed (LincedWebsocketReader *self, const guint8 *bytes, gsize length,
    LincedWebsocketHandler handler, gpointer data);

G_END_DECLS
