/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/id.h"

#include <string.h>

#include "wire/event.h"

gboolean
lince_id_is_valid (const char *id, gssize length)
{
  const char *end = id + (length < 0 ? (gssize) strlen (id) : length);

  if (id == end || end - id > LINCE_EVENT_ID_MAX || *id == '.' ||
      !g_utf8_validate_len (id, (gsize) (end - id), NULL))
    return FALSE;
  for (const char *p = id; p < end; p = g_utf8_next_char (p)) {
    gunichar letter = g_utf8_get_char (p);
    if (letter < 0x80 ? !g_ascii_isalnum (*p) && strchr ("._-", *p) == NULL
                      : !g_unichar_isalnum (letter) && !g_unichar_ismark (letter))
      return FALSE;
  }
  return TRUE;
}
