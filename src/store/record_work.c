/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The record's threads: one writes, one syncs, one sums. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "store/record_private.h"

#define RETRY_INTERVAL (2 * G_USEC_PER_SEC) /* of a disk or an account that fails */

static void
put_out (LinceRecord *record, LinceRecordItem *item)
{
  g_mutex_lock (&record->lock);
  g_queue_push_tail (&record->outbox, item);
  g_mutex_unlock (&record->lock);
  g_source_set_ready_time (record->source, 0);
}

void
lince_record_emit (const LinceEvent *event, GBytes *line, gpointer data)
{
  LinceRecordItem *item = g_new0 (LinceRecordItem, 1);

  item->event = g_memdup2 (event, sizeof *event);
  item->line = g_bytes_ref (line);
  put_out (data, item);
}

void
lince_record_settled (const char *stream, const char *run, guint64 number, gpointer data)
{
  LinceRecordItem *item = g_new0 (LinceRecordItem, 1);

  item->settled = TRUE;
  item->event = g_new0 (LinceEvent, 1);
  g_strlcpy (item->event->stream, stream, sizeof item->event->stream);
  g_strlcpy (item->event->run, run, sizeof item->event->run);
  item->event->number = number;
  put_out (data, item);
}

/* ---- writing ---- */

static double
measure_space (const char *directory)
{
  struct statvfs room;

  if (statvfs (directory, &room) < 0 || room.f_blocks == 0)
    return 0;
  /* as df counts: what is kept for root is neither used nor free */
  double used = (double) (room.f_blocks - room.f_bfree);
  return used / MAX (used + (double) room.f_bavail, 1.0);
}

static void
check_space (LinceRecord *record)
{
  double used = measure_space (record->log_dir);
  gboolean low;

  g_mutex_lock (&record->lock);
  low = used >= (record->space_low ? record->low_space - 0.05 : record->low_space);
  gboolean changed = low != record->space_low;
  record->space_used = used;
  record->space_low = low;
  g_mutex_unlock (&record->lock);
  if (!changed)
    return;

  LinceEvent notice, *notices[] = {&notice};
  g_autofree char *reason =
      g_strdup_printf ("The file system of %s is %.0f %% full%s.", record->log_dir, used * 100,
          low ? "; when it is full, events are not kept any more" : " again");
  lince_event_init (&notice, LINCE_EVENT_NOTICE);
  lince_event_set_text (notice.code, sizeof notice.code, low ? "log-space-low" : "log-space-back");
  lince_event_set_text (notice.reason, sizeof notice.reason, reason);
  lince_event_log_append (record->log, notices, 1);
}

/* takes events out, waiting until `until` for the first; how many, with `quit` when it is time to
 * end */
static guint
take_group (
    LinceRecord *record, LinceEvent *events[LINCE_RECORD_GROUP], gint64 until, gboolean *quit)
{
  guint count = 0;

  g_mutex_lock (&record->lock);
  while (record->inbox.length == 0 && !record->writer_quits)
    if (!g_cond_wait_until (&record->inbox_filled, &record->lock, until))
      break;
  while (count < LINCE_RECORD_GROUP && record->inbox.length > 0)
    events[count++] = g_queue_pop_head (&record->inbox);
  *quit = count == 0 && record->writer_quits;
  g_mutex_unlock (&record->lock);
  return count;
}

static gpointer
write_events (gpointer data)
{
  LinceRecord *record = data;
  LinceEvent *events[LINCE_RECORD_GROUP];
  gint64 next_check = 0;
  gboolean quit = FALSE;

  while (!quit) {
    guint count = take_group (record, events, MAX (next_check, g_get_monotonic_time ()), &quit);
    lince_event_log_append (record->log, events, count);
    for (guint i = 0; i < count; i++)
      g_free (events[i]);
    if (g_get_monotonic_time () >= next_check) {
      lince_event_log_retry (record->log);
      check_space (record);
      next_check = g_get_monotonic_time () + record->check_interval;
    }
    g_mutex_lock (&record->lock);
    record->processed += count;
    g_cond_broadcast (&record->written);
    g_cond_broadcast (&record->progressed);
    g_mutex_unlock (&record->lock);
  }
  return NULL;
}

/* ---- syncing ---- */

static gpointer
sync_log (gpointer data)
{
  LinceRecord *record = data;
  gboolean quit = FALSE, failing = FALSE;

  while (!quit) {
    g_mutex_lock (&record->lock);
    while (!record->syncer_quits &&
           lince_event_log_synced (record->log) >= lince_event_log_logged (record->log))
      g_cond_wait (&record->written, &record->lock);
    quit = record->syncer_quits;
    g_mutex_unlock (&record->lock);

    gboolean done = lince_event_log_sync (record->log);
    if (!done && !failing)
      g_warning ("the event log in %s cannot be synced to its disk", record->log_dir);
    failing = !done;

    g_mutex_lock (&record->lock);
    g_cond_broadcast (&record->synced);
    g_cond_broadcast (&record->progressed);
    if (failing && !quit)
      g_cond_wait_until (&record->written, &record->lock, g_get_monotonic_time () + RETRY_INTERVAL);
    g_mutex_unlock (&record->lock);
  }
  return NULL;
}

