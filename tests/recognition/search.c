/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The whole search on drawn scenes: places found, several instances, nothing where nothing is; the
 * same result with any number of threads and at any level of CPU; no allocation a frame. */
#include "../suite.h"
#include "recognition/search.h"

#include "allocations.h"
#include "golden.h"
#include "recognition/kernels/kernels.h"
#include "recognition/matching.h"
#include "scene.h"

#define POSTERS 8
#define WIDTH 160
#define HEIGHT 200

typedef struct {
  Grey posters[POSTERS];
  void *block;
  size_t size;
  LinceTexturedPart part;
} Collection;

static Collection collection;

static void
setup (void)
{
  LinceFeatures features[POSTERS];
  LinceError error = {0};

  for (uint32_t i = 0; i < POSTERS; i++) {
    LinceEnrolment report = {0};

    collection.posters[i] = draw_grey_poster (WIDTH, HEIGHT, 100 + i);
    ck_assert_msg (lince_textured_enrol (collection.posters[i].pixels, NULL, WIDTH, HEIGHT,
                       &features[i], &report, &error),
        "%s", error.text);
    ck_assert (report.textured);
    ck_assert_uint_ge (report.keypoints, features[i].count);
  }
  ck_assert_msg (
      lince_textured_compile (features, POSTERS, &collection.block, &collection.size, &error), "%s",
      error.text);
  ck_assert_msg (lince_textured_open (
                     &collection.part.textured, collection.block, collection.size, POSTERS, &error),
      "%s", error.text);
  for (int i = 0; i < POSTERS; i++)
    lince_features_clear (&features[i]);
}

static void
teardown (void)
{
  for (int i = 0; i < POSTERS; i++)
    grey_free (&collection.posters[i]);
  free (collection.block);
}

typedef struct {
  LinceHypothesis hypotheses[LINCE_MAX_HYPOTHESES];
  uint32_t count;
  unsigned long allocations; /* of the second run on the same frame */
} Found;

/* With `work` 0 as thoroughly as frames of that size are. */
static Found
search_frame (const LinceFrame *frame, uint32_t threads, uint32_t work)
{
  Found found = {.count = 0};
  LinceError error = {0};
  LincePool *pool = lince_pool_new (threads, &error);
  LincePyramid *pyramid = lince_pyramid_new (&error);
  LinceSearch *search = lince_search_new (&error);
  LinceTexturedSet set = {collection.part.textured.image_count, 1, &collection.part, NULL};
  unsigned long before;
  LincePlan plan;
  bool ready;

  lince_plan_make (LINCE_PLAN_THOROUGH, frame->width, frame->height, &plan);
  work = work > 0 ? work : plan.keypoints;
  ck_assert_msg (lince_pyramid_resize (pyramid, frame, &error) &&
                     lince_search_resize (search, pyramid, threads, &error),
      "%s", error.text);
  for (int run = 0; run < 2; run++) {
    before = allocations;
    /* no check here: check itself allocates */
    ready = lince_pyramid_resize (pyramid, frame, NULL) &&
            lince_search_resize (search, pyramid, threads, NULL);
    lince_pyramid_build (pyramid, frame, pool);
    found.count = lince_search_run (search, pyramid, &set, 0, work, pool, NULL, found.hypotheses);
    found.allocations = allocations - before;
    ck_assert (ready);
  }
  lince_search_free (search);
  lince_pyramid_free (pyramid);
  lince_pool_free (pool);
  return found;
}

static const LincePoint quads[][4] = {
    {{60, 50}, {230, 70}, {220, 260}, {50, 270}},     /* tilted */
    {{560, 60}, {560, 220}, {360, 220}, {360, 60}},   /* turned by a quarter */
    {{300, 260}, {420, 250}, {430, 400}, {310, 415}}, /* small */
    {{40, 300}, {200, 300}, {200, 460}, {40, 460}},   /* squeezed */
};

/* Four posters, the first shown twice. */
static Grey
draw_scene (void)
{
  static const int shown[] = {2, 5, 7, 2};
  Grey frame = draw_background (640, 480, 9);

  for (int i = 0; i < 4; i++)
    paint (&frame, &collection.posters[shown[i]], quads[i]);
  return frame;
}

static void
corners_of (const LinceHypothesis *hypothesis, LincePoint corners[4])
{
  const double *h = hypothesis->homography;

  for (int i = 0; i < 4; i++) {
    double x = i == 1 || i == 2 ? WIDTH : 0, y = i >= 2 ? HEIGHT : 0;
    double w = h[6] * x + h[7] * y + h[8];

    corners[i] = (LincePoint){
        (float) ((h[0] * x + h[1] * y + h[2]) / w), (float) ((h[3] * x + h[4] * y + h[5]) / w)};
  }
}

