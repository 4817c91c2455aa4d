/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The mark generator, stage by stage: regions, their shapes, the search, bad blocks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "allocations.h"
#include "golden.h"
#include "recognition/mark_match.h"
#include "recognition/mark_search.h"

#define WIDTH 640
#define HEIGHT 480
#define SIDE 120
#define MARKS 3

/* Whether a point of the unit square belongs to mark `number`. */
static bool
is_inside (uint32_t number, float x, float y)
{
  float dx = x - .4f, dy = y - .4f;

  switch (number) {
    case 0: /* a ring with a tail */
      return (dx * dx + dy * dy < .1f && dx * dx + dy * dy > .03f) ||
             (x > .6f && x < .9f && y > .7f && y < .85f);
    case 1: /* an angle and a dot */
      return (x > .15f && x < .3f && y > .1f && y < .9f) ||
             (x > .15f && x < .8f && y > .75f && y < .9f) || hypotf (x - .65f, y - .3f) < .12f;
    case 3: /* a lollipop */
      return hypotf (x - .5f, y - .35f) < .25f || (x > .44f && x < .56f && y > .35f && y < .95f);
    default: /* two arrows */
      return (y > .1f && y < .5f && x > .1f && x < .1f + 2 * (y - .1f)) ||
             (y > .6f && y < .9f && x > .5f && x < .9f - (y - .6f));
  }
}

/* Picture (side SIDE) to frame: (u, v) = origin + matrix (x, y). Four samples a pixel and side. */
static void
draw (uint8_t *pixels, int width, int height, uint32_t number, const float matrix[4],
    const float origin[2], int value)
{
  float det = matrix[0] * matrix[3] - matrix[1] * matrix[2];

  for (int v = 0; v < height; v++)
    for (int u = 0; u < width; u++) {
      int inside = 0;

      for (int s = 0; s < 16; s++) {
        float du = (float) u + (float) (s % 4) / 4 + .125f - origin[0];
        float dv = (float) v + (float) (s / 4) / 4 + .125f - origin[1];
        float x = (matrix[3] * du - matrix[1] * dv) / det / SIDE;
        float y = (matrix[0] * dv - matrix[2] * du) / det / SIDE;

        inside += x >= 0 && x < 1 && y >= 0 && y < 1 && is_inside (number, x, y);
      }
      pixels[v * width + u] =
          (uint8_t) ((pixels[v * width + u] * (16 - inside) + value * inside) / 16);
    }
}

static const float identity[4] = {1, 0, 0, 1}, nowhere[2] = {0, 0};

static void
find (LinceRegionFinder **finder, const uint8_t *pixels, int width, int height)
{
  LinceGrey grey = {pixels, width, width, height};
  LinceRegionRule rule = {
      .step = 8, .phase = 4, .least = 30, .most = .5f, .side = 5, .min_levels = 2};

  *finder = lince_region_finder_new (NULL);
  ck_assert (lince_region_finder_resize (*finder, width, height, 64, NULL));
  lince_region_find (*finder, &grey, &rule);
}

