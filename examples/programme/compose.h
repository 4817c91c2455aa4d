/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Composition of one frame: canvases warped by homographies, blended in order, then light, noise
 * and the planes of I420. A composer belongs to one thread. */
#pragma once

#include "canvas.h"
#include "geometry.h"

typedef struct {
  const LinceCanvas *canvas;
  LinceCorners opened, quad,
      closed;     /* where it stands as the shutter opens, in the middle, as it closes */
  double opacity; /* 0 to 1 */
  double blur;    /* sigma of the lens's blur, pixels */
  int object;     /* the reference's number; -1: scenery */
} LinceLayer;

typedef struct {
  double gain;  /* of light: 1 leaves it */
  double noise; /* sigma, steps of luma */
  double blur;  /* sigma of the lens's blur over the first `blurred_layers` layers, pixels */
  int blurred_layers;
  uint64_t seed; /* of this frame's noise */
} LinceFinish;

typedef struct _LinceComposer LinceComposer;

LinceComposer *lince_composer_new (int width, int height);
void lince_composer_free (LinceComposer *composer);

/* `planes` and `strides` are of Y, Cb, Cr at 4:2:0; the sides are even. */
void lince_composer_draw (LinceComposer *composer, const LinceLayer *layers, int layer_count,
    const LinceFinish *finish, uint8_t *const planes[3], const int strides[3]);

/* The share of layer `index`'s opaque pixels that lie within the frame and under no later layer. */
double lince_layer_visible (
    const LinceLayer *layers, int layer_count, int index, int width, int height);
