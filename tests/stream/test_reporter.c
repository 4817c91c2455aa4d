/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Bus messages in, events out. */
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "media/message.h"
#include "stream/reporter.h"

#define RUN "0123456789abcdef0123456789abcdef"
#define NOON (G_GINT64_CONSTANT (1700000040) * G_USEC_PER_SEC) /* a minute's start */
#define FRAME (GST_SECOND / 25)

static LinceEvent events[64];
static guint event_count;
static LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS];

static void
on_event (LinceEvent *event, gpointer user_data)
{
  GString *line = g_string_new (NULL);

  /* every event is one that the strict writer and reader take */
  lince_event_write (event, line);
  ck_assert_uint_lt (event_count, G_N_ELEMENTS (events));
  ck_assert (lince_event_read (line->str, line->len, &events[event_count], placements, NULL));
  event_count++;
  g_string_free (line, TRUE);
}

static LinceReporter *
new_reporter (void)
{
  LinceReporter *reporter = lince_reporter_new ("channel", RUN, on_event, NULL);

  event_count = 0;
  lince_reporter_set_collection (reporter, "/srv/brands of ours/", NULL);
  return reporter;
}

static GstStructure *
new_object (const char *id, guint64 track, guint64 exposure, double area)
{
  GstStructure *object = gst_structure_new ("object", "id", G_TYPE_STRING, id, "name",
      G_TYPE_STRING, "A name", "track", G_TYPE_UINT64, track, "exposure", G_TYPE_UINT64, exposure,
      "confidence", G_TYPE_DOUBLE, 0.9, "visible", G_TYPE_DOUBLE, 1.0, "area", G_TYPE_DOUBLE, area,
      "opacity", G_TYPE_DOUBLE, 0.75, "occluded", G_TYPE_DOUBLE, 0.25, "cut-off", G_TYPE_DOUBLE,
      0.125, "blur", G_TYPE_DOUBLE, 1.5, "kind", G_TYPE_STRING, "mark", NULL);
  g_auto (GValue) quad = G_VALUE_INIT;
  static const double corners[] = {0.1, 0.1, 0.4, 0.1, 0.4, 0.5, 0.1, 0.5};

  gst_value_array_init (&quad, 8);
  for (guint i = 0; i < 8; i++) {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, G_TYPE_DOUBLE);
    g_value_set_double (&value, corners[i]);
    gst_value_array_append_and_take_value (&quad, &value);
  }
  gst_structure_take_value (object, "quad", &quad);
  return object;
}

/* A message on the frame of running time `time`, with `object` (taken, may be NULL). */
static GstStructure *
new_message (const char *type, GstClockTime time, GstStructure *object)
{
  GstStructure *message = gst_structure_new (LINCE_MESSAGE_NAME, "type", G_TYPE_STRING, type,
      "timestamp", G_TYPE_UINT64, 3600 * GST_SECOND + time, "stream-time", G_TYPE_UINT64, time,
      "running-time", G_TYPE_UINT64, time, "duration", G_TYPE_UINT64, FRAME, "arrival",
      G_TYPE_INT64, NOON + (gint64) time / 1000, "decided-after", G_TYPE_UINT64, 8 * GST_MSECOND,
      "age", G_TYPE_UINT64, G_GUINT64_CONSTANT (0), "width", G_TYPE_INT, 1280, "height", G_TYPE_INT,
      720, "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, "collection", G_TYPE_STRING, "/c",
      "revision", G_TYPE_STRING, "00112233aabbccdd", NULL);
  g_auto (GValue) list = G_VALUE_INIT;

  gst_value_list_init (&list, 1);
  if (object) {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed (&value, object);
    gst_value_list_append_and_take_value (&list, &value);
  }
  gst_structure_take_value (message, "objects", &list);
  return message;
}

static void
send (LinceReporter *reporter, GstStructure *message, gint64 now)
{
  ck_assert (lince_reporter_message (reporter, message, now));
  gst_structure_free (message);
}

static void
moved (LinceReporter *reporter, GstClockTime time, guint64 exposure, double area)
{
  send (reporter, new_message ("moved", time, new_object ("poster", 4, exposure, area)), time);
}

static void
appeared (LinceReporter *reporter, GstClockTime first, GstClockTime time, guint64 exposure,
    gboolean resumed)
{
  GstStructure *object = new_object ("poster", 4, exposure, 0.12);

  gst_structure_set (object, "metadata", G_TYPE_STRING, "{}", "resumed", G_TYPE_BOOLEAN, resumed,
      "first-seen", G_TYPE_UINT64, first, "last-seen", G_TYPE_UINT64, time, "decided",
      G_TYPE_UINT64, time, NULL);
  send (reporter, new_message ("appeared", time, object), time);
}

