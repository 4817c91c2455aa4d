/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The `textured` generator's side of enrolment: features of one picture, and the inverted index
 * over the features of all pictures. Internal to the room. */
#pragma once

#include "recognition/error.h"
#include "recognition/frame.h"
#include "recognition/index.h"

/* The features that enrolment keeps of one image; owned, freed with lince_features_clear(). The
 * layout of `data` is the generator's own. */
typedef struct {
  uint32_t count;
  void *data;
  size_t size;
} LinceFeatures;

void lince_features_clear (LinceFeatures *features);

/* Pictures are enrolled at this size at most: a larger one is reduced inside (its coordinates stay
 * those of the picture given), so a caller may as well reduce it before. */
#define LINCE_ENROL_MAX_SIDE 512

/* Finds and chooses the features of a picture of `width` x `height` grey pixels (rows of `width`
 * bytes), sides from LINCE_PICTURE_MIN_SIDE to LINCE_PICTURE_MAX_SIDE; `mask` as in reference.h,
 * NULL for all. Coordinates are kept in the picture's pixels. Deterministic. Fills keypoints,
 * textured and score of `report` (may be NULL). A picture without a feature is no error: `textured`
 * is then false. */
bool lince_textured_enrol (const uint8_t *luma, const uint8_t *mask, int width, int height,
    LinceFeatures *features, LinceEnrolment *report, LinceError *error);

#define LINCE_TEXTURED_MAX_IMAGES 32768 /* of one block */

/* Compiles the features of images 0 to image_count - 1 into one block of bytes,
 * position-independent and little-endian, that is used in place when mapped (8-byte aligned). The
 * caller frees `*data`. */
bool lince_textured_compile (const LinceFeatures *features, uint32_t image_count, void **data,
    size_t *size, LinceError *error);

/* A checked view of such a block. A flat value; the bytes stay the caller's. After a successful
 * open, no content of the bytes (not even if they change later) leads a search out of bounds. */
typedef struct {
  const void *data;
  size_t size;
  uint32_t image_count, feature_count, word_count;
  uint32_t words[2], tops[2]; /* for bright and for dark keypoints; tops: 0 where words have none */
  uint32_t block_count, dark_block; /* blocks of 8; the first block of dark features */
  const void *parts[8];             /* the generator's own */
} LinceTextured;

/* `data` must be 8-byte aligned. Fails on a foreign, older, cut or inconsistent block. */
bool lince_textured_open (LinceTextured *textured, const void *data, size_t size,
    uint32_t image_count, LinceError *error);

/* The features of image `image` of a block, as enrolment gave them but for what slots round: compiled
 * again they give the same slots. */
bool lince_textured_extract (
    const LinceTextured *textured, uint32_t image, LinceFeatures *features, LinceError *error);

/* The blocks of one index. Each image is in one of them; a block may hold images that the index has
 * no more. Flat values: the arrays stay the caller's. */
typedef struct {
  LinceTextured textured;
  const uint32_t *numbers; /* in the index, of the block's images; LINCE_NO_IMAGE: no more in it;
                              NULL: the block's own */
} LinceTexturedPart;

typedef struct {
  uint32_t part, image;
} LinceTexturedPlace;

typedef struct {
  uint32_t image_count; /* of the index */
  uint32_t part_count;
  const LinceTexturedPart *parts;
  const LinceTexturedPlace *places; /* of the index's images; NULL: part 0 and the same number */
} LinceTexturedSet;
