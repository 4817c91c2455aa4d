/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The event log by itself: what lies on the disk, what a crash leaves, segments and archives. */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../suite.h"
#include "sample.h"
#include "store/event_log.h"
#include "store/log_file.h"
#include "store/log_line.h"
#include "store/log_numbers.h"

static char *folder;
static GArray *emitted; /* of LinceEvent */
static gint64 clock_now;

static void
take_emitted (const LinceEvent *event, GBytes *line, gpointer data)
{
  g_array_append_val (emitted, *event);
}

static gint64
tell_time (gpointer data)
{
  return clock_now;
}

static void
set_up (void)
{
  folder = sample_make_folder ();
  emitted = g_array_new (FALSE, FALSE, sizeof (LinceEvent));
  clock_now = SAMPLE_TIME;
}

static void
tear_down (void)
{
  sample_remove_folder (folder);
  g_free (folder);
  g_array_unref (emitted);
}

static LinceEventLog *
open_log (gsize segment_bytes)
{
  LinceEventLogSettings settings = {.directory = folder,
      .node = "node-1",
      .segment_bytes = segment_bytes,
      .segment_age = 3600 * (gint64) G_USEC_PER_SEC,
      .backlog_bytes = 1 << 20,
      .now = tell_time,
      .emit = take_emitted};
  GError *error = NULL;
  LinceEventLog *log = lince_event_log_open (&settings, &error);

  ck_assert_msg (log != NULL, "%s", error ? error->message : "");
  return log;
}

static void
append (LinceEventLog *log, guint count)
{
  for (guint i = 0; i < count; i++) {
    LinceEvent event = sample_stream ("cam", LINCE_STREAM_RUNNING), *events[] = {&event};
    lince_event_log_append (log, events, 1);
  }
}

static char *
get_path (guint64 first)
{
  return lince_log_segment_path (folder, first);
}

/* what SIGKILL leaves: what was written, without the closing mark */
static void
kill_log (LinceEventLog *log)
{
  g_autofree char *path = g_build_filename (folder, "numbers", NULL);
  g_autofree char *kept = NULL;
  gsize length;

  ck_assert (g_file_get_contents (path, &kept, &length, NULL));
  lince_event_log_close (log);
  ck_assert (g_file_set_contents (path, kept, (gssize) length, NULL));
}

/* the same, and then the machine went down: another boot */
static void
cut_power (LinceEventLog *log)
{
  g_autofree char *path = g_build_filename (folder, "numbers", NULL);
  g_autofree char *kept = NULL;
  g_autoptr (GString) slots = g_string_new (NULL);
  gsize length;

  kill_log (log);
  ck_assert (g_file_get_contents (path, &kept, &length, NULL));
  for (gsize slot = 0; slot < length; slot += 512) {
    char *newline = memchr (kept + slot, '\n', 512);
    gsize size = newline ? lince_log_line_open (kept + slot, (gsize) (newline - (kept + slot))) : 0;
    g_autoptr (GString) line = g_string_new_len (kept + slot, (gssize) size);
    if (size > 0) {
      char *boot = strstr (line->str, "\"boot\":\"") + 8;
      boot[0] = boot[0] == '0' ? '1' : '0';
      lince_log_line_seal (line, 0);
    }
    while (line->len < 512)
      g_string_append_c (line, '\n');
    g_string_append_len (slots, line->str, 512);
  }
  ck_assert (g_file_set_contents (path, slots->str, (gssize) slots->len, NULL));
}

