/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Drawn frames for simulations: a textured background, and references put onto it as a camera would
 * see them. Luma only, as references are kept. Deterministic. Internal to the room. */
#pragma once

#include "recognition/reference.h"

/* A grey picture to draw on; row by row, no padding. */
typedef struct {
  uint8_t *luma;
  int width, height;
} LinceCanvas;

/* How a reference is seen. */
typedef struct {
  LincePoint corners[4]; /* its outline on the canvas, clockwise from its own top left */
  float opacity;         /* 0 to 1 */
  float blur;            /* standard deviation, pixels, 0 to 8 */
  uint32_t noise;        /* grey levels either way, 0 to 64 */
  uint32_t seed;         /* of the noise */
} LinceView;

/* Fills the canvas with soft shapes, edges and grain, as of footage; another seed, another place. */
void lince_render_background (const LinceCanvas *canvas, uint32_t seed);

/* Draws a reference onto the canvas, over what is there through its mask, then blurs and adds noise
 * to the part around it. False when the outline is none that a picture can have. */
bool lince_render_reference (
    const LinceCanvas *canvas, const LinceReference *reference, const LinceView *view);
