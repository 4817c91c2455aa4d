/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/index_builder.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/catalogue.h"
#include "recognition/hash.h"
#include "recognition/index_internal.h"
#include "recognition/mark.h"
#include "recognition/reference.h"

#define DEFAULT_MEMORY (64u << 20)
#define PRINT_KEYPOINTS 250 /* over all simulated views; a poster has 450 and more */

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
free_object (LinceBuilderObject *object)
{
  if (object == NULL)
    return;
  free (object->id);
  free (object->name);
  free (object->metadata);
  free (object);
}

static void
free_image (LinceBuilderImage *image)
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
  lince_index_unref (builder->base);
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

static LinceBuilderObject *
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
insert_object (LinceIndexBuilder *builder, LinceBuilderObject *object, LinceError *error)
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
  LinceBuilderObject *object;
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
  LinceBuilderObject *object;

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

/* Whether it has a poster's detail all over. */
static bool
is_print (const LinceReferenceSource *source, const LinceEnrolment *enrolment)
{
  LinceReference reference = {0};

  lince_reference_layout (&reference, source->width, source->height, source->masked);
  lince_reference_view (&reference, source->levels, source->masked);
  return enrolment->textured && enrolment->keypoints >= PRINT_KEYPOINTS &&
         lince_reference_is_full (&reference);
}

/* What the picture is found by, of what is allowed: its texture; its shapes, where it has a shape
 * of its own, is too plain to be found by texture alone or must not be. */
static bool
enrol_source (LinceBuilderImage *image, const LinceReferenceSource *source, uint32_t allowed,
    LinceError *error)
{
  LinceMarkPicture mark = {
      source->luma, source->cb, source->cr, source->mask, source->width, source->height};
  LinceEnrolment *enrolment = &image->enrolment;

  if ((allowed & LINCE_GENERATOR_TEXTURED) &&
      !lince_textured_enrol (source->luma, source->mask, source->width, source->height,
          &image->features, enrolment, error))
    return false;
  enrolment->mark = (allowed & LINCE_GENERATOR_MARK) &&
                    (source->masked || enrolment->keypoints < PRINT_KEYPOINTS);
  enrolment->print = is_print (source, enrolment);
  enrolment->generators = (enrolment->textured ? LINCE_GENERATOR_TEXTURED : 0) |
                          (enrolment->mark ? LINCE_GENERATOR_MARK : 0);
  return !enrolment->mark || lince_mark_enrol (&mark, &image->marks, error);
}

static const LinceVariant the_cut_out = {LINCE_VARIANT_CUT_OUT, 0};

/* A picture and a variant with the same pixels are two images: which of them came first is then no
 * matter. */
static uint64_t
hash_variant (uint64_t content, const LinceVariant *variant)
{
  const uint32_t numbers[2] = {(uint32_t) variant->kind, variant->colour};

  return variant->kind == LINCE_VARIANT_NONE ? content
                                             : lince_hash64 (numbers, sizeof numbers, content);
}

static bool
check_variant (const LinceVariant *variant, LinceError *error)
{
  if (variant->kind <= LINCE_VARIANT_INVERSE &&
      variant->colour <= (variant->kind == LINCE_VARIANT_ONE_COLOUR ? 0xffffffu : 0))
    return true;
  lince_error_set (error, LINCE_ERROR_ARGUMENT, "there is no variant %d of colour %x",
      (int) variant->kind, variant->colour);
  return false;
}

/* Everything that does not touch the builder: the costly part, which threads do side by side. Takes
 * the levels of the source. */
static LinceBuilderImage *
enrol (const LincePicture *picture, const LinceVariant *variant, LinceReferenceSource *source,
    uint32_t allowed, LinceError *error)
{
  LinceBuilderImage *image = calloc (1, sizeof *image);

  if (image == NULL) {
    no_memory (error);
    return NULL;
  }
  if (!enrol_source (image, source, allowed, error)) {
    free_image (image);
    return NULL;
  }
  image->enrolment.content = hash_variant (hash_picture (picture), variant);
  image->enrolment.variant = *variant;
  image->enrolment.width = picture->width;
  image->enrolment.height = picture->height;
  image->enrolment.transparent = source->masked;
  image->levels = source->levels;
  image->levels_size = source->levels_size;
  source->levels = NULL;
  return image;
}

