/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/index.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/catalogue.h"
#include "recognition/index_internal.h"
#include "recognition/reference.h"

/* How often a manifest is read again because another one took its place between reading it and
 * opening the segments that it names. */
#define OPEN_ATTEMPTS 5

struct LinceIndex {
  atomic_uint references;
  char revision[17];
  LinceManifest manifest;
  LinceSegment **segments; /* manifest.segment_count */
  char *path;              /* of the manifest; NULL: in memory */
  LinceCatalogue catalogue;
  pthread_mutex_t lock; /* guards what follows until it is made */
  bool opened;
  LinceTexturedPart *parts;
  LinceTexturedPlace *places;
  uint32_t *numbers; /* of all parts */
  LinceTexturedSet set;
};

static const uint8_t *
find_block (LinceSegment *segment, uint32_t tag, size_t *size, LinceError *error)
{
  int64_t number = lince_segment_find (segment, tag);

  if (number < 0) {
    lince_error_set (error, LINCE_ERROR_FORMAT, "has no block %.4s", (const char *) &tag);
    return NULL;
  }
  *size = lince_segment_block_size (segment, (uint32_t) number);
  return lince_segment_block (segment, (uint32_t) number, error);
}

/* A segment with images: their features in one block, then one block for each image. */
static bool
holds_images (const LinceSegment *segment)
{
  return lince_segment_find (segment, LINCE_TAG_TEXTURED) >= 0 &&
         lince_segment_find (segment, LINCE_TAG_REFERENCE) >= 0;
}

static bool
check_references (const LinceIndex *index, LinceError *error)
{
  for (uint32_t i = 0; i < index->catalogue.image_count; i++) {
    const LinceCatalogueImage *image = &index->catalogue.images[i];
    const LinceEnrolment *enrolment = &image->enrolment;
    LinceReference reference;
    size_t size = lince_reference_layout (
        &reference, enrolment->width, enrolment->height, enrolment->transparent);

    if (image->segment >= index->manifest.segment_count ||
        image->block >= lince_segment_block_count (index->segments[image->segment]) ||
        lince_segment_block_tag (index->segments[image->segment], image->block) !=
            LINCE_TAG_REFERENCE ||
        !holds_images (index->segments[image->segment]) ||
        lince_segment_block_size (index->segments[image->segment], image->block) != size) {
      lince_error_set (error, LINCE_ERROR_FORMAT, "has no reference for image %u", i);
      return false;
    }
  }
  return true;
}

static bool
read_catalogue (LinceIndex *index, LinceError *error)
{
  LinceSegment *first = index->segments[0];
  const uint8_t *objects, *images;
  size_t objects_size, images_size;

  objects = find_block (first, LINCE_TAG_OBJECTS, &objects_size, error);
  images = objects != NULL ? find_block (first, LINCE_TAG_IMAGES, &images_size, error) : NULL;
  if (images == NULL ||
      !lince_catalogue_read (&index->catalogue, objects, objects_size, images, images_size, error))
    return false;
  if (index->catalogue.object_count != index->manifest.object_count ||
      index->catalogue.image_count != index->manifest.image_count) {
    lince_error_set (error, LINCE_ERROR_FORMAT, "has tables that contradict its manifest");
    return false;
  }
  return check_references (index, error);
}

LinceIndex *
lince_index_assemble (LinceManifest *manifest, LinceSegment **segments, LinceError *error)
{
  LinceIndex *index = calloc (1, sizeof *index);
  size_t count = manifest->segment_count;

  if (index == NULL || (index->segments = calloc (count, sizeof *segments)) == NULL) {
    free (index);
    for (size_t i = 0; i < count; i++)
      lince_segment_unref (segments[i]);
    lince_manifest_clear (manifest);
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for an index");
    return NULL;
  }
  atomic_init (&index->references, 1);
  pthread_mutex_init (&index->lock, NULL);
  memcpy (index->segments, segments, count * sizeof *segments);
  index->manifest = *manifest;
  *manifest = (LinceManifest){0};
  snprintf (index->revision, sizeof index->revision, "%016" PRIx64, index->manifest.revision);
  if (read_catalogue (index, error) && lince_index_intact (index, error))
    return index;
  lince_index_unref (index);
  return NULL;
}

