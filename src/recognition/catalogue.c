/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/bytes.h"
#include "recognition/hash.h"

#define HEADER 16
#define OBJECT_ENTRY 16
#define IMAGE_ENTRY 40

enum { FLAG_MASKED = 1, FLAG_GENERATORS = LINCE_GENERATORS_ALL << 1, FLAG_PRINT = 64 };
#define VARIANT_SHIFT 4 /* two bits */
#define COLOUR_SHIFT 8  /* 24 bits */

/* Length in bytes of the code point at `text`, 0 when it is malformed (overlong forms, surrogates
 * and what lies beyond U+10FFFF included). */
static size_t
code_point_length (const uint8_t *text)
{
  size_t length = text[0] < 0x80   ? 1
                  : text[0] < 0xc2 ? 0
                  : text[0] < 0xe0 ? 2
                  : text[0] < 0xf0 ? 3
                  : text[0] < 0xf5 ? 4
                                   : 0;
  uint8_t low = 0x80, high = 0xbf;

  if (text[0] == 0xe0)
    low = 0xa0;
  else if (text[0] == 0xed)
    high = 0x9f;
  else if (text[0] == 0xf0)
    low = 0x90;
  else if (text[0] == 0xf4)
    high = 0x8f;
  for (size_t i = 1; i < length; i++) {
    if (text[i] < (i == 1 ? low : 0x80) || text[i] > (i == 1 ? high : 0xbf))
      return 0;
  }
  return length;
}

bool
lince_text_is_valid (const char *text, size_t maximum)
{
  size_t at = 0, step;

  for (; text[at] != '\0'; at += step)
    if ((step = code_point_length ((const uint8_t *) text + at)) == 0)
      return false;
  return at <= maximum;
}

bool
lince_object_id_is_valid (const char *id)
{
  if (id[0] == '\0' || id[0] == '.' || !lince_text_is_valid (id, LINCE_ID_MAX))
    return false;
  for (const uint8_t *p = (const uint8_t *) id; *p != '\0'; p++) {
    bool letter = (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z');
    bool other = (*p >= '0' && *p <= '9') || *p == '.' || *p == '_' || *p == '-';

    if (*p < 0x80 && !letter && !other)
      return false;
    /* U+0080 to U+00A0: control characters and the no-break space */
    if (*p == 0xc2 && p[1] <= 0xa0)
      return false;
  }
  return true;
}

static bool
malformed (const char *what, LinceError *error)
{
  lince_error_set (error, LINCE_ERROR_FORMAT, "has a malformed table of %s", what);
  return false;
}

static bool
read_object (LinceObject *object, const uint8_t *entry, const char *strings, size_t size)
{
  uint32_t id = lince_get_u32 (entry), name = lince_get_u32 (entry + 4);
  uint32_t metadata = lince_get_u32 (entry + 8);

  /* the strings end with a zero byte, so each of them ends within */
  if (id >= size || name >= size || metadata >= size)
    return false;
  *object =
      (LinceObject){strings + id, strings + name, strings + metadata, lince_get_u32 (entry + 12)};
  return lince_object_id_is_valid (object->id) &&
         lince_text_is_valid (object->name, LINCE_NAME_MAX) &&
         lince_text_is_valid (object->metadata, LINCE_METADATA_MAX);
}

static bool
read_objects (LinceCatalogue *catalogue, const uint8_t *data, size_t size, LinceError *error)
{
  uint32_t count = size >= HEADER ? lince_get_u32 (data) : 0;
  size_t strings_size = size >= HEADER ? lince_get_u32 (data + 4) : 0;
  size_t strings_at = HEADER + (size_t) count * OBJECT_ENTRY;

  if (count < 1 || count > LINCE_MAX_OBJECTS || strings_size < 1 || strings_at > size ||
      strings_size != size - strings_at || data[size - 1] != '\0')
    return malformed ("objects", error);
  catalogue->objects = calloc (count, sizeof catalogue->objects[0]);
  catalogue->strings = malloc (strings_size);
  if (catalogue->objects == NULL || catalogue->strings == NULL) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "has no memory for its objects");
    return false;
  }
  memcpy (catalogue->strings, data + strings_at, strings_size);
  catalogue->strings[strings_size - 1] = '\0';
  catalogue->object_count = count;
  for (uint32_t i = 0; i < count; i++) {
    LinceObject *object = &catalogue->objects[i];

    if (!read_object (
            object, data + HEADER + (size_t) i * OBJECT_ENTRY, catalogue->strings, strings_size) ||
        (i > 0 && strcmp (object[-1].id, object->id) >= 0))
      return malformed ("objects", error);
  }
  return true;
}

