/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A reference picture's pixels as verification and tracking read them. Internal to the room. */
#pragma once

#include "recognition/index.h"
#include "recognition/textured.h"

#define LINCE_REFERENCE_LEVELS 6
/* Of level 0; larger pictures are reduced to it: a longer side of 128 pixels or, where the picture
 * is more than twice as long as high, of as many pixels as 128 x 64 has, up to 256. */
#define LINCE_REFERENCE_SIDE 128
#define LINCE_REFERENCE_MAX_SIDE 256
#define LINCE_REFERENCE_MIN_SIDE 12 /* no level's shorter side is smaller, but level 0's */

/* Rows are `width` bytes, row 0 on top, no padding. Level n has half of level n - 1's sides,
 * rounded up; every level covers the whole picture. Transparent pixels hold the mean of opaque
 * neighbours. */
typedef struct {
  const uint8_t *luma;    /* BT.601, full range 0 to 255 */
  const uint8_t *cb, *cr; /* BT.601, full range, 128 is grey; of half the sides, rounded up */
  const uint8_t *mask;    /* 0 transparent to 255 opaque; NULL: all opaque */
  int width, height;
} LinceReferenceLevel;

/* Samples of a chroma row, rows of chroma. */
static inline int
lince_reference_chroma_width (const LinceReferenceLevel *level)
{
  return (level->width + 1) / 2;
}
static inline int
lince_reference_chroma_height (const LinceReferenceLevel *level)
{
  return (level->height + 1) / 2;
}

/* The pixels belong to the index. */
typedef struct {
  uint32_t object; /* number in the index */
  bool mark;       /* compared by the compositing model, in luma and chroma */
  bool print;      /* has a poster's detail all over: compared by its texture, also where `mark` */
  bool cut_out;    /* the mark alone of a picture that is another image of the object (matte.h) */
  int width, height; /* of the reference picture as enrolled, pixels: the homographies' space */
  int level_count;   /* 1 to LINCE_REFERENCE_LEVELS */
  LinceReferenceLevel levels[LINCE_REFERENCE_LEVELS];
} LinceReference;

/* Fills `reference` for image number `image`. False with `error` when its block is damaged. */
bool lince_index_reference (
    const LinceIndex *index, uint32_t image, LinceReference *reference, LinceError *error);

/* The features of all images, which belong to the index. The first call compares the checksums,
 * which reads everything: not on a thread that must not wait. NULL with `error` when a block is
 * damaged. Thread-safe. */
const LinceTexturedSet *lince_index_textured (LinceIndex *index, LinceError *error);

/* The same of lince_mark_compile(). An index without marks gives NULL with `size` 0. */
const void *lince_index_marks (const LinceIndex *index, size_t *size, LinceError *error);

/* Sides of the levels of a reference picture of `width` x `height` pixels and how many bytes they
 * take: all luma levels, all of Cb, all of Cr, then, where `masked`, all masks. Pointers are NULL.
 * Returns the bytes. */
size_t lince_reference_layout (LinceReference *reference, int width, int height, bool masked);
/* Points the levels of `reference` into such bytes. */
void lince_reference_view (LinceReference *reference, const uint8_t *data, bool masked);

/* Whether the picture fills its outline with detail, as a poster or a package does and a mark,
 * which has much plain ground, hardly ever. */
bool lince_reference_is_full (const LinceReference *reference);

/* A reference picture taken apart: its grey picture in full size, for enrolment, and its levels. */
typedef struct {
  int width, height;
  bool masked;      /* somewhere not opaque */
  uint8_t *luma;    /* width * height; transparent pixels filled from opaque neighbours */
  uint8_t *cb, *cr; /* width * height, likewise; full range, 128 is grey */
  uint8_t *mask;    /* width * height, NULL: all opaque */
  uint8_t *levels;  /* as lince_reference_layout() says */
  size_t levels_size;
} LinceReferenceSource;

/* Makes all parts. LINCE_ERROR_PICTURE_SIZE or LINCE_ERROR_PICTURE_FLAT for a picture that cannot
 * serve. The caller clears `source`, also after a failure. */
bool lince_reference_make (
    LinceReferenceSource *source, const LincePicture *picture, LinceError *error);
/* The same of the mark alone that a small opaque picture shows on a plain ground (matte.h). Where
 * it shows none `*cut_out` is false, and `source` holds nothing to use. */
bool lince_reference_cut_out (
    LinceReferenceSource *source, const LincePicture *picture, bool *cut_out, LinceError *error);
void lince_reference_clear (LinceReferenceSource *source);