/* The segment of `shared` (may be NULL) with that content, with a reference of its own; NULL where
 * another file lies at `path` now: the mapped one may be damaged where it was not yet read. */
static LinceSegment *
share_segment (const LinceIndex *shared, const LinceManifestSegment *named, const char *path)
{
  for (uint32_t i = 0; shared != NULL && i < shared->manifest.segment_count; i++)
    if (shared->manifest.segments[i].hash == named->hash &&
        shared->manifest.segments[i].size == named->size &&
        lince_segment_intact (shared->segments[i], NULL) &&
        lince_segment_is_file (shared->segments[i], path))
      return lince_segment_ref (shared->segments[i]);
  return NULL;
}

/* Opens the segments that the manifest names. */
static bool
open_segments (const char *path, const LinceManifest *manifest, const LinceIndex *shared,
    LinceSegment **segments, LinceError *error)
{
  for (uint32_t i = 0; i < manifest->segment_count; i++) {
    const LinceManifestSegment *named = &manifest->segments[i];
    char *beside = lince_manifest_beside (path, named->name);

    if (beside == NULL) {
      lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for an index");
      return false;
    }
    segments[i] = share_segment (shared, named, beside);
    if (segments[i] == NULL)
      segments[i] = lince_segment_open (beside, named->size, named->hash, error);
    free (beside);
    if (segments[i] == NULL)
      return false;
  }
  return true;
}

static LinceIndex *
open_once (const char *path, const LinceIndex *shared, uint64_t *identity, LinceError *error)
{
  LinceManifest manifest;
  LinceSegment **segments = NULL;
  LinceIndex *index = NULL;

  if (!lince_manifest_read (&manifest, path, error))
    goto out;
  *identity = lince_manifest_identity (&manifest);
  segments = calloc (manifest.segment_count, sizeof *segments);
  if (segments == NULL) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "%s: no memory", path);
    goto out;
  }
  if (!open_segments (path, &manifest, shared, segments, error)) {
    lince_error_prefix (error, "%s: segment ", path);
    for (uint32_t i = 0; i < manifest.segment_count; i++)
      lince_segment_unref (segments[i]);
    goto out;
  }
  index = lince_index_assemble (&manifest, segments, error);
  if (index == NULL)
    lince_error_prefix (error, "%s: ", path);
  else
    index->path = strdup (path); /* without it, segments are copied instead of linked */
out:
  free (segments);
  lince_manifest_clear (&manifest);
  return index;
}

LinceIndex *
lince_index_reopen (const LinceIndex *shared, const char *path, LinceError *error)
{
  uint64_t identity = 0, last = 0;
  LinceIndex *index = NULL;

  for (int i = 0; i < OPEN_ATTEMPTS && index == NULL; i++) {
    identity = 0;
    index = open_once (path, shared, &identity, error);
    /* a segment may have been removed because a newer manifest is in place: then look again */
    if (identity == last)
      break;
    last = identity;
  }
  return index;
}

LinceIndex *
lince_index_open (const char *path, LinceError *error)
{
  return lince_index_reopen (NULL, path, error);
}

LinceIndex *
lince_index_ref (LinceIndex *index)
{
  atomic_fetch_add_explicit (&index->references, 1, memory_order_relaxed);
  return index;
}

void
lince_index_unref (LinceIndex *index)
{
  if (index == NULL || atomic_fetch_sub (&index->references, 1) != 1)
    return;
  for (uint32_t i = 0; i < index->manifest.segment_count; i++)
    lince_segment_unref (index->segments[i]);
  free (index->segments);
  free (index->path);
  free (index->parts);
  free (index->places);
  free (index->numbers);
  lince_manifest_clear (&index->manifest);
  lince_catalogue_clear (&index->catalogue);
  pthread_mutex_destroy (&index->lock);
  free (index);
}

bool
lince_index_intact (const LinceIndex *index, LinceError *error)
{
  for (uint32_t i = 0; i < index->manifest.segment_count; i++)
    if (!lince_segment_intact (index->segments[i], error))
      return false;
  return true;
}