/* all numbers in the log; each present or covered by a gap, none twice */
static guint
check_whole (guint64 last)
{
  g_autofree guint8 *seen = g_malloc0 (last + 1);
  g_autoptr (LinceLogReader) reader = lince_log_reader_open (folder, 1, NULL);
  LinceEvent event;
  const char *line;
  gsize length;
  guint count = 0;

  while (lince_log_reader_next (reader, last, &event, &line, &length, NULL) == LINCE_LOG_EVENT) {
    ck_assert_uint_eq (seen[event.sequence], 0);
    seen[event.sequence] = 1;
    count++;
    for (guint64 i = event.gap_first; event.type == LINCE_EVENT_GAP && i <= event.gap_last; i++) {
      ck_assert_uint_eq (seen[i], 0);
      seen[i] = 2;
    }
  }
  for (guint64 i = 1; i <= last; i++)
    ck_assert_msg (seen[i] != 0, "%u is missing", (guint) i);
  return count;
}

static char *
read_segment (guint64 first, gsize *length)
{
  g_autofree char *path = get_path (first);
  char *text = NULL;

  ck_assert (g_file_get_contents (path, &text, length, NULL));
  return text;
}

static void
write_segment (guint64 first, const char *text, gsize length)
{
  g_autofree char *path = get_path (first);

  ck_assert (g_file_set_contents (path, text, (gssize) length, NULL));
}

START_TEST (test_lines_on_disk)
{
  LinceEventLog *log = open_log (1 << 20);
  gsize length;

  append (log, 2);
  g_autofree char *text = read_segment (1, &length);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  ck_assert_uint_eq (g_strv_length (lines), 4);
  ck_assert (g_str_has_prefix (lines[0], "{\"lince\":\"log\",\"v\":1,\"log\":\""));
  ck_assert (strstr (lines[0], "\",\"node\":\"node-1\",\"first\":1,\"created\":\"2026-11-23T05:00:"
                               "00.000000Z\",\"crc\":\"") != NULL);
  ck_assert (
      g_str_has_prefix (lines[1], "{\"v\":1,\"type\":\"stream\",\"seq\":1,\"stream\":\"cam\","));
  ck_assert_str_eq (lines[3], "");
  lince_event_log_close (log);
}
END_TEST

START_TEST (test_closed_in_order)
{
  LinceEventLog *log = open_log (1 << 20);
  g_autofree char *id = g_strdup (lince_event_log_id (log));

  append (log, 3);
  ck_assert (lince_event_log_sync (log));
  ck_assert_uint_eq (lince_event_log_synced (log), 3);
  lince_event_log_close (log);
  log = open_log (1 << 20);
  ck_assert_str_eq (lince_event_log_id (log), id);
  append (log, 1);
  ck_assert_uint_eq (lince_event_log_last (log), 4);
  ck_assert_uint_eq (emitted->len, 4);
  lince_event_log_close (log);
  ck_assert_uint_eq (check_whole (4), 4);
}
END_TEST

START_TEST (test_killed)
{
  LinceEventLog *log = open_log (1 << 20);

  append (log, 3);
  kill_log (log);
  log = open_log (1 << 20);
  append (log, 1);
  ck_assert_uint_eq (lince_event_log_last (log), 4);
  lince_event_log_close (log);
  ck_assert_uint_eq (check_whole (4), 4);
}
END_TEST

/* closed in order, opened, killed before the first event: the old mark must not count any more */
START_TEST (test_killed_after_close)
{
  LinceEventLog *log = open_log (1 << 20);

  append (log, 3);
  lince_event_log_close (log);
  log = open_log (1 << 20);
  append (log, 2);
  kill_log (log);
  log = open_log (1 << 20);
  append (log, 1);
  ck_assert_uint_eq (lince_event_log_last (log), 6);
  lince_event_log_close (log);
  ck_assert_uint_eq (check_whole (6), 6);
}
END_TEST

