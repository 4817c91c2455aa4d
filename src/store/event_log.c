/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "store/event_log_private.h"
#include "store/log_line.h"
#include "store/log_sync.h"

#define BACKLOG_CHUNK 65536

gint64
lince_event_log_now (LinceEventLog *log)
{
  return log->settings.now ? log->settings.now (log->settings.now_data) : g_get_real_time ();
}

void
lince_event_log_publish_state (LinceEventLog *log)
{
  g_mutex_lock (&log->lock);
  log->last = log->next - 1;
  log->shown_failing = log->failing;
  log->waiting = lince_backlog_count (log->backlog);
  if (!log->failing)
    log->logged = log->last;
  g_mutex_unlock (&log->lock);
}

/* ---- segments ---- */

gboolean
lince_event_log_start_segment (LinceEventLog *log, GError **error)
{
  g_autofree char *path = lince_log_segment_path (log->directory, log->next);
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);

  g_string_truncate (log->text, 0);
  log->header.first = log->next;
  lince_log_header_write (&log->header, lince_event_log_now (log), log->text);
  if (fd < 0 || !lince_write_all (fd, log->text->str, log->text->len)) {
    g_set_error (
        error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_IO, "%s: %s", path, g_strerror (errno));
    if (fd >= 0) {
      unlink (path);
      close (fd);
    }
    return FALSE;
  }
  g_mutex_lock (&log->lock);
  log->fd = fd;
  log->new_segment = TRUE;
  g_mutex_unlock (&log->lock);
  log->size = (goffset) log->text->len;
  log->created = lince_event_log_now (log);
  return TRUE;
}

/* closes the segment when it is full or old; where that fails, it goes on */
static void
rotate (LinceEventLog *log, gsize more)
{
  gboolean old = lince_event_log_now (log) - log->created >= log->settings.segment_age;
  gboolean full = log->size + (goffset) more > (goffset) log->settings.segment_bytes;
  ClosedSegment closed = {log->header.first, log->fd};

  if (log->size <= 512 || (!old && !full) || log->next == log->header.first)
    return;
  if (!lince_event_log_start_segment (log, NULL)) {
    log->header.first = closed.first;
    return;
  }
  g_mutex_lock (&log->lock);
  g_array_append_val (log->closed, closed);
  g_mutex_unlock (&log->lock);
}

/* all of it or nothing */
static gboolean
write_group (LinceEventLog *log, const char *bytes, gsize length)
{
  if (log->cut_pending && ftruncate (log->fd, log->size) < 0)
    return FALSE;
  log->cut_pending = FALSE;
  if (lince_write_all (log->fd, bytes, length)) {
    log->size += (goffset) length;
    return TRUE;
  }
  int saved = errno;
  log->cut_pending = ftruncate (log->fd, log->size) < 0;
  errno = saved;
  return FALSE;
}

/* ---- appending ---- */

static void
number (LinceEventLog *log, LinceEvent *event)
{
  event->sequence = log->next++;
  event->logged = TRUE;
  if (event->received == LINCE_TIME_NONE)
    event->received = lince_event_log_now (log);
  if (event->utc == LINCE_TIME_NONE) {
    event->utc = event->received;
    event->utc_source = LINCE_UTC_ARRIVAL;
  }
}

static void
emit (LinceEventLog *log, const LinceEvent *event)
{
  g_string_truncate (log->text, 0);
  lince_event_append (event, log->text);
  g_autoptr (GBytes) line = g_bytes_new (log->text->str, log->text->len);
  log->settings.emit (event, line, log->settings.data);
}

static void
seal_into_group (LinceEventLog *log, const LinceEvent *event)
{
  gsize start = log->group->len;

  lince_event_append (event, log->group);
  lince_log_line_seal (log->group, start);
}

/* an event that cannot be written now: its line waits, its clients know */
static void
put_back (LinceEventLog *log, LinceEvent *event)
{
  g_string_truncate (log->group, 0);
  event->logged = TRUE;
  seal_into_group (log, event);
  lince_backlog_push (log->backlog, event, log->group->str, log->group->len, event->received);
  event->logged = FALSE;
}

