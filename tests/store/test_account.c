/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The account by itself: the same figures from the same log in whatever way they come, questions,
 * damage.
 *
 * usage: test_store_account GOLDEN_FOLDER
 *        test_store_account GOLDEN_FOLDER write    makes the golden files anew; look at what
 * changes */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "sample.h"
#include "store/event_log.h"
#include "store/log_file.h"
#include "store/record.h"
#include "store/statistics.h"

#define WAIT (20 * G_USEC_PER_SEC)

static const char *golden;
static char *folder, *log_folder, *path;
static char log_id[37];

static void
ignore_event (const LinceEvent *event, GBytes *line, gpointer data)
{
}

static gint64
tell_time (gpointer data)
{
  return SAMPLE_TIME;
}

static guint64
write_log (const char *directory, gsize segment_bytes, guint exposures, guint32 seed)
{
  LinceEventLogSettings settings = {.directory = directory,
      .node = "node-1",
      .segment_bytes = segment_bytes,
      .segment_age = G_TIME_SPAN_DAY,
      .backlog_bytes = 1 << 20,
      .now = tell_time,
      .emit = ignore_event};
  LinceEventLog *log = lince_event_log_open (&settings, NULL);
  g_autoptr (GArray) story = sample_story (exposures, seed);

  ck_assert (log != NULL);
  for (guint i = 0; i < story->len; i++) {
    LinceEvent *event = &g_array_index (story, LinceEvent, i);
    lince_event_log_append (log, &event, 1);
  }
  g_strlcpy (log_id, lince_event_log_id (log), sizeof log_id);
  lince_event_log_close (log);
  return story->len;
}

static void
set_up (void)
{
  folder = sample_make_folder ();
  log_folder = g_build_filename (folder, "log", NULL);
  path = g_build_filename (folder, "account.sqlite", NULL);
}

static void
tear_down (void)
{
  sample_remove_folder (folder);
  g_free (folder);
  g_free (log_folder);
  g_free (path);
}

/* sums the log up to `last` in steps of `step`, with the account opened anew for each */
static char *
sum_in_steps (guint64 last, guint64 step)
{
  for (guint64 to = step; to < last + step; to += step) {
    g_autoptr (GError) error = NULL;
    g_autoptr (LinceLogReader) reader = NULL;
    g_autoptr (LinceAccount) account = lince_account_open (path, log_id, &error);
    ck_assert_msg (account != NULL, "%s", error ? error->message : "");
    ck_assert (lince_account_follow (account, log_folder, &reader, MIN (to, last), NULL, &error));
    ck_assert_uint_eq (lince_account_position (account), MIN (to, last));
  }
  return sample_dump_account (path);
}

START_TEST (test_same_in_any_batches)
{
  guint64 last = write_log (log_folder, 1 << 16, 60, 1);
  g_autofree char *at_once = sum_in_steps (last, last);
  g_autofree char *rebuilt = NULL, *stepwise = NULL;

  ck_assert_uint_gt (strlen (at_once), 5000);
  ck_assert (lince_account_rebuild (path, log_folder, log_id, last, NULL));
  rebuilt = sample_dump_account (path);
  ck_assert_str_eq (rebuilt, at_once);
  g_unlink (path);
  stepwise = sum_in_steps (last, 7);
  ck_assert_str_eq (stepwise, at_once);
}
END_TEST

/* what a crash in a transaction leaves is nothing of it */
START_TEST (test_rolled_back)
{
  guint64 last = write_log (log_folder, 1 << 16, 10, 2);
  g_autofree char *whole = sum_in_steps (last, last);
  LinceEvent event;
  const char *line;
  gsize length;

  g_unlink (path);
  for (guint64 end = 1; end <= last; end += 5) {
    g_autoptr (LinceLogReader) reader = lince_log_reader_open (log_folder, 1, NULL);
    LinceAccount *account = lince_account_open (path, log_id, NULL);
    ck_assert (lince_account_begin (account, NULL));
    while (lince_log_reader_next (reader, end, &event, &line, &length, NULL) == LINCE_LOG_EVENT)
      ck_assert (lince_account_add (account, &event, line, length, NULL));
    if (end % 2)
      lince_account_rollback (account);
    else
      ck_assert (lince_account_commit (account, NULL));
    lince_account_close (account);
  }
  g_autofree char *again = sum_in_steps (last, last);
  ck_assert_str_eq (again, whole);
}
END_TEST

