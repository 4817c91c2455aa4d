/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The layout of what enrolment keeps of a mark and of the compiled block. Little-endian, as the
 * machines that this runs on. Internal to the mark generator.
 *
 *   LinceFeatures.data:  LinceMarkHeader, LinceMarkFeature[features.count], LinceMarkPoint[points]
 *
 *   block:  LinceMarkBlockHeader
 *           LinceMarkImage       images[image_count]
 *           LinceMarkPoint       points[point_count, to a multiple of 8 bytes]
 *           of each table:
 *             LinceDescriptorBlock words[word_count / 8]
 *             uint32_t             lists[word_count + 1, to even]   first block of each word
 *             LinceDescriptorBlock blocks[block_count]
 *             LinceMarkSlot        slots[8 * block_count]           one for each descriptor */
#pragma once

#include "recognition/mark.h"
#include "recognition/shape.h"

#define LINCE_MARK_POINTS 48 /* of one image, at most */
#define LINCE_MARK_REGIONS 14
#define LINCE_MARK_ENTRIES 46 /* of one image, at most */

/* One description of one region. */
typedef struct {
  LinceFrameOfShape frame; /* picture pixels for the normal frame's */
  uint32_t image;          /* LINCE_NO_IMAGE where the slot is empty */
  uint8_t region;          /* its number in the image */
  uint8_t harmonic;        /* that turned the frame; 0: none */
  uint8_t symmetry;        /* the shape looks alike in so many turns */
  uint8_t fill;            /* 128ths */
} LinceMarkSlot;

typedef struct {
  LinceDescriptor descriptor;
  LinceMarkSlot slot; /* without the image */
  uint32_t table;
} LinceMarkFeature;

/* A place on an edge of the picture, or in a flat part. */
typedef struct {
  uint16_t x, y;    /* 65536ths of the picture's sides */
  int8_t nx, ny;    /* across the edge, 127 is 1; both 0: flat */
  uint8_t channel;  /* 0 luma, 1 Cb, 2 Cr, 3: edge of the mask, any of them */
  uint8_t brighter; /* towards (nx, ny), of the channel */
} LinceMarkPoint;

typedef struct {
  float width, height; /* of the picture, pixels */
  uint32_t points, reserved;
} LinceMarkHeader;

#define LINCE_MARK_MAGIC 0x4b52414du /* "MARK" */
#define LINCE_MARK_VERSION 2u

typedef struct {
  uint32_t magic, version, image_count, point_count;
  uint32_t word_count[LINCE_MARK_TABLES], block_count[LINCE_MARK_TABLES];
} LinceMarkBlockHeader;

typedef struct {
  float width, height;
  uint32_t first_point, points;
} LinceMarkImage;
