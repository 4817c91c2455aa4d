/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The event: what lince-stream tells linced, what the log keeps and what clients receive.
 *
 * One JSON object a line; `event.schema.json` beside this file is its description, which the
 * writer, the reader and the tests share. Reader and writer are strict, allocate nothing for a
 * field, and take a few µs. A LinceEvent is a flat value: copy it freely, it owns nothing but
 * `placements` of `moved`, which are borrowed.
 *
 * Names in JSON are snake_case. Times: `pts`, `stream_time`, `running_time` in ns (integers); `utc`
 * and `received` as RFC 3339 with microseconds and `Z`. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LINCE_EVENT_VERSION 1
#define LINCE_EVENT_ID_MAX 128   /* bytes of an object's, stream's or collection's id */
#define LINCE_EVENT_TEXT_MAX 512 /* bytes of a name or reason */
#define LINCE_EVENT_MAX_PLACEMENTS 64
#define LINCE_EVENT_MAX_LINE 131072 /* bytes of a line, newline included */
#define LINCE_TIME_NONE G_MININT64

typedef enum {
  LINCE_EVENT_NONE,
  LINCE_EVENT_APPEARED, /* lasting */
  LINCE_EVENT_STANDING, /* lasting: closes a UTC minute of an open exposure with its sums */
  LINCE_EVENT_VANISHED, /* lasting */
  LINCE_EVENT_STREAM,   /* lasting: a stream's state changed */
  LINCE_EVENT_GAP,      /* lasting: sequence numbers first..last exist, their events are lost */
  LINCE_EVENT_NOTICE,   /* lasting: about the daemon itself: log nearly full, log written again */
  LINCE_EVENT_MOVED,    /* passing: all placements of an analysed frame */
} LinceEventType;

typedef enum { LINCE_UTC_ARRIVAL, LINCE_UTC_NTP, LINCE_UTC_TIMECODE, LINCE_UTC_TDT } LinceUtcSource;

typedef enum {
  LINCE_STREAM_STARTING,
  LINCE_STREAM_RUNNING,
  LINCE_STREAM_STALLED,
  LINCE_STREAM_BACKOFF,
  LINCE_STREAM_STOPPED,
} LinceStreamState;

/* How an object looks at its place. */
typedef struct {
  double opacity;  /* 0 to 1: below 1 the ground shows through */
  double occluded; /* 0 to 1: share of what is inside the frame that does not agree */
  double cut_off;  /* 0 to 1: share of the outline outside the frame */
  double blur;     /* standard deviation against the reference, pixels of the stored frame */
  char kind[64];   /* how it was compared: texture, mark */
} LinceEventLook;  /* negative or "": not told */

typedef struct {
  char object[LINCE_EVENT_ID_MAX + 1];
  guint64 exposure_number; /* within the run; 0: not yet an exposure */
  guint64 track;
  double quad[8]; /* normalised, clockwise from the reference's own top left */
  double confidence, visible, area;
  LinceEventLook look;
} LinceEventPlacement;

/* Which fields are set depends on the type; the schema says which. Strings are UTF-8, "" when not
 * set. */
