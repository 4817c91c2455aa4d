/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Opening and closing the event log. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/event_log_private.h"
#include "store/log_recovery.h"

static gboolean
choose_log_id (LinceEventLog *log, const LinceLogRecovery *recovery)
{
  const char *kept = lince_log_numbers_log (log->numbers);
  g_autofree char *made = g_uuid_string_random ();
  const char *id = kept[0] ? kept : recovery->log[0] ? recovery->log : made;

  g_strlcpy (log->header.log, id, sizeof log->header.log);
  lince_log_numbers_set_log (log->numbers, id);
  return kept[0] == '\0';
}

/* the next number, by what the last process left */
static guint64
choose_next (LinceEventLog *log, const LinceLogRecovery *recovery)
{
  guint64 reserved = lince_log_numbers_reserved (log->numbers);
  LinceNumbersState left = lince_log_numbers_left (log->numbers);

  if (left == LINCE_NUMBERS_KILLED && recovery->damaged_end)
    left = LINCE_NUMBERS_LOST;
  switch (left) {
    case LINCE_NUMBERS_CLOSED:
      return MAX (lince_log_numbers_next (log->numbers), recovery->last + 1);
    case LINCE_NUMBERS_KILLED:
      return recovery->last + 1;
    case LINCE_NUMBERS_LOST:
      return MAX (reserved, recovery->last) + 1;
    default:
      /* without the file, all that could be reserved behind what is there counts as given */
      return recovery->last > 0 ? recovery->last + 2 * LINCE_LOG_BLOCK : 1;
  }
}

static gboolean
open_segment (LinceEventLog *log, const LinceLogRecovery *recovery, GError **error)
{
  g_autofree char *path = lince_log_segment_path (log->directory, recovery->segment);
  struct stat info;

  log->fd = recovery->segment > 0 ? open (path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
  if (log->fd < 0)
    return lince_event_log_start_segment (log, error);
  if (fstat (log->fd, &info) < 0) {
    g_set_error (
        error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_IO, "%s: %s", path, g_strerror (errno));
    return FALSE;
  }
  log->size = info.st_size;
  log->created = lince_event_log_now (log);
  log->header.first = recovery->segment;
  return TRUE;
}

static void
append_gap (LinceEventLog *log, guint64 first, guint64 last, gint64 from, const char *reason)
{
  LinceEvent gap, *gaps[] = {&gap};

  lince_event_init (&gap, LINCE_EVENT_GAP);
  gap.gap_first = first;
  gap.gap_last = last;
  gap.gap_to_utc = lince_event_log_now (log);
  gap.gap_from_utc = from != LINCE_TIME_NONE ? MIN (from, gap.gap_to_utc) : LINCE_TIME_NONE;
  lince_event_set_text (gap.reason, sizeof gap.reason, reason);
  lince_event_log_append (log, gaps, 1);
  g_mutex_lock (&log->lock);
  log->lost += last - first + 1;
  g_mutex_unlock (&log->lock);
}

static void
append_gaps (LinceEventLog *log, const LinceLogRecovery *recovery)
{
  guint64 first_new = log->next;

  for (guint i = 0; i < recovery->holes->len; i++) {
    const LinceLogRange *hole = &g_array_index (recovery->holes, LinceLogRange, i);
    append_gap (log, hole->first, hole->last, LINCE_TIME_NONE, "Lines of the log are damaged.");
  }
  if (first_new > recovery->last + 1)
    append_gap (log, recovery->last + 1, first_new - 1, recovery->last_utc,
        "The end of the log may have been lost.");
}

static gboolean
recover (LinceEventLog *log, GError **error)
{
  g_autoptr (GArray) unfinished = g_array_new (FALSE, FALSE, sizeof (guint64));
  LinceLogRecovery recovery;
  gboolean done = lince_log_recover (log->directory, &recovery, unfinished, error);

  if (done) {
    choose_log_id (log, &recovery);
    log->next = choose_next (log, &recovery);
    done = open_segment (log, &recovery, error);
  }
  if (done && !lince_log_numbers_reserve (log->numbers, log->next)) {
    g_set_error (error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_IO, "%s/numbers: %s",
        log->directory, g_strerror (errno));
    done = FALSE;
  }
  if (done) {
    for (guint i = 0; i < unfinished->len; i++) {
      ClosedSegment closed = {g_array_index (unfinished, guint64, i), -1};
      g_array_append_val (log->closed, closed);
    }
    lince_event_log_publish_state (log);
    append_gaps (log, &recovery);
  }
  lince_log_recovery_clear (&recovery);
  return done;
}

static void
free_log (LinceEventLog *log)
{
  for (guint i = 0; i < log->closed->len; i++)
    if (g_array_index (log->closed, ClosedSegment, i).fd >= 0)
      close (g_array_index (log->closed, ClosedSegment, i).fd);
  g_array_unref (log->closed);
  if (log->fd >= 0)
    close (log->fd);
  lince_log_numbers_free (log->numbers);
  lince_backlog_free (log->backlog);
  g_string_free (log->text, TRUE);
  g_string_free (log->group, TRUE);
  g_mutex_clear (&log->lock);
  g_free (log->directory);
  g_free (log);
}

LinceEventLog *
lince_event_log_open (const LinceEventLogSettings *settings, GError **error)
{
  if (g_mkdir_with_parents (settings->directory, 0700) < 0) {
    g_set_error (error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_IO, "%s: %s", settings->directory,
        g_strerror (errno));
    return NULL;
  }
  LinceEventLog *log = g_new0 (LinceEventLog, 1);
  log->settings = *settings;
  log->directory = g_strdup (settings->directory);
  log->settings.directory = log->directory;
  log->settings.node = NULL;
  g_strlcpy (log->header.node, settings->node, sizeof log->header.node);
  log->fd = -1;
  log->backlog = lince_backlog_new (settings->backlog_bytes);
  log->closed = g_array_new (FALSE, FALSE, sizeof (ClosedSegment));
  log->text = g_string_new (NULL);
  log->group = g_string_new (NULL);
  g_mutex_init (&log->lock);
  log->numbers = lince_log_numbers_open (log->directory, error);
  if (log->numbers == NULL || !recover (log, error)) {
    free_log (log);
    return NULL;
  }
  return log;
}

void
lince_event_log_close (LinceEventLog *log)
{
  if (log == NULL)
    return;
  gboolean whole = lince_event_log_retry (log) && lince_event_log_sync (log);
  if (whole && !lince_log_numbers_close (log->numbers, log->next))
    g_warning ("%s/numbers: %s", log->directory, g_strerror (errno));
  free_log (log);
}
