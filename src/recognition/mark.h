/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The `mark` generator's side of enrolment: the stable regions of one picture, described by their
 * shape, and the table over those of all pictures. For marks with few corners: flat logos, word
 * marks, channel bugs. Internal to the room. */
#pragma once

#include "recognition/textured.h"

/* A reference picture's planes, rows of `width` bytes. */
typedef struct {
  const uint8_t *luma, *cb, *cr; /* BT.601, full range */
  const uint8_t *mask;           /* as in reference.h; NULL: all opaque */
  int width, height;             /* LINCE_PICTURE_MIN_SIDE to LINCE_PICTURE_MAX_SIDE */
} LinceMarkPicture;

/* Finds and describes the regions of a picture: of its mask, and of the picture upon a few grounds.
 * Coordinates are kept in the picture's pixels. Deterministic. A picture without a region is no
 * error: `features` is then empty. */
bool lince_mark_enrol (const LinceMarkPicture *picture, LinceFeatures *features, LinceError *error);

/* Compiles the features of images 0 to image_count - 1 into one block of bytes,
 * position-independent and little-endian, that is used in place when mapped (8-byte aligned). The
 * caller frees `*data`. */
bool lince_mark_compile (const LinceFeatures *features, uint32_t image_count, void **data,
    size_t *size, LinceError *error);

/* How a table's shapes are brought into their normal frame. */
typedef enum {
  LINCE_MARK_AFFINE,
  LINCE_MARK_UPRIGHT,
  LINCE_MARK_TABLES,
} LinceMarkTable;

/* A checked view of such a block. A flat value; the bytes stay the caller's. After a successful
 * open, no content of the bytes (not even if they change later) leads a search out of bounds. */
typedef struct {
  const void *data;
  size_t size;
  uint32_t image_count, point_count;
  uint32_t word_count[LINCE_MARK_TABLES], block_count[LINCE_MARK_TABLES];
  const void *images, *points; /* the generator's own */
  const void *words[LINCE_MARK_TABLES], *lists[LINCE_MARK_TABLES];
  const void *blocks[LINCE_MARK_TABLES], *slots[LINCE_MARK_TABLES];
} LinceMarks;

/* `data` must be 8-byte aligned. Fails on a foreign, older, cut or inconsistent block. */
bool lince_mark_open (
    LinceMarks *marks, const void *data, size_t size, uint32_t image_count, LinceError *error);

/* Reads the features of all images out of a checked block again: `features` has marks->image_count
 * members, zeroed; the caller clears each, also after a failure. Those of an image may come in
 * another order than they were compiled in. */
bool lince_mark_extract (const LinceMarks *marks, LinceFeatures *features, LinceError *error);