/* The farthest corner of the best hypothesis for that place, in pixels. */
static float
miss (const Found *found, uint32_t image, const LincePoint quad[4])
{
  float best = 1e9f;

  for (uint32_t i = 0; i < found->count; i++) {
    LincePoint corners[4];
    float worst = 0;

    if (found->hypotheses[i].image != image)
      continue;
    corners_of (&found->hypotheses[i], corners);
    for (int c = 0; c < 4; c++)
      worst = fmaxf (worst, hypotf (corners[c].x - quad[c].x, corners[c].y - quad[c].y));
    best = fminf (best, worst);
  }
  return best;
}

START_TEST (posters_are_found_where_they_are)
{
  Grey scene = draw_scene ();
  LinceFrame frame = frame_of (&scene);
  Found found = search_frame (&frame, 1, 0);

  ck_assert_float_lt (miss (&found, 2, quads[0]), 3.f);
  ck_assert_float_lt (miss (&found, 5, quads[1]), 3.f);
  ck_assert_float_lt (miss (&found, 7, quads[2]), 3.f);
  ck_assert_float_lt (miss (&found, 2, quads[3]), 3.f);
  for (uint32_t i = 1; i < found.count; i++)
    ck_assert_float_ge (found.hypotheses[i - 1].score, found.hypotheses[i].score);
  grey_free (&scene);
}
END_TEST

/* Rows: image and corners of the four best hypotheses. */
START_TEST (hypotheses_are_as_ever)
{
  static const double tolerances[] = {.1, 1, 1, 1, 1, 1, 1, 1, 1};
  Grey scene = draw_scene ();
  LinceFrame frame = frame_of (&scene);
  Found found = search_frame (&frame, 1, 0);
  Golden got = {.columns = 9};

  for (uint32_t i = 0; i < 4 && i < found.count; i++) {
    double row[9] = {found.hypotheses[i].image};
    LincePoint corners[4];

    corners_of (&found.hypotheses[i], corners);
    for (int c = 0; c < 4; c++) {
      row[1 + 2 * c] = (double) corners[c].x;
      row[2 + 2 * c] = (double) corners[c].y;
    }
    golden_add (&got, row);
  }
  golden_check (&got, "hypotheses", tolerances);
  golden_clear (&got);
  grey_free (&scene);
}
END_TEST

/* Rows: a keypoint's place, and image, distance and place of its nearest features. */
START_TEST (neighbours_are_as_ever)
{
  static const double tolerances[] = {.1, .1, .1, 4, 1, 1};
  const LinceTexturedSet set = {POSTERS, 1, &collection.part, NULL};
  const LinceTextured *textured = &collection.part.textured;
  Grey scene = draw_scene ();
  LinceFrame frame = frame_of (&scene);
  LincePyramid *pyramid = lince_pyramid_new (NULL);
  LincePool *pool = lince_pool_new (1, NULL);
  LinceExtractor extractor;
  Golden got = {.columns = 6};

  ck_assert (lince_extractor_init (&extractor, 60, NULL));
  ck_assert (lince_pyramid_resize (pyramid, &frame, NULL));
  lince_pyramid_build (pyramid, &frame, pool);
  ck_assert (lince_extractor_resize (&extractor, pyramid, 1, NULL));
  lince_extractor_run (&extractor, pyramid, 0, 60, pool, NULL);
  for (uint32_t i = 0; i < extractor.count; i++) {
    const LinceKeypoint *keypoint = &extractor.keypoints[i];
    LinceNeighbour neighbours[LINCE_MATCHES_A_KEYPOINT];
    LinceProbes probes;
    uint32_t count;

    lince_probe (textured, lince_kernels (), &extractor.descriptors[i], keypoint->dark, &probes);
    count =
        lince_match (&set, 0, lince_kernels (), &extractor.descriptors[i], &probes, neighbours, 0);
    for (uint32_t n = 0; n < count; n++) {
      LincePlacedFeature feature;

      ck_assert (lince_textured_slot (textured, neighbours[n].slot, WIDTH, HEIGHT, &feature));
      golden_add (&got, (double[]){(double) keypoint->x, (double) keypoint->y, neighbours[n].image,
                            neighbours[n].distance, (double) feature.x, (double) feature.y});
    }
  }
  golden_check (&got, "neighbours", tolerances);
  golden_clear (&got);
  lince_extractor_clear (&extractor);
  lince_pyramid_free (pyramid);
  lince_pool_free (pool);
  grey_free (&scene);
}
END_TEST

