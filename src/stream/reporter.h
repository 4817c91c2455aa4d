/* SPDX-License-Identifier: LGPL-2.1-or-later
 * From lincerecognize's bus messages to events: exposure ids that are unique over runs, UTC, the
 * account split at minutes. Lives in one thread, through all pipelines of a run: numbers and
 * running time go on rising from one pipeline to the next. */
#pragma once

#include <gst/gst.h>

#include "wire/event.h"

G_BEGIN_DECLS

typedef struct _LinceReporter LinceReporter;

/* An event, without its number: the receiver gives it. Borrowed for the call. */
typedef void (*LinceReporterEmit) (LinceEvent *event, gpointer user_data);

LinceReporter *lince_reporter_new (
    const char *stream, const char *run, LinceReporterEmit emit, gpointer user_data);
void lince_reporter_free (LinceReporter *reporter);

/* How events name the collection: by `id`, or where it is NULL by the last part of `path`, kept to
 * what an id may hold. */
void lince_reporter_set_collection (LinceReporter *reporter, const char *path, const char *id);
const char *lince_reporter_collection (LinceReporter *reporter);

/* A new pipeline begins at `now` (monotonic ns). */
void lince_reporter_begin (LinceReporter *reporter, gint64 now);
/* The pipeline is gone: what still stands ends with that reason, at its last sight. */
void lince_reporter_end (LinceReporter *reporter, const char *reason);

/* A bus message's structure at `now` (monotonic ns); FALSE when it is not one of lincerecognize's.
 */
gboolean lince_reporter_message (
    LinceReporter *reporter, const GstStructure *structure, gint64 now);

/* A frame went by, of which no message need have come: its structure as of `moved`. Keeps clock and
 * position; nothing is reported. */
void lince_reporter_observe (LinceReporter *reporter, const GstStructure *structure, gint64 now);

/* Fills `moved` from the structure of one analysed frame's placements without reporting it: for
 * what is sent beside a picture. FALSE when it is none. */
gboolean lince_reporter_describe (LinceReporter *reporter, const GstStructure *structure,
    LinceEvent *moved, LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS]);

/* Sets stream, run and time fields of an event about the stream itself. */
void lince_reporter_stamp (LinceReporter *reporter, LinceEvent *event);

/* Where the stream is: PTS and running time of the last analysed frame (LINCE_TIME_NONE before),
 * the revision last used ("" before), mean ns from arrival to decision since the
 * last call. */
typedef struct {
  gint64 pts, running_time;
  char revision[17];
  gint64 recognize_time;
} LinceReporterPosition;
void lince_reporter_position (LinceReporter *reporter, LinceReporterPosition *position);
/* The same, without ending the mean's period. */
void lince_reporter_peek (LinceReporter *reporter, LinceReporterPosition *position);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceReporter, lince_reporter_free)
G_END_DECLS
