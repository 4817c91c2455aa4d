/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Looking back: a poster drifts over noise; the recogniser is shown it late, and the frames before
 * are filled from their own pixels, no further than it stood there. */
#include "tool/retrace.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 480, HEIGHT = 320, SIDE = 160, STEP = 40 };
#define FRAME_TIME (STEP * G_GINT64_CONSTANT (1000000))

static guint8 poster[SIDE * SIDE], pixels[WIDTH * HEIGHT];
static LinceIndex *poster_index;
static LinceRecognizer *recognizer;

static void
set_up (void)
{
  LinceIndexBuilder *builder = lince_index_builder_new (NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  g_autofree guint8 *rgba = g_malloc (SIDE * SIDE * 4);
  LincePicture picture = {rgba, SIDE * 4, SIDE, SIDE};
  LinceSettings settings;
  LinceError error;

  memset (poster, 128, sizeof poster);
  for (int i = 0; i < 90; i++) {
    int left = g_rand_int_range (random, 0, SIDE - 6), top = g_rand_int_range (random, 0, SIDE - 6);
    int width = g_rand_int_range (random, 6, 40), height = g_rand_int_range (random, 6, 40);
    int right = MIN (SIDE, left + width), bottom = MIN (SIDE, top + height);
    int grey = g_rand_int_range (random, 0, 256);

    for (int y = top; y < bottom; y++)
      memset (poster + y * SIDE + left, grey, (size_t) (right - left));
  }
  for (int i = 0; i < SIDE * SIDE; i++) {
    memset (rgba + 4 * i, poster[i], 3);
    rgba[4 * i + 3] = 255;
  }
  ck_assert (lince_index_builder_add_object (builder, "poster", NULL, NULL, NULL));
  ck_assert (lince_index_builder_add_image (builder, "poster", "poster", &picture, NULL, NULL));
  poster_index = lince_index_builder_finish (builder, &error);
  ck_assert_msg (poster_index != NULL, "%s", error.text);
  lince_index_builder_free (builder);
  lince_settings_default (&settings);
  recognizer = lince_recognizer_new (&settings, &error);
  ck_assert_msg (recognizer != NULL, "%s", error.text);
  lince_recognizer_set_index (recognizer, poster_index);
}

static void
tear_down (void)
{
  lince_recognizer_free (recognizer);
  lince_index_unref (poster_index);
}

/* Where the poster's left side stands on a frame. */
static int
poster_left (int number)
{
  return 60 + 2 * number;
}

/* Noise, and from frame `first` to `last` the poster, but not on frame `hidden`. */
static LinceFrame
draw (int number, int first, int last, int hidden)
{
  g_autoptr (GRand) random = g_rand_new_with_seed ((guint32) number + 1);

  for (int i = 0; i < WIDTH * HEIGHT; i++)
    pixels[i] = (guint8) (96 + g_rand_int_range (random, 0, 64));
  if (number >= first && number <= last && number != hidden)
    for (int y = 0; y < SIDE; y++)
      memcpy (pixels + (y + 70) * WIDTH + poster_left (number), poster + y * SIDE, SIDE);
  return (LinceFrame){.width = WIDTH,
      .height = HEIGHT,
      .luma = {pixels, WIDTH, 1},
      .par_numerator = 1,
      .par_denominator = 1};
}

/* Shows the retrace `count` frames, of which the recogniser sees those from `seen_from` on. */
static void
show (LinceRetrace *retrace, int count, int first, int last, int hidden, int seen_from)
{
  for (int i = 0; i < count; i++) {
    LinceResult nothing = {.index = poster_index};
    LinceFrame frame = draw (i, first, last, hidden);
    const LinceResult *result = &nothing;
    LinceError error;

    if (i >= seen_from)
      ck_assert_msg (lince_recognizer_process (recognizer, &frame, i * FRAME_TIME, &result, &error),
          "%s", error.text);
    ck_assert_msg (lince_retrace_add (retrace, (guint64) i, i * FRAME_TIME, &frame, result, &error),
        "%s", error.text);
  }
}

/* The next final frame is number `number`; it shows the poster, in its place, or nothing. */
static void
expect (LinceRetrace *retrace, int number, gboolean shown)
{
  const LinceRetraceFrame *frame = lince_retrace_pop (retrace, TRUE);
  const LincePlacement *placement;

  ck_assert_msg (frame != NULL, "frame %d is missing", number);
  ck_assert_uint_eq (frame->number, (guint64) number);
  ck_assert_int_eq (frame->time, number * FRAME_TIME);
  ck_assert_msg (
      frame->placements->len == (shown ? 1 : 0), "%u on frame %d", frame->placements->len, number);
  if (!shown)
    return;
  placement = &g_array_index (frame->placements, LincePlacement, 0);
  ck_assert_float_eq_tol (placement->corners[0].x, (float) poster_left (number), 0.5f);
  ck_assert_float_eq_tol (placement->corners[0].y, 70, 0.5f);
  ck_assert_float_eq_tol (placement->corners[2].x, (float) poster_left (number) + SIDE, 0.5f);
  ck_assert_float_eq_tol (placement->corners[2].y, 70 + SIDE, 0.5f);
}

START_TEST (fills_back_to_the_first_frame)
{
  g_autoptr (LinceRetrace) retrace =
      lince_retrace_new (recognizer, 2 * G_GINT64_CONSTANT (1000000000), 100 << 20);
  LinceRetraceGain gain;

  show (retrace, 30, 6, 27, -1, 20);
  ck_assert (lince_retrace_get_gain (retrace, 1, &gain));
  ck_assert_int_eq (gain.from, 6 * FRAME_TIME);
  ck_assert_uint_eq (gain.frames, 14);
  ck_assert_double_eq_tol (
      gain.area_time, 14.0 * FRAME_TIME * SIDE * SIDE / WIDTH / HEIGHT, 0.02 * FRAME_TIME);
  ck_assert (!lince_retrace_get_gain (retrace, 2, &gain));
  for (int i = 0; i < 30; i++)
    expect (retrace, i, i >= 6 && i <= 27);
  ck_assert_ptr_null (lince_retrace_pop (retrace, TRUE));
}
END_TEST

/* A frame that does not show it is left empty, those before it are filled. */
START_TEST (each_frame_decides)
{
  g_autoptr (LinceRetrace) retrace =
      lince_retrace_new (recognizer, 2 * G_GINT64_CONSTANT (1000000000), 100 << 20);

  show (retrace, 20, 5, 19, 9, 15);
  for (int i = 0; i < 20; i++)
    expect (retrace, i, i >= 5 && i != 9);
}
END_TEST

/* Lost and found again under another track: the gap is filled, and what was known before stays. */
START_TEST (gaps_are_closed)
{
  g_autoptr (LinceRetrace) retrace =
      lince_retrace_new (recognizer, 2 * G_GINT64_CONSTANT (1000000000), 100 << 20);
  LinceRetraceGain gain;
  guint64 first_track = 0, last_track = 0;

  for (int i = 0; i < 20; i++) {
    LinceResult nothing = {.index = poster_index};
    LinceFrame frame = draw (i, 0, 19, -1);
    const LinceResult *result = &nothing;

    if (i == 10)
      lince_recognizer_reset (recognizer, LINCE_REASON_RESET, NULL);
    if (i < 10 || i >= 15)
      ck_assert (lince_recognizer_process (recognizer, &frame, i * FRAME_TIME, &result, NULL));
    if (result->placement_count > 0)
      last_track = result->placements[0].track;
    if (i == 5)
      first_track = last_track;
    ck_assert (lince_retrace_add (retrace, (guint64) i, i * FRAME_TIME, &frame, result, NULL));
  }
  ck_assert_uint_ne (first_track, last_track);
  ck_assert (lince_retrace_get_gain (retrace, last_track, &gain));
  ck_assert_uint_eq (gain.frames, 5);
  ck_assert_int_eq (gain.from, 10 * FRAME_TIME);
  for (int i = 0; i < 20; i++)
    expect (retrace, i, TRUE);
}
END_TEST

/* What is older than the window is final and stays as it was. */
START_TEST (window_is_kept)
{
  g_autoptr (LinceRetrace) retrace = lince_retrace_new (recognizer, 8 * FRAME_TIME, 100 << 20);
  int final = 0;

  for (int i = 0; i < 25; i++) {
    LinceResult nothing = {.index = poster_index};
    LinceFrame frame = draw (i, 0, 24, -1);
    const LinceResult *result = &nothing;

    if (i >= 20)
      ck_assert (lince_recognizer_process (recognizer, &frame, i * FRAME_TIME, &result, NULL));
    ck_assert (lince_retrace_add (retrace, (guint64) i, i * FRAME_TIME, &frame, result, NULL));
    for (const LinceRetraceFrame *f; (f = lince_retrace_pop (retrace, FALSE)) != NULL; final++) {
      ck_assert_uint_eq (f->number, (guint64) final);
      /* 11 was final when 20 was shown, and 12 just not */
      ck_assert_uint_eq (f->placements->len, f->number > 11 ? 1 : 0);
    }
    ck_assert_int_eq (final, MAX (0, i - 7));
  }
}
END_TEST

/* Room for ten frames, though the window is longer. */
START_TEST (memory_is_bounded)
{
  g_autoptr (LinceRetrace) retrace =
      lince_retrace_new (recognizer, 100 * FRAME_TIME, 10 * WIDTH * HEIGHT);

  for (int i = 0; i < 40; i++) {
    LinceResult nothing = {.index = poster_index};
    LinceFrame frame = draw (i, 100, 100, -1);
    int popped = 0;

    ck_assert (lince_retrace_add (retrace, (guint64) i, i * FRAME_TIME, &frame, &nothing, NULL));
    for (const LinceRetraceFrame *f; (f = lince_retrace_pop (retrace, FALSE)) != NULL; popped++)
      ck_assert_uint_eq (f->number, (guint64) (i - 10));
    ck_assert_int_eq (popped, i >= 10 ? 1 : 0);
  }
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("retrace");
  TCase *tests = tcase_create ("frames");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, fills_back_to_the_first_frame);
  tcase_add_test (tests, each_frame_decides);
  tcase_add_test (tests, gaps_are_closed);
  tcase_add_test (tests, window_is_kept);
  tcase_add_test (tests, memory_is_bounded);
  suite_add_tcase (suite, tests);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_NORMAL);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed > 0;
}
