/* SPDX-License-Identifier: LGPL-2.1-or-later
 * From what a builder has gathered to an index: which images share a segment, then the segments. */
#include <stdlib.h>
#include <string.h>

#include "recognition/catalogue.h"
#include "recognition/index_builder.h"
#include "recognition/index_internal.h"
#include "recognition/index_store.h"
#include "recognition/mark.h"
#include "recognition/reference.h"

/* When a segment of the base is not kept but its images go into a new one. */
#define SMALL_SEGMENT 32 /* images that are merged with any that come anew */
#define MERGE_RATIO 2    /* images a segment has at most for each that comes anew */
#define LEAST_LIVE 3 / 4 /* of a segment's images that the index must still name */

/* What becomes of a segment of the base. */
typedef struct {
  uint32_t number, images;
  uint32_t live; /* of the images, that the new index names */
  bool kept;
  uint32_t place; /* in the new index, where kept */
} BaseSegment;

/* One compilation: to files when `store` is set, else into `segments`. */
typedef struct {
  const LinceIndexBuilder *builder;
  LinceIndexStore *store;
  BaseSegment *base; /* in the order of the base's segments */
  uint32_t base_count;
  uint32_t *fresh; /* numbers of the images for new segments, rising */
  uint32_t fresh_count;
  LinceManifest manifest;
  LinceSegment **segments; /* in memory */
  uint32_t segment_room;
  LinceCatalogue catalogue;
} Compilation;

static bool
no_memory (LinceError *error)
{
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the collection");
  return false;
}

static bool
start_compilation (Compilation *work, LinceError *error)
{
  const LinceIndexBuilder *builder = work->builder;
  LinceCatalogue *catalogue = &work->catalogue;

  work->base_count =
      builder->base != NULL ? lince_index_manifest (builder->base)->segment_count : 0;
  work->segment_room =
      2 + work->base_count + (uint32_t) (builder->image_count / LINCE_TEXTURED_MAX_IMAGES);
  work->base = calloc (work->base_count + 1, sizeof *work->base);
  work->fresh = calloc (builder->image_count + 1, sizeof *work->fresh);
  work->manifest.segments = calloc (work->segment_room, sizeof work->manifest.segments[0]);
  work->segments = calloc (work->segment_room, sizeof work->segments[0]);
  catalogue->objects = calloc (builder->object_count + 1, sizeof catalogue->objects[0]);
  catalogue->images = calloc (builder->image_count + 1, sizeof catalogue->images[0]);
  if (work->base == NULL || work->fresh == NULL || work->manifest.segments == NULL ||
      work->segments == NULL || catalogue->objects == NULL || catalogue->images == NULL)
    return no_memory (error);
  work->manifest.segment_count = 1; /* the first is written last */
  return true;
}

static void
fill_catalogue (Compilation *work)
{
  LinceCatalogue *catalogue = &work->catalogue;

  for (size_t i = 0; i < work->builder->image_count; i++) {
    const LinceBuilderImage *image = work->builder->images[i];

    if (i == 0 || work->builder->images[i - 1]->object != image->object) {
      const LinceBuilderObject *object = image->object;

      catalogue->objects[catalogue->object_count++] =
          (LinceObject){object->id, object->name, object->metadata, 0};
    }
    catalogue->objects[catalogue->object_count - 1].image_count++;
    catalogue->images[i].object = catalogue->object_count - 1;
    catalogue->images[i].enrolment = image->enrolment;
    catalogue->image_count++;
  }
  work->manifest.object_count = catalogue->object_count;
  work->manifest.image_count = catalogue->image_count;
  work->manifest.revision = lince_catalogue_revision (catalogue);
}

static int
compare_segments (const void *a, const void *b)
{
  const BaseSegment *one = a, *other = b;

  if (one->live != other->live)
    return one->live < other->live ? -1 : 1;
  return (one->number > other->number) - (one->number < other->number);
}

static int
compare_numbers (const void *a, const void *b)
{
  const BaseSegment *one = a, *other = b;

  return (one->number > other->number) - (one->number < other->number);
}

/* Decides which segments of the base stay. Those that do grow in size by MERGE_RATIO or so, thus
 * there are few, and each image is seldom moved. */
