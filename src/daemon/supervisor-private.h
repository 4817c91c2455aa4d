/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the supervisor's files share: supervisor.c (from outside), supervisor-link.c (what streams
 * say), supervisor-process.c (their processes). */
#pragma once

#include "daemon/local-socket.h"
#include "daemon/supervisor.h"

G_BEGIN_DECLS

#define LINCED_TICK_MS 100 /* how often processes are judged */

struct _LincedSupervisor {
  const LincedConfig *config;
  char *run_dir;
  LinceRecord *record;
  LincedSupervisorEvents events;
  LincedLocalSocket *socket;
  GPtrArray *streams;   /* of LincedStream */
  GHashTable *by_id;    /* borrowed */
  GPtrArray *strangers; /* links that have not said hello; of LincedLink */
  gint64 last_tick;     /* monotonic */
  guint tick_source, acknowledge_source, stop_source;
  gboolean stopping;
  void (*stopped) (gpointer data);
  gpointer stopped_data;
};

/* ---- supervisor.c ---- */

/* Appends an event of type stream that the daemon itself says. `retry_in` in ns. */
void linced_supervisor_say_state (LincedSupervisor *self, LincedStream *stream,
    LinceStreamState state, gint64 retry_in, const char *reason);

/* Whether there is a process, or what one said before its end and is not read yet. */
gboolean linced_supervisor_any_left (LincedSupervisor *self);

/* Tells who asked for the stop that it is done. */
void linced_supervisor_finish_stop (LincedSupervisor *self);

/* ---- supervisor-link.c ---- */

/* A LincedLocalSocketFunc whose data is the supervisor. */
void linced_supervisor_on_accepted (int fd, int pid, gpointer data);

/* Notes that the run's events up to `number` are logged; told with all others in one line a turn.
 */
void linced_supervisor_acknowledge (
    LincedSupervisor *self, LincedStream *stream, const char *run, guint64 number);

/* Closes what stands of the stream's runs but of `run` (NULL: of all). */
void linced_supervisor_close_runs (LincedSupervisor *self, const char *stream, const char *run);
/* All of them, and forgets the run. */
void linced_supervisor_close_run (LincedSupervisor *self, LincedStream *stream);

/* The process has so long until its first heart-beat over the link. */
void linced_supervisor_expect_beat (LincedStream *stream, gint milliseconds);

/* ---- supervisor-process.c ---- */

void linced_supervisor_start_process (LincedSupervisor *self, LincedStream *stream);
/* A LincedProcessFunc whose data is the stream. */
void linced_supervisor_on_process_ended (LincedProcess *process, int status, gpointer data);
/* Looks for processes that hang. A GSourceFunc whose data is the supervisor. */
gboolean linced_supervisor_on_tick (gpointer data);

G_END_DECLS
