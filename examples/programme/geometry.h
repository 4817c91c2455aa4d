/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Quads and the homographies between them. All coordinates are those of pixel edges. */
#pragma once

#include <stdbool.h>

/* Four corners x, y, clockwise from the picture's own top left. */
typedef struct {
  double at[8];
} LinceQuad;

/* Row-major; maps (x, y, 1). */
typedef struct {
  double m[9];
} LinceHomography;

/* The unit square onto `quad` (Heckbert, Fundamentals of Texture Mapping, 1989, section 2.2.3). */
LinceHomography lince_homography_from_quad (const LinceQuad *quad);
LinceHomography lince_homography_invert (const LinceHomography *h);
void lince_homography_map (const LinceHomography *h, double x, double y, double *u, double *v);
/* The rectangle x0, y0 to x1, y1 of the unit square's plane as `quad` shows it. */
LinceQuad lince_quad_part (const LinceQuad *quad, double x0, double y0, double x1, double y1);
LinceQuad lince_quad_mix (const LinceQuad *a, const LinceQuad *b, double share_of_b);
double lince_quad_area (const LinceQuad *quad);
/* The longest way that a corner goes from `a` to `b`. */
double lince_quad_motion (const LinceQuad *a, const LinceQuad *b);
