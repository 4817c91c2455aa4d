/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How a mark lies over a frame: its placement is refined, and its pixels are compared, by the model
 *
 *   frame = (1 - opacity * alpha) * ground + opacity * alpha * (gain * colour + lift)
 *
 * in luma and chroma, with alpha and colour those of the reference, one opacity and one gain for
 * all components, a small lift of luma, and for the ground what surrounds the mark: a mean of the
 * frame around each pixel in which only what is transparent counts. So flat marks, whose only edges
 * are those of their shape, and marks that differ from their ground in colour only are placed and
 * compared as well as any. Internal to the room.
 *
 * The evidence is a sum over cells of 8 x 8 pixels of half the logarithm of the ratio of two sums
 * of squares, times the number of independent pixels: what is left when the frame is explained by
 * its own local mean, and what is left when it is explained by the mark. Each cell's part is
 * bounded, below because any cell may be covered. */
#pragma once

#include "recognition/pyramid.h"
#include "recognition/reference.h"

/* Scratch for one thread. */
typedef struct LinceCompositor LinceCompositor;

LinceCompositor *lince_compositor_new (LinceError *error);
void lince_compositor_free (LinceCompositor *compositor); /* NULL is allowed */

/* A flat value. */
typedef struct {
  float opacity; /* 0.15 to 1 */
  float gain;    /* of contrast, 1: as the reference has it in video range */
  float lift;    /* luma levels of the frame, opacity included */
} LinceCompositeLight;

/* A flat value. */
typedef struct {
  int stages;                /* levels of the reference used at most, coarse to fine */
  int steps;                 /* iterations at most on each */
  int area;                  /* pixels of the finest level used at most */
  float least;               /* agreement on any level but the finest below which it is given up */
  bool upright;              /* only moved and scaled */
  bool translucent;          /* the ground may show through: a mark fixed to the screen */
  bool blur;                 /* is measured */
  int glance;                /* steps on the finest level after which it is given up where nothing
                                speaks for it; 0: never */
  LinceCompositeLight light; /* that it had on the last frame; all 0: not known */
} LinceCompositePlan;

/* A flat value. */
typedef struct {
  double homography[9]; /* reference picture pixels to frame pixels */
  LinceCompositeLight light;
  float evidence;  /* sum of votes, in natural logarithms of odds */
  float contrast;  /* what the cells could say at most, in cells */
  float agreement; /* 0 to 1: share of it that speaks for the mark */
  float evenness;  /* at most 1: of its worst block against all of it (comparison.h) */
  float colour;    /* at most 1: of the model's chroma that the frame shows (comparison.h) */
  float blur;      /* standard deviation in frame pixels against the model (blur.h); negative:
                      not told */
} LinceComposition;

/* Refines from `start` and compares. False when the placement leaves what is plausible or was given
 * up. Needs no chroma in the frame, and says less without. */
bool lince_composite_align (LinceCompositor *compositor, const LincePyramid *pyramid,
    const LinceReference *reference, const double start[9], const LinceCompositePlan *plan,
    LinceComposition *composition);

/* Of two marks at about the same place of the frame, the evidence for the first against the second:
 * the same sum with what is left by the one and by the other, each in the light of its composition
 * where that is known. `area` as in the plan. */
float lince_composite_rivals (LinceCompositor *compositor, const LincePyramid *pyramid,
    const LinceReference *first, const LinceComposition *first_composition,
    const LinceReference *second, const LinceComposition *second_composition, int area);

/* The same of the first's own pixels alone, without those that it leaves to the ground: also where
 * the second explains what is seen through the first, and beside it. */
float lince_composite_own (LinceCompositor *compositor, const LincePyramid *pyramid,
    const LinceReference *first, const LinceComposition *first_composition,
    const LinceReference *second, const LinceComposition *second_composition, int area);