static void
choose_segments (Compilation *work)
{
  const LinceIndexBuilder *builder = work->builder;
  uint32_t moved = 0;

  for (uint32_t s = 0; s < work->base_count; s++)
    work->base[s] =
        (BaseSegment){.number = s, .images = lince_index_segment_images (builder->base, s)};
  for (size_t i = 0; i < builder->image_count; i++) {
    if (builder->images[i]->based)
      work->base[builder->images[i]->segment].live++;
    else
      moved++;
  }
  for (uint32_t s = 0; s < work->base_count; s++) {
    BaseSegment *segment = &work->base[s];

    segment->kept = segment->live > 0 && segment->live >= segment->images * LEAST_LIVE;
    moved += segment->kept ? 0 : segment->live;
  }
  qsort (work->base, work->base_count, sizeof *work->base, compare_segments);
  for (uint32_t s = 0; s < work->base_count; s++) {
    BaseSegment *segment = &work->base[s];

    if (segment->kept && moved > 0 && moved + segment->live <= LINCE_TEXTURED_MAX_IMAGES &&
        (segment->live <= SMALL_SEGMENT || segment->live <= MERGE_RATIO * moved)) {
      segment->kept = false;
      moved += segment->live;
    }
  }
  qsort (work->base, work->base_count, sizeof *work->base, compare_numbers);
}

/* Puts a segment of the base into the new index as it is. */
static bool
keep_segment (Compilation *work, BaseSegment *segment, LinceError *error)
{
  LinceIndex *base = work->builder->base;
  const LinceManifestSegment *old = &lince_index_manifest (base)->segments[segment->number];
  LinceSegment *file = lince_index_segment (base, segment->number);
  LinceManifestSegment *new = &work->manifest.segments[work->manifest.segment_count];

  segment->place = work->manifest.segment_count++;
  new->hash = old->hash;
  new->size = old->size;
  if (work->store == NULL) {
    work->segments[segment->place] = lince_segment_ref (file);
    return true;
  }
  if (lince_index_store_keep (work->store, lince_index_path (base), old, new))
    return true;
  /* the file is not there any more, or elsewhere: write it anew, if what is mapped is sound */
  for (uint32_t b = 0; b < lince_segment_block_count (file); b++)
    if (lince_segment_block (file, b, error) == NULL)
      return false;
  {
    size_t size;
    const uint8_t *data = lince_segment_bytes (file, &size);

    return lince_index_store_segment (work->store, data, size, old->hash, new, error);
  }
}

/* Gives the images of kept segments their places and gathers the others. */
static bool
place_images (Compilation *work, LinceError *error)
{
  const LinceIndexBuilder *builder = work->builder;

  choose_segments (work);
  for (uint32_t s = 0; s < work->base_count; s++)
    if (work->base[s].kept && !keep_segment (work, &work->base[s], error))
      return false;
  for (uint32_t i = 0; i < builder->image_count; i++) {
    const LinceBuilderImage *image = builder->images[i];

    if (image->based && work->base[image->segment].kept) {
      work->catalogue.images[i].segment = work->base[image->segment].place;
      work->catalogue.images[i].block = image->block;
    } else {
      work->fresh[work->fresh_count++] = i;
    }
  }
  return true;
}

/* Ends the segment in `writer` as number `number` of the index. */
static bool
emit (Compilation *work, LinceSegmentWriter *writer, uint32_t number, LinceError *error)
{
  LinceManifestSegment *segment = &work->manifest.segments[number];
  uint8_t *data = NULL;
  size_t size;
  bool ok;

  if (!lince_segment_writer_finish (writer, &data, &size, &segment->hash, error))
    return false;
  segment->size = size;
  if (work->store == NULL) {
    work->segments[number] = lince_segment_take (data, size, segment->hash, error);
    return work->segments[number] != NULL;
  }
  ok = lince_index_store_segment (work->store, data, size, segment->hash, segment, error);
  free (data);
  return ok;
}

