/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/log_recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/log_line.h"
#include "store/log_reader.h"
#include "store/log_sync.h"

/* takes what a gap event covers out of the holes */
static void
cover (GArray *holes, guint64 first, guint64 last)
{
  for (guint i = 0; i < holes->len;) {
    LinceLogRange *hole = &g_array_index (holes, LinceLogRange, i);
    LinceLogRange rest = {last + 1, hole->last};
    if (last < hole->first || first > hole->last) {
      i++;
    } else if (first > hole->first) {
      hole->last = first - 1;
      i++;
      if (rest.first <= rest.last)
        g_array_insert_val (holes, i++, rest);
    } else if (rest.first <= rest.last) {
      *hole = rest;
      i++;
    } else {
      g_array_remove_index (holes, i);
    }
  }
}

static void
take_event (LinceLogRecovery *recovery, const LinceEvent *event)
{
  if (event->sequence > recovery->last + 1) {
    LinceLogRange hole = {recovery->last + 1, event->sequence - 1};
    g_array_append_val (recovery->holes, hole);
  }
  if (event->type == LINCE_EVENT_GAP)
    cover (recovery->holes, event->gap_first, event->gap_last);
  recovery->last = MAX (recovery->last, event->sequence);
  recovery->last_utc = event->received != LINCE_TIME_NONE ? event->received : event->utc;
  recovery->damaged_end = FALSE;
}

/* reads all whole lines; where they end, -1 on an error */
static goffset
scan (const char *directory, LinceLogRecovery *recovery, GError **error)
{
  g_autoptr (LinceLogFile) file = lince_log_file_open (directory, recovery->segment, error);
  g_autofree LinceEventPlacement *placements =
      g_new (LinceEventPlacement, LINCE_EVENT_MAX_PLACEMENTS);
  LinceLogHeader header;
  LinceEvent event;
  char *line;
  gsize length;

  if (file == NULL)
    return -1;
  for (;;) {
    switch (lince_log_file_next (file, &line, &length, error)) {
      case LINCE_LOG_LINE:
        if (lince_event_read (line, length, &event, placements, NULL) && event.sequence > 0)
          take_event (recovery, &event);
        else if (lince_log_header_read (line, length, &header))
          memcpy (recovery->log, header.log, sizeof recovery->log);
        else
          recovery->damaged_end = TRUE;
        break;
      case LINCE_LOG_LINE_DAMAGED:
        recovery->damaged_end = TRUE;
        break;
      case LINCE_LOG_LINE_ERROR:
        return -1;
      case LINCE_LOG_LINE_END:
        return lince_log_file_position (file);
    }
  }
}

/* A line without its newline is there as a whole when only that is missing: TRUE. */
static gboolean
is_whole (int fd, goffset from, goffset to)
{
  gsize size = (gsize) (to - from);

  if (size > LINCE_EVENT_MAX_LINE + LINCE_LOG_SEAL_LENGTH)
    return FALSE;
  g_autofree char *tail = g_malloc (size);
  return pread (fd, tail, size, from) == (gssize) size && lince_log_line_open (tail, size) > 0;
}

/* TRUE when the segment ends with a whole line afterwards; `grown` tells that its last line is new
 */
static gboolean
repair_end (const char *path, goffset end, gboolean *grown, GError **error)
{
  int fd = open (path, O_RDWR | O_APPEND | O_CLOEXEC);
  struct stat info;
  gboolean done = fd >= 0 && fstat (fd, &info) == 0;

  *grown = FALSE;
  if (done && info.st_size > end) {
    *grown = is_whole (fd, end, info.st_size) && lince_write_all (fd, "\n", 1);
    done = *grown || (ftruncate (fd, end) == 0 && fdatasync (fd) == 0);
  }
  if (!done)
    g_set_error (
        error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_IO, "%s: %s", path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return done;
}

static void
start (LinceLogRecovery *recovery, guint64 segment)
{
  recovery->segment = segment;
  recovery->last = segment > 0 ? segment - 1 : 0;
  recovery->last_utc = LINCE_TIME_NONE;
  recovery->damaged_end = FALSE;
  g_array_set_size (recovery->holes, 0);
}

/* the last segment; FALSE with `error`, or without one when there was nothing in it and it is gone
 */
static gboolean
recover_segment (const char *directory, guint64 first, LinceLogRecovery *recovery, GError **error)
{
  g_autofree char *path = lince_log_segment_path (directory, first);
  gboolean grown = TRUE;

  while (grown) {
    start (recovery, first);
    goffset end = scan (directory, recovery, error);
    if (end < 0)
      return FALSE;
    if (!g_file_test (path, G_FILE_TEST_EXISTS)) /* an archive: whole by its making */
      return TRUE;
    if (!repair_end (path, end, &grown, error))
      return FALSE;
    if (end == 0 && !grown) {
      unlink (path);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
lince_log_recover (
    const char *directory, LinceLogRecovery *recovery, GArray *unfinished, GError **error)
{
  g_autoptr (GArray) list = lince_log_list (directory, error);
  GError *problem = NULL;
  guint count = list ? list->len : 0;

  memset (recovery, 0, sizeof *recovery);
  recovery->holes = g_array_new (FALSE, FALSE, sizeof (LinceLogRange));
  start (recovery, 0);
  if (list == NULL)
    return FALSE;
  while (count > 0 && !recover_segment (directory, g_array_index (list, guint64, count - 1),
                          recovery, &problem)) {
    if (problem) {
      g_propagate_error (error, problem);
      return FALSE;
    }
    start (recovery, 0);
    count--;
  }
  for (guint i = 0; i + 1 < count; i++) {
    guint64 first = g_array_index (list, guint64, i);
    g_autofree char *path = lince_log_segment_path (directory, first);
    if (g_file_test (path, G_FILE_TEST_EXISTS))
      g_array_append_val (unfinished, first);
  }
  return TRUE;
}

void
lince_log_recovery_clear (LinceLogRecovery *recovery)
{
  g_clear_pointer (&recovery->holes, g_array_unref);
}
