/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The last stage of every hypothesis: is the reference to be seen at that place of that frame?
 * Internal to the room.
 *
 * Each cell of the aligned reference with contrast votes by its correlation with the frame. The
 * votes are log likelihood ratios of two measured distributions, right placements against wrong
 * ones that were aligned just as well, bounded below because a cell may be covered; a plain cell
 * votes against where the frame is not plain. The sum of votes, less what chance reaches in the
 * number of places tried, is the evidence E, and the confidence a fixed rising map of it:
 *
 *   confidence = 1 / (1 + exp (-0.4 E)), times the agreement where less than 42 % agrees
 *
 * At E = 0, a confidence of 0.5, no false placement is expected in an hour of footage at 25 frames
 * a second; the number of wrong hypotheses above E falls by a factor of e about every 2. */
#pragma once

#include "recognition/align.h"
#include "recognition/composite.h"
#include "recognition/recognizer.h"

#define LINCE_VERIFY_SIDE 128 /* longer side of the finest reference level compared, pixels */

#define LINCE_VERIFY_MARK_AREA 12288 /* pixels of the finest level of a mark compared */

#define LINCE_VERIFY_AGREES 0.5f /* a cell whose correlation is above speaks for the reference */

/* A flat value. */
typedef struct {
  uint32_t image, object;
  double homography[9]; /* reference picture pixels to frame pixels */
  LincePoint corners[4];
  float evidence;            /* natural logarithm of the odds */
  float correlation;         /* mean over the cells that agree */
  float agreement;           /* 0 to 1: share of the seen contrast that agrees */
  float inside;              /* 0 to 1: share of the outline inside the frame */
  float visible;             /* 0 to 1: share of the outline inside and not covered */
  LinceCompositeLight light; /* opaque and as it is, of what is no mark */
  bool upright;              /* as its hypothesis */
  float cut_off;             /* 0 to 1: share of the outline outside the frame */
  float occluded;            /* 0 to 1: share of what is inside the frame that does not agree */
  float blur;       /* standard deviation against the reference, frame pixels; negative: not told */
  bool clear;       /* nothing that it could say speaks against it; see below */
  bool cut_out;     /* of the mark alone, where the picture has a plain ground (matte.h) */
  bool mark;        /* compared as a mark, by its composition; else by its texture */
  int64_t stood;    /* ns before it was found, where a mean of frames tells; else 0 */
  float confidence; /* 0 to 1; 0.5 is the threshold at which no false event is expected */
} LinceVerdict;

/* A reference of the same design as the one that stands there, a magazine's other number, a
 * channel's sister, agrees with it in most pixels, as a half covered one does. What is covered is
 * covered in one piece, moves, and was or will be seen whole; the other picture never agrees
 * everywhere. So a verdict is clear
 *   of a print, when its votes are CLEAR_VOTES of its contrast above what chance reaches, and its
 *     colours, where they have any to show, are those of the reference (palette.h) or its votes so
 *     many that it agrees nearly everywhere: a photocopy too must be found;
 *   of a mark that stands as a bug does, its sides along the frame's, when its worst block has
 *   CLEAR_EVENNESS of the votes of all, CLEAR_AGREEMENT of it agrees and it shows its colours; of
 * any other when it holds, for it moves, is covered, and had to agree in nearly all its cells to be
 * found; and in video a track is reported from the first frame on which it was clear. */

/* Judges an alignment. `prior` is added to the evidence: 0 for one of the many hypotheses of a
 * search, LINCE_VERIFY_FOLLOWED where the frames around tell that the object is to be expected.
 * False when nothing can be said (no cell with contrast inside the frame). */
#define LINCE_VERIFY_FOLLOWED 4.0f
bool lince_verify (const LinceAlignment *alignment, const LincePyramid *pyramid,
    const LinceReference *reference, float prior, LinceVerdict *verdict);

/* Judges a mark's composition in the same measure. */
typedef struct {
  bool upright;     /* it was only moved and scaled */
  bool translucent; /* it is fixed to the screen, where the ground may show through */
  bool followed;    /* it stood there on the frame before: it may now be covered, or fade */
  float prior;      /* added to the evidence of one that is not */
} LinceMarkClaim;
#define LINCE_VERIFY_RECENT 5.0f /* the prior of one that stood shortly before */
bool lince_verify_mark (const LinceComposition *composition, const LincePyramid *pyramid,
    const LinceReference *reference, const LinceMarkClaim *claim, LinceVerdict *verdict);

/* How much a cell of the frame has that the reference, plain there, does not: 0 to 1. */
float lince_verify_surplus (const LinceCell *cell, const LinceCellMatch *match);

/* The evidence, without a prior, of the part of a placement that lies outside `outline`: what is
 * left of it when another object stands there. */
float lince_verify_outside (LinceAligner *aligner, const LincePyramid *pyramid,
    const LinceReference *reference, const LinceVerdict *verdict, const LincePoint outline[4]);

typedef enum {
  LINCE_RIVAL_FIRST, /* the pixels speak for the first */
  LINCE_RIVAL_SECOND,
  LINCE_RIVAL_EQUAL, /* the pixels do not tell them apart */
} LinceRival;

/* Which of two references that stand at the same place of the frame is it? Compared are only the
 * cells in which they differ. */
LinceRival lince_verify_rivals (LinceAligner *aligner, const LincePyramid *pyramid,
    const LinceReference *first, const LinceVerdict *first_verdict, const LinceReference *second,
    const LinceVerdict *second_verdict);
