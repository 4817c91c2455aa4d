/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the last segment of a log tells after a crash. */
#pragma once

#include "store/log_file.h"

G_BEGIN_DECLS

typedef struct {
  guint64 first, last;
} LinceLogRange;

typedef struct {
  guint64 segment;      /* first number of the last segment, 0: there is none */
  char log[37];         /* of its header, "" when that is damaged */
  guint64 last;         /* the highest number in it, its first - 1 when it is empty */
  gint64 last_utc;      /* when it was received, LINCE_TIME_NONE when it is empty */
  gboolean damaged_end; /* what stands behind the highest number cannot be read */
  GArray *holes;        /* of LinceLogRange: numbers that are neither there nor covered by a gap */
} LinceLogRecovery;

/* Reads and repairs the last segment of `directory`: a torn line at its end goes, a segment without
 * a header too. Leaves older plain segments in `unfinished` (guint64). */
gboolean lince_log_recover (
    const char *directory, LinceLogRecovery *recovery, GArray *unfinished, GError **error);
void lince_log_recovery_clear (LinceLogRecovery *recovery);

G_END_DECLS
