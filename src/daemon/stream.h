/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the daemon knows of one configured stream, and how it is told to others. No I/O. */
#pragma once

#include <json-glib/json-glib.h>

#include "daemon/config.h"
#include "daemon/link.h"
#include "daemon/process.h"

G_BEGIN_DECLS

#define LINCED_STREAM_MAX_PROBLEMS 64
#define LINCED_STREAM_MAX_OBJECTS 100000

typedef struct {
  const LincedStreamConfig *config; /* borrowed */
  gpointer supervisor;              /* that it belongs to; borrowed */
  char *collection_id;

  LincedProcess *process; /* NULL: none runs */
  char *pid_file;
  LincedLink *link;    /* NULL: not connected */
  gint64 deadline;     /* monotonic; until when a first heart-beat over the link must come */
  char run[33];        /* of the newest process that said hello; "" before */
  guint64 acknowledge; /* to be told to the link; 0: nothing */
  gboolean stopping;   /* its end is asked for */
  gboolean gave_up;    /* the process was judged to hang: its end is told so */

  guint restarts;       /* processes started again since the daemon's start */
  guint failures;       /* ends in a row: the back-off's step */
  gint64 healthy_since; /* monotonic; 0: not running */
  gint64 retry_at;      /* monotonic; 0: no retry is due */
  guint retry_source;

  LinceLinkBeat beat;
  gint64 last_beat;      /* monotonic; 0: none of this process */
  gint64 pipeline_moved; /* monotonic; when beat.pipeline last changed */
  double frames_a_second;
  gint width, height, par_n, par_d;

  LinceEvent event; /* the newest of type stream */
  gint64 since;     /* µs since 1970; when the present state began */
  LinceStreamState last_state;

  char revision[17];
  GHashTable *objects; /* id to LinceLinkObject */
  GHashTable *coming;  /* parts of the next objects, or NULL */
  GPtrArray *problems; /* of LinceLinkProblem */
} LincedStream;

LincedStream *linced_stream_new (const LincedStreamConfig *config, const char *run_dir);
void linced_stream_free (LincedStream *self);

/* A stream's state as a whole: process, link and what the process itself says. */
LinceStreamState linced_stream_state (const LincedStream *self);

/* Take what the link said. */
void linced_stream_take_beat (LincedStream *self, const LinceLinkBeat *beat);
void linced_stream_take_objects (LincedStream *self, const LinceLinkObjects *objects);
void linced_stream_take_problem (LincedStream *self, const LinceLinkProblem *problem);
/* Any event: its frame's size, and the state of one of type stream. */
void linced_stream_take_event (LincedStream *self, const LinceEvent *event);

/* The text of an object's metadata, or NULL. Borrowed. */
const char *linced_stream_metadata (const LincedStream *self, const char *object);

/* What configure says, secret included. */
void linced_stream_fill_configure (const LincedStream *self, LinceLinkConfigure *configure);

/* As GET streams/ID shows it; no secret is in it. */
void linced_stream_write (LincedStream *self, JsonBuilder *builder);
void linced_stream_write_objects (const LincedStream *self, JsonBuilder *builder);

G_END_DECLS