static LinceBuilderImage *
enrol_picture (
    const LincePicture *picture, const LinceVariant *variant, uint32_t allowed, LinceError *error)
{
  LinceReferenceSource source = {0};
  LinceBuilderImage *image = NULL;

  if (lince_reference_make (&source, picture, error))
    image = enrol (picture, variant, &source, allowed, error);
  lince_reference_clear (&source);
  return image;
}

/* Sets `*image` to the mark alone where the picture shows one on a plain ground, else to NULL. */
static bool
enrol_cut_out (
    const LincePicture *picture, uint32_t allowed, LinceBuilderImage **image, LinceError *error)
{
  LinceReferenceSource source = {0};
  bool cut_out, ok = lince_reference_cut_out (&source, picture, &cut_out, error);

  *image = NULL;
  if (ok && cut_out) {
    *image = enrol (picture, &the_cut_out, &source, allowed, error);
    ok = *image != NULL;
  }
  lince_reference_clear (&source);
  return ok;
}

/* Keeps a reference in memory or, beyond the limit, puts it aside. Where that is not possible it
 * stays in memory. */
static void
store_levels (LinceIndexBuilder *builder, LinceBuilderImage *image)
{
  if (builder->used + image->levels_size > builder->memory &&
      lince_spill_put (&builder->spill, image->levels, image->levels_size, &image->offset)) {
    free (image->levels);
    image->levels = NULL;
  } else {
    builder->used += image->levels_size;
  }
}

void
lince_index_builder_set_base (LinceIndexBuilder *builder, LinceIndex *base)
{
  pthread_mutex_lock (&builder->lock);
  lince_index_unref (builder->base);
  builder->base = lince_index_ref (base);
  pthread_mutex_unlock (&builder->lock);
}

/* The generators that images of an object may have; all of an unknown one. */
static uint32_t
allowed_generators (LinceIndexBuilder *builder, const char *id)
{
  const LinceBuilderObject *object;
  uint32_t generators;

  pthread_mutex_lock (&builder->lock);
  object = find_object (builder, id);
  generators = object != NULL ? object->generators : LINCE_GENERATORS_ALL;
  pthread_mutex_unlock (&builder->lock);
  return generators;
}

static bool
insert_image (
    LinceIndexBuilder *builder, const char *id, LinceBuilderImage *image, LinceError *error)
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
  if (!image->based)
    store_levels (builder, image);
  builder->images[builder->image_count++] = image;
  return true;
}

/* Adds an image and, unless NULL, what was cut out of it; takes both, also on failure. */
static bool
insert_images (LinceIndexBuilder *builder, const char *id, LinceBuilderImage *image,
    LinceBuilderImage *cut_out, LinceError *error)
{
  bool ok;

  pthread_mutex_lock (&builder->lock);
  ok = insert_image (builder, id, image, error);
  if (!ok)
    free_image (image);
  if (cut_out != NULL && (!ok || !insert_image (builder, id, cut_out, error))) {
    free_image (cut_out);
    ok = false;
  }
  pthread_mutex_unlock (&builder->lock);
  return ok;
}

bool
lince_index_builder_add_variant (LinceIndexBuilder *builder, const char *id, const char *source,
    const LincePicture *picture, const LinceVariant *variant, LinceEnrolment *report,
    LinceError *error)
{
  LinceBuilderImage *image = NULL, *cut_out = NULL;
  uint32_t allowed = allowed_generators (builder, id);
  LinceEnrolment enrolment;

  if (check_variant (variant, error))
    image = enrol_picture (picture, variant, allowed, error);
  if (image == NULL)
    goto fail;
  if (variant->kind == LINCE_VARIANT_NONE && !enrol_cut_out (picture, allowed, &cut_out, error)) {
    free_image (image);
    goto fail;
  }
  enrolment = image->enrolment;
  if (!insert_images (builder, id, image, cut_out, error))
    goto fail;
  if (report != NULL)
    *report = enrolment;
  return true;
fail:
  lince_error_prefix (error, "%s: ", source);
  return false;
}

