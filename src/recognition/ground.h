/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What surrounds the pixels of a canvas: means of the frame over squares around each. Internal to
 * the room. */
#pragma once

#include "recognition/canvas.h"

/* The mean of every component of `planes` around each pixel, weighed by the canvas' `weight`; where
 * little of that is near, the mean of all. `means`: a plane for each component that the frame has.
 */
void lince_ground_means (
    LinceCanvas *canvas, const LinceCanvasPlane *planes, LinceCanvasPlane *means);

/* Fills `ground` from what is transparent around; what is half so hardly counts. Overwrites
 * `weight`. */
void lince_ground_estimate (LinceCanvas *canvas);

/* As lince_ground_estimate(), but also from what shows through the mark, in the light given as
 * (opacity, scale, lift). Overwrites `weight` and `left`. */
void lince_ground_look_through (LinceCanvas *canvas, const float light[3]);