/* An image's reference as it is in memory, or read back into `*copy`, or in the base. */
static const uint8_t *
get_levels (const Compilation *work, const LinceBuilderImage *image, uint8_t **copy, size_t *size,
    LinceError *error)
{
  *copy = NULL;
  *size = image->levels_size;
  if (image->based) {
    LinceSegment *segment = lince_index_segment (work->builder->base, image->segment);

    *size = lince_segment_block_size (segment, image->block);
    return lince_segment_block (segment, image->block, error);
  }
  if (image->levels != NULL)
    return image->levels;
  *copy = malloc (image->levels_size);
  if (*copy == NULL)
    no_memory (error);
  else if (!lince_spill_get (&work->builder->spill, image->offset, *copy, image->levels_size)) {
    lince_error_set (error, LINCE_ERROR_IO, "the temporary file cannot be read");
    free (*copy);
    *copy = NULL;
  }
  return *copy;
}

static bool
add_reference (const Compilation *work, const LinceBuilderImage *image, LinceSegmentWriter *writer,
    LinceError *error)
{
  uint8_t *copy;
  size_t size;
  const uint8_t *levels = get_levels (work, image, &copy, &size, error);
  bool ok =
      levels != NULL && lince_segment_writer_add (writer, LINCE_TAG_REFERENCE, levels, size, error);

  free (copy);
  return ok;
}

/* Features of the images of one new segment; those of the base's are read out of it. */
static bool
get_features (const Compilation *work, const uint32_t *numbers, uint32_t count,
    LinceFeatures *features, LinceError *error)
{
  for (uint32_t i = 0; i < count; i++) {
    const LinceBuilderImage *image = work->builder->images[numbers[i]];

    if (!image->based)
      features[i] = image->features;
    else if (!lince_index_extract (work->builder->base, image->number, &features[i], error))
      return false;
  }
  return true;
}

static bool
add_textured (const Compilation *work, const uint32_t *numbers, uint32_t count,
    LinceSegmentWriter *writer, LinceError *error)
{
  LinceFeatures *features = calloc (count + 1, sizeof *features);
  void *data = NULL;
  size_t size;
  bool ok;

  if (features == NULL)
    return no_memory (error);
  ok = get_features (work, numbers, count, features, error) &&
       lince_textured_compile (features, count, &data, &size, error) &&
       lince_segment_writer_add (writer, LINCE_TAG_TEXTURED, data, size, error);
  for (uint32_t i = 0; i < count; i++)
    if (work->builder->images[numbers[i]]->based)
      lince_features_clear (&features[i]);
  free (data);
  free (features);
  return ok;
}

/* A new segment: the features of `count` images, then the reference of each. */
static bool
emit_images (Compilation *work, const uint32_t *numbers, uint32_t count, LinceError *error)
{
  LinceSegmentWriter writer = {0};
  uint32_t place = work->manifest.segment_count++;
  bool ok = add_textured (work, numbers, count, &writer, error);

  for (uint32_t i = 0; ok && i < count; i++) {
    ok = add_reference (work, work->builder->images[numbers[i]], &writer, error);
    work->catalogue.images[numbers[i]].segment = place;
    work->catalogue.images[numbers[i]].block = 1 + i;
  }
  ok = ok && emit (work, &writer, place, error);
  lince_segment_writer_clear (&writer);
  return ok;
}

static bool
emit_fresh (Compilation *work, LinceError *error)
{
  for (uint32_t i = 0; i < work->fresh_count; i += LINCE_TEXTURED_MAX_IMAGES) {
    uint32_t count = work->fresh_count - i;

    count = count < LINCE_TEXTURED_MAX_IMAGES ? count : LINCE_TEXTURED_MAX_IMAGES;
    if (!emit_images (work, work->fresh + i, count, error))
      return false;
  }
  return true;
}

/* The marks of the base's images, by their numbers there; `*count` of them. */
static bool
get_base_marks (const Compilation *work, LinceFeatures **marks, uint32_t *count, LinceError *error)
{
  LinceError problem = {0};
  LinceMarks block = {0};
  size_t size = 0;
  const void *data = NULL;

  *count = work->builder->base != NULL ? lince_index_image_count (work->builder->base) : 0;
  *marks = calloc (*count + 1, sizeof **marks);
  if (*marks == NULL)
    return no_memory (error);
  if (*count > 0)
    data = lince_index_marks (work->builder->base, &size, &problem);
  if (data == NULL && problem.code != LINCE_OK && error != NULL)
    *error = problem;
  if (data == NULL)
    return problem.code == LINCE_OK;
  return lince_mark_open (&block, data, size, *count, error) &&
         lince_mark_extract (&block, *marks, error);
}

