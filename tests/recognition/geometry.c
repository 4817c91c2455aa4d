/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Voting and homographies on constructed matches. */
#include <math.h>

#include "../suite.h"
#include "golden.h"
#include "recognition/homography.h"
#include "recognition/voting.h"
#include "scene.h"

#define COUNT 60
#define WIDTH 200
#define HEIGHT 150

static const LincePoint tilted[4] = {{300, 200}, {520, 230}, {500, 420}, {290, 360}};

/* Correspondences under the homography to `tilted`, with noise; every `wrong`-th is elsewhere. */
static void
make_correspondences (LinceCorrespondence *made, uint32_t wrong, float noise)
{
  double h[9];
  uint32_t state = 99;

  homography_to_quad (WIDTH, HEIGHT, tilted, h);
  for (uint32_t i = 0; i < COUNT; i++) {
    double x = scene_random (&state) % WIDTH, y = scene_random (&state) % HEIGHT, u, v;

    ck_assert (lince_homography_project (h, x, y, &u, &v));
    made[i] = (LinceCorrespondence){(float) x, (float) y,
        (float) u + noise * ((float) (scene_random (&state) % 200) / 100.f - 1.f),
        (float) v + noise * ((float) (scene_random (&state) % 200) / 100.f - 1.f), 2.f, i};
    if (wrong > 0 && i % wrong == wrong - 1) {
      made[i].u = (float) (scene_random (&state) % 800);
      made[i].v = (float) (scene_random (&state) % 600);
    }
  }
}

static double
corner_error (const double h[9], const LincePoint quad[4])
{
  double worst = 0;

  for (int i = 0; i < 4; i++) {
    double u, v, error;

    ck_assert (
        lince_homography_project (h, i == 1 || i == 2 ? WIDTH : 0, i >= 2 ? HEIGHT : 0, &u, &v));
    error = hypot (u - (double) quad[i].x, v - (double) quad[i].y);
    worst = error > worst ? error : worst;
  }
  return worst;
}

START_TEST (homography_survives_outliers)
{
  LinceCorrespondence made[COUNT];
  double h[9];
  uint32_t inliers;

  for (uint32_t wrong = 0; wrong <= 3; wrong++) {
    make_correspondences (made, wrong == 1 ? 0 : wrong, .5f);
    inliers = lince_homography_sample (made, COUNT, 6.f, 200, h);
    ck_assert_uint_ge (inliers, COUNT / 3);
    lince_homography_refine (made, COUNT, WIDTH, HEIGHT, 8.f, false, 3, h);
    lince_homography_refine (made, COUNT, WIDTH, HEIGHT, 6.f, true, 4, h);
    inliers = lince_homography_refine (made, COUNT, WIDTH, HEIGHT, 2.f, true, 4, h);
    ck_assert_uint_ge (inliers, wrong < 2 ? COUNT : COUNT - COUNT / wrong);
    ck_assert_double_lt (corner_error (h, tilted), 2.5);
  }
}
END_TEST

START_TEST (homography_is_the_same_each_time)
{
  LinceCorrespondence made[COUNT];
  double a[9], b[9];

  make_correspondences (made, 2, 1.f);
  ck_assert_uint_eq (lince_homography_sample (made, COUNT, 6.f, 100, a),
      lince_homography_sample (made, COUNT, 6.f, 100, b));
  ck_assert_mem_eq (a, b, sizeof a);
}
END_TEST

/* Rows: inliers, then four corners: of the affine map that the samples give, and after each
 * refinement, with each third correspondence wrong. */
START_TEST (homographies_are_as_ever)
{
  static const double tolerances[] = {1, .2, .2, .2, .2, .2, .2, .2, .2};
  static const float slacks[] = {6, 8, 6, 2};
  LinceCorrespondence made[COUNT];
  Golden got = {.columns = 9};
  double h[9];

  make_correspondences (made, 3, .5f);
  for (int i = 0; i < 4; i++) {
    double row[9] = {
        i == 0 ? lince_homography_sample (made, COUNT, slacks[i], 200, h)
               : lince_homography_refine (made, COUNT, WIDTH, HEIGHT, slacks[i], i > 1, 3, h)};

    for (int c = 0; c < 4; c++)
      ck_assert (lince_homography_project (
          h, c == 1 || c == 2 ? WIDTH : 0, c >= 2 ? HEIGHT : 0, &row[1 + 2 * c], &row[2 + 2 * c]));
    golden_add (&got, row);
  }
  golden_check (&got, "homographies", tolerances);
  golden_clear (&got);
}
END_TEST