bool
lince_index_verify (LinceIndex *index, LinceError *error)
{
  for (uint32_t i = 0; i < index->manifest.segment_count; i++)
    for (uint32_t j = 0; j < lince_segment_block_count (index->segments[i]); j++)
      if (lince_segment_block (index->segments[i], j, error) == NULL)
        return false;
  return true;
}

const char *
lince_index_revision (const LinceIndex *index)
{
  return index->revision;
}

uint32_t
lince_index_object_count (const LinceIndex *index)
{
  return index->catalogue.object_count;
}

uint32_t
lince_index_image_count (const LinceIndex *index)
{
  return index->catalogue.image_count;
}

bool
lince_index_object (const LinceIndex *index, uint32_t number, LinceObject *object)
{
  if (number >= index->catalogue.object_count)
    return false;
  *object = index->catalogue.objects[number];
  return true;
}

bool
lince_index_image (
    const LinceIndex *index, uint32_t number, uint32_t *object, LinceEnrolment *enrolment)
{
  if (number >= index->catalogue.image_count)
    return false;
  if (object != NULL)
    *object = index->catalogue.images[number].object;
  if (enrolment != NULL)
    *enrolment = index->catalogue.images[number].enrolment;
  return true;
}

int64_t
lince_index_find (const LinceIndex *index, const char *id)
{
  uint32_t low = 0, high = index->catalogue.object_count;

  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int order = strcmp (id, index->catalogue.objects[middle].id);

    if (order == 0)
      return middle;
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return -1;
}

uint32_t
lince_index_counterpart (const LinceIndex *index, uint32_t number, const LinceIndex *other)
{
  const LinceCatalogueImage *images = index->catalogue.images;
  uint32_t ordinal = 0;
  int64_t object;

  if (number >= index->catalogue.image_count)
    return LINCE_NO_IMAGE;
  while (ordinal < number && images[number - ordinal - 1].object == images[number].object)
    ordinal++;
  object = lince_index_find (other, index->catalogue.objects[images[number].object].id);
  for (uint32_t i = 0; i < other->catalogue.image_count && object >= 0; i++)
    if (other->catalogue.images[i].object == object && ordinal-- == 0)
      return i;
  return LINCE_NO_IMAGE;
}

bool
lince_index_reference (
    const LinceIndex *index, uint32_t image, LinceReference *reference, LinceError *error)
{
  const LinceCatalogueImage *entry;
  const uint8_t *data;

  if (image >= index->catalogue.image_count) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "there is no image %u", image);
    return false;
  }
  entry = &index->catalogue.images[image];
  data = lince_segment_block (index->segments[entry->segment], entry->block, error);
  if (data == NULL)
    return false;
  lince_reference_layout (
      reference, entry->enrolment.width, entry->enrolment.height, entry->enrolment.transparent);
  lince_reference_view (reference, data, entry->enrolment.transparent);
  reference->object = entry->object;
  reference->mark = entry->enrolment.mark;
  reference->print = entry->enrolment.print;
  reference->cut_out = entry->enrolment.variant.kind == LINCE_VARIANT_CUT_OUT;
  return true;
}

const char *
lince_index_path (const LinceIndex *index)
{
  return index->path;
}

const LinceManifest *
lince_index_manifest (const LinceIndex *index)
{
  return &index->manifest;
}

LinceSegment *
lince_index_segment (const LinceIndex *index, uint32_t number)
{
  return index->segments[number];
}

bool
lince_index_image_at (const LinceIndex *index, uint32_t number, LinceIndexImage *image)
{
  const LinceCatalogueImage *entry = index->catalogue.images + number;

  if (number >= index->catalogue.image_count)
    return false;
  *image = (LinceIndexImage){entry->enrolment, entry->segment, entry->block};
  return true;
}

/* The block of a segment's first image; those of the others follow. */
static uint32_t
first_reference (const LinceIndex *index, uint32_t segment)
{
  return (uint32_t) lince_segment_find (index->segments[segment], LINCE_TAG_REFERENCE);
}

