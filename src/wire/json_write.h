/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Pieces of JSON text appended to a GString, for the messages on the hot path.
 *
 * Deterministic: the same value gives the same bytes, whatever the locale. No function allocates
 * but by the growth of the string. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LINCE_JSON_UTC_LENGTH 27 /* bytes of 2026-11-23T05:42:06.123456Z */

/* The text in quotation marks, escaped. Bytes that are not UTF-8 are a programmer's error, replaced
 * by U+FFFD. */
void lince_json_append_text (GString *json, const char *text);
void lince_json_append_unsigned (GString *json, guint64 value);
void lince_json_append_integer (GString *json, gint64 value);
/* At most six decimals, rounded half away from zero, without trailing zeros. `value` is finite and
 * of a magnitude below 1e12. */
void lince_json_append_decimal (GString *json, double value);
/* A count of `unit`ths as a decimal of `decimals` digits at most: (1500, 3) gives 1.5. */
void lince_json_append_scaled (GString *json, gint64 value, guint decimals);
/* µs since 1970 as RFC 3339 in quotation marks, microseconds and Z; 0 <= utc <= LINCE_JSON_UTC_MAX.
 */
void lince_json_append_utc (GString *json, gint64 utc);

#define LINCE_JSON_UTC_MAX G_GINT64_CONSTANT (253402300799999999) /* the end of the year 9999 */

/* The same without quotation marks into `text`, 0-terminated. */
void lince_json_format_utc (gint64 utc, char text[LINCE_JSON_UTC_LENGTH + 1]);

G_END_DECLS