static GArray *
ask (const char *by, const char *zone_name, const char *from, const char *to)
{
  g_autoptr (LinceAccount) account = lince_account_open_readonly (path, NULL);
  g_autoptr (GTimeZone) zone = zone_name ? g_time_zone_new_identifier (zone_name) : NULL;
  LinceStatisticsQuery query = {.from = LINCE_TIME_NONE, .to = LINCE_TIME_NONE, .zone = zone};
  GError *error = NULL;

  ck_assert (account != NULL);
  ck_assert (by[0] == '\0' || lince_statistics_parse_by (by, &query.by, NULL));
  ck_assert (from == NULL || lince_statistics_parse_time (from, zone, &query.from, NULL));
  ck_assert (to == NULL || lince_statistics_parse_time (to, zone, &query.to, NULL));
  GArray *rows = lince_statistics_query (account, &query, &error);
  ck_assert_msg (rows != NULL, "%s", error ? error->message : "");
  return rows;
}

static const LinceStatisticsRow *
row (const GArray *rows, guint i)
{
  ck_assert_uint_lt (i, rows->len);
  return &g_array_index (rows, LinceStatisticsRow, i);
}

static void
sum_events (const LinceEvent *events, guint count)
{
  g_autoptr (LinceAccount) account =
      lince_account_open (path, "01234567-89ab-4def-8123-456789abcdef", NULL);

  ck_assert (lince_account_begin (account, NULL));
  for (guint i = 0; i < count; i++) {
    LinceEvent event = events[i];
    event.sequence = i + 1;
    ck_assert (lince_account_add (account, &event, "{}", 2, NULL));
  }
  ck_assert (lince_account_commit (account, NULL));
}

START_TEST (test_totals_agree)
{
  guint64 last = write_log (log_folder, 1 << 16, 60, 3);
  static const char *const by[] = {
      "", "object", "stream", "hour", "day", "object,stream", "object,stream,hour", "day,stream"};
  gint64 time = 0, once = 0, exposures = 0;

  g_free (sum_in_steps (last, last));
  for (guint i = 0; i < G_N_ELEMENTS (by); i++) {
    g_autoptr (GArray) rows = ask (by[i], i % 2 ? "Asia/Kolkata" : NULL, NULL, NULL);
    gint64 sum = 0, sum_once = 0, sum_exposures = 0;
    for (guint k = 0; k < rows->len; k++) {
      sum += row (rows, k)->time;
      sum_once += row (rows, k)->time_once;
      sum_exposures += row (rows, k)->exposures;
      ck_assert_int_le (row (rows, k)->time_once, row (rows, k)->time);
      ck_assert_int_ge (row (rows, k)->first, SAMPLE_TIME);
      ck_assert_int_ge (row (rows, k)->last, row (rows, k)->first);
    }
    if (i == 0) {
      ck_assert_uint_eq (rows->len, 1);
      time = sum;
      once = sum_once;
      exposures = sum_exposures;
    }
    ck_assert_int_eq (sum, time);
    ck_assert_int_eq (sum_once, once);
    ck_assert_int_eq (sum_exposures, exposures);
  }
  ck_assert_int_eq (exposures, 60);
  ck_assert_int_lt (once, time);
}
END_TEST

/* 25 October 2026, 03:00 in Madrid is 02:00 again: two hours of the same name, one day of 25 hours
 */
START_TEST (test_end_of_summer_time)
{
  gint64 base;
  LinceEvent events[26];

  ck_assert (lince_statistics_parse_time ("2026-10-24T22:00:00Z", NULL, &base, NULL));
  for (guint i = 0; i < 26; i++) {
    gint64 minute = base + i * 60 * (gint64) MINUTE;
    events[i] = sample_standing ("cam", RUN_A, i + 1, "poster", 1, minute, 1000000000, 0.5);
  }
  sum_events (events, 26);
  g_autoptr (GArray) hours = ask ("hour", "Europe/Madrid", NULL, NULL);
  g_autoptr (GArray) days = ask ("day", "Europe/Madrid", NULL, NULL);
  g_autoptr (GArray) bounded = ask ("day", "Europe/Madrid", "2026-10-25", "2026-10-26");
  ck_assert_uint_eq (hours->len, 26);
  ck_assert_str_eq (row (hours, 0)->period, "2026-10-25T00:00+02:00");
  ck_assert_str_eq (row (hours, 2)->period, "2026-10-25T02:00+02:00");
  ck_assert_str_eq (row (hours, 3)->period, "2026-10-25T02:00+01:00");
  ck_assert_uint_eq (days->len, 2);
  ck_assert_str_eq (row (days, 0)->period, "2026-10-25");
  ck_assert_int_eq (row (days, 0)->time, 25 * G_GINT64_CONSTANT (1000000000));
  ck_assert_uint_eq (bounded->len, 1);
  ck_assert_int_eq (row (bounded, 0)->time, 25 * G_GINT64_CONSTANT (1000000000));
}
END_TEST

