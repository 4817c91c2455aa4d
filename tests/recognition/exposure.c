/* SPDX-License-Identifier: LGPL-2.1-or-later
 * From placements to exposures: every way that a stay begins, goes on and ends. Times in ms. */
#include "../suite.h"
#include "index_pictures.h"

#include "recognition/exposure.h"

#define MS INT64_C (1000000)

static LinceIndex *index_ab, *index_b;
static LinceExposures *exposures;
static LinceSettings settings;
static LinceChange changes[LINCE_MAX_CHANGES];
static LincePlacement seen[8];
static uint32_t seen_count;

static LinceIndex *
index_of (const char *const *ids)
{
  LinceIndexBuilder *builder = new_builder ();
  LinceIndex *index;

  for (int i = 0; ids[i]; i++) {
    add_object (builder, ids[i]);
    add_poster (builder, ids[i], 160, 120, 5 + (uint32_t) i);
  }
  index = lince_index_builder_finish (builder, NULL);
  ck_assert_ptr_nonnull (index);
  lince_index_builder_free (builder);
  return index;
}

static void
set_up (void)
{
  index_ab = index_of ((const char *const[]){"alpha", "beta", NULL});
  index_b = index_of ((const char *const[]){"beta", NULL});
  exposures = lince_exposures_new (NULL);
  ck_assert_ptr_nonnull (exposures);
  lince_settings_default (&settings);
}

static void
tear_down (void)
{
  lince_exposures_free (exposures);
  lince_index_unref (index_ab);
  lince_index_unref (index_b);
}

static LincePlacement
placement (uint32_t object, uint64_t track, float x)
{
  return (LincePlacement){
      .object = object,
      .track = track,
      .corners = {{x, 0}, {x + 10, 0}, {x + 10, 10}, {x, 10}},
      .confidence = 0.9f,
      .visible = 1,
      .area = 0.25f,
  };
}

static uint32_t
frame (int64_t time, bool cut, uint32_t count, const LincePlacement *placements)
{
  seen_count = count;
  for (uint32_t i = 0; i < count; i++)
    seen[i] = placements[i];
  return lince_exposures_update (
      exposures, &settings, index_ab, time * MS, cut, seen, count, changes, 0);
}

static uint32_t
nothing (int64_t time)
{
  return frame (time, false, 0, NULL);
}

/* One placement of track `track` of object 0 from `from` to `to`, every 40 ms; the last count. */
static uint32_t
stand (int64_t from, int64_t to, uint64_t track, uint32_t *appeared_at)
{
  LincePlacement one = placement (0, track, 0);
  uint32_t count = 0, all = 0;

  for (int64_t t = from; t <= to; t += 40) {
    count = frame (t, false, 1, &one);
    if (count && appeared_at)
      *appeared_at = (uint32_t) t;
    all += count;
  }
  return all;
}

static void
check_change (const LinceChange *change, LinceChangeType type, uint64_t exposure, int64_t seen_at,
    int64_t decided)
{
  ck_assert_int_eq (change->type, type);
  ck_assert_uint_eq (change->exposure, exposure);
  ck_assert_int_eq (change->seen, seen_at * MS);
  ck_assert_int_eq (change->decided, decided * MS);
}

START_TEST (a_stay_appears_after_the_minimum_duration)
{
  uint32_t at = 0;

  ck_assert_uint_eq (stand (1000, 1400, 1, &at), 1);
  ck_assert_uint_eq (at, 1200);
  ck_assert_uint_eq (seen[0].exposure, 1);
}
END_TEST

START_TEST (the_change_says_when_and_what)
{
  ck_assert_uint_eq (stand (1000, 1160, 1, NULL), 0);
  ck_assert_uint_eq (seen[0].exposure, 0);
  ck_assert_uint_eq (stand (1200, 1200, 1, NULL), 1);
  check_change (&changes[0], LINCE_APPEARED, 1, 1000, 1200);
  ck_assert_int_eq (changes[0].reason, LINCE_REASON_NONE);
  ck_assert_int_eq (changes[0].first_seen, 1000 * MS);
  ck_assert_str_eq (changes[0].id, "alpha");
  ck_assert (!changes[0].resumed);
  ck_assert_uint_eq (changes[0].placement.exposure, 1);
}
END_TEST

START_TEST (a_short_stay_is_no_event)
{
  ck_assert_uint_eq (stand (1000, 1160, 1, NULL), 0);
  for (int64_t t = 1200; t < 4000; t += 40)
    ck_assert_uint_eq (nothing (t), 0);
  /* and leaves no trace: the next one counts from its own first sight */
  ck_assert_uint_eq (stand (4000, 4160, 2, NULL), 0);
  ck_assert_uint_eq (stand (4200, 4200, 2, NULL), 1);
  check_change (&changes[0], LINCE_APPEARED, 1, 4000, 4200);
}
END_TEST

