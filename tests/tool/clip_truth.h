/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Where the poster stands in the clip that make_clip draws. */
#pragma once

#include <math.h>
#include <stdbool.h>

#define CLIP_WIDTH 640
#define CLIP_HEIGHT 360
#define CLIP_RATE 25
#define CLIP_FRAMES 50
#define CLIP_FIRST 10
#define CLIP_LAST 39
#define CLIP_POSTER_WIDTH 240
#define CLIP_POSTER_HEIGHT 320

/* The poster's own top left in pixels of the frame, its turn in radians, frame pixels a poster's.
 */
typedef struct {
  double x, y, angle, scale;
} ClipPlace;

static inline bool
clip_truth (int frame, ClipPlace *place)
{
  if (frame < CLIP_FIRST || frame > CLIP_LAST)
    return false;
  *place = (ClipPlace){180 + 4.0 * (frame - CLIP_FIRST), 60 + 1.0 * (frame - CLIP_FIRST),
      0.1 + 0.004 * (frame - CLIP_FIRST), 0.62};
  return true;
}

/* Corner 0 to 3, clockwise from the poster's own top left. */
static inline void
clip_corner (const ClipPlace *place, int corner, double *x, double *y)
{
  double u = (corner == 1 || corner == 2) ? CLIP_POSTER_WIDTH * place->scale : 0;
  double v = corner >= 2 ? CLIP_POSTER_HEIGHT * place->scale : 0;

  *x = place->x + u * cos (place->angle) - v * sin (place->angle);
  *y = place->y + u * sin (place->angle) + v * cos (place->angle);
}
