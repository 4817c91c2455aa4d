/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The block of the shapes of marks: opened, then searched with; and changed after it was opened, as
 * a file may be while it is mapped. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/mark_search.h"

#define IMAGES 3
#define SIDE 96
#define WIDTH 320
#define HEIGHT 256

static uint8_t frame_pixels[WIDTH * HEIGHT];

/* A mark of a few bars and a disc upon the ground. */
static void
draw (uint8_t *pixels, int width, int left, int top, uint32_t seed)
{
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      int dx = x - 30 - (int) seed * 8, dy = y - 40;
      bool bar = y > 60 && y < 72 && x > 12 && x < 60 + (int) seed * 10;

      if (dx * dx + dy * dy < 300 || bar || (x > 70 && x < 80 && y > 10))
        pixels[(top + y) * width + left + x] = (uint8_t) (200 - 40 * seed);
    }
}

static void
search (const LinceMarks *marks)
{
  static LinceMarkSearch *search;
  static LincePyramid *pyramid;
  static LincePool *pool;
  static LinceHypothesis hypotheses[LINCE_MARK_HYPOTHESES];
  LinceFrame frame = {.width = WIDTH, .height = HEIGHT, .luma = {frame_pixels, WIDTH, 1}};
  LinceMarkPlan plan = {0};
  uint32_t count;

  if (search == NULL) {
    search = lince_mark_search_new (NULL);
    pyramid = lince_pyramid_new (NULL);
    pool = lince_pool_new (1, NULL);
    memset (frame_pixels, 40, sizeof frame_pixels);
    for (uint32_t i = 0; i < IMAGES; i++)
      draw (frame_pixels, WIDTH, 5 + (int) i * 105, 50, i);
  }
  if (!lince_pyramid_resize (pyramid, &frame, NULL) ||
      !lince_mark_search_resize (search, pyramid, marks, 1, NULL))
    return;
  lince_pyramid_build (pyramid, &frame, pool);
  count = lince_mark_search_run (search, pyramid, marks, &plan, pool, NULL, hypotheses);
  for (uint32_t i = 0; i < count; i++)
    if (hypotheses[i].image >= marks->image_count)
      abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  LinceMarks marks;
  uint8_t *copy = malloc (size + 1);

  memcpy (copy, data, size);
  if (lince_mark_open (&marks, copy, size, IMAGES, NULL)) {
    search (&marks);
    /* what was checked on opening is all that may be relied on */
    for (size_t i = 0; i < size; i += 1 + size / 64)
      copy[i] = (uint8_t) ~copy[i];
    search (&marks);
    memset (copy, 255, size);
    search (&marks);
  }
  free (copy);
  return 0;
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  LinceFeatures features[IMAGES];
  uint8_t pixels[SIDE * SIDE], grey[SIDE * SIDE];
  void *block = NULL;

  if (number > 0)
    return 0;
  memset (grey, 128, sizeof grey);
  for (uint32_t i = 0; i < IMAGES; i++) {
    LinceMarkPicture picture = {pixels, grey, grey, NULL, SIDE, SIDE};

    memset (pixels, 40, sizeof pixels);
    draw (pixels, SIDE, 0, 0, i);
    if (!lince_mark_enrol (&picture, &features[i], NULL) || features[i].count == 0)
      abort ();
  }
  if (!lince_mark_compile (features, IMAGES, &block, size, NULL))
    abort ();
  for (int i = 0; i < IMAGES; i++)
    lince_features_clear (&features[i]);
  *data = block;
  return 1;
}
