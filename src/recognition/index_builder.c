/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/index.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/catalogue.h"
#include "recognition/hash.h"
#include "recognition/index_internal.h"
#include "recognition/index_store.h"
#include "recognition/mark.h"
#include "recognition/reference.h"
#include "recognition/spill.h"
#include "recognition/textured.h"

/* References are spread over segments by the hash of their object's id, so that a change of one
 * object rewrites one of them. */
#define IMAGES_A_SEGMENT 128
#define MAX_REFERENCE_SEGMENTS 2048
#define DEFAULT_MEMORY (64u << 20)
#define PLAIN_KEYPOINTS 250 /* over all simulated views; a poster has 450 and more */

typedef struct {
  char *id, *name, *metadata;
  uint32_t generators; /* that its images may have */
} Object;

typedef struct {
  const Object *object;
  uint64_t content; /* hash of the picture */
  LinceEnrolment enrolment;
  LinceFeatures features, marks;
  uint8_t *levels; /* NULL: put aside at `offset` */
  size_t levels_size;
  uint64_t offset;
} Image;

struct LinceIndexBuilder {
  pthread_mutex_t lock;
  Object **objects; /* in the order of ids */
  Image **images;   /* in the order of adding, until a compilation sorts them */
  size_t object_count, object_room, image_count, image_room;
  size_t memory, used; /* bytes of references that are kept in memory, at most and now */
  LinceSpill spill;    /* the others */
};

static bool
no_memory (LinceError *error)
{
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the collection");
  return false;
}

LinceIndexBuilder *
lince_index_builder_new (LinceError *error)
{
  LinceIndexBuilder *builder = calloc (1, sizeof *builder);

  if (builder == NULL) {
    no_memory (error);
    return NULL;
  }
  pthread_mutex_init (&builder->lock, NULL);
  builder->memory = DEFAULT_MEMORY;
  builder->spill.fd = -1;
  return builder;
}

void
lince_index_builder_set_memory (LinceIndexBuilder *builder, size_t bytes)
{
  pthread_mutex_lock (&builder->lock);
  builder->memory = bytes;
  pthread_mutex_unlock (&builder->lock);
}

static void
free_object (Object *object)
{
  if (object == NULL)
    return;
  free (object->id);
  free (object->name);
  free (object->metadata);
  free (object);
}

static void
free_image (Image *image)
{
  if (image == NULL)
    return;
  lince_features_clear (&image->features);
  lince_features_clear (&image->marks);
  free (image->levels);
  free (image);
}

void
lince_index_builder_free (LinceIndexBuilder *builder)
{
  if (builder == NULL)
    return;
  for (size_t i = 0; i < builder->image_count; i++)
    free_image (builder->images[i]);
  for (size_t i = 0; i < builder->object_count; i++)
    free_object (builder->objects[i]);
  free (builder->images);
  free (builder->objects);
  lince_spill_close (&builder->spill);
  pthread_mutex_destroy (&builder->lock);
  free (builder);
}

/* Room for one more pointer. */
static bool
make_room (void ***array, size_t count, size_t *room, LinceError *error)
{
  size_t larger = *room > 0 ? 2 * *room : 64;
  void **grown;

  if (count < *room)
    return true;
  grown = realloc (*array, larger * sizeof *grown);
  if (grown == NULL)
    return no_memory (error);
  *array = grown;
  *room = larger;
  return true;
}

