/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Cells, alignment and verification on drawn frames. */
#include "../suite.h"
#include "drawing.h"
#include "drawn_reference.h"
#include "golden.h"

#include "recognition/align.h"
#include "recognition/verify.h"

#define PICTURE_WIDTH 240
#define PICTURE_HEIGHT 180

static LinceAligner *aligner;
static LincePyramid *pyramid;
static LincePool *pool;
static Scene scene;
static DrawnReference poster, other;
static LincePoint place[4];

static const LinceAlignPlan plan = {3, 8, LINCE_VERIFY_SIDE, 0.2f, 0};

static bool
fits_template (const LinceReferenceLevel *level)
{
  return level->width * level->height <= LINCE_TEMPLATE_MAX_PIXELS;
}

static void
set_up (void)
{
  aligner = lince_aligner_new (NULL);
  pyramid = lince_pyramid_new (NULL);
  pool = lince_pool_new (1, NULL);
  scene = new_scene (640, 480, 3);
  poster = new_reference (draw_poster (PICTURE_WIDTH, PICTURE_HEIGHT, 11));
  other = new_reference (draw_poster (PICTURE_WIDTH, PICTURE_HEIGHT, 12));
  outline (330, 240, 260, 200, 0.3, 0.15, place);
}

static void
tear_down (void)
{
  free_reference (&poster);
  free_reference (&other);
  free_scene (&scene);
  lince_pool_free (pool);
  lince_pyramid_free (pyramid);
  lince_aligner_free (aligner);
}

static void
look (void)
{
  LinceFrame frame = scene_frame (&scene);

  ck_assert (lince_pyramid_resize (pyramid, &frame, NULL));
  lince_pyramid_build (pyramid, &frame, pool);
}

/* Aligns from `place` moved by some pixels, each corner otherwise; false when it is given up. */
static bool
align_from (const DrawnReference *picture, float off, LinceVerdict *verdict)
{
  static const float x[4] = {1, 0.6f, -0.4f, 0.8f}, y[4] = {-0.7f, 0.9f, 0.5f, -0.2f};
  LinceAlignment alignment;
  LincePoint start[4];
  double h[9];

  for (int i = 0; i < 4; i++)
    start[i] = (LincePoint){place[i].x + off * x[i], place[i].y + off * y[i]};
  ck_assert (
      lince_quad_to_homography (start, picture->reference.width, picture->reference.height, h));
  return lince_align (aligner, pyramid, &picture->reference, h, &plan, &alignment) &&
         lince_verify (&alignment, pyramid, &picture->reference, 0, verdict);
}

START_TEST (a_placement_moves_onto_the_pixels)
{
  LinceVerdict verdict;

  draw_placed (&scene, &poster.drawn, place, 1, 0);
  look ();
  for (float off = 0; off <= 16; off += 4) {
    ck_assert (align_from (&poster, off, &verdict));
    ck_assert_double_lt (corner_error (verdict.corners, place), 0.5);
    ck_assert_float_gt (verdict.confidence, 0.95f);
    ck_assert_float_gt (verdict.visible, 0.9f);
  }
}
END_TEST

/* Rows: pixels off at the start, corners, evidence, correlation, agreement, visible, blur; whole,
 * then covered from one side. */
START_TEST (verdicts_are_as_ever)
{
  static const double tolerances[] = {.1, .1, .1, .1, .1, .1, .1, .1, .1, .5, .01, .02, .02, .1};
  Golden got = {.columns = 14};

  draw_placed (&scene, &poster.drawn, place, .8, 20);
  for (int i = 0; i < 4; i++) {
    LinceVerdict v;
    double row[14] = {4 * (i + 1)};

    if (i == 2)
      cover (&scene, 200, 130, 90, 220, 60);
    look ();
    ck_assert (align_from (&poster, (float) row[0], &v));
    for (int c = 0; c < 4; c++) {
      row[1 + 2 * c] = (double) v.corners[c].x;
      row[2 + 2 * c] = (double) v.corners[c].y;
    }
    row[9] = (double) v.evidence;
    row[10] = (double) v.correlation;
    row[11] = (double) v.agreement;
    row[12] = (double) v.visible;
    row[13] = (double) v.blur;
    golden_add (&got, row);
  }
  golden_check (&got, "verdicts", tolerances);
  golden_clear (&got);
}
END_TEST

START_TEST (light_does_not_matter)
{
  static const double gains[] = {0.4, 0.7, 1.3}, offsets[] = {90, -10, -20};

  for (int i = 0; i < 3; i++) {
    LinceVerdict verdict;

    draw_placed (&scene, &poster.drawn, place, gains[i], offsets[i]);
    look ();
    ck_assert (align_from (&poster, 8, &verdict));
    ck_assert_double_lt (corner_error (verdict.corners, place), 0.6);
    ck_assert_float_gt (verdict.confidence, 0.95f);
  }
}
END_TEST

