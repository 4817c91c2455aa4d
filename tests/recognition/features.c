/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Keypoints and descriptors: golden vectors, and what must hold under turns, light and blur. */

#include "../suite.h"
#include "golden.h"
#include "recognition/extractor.h"
#include "recognition/pyramid.h"
#include "scene.h"

typedef struct {
  LincePool *pool;
  LincePyramid *pyramid;
  LinceExtractor extractor;
} Finder;

static Finder
find_from (const Grey *grey, uint32_t first, uint32_t limit)
{
  LinceFrame frame = frame_of (grey);
  Finder finder = {lince_pool_new (1, NULL), lince_pyramid_new (NULL), {.count = 0}};

  ck_assert (lince_extractor_init (&finder.extractor, limit, NULL));
  ck_assert (lince_pyramid_resize (finder.pyramid, &frame, NULL));
  lince_pyramid_build (finder.pyramid, &frame, finder.pool);
  ck_assert (lince_extractor_resize (&finder.extractor, finder.pyramid, 1, NULL));
  lince_extractor_run (&finder.extractor, finder.pyramid, first, limit, finder.pool, NULL);
  return finder;
}

static Finder
find (const Grey *grey, uint32_t limit)
{
  return find_from (grey, 0, limit);
}

static void
finder_clear (Finder *finder)
{
  lince_extractor_clear (&finder->extractor);
  lince_pyramid_free (finder->pyramid);
  lince_pool_free (finder->pool);
}

static int
distance (const LinceDescriptor *a, const LinceDescriptor *b)
{
  int sum = 0;

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    sum += __builtin_popcountll (a->words[w] ^ b->words[w]);
  return sum;
}

/* Rows: x, y (frame pixels), scale, angle, dark, then four counts of bits, one a word. */
START_TEST (keypoints_are_as_ever)
{
  static const double tolerances[] = {.3, .3, .1, -3, .1, 6, 6, 6, 6};
  Grey grey = draw_grey_poster (160, 120, 11);
  Finder finder = find (&grey, 120);
  Golden got = {.columns = 9};

  for (uint32_t i = 0; i < finder.extractor.count; i++) {
    const LinceKeypoint *keypoint = &finder.extractor.keypoints[i];
    const LinceDescriptor *descriptor = &finder.extractor.descriptors[i];
    double scale = (double) finder.extractor.scales.scales[keypoint->scale].scale_x;
    double row[9] = {(double) keypoint->x * scale, (double) keypoint->y * scale, scale,
        keypoint->angle, keypoint->dark};

    for (int w = 0; w < 4; w++)
      row[5 + w] = __builtin_popcountll (descriptor->words[w]);
    golden_add (&got, row);
  }
  golden_check (&got, "keypoints", tolerances);
  golden_clear (&got);
  finder_clear (&finder);
  grey_free (&grey);
}
END_TEST

/* The share of the keypoints of `a` that are found in `b`, where `map` puts them, with a descriptor
 * within 60 bits. */
static double
repeated (const Finder *a, const Finder *b, void (*map) (double *x, double *y))
{
  uint32_t found = 0;

  for (uint32_t i = 0; i < a->extractor.count; i++) {
    const LinceKeypoint *keypoint = &a->extractor.keypoints[i];
    double scale = (double) a->extractor.scales.scales[keypoint->scale].scale_x;
    double x = (double) keypoint->x * scale, y = (double) keypoint->y * scale;

    map (&x, &y);
    for (uint32_t j = 0; j < b->extractor.count; j++) {
      const LinceKeypoint *other = &b->extractor.keypoints[j];
      double size = (double) b->extractor.scales.scales[other->scale].scale_x;

      if (other->dark == keypoint->dark &&
          hypot ((double) other->x * size - x, (double) other->y * size - y) < 2 * scale &&
          distance (&a->extractor.descriptors[i], &b->extractor.descriptors[j]) <= 60) {
        found++;
        break;
      }
    }
  }
  return (double) found / a->extractor.count;
}

static void
stay (double *x, double *y)
{
}

/* A quarter turn of a picture 300 high. */
static void
quarter_turn (double *x, double *y)
{
  double old = *x;

  *x = 300 - *y;
  *y = old;
}

/* Searches that take turns see each keypoint once. */
START_TEST (shares_make_up_the_whole)
{
  Grey grey = draw_background (640, 360, 3);
  Finder whole = find (&grey, 800);
  uint32_t count = 0;

  ck_assert_uint_gt (whole.extractor.count, 250);
  for (uint32_t first = 0; first < 900; first += 100) {
    Finder share = find_from (&grey, first, 100);

    ck_assert_uint_le (share.extractor.count, 100);
    for (uint32_t i = 0; i < share.extractor.count && first + i < 800; i++, count++) {
      const LinceKeypoint *a = &share.extractor.keypoints[i];
      const LinceKeypoint *b = &whole.extractor.keypoints[first + i];

      ck_assert (a->x == b->x && a->y == b->y && a->scale == b->scale && a->angle == b->angle);
      ck_assert_int_eq (
          distance (&share.extractor.descriptors[i], &whole.extractor.descriptors[first + i]), 0);
    }
    finder_clear (&share);
  }
  ck_assert_uint_eq (count, whole.extractor.count);
  finder_clear (&whole);
  grey_free (&grey);
}
END_TEST