START_TEST (regions_of_drawn_shapes)
{
  static uint8_t pixels[200 * 100];
  LinceRegionFinder *finder;
  const LinceRegion *regions;
  const LinceRun *runs;
  uint32_t count, pixels_of_runs = 0;

  memset (pixels, 50, sizeof pixels);
  for (int y = 20; y < 60; y++) /* a frame 40 x 40 with a hole of 20 x 20, and one cut off */
    for (int x = 30; x < 70; x++)
      if (y < 30 || y >= 50 || x < 40 || x >= 60)
        pixels[y * 200 + x] = 150;
  for (int y = 70; y < 100; y++)
    memset (pixels + y * 200 + 100, 200, 30);
  find (&finder, pixels, 200, 100);
  regions = lince_regions (finder, &count);
  ck_assert_uint_eq (count, 2);
  for (uint32_t i = 0; i < count; i++) {
    const LinceRegion *region = &regions[i];
    float side = region->dark ? 20 : 40;

    ck_assert_uint_eq (region->area, region->dark ? 400 : 1200);
    ck_assert_float_eq_tol (region->x, 50, 1e-3f);
    ck_assert_float_eq_tol (region->y, 40, 1e-3f);
    ck_assert_float_eq_tol (region->xy, 0, 1e-2f);
    ck_assert_float_eq_tol (region->xx, region->yy, 1e-2f);
    ck_assert_int_eq (region->right - region->left, (int) side);
    ck_assert_int_eq (region->bottom - region->top, (int) side);
    runs = lince_region_runs (finder, region);
    pixels_of_runs = 0;
    for (uint32_t r = 0; r < region->run_count; r++)
      pixels_of_runs += (uint32_t) (runs[r].x1 - runs[r].x0);
    ck_assert_uint_eq (pixels_of_runs, region->area);
    /* 50 to 150 in steps of 8 */
    ck_assert_int_ge (region->levels, 12);
  }
  ck_assert_uint_ne (regions[0].dark, regions[1].dark);
  lince_region_finder_free (finder);
}
END_TEST

/* Regions of random noise against a flood fill of every level's parts. */
static uint32_t
flood (const uint8_t *pixels, uint8_t *seen, int width, int height, int at, int level, bool *border)
{
  static int stack[64 * 64];
  bool bright = pixels[at] >= level;
  uint32_t area = 0;
  int count = 0;

  *border = false;
  stack[count++] = at;
  seen[at] = 1;
  while (count > 0) {
    int p = stack[--count], x = p % width, y = p / width;
    const int near[4][2] = {{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}};

    area++;
    *border = *border || x == 0 || y == 0 || x + 1 == width || y + 1 == height;
    for (int n = 0; n < 4; n++) {
      int q = near[n][1] * width + near[n][0];

      if (near[n][0] < 0 || near[n][1] < 0 || near[n][0] >= width || near[n][1] >= height ||
          seen[q] || (pixels[q] >= level) != bright)
        continue;
      seen[q] = 1;
      stack[count++] = q;
    }
  }
  return area;
}

START_TEST (regions_are_connected_parts)
{
  static uint8_t pixels[61 * 47], seen[61 * 47];
  LinceRegionFinder *finder = lince_region_finder_new (NULL);
  LinceGrey grey = {pixels, 61, 61, 47};
  /* one level alone */
  LinceRegionRule rule = {
      .step = 200, .phase = 128, .least = 4, .most = 1, .side = 1, .min_levels = 1};
  uint32_t state = 7;

  ck_assert (lince_region_finder_resize (finder, 61, 47, 512, NULL));
  for (int round = 0; round < 20; round++) {
    const LinceRegion *regions;
    uint64_t sum = 0, expected = 0;
    uint32_t count, parts = 0;

    for (int i = 0; i < 61 * 47; i++) {
      state = state * 1664525u + 1013904223u;
      pixels[i] = (uint8_t) (state >> 24);
    }
    lince_region_find (finder, &grey, &rule);
    regions = lince_regions (finder, &count);
    for (uint32_t i = 0; i < count; i++)
      sum += (uint64_t) regions[i].area * regions[i].area;
    memset (seen, 0, sizeof seen);
    for (int i = 0; i < 61 * 47; i++) {
      bool border;
      uint32_t area = seen[i] ? 0 : flood (pixels, seen, 61, 47, i, 128, &border);

      if (area >= 4 && !border) {
        parts++;
        expected += (uint64_t) area * area;
      }
    }
    ck_assert_uint_eq (count, parts);
    ck_assert_uint_eq (sum, expected);
  }
  lince_region_finder_free (finder);
}
END_TEST