START_TEST (test_power_cut)
{
  LinceEventLog *log = open_log (1 << 20);
  gsize length;

  append (log, 5);
  cut_power (log);
  /* the last two lines never came to the disk */
  g_autofree char *text = read_segment (1, &length);
  for (int i = 0; i < 2; i++)
    while (text[--length - 1] != '\n')
      ;
  write_segment (1, text, length);
  clock_now += MINUTE;
  log = open_log (1 << 20);
  const LinceEvent *gap = &g_array_index (emitted, LinceEvent, emitted->len - 1);
  ck_assert_int_eq (gap->type, LINCE_EVENT_GAP);
  ck_assert_uint_eq (gap->gap_first, 4);
  ck_assert_uint_ge (gap->gap_last, 5);
  ck_assert_uint_eq (gap->sequence, gap->gap_last + 1);
  ck_assert_int_eq (gap->gap_from_utc, SAMPLE_TIME);
  ck_assert_int_eq (gap->gap_to_utc, SAMPLE_TIME + MINUTE);
  append (log, 1);
  guint64 last = lince_event_log_last (log);
  lince_event_log_close (log);
  ck_assert_uint_eq (check_whole (last), 5);
}
END_TEST

/* the last line cut at every byte: gone, or whole where only its newline was missing */
START_TEST (test_torn_line)
{
  LinceEventLog *log = open_log (1 << 20);
  gsize length, end;

  append (log, 3);
  kill_log (log);
  g_autofree char *text = read_segment (1, &length);
  g_autofree char *path = g_build_filename (folder, "numbers", NULL);
  g_autofree char *numbers = NULL;
  gsize numbers_length;
  ck_assert (g_file_get_contents (path, &numbers, &numbers_length, NULL));
  end = length - 1;
  for (gsize cut = length - 1; text[cut - 1] != '\n'; cut--) {
    write_segment (1, text, cut);
    ck_assert (g_file_set_contents (path, numbers, (gssize) numbers_length, NULL));
    g_array_set_size (emitted, 0);
    log = open_log (1 << 20);
    ck_assert_uint_eq (lince_event_log_last (log), cut == end ? 3 : 2);
    ck_assert_uint_eq (emitted->len, 0);
    append (log, 1);
    lince_event_log_close (log);
    ck_assert_uint_eq (check_whole (cut == end ? 4 : 3), cut == end ? 4 : 3);
  }
}
END_TEST

/* what is read of the numbers up to `last` is, byte for byte, what stands in `whole` */
static void
check_unchanged (const char *whole, guint64 last)
{
  g_autoptr (LinceLogReader) reader = lince_log_reader_open (folder, 1, NULL);
  LinceEvent event;
  const char *line;
  gsize length;

  while (lince_log_reader_next (reader, last, &event, &line, &length, NULL) == LINCE_LOG_EVENT) {
    g_autofree char *text = g_strndup (line, length - 1);
    ck_assert_msg (strstr (whole, text) != NULL, "%s", text);
  }
}

/* one bit of every fifth byte of the events flipped: never a wrong event, and no number without an
 * account */
START_TEST (test_bit_flips)
{
  LinceEventLog *log = open_log (1 << 20);
  g_autofree char *path = g_build_filename (folder, "numbers", NULL);
  g_autofree char *numbers = NULL;
  gsize length, numbers_length, start;

  append (log, 4);
  kill_log (log);
  g_autofree char *text = read_segment (1, &length);
  ck_assert (g_file_get_contents (path, &numbers, &numbers_length, NULL));
  start = strcspn (text, "\n") + 1;
  for (gsize i = start; i < length; i += 5) {
    text[i] = (char) (text[i] ^ 1 << i % 8);
    write_segment (1, text, length);
    ck_assert (g_file_set_contents (path, numbers, (gssize) numbers_length, NULL));
    log = open_log (1 << 20);
    append (log, 1);
    guint64 last = lince_event_log_last (log);
    ck_assert_uint_ge (last, 5);
    lince_event_log_close (log);
    check_whole (last);
    text[i] = (char) (text[i] ^ 1 << i % 8);
    check_unchanged (text, 4);
  }
}
END_TEST

