/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The event log: append-only JSON lines in segments, the daemon's record.
 *
 * Opening repairs what a crash left: a torn last line is cut off, numbers that may have been given
 * and lost are covered by a `gap` event, and so are the numbers of damaged lines of the last
 * segment.
 *
 * One thread opens, appends and closes; lince_event_log_sync and the functions that only tell may
 * be called in another. */
#pragma once

#include "store/log_reader.h"
#include "wire/event.h"

G_BEGIN_DECLS

typedef struct _LinceEventLog LinceEventLog;

typedef struct {
  const char *directory; /* made, mode 0700 */
  const char *node;
  gsize segment_bytes;
  gint64 segment_age; /* µs */
  gsize backlog_bytes;
  gint64 (*now) (gpointer data);
  gpointer now_data;
  /* Every event that got a number, in order, in the appending thread: those given, and those that
   * the log adds (gap, notice). `line` is the clients'; transfer none. */
  void (*emit) (const LinceEvent *event, GBytes *line, gpointer data);
  /* An event that was emitted with `logged` FALSE is in the log now. */
  void (*settled) (const char *stream, const char *run, guint64 number, gpointer data);
  gpointer data;
} LinceEventLogSettings;

/* Strings are copied. */
LinceEventLog *lince_event_log_open (const LinceEventLogSettings *settings, GError **error);

/* Syncs, and marks the log as closed in order. NULL-safe. */
void lince_event_log_close (LinceEventLog *log);

/* Numbers the events and writes them with one `write`, then emits them. Sets their `sequence`,
 * `logged` and, where it is not set, `received` (and `utc` of what has none). */
void lince_event_log_append (LinceEventLog *log, LinceEvent *const *events, guint count);

/* Tries to write what waits for room. TRUE when nothing waits any more. */
gboolean lince_event_log_retry (LinceEventLog *log);

/* Brings to the disk what was written before the call; compresses closed segments. FALSE with
 * errno. */
gboolean lince_event_log_sync (LinceEventLog *log);

const char *lince_event_log_id (const LinceEventLog *log);
guint64 lince_event_log_last (LinceEventLog *log); /* the highest number given */
guint64 lince_event_log_logged (
    LinceEventLog *log); /* all numbers up to it are in the log, or never will */
guint64 lince_event_log_synced (LinceEventLog *log); /* and on the disk */

typedef struct {
  guint64 written, waiting, lost;
  gboolean failing;
} LinceEventLogState;

void lince_event_log_get_state (LinceEventLog *log, LinceEventLogState *state);

G_END_DECLS
