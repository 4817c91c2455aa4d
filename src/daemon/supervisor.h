/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Keeps one lince-stream process a stream alive, and passes on what they say.
 *
 * A process outlives the daemon: at the start those that still live are waited for instead of
 * started again. One that ends unasked, or whose heart-beats stop, is replaced: the first two times
 * at once, then after 1, 2, 4 ... 30 s; one that ran well for LINCED_HEALTHY_S counts as the first.
 * What its exposures were is closed as `stream-lost`. A source that stalls is the process's own
 * affair, not a hang. */
#pragma once

#include "daemon/config.h"
#include "daemon/stream.h"
#include "store/record.h"

G_BEGIN_DECLS

/* No heart-beat for so long: it hangs. Beats come every LINCE_LINK_BEAT_INTERVAL_MS, and a new
 * process must have analysed a frame 3 s after the last one. */
#define LINCED_HANG_MS 1750
/* "running", but no frame passes the recogniser. */
#define LINCED_PIPELINE_HANG_MS 10000
/* A process that lives but is not connected: just started (the first start on a machine reads all
 * of GStreamer's plugins), or has lost its link. */
#define LINCED_CONNECT_MS 30000
#define LINCED_RECONNECT_MS 6000
#define LINCED_HEALTHY_S 10
#define LINCED_STARTS_AT_ONCE 2
#define LINCED_MAX_BACKOFF_S 30

typedef struct _LincedSupervisor LincedSupervisor;

typedef struct {
  /* A moved event as clients get it. */
  void (*moved) (const LinceEvent *event, GBytes *line, gpointer data);
  gpointer data;
} LincedSupervisorEvents;

/* Listens at RUN_DIR/streams.sock. `config` and `record` must live longer. */
LincedSupervisor *linced_supervisor_new (const LincedConfig *config, const char *run_dir,
    LinceRecord *record, const LincedSupervisorEvents *events, GError **error);
void linced_supervisor_free (LincedSupervisor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedSupervisor, linced_supervisor_free)

/* Starts what is to run. */
void linced_supervisor_start (LincedSupervisor *self);

/* Asks all processes to end; `done` is called when none is left, at the latest 5 s later. */
void linced_supervisor_stop (LincedSupervisor *self, void (*done) (gpointer data), gpointer data);

/* The record's news: `published` and `settled` (record.h) go here too. */
void linced_supervisor_published (LincedSupervisor *self, const LinceEvent *event);
void linced_supervisor_settled (
    LincedSupervisor *self, const char *stream, const char *run, guint64 number);

/* NULL where there is none. Borrowed. */
LincedStream *linced_supervisor_find (LincedSupervisor *self, const char *id);
/* All, in the configuration's order. Of LincedStream; borrowed. */
GPtrArray *linced_supervisor_streams (LincedSupervisor *self);

/* Ends the stream's process and starts a new one at once; FALSE where it is disabled. */
gboolean linced_supervisor_restart (LincedSupervisor *self, LincedStream *stream);

/* Somebody watches: asks the stream for pictures. */
void linced_supervisor_look (
    LincedSupervisor *self, LincedStream *stream, const LinceLinkLook *look);

G_END_DECLS
