/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SIGKILL of the process that keeps the record, at random moments, again and again: what a client
 * was sent is in the log under the same number, and nothing is counted twice.
 *
 * usage: test_store_kill
 *        test_store_kill child FOLDER ROUND   the one that is killed */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../suite.h"
#include "sample.h"
#include "store/account.h"
#include "store/record.h"

#define ROUNDS 40
#define WAIT (20 * G_USEC_PER_SEC)

static const char *self;

/* ---- the child ---- */

typedef struct {
  guint64 sequence, number;
} Sent;

/* "sends" to the client: what is in the pipe outlives this process */
static void
send_event (const LinceEvent *event, GBytes *line, gpointer data)
{
  Sent sent = {event->sequence, event->number};

  if (!event->logged || write (STDOUT_FILENO, &sent, sizeof sent) != sizeof sent)
    _exit (3);
}

/* event n of the run: exposures of 2 s, one after the other */
static LinceEvent
make_event (guint64 n)
{
  guint64 exposure = (n + 1) / 2;
  gint64 start = SAMPLE_TIME + (gint64) exposure * 3 * G_USEC_PER_SEC;

  if (n % 2)
    return sample_appeared ("cam", RUN_A, n, "poster", exposure, start);
  gint64 end = start + 2 * G_USEC_PER_SEC, minute = end - end % MINUTE;
  return sample_vanished (
      "cam", RUN_A, n, "poster", exposure, end, (end - MAX (start, minute)) * 1000, 0.5);
}

static int
run_child (const char *folder, guint32 round)
{
  /* small segments, so that it is killed while it closes and compresses them too */
  LinceRecordSettings settings = {.state_dir = folder, .node = "node-1", .segment_bytes = 20000};
  LinceRecordFunctions functions = {send_event, NULL, NULL};
  LinceRecord *record = lince_record_open (&settings, &functions, NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (round);

  if (record == NULL)
    return 2;
  /* like a stream's process that sends again what was not acknowledged, and some more */
  guint64 acknowledged = lince_record_acknowledged (record, RUN_A);
  guint64 n = acknowledged > 4 ? acknowledged - 4 : 1;
  for (;; n++) {
    LinceEvent event = make_event (n);
    LinceRecordResult result = lince_record_append (record, &event);
    if ((result == LINCE_RECORD_DUPLICATE) != (n <= acknowledged))
      return 4;
    if (g_rand_int_range (rand, 0, 4) == 0)
      lince_record_flush (record, FALSE, g_rand_int_range (rand, 0, 3000));
    g_main_context_iteration (NULL, FALSE);
  }
}

/* ---- the parent ---- */

/* starts the child, reads what it sends, kills it after a random number of messages and a bit */
static void
run_round (const char *folder, guint round, GRand *rand, GArray *sent)
{
  g_autofree char *round_text = g_strdup_printf ("%u", round);
  int pipes[2], status;
  guint wanted = (guint) g_rand_int_range (rand, 1, 300);
  Sent message;

  ck_assert_int_eq (pipe (pipes), 0);
  pid_t child = fork ();
  if (child == 0) {
    dup2 (pipes[1], STDOUT_FILENO);
    close (pipes[0]);
    close (pipes[1]);
    execl (self, self, "child", folder, round_text, NULL);
    _exit (127);
  }
  close (pipes[1]);
  FILE *from = fdopen (pipes[0], "r");
  for (guint i = 0; i < wanted && fread (&message, sizeof message, 1, from) == 1; i++)
    g_array_append_val (sent, message);
  g_usleep ((gulong) g_rand_int_range (rand, 0, 2000));
  kill (child, SIGKILL);
  while (fread (&message, sizeof message, 1, from) == 1)
    g_array_append_val (sent, message);
  fclose (from);
  ck_assert_int_eq (waitpid (child, &status, 0), child);
  ck_assert_msg (WIFSIGNALED (status), "the child ended by itself: %d", WEXITSTATUS (status));
}

/* the log against what was sent */
static void
check_log (LinceRecord *record, GArray *sent)
{
  guint64 last = lince_record_logged_sequence (record);
  g_autoptr (LinceLogReader) reader =
      lince_log_reader_open (lince_record_log_dir (record), 1, NULL);
  g_autofree guint64 *numbers = g_new0 (guint64, last + 1);
  guint64 expected = 1;
  LinceEvent event;
  const char *line;
  gsize length;

  while (lince_log_reader_next (reader, last, &event, &line, &length, NULL) == LINCE_LOG_EVENT) {
    /* every number, and every event of the run once, in order */
    ck_assert_uint_eq (event.sequence, expected);
    ck_assert_uint_eq (event.number, expected);
    numbers[event.sequence] = event.number;
    expected++;
  }
  ck_assert_uint_eq (expected, last + 1);
  ck_assert_uint_eq (lince_log_reader_damaged (reader), 0);
  for (guint i = 0; i < sent->len; i++) {
    const Sent *one = &g_array_index (sent, Sent, i);
    ck_assert_uint_le (one->sequence, last);
    ck_assert_uint_eq (numbers[one->sequence], one->number);
    ck_assert (i == 0 || one->sequence > one[-1].sequence);
  }
}

static void
ignore_event (const LinceEvent *event, GBytes *line, gpointer data)
{
}

START_TEST (test_kill)
{
  g_autofree char *folder = sample_make_folder ();
  g_autofree char *again = g_build_filename (folder, "again.sqlite", NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (20261123);
  g_autoptr (GArray) sent = g_array_new (FALSE, FALSE, sizeof (Sent));
  LinceRecordSettings settings = {.state_dir = folder, .node = "node-1"};
  LinceRecordFunctions functions = {ignore_event, NULL, NULL};

  for (guint round = 0; round < ROUNDS; round++)
    run_round (folder, round, rand, sent);
  ck_assert_uint_gt (sent->len, 20 * ROUNDS);

  LinceRecord *record = lince_record_open (&settings, &functions, NULL);
  ck_assert (record != NULL);
  check_log (record, sent);
  ck_assert (lince_record_flush (record, TRUE, WAIT));
  guint64 last = lince_record_logged_sequence (record);
  ck_assert_uint_eq (lince_exposures_count (lince_record_exposures (record)), last % 2);
  g_autofree char *figures = sample_dump_account (lince_record_account_path (record));
  ck_assert (lince_account_rebuild (
      again, lince_record_log_dir (record), lince_record_log_id (record), last, NULL));
  g_autofree char *rebuilt = sample_dump_account (again);
  ck_assert_str_eq (figures, rebuilt);
  fprintf (stderr, "%u kills, %u events sent, %u in the log\n", ROUNDS, sent->len, (guint) last);
  lince_record_close (record);
  sample_remove_folder (folder);
}
END_TEST

int
main (int argc, char **argv)
{
  Suite *suite = suite_create ("kill");
  TCase *tests = tcase_create ("kill");

  self = argv[0];
  if (argc == 4 && strcmp (argv[1], "child") == 0)
    return run_child (argv[2], (guint32) atoi (argv[3]));
  tcase_set_timeout (tests, 100);
  tcase_add_test (tests, test_kill);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
