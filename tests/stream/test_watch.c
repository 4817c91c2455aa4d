/* SPDX-License-Identifier: LGPL-2.1-or-later
 * States of a source, waits between tries, and which UTC a frame has: decisions on a clock that the
 * test turns. */
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "stream/outbox.h"
#include "stream/utc.h"
#include "stream/watch.h"

#define SECOND G_GINT64_CONSTANT (1000000000)
#define NOON (G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC)

START_TEST (waits_grow_and_jitter)
{
  static const int expected[] = {1, 2, 4, 8, 16, 30, 30, 30};
  LinceBackoff backoff;
  gboolean jitter = FALSE;

  lince_backoff_init (&backoff, 42);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    gint64 wait = lince_backoff_next (&backoff, 0);

    ck_assert_int_ge (wait, expected[i] * SECOND * 8 / 10);
    ck_assert_int_le (wait, expected[i] * SECOND * 12 / 10);
    jitter |= wait != expected[i] * SECOND;
  }
  ck_assert (jitter);
  ck_assert_int_gt (lince_backoff_next (&backoff, 59 * SECOND), 20 * SECOND);
  ck_assert_int_lt (lince_backoff_next (&backoff, 60 * SECOND), 2 * SECOND);
  /* a thousand failures in a row neither overflow nor wait longer */
  for (guint i = 0; i < 1000; i++)
    ck_assert_int_le (lince_backoff_next (&backoff, 0), 36 * SECOND);
  lince_backoff_clear (&backoff);
}
END_TEST

START_TEST (source_comes_and_stalls)
{
  LinceWatch watch;

  lince_watch_init (&watch, 1);
  lince_watch_start (&watch, 100 * SECOND);
  ck_assert_int_eq (watch.state, LINCE_STREAM_STARTING);
  ck_assert_int_eq (lince_watch_look (&watch, 114 * SECOND, 0), LINCE_WATCH_NOTHING);
  ck_assert_int_eq (lince_watch_look (&watch, 114 * SECOND, 1), LINCE_WATCH_CHANGED);
  ck_assert_int_eq (watch.state, LINCE_STREAM_RUNNING);
  ck_assert_int_eq (lince_watch_look (&watch, 115 * SECOND, 9), LINCE_WATCH_NOTHING);
  ck_assert_int_eq (lince_watch_look (&watch, 117 * SECOND, 9), LINCE_WATCH_NOTHING);
  ck_assert_int_eq (lince_watch_look (&watch, 118 * SECOND, 9), LINCE_WATCH_CHANGED);
  ck_assert_int_eq (watch.state, LINCE_STREAM_STALLED);
  ck_assert_str_ne (watch.reason, "");
  ck_assert_int_eq (lince_watch_retry_in (&watch, 118 * SECOND), LINCE_TIME_NONE);
  ck_assert_int_eq (lince_watch_look (&watch, 119 * SECOND, 10), LINCE_WATCH_CHANGED);
  ck_assert_int_eq (watch.state, LINCE_STREAM_RUNNING);
  ck_assert_str_eq (watch.reason, "");
  ck_assert_int_eq (lince_watch_look (&watch, 123 * SECOND, 10), LINCE_WATCH_CHANGED);
  ck_assert_int_eq (lince_watch_look (&watch, 128 * SECOND, 10), LINCE_WATCH_NOTHING);
  ck_assert_int_eq (lince_watch_look (&watch, 129 * SECOND, 10), LINCE_WATCH_LOST);
  ck_assert_int_eq (watch.state, LINCE_STREAM_BACKOFF);
  lince_watch_clear (&watch);
}
END_TEST

START_TEST (source_never_comes)
{
  LinceWatch watch;

  lince_watch_init (&watch, 1);
  lince_watch_start (&watch, 0);
  ck_assert_int_eq (lince_watch_look (&watch, 15 * SECOND, 0), LINCE_WATCH_LOST);
  ck_assert_str_eq (watch.reason, "No picture came within 15 s of the start.");
  ck_assert_int_gt (lince_watch_retry_in (&watch, 15 * SECOND), 0);
  ck_assert_int_eq (lince_watch_look (&watch, 15 * SECOND, 0), LINCE_WATCH_NOTHING);
  ck_assert_int_eq (lince_watch_look (&watch, 17 * SECOND, 0), LINCE_WATCH_START);
  ck_assert_int_eq (watch.state, LINCE_STREAM_STARTING);
  ck_assert_int_eq (lince_watch_fail (&watch, 18 * SECOND, "no"), LINCE_WATCH_LOST);
  ck_assert_int_eq (lince_watch_fail (&watch, 18 * SECOND, "again"), LINCE_WATCH_NOTHING);
  ck_assert_str_eq (watch.reason, "no");
  lince_watch_stop (&watch, 19 * SECOND, "");
  ck_assert_int_eq (lince_watch_look (&watch, 99 * SECOND, 5), LINCE_WATCH_NOTHING);
  ck_assert_int_eq (lince_watch_fail (&watch, 99 * SECOND, "late"), LINCE_WATCH_NOTHING);
  lince_watch_clear (&watch);
}
END_TEST

