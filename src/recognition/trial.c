/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/quad.h"

#define MAX_THREADS 16
#define LOOSE_STEPS 2
#define LOOSE_PRICE 3.0f /* evidence that the freedom to bend costs */
#define ROUGH_FIT 0.4f   /* correlation on the coarsest level that is worth a second look */

#define MARK_HOPE 4.0f /* evidence of a mark's coarse placement that is worth a finer look */
/* And what it must come to there by its agreement and its votes a cell. Of 622 coarse placements on
 * 19 clips the 40 that held when looked at finely had 0.86 and 2.2 at least, those of marks not
 * fixed to the screen 0.98 and 3.6; with these three in four of the others, 1.6 to 4 ms each, are
 * spared. */
#define HOPE_AGREEMENT 0.80f
#define HOPE_VOTES 2.0f
#define FIXED_HOPE_AGREEMENT 0.72f
#define FIXED_HOPE_VOTES 1.5f
#define TURN_PRICE 4.0f /* evidence that a smaller turn may cost */

#define MARK_COARSE_PLAN ((LinceCompositePlan){2, 6, 1536, 0.3f, .glance = 2, .blur = false})
#define MARK_FINE_PLAN ((LinceCompositePlan){1, 3, LINCE_VERIFY_MARK_AREA, 0, .blur = true})
#define MARK_CLOSE_PLAN ((LinceCompositePlan){3, 6, LINCE_VERIFY_MARK_AREA, 0, .blur = true})
#define MARK_FOLLOW_PLAN                                                                           \
  {                                                                                                \
    2, 3, 4096, 0, .blur = true                                                                    \
  }
#define MARK_NEAR_PLAN                                                                             \
  {                                                                                                \
    1, 2, 2048, 0, .blur = true                                                                    \
  }
#define MARK_REGAIN_PLAN                                                                           \
  {                                                                                                \
    3, 6, 4096, 0, .blur = true                                                                    \
  }
/* Of a firm fit near by: the loss of correlation, and of what is visible, from which coarse levels
 * are asked all the same. */
#define FIT_LOSS 0.02f
#define VISIBLE_LOSS 0.2f

struct LinceJudge {
  LinceAligner *aligners[MAX_THREADS];
  LinceCompositor *compositors[MAX_THREADS];
};

LinceJudge *
lince_judge_new (uint32_t threads, LinceError *error)
{
  LinceJudge *judge = calloc (1, sizeof *judge);

  if (!judge) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for what judges placements");
    return NULL;
  }
  for (uint32_t i = 0; i < threads && i < MAX_THREADS; i++) {
    judge->aligners[i] = lince_aligner_new (error);
    judge->compositors[i] = lince_compositor_new (error);
    if (!judge->aligners[i] || !judge->compositors[i])
      goto fail;
  }
  return judge;
fail:
  lince_judge_free (judge);
  return NULL;
}

void
lince_judge_free (LinceJudge *judge)
{
  if (!judge)
    return;
  for (int i = 0; i < MAX_THREADS; i++) {
    lince_aligner_free (judge->aligners[i]);
    lince_compositor_free (judge->compositors[i]);
  }
  free (judge);
}

LinceAligner *
lince_judge_aligner (LinceJudge *judge)
{
  return judge->aligners[0];
}

LinceCompositor *
lince_judge_compositor (LinceJudge *judge)
{
  return judge->compositors[0];
}

LinceTrialFrame
lince_trial_followed (const LincePyramid *pyramid, uint32_t steps)
{
  return (LinceTrialFrame){
      pyramid, {LINCE_PLAN_ALL_LEVELS, (int) steps, LINCE_VERIFY_SIDE, 0.15f, 0.5f}};
}

LinceTrialFrame
lince_trial_new (const LincePyramid *pyramid, uint32_t steps)
{
  return (LinceTrialFrame){
      pyramid, {LINCE_PLAN_ALL_LEVELS, (int) steps, LINCE_VERIFY_SIDE, 0.3f, 0}};
}