static void
append_failing (LinceEventLog *log, LinceEvent *const *events, guint count)
{
  for (guint i = 0; i < count; i++)
    put_back (log, events[i]);
  lince_event_log_publish_state (log);
  for (guint i = 0; i < count; i++)
    emit (log, events[i]);
}

static void
begin_failing (LinceEventLog *log, int problem)
{
  g_autofree char *reason =
      g_strdup_printf ("The event log in %s cannot be written: %s. Events go on and are kept for "
                       "writing as far as memory allows; make room on that disk.",
          log->directory, g_strerror (problem));

  log->failing = TRUE;
  g_warning ("%s", reason);
  if (!lince_log_numbers_set_unlogged (log->numbers, TRUE))
    g_warning ("%s/numbers cannot be written either: %s", log->directory, g_strerror (errno));
}

static void append_events (LinceEventLog *log, LinceEvent *const *events, guint count);

static void
append_notice (LinceEventLog *log, const char *code, const char *reason)
{
  LinceEvent notice, *notices[] = {&notice};

  lince_event_init (&notice, LINCE_EVENT_NOTICE);
  lince_event_set_text (notice.code, sizeof notice.code, code);
  lince_event_set_text (notice.reason, sizeof notice.reason, reason);
  append_events (log, notices, 1);
}

static void
append_events (LinceEventLog *log, LinceEvent *const *events, guint count)
{
  /* where even this fails, events still go on: they are more than their numbers */
  if (!lince_log_numbers_reserve (log->numbers, log->next + count))
    g_warning ("%s/numbers: %s", log->directory, g_strerror (errno));
  if (log->failing) {
    for (guint i = 0; i < count; i++)
      number (log, events[i]);
    append_failing (log, events, count);
    return;
  }
  rotate (log, 0);
  g_string_truncate (log->group, 0);
  for (guint i = 0; i < count; i++) {
    number (log, events[i]);
    seal_into_group (log, events[i]);
  }
  if (!write_group (log, log->group->str, log->group->len)) {
    int problem = errno;
    begin_failing (log, problem);
    append_failing (log, events, count);
    append_notice (log, "log-write-failed", g_strerror (problem));
    return;
  }
  g_mutex_lock (&log->lock);
  log->written += count;
  g_mutex_unlock (&log->lock);
  lince_event_log_publish_state (log);
  for (guint i = 0; i < count; i++)
    emit (log, events[i]);
}

void
lince_event_log_append (LinceEventLog *log, LinceEvent *const *events, guint count)
{
  if (count == 0)
    return;
  if (log->failing)
    lince_event_log_retry (log);
  append_events (log, events, count);
}

/* ---- room again ---- */

/* the lines of the backlog that make a chunk: how many */
static guint
collect_chunk (LinceEventLog *log, gsize limit)
{
  const LinceBacklogLine *line;
  guint count = 0;

  g_string_truncate (log->group, 0);
  while ((line = lince_backlog_peek (log->backlog, count)) != NULL &&
         (count == 0 || log->group->len + line->length <= limit)) {
    g_string_append_len (log->group, line->line, (gssize) line->length);
    count++;
  }
  return count;
}

static void
settle (LinceEventLog *log, guint count)
{
  g_mutex_lock (&log->lock);
  log->written += count;
  log->logged = lince_backlog_peek (log->backlog, count - 1)->sequence;
  g_mutex_unlock (&log->lock);
  for (; count > 0; count--) {
    const LinceBacklogLine *line = lince_backlog_peek (log->backlog, 0);
    if (log->settings.settled && line->number > 0)
      log->settings.settled (line->stream, line->run, line->number, log->settings.data);
    lince_backlog_pop (log->backlog);
  }
}

static gboolean
write_backlog (LinceEventLog *log)
{
  gsize limit = BACKLOG_CHUNK;

  while (lince_backlog_count (log->backlog) > 0) {
    guint count = collect_chunk (log, limit);
    if (write_group (log, log->group->str, log->group->len))
      settle (log, count);
    else if (count > 1)
      limit = 0; /* one by one, as far as the room goes */
    else
      return FALSE;
  }
  return TRUE;
}

