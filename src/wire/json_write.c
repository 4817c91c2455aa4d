/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/json_write.h"

#include <math.h>
#include <string.h>

static void
append_escaped_byte (GString *json, guchar byte)
{
  static const char hex[] = "0123456789abcdef";
  char text[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};

  switch (byte) {
    case '"':
    case '\\':
      text[1] = (char) byte;
      break;
    case '\n':
      text[1] = 'n';
      break;
    case '\r':
      text[1] = 'r';
      break;
    case '\t':
      text[1] = 't';
      break;
    default:
      g_string_append_len (json, text, 6);
      return;
  }
  g_string_append_len (json, text, 2);
}

void
lince_json_append_text (GString *json, const char *text)
{
  g_autofree char *repaired = NULL;

  if (!g_utf8_validate (text, -1, NULL)) {
    g_critical ("a text for JSON is not UTF-8");
    text = repaired = g_utf8_make_valid (text, -1);
  }
  g_string_append_c (json, '"');
  while (*text) {
    const char *start = text;
    while ((guchar) *text >= 0x20 && *text != '"' && *text != '\\' && *text != 0x7f)
      text++;
    g_string_append_len (json, start, text - start);
    if (*text)
      append_escaped_byte (json, (guchar) *text++);
  }
  g_string_append_c (json, '"');
}

void
lince_json_append_unsigned (GString *json, guint64 value)
{
  char digits[20];
  char *first = digits + sizeof digits;

  do {
    *--first = (char) ('0' + value % 10);
    value /= 10;
  } while (value);
  g_string_append_len (json, first, digits + sizeof digits - first);
}

void
lince_json_append_integer (GString *json, gint64 value)
{
  if (value < 0)
    g_string_append_c (json, '-');
  lince_json_append_unsigned (json, value < 0 ? -(guint64) value : (guint64) value);
}

void
lince_json_append_scaled (GString *json, gint64 value, guint decimals)
{
  guint64 magnitude = value < 0 ? -(guint64) value : (guint64) value, unit = 1;
  char digits[20];

  for (guint i = 0; i < decimals; i++)
    unit *= 10;
  if (value < 0)
    g_string_append_c (json, '-');
  lince_json_append_unsigned (json, magnitude / unit);

  guint64 fraction = magnitude % unit;
  if (fraction == 0)
    return;
  for (guint i = decimals; i > 0; i--, fraction /= 10)
    digits[i - 1] = (char) ('0' + fraction % 10);
  while (digits[decimals - 1] == '0')
    decimals--;
  g_string_append_c (json, '.');
  g_string_append_len (json, digits, decimals);
}

void
lince_json_append_decimal (GString *json, double value)
{
  if (!isfinite (value) || fabs (value) >= 1e12) {
    g_critical ("a number for JSON is not finite or too large");
    value = 0;
  }
  lince_json_append_scaled (json, llround (value * 1e6), 6);
}

static void
put_digits (char *to, guint count, guint value)
{
  while (count-- > 0) {
    to[count] = (char) ('0' + value % 10);
    value /= 10;
  }
}

void
lince_json_format_utc (gint64 utc, char text[LINCE_JSON_UTC_LENGTH + 1])
{
  g_return_if_fail (utc >= 0 && utc <= LINCE_JSON_UTC_MAX);

  /* civil from days: years counted from March, in eras of 400 years */
  gint64 seconds = utc / G_USEC_PER_SEC;
  guint days = (guint) (seconds / 86400) + 719468, second = (guint) (seconds % 86400);
  guint era = days / 146097, day_of_era = days % 146097;
  guint year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  guint day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
  guint shifted = (5 * day_of_year + 2) / 153;
  guint month = shifted < 10 ? shifted + 3 : shifted - 9;

  memcpy (text, "0000-00-00T00:00:00.000000Z", LINCE_JSON_UTC_LENGTH + 1);
  put_digits (text, 4, year + era * 400 + (month <= 2));
  put_digits (text + 5, 2, month);
  put_digits (text + 8, 2, day_of_year - (153 * shifted + 2) / 5 + 1);
  put_digits (text + 11, 2, second / 3600);
  put_digits (text + 14, 2, second / 60 % 60);
  put_digits (text + 17, 2, second % 60);
  put_digits (text + 20, 6, (guint) (utc % G_USEC_PER_SEC));
}

void
lince_json_append_utc (GString *json, gint64 utc)
{
  char text[LINCE_JSON_UTC_LENGTH + 1] = "1970-01-01T00:00:00.000000Z";

  lince_json_format_utc (utc, text);
  g_string_append_c (json, '"');
  g_string_append_len (json, text, LINCE_JSON_UTC_LENGTH);
  g_string_append_c (json, '"');
}
