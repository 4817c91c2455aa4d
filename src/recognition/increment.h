/* SPDX-License-Identifier: LGPL-2.1-or-later
 * One step of direct alignment: from displacements of a reference's parts to a change of its
 * homography. Internal to the room.
 *
 * Coordinates (u, v) are the reference's, centred, with its longer half side for a unit. The warp
 * is (u, v) -> ((1 + d0) u + d1 v + d2, d3 u + (1 + d4) v + d5) / (1 + d6 u + d7 v), and the step
 * is that of the inverse compositional form (Baker and Matthews 2004): the homography is composed
 * with the inverse of the warp that takes the reference to what was seen. */
#pragma once

#include <stdbool.h>

#define LINCE_INCREMENT_PARAMETERS 8

/* Normal equations of the weighted least squares; zero before the first part is added. */
typedef struct {
  double normal[LINCE_INCREMENT_PARAMETERS][LINCE_INCREMENT_PARAMETERS];
  double right[LINCE_INCREMENT_PARAMETERS];
} LinceIncrement;

/* Adds a part at (u, v): `tensor` holds the sums xx, xy, yy of products of its gradients, a pixel,
 * `shift` those of gradient times residual; `unit` is how many pixels a unit has. */
void lince_increment_add (LinceIncrement *increment, double u, double v, double unit, double weight,
    const double tensor[3], const double shift[2]);

/* Holds the two scales, d0 and d4, together: their difference has a deviation of `deviation`. */
void lince_increment_keep_shape (LinceIncrement *increment, double deviation);

/* Solves with a prior of deviation `expected` for each parameter and composes `homography` with the
 * change; `to_reference` leads from (u, v) to reference pixels. Returns how far it moved, pixels of
 * the unit; negative when it failed, `homography` is then as before. */
double lince_increment_apply (LinceIncrement *increment,
    const double expected[LINCE_INCREMENT_PARAMETERS], double unit, const double to_reference[9],
    double homography[9]);
