/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Simulation: what is drawn lies where it should, and what is said of a reference is so. */
#include "../suite.h"
#include "drawing.h"
#include "drawn_reference.h"

#include "recognition/render.h"
#include "recognition/simulate.h"

#define WIDTH 320
#define HEIGHT 240

static LinceCanvas canvas;
static uint8_t before[WIDTH * HEIGHT];

static void
set_up (void)
{
  ck_assert (lince_canvas_init (&canvas, WIDTH, HEIGHT));
  lince_render_background (&canvas, 1);
  memcpy (before, canvas.luma, sizeof before);
}

static void
tear_down (void)
{
  lince_canvas_clear (&canvas);
}

static LinceView
upright (float left, float top, float width, float height)
{
  return (LinceView){.corners = {{left, top}, {left + width, top}, {left + width, top + height},
                         {left, top + height}},
      .opacity = 1};
}

static double
deviation (int left, int top, int width, int height)
{
  double sum = 0, squares = 0, count = (double) width * height;

  for (int y = top; y < top + height; y++)
    for (int x = left; x < left + width; x++) {
      double value = canvas.luma[y * WIDTH + x];

      sum += value;
      squares += value * value;
    }
  return sqrt (fmax (0, squares / count - sum / count * (sum / count)));
}

/* Another seed, another picture; the same seed, the same; and it is not flat anywhere. */
START_TEST (background)
{
  lince_render_background (&canvas, 1);
  ck_assert_mem_eq (canvas.luma, before, sizeof before);
  for (int y = 0; y < HEIGHT; y += 80)
    for (int x = 0; x < WIDTH; x += 80)
      ck_assert_double_gt (deviation (x, y, 80, 80), 4);
  lince_render_background (&canvas, 2);
  ck_assert_mem_ne (canvas.luma, before, sizeof before);
}
END_TEST

/* Pixel on pixel it is the reference, and around it nothing changes. */
START_TEST (in_place)
{
  DrawnReference poster = new_reference (draw_poster (120, 90, 5));
  const LinceReferenceLevel *level = &poster.reference.levels[0];
  LinceView view = upright (40, 30, 120, 90);

  ck_assert (lince_render_reference (&canvas, &poster.reference, &view));
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) {
      int value = canvas.luma[y * WIDTH + x];

      if (x < 40 || y < 30 || x >= 160 || y >= 120)
        ck_assert_int_eq (value, before[y * WIDTH + x]);
    }
  /* each pixel is the mean of four places around its middle */
  for (int y = 2; y < 88; y++)
    for (int x = 2; x < 118; x++) {
      int low = 255, high = 0;

      for (int i = 0; i < 9; i++) {
        int near = level->luma[(y + i / 3 - 1) * 120 + x + i % 3 - 1];

        low = near < low ? near : low;
        high = near > high ? near : high;
      }
      ck_assert_int_ge (canvas.luma[(y + 30) * WIDTH + x + 40], low - 1);
      ck_assert_int_le (canvas.luma[(y + 30) * WIDTH + x + 40], high + 1);
    }
  free_reference (&poster);
}
END_TEST

/* What the mask leaves out shows the background; half of the opacity, half of it. */
START_TEST (through_its_mask)
{
  DrawnPicture drawn = new_picture (80, 80);
  LinceView view = upright (100, 100, 80, 80);
  DrawnReference mark;

  memset (drawn.pixels, 0, 80 * 80 * 4);
  fill_rectangle (&drawn, 20, 20, 40, 40, 0xffffffff);
  mark = new_reference (drawn);
  ck_assert (lince_render_reference (&canvas, &mark.reference, &view));
  ck_assert_int_eq (canvas.luma[105 * WIDTH + 105], before[105 * WIDTH + 105]);
  ck_assert_int_ge (canvas.luma[140 * WIDTH + 140], 254);
  memcpy (canvas.luma, before, sizeof before);
  view.opacity = 0.5f;
  ck_assert (lince_render_reference (&canvas, &mark.reference, &view));
  ck_assert_int_le (
      abs (canvas.luma[140 * WIDTH + 140] - (255 + before[140 * WIDTH + 140]) / 2), 1);
  free_reference (&mark);
}
END_TEST