static void
take_verdict (LinceTrial *trial, const LinceVerdict *verdict)
{
  trial->done = true;
  trial->verdict = *verdict;
  trial->verdict.image = trial->image;
}

static void
keep_better (const LinceTrialFrame *frame, LinceAligner *aligner, LinceTrial *trial,
    const LinceAlignment *alignment, float prior)
{
  LinceVerdict verdict;

  if (lince_verify (alignment, frame->pyramid, trial->reference, prior, &verdict) &&
      (!trial->done || verdict.evidence > trial->verdict.evidence)) {
    take_verdict (trial, &verdict);
    if (trial->blur_known)
      trial->verdict.blur = trial->blur;
    else if (verdict.confidence >= 0.5f)
      trial->verdict.blur = lince_align_blur (aligner, frame->pyramid, trial->reference, alignment);
  }
}

bool
lince_trial_holds (const LinceTrial *trial)
{
  return trial->done && trial->verdict.confidence >= 0.5f;
}

/* Aligns and verifies from one start, as finely as `side` allows, and keeps the better verdict.
 * Returns how well the coarsest level fitted. */
static float
try_start (const LinceTrialFrame *frame, LinceAligner *aligner, LinceTrial *trial,
    const double start[9], int side)
{
  LinceAlignPlan plan = frame->plan;
  LinceAlignment alignment = {.coarse = -1};

  plan.max_side = side;
  if (!lince_align (aligner, frame->pyramid, trial->reference, start, &plan, &alignment))
    return alignment.coarse;
  keep_better (frame, aligner, trial, &alignment, trial->prior);
  /* a page that bends: its cells are off their places, but together */
  for (int i = 0; i < LOOSE_STEPS && !lince_trial_holds (trial) && alignment.coarse > ROUGH_FIT;
       i++) {
    lince_align_loosen (aligner, frame->pyramid, &alignment);
    keep_better (frame, aligner, trial, &alignment, trial->prior - LOOSE_PRICE);
  }
  return alignment.coarse;
}

/* Aligns from the first start on the finest levels only. False when it does not lie there about as
 * well as it did on the last frame. */
static bool
try_near (const LinceTrialFrame *frame, LinceAligner *aligner, LinceTrial *trial)
{
  LinceAlignPlan plan = frame->plan;
  LinceAlignment alignment;

  plan.stages = trial->near_levels;
  if (!lince_align (aligner, frame->pyramid, trial->reference, trial->starts[0], &plan, &alignment))
    return false;
  keep_better (frame, aligner, trial, &alignment, trial->prior);
  return trial->done && trial->verdict.confidence >= LINCE_TRIAL_FIRM &&
         trial->verdict.correlation >= trial->correlation - FIT_LOSS &&
         trial->verdict.visible >= trial->visible - VISIBLE_LOSS;
}

/* Places a mark from one start as a plan says, and judges it. */
static bool
place_mark (const LinceTrialFrame *frame, LinceCompositor *compositor, const LinceTrial *trial,
    const double start[9], LinceCompositePlan plan, LinceComposition *composition,
    LinceVerdict *verdict)
{
  LinceMarkClaim claim = {.upright = trial->upright,
      .followed = trial->prior > 0,
      .prior = trial->recent ? LINCE_VERIFY_RECENT : 0};

  claim.translucent = trial->fixed || (claim.upright && claim.followed);
  plan.upright = claim.upright;
  plan.translucent = claim.translucent;
  plan.light = trial->light;
  plan.blur = plan.blur && !trial->blur_known;
  if (!lince_composite_align (
          compositor, frame->pyramid, trial->reference, start, &plan, composition) ||
      !lince_verify_mark (composition, frame->pyramid, trial->reference, &claim, verdict))
    return false;
  if (trial->blur_known)
    verdict->blur = trial->blur;
  return true;
}

