/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The sums: minutes, sums, nothing twice. */
#include <stdlib.h>

#include "../suite.h"
#include "stream/minute_sums.h"

#define SECOND G_GINT64_CONSTANT (1000000000)
#define FRAME (SECOND / 25)
#define MINUTE_START (G_GINT64_CONSTANT (1700000040) * G_USEC_PER_SEC) /* a multiple of 60 s */

typedef struct {
  guint64 exposure;
  LinceMinuteSumsPiece piece;
} Standing;

static Standing standings[16];
static guint standing_count;

static void
on_standing (guint64 exposure, const LinceMinuteSumsPiece *piece, gpointer user_data)
{
  ck_assert_uint_lt (standing_count, G_N_ELEMENTS (standings));
  standings[standing_count++] = (Standing){exposure, *piece};
}

static LinceMinuteSums *
new_account (void)
{
  standing_count = 0;
  return lince_minute_sums_new (on_standing, NULL);
}

/* Seen on every frame from `first` to `last`, both included. */
static void
see_frames (LinceMinuteSums *sums, guint64 exposure, gint64 first, gint64 last, double area)
{
  for (gint64 time = first; time <= last; time += FRAME)
    lince_minute_sums_see (sums, exposure, time, area);
}

START_TEST (stay_within_a_minute)
{
  g_autoptr (LinceMinuteSums) sums = new_account ();
  LinceMinuteSumsPiece piece;

  lince_minute_sums_open (sums, 1, 10 * SECOND, MINUTE_START, 1, 0.25);
  see_frames (sums, 1, 10 * SECOND, 15 * SECOND, 0.25);
  ck_assert (lince_minute_sums_close (sums, 1, 15 * SECOND, -1, -1, &piece));
  ck_assert_uint_eq (standing_count, 0);
  ck_assert_int_eq (piece.minute, MINUTE_START);
  ck_assert_int_eq (piece.time, 5 * SECOND);
  ck_assert_uint_eq (piece.frames, 126);
  ck_assert_int_eq (piece.area_time, 5 * SECOND / 4);
  ck_assert (piece.peak_area == 0.25);
  ck_assert (!lince_minute_sums_close (sums, 1, 15 * SECOND, -1, -1, &piece));
}
END_TEST

START_TEST (minutes_are_split)
{
  g_autoptr (LinceMinuteSums) sums = new_account ();
  LinceMinuteSumsPiece piece;
  gint64 time = 0, area_time = 0;
  guint64 frames = 0;

  /* begins 50 s into a minute and stands for 130 s: pieces of 10, 60 and 60 s, and nothing left */
  lince_minute_sums_open (sums, 7, 0, MINUTE_START + 50 * G_USEC_PER_SEC, 1, 0.5);
  see_frames (sums, 7, FRAME, 130 * SECOND, 0.5);
  ck_assert_uint_eq (standing_count, 3);
  for (guint i = 0; i < 3; i++) {
    ck_assert_uint_eq (standings[i].exposure, 7);
    ck_assert_int_eq (standings[i].piece.minute, MINUTE_START + i * 60 * G_USEC_PER_SEC);
    ck_assert_int_eq (standings[i].piece.time, (i ? 60 : 10) * SECOND);
    time += standings[i].piece.time;
    frames += standings[i].piece.frames;
    area_time += standings[i].piece.area_time;
  }
  /* the recogniser's own totals win: what is left is they less what was handed out */
  ck_assert (lince_minute_sums_close (sums, 7, 130 * SECOND, 3251, 60 * SECOND, &piece));
  ck_assert_int_eq (piece.minute, MINUTE_START + 180 * G_USEC_PER_SEC);
  ck_assert_int_eq (time + piece.time, 130 * SECOND);
  ck_assert_uint_eq (frames + piece.frames, 3251);
  ck_assert_int_eq (piece.area_time, 0);
  ck_assert_int_eq (area_time, 65 * SECOND);
}
END_TEST

START_TEST (split_between_frames)
{
  g_autoptr (LinceMinuteSums) sums = new_account ();
  LinceMinuteSumsPiece piece;

  /* two sights 10 s apart with the minute's end 4 s after the first */
  lince_minute_sums_open (sums, 1, 0, MINUTE_START + 56 * G_USEC_PER_SEC, 1, 0.1);
  lince_minute_sums_see (sums, 1, 10 * SECOND, 0.3);
  ck_assert_uint_eq (standing_count, 1);
  ck_assert_int_eq (standings[0].piece.time, 4 * SECOND);
  ck_assert_uint_eq (standings[0].piece.frames, 1);
  ck_assert (lince_minute_sums_close (sums, 1, 11 * SECOND, -1, -1, &piece));
  ck_assert_int_eq (piece.time, 7 * SECOND);
  ck_assert_uint_eq (piece.frames, 1);
  ck_assert_int_eq (piece.area_time, 6 * SECOND / 10 + 3 * SECOND / 10);
  ck_assert (piece.peak_area == 0.3);
}
END_TEST

START_TEST (nothing_counts_twice)
{
  g_autoptr (LinceMinuteSums) sums = new_account ();
  LinceMinuteSumsPiece first, second;

  lince_minute_sums_open (sums, 1, 0, MINUTE_START, 1, 0.5);
  lince_minute_sums_open (sums, 1, 0, MINUTE_START, 1, 0.5);
  lince_minute_sums_see (sums, 1, SECOND, 0.5);
  lince_minute_sums_see (sums, 1, SECOND, 0.5);
  lince_minute_sums_see (sums, 1, SECOND / 2, 0.5);
  lince_minute_sums_see (sums, 2, SECOND, 0.5);
  ck_assert (lince_minute_sums_close (sums, 1, SECOND, -1, -1, &first));
  ck_assert_int_eq (first.time, SECOND);
  ck_assert_uint_eq (first.frames, 2);
  /* resumed, with a first sight that lies within the stay before */
  lince_minute_sums_open (sums, 1, SECOND / 2, 0, 1, 0.5);
  ck_assert (lince_minute_sums_close (sums, 1, 2 * SECOND, -1, -1, &second));
  ck_assert_int_eq (second.time, SECOND);
  /* by the clock of its beginning, whatever UTC the second stay was told */
  ck_assert_int_eq (lince_minute_sums_utc (sums, 1, 2 * SECOND), MINUTE_START + 2 * G_USEC_PER_SEC);
  ck_assert_int_eq (lince_minute_sums_utc (sums, 2, 0), LINCE_TIME_NONE);
}
END_TEST

START_TEST (open_ones_are_listed)
{
  g_autoptr (LinceMinuteSums) sums = new_account ();
  g_autoptr (GArray) open = NULL;
  LinceMinuteSumsPiece piece;

  for (guint64 exposure = 5; exposure > 0; exposure--)
    lince_minute_sums_open (sums, exposure, 0, MINUTE_START, 1, 0.5);
  lince_minute_sums_close (sums, 3, 0, -1, -1, &piece);
  open = lince_minute_sums_list_open (sums);
  ck_assert_uint_eq (open->len, 4);
  ck_assert_uint_eq (g_array_index (open, guint64, 0), 1);
  ck_assert_uint_eq (g_array_index (open, guint64, 2), 4);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("sums");
  TCase *tests = tcase_create ("sums");

  tcase_add_test (tests, stay_within_a_minute);
  tcase_add_test (tests, minutes_are_split);
  tcase_add_test (tests, split_between_frames);
  tcase_add_test (tests, nothing_counts_twice);
  tcase_add_test (tests, open_ones_are_listed);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
