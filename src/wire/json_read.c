/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/json_read.h"

#include <math.h>
#include <string.h>

#include "wire/json_write.h"

const char LINCE_JSON_NEWER[] = "is newer than this program reads";

gboolean
lince_json_reader_init (LinceJsonReader *reader, const char *text, gsize length)
{
  *reader = (LinceJsonReader){.start = text, .position = text, .end = text + length};
  const char *bad;
  if (!g_utf8_validate_len (text, length, &bad)) {
    reader->position = bad;
    return lince_json_fail (reader, "is not UTF-8");
  }
  return TRUE;
}

gboolean
lince_json_fail (LinceJsonReader *reader, const char *problem)
{
  if (reader->problem == NULL)
    reader->problem = problem;
  return FALSE;
}

char
lince_json_peek (LinceJsonReader *reader)
{
  while (reader->position < reader->end) {
    char byte = *reader->position;
    if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r')
      return byte;
    reader->position++;
  }
  return 0;
}

gboolean
lince_json_accept (LinceJsonReader *reader, char byte)
{
  if (lince_json_peek (reader) != byte)
    return FALSE;
  reader->position++;
  return TRUE;
}

gboolean
lince_json_expect (LinceJsonReader *reader, char byte)
{
  if (lince_json_accept (reader, byte))
    return TRUE;
  switch (byte) {
    case ':':
      return lince_json_fail (reader, "lacks a colon");
    case '{':
      return lince_json_fail (reader, "is not an object");
    case '[':
      return lince_json_fail (reader, "is not an array");
    case ']':
      return lince_json_fail (reader, "is an array with too many or unseparated values");
    default:
      return lince_json_fail (reader, "lacks a separator or a value");
  }
}

gboolean
lince_json_at_end (LinceJsonReader *reader)
{
  return lince_json_peek (reader) == 0 && reader->position == reader->end;
}

/* four hexadecimal digits; -1 otherwise */
static int
read_hex (LinceJsonReader *reader)
{
  int value = 0;

  if (reader->end - reader->position < 4)
    return -1;
  for (int i = 0; i < 4; i++) {
    int digit = g_ascii_xdigit_value (*reader->position++);
    if (digit < 0)
      return -1;
    value = value << 4 | digit;
  }
  return value;
}

/* what stands behind \u, with its second half where it is a surrogate; 0 with `problem` otherwise
 */
static gunichar
read_code_point (LinceJsonReader *reader)
{
  int high = read_hex (reader);

  if (high <= 0) {
    lince_json_fail (reader, high == 0 ? "holds NUL" : "holds a bad \\u escape");
    return 0;
  }
  if (high < 0xd800 || high > 0xdfff)
    return (gunichar) high;
  if (high < 0xdc00 && reader->end - reader->position >= 6 && reader->position[0] == '\\' &&
      reader->position[1] == 'u') {
    reader->position += 2;
    int low = read_hex (reader);
    if (low >= 0xdc00 && low <= 0xdfff)
      return 0x10000 + (((gunichar) high - 0xd800) << 10) + ((gunichar) low - 0xdc00);
  }
  lince_json_fail (reader, "holds half of a surrogate pair");
  return 0;
}

/* what stands behind a backslash, as UTF-8 into `bytes`; its length, 0 with `problem` otherwise */
static gsize
read_escape (LinceJsonReader *reader, char bytes[6])
{
  static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

  if (reader->position >= reader->end) {
    lince_json_fail (reader, "is a string without end");
    return 0;
  }
  char kind = *reader->position++;
  if (kind == 'u') {
    gunichar point = read_code_point (reader);
    return point ? (gsize) g_unichar_to_utf8 (point, bytes) : 0;
  }
  for (const char *escape = escapes; *escape; escape += 2)
    if (*escape == kind) {
      bytes[0] = escape[1];
      return 1;
    }
  lince_json_fail (reader, "holds an unknown escape");
  return 0;
}

