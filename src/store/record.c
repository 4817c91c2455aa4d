/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/record.h"

#include <signal.h>
#include <string.h>

#include "store/record_private.h"

#define CLOSE_TIMEOUT (3 * G_USEC_PER_SEC)

static gint64
now (const LinceRecord *record)
{
  return record->now ? record->now (record->now_data) : g_get_real_time ();
}

static guint64
get_number (GHashTable *runs, const char *run)
{
  const guint64 *number = g_hash_table_lookup (runs, run);

  return number ? *number : 0;
}

static void
raise_number (GHashTable *runs, const char *run, guint64 number)
{
  guint64 *known = g_hash_table_lookup (runs, run);

  if (known)
    *known = MAX (*known, number);
  else
    g_hash_table_insert (runs, g_strdup (run), g_memdup2 (&number, sizeof number));
}

/* ---- opening ---- */

static void
recall_event (LinceRecord *record, const LinceEvent *event)
{
  lince_exposures_apply (record->exposures, event);
  if (event->run[0] && event->number > 0)
    raise_number (record->acknowledged, event->run, event->number);
}

/* what stands and what each run has sent: by the account, and by the log from where that ends */
static gboolean
recall (LinceRecord *record, guint64 logged, GError **error)
{
  g_autoptr (GError) problem = NULL;
  guint64 position = 0;
  LinceEvent event;
  const char *line;
  gsize length;

  if (record->account &&
      lince_account_load (record->account, record->exposures, record->acknowledged, &problem))
    position = lince_account_position (record->account);
  else if (problem)
    g_warning ("%s", problem->message);

  g_autoptr (LinceLogReader) reader = lince_log_reader_open (record->log_dir, position + 1, error);
  if (reader == NULL)
    return FALSE;
  for (;;) {
    g_autoptr (GError) damage = NULL;
    LinceLogRead read = lince_log_reader_next (reader, logged, &event, &line, &length, &damage);
    if (read == LINCE_LOG_END)
      break;
    if (read == LINCE_LOG_ERROR)
      g_warning ("%s", damage->message);
    else
      recall_event (record, &event);
  }
  g_mutex_lock (&record->lock);
  record->consolidated = position;
  g_mutex_unlock (&record->lock);
  return TRUE;
}

static void
copy_seen (LinceRecord *record)
{
  GHashTableIter iter;
  gpointer run, number;

  g_hash_table_iter_init (&iter, record->acknowledged);
  while (g_hash_table_iter_next (&iter, &run, &number))
    raise_number (record->seen, run, *(guint64 *) number);
}

static gboolean
dispatch_source (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return callback (data);
}

static gboolean
dispatch_record (gpointer record)
{
  lince_record_dispatch (record);
  return G_SOURCE_CONTINUE;
}

/* fires in the main context when a thread sets its ready time */
static GSource *
make_source (LinceRecord *record)
{
  static GSourceFuncs functions = {.dispatch = dispatch_source};
  GSource *source = g_source_new (&functions, sizeof (GSource));

  g_source_set_static_name (source, "lince-record");
  g_source_set_callback (source, dispatch_record, record, NULL);
  g_source_attach (source, record->context);
  return source;
}

static LinceRecord *
make_record (const LinceRecordSettings *settings, const LinceRecordFunctions *functions)
{
  LinceRecord *record = g_new0 (LinceRecord, 1);

  record->functions = *functions;
  record->context = g_main_context_ref_thread_default ();
  record->log_dir = g_build_filename (settings->state_dir, "log", NULL);
  record->account_path = g_build_filename (settings->state_dir, "account.sqlite", NULL);
  record->node = g_strdup (settings->node ? settings->node : g_get_host_name ());
  record->low_space = settings->low_space > 0 ? settings->low_space : 0.9;
  record->check_interval =
      settings->check_interval > 0 ? settings->check_interval : 2 * G_USEC_PER_SEC;
  record->now = settings->now;
  record->now_data = settings->now_data;
  record->exposures = lince_exposures_new ();
  record->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  record->acknowledged = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  record->stop_summing = g_cancellable_new ();
  record->source = make_source (record);
  g_mutex_init (&record->lock);
  g_cond_init (&record->inbox_filled);
  g_cond_init (&record->written);
  g_cond_init (&record->synced);
  g_cond_init (&record->progressed);
  return record;
}

