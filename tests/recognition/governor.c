/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The governor on simulated costs: steps, spikes, noise, ramps. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/governor.h"

#define MS INT64_C (1000000)
#define BUDGET (8 * MS)

static LinceGovernor governor;
static uint32_t seed;

static void
set_up (void)
{
  memset (&governor, 0, sizeof governor);
  lince_governor_set (&governor, LINCE_PLAN_LIVE, BUDGET);
  seed = 1;
}

/* 0 to `below` - 1. */
static int64_t
noise (int64_t below)
{
  seed = seed * 1664525u + 1013904223u;
  return (int64_t) (seed >> 8) * below >> 24;
}

/* What a frame costs where `base` is spent on each and `search` on those that are searched. */
static int64_t
cost_of (int frame, int64_t base, int64_t search)
{
  LincePlan plan;

  lince_plan_make (governor.plan, 1920, 1080, &plan);
  return base + (frame % (int) plan.interval == 0 ? search * plan.keypoints / 2592 : 0);
}

/* Frames until the plan changes, at most `frames`. */
static int
run (int frames, int64_t base, int64_t search)
{
  for (int i = 0; i < frames; i++) {
    if (lince_governor_charge (&governor, cost_of (i, base, search)))
      return i + 1;
  }
  return frames;
}

static void
run_on (int frames, int64_t base, int64_t search)
{
  for (int i = 0; i < frames; i++)
    lince_governor_charge (&governor, cost_of (i, base, search));
}

START_TEST (what_fits_stays_as_it_is)
{
  /* 2 + 22 / 4 = 7.5 ms on average, though every fourth frame takes 24 */
  ck_assert_int_eq (run (100000, 2 * MS, 22 * MS), 100000);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_LIVE);
  ck_assert_uint_eq (governor.downs + governor.ups + governor.overruns, 0);
}
END_TEST

START_TEST (a_sustained_overrun_goes_down_at_once)
{
  /* twice the budget on each frame */
  ck_assert_int_le (run (1000, 16 * MS, 0), 17);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_LIVE_1);
  ck_assert_int_eq (governor.mean, 16 * MS);
  /* however little was spent before */
  set_up ();
  run_on (10000, 0, 0);
  ck_assert_int_le (run (1000, 16 * MS, 0), 17);
  /* and on, rung by rung, while it lasts */
  run_on (200, 16 * MS, 0);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_COUNT - 1);
  ck_assert_uint_eq (governor.downs, LINCE_PLAN_COUNT - 1 - LINCE_PLAN_LIVE);
  /* below the last there is nothing */
  ck_assert_int_eq (run (1000, 1000 * MS, 0), 1000);
}
END_TEST

START_TEST (a_step_of_cost_finds_its_rung_and_stays)
{
  uint64_t steps;

  run_on (1000, MS, 8 * MS);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_LIVE);
  /* 11 ms under live, 9.2 under live-1, 5.6 under live-2 */
  run_on (3000, 2 * MS, 36 * MS);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_LIVE_2);
  steps = governor.downs + governor.ups;
  ck_assert_uint_le (steps, 4);
  run_on (50000, 2 * MS, 36 * MS);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_LIVE_2);
  ck_assert_uint_le (governor.downs + governor.ups, steps + 80);
  /* and back up when it costs less again */
  run_on (5000, MS, 8 * MS);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_LIVE);
}
END_TEST

START_TEST (it_goes_up_slowly_and_a_rung_at_a_time)
{
  run_on (200, 40 * MS, 0);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_COUNT - 1);
  for (int plan = LINCE_PLAN_COUNT - 2; plan >= LINCE_PLAN_LIVE; plan--) {
    ck_assert_int_ge (run (10000, MS, 0), LINCE_GOVERNOR_PATIENCE - 1);
    ck_assert_int_eq (governor.plan, plan);
  }
  ck_assert_int_eq (run (10000, 0, 0), 10000);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_LIVE);
}
END_TEST

/* From any rung and at any moment between two searches. */
START_TEST (one_expensive_frame_changes_nothing)
{
  for (int plan = LINCE_PLAN_LIVE; plan < LINCE_PLAN_COUNT; plan++) {
    for (int moment = 0; moment < 30; moment++) {
      LincePlan work;
      int64_t search;

      memset (&governor, 0, sizeof governor);
      lince_governor_set (&governor, (LincePlanName) plan, BUDGET);
      lince_plan_make (governor.plan, 1920, 1080, &work);
      /* as much as the budget allows on average */
      search = (BUDGET - MS) * work.interval * 2592 / work.keypoints;
      run_on (300 + moment, MS, search);
      lince_governor_charge (&governor, 10000 * MS);
      for (int i = moment + 1; i < 600; i++)
        lince_governor_charge (&governor, cost_of (i, MS, search));
      ck_assert_uint_eq (governor.downs + governor.ups, 0);
      ck_assert_uint_eq (governor.overruns, 1);
    }
  }
}
END_TEST

START_TEST (rare_spikes_change_nothing)
{
  for (int i = 0; i < 20000; i++)
    lince_governor_charge (&governor, i % 50 == 49 ? 200 * MS : cost_of (i, MS, 10 * MS));
  ck_assert_uint_eq (governor.downs + governor.ups, 0);
  ck_assert_uint_eq (governor.overruns, 400);
}
END_TEST

START_TEST (noise_changes_nothing)
{
  for (int i = 0; i < 50000; i++)
    lince_governor_charge (&governor, cost_of (i, noise (5 * MS), 4 * MS + noise (12 * MS)));
  ck_assert_uint_eq (governor.downs + governor.ups, 0);
}
END_TEST

