/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/log_line.h"

#include <string.h>

static guint32
crc32_of (const char *bytes, gsize length)
{
  static guint32 table[256];
  static gsize made = 0;
  guint32 crc = 0xffffffff;

  if (g_once_init_enter (&made)) {
    for (guint32 i = 0; i < 256; i++) {
      guint32 value = i;
      for (int bit = 0; bit < 8; bit++)
        value = value & 1 ? value >> 1 ^ 0xedb88320 : value >> 1;
      table[i] = value;
    }
    g_once_init_leave (&made, 1);
  }
  for (gsize i = 0; i < length; i++)
    crc = table[(crc ^ (guchar) bytes[i]) & 0xff] ^ crc >> 8;
  return ~crc;
}

static void
format_seal (guint32 crc, char seal[LINCE_LOG_SEAL_LENGTH])
{
  memcpy (seal, ",\"crc\":\"00000000\"", LINCE_LOG_SEAL_LENGTH);
  for (int i = 0; i < 8; i++, crc >>= 4)
    seal[15 - i] = "0123456789abcdef"[crc & 15];
}

void
lince_log_line_seal (GString *line, gsize start)
{
  char seal[LINCE_LOG_SEAL_LENGTH];
  gsize length = line->len - start - 1;

  g_assert (line->str[line->len - 1] == '}');
  format_seal (crc32_of (line->str + start, length), seal);
  g_string_truncate (line, line->len - 1);
  g_string_append_len (line, seal, sizeof seal);
  g_string_append_len (line, "}\n", 2);
}

gsize
lince_log_line_open (char *line, gsize length)
{
  char seal[LINCE_LOG_SEAL_LENGTH];

  if (length < LINCE_LOG_SEAL_LENGTH + 3 || line[length - 1] != '}')
    return 0;
  length -= LINCE_LOG_SEAL_LENGTH + 1;
  format_seal (crc32_of (line, length), seal);
  if (memcmp (line + length, seal, sizeof seal) != 0)
    return 0;
  line[length] = '}';
  return length + 1;
}
