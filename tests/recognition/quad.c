/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Outlines and homographies. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "recognition/quad.h"

static const LincePoint tilted[4] = {{100, 50}, {300, 80}, {280, 260}, {120, 240}};

START_TEST (a_homography_meets_its_corners)
{
  LincePoint corners[4];
  double h[9];

  ck_assert (lince_quad_to_homography (tilted, 320, 200, h));
  ck_assert (lince_quad_from_homography (h, 320, 200, corners));
  for (int i = 0; i < 4; i++) {
    ck_assert_float_eq_tol (corners[i].x, tilted[i].x, 1e-3);
    ck_assert_float_eq_tol (corners[i].y, tilted[i].y, 1e-3);
  }
}
END_TEST

START_TEST (an_inverse_undoes)
{
  double h[9], inverse[9], one[9];

  ck_assert (lince_quad_to_homography (tilted, 320, 200, h));
  ck_assert (lince_homography_inverse (h, inverse));
  lince_homography_compose (h, inverse, one);
  for (int i = 0; i < 9; i++)
    ck_assert_double_eq_tol (one[i] / one[8], i % 4 == 0, 1e-9);
  ck_assert (!lince_homography_inverse ((double[9]){1, 2, 3, 2, 4, 6, 0, 0, 1}, inverse));
}
END_TEST

START_TEST (what_lies_behind_the_horizon_is_refused)
{
  double h[9] = {1, 0, 0, 0, 1, 0, -0.01, 0, 1}, x, y;
  LincePoint corners[4];

  ck_assert (lince_homography_map (h, 50, 10, &x, &y));
  ck_assert_double_eq_tol (x, 100, 1e-9);
  ck_assert (!lince_homography_map (h, 150, 10, &x, &y));
  ck_assert (!lince_quad_from_homography (h, 150, 10, corners));
  ck_assert (
      !lince_quad_from_homography ((double[9]){NAN, 0, 0, 0, 1, 0, 0, 0, 1}, 150, 10, corners));
}
END_TEST

START_TEST (areas_and_overlaps)
{
  const LincePoint a[4] = {{0, 0}, {10, 0}, {10, 10}, {0, 10}};
  const LincePoint b[4] = {{5, 0}, {15, 0}, {15, 10}, {5, 10}};
  const LincePoint far[4] = {{50, 0}, {60, 0}, {60, 10}, {50, 10}};
  const LincePoint inner[4] = {{2, 2}, {4, 2}, {4, 4}, {2, 4}};

  ck_assert_double_eq_tol (lince_quad_area (a), 100, 1e-6);
  ck_assert_double_eq_tol (lince_quad_overlap (a, b), 50.0 / 150, 1e-6);
  ck_assert_double_eq_tol (lince_quad_overlap (a, a), 1, 1e-6);
  ck_assert_double_eq (lince_quad_overlap (a, far), 0);
  ck_assert_double_eq_tol (lince_quad_cover (a, inner), 1, 1e-6);
  ck_assert_double_eq_tol (lince_quad_area_inside (b, 8, 5), 15, 1e-6);
  ck_assert_double_eq (lince_quad_area_inside (far, 8, 5), 0);
  ck_assert (lince_quad_contains (a, 1, 9));
  ck_assert (!lince_quad_contains (a, 11, 9));
}
END_TEST

