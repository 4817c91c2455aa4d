/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The pyramid and the scale space on top of it: sizes, scales, values, scan and sample step. */
#include "../suite.h"
#include "recognition/kernels/kernels.h"
#include "recognition/pyramid.h"
#include "recognition/scales.h"

#include "scene.h"

static LincePool *pool;
static LincePyramid *pyramid;

static void
setup (void)
{
  pool = lince_pool_new (2, NULL);
  pyramid = lince_pyramid_new (NULL);
  ck_assert (pool != NULL && pyramid != NULL);
}

static void
teardown (void)
{
  lince_pyramid_free (pyramid);
  lince_pool_free (pool);
}

static void
build (const LinceFrame *frame)
{
  LinceError error = {0};

  ck_assert_msg (lince_pyramid_resize (pyramid, frame, &error), "%s", error.text);
  lince_pyramid_build (pyramid, frame, pool);
}

static int
value (const LinceGrey *grey, int x, int y)
{
  return grey->data[y * grey->stride + x];
}

/* Every sample of every octave is the rounded mean of the four below it. */
static void
check_means (void)
{
  for (int o = 1; o < lince_pyramid_octave_count (pyramid); o++) {
    const LinceGrey *fine = &lince_pyramid_octave (pyramid, o - 1)->grey;
    const LinceGrey *coarse = &lince_pyramid_octave (pyramid, o)->grey;

    ck_assert_int_eq (coarse->width, fine->width / 2);
    ck_assert_int_eq (coarse->height, fine->height / 2);
    for (int y = 0; y < coarse->height; y++)
      for (int x = 0; x < coarse->width; x++)
        ck_assert_int_eq (value (coarse, x, y),
            (value (fine, 2 * x, 2 * y) + value (fine, 2 * x + 1, 2 * y) +
                value (fine, 2 * x, 2 * y + 1) + value (fine, 2 * x + 1, 2 * y + 1) + 2) /
                4);
  }
}

START_TEST (octaves_are_means)
{
  static const int sizes[][2] = {{64, 64}, {65, 67}, {333, 129}, {640, 362}, {127, 1000}};

  for (int i = 0; i < 5; i++) {
    Grey grey = draw_grey_poster (sizes[i][0], sizes[i][1], 3 + (uint32_t) i);
    LinceFrame frame = frame_of (&grey);
    const LincePyramidLevel *last;

    build (&frame);
    check_means ();
    last = lince_pyramid_octave (pyramid, lince_pyramid_octave_count (pyramid) - 1);
    ck_assert_int_ge (
        last->grey.width < last->grey.height ? last->grey.width : last->grey.height, 8);
    ck_assert_float_eq (last->scale_x, (float) (1 << (lince_pyramid_octave_count (pyramid) - 1)));
    grey_free (&grey);
  }
}
END_TEST

START_TEST (octave_0_is_the_frame_itself)
{
  Grey grey = draw_grey_poster (200, 100, 1);
  LinceFrame frame = frame_of (&grey);

  build (&frame);
  ck_assert_ptr_eq (lince_pyramid_octave (pyramid, 0)->grey.data, grey.pixels);
  grey_free (&grey);
}
END_TEST

START_TEST (packed_and_upside_down_samples_are_narrowed)
{
  Grey grey = draw_grey_poster (150, 90, 2);
  uint8_t *packed = malloc (150 * 90 * 2);
  LinceFrame frame = {.width = 150, .height = 90};

  for (int y = 0; y < 90; y++)
    for (int x = 0; x < 150; x++) {
      packed[((89 - y) * 150 + x) * 2] = 17;
      packed[((89 - y) * 150 + x) * 2 + 1] = grey.pixels[y * 150 + x];
    }
  frame.luma = (LincePlane){packed + 89 * 300 + 1, -300, 2};
  build (&frame);
  for (int y = 0; y < 90; y++)
    for (int x = 0; x < 150; x++)
      ck_assert_int_eq (
          value (&lince_pyramid_octave (pyramid, 0)->grey, x, y), grey.pixels[y * 150 + x]);
  check_means ();
  free (packed);
  grey_free (&grey);
}
END_TEST

/* Chroma of 4:2:0, two samples side by side as in NV12, of both fields. */
START_TEST (chroma_has_octaves_of_its_own)
{
  Grey grey = draw_grey_poster (128, 96, 4), chroma = draw_grey_poster (128, 48, 5);
  LinceFrame frame = frame_of (&grey);

  build (&frame);
  ck_assert_int_eq (lince_pyramid_chroma_count (pyramid), 0);
  frame.chroma_width = 64;
  frame.chroma_height = 48;
  frame.cb = (LincePlane){chroma.pixels, 128, 2};
  frame.cr = (LincePlane){chroma.pixels + 1, 128, 2};
  for (int interlaced = 0; interlaced < 2; interlaced++) {
    const LincePyramidLevel *level;

    frame.interlaced = interlaced;
    build (&frame);
    ck_assert_int_ge (lince_pyramid_chroma_count (pyramid), 2);
    for (int c = 0; c < 2; c++) {
      level = lince_pyramid_chroma (pyramid, c, 0);
      ck_assert_int_eq (level->grey.width, 64);
      ck_assert_int_eq (level->grey.height, interlaced ? 24 : 48);
      ck_assert_float_eq (level->scale_x, 2.f);
      ck_assert_float_eq (level->scale_y, interlaced ? 4.f : 2.f);
      for (int y = 0; y < level->grey.height; y++)
        for (int x = 0; x < 64; x++)
          ck_assert_int_eq (value (&level->grey, x, y),
              chroma.pixels[(interlaced ? 2 * y : y) * 128 + 2 * x + c]);
      ck_assert_float_eq (lince_pyramid_chroma (pyramid, c, 1)->scale_y, 4.f);
    }
  }
  grey_free (&grey);
  grey_free (&chroma);
}
END_TEST