START_TEST (less_than_half_may_be_covered)
{
  LinceVerdict verdict;

  draw_placed (&scene, &poster.drawn, place, 1, 0);
  cover (&scene, 190, 250, 300, 200, 90);
  look ();
  ck_assert (align_from (&poster, 6, &verdict));
  ck_assert_double_lt (corner_error (verdict.corners, place), 2.5);
  ck_assert_float_gt (verdict.confidence, 0.9f);
  ck_assert_float_lt (verdict.visible, 0.75f);
  ck_assert_float_eq_tol (verdict.occluded, 0.45f, 0.2f);
  ck_assert_float_lt (verdict.cut_off, 0.01f);
  ck_assert_float_gt (verdict.visible, 0.4f);
}
END_TEST

START_TEST (what_leaves_the_frame_is_seen_in_part)
{
  LinceVerdict verdict;

  outline (20, 240, 260, 200, 0.1, 0, place);
  draw_placed (&scene, &poster.drawn, place, 1, 0);
  look ();
  ck_assert (align_from (&poster, 5, &verdict));
  ck_assert_double_lt (corner_error (verdict.corners, place), 2);
  ck_assert_float_gt (verdict.confidence, 0.9f);
  ck_assert_float_eq_tol (verdict.inside, 0.577f, 0.03f);
  ck_assert_float_eq_tol (verdict.cut_off, 0.423f, 0.03f);
  ck_assert_float_lt (verdict.occluded, 0.2f);
  ck_assert_float_lt (verdict.visible, 0.6f);
}
END_TEST

START_TEST (another_picture_is_refused)
{
  LinceVerdict verdict = {0};

  draw_placed (&scene, &poster.drawn, place, 1, 0);
  look ();
  for (float off = 0; off <= 16; off += 4)
    ck_assert (!align_from (&other, off, &verdict) || verdict.confidence < 0.1f);
}
END_TEST

START_TEST (background_is_refused)
{
  look ();
  for (int i = 0; i < 40; i++) {
    LinceVerdict verdict = {0};

    outline (100 + 11 * i, 80 + 8 * i, 90 + 3 * i, 70 + 2 * i, 0.1 * i, 0.1, place);
    ck_assert (!align_from (i & 1 ? &poster : &other, 0, &verdict) || verdict.confidence < 0.1f);
  }
}
END_TEST

/* A reference that is one edge fits any edge perfectly: that must not count for much. */
START_TEST (a_plain_reference_cannot_score_high)
{
  DrawnReference edge = {.drawn = new_picture (PICTURE_WIDTH, PICTURE_HEIGHT)};
  LinceVerdict verdict = {0};

  fill_rectangle (&edge.drawn, 0, 0, 100, PICTURE_HEIGHT, 0x202020ff);
  edge = new_reference (edge.drawn);
  memset (scene.luma, 200, (size_t) scene.width * (size_t) scene.height);
  cover (&scene, 0, 0, 300, 480, 40);
  look ();
  outline (330, 240, 240, 180, 0, 0, place);
  if (align_from (&edge, 2, &verdict))
    ck_assert_float_lt (verdict.confidence, 0.1f);
  free_reference (&edge);
}
END_TEST

/* A mark on a plain ground is not there where the ground is full of other things. */
START_TEST (clutter_on_a_plain_ground_speaks_against)
{
  DrawnReference mark = {.drawn = new_picture (PICTURE_WIDTH, PICTURE_HEIGHT)};
  LinceVerdict clean, cluttered;

  for (int i = 0; i < 12; i++)
    fill_rectangle (&mark.drawn, 60 + 10 * i, 60 + (i * 37) % 50, 7, 16 + (i * 13) % 20,
        i & 1 ? 0x000000ff : 0x808080ff);
  mark = new_reference (mark.drawn);
  draw_placed (&scene, &mark.drawn, place, 1, 0);
  look ();
  ck_assert (align_from (&mark, 2, &clean));
  for (int i = 0; i < 30; i++) {
    LincePoint dot[4];
    double h[9], x, y;

    ck_assert (lince_quad_to_homography (place, PICTURE_WIDTH, PICTURE_HEIGHT, h));
    ck_assert (lince_homography_map (h, 8 + 24 * (i % 10),
        i < 10   ? 25
        : i < 20 ? 150
                 : 170,
        &x, &y));
    outline (x, y, 12, 12, 0.4, 0, dot);
    draw_placed (&scene, &poster.drawn, dot, 1, 0);
  }
  look ();
  ck_assert (align_from (&mark, 2, &cluttered));
  ck_assert_float_gt (clean.evidence, cluttered.evidence + 4);
  free_reference (&mark);
}
END_TEST

