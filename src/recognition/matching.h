/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Lookup in the inverted index and in single images. Internal to the room; thread-safe. Whatever
 * the bytes of the block say is brought into range here. */
#pragma once

#include "recognition/extractor.h"
#include "recognition/feature.h"

#define LINCE_MATCHES_A_KEYPOINT 3
#define LINCE_PROBES 6 /* words that a keypoint is looked up under at most */

/* The nearest feature of one image to a keypoint. */
typedef struct {
  uint32_t image; /* number in the index */
  uint32_t part;  /* of the index, and the slot in its block */
  uint32_t slot;
  uint32_t distance;
} LinceNeighbour;

/* The lists of one block that a keypoint is compared with: blocks of descriptors. */
typedef struct {
  uint32_t count;
  uint32_t begin[LINCE_PROBES], end[LINCE_PROBES];
} LinceProbes;

/* Chooses the lists under the nearest words. */
void lince_probe (const LinceTextured *textured, const LinceKernels *kernels,
    const LinceDescriptor *descriptor, unsigned dark, LinceProbes *probes);
/* Has the lists fetched into the cache: in a large index they are in none. */
void lince_probe_fetch (const LinceTextured *textured, const LinceProbes *probes);

/* Puts what the lists of part `part` have among the nearest features of up to
 * LINCE_MATCHES_A_KEYPOINT images, nearest first, the lower image of equals; `count` are there from
 * other parts. Returns how many there are now. */
uint32_t lince_match (const LinceTexturedSet *set, uint32_t part, const LinceKernels *kernels,
    const LinceDescriptor *descriptor, const LinceProbes *probes, LinceNeighbour *neighbours,
    uint32_t count);

/* Size of image `image` of the block and its number of features. */
void lince_textured_image (
    const LinceTextured *textured, uint32_t image, float *width, float *height, uint32_t *count);

/* Slot of feature `number` of an image, below 8 * block_count; false for one that is damaged. */
bool lince_textured_member (
    const LinceTextured *textured, uint32_t image, uint32_t number, uint32_t *slot);

/* Where a feature lies in its picture. */
typedef struct {
  float x, y, scale; /* as in LinceFeature */
  uint8_t angle, dark;
} LincePlacedFeature;

/* Reads a slot of a picture of `width` x `height`; false for one that is damaged. */
bool lince_textured_slot (const LinceTextured *textured, uint32_t slot, float width, float height,
    LincePlacedFeature *feature);

/* The Hamming distance between the descriptor of a slot and another one. */
uint32_t lince_textured_distance (
    const LinceTextured *textured, uint32_t slot, const LinceDescriptor *descriptor);
