/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Scale space, keypoints and descriptors of one picture: what enrolment and search share.
 * Internal to the room. */
#pragma once

#include "recognition/descriptor.h"
#include "recognition/profile.h"

typedef struct {
  LinceScales scales;
  LinceKeypointFinder *finder;
  LincePattern *patterns;   /* one a scale */
  LinceKeypoint *keypoints; /* the last picture's, best first */
  LinceDescriptor *descriptors;
  uint32_t count, capacity;
} LinceExtractor;

bool lince_extractor_init (LinceExtractor *extractor, uint32_t capacity, LinceError *error);
void lince_extractor_clear (LinceExtractor *extractor);
bool lince_extractor_resize (
    LinceExtractor *extractor, const LincePyramid *pyramid, uint32_t threads, LinceError *error);
/* Finds and describes up to `limit` keypoints (at most the capacity), from the one that `first` are
 * better than on. `profile` may be NULL. */
void lince_extractor_run (LinceExtractor *extractor, const LincePyramid *pyramid, uint32_t first,
    uint32_t limit, LincePool *pool, LinceProfile *profile);
