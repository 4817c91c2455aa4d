/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A picture ready to be warped: pixels of Y, Cb, Cr and alpha in one word (Y lowest, alpha
 * highest), premultiplied, limited range, with reduced levels and a transparent rim around each. */
#pragma once

#include <cairo.h>
#include <stdint.h>

#define LINCE_CANVAS_RIM 2
#define LINCE_CANVAS_LEVELS 6

typedef struct {
  int width, height; /* without the rim */
  int stride;        /* words a row, rim included */
  uint32_t *pixels;  /* of the rim's top left corner */
} LinceCanvasLevel;

typedef struct {
  int width, height;
  double content[4]; /* x0, y0, x1, y1 of what is not transparent, in shares of the sides */
  int level_count;
  LinceCanvasLevel levels[LINCE_CANVAS_LEVELS];
} LinceCanvas;

typedef enum { LINCE_MATRIX_BT601, LINCE_MATRIX_BT709 } LinceMatrix;

/* From an ARGB32 image surface, which it does not keep. */
LinceCanvas *lince_canvas_new (cairo_surface_t *surface, LinceMatrix matrix);
void lince_canvas_free (LinceCanvas *canvas);
/* Opacity, 0 to 1, at a place of the unit square. */
double lince_canvas_alpha (const LinceCanvas *canvas, double x, double y);