uint32_t
lince_index_segment_images (const LinceIndex *index, uint32_t segment)
{
  if (!holds_images (index->segments[segment]))
    return 0;
  return lince_segment_block_count (index->segments[segment]) - first_reference (index, segment);
}

/* Opens a segment's block of features. */
static bool
open_block (const LinceIndex *index, uint32_t segment, LinceTextured *textured, LinceError *error)
{
  LinceSegment *file = index->segments[segment];
  uint32_t block = (uint32_t) lince_segment_find (file, LINCE_TAG_TEXTURED);
  const void *data = lince_segment_block (file, block, error);

  return data != NULL &&
         lince_textured_open (textured, data, lince_segment_block_size (file, block),
             lince_index_segment_images (index, segment), error);
}

bool
lince_index_extract (
    const LinceIndex *index, uint32_t number, LinceFeatures *features, LinceError *error)
{
  const LinceCatalogueImage *image = &index->catalogue.images[number];
  uint32_t local = image->block - first_reference (index, image->segment);
  LinceTextured textured;

  return open_block (index, image->segment, &textured, error) &&
         lince_textured_extract (&textured, local, features, error);
}

/* Opens the blocks of features of all segments; `numbers` has room for all their images. */
static bool
open_parts (LinceIndex *index, uint32_t *part_of, uint32_t *numbers, LinceError *error)
{
  uint32_t count = 0;

  for (uint32_t s = 0; s < index->manifest.segment_count; s++) {
    uint32_t images = lince_index_segment_images (index, s);

    part_of[s] = count;
    if (images == 0)
      continue;
    if (!open_block (index, s, &index->parts[count].textured, error))
      return false;
    index->parts[count++].numbers = numbers;
    for (uint32_t i = 0; i < images; i++)
      *numbers++ = LINCE_NO_IMAGE;
  }
  index->set = (LinceTexturedSet){index->catalogue.image_count, count, index->parts, index->places};
  return true;
}

static void
place_images (LinceIndex *index, const uint32_t *part_of)
{
  for (uint32_t i = 0; i < index->catalogue.image_count; i++) {
    const LinceCatalogueImage *image = &index->catalogue.images[i];
    uint32_t part = part_of[image->segment];
    uint32_t local = image->block - first_reference (index, image->segment);

    index->places[i] = (LinceTexturedPlace){part, local};
    ((uint32_t *) index->parts[part].numbers)[local] = i;
  }
}

static bool
open_textured (LinceIndex *index, LinceError *error)
{
  uint32_t segments = index->manifest.segment_count;
  uint32_t *part_of = calloc (segments, sizeof *part_of);
  size_t images = 0;
  bool ok;

  for (uint32_t s = 0; s < segments; s++)
    images += lince_index_segment_images (index, s);
  free (index->parts);
  free (index->places);
  free (index->numbers);
  index->parts = calloc (segments, sizeof *index->parts);
  index->places = calloc (index->catalogue.image_count, sizeof *index->places);
  index->numbers = calloc (images + 1, sizeof *index->numbers);
  ok = part_of != NULL && index->parts != NULL && index->places != NULL && index->numbers != NULL;
  if (!ok)
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the features of an index");
  ok = ok && open_parts (index, part_of, index->numbers, error);
  if (ok)
    place_images (index, part_of);
  free (part_of);
  return ok;
}

const LinceTexturedSet *
lince_index_textured (LinceIndex *index, LinceError *error)
{
  bool ok;

  pthread_mutex_lock (&index->lock);
  ok = index->opened || open_textured (index, error);
  index->opened = ok;
  pthread_mutex_unlock (&index->lock);
  return ok ? &index->set : NULL;
}

const void *
lince_index_marks (const LinceIndex *index, size_t *size, LinceError *error)
{
  int64_t number = lince_segment_find (index->segments[0], LINCE_TAG_MARKS);

  *size = 0;
  if (number < 0) {
    if (error != NULL)
      *error = (LinceError){0};
    return NULL;
  }
  *size = lince_segment_block_size (index->segments[0], (uint32_t) number);
  return lince_segment_block (index->segments[0], (uint32_t) number, error);
}