START_TEST (test_flipped_header_and_numbers)
{
  LinceEventLog *log = open_log (1 << 20);
  g_autofree char *path = g_build_filename (folder, "numbers", NULL);
  g_autofree char *id = g_strdup (lince_event_log_id (log));
  gsize length;

  append (log, 4);
  kill_log (log);
  ck_assert (g_file_set_contents (path, "rubbish", -1, NULL));
  log = open_log (1 << 20);
  ck_assert_str_eq (lince_event_log_id (log), id); /* from the segment's header */
  guint64 last = lince_event_log_last (log);
  ck_assert_uint_gt (last, 4 + LINCE_LOG_BLOCK);
  lince_event_log_close (log);
  check_whole (last);

  g_autofree char *text = read_segment (1, &length);
  text[20] ^= 1;
  write_segment (1, text, length);
  log = open_log (1 << 20);
  ck_assert_str_eq (lince_event_log_id (log), id); /* from the numbers */
  append (log, 1);
  lince_event_log_close (log);
  check_whole (last + 1);
}
END_TEST

START_TEST (test_numbers_survive_torn_slot)
{
  LinceEventLog *log = open_log (1 << 20);
  g_autofree char *path = g_build_filename (folder, "numbers", NULL);
  g_autofree char *numbers = NULL;
  gsize length;

  append (log, 4);
  lince_event_log_close (log);
  ck_assert (g_file_get_contents (path, &numbers, &length, NULL));
  ck_assert_uint_eq (length, 1024);
  for (gsize slot = 0; slot < 2; slot++) {
    g_autofree char *torn = g_memdup2 (numbers, length);
    memset (torn + slot * 512 + 100, 0, 300);
    ck_assert (g_file_set_contents (path, torn, (gssize) length, NULL));
    log = open_log (1 << 20);
    append (log, 1);
    kill_log (log);
  }
  log = open_log (1 << 20);
  guint64 last = lince_event_log_last (log);
  lince_event_log_close (log);
  check_whole (last);
}
END_TEST

START_TEST (test_segments)
{
  LinceEventLog *log = open_log (4096);
  g_autoptr (GArray) list = NULL;

  append (log, 100);
  ck_assert (lince_event_log_sync (log));
  list = lince_log_list (folder, NULL);
  ck_assert_uint_gt (list->len, 3);
  for (guint i = 0; i < list->len; i++) {
    guint64 first = g_array_index (list, guint64, i);
    g_autofree char *plain = get_path (first);
    g_autofree char *archive = lince_log_archive_path (folder, first);
    gboolean last = i + 1 == list->len;
    ck_assert_int_eq (g_file_test (plain, G_FILE_TEST_EXISTS), last);
    ck_assert_int_eq (g_file_test (archive, G_FILE_TEST_EXISTS), !last);
  }
  ck_assert_uint_eq (check_whole (100), 100);

  /* from the middle, over archives into the open segment, and on while it grows and closes */
  g_autoptr (LinceLogReader) reader = lince_log_reader_open (folder, 37, NULL);
  LinceEvent event;
  const char *line;
  gsize length;
  for (guint64 i = 37; i <= 300; i++) {
    if (i > 100) {
      append (log, 1);
      if (i % 7 == 0)
        ck_assert (lince_event_log_sync (log));
    }
    ck_assert_int_eq (
        lince_log_reader_next (reader, lince_event_log_logged (log), &event, &line, &length, NULL),
        LINCE_LOG_EVENT);
    ck_assert_uint_eq (event.sequence, i);
  }
  lince_event_log_close (log);
}
END_TEST

START_TEST (test_age)
{
  LinceEventLog *log = open_log (1 << 20);
  g_autoptr (GArray) list = NULL;

  append (log, 2);
  clock_now += 3599 * (gint64) G_USEC_PER_SEC;
  append (log, 1);
  clock_now += G_USEC_PER_SEC;
  append (log, 1);
  list = lince_log_list (folder, NULL);
  ck_assert_uint_eq (list->len, 2);
  ck_assert_uint_eq (g_array_index (list, guint64, 1), 4);
  lince_event_log_close (log);
  ck_assert_uint_eq (check_whole (4), 4);
}
END_TEST

