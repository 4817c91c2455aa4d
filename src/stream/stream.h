/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A stream: settings in, events out, whatever becomes of its source. Builds a pipeline, watches it,
 * gives it up as a whole when the source is in trouble, waits, builds the next.
 *
 * Belongs to the main thread; callbacks come there. */
#pragma once

#include "stream/pipeline.h"
#include "stream/reporter.h"
#include "stream/settings.h"
#include "stream/watch.h"

G_BEGIN_DECLS

typedef struct _LinceStream LinceStream;

typedef struct {
  /* an event, without its number */
  void (*event) (LinceEvent *event, gpointer user_data);
  /* the collection was opened: `lines` are its `objects` and `problem` lines (link.h), to be kept
   * and told to each daemon that connects */
  void (*collection) (GPtrArray *lines, gpointer user_data);
  /* a pipeline was built (the pad is lincerecognize's source pad) or given up (NULL) */
  void (*pad) (GstPad *pad, gpointer user_data);
  /* the stream has ended for good after lince_stream_stop(), or because a file came to its end */
  void (*ended) (gpointer user_data);
  /* a thread of a pipeline does not let go; only a new process helps */
  void (*hung) (gpointer user_data);
} LinceStreamCallbacks;

/* `trace` may be NULL; borrowed. */
LinceStream *lince_stream_new (const char *id, const char *run,
    const LinceStreamCallbacks *callbacks, gpointer user_data, LinceTrace *trace);
void lince_stream_free (LinceStream *stream);

/* What to do from now on; starts, changes or builds anew as needed. Bad settings become the
 * stream's state and reason. */
void lince_stream_configure (LinceStream *stream, const LinceStreamSettings *settings);

/* Ends in order: EOS, the last events, then `ended`, within 2 s. */
void lince_stream_stop (LinceStream *stream);

/* Reports the state as it is, with that sentence as its reason. */
void lince_stream_remark (LinceStream *stream, const char *sentence);

LinceStreamState lince_stream_state (LinceStream *stream);
/* Frames of all its pipelines: through lincerecognize, and analysed by it. */
guint64 lince_stream_frames (LinceStream *stream);
guint64 lince_stream_analysed (LinceStream *stream);
/* Tells the reporter of the newest frame; for who is to ask it for the position now. */
void lince_stream_observe (LinceStream *stream);
LinceReporter *lince_stream_reporter (LinceStream *stream);
gboolean lince_stream_has_output (LinceStream *stream);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceStream, lince_stream_free)
G_END_DECLS
