/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A strict cursor over one JSON text (RFC 8259), for the messages on the hot path: no tree, no
 * allocation. The first error stops the cursor; it then says what was wrong and at which byte. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LINCE_JSON_MAX_DEPTH 32 /* nesting of a value that is skipped */

/* The problem of a message whose version is newer, to be told from others by its address. */
extern const char LINCE_JSON_NEWER[];

typedef struct {
  const char *start, *position, *end;
  const char *problem; /* static text, NULL while all is well */
} LinceJsonReader;

/* Opens `text`, which must be UTF-8 without NUL (checked). FALSE with `problem` set otherwise. */
gboolean lince_json_reader_init (LinceJsonReader *reader, const char *text, gsize length);

/* Sets `problem` unless there is one; always FALSE. */
gboolean lince_json_fail (LinceJsonReader *reader, const char *problem);

/* Skips white space and tells the next byte, 0 at the end. */
char lince_json_peek (LinceJsonReader *reader);
/* TRUE and one further when `byte` is next; no error otherwise. */
gboolean lince_json_accept (LinceJsonReader *reader, char byte);
/* The same, but an error otherwise. */
gboolean lince_json_expect (LinceJsonReader *reader, char byte);
/* Only white space is left. */
gboolean lince_json_at_end (LinceJsonReader *reader);

/* A string, decoded into `text` (`size` bytes with the final NUL; NULL to skip it). An error when
 * it is longer, holds NUL, a raw control character or half of a surrogate pair. */
gboolean lince_json_read_text (LinceJsonReader *reader, char *text, gsize size);
/* An object's key and its colon. A key of `size` bytes or more is truncated to "" (unknown). */
gboolean lince_json_read_key (LinceJsonReader *reader, char *key, gsize size);
/* A whole number without fraction or exponent, min <= value <= max. */
gboolean lince_json_read_integer (LinceJsonReader *reader, gint64 min, gint64 max, gint64 *value);
/* A number, min <= value <= max, correctly rounded. */
gboolean lince_json_read_number (LinceJsonReader *reader, double min, double max, double *value);
gboolean lince_json_read_boolean (LinceJsonReader *reader, gboolean *value);
/* A string of exactly the form 2026-11-23T05:42:06.123456Z, a date that exists, from 1970 on. */
gboolean lince_json_read_utc (LinceJsonReader *reader, gint64 *utc);
/* Any value, checked for syntax and depth. */
gboolean lince_json_skip (LinceJsonReader *reader);

/* The form of lince_json_read_utc without quotation marks. */
gboolean lince_json_parse_utc (const char *text, gint64 *utc);

G_END_DECLS
