/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Looking back in a recording, on the drawn film. */
#include "../suite.h"
#include "movie.h"

#include "recognition/lookahead.h"

static LinceSettings settings;
static LinceRecognizer *recognizer;
static LinceLookahead *lookahead;
static LinceIndex *collection;

/* `found_from`: the frame from which the recogniser has a collection to find things with. */
static void
start (uint32_t frames, int64_t span)
{
  lince_settings_default (&settings);
  recognizer = lince_recognizer_new (&settings, NULL);
  ck_assert_ptr_nonnull (recognizer);
  lookahead = lince_lookahead_new (recognizer, &settings, span, frames, NULL);
  ck_assert_ptr_nonnull (lookahead);
  collection = movie_index ();
}

static void
stop (void)
{
  lince_lookahead_free (lookahead);
  lince_recognizer_free (recognizer);
  lince_index_unref (collection);
}

static bool
push (int frame)
{
  LinceFrame given = scene_frame (&movie ()[frame]);

  return lince_lookahead_push (lookahead, &given, frame * FRAME_TIME, NULL);
}

static int
count_right (const LinceResult *result, int frame)
{
  Shown shown[MOVIE_MAX];
  int count = movie_truth (frame, shown), right = 0;

  for (int k = 0; k < count; k++)
    for (uint32_t i = 0; i < result->placement_count; i++)
      right += corner_error (result->placements[i].corners, shown[k].corners) < 0.6;
  return right;
}

START_TEST (what_is_found_late_is_seen_from_its_first_frame)
{
  const LinceResult *result;
  Shown shown[MOVIE_MAX];
  int popped = 0, appeared = 0, vanished = 0;

  start (64, INT64_C (2000000000));
  for (int i = 0; i < MOVIE_FRAMES; i++) {
    if (i == 10)
      lince_recognizer_set_index (recognizer, collection);
    ck_assert (push (i));
    ck_assert_ptr_null (lince_lookahead_pop (lookahead, false));
  }
  while ((result = lince_lookahead_pop (lookahead, true))) {
    int count = movie_truth (popped, shown);

    ck_assert_int_eq (result->time, popped * FRAME_TIME);
    ck_assert_int_eq ((int) result->placement_count, count);
    ck_assert_int_eq (count_right (result, popped), count);
    for (uint32_t i = 1; i < result->placement_count; i++)
      ck_assert (result->placements[i - 1].object < result->placements[i].object ||
                 result->placements[i - 1].track < result->placements[i].track);
    for (uint32_t i = 0; i < result->change_count; i++) {
      const LinceChange *change = &result->changes[i];

      if (change->type == LINCE_APPEARED) {
        ck_assert (
            change->seen == 0 || change->seen == 3 * FRAME_TIME || change->seen == 6 * FRAME_TIME);
        appeared++;
      } else {
        ck_assert_int_eq (change->seen, (MOVIE_CUT - 1) * FRAME_TIME);
        vanished++;
      }
    }
    popped++;
  }
  ck_assert_int_eq (popped, MOVIE_FRAMES);
  ck_assert_int_eq (appeared, 3);
  ck_assert_int_eq (vanished, 3);
  ck_assert_uint_eq (lince_lookahead_end (lookahead)->change_count, 0);
  stop ();
}
END_TEST

START_TEST (only_frames_in_memory_are_seen_again)
{
  const LinceResult *result;
  int popped = 0;

  start (4, INT64_C (2000000000));
  for (int i = 0; i < 16; i++) {
    if (i == 10)
      lince_recognizer_set_index (recognizer, collection);
    while ((result = lince_lookahead_pop (lookahead, false))) {
      ck_assert_int_eq (count_right (result, popped), popped < 7 ? 0 : 3);
      popped++;
    }
    ck_assert (push (i));
  }
  ck_assert_int_eq (popped, 12);
  stop ();
}
END_TEST

START_TEST (the_span_lets_results_out)
{
  start (64, 3 * FRAME_TIME);
  for (int i = 0; i < 4; i++) {
    ck_assert (push (i));
    ck_assert_ptr_null (lince_lookahead_pop (lookahead, false));
  }
  ck_assert (push (4));
  ck_assert_ptr_nonnull (lince_lookahead_pop (lookahead, false));
  ck_assert_ptr_null (lince_lookahead_pop (lookahead, false));
  stop ();
}
END_TEST

