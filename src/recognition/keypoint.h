/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Keypoints: places that are brighter, or darker, than what lies around them in every direction.
 *
 * The response at a pixel is by how much its value exceeds the largest (bright) or falls short of
 * the smallest (dark) mean of two opposite points of a circle of radius 3 around it: zero on
 * straight edges, linear in contrast. Kept are the strongest of every cell, so that soft and dark
 * parts of a frame get their share. Internal to the room. */
#pragma once

#include "recognition/scales.h"

typedef struct {
  float x, y;     /* pixels of its scale, pixel-edge coordinates */
  uint16_t scale; /* number of the scale */
  uint16_t angle; /* 0 to 255 for a turn, from x towards y */
  uint16_t response;
  uint8_t dark; /* 1: darker than its surroundings */
  uint8_t rank; /* in its cell, 0 the strongest */
} LinceKeypoint;

typedef struct LinceKeypointFinder LinceKeypointFinder;

LinceKeypointFinder *lince_keypoint_finder_new (LinceError *error);
void lince_keypoint_finder_free (LinceKeypointFinder *finder); /* NULL is allowed */
/* Makes the buffers for these scales; allocates nothing where they were large enough once. On
 * failure the finder is as before. */
bool lince_keypoint_finder_resize (
    LinceKeypointFinder *finder, const LinceScales *scales, uint32_t threads, LinceError *error);
/* Writes up to `limit` keypoints, best first with a total order, from the one that `first` are
 * better than on; returns how many. `angle` is not set. */
uint32_t lince_keypoint_finder_run (LinceKeypointFinder *finder, const LinceScales *scales,
    LincePool *pool, LinceKeypoint *keypoints, uint32_t first, uint32_t limit);
