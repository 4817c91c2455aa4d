/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Trials: a place of the frame where a reference may stand is refined and judged, for itself.
 * Many are run at once; what one comes to depends on no other. Internal to the room. */
#pragma once

#include "recognition/pool.h"
#include "recognition/verify.h"

#define LINCE_TRIAL_FIRM 0.95f /* confidence from which a fit is good */
#define LINCE_TRIAL_SURE 0.85f /* agreement of a mark from which nothing better is looked for */

/* Scratch for the threads of a pool. */
typedef struct LinceJudge LinceJudge;

/* `threads` as the pool's. */
LinceJudge *lince_judge_new (uint32_t threads, LinceError *error);
void lince_judge_free (LinceJudge *judge); /* NULL is allowed */

/* One place to try. A flat value. */
typedef struct {
  uint32_t image;
  const LinceReference *reference;
  double starts[2][9]; /* reference pixels to frame pixels, the likeliest first */
  int start_count;
  float prior;                /* LINCE_VERIFY_FOLLOWED: it stood there on the frame before; or 0 */
  bool upright;               /* only moved and scaled */
  bool fixed;                 /* to the screen, by what the mean of frames shows */
  bool recent;                /* a track of that image ended shortly before */
  bool doubtful;              /* followed, but never seen clearly: it is looked at closely */
  bool unlooked;              /* not on this frame, so that it cannot be seen clearly */
  bool clear;                 /* it was, in the mean of frames */
  bool texture;               /* of a mark its texture was verified last */
  int near_levels;            /* that suffice when the first start is near; 0: start with all */
  float correlation, visible; /* of the last fit, where near_levels > 0 */
  LinceCompositeLight light;  /* of a mark at that fit, all 0: none */
  bool waiting;               /* followed, but it was not there on the last frame */
  bool frugal;                /* followed: a fit about as good as the last one is good enough */
  float hope;                 /* votes a cell of the best coarse placement of a new mark */
  bool blur_known;            /* followed: `blur`, of a frame before, still serves */
  float blur;                 /* as in a verdict */
  bool done;                  /* `verdict` is filled */
  LinceVerdict verdict;
} LinceTrial;

/* What the trials of one run share. */
typedef struct {
  const LincePyramid *pyramid;
  LinceAlignPlan plan; /* of textured references */
} LinceTrialFrame;

/* With `steps` of alignment on each level: of what is followed, of what is new. */
LinceTrialFrame lince_trial_followed (const LincePyramid *pyramid, uint32_t steps);
LinceTrialFrame lince_trial_new (const LincePyramid *pyramid, uint32_t steps);

/* Runs them on the pool. */
void lince_judge_run (LinceJudge *judge, LincePool *pool, const LinceTrialFrame *frame,
    LinceTrial *trials, uint32_t count);
/* Runs one on the calling thread, and notes in `trace` how its first start was aligned. */
void lince_judge_explain (
    LinceJudge *judge, const LinceTrialFrame *frame, LinceTrial *trial, LinceAlignTrace *trace);

/* Whether it found its reference. */
bool lince_trial_holds (const LinceTrial *trial);

/* Lent to what compares verdicts with each other on the calling thread, between runs. */
LinceAligner *lince_judge_aligner (LinceJudge *judge);
LinceCompositor *lince_judge_compositor (LinceJudge *judge);