/* crashes in between: both files of a segment, a half-made archive, a segment with half a header */
START_TEST (test_leftovers)
{
  LinceEventLog *log = open_log (4096);
  gsize length;

  append (log, 30);
  ck_assert (lince_event_log_sync (log));
  g_autoptr (GArray) list = lince_log_list (folder, NULL);
  ck_assert_uint_ge (list->len, 2);
  kill_log (log);
  g_autofree char *archive = lince_log_archive_path (folder, 1);
  g_autofree char *half = g_strconcat (archive, ".new", NULL);
  ck_assert (g_file_set_contents (half, "half", -1, NULL));
  g_autofree char *next = get_path (31);
  ck_assert (g_file_set_contents (next, "{\"lince\":\"log\",\"v\":1,\"log\":\"", -1, NULL));

  log = open_log (4096);
  append (log, 3);
  ck_assert_uint_eq (lince_event_log_last (log), 33);
  lince_event_log_close (log);
  ck_assert_uint_eq (check_whole (33), 33);

  /* a plain one whose compression had not begun */
  log = open_log (4096);
  append (log, 30);
  g_autoptr (GArray) more = lince_log_list (folder, NULL);
  guint64 closed = g_array_index (more, guint64, more->len - 2);
  g_autofree char *text = read_segment (closed, &length);
  g_autofree char *closed_archive = lince_log_archive_path (folder, closed);
  lince_event_log_close (log);
  write_segment (closed, text, length);
  g_unlink (closed_archive);
  log = open_log (4096);
  ck_assert (lince_event_log_sync (log));
  ck_assert (g_file_test (closed_archive, G_FILE_TEST_EXISTS));
  lince_event_log_close (log);
  ck_assert_uint_eq (check_whole (63), 63);
}
END_TEST

START_TEST (test_damaged_archive)
{
  LinceEventLog *log = open_log (4096);
  g_autofree char *archive = lince_log_archive_path (folder, 1);
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  LinceEvent event;
  const char *line;
  gsize length;
  guint errors = 0;

  append (log, 60);
  ck_assert (lince_event_log_sync (log));
  lince_event_log_close (log);
  ck_assert (g_file_get_contents (archive, &bytes, &length, NULL));
  ck_assert (g_file_set_contents (archive, bytes, (gssize) length / 2, NULL));
  g_autoptr (GArray) list = lince_log_list (folder, NULL);
  g_autoptr (LinceLogReader) reader = lince_log_reader_open (folder, 1, NULL);
  guint64 next = g_array_index (list, guint64, 1), last = 0;
  for (;;) {
    LinceLogRead read =
        lince_log_reader_next (reader, 60, &event, &line, &length, errors ? NULL : &error);
    if (read == LINCE_LOG_END)
      break;
    if (read == LINCE_LOG_ERROR)
      errors++;
    else if (event.sequence >= next)
      ck_assert_uint_eq (event.sequence, MAX (last + 1, next));
    if (read == LINCE_LOG_EVENT)
      last = event.sequence;
  }
  ck_assert_uint_eq (errors, 1);
  ck_assert (strstr (error->message, "compressed segment") != NULL);
  ck_assert_uint_eq (last, 60);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("log");
  TCase *tests = tcase_create ("log");

  /* hundreds of openings, each with some syncs */
  tcase_set_timeout (tests, 100);
  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, test_lines_on_disk);
  tcase_add_test (tests, test_closed_in_order);
  tcase_add_test (tests, test_killed);
  tcase_add_test (tests, test_killed_after_close);
  tcase_add_test (tests, test_power_cut);
  tcase_add_test (tests, test_torn_line);
  tcase_add_test (tests, test_bit_flips);
  tcase_add_test (tests, test_flipped_header_and_numbers);
  tcase_add_test (tests, test_numbers_survive_torn_slot);
  tcase_add_test (tests, test_segments);
  tcase_add_test (tests, test_age);
  tcase_add_test (tests, test_leftovers);
  tcase_add_test (tests, test_damaged_archive);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