START_TEST (only_what_a_camera_can_see_is_plausible)
{
  const LincePoint mirrored[4] = {{300, 50}, {100, 80}, {120, 260}, {280, 240}};
  const LincePoint crossed[4] = {{100, 50}, {300, 80}, {120, 260}, {280, 240}};
  const LincePoint dented[4] = {{100, 50}, {300, 80}, {140, 90}, {120, 240}};
  const LincePoint outside[4] = {{-900, 50}, {-700, 80}, {-720, 260}, {-880, 240}};
  const LincePoint small[4] = {{10, 10}, {14, 10}, {14, 14}, {10, 14}};
  const LincePoint wedge[4] = {{100, 50}, {300, 50}, {205, 260}, {195, 260}};
  const LincePoint blunt[4] = {{100, 50}, {300, 50}, {300, 250}, {196, 166}};

  ck_assert (lince_quad_plausible (tilted, 12, 640, 480));
  ck_assert (!lince_quad_plausible (mirrored, 12, 640, 480));
  ck_assert (!lince_quad_plausible (crossed, 12, 640, 480));
  ck_assert (!lince_quad_plausible (dented, 12, 640, 480));
  ck_assert (!lince_quad_plausible (outside, 12, 640, 480));
  ck_assert (!lince_quad_plausible (small, 12, 640, 480));
  ck_assert (!lince_quad_plausible (wedge, 12, 640, 480));
  ck_assert (!lince_quad_plausible (blunt, 12, 640, 480));
}
END_TEST

START_TEST (sampling_maps_are_one_in_the_middle)
{
  const double h[9] = {2, 0, 10, 0, 4, 20, .01, .02, 1},
               horizon[9] = {1, 0, 0, 0, 1, 0, -.02, 0, 1 + 1e-13};
  const double middle = 1 + .01 * 50 + .02 * 25;
  float map[9];

  ck_assert_double_eq_tol (lince_homography_middle (h, 100, 50), middle, 1e-12);
  ck_assert_double_eq (lince_homography_middle (horizon, 100, 50), 0);
  lince_homography_onto (h, middle, .5, .25, map);
  ck_assert_float_eq_tol (map[0], .5f, 1e-6f);
  ck_assert_float_eq_tol (map[2], 2.5f, 1e-6f);
  ck_assert_float_eq_tol (map[4], .5f, 1e-6f);
  ck_assert_float_eq_tol (map[5], 2.5f, 1e-6f);
  ck_assert_float_eq_tol (map[6] * 50 + map[7] * 25 + map[8], 1, 1e-6f);
}
END_TEST

/* At most 2 % of its sides and a pixel. */
START_TEST (only_what_is_hardly_turned_is_upright)
{
  const LincePoint right[4] = {{100, 50}, {300, 50}, {300, 150}, {100, 150}};
  static const struct {
    float x, y; /* by which the second and third corner are moved */
    float stretch;
    bool upright;
  } cases[] = {{0, 0, 0, true}, {0, 4, 0, true}, {0, 6, 0, false}, {0, -6, 0, false},
      {0, 0, 4, true}, {0, 0, 8, false}, {0, 0, -8, false}};

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    LincePoint c[4];

    memcpy (c, right, sizeof c);
    c[1].y += cases[i].y;
    c[2].y += cases[i].y + cases[i].stretch;
    c[3].y += cases[i].stretch;
    ck_assert_msg (lince_quad_upright (c, 400, 200) == cases[i].upright, "case %zu", i);
  }
  for (int turn = 1; turn < 4; turn++) {
    LincePoint c[4];

    for (int i = 0; i < 4; i++)
      c[i] = right[(i + turn) & 3];
    ck_assert (!lince_quad_upright (c, 400, 200));
  }
  ck_assert (!lince_quad_upright (right, 200, 200));
  {
    const LincePoint lean[4] = {{106, 50}, {306, 50}, {300, 150}, {100, 150}};
    const LincePoint mirrored[4] = {right[1], right[0], right[3], right[2]};

    ck_assert (!lince_quad_upright (lean, 400, 200));
    ck_assert (!lince_quad_upright (mirrored, 400, 200));
  }
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("quad");
  TCase *tests = tcase_create ("quad");

  tcase_add_test (tests, a_homography_meets_its_corners);
  tcase_add_test (tests, an_inverse_undoes);
  tcase_add_test (tests, what_lies_behind_the_horizon_is_refused);
  tcase_add_test (tests, areas_and_overlaps);
  tcase_add_test (tests, only_what_a_camera_can_see_is_plausible);
  tcase_add_test (tests, sampling_maps_are_one_in_the_middle);
  tcase_add_test (tests, only_what_is_hardly_turned_is_upright);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
