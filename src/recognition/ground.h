/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What surrounds the pixels of a canvas: means of the frame over squares around each. Internal to
 * the room. */
#pragma once

#include "recognition/canvas.h"

/* The mean of every component around each pixel, weighed by the canvas' `weight`; where little of
 * that is near, the mean of all. `means`: a plane for each component that the frame has. */
void lince_ground_means (LinceCanvas *canvas, LinceCanvasPlane *means);

/* Fills `ground` from what is transparent around; what is half so hardly counts. Overwrites
 * `weight`. */
void lince_ground_estimate (LinceCanvas *canvas);