START_TEST (test_two_at_once)
{
  gint64 at = SAMPLE_TIME + 10 * G_USEC_PER_SEC, second = G_GINT64_CONSTANT (1000000000);
  LinceEvent events[] = {
      sample_appeared ("cam", RUN_A, 1, "poster", 1, at),
      sample_appeared ("cam", RUN_A, 2, "poster", 2, at + 5000000),
      sample_appeared ("gate", RUN_B, 1, "poster", 1, at),
      sample_vanished ("cam", RUN_A, 3, "poster", 1, at + 10000000, 10 * second, 0.5),
      sample_vanished ("gate", RUN_B, 2, "poster", 1, at + 10000000, 10 * second, 0.25),
      sample_vanished ("cam", RUN_A, 4, "poster", 2, at + 20000000, 15 * second, 0.25),
  };

  sum_events (events, G_N_ELEMENTS (events));
  g_autoptr (GArray) rows = ask ("object", NULL, NULL, NULL);
  ck_assert_uint_eq (rows->len, 1);
  ck_assert_int_eq (row (rows, 0)->time, 35 * second);
  ck_assert_int_eq (row (rows, 0)->time_once, 30 * second); /* 20 on cam, 10 on gate */
  ck_assert_int_eq (row (rows, 0)->area_time, 5000000000 + 2500000000 + 3750000000);
  ck_assert_int_eq (row (rows, 0)->peak_area, 500000);
  ck_assert_int_eq (row (rows, 0)->exposures, 3);
  ck_assert_int_eq (row (rows, 0)->first, at);
  ck_assert_int_eq (row (rows, 0)->last, at + 20000000);
  g_autoptr (GArray) later = ask ("object", NULL, "2026-11-23T05:01", NULL);
  ck_assert_uint_eq (later->len, 0);
}
END_TEST

START_TEST (test_words)
{
  LinceStatisticsBy by;
  gint64 utc;
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier ("Europe/Madrid");
  static const char *const bad_by[] = {"objects", "object,object", "hour,day", "object,"};
  static const char *const bad_times[] = {"", "x", "2026", "2026-13-01", "2026-11-23T25:00",
      "20261123T050000Z", "2026-11-23 05:00:00 or so"};

  ck_assert (lince_statistics_parse_by ("stream,hour", &by, NULL));
  ck_assert_int_eq (by, LINCE_BY_STREAM | LINCE_BY_HOUR);
  for (guint i = 0; i < G_N_ELEMENTS (bad_by); i++)
    ck_assert_msg (!lince_statistics_parse_by (bad_by[i], &by, NULL), "%s", bad_by[i]);
  ck_assert (lince_statistics_parse_time ("2026-11-23", NULL, &utc, NULL));
  ck_assert_int_eq (utc, SAMPLE_TIME - 5 * 60 * (gint64) MINUTE);
  ck_assert (lince_statistics_parse_time ("2026-11-23T06:00", zone, &utc, NULL));
  ck_assert_int_eq (utc, SAMPLE_TIME);
  ck_assert (lince_statistics_parse_time ("2026-11-23T05:00Z", zone, &utc, NULL));
  ck_assert_int_eq (utc, SAMPLE_TIME);
  ck_assert (lince_statistics_parse_time ("2026-11-23T06:00:00.5+01:00", NULL, &utc, NULL));
  ck_assert_int_eq (utc, SAMPLE_TIME + 500000);
  for (guint i = 0; i < G_N_ELEMENTS (bad_times); i++)
    ck_assert_msg (
        !lince_statistics_parse_time (bad_times[i], NULL, &utc, NULL), "%s", bad_times[i]);
}
END_TEST