static void
free_item (gpointer data)
{
  LinceRecordItem *item = data;

  g_free (item->event);
  g_clear_pointer (&item->line, g_bytes_unref);
  g_free (item);
}

static void
free_record (LinceRecord *record)
{
  lince_account_close (record->account);
  lince_exposures_free (record->exposures);
  g_hash_table_unref (record->seen);
  g_hash_table_unref (record->acknowledged);
  g_object_unref (record->stop_summing);
  g_queue_clear_full (&record->inbox, g_free);
  g_queue_clear_full (&record->outbox, free_item);
  g_source_destroy (record->source);
  g_source_unref (record->source);
  g_mutex_clear (&record->lock);
  g_cond_clear (&record->inbox_filled);
  g_cond_clear (&record->written);
  g_cond_clear (&record->synced);
  g_cond_clear (&record->progressed);
  g_main_context_unref (record->context);
  g_free (record->node);
  g_free (record->log_dir);
  g_free (record->account_path);
  g_free (record);
}

static LinceEventLog *
open_log (LinceRecord *record, const LinceRecordSettings *settings, GError **error)
{
  const LinceEventLogSettings log = {
      .directory = record->log_dir,
      .node = record->node,
      .segment_bytes = settings->segment_bytes > 0 ? settings->segment_bytes : 16 * 1024 * 1024,
      .segment_age = settings->segment_age > 0 ? settings->segment_age : G_TIME_SPAN_DAY,
      .backlog_bytes = settings->backlog_bytes > 0 ? settings->backlog_bytes : 8 * 1024 * 1024,
      .now = settings->now,
      .now_data = settings->now_data,
      .emit = lince_record_emit,
      .settled = lince_record_settled,
      .data = record,
  };

  return lince_event_log_open (&log, error);
}

LinceRecord *
lince_record_open (
    const LinceRecordSettings *settings, const LinceRecordFunctions *functions, GError **error)
{
  struct sigaction size_signal;

  /* a file-size limit is an error of `write` like others, not the end of the process */
  if (sigaction (SIGXFSZ, NULL, &size_signal) == 0 && size_signal.sa_handler == SIG_DFL)
    signal (SIGXFSZ, SIG_IGN);

  LinceRecord *record = make_record (settings, functions);
  record->log = open_log (record, settings, error);
  if (record->log == NULL) {
    free_record (record);
    return NULL;
  }
  guint64 logged = lince_event_log_logged (record->log);
  lince_record_open_account (record, logged);
  if (!recall (record, logged, error)) {
    lince_event_log_close (record->log);
    free_record (record);
    return NULL;
  }
  copy_seen (record);
  record->last_published = lince_event_log_last (record->log);
  lince_record_start_threads (record);
  return record;
}

/* ---- the main thread's side ---- */

static void
publish (LinceRecord *record, const LinceRecordItem *item)
{
  const LinceEvent *event = item->event;

  if (item->settled) {
    raise_number (record->acknowledged, event->run, event->number);
    if (record->functions.settled)
      record->functions.settled (event->stream, event->run, event->number, record->functions.data);
    return;
  }
  record->last_published = MAX (record->last_published, event->sequence);
  lince_exposures_apply (record->exposures, event);
  if (event->logged && event->number > 0)
    raise_number (record->acknowledged, event->run, event->number);
  record->functions.published (event, item->line, record->functions.data);
}

void
lince_record_dispatch (LinceRecord *record)
{
  for (;;) {
    g_mutex_lock (&record->lock);
    LinceRecordItem *item = g_queue_pop_head (&record->outbox);
    g_mutex_unlock (&record->lock);
    if (item == NULL)
      return;
    publish (record, item);
    free_item (item);
  }
}

LinceRecordResult
lince_record_append (LinceRecord *record, const LinceEvent *event)
{
  g_return_val_if_fail (lince_event_type_is_lasting (event->type), LINCE_RECORD_DUPLICATE);
  gboolean numbered = event->run[0] && event->number > 0;

  if (numbered && event->number <= get_number (record->seen, event->run)) {
    record->duplicates++;
    return LINCE_RECORD_DUPLICATE;
  }
  LinceEvent *copy = g_memdup2 (event, sizeof *event);
  copy->placements = NULL;
  copy->placement_count = 0;
  if (copy->received == LINCE_TIME_NONE)
    copy->received = now (record);

  g_mutex_lock (&record->lock);
  gboolean room = record->inbox.length < LINCE_RECORD_INBOX_MAX;
  if (room) {
    g_queue_push_tail (&record->inbox, copy);
    record->appended++;
    g_cond_signal (&record->inbox_filled);
  }
  g_mutex_unlock (&record->lock);
  if (!room) {
    g_free (copy);
    return LINCE_RECORD_BUSY;
  }
  if (numbered)
    raise_number (record->seen, event->run, event->number);
  return LINCE_RECORD_QUEUED;
}

