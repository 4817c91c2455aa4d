/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Drawn frames for simulations: a textured background, and references put onto it as a camera would
 * see them. Deterministic. Internal to the room. */
#pragma once

#include "recognition/reference.h"

/* A picture to draw on; row by row, no padding; Cb and Cr of half the sides, rounded up. */
typedef struct {
  uint8_t *luma, *cb, *cr;
  int width, height;
} LinceCanvas;

/* False without memory; the caller clears the canvas in any case. */
bool lince_canvas_init (LinceCanvas *canvas, int width, int height);
void lince_canvas_clear (LinceCanvas *canvas);
/* Copies what is on a canvas of the same size. */
void lince_canvas_copy (const LinceCanvas *canvas, const LinceCanvas *from);
LinceFrame lince_canvas_frame (const LinceCanvas *canvas);

/* How a reference is seen. */
typedef struct {
  LincePoint corners[4]; /* its outline on the canvas, clockwise from its own top left */
  float opacity;         /* 0 to 1 */
  bool video_range;      /* luma 16 to 235 and chroma 16 to 240, as in video; else as it is */
  float blur;            /* standard deviation, pixels, 0 to 8; of chroma half of it */
  uint32_t noise;        /* grey levels either way, 0 to 64; of luma */
  uint32_t seed;         /* of the noise */
} LinceView;

/* Fills the canvas with soft shapes, edges and grain, as of footage; another seed, another place. */
void lince_render_background (const LinceCanvas *canvas, uint32_t seed);

/* Draws a reference onto the canvas, over what is there through its mask, then blurs and adds noise
 * to the part around it. False when the outline is none that a picture can have. */
bool lince_render_reference (
    const LinceCanvas *canvas, const LinceReference *reference, const LinceView *view);
