/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Magnified tiles: turns, and the place of a small print found in one. */
#include "../suite.h"
#include "drawing.h"
#include "golden.h"

#include "recognition/quad.h"
#include "recognition/reference.h"
#include "recognition/tiles.h"

#define WIDTH 640
#define HEIGHT 480
#define KEYPOINTS 700
#define NEAR 1.5 /* frame pixels by which a corner may err before it is aligned */

static LincePyramid *pyramid;
static LincePool *pool;
static LinceTiles *tiles;

static void
set_up (void)
{
  pyramid = lince_pyramid_new (NULL);
  pool = lince_pool_new (1, NULL);
  tiles = lince_tiles_new (NULL);
}

static void
tear_down (void)
{
  lince_tiles_free (tiles);
  lince_pool_free (pool);
  lince_pyramid_free (pyramid);
}

static Scene
grey_scene (int width, int height)
{
  Scene grey = {malloc ((size_t) width * (size_t) height), width, height};

  ck_assert_ptr_nonnull (grey.luma);
  memset (grey.luma, 110, (size_t) width * (size_t) height);
  return grey;
}

static void
show (const Scene *scene)
{
  LinceFrame frame = scene_frame (scene);
  LinceError error = {0};

  ck_assert_msg (lince_pyramid_resize (pyramid, &frame, &error), "%s", error.text);
  lince_pyramid_build (pyramid, &frame, pool);
  ck_assert_msg (lince_tiles_resize (tiles, pyramid, 1, &error), "%s", error.text);
}

/* As long as nothing calls for one more than for another each has its turn once. */
START_TEST (each_has_its_turn)
{
  Scene scene = grey_scene (WIDTH, HEIGHT);
  LinceSearch *search = lince_search_new (NULL);
  LinceTileTurns turns = {0};
  uint32_t count, seen[LINCE_TILES] = {0};

  show (&scene);
  count = lince_tiles_count (tiles);
  ck_assert_uint_gt (count, 1);
  ck_assert_uint_le (count, LINCE_TILES);
  ck_assert (lince_search_resize (search, pyramid, 1, NULL));
  lince_tiles_weigh (tiles, search, &turns);
  for (uint32_t i = 0; i < 2 * count; i++)
    seen[lince_tiles_next (&turns)]++;
  for (uint32_t i = 0; i < count; i++)
    ck_assert_uint_eq (seen[i], 2);
  lince_search_free (search);
  free_scene (&scene);
}
END_TEST

START_TEST (large_frames_have_none)
{
  Scene scene = grey_scene (3840, 2160);

  show (&scene);
  ck_assert_uint_eq (lince_tiles_count (tiles), 0);
  free_scene (&scene);
}
END_TEST

/* How far the farthest corner of a hypothesis of the image is off. */
static double
error_of (const LinceHypothesis *hypothesis, const DrawnPicture *drawn, const LincePoint place[4])
{
  LincePoint corners[4];
  double most = 0;

  if (!lince_quad_from_homography (
          hypothesis->homography, drawn->picture.width, drawn->picture.height, corners))
    return INFINITY;
  for (int i = 0; i < 4; i++)
    most = fmax (most, hypot (corners[i].x - place[i].x, corners[i].y - place[i].y));
  return most;
}

/* Tile and corners. */
static void
add_row (
    Golden *golden, uint32_t tile, const LinceHypothesis *hypothesis, const DrawnPicture *drawn)
{
  double row[9] = {tile};
  LincePoint corners[4];

  ck_assert (lince_quad_from_homography (
      hypothesis->homography, drawn->picture.width, drawn->picture.height, corners));
  for (int c = 0; c < 4; c++) {
    row[1 + 2 * c] = (double) corners[c].x;
    row[2 + 2 * c] = (double) corners[c].y;
  }
  golden_add (golden, row);
}

START_TEST (small_print)
{
  static const double tolerances[] = {.1, 1, 1, 1, 1, 1, 1, 1, 1};
  static LinceHypothesis hypotheses[LINCE_MAX_HYPOTHESES];
  Golden got = {.columns = 9};
  Scene scene = grey_scene (WIDTH, HEIGHT);
  DrawnPicture poster = draw_poster (240, 180, 11);
  LinceIndexBuilder *builder = lince_index_builder_new (NULL);
  LinceIndex *collection;
  LincePoint place[4];
  double nearest = INFINITY;

  ck_assert (lince_index_builder_add_object (builder, "poster", NULL, NULL, NULL));
  ck_assert (lince_index_builder_add_image (builder, "poster", "", &poster.picture, NULL, NULL));
  collection = lince_index_builder_finish (builder, NULL);
  lince_index_builder_free (builder);
  outline (_i ? 598 : 41, _i ? 440 : 36, 40, 30, 0.1, 0, place);
  draw_placed (&scene, &poster, place, 1, 0);
  show (&scene);
  for (uint32_t t = 0; t < lince_tiles_count (tiles); t++) {
    uint32_t found = lince_tiles_search (tiles, pyramid, t, lince_index_textured (collection, NULL),
        KEYPOINTS, pool, NULL, hypotheses);

    if (found > 0 && _i == 0)
      add_row (&got, t, &hypotheses[0], &poster);
    for (uint32_t i = 0; i < found; i++)
      nearest = fmin (nearest, error_of (&hypotheses[i], &poster, place));
  }
  ck_assert_double_lt (nearest, NEAR);
  if (_i == 0)
    golden_check (&got, "tiles", tolerances);
  golden_clear (&got);
  lince_index_unref (collection);
  free_picture (&poster);
  free_scene (&scene);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("tiles");
  TCase *tests = tcase_create ("tiles");

  tcase_set_timeout (tests, 300);
  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, each_has_its_turn);
  tcase_add_test (tests, large_frames_have_none);
  tcase_add_loop_test (tests, small_print, 0, 2);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
