/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The record from end to end: order, numbers, duplicates, what stands, restarts, the account. */
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "sample.h"
#include "store/account.h"
#include "store/log_reader.h"
#include "store/record.h"
#include "store/statistics.h"

#define WAIT (20 * G_USEC_PER_SEC)

static char *folder;
static GArray *published; /* of LinceEvent */
static GPtrArray *lines;
static guint64 settled_number;

static void
take_published (const LinceEvent *event, GBytes *line, gpointer data)
{
  g_array_append_val (published, *event);
  g_ptr_array_add (lines, g_bytes_ref (line));
}

static void
take_settled (const char *stream, const char *run, guint64 number, gpointer data)
{
  settled_number = number;
}

static void
set_up (void)
{
  folder = sample_make_folder ();
  published = g_array_new (FALSE, FALSE, sizeof (LinceEvent));
  lines = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  settled_number = 0;
}

static void
tear_down (void)
{
  sample_remove_folder (folder);
  g_free (folder);
  g_array_unref (published);
  g_ptr_array_unref (lines);
}

static LinceRecord *
open_record (void)
{
  LinceRecordSettings settings = {.state_dir = folder, .node = "node-1"};
  LinceRecordFunctions functions = {take_published, take_settled, NULL};
  GError *error = NULL;
  LinceRecord *record = lince_record_open (&settings, &functions, &error);

  ck_assert_msg (record != NULL, "%s", error ? error->message : "");
  return record;
}

static void
append (LinceRecord *record, LinceEvent event)
{
  ck_assert_int_eq (lince_record_append (record, &event), LINCE_RECORD_QUEUED);
}

static const LinceEvent *
get (guint i)
{
  ck_assert_uint_lt (i, published->len);
  return &g_array_index (published, LinceEvent, i);
}

/* an exposure of 90 s over a full minute, and a second copy for 10 s of it */
static void
append_story (LinceRecord *record)
{
  gint64 start = SAMPLE_TIME + 30 * G_USEC_PER_SEC;

  append (record, sample_appeared ("cam", RUN_A, 1, "poster", 1, start));
  append (record, sample_standing ("cam", RUN_A, 2, "poster", 1, SAMPLE_TIME, 30000000000, 0.5));
  append (record, sample_appeared ("cam", RUN_A, 3, "poster", 2, SAMPLE_TIME + MINUTE + 5000000));
  append (record, sample_vanished ("cam", RUN_A, 4, "poster", 2, SAMPLE_TIME + MINUTE + 15000000,
                      10000000000, 0.25));
  append (record,
      sample_standing ("cam", RUN_A, 5, "poster", 1, SAMPLE_TIME + MINUTE, 60000000000, 0.5));
}

START_TEST (test_order_and_lines)
{
  LinceRecord *record = open_record ();
  LinceEvent read;

  append_story (record);
  append (record, sample_stream ("cam", LINCE_STREAM_RUNNING));
  ck_assert (lince_record_flush (record, TRUE, WAIT));
  ck_assert_uint_eq (published->len, 6);
  for (guint i = 0; i < published->len; i++) {
    gsize length;
    const char *line = g_bytes_get_data (g_ptr_array_index (lines, i), &length);
    ck_assert_uint_eq (get (i)->sequence, i + 1);
    ck_assert (get (i)->logged);
    ck_assert (get (i)->received != LINCE_TIME_NONE);
    ck_assert (lince_event_read (line, length, &read, NULL, NULL));
    ck_assert_uint_eq (read.sequence, i + 1);
    ck_assert (g_strstr_len (line, (gssize) length, "\"crc\"") == NULL);
    ck_assert (line[length - 1] == '}');
  }
  ck_assert_uint_eq (lince_record_last_sequence (record), 6);
  ck_assert_uint_eq (lince_record_logged_sequence (record), 6);
  ck_assert_uint_eq (lince_record_acknowledged (record, RUN_A), 5);
  ck_assert_uint_eq (lince_record_acknowledged (record, RUN_B), 0);
  ck_assert (g_uuid_string_is_valid (lince_record_log_id (record)));
  lince_record_close (record);
}
END_TEST

