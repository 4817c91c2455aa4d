/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a region looks like, whatever its place, size, and tilt: its mask in a normal frame, 16 x 16
 * bits. Internal to the room.
 *
 * The affine frame makes the second moments those of a disc; the turn that is left comes from the
 * phases of moments with 1, 2, 3 and 4 equal directions in a turn, so that a shape has up to
 * LINCE_SHAPE_FRAMES frames. The upright frame scales x and y alone. */
#pragma once

#include "recognition/region.h"
#include "recognition/kernels/kernels.h"

#define LINCE_SHAPE_SIDE 16
#define LINCE_SHAPE_HARMONICS 4
#define LINCE_SHAPE_WIDTH 64 /* of the mask, pixels */

/* A region's pixels, reduced to at most 64 x 64. */
typedef struct {
  uint64_t rows[LINCE_SHAPE_WIDTH];
  int left, top, reduction; /* of the picture; pixels of the picture for one */
  int width, height;
} LinceShapeMask;

/* Picture = (x, y) + (a b; c d) * normal. The normal frame has unit second moments. */
typedef struct {
  float x, y, a, b, c, d;
} LinceFrameOfShape;

/* Moments with n equal directions, n = 1 to LINCE_SHAPE_HARMONICS. */
typedef struct {
  float strength[LINCE_SHAPE_HARMONICS]; /* 0 to 1 */
  float turn[LINCE_SHAPE_HARMONICS];     /* of the first direction, 0 to 1 / n of a turn */
} LinceShapePhases;

void lince_shape_mask (const LinceRegion *region, const LinceRun *runs, LinceShapeMask *mask);

/* The frame by the symmetric root of the second moments, which does not turn an upright shape.
 * False for one that is a line. */
bool lince_shape_frame (const LinceRegion *region, LinceFrameOfShape *frame);
void lince_shape_upright_frame (const LinceRegion *region, LinceFrameOfShape *frame);
/* `frame` turned by `turn` (1 is once around). */
LinceFrameOfShape lince_shape_turn (const LinceFrameOfShape *frame, float turn);

void lince_shape_phases (const LinceRegion *region, const LinceRun *runs,
    const LinceFrameOfShape *frame, LinceShapePhases *phases);
void lince_shape_describe (
    const LinceShapeMask *mask, const LinceFrameOfShape *frame, LinceDescriptor *descriptor);

/* Area over that of the ellipse with the same moments: 1 for an ellipse, less for what has holes.
 */
float lince_shape_fill (const LinceRegion *region);
