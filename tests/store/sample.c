/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample.h"

#include <gio/gio.h>
#include <string.h>

static LinceEvent
sample_event (LinceEventType type, const char *stream, const char *run, guint64 number,
    const char *object, guint64 exposure, gint64 utc)
{
  LinceEvent event;

  lince_event_init (&event, type);
  lince_event_set_text (event.stream, sizeof event.stream, stream);
  lince_event_set_text (event.run, sizeof event.run, run);
  event.number = number;
  event.utc = utc;
  event.running_time = (utc - SAMPLE_TIME) * 1000;
  event.width = 1280;
  event.height = 720;
  event.par_n = event.par_d = 1;
  lince_event_set_text (event.object, sizeof event.object, object);
  g_snprintf (event.name, sizeof event.name, "The %s, \"so called\"", object);
  g_snprintf (event.exposure, sizeof event.exposure, "%s-%" G_GUINT64_FORMAT, run, exposure);
  lince_event_set_text (event.collection, sizeof event.collection, "sample");
  lince_event_set_text (event.revision, sizeof event.revision, "0123456789abcdef");
  for (int i = 0; i < 8; i++)
    event.quad[i] = (i == 2 || i == 4 || i == 5 || i == 7) ? 0.75 : 0.25;
  event.confidence = 0.97;
  event.visible = 1;
  event.area = 0.25;
  event.track = exposure;
  return event;
}

LinceEvent
sample_appeared (const char *stream, const char *run, guint64 number, const char *object,
    guint64 exposure, gint64 seen)
{
  LinceEvent event =
      sample_event (LINCE_EVENT_APPEARED, stream, run, number, object, exposure, seen);

  event.seen_utc = seen;
  event.decided_utc = seen + 200000;
  return event;
}

static void
set_sums (LinceEvent *event, gint64 minute, gint64 time, double share)
{
  event->minute = minute;
  event->sum_time = time;
  event->sum_frames = (guint64) (time / 40000000);
  event->sum_area_time = (gint64) ((double) time * share);
  event->peak_area = share;
}

LinceEvent
sample_standing (const char *stream, const char *run, guint64 number, const char *object,
    guint64 exposure, gint64 minute, gint64 time, double share)
{
  LinceEvent event = sample_event (
      LINCE_EVENT_STANDING, stream, run, number, object, exposure, minute + MINUTE - 1);

  set_sums (&event, minute, time, share);
  return event;
}

LinceEvent
sample_vanished (const char *stream, const char *run, guint64 number, const char *object,
    guint64 exposure, gint64 seen, gint64 time, double share)
{
  LinceEvent event =
      sample_event (LINCE_EVENT_VANISHED, stream, run, number, object, exposure, seen);

  event.seen_utc = seen;
  event.decided_utc = seen + 40000;
  lince_event_set_text (event.reason, sizeof event.reason, "gone");
  set_sums (&event, seen - seen % MINUTE, time, share);
  return event;
}

LinceEvent
sample_stream (const char *stream, LinceStreamState state)
{
  LinceEvent event;

  lince_event_init (&event, LINCE_EVENT_STREAM);
  lince_event_set_text (event.stream, sizeof event.stream, stream);
  event.utc = SAMPLE_TIME;
  event.state = state;
  return event;
}

char *
sample_make_folder (void)
{
  GError *error = NULL;
  char *folder = g_dir_make_tmp ("lince-store-XXXXXX", &error);

  if (folder == NULL)
    g_error ("%s", error->message);
  return folder;
}

void
sample_remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_autoptr (GFile) file = g_file_new_for_path (path);
    if (g_file_query_file_type (file, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL) ==
        G_FILE_TYPE_DIRECTORY)
      sample_remove_folder (path);
    else
      g_file_delete (file, NULL, NULL);
  }
  g_autoptr (GFile) self = g_file_new_for_path (folder);
  g_file_delete (self, NULL, NULL);
}
