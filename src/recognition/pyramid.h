/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A frame's luma and chroma at falling scales, shared by search, verification and tracking.
 * Internal. */
#pragma once

#include "recognition/error.h"
#include "recognition/frame.h"
#include "recognition/pool.h"

#define LINCE_PYRAMID_LEVELS 12

/* A grey picture: sample (x, y) is data[y * stride + x]. */
typedef struct {
  const uint8_t *data;
  ptrdiff_t stride;
  int width, height;
} LinceGrey;

typedef struct {
  LinceGrey grey;
  float scale_x, scale_y; /* full-frame pixels for one pixel of this level: x_frame = x * scale_x in
                             pixel-edge coordinates. Level 0 of an interlaced frame is its top field
                             (scale_y 2). */
} LincePyramidLevel;

typedef struct LincePyramid LincePyramid;

/* Empty; NULL only when memory is short. */
LincePyramid *lince_pyramid_new (LinceError *error);
void lince_pyramid_free (LincePyramid *pyramid); /* NULL is allowed */

/* Makes the buffers for frames of that size, scan and sample step; allocates nothing where they
 * were large enough once. Sides from 8 to LINCE_FRAME_MAX_SIDE. On failure the pyramid is as
 * before. */
bool lince_pyramid_resize (LincePyramid *pyramid, const LinceFrame *frame, LinceError *error);

/* Octave 0 is the frame's own luma where its samples lie side by side (no copy: valid only while
 * the frame is), else narrowed into the pyramid's own plane. Octave n has half of the sides of
 * octave n - 1, rounded down, each sample the mean of 2 x 2; but octave 1 of an interlaced frame
 * keeps its field's rows and so has square scale again. The frame must be as in the last resize().
 */
void lince_pyramid_build (LincePyramid *pyramid, const LinceFrame *frame, LincePool *pool);

/* Chroma: component 0 is Cb, 1 is Cr. Octave 0 has the planes' own samples, in place where they lie
 * side by side; its scale is that of the format (2 and 2 for 4:2:0). No octaves where the frame has
 * no chroma. */
int lince_pyramid_chroma_count (const LincePyramid *pyramid);
const LincePyramidLevel *lince_pyramid_chroma (
    const LincePyramid *pyramid, int component, int octave);

/* Sides of the stored full frame, pixels, as its finest octave covers them. */
void lince_pyramid_frame_size (const LincePyramid *pyramid, int *width, int *height);

/* Of the frame of the last build(). */
LinceColourMatrix lince_pyramid_matrix (const LincePyramid *pyramid);

/* 1 to LINCE_PYRAMID_LEVELS; the last octave's shorter side is at least 8. */
int lince_pyramid_octave_count (const LincePyramid *pyramid);
/* Octave `octave`, 0 to count - 1. */
const LincePyramidLevel *lince_pyramid_octave (const LincePyramid *pyramid, int octave);
