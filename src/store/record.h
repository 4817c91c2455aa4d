/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The record: the daemon's front to the event log and the account.
 *
 * Lasting events go in with lince_record_append() on the main thread and come back, numbered and
 * finished, through the `published` function in the main context that was the thread's default when
 * the record was opened, in the order of their numbers. Between the two lies one thread that
 * numbers and writes; an event is in the log (its `write` has returned) before `published` is
 * called for it, unless the log cannot be written. A second thread syncs the log to the disk and
 * compresses closed segments, a third consolidates the account from the log.
 *
 * What SIGKILL at any moment leaves: every event that was published with `logged` TRUE is in the
 * log and keeps its number; what was appended but not published is either in the log (and found by
 * who resumes) or was never acknowledged, so that the stream sends it again. lince_record_append()
 * drops what a stream sends again, by (run, n).
 *
 * A log that cannot be written (full disk): events are numbered and published with `logged` FALSE
 * (and so marked in their line), kept in a bounded queue and written in order when there is room
 * again; `settled` tells each stream's run how far the log has come then. What overflows the queue
 * becomes one `gap` event with its numbers and times. `notice` events log-write-failed and
 * log-writing-again mark both ends, and log-space-low comes when the file system is 90 % full.
 *
 * All functions are for the thread that opened the record. */
#pragma once

#include "store/exposures.h"
#include "wire/event.h"

G_BEGIN_DECLS

typedef struct _LinceRecord LinceRecord;

typedef struct {
  /* A numbered event and its line as clients get it, without the newline. `event` is valid during
   * the call, `line` as long as a reference is held. With `event->logged` and a `run`, the daemon
   * may now acknowledge `event->number` to that run. */
  void (*published) (const LinceEvent *event, GBytes *line, gpointer data);
  /* Events of `run` up to n = `number` that were published with `logged` FALSE are now in the log.
   * May be NULL. */
  void (*settled) (const char *stream, const char *run, guint64 number, gpointer data);
  gpointer data;
} LinceRecordFunctions;

typedef struct {
  const char *state_dir; /* the log is STATE_DIR/log/, the account STATE_DIR/account.sqlite; both
                            are made, mode 0700 and 0600 */
  const char *node;      /* an id of this machine for the log's headers; NULL: the host's name */
  gsize segment_bytes;   /* a log file is closed at this size; 0: 16 MiB */
  gint64 segment_age;    /* or at this age in µs; 0: a day */
  gsize backlog_bytes;   /* of lines that wait for room on the disk; 0: 8 MiB */
  double low_space;      /* share of the file system in use that raises log-space-low; 0: 0.9 */
  gint64 check_interval; /* µs between looks at the room on the disk, and between tries to write
                            again; 0: 2 s */
  gint64 (*now) (
      gpointer); /* UTC, µs since 1970; NULL: g_get_real_time. Called in several threads */
  gpointer now_data;
} LinceRecordSettings;

/* Opens or makes log and account, repairs what a crash left behind, and starts the threads. Strings
 * are copied. NULL with `error` when the directory cannot be used or another process has the log
 * open. An account that is damaged or of another log is set aside and built again from the log. */
LinceRecord *lince_record_open (
    const LinceRecordSettings *settings, const LinceRecordFunctions *functions, GError **error);

/* Flushes, publishes what is left, waits for both threads and ends. NULL-safe. */
void lince_record_close (LinceRecord *record);

const char *lince_record_log_id (const LinceRecord *record); /* a UUID, made once with the log */
const char *lince_record_node (const LinceRecord *record);
const char *lince_record_log_dir (const LinceRecord *record);
const char *lince_record_account_path (const LinceRecord *record);

/* The number of the last event published; what a hello says. 0 before the first. */
guint64 lince_record_last_sequence (const LinceRecord *record);

/* The number up to which the log can be read (log_reader.h). Below the last published one while the
 * log cannot be written. */
guint64 lince_record_logged_sequence (const LinceRecord *record);

typedef enum {
  LINCE_RECORD_QUEUED,
  LINCE_RECORD_DUPLICATE, /* the run's n was here before; dropped */
  LINCE_RECORD_BUSY, /* the queue to the writing thread is full: stop reading that stream, and give
                        it again after the next `published` */
} LinceRecordResult;

/* Takes a copy of a lasting event. `sequence` and `logged` are set by the record, `received` too
 * unless it is set. `run` and `number` stand as the stream sent them; what the daemon itself says
 * has number 0. */
LinceRecordResult lince_record_append (LinceRecord *record, const LinceEvent *event);

/* A moved event: nothing is logged, but the open exposures' placements and last sights follow it,
 * for hello and for lince_record_close_run. */
void lince_record_note_moved (LinceRecord *record, const LinceEvent *moved);

/* For the daemon's greeting: the highest n of that run in the log, 0 when it has none. */
guint64 lince_record_acknowledged (const LinceRecord *record, const char *run);

/* The exposures that stand now, by what was published, those of earlier starts of the daemon
 * included. */
const LinceExposures *lince_record_exposures (const LinceRecord *record);

/* Appends a `vanished` with `reason` ("stream-lost") for each open exposure of `run`, last seen
 * where the last event or moved placed it, with the time since its last sums as far as that minute
 * goes. Returns how many. The daemon calls it when a process is known to be dead, or another run of
 * the stream says hello. */
guint lince_record_close_run (LinceRecord *record, const char *run, const char *reason);

/* Waits until all that was appended has been written (or queued for want of room), synced and, with
 * `consolidated`, summed up in the account, and calls `published` for it. FALSE when `timeout` µs
 * were not enough. */
gboolean lince_record_flush (LinceRecord *record, gboolean consolidated, gint64 timeout);

typedef struct {
  guint64 written;      /* events in the log since it was opened */
  guint64 waiting;      /* events that wait for room */
  guint64 lost;         /* events that became part of a gap */
  guint64 duplicates;   /* dropped by (run, n) */
  guint64 consolidated; /* sequence number that the account has reached */
  double space_used;    /* share of the log's file system */
  gboolean failing;     /* the log cannot be written now */
} LinceRecordState;

void lince_record_get_state (const LinceRecord *record, LinceRecordState *state);

G_END_DECLS
