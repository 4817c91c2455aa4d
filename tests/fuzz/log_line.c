/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A line of the log: its seal, and a segment's header. */
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "store/log_file.h"
#include "store/log_line.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *line = g_memdup2 (data, size);
  g_autofree char *unsealed = g_memdup2 (data, size);
  LinceLogHeader header;
  gsize length = lince_log_line_open (line, size);

  g_assert_cmpuint (length, <=, size);
  if (length > 0)
    lince_log_header_read (line, length, &header);
  /* what stands behind a seal that fits by chance */
  if (lince_log_header_read (unsealed, size, &header))
    g_assert_cmpuint (header.first, >, 0);
  return 0;
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  LinceLogHeader header = {"01234567-89ab-4def-8123-456789abcdef", "node-1", 4711};
  g_autoptr (GString) line = g_string_new (NULL);

  if (number > 1)
    return 0;
  lince_log_header_write (&header, 1795410000000000, line);
  *size = line->len - 1;
  if (number == 1)
    *size = lince_log_line_open (line->str, *size);
  *data = malloc (*size);
  memcpy (*data, line->str, *size);
  return 1;
}
