/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Direct alignment: moves a reference's placement until its pixels lie best on the frame's.
 * Internal to the room.
 *
 * Coarse to fine over the reference's levels, each on the octave of the frame that has about its
 * scale. Each cell gives a displacement with its information (template.h); the homography's eight
 * parameters are their weighted least squares, with a prior that keeps small or half covered
 * objects from bending. What is aligned is always the reference itself, so nothing drifts. */
#pragma once

#include "recognition/template.h"

typedef struct {
  int stages;    /* levels used at most, coarse to fine; the finest is always among them */
  int steps;     /* iterations at most on each */
  int max_side;  /* of the finest level used, pixels */
  float give_up; /* correlation on any level below which the alignment fails */
  float doubt;   /* correlation from which a cell counts on the finest level: higher where the start
                    is   near and what disagrees is covered, 0 where a page may bend */
} LinceAlignPlan;

/* What an alignment came to. `cells` and `template` belong to the aligner, until its next call. */
typedef struct {
  double homography[9]; /* reference picture pixels to frame pixels */
  const LinceTemplate *template;
  const LinceCellMatch *cells;
  int octave;        /* of the frame that the cells were compared with */
  float scale;       /* octave pixels for one pixel of the template */
  float coarse;      /* as `correlation`, after the coarsest level */
  float correlation; /* mean over seen cells, weighed by contrast */
} LinceAlignment;

typedef struct LinceAligner LinceAligner;

/* What the levels of an alignment came to, coarse to fine; for explanations. */
typedef struct {
  int count;
  struct {
    int width, height; /* of the reference's level, pixels */
    float correlation;
  } levels[LINCE_REFERENCE_LEVELS];
} LinceAlignTrace;

/* Scratch for one thread. */
LinceAligner *lince_aligner_new (LinceError *error);
void lince_aligner_free (LinceAligner *aligner);

/* Where lince_align() notes its levels from now on; NULL: nowhere. */
void lince_aligner_trace (LinceAligner *aligner, LinceAlignTrace *trace);

/* Aligns from `start`. False when the placement leaves what is plausible or was given up. */
bool lince_align (LinceAligner *aligner, const LincePyramid *pyramid,
    const LinceReference *reference, const double start[9], const LinceAlignPlan *plan,
    LinceAlignment *alignment);

/* Compares at `homography` as it is, on the level that lince_align() would end with. */
bool lince_align_compare (LinceAligner *aligner, const LincePyramid *pyramid,
    const LinceReference *reference, const double homography[9], int max_side,
    LinceAlignment *alignment);

/* The blur of the frame against the reference where the aligner's last alignment lies and its cells
 * agree: standard deviation in frame pixels, negative where too little is seen (blur.h). */
float lince_align_blur (LinceAligner *aligner, const LincePyramid *pyramid,
    const LinceReference *reference, const LinceAlignment *alignment);

/* Lets the cells of the aligner's last alignment move a little with their neighbourhood. */
void lince_align_loosen (
    LinceAligner *aligner, const LincePyramid *pyramid, LinceAlignment *alignment);