START_TEST (nothing_where_nothing_is)
{
  Grey background = draw_background (640, 480, 9), other = draw_grey_poster (300, 300, 999);
  static const LincePoint quad[4] = {{100, 100}, {400, 90}, {410, 400}, {90, 380}};
  LinceFrame frame = frame_of (&background);
  Found found = search_frame (&frame, 1, 0);

  ck_assert_uint_eq (found.count, 0);
  /* a poster that is not in the collection gives no strong hypothesis */
  paint (&background, &other, quad);
  found = search_frame (&frame, 1, 0);
  ck_assert (found.count == 0 || found.hypotheses[0].score < 8.f);
  grey_free (&background);
  grey_free (&other);
}
END_TEST

static void
compare (const Found *a, const Found *b)
{
  ck_assert_uint_eq (a->count, b->count);
  for (uint32_t i = 0; i < a->count; i++) {
    const LinceHypothesis *x = &a->hypotheses[i], *y = &b->hypotheses[i];

    ck_assert_uint_eq (x->image, y->image);
    ck_assert_uint_eq (x->votes, y->votes);
    ck_assert_uint_eq (x->inliers, y->inliers);
    ck_assert_mem_eq (&x->score, &y->score, sizeof x->score);
    ck_assert_mem_eq (x->homography, y->homography, sizeof x->homography);
  }
}

START_TEST (threads_and_levels_change_nothing)
{
  Grey scene = draw_scene ();
  LinceFrame frame = frame_of (&scene);
  Found first;

  lince_kernels_force (LINCE_CPU_C);
  first = search_frame (&frame, 1, 0);
  ck_assert_uint_ge (first.count, 4);
  for (int level = 0; level < LINCE_CPU_LEVELS; level++)
    for (uint32_t threads = 1; threads <= 4; threads *= 2) {
      Found found;

      if (lince_kernels_at ((LinceCpuLevel) level) == NULL)
        continue;
      lince_kernels_force ((LinceCpuLevel) level);
      found = search_frame (&frame, threads, 0);
      compare (&first, &found);
    }
  grey_free (&scene);
}
END_TEST

START_TEST (nothing_is_allocated_for_a_frame)
{
  Grey scene = draw_scene ();
  LinceFrame frame = frame_of (&scene);
  void *volatile probe;
  unsigned long before = allocations;
  Found found;

  probe = malloc (1);
  free (probe);
  ck_assert_uint_gt (allocations, before); /* the count works */
  for (uint32_t threads = 1; threads <= 2; threads++) {
    found = search_frame (&frame, threads, 0);
    ck_assert_uint_eq (found.allocations, 0);
  }
  grey_free (&scene);
}
END_TEST

START_TEST (less_work_finds_less)
{
  Grey scene = draw_scene ();
  LinceFrame frame = frame_of (&scene);
  Found none = search_frame (&frame, 1, 1);

  ck_assert_uint_eq (none.count, 0);
  grey_free (&scene);
}
END_TEST

/* Only the top field counts; the other holds rubbish. */
START_TEST (interlaced_frames_are_searched)
{
  Grey scene = draw_background (640, 480, 9);
  static const LincePoint quad[4] = {{100, 60}, {420, 60}, {420, 460}, {100, 460}};
  LinceFrame frame;
  Found found;

  paint (&scene, &collection.posters[3], quad);
  for (int y = 1; y < 480; y += 2)
    for (int x = 0; x < 640; x++)
      scene.pixels[y * 640 + x] = (uint8_t) (x * 31 + y * 17);
  frame = frame_of (&scene);
  frame.interlaced = true;
  found = search_frame (&frame, 1, 0);
  ck_assert_float_lt (miss (&found, 3, quad), 4.f);
  grey_free (&scene);
}
END_TEST

/* A mask keeps features out of what is transparent. */
START_TEST (masked_parts_have_no_features)
{
  uint8_t *mask = malloc (WIDTH * HEIGHT);
  LinceFeatures whole, half, none;
  LinceEnrolment report;

  for (int i = 0; i < WIDTH * HEIGHT; i++)
    mask[i] = i % WIDTH < WIDTH / 2 ? 255 : 0;
  ck_assert (
      lince_textured_enrol (collection.posters[0].pixels, NULL, WIDTH, HEIGHT, &whole, NULL, NULL));
  ck_assert (
      lince_textured_enrol (collection.posters[0].pixels, mask, WIDTH, HEIGHT, &half, NULL, NULL));
  ck_assert_uint_gt (half.count, 20);
  ck_assert_uint_lt (half.count, whole.count);
  memset (mask, 0, WIDTH * HEIGHT);
  ck_assert (lince_textured_enrol (
      collection.posters[0].pixels, mask, WIDTH, HEIGHT, &none, &report, NULL));
  ck_assert_uint_eq (none.count, 0);
  ck_assert (!report.textured);
  lince_features_clear (&whole);
  lince_features_clear (&half);
  lince_features_clear (&none);
  free (mask);
}
END_TEST

