/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A full disk: a small tmpfs where one can be mounted (as root, or in a user namespace), and a
 * file-size limit everywhere. Events go on, wait in order, and what does not fit becomes one gap.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../suite.h"
#include "sample.h"
#include "store/account.h"
#include "store/log_file.h"
#include "store/record.h"

#define WAIT (20 * G_USEC_PER_SEC)
#define BACKLOG 40000

static char *folder;
static GArray *published; /* of LinceEvent */
static GPtrArray *lines;
static guint64 settled_number, number;

static void
take_published (const LinceEvent *event, GBytes *line, gpointer data)
{
  g_array_append_val (published, *event);
  g_ptr_array_add (lines, g_bytes_ref (line));
}

static void
take_settled (const char *stream, const char *run, guint64 settled, gpointer data)
{
  ck_assert_str_eq (stream, "cam");
  ck_assert_str_eq (run, RUN_A);
  ck_assert_uint_gt (settled, settled_number);
  settled_number = settled;
}

static void
set_up (void)
{
  folder = sample_make_folder ();
  published = g_array_new (FALSE, FALSE, sizeof (LinceEvent));
  lines = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  settled_number = number = 0;
  /* the log says by a warning too that it cannot be written */
  g_setenv ("G_DEBUG", "fatal-criticals", TRUE);
}

static void
tear_down (void)
{
  umount2 (folder, MNT_DETACH);
  sample_remove_folder (folder);
  g_free (folder);
  g_array_unref (published);
  g_ptr_array_unref (lines);
}

static LinceRecord *
open_record (void)
{
  LinceRecordSettings settings = {
      .state_dir = folder, .node = "node-1", .backlog_bytes = BACKLOG, .check_interval = 20000};
  LinceRecordFunctions functions = {take_published, take_settled, NULL};
  GError *error = NULL;
  LinceRecord *record = lince_record_open (&settings, &functions, &error);

  ck_assert_msg (record != NULL, "%s", error ? error->message : "");
  return record;
}

static const LinceEvent *
last_event (void)
{
  return &g_array_index (published, LinceEvent, published->len - 1);
}

/* appends one exposure's event and waits until it is published */
static void
append_one (LinceRecord *record)
{
  guint before = published->len;
  guint64 n = ++number;
  LinceEvent event =
      sample_appeared ("cam", RUN_A, n, "poster", n, SAMPLE_TIME + (gint64) n * G_USEC_PER_SEC);

  ck_assert_int_eq (lince_record_append (record, &event), LINCE_RECORD_QUEUED);
  gint64 until = g_get_monotonic_time () + WAIT;
  while (published->len == before) {
    ck_assert (g_get_monotonic_time () < until);
    lince_record_flush (record, FALSE, G_USEC_PER_SEC);
  }
}

static const LinceEvent *
find_notice (const char *code)
{
  for (guint i = 0; i < published->len; i++) {
    const LinceEvent *event = &g_array_index (published, LinceEvent, i);
    if (event->type == LINCE_EVENT_NOTICE && strcmp (event->code, code) == 0)
      return event;
  }
  return NULL;
}

static void
wait_for_notice (LinceRecord *record, const char *code)
{
  gint64 until = g_get_monotonic_time () + WAIT;

  while (find_notice (code) == NULL) {
    ck_assert_msg (g_get_monotonic_time () < until, "no %s", code);
    g_main_context_iteration (NULL, FALSE);
    g_usleep (1000);
  }
  lince_record_flush (record, FALSE, WAIT);
}