/* One event for what the queue could not hold. Its own number belongs to the range while it cannot
 * be written. */
static gboolean
write_gap (LinceEventLog *log)
{
  LinceEvent gap;

  lince_event_init (&gap, LINCE_EVENT_GAP);
  if (!lince_backlog_get_gap (log->backlog, &gap))
    return TRUE;
  lince_event_set_text (gap.reason, sizeof gap.reason, "The log could not be written.");
  if (!lince_log_numbers_reserve (log->numbers, log->next + 1))
    return FALSE;
  number (log, &gap);
  g_string_truncate (log->group, 0);
  seal_into_group (log, &gap);
  if (!write_group (log, log->group->str, log->group->len)) {
    lince_backlog_extend_gap (log->backlog, gap.sequence);
    return FALSE;
  }
  lince_backlog_clear_gap (log->backlog);
  g_mutex_lock (&log->lock);
  log->written++;
  log->lost += gap.gap_last - gap.gap_first + 1;
  g_mutex_unlock (&log->lock);
  emit (log, &gap);
  return TRUE;
}

gboolean
lince_event_log_retry (LinceEventLog *log)
{
  if (!log->failing)
    return TRUE;
  gboolean done = write_backlog (log) && write_gap (log);
  log->failing = !done;
  lince_event_log_publish_state (log);
  if (done) {
    if (!lince_log_numbers_set_unlogged (log->numbers, FALSE))
      g_warning ("%s/numbers: %s", log->directory, g_strerror (errno));
    append_notice (log, "log-writing-again", "The event log is written again.");
  }
  return done;
}

/* ---- the disk ---- */

static gboolean
sync_file (int fd)
{
  gboolean done = fd < 0 || fdatasync (fd) == 0;

  if (fd >= 0)
    close (fd);
  return done;
}

static void
compress_closed (LinceEventLog *log, GArray *closed)
{
  for (guint i = 0; i < closed->len; i++) {
    g_autoptr (GError) error = NULL;
    /* a full disk leaves it plain until the next start */
    if (!lince_log_compress (
            log->directory, g_array_index (closed, ClosedSegment, i).first, &error))
      g_warning ("a closed segment of the log stays uncompressed: %s", error->message);
  }
}

gboolean
lince_event_log_sync (LinceEventLog *log)
{
  g_mutex_lock (&log->lock);
  guint64 target = log->logged;
  GArray *closed = log->closed;
  gboolean new_segment = log->new_segment;
  int fd = fcntl (log->fd, F_DUPFD_CLOEXEC, 0);
  log->closed = g_array_new (FALSE, FALSE, sizeof (ClosedSegment));
  log->new_segment = FALSE;
  g_mutex_unlock (&log->lock);

  gboolean done = fd >= 0;
  for (guint i = 0; i < closed->len; i++)
    done &= sync_file (g_array_index (closed, ClosedSegment, i).fd);
  done &= sync_file (fd);
  if (new_segment)
    done &= lince_sync_directory (log->directory);
  if (done) {
    g_mutex_lock (&log->lock);
    log->synced = MAX (log->synced, target);
    g_mutex_unlock (&log->lock);
    compress_closed (log, closed);
  }
  g_array_unref (closed);
  return done;
}

/* ---- telling ---- */

const char *
lince_event_log_id (const LinceEventLog *log)
{
  return log->header.log;
}

static guint64
get (LinceEventLog *log, const guint64 *value)
{
  g_mutex_lock (&log->lock);
  guint64 copy = *value;
  g_mutex_unlock (&log->lock);
  return copy;
}

guint64
lince_event_log_last (LinceEventLog *log)
{
  return get (log, &log->last);
}

guint64
lince_event_log_logged (LinceEventLog *log)
{
  return get (log, &log->logged);
}

guint64
lince_event_log_synced (LinceEventLog *log)
{
  return get (log, &log->synced);
}

void
lince_event_log_get_state (LinceEventLog *log, LinceEventLogState *state)
{
  g_mutex_lock (&log->lock);
  state->written = log->written;
  state->waiting = log->waiting;
  state->lost = log->lost;
  state->failing = log->shown_failing;
  g_mutex_unlock (&log->lock);
}