/* As the planes of 4:1:1 do, in one finder. */
START_TEST (wide_and_high_pictures_take_turns)
{
  enum { LONG = 600, SHORT = 24 };
  static uint8_t pixels[LONG * SHORT];
  LinceRegionFinder *both = lince_region_finder_new (NULL);
  LinceRegionRule rule = {
      .step = 8, .phase = 4, .least = 4, .most = .5f, .side = 1, .min_levels = 1};
  uint32_t state = 7;

  for (int i = 0; i < LONG * SHORT; i++) {
    state = state * 1664525u + 1013904223u;
    pixels[i] = (uint8_t) (state >> 24);
  }
  ck_assert (lince_region_finder_resize (both, LONG, SHORT, 900, NULL));
  ck_assert (lince_region_finder_resize (both, SHORT, LONG, 900, NULL));
  for (int high = 0; high < 2; high++) {
    int width = high ? SHORT : LONG, height = high ? LONG : SHORT;
    LinceGrey grey = {pixels, width, width, height};
    LinceRegionFinder *own = lince_region_finder_new (NULL);
    const LinceRegion *expected, *got;
    uint32_t count, got_count;

    ck_assert (lince_region_finder_resize (own, width, height, 900, NULL));
    lince_region_find (own, &grey, &rule);
    lince_region_find (both, &grey, &rule);
    expected = lince_regions (own, &count);
    got = lince_regions (both, &got_count);
    ck_assert_uint_gt (count, 20);
    ck_assert_uint_eq (got_count, count);
    ck_assert_mem_eq (got, expected, count * sizeof *got);
    lince_region_finder_free (own);
  }
  lince_region_finder_free (both);
}
END_TEST

static uint32_t
bits_apart (const LinceDescriptor *a, const LinceDescriptor *b)
{
  uint32_t sum = 0;

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    sum += (uint32_t) __builtin_popcountll (a->words[w] ^ b->words[w]);
  return sum;
}

/* Describes the largest bright region in the frame that harmonic 1 turns. */
static LinceDescriptor
describe_largest (const uint8_t *pixels, LinceFrameOfShape *frame)
{
  LinceRegionFinder *finder;
  const LinceRegion *regions, *largest = NULL;
  LinceDescriptor descriptor;
  LinceShapePhases phases;
  LinceShapeMask mask;
  uint32_t count;

  find (&finder, pixels, WIDTH, HEIGHT);
  regions = lince_regions (finder, &count);
  for (uint32_t i = 0; i < count; i++)
    if (!regions[i].dark && (largest == NULL || regions[i].area > largest->area))
      largest = &regions[i];
  ck_assert_ptr_nonnull (largest);
  lince_shape_mask (largest, lince_region_runs (finder, largest), &mask);
  ck_assert (lince_shape_frame (largest, frame));
  lince_shape_phases (largest, lince_region_runs (finder, largest), frame, &phases);
  *frame = lince_shape_turn (frame, phases.turn[0]);
  lince_shape_describe (&mask, frame, &descriptor);
  lince_region_finder_free (finder);
  return descriptor;
}