/* until the log fails, then until the queue is full and some more is lost */
static void
fill_and_overflow (LinceRecord *record)
{
  LinceRecordState state;
  guint guard = 0;

  do {
    append_one (record);
    lince_record_get_state (record, &state);
    ck_assert_uint_lt (guard++, 5000);
  } while (!state.failing);
  ck_assert (!last_event ()->logged || find_notice ("log-write-failed"));
  for (guint waiting = 0, same = 0; same < 20; waiting = (guint) state.waiting) {
    append_one (record);
    ck_assert (!last_event ()->logged);
    const char *line = g_bytes_get_data (g_ptr_array_index (lines, lines->len - 1), NULL);
    ck_assert (g_str_has_prefix (line, "{\"v\":1,\"type\":\"appeared\",\"seq\":"));
    ck_assert (strstr (line, ",\"logged\":false,") != NULL);
    lince_record_get_state (record, &state);
    same = state.waiting == waiting ? same + 1 : 0;
    ck_assert_uint_lt (guard++, 6000);
  }
  ck_assert_uint_gt (state.waiting, 10);
  ck_assert_uint_lt (lince_record_logged_sequence (record), lince_record_last_sequence (record));
  ck_assert_uint_lt (lince_record_acknowledged (record, RUN_A), number);
}

/* the log afterwards: contiguous, none marked, the lost ones in one gap */
static void
check_log (LinceRecord *record, guint64 *lost)
{
  g_autoptr (LinceLogReader) reader =
      lince_log_reader_open (lince_record_log_dir (record), 1, NULL);
  guint64 expected = 1, last = lince_record_logged_sequence (record);
  LinceEvent event;
  const char *line;
  gsize length;

  *lost = 0;
  while (lince_log_reader_next (reader, last, &event, &line, &length, NULL) == LINCE_LOG_EVENT) {
    ck_assert (event.logged);
    ck_assert (g_strstr_len (line, (gssize) length, "\"logged\"") == NULL);
    if (event.type == LINCE_EVENT_GAP) {
      ck_assert_uint_eq (*lost, 0);
      ck_assert_uint_eq (event.gap_first, expected);
      ck_assert_int_ge (event.gap_from_utc, SAMPLE_TIME);
      ck_assert_int_gt (event.gap_to_utc, event.gap_from_utc);
      *lost = event.gap_last - event.gap_first + 1;
      expected = event.gap_last + 1;
    }
    ck_assert_uint_eq (event.sequence, expected);
    expected++;
  }
  ck_assert_uint_eq (expected, last + 1);
  ck_assert_uint_eq (lince_log_reader_damaged (reader), 0);
}

static void
check_recovered (LinceRecord *record)
{
  guint64 lost, again;

  wait_for_notice (record, "log-writing-again");
  append_one (record);
  ck_assert (last_event ()->logged);
  for (guint i = 1; i < published->len; i++)
    ck_assert_uint_eq (g_array_index (published, LinceEvent, i).sequence,
        g_array_index (published, LinceEvent, i - 1).sequence + 1);
  check_log (record, &lost);
  ck_assert_uint_ge (lost, 20);
  ck_assert_uint_eq (lince_record_acknowledged (record, RUN_A), number);
  ck_assert_uint_gt (settled_number, 10);
  ck_assert_uint_lt (settled_number, number);

  ck_assert (lince_record_flush (record, TRUE, WAIT));
  g_autofree char *figures = sample_dump_account (lince_record_account_path (record));
  g_autofree char *path = g_build_filename (folder, "again.sqlite", NULL);
  ck_assert (lince_account_rebuild (path, lince_record_log_dir (record),
      lince_record_log_id (record), lince_record_logged_sequence (record), NULL));
  g_autofree char *rebuilt = sample_dump_account (path);
  ck_assert_str_eq (figures, rebuilt);
  lince_record_close (record);

  record = open_record ();
  ck_assert_uint_eq (lince_record_acknowledged (record, RUN_A), number);
  append_one (record);
  check_log (record, &again);
  ck_assert_uint_eq (again, lost);
  lince_record_close (record);
}

/* ---- a file-size limit ---- */

static void
limit_files (rlim_t bytes)
{
  struct rlimit limit;

  ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : MIN (bytes, limit.rlim_max);
  ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
}

START_TEST (test_file_size_limit)
{
  LinceRecord *record = open_record ();

  limit_files (150000);
  fill_and_overflow (record);
  ck_assert (find_notice ("log-write-failed") != NULL);
  limit_files (RLIM_INFINITY);
  check_recovered (record);
}
END_TEST