/* Chroma too, and in the range of video. */
START_TEST (in_colour)
{
  DrawnPicture drawn = new_picture (80, 80);
  LinceView view = upright (100, 100, 80, 80);
  DrawnReference mark;

  fill_rectangle (&drawn, 0, 0, 40, 80, 0xff0000ff);
  fill_rectangle (&drawn, 40, 0, 40, 80, 0x0000ffff);
  mark = new_reference (drawn);
  ck_assert (lince_render_reference (&canvas, &mark.reference, &view));
  /* BT.601: red is 76, 85, 255; blue 29, 255, 107 */
  ck_assert_int_le (abs (canvas.luma[140 * WIDTH + 120] - 76), 1);
  ck_assert_int_le (abs (canvas.cb[70 * WIDTH / 2 + 60] - 85), 1);
  ck_assert_int_ge (canvas.cr[70 * WIDTH / 2 + 60], 254);
  ck_assert_int_ge (canvas.cb[70 * WIDTH / 2 + 80], 254);
  ck_assert_int_le (abs (canvas.cr[70 * WIDTH / 2 + 80] - 107), 1);
  view.video_range = true;
  ck_assert (lince_render_reference (&canvas, &mark.reference, &view));
  ck_assert_int_le (abs (canvas.luma[140 * WIDTH + 120] - (16 + 76 * 219 / 255)), 1);
  ck_assert_int_le (abs (canvas.cr[70 * WIDTH / 2 + 60] - 240), 1);
  free_reference (&mark);
}
END_TEST

/* Blur takes contrast away, noise adds some, each by about what it says. */
START_TEST (blur_and_noise)
{
  DrawnReference poster = new_reference (draw_poster (120, 90, 5));
  LinceView view = upright (40, 30, 120, 90);
  double sharp, blurred;

  ck_assert (lince_render_reference (&canvas, &poster.reference, &view));
  sharp = deviation (42, 32, 116, 86);
  view.blur = 4;
  ck_assert (lince_render_reference (&canvas, &poster.reference, &view));
  blurred = deviation (42, 32, 116, 86);
  ck_assert_double_lt (blurred, 0.8 * sharp);
  memset (canvas.luma, 100, (size_t) WIDTH * HEIGHT);
  memset (poster.source.levels, 100, poster.source.levels_size);
  view.blur = 0;
  view.noise = 6;
  ck_assert (lince_render_reference (&canvas, &poster.reference, &view));
  /* even numbers from -6 to 6 */
  ck_assert_double_eq_tol (deviation (42, 32, 116, 86), sqrt ((13 * 13 - 1) / 12.0), 0.2);
  free_reference (&poster);
}
END_TEST

/* No outline that a camera could see: nothing is drawn. */
START_TEST (impossible_outline)
{
  DrawnReference poster = new_reference (draw_poster (120, 90, 5));
  LinceView view = upright (40, 30, 120, 90);
  LincePoint swap = view.corners[1];

  view.corners[1] = view.corners[3];
  view.corners[3] = swap;
  ck_assert (!lince_render_reference (&canvas, &poster.reference, &view));
  ck_assert_mem_eq (canvas.luma, before, sizeof before);
  free_reference (&poster);
}
END_TEST

static void
add (LinceIndexBuilder *builder, const char *id, DrawnPicture drawn)
{
  LinceError error = {0};

  ck_assert (lince_index_builder_add_object (builder, id, NULL, NULL, &error));
  ck_assert_msg (lince_index_builder_add_image (builder, id, id, &drawn.picture, NULL, &error),
      "%s", error.text);
  free_picture (&drawn);
}

/* The poster with another strip along its foot. */
static DrawnPicture
draw_sibling (uint32_t seed)
{
  DrawnPicture drawn = draw_poster (180, 240, 11), other = draw_poster (180, 240, seed);

  memcpy (drawn.pixels + 4 * 180 * 180, other.pixels + 4 * 180 * 180, 4 * 180 * 60);
  free_picture (&other);
  return drawn;
}

/* Strokes that nothing is left of when they are small. */
static DrawnPicture
draw_hair_lines (void)
{
  DrawnPicture drawn = new_picture (240, 240);

  for (int i = 0; i < 4; i++) {
    fill_rectangle (&drawn, 20 + 53 * i, 0, 1, 240, 0x000000ff);
    fill_rectangle (&drawn, 0, 31 + 49 * i, 240, 1, 0x000000ff);
  }
  return drawn;
}

enum { ALONE, COPY, HAIR, SIBLING_A, SIBLING_B, SIBLING_C, TWIN, IMAGES };

