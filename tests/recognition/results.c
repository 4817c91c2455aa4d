/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Prints what every stage gives on the drawn film, as hashes of all bits: one line a stage, then
 * one a frame. Two machines, or two levels of one CPU, that print the same lines agree. */
#include "movie.h"

#include <inttypes.h>

#include "recognition/extractor.h"
#include "recognition/hash.h"
#include "recognition/kernels/kernels.h"

#define LIMIT 2000
#define FIRST 18 /* frame of the film: all that is found stands, then the film cuts */
#define END 26

static Scene frames[END];

static void
print_film (void)
{
  uint64_t hash = 0;

  for (int i = FIRST; i < END; i++) {
    frames[i] = movie_frame (i);
    hash = lince_hash64 (frames[i].luma, MOVIE_WIDTH * MOVIE_HEIGHT, hash);
  }
  printf ("film %016" PRIx64 "\n", hash);
}

static void
print_features (void)
{
  LinceFrame frame = scene_frame (&frames[FIRST]);
  LincePool *pool = lince_pool_new (1, NULL);
  LincePyramid *pyramid = lince_pyramid_new (NULL);
  LinceExtractor extractor;
  uint64_t places = 0, bits = 0;

  ck_assert (lince_extractor_init (&extractor, LIMIT, NULL));
  ck_assert (lince_pyramid_resize (pyramid, &frame, NULL));
  lince_pyramid_build (pyramid, &frame, pool);
  ck_assert (lince_extractor_resize (&extractor, pyramid, 1, NULL));
  lince_extractor_run (&extractor, pyramid, 0, LIMIT, pool, NULL);
  for (uint32_t i = 0; i < extractor.count; i++) {
    const LinceKeypoint *k = &extractor.keypoints[i];
    float place[2] = {k->x, k->y};
    uint16_t numbers[5] = {k->scale, k->angle, k->response, k->dark, k->rank};

    places = lince_hash64 (numbers, sizeof numbers, lince_hash64 (place, sizeof place, places));
    bits = lince_hash64 (&extractor.descriptors[i], sizeof *extractor.descriptors, bits);
  }
  printf ("keypoints %u %016" PRIx64 "\n", extractor.count, places);
  printf ("descriptors %016" PRIx64 "\n", bits);
  lince_extractor_clear (&extractor);
  lince_pyramid_free (pyramid);
  lince_pool_free (pool);
}

static void
print_placements (const LinceResult *result, int frame)
{
  uint64_t hash = 0;

  for (uint32_t i = 0; i < result->placement_count; i++) {
    const LincePlacement *p = &result->placements[i];
    uint64_t numbers[4] = {p->object, p->image, p->track, p->exposure};
    float values[3] = {p->confidence, p->visible, p->area};

    hash = lince_hash64 (p->corners, sizeof p->corners, hash);
    hash = lince_hash64 (numbers, sizeof numbers, hash);
    hash = lince_hash64 (values, sizeof values, hash);
  }
  printf ("frame %d: %u placements, %u changes %016" PRIx64 "\n", frame, result->placement_count,
      result->change_count, hash);
}

static void
print_recognition (void)
{
  LinceIndex *index = movie_index ();
  LinceSettings settings;
  LinceRecognizer *recognizer;
  LinceError error = {0};

  printf ("index %s\n", lince_index_revision (index));
  lince_settings_default (&settings);
  settings.threads = 1;
  recognizer = lince_recognizer_new (&settings, &error);
  ck_assert_msg (recognizer != NULL, "%s", error.text);
  lince_recognizer_set_index (recognizer, index);
  for (int i = FIRST; i < END; i++) {
    LinceFrame frame = scene_frame (&frames[i]);
    const LinceResult *result = NULL;

    ck_assert_msg (lince_recognizer_process (recognizer, &frame, i * FRAME_TIME, &result, &error),
        "%s", error.text);
    print_placements (result, i);
  }
  lince_recognizer_free (recognizer);
  lince_index_unref (index);
}

int
main (void)
{
  for (int level = 0; level < LINCE_CPU_LEVELS; level++)
    if (lince_kernels () == lince_kernels_at ((LinceCpuLevel) level))
      printf ("level %s\n", lince_cpu_level_name ((LinceCpuLevel) level));
  print_film ();
  print_features ();
  print_recognition ();
  return EXIT_SUCCESS;
}
