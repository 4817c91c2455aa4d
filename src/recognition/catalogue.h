/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The tables of an index: its objects and images. Internal to the room.
 *
 * Block OBJS: u32 object count, u32 bytes of strings, u64 0; for each object u32 offsets of id,
 * name and metadata into the strings and u32 image count; then the strings, each ended by a zero
 * byte. Objects are in the order of ids by byte.
 *
 * Block IMGS: u32 image count, 12 bytes 0; for each image, 40 bytes: u32 object, u32 width,
 * u32 height, u32 flags (1 masked; generators: 2 textured, 4 mark, 8 bug; 64 a print; bits 4 and 5
 * the kind of its variant, 8 to 31 its colour), u32 segment and u32 block with its reference,
 * u32 keypoints, u32 score in millionths, u64 hash of the picture and its variant. Images are in
 * the order of objects, and within an object of hashes. */
#pragma once

#include "recognition/index.h"

#define LINCE_MAX_OBJECTS (1u << 20)
#define LINCE_MAX_IMAGES (1u << 20)

typedef struct {
  uint32_t object;
  LinceEnrolment enrolment;
  uint32_t segment, block;
} LinceCatalogueImage;

typedef struct {
  uint32_t object_count, image_count;
  LinceObject *objects; /* strings point into `strings` */
  LinceCatalogueImage *images;
  char *strings;
} LinceCatalogue;

/* Reads both blocks, copying all; nothing in them is trusted. The caller clears `catalogue`, also
 * after a failure. */
bool lince_catalogue_read (LinceCatalogue *catalogue, const uint8_t *objects, size_t objects_size,
    const uint8_t *images, size_t images_size, LinceError *error);
/* The blocks' bytes, from malloc(). NULL when memory is short. */
uint8_t *lince_catalogue_write_objects (const LinceCatalogue *catalogue, size_t *size);
uint8_t *lince_catalogue_write_images (const LinceCatalogue *catalogue, size_t *size);
/* A hash of what the catalogue holds, wherever in the index it lies. */
uint64_t lince_catalogue_revision (const LinceCatalogue *catalogue);
void lince_catalogue_clear (LinceCatalogue *catalogue);

/* Whether `text` is well-formed UTF-8 of at most `maximum` bytes. */
bool lince_text_is_valid (const char *text, size_t maximum);