/* The string's decoded bytes as far as they fit; its whole decoded length, -1 on an error. */
static gssize
read_string (LinceJsonReader *reader, char *text, gsize size)
{
  gsize length = 0;

  if (!lince_json_accept (reader, '"')) {
    lince_json_fail (reader, "is not a string");
    return -1;
  }
  for (;;) {
    const char *start = reader->position;
    while (reader->position < reader->end && (guchar) *reader->position >= 0x20 &&
           *reader->position != '"' && *reader->position != '\\')
      reader->position++;
    char bytes[6];
    const char *from = start;
    gsize count = (gsize) (reader->position - start);
    gboolean ended = FALSE;
    if (count == 0) {
      if (reader->position >= reader->end) {
        lince_json_fail (reader, "is a string without end");
        return -1;
      }
      if (*reader->position == '"') {
        ended = TRUE;
        reader->position++;
      } else if (*reader->position != '\\') {
        lince_json_fail (reader, "holds a raw control character");
        return -1;
      } else {
        reader->position++;
        from = bytes;
        count = read_escape (reader, bytes);
        if (count == 0)
          return -1;
      }
    }
    if (ended)
      break;
    if (length + count < size)
      memcpy (text + length, from, count);
    length += count;
  }
  if (size > 0)
    text[length < size ? length : 0] = '\0';
  return (gssize) length;
}

gboolean
lince_json_read_text (LinceJsonReader *reader, char *text, gsize size)
{
  gssize length = read_string (reader, text, text ? size : 0);

  if (length < 0)
    return FALSE;
  if (text && (gsize) length >= size)
    return lince_json_fail (reader, "is too long");
  return TRUE;
}

gboolean
lince_json_read_key (LinceJsonReader *reader, char *key, gsize size)
{
  return read_string (reader, key, size) >= 0 && lince_json_expect (reader, ':');
}

/* The number's text by JSON's grammar: its end, NULL on an error; tells whether it is whole. */
static const char *
scan_number (LinceJsonReader *reader, gboolean *whole)
{
  const char *p, *end = reader->end;

  lince_json_peek (reader);
  p = reader->position;
  *whole = TRUE;
  if (p < end && *p == '-')
    p++;
  if (p >= end || !g_ascii_isdigit (*p))
    return NULL;
  if (*p++ != '0')
    while (p < end && g_ascii_isdigit (*p))
      p++;
  if (p < end && *p == '.') {
    *whole = FALSE;
    if (++p >= end || !g_ascii_isdigit (*p))
      return NULL;
    while (p < end && g_ascii_isdigit (*p))
      p++;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    *whole = FALSE;
    p++;
    if (p < end && (*p == '+' || *p == '-'))
      p++;
    if (p >= end || !g_ascii_isdigit (*p))
      return NULL;
    while (p < end && g_ascii_isdigit (*p))
      p++;
  }
  if (p < end && (g_ascii_isdigit (*p) || *p == '.'))
    return NULL; /* a leading zero */
  return p;
}

gboolean
lince_json_read_integer (LinceJsonReader *reader, gint64 min, gint64 max, gint64 *value)
{
  gboolean whole;
  const char *end = scan_number (reader, &whole);

  if (end == NULL || !whole)
    return lince_json_fail (reader, "is not a whole number");

  const char *p = reader->position;
  gboolean negative = *p == '-';
  gint64 sum = 0;
  for (p += negative; p < end; p++)
    if (__builtin_mul_overflow (sum, 10, &sum) ||
        __builtin_sub_overflow (sum, (gint64) (*p - '0'), &sum))
      return lince_json_fail (reader, "is out of range");
  /* summed downwards, for the smallest number has no positive twin */
  if (!negative && sum == G_MININT64)
    return lince_json_fail (reader, "is out of range");
  sum = negative ? sum : -sum;
  if (sum < min || sum > max)
    return lince_json_fail (reader, "is out of range");
  reader->position = end;
  *value = sum;
  return TRUE;
}

