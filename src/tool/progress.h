/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Progress of long work on standard error, with the time that remains: only where both outputs are
 * a terminal and after the first second; nothing at all in a pipe. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *what;     /* "enrolling"; borrowed */
  gboolean shown;       /* may be shown at all */
  gint64 started, last; /* monotonic, µs */
  gboolean dirty;       /* a line stands there */
} LinceProgress;

void lince_progress_start (LinceProgress *progress, const char *what);
/* `fraction` from 0 to 1, or -1 where unknown. */
void lince_progress_update (LinceProgress *progress, double fraction);
/* Takes the line away, before anything else is printed and at the end. */
void lince_progress_clear (LinceProgress *progress);

/* "1 h 02 min", "3 min 05 s", "12 s". Transfer full. */
char *lince_progress_format_seconds (double seconds);

G_END_DECLS