START_TEST (shapes_are_covariant)
{
  static const float maps[][4] = {{2, 0, 0, 2}, {1.2f, -.9f, .9f, 1.2f}, {1.5f, .4f, -.2f, 1},
      {-1.3f, .2f, 0, -1.1f}, {.1f, -1.4f, 1.8f, .2f}};
  static uint8_t pixels[WIDTH * HEIGHT];
  const float origin[2] = {200, 150}, away[2] = {320, 240};
  LinceFrameOfShape frame, first;
  LinceDescriptor upright, ring;

  memset (pixels, 60, sizeof pixels);
  draw (pixels, WIDTH, HEIGHT, 3, maps[0], origin, 180);
  upright = describe_largest (pixels, &first);
  for (size_t i = 1; i < sizeof maps / sizeof maps[0]; i++) {
    const float *m = maps[i];
    LinceDescriptor turned;
    float x, y;

    memset (pixels, 60, sizeof pixels);
    draw (pixels, WIDTH, HEIGHT, 3, m, away, 180);
    turned = describe_largest (pixels, &frame);
    ck_assert_uint_le (bits_apart (&upright, &turned), 16);
    /* the frames give the map back: the picture's frame by the first map, this one's by this */
    x = (first.x - origin[0]) / 2;
    y = (first.y - origin[1]) / 2;
    ck_assert_float_eq_tol (frame.x, away[0] + m[0] * x + m[1] * y, 1);
    ck_assert_float_eq_tol (frame.y, away[1] + m[2] * x + m[3] * y, 1);
    x = (m[0] * first.a + m[1] * first.c) / 2;
    y = (m[2] * first.a + m[3] * first.c) / 2;
    ck_assert_float_ge (
        (x * frame.a + y * frame.c) / hypotf (x, y) / hypotf (frame.a, frame.c), .995f);
    ck_assert_float_eq_tol (frame.a * frame.d - frame.b * frame.c,
        (m[0] * m[3] - m[1] * m[2]) / 4 * (first.a * first.d - first.b * first.c), 20);
  }
  /* another shape is another description */
  memset (pixels, 60, sizeof pixels);
  draw (pixels, WIDTH, HEIGHT, 0, maps[0], origin, 180);
  ring = describe_largest (pixels, &frame);
  ck_assert_uint_gt (bits_apart (&upright, &ring), 60);
}
END_TEST

/* The marks, compiled. */
static void *
compile_marks (LinceMarks *marks)
{
  static uint8_t luma[SIDE * SIDE], grey[SIDE * SIDE], mask[SIDE * SIDE];
  LinceFeatures features[MARKS];
  void *block;
  size_t size;

  memset (grey, 128, sizeof grey);
  for (uint32_t i = 0; i < MARKS; i++) {
    LinceMarkPicture picture = {luma, grey, grey, mask, SIDE, SIDE};

    memset (luma, 90, sizeof luma);
    memset (mask, 0, sizeof mask);
    draw (mask, SIDE, SIDE, i, identity, nowhere, 255);
    ck_assert (lince_mark_enrol (&picture, &features[i], NULL));
    ck_assert_uint_gt (features[i].count, 0);
  }
  ck_assert (lince_mark_compile (features, MARKS, &block, &size, NULL));
  ck_assert (lince_mark_open (marks, block, size, MARKS, NULL));
  for (uint32_t i = 0; i < MARKS; i++)
    lince_features_clear (&features[i]);
  return block;
}

static uint32_t
search_frame (const uint8_t *pixels, const LinceMarks *marks, const LinceMarkPlan *plan,
    uint32_t threads, LinceHypothesis *hypotheses)
{
  LinceFrame frame = {.width = WIDTH, .height = HEIGHT, .luma = {pixels, WIDTH, 1}};
  LinceMarkSearch *search = lince_mark_search_new (NULL);
  LincePyramid *pyramid = lince_pyramid_new (NULL);
  LincePool *pool = lince_pool_new (threads, NULL);
  unsigned long before;
  uint32_t count;

  ck_assert (lince_pyramid_resize (pyramid, &frame, NULL));
  ck_assert (lince_mark_search_resize (search, pyramid, marks, threads, NULL));
  lince_pyramid_build (pyramid, &frame, pool);
  before = allocations;
  count = lince_mark_search_run (search, pyramid, marks, plan, pool, NULL, hypotheses);
  ck_assert_uint_eq (allocations, before);
  lince_mark_search_free (search);
  lince_pyramid_free (pyramid);
  lince_pool_free (pool);
  return count;
}

/* Whether a hypothesis has every corner of mark `number` within `reach` of where it was drawn. */
static bool
is_found (const LinceHypothesis *hypotheses, uint32_t count, uint32_t number, const float matrix[4],
    const float origin[2], double reach)
{
  for (uint32_t i = 0; i < count; i++) {
    const double *h = hypotheses[i].homography;
    double worst = 0;

    for (int c = 0; c < 4; c++) {
      double x = c == 1 || c == 2 ? SIDE : 0, y = c >= 2 ? SIDE : 0;
      double du = h[0] * x + h[1] * y + h[2] - (double) origin[0] - (double) matrix[0] * x -
                  (double) matrix[1] * y;
      double dv = h[3] * x + h[4] * y + h[5] - (double) origin[1] - (double) matrix[2] * x -
                  (double) matrix[3] * y;

      worst = fmax (worst, hypot (du, dv));
    }
    if (hypotheses[i].image == number && worst <= reach)
      return true;
  }
  return false;
}