void
lince_record_note_moved (LinceRecord *record, const LinceEvent *moved)
{
  if (lince_exposures_count (record->exposures) > 0)
    lince_exposures_apply (record->exposures, moved);
}

guint64
lince_record_acknowledged (const LinceRecord *record, const char *run)
{
  return get_number (record->acknowledged, run);
}

const LinceExposures *
lince_record_exposures (const LinceRecord *record)
{
  return record->exposures;
}

static gboolean
is_flushed (LinceRecord *record, guint64 appended, gboolean disk, gboolean consolidated)
{
  guint64 logged = lince_event_log_logged (record->log);

  return record->processed >= appended &&
         (!disk || lince_event_log_synced (record->log) >= logged) &&
         (!consolidated || record->consolidated >= logged);
}

static gboolean
wait_for (LinceRecord *record, gboolean disk, gboolean consolidated, gint64 timeout)
{
  gint64 until = g_get_monotonic_time () + timeout;
  gboolean done;

  g_mutex_lock (&record->lock);
  guint64 appended = record->appended;
  while (!(done = is_flushed (record, appended, disk, consolidated)))
    if (!g_cond_wait_until (&record->progressed, &record->lock, until))
      break;
  g_mutex_unlock (&record->lock);
  lince_record_dispatch (record);
  return done;
}

gboolean
lince_record_flush (LinceRecord *record, gboolean consolidated, gint64 timeout)
{
  return wait_for (record, TRUE, consolidated, timeout);
}

guint
lince_record_close_run (LinceRecord *record, const char *run, const char *reason)
{
  g_autoptr (GPtrArray) open = NULL;
  guint count = 0;

  wait_for (record, FALSE, FALSE, 10 * G_USEC_PER_SEC);
  open = lince_exposures_list (record->exposures, NULL);
  for (guint i = 0; i < open->len; i++) {
    const LinceOpenExposure *exposure = g_ptr_array_index (open, i);
    LinceEvent vanished;
    if (strcmp (exposure->event.run, run) != 0)
      continue;
    lince_exposures_close_event (exposure, reason, now (record), &vanished);
    lince_record_append (record, &vanished);
    count++;
  }
  return count;
}

const char *
lince_record_log_id (const LinceRecord *record)
{
  return lince_event_log_id (record->log);
}

const char *
lince_record_node (const LinceRecord *record)
{
  return record->node;
}

const char *
lince_record_log_dir (const LinceRecord *record)
{
  return record->log_dir;
}

const char *
lince_record_account_path (const LinceRecord *record)
{
  return record->account_path;
}

guint64
lince_record_last_sequence (const LinceRecord *record)
{
  return record->last_published;
}

guint64
lince_record_logged_sequence (const LinceRecord *record)
{
  return lince_event_log_logged (record->log);
}

void
lince_record_get_state (const LinceRecord *constant, LinceRecordState *state)
{
  LinceRecord *record = (LinceRecord *) constant;
  LinceEventLogState log;

  lince_event_log_get_state (record->log, &log);
  state->written = log.written;
  state->waiting = log.waiting;
  state->lost = log.lost;
  state->failing = log.failing;
  state->duplicates = record->duplicates;
  g_mutex_lock (&record->lock);
  state->consolidated = record->consolidated;
  state->space_used = record->space_used;
  g_mutex_unlock (&record->lock);
}

void
lince_record_close (LinceRecord *record)
{
  if (record == NULL)
    return;
  /* a long catching up goes on at the next start */
  wait_for (record, TRUE, TRUE, CLOSE_TIMEOUT);
  g_cancellable_cancel (record->stop_summing);
  lince_record_end_threads (record);
  lince_record_dispatch (record);
  lince_event_log_close (record->log);
  lince_record_dispatch (record);
  free_record (record);
}
