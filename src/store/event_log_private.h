/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the event log's files share: appending and syncing (event_log.c), opening and closing
 * (event_log_open.c). */
#pragma once

#include "store/backlog.h"
#include "store/event_log.h"
#include "store/log_file.h"
#include "store/log_numbers.h"

G_BEGIN_DECLS

/* a segment that nobody writes any more; `fd` -1 when its bytes are on the disk already */
typedef struct {
  guint64 first;
  int fd;
} ClosedSegment;

struct _LinceEventLog {
  LinceEventLogSettings settings;
  char *directory;
  LinceLogNumbers *numbers;
  LinceLogHeader header;
  int fd;
  goffset size;
  gint64 created;
  guint64 next;
  gboolean failing, cut_pending;
  LinceBacklog *backlog;
  GString *text, *group;

  GMutex lock; /* of what follows, and of `fd` for other threads */
  GArray *closed;
  gboolean new_segment;
  guint64 last, logged, synced, written, lost;
  gboolean shown_failing;
  guint waiting;
};

gint64 lince_event_log_now (LinceEventLog *log);

/* Shows other threads how far it has come. */
void lince_event_log_publish_state (LinceEventLog *log);

/* Makes the segment that begins with the next number the one that is written. */
gboolean lince_event_log_start_segment (LinceEventLog *log, GError **error);

G_END_DECLS