START_TEST (a_full_memory_and_bad_limits_are_refused)
{
  LinceError error = {0};

  start (2, INT64_C (2000000000));
  ck_assert (push (0));
  ck_assert (push (1));
  ck_assert (!push (2));
  ck_assert_ptr_null (lince_lookahead_new (recognizer, &settings, 0, 0, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  ck_assert_ptr_null (
      lince_lookahead_new (recognizer, &settings, 0, LINCE_LOOKAHEAD_MAX_FRAMES + 1, &error));
  ck_assert_ptr_null (lince_lookahead_new (recognizer, &settings, -1, 2, &error));
  stop ();
}
END_TEST

/* What stands at the end vanishes there. */
START_TEST (the_end_closes_what_stands)
{
  const LinceResult *result;

  start (64, INT64_C (2000000000));
  lince_recognizer_set_index (recognizer, collection);
  for (int i = 0; i < 12; i++)
    ck_assert (push (i));
  while (lince_lookahead_pop (lookahead, true))
    continue;
  result = lince_lookahead_end (lookahead);
  ck_assert_uint_eq (result->change_count, 3);
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq (result->changes[i].type, LINCE_VANISHED);
    ck_assert_int_eq (result->changes[i].reason, LINCE_REASON_END);
    ck_assert_int_eq (result->changes[i].seen, 11 * FRAME_TIME);
  }
  stop ();
}
END_TEST

/* As the film's, but `b` has left, and the numbers of the others are one higher. */
static LinceIndex *
other_index (void)
{
  LinceIndexBuilder *builder = new_builder ();
  const char *const objects[] = {"0", "a", "c"};
  LinceIndex *index;

  for (int i = 0; i < 3; i++) {
    DrawnPicture drawn = movie_picture (i == 0 ? 7 : objects[i][0] - 'a');

    add_object (builder, objects[i]);
    ck_assert (lince_index_builder_add_image (
        builder, objects[i], objects[i], &drawn.picture, NULL, NULL));
    free_picture (&drawn);
  }
  index = lince_index_builder_finish (builder, NULL);
  lince_index_builder_free (builder);
  return index;
}

/* Kept frames and open exposures are told in the numbers of the index that has come into use, which
 * may be the only one left. */
START_TEST (another_index_renumbers_what_is_kept)
{
  LinceIndex *other = other_index ();
  const LinceResult *result;
  int popped = 0, left = 0, ended = 0;

  start (64, INT64_C (2000000000));
  lince_recognizer_set_index (recognizer, collection);
  for (int i = 0; i < MOVIE_CUT; i++) {
    if (i == 12) {
      /* `b` has appeared */
      for (; popped < 9; popped++)
        ck_assert_int_eq (
            count_right (lince_lookahead_pop (lookahead, true), popped), popped < 3   ? 1
                                                                         : popped < 6 ? 2
                                                                                      : 3);
      lince_recognizer_set_index (recognizer, other);
      lince_index_unref (collection);
      collection = NULL;
    }
    ck_assert (push (i));
  }
  while ((result = lince_lookahead_pop (lookahead, true))) {
    ck_assert_ptr_eq (result->index, other);
    ck_assert_uint_eq (result->placement_count, 2);
    ck_assert_int_eq (count_right (result, popped), 2);
    for (uint32_t i = 0; i < 2; i++) {
      ck_assert_str_eq (id_of (other, result->placements[i].object), "a");
      ck_assert_uint_eq (result->placements[i].image, 1);
      /* on from before */
      ck_assert_uint_le (result->placements[i].exposure, 3);
      ck_assert (i == 0 || result->placements[0].track < result->placements[1].track);
    }
    for (uint32_t i = 0; i < result->change_count; i++) {
      const LinceChange *change = &result->changes[i];

      ended += change->type == LINCE_VANISHED;
      left += change->reason == LINCE_REASON_COLLECTION && !strcmp (change->id, "b") &&
              change->decided == 9 * FRAME_TIME && change->seen == 8 * FRAME_TIME;
    }
    popped++;
  }
  ck_assert_int_eq (popped, MOVIE_CUT);
  ck_assert_int_eq (left, 1);
  ck_assert_int_eq (ended, 1);
  ck_assert_uint_eq (lince_lookahead_end (lookahead)->change_count, 2);
  stop ();
  lince_index_unref (other);
}
END_TEST

static void
draw_movie (void)
{
  (void) movie ();
}

int
main (void)
{
  Suite *suite = suite_create ("lookahead");
  TCase *tests = tcase_create ("lookahead");

  tcase_set_timeout (tests, 240);
  tcase_add_unchecked_fixture (tests, draw_movie, NULL);
  tcase_add_test (tests, what_is_found_late_is_seen_from_its_first_frame);
  tcase_add_test (tests, only_frames_in_memory_are_seen_again);
  tcase_add_test (tests, the_span_lets_results_out);
  tcase_add_test (tests, a_full_memory_and_bad_limits_are_refused);
  tcase_add_test (tests, the_end_closes_what_stands);
  tcase_add_test (tests, another_index_renumbers_what_is_kept);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
