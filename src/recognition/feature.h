/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The layout of what enrolment keeps of an image and of the compiled block. Little-endian, as the
 * machines that this runs on. Internal to the textured generator.
 *
 *   LinceFeatures.data:  LinceFeatureHeader, then `count` LinceFeature
 *
 *   block:  LinceBlockHeader
 *           LinceBlockImage     images[image_count]
 *           LinceDescriptorBlock tops[(tops[0] + tops[1]) / 8]         bright, then dark
 *           uint32_t            branches[tops[0] + tops[1]]            first word of each top
 *           LinceDescriptorBlock words[(words[0] + words[1]) / 8]      bright, then dark
 *           uint32_t            lists[words[0] + words[1] + 1, to even] first block of each word
 *           LinceDescriptorBlock blocks[block_count]
 *           LinceSlot           slots[8 * block_count]                 one for each descriptor
 *           uint32_t            members[feature_count, to even]        slots, image by image
 *
 * Blocks of bright features come before those of dark ones, so a slot's number tells which it is.
 */
#pragma once

#include "recognition/kernels/kernels.h"
#include "recognition/textured.h"

typedef struct {
  float x, y;     /* pixels of the picture */
  float scale;    /* pixels of the picture for one of the keypoint's scale */
  uint16_t angle; /* 256ths of a turn */
  uint16_t dark;
  LinceDescriptor descriptor;
} LinceFeature;

typedef struct {
  float width, height; /* of the picture, pixels */
  uint32_t count, reserved;
} LinceFeatureHeader;

#define LINCE_BLOCK_MAGIC 0x5458434cu /* "LCXT" */
#define LINCE_BLOCK_VERSION 2u

typedef struct {
  uint32_t magic, version, image_count, feature_count;
  uint32_t words[2], tops[2]; /* bright, dark: multiples of 8 */
  uint32_t block_count, reserved;
} LinceBlockHeader;

typedef struct {
  float width, height;
  uint32_t first, count; /* its part of `members` */
} LinceBlockImage;

/* 8 bytes, for of these and the descriptors there are millions. */
typedef struct {
  uint16_t x, y;  /* 65535ths of the picture's sides */
  uint16_t image; /* of the block; LINCE_NO_SLOT where the slot is empty */
  uint8_t scale;  /* LINCE_SCALE_STEPS to the octave, LINCE_SCALE_ONE for 1 */
  uint8_t angle;  /* 256ths of a turn */
} LinceSlot;

#define LINCE_NO_SLOT UINT16_MAX
#define LINCE_SCALE_STEPS 16
#define LINCE_SCALE_ONE 64

/* The parts of LinceTextured. */
enum {
  LINCE_PART_IMAGES,
  LINCE_PART_TOPS,
  LINCE_PART_BRANCHES,
  LINCE_PART_WORDS,
  LINCE_PART_LISTS,
  LINCE_PART_BLOCKS,
  LINCE_PART_SLOTS,
  LINCE_PART_MEMBERS,
  LINCE_PART_COUNT,
};
