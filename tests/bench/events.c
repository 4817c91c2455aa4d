/* SPDX-License-Identifier: LGPL-2.1-or-later
 * µs an event: written as JSON, read, appended to the log, read back from it, summed in the
 * account.
 *
 * usage: bench-events [EVENTS] */
#include <stdio.h>
#include <stdlib.h>

#include "sample.h"
#include "store/account.h"
#include "store/event_log.h"

static gint64 started;

static void
begin (void)
{
  started = g_get_monotonic_time ();
}

static void
end (const char *what, guint count)
{
  printf ("%-28s %7.2f us an event\n", what, (double) (g_get_monotonic_time () - started) / count);
}

static void
ignore_event (const LinceEvent *event, GBytes *line, gpointer data)
{
}

static void
bench_json (const char *what, const LinceEvent *event, guint count)
{
  g_autoptr (GString) line = g_string_sized_new (LINCE_EVENT_MAX_LINE);
  g_autofree LinceEventPlacement *placements =
      g_new (LinceEventPlacement, LINCE_EVENT_MAX_PLACEMENTS);
  g_autofree char *label = NULL;
  LinceEvent read;

  begin ();
  for (guint i = 0; i < count; i++) {
    g_string_truncate (line, 0);
    lince_event_write (event, line);
  }
  label = g_strdup_printf ("%s (%u bytes), write", what, (guint) line->len);
  end (label, count);
  begin ();
  for (guint i = 0; i < count; i++)
    if (!lince_event_read (line->str, line->len, &read, placements, NULL))
      g_error ("%s", line->str);
  g_free (label);
  label = g_strdup_printf ("%s, read", what);
  end (label, count);
}

static void
bench_store (const char *folder, GArray *story)
{
  g_autofree char *directory = g_build_filename (folder, "log", NULL);
  g_autofree char *path = g_build_filename (folder, "account.sqlite", NULL);
  LinceEventLogSettings settings = {.directory = directory,
      .node = "node",
      .segment_bytes = 16 << 20,
      .segment_age = G_TIME_SPAN_DAY,
      .backlog_bytes = 1 << 20,
      .emit = ignore_event};
  LinceEventLog *log = lince_event_log_open (&settings, NULL);
  LinceEvent event;
  const char *line;
  gsize length;

  begin ();
  for (guint i = 0; i < story->len; i++) {
    LinceEvent *one = &g_array_index (story, LinceEvent, i);
    lince_event_log_append (log, &one, 1);
  }
  end ("log, one write an event", story->len);
  begin ();
  for (guint i = 0; i < story->len; i += 100) {
    LinceEvent *many[100];
    guint count = MIN (100, story->len - i);
    for (guint k = 0; k < count; k++)
      many[k] = &g_array_index (story, LinceEvent, i + k);
    lince_event_log_append (log, many, count);
  }
  end ("log, one write for 100", story->len);
  guint64 last = lince_event_log_last (log);
  g_autoptr (LinceLogReader) reader = lince_log_reader_open (directory, 1, NULL);
  begin ();
  while (lince_log_reader_next (reader, last, &event, &line, &length, NULL) == LINCE_LOG_EVENT)
    ;
  end ("log, read", (guint) last);
  begin ();
  g_autoptr (LinceLogReader) late = lince_log_reader_open (directory, last - 10, NULL);
  lince_log_reader_next (late, last, &event, &line, &length, NULL);
  end ("log, find a late number", 1);
  begin ();
  if (!lince_account_rebuild (path, directory, lince_event_log_id (log), last, NULL))
    g_error ("the account cannot be built");
  end ("account, build", (guint) last);
  lince_event_log_close (log);
}

int
main (int argc, char **argv)
{
  guint count = argc > 1 ? (guint) atoi (argv[1]) : 200000;
  LinceEvent appeared = sample_appeared ("cam", RUN_A, 1, "poster", 1, SAMPLE_TIME),
             moved = appeared;
  LinceEventPlacement placements[10] = {0};
  g_autoptr (GArray) story = sample_story (count / 60, 1);
  g_autofree char *folder = sample_make_folder ();

  moved.type = LINCE_EVENT_MOVED;
  moved.placements = placements;
  for (guint i = 0; i < G_N_ELEMENTS (placements); i++) {
    lince_event_set_text (placements[i].object, sizeof placements[i].object, "poster");
    placements[i].exposure_number = placements[i].track = i + 1;
    for (int k = 0; k < 8; k++)
      placements[i].quad[k] = 0.1234567 * k;
    placements[i].confidence = 0.97;
    placements[i].visible = placements[i].area = 0.5;
  }
  bench_json ("appeared", &appeared, count);
  moved.placement_count = 1;
  bench_json ("moved with 1", &moved, count);
  moved.placement_count = 10;
  bench_json ("moved with 10", &moved, count / 4);
  bench_store (folder, story);
  sample_remove_folder (folder);
  return 0;
}