START_TEST (without_a_minimum_the_first_sight_is_the_event)
{
  settings.minimum_duration = 0;
  ck_assert_uint_eq (stand (1000, 1000, 1, NULL), 1);
  check_change (&changes[0], LINCE_APPEARED, 1, 1000, 1000);
}
END_TEST

START_TEST (a_missed_frame_is_no_end)
{
  ck_assert_uint_eq (stand (1000, 1400, 1, NULL), 1);
  for (int64_t t = 1440; t < 1700; t += 40)
    ck_assert_uint_eq (nothing (t), 0);
  ck_assert_uint_eq (stand (1690, 1690, 1, NULL), 0);
  ck_assert_uint_eq (seen[0].exposure, 1);
}
END_TEST

/* A mark that stands upright as a channel's does, found in a mean of frames or not. */
static uint32_t
stand_as_a_bug (int64_t from, int64_t to, int64_t stood)
{
  LincePlacement one = placement (0, 1, 0);
  uint32_t count = 0;

  one.mark = one.upright = true;
  one.stood = stood * MS;
  for (int64_t t = from; t <= to; t += 40)
    count += frame (t, false, 1, &one);
  return count;
}

START_TEST (what_stood_in_the_mean_need_not_stand_again)
{
  ck_assert_uint_eq (stand_as_a_bug (1000, 1000, 240), 1);
  check_change (&changes[0], LINCE_APPEARED, 1, 1000, 1000);
  ck_assert_int_eq (changes[0].first_seen, 1000 * MS);
}
END_TEST

START_TEST (a_bug_is_gone_sooner)
{
  ck_assert_uint_eq (stand_as_a_bug (1000, 1160, 0), 0);
  ck_assert_uint_eq (stand_as_a_bug (1200, 1400, 0), 1);
  ck_assert_uint_eq (nothing (1400 + 159), 0);
  ck_assert_uint_eq (nothing (1400 + 160), 1);
  check_change (&changes[0], LINCE_VANISHED, 1, 1400, 1560);
}
END_TEST

/* What moves may be lost for a moment: only an upright mark is held to be on the screen itself. */
START_TEST (what_is_no_upright_mark_is_held_longer)
{
  for (int i = 0; i < 2; i++) {
    LincePlacement one = placement (0, 1, 0);

    one.mark = i == 0;
    one.upright = i == 1;
    ck_assert_uint_eq (frame (1000 + 3000 * i, false, 1, &one), 0);
    ck_assert_uint_eq (frame (1200 + 3000 * i, false, 1, &one), 1);
    ck_assert_uint_eq (nothing (1200 + 3000 * i + 299), 0);
    ck_assert_uint_eq (nothing (1200 + 3000 * i + 300), 1);
  }
}
END_TEST

START_TEST (the_end_is_at_the_last_sight)
{
  ck_assert_uint_eq (stand (1000, 1400, 1, NULL), 1);
  ck_assert_uint_eq (nothing (1440), 0);
  ck_assert_uint_eq (nothing (1700), 1);
  check_change (&changes[0], LINCE_VANISHED, 1, 1400, 1700);
  ck_assert_int_eq (changes[0].reason, LINCE_REASON_GONE);
  ck_assert_int_eq (changes[0].first_seen, 1000 * MS);
  ck_assert_int_eq (changes[0].duration, 400 * MS);
  ck_assert_uint_eq (changes[0].frames, 11);
  ck_assert_double_eq_tol (changes[0].area_time, 0.25 * 400 * MS, 1);
}
END_TEST

START_TEST (a_cut_ends_at_once)
{
  ck_assert_uint_eq (stand (1000, 1400, 1, NULL), 1);
  ck_assert_uint_eq (frame (1440, true, 0, NULL), 1);
  check_change (&changes[0], LINCE_VANISHED, 1, 1400, 1440);
  ck_assert_int_eq (changes[0].reason, LINCE_REASON_CUT);
}
END_TEST

START_TEST (what_is_seen_beyond_the_cut_goes_on)
{
  LincePlacement elsewhere = placement (0, 7, 300);

  ck_assert_uint_eq (stand (1000, 1400, 1, NULL), 1);
  ck_assert_uint_eq (frame (1440, true, 1, &elsewhere), 0);
  ck_assert_uint_eq (seen[0].exposure, 1);
}
END_TEST