/* A page that bends by up to 5 pixels is no plane, but still that page. */
START_TEST (a_bent_page_is_recognised_by_its_neighbourhoods)
{
  Scene flat = new_scene (640, 480, 3);
  LinceAlignment alignment;
  LinceVerdict stiff, loose;
  double h[9];

  outline (330, 240, 400, 300, 0, 0, place);
  draw_placed (&flat, &poster.drawn, place, 1, 0);
  for (int y = 0; y < 480; y++)
    for (int x = 0; x < 640; x++) {
      int from = y + (int) lround (5 * sin (x * 0.02));

      from = from < 0 ? 0 : from > 479 ? 479 : from;
      scene.luma[y * 640 + x] = flat.luma[from * 640 + x];
    }
  look ();
  ck_assert (lince_quad_to_homography (place, PICTURE_WIDTH, PICTURE_HEIGHT, h));
  ck_assert (lince_align (aligner, pyramid, &poster.reference, h, &plan, &alignment));
  ck_assert (lince_verify (&alignment, pyramid, &poster.reference, 0, &stiff));
  for (int i = 0; i < 2; i++)
    lince_align_loosen (aligner, pyramid, &alignment);
  ck_assert (lince_verify (&alignment, pyramid, &poster.reference, 0, &loose));
  ck_assert_float_gt (loose.evidence, stiff.evidence + 10);
  ck_assert_float_gt (loose.confidence, 0.9f);
  free_scene (&flat);
}
END_TEST

START_TEST (siblings_are_told_apart_where_they_differ)
{
  DrawnReference sibling = {.drawn = draw_poster (PICTURE_WIDTH, PICTURE_HEIGHT, 11)};
  LinceVerdict first, second;
  uint32_t seed = 5;

  for (int i = 0; i < 14; i++)
    fill_rectangle (&sibling.drawn, 10 + (int) (next_random (&seed) % 60),
        10 + (int) (next_random (&seed) % 50), 14, 14, i & 1 ? 0xf0f0f0ff : 0x101010ff);
  sibling = new_reference (sibling.drawn);
  draw_placed (&scene, &poster.drawn, place, 1, 0);
  look ();
  ck_assert (align_from (&poster, 4, &first));
  ck_assert (align_from (&sibling, 4, &second));
  ck_assert_int_eq (lince_verify_rivals (
                        aligner, pyramid, &poster.reference, &first, &sibling.reference, &second),
      LINCE_RIVAL_FIRST);
  ck_assert_int_eq (lince_verify_rivals (
                        aligner, pyramid, &sibling.reference, &second, &poster.reference, &first),
      LINCE_RIVAL_SECOND);
  ck_assert_int_eq (
      lince_verify_rivals (aligner, pyramid, &poster.reference, &first, &poster.reference, &first),
      LINCE_RIVAL_EQUAL);
  free_reference (&sibling);
}
END_TEST

START_TEST (what_is_covered_keeps_the_pixels_of_its_own)
{
  LincePoint above[4], far[4];
  LinceVerdict verdict;

  draw_placed (&scene, &poster.drawn, place, 1, 0);
  outline (430, 240, 200, 200, 0.1, 0, above);
  outline (80, 240, 40, 40, 0.1, 0, far);
  look ();
  ck_assert (align_from (&poster, 4, &verdict));
  ck_assert_float_gt (
      lince_verify_outside (aligner, pyramid, &poster.reference, &verdict, above), 0);
  ck_assert_float_gt (lince_verify_outside (aligner, pyramid, &poster.reference, &verdict, far),
      lince_verify_outside (aligner, pyramid, &poster.reference, &verdict, above));
  ck_assert_float_lt (
      lince_verify_outside (aligner, pyramid, &poster.reference, &verdict, place), 0);
}
END_TEST

/* Reads nothing beyond the plane, whatever the map: the buffers are of exactly their size, for the
 * address sanitizer to see. */
