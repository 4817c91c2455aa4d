/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/trace.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define RING 64 /* frames between entry and message; more than any pipeline holds */

typedef struct {
  GstClockTime pts;
  gint64 entered, posted;
} Frame;

struct _LinceTrace {
  FILE *file;
  GMutex lock;
  Frame frames[RING];
  guint next;
  Frame taken; /* the main loop's: what it works on */
  gint64 taken_at;
};

gint64
lince_monotonic_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

LinceTrace *
lince_trace_new (const char *path, GError **error)
{
  FILE *file = fopen (path, "we");
  LinceTrace *trace;

  if (!file) {
    g_set_error (
        error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
    return NULL;
  }
  trace = g_new0 (LinceTrace, 1);
  trace->file = file;
  g_mutex_init (&trace->lock);
  return trace;
}

void
lince_trace_free (LinceTrace *trace)
{
  if (!trace)
    return;
  fclose (trace->file);
  g_mutex_clear (&trace->lock);
  g_free (trace);
}

void
lince_trace_entered (LinceTrace *trace, GstClockTime pts)
{
  if (!trace)
    return;
  g_mutex_lock (&trace->lock);
  trace->frames[trace->next] = (Frame){pts, lince_monotonic_now (), 0};
  trace->next = (trace->next + 1) % RING;
  g_mutex_unlock (&trace->lock);
}

/* The newest entry of that PTS; called with the lock held. */
static Frame *
find_frame (LinceTrace *trace, const GstStructure *structure)
{
  guint64 pts;

  if (!gst_structure_get_uint64 (structure, "timestamp", &pts))
    return NULL;
  for (guint i = 1; i <= RING; i++) {
    Frame *frame = &trace->frames[(trace->next + RING - i) % RING];

    if (frame->entered && frame->pts == pts)
      return frame;
  }
  return NULL;
}

void
lince_trace_posted (LinceTrace *trace, const GstStructure *structure)
{
  Frame *frame;

  if (!trace)
    return;
  g_mutex_lock (&trace->lock);
  frame = find_frame (trace, structure);
  if (frame)
    frame->posted = lince_monotonic_now ();
  g_mutex_unlock (&trace->lock);
}

void
lince_trace_taken (LinceTrace *trace, const GstStructure *structure)
{
  Frame *frame;

  if (!trace)
    return;
  g_mutex_lock (&trace->lock);
  frame = find_frame (trace, structure);
  trace->taken = frame ? *frame : (Frame){0};
  trace->taken_at = lince_monotonic_now ();
  g_mutex_unlock (&trace->lock);
}

void
lince_trace_written (LinceTrace *trace, const LinceEvent *event)
{
  if (!trace || trace->taken.entered == 0 || event->running_time == LINCE_TIME_NONE)
    return;
  fprintf (trace->file,
      "%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
      " %" G_GINT64_FORMAT "\n",
      lince_event_type_name (event->type), event->running_time, trace->taken.entered,
      trace->taken.posted, trace->taken_at, lince_monotonic_now ());
}
