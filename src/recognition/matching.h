/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Lookup in the inverted index and in single images. Internal to the room; thread-safe. Whatever
 * the bytes of the block say is brought into range here. */
#pragma once

#include "recognition/extractor.h"
#include "recognition/feature.h"

#define LINCE_MATCHES_A_KEYPOINT 3

/* The nearest feature of one image to a keypoint. */
typedef struct {
  uint32_t image, slot;
  uint32_t distance;
} LinceNeighbour;

/* Finds the nearest feature of up to LINCE_MATCHES_A_KEYPOINT images, nearest first, the lower slot
 * of equals; returns how many. */
uint32_t lince_match (const LinceTextured *textured, const LinceKernels *kernels,
    const LinceDescriptor *descriptor, unsigned dark, LinceNeighbour *neighbours);

/* Size of image `image` and its number of features. */
void lince_textured_image (
    const LinceTextured *textured, uint32_t image, float *width, float *height, uint32_t *count);

/* Slot of feature `number` of an image, below 8 * block_count; false for one that is damaged. */
bool lince_textured_member (
    const LinceTextured *textured, uint32_t image, uint32_t number, uint32_t *slot);

/* Reads a slot; false for one that is empty or damaged. */
bool lince_textured_slot (const LinceTextured *textured, uint32_t slot, LinceSlot *out);

/* The Hamming distance between the descriptor of a slot and another one. */
uint32_t lince_textured_distance (
    const LinceTextured *textured, uint32_t slot, const LinceDescriptor *descriptor);