/* All marks are in one block, which is compiled anew each time. */
static bool
add_marks (const Compilation *work, LinceSegmentWriter *writer, LinceError *error)
{
  size_t count = work->builder->image_count, size;
  LinceFeatures *marks = calloc (count + 1, sizeof *marks), *base_marks = NULL;
  uint32_t base_count = 0;
  void *data = NULL;
  bool ok;

  if (marks == NULL)
    return no_memory (error);
  ok = get_base_marks (work, &base_marks, &base_count, error);
  for (size_t i = 0; ok && i < count; i++) {
    const LinceBuilderImage *image = work->builder->images[i];

    marks[i] = image->based ? base_marks[image->number] : image->marks;
  }
  ok = ok && lince_mark_compile (marks, (uint32_t) count, &data, &size, error) &&
       lince_segment_writer_add (writer, LINCE_TAG_MARKS, data, size, error);
  for (uint32_t i = 0; base_marks != NULL && i < base_count; i++)
    lince_features_clear (&base_marks[i]);
  free (base_marks);
  free (data);
  free (marks);
  return ok;
}

static bool
emit_catalogue (Compilation *work, LinceError *error)
{
  LinceSegmentWriter writer = {0};
  size_t objects_size = 0, images_size = 0;
  uint8_t *objects = lince_catalogue_write_objects (&work->catalogue, &objects_size);
  uint8_t *images = lince_catalogue_write_images (&work->catalogue, &images_size);
  bool ok = objects != NULL && images != NULL;

  if (!ok)
    no_memory (error);
  ok = ok && lince_segment_writer_add (&writer, LINCE_TAG_OBJECTS, objects, objects_size, error) &&
       lince_segment_writer_add (&writer, LINCE_TAG_IMAGES, images, images_size, error) &&
       add_marks (work, &writer, error) && emit (work, &writer, 0, error);
  lince_segment_writer_clear (&writer);
  free (objects);
  free (images);
  return ok;
}

static bool
compile (Compilation *work, LinceIndexBuilder *builder, LinceIndexStore *store, LinceError *error)
{
  *work = (Compilation){.builder = builder, .store = store};
  if (builder->image_count == 0) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "the collection has no usable image");
    return false;
  }
  lince_index_builder_settle (builder);
  if (!start_compilation (work, error))
    return false;
  fill_catalogue (work);
  return place_images (work, error) && emit_fresh (work, error) && emit_catalogue (work, error);
}

static void
end_compilation (Compilation *work)
{
  free (work->base);
  free (work->fresh);
  free (work->catalogue.objects);
  free (work->catalogue.images);
  free (work->segments);
  lince_manifest_clear (&work->manifest);
}

bool
lince_index_builder_write (LinceIndexBuilder *builder, const char *path, LinceError *error)
{
  LinceIndexStore store;
  Compilation work = {0};
  bool ok;

  pthread_mutex_lock (&builder->lock);
  ok = lince_index_store_open (&store, path, error) && compile (&work, builder, &store, error) &&
       lince_index_store_manifest (&store, &work.manifest, error);
  end_compilation (&work);
  lince_index_store_close (&store);
  pthread_mutex_unlock (&builder->lock);
  return ok;
}

LinceIndex *
lince_index_builder_finish (LinceIndexBuilder *builder, LinceError *error)
{
  Compilation work = {0};
  LinceIndex *index = NULL;

  pthread_mutex_lock (&builder->lock);
  if (compile (&work, builder, NULL, error)) {
    index = lince_index_assemble (&work.manifest, work.segments, error);
  } else {
    for (uint32_t i = 0; work.segments != NULL && i < work.segment_room; i++)
      lince_segment_unref (work.segments[i]);
  }
  end_compilation (&work);
  pthread_mutex_unlock (&builder->lock);
  return index;
}
