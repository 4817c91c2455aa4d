/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Explanations: each stage's failure, provoked once, is named as that stage's. */
#include "../suite.h"
#include "drawing.h"

#include "recognition/explain.h"
#include "recognition/render.h"

#define WIDTH 640
#define HEIGHT 480

static LinceIndex *collection;
static LinceRecognizer *recognizer;
static Scene scene;
static DrawnPicture poster, sibling;
static LincePoint place[4];

static void
add (LinceIndexBuilder *builder, const char *id, const DrawnPicture *drawn)
{
  LinceError error = {0};

  ck_assert (lince_index_builder_add_object (builder, id, NULL, NULL, &error));
  ck_assert_msg (lince_index_builder_add_image (builder, id, id, &drawn->picture, NULL, &error),
      "%s", error.text);
}

/* A slope from dark to bright: contrast, and nothing to find it by. */
static DrawnPicture
draw_slope (void)
{
  DrawnPicture drawn = new_picture (160, 120);

  for (int x = 0; x < 160; x++)
    fill_rectangle (&drawn, x, 0, 1, 120, 0x010101u * (uint32_t) (40 + x) << 8 | 255);
  return drawn;
}

/* The poster with another lower third. */
static DrawnPicture
draw_sibling (void)
{
  DrawnPicture drawn = draw_poster (240, 180, 11), other = draw_poster (240, 180, 77);

  memcpy (drawn.pixels + 4 * 240 * 120, other.pixels + 4 * 240 * 120, 4 * 240 * 60);
  free_picture (&other);
  return drawn;
}

/* Waves and noise: nothing in it that looks like a poster. */
static Scene
soft_scene (uint32_t seed)
{
  Scene soft = {malloc ((size_t) WIDTH * HEIGHT), WIDTH, HEIGHT};

  ck_assert_ptr_nonnull (soft.luma);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      soft.luma[y * WIDTH + x] =
          (uint8_t) (110 + 30 * sin (x * 0.013) + 25 * cos (y * 0.021) + next_random (&seed) % 12);
  return soft;
}

static void
set_up (void)
{
  LinceIndexBuilder *builder = lince_index_builder_new (NULL);
  DrawnPicture other = draw_poster (200, 260, 12), slope = draw_slope ();
  LinceSettings settings;

  poster = draw_poster (240, 180, 11);
  sibling = draw_sibling ();
  add (builder, "other", &other);
  add (builder, "poster", &poster);
  add (builder, "sibling", &sibling);
  ck_assert (lince_index_builder_add_object (builder, "slope", NULL, NULL, NULL));
  ck_assert (lince_index_builder_set_generators (builder, "slope", LINCE_GENERATOR_TEXTURED, NULL));
  ck_assert (lince_index_builder_add_image (builder, "slope", "", &slope.picture, NULL, NULL));
  collection = lince_index_builder_finish (builder, NULL);
  lince_index_builder_free (builder);
  lince_settings_default (&settings);
  recognizer = lince_recognizer_new (&settings, NULL);
  lince_recognizer_set_index (recognizer, collection);
  scene = soft_scene (3);
  outline (330, 240, 260, 200, 0.2, 0.15, place);
  free_picture (&other);
  free_picture (&slope);
}

static void
tear_down (void)
{
  lince_recognizer_free (recognizer);
  lince_index_unref (collection);
  free_scene (&scene);
  free_picture (&poster);
  free_picture (&sibling);
}

static LinceExplanation *
explain (const char *id)
{
  LinceFrame frame = scene_frame (&scene);
  LinceError error = {0};
  LinceExplanation *explanation = lince_recognizer_explain (
      recognizer, &frame, (uint32_t) lince_index_find (collection, id), &error);

  ck_assert_msg (explanation != NULL, "%s", error.text);
  ck_assert_int_eq (error.code, LINCE_OK);
  return explanation;
}