/* Where the object with that id is, or would be. */
static size_t
object_place (const LinceIndexBuilder *builder, const char *id)
{
  size_t low = 0, high = builder->object_count;

  while (low < high) {
    size_t middle = low + (high - low) / 2;

    if (strcmp (builder->objects[middle]->id, id) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static Object *
find_object (const LinceIndexBuilder *builder, const char *id)
{
  size_t place = object_place (builder, id);

  if (place < builder->object_count && strcmp (builder->objects[place]->id, id) == 0)
    return builder->objects[place];
  return NULL;
}

static bool
check_object (const char *id, const char *name, const char *metadata, LinceError *error)
{
  size_t length = strlen (metadata);

  if (!lince_object_id_is_valid (id))
    lince_error_set (error, LINCE_ERROR_ARGUMENT,
        "an object's id has 1 to %d bytes of letters, digits, . _ - and does not begin with a dot",
        LINCE_ID_MAX);
  else if (!lince_text_is_valid (name, LINCE_NAME_MAX))
    lince_error_set (error, LINCE_ERROR_ARGUMENT,
        "%s: an object's name is UTF-8 of at most %d bytes", id, LINCE_NAME_MAX);
  else if (!lince_text_is_valid (metadata, LINCE_METADATA_MAX) || length < 2 ||
           metadata[0] != '{' || metadata[length - 1] != '}')
    lince_error_set (error, LINCE_ERROR_ARGUMENT,
        "%s: an object's metadata is one JSON object of at most %d bytes", id, LINCE_METADATA_MAX);
  else
    return true;
  return false;
}

static bool
insert_object (LinceIndexBuilder *builder, Object *object, LinceError *error)
{
  size_t place = object_place (builder, object->id);

  if (find_object (builder, object->id) != NULL) {
    lince_error_set (
        error, LINCE_ERROR_ARGUMENT, "there are two objects with the id %s", object->id);
    return false;
  }
  if (builder->object_count >= LINCE_MAX_OBJECTS) {
    lince_error_set (error, LINCE_ERROR_LIMIT, "more than %u objects", LINCE_MAX_OBJECTS);
    return false;
  }
  if (!make_room (
          (void ***) &builder->objects, builder->object_count, &builder->object_room, error))
    return false;
  memmove (builder->objects + place + 1, builder->objects + place,
      (builder->object_count - place) * sizeof builder->objects[0]);
  builder->objects[place] = object;
  builder->object_count++;
  return true;
}

bool
lince_index_builder_add_object (LinceIndexBuilder *builder, const char *id, const char *name,
    const char *metadata, LinceError *error)
{
  Object *object;
  bool ok;

  name = name != NULL ? name : id;
  metadata = metadata != NULL ? metadata : "{}";
  if (!check_object (id, name, metadata, error))
    return false;
  object = calloc (1, sizeof *object);
  if (object != NULL)
    object->generators = LINCE_GENERATORS_ALL;
  if (object == NULL || (object->id = strdup (id)) == NULL ||
      (object->name = strdup (name)) == NULL || (object->metadata = strdup (metadata)) == NULL) {
    free_object (object);
    return no_memory (error);
  }
  pthread_mutex_lock (&builder->lock);
  ok = insert_object (builder, object, error);
  pthread_mutex_unlock (&builder->lock);
  if (!ok)
    free_object (object);
  return ok;
}

bool
lince_index_builder_set_generators (
    LinceIndexBuilder *builder, const char *id, uint32_t generators, LinceError *error)
{
  Object *object;

  if (generators == 0 || (generators & ~LINCE_GENERATORS_ALL) != 0) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "%s: 0x%x names no generators", id, generators);
    return false;
  }
  pthread_mutex_lock (&builder->lock);
  object = find_object (builder, id);
  if (object != NULL)
    object->generators = generators;
  pthread_mutex_unlock (&builder->lock);
  if (object == NULL)
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "there is no object with the id %s", id);
  return object != NULL;
}

static uint64_t
hash_picture (const LincePicture *picture)
{
  uint64_t hash = (uint64_t) picture->width << 32 | (uint32_t) picture->height;

  for (int y = 0; y < picture->height; y++)
    hash = lince_hash64 (picture->data + y * picture->stride, (size_t) picture->width * 4, hash);
  return hash;
}

/* What the picture is found by, of what is allowed: its texture; its shapes, where it has a shape
 * of its own, is too plain to be found by texture alone or must not be. */
static bool
enrol_source (Image *image, const LinceReferenceSource *source, uint32_t allowed, LinceError *error)
{
  LinceMarkPicture mark = {
      source->luma, source->cb, source->cr, source->mask, source->width, source->height};
  LinceEnrolment *enrolment = &image->enrolment;

  if ((allowed & LINCE_GENERATOR_TEXTURED) &&
      !lince_textured_enrol (source->luma, source->mask, source->width, source->height,
          &image->features, enrolment, error))
    return false;
  enrolment->mark = (allowed & LINCE_GENERATOR_MARK) &&
                    (source->masked || enrolment->keypoints < PLAIN_KEYPOINTS);
  enrolment->generators = (enrolment->textured ? LINCE_GENERATOR_TEXTURED : 0) |
                          (enrolment->mark ? LINCE_GENERATOR_MARK : 0);
  return !enrolment->mark || lince_mark_enrol (&mark, &image->marks, error);
}