START_TEST (long_reason_is_cut_between_letters)
{
  LinceWatch watch;
  g_autofree char *reason = g_malloc0 (2 * LINCE_EVENT_TEXT_MAX + 2);

  reason[0] = 'x';
  for (guint i = 0; i < LINCE_EVENT_TEXT_MAX; i++)
    strcat (reason, "ü");
  lince_watch_init (&watch, 1);
  lince_watch_start (&watch, 0);
  lince_watch_fail (&watch, 0, reason);
  ck_assert (g_utf8_validate (watch.reason, -1, NULL));
  ck_assert_uint_gt (strlen (watch.reason), LINCE_EVENT_TEXT_MAX - 2);
  lince_watch_clear (&watch);
}
END_TEST

START_TEST (arrival_follows_and_steps)
{
  LinceUtc utc;
  LinceUtcSource source;

  lince_utc_init (&utc);
  ck_assert_int_eq (lince_utc_at (&utc, 0, NULL), LINCE_TIME_NONE);
  /* frames come 0 to 20 ms late: what is said stays within those 20 ms */
  for (gint64 i = 0; i < 250; i++)
    lince_utc_feed (&utc, i * SECOND / 25, NOON + i * 40000 + (i % 5) * 5000, LINCE_TIME_NONE);
  ck_assert_int_ge (lince_utc_at (&utc, 10 * SECOND, &source), NOON + 10 * G_USEC_PER_SEC - 1000);
  ck_assert_int_le (lince_utc_at (&utc, 10 * SECOND, NULL), NOON + 10 * G_USEC_PER_SEC + 20000);
  ck_assert_int_eq (source, LINCE_UTC_ARRIVAL);
  /* one frame very late says nothing; a clock that was set is followed after a second */
  lince_utc_feed (&utc, 10 * SECOND, NOON + 13 * G_USEC_PER_SEC, LINCE_TIME_NONE);
  ck_assert_int_le (lince_utc_at (&utc, 10 * SECOND, NULL), NOON + 10 * G_USEC_PER_SEC + 20000);
  for (gint64 i = 251; i < 300; i++)
    lince_utc_feed (&utc, i * SECOND / 25,
        NOON + i * 40000 + G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC, LINCE_TIME_NONE);
  ck_assert_int_eq (
      lince_utc_at (&utc, 12 * SECOND, NULL), NOON + G_GINT64_CONSTANT (3612) * G_USEC_PER_SEC);
}
END_TEST

static void
feed_reference (LinceUtc *utc, gint64 from, gint64 to, gint64 offset)
{
  for (gint64 i = from * 25; i <= to * 25; i++)
    lince_utc_feed (utc, i * SECOND / 25, NOON + i * 40000, NOON + i * 40000 + offset);
}

START_TEST (steady_reference_is_believed)
{
  LinceUtc utc;
  LinceUtcSource source;

  lince_utc_init (&utc);
  feed_reference (&utc, 0, 1, -300000);
  lince_utc_at (&utc, SECOND, &source);
  ck_assert_int_eq (source, LINCE_UTC_ARRIVAL);
  feed_reference (&utc, 1, 3, -300000);
  ck_assert_int_eq (lince_utc_at (&utc, 3 * SECOND, &source), NOON + 2700000);
  ck_assert_int_eq (source, LINCE_UTC_NTP);
  /* it jumps: not believed until steady again */
  feed_reference (&utc, 3, 4, 900000);
  lince_utc_at (&utc, 4 * SECOND, &source);
  ck_assert_int_eq (source, LINCE_UTC_ARRIVAL);
  feed_reference (&utc, 4, 6, 900000);
  lince_utc_at (&utc, 6 * SECOND, &source);
  ck_assert_int_eq (source, LINCE_UTC_NTP);
  /* it falls silent */
  for (gint64 i = 150; i < 300; i++)
    lince_utc_feed (&utc, i * SECOND / 25, NOON + i * 40000, LINCE_TIME_NONE);
  lince_utc_at (&utc, 12 * SECOND, &source);
  ck_assert_int_eq (source, LINCE_UTC_ARRIVAL);
}
END_TEST

