/* SPDX-License-Identifier: LGPL-2.1-or-later
 * JSON objects that are flat structures: one table of fields, walked by one writer and one strict
 * reader; internal to src/wire. (The event's table, event_fields.h, is of its own.) */
#pragma once

#include "wire/json_read.h"

G_BEGIN_DECLS

typedef enum {
  LINCE_FLAT_CONSTANT, /* the text in `text` */
  LINCE_FLAT_VERSION,  /* a number up to `max` */
  LINCE_FLAT_TEXT,     /* UTF-8 in an array of `size` bytes; absent: "" */
  LINCE_FLAT_ID,       /* the same, and an id */
  LINCE_FLAT_RUN,
  LINCE_FLAT_REVISION,
  LINCE_FLAT_CODE,
  LINCE_FLAT_UUID,
  LINCE_FLAT_INTEGER, /* gint64, min to max; absent where it is `absent` */
  LINCE_FLAT_INT,     /* gint or guint, the same */
  LINCE_FLAT_NUMBER,  /* double, min to max; absent where it is `absent` */
  LINCE_FLAT_UTC,     /* gint64 µs, LINCE_TIME_NONE where absent */
  LINCE_FLAT_STATE,   /* LinceStreamState */
} LinceFlatKind;

typedef struct {
  const char *name;
  LinceFlatKind kind;
  guint16 offset, size;
  gboolean required;
  gint64 min, max, absent;
  const char *text;
} LinceFlatField;

/* Appends {"name":value,…}; with `open`, without the closing brace. */
void lince_flat_append (
    GString *json, const LinceFlatField *fields, guint count, const void *from, gboolean open);

/* Reads fields that are known by hand: called for a name that the table does not hold. TRUE when
 * the value was read; FALSE with `problem` set, or FALSE without it for a name that it does not
 * know either. */
typedef gboolean (*LinceFlatOther) (LinceJsonReader *json, const char *name, gpointer data);

/* Reads an object. `to` need not be zeroed. `wrong` gets the name of the field that was refused,
 * NULL for the object as a whole. `newer` tells that a version was refused. */
gboolean lince_flat_read (LinceJsonReader *json, const LinceFlatField *fields, guint count,
    void *to, LinceFlatOther other, gpointer data, const char **wrong);

/* The same from behind the brace and the first key's colon on; that key's value is read as `first`.
 */
gboolean lince_flat_read_on (LinceJsonReader *json, const char *first, const LinceFlatField *fields,
    guint count, void *to, LinceFlatOther other, gpointer data, const char **wrong);

/* Appends the JSON text `value` (checked already) without white space between tokens. */
void lince_json_append_compact (GString *json, const char *value, gsize length);

/* TRUE when `text` is one JSON object. */
gboolean lince_json_is_object (const char *text, gsize length);

G_END_DECLS