START_TEST (test_duplicates_and_what_stands)
{
  LinceRecord *record = open_record ();
  g_autofree char *log = g_strdup (lince_record_log_id (record));
  LinceEvent again =
      sample_standing ("cam", RUN_A, 5, "poster", 1, SAMPLE_TIME + MINUTE, 60000000000, 0.5);
  LinceEventPlacement place = {.object = "poster",
      .exposure_number = 1,
      .track = 9,
      .confidence = 0.5,
      .visible = 1,
      .area = 0.125};
  LinceEvent moved;

  append_story (record);
  ck_assert_int_eq (lince_record_append (record, &again), LINCE_RECORD_DUPLICATE);
  lince_record_close (record);

  record = open_record ();
  ck_assert_str_eq (lince_record_log_id (record), log);
  ck_assert_uint_eq (lince_record_last_sequence (record), 5);
  ck_assert_uint_eq (lince_record_acknowledged (record, RUN_A), 5);
  ck_assert_int_eq (lince_record_append (record, &again), LINCE_RECORD_DUPLICATE);

  ck_assert_uint_eq (lince_exposures_count (lince_record_exposures (record)), 1);
  const LinceOpenExposure *open =
      lince_exposures_find (lince_record_exposures (record), RUN_A "-1");
  ck_assert (open != NULL);
  ck_assert_int_eq (open->event.seen_utc, SAMPLE_TIME + 30 * G_USEC_PER_SEC);
  ck_assert_int_eq (open->summed_until, SAMPLE_TIME + 2 * MINUTE);

  lince_event_init (&moved, LINCE_EVENT_MOVED);
  strcpy (moved.stream, "cam");
  strcpy (moved.run, RUN_A);
  moved.utc = SAMPLE_TIME + 2 * MINUTE + 20 * G_USEC_PER_SEC;
  moved.placements = &place;
  moved.placement_count = 1;
  lince_record_note_moved (record, &moved);
  ck_assert_uint_eq (open->event.track, 9);
  ck_assert_double_eq (open->event.area, 0.125);

  ck_assert_uint_eq (lince_record_close_run (record, RUN_B, "stream-lost"), 0);
  ck_assert_uint_eq (lince_record_close_run (record, RUN_A, "stream-lost"), 1);
  ck_assert (lince_record_flush (record, TRUE, WAIT));
  ck_assert_uint_eq (lince_exposures_count (lince_record_exposures (record)), 0);
  const LinceEvent *vanished = get (published->len - 1);
  ck_assert_int_eq (vanished->type, LINCE_EVENT_VANISHED);
  ck_assert_str_eq (vanished->reason, "stream-lost");
  ck_assert_uint_eq (vanished->number, 0);
  ck_assert_int_eq (vanished->seen_utc, moved.utc);
  ck_assert_int_eq (vanished->sum_time, 20000000000);
  ck_assert_int_eq (vanished->sum_area_time, 2500000000);
  lince_record_close (record);
}
END_TEST

START_TEST (test_account)
{
  LinceRecord *record = open_record ();
  GError *error = NULL;
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (GString) csv = g_string_new (NULL);
  LinceStatisticsQuery query = {
      LINCE_BY_OBJECT | LINCE_BY_STREAM | LINCE_BY_HOUR, LINCE_TIME_NONE, LINCE_TIME_NONE};

  append_story (record);
  ck_assert (lince_record_flush (record, TRUE, WAIT));
  g_autoptr (LinceAccount) account =
      lince_account_open_readonly (lince_record_account_path (record), &error);
  ck_assert_msg (account != NULL, "%s", error ? error->message : "");
  g_autoptr (GArray) rows = lince_statistics_query (account, &query, &error);
  ck_assert_msg (rows != NULL, "%s", error ? error->message : "");
  ck_assert_uint_eq (rows->len, 1);
  lince_statistics_write_csv (&query, rows, csv);
  ck_assert_str_eq (csv->str,
      "period,stream,object,name,exposures,seconds,seconds_once,share,peak_share,frames,first,"
      "last\r\n"
      "2026-11-23T05:00Z,cam,poster,\"The poster, \"\"so called\"\"\",2,100,90,0.475,0.5,2500,"
      "2026-11-23T05:00:30.000000Z,2026-11-23T05:02:00.000000Z\r\n");
  lince_statistics_write_json (account, &query, rows, json);
  ck_assert (strstr (json->str, "\"seconds\":100,\"seconds_once\":90,\"share\":0.475,") != NULL);
  ck_assert (strstr (json->str, "\"seq\":5,\"by\":[\"object\",\"stream\",\"hour\"],") != NULL);
  lince_record_close (record);
}
END_TEST

