/* SPDX-License-Identifier: LGPL-2.1-or-later
 * When a frame was where: for `lince bench latency`. Off unless asked for; then one line a message
 * goes to a file:
 *
 *   TYPE RUNNING_TIME ENTERED POSTED TAKEN WRITTEN
 *
 * TYPE is appeared, vanished or moved, RUNNING_TIME that of the event (ns), the rest
 * CLOCK_MONOTONIC in ns: the frame's entry into lincerecognize's sink pad, its message's posting,
 * the main loop's taking it from the bus, the return of the write to the daemon's socket.
 * Thread-safe. */
#pragma once

#include <gst/gst.h>

#include "wire/event.h"

G_BEGIN_DECLS

typedef struct _LinceTrace LinceTrace;

/* NULL with `error` when `path` cannot be written. */
LinceTrace *lince_trace_new (const char *path, GError **error);
void lince_trace_free (LinceTrace *trace);

/* All take NULL for no trace. */
void lince_trace_entered (LinceTrace *trace, GstClockTime pts);
void lince_trace_posted (LinceTrace *trace, const GstStructure *structure);
void lince_trace_taken (LinceTrace *trace, const GstStructure *structure);
void lince_trace_written (LinceTrace *trace, const LinceEvent *event);

gint64 lince_monotonic_now (void); /* CLOCK_MONOTONIC, ns */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceTrace, lince_trace_free)
G_END_DECLS
