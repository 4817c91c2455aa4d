/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a reference is good for, by simulation: it is drawn into frames as a camera would see it, with
 * mild blur and noise before a textured background, and the recogniser is asked with the whole
 * index. Deterministic. */
#pragma once

#include "recognition/recognizer.h"

/* Sizes are those in a frame of LINCE_SIMULATED_WIDTH x LINCE_SIMULATED_HEIGHT. */
#define LINCE_SIMULATED_WIDTH 1920
#define LINCE_SIMULATED_HEIGHT 1080
#define LINCE_MAX_CONFUSIONS 8

/* Another object that looks like it. */
typedef struct {
  uint32_t object;
  float likeness; /* 0 to 1: its evidence in a frame that shows the reference, as a share of the
                     reference's own */
  bool taken;     /* would be reported there, were the reference's object not in the collection */
  bool equal;     /* the pixels do not tell them apart */
} LinceConfusion;

/* A flat value. */
typedef struct {
  bool recognized;              /* at some size */
  int least_width, least_height; /* the smallest picture that is recognised, frame pixels, whole */
  float least_share;            /* and its share of the frame's area */
  float steepest;               /* degrees of tilt about either axis up to which it is recognised,
                                   at twice that size; 0 to 75 */
  float fineness;               /* 0 to 1: share of its contrast that is lost when it is 32 pixels
                                   across; near 1 where it is made of hair-lines */
  uint32_t confusion_count;     /* the likest first; none of the same object */
  LinceConfusion confusions[LINCE_MAX_CONFUSIONS];
} LinceSimulated;

typedef struct LinceSimulator LinceSimulator;

/* For one thread; takes a reference to `index`. NULL when memory is short. */
LINCE_API LinceSimulator *lince_simulator_new (LinceIndex *index, LinceError *error);
LINCE_API void lince_simulator_free (LinceSimulator *simulator); /* NULL is allowed */

/* Simulates image number `image` of the index: some twenty frames. False with `error` when there is
 * no such image, its block is damaged, or memory is short. */
LINCE_API bool lince_simulator_run (LinceSimulator *simulator, uint32_t image,
    LinceSimulated *simulated, LinceError *error);

/* A hash of an image's pixels: equal for equal pictures, of whatever object. False as above. */
LINCE_API bool lince_simulate_hash (LinceIndex *index, uint32_t image, uint64_t *hash,
    LinceError *error);
