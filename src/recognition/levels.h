/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Which level of a reference is compared with which octave of a frame. Internal to the room.
 *
 * A scale is how many frame pixels one pixel has, the root of the outline's area over the
 * picture's. */
#pragma once

#include "recognition/pyramid.h"
#include "recognition/reference.h"

/* Frame pixels for one reference pixel. 0 when no camera sees a flat picture so, or when it is less
 * than `least_side` frame pixels across (quad.h). */
double lince_level_frame_scale (const LincePyramid *pyramid, const LinceReference *reference,
    const double homography[9], double least_side);

/* Frame pixels for one pixel of level `level`, with `scale` those for one reference pixel. */
double lince_level_scale (const LinceReference *reference, int level, double scale);

/* What a level may be. */
typedef struct {
  int area, side;      /* pixels at most, in all and along the longer side */
  double least_pixels; /* of the frame's finest octave for one of its own at least */
} LinceLevelBounds;

/* The finest level within the bounds, or else the coarsest. */
int lince_level_finest (const LincePyramid *pyramid, const LinceReference *reference, double scale,
    const LinceLevelBounds *bounds);

/* The number of the coarsest octave of component 0 (luma), 1 or 2 (chroma) whose pixels are at most
 * 1.25 times as large as `scale`, or else of the finest. -1 where the frame has no chroma. */
int lince_level_octave (const LincePyramid *pyramid, int component, double scale);
