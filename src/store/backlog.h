/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Lines of the log that wait for room on the disk: a queue bounded in bytes. From the first line
 * that does not fit on, until the queue is empty, all further ones become one gap. */
#pragma once

#include "wire/event.h"

G_BEGIN_DECLS

typedef struct _LinceBacklog LinceBacklog;

typedef struct {
  guint64 sequence;
  guint64 number; /* within the run, 0 for none */
  char stream[LINCE_EVENT_ID_MAX + 1];
  char run[33];
  gsize length;
  char line[]; /* sealed, newline included */
} LinceBacklogLine;

LinceBacklog *lince_backlog_new (gsize limit);
void lince_backlog_free (LinceBacklog *backlog);

/* Keeps the line, or makes the event part of the gap. `now` is the gap's time where `event` has
 * none. */
void lince_backlog_push (
    LinceBacklog *backlog, const LinceEvent *event, const char *line, gsize length, gint64 now);

guint lince_backlog_count (const LinceBacklog *backlog);
/* The oldest line, `nth` from it; NULL when there are fewer. */
const LinceBacklogLine *lince_backlog_peek (const LinceBacklog *backlog, guint nth);
void lince_backlog_pop (LinceBacklog *backlog);

/* TRUE while there is a gap: fills the range and times of `gap`. */
gboolean lince_backlog_get_gap (const LinceBacklog *backlog, LinceEvent *gap);
void lince_backlog_extend_gap (LinceBacklog *backlog, guint64 last);
void lince_backlog_clear_gap (LinceBacklog *backlog);

G_END_DECLS