static void
expect (const LinceExplanation *explanation, LinceOutcome outcome)
{
  ck_assert_str_eq (lince_outcome_name (explanation->outcome), lince_outcome_name (outcome));
}

/* Means over (2 radius + 1) squares, three times. */
static void
blur (int radius)
{
  uint8_t *from = malloc ((size_t) WIDTH * HEIGHT);

  for (int pass = 0; pass < 3; pass++) {
    memcpy (from, scene.luma, (size_t) WIDTH * HEIGHT);
    for (int y = radius; y < HEIGHT - radius; y++)
      for (int x = radius; x < WIDTH - radius; x++) {
        int sum = 0, side = 2 * radius + 1;

        for (int v = -radius; v <= radius; v++)
          for (int u = -radius; u <= radius; u++)
            sum += from[(y + v) * WIDTH + x + u];
        scene.luma[y * WIDTH + x] = (uint8_t) (sum / (side * side));
      }
  }
  free (from);
}

/* Every stage is filled, and agrees with what was drawn. */
START_TEST (found)
{
  const LinceExplainedTrial *best;
  LinceExplanation *e;
  uint32_t agreeing = 0, near = 0;

  draw_placed (&scene, &poster, place, 1, 0);
  e = explain ("poster");
  expect (e, LINCE_OUTCOME_FOUND);
  ck_assert_uint_eq (e->generators, LINCE_GENERATOR_TEXTURED);
  ck_assert_uint_eq (e->placement_count, 1);
  ck_assert_double_lt (corner_error (e->placements[0].corners, place), 1);
  ck_assert_int_eq (e->best, 0);
  best = &e->trials[0];
  ck_assert_double_lt (corner_error (best->start, place), 12);
  ck_assert_double_lt (corner_error (best->corners, place), 1);
  ck_assert (best->tried && best->judged && best->rank > 0);
  ck_assert_uint_ge (best->rank, 1);
  ck_assert_uint_gt (best->level_count, 1);
  ck_assert_float_ge (best->levels[0].correlation, e->give_up);
  ck_assert_float_gt (best->confidence, 0.95f);
  ck_assert_uint_gt (e->peaks[0].weight, e->least_weight);
  ck_assert (e->peaks[0].followed && e->peaks[0].outlined);
  for (uint32_t i = 0; i < e->match_count; i++) {
    const LinceExplainedMatch *match = &e->matches[i];

    near += match->peak == 0 && lince_quad_contains (place, match->frame.x, match->frame.y);
  }
  ck_assert_uint_gt (near * 10, e->peaks[0].matches * 9);
  for (uint32_t i = 0; i < e->cell_count; i++)
    agreeing += e->cells[i].state == LINCE_CELL_AGREES;
  ck_assert_uint_gt (agreeing * 10, e->cell_count * 8);
  ck_assert_ptr_nonnull (e->picture.luma);
  ck_assert_int_eq (e->picture.picture_width, 240);
  lince_explanation_free (e);
}
END_TEST

/* The explanation of a still is what the still says, and asking changes nothing. */
START_TEST (asking_changes_nothing)
{
  LinceFrame frame = scene_frame (&scene);
  LincePlacement before, after;
  const LinceResult *result;

  draw_placed (&scene, &poster, place, 1, 0);
  ck_assert (lince_recognizer_still (recognizer, &frame, &result, NULL));
  ck_assert_uint_eq (result->placement_count, 1);
  before = result->placements[0];
  lince_explanation_free (explain ("other"));
  ck_assert (lince_recognizer_still (recognizer, &frame, &result, NULL));
  ck_assert_uint_eq (result->placement_count, 1);
  after = result->placements[0];
  after.track = before.track;
  ck_assert_mem_eq (&before, &after, sizeof before);
}
END_TEST