START_TEST (degenerate_sets_are_refused)
{
  LinceCorrespondence line[COUNT];
  double h[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

  for (uint32_t i = 0; i < COUNT; i++)
    line[i] = (LinceCorrespondence){(float) i, 2 * (float) i, (float) i, 2 * (float) i, 2.f, i};
  ck_assert_uint_eq (lince_homography_sample (line, COUNT, 4.f, 100, h), 0);
  ck_assert_uint_eq (lince_homography_sample (line, 2, 4.f, 100, h), 0);
  ck_assert_uint_eq (lince_homography_refine (line, 3, WIDTH, HEIGHT, 4.f, false, 2, h), 0);
  for (uint32_t i = 0; i < COUNT; i++)
    line[i] = (LinceCorrespondence){50, 50, 70, 70, 2.f, i};
  ck_assert_uint_eq (lince_homography_sample (line, COUNT, 4.f, 100, h), 0);
}
END_TEST

/* A reference is never seen from behind. */
START_TEST (mirror_images_are_refused)
{
  LinceCorrespondence made[COUNT];
  double h[9];

  make_correspondences (made, 0, .5f);
  for (int i = 0; i < COUNT; i++)
    made[i].x = WIDTH - made[i].x;
  ck_assert_uint_eq (lince_homography_sample (made, COUNT, 2.f, 300, h), 0);
}
END_TEST

START_TEST (implausible_shapes_are_refused)
{
  static const struct {
    LincePoint quad[4];
    bool good;
  } cases[] = {
      {{{300, 200}, {520, 230}, {500, 420}, {290, 360}}, true},
      {{{520, 230}, {300, 200}, {290, 360}, {500, 420}}, false}, /* mirrored */
      {{{300, 200}, {520, 230}, {310, 210}, {290, 360}}, false}, /* concave */
      {{{300, 200}, {305, 200}, {305, 204}, {300, 204}}, false}, /* tiny */
      {{{0, 0}, {9000, 0}, {9000, 7000}, {0, 7000}}, false},     /* huge */
      {{{300, 200}, {500, 200}, {410, 400}, {400, 400}}, false}, /* one side 20 times another */
      {{{300, 200}, {500, 200}, {500, 200.5f}, {300, 200.5f}}, false}, /* a line */
  };

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    double h[9];

    homography_to_quad (WIDTH, HEIGHT, cases[i].quad, h);
    ck_assert_msg (lince_homography_plausible (h, WIDTH, HEIGHT, 10.f, 4000.f) == cases[i].good,
        "case %zu", i);
  }
}
END_TEST

/* Matches that agree on a place: turn, size and centre, with noise. */
static void
add_votes (LinceMatch *matches, uint32_t *count, uint32_t n, float u, float v, float scale,
    uint8_t turn, uint32_t *state)
{
  for (uint32_t i = 0; i < n; i++, ++*count)
    matches[*count] = (LinceMatch){.keypoint = *count,
        .scale = scale * (.9f + (float) (scene_random (state) % 20) / 100.f),
        .centre_u = u + (float) (scene_random (state) % 20) - 10.f,
        .centre_v = v + (float) (scene_random (state) % 20) - 10.f,
        .turn = (uint8_t) (turn + scene_random (state) % 10),
        .distance = 40};
}

START_TEST (votes_find_every_instance)
{
  LinceMatch matches[LINCE_VOTES_MAX];
  LinceVotingScratch *scratch = calloc (1, sizeof *scratch);
  static const double tolerances[] = {0, 0, 1};
  Golden got = {.columns = 3};
  LincePeak peaks[4];
  uint32_t count = 0, state = 5, found;

  add_votes (matches, &count, 9, 200, 200, .8f, 250, &state);
  for (int i = 0; i < 60; i++)
    add_votes (matches, &count, 1, (float) (scene_random (&state) % 1900),
        (float) (scene_random (&state) % 1000), .2f + (float) (scene_random (&state) % 30) / 10.f,
        (uint8_t) scene_random (&state), &state);
  add_votes (matches, &count, 14, 1200, 600, 1.3f, 100, &state);
  found = lince_vote (matches, count, 250, LINCE_VOTE_WEIGHT * 5, scratch, peaks, 4);
  ck_assert_uint_eq (found, 2);
  ck_assert_uint_ge (peaks[0].votes, 14);
  ck_assert_uint_ge (peaks[1].votes, 9);
  /* rows: seed, votes, weight */
  for (uint32_t i = 0; i < found; i++)
    golden_add (&got, (double[]){peaks[i].seed, peaks[i].votes, peaks[i].weight});
  golden_check (&got, "peaks", tolerances);
  golden_clear (&got);
  ck_assert_float_eq_tol (matches[peaks[0].seed].centre_u, 1200, 15);
  ck_assert_float_eq_tol (matches[peaks[1].seed].centre_u, 200, 15);
  for (uint32_t i = 0; i < 9; i++)
    ck_assert_uint_eq (matches[i].used, 2);
  for (uint32_t i = count - 14; i < count; i++)
    ck_assert_uint_eq (matches[i].used, 1);
  free (scratch);
}
END_TEST

START_TEST (no_matches_no_peaks)
{
  LinceVotingScratch *scratch = calloc (1, sizeof *scratch);
  LincePeak peaks[4];

  ck_assert_uint_eq (lince_vote (NULL, 0, 250, 1, scratch, peaks, 4), 0);
  free (scratch);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("geometry");
  TCase *tests = tcase_create ("all");

  tcase_add_test (tests, homography_survives_outliers);
  tcase_add_test (tests, homography_is_the_same_each_time);
  tcase_add_test (tests, homographies_are_as_ever);
  tcase_add_test (tests, degenerate_sets_are_refused);
  tcase_add_test (tests, mirror_images_are_refused);
  tcase_add_test (tests, implausible_shapes_are_refused);
  tcase_add_test (tests, votes_find_every_instance);
  tcase_add_test (tests, no_matches_no_peaks);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
