/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Homographies from correspondences, robustly: RANSAC over affine samples in the order of quality
 * (PROSAC: Chum, Matas 2005) with a fixed sequence, then iterated reweighted least squares on the
 * eight parameters. Internal to the room; thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A place in the reference (x, y) and in the frame (u, v), pixels. */
typedef struct {
  float x, y, u, v;
  float tolerance; /* pixels of the frame: what counts as near, of this correspondence */
  uint32_t tag;    /* the caller's own */
} LinceCorrespondence;

/* Maps (x, y) by `homography`; false where the point lies at or behind the horizon. */
bool lince_homography_project (
    const double homography[9], double x, double y, double *u, double *v);

/* Finds the affine map that most of `count` correspondences (best first) agree with, each within
 * `slack` times its tolerance. Returns the number of inliers, 0 for none. */
uint32_t lince_homography_sample (const LinceCorrespondence *correspondences, uint32_t count,
    float slack, uint32_t rounds, double homography[9]);

/* Refines `homography` over those correspondences that lie within `slack` tolerances of it.
 * `projective` false keeps it affine. `width` and `height` of the reference scale the problem.
 * Returns the number of inliers after, or 0 when the system was singular. */
uint32_t lince_homography_refine (const LinceCorrespondence *correspondences, uint32_t count,
    float width, float height, float slack, bool projective, uint32_t rounds, double homography[9]);

/* Whether a picture of `width` x `height` lands sensibly: in front, not mirrored, convex, between
 * `least` pixels and `most` of its sides, no side more than 6 times its opposite. */
bool lince_homography_plausible (
    const double homography[9], float width, float height, float least, float most);