/* killed while events wait: their numbers were given to clients, and none is given again */
START_TEST (test_killed_while_full)
{
  int pipes[2];
  guint64 given = 0;

  ck_assert_int_eq (pipe (pipes), 0);
  pid_t child = fork ();
  if (child == 0) {
    LinceRecord *record = open_record ();
    limit_files (100000);
    fill_and_overflow (record);
    guint64 last = lince_record_last_sequence (record);
    if (write (pipes[1], &last, sizeof last) == sizeof last)
      pause ();
    _exit (1);
  }
  close (pipes[1]);
  ck_assert_int_eq (read (pipes[0], &given, sizeof given), sizeof given);
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  close (pipes[0]);
  ck_assert_uint_gt (given, 50);

  LinceRecord *record = open_record ();
  lince_record_flush (record, FALSE, WAIT);
  ck_assert_uint_gt (published->len, 0);
  const LinceEvent *gap = &g_array_index (published, LinceEvent, 0);
  ck_assert_int_eq (gap->type, LINCE_EVENT_GAP);
  ck_assert_uint_ge (gap->gap_last, given);
  ck_assert_uint_le (gap->gap_first, given);
  ck_assert_uint_gt (gap->sequence, given);
  /* the stream was told how far the log had come, and sends the rest again */
  number = lince_record_acknowledged (record, RUN_A);
  ck_assert_uint_gt (number, 10);
  append_one (record);
  ck_assert (last_event ()->logged);
  guint64 lost;
  check_log (record, &lost);
  lince_record_close (record);
}
END_TEST

/* ---- a small file system ---- */

static gboolean
write_file (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean done = fd >= 0 && write (fd, text, strlen (text)) == (gssize) strlen (text);

  if (fd >= 0)
    close (fd);
  return done;
}

/* FALSE where neither root nor a user namespace may mount */
static gboolean
mount_small (void)
{
  uid_t user = geteuid ();
  gid_t group = getegid ();

  if (user == 0) {
    if (unshare (CLONE_NEWNS) < 0)
      return FALSE;
  } else {
    g_autofree char *users = g_strdup_printf ("0 %u 1", user);
    g_autofree char *groups = g_strdup_printf ("0 %u 1", group);
    if (unshare (CLONE_NEWUSER | CLONE_NEWNS) < 0 || !write_file ("/proc/self/setgroups", "deny") ||
        !write_file ("/proc/self/uid_map", users) || !write_file ("/proc/self/gid_map", groups))
      return FALSE;
  }
  return mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount ("tmpfs", folder, "tmpfs", 0, "size=2m") == 0;
}

/* a file that leaves `rest` bytes */
static void
fill_disk (const char *path, gsize rest)
{
  struct statvfs room;
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  ck_assert_int_ge (fd, 0);
  ck_assert_int_eq (fstatvfs (fd, &room), 0);
  ck_assert_int_eq (posix_fallocate (fd, 0, (off_t) (room.f_bavail * room.f_frsize - rest)), 0);
  close (fd);
}

START_TEST (test_small_disk)
{
  if (!mount_small ()) {
    /* no namespace here: the file-size limit stands for the full disk, in the test above */
    fprintf (stderr, "test_small_disk: no tmpfs can be mounted here (%s)\n", g_strerror (errno));
    return;
  }
  LinceRecord *record = open_record ();
  g_autofree char *filler = g_build_filename (folder, "filler", NULL);

  append_one (record);
  ck_assert (last_event ()->logged);
  ck_assert (find_notice ("log-space-low") == NULL);
  ck_assert (lince_record_flush (record, TRUE, WAIT));
  fill_disk (filler, 100000);
  wait_for_notice (record, "log-space-low");
  ck_assert (find_notice ("log-space-low")->logged);
  fill_and_overflow (record);
  ck_assert (find_notice ("log-write-failed") != NULL);
  ck_assert_int_eq (unlink (filler), 0);
  check_recovered (record);
  ck_assert (find_notice ("log-space-back") != NULL);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("full disk");
  TCase *tests = tcase_create ("full disk");

  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, test_file_size_limit);
  tcase_add_test (tests, test_killed_while_full);
  tcase_add_test (tests, test_small_disk);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
