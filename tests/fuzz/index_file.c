/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Manifests and segments. Checksums would stop nearly every mutation at the door, so they are put
 * right first: what is tried is the reading behind them. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/bytes.h"
#include "recognition/catalogue.h"
#include "recognition/hash.h"
#include "recognition/index_internal.h"
#include "recognition/reference.h"
#include "recognition/textured.h"

#define HEADER 64
#define ENTRY 32
#define SIDE 96

static void
use (LinceIndex *index)
{
  volatile unsigned sum = 0;

  for (uint32_t i = 0; i < lince_index_image_count (index); i++) {
    LinceReference reference;

    if (!lince_index_reference (index, i, &reference, NULL))
      continue;
    for (int level = 0; level < reference.level_count; level++) {
      const LinceReferenceLevel *l = &reference.levels[level];
      size_t last = (size_t) l->width * (size_t) l->height - 1;

      sum += l->luma[0] + l->luma[last] + (l->mask != NULL ? l->mask[last] : 0u);
    }
  }
  (void) sum;
  for (uint32_t i = 0; i < lince_index_object_count (index); i++) {
    LinceObject object;

    if (!lince_index_object (index, i, &object) ||
        lince_index_find (index, object.id) != (int64_t) i)
      abort ();
  }
  lince_index_textured (index, NULL);
  lince_index_verify (index, NULL);
}

static void
try_manifest (const uint8_t *data, size_t size)
{
  LinceManifest manifest;
  uint8_t *copy;

  lince_manifest_parse (&manifest, data, size, NULL);
  lince_manifest_clear (&manifest);
  if (size < HEADER)
    return;
  copy = malloc (size);
  memcpy (copy, data, size);
  lince_put_u64 (copy + 16, size);
  memset (copy + 56, 0, 8);
  lince_put_u64 (
      copy + 56, lince_hash64 (copy + HEADER, size - HEADER, lince_hash64 (copy, HEADER, 0)));
  if (lince_manifest_parse (&manifest, copy, size, NULL)) {
    size_t written;
    uint8_t *again = lince_manifest_write (&manifest, &written);

    if (written != size)
      abort ();
    free (again);
  }
  lince_manifest_clear (&manifest);
  free (copy);
}

static uint64_t
mend_segment (uint8_t *data, size_t size)
{
  uint64_t count = lince_get_u32 (data + 12), hash;
  uint8_t header[HEADER];

  lince_put_u64 (data + 16, size);
  if (HEADER + count * ENTRY > size)
    return 0;
  for (uint64_t i = 0; i < count; i++) {
    uint8_t *entry = data + HEADER + i * ENTRY;
    uint64_t offset = lince_get_u64 (entry + 8), length = lince_get_u64 (entry + 16);

    if (offset <= size && length <= size - offset)
      lince_put_u64 (entry + 24, lince_hash64 (data + offset, length, 0));
  }
  memcpy (header, data, HEADER);
  memset (header + 32, 0, 8);
  hash = lince_hash64 (data + HEADER, count * ENTRY, lince_hash64 (header, HEADER, 0));
  lince_put_u64 (data + 32, hash);
  return hash;
}

static void
try_segment (const uint8_t *data, size_t size)
{
  uint8_t *copy = malloc (size);
  LinceSegment *segment;
  uint64_t hash;
  LinceManifest manifest = {.segment_count = 1, .object_count = 2, .image_count = 3};
  LinceIndex *index;

  memcpy (copy, data, size);
  hash = mend_segment (copy, size);
  segment = lince_segment_take (copy, size, hash, NULL);
  if (segment == NULL)
    return;
  manifest.segments = calloc (1, sizeof manifest.segments[0]);
  index = lince_index_assemble (&manifest, &segment, NULL);
  if (index != NULL)
    use (index);
  lince_index_unref (index);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  try_manifest (data, size);
  if (size >= HEADER)
    try_segment (data, size);
  return 0;
}

/* One segment with all blocks of a small index: two objects, three images. */
static uint8_t *
make_segment (size_t *size)
{
  LinceObject objects[2] = {{"a.b", "A", "{}", 2}, {"\xd0\xb1", "B", "{\"x\":1}", 1}};
  LinceCatalogueImage images[3] = {0};
  LinceCatalogue catalogue = {2, 3, objects, images, NULL};
  LinceSegmentWriter writer = {0};
  LinceFeatures features[3] = {0};
  static uint8_t pixels[SIDE * SIDE];
  uint8_t *block, *data = NULL;
  void *textured;
  uint64_t hash;
  size_t length;

  for (int i = 0; i < SIDE * SIDE; i++)
    pixels[i] = (uint8_t) ((i % SIDE / 11 * 97 ^ i / SIDE / 13 * 61) * 29 & 255);
  for (uint32_t i = 0; i < 3; i++) {
    images[i] = (LinceCatalogueImage){.object = i / 2,
        .segment = 0,
        .block = 3 + i,
        .enrolment = {.width = 20 + (int) i, .height = 24, .transparent = i == 1}};
    lince_textured_enrol (pixels, NULL, SIDE, SIDE, &features[i], &images[i].enrolment, NULL);
    images[i].enrolment.width = 20 + (int) i;
    images[i].enrolment.height = 24;
  }
  block = lince_catalogue_write_objects (&catalogue, &length);
  lince_segment_writer_add (&writer, LINCE_TAG_OBJECTS, block, length, NULL);
  free (block);
  block = lince_catalogue_write_images (&catalogue, &length);
  lince_segment_writer_add (&writer, LINCE_TAG_IMAGES, block, length, NULL);
  free (block);
  lince_textured_compile (features, 3, &textured, &length, NULL);
  lince_segment_writer_add (&writer, LINCE_TAG_TEXTURED, textured, length, NULL);
  free (textured);
  for (uint32_t i = 0; i < 3; i++) {
    LinceReference reference;

    length = lince_reference_layout (&reference, images[i].enrolment.width, 24, i == 1);
    block = calloc (1, length);
    lince_segment_writer_add (&writer, LINCE_TAG_REFERENCE, block, length, NULL);
    free (block);
    lince_features_clear (&features[i]);
  }
  lince_segment_writer_finish (&writer, &data, size, &hash, NULL);
  return data;
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  LinceManifestSegment segments[2] = {{1, 2, "a.segment"}, {3, 4, "another.segment"}};
  LinceManifest manifest = {0, 2, 3, 2, segments};

  if (number == 0)
    *data = lince_manifest_write (&manifest, size);
  else if (number == 1)
    *data = make_segment (size);
  return number < 2;
}