static const float places[MARKS][4] = {
    {1.4f, -.2f, .3f, 1.2f}, {1.1f, .35f, -.3f, 1.2f}, {1, 0, .2f, 1.5f}};
static const float origins[MARKS][2] = {{60, 30}, {350, 80}, {250, 270}};

static void
draw_scene (uint8_t *pixels)
{
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      pixels[y * WIDTH + x] =
          (uint8_t) (100 + 12 * sinf ((float) x / 37) + 12 * sinf ((float) (y + x) / 23));
  for (uint32_t i = 0; i < MARKS; i++) /* one darker than its ground */
    draw (pixels, WIDTH, HEIGHT, i, places[i], origins[i], i == 1 ? 30 : 190);
}

static uint32_t
count_bits (uint64_t word)
{
  return (uint32_t) __builtin_popcountll (word);
}

/* Rows of regions: centroid, area, side, levels, dark. Rows of shapes: the same centroid, the
 * frame, the strength of two harmonics, and four counts of bits, one a word. */
START_TEST (regions_and_shapes_are_as_ever)
{
  static const double of_regions[] = {.2, .2, 8, 1, 1, .1};
  static const double of_shapes[] = {.2, .2, .2, .2, .2, .2, .02, .02, 4, 4, 4, 4};
  static uint8_t pixels[WIDTH * HEIGHT];
  Golden regions_got = {.columns = 6}, shapes_got = {.columns = 12};
  LinceRegionFinder *finder;
  const LinceRegion *regions;
  uint32_t count;

  draw_scene (pixels);
  find (&finder, pixels, WIDTH, HEIGHT);
  regions = lince_regions (finder, &count);
  for (uint32_t i = 0; i < count; i++) {
    const LinceRegion *r = &regions[i];
    const LinceRun *runs = lince_region_runs (finder, r);
    LinceFrameOfShape frame;
    LinceShapePhases phases;
    LinceShapeMask mask;
    LinceDescriptor descriptor;

    golden_add (&regions_got,
        (double[]){(double) r->x, (double) r->y, r->area, r->right - r->left, r->levels, r->dark});
    if (!lince_shape_frame (r, &frame))
      continue;
    lince_shape_mask (r, runs, &mask);
    lince_shape_phases (r, runs, &frame, &phases);
    lince_shape_describe (&mask, &frame, &descriptor);
    golden_add (
        &shapes_got, (double[]){(double) frame.x, (double) frame.y, (double) frame.a,
                         (double) frame.b, (double) frame.c, (double) frame.d,
                         (double) phases.strength[0], (double) phases.strength[1],
                         count_bits (descriptor.words[0]), count_bits (descriptor.words[1]),
                         count_bits (descriptor.words[2]), count_bits (descriptor.words[3])});
  }
  golden_check (&regions_got, "regions", of_regions);
  golden_check (&shapes_got, "shapes", of_shapes);
  golden_clear (&regions_got);
  golden_clear (&shapes_got);
  lince_region_finder_free (finder);
}
END_TEST