START_TEST (wrong_reference_is_not_believed)
{
  LinceUtc utc;
  LinceUtcSource source;

  lince_utc_init (&utc);
  feed_reference (&utc, 0, 10, 6 * G_USEC_PER_SEC);
  ck_assert_int_eq (lince_utc_at (&utc, 10 * SECOND, &source), NOON + 10 * G_USEC_PER_SEC);
  ck_assert_int_eq (source, LINCE_UTC_ARRIVAL);
  ck_assert_int_eq (lince_utc_from_reference ("timestamp/x-unix", 5 * SECOND), 5 * G_USEC_PER_SEC);
  ck_assert_int_eq (
      lince_utc_from_reference ("timestamp/x-ntp", G_GUINT64_CONSTANT (3908988800) * SECOND), NOON);
  ck_assert_int_eq (lince_utc_from_reference ("timestamp/x-other", 5), LINCE_TIME_NONE);
}
END_TEST

static guint64
add_event (LinceOutbox *outbox, const char *reason)
{
  LinceEvent event;

  lince_event_init (&event, LINCE_EVENT_STREAM);
  strcpy (event.stream, "s");
  strcpy (event.run, "0123456789abcdef0123456789abcdef");
  strcpy (event.reason, reason);
  event.utc = NOON;
  lince_outbox_add (outbox, &event);
  return event.number;
}

START_TEST (outbox_keeps_until_acknowledged)
{
  g_autoptr (LinceOutbox) outbox = lince_outbox_new ();

  for (guint i = 1; i <= 3; i++)
    ck_assert_uint_eq (add_event (outbox, "x"), i);
  ck_assert_ptr_nonnull (strstr (lince_outbox_take (outbox), "\"n\":1,"));
  ck_assert_ptr_nonnull (strstr (lince_outbox_take (outbox), "\"n\":2,"));
  lince_outbox_acknowledge (outbox, 1);
  lince_outbox_rewind (outbox);
  ck_assert_ptr_nonnull (strstr (lince_outbox_take (outbox), "\"n\":2,"));
  ck_assert_ptr_nonnull (strstr (lince_outbox_take (outbox), "\"n\":3,"));
  ck_assert_ptr_null (lince_outbox_take (outbox));
  ck_assert_uint_eq (add_event (outbox, "x"), 4);
  ck_assert_ptr_nonnull (strstr (lince_outbox_take (outbox), "\"n\":4,"));
  lince_outbox_acknowledge (outbox, 99);
  ck_assert_uint_eq (lince_outbox_kept (outbox), 0);
  ck_assert_ptr_null (lince_outbox_take (outbox));
  ck_assert_uint_eq (add_event (outbox, "x"), 5);
}
END_TEST

START_TEST (outbox_is_bounded)
{
  g_autoptr (LinceOutbox) outbox = lince_outbox_new ();
  g_autofree char *reason = g_strnfill (LINCE_EVENT_TEXT_MAX, 'x');
  guint64 last = 0;

  while (lince_outbox_lost (outbox) < 3)
    last = add_event (outbox, reason);
  ck_assert_uint_lt (last * LINCE_EVENT_TEXT_MAX, 2 * LINCE_OUTBOX_MAX_BYTES);
  ck_assert_uint_eq (lince_outbox_kept (outbox), last - 3);
  /* what goes out begins behind what was given up */
  ck_assert_ptr_nonnull (strstr (lince_outbox_take (outbox), "\"n\":4,"));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("watch");
  TCase *tests = tcase_create ("watch");

  tcase_add_test (tests, waits_grow_and_jitter);
  tcase_add_test (tests, source_comes_and_stalls);
  tcase_add_test (tests, source_never_comes);
  tcase_add_test (tests, long_reason_is_cut_between_letters);
  tcase_add_test (tests, arrival_follows_and_steps);
  tcase_add_test (tests, steady_reference_is_believed);
  tcase_add_test (tests, wrong_reference_is_not_believed);
  tcase_add_test (tests, outbox_keeps_until_acknowledged);
  tcase_add_test (tests, outbox_is_bounded);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
