/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The event's fields as one table, which the writer and the reader walk; internal to src/wire and
 * its tests. A test holds it against event.schema.json. */
#pragma once

#include "wire/event.h"
#include "wire/json_read.h"

G_BEGIN_DECLS

typedef enum {
  LINCE_FIELD_VERSION,
  LINCE_FIELD_TYPE,
  LINCE_FIELD_TEXT,        /* UTF-8 in an array of `size` bytes */
  LINCE_FIELD_ID,          /* the same, and an id */
  LINCE_FIELD_RUN,         /* 32 lower-case hexadecimal digits */
  LINCE_FIELD_EXPOSURE,    /* a run, "-", a number from 1 */
  LINCE_FIELD_REVISION,    /* 1 to 16 lower-case hexadecimal digits */
  LINCE_FIELD_CODE,        /* lower-kebab-case */
  LINCE_FIELD_UNSIGNED,    /* guint64, 0 when absent, at most LINCE_EVENT_MAX_COUNT */
  LINCE_FIELD_TIME,        /* gint64 ns, LINCE_TIME_NONE when absent */
  LINCE_FIELD_SPAN,        /* gint64 ns, 0 when absent */
  LINCE_FIELD_MINUTE_SPAN, /* the same, at most 120 s: what a minute's sums can hold, with room */
  LINCE_FIELD_UTC,         /* gint64 µs, LINCE_TIME_NONE when absent */
  LINCE_FIELD_MINUTE,      /* the same, at a full minute */
  LINCE_FIELD_SIZE,        /* gint, 0 when absent, at most 65536 */
  LINCE_FIELD_SHARE,       /* double, 0 to 1; negative when absent */
  LINCE_FIELD_BLUR,        /* double, 0 to LINCE_EVENT_MAX_BLUR; negative when absent */
  LINCE_FIELD_QUAD,        /* double[8], written as four pairs */
  LINCE_FIELD_TRUE,        /* gboolean, written where TRUE */
  LINCE_FIELD_FALSE,       /* gboolean, written where FALSE */
  LINCE_FIELD_UTC_SOURCE,  /* written with utc */
  LINCE_FIELD_STATE,
  LINCE_FIELD_PIXEL_ASPECT, /* par_n and par_d as a pair, absent while 0 */
  LINCE_FIELD_PLACEMENTS,
} LinceFieldKind;

#define LINCE_EVENT_MAX_COUNT ((guint64) 1 << 53) /* what every JSON reader holds exactly */
#define LINCE_EVENT_MAX_COORDINATE 1000.0         /* of a normalised corner, both ways */
#define LINCE_EVENT_MAX_SIZE 65536
#define LINCE_EVENT_MAX_BLUR 1000.0 /* pixels */
#define LINCE_EVENT_MAX_MINUTE_SPAN G_GINT64_CONSTANT (120000000000)

typedef struct {
  const char *key; /* ,"name": */
  guint8 key_length;
  guint8 kind;      /* LinceFieldKind */
  guint16 size;     /* of an array of char */
  guint16 offset;   /* in LinceEvent */
  guint16 types;    /* bits 1 << LinceEventType that carry it */
  guint16 required; /* bits of the types that must carry it */
} LinceEventField;

extern const LinceEventField lince_event_fields[];
extern const guint lince_event_field_count; /* at most 64 */

#define LINCE_FIELD_NAME(field) ((field)->key + 2)
#define LINCE_FIELD_NAME_LENGTH(field) ((gsize) (field)->key_length - 4)

/* The field's place in `event`, as a type. */
#define LINCE_FIELD_AT(event, field, type) ((type *) (void *) ((char *) (event) + (field)->offset))

/* NULL when `text` is of the form of a string field's kind, else the static words of what is wrong.
 */
const char *lince_field_check_text (LinceFieldKind kind, const char *text);

gboolean lince_event_read_quad (LinceJsonReader *json, double quad[8]);
/* An array of placements; `run` (33 bytes) gets the run that their exposures name, "" for none. */
gboolean lince_event_read_placements (LinceJsonReader *json,
    LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS], guint *count, char *run);

/* Parts of moved that other messages carry too. A placement's exposure is that of `run`. */
void lince_event_append_quad (GString *line, const double quad[8]);
void lince_event_append_placements (
    GString *line, const char *run, const LinceEventPlacement *placements, guint count);

G_END_DECLS
