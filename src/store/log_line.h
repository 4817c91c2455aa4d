/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How a line lies in the log: a JSON object whose last field is "crc", the CRC-32 (IEEE 802.3) of
 * the bytes before its comma, as 8 hexadecimal digits. Clients get the line without it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LINCE_LOG_SEAL_LENGTH 17 /* bytes of ,"crc":"01234567" */

/* Turns the JSON object that `line` holds from `start` on into a line of the log, newline included.
 */
void lince_log_line_seal (GString *line, gsize start);

/* Checks `length` bytes (without the newline) and turns them, in place, into the line as clients
 * get it. Its length, 0 when the line is damaged. */
gsize lince_log_line_open (char *line, gsize length);

G_END_DECLS
