/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample.h"

#include <gio/gio.h>
#include <sqlite3.h>
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

typedef struct {
  GArray *events;
  const char *stream, *run, *object;
  guint64 exposure;
  double share;
} Stay;

/* from `from` to `to`, closing each minute in between */
static void
add_stay (Stay *stay, gint64 from, gint64 to, gboolean resumed, gboolean ends)
{
  LinceEvent event =
      sample_appeared (stay->stream, stay->run, 0, stay->object, stay->exposure, from);

  event.resumed = resumed;
  g_array_append_val (stay->events, event);
  for (gint64 minute = from - from % MINUTE; minute + MINUTE <= to; minute += MINUTE) {
    gint64 start = MAX (minute, from);
    event = sample_standing (stay->stream, stay->run, 0, stay->object, stay->exposure, minute,
        (minute + MINUTE - start) * 1000, stay->share);
    g_array_append_val (stay->events, event);
  }
  if (!ends)
    return;
  gint64 start = MAX (to - to % MINUTE, from);
  event = sample_vanished (stay->stream, stay->run, 0, stay->object, stay->exposure, to,
      (to - start) * 1000, stay->share);
  g_array_append_val (stay->events, event);
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  const LinceEvent *x = a, *y = b;
  int order;

  if (x->utc != y->utc)
    return x->utc < y->utc ? -1 : 1;
  order = strcmp (x->exposure, y->exposure);
  return order ? order : (int) x->type - (int) y->type;
}

GArray *
sample_story (guint exposures, guint32 seed)
{
  static const char *const objects[] = {"poster", "mark", "bug", "package"};
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  GArray *events = g_array_new (FALSE, FALSE, sizeof (LinceEvent));
  guint64 numbers[2] = {0, 0};

  for (guint i = 0; i < exposures; i++) {
    gboolean second = g_rand_boolean (rand);
    Stay stay = {events, second ? "gate" : "cam", second ? RUN_B : RUN_A,
        objects[g_rand_int_range (rand, 0, G_N_ELEMENTS (objects))], i + 1,
        g_rand_int_range (rand, 1, 999) / 1000.0};
    gint64 from = SAMPLE_TIME + g_rand_int_range (rand, 0, 10000) * (gint64) G_USEC_PER_SEC +
                  g_rand_int_range (rand, 0, G_USEC_PER_SEC);
    gint64 to = from + g_rand_int_range (rand, 200, 300000) * G_GINT64_CONSTANT (1000);
    gboolean ends = i % 10 != 9;
    add_stay (&stay, from, to, FALSE, ends);
    if (ends && i % 3 == 0)
      add_stay (&stay, to + 500000, to + 90 * (gint64) G_USEC_PER_SEC, TRUE, TRUE);
  }
  g_array_sort (events, compare_times);
  for (guint i = 0; i < events->len; i++) {
    LinceEvent *event = &g_array_index (events, LinceEvent, i);
    event->number = ++numbers[event->run[0] == 'b'];
    event->received = event->utc + 1000;
  }
  return events;
}

static void
dump_row (sqlite3_stmt *row, GString *text)
{
  for (int i = 0; i < sqlite3_column_count (row); i++) {
    if (sqlite3_column_type (row, i) == SQLITE_BLOB) {
      const guchar *bytes = sqlite3_column_blob (row, i);
      for (int k = 0; k < sqlite3_column_bytes (row, i); k++)
        g_string_append_printf (text, "%02x", bytes[k]);
      g_string_append_c (text, '|');
    } else {
      const char *value = (const char *) sqlite3_column_text (row, i);
      g_string_append_printf (text, "%s|", value ? value : "NULL");
    }
  }
  g_string_append_c (text, '\n');
}

char *
sample_dump_account (const char *path)
{
  static const char *const tables[] = {
      "meta", "stream", "object", "minute", "exposure", "run", "gap"};
  GString *text = g_string_new (NULL);
  sqlite3 *db;

  if (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
    g_error ("%s: %s", path, sqlite3_errmsg (db));
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++) {
    g_autofree char *sql = g_strdup_printf ("SELECT * FROM %s ORDER BY 1, 2", tables[i]);
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) != SQLITE_OK)
      g_error ("%s: %s", path, sqlite3_errmsg (db));
    g_string_append_printf (text, "%s\n", tables[i]);
    while (sqlite3_step (statement) == SQLITE_ROW)
      dump_row (statement, text);
    sqlite3_finalize (statement);
  }
  sqlite3_close (db);
  return g_string_free (text, FALSE);
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
