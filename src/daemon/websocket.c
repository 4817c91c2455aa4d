/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/websocket.h"

#include <string.h>

#define FIN 0x80
#define MASK 0x80
#define MAX_CONTROL 125
#define MAX_HEADER 14

struct _LincedWebsocketReader {
  guint8 header[MAX_HEADER];
  guint header_have, header_need;
  guint8 mask[4];
  guint8 first; /* FIN and opcode of the frame under way */
  gsize left;   /* payload bytes of it still to come */
  gsize done;   /* and those that came: the mask's phase */
  guint8 control[MAX_CONTROL];
  GByteArray *message;                  /* NULL until a client sends one, which few do */
  LincedWebsocketOpcode message_opcode; /* CONTINUATION: none under way */
  guint fragments;
  gboolean closed;
};

GBytes *
linced_websocket_frame (LincedWebsocketOpcode opcode, const void *payload, gsize length)
{
  guint8 header[10] = {(guint8) (FIN | opcode)};
  gsize size = 2;
  if (length <= MAX_CONTROL) {
    header[1] = (guint8) length;
  } else if (length <= G_MAXUINT16) {
    header[1] = 126;
    header[2] = (guint8) (length >> 8);
    header[3] = (guint8) length;
    size = 4;
  } else {
    header[1] = 127;
    for (guint i = 0; i < 8; i++)
      header[2 + i] = (guint8) ((guint64) length >> (56 - 8 * i));
    size = 10;
  }
  guint8 *frame = g_malloc (size + length);
  memcpy (frame, header, size);
  if (length > 0)
    memcpy (frame + size, payload, length);
  return g_bytes_new_take (frame, size + length);
}

GBytes *
linced_websocket_close_frame (guint code, const char *reason)
{
  guint8 payload[MAX_CONTROL] = {(guint8) (code >> 8), (guint8) code};
  gsize length = MIN (strlen (reason), sizeof payload - 2);
  memcpy (payload + 2, reason, length);
  return linced_websocket_frame (LINCED_WEBSOCKET_CLOSE, payload, length + 2);
}

LincedWebsocketReader *
linced_websocket_reader_new (void)
{
  LincedWebsocketReader *self = g_new0 (LincedWebsocketReader, 1);
  self->header_need = 2;
  return self;
}

void
linced_websocket_reader_free (LincedWebsocketReader *self)
{
  if (!self)
    return;
  if (self->message)
    g_byte_array_unref (self->message);
  g_free (self);
}

static LincedWebsocketOpcode
frame_opcode (const LincedWebsocketReader *self)
{
  return self->first & 0x0f;
}

static gboolean
is_control (LincedWebsocketOpcode opcode)
{
  return opcode >= LINCED_WEBSOCKET_CLOSE;
}

/* Whether such a frame may come now (RFC 6455, 5.2 and 5.4). */
static gboolean
opcode_fits (LincedWebsocketReader *self)
{
  LincedWebsocketOpcode opcode = frame_opcode (self);
  gboolean under_way = self->message_opcode != LINCED_WEBSOCKET_CONTINUATION;
  switch (opcode) {
    case LINCED_WEBSOCKET_CONTINUATION:
      return under_way;
    case LINCED_WEBSOCKET_TEXT:
    case LINCED_WEBSOCKET_BINARY:
      return !under_way;
    case LINCED_WEBSOCKET_CLOSE:
    case LINCED_WEBSOCKET_PING:
    case LINCED_WEBSOCKET_PONG:
      return (self->first & FIN) && self->left <= MAX_CONTROL;
    default:
      return FALSE;
  }
}