START_TEST (only_the_top_field_is_seen)
{
  Grey grey = draw_grey_poster (128, 96, 4);
  LinceFrame frame = frame_of (&grey);
  const LincePyramidLevel *field, *square;

  for (int y = 1; y < 96; y += 2)
    memset (grey.pixels + y * 128, 255, 128);
  frame.interlaced = true;
  build (&frame);
  field = lince_pyramid_octave (pyramid, 0);
  square = lince_pyramid_octave (pyramid, 1);
  ck_assert_int_eq (field->grey.height, 48);
  ck_assert_float_eq (field->scale_x, 1);
  ck_assert_float_eq (field->scale_y, 2);
  ck_assert_float_eq (square->scale_x, 2);
  ck_assert_float_eq (square->scale_y, 2);
  ck_assert_int_eq (square->grey.height, 48);
  for (int y = 0; y < 48; y++)
    for (int x = 0; x < 64; x++) {
      const uint8_t *row = grey.pixels + 2 * y * 128 + 2 * x;

      ck_assert_int_eq (value (&field->grey, 2 * x, y), row[0]);
      ck_assert_int_eq (value (&square->grey, x, y), (row[0] + row[1] + 1) / 2);
    }
  grey_free (&grey);
}
END_TEST

START_TEST (impossible_frames_are_refused)
{
  Grey grey = draw_grey_poster (64, 64, 5);
  LinceFrame frame = frame_of (&grey);
  LinceError error = {0};

  build (&frame);
  frame.width = 4;
  ck_assert (!lince_pyramid_resize (pyramid, &frame, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  frame.width = 20000;
  ck_assert (!lince_pyramid_resize (pyramid, &frame, &error));
  frame = frame_of (&grey);
  frame.luma.data = NULL;
  ck_assert (!lince_pyramid_resize (pyramid, &frame, &error));
  /* as before */
  ck_assert_int_eq (lince_pyramid_octave (pyramid, 0)->grey.width, 64);
  grey_free (&grey);
}
END_TEST

/* A ramp stays a ramp at every scale: each scale's samples lie where its numbers say. */
static void
check_ramp (bool vertical)
{
  Grey grey = grey_new (240, 240, 0);
  LinceFrame frame = frame_of (&grey);
  LinceScales scales = {0};

  for (int y = 0; y < 240; y++)
    for (int x = 0; x < 240; x++)
      grey.pixels[y * 240 + x] = (uint8_t) (vertical ? y : x);
  build (&frame);
  ck_assert (lince_scales_resize (&scales, pyramid, 2, NULL));
  lince_scales_build (&scales, pyramid, pool);
  ck_assert_int_ge (scales.end, 5);
  for (int s = 0; s < scales.end; s++) {
    const LinceScale *scale = &scales.scales[s];

    ck_assert_float_eq (scale->scale_x, (float) (1 << (s / 2)) * (s % 2 ? 1.5f : 1.f));
    for (int y = 4; y < scale->height - 4; y++)
      for (int x = 4; x < scale->width - 4; x++)
        /* each octave rounds halves up, a fourth of a grey level on average */
        ck_assert_double_eq_tol (scale->pixels[y * scale->stride + x],
            ((vertical ? y : x) + .5) * (double) scale->scale_x - .5 + .25 * (s / 2), .76);
  }
  lince_scales_clear (&scales);
  grey_free (&grey);
}

START_TEST (scales_keep_their_places)
{
  check_ramp (true);
  check_ramp (false);
}
END_TEST

START_TEST (borders_repeat_the_edge)
{
  Grey grey = draw_grey_poster (300, 240, 6);
  LinceFrame frame = frame_of (&grey);
  LinceScales scales = {0};

  build (&frame);
  ck_assert (lince_scales_resize (&scales, pyramid, 2, NULL));
  lince_scales_build (&scales, pyramid, pool);
  for (int s = 0; s < scales.end; s++) {
    const LinceScale *scale = &scales.scales[s];
    const uint8_t *last = scale->pixels + (scale->height - 1) * scale->stride + scale->width - 1;

    for (int i = 1; i <= LINCE_SMOOTH_BORDER; i++) {
      ck_assert_int_eq (scale->pixels[-i], scale->pixels[0]);
      ck_assert_int_eq (scale->pixels[-i * scale->stride - i], scale->pixels[0]);
      ck_assert_int_eq (last[i * scale->stride + i], last[0]);
    }
  }
  lince_scales_clear (&scales);
  grey_free (&grey);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("pyramid");
  TCase *tests = tcase_create ("all");

  tcase_add_checked_fixture (tests, setup, teardown);
  tcase_add_test (tests, octaves_are_means);
  tcase_add_test (tests, octave_0_is_the_frame_itself);
  tcase_add_test (tests, packed_and_upside_down_samples_are_narrowed);
  tcase_add_test (tests, only_the_top_field_is_seen);
  tcase_add_test (tests, chroma_has_octaves_of_its_own);
  tcase_add_test (tests, impossible_frames_are_refused);
  tcase_add_test (tests, scales_keep_their_places);
  tcase_add_test (tests, borders_repeat_the_edge);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