static void
vanished (LinceReporter *reporter, GstClockTime first, GstClockTime last, guint64 exposure,
    guint64 frames)
{
  GstStructure *object = new_object ("poster", 4, exposure, 0.12);
  double seconds = (last - first) / 1e9;

  gst_structure_set (object, "reason", G_TYPE_STRING, "gone", "first-seen", G_TYPE_UINT64, first,
      "last-seen", G_TYPE_UINT64, last, "decided", G_TYPE_UINT64, last + FRAME, "frames",
      G_TYPE_UINT64, frames, "seconds", G_TYPE_DOUBLE, seconds, "area-seconds", G_TYPE_DOUBLE,
      seconds * 0.12, NULL);
  send (reporter, new_message ("vanished", last + FRAME, object), last + FRAME);
}

static const LinceEvent *
find_event (LinceEventType type, guint number)
{
  for (guint i = 0; i < event_count; i++) {
    if (events[i].type == type && number-- == 0)
      return &events[i];
  }
  ck_abort_msg ("no such event");
  return NULL;
}

START_TEST (exposure_from_first_to_last_sight)
{
  g_autoptr (LinceReporter) reporter = new_reporter ();
  const LinceEvent *event;

  lince_reporter_begin (reporter, 0);
  moved (reporter, 0, 0, 0.12);
  appeared (reporter, 0, 5 * FRAME, 1, FALSE);
  moved (reporter, 5 * FRAME, 1, 0.12);
  moved (reporter, 25 * FRAME, 1, 0.12);
  vanished (reporter, 0, 25 * FRAME, 1, 26);

  event = find_event (LINCE_EVENT_APPEARED, 0);
  ck_assert_str_eq (event->stream, "channel");
  ck_assert_str_eq (event->object, "poster");
  ck_assert_str_eq (event->name, "A name");
  ck_assert_str_eq (event->exposure, RUN "-1");
  ck_assert_str_eq (event->collection, "brands-of-ours");
  ck_assert_str_eq (event->revision, "00112233aabbccdd");
  ck_assert_int_eq (event->pts, 3600 * GST_SECOND + 5 * FRAME);
  ck_assert_int_eq (event->seen_running_time, 0);
  ck_assert_int_eq (event->seen_utc, NOON);
  ck_assert_int_eq (event->decided_utc, NOON + 200000);
  ck_assert_int_eq (event->utc, NOON + 200000);
  ck_assert_int_eq (event->decided_after, 8 * GST_MSECOND);

  event = find_event (LINCE_EVENT_VANISHED, 0);
  ck_assert_str_eq (event->exposure, RUN "-1");
  ck_assert_str_eq (event->reason, "gone");
  ck_assert_double_eq (event->look.opacity, 0.75);
  ck_assert_double_eq (event->look.occluded, 0.25);
  ck_assert_double_eq (event->look.cut_off, 0.125);
  ck_assert_double_eq (event->look.blur, 1.5);
  ck_assert_str_eq (event->look.kind, "mark");
  ck_assert_int_eq (event->seen_utc, NOON + 1000000);
  ck_assert_int_eq (event->decided_utc, NOON + 1040000);
  ck_assert_int_eq (event->sum_time, GST_SECOND);
  ck_assert_uint_eq (event->sum_frames, 26);
  ck_assert_int_eq (event->sum_area_time, 120000000);
  ck_assert_int_eq (event->minute, NOON);

  event = find_event (LINCE_EVENT_MOVED, 1);
  ck_assert_int_eq (event->running_time, 5 * FRAME);
  ck_assert_int_eq (event->utc, NOON + 200000);
  ck_assert_uint_eq (event->placement_count, 1);
  /* an ended exposure does not end twice */
  lince_reporter_end (reporter, "stream-lost");
  ck_assert_uint_eq (event_count, 5);
}
END_TEST