START_TEST (absent)
{
  LinceExplanation *e = explain ("other");

  /* whether chance agrees enough to be followed up depends on the features that were kept */
  ck_assert (e->outcome == LINCE_OUTCOME_NO_OUTLINE || e->outcome == LINCE_OUTCOME_FEW_VOTES);
  ck_assert_uint_gt (e->keypoint_count, 100);
  ck_assert_uint_eq (e->placement_count, 0);
  ck_assert_int_eq (e->best, -1);
  ck_assert (!e->peaks[0].outlined);
  lince_explanation_free (e);
}
END_TEST

START_TEST (nothing_to_be_found_by)
{
  LinceExplanation *e = explain ("slope");

  expect (e, LINCE_OUTCOME_NO_FEATURES);
  ck_assert_uint_eq (e->generators, 0);
  ck_assert_uint_eq (e->feature_count, 0);
  lince_explanation_free (e);
}
END_TEST

START_TEST (blank_frame)
{
  LinceExplanation *e;

  memset (scene.luma, 90, (size_t) WIDTH * HEIGHT);
  e = explain ("poster");
  expect (e, LINCE_OUTCOME_NO_KEYPOINTS);
  ck_assert_uint_eq (e->keypoint_count, 0);
  lince_explanation_free (e);
}
END_TEST

START_TEST (too_small)
{
  LinceExplanation *e;

  outline (330, 240, 22, 17, 0, 0, place);
  draw_placed (&scene, &poster, place, 1, 0);
  e = explain ("poster");
  expect (e, LINCE_OUTCOME_FEW_VOTES);
  ck_assert_uint_ge (e->match_count, e->least_matches);
  ck_assert_uint_lt (e->peaks[0].weight, e->least_weight);
  ck_assert (!e->peaks[0].followed);
  lince_explanation_free (e);
}
END_TEST

/* Found by its features, and too little of it to be seen. */
START_TEST (occluded)
{
  uint32_t disagreeing = 0;
  LinceExplanation *e;

  outline (330, 240, 260, 200, 0, 0, place);
  draw_placed (&scene, &poster, place, 1, 0);
  cover (&scene, 315, 130, 220, 220, 120);
  e = explain ("poster");
  expect (e, LINCE_OUTCOME_NOT_VERIFIED);
  ck_assert_int_ge (e->best, 0);
  ck_assert (e->trials[e->best].tried && e->trials[e->best].judged);
  ck_assert_float_lt (e->trials[e->best].confidence, 0.5f);
  ck_assert_float_lt (e->trials[e->best].agreement, 0.42f);
  ck_assert_float_gt (e->trials[e->best].agreement, 0.1f);
  for (uint32_t i = 0; i < e->cell_count; i++)
    disagreeing += e->cells[i].state == LINCE_CELL_DISAGREES;
  ck_assert_uint_gt (disagreeing * 5, e->cell_count * 2);
  lince_explanation_free (e);
}
END_TEST

/* Where the reference is plain and the frame is not, that is shown. */
START_TEST (not_plain)
{
  DrawnPicture framed = draw_poster (240, 180, 51);
  LinceIndexBuilder *builder = lince_index_builder_new (NULL);
  uint32_t violet = 0, before;
  LinceExplanation *e;

  fill_rectangle (&framed, 60, 45, 120, 90, 0x808080ff);
  add (builder, "framed", &framed);
  lince_index_unref (collection);
  collection = lince_index_builder_finish (builder, NULL);
  lince_index_builder_free (builder);
  lince_recognizer_set_index (recognizer, collection);
  outline (330, 240, 240, 180, 0, 0, place);
  draw_placed (&scene, &framed, place, 1, 0);
  e = explain ("framed");
  expect (e, LINCE_OUTCOME_FOUND);
  for (uint32_t i = 0; i < e->cell_count; i++)
    violet += e->cells[i].state == LINCE_CELL_NOT_PLAIN;
  before = violet;
  ck_assert_uint_lt (before, 8);
  lince_explanation_free (e);
  for (int i = 0; i < 8; i++)
    cover (&scene, 290 + 10 * i, 205, 5, 70, 250);
  e = explain ("framed");
  for (uint32_t i = 0; i < e->cell_count; i++)
    violet += e->cells[i].state == LINCE_CELL_NOT_PLAIN;
  ck_assert_uint_gt (violet, 2 * before + 10);
  lince_explanation_free (e);
  free_picture (&framed);
}
END_TEST

