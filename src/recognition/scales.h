/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The scale space that keypoints are sought in: the pyramid's octaves and, between them, pictures
 * of two thirds of their sides, all smoothed. Internal to the room.
 *
 * Scale s has a pixel of 1, 1.5, 2, 3, 4, 6, ... of the frame's; scale s + 2 is twice as coarse as
 * scale s exactly. */
#pragma once

#include "recognition/pool.h"
#include "recognition/pyramid.h"

#define LINCE_SCALES 20

typedef struct {
  uint8_t *pixels; /* sample (0, 0) of the smoothed picture; LINCE_SMOOTH_BORDER readable pixels on
                      every side repeat its edge */
  ptrdiff_t stride;
  int width, height;
  float scale_x, scale_y; /* full-frame pixels for one of this */
  bool square;            /* scale_x == scale_y */
} LinceScale;

typedef struct {
  int count;      /* of all scales */
  int first, end; /* scales `first` to `end` - 1 are square and are searched; two more follow */
  LinceScale scales[LINCE_SCALES];
  uint8_t *memory;                  /* all pictures */
  size_t size;                      /* of the memory, bytes */
  uint8_t *thirds[LINCE_SCALES];    /* the unsmoothed picture of an odd scale, rows of its width */
  uint32_t threads;
  uint16_t *scratch;                /* for smoothing, a part for each thread */
  uint32_t bands[LINCE_SCALES + 1]; /* bands of rows before scale s */
} LinceScales;

/* Makes the buffers for what `pyramid` holds; allocates nothing where they were large enough once.
 * On failure `scales` is as before. */
bool lince_scales_resize (
    LinceScales *scales, const LincePyramid *pyramid, uint32_t threads, LinceError *error);
void lince_scales_clear (LinceScales *scales);
/* Fills all scales. */
void lince_scales_build (LinceScales *scales, const LincePyramid *pyramid, LincePool *pool);