/* By how much an outline's top edge is turned, radians. */
static double
turn_of (const LincePoint corners[4])
{
  return atan2 (corners[1].y - corners[0].y, corners[1].x - corners[0].x);
}

/* A mark that looks the same when turned by a part of a circle is taken to be turned as little as
 * its pixels allow, for so are most. */
static void
turn_back (const LinceTrialFrame *frame, LinceCompositor *compositor, const LinceTrial *trial,
    LinceVerdict *verdict)
{
  static const int parts[] = {2, 3, 4, 5, 6, 8};
  double turn = turn_of (verdict->corners), start[9], homography[9];
  double x = trial->reference->width / 2.0, y = trial->reference->height / 2.0;

  memcpy (homography, verdict->homography, sizeof homography);
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    double step = 2 * M_PI / parts[i], angle = -round (turn / step) * step;
    double c = cos (angle), s = sin (angle);
    LinceComposition composition;
    LinceVerdict other;

    if (fabs (turn + angle) > fabs (turn_of (verdict->corners)) - 0.2)
      continue;
    lince_homography_compose (
        homography, (double[9]){c, -s, x - c * x + s * y, s, c, y - s * x - c * y, 0, 0, 1}, start);
    if (place_mark (frame, compositor, trial, start, MARK_FINE_PLAN, &composition, &other) &&
        other.evidence > verdict->evidence - TURN_PRICE &&
        fabs (turn_of (other.corners)) < fabs (turn_of (verdict->corners)))
      *verdict = other;
  }
}

static void
keep_mark (LinceTrial *trial, const LinceVerdict *verdict)
{
  if (trial->done && verdict->evidence <= trial->verdict.evidence)
    return;
  take_verdict (trial, verdict);
}

/* Hypotheses are turned and sheared a little by their errors; what is upright keeps its shape. */
static bool
straighten (const LinceReference *reference, const double homography[9], double straight[9])
{
  LincePoint corners[4], outline[4];

  if (!lince_quad_from_homography (homography, reference->width, reference->height, corners))
    return false;
  lince_quad_straighten (corners, outline);
  return lince_quad_to_homography (outline, reference->width, reference->height, straight);
}

/* Of a mark that seems upright: whether it is just so. */
static void
try_straight (const LinceTrialFrame *frame, LinceCompositor *compositor, const LinceTrial *trial,
    LinceVerdict *verdict)
{
  LinceComposition composition;
  LinceVerdict other;
  double straight[9];

  if (straighten (trial->reference, verdict->homography, straight) &&
      place_mark (frame, compositor, trial, straight, MARK_FINE_PLAN, &composition, &other) &&
      other.evidence > verdict->evidence)
    *verdict = other;
}

/* Whether a coarse placement of a new mark is worth a finer look: also, more than one before it
 * from another start, which did not hold when it was looked at. */
static bool
gives_hope (LinceTrial *trial, const LinceComposition *composition)
{
  float votes = composition->evidence / composition->contrast;

  if (composition->evidence < MARK_HOPE ||
      composition->agreement < (trial->fixed ? FIXED_HOPE_AGREEMENT : HOPE_AGREEMENT) ||
      votes < (trial->fixed ? FIXED_HOPE_VOTES : HOPE_VOTES) || votes <= trial->hope)
    return false;
  trial->hope = votes;
  return true;
}

/* A new mark is looked at coarsely first. */
static void
find_mark (const LinceTrialFrame *frame, LinceCompositor *compositor, LinceTrial *trial,
    const double start[9])
{
  LinceComposition composition;
  LinceVerdict verdict;
  double coarse[9];

  memcpy (coarse, start, sizeof coarse);
  if ((trial->fixed && !straighten (trial->reference, start, coarse)) ||
      !place_mark (frame, compositor, trial, coarse, MARK_COARSE_PLAN, &composition, &verdict) ||
      !gives_hope (trial, &composition))
    return;
  memcpy (coarse, composition.homography, sizeof coarse);
  if (!place_mark (frame, compositor, trial, coarse, MARK_FINE_PLAN, &composition, &verdict))
    return;
  if (verdict.confidence >= 0.5f && !trial->upright)
    turn_back (frame, compositor, trial, &verdict);
  if (verdict.confidence >= 0.5f && trial->upright && !trial->fixed)
    try_straight (frame, compositor, trial, &verdict);
  keep_mark (trial, &verdict);
}