/* Everything that does not touch the builder: the costly part, which threads do side by side. */
static Image *
enrol (const LincePicture *picture, uint32_t allowed, LinceError *error)
{
  LinceReferenceSource source = {0};
  Image *image = calloc (1, sizeof *image);

  if (image == NULL) {
    no_memory (error);
    return NULL;
  }
  image->enrolment.width = picture->width;
  image->enrolment.height = picture->height;
  if (!lince_reference_make (&source, picture, error) ||
      !enrol_source (image, &source, allowed, error)) {
    free_image (image);
    image = NULL;
  } else {
    image->content = hash_picture (picture);
    image->enrolment.width = picture->width;
    image->enrolment.height = picture->height;
    image->enrolment.transparent = source.masked;
    image->levels = source.levels;
    image->levels_size = source.levels_size;
    source.levels = NULL;
  }
  lince_reference_clear (&source);
  return image;
}

/* Keeps a reference in memory or, beyond the limit, puts it aside. Where that is not possible it
 * stays in memory. */
static void
store_levels (LinceIndexBuilder *builder, Image *image)
{
  if (builder->used + image->levels_size > builder->memory &&
      lince_spill_put (&builder->spill, image->levels, image->levels_size, &image->offset)) {
    free (image->levels);
    image->levels = NULL;
  } else {
    builder->used += image->levels_size;
  }
}

/* The generators that images of an object may have; all of an unknown one. */
static uint32_t
allowed_generators (LinceIndexBuilder *builder, const char *id)
{
  const Object *object;
  uint32_t generators;

  pthread_mutex_lock (&builder->lock);
  object = find_object (builder, id);
  generators = object != NULL ? object->generators : LINCE_GENERATORS_ALL;
  pthread_mutex_unlock (&builder->lock);
  return generators;
}

static bool
insert_image (LinceIndexBuilder *builder, const char *id, Image *image, LinceError *error)
{
  image->object = find_object (builder, id);
  if (image->object == NULL) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "there is no object with the id %s", id);
    return false;
  }
  if (builder->image_count >= LINCE_MAX_IMAGES) {
    lince_error_set (error, LINCE_ERROR_LIMIT, "more than %u images", LINCE_MAX_IMAGES);
    return false;
  }
  if (!make_room ((void ***) &builder->images, builder->image_count, &builder->image_room, error))
    return false;
  store_levels (builder, image);
  builder->images[builder->image_count++] = image;
  return true;
}

bool
lince_index_builder_add_image (LinceIndexBuilder *builder, const char *id, const char *source,
    const LincePicture *picture, LinceEnrolment *report, LinceError *error)
{
  Image *image = enrol (picture, allowed_generators (builder, id), error);
  bool ok = false;

  if (image != NULL) {
    LinceEnrolment enrolment = image->enrolment;

    pthread_mutex_lock (&builder->lock);
    ok = insert_image (builder, id, image, error);
    pthread_mutex_unlock (&builder->lock);
    if (!ok)
      free_image (image);
    else if (report != NULL)
      *report = enrolment;
  }
  if (!ok)
    lince_error_prefix (error, "%s: ", source);
  return ok;
}

static int
compare_images (const void *a, const void *b)
{
  const Image *one = *(Image *const *) a, *other = *(Image *const *) b;
  int order = strcmp (one->object->id, other->object->id);

  if (order != 0)
    return order;
  return (one->content > other->content) - (one->content < other->content);
}

/* Sorts the images and drops those that an object has twice. */
static void
settle_images (LinceIndexBuilder *builder)
{
  size_t kept = 0;

  qsort (builder->images, builder->image_count, sizeof builder->images[0], compare_images);
  for (size_t i = 0; i < builder->image_count; i++) {
    if (kept > 0 && compare_images (&builder->images[kept - 1], &builder->images[i]) == 0)
      free_image (builder->images[i]);
    else
      builder->images[kept++] = builder->images[i];
  }
  builder->image_count = kept;
}

/* One compilation: to files when `store` is set, else into `segments`. */
typedef struct {
  const LinceIndexBuilder *builder;
  LinceIndexStore *store;
  LinceManifest manifest;
  LinceSegment **segments; /* in memory */
  LinceCatalogue catalogue;
  uint32_t bucket_count;
} Compilation;

