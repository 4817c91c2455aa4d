/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Outlines of four corners and the homographies that belong to them. Internal to the room.
 *
 * Homographies are row-major 3 x 3 matrices of double that map column vectors (x, y, 1), both sides
 * in pixel-edge coordinates. Corners run clockwise (y down) from the reference's own top left. */
#pragma once

#include "recognition/frame.h"

/* out = a * b; `out` may be neither. */
void lince_homography_compose (const double a[9], const double b[9], double out[9]);
/* The inverse, scaled so that its last element is 1 where that is possible. False when singular. */
bool lince_homography_inverse (const double h[9], double out[9]);
/* Maps a point; false when it lies on or behind the horizon. */
bool lince_homography_map (const double h[9], double x, double y, double *out_x, double *out_y);
/* The divisor at the middle of a picture of `width` x `height` pixels; 0 when the horizon runs
 * through that. */
double lince_homography_middle (const double h[9], int width, int height);
/* What sampling takes: `h` in floats, 1 where its divisor is `middle`, onto a picture that has
 * `scale_x` and `scale_y` pixels for one that `h` leads to. */
void lince_homography_onto (
    const double h[9], double middle, double scale_x, double scale_y, float out[9]);

/* The corners of a reference of `width` x `height` pixels. False when a corner lies behind the
 * horizon or is not a finite number below 1e6. */
bool lince_quad_from_homography (
    const double h[9], double width, double height, LincePoint corners[4]);
/* The homography of a reference of `width` x `height` pixels onto the corners (Heckbert's unit
 * square to quadrilateral). False when three of the corners lie on a line. */
bool lince_quad_to_homography (
    const LincePoint corners[4], double width, double height, double h[9]);

/* Area in square pixels; positive when the corners run clockwise on the screen. */
double lince_quad_area (const LincePoint corners[4]);
/* Area of the part within the frame. */
double lince_quad_area_inside (const LincePoint corners[4], int width, int height);
/* Whether a convex, clockwise outline holds a point. */
bool lince_quad_contains (const LincePoint corners[4], double x, double y);
/* Area of the intersection over that of the union; both must be convex and clockwise. */
double lince_quad_overlap (const LincePoint a[4], const LincePoint b[4]);
/* Area of the intersection over that of the smaller one. */
double lince_quad_cover (const LincePoint a[4], const LincePoint b[4]);

/* Whether an outline of a picture of `width` x `height` is hardly turned, tilted or stretched: by
 * at most 2 % of its sides. */
bool lince_quad_upright (const LincePoint corners[4], double width, double height);

/* Whether the sides run along the axes, but for small errors, whatever their lengths. */
bool lince_quad_parallel (const LincePoint corners[4]);

/* The axis-parallel outline about the same middle with the mean lengths of the sides. */
void lince_quad_straighten (const LincePoint corners[4], LincePoint straight[4]);

/* Whether a flat picture seen by a camera could have that outline: convex, clockwise (not
 * mirrored), no side and no diagonal out of proportion, at least `minimum` pixels across, and some
 * of it inside the frame. */
bool lince_quad_plausible (const LincePoint corners[4], double minimum, int width, int height);
