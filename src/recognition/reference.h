/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A reference picture's pixels as verification and tracking read them. Internal to the room. */
#pragma once

#include "recognition/index.h"
#include "recognition/textured.h"

#define LINCE_REFERENCE_LEVELS 6
#define LINCE_REFERENCE_MAX_SIDE 256 /* of level 0; larger pictures are reduced to it */
#define LINCE_REFERENCE_MIN_SIDE 12  /* no level's shorter side is smaller, but level 0's */

/* Rows are `width` bytes, row 0 on top, no padding. Level n has half of level n - 1's sides, rounded
 * up; every level covers the whole picture. Transparent pixels hold the mean of opaque neighbours. */
typedef struct {
  const uint8_t *luma; /* BT.601 luma, full range 0 to 255 */
  const uint8_t *mask; /* 0 transparent to 255 opaque; NULL: all opaque */
  int width, height;
} LinceReferenceLevel;

/* The pixels belong to the index. */
typedef struct {
  uint32_t object;     /* number in the index */
  int width, height;   /* of the reference picture as enrolled, pixels: the homographies' space */
  int level_count;     /* 1 to LINCE_REFERENCE_LEVELS */
  LinceReferenceLevel levels[LINCE_REFERENCE_LEVELS];
} LinceReference;

/* Fills `reference` for image number `image`. False with `error` when its block is damaged. */
bool lince_index_reference (const LinceIndex *index, uint32_t image, LinceReference *reference,
    LinceError *error);

/* The features of all images, which belong to the index. The first call compares the checksums,
 * which reads everything: not on a thread that must not wait. NULL with `error` when a block is
 * damaged. Thread-safe. */
const LinceTexturedSet *lince_index_textured (LinceIndex *index, LinceError *error);

/* Sides of the levels of a reference picture of `width` x `height` pixels and how many bytes they
 * take: all luma levels, then, where `masked`, all masks. Pointers are NULL. Returns the bytes. */
size_t lince_reference_layout (LinceReference *reference, int width, int height, bool masked);
/* Points the levels of `reference` into such bytes. */
void lince_reference_view (LinceReference *reference, const uint8_t *data, bool masked);

/* A reference picture taken apart: its grey picture in full size, for enrolment, and its levels. */
typedef struct {
  int width, height;
  bool masked;         /* somewhere not opaque */
  uint8_t *luma;       /* width * height; transparent pixels filled from opaque neighbours */
  uint8_t *mask;       /* width * height, NULL: all opaque */
  uint8_t *levels;     /* as lince_reference_layout() says */
  size_t levels_size;
} LinceReferenceSource;

/* Makes all parts. LINCE_ERROR_PICTURE_SIZE or LINCE_ERROR_PICTURE_FLAT for a picture that cannot
 * serve. The caller clears `source`, also after a failure. */
bool lince_reference_make (LinceReferenceSource *source, const LincePicture *picture,
    LinceError *error);
void lince_reference_clear (LinceReferenceSource *source);
