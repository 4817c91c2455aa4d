/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A level of a mark with a margin of what surrounds it, and the frame where a placement puts its
 * pixels: planes of floats, for what the model of composite.h says about them. Internal to the
 * room.
 *
 * Luma in video range, chroma around 0. What lies beyond the reference is transparent. */
#pragma once

#include "recognition/pyramid.h"
#include "recognition/reference.h"

#define LINCE_CANVAS_COMPONENTS 3 /* luma, Cb, Cr */
#define LINCE_CANVAS_PIXELS 24576 /* of a level with its margin */

typedef float LinceCanvasPlane[LINCE_CANVAS_PIXELS];

/* Planes are `rows` rows of `stride` floats, `columns` of which count; `stride` is a multiple of
 * LINCE_LANES. */
typedef struct {
  int columns, rows, stride, margin;
  int count;                   /* stride * rows */
  int components;              /* that the frame has: 1 or LINCE_CANVAS_COMPONENTS */
  double to_reference[9];      /* pixels of the level with margin to reference pixels */
  LinceCanvasPlane alpha;      /* the mark's opacity, 0 to 1 */
  LinceCanvasPlane soft_alpha; /* as chroma of half the sides shows it */
  LinceCanvasPlane colour[LINCE_CANVAS_COMPONENTS];
  LinceCanvasPlane frame[LINCE_CANVAS_COMPONENTS]; /* 0 of a component that it has not */
  LinceCanvasPlane valid;                          /* 1 inside the frame, 0 outside */
  /* what the stages that follow make of them */
  LinceCanvasPlane ground[LINCE_CANVAS_COMPONENTS]; /* ground.h */
  LinceCanvasPlane model[LINCE_CANVAS_COMPONENTS];  /* light.h */
  LinceCanvasPlane left[LINCE_CANVAS_COMPONENTS];   /* another explanation */
  LinceCanvasPlane weight;                          /* of the stage that is at work */
} LinceCanvas;

/* Takes the mark's side from level `level` of a reference. */
void lince_canvas_take_reference (LinceCanvas *canvas, const LinceReference *reference, int level);

/* Makes `soft_alpha` for a frame of which one pixel of the level takes `scale`, each way: thin
 * strokes keep their luma in a frame, and lose much of their chroma. */
void lince_canvas_soften (LinceCanvas *canvas, double scale);

/* Takes the frame's side where `homography` (reference pixels to frame pixels) puts the level;
 * `scale`: frame pixels for one of the level's. False when the horizon runs through its middle. */
bool lince_canvas_take_frame (
    LinceCanvas *canvas, const LincePyramid *pyramid, const double homography[9], double scale);

/* Puts `other`, whose pixels `between` leads to from those of the canvas' own reference, in the
 * place of the mark; the frame's side stays. False when the horizon runs through its middle. */
bool lince_canvas_take_other (
    LinceCanvas *canvas, const LinceReference *other, const double between[9]);