static bool
start_compilation (Compilation *work, LinceError *error)
{
  const LinceIndexBuilder *builder = work->builder;
  LinceCatalogue *catalogue = &work->catalogue;

  for (work->bucket_count = 1;
       work->bucket_count < MAX_REFERENCE_SEGMENTS &&
       builder->image_count > (size_t) IMAGES_A_SEGMENT * work->bucket_count;)
    work->bucket_count *= 2;
  work->manifest.segments = calloc (work->bucket_count + 1, sizeof work->manifest.segments[0]);
  work->segments = calloc (work->bucket_count + 1, sizeof work->segments[0]);
  catalogue->objects = calloc (builder->object_count + 1, sizeof catalogue->objects[0]);
  catalogue->images = calloc (builder->image_count + 1, sizeof catalogue->images[0]);
  if (work->manifest.segments == NULL || work->segments == NULL || catalogue->objects == NULL ||
      catalogue->images == NULL)
    return no_memory (error);
  work->manifest.segment_count = 1; /* the first is written last */
  return true;
}

static void
fill_catalogue (Compilation *work)
{
  LinceCatalogue *catalogue = &work->catalogue;

  for (size_t i = 0; i < work->builder->image_count; i++) {
    const Image *image = work->builder->images[i];

    if (i == 0 || work->builder->images[i - 1]->object != image->object) {
      const Object *object = image->object;

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

static bool
add_reference (
    const Compilation *work, const Image *image, LinceSegmentWriter *writer, LinceError *error)
{
  uint8_t *levels = image->levels != NULL ? image->levels : malloc (image->levels_size);
  bool ok = levels != NULL;

  if (!ok)
    no_memory (error);
  else if (image->levels == NULL &&
           !lince_spill_get (&work->builder->spill, image->offset, levels, image->levels_size)) {
    lince_error_set (error, LINCE_ERROR_IO, "the temporary file cannot be read");
    ok = false;
  }
  ok = ok &&
       lince_segment_writer_add (writer, LINCE_TAG_REFERENCE, levels, image->levels_size, error);
  if (levels != image->levels)
    free (levels);
  return ok;
}

static bool
emit_references (Compilation *work, uint32_t bucket, LinceError *error)
{
  LinceSegmentWriter writer = {0};
  uint32_t number = work->manifest.segment_count, blocks = 0;
  bool ok = true;

  for (uint32_t i = 0; ok && i < work->builder->image_count; i++) {
    const Image *image = work->builder->images[i];
    const char *id = image->object->id;

    if (lince_hash64 (id, strlen (id), 0) % work->bucket_count != bucket)
      continue;
    ok = add_reference (work, image, &writer, error);
    work->catalogue.images[i].segment = number;
    work->catalogue.images[i].block = blocks++;
  }
  if (ok && blocks > 0) {
    work->manifest.segment_count++;
    ok = emit (work, &writer, number, error);
  }
  lince_segment_writer_clear (&writer);
  return ok;
}

static bool
add_textured (const Compilation *work, LinceSegmentWriter *writer, LinceError *error)
{
  size_t count = work->builder->image_count, size;
  LinceFeatures *features = calloc (count + 1, sizeof *features);
  void *data = NULL;
  bool ok;

  if (features == NULL)
    return no_memory (error);
  for (size_t i = 0; i < count; i++)
    features[i] = work->builder->images[i]->features;
  ok = lince_textured_compile (features, (uint32_t) count, &data, &size, error) &&
       lince_segment_writer_add (writer, LINCE_TAG_TEXTURED, data, size, error);
  free (data);
  free (features);
  return ok;
}

static bool
add_marks (const Compilation *work, LinceSegmentWriter *writer, LinceError *error)
{
  size_t count = work->builder->image_count, size;
  LinceFeatures *marks = calloc (count + 1, sizeof *marks);
  void *data = NULL;
  bool ok;

  if (marks == NULL)
    return no_memory (error);
  for (size_t i = 0; i < count; i++)
    marks[i] = work->builder->images[i]->marks;
  ok = lince_mark_compile (marks, (uint32_t) count, &data, &size, error) &&
       lince_segment_writer_add (writer, LINCE_TAG_MARKS, data, size, error);
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
       add_textured (work, &writer, error) && add_marks (work, &writer, error) &&
       emit (work, &writer, 0, error);
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
  settle_images (builder);
  if (!start_compilation (work, error))
    return false;
  fill_catalogue (work);
  for (uint32_t bucket = 0; bucket < work->bucket_count; bucket++)
    if (!emit_references (work, bucket, error))
      return false;
  if (!emit_catalogue (work, error))
    return false;
  work->manifest.revision = lince_manifest_revision (&work->manifest);
  return true;
}

static void
end_compilation (Compilation *work)
{
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
    for (uint32_t i = 0; work.segments != NULL && i <= work.bucket_count; i++)
      lince_segment_free (work.segments[i]);
  }
  end_compilation (&work);
  pthread_mutex_unlock (&builder->lock);
  return index;
}