/* The header is whole: takes it apart. */
static guint
begin_frame (LincedWebsocketReader *self)
{
  const guint8 *header = self->header;
  guint64 length = header[1] & 0x7f;
  guint at = 2;
  if (length == 126) {
    length = (guint64) header[2] << 8 | header[3];
    at = 4;
  } else if (length == 127) {
    length = 0;
    for (guint i = 0; i < 8; i++)
      length = length << 8 | header[2 + i];
    at = 10;
  }
  memcpy (self->mask, header + at, 4);
  self->first = header[0];
  self->left = (gsize) MIN (length, G_MAXUINT32);
  self->done = 0;
  if ((header[0] & 0x70) || !opcode_fits (self))
    return LINCED_CLOSE_PROTOCOL;
  if (is_control (frame_opcode (self)))
    return 0;
  if (!self->message)
    self->message = g_byte_array_new ();
  if (frame_opcode (self) != LINCED_WEBSOCKET_CONTINUATION) {
    self->message_opcode = frame_opcode (self);
    self->fragments = 0;
  }
  if (++self->fragments > LINCED_WEBSOCKET_MAX_FRAGMENTS ||
      self->message->len + length > LINCED_WEBSOCKET_MAX_MESSAGE)
    return LINCED_CLOSE_TOO_BIG;
  return 0;
}

static gsize
take_payload (LincedWebsocketReader *self, const guint8 *bytes, gsize length)
{
  gsize count = MIN (length, self->left);
  guint8 *to = self->control + self->done;
  if (!is_control (frame_opcode (self))) {
    guint at = self->message->len;
    g_byte_array_set_size (self->message, (guint) (at + count));
    to = self->message->data + at;
  }
  for (gsize i = 0; i < count; i++)
    to[i] = bytes[i] ^ self->mask[(self->done + i) & 3];
  self->done += count;
  self->left -= count;
  return count;
}

/* RFC 6455, 7.4: a close frame is empty, or a code that may be sent and UTF-8. */
static guint
check_close (const guint8 *payload, gsize length)
{
  if (length == 0)
    return 0;
  guint code = length >= 2 ? (guint) payload[0] << 8 | payload[1] : 0;
  gboolean may_be_sent = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                         (code >= 3000 && code <= 4999);
  if (!may_be_sent)
    return LINCED_CLOSE_PROTOCOL;
  return g_utf8_validate_len ((const char *) payload + 2, length - 2, NULL) ? 0
                                                                            : LINCED_CLOSE_BAD_DATA;
}

static guint
end_frame (LincedWebsocketReader *self, LincedWebsocketHandler handler, gpointer data)
{
  LincedWebsocketOpcode opcode = frame_opcode (self);
  self->header_have = 0;
  self->header_need = 2;
  if (is_control (opcode)) {
    guint code = opcode == LINCED_WEBSOCKET_CLOSE ? check_close (self->control, self->done) : 0;
    self->closed = opcode == LINCED_WEBSOCKET_CLOSE;
    if (code == 0)
      handler (opcode, self->control, self->done, data);
    return code;
  }
  if (!(self->first & FIN))
    return 0;
  opcode = self->message_opcode;
  self->message_opcode = LINCED_WEBSOCKET_CONTINUATION;
  if (opcode == LINCED_WEBSOCKET_TEXT && self->message->len > 0 &&
      !g_utf8_validate_len ((const char *) self->message->data, self->message->len, NULL))
    return LINCED_CLOSE_BAD_DATA;
  handler (opcode, self->message->data, self->message->len, data);
  g_byte_array_set_size (self->message, 0);
  return 0;
}

/* One byte of a header; the second tells how long it is. */
static guint
take_header (LincedWebsocketReader *self, guint8 byte)
{
  self->header[self->header_have++] = byte;
  if (self->header_have == 2) {
    if (!(byte & MASK)) /* a client must mask */
      return LINCED_CLOSE_PROTOCOL;
    guint length = byte & 0x7f;
    self->header_need = 2 + 4 + (length == 126 ? 2 : length == 127 ? 8 : 0);
  }
  return self->header_have == self->header_need ? begin_frame (self) : 0;
}

guint
linced_websocket_reader_feed (LincedWebsocketReader *self, const guint8 *bytes, gsize length,
    LincedWebsocketHandler handler, gpointer data)
{
  while (length > 0 && !self->closed) {
    guint code = 0;
    gsize taken = 1;
    if (self->header_have < self->header_need)
      code = take_header (self, *bytes);
    else
      taken = take_payload (self, bytes, length);
    if (code == 0 && self->header_have == self->header_need && self->left == 0)
      code = end_frame (self, handler, data);
    if (code != 0)
      return code;
    bytes += taken;
    length -= taken;
  }
  return 0;
}