/* Rows: mark, the affine map, score, of the best hypotheses. */
START_TEST (hypotheses_are_as_ever)
{
  static const double tolerances[] = {.1, .02, .02, 1, .02, .02, 1, .05};
  static uint8_t pixels[WIDTH * HEIGHT];
  LinceHypothesis hypotheses[LINCE_MARK_HYPOTHESES];
  Golden got = {.columns = 8};
  LinceMarkPlan plan = {0};
  LinceMarks marks;
  void *block = compile_marks (&marks);
  uint32_t count;

  draw_scene (pixels);
  count = search_frame (pixels, &marks, &plan, 1, hypotheses);
  ck_assert_uint_ge (count, 8);
  for (uint32_t i = 0; i < 8; i++) {
    const double *h = hypotheses[i].homography;

    golden_add (&got, (double[]){hypotheses[i].image, h[0], h[1], h[2], h[3], h[4], h[5],
                          (double) hypotheses[i].score});
  }
  golden_check (&got, "marks", tolerances);
  golden_clear (&got);
  free (block);
}
END_TEST

START_TEST (marks_are_found)
{
  static uint8_t pixels[WIDTH * HEIGHT];
  LinceHypothesis hypotheses[LINCE_MARK_HYPOTHESES];
  LinceMarkPlan plan = {0};
  LinceMarks marks;
  void *block = compile_marks (&marks);
  uint32_t count;

  draw_scene (pixels);
  count = search_frame (pixels, &marks, &plan, 1, hypotheses);
  for (uint32_t i = 0; i < MARKS; i++)
    ck_assert_msg (
        is_found (hypotheses, count < 8 ? count : 8, i, places[i], origins[i], 30), "mark %u", i);
  plan.upright_only = true;
  count = search_frame (pixels, &marks, &plan, 1, hypotheses);
  ck_assert_uint_gt (count, 1);
  for (uint32_t i = 0; i < count; i++) {
    const double *h = hypotheses[i].homography;

    ck_assert (i == 0 || hypotheses[i - 1].score >= hypotheses[i].score);
    ck_assert_double_eq_tol (h[4] / h[0], 1, .25);
  }
  memset (pixels, 100, sizeof pixels);
  ck_assert_uint_eq (search_frame (pixels, &marks, &plan, 1, hypotheses), 0);
  free (block);
}
END_TEST

/* The index of one picture. */
static void *
compile_one (const uint8_t *luma, const uint8_t *mask, LinceMarks *marks)
{
  static uint8_t grey[SIDE * SIDE];
  LinceMarkPicture picture = {luma, grey, grey, mask, SIDE, SIDE};
  LinceFeatures features;
  void *block;
  size_t size;

  memset (grey, 128, sizeof grey);
  ck_assert (lince_mark_enrol (&picture, &features, NULL));
  ck_assert (lince_mark_compile (&features, 1, &block, &size, NULL));
  ck_assert (lince_mark_open (marks, block, size, 1, NULL));
  lince_features_clear (&features);
  return block;
}

/* A mark of one region alone, without ground. */
START_TEST (one_region_is_enough)
{
  static uint8_t pixels[WIDTH * HEIGHT], luma[SIDE * SIDE], mask[SIDE * SIDE];
  const float matrix[4] = {1.2f, .3f, -.4f, 1.1f}, origin[2] = {240, 200};
  LinceHypothesis hypotheses[LINCE_MARK_HYPOTHESES];
  LinceMarkPlan plan = {0};
  LinceMarks marks;
  uint32_t count;
  void *block;

  memset (luma, 200, sizeof luma);
  draw (mask, SIDE, SIDE, 3, identity, nowhere, 255);
  block = compile_one (luma, mask, &marks);
  memset (pixels, 90, sizeof pixels);
  draw (pixels, WIDTH, HEIGHT, 3, matrix, origin, 130);
  count = search_frame (pixels, &marks, &plan, 1, hypotheses);
  ck_assert (is_found (hypotheses, count < 3 ? count : 3, 0, matrix, origin, 8));
  free (block);
}
END_TEST