/* A picture larger than what is enrolled keeps its own coordinates. */
START_TEST (large_pictures_keep_their_coordinates)
{
  Grey large = grey_new (5 * WIDTH, 5 * HEIGHT, 0);
  Grey saved = collection.posters[0];
  LinceFeatures features;
  void *block;
  Collection old = collection;
  static const LincePoint quad[4] = {{100, 60}, {420, 60}, {420, 460}, {100, 460}};
  Grey scene = draw_background (640, 480, 9);
  LinceFrame frame = frame_of (&scene);
  Found found;
  double u, v;

  for (int y = 0; y < large.height; y++)
    for (int x = 0; x < large.width; x++)
      large.pixels[y * large.width + x] = saved.pixels[y / 5 * WIDTH + x / 5];
  ck_assert (
      lince_textured_enrol (large.pixels, NULL, large.width, large.height, &features, NULL, NULL));
  ck_assert (lince_textured_compile (&features, 1, &block, &collection.size, NULL));
  ck_assert (lince_textured_open (&collection.part.textured, block, collection.size, 1, NULL));
  paint (&scene, &saved, quad);
  found = search_frame (&frame, 1, 0);
  ck_assert_uint_ge (found.count, 1);
  u = found.hypotheses[0].homography[2];
  v = found.hypotheses[0].homography[5];
  ck_assert_double_eq_tol (u, 100, 4);
  ck_assert_double_eq_tol (v, 60, 4);
  u = found.hypotheses[0].homography[0] * large.width + u;
  ck_assert_double_eq_tol (u / (1 + found.hypotheses[0].homography[6] * large.width), 420, 5);
  collection = old;
  lince_features_clear (&features);
  free (block);
  grey_free (&large);
  grey_free (&scene);
}
END_TEST

