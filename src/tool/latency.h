/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The parts of `lince bench latency`: a client process that stamps what it is sent, and the report
 * that joins its stamps with those of lince-stream (`--trace-latency`, stream/trace.h). All stamps
 * are CLOCK_MONOTONIC in ns, which all processes of a machine share. */
#pragma once

#include <glib.h>

#include "wire/event.h"

G_BEGIN_DECLS

/* Follows the events of the server `uri` until SIGTERM or its end, then writes
 * `TYPE RUNNING_TIME RECEIVED ARRIVED` lines to `output`. Returns an exit status. */
int lince_latency_client_run (const char *uri, const char *output);

typedef struct _LinceLatencyReport LinceLatencyReport;

typedef enum {
  LINCE_LATENCY_RECOGNISE, /* from the sink pad to the posting of the message */
  LINCE_LATENCY_BUS,       /* until lince-stream's main loop takes it */
  LINCE_LATENCY_SOCKET,    /* until linced has read it */
  LINCE_LATENCY_LOG,       /* of lasting events: until it is written to the log */
  LINCE_LATENCY_SEND,      /* until the client has it */
  LINCE_LATENCY_TOTAL,
  LINCE_LATENCY_PARTS
} LinceLatencyPart;

/* In milliseconds. */
typedef struct {
  double median, p99, maximum;
} LinceLatencyFigures;

LinceLatencyReport *lince_latency_report_new (void);
void lince_latency_report_free (LinceLatencyReport *report);

/* Reads lince-stream's trace; then each client's stamps. Frames that entered before `from` or
 * after `until` (monotonic ns) are left out: start and end are no measure. */
gboolean lince_latency_report_add_trace (
    LinceLatencyReport *report, const char *path, gint64 from, gint64 until, GError **error);
/* Reads linced's trace, `TYPE RUNNING_TIME LOGGED` lines; before the clients' stamps. */
gboolean lince_latency_report_add_log (
    LinceLatencyReport *report, const char *path, GError **error);
gboolean lince_latency_report_add_client (
    LinceLatencyReport *report, const char *path, GError **error);

/* Messages of that type that clients had, as far as the part is one of theirs (`moved` has no log). */
guint lince_latency_report_count (
    LinceLatencyReport *report, LinceEventType type, LinceLatencyPart part);
void lince_latency_report_figures (LinceLatencyReport *report, LinceEventType type,
    LinceLatencyPart part, LinceLatencyFigures *figures);
const char *lince_latency_part_name (LinceLatencyPart part);

gint64 lince_latency_now (void); /* CLOCK_MONOTONIC, ns */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceLatencyReport, lince_latency_report_free)
G_END_DECLS