bool
lince_index_builder_add_image (LinceIndexBuilder *builder, const char *id, const char *source,
    const LincePicture *picture, LinceEnrolment *report, LinceError *error)
{
  const LinceVariant none = {LINCE_VARIANT_NONE, 0};

  return lince_index_builder_add_variant (builder, id, source, picture, &none, report, error);
}

/* Image `number` of the base, NULL when there is none or memory is short. */
static LinceBuilderImage *
take_based (LinceIndexBuilder *builder, uint32_t number, LinceError *error)
{
  LinceBuilderImage *image;
  LinceIndexImage known;

  if (builder->base == NULL || !lince_index_image_at (builder->base, number, &known)) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "there is no image %u to be taken over", number);
    return NULL;
  }
  image = calloc (1, sizeof *image);
  if (image == NULL) {
    no_memory (error);
    return NULL;
  }
  *image = (LinceBuilderImage){.enrolment = known.enrolment,
      .based = true,
      .number = number,
      .segment = known.segment,
      .block = known.block};
  return image;
}

/* The image of the base that was cut out of image `number`; LINCE_NO_IMAGE: none was. */
static uint32_t
find_cut_out (const LinceIndex *base, uint32_t number)
{
  uint32_t object, other;
  LinceEnrolment of, enrolment;
  uint64_t content;

  if (base == NULL || !lince_index_image (base, number, &object, &of) ||
      of.variant.kind != LINCE_VARIANT_NONE)
    return LINCE_NO_IMAGE;
  content = hash_variant (of.content, &the_cut_out);
  while (number > 0 && lince_index_image (base, number - 1, &other, NULL) && other == object)
    number--;
  for (; lince_index_image (base, number, &other, &enrolment) && other == object; number++)
    if (enrolment.content == content)
      return number;
  return LINCE_NO_IMAGE;
}

bool
lince_index_builder_keep_image (
    LinceIndexBuilder *builder, const char *id, uint32_t number, LinceError *error)
{
  LinceBuilderImage *image, *cut_out = NULL;
  uint32_t second;

  pthread_mutex_lock (&builder->lock);
  image = take_based (builder, number, error);
  second = image != NULL ? find_cut_out (builder->base, number) : LINCE_NO_IMAGE;
  if (second != LINCE_NO_IMAGE)
    cut_out = take_based (builder, second, error);
  pthread_mutex_unlock (&builder->lock);
  if (image == NULL || (second != LINCE_NO_IMAGE && cut_out == NULL)) {
    if (image != NULL)
      free_image (image);
    return false;
  }
  return insert_images (builder, id, image, cut_out, error);
}

static int
compare_images (const void *a, const void *b)
{
  const LinceBuilderImage *one = *(LinceBuilderImage *const *) a,
                          *other = *(LinceBuilderImage *const *) b;
  int order = strcmp (one->object->id, other->object->id);

  if (order != 0)
    return order;
  return (one->enrolment.content > other->enrolment.content) -
         (one->enrolment.content < other->enrolment.content);
}

/* Of a picture that an object has twice, the one that is enrolled already comes first. */
static int
order_images (const void *a, const void *b)
{
  const LinceBuilderImage *one = *(LinceBuilderImage *const *) a;
  const LinceBuilderImage *other = *(LinceBuilderImage *const *) b;
  int order = compare_images (a, b);

  return order != 0 ? order : other->based - one->based;
}

void
lince_index_builder_settle (LinceIndexBuilder *builder)
{
  size_t kept = 0;

  qsort (builder->images, builder->image_count, sizeof builder->images[0], order_images);
  for (size_t i = 0; i < builder->image_count; i++) {
    if (kept > 0 && compare_images (&builder->images[kept - 1], &builder->images[i]) == 0)
      free_image (builder->images[i]);
    else
      builder->images[kept++] = builder->images[i];
  }
  builder->image_count = kept;
}
