/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/backlog.h"

#include <string.h>

struct _LinceBacklog {
  GQueue lines;
  gsize bytes, limit;
  guint64 gap_first, gap_last; /* 0: none */
  gint64 gap_from, gap_to;
};

LinceBacklog *
lince_backlog_new (gsize limit)
{
  LinceBacklog *backlog = g_new0 (LinceBacklog, 1);

  g_queue_init (&backlog->lines);
  backlog->limit = limit;
  return backlog;
}

void
lince_backlog_free (LinceBacklog *backlog)
{
  if (backlog == NULL)
    return;
  g_queue_clear_full (&backlog->lines, g_free);
  g_free (backlog);
}

void
lince_backlog_push (
    LinceBacklog *backlog, const LinceEvent *event, const char *line, gsize length, gint64 now)
{
  gsize size = sizeof (LinceBacklogLine) + length;

  if (backlog->gap_first > 0 || backlog->bytes + size > backlog->limit) {
    gint64 time = event->utc != LINCE_TIME_NONE ? event->utc : now;
    if (backlog->gap_first == 0) {
      backlog->gap_first = event->sequence;
      backlog->gap_from = backlog->gap_to = time;
    }
    backlog->gap_last = event->sequence;
    backlog->gap_from = MIN (backlog->gap_from, time);
    backlog->gap_to = MAX (backlog->gap_to, time);
    return;
  }
  LinceBacklogLine *kept = g_malloc (size);
  kept->sequence = event->sequence;
  kept->number = event->number;
  memcpy (kept->stream, event->stream, sizeof kept->stream);
  memcpy (kept->run, event->run, sizeof kept->run);
  kept->length = length;
  memcpy (kept->line, line, length);
  g_queue_push_tail (&backlog->lines, kept);
  backlog->bytes += size;
}

guint
lince_backlog_count (const LinceBacklog *backlog)
{
  return backlog->lines.length;
}

const LinceBacklogLine *
lince_backlog_peek (const LinceBacklog *backlog, guint nth)
{
  const GList *link = backlog->lines.head;

  /* from the head: only a few are asked for, and g_queue_peek_nth would start at the tail */
  while (link && nth-- > 0)
    link = link->next;
  return link ? link->data : NULL;
}

void
lince_backlog_pop (LinceBacklog *backlog)
{
  LinceBacklogLine *line = g_queue_pop_head (&backlog->lines);

  if (line)
    backlog->bytes -= sizeof *line + line->length;
  g_free (line);
}

gboolean
lince_backlog_get_gap (const LinceBacklog *backlog, LinceEvent *gap)
{
  if (backlog->gap_first == 0)
    return FALSE;
  gap->gap_first = backlog->gap_first;
  gap->gap_last = backlog->gap_last;
  gap->gap_from_utc = backlog->gap_from;
  gap->gap_to_utc = backlog->gap_to;
  return TRUE;
}

void
lince_backlog_extend_gap (LinceBacklog *backlog, guint64 last)
{
  backlog->gap_last = last;
}

void
lince_backlog_clear_gap (LinceBacklog *backlog)
{
  backlog->gap_first = backlog->gap_last = 0;
}