START_TEST (damaged_blocks_are_refused)
{
  uint8_t *copy = malloc (collection.size);
  LinceTextured textured;
  LinceError error;

  for (size_t size = 0; size < collection.size; size += size < 100 ? 1 : 9973) {
    memcpy (copy, collection.block, collection.size);
    ck_assert (!lince_textured_open (&textured, copy, size, POSTERS, &error));
    ck_assert_int_eq (error.code, LINCE_ERROR_TRUNCATED);
  }
  ck_assert (!lince_textured_open (&textured, copy, collection.size, POSTERS + 1, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_FORMAT);
  copy[0] ^= 1;
  ck_assert (!lince_textured_open (&textured, copy, collection.size, POSTERS, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_FORMAT);
  copy[0] ^= 1;
  copy[4]++;
  ck_assert (!lince_textured_open (&textured, copy, collection.size, POSTERS, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_VERSION);
  copy[4]--;
  memset (copy + 16, 255, 16);
  ck_assert (!lince_textured_open (&textured, copy, collection.size, POSTERS, &error));
  free (copy);
}
END_TEST

START_TEST (compiling_is_repeatable)
{
  LinceFeatures features[POSTERS];
  void *block;
  size_t size;

  for (uint32_t i = 0; i < POSTERS; i++)
    ck_assert (lince_textured_enrol (
        collection.posters[i].pixels, NULL, WIDTH, HEIGHT, &features[i], NULL, NULL));
  ck_assert (lince_textured_compile (features, POSTERS, &block, &size, NULL));
  ck_assert_uint_eq (size, collection.size);
  ck_assert_mem_eq (block, collection.block, size);
  free (block);
  for (int i = 0; i < POSTERS; i++)
    lince_features_clear (&features[i]);
}
END_TEST

START_TEST (an_empty_collection_finds_nothing)
{
  Grey scene = draw_scene ();
  LinceFrame frame = frame_of (&scene);
  Collection old = collection;
  LinceFeatures features = {0};
  void *block;
  Found found;

  ck_assert (lince_textured_compile (&features, 1, &block, &collection.size, NULL));
  ck_assert (lince_textured_open (&collection.part.textured, block, collection.size, 1, NULL));
  found = search_frame (&frame, 1, 0);
  ck_assert_uint_eq (found.count, 0);
  collection = old;
  free (block);
  grey_free (&scene);
}
END_TEST

/* Features of one image of a collection so large that its words hang on tops: some way around
 * centres, as real ones are. */
#define MANY_IMAGES 400
#define MANY_FEATURES 480

static LinceFeatures
make_features (uint64_t *state)
{
  size_t size = sizeof (LinceFeatureHeader) + MANY_FEATURES * sizeof (LinceFeature);
  LinceFeatures features = {MANY_FEATURES, calloc (1, size), size};
  LinceFeatureHeader *header = features.data;
  LinceFeature *list = (LinceFeature *) (header + 1);

  *header = (LinceFeatureHeader){200, 100, MANY_FEATURES, 0};
  for (int i = 0; i < MANY_FEATURES; i++) {
    uint64_t centre, bits;

    *state = *state * 6364136223846793005u + 1442695040888963407u;
    centre = *state >> 50;
    list[i] = (LinceFeature){.x = (float) (i % 200), .y = (float) (i / 10), .scale = 1.5f};
    for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++) {
      centre = centre * 6364136223846793005u + 1442695040888963407u;
      *state = *state * 6364136223846793005u + 1442695040888963407u;
      bits = *state & *state << 21 & *state >> 17; /* an eighth of them are set */
      list[i].descriptor.words[w] = (centre ^ centre >> 29) ^ bits;
    }
  }
  return features;
}

START_TEST (words_hang_on_tops_in_a_large_collection)
{
  LinceFeatures *features = calloc (MANY_IMAGES, sizeof *features);
  LinceTexturedPart part = {0};
  LinceTexturedSet set = {MANY_IMAGES, 1, &part, NULL};
  LinceError error = {0};
  uint64_t state = 1;
  uint32_t found = 0, tried = 0;
  void *block = NULL;
  size_t size;

  for (int i = 0; i < MANY_IMAGES; i++)
    features[i] = make_features (&state);
  ck_assert_msg (
      lince_textured_compile (features, MANY_IMAGES, &block, &size, &error), "%s", error.text);
  ck_assert_msg (
      lince_textured_open (&part.textured, block, size, MANY_IMAGES, &error), "%s", error.text);
  ck_assert_uint_gt (part.textured.tops[0], 0);
  ck_assert_uint_eq (part.textured.tops[1], 0); /* none is dark */
  for (uint32_t i = 0; i < MANY_IMAGES; i += 7)
    for (uint32_t f = 0; f < MANY_FEATURES; f += 13) {
      const LinceFeature *feature =
          (const LinceFeature *) ((const LinceFeatureHeader *) features[i].data + 1) + f;
      LinceNeighbour neighbours[LINCE_MATCHES_A_KEYPOINT];
      LincePlacedFeature placed;
      LinceProbes probes;

      tried++;
      lince_probe (&part.textured, lince_kernels (), &feature->descriptor, 0, &probes);
      if (lince_match (&set, 0, lince_kernels (), &feature->descriptor, &probes, neighbours, 0) ==
              0 ||
          neighbours[0].image != i || neighbours[0].distance != 0)
        continue;
      found++;
      ck_assert (lince_textured_slot (&part.textured, neighbours[0].slot, 200, 100, &placed));
      ck_assert_float_eq_tol (placed.x, feature->x, .01f);
      ck_assert_float_eq_tol (placed.y, feature->y, .01f);
      ck_assert_float_eq_tol (placed.scale, feature->scale, .04f);
      ck_assert_uint_eq (placed.dark, 0);
    }
  ck_assert_uint_gt (100 * found, 99 * tried);
  for (int i = 0; i < MANY_IMAGES; i++)
    lince_features_clear (&features[i]);
  free (features);
  free (block);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("search");
  TCase *tests = tcase_create ("all");

  tcase_set_timeout (tests, 300);
  tcase_add_unchecked_fixture (tests, setup, teardown);
  tcase_add_test (tests, posters_are_found_where_they_are);
  tcase_add_test (tests, hypotheses_are_as_ever);
  tcase_add_test (tests, neighbours_are_as_ever);
  tcase_add_test (tests, nothing_where_nothing_is);
  tcase_add_test (tests, threads_and_levels_change_nothing);
  tcase_add_test (tests, nothing_is_allocated_for_a_frame);
  tcase_add_test (tests, less_work_finds_less);
  tcase_add_test (tests, interlaced_frames_are_searched);
  tcase_add_test (tests, masked_parts_have_no_features);
  tcase_add_test (tests, large_pictures_keep_their_coordinates);
  tcase_add_test (tests, damaged_blocks_are_refused);
  tcase_add_test (tests, compiling_is_repeatable);
  tcase_add_test (tests, an_empty_collection_finds_nothing);
  tcase_add_test (tests, words_hang_on_tops_in_a_large_collection);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