static LinceIndex *
make_collection (void)
{
  LinceIndexBuilder *builder = lince_index_builder_new (NULL);
  LinceIndex *index;

  add (builder, "alone", draw_poster (200, 200, 31));
  add (builder, "copy", draw_poster (220, 160, 32));
  add (builder, "hair", draw_hair_lines ());
  add (builder, "sibling-a", draw_sibling (41));
  add (builder, "sibling-b", draw_sibling (42));
  add (builder, "sibling-c", draw_sibling (43));
  add (builder, "twin", draw_poster (220, 160, 32));
  index = lince_index_builder_finish (builder, NULL);
  ck_assert_ptr_nonnull (index);
  lince_index_builder_free (builder);
  return index;
}

static bool
confused (const LinceSimulated *simulated, uint32_t object, bool equal)
{
  for (uint32_t i = 0; i < simulated->confusion_count; i++)
    if (simulated->confusions[i].object == object)
      return simulated->confusions[i].taken && simulated->confusions[i].equal == equal;
  return false;
}

START_TEST (what_references_are_good_for)
{
  LinceIndex *index = make_collection ();
  LinceSimulator *simulator = lince_simulator_new (index, NULL);
  LinceSimulated simulated[IMAGES], again;
  LinceError error = {0};

  for (uint32_t i = 0; i < IMAGES; i++)
    ck_assert_msg (lince_simulator_run (simulator, i, &simulated[i], &error), "%s", error.text);
  ck_assert (simulated[ALONE].recognized);
  ck_assert_int_eq (simulated[ALONE].least_width, simulated[ALONE].least_height);
  ck_assert_int_ge (simulated[ALONE].least_width, 12);
  ck_assert_int_lt (simulated[ALONE].least_width, 160);
  ck_assert_float_eq_tol (simulated[ALONE].least_share,
      powf ((float) simulated[ALONE].least_width, 2) / (1920 * 1080), 5e-4f);
  ck_assert_float_ge (simulated[ALONE].steepest, 35);
  ck_assert_float_le (simulated[ALONE].steepest, 75);
  ck_assert_float_lt (simulated[ALONE].fineness, 0.3f);
  ck_assert_uint_eq (simulated[ALONE].confusion_count, 0);
  ck_assert_float_gt (simulated[HAIR].fineness, 0.43f);
  ck_assert (confused (&simulated[COPY], TWIN, true));
  ck_assert (confused (&simulated[TWIN], COPY, true));
  ck_assert (simulated[COPY].recognized && simulated[TWIN].recognized);
  for (uint32_t i = SIBLING_A; i <= SIBLING_C; i++) {
    ck_assert (simulated[i].recognized);
    ck_assert_uint_eq (simulated[i].confusion_count, 2);
    for (uint32_t k = SIBLING_A; k <= SIBLING_C; k++)
      ck_assert (k == i || confused (&simulated[i], k, false));
    ck_assert_float_ge (simulated[i].confusions[0].likeness, simulated[i].confusions[1].likeness);
    ck_assert_float_lt (simulated[i].confusions[0].likeness, 1);
  }
  /* what was simulated before has no say */
  ck_assert (lince_simulator_run (simulator, ALONE, &again, &error));
  ck_assert_int_eq (again.least_width, simulated[ALONE].least_width);
  ck_assert_float_eq (again.steepest, simulated[ALONE].steepest);
  ck_assert_uint_eq (again.confusion_count, 0);
  ck_assert (!lince_simulator_run (simulator, IMAGES, &again, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  lince_simulator_free (simulator);
  lince_index_unref (index);
}
END_TEST

START_TEST (equal_pictures_have_equal_hashes)
{
  LinceIndex *index = make_collection ();
  uint64_t hashes[IMAGES];
  LinceError error = {0};

  for (uint32_t i = 0; i < IMAGES; i++)
    ck_assert (lince_simulate_hash (index, i, &hashes[i], &error));
  for (uint32_t i = 0; i < IMAGES; i++)
    for (uint32_t k = 0; k < i; k++)
      ck_assert_int_eq (hashes[i] == hashes[k], i == TWIN && k == COPY);
  ck_assert (!lince_simulate_hash (index, IMAGES, &hashes[0], &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  lince_index_unref (index);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("simulate");
  TCase *tests = tcase_create ("simulate");

  tcase_set_timeout (tests, 500);
  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, background);
  tcase_add_test (tests, in_place);
  tcase_add_test (tests, through_its_mask);
  tcase_add_test (tests, in_colour);
  tcase_add_test (tests, blur_and_noise);
  tcase_add_test (tests, impossible_outline);
  tcase_add_test (tests, what_references_are_good_for);
  tcase_add_test (tests, equal_pictures_have_equal_hashes);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
