/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The light in which a canvas shows its mark: one opacity and one gain for all components and a
 * lift of luma, by least squares whose weights fall where a pixel is off, for it may be covered.
 * Internal to the room. The canvas' `ground` must be in place. */
#pragma once

#include "recognition/canvas.h"

typedef struct {
  float opacity; /* `least_opacity` to 1 */
  float scale;   /* opacity * gain */
  float lift;    /* opacity * lift, levels */
} LinceLight;

/* One round from where `light` stands. */
void lince_light_refine (const LinceCanvas *canvas, float least_opacity, LinceLight *light);

/* Starts from an opaque and from a translucent mark, for reweighting finds the nearer solution. */
void lince_light_fit (const LinceCanvas *canvas, float least_opacity, LinceLight *light);

/* What the frame should show in that light: a plane for each component that it has. */
void lince_light_compose (
    const LinceCanvas *canvas, const LinceLight *light, LinceCanvasPlane *model);
