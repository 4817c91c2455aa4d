/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Corners of quads and the projections between them. All coordinates are those of pixel edges. */
#pragma once

#include <stdbool.h>

/* Four corners x, y, clockwise from the picture's own top left. */
typedef struct {
  double at[8];
} LinceCorners;

/* A homography, row-major; maps (x, y, 1). */
typedef struct {
  double m[9];
} LinceProjection;

/* The unit square onto `quad` (Heckbert, Fundamentals of Texture Mapping, 1989, section 2.2.3). */
LinceProjection lince_projection_from_quad (const LinceCorners *quad);
LinceProjection lince_projection_invert (const LinceProjection *h);
void lince_projection_map (const LinceProjection *h, double x, double y, double *u, double *v);
/* The rectangle x0, y0 to x1, y1 of the unit square's plane as `quad` shows it. */
LinceCorners lince_corners_part (
    const LinceCorners *quad, double x0, double y0, double x1, double y1);
LinceCorners lince_corners_mix (const LinceCorners *a, const LinceCorners *b, double share_of_b);
double lince_corners_area (const LinceCorners *quad);
/* The longest way that a corner goes from `a` to `b`. */
double lince_corners_motion (const LinceCorners *a, const LinceCorners *b);