static bool
read_variant (LinceVariant *variant, uint32_t flags)
{
  variant->kind = (LinceVariantKind) (flags >> VARIANT_SHIFT & 3);
  variant->colour = flags >> COLOUR_SHIFT;
  return variant->kind <= LINCE_VARIANT_CUT_OUT &&
         (variant->colour == 0 || variant->kind == LINCE_VARIANT_ONE_COLOUR) && (flags & 128u) == 0;
}

static uint32_t
write_variant (const LinceVariant *variant)
{
  return (uint32_t) variant->kind << VARIANT_SHIFT | variant->colour << COLOUR_SHIFT;
}

static bool
read_image (LinceCatalogueImage *image, const uint8_t *entry)
{
  uint32_t width = lince_get_u32 (entry + 4), height = lince_get_u32 (entry + 8);
  uint32_t flags = lince_get_u32 (entry + 12);

  *image = (LinceCatalogueImage){.object = lince_get_u32 (entry),
      .enrolment = {.width = (int) width,
          .height = (int) height,
          .keypoints = lince_get_u32 (entry + 24),
          .generators = (flags & FLAG_GENERATORS) >> 1,
          .textured = ((flags >> 1) & LINCE_GENERATOR_TEXTURED) != 0,
          .transparent = (flags & FLAG_MASKED) != 0,
          .mark = ((flags >> 1) & LINCE_GENERATOR_MARK) != 0,
          .print = (flags & FLAG_PRINT) != 0,
          .score = (float) lince_get_u32 (entry + 28) / 1e6f,
          .content = lince_get_u64 (entry + 32)},
      .segment = lince_get_u32 (entry + 16),
      .block = lince_get_u32 (entry + 20)};
  return width >= LINCE_PICTURE_MIN_SIDE && width <= LINCE_PICTURE_MAX_SIDE &&
         height >= LINCE_PICTURE_MIN_SIDE && height <= LINCE_PICTURE_MAX_SIDE &&
         read_variant (&image->enrolment.variant, flags);
}

static bool
read_images (LinceCatalogue *catalogue, const uint8_t *data, size_t size, LinceError *error)
{
  uint32_t count = size >= HEADER ? lince_get_u32 (data) : 0;
  uint32_t object = 0, of_object = 0;

  if (count < 1 || count > LINCE_MAX_IMAGES || size != HEADER + (size_t) count * IMAGE_ENTRY)
    return malformed ("images", error);
  catalogue->images = calloc (count, sizeof catalogue->images[0]);
  if (catalogue->images == NULL) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "has no memory for its images");
    return false;
  }
  catalogue->image_count = count;
  for (uint32_t i = 0; i < count; i++) {
    LinceCatalogueImage *image = &catalogue->images[i];

    if (!read_image (image, data + HEADER + (size_t) i * IMAGE_ENTRY))
      return malformed ("images", error);
    /* every object has as many images as it says, one after the other */
    if (of_object == catalogue->objects[object].image_count) {
      object++;
      of_object = 0;
    }
    of_object++;
    if (object >= catalogue->object_count || image->object != object)
      return malformed ("images", error);
  }
  if (object != catalogue->object_count - 1 || of_object != catalogue->objects[object].image_count)
    return malformed ("images", error);
  return true;
}

bool
lince_catalogue_read (LinceCatalogue *catalogue, const uint8_t *objects, size_t objects_size,
    const uint8_t *images, size_t images_size, LinceError *error)
{
  *catalogue = (LinceCatalogue){0};
  return read_objects (catalogue, objects, objects_size, error) &&
         read_images (catalogue, images, images_size, error);
}