typedef struct {
  LinceEventType type;
  guint64 sequence; /* "seq": 0 while not numbered; never set on moved */
  gboolean logged;  /* written as "logged": false only where it is FALSE */

  /* who says it */
  char stream[LINCE_EVENT_ID_MAX + 1];
  char run[33];   /* the process's run id: 32 hexadecimal digits */
  guint64 number; /* "n": the lasting event's number within the run, from 1 */

  /* when */
  gint64 pts, stream_time, running_time; /* ns; LINCE_TIME_NONE */
  gint64 utc;                            /* µs since 1970; LINCE_TIME_NONE */
  LinceUtcSource utc_source;
  gint64 received;      /* the daemon's own UTC, µs since 1970; LINCE_TIME_NONE */
  gint64 decided_after; /* ns from the frame's arrival to the decision; LINCE_TIME_NONE */
  gint64 age;           /* ns; async recognition: how old the described frame was */
  char timecode[32];

  /* the frame */
  gint width, height, par_n, par_d;

  /* what: appeared, standing, vanished */
  char object[LINCE_EVENT_ID_MAX + 1];
  char name[LINCE_EVENT_TEXT_MAX + 1];
  char exposure[65]; /* globally unique: RUN-NUMBER */
  char collection[LINCE_EVENT_ID_MAX + 1];
  char revision[17];
  double quad[8]; /* last known placement */
  double confidence, visible, area;
  LinceEventLook look;
  guint64 track;
  gboolean resumed;         /* appeared */
  gint64 seen_utc;          /* µs: of appeared the first sight, of vanished the last */
  gint64 seen_running_time; /* ns */
  gint64 decided_utc;       /* µs */
  char reason[LINCE_EVENT_TEXT_MAX + 1]; /* vanished: gone, cut, end, reset, collection,
                                            stream-lost; stream, notice: a sentence */

  /* sums since this exposure's last lasting event (standing, vanished). An exposure's account is
   * the plain sum over its standing and vanished events; no second is in two of them, and one
   * event's sums lie within one UTC minute. */
  gint64 minute;        /* start of that UTC minute, µs since 1970 */
  gint64 sum_time;      /* ns on screen */
  guint64 sum_frames;   /* analysed frames on which it stood */
  gint64 sum_area_time; /* integral of area over time: share * ns, rounded */
  double peak_area;

  /* stream */
  LinceStreamState state;
  gint64 retry_in; /* ns until the next try, backoff only; else LINCE_TIME_NONE */

  /* gap */
  guint64 gap_first, gap_last;
  gint64 gap_from_utc, gap_to_utc;

  /* notice */
  char code[64]; /* lower-kebab: log-space-low, log-write-failed, log-writing-again, ... */

  /* moved: borrowed, `placement_count` of them */
  const LinceEventPlacement *placements;
  guint placement_count;
} LinceEvent;

/* A zeroed event of that type with all times at LINCE_TIME_NONE and `logged` TRUE. */
void lince_event_init (LinceEvent *event, LinceEventType type);

/* Nothing told. */
void lince_event_look_init (LinceEventLook *look);

gboolean lince_event_type_is_lasting (LinceEventType type);
const char *lince_event_type_name (LinceEventType type);      /* "appeared" */
LinceEventType lince_event_type_from_name (const char *name); /* NONE when unknown */
const char *lince_stream_state_name (LinceStreamState state); /* "running" */
gboolean lince_stream_state_from_name (const char *name, LinceStreamState *state);
const char *lince_utc_source_name (LinceUtcSource source); /* "arrival" */
gboolean lince_utc_source_from_name (const char *name, LinceUtcSource *source);

/* Copies a text into a field of `size` bytes, cut at a letter's border where it is too long, with
 * U+FFFD for what is not UTF-8. */
void lince_event_set_text (char *field, gsize size, const char *text);

/* Appends the event as one JSON line, newline included. The event must be valid: a programmer's
 * error otherwise. Deterministic: the same event gives the same bytes. */
void lince_event_write (const LinceEvent *event, GString *line);
/* The same without the newline, for an event inside another message. */
void lince_event_append (const LinceEvent *event, GString *json);

/* Reads one line (`length` bytes, the newline optional). Unknown fields are skipped (changes are
 * additive), known ones are checked for type, range and length. `placements` is the caller's room
 * for moved, NULL to skip them. FALSE with `error` (LINCE_EVENT_ERROR) naming the field; `event` is
 * then undefined. */
gboolean lince_event_read (const char *line, gsize length, LinceEvent *event,
    LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS], GError **error);

#define LINCE_EVENT_ERROR (lince_event_error_quark ())
GQuark lince_event_error_quark (void);
typedef enum {
  LINCE_EVENT_ERROR_SYNTAX,  /* not JSON, or not one object */
  LINCE_EVENT_ERROR_FIELD,   /* a field is missing, repeated, or of a wrong type, range or length */
  LINCE_EVENT_ERROR_VERSION, /* a newer major version */
} LinceEventError;

G_END_DECLS