START_TEST (turned_pictures_look_the_same)
{
  Grey grey = draw_grey_poster (240, 300, 21), turned = grey_new (300, 240, 0);
  Finder a, b;

  for (int y = 0; y < 240; y++)
    for (int x = 0; x < 300; x++)
      turned.pixels[y * 300 + x] = grey.pixels[(299 - x) * 240 + y];
  a = find (&grey, 300);
  b = find (&turned, 1500);
  ck_assert_double_ge (repeated (&a, &b, quarter_turn), .9);
  finder_clear (&a);
  finder_clear (&b);
  grey_free (&grey);
  grey_free (&turned);
}
END_TEST

START_TEST (light_and_shade_make_little_difference)
{
  Grey grey = draw_grey_poster (240, 300, 22), dim = draw_grey_poster (240, 300, 22);
  Finder a = find (&grey, 300), b;

  for (int i = 0; i < 240 * 300; i++)
    dim.pixels[i] = (uint8_t) (dim.pixels[i] * 2 / 5 + 12);
  b = find (&dim, 1500);
  ck_assert_double_ge (repeated (&a, &b, stay), .85);
  finder_clear (&a);
  finder_clear (&b);
  grey_free (&grey);
  grey_free (&dim);
}
END_TEST

START_TEST (flat_pictures_have_none)
{
  Grey flat = grey_new (200, 200, 77), edge = grey_new (200, 200, 77);
  Finder a, b;

  for (int y = 0; y < 200; y++)
    memset (edge.pixels + y * 200, 200, 90);
  a = find (&flat, 300);
  b = find (&edge, 300);
  ck_assert_uint_eq (a.extractor.count, 0);
  ck_assert_uint_eq (b.extractor.count, 0);
  finder_clear (&a);
  finder_clear (&b);
  grey_free (&flat);
  grey_free (&edge);
}
END_TEST

/* Four in each cell, of a contrast of six levels when they are smoothed; or of one. */
START_TEST (faint_spots_are_found_as_long_as_they_have_contrast)
{
  for (int contrast = 2; contrast <= 8; contrast += 6) {
    Grey spots = grey_new (192, 192, 77);
    Finder finder;
    int found = 0;

    for (int i = 0; i < 9 * 144; i++)
      spots.pixels[(i / 9 / 12 * 16 + 7 + i % 9 / 3) * 192 + i / 9 % 12 * 16 + 7 + i % 3] +=
          (uint8_t) contrast;
    finder = find (&spots, 2000);
    for (uint32_t i = 0; i < finder.extractor.count; i++)
      found += finder.extractor.keypoints[i].scale == finder.extractor.scales.first;
    ck_assert_msg (found == (contrast == 8 ? 144 : 0), "contrast %d: %d found", contrast, found);
    finder_clear (&finder);
    grey_free (&spots);
  }
}
END_TEST

/* The comparisons are all different and every sample is used. */
START_TEST (pairs_are_sound)
{
  bool used[LINCE_DESCRIPTOR_SAMPLES] = {false};

  for (int i = 0; i < 256; i++) {
    ck_assert_uint_lt (lince_pairs.first[i], LINCE_DESCRIPTOR_SAMPLES);
    ck_assert_uint_lt (lince_pairs.second[i], LINCE_DESCRIPTOR_SAMPLES);
    ck_assert_uint_ne (lince_pairs.first[i], lince_pairs.second[i]);
    used[lince_pairs.first[i]] = used[lince_pairs.second[i]] = true;
    for (int j = 0; j < i; j++)
      ck_assert (lince_pairs.first[i] != lince_pairs.first[j] ||
                 lince_pairs.second[i] != lince_pairs.second[j]);
  }
  for (int i = 0; i < LINCE_DESCRIPTOR_SAMPLES; i++)
    ck_assert_msg (used[i], "sample %d", i);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("features");
  TCase *tests = tcase_create ("all");

  tcase_add_test (tests, keypoints_are_as_ever);
  tcase_add_test (tests, shares_make_up_the_whole);
  tcase_add_test (tests, turned_pictures_look_the_same);
  tcase_add_test (tests, light_and_shade_make_little_difference);
  tcase_add_test (tests, flat_pictures_have_none);
  tcase_add_test (tests, faint_spots_are_found_as_long_as_they_have_contrast);
  tcase_add_test (tests, pairs_are_sound);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