/* A corner of it leads to the place, where nearly nothing agrees. */
START_TEST (mostly_occluded)
{
  const LinceExplainedTrial *best;
  LinceExplanation *e;

  outline (330, 240, 260, 200, 0, 0, place);
  draw_placed (&scene, &poster, place, 1, 0);
  cover (&scene, 260, 130, 220, 220, 120);
  e = explain ("poster");
  expect (e, LINCE_OUTCOME_NOT_ALIGNED);
  ck_assert_int_ge (e->best, 0);
  best = &e->trials[e->best];
  ck_assert_double_lt (corner_error (best->start, place), 20);
  ck_assert (best->tried && !best->judged);
  ck_assert_float_lt (best->levels[best->level_count - 1].correlation, e->give_up);
  lince_explanation_free (e);
}
END_TEST

START_TEST (rival)
{
  LinceExplanation *e;

  draw_placed (&scene, &sibling, place, 1, 0);
  e = explain ("poster");
  expect (e, LINCE_OUTCOME_RIVAL);
  ck_assert_uint_eq (e->rival_count, 1);
  ck_assert_int_eq (e->rivals[0].object, lince_index_find (collection, "sibling"));
  ck_assert (e->rivals[0].gave_way && !e->rivals[0].equal);
  ck_assert_float_gt (e->rivals[0].evidence, e->rivals[0].own_evidence);
  lince_explanation_free (e);
  e = explain ("sibling");
  expect (e, LINCE_OUTCOME_FOUND);
  ck_assert_uint_eq (e->rival_count, 1);
  ck_assert_int_eq (e->rivals[0].object, lince_index_find (collection, "poster"));
  ck_assert (!e->rivals[0].gave_way);
  lince_explanation_free (e);
}
END_TEST

START_TEST (blurred)
{
  LinceExplanation *e;
  uint32_t sharp;

  draw_placed (&scene, &poster, place, 1, 0);
  e = explain ("poster");
  sharp = e->peaks[0].weight;
  lince_explanation_free (e);
  blur (9);
  e = explain ("poster");
  ck_assert_int_le (e->outcome, LINCE_OUTCOME_NOT_ALIGNED);
  ck_assert_int_ge (e->outcome, LINCE_OUTCOME_NO_MATCHES);
  ck_assert_uint_eq (e->placement_count, 0);
  ck_assert_uint_lt (e->peaks[0].weight, sharp / 8);
  lince_explanation_free (e);
}
END_TEST

START_TEST (below_minimum)
{
  LinceSettings settings;
  LinceExplanation *e;

  lince_settings_default (&settings);
  settings.minimum_confidence = 1;
  ck_assert (lince_recognizer_set_settings (recognizer, &settings, NULL));
  outline (330, 240, 84, 63, 0, 0, place);
  draw_placed (&scene, &poster, place, 1, 0);
  cover (&scene, 336, 190, 60, 100, 120);
  e = explain ("poster");
  expect (e, LINCE_OUTCOME_BELOW_MINIMUM);
  ck_assert_float_ge (e->trials[e->best].confidence, 0.5f);
  ck_assert_float_eq (e->minimum_confidence, 1);
  lince_explanation_free (e);
}
END_TEST

/* A flat shape in one colour. */
static DrawnPicture
draw_mark (void)
{
  DrawnPicture drawn = new_picture (160, 160);

  memset (drawn.pixels, 0, 160 * 160 * 4);
  fill_rectangle (&drawn, 16, 16, 36, 128, 0xf0f0f0ff);
  fill_rectangle (&drawn, 16, 108, 128, 36, 0xf0f0f0ff);
  fill_rectangle (&drawn, 90, 30, 40, 40, 0xf0f0f0ff);
  return drawn;
}