START_TEST (a_return_within_the_gap_is_the_same_exposure)
{
  ck_assert_uint_eq (stand (1000, 1400, 1, NULL), 1);
  ck_assert_uint_eq (nothing (1700), 1);
  ck_assert_uint_eq (stand (2400, 2560, 2, NULL), 0);
  ck_assert_uint_eq (seen[0].exposure, 0);
  ck_assert_uint_eq (stand (2600, 2600, 2, NULL), 1);
  check_change (&changes[0], LINCE_APPEARED, 1, 2400, 2600);
  ck_assert (changes[0].resumed);
  /* the second stay's sums are its own */
  ck_assert_uint_eq (nothing (2900), 1);
  check_change (&changes[0], LINCE_VANISHED, 1, 2600, 2900);
  ck_assert (!changes[0].resumed);
  ck_assert_int_eq (changes[0].duration, 200 * MS);
  ck_assert_uint_eq (changes[0].frames, 6);
}
END_TEST

START_TEST (a_return_after_the_gap_is_another)
{
  ck_assert_uint_eq (stand (1000, 1400, 1, NULL), 1);
  ck_assert_uint_eq (nothing (1700), 1);
  ck_assert_uint_eq (stand (2401, 2601, 2, NULL), 1);
  check_change (&changes[0], LINCE_APPEARED, 2, 2401, 2601);
  ck_assert (!changes[0].resumed);
}
END_TEST

START_TEST (a_return_that_does_not_last_leaves_the_gap_as_it_was)
{
  LincePlacement one = placement (0, 2, 0), again = placement (0, 3, 0);

  ck_assert_uint_eq (stand (1000, 1400, 1, NULL), 1);
  ck_assert_uint_eq (nothing (1700), 1);
  ck_assert_uint_eq (frame (1800, false, 1, &one), 0);
  ck_assert_uint_eq (nothing (2100), 0);
  ck_assert_uint_eq (frame (2380, false, 1, &again), 0);
  ck_assert_uint_eq (frame (2580, false, 1, &again), 1);
  check_change (&changes[0], LINCE_APPEARED, 1, 2380, 2580);
  ck_assert (changes[0].resumed);
  /* but the gap does not grow by tries */
  ck_assert_uint_eq (frame (2900, true, 0, NULL), 1);
  ck_assert_uint_eq (frame (3500, false, 1, &one), 0);
  ck_assert_uint_eq (frame (3540, true, 0, NULL), 0);
  ck_assert_uint_eq (frame (3600, false, 1, &again), 0);
  ck_assert_uint_eq (frame (3800, false, 1, &again), 1);
  ck_assert_uint_eq (changes[0].exposure, 2);
}
END_TEST

START_TEST (two_of_one_object_are_two_exposures)
{
  LincePlacement two[2] = {placement (0, 1, 0), placement (0, 2, 100)};

  for (int64_t t = 1000; t < 1200; t += 40)
    ck_assert_uint_eq (frame (t, false, 2, two), 0);
  ck_assert_uint_eq (frame (1200, false, 2, two), 2);
  check_change (&changes[0], LINCE_APPEARED, 1, 1000, 1200);
  check_change (&changes[1], LINCE_APPEARED, 2, 1000, 1200);
  ck_assert_float_eq (changes[1].placement.corners[0].x, 100);
  /* one goes, the other stays */
  for (int64_t t = 1240; t < 1500; t += 40)
    ck_assert_uint_eq (frame (t, false, 1, &two[1]), 0);
  ck_assert_uint_eq (frame (1500, false, 1, &two[1]), 1);
  check_change (&changes[0], LINCE_VANISHED, 1, 1200, 1500);
  ck_assert_uint_eq (seen[0].exposure, 2);
  /* a new track where the first one was takes the first one's exposure up */
  two[0].track = 9;
  for (int64_t t = 1540; t < 1740; t += 40)
    ck_assert_uint_eq (frame (t, false, 2, two), 0);
  ck_assert_uint_eq (frame (1740, false, 2, two), 1);
  check_change (&changes[0], LINCE_APPEARED, 1, 1540, 1740);
  ck_assert (changes[0].resumed);
}
END_TEST

START_TEST (a_track_lost_and_found_again_is_the_same_stay)
{
  ck_assert_uint_eq (stand (1000, 1100, 1, NULL), 0);
  ck_assert_uint_eq (nothing (1140), 0);
  ck_assert_uint_eq (stand (1200, 1200, 2, NULL), 1);
  check_change (&changes[0], LINCE_APPEARED, 1, 1000, 1200);
}
END_TEST