/* Whether a mark that was followed lies there about as well as it did on the last frame: what
 * covered it then still does. A better fit may be missed, so `thorough` does not ask (recall at IoU
 * 0.8 of a clip with half-covered marks: 0.886 for 0.947). */
static bool
as_before (const LinceTrial *trial)
{
  return trial->frugal && lince_trial_holds (trial) &&
         trial->verdict.agreement >= trial->correlation - FIT_LOSS;
}

/* One that was followed is near: where a plan allows it and it agreed well, a coarse level tells
 * enough. Where it begins to agree badly it may be covered, or it moved further than a fine look
 * reaches. */
static void
follow_mark (const LinceTrialFrame *frame, LinceCompositor *compositor, LinceTrial *trial)
{
  static const LinceCompositePlan plans[] = {MARK_NEAR_PLAN, MARK_FOLLOW_PLAN, MARK_REGAIN_PLAN};
  size_t first = trial->near_levels > 0 ? 0 : 1;
  size_t end = trial->correlation > LINCE_TRIAL_SURE && !trial->waiting ? 3 : 2;

  for (size_t p = first; p < end; p++) {
    if (p == 2 && trial->frugal && trial->done && trial->verdict.confidence >= LINCE_TRIAL_FIRM)
      return;
    for (int i = 0; i < trial->start_count; i++) {
      LinceComposition composition;
      LinceVerdict verdict;

      if (place_mark (frame, compositor, trial, trial->starts[i], plans[p], &composition, &verdict))
        keep_mark (trial, &verdict);
      if (trial->done && (trial->verdict.agreement > LINCE_TRIAL_SURE || as_before (trial)))
        return;
    }
  }
}

/* Coarse levels hide the small word in which marks of one family differ; and one that was found on
 * few pixels may lie askew, so that a part of it seems to be another. */
static void
look_closely (const LinceTrialFrame *frame, LinceCompositor *compositor, LinceTrial *trial)
{
  LinceComposition composition;
  LinceVerdict verdict;

  trial->verdict.clear = false;
  if (place_mark (frame, compositor, trial, trial->verdict.homography, MARK_CLOSE_PLAN,
          &composition, &verdict) &&
      verdict.confidence >= 0.5f && verdict.clear)
    take_verdict (trial, &verdict);
}

/* A hypothesis straightened to the sides of the reference, by its height or its width, around the
 * same middle: what regions tell of a small mark is often a tenth too wide or too high, from where
 * a fit slides off. */
static bool
keep_sides (
    const LinceReference *reference, const double homography[9], bool by_height, double start[9])
{
  LincePoint corners[4], outline[4];
  float x, y, width, height;

  if (!lince_quad_from_homography (homography, reference->width, reference->height, corners))
    return false;
  lince_quad_straighten (corners, outline);
  x = (outline[0].x + outline[2].x) / 2;
  y = (outline[0].y + outline[2].y) / 2;
  width = outline[2].x - outline[0].x;
  height = outline[2].y - outline[0].y;
  if (by_height)
    width = height * (float) reference->width / (float) reference->height;
  else
    height = width * (float) reference->height / (float) reference->width;
  outline[0] = (LincePoint){x - width / 2, y - height / 2};
  outline[1] = (LincePoint){x + width / 2, y - height / 2};
  outline[2] = (LincePoint){x + width / 2, y + height / 2};
  outline[3] = (LincePoint){x - width / 2, y + height / 2};
  return lince_quad_to_homography (outline, reference->width, reference->height, start);
}