START_TEST (standing_at_each_minute)
{
  g_autoptr (LinceReporter) reporter = new_reporter ();
  const LinceEvent *event;
  gint64 time = 0;

  lince_reporter_begin (reporter, 0);
  appeared (reporter, 30 * GST_SECOND, 30 * GST_SECOND + 5 * FRAME, 1, FALSE);
  for (guint second = 31; second <= 130; second += 11)
    moved (reporter, second * GST_SECOND, 1, 0.12);
  vanished (reporter, 30 * GST_SECOND, 130 * GST_SECOND, 1, 2501);
  for (guint i = 0; i < 2; i++) {
    event = find_event (LINCE_EVENT_STANDING, i);
    ck_assert_int_eq (event->minute, NOON + i * 60 * G_USEC_PER_SEC);
    ck_assert_str_eq (event->exposure, RUN "-1");
    time += event->sum_time;
  }
  ck_assert_int_eq (find_event (LINCE_EVENT_STANDING, 0)->sum_time, 30 * GST_SECOND);
  event = find_event (LINCE_EVENT_VANISHED, 0);
  ck_assert_int_eq (event->minute, NOON + 120 * G_USEC_PER_SEC);
  ck_assert_int_eq (time + event->sum_time, 100 * GST_SECOND);
}
END_TEST

START_TEST (lost_pipeline_ends_what_stands)
{
  g_autoptr (LinceReporter) reporter = new_reporter ();
  LinceReporterPosition position;
  const LinceEvent *event;

  lince_reporter_begin (reporter, 0);
  appeared (reporter, 0, 5 * FRAME, 1, FALSE);
  moved (reporter, 50 * FRAME, 1, 0.12);
  lince_reporter_end (reporter, "stream-lost");
  event = find_event (LINCE_EVENT_VANISHED, 0);
  ck_assert_str_eq (event->reason, "stream-lost");
  ck_assert_int_eq (event->seen_running_time, 50 * FRAME);
  ck_assert_int_eq (event->sum_time, 50 * FRAME);

  /* the next pipeline counts from 1 and from 0 again; ids and running time go on */
  lince_reporter_begin (reporter, 50 * FRAME + 7 * GST_SECOND);
  appeared (reporter, 0, 5 * FRAME, 1, FALSE);
  event = find_event (LINCE_EVENT_APPEARED, 1);
  ck_assert_str_eq (event->exposure, RUN "-2");
  ck_assert_uint_eq (event->track, 8);
  ck_assert_int_eq (event->running_time, 55 * FRAME + 7 * GST_SECOND);
  lince_reporter_position (reporter, &position);
  ck_assert_int_eq (position.running_time, event->running_time);
  ck_assert_int_eq (position.recognize_time, 8 * GST_MSECOND);
  lince_reporter_position (reporter, &position);
  ck_assert_int_eq (position.recognize_time, 0);
}
END_TEST

START_TEST (resumed_stay_joins)
{
  g_autoptr (LinceReporter) reporter = new_reporter ();

  lince_reporter_begin (reporter, 0);
  appeared (reporter, 0, 5 * FRAME, 1, FALSE);
  vanished (reporter, 0, 25 * FRAME, 1, 26);
  appeared (reporter, 40 * FRAME, 45 * FRAME, 1, TRUE);
  vanished (reporter, 40 * FRAME, 65 * FRAME, 1, 26);
  ck_assert (find_event (LINCE_EVENT_APPEARED, 1)->resumed);
  ck_assert_str_eq (find_event (LINCE_EVENT_APPEARED, 1)->exposure, RUN "-1");
  ck_assert_int_eq (find_event (LINCE_EVENT_VANISHED, 1)->sum_time, GST_SECOND);
  ck_assert_int_eq (find_event (LINCE_EVENT_VANISHED, 1)->seen_utc, NOON + 2600000);
}
END_TEST

START_TEST (foreign_messages_are_left)
{
  g_autoptr (LinceReporter) reporter = new_reporter ();
  GstStructure *message = gst_structure_new_empty ("level");

  lince_reporter_begin (reporter, 0);
  ck_assert (!lince_reporter_message (reporter, message, 0));
  gst_structure_free (message);
  message = gst_structure_new (LINCE_MESSAGE_NAME, "type", G_TYPE_STRING, "moved", NULL);
  ck_assert (!lince_reporter_message (reporter, message, 0));
  gst_structure_free (message);
  ck_assert_uint_eq (event_count, 0);
}
END_TEST

int
main (int argc, char **argv)
{
  Suite *suite = suite_create ("reporter");
  TCase *tests = tcase_create ("reporter");

  gst_init (&argc, &argv);
  tcase_add_test (tests, exposure_from_first_to_last_sight);
  tcase_add_test (tests, standing_at_each_minute);
  tcase_add_test (tests, lost_pipeline_ends_what_stands);
  tcase_add_test (tests, resumed_stay_joins);
  tcase_add_test (tests, foreign_messages_are_left);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