/* Costs just at the edge between two rungs: tried again ever more rarely. */
START_TEST (an_edge_does_not_make_it_swing)
{
  uint64_t steps;

  /* 8.4 ms under live, 3.9 under live-1, which promises room for live */
  for (int i = 0; i < 20000; i++)
    lince_governor_charge (
        &governor, governor.plan == LINCE_PLAN_LIVE ? 84 * MS / 10 : 39 * MS / 10);
  steps = governor.downs + governor.ups;
  ck_assert_uint_ge (steps, 3);
  for (int i = 0; i < 20000; i++)
    lince_governor_charge (
        &governor, governor.plan == LINCE_PLAN_LIVE ? 84 * MS / 10 : 39 * MS / 10);
  ck_assert_uint_le (governor.downs + governor.ups - steps, 30);
  ck_assert_int_ge (governor.plan, LINCE_PLAN_LIVE);
}
END_TEST

START_TEST (a_ramp_is_climbed_down_and_up_again)
{
  int lowest = LINCE_PLAN_LIVE, last = LINCE_PLAN_LIVE;

  for (int i = 0; i < 6000; i++) {
    bool changed = lince_governor_charge (&governor, cost_of (i, i * MS / 1000, 12 * MS));

    ck_assert (changed == (governor.plan != (LincePlanName) last));
    ck_assert_int_ge (governor.plan, last); /* never up while it grows */
    last = (int) governor.plan;
  }
  lowest = last;
  ck_assert_int_ge (lowest, LINCE_PLAN_LIVE_1);
  for (int i = 6000; i > 0; i--)
    lince_governor_charge (&governor, cost_of (i, i * MS / 1000, 12 * MS));
  run_on (3000, MS, 9 * MS);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_LIVE);
}
END_TEST

/* Whatever a frame costs by the plan it is under, the mean comes to lie within the budget. */
START_TEST (the_mean_comes_to_lie_within_the_budget)
{
  for (int64_t search = MS; search < 40 * MS; search += 3 * MS) {
    int64_t spent = 0;

    set_up ();
    run_on (500, MS, search);
    for (int i = 0; i < 10000; i++) {
      int64_t cost = cost_of (i, MS, search);

      spent += cost;
      lince_governor_charge (&governor, cost);
    }
    ck_assert_int_le (spent / 10000, BUDGET * 105 / 100);
  }
}
END_TEST

START_TEST (without_a_budget_the_plan_is_fixed)
{
  lince_governor_set (&governor, LINCE_PLAN_THOROUGH, 0);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_THOROUGH);
  ck_assert_int_eq (run (1000, 1000 * MS, 0), 1000);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_THOROUGH);
  ck_assert_uint_eq (governor.overruns + governor.downs, 0);
}
END_TEST

START_TEST (setting_the_same_again_changes_nothing)
{
  run_on (200, 40 * MS, 0);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_COUNT - 1);
  lince_governor_set (&governor, LINCE_PLAN_LIVE, BUDGET);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_COUNT - 1);
  lince_governor_set (&governor, LINCE_PLAN_LIVE, 2 * BUDGET);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_LIVE);
  ck_assert_uint_eq (governor.downs, LINCE_PLAN_COUNT - 1 - LINCE_PLAN_LIVE);
}
END_TEST

START_TEST (extreme_numbers_are_no_trouble)
{
  lince_governor_set (&governor, LINCE_PLAN_LIVE, INT64_MAX);
  run_on (10, INT64_MAX / 2, 0);
  lince_governor_charge (&governor, INT64_MAX);
  lince_governor_charge (&governor, INT64_MIN);
  lince_governor_set (&governor, LINCE_PLAN_LIVE, INT64_MIN);
  ck_assert_int_eq (governor.budget, 0);
  lince_governor_set (&governor, LINCE_PLAN_LIVE, 1);
  for (int i = 0; i < 1000; i++)
    lince_governor_charge (&governor, INT64_MAX);
  ck_assert_int_eq (governor.plan, LINCE_PLAN_COUNT - 1);
}
END_TEST

START_TEST (the_same_costs_give_the_same_plans)
{
  LinceGovernor first;

  for (int i = 0; i < 5000; i++)
    lince_governor_charge (&governor, noise (24 * MS));
  first = governor;
  set_up ();
  for (int i = 0; i < 5000; i++)
    lince_governor_charge (&governor, noise (24 * MS));
  ck_assert_int_eq (governor.plan, first.plan);
  ck_assert_uint_eq (governor.downs, first.downs);
  ck_assert_uint_gt (governor.downs, 0);
  ck_assert_uint_eq (governor.ups, first.ups);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("governor");
  TCase *tests = tcase_create ("governor");
  SRunner *runner;
  int failed;

  tcase_add_checked_fixture (tests, set_up, NULL);
  tcase_add_test (tests, what_fits_stays_as_it_is);
  tcase_add_test (tests, a_sustained_overrun_goes_down_at_once);
  tcase_add_test (tests, a_step_of_cost_finds_its_rung_and_stays);
  tcase_add_test (tests, it_goes_up_slowly_and_a_rung_at_a_time);
  tcase_add_test (tests, one_expensive_frame_changes_nothing);
  tcase_add_test (tests, rare_spikes_change_nothing);
  tcase_add_test (tests, noise_changes_nothing);
  tcase_add_test (tests, an_edge_does_not_make_it_swing);
  tcase_add_test (tests, a_ramp_is_climbed_down_and_up_again);
  tcase_add_test (tests, the_mean_comes_to_lie_within_the_budget);
  tcase_add_test (tests, without_a_budget_the_plan_is_fixed);
  tcase_add_test (tests, setting_the_same_again_changes_nothing);
  tcase_add_test (tests, extreme_numbers_are_no_trouble);
  tcase_add_test (tests, the_same_costs_give_the_same_plans);
  suite_add_tcase (suite, tests);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
