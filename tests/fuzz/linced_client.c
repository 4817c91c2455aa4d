/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a client sends linced: the same bytes as WebSocket frames, as a query, and as an address to
 * redact. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/redact.h"
#include "daemon/view.h"
#include "daemon/websocket.h"

typedef struct {
  size_t messages, bytes;
} Heard;

static void
on_message (LincedWebsocketOpcode opcode, const guint8 *payload, gsize length, gpointer data)
{
  Heard *heard = data;
  heard->messages++;
  heard->bytes += length;
  if (length > LINCED_WEBSOCKET_MAX_MESSAGE || (opcode >= LINCED_WEBSOCKET_CLOSE && length > 125) ||
      (opcode == LINCED_WEBSOCKET_TEXT && length > 0 &&
          !g_utf8_validate_len ((const char *) payload, length, NULL)))
    abort ();
}

/* However the bytes are cut into pieces, they mean the same. */
static guint
feed (const uint8_t *data, size_t size, size_t piece, Heard *heard)
{
  g_autoptr (LincedWebsocketReader) reader = linced_websocket_reader_new ();
  guint code = 0;
  for (size_t at = 0; at < size && code == 0; at += piece)
    code =
        linced_websocket_reader_feed (reader, data + at, MIN (piece, size - at), on_message, heard);
  return code;
}

static void
try_text (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LincedView) view = linced_view_new (text, &error);
  if ((view == NULL) == (error == NULL))
    abort ();
  g_autofree char *uri = linced_redact_uri (text);
  g_autofree char *clean = linced_redact_text (text);
  const char *at = strstr (text, "://");
  const char *secret = strstr (text, "PASSWORD");
  /* nothing of a user's part is left */
  if (at && secret == at + 3 && secret[8] == '@' && !strstr (secret + 8, "PASSWORD") &&
      (strstr (uri, "PASSWORD") || strstr (clean, "PASSWORD")))
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Heard whole = {0}, pieces = {0};
  guint code = feed (data, size, MAX (size, 1), &whole);
  if (feed (data, size, 1, &pieces) != code || whole.messages != pieces.messages ||
      whole.bytes != pieces.bytes)
    abort ();
  g_autofree char *text = g_strndup ((const char *) data, size);
  if (g_utf8_validate (text, -1, NULL))
    try_text (text);
  return 0;
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  static const struct {
    const char *bytes;
    size_t size;
  } seeds[] = {
#define SEED(text) {text, sizeof text - 1}
      SEED ("\x81\x85\1\2\3\4hgoo`"),
      SEED ("\x01\x82\0\0\0\0ab\x89\x80\0\0\0\0\x80\x82\0\0\0\0cd\x88\x82\0\0\0\0\x03\xe8"),
      SEED ("\x82\xfe\0\x7e\0\0\0\0................................................................"
            "..............................................................\x8a\x80\0\0\0\0"),
      SEED ("\x82\xff\0\0\0\0\0\1\0\0\0\0\0\0"),
      SEED ("stream=one,two&object=a%C3%A9&type=moved&type=gap&metadata=1"),
      SEED ("rtsp://PASSWORD@host:554/path?token=abc&x#y"),
      SEED ("rtsp://user:pa/ss@wo@rd@host/a@b?c@d=e"),
#undef SEED
  };
  if (number >= G_N_ELEMENTS (seeds))
    return 0;
  *size = seeds[number].size;
  *data = malloc (*size);
  memcpy (*data, seeds[number].bytes, *size);
  return 1;
}