START_TEST (another_index_renumbers_and_ends_what_left)
{
  LincePlacement two[2] = {placement (0, 1, 0), placement (1, 2, 100)}, beta;

  frame (1000, false, 2, two);
  ck_assert_uint_eq (frame (1200, false, 2, two), 2);
  ck_assert_uint_eq (lince_exposures_swap (exposures, index_b, 1240 * MS, changes, 0), 1);
  check_change (&changes[0], LINCE_VANISHED, 1, 1200, 1240);
  ck_assert_int_eq (changes[0].reason, LINCE_REASON_COLLECTION);
  ck_assert_str_eq (changes[0].id, "alpha");
  /* beta is object 0 now, and its exposure goes on, with another track too */
  beta = placement (0, 5, 100);
  ck_assert_uint_eq (lince_exposures_update (
                         exposures, &settings, index_b, 1240 * MS, false, &beta, 1, changes, 0),
      0);
  ck_assert_uint_eq (beta.exposure, 2);
  ck_assert_uint_eq (lince_exposures_swap (exposures, NULL, 1280 * MS, changes, 0), 1);
  check_change (&changes[0], LINCE_VANISHED, 2, 1240, 1280);
  ck_assert_str_eq (changes[0].id, "beta");
}
END_TEST

START_TEST (the_end_closes_all_and_forgets_the_gap)
{
  LincePlacement two[2] = {placement (0, 1, 0), placement (1, 2, 100)};

  frame (1000, false, 2, two);
  ck_assert_uint_eq (frame (1200, false, 2, two), 2);
  ck_assert_uint_eq (lince_exposures_end (exposures, LINCE_REASON_END, changes), 2);
  check_change (&changes[0], LINCE_VANISHED, 1, 1200, 1200);
  check_change (&changes[1], LINCE_VANISHED, 2, 1200, 1200);
  ck_assert_int_eq (changes[1].reason, LINCE_REASON_END);
  ck_assert_uint_eq (lince_exposures_end (exposures, LINCE_REASON_END, changes), 0);
  /* numbers go on counting, and nothing is resumed */
  frame (1240, false, 1, two);
  ck_assert_uint_eq (frame (1440, false, 1, two), 1);
  check_change (&changes[0], LINCE_APPEARED, 3, 1240, 1440);
  ck_assert (!changes[0].resumed);
}
END_TEST

START_TEST (as_many_as_fit_a_frame_all_come_and_go)
{
  static LincePlacement many[LINCE_MAX_PLACEMENTS];

  for (uint32_t round = 0; round < 3; round++) {
    int64_t time = 10000 * (round + 1);

    for (uint32_t i = 0; i < LINCE_MAX_PLACEMENTS; i++)
      many[i] = placement (0, round * 100 + i + 1, 20.0f * (float) i);
    ck_assert_uint_eq (lince_exposures_update (exposures, &settings, index_ab, time * MS, false,
                           many, LINCE_MAX_PLACEMENTS, changes, 0),
        0);
    ck_assert_uint_eq (lince_exposures_update (exposures, &settings, index_ab, (time + 200) * MS,
                           false, many, LINCE_MAX_PLACEMENTS, changes, 0),
        LINCE_MAX_PLACEMENTS);
    for (uint32_t i = 1; i < LINCE_MAX_PLACEMENTS; i++)
      ck_assert_uint_eq (changes[i].exposure, changes[i - 1].exposure + 1);
    ck_assert_uint_eq (frame (time + 240, true, 0, NULL), LINCE_MAX_PLACEMENTS);
  }
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("exposure");
  TCase *tests = tcase_create ("exposure");

  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, a_stay_appears_after_the_minimum_duration);
  tcase_add_test (tests, the_change_says_when_and_what);
  tcase_add_test (tests, a_short_stay_is_no_event);
  tcase_add_test (tests, without_a_minimum_the_first_sight_is_the_event);
  tcase_add_test (tests, a_missed_frame_is_no_end);
  tcase_add_test (tests, what_stood_in_the_mean_need_not_stand_again);
  tcase_add_test (tests, a_bug_is_gone_sooner);
  tcase_add_test (tests, what_is_no_upright_mark_is_held_longer);
  tcase_add_test (tests, the_end_is_at_the_last_sight);
  tcase_add_test (tests, a_cut_ends_at_once);
  tcase_add_test (tests, what_is_seen_beyond_the_cut_goes_on);
  tcase_add_test (tests, a_return_within_the_gap_is_the_same_exposure);
  tcase_add_test (tests, a_return_after_the_gap_is_another);
  tcase_add_test (tests, a_return_that_does_not_last_leaves_the_gap_as_it_was);
  tcase_add_test (tests, two_of_one_object_are_two_exposures);
  tcase_add_test (tests, a_track_lost_and_found_again_is_the_same_stay);
  tcase_add_test (tests, another_index_renumbers_and_ends_what_left);
  tcase_add_test (tests, the_end_closes_all_and_forgets_the_gap);
  tcase_add_test (tests, as_many_as_fit_a_frame_all_come_and_go);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