/* Every generator's hypotheses are explained; this one has no levels and no cells. */
START_TEST (mark)
{
  DrawnPicture drawn = draw_mark ();
  LinceIndexBuilder *builder = lince_index_builder_new (NULL);
  LinceView view = {.opacity = 1, .video_range = true};
  const LinceExplainedTrial *best;
  LinceReference reference;
  LinceExplanation *e;
  LinceCanvas canvas;
  LinceFrame frame;

  add (builder, "mark", &drawn);
  lince_index_unref (collection);
  collection = lince_index_builder_finish (builder, NULL);
  lince_index_builder_free (builder);
  lince_recognizer_set_index (recognizer, collection);
  ck_assert (lince_canvas_init (&canvas, WIDTH, HEIGHT));
  memset (canvas.luma, 70, (size_t) WIDTH * HEIGHT);
  memset (canvas.cb, 128, (size_t) WIDTH * HEIGHT / 4);
  memset (canvas.cr, 128, (size_t) WIDTH * HEIGHT / 4);
  frame = lince_canvas_frame (&canvas);
  e = lince_recognizer_explain (recognizer, &frame, 0, NULL);
  ck_assert_ptr_nonnull (e);
  expect (e, LINCE_OUTCOME_NO_SHAPES);
  ck_assert_uint_eq (e->shape_match_count, 0);
  lince_explanation_free (e);
  ck_assert (lince_index_reference (collection, 0, &reference, NULL));
  outline (330, 240, 150, 150, 0.1, 0, place);
  memcpy (view.corners, place, sizeof place);
  ck_assert (lince_render_reference (&canvas, &reference, &view));
  e = lince_recognizer_explain (recognizer, &frame, 0, NULL);
  ck_assert_ptr_nonnull (e);
  expect (e, LINCE_OUTCOME_FOUND);
  ck_assert (e->generators & LINCE_GENERATOR_MARK);
  ck_assert_uint_gt (e->region_count, 0);
  ck_assert_uint_gt (e->shape_match_count, 0);
  ck_assert_int_ge (e->best, 0);
  best = &e->trials[e->best];
  ck_assert_int_eq (best->generator, LINCE_GENERATOR_MARK);
  ck_assert (best->composed && best->tried && best->judged && best->rank > 0);
  ck_assert_uint_eq (best->level_count, 0);
  ck_assert_uint_eq (e->cell_count, 0);
  ck_assert_double_lt (corner_error (best->corners, place), 2);
  lince_explanation_free (e);
  lince_canvas_clear (&canvas);
  free_picture (&drawn);
}
END_TEST

START_TEST (wrong_use)
{
  LinceFrame frame = scene_frame (&scene);
  LinceError error = {0};

  ck_assert_ptr_null (lince_recognizer_explain (recognizer, &frame, 4, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  frame.width = 10;
  ck_assert_ptr_null (lince_recognizer_explain (recognizer, &frame, 0, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  frame.width = WIDTH;
  lince_recognizer_set_index (recognizer, NULL);
  ck_assert_ptr_null (lince_recognizer_explain (recognizer, &frame, 0, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  ck_assert_str_eq (lince_outcome_name (0), "unknown");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("explain");
  TCase *tests = tcase_create ("explain");

  tcase_set_timeout (tests, 300);
  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, found);
  tcase_add_test (tests, asking_changes_nothing);
  tcase_add_test (tests, absent);
  tcase_add_test (tests, nothing_to_be_found_by);
  tcase_add_test (tests, blank_frame);
  tcase_add_test (tests, too_small);
  tcase_add_test (tests, occluded);
  tcase_add_test (tests, not_plain);
  tcase_add_test (tests, mostly_occluded);
  tcase_add_test (tests, rival);
  tcase_add_test (tests, blurred);
  tcase_add_test (tests, below_minimum);
  tcase_add_test (tests, mark);
  tcase_add_test (tests, wrong_use);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
