/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/progress.h"

#include <stdio.h>
#include <unistd.h>

#define FIRST_AFTER G_USEC_PER_SEC
#define INTERVAL (G_USEC_PER_SEC / 4)

void
lince_progress_start (LinceProgress *progress, const char *what)
{
  *progress = (LinceProgress){.what = what,
      .shown = isatty (STDOUT_FILENO) && isatty (STDERR_FILENO),
      .started = g_get_monotonic_time ()};
}

char *
lince_progress_format_seconds (double seconds)
{
  int whole = (int) CLAMP (seconds + 0.5, 0, 1e8);

  if (whole >= 3600)
    return g_strdup_printf ("%d h %02d min", whole / 3600, whole % 3600 / 60);
  if (whole >= 60)
    return g_strdup_printf ("%d min %02d s", whole / 60, whole % 60);
  return g_strdup_printf ("%d s", whole);
}

void
lince_progress_update (LinceProgress *progress, double fraction)
{
  gint64 now;
  double elapsed;

  if (!progress->shown)
    return;
  now = g_get_monotonic_time ();
  if (now - progress->started < FIRST_AFTER || now - progress->last < INTERVAL)
    return;
  progress->last = now;
  progress->dirty = TRUE;
  elapsed = (double) (now - progress->started) / G_USEC_PER_SEC;
  if (fraction > 0) {
    g_autofree char *left = lince_progress_format_seconds (elapsed * (1 - fraction) / fraction);

    fprintf (stderr, "\r\033[K%s: %.0f %%, %s left", progress->what, 100 * fraction, left);
  } else {
    g_autofree char *so_far = lince_progress_format_seconds (elapsed);

    fprintf (stderr, "\r\033[K%s: %s so far", progress->what, so_far);
  }
  fflush (stderr);
}

void
lince_progress_clear (LinceProgress *progress)
{
  if (progress->dirty)
    fprintf (stderr, "\r\033[K");
  progress->dirty = FALSE;
}