/* ---- summing ---- */

/* what cannot go on makes room for a new one, and stays for who wants to look */
static void
set_account_aside (LinceRecord *record, const char *why)
{
  static const char *const ends[] = {"", "-wal", "-shm"};

  g_warning ("%s is set aside and made anew from the log: %s", record->account_path, why);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
    g_autofree char *from = g_strconcat (record->account_path, ends[i], NULL);
    g_autofree char *to = g_strconcat (record->account_path, ".aside", ends[i], NULL);
    if (g_rename (from, to) < 0)
      g_unlink (to);
  }
}

void
lince_record_open_account (LinceRecord *record, guint64 logged)
{
  g_autoptr (GError) error = NULL;
  const char *id = lince_event_log_id (record->log);

  record->account = lince_account_open (record->account_path, id, &error);
  if (record->account && lince_account_position (record->account) > logged) {
    g_clear_pointer (&record->account, lince_account_close);
    g_set_error (&error, LINCE_ACCOUNT_ERROR, LINCE_ACCOUNT_ERROR_DAMAGED,
        "it has events that the log has not");
  }
  if (record->account == NULL &&
      g_error_matches (error, LINCE_ACCOUNT_ERROR, LINCE_ACCOUNT_ERROR_DAMAGED)) {
    set_account_aside (record, error->message);
    g_clear_error (&error);
    record->account = lince_account_open (record->account_path, id, &error);
  }
  if (record->account == NULL)
    g_warning ("%s", error->message);
}

/* TRUE unless there is an error to wait for */
static gboolean
sum_up (LinceRecord *record, LinceLogReader **reader, gboolean *told)
{
  g_autoptr (GError) error = NULL;
  guint64 target = lince_event_log_synced (record->log);

  if (record->account == NULL)
    lince_record_open_account (record, lince_event_log_logged (record->log));
  if (record->account == NULL)
    return FALSE;
  if (lince_account_follow (
          record->account, record->log_dir, reader, target, record->stop_summing, &error)) {
    *told = FALSE;
    return TRUE;
  }
  if (g_error_matches (error, LINCE_ACCOUNT_ERROR, LINCE_ACCOUNT_ERROR_DAMAGED)) {
    g_clear_pointer (&record->account, lince_account_close);
    set_account_aside (record, error->message);
    return FALSE;
  }
  if (!*told)
    g_warning ("%s; it catches up as soon as it can", error->message);
  *told = TRUE;
  return FALSE;
}

static gpointer
sum_events (gpointer data)
{
  LinceRecord *record = data;
  LinceLogReader *reader = NULL;
  gboolean quit = FALSE, told = FALSE;

  while (!quit) {
    g_mutex_lock (&record->lock);
    while (!record->summer_quits && lince_event_log_synced (record->log) <= record->consolidated)
      g_cond_wait (&record->synced, &record->lock);
    quit = record->summer_quits;
    g_mutex_unlock (&record->lock);

    guint64 target = lince_event_log_synced (record->log);
    gboolean done = sum_up (record, &reader, &told);

    g_mutex_lock (&record->lock);
    if (done)
      record->consolidated = target;
    g_cond_broadcast (&record->progressed);
    if (!done && !record->summer_quits)
      g_cond_wait_until (&record->synced, &record->lock, g_get_monotonic_time () + RETRY_INTERVAL);
    g_mutex_unlock (&record->lock);
  }
  lince_log_reader_free (reader);
  g_clear_pointer (&record->account, lince_account_close);
  return NULL;
}

void
lince_record_start_threads (LinceRecord *record)
{
  record->writer = g_thread_new ("lince-log", write_events, record);
  record->syncer = g_thread_new ("lince-sync", sync_log, record);
  record->summer = g_thread_new ("lince-account", sum_events, record);
}

static void
end_thread (LinceRecord *record, gboolean *quits, GCond *wakes, GThread *thread)
{
  g_mutex_lock (&record->lock);
  *quits = TRUE;
  g_cond_broadcast (wakes);
  g_mutex_unlock (&record->lock);
  g_thread_join (thread);
}

void
lince_record_end_threads (LinceRecord *record)
{
  end_thread (record, &record->writer_quits, &record->inbox_filled, record->writer);
  end_thread (record, &record->syncer_quits, &record->written, record->syncer);
  end_thread (record, &record->summer_quits, &record->synced, record->summer);
}
