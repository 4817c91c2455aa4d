/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Oriented binary descriptors: 256 comparisons of smoothed samples around a keypoint, on a pattern
 * that is turned with the keypoint (as BRISK and FREAK do). Inner samples come from the keypoint's
 * own scale, outer ones from the scale twice as coarse. Internal to the room. */
#pragma once

#include "recognition/kernels/kernels.h"
#include "recognition/keypoint.h"

#define LINCE_PATTERN_TURNS 64

/* Offsets of the samples in the pixels of given scales; made when the scales' strides are known. */
typedef struct {
  ptrdiff_t fine_stride, coarse_stride;
  int32_t offsets[LINCE_PATTERN_TURNS][LINCE_DESCRIPTOR_SAMPLES];
} LincePattern;

/* Samples 0 to LINCE_PATTERN_FINE - 1 are read at the keypoint's own scale. */
#define LINCE_PATTERN_FINE 34

void lince_pattern_make (LincePattern *pattern, ptrdiff_t fine_stride, ptrdiff_t coarse_stride);

/* The orientation: the direction of the centroid of the disc around the keypoint. */
uint16_t lince_keypoint_angle (const LinceScales *scales, const LinceKeypoint *keypoint);

/* Reads the samples around a keypoint whose angle is known. */
void lince_keypoint_samples (const LinceScales *scales, const LincePattern *pattern,
    const LinceKeypoint *keypoint, uint8_t samples[LINCE_DESCRIPTOR_SAMPLES]);

/* Sets the keypoint's angle and describes it. `pattern` is that of its scale. */
void lince_keypoint_describe (const LinceScales *scales, const LincePattern *pattern,
    LinceKeypoint *keypoint, LinceDescriptor *descriptor);

/* The comparisons, learned; pairs.c says how. */
extern const LincePairs lince_pairs;