START_TEST (no_map_leads_out_of_the_frame)
{
  static const double maps[][9] = {
      {1, 0, 639 - 128, 0, 1, 479 - 96, 0, 0, 1},
      {1, 0, 0, 0, 1, 0, 0, 0, 1},
      {1, 0, -0.01, 0, 1, -0.01, 0, 0, 1},
      {1, 0, 512.01, 0, 1, 384.01, 0, 0, 1},
      {NAN, 0, 0, 0, 1, 0, 0, 0, 1},
      {1, 0, 0, 0, 1, 0, 0, 0, NAN},
      {1, 0, 0, 0, 1, 0, 0, 0, 0},
      {1e30, 0, 0, 0, 1e30, 0, 0, 0, 1},
      {1, 0, 0, 0, 1, 0, -1.0 / 128, 0, 1},
      {1, 0, 0, 0, 1, 0, 1e9, 1e9, 1},
      {-1, 0, 128, 0, -1, 96, 0, 0, -1},
      {5, 0, 0, 0, 5, 0, 0, 0, 1},
  };
  static LinceTemplate template;
  static LinceCellMatch matches[LINCE_TEMPLATE_MAX_CELLS];
  LinceGrey grey = {scene.luma, 640, 640, 480};
  int level = 0;

  while (!fits_template (&poster.reference.levels[level]))
    level++;
  lince_template_build (&template, &poster.reference, level);
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
    lince_template_match (&template, &grey, maps[i], false, matches);
    for (int k = 0; k < template.columns * template.rows; k++) {
      ck_assert (isfinite (matches[k].correlation));
      ck_assert (!(i >= 4 && i <= 7) || !matches[k].seen);
    }
  }
}
END_TEST

/* At whole pixels the template is compared with its very own samples. */
START_TEST (a_cell_on_its_own_pixels_agrees_fully)
{
  static LinceTemplate template;
  static LinceCellMatch matches[LINCE_TEMPLATE_MAX_CELLS];
  int level = 0;

  while (!fits_template (&poster.reference.levels[level]))
    level++;
  lince_template_build (&template, &poster.reference, level);
  for (int y = 0; y < template.height; y++)
    memcpy (scene.luma + (size_t) (y + 40) * 640 + 30,
        poster.reference.levels[level].luma + (size_t) y * (size_t) template.width,
        (size_t) template.width);
  lince_template_match (&template, &(LinceGrey){scene.luma, 640, 640, 480},
      (double[9]){1, 0, 30, 0, 1, 40, 0, 0, 1}, false, matches);
  for (int i = 0; i < template.columns * template.rows; i++) {
    ck_assert (matches[i].seen);
    if (template.cells[i].energy > 0) {
      ck_assert_float_eq_tol (matches[i].correlation, 1, 1e-3f);
      ck_assert_float_eq_tol (matches[i].gain, 1, 1e-3f);
      ck_assert_float_eq_tol (matches[i].shift_x, 0, 0.5f);
      ck_assert_float_eq_tol (matches[i].shift_y, 0, 0.5f);
    }
  }
}
END_TEST

START_TEST (thin_and_tiny_references_fit_a_template)
{
  static const int sizes[][2] = {{16, 16}, {400, 16}, {16, 400}, {2000, 40}, {256, 256}, {17, 301}};

  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    DrawnReference picture = {.drawn = draw_poster (sizes[i][0], sizes[i][1], 4)};
    static LinceTemplate template;

    picture = new_reference (picture.drawn);
    for (int level = 0; level < picture.reference.level_count; level++) {
      if (!fits_template (&picture.reference.levels[level]))
        continue;
      lince_template_build (&template, &picture.reference, level);
      ck_assert_int_le (template.columns * template.rows, LINCE_TEMPLATE_MAX_CELLS);
      ck_assert_int_le (template.chosen_count, LINCE_TEMPLATE_CHOSEN);
    }
    free_reference (&picture);
  }
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("alignment");
  TCase *tests = tcase_create ("alignment");

  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, a_placement_moves_onto_the_pixels);
  tcase_add_test (tests, verdicts_are_as_ever);
  tcase_add_test (tests, light_does_not_matter);
  tcase_add_test (tests, less_than_half_may_be_covered);
  tcase_add_test (tests, what_leaves_the_frame_is_seen_in_part);
  tcase_add_test (tests, another_picture_is_refused);
  tcase_add_test (tests, background_is_refused);
  tcase_add_test (tests, a_plain_reference_cannot_score_high);
  tcase_add_test (tests, clutter_on_a_plain_ground_speaks_against);
  tcase_add_test (tests, a_bent_page_is_recognised_by_its_neighbourhoods);
  tcase_add_test (tests, siblings_are_told_apart_where_they_differ);
  tcase_add_test (tests, what_is_covered_keeps_the_pixels_of_its_own);
  tcase_add_test (tests, no_map_leads_out_of_the_frame);
  tcase_add_test (tests, a_cell_on_its_own_pixels_agrees_fully);
  tcase_add_test (tests, thin_and_tiny_references_fit_a_template);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
