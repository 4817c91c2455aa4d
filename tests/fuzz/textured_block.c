/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The block of textured features: opened, then searched with; and changed after it was opened, as a
 * file may be while it is mapped. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/search.h"

#define IMAGES 3
#define SIDE 96

static uint8_t frame_pixels[160 * 128];

static void
draw (uint8_t *pixels, int width, int height, uint32_t seed)
{
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      pixels[y * width + x] =
          (uint8_t) (((uint32_t) (x / 5) * 97 ^ (uint32_t) (y / 7) * 61 ^ seed * 29) * 37 & 255);
}

static void
search (const LinceTextured *textured)
{
  static LinceSearch *search;
  static LincePyramid *pyramid;
  static LincePool *pool;
  static LinceHypothesis hypotheses[LINCE_MAX_HYPOTHESES];
  LinceFrame frame = {.width = 160, .height = 128, .luma = {frame_pixels, 160, 1}};
  uint32_t count;

  if (search == NULL) {
    search = lince_search_new (NULL);
    pyramid = lince_pyramid_new (NULL);
    pool = lince_pool_new (1, NULL);
    draw (frame_pixels, 160, 128, 0);
  }
  if (!lince_pyramid_resize (pyramid, &frame, NULL) ||
      !lince_search_resize (search, pyramid, textured, 1, NULL))
    return;
  lince_pyramid_build (pyramid, &frame, pool);
  count = lince_search_run (search, pyramid, textured, 0, 200, pool, NULL, hypotheses);
  for (uint32_t i = 0; i < count; i++)
    if (hypotheses[i].image >= textured->image_count)
      abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  LinceTextured textured;
  uint8_t *copy = malloc (size + 1);

  memcpy (copy, data, size);
  if (lince_textured_open (&textured, copy, size, IMAGES, NULL)) {
    search (&textured);
    /* what was checked on opening is all that may be relied on */
    for (size_t i = 0; i < size; i += 1 + size / 64)
      copy[i] = (uint8_t) ~copy[i];
    search (&textured);
    memset (copy, 255, size);
    search (&textured);
  }
  free (copy);
  return 0;
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  LinceFeatures features[IMAGES];
  uint8_t pixels[SIDE * SIDE];
  void *block = NULL;

  if (number > 0)
    return 0;
  for (uint32_t i = 0; i < IMAGES; i++) {
    draw (pixels, SIDE, SIDE, i);
    if (!lince_textured_enrol (pixels, NULL, SIDE, SIDE, &features[i], NULL, NULL))
      abort ();
  }
  if (!lince_textured_compile (features, IMAGES, &block, size, NULL))
    abort ();
  for (int i = 0; i < IMAGES; i++)
    lince_features_clear (&features[i]);
  *data = block;
  return 1;
}