/* an account that cannot go on is set aside, and the new one has the same figures */
START_TEST (test_damaged_account)
{
  LinceRecordSettings settings = {.state_dir = folder, .node = "node-1"};
  LinceRecordFunctions functions = {ignore_event, NULL, NULL};
  guint64 last = write_log (log_folder, 1 << 16, 20, 4);
  g_autofree char *whole = sum_in_steps (last, last);
  g_autofree char *aside = g_strconcat (path, ".aside", NULL);
  static const char *const damages[] = {"no database at all", "another log"};

  g_setenv ("G_DEBUG", "", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (damages); i++) {
    g_unlink (path);
    g_unlink (aside);
    if (i == 0) {
      ck_assert (g_file_set_contents (path, damages[i], -1, NULL));
    } else {
      LinceEvent event = sample_appeared ("cam", RUN_A, 1, "poster", 1, SAMPLE_TIME);
      sum_events (&event, 1);
    }
    LinceRecord *record = lince_record_open (&settings, &functions, NULL);
    ck_assert (record != NULL);
    ck_assert (lince_record_flush (record, TRUE, WAIT));
    lince_record_close (record);
    g_autofree char *again = sample_dump_account (path);
    ck_assert_str_eq (again, whole);
    ck_assert (g_file_test (aside, G_FILE_TEST_EXISTS));
  }
}
END_TEST

/* ---- the golden log ---- */

static char *
write_figures (void)
{
  g_autoptr (LinceAccount) account = lince_account_open_readonly (path, NULL);
  LinceStatisticsQuery query = {
      LINCE_BY_OBJECT | LINCE_BY_STREAM | LINCE_BY_HOUR, LINCE_TIME_NONE, LINCE_TIME_NONE};
  g_autoptr (GArray) rows = lince_statistics_query (account, &query, NULL);
  GString *csv = g_string_new (NULL);

  lince_statistics_write_csv (&query, rows, csv);
  return g_string_free (csv, FALSE);
}

static char *
sum_golden (void)
{
  LinceLogHeader header;
  g_autoptr (LinceLogFile) file = lince_log_file_open (golden, 1, NULL);
  g_autoptr (GError) error = NULL;
  char *line;
  gsize length;

  ck_assert (file != NULL);
  ck_assert_int_eq (lince_log_file_next (file, &line, &length, NULL), LINCE_LOG_LINE);
  ck_assert (lince_log_header_read (line, length, &header));
  ck_assert_msg (lince_account_rebuild (path, golden, header.log, 100000, &error), "%s",
      error ? error->message : "");
  return write_figures ();
}

START_TEST (test_golden)
{
  g_autofree char *file = g_build_filename (golden, "account.csv", NULL);
  g_autofree char *expected = NULL;
  g_autofree char *figures = sum_golden ();

  ck_assert (g_file_get_contents (file, &expected, NULL, NULL));
  ck_assert_str_eq (figures, expected);
}
END_TEST

START_TEST (test_write_golden)
{
  g_autofree char *segment = lince_log_segment_path (golden, 1);
  g_autofree char *file = g_build_filename (golden, "account.csv", NULL);
  g_autofree char *numbers = g_build_filename (golden, "numbers", NULL);

  g_unlink (segment);
  write_log (golden, 1 << 20, 24, 5);
  g_autofree char *figures = sum_golden ();
  g_unlink (numbers);
  ck_assert (g_file_set_contents (file, figures, -1, NULL));
}
END_TEST

static void
add_tests (TCase *tests)
{
  tcase_add_test (tests, test_same_in_any_batches);
  tcase_add_test (tests, test_rolled_back);
  tcase_add_test (tests, test_totals_agree);
  tcase_add_test (tests, test_end_of_summer_time);
  tcase_add_test (tests, test_two_at_once);
  tcase_add_test (tests, test_words);
  tcase_add_test (tests, test_damaged_account);
  tcase_add_test (tests, test_golden);
}

int
main (int argc, char **argv)
{
  Suite *suite = suite_create ("account");
  TCase *tests = tcase_create ("account");

  if (argc < 2)
    return 64;
  golden = argv[1];
  tcase_add_checked_fixture (tests, set_up, tear_down);
  if (argc > 2) {
    tcase_add_test (tests, test_write_golden);
    argc = 0;
  }
  if (argc > 0)
    add_tests (tests);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