/* At most 15 digits and 15 decimals: both parts are exact, so one division rounds correctly. */
static gboolean
parse_short_number (const char *p, const char *end, double *value)
{
  static const double powers[] = {
      1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  gboolean negative = *p == '-', behind_point = FALSE;
  guint decimals = 0;
  gint64 digits = 0;

  p += negative;
  if (end - p > 15)
    return FALSE;
  for (; p < end; p++) {
    if (*p == '.') {
      behind_point = TRUE;
      continue;
    }
    if (!g_ascii_isdigit (*p))
      return FALSE;
    digits = digits * 10 + (*p - '0');
    decimals += behind_point ? 1 : 0;
  }
  *value = (double) digits / powers[decimals];
  if (negative)
    *value = -*value;
  return TRUE;
}

gboolean
lince_json_read_number (LinceJsonReader *reader, double min, double max, double *value)
{
  gboolean whole;
  const char *end = scan_number (reader, &whole);

  if (end == NULL)
    return lince_json_fail (reader, "is not a number");
  if (!parse_short_number (reader->position, end, value)) {
    char text[64];
    gsize length = (gsize) (end - reader->position);
    if (length >= sizeof text)
      return lince_json_fail (reader, "is a number of too many digits");
    memcpy (text, reader->position, length);
    text[length] = '\0';
    *value = g_ascii_strtod (text, NULL);
  }
  if (!(*value >= min && *value <= max))
    return lince_json_fail (reader, "is out of range");
  reader->position = end;
  return TRUE;
}

static gboolean
accept_word (LinceJsonReader *reader, const char *word)
{
  gsize length = strlen (word);

  lince_json_peek (reader);
  if ((gsize) (reader->end - reader->position) < length ||
      memcmp (reader->position, word, length) != 0)
    return FALSE;
  reader->position += length;
  return TRUE;
}

gboolean
lince_json_read_boolean (LinceJsonReader *reader, gboolean *value)
{
  *value = accept_word (reader, "true");
  if (!*value && !accept_word (reader, "false"))
    return lince_json_fail (reader, "is neither true nor false");
  return TRUE;
}

static gboolean
get_digits (const char *text, guint count, guint *value)
{
  *value = 0;
  for (; count > 0; count--, text++) {
    if (!g_ascii_isdigit (*text))
      return FALSE;
    *value = *value * 10 + (guint) (*text - '0');
  }
  return TRUE;
}

gboolean
lince_json_parse_utc (const char *text, gint64 *utc)
{
  static const char form[] = "0000-00-00T00:00:00.000000Z";
  guint year, month, day, hour, minute, second, micro;

  if (strlen (text) != LINCE_JSON_UTC_LENGTH)
    return FALSE;
  for (guint i = 0; i < LINCE_JSON_UTC_LENGTH; i++)
    if (form[i] != '0' && text[i] != form[i])
      return FALSE;
  if (!get_digits (text, 4, &year) || !get_digits (text + 5, 2, &month) ||
      !get_digits (text + 8, 2, &day) || !get_digits (text + 11, 2, &hour) ||
      !get_digits (text + 14, 2, &minute) || !get_digits (text + 17, 2, &second) ||
      !get_digits (text + 20, 6, &micro))
    return FALSE;
  if (year < 1970 || month < 1 || month > 12 || day < 1 ||
      day > g_date_get_days_in_month ((GDateMonth) month, (GDateYear) year) || hour > 23 ||
      minute > 59 || second > 59)
    return FALSE;

  /* days from civil: years counted from March */
  guint shifted = month > 2 ? month - 3 : month + 9;
  guint years = month > 2 ? year : year - 1;
  gint64 days = (gint64) years * 365 + years / 4 - years / 100 + years / 400 +
                (153 * shifted + 2) / 5 + day - 1 - 719468;
  *utc = (((days * 24 + hour) * 60 + minute) * 60 + second) * G_USEC_PER_SEC + micro;
  return TRUE;
}

gboolean
lince_json_read_utc (LinceJsonReader *reader, gint64 *utc)
{
  char text[LINCE_JSON_UTC_LENGTH + 1];

  if (!lince_json_read_text (reader, text, sizeof text))
    return FALSE;
  if (!lince_json_parse_utc (text, utc))
    return lince_json_fail (reader, "is not a time like 2026-11-23T05:42:06.123456Z");
  return TRUE;
}

static gboolean
skip_value (LinceJsonReader *reader, guint depth)
{
  gboolean whole;
  const char *end;
  char next = lince_json_peek (reader);

  if (next == '"')
    return lince_json_read_text (reader, NULL, 0);
  if (next == '{' || next == '[') {
    char close = next == '{' ? '}' : ']';
    if (depth >= LINCE_JSON_MAX_DEPTH)
      return lince_json_fail (reader, "is nested too deeply");
    reader->position++;
    if (lince_json_accept (reader, close))
      return TRUE;
    do {
      if (next == '{' &&
          !(lince_json_read_text (reader, NULL, 0) && lince_json_expect (reader, ':')))
        return FALSE;
      if (!skip_value (reader, depth + 1))
        return FALSE;
    } while (lince_json_accept (reader, ','));
    return lince_json_expect (reader, close);
  }
  if (accept_word (reader, "true") || accept_word (reader, "false") || accept_word (reader, "null"))
    return TRUE;
  end = scan_number (reader, &whole);
  if (end == NULL)
    return lince_json_fail (reader, "is not a JSON value");
  reader->position = end;
  return TRUE;
}

gboolean
lince_json_skip (LinceJsonReader *reader)
{
  return skip_value (reader, 0);
}