static void
try_mark (const LinceTrialFrame *frame, LinceCompositor *compositor, LinceTrial *trial)
{
  double other[9];

  if (trial->prior > 0) {
    follow_mark (frame, compositor, trial);
    /* it only happened to be upright when it was found */
    if (trial->upright && !trial->doubtful && !lince_trial_holds (trial)) {
      trial->upright = false;
      follow_mark (frame, compositor, trial);
    }
    if (trial->doubtful && lince_trial_holds (trial) && !trial->unlooked)
      look_closely (frame, compositor, trial);
    else if (trial->doubtful)
      trial->verdict.clear = false;
    return;
  }
  for (int i = 0; i < trial->start_count && !lince_trial_holds (trial); i++) {
    find_mark (frame, compositor, trial, trial->starts[i]);
    for (int k = 0; k < 2 && trial->fixed && trial->done && !lince_trial_holds (trial); k++)
      if (keep_sides (trial->reference, trial->starts[i], k == 0, other))
        find_mark (frame, compositor, trial, other);
    if (trial->upright && !trial->fixed && !lince_trial_holds (trial)) {
      trial->upright = false;
      find_mark (frame, compositor, trial, trial->starts[i]);
    }
  }
}

static void
try_texture (const LinceTrialFrame *frame, LinceAligner *aligner, LinceTrial *trial)
{
  if (trial->near_levels > 0 && try_near (frame, aligner, trial))
    return;
  trial->done = false;
  for (int i = 0; i < trial->start_count; i++) {
    const double *start = trial->starts[i];
    float coarse = try_start (frame, aligner, trial, start, LINCE_VERIFY_SIDE);

    /* blur, or a fabric in the reference that the frame does not show: fewer, larger cells tell */
    if (coarse > ROUGH_FIT && !lince_trial_holds (trial))
      try_start (frame, aligner, trial, start, LINCE_VERIFY_SIDE / 2);
    if (lince_trial_holds (trial))
      break;
  }
}

/* A mark must be seen nearly whole, for it has little by which to tell it; one with the detail of a
 * print may be covered like one. */
static void
decide (const LinceTrialFrame *frame, LinceJudge *judge, uint32_t thread, LinceTrial *trial)
{
  bool texture = trial->reference->print && !trial->fixed;
  LinceTrial other = *trial;

  trial->done = other.done = false;
  if (!trial->reference->mark) {
    try_texture (frame, judge->aligners[thread], trial);
    return;
  }
  if (!texture || !trial->texture)
    try_mark (frame, judge->compositors[thread], trial);
  if (!texture || lince_trial_holds (trial))
    return;
  try_texture (frame, judge->aligners[thread], &other);
  if (lince_trial_holds (&other) || !trial->done)
    *trial = other;
}

/* A run on a pool. */
typedef struct {
  LinceJudge *judge;
  const LinceTrialFrame *frame;
  LinceTrial *trials;
} Run;

static void
run_trial (void *context, uint32_t item, uint32_t thread)
{
  const Run *run = context;

  decide (run->frame, run->judge, thread, &run->trials[item]);
}

void
lince_judge_run (LinceJudge *judge, LincePool *pool, const LinceTrialFrame *frame,
    LinceTrial *trials, uint32_t count)
{
  Run run = {judge, frame, trials};

  lince_pool_run (pool, run_trial, &run, count);
}

void
lince_judge_explain (
    LinceJudge *judge, const LinceTrialFrame *frame, LinceTrial *trial, LinceAlignTrace *trace)
{
  LinceAligner *aligner = judge->aligners[0];
  LinceAlignment alignment;

  if (!trial->reference->mark) {
    lince_aligner_trace (aligner, trace);
    lince_align (
        aligner, frame->pyramid, trial->reference, trial->starts[0], &frame->plan, &alignment);
    lince_aligner_trace (aligner, NULL);
  }
  decide (frame, judge, 0, trial);
}