/* Inside a mark it matters which side of an edge is brighter. */
START_TEST (edges_have_signs)
{
  static uint8_t pixels[WIDTH * HEIGHT], luma[SIDE * SIDE];
  const float matrix[4] = {1.2f, .1f, -.1f, 1.1f}, origin[2] = {240, 200};
  LinceHypothesis hypotheses[LINCE_MARK_HYPOTHESES];
  LinceMarkPlan plan = {0};
  float scores[2];
  LinceMarks marks;
  void *block;

  memset (luma, 60, sizeof luma);
  draw (luma, SIDE, SIDE, 1, identity, nowhere, 180);
  block = compile_one (luma, NULL, &marks);
  for (int inverse = 0; inverse < 2; inverse++) {
    memset (pixels, inverse ? 180 : 60, sizeof pixels);
    draw (pixels, WIDTH, HEIGHT, 1, matrix, origin, inverse ? 60 : 180);
    ck_assert_uint_gt (search_frame (pixels, &marks, &plan, 1, hypotheses), 0);
    ck_assert (is_found (hypotheses, 3, 0, matrix, origin, 12) || inverse);
    scores[inverse] = hypotheses[0].score;
  }
  ck_assert_float_ge (scores[0], scores[1] + .3f);
  free (block);
}
END_TEST

START_TEST (threads_agree)
{
  static uint8_t pixels[WIDTH * HEIGHT];
  LinceHypothesis one[LINCE_MARK_HYPOTHESES], many[LINCE_MARK_HYPOTHESES];
  LinceMarkPlan plans[] = {{0}, {.work = 400, .turn = 3}, {.upright_only = true}};
  LinceMarks marks;
  void *block = compile_marks (&marks);

  draw_scene (pixels);
  for (size_t p = 0; p < sizeof plans / sizeof plans[0]; p++) {
    uint32_t count;

    memset (one, 0, sizeof one);
    memset (many, 0, sizeof many);
    count = search_frame (pixels, &marks, &plans[p], 1, one);
    ck_assert_uint_gt (count, 0);
    ck_assert_uint_eq (search_frame (pixels, &marks, &plans[p], 3, many), count);
    ck_assert_mem_eq (one, many, sizeof one);
  }
  free (block);
}
END_TEST

START_TEST (bad_blocks_are_refused)
{
  LinceMarks marks, view;
  uint8_t *block = compile_marks (&marks);
  uint8_t *copy = malloc (marks.size);
  LinceError error;

  memcpy (copy, block, marks.size);
  ck_assert (lince_mark_open (&view, copy, marks.size, MARKS, &error));
  ck_assert (!lince_mark_open (&view, copy, marks.size - 8, MARKS, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_TRUNCATED);
  ck_assert (!lince_mark_open (&view, copy, 16, MARKS, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_TRUNCATED);
  ck_assert (!lince_mark_open (&view, copy, marks.size, MARKS + 1, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_FORMAT);
  copy[4] ^= 1;
  ck_assert (!lince_mark_open (&view, copy, marks.size, MARKS, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_VERSION);
  copy[4] ^= 1;
  copy[0] ^= 1;
  ck_assert (!lince_mark_open (&view, copy, marks.size, MARKS, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_FORMAT);
  copy[0] ^= 1;
  memset (copy + 16, 255, 4); /* words */
  ck_assert (!lince_mark_open (&view, copy, marks.size, MARKS, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_FORMAT);
  free (copy);
  free (block);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("mark");
  TCase *regions = tcase_create ("regions"), *search = tcase_create ("search");

  tcase_add_test (regions, regions_of_drawn_shapes);
  tcase_add_test (regions, regions_are_connected_parts);
  tcase_add_test (regions, wide_and_high_pictures_take_turns);
  tcase_add_test (regions, shapes_are_covariant);
  tcase_add_test (search, regions_and_shapes_are_as_ever);
  tcase_add_test (search, hypotheses_are_as_ever);
  tcase_add_test (search, marks_are_found);
  tcase_add_test (search, one_region_is_enough);
  tcase_add_test (search, edges_have_signs);
  tcase_add_test (search, threads_agree);
  tcase_add_test (search, bad_blocks_are_refused);
  suite_add_tcase (suite, regions);
  suite_add_tcase (suite, search);
  return run_suite (suite);
}