static uint32_t
put_string (uint8_t *strings, size_t *at, const char *text)
{
  uint32_t offset = (uint32_t) *at;
  size_t size = strlen (text) + 1;

  memcpy (strings + *at, text, size);
  *at += size;
  return offset;
}

uint8_t *
lince_catalogue_write_objects (const LinceCatalogue *catalogue, size_t *size)
{
  size_t strings_at = HEADER + (size_t) catalogue->object_count * OBJECT_ENTRY, at = 0;
  uint8_t *data;

  *size = strings_at;
  for (uint32_t i = 0; i < catalogue->object_count; i++) {
    const LinceObject *object = &catalogue->objects[i];

    *size += strlen (object->id) + strlen (object->name) + strlen (object->metadata) + 3;
  }
  if (*size > UINT32_MAX || (data = calloc (1, *size)) == NULL)
    return NULL;
  for (uint32_t i = 0; i < catalogue->object_count; i++) {
    const LinceObject *object = &catalogue->objects[i];
    uint8_t *entry = data + HEADER + (size_t) i * OBJECT_ENTRY;

    lince_put_u32 (entry, put_string (data + strings_at, &at, object->id));
    lince_put_u32 (entry + 4, put_string (data + strings_at, &at, object->name));
    lince_put_u32 (entry + 8, put_string (data + strings_at, &at, object->metadata));
    lince_put_u32 (entry + 12, object->image_count);
  }
  lince_put_u32 (data, catalogue->object_count);
  lince_put_u32 (data + 4, (uint32_t) at);
  return data;
}

static void
write_image (const LinceCatalogueImage *image, uint8_t entry[IMAGE_ENTRY])
{
  lince_put_u32 (entry, image->object);
  lince_put_u32 (entry + 4, (uint32_t) image->enrolment.width);
  lince_put_u32 (entry + 8, (uint32_t) image->enrolment.height);
  lince_put_u32 (entry + 12, (image->enrolment.transparent ? FLAG_MASKED : 0) |
                                 (image->enrolment.print ? FLAG_PRINT : 0) |
                                 (image->enrolment.generators << 1 & FLAG_GENERATORS) |
                                 write_variant (&image->enrolment.variant));
  lince_put_u32 (entry + 16, image->segment);
  lince_put_u32 (entry + 20, image->block);
  lince_put_u32 (entry + 24, image->enrolment.keypoints);
  lince_put_u32 (entry + 28, (uint32_t) (image->enrolment.score * 1e6f + 0.5f));
  lince_put_u64 (entry + 32, image->enrolment.content);
}

uint8_t *
lince_catalogue_write_images (const LinceCatalogue *catalogue, size_t *size)
{
  uint8_t *data;

  *size = HEADER + (size_t) catalogue->image_count * IMAGE_ENTRY;
  data = calloc (1, *size);
  if (data == NULL)
    return NULL;
  lince_put_u32 (data, catalogue->image_count);
  for (uint32_t i = 0; i < catalogue->image_count; i++)
    write_image (&catalogue->images[i], data + HEADER + (size_t) i * IMAGE_ENTRY);
  return data;
}

uint64_t
lince_catalogue_revision (const LinceCatalogue *catalogue)
{
  uint64_t revision = 0;

  for (uint32_t i = 0; i < catalogue->object_count; i++) {
    const LinceObject *object = &catalogue->objects[i];

    revision = lince_hash64 (object->id, strlen (object->id) + 1, revision);
    revision = lince_hash64 (object->name, strlen (object->name) + 1, revision);
    revision = lince_hash64 (object->metadata, strlen (object->metadata) + 1, revision);
  }
  for (uint32_t i = 0; i < catalogue->image_count; i++) {
    LinceCatalogueImage image = catalogue->images[i];
    uint8_t entry[IMAGE_ENTRY];

    image.segment = image.block = 0;
    write_image (&image, entry);
    revision = lince_hash64 (entry, sizeof entry, revision);
  }
  return revision;
}

void
lince_catalogue_clear (LinceCatalogue *catalogue)
{
  free (catalogue->objects);
  free (catalogue->images);
  free (catalogue->strings);
  *catalogue = (LinceCatalogue){0};
}
