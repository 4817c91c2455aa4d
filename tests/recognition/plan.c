/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The named plans of work: their table holds what its users reckon with. */
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "recognition/plan.h"

static const int sizes[][2] = {
    {64, 64}, {352, 288}, {1280, 720}, {1920, 1080}, {3840, 2160}, {8192, 8192}};

START_TEST (every_plan_is_found_by_its_name)
{
  LincePlanName found = LINCE_PLAN_LIVE_3;

  for (int i = 0; i < LINCE_PLAN_COUNT; i++) {
    ck_assert (lince_plan_find (lince_plan_name ((LincePlanName) i), &found));
    ck_assert_int_eq (found, i);
  }
  ck_assert_str_eq (lince_plan_name (LINCE_PLAN_THOROUGH), "thorough");
  ck_assert_str_eq (lince_plan_name (LINCE_PLAN_LIVE), "live");
  ck_assert_str_eq (lince_plan_name (LINCE_PLAN_LIVE_5), "live-5");
  ck_assert_str_eq (lince_plan_name (LINCE_PLAN_COUNT), "unknown");
  found = LINCE_PLAN_LIVE_3;
  ck_assert (!lince_plan_find ("live-6", &found) && !lince_plan_find ("", &found) &&
             !lince_plan_find ("unknown", &found));
  ck_assert_int_eq (found, LINCE_PLAN_LIVE_3);
}
END_TEST

/* Each rung does no more of anything than the one above it, and less of its searches. */
START_TEST (rungs_fall)
{
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    LincePlan above, plan;

    lince_plan_make (LINCE_PLAN_THOROUGH, sizes[s][0], sizes[s][1], &above);
    for (int i = 1; i < LINCE_PLAN_COUNT; i++, above = plan) {
      lince_plan_make ((LincePlanName) i, sizes[s][0], sizes[s][1], &plan);
      ck_assert_uint_gt (plan.interval, above.interval);
      ck_assert_uint_ge (plan.parts, above.parts);
      ck_assert_uint_le (plan.keypoints, above.keypoints);
      ck_assert_uint_gt (plan.mark_interval, above.mark_interval);
      ck_assert_uint_le (plan.mark, above.mark);
      ck_assert_uint_le (plan.bug, above.bug);
      ck_assert_uint_le (plan.trials, above.trials);
      ck_assert_uint_le (plan.mark_trials, above.mark_trials);
      ck_assert_uint_le (plan.trial_steps, above.trial_steps);
      ck_assert_uint_le (plan.follow_steps, above.follow_steps);
      ck_assert_uint_le (plan.follow_levels, above.follow_levels);
    }
  }
}
END_TEST

START_TEST (every_field_is_in_its_range)
{
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    for (int i = 0; i < LINCE_PLAN_COUNT; i++) {
      LincePlan plan;

      lince_plan_make ((LincePlanName) i, sizes[s][0], sizes[s][1], &plan);
      ck_assert (plan.interval >= 1 && plan.interval <= 25);
      ck_assert (plan.mark_interval >= plan.interval && plan.mark_interval <= 100);
      ck_assert (plan.parts >= 1 && plan.parts <= plan.interval);
      ck_assert (plan.keypoints >= 500 && plan.keypoints <= LINCE_PLAN_MOST_KEYPOINTS);
      ck_assert (plan.mark > 0 && plan.bug > 0 && plan.trials > 0 && plan.mark_trials > 0);
      ck_assert (plan.trial_steps > 0 && plan.follow_steps > 0);
      ck_assert (plan.follow_levels >= 1 && plan.follow_levels <= LINCE_PLAN_ALL_LEVELS);
    }
  }
}
END_TEST

START_TEST (keypoints_grow_with_the_frame)
{
  for (int i = 0; i < LINCE_PLAN_COUNT; i++) {
    LincePlan plan, larger;

    for (size_t s = 1; s < sizeof sizes / sizeof *sizes; s++) {
      lince_plan_make ((LincePlanName) i, sizes[s - 1][0], sizes[s - 1][1], &plan);
      lince_plan_make ((LincePlanName) i, sizes[s][0], sizes[s][1], &larger);
      ck_assert_uint_ge (larger.keypoints, plan.keypoints);
      ck_assert_uint_eq (larger.interval, plan.interval);
    }
    ck_assert_uint_gt (larger.keypoints, 1000);
  }
}
END_TEST

START_TEST (thorough_does_all_there_is)
{
  LincePlan plan;

  lince_plan_make (LINCE_PLAN_THOROUGH, 1920, 1080, &plan);
  ck_assert_uint_eq (plan.interval, 1);
  ck_assert_uint_eq (plan.keypoints, 1920 * 1080 / 800);
  ck_assert_uint_eq (plan.follow_levels, LINCE_PLAN_ALL_LEVELS);
  lince_plan_make (LINCE_PLAN_LIVE, 1920, 1080, &plan);
  ck_assert_uint_eq (plan.keypoints, 1920 * 1080 / 800);
  lince_plan_make (LINCE_PLAN_LIVE_5, 1920, 1080, &plan);
  ck_assert_uint_eq (plan.keypoints, 1920 * 1080 / 800 / 4);
}
END_TEST

START_TEST (what_is_no_plan_is_the_least_one)
{
  LincePlan plan, last;

  memset (&plan, 0, sizeof plan);
  memset (&last, 0, sizeof last);
  lince_plan_make ((LincePlanName) 77, 640, 480, &plan);
  lince_plan_make (LINCE_PLAN_LIVE_5, 640, 480, &last);
  ck_assert_mem_eq (&plan, &last, sizeof plan);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("plan");
  TCase *tests = tcase_create ("plan");

  tcase_add_test (tests, every_plan_is_found_by_its_name);
  tcase_add_test (tests, rungs_fall);
  tcase_add_test (tests, every_field_is_in_its_range);
  tcase_add_test (tests, keypoints_grow_with_the_frame);
  tcase_add_test (tests, thorough_does_all_there_is);
  tcase_add_test (tests, what_is_no_plan_is_the_least_one);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