/* 20 s into a minute that is not closed yet; asked again and again, and then closed */
START_TEST (test_account_while_standing)
{
  LinceRecord *record = open_record ();
  gint64 start = SAMPLE_TIME + 50 * G_USEC_PER_SEC;
  LinceEventPlacement place = {.object = "poster", .exposure_number = 1, .visible = 1, .area = 0.5};
  LinceStatisticsQuery query = {0, LINCE_TIME_NONE, LINCE_TIME_NONE};
  LinceEvent moved;

  append (record, sample_appeared ("cam", RUN_A, 1, "poster", 1, start));
  append (record, sample_appeared ("cam", RUN_A, 2, "poster", 2, start));
  append (record, sample_vanished ("cam", RUN_A, 3, "poster", 2, start + 5000000, 5000000000, 0.5));
  ck_assert (lince_record_flush (record, TRUE, WAIT));
  lince_event_init (&moved, LINCE_EVENT_MOVED);
  strcpy (moved.run, RUN_A);
  moved.utc = start + 20 * G_USEC_PER_SEC;
  moved.placements = &place;
  moved.placement_count = 1;
  lince_record_note_moved (record, &moved);
  g_autofree char *before = sample_dump_account (lince_record_account_path (record));
  g_autoptr (GArray) standing = lince_statistics_standing (lince_record_exposures (record));
  ck_assert_uint_eq (standing->len, 1);
  query.standing = standing;
  for (int i = 0; i < 2; i++) {
    g_autoptr (LinceAccount) account =
        lince_account_open_readonly (lince_record_account_path (record), NULL);
    g_autoptr (GArray) rows = lince_statistics_query (account, &query, NULL);
    const LinceStatisticsRow *row = &g_array_index (rows, LinceStatisticsRow, 0);
    ck_assert_uint_eq (rows->len, 1);
    ck_assert_int_eq (row->time, 25000000000);
    ck_assert_int_eq (row->time_once, 20000000000);
    ck_assert_int_eq (row->area_time, 12500000000);
    ck_assert_int_eq (row->exposures, 2);
    ck_assert_int_eq (row->last, moved.utc);
    ck_assert_uint_eq (lince_account_position (account), 3);
  }
  g_autofree char *after = sample_dump_account (lince_record_account_path (record));
  ck_assert_str_eq (before, after);
  append (
      record, sample_vanished ("cam", RUN_A, 4, "poster", 1, start + 20000000, 10000000000, 0.5));
  ck_assert (lince_record_flush (record, TRUE, WAIT));
  g_autoptr (LinceAccount) account =
      lince_account_open_readonly (lince_record_account_path (record), NULL);
  g_autoptr (GArray) rows = lince_statistics_query (account, &query, NULL);
  ck_assert_int_eq (g_array_index (rows, LinceStatisticsRow, 0).time, 15000000000);
  lince_record_close (record);
}
END_TEST

START_TEST (test_lock)
{
  LinceRecordSettings settings = {.state_dir = folder};
  LinceRecordFunctions functions = {take_published, take_settled, NULL};
  LinceRecord *record = open_record ();
  GError *error = NULL;

  ck_assert (lince_record_open (&settings, &functions, &error) == NULL);
  ck_assert (g_error_matches (error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_LOCKED));
  g_clear_error (&error);
  lince_record_close (record);
}
END_TEST

START_TEST (test_filters)
{
  LinceRecord *record = open_record ();
  LinceEvent event;
  const char *line;
  gsize length;

  append_story (record);
  append (record, sample_appeared ("gate", RUN_B, 1, "mark", 1, SAMPLE_TIME));
  append (record, sample_stream ("gate", LINCE_STREAM_STALLED));
  ck_assert (lince_record_flush (record, FALSE, WAIT));
  g_autoptr (LinceLogReader) reader =
      lince_log_reader_open (lince_record_log_dir (record), 2, NULL);
  lince_log_reader_set_filter (reader, "cam", "poster", 1u << LINCE_EVENT_STANDING);
  ck_assert_int_eq (
      lince_log_reader_next (reader, 7, &event, &line, &length, NULL), LINCE_LOG_EVENT);
  ck_assert_uint_eq (event.sequence, 2);
  ck_assert_int_eq (lince_log_reader_next (reader, 4, &event, &line, &length, NULL), LINCE_LOG_END);
  ck_assert_int_eq (
      lince_log_reader_next (reader, 7, &event, &line, &length, NULL), LINCE_LOG_EVENT);
  ck_assert_uint_eq (event.sequence, 5);
  ck_assert_int_eq (lince_log_reader_next (reader, 7, &event, &line, &length, NULL), LINCE_LOG_END);
  lince_log_reader_set_filter (reader, "gate", NULL, 0);
  append (record, sample_stream ("gate", LINCE_STREAM_RUNNING));
  ck_assert (lince_record_flush (record, FALSE, WAIT));
  ck_assert_int_eq (
      lince_log_reader_next (reader, 8, &event, &line, &length, NULL), LINCE_LOG_EVENT);
  ck_assert_uint_eq (event.sequence, 8);
  ck_assert_uint_eq (lince_log_reader_damaged (reader), 0);
  lince_record_close (record);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("record");
  TCase *tests = tcase_create ("record");

  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, test_order_and_lines);
  tcase_add_test (tests, test_duplicates_and_what_stands);
  tcase_add_test (tests, test_account);
  tcase_add_test (tests, test_account_while_standing);
  tcase_add_test (tests, test_lock);
  tcase_add_test (tests, test_filters);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
