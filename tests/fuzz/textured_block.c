/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The block of textured features: opened, then searched with; and changed after it was opened, as a
 * file may be while it is mapped. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/feature.h"
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
search (const LinceTexturedSet *set)
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
      !lince_search_resize (search, pyramid, 1, NULL))
    return;
  lince_pyramid_build (pyramid, &frame, pool);
  count = lince_search_run (search, pyramid, set, 0, 200, pool, NULL, hypotheses);
  for (uint32_t i = 0; i < count; i++)
    if (hypotheses[i].image >= set->image_count)
      abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  LinceTexturedPart part = {0};
  LinceTexturedSet set = {IMAGES, 1, &part, NULL};
  uint8_t *copy = malloc (size + 1);

  memcpy (copy, data, size);
  if (lince_textured_open (&part.textured, copy, size, IMAGES, NULL)) {
    search (&set);
    /* what was checked on opening is all that may be relied on */
    for (size_t i = 0; i < size; i += 1 + size / 64)
      copy[i] = (uint8_t) ~copy[i];
    search (&set);
    memset (copy, 255, size);
    search (&set);
  }
  free (copy);
  return 0;
}

/* Hangs the words of a block without tops on some: blocks with tops are large, so none is compiled
 * here. */
static uint8_t *
add_tops (const uint8_t *block, size_t *size)
{
  LinceBlockHeader header;
  size_t at = sizeof header + IMAGES * sizeof (LinceBlockImage);
  size_t added = 2 * sizeof (LinceDescriptorBlock) + 2 * LINCE_BLOCK * sizeof (uint32_t);
  uint8_t *grown = calloc (1, *size + added);
  uint32_t *branches = (uint32_t *) (grown + at + 2 * sizeof (LinceDescriptorBlock));

  memcpy (&header, block, sizeof header);
  header.tops[0] = header.tops[1] = LINCE_BLOCK;
  memcpy (grown, block, at);
  memcpy (grown, &header, sizeof header);
  for (uint32_t t = 0; t < 2 * LINCE_BLOCK; t++)
    branches[t] =
        (t >= LINCE_BLOCK ? header.words[0] : 0) +
        t % LINCE_BLOCK * (header.words[t / LINCE_BLOCK] / LINCE_BLOCK) / LINCE_BLOCK * LINCE_BLOCK;
  memcpy (grown + at + added, block + at, *size - at);
  *size += added;
  return grown;
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  LinceFeatures features[IMAGES];
  uint8_t pixels[SIDE * SIDE];
  void *block = NULL;

  if (number > 1)
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
  if (number == 1) {
    *data = add_tops (block, size);
    free (block);
  }
  return 1;
}
