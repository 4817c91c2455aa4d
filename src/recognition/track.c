/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/quad.h"

#define MAX_TRACKS LINCE_MAX_PLACEMENTS
#define MAX_THREADS 16
#define MAX_TRIED LINCE_MAX_HYPOTHESES
#define SAME_PLACE 0.5 /* overlap from which two placements of one object are one instance */
#define LOOSE_STEPS 2
#define LOOSE_PRICE 3.0f /* evidence that the freedom to bend costs */
#define ROUGH_FIT 0.4f   /* correlation on the coarsest level that is worth a second look */
#define SAME_TRIAL 0.8   /* overlap from which two hypotheses of one image are one */
#define RIVAL_PLACE 0.3  /* overlap from which two objects explain the same pixels */

#define MARK_HOPE 4.0f       /* evidence of a mark's coarse placement that is worth a finer look */
#define MARK_BOTH 8.0f       /* evidence for each of two marks at its own place: both are there */
#define BOTH_OVERLAP 0.6     /* the most that two marks cover of each other's places */
#define RIVAL_MEMORY 0.92f   /* of the evidence gathered, kept from frame to frame */
#define MARK_DIFFERENCE 3.0f /* evidence by which one mark must beat another at its place */
#define SLIP 1.25            /* growth from frame to frame of what agrees in part only */
#define ENDED 16             /* tracks that are remembered when they end, */
#define RECENT_TIME INT64_C (3000000000) /* ns */
#define STILL_SLACK 1.0 /* frame pixels by which alignment errs, and the share of the size */
#define STILL_SHARE 0.02
#define TURN_PRICE 4.0f /* evidence that a smaller turn may cost */
#define MARK_AREA 12288 /* pixels of the finest level compared */

#define MARK_COARSE_PLAN ((LinceCompositePlan){2, 6, 1536, 0.3f, false, false})
#define MARK_FINE_PLAN ((LinceCompositePlan){1, 3, MARK_AREA, 0, false, false})
#define MARK_FOLLOW_PLAN                                                                           \
  {                                                                                                \
    2, 3, 4096, 0, false, false                                                                    \
  }
#define MARK_NEAR_PLAN                                                                             \
  {                                                                                                \
    1, 2, 2048, 0, false, false                                                                    \
  }
#define MARK_REGAIN_PLAN                                                                           \
  {                                                                                                \
    3, 6, 4096, 0, false, false                                                                    \
  }
#define MARK_SURE 0.85f /* agreement from which nothing better is looked for */

#define EXPECT_STEPS 6
#define EXPLAIN_STEPS 8   /* as `thorough` does */
#define FIRM 0.95f        /* confidence from which a fit is good, and its correlation: */
#define FIRM_FIT 0.7f     /* then the next frame needs no coarse levels */
#define FIT_LOSS 0.02f    /* of correlation, from which they are asked all the same, */
#define VISIBLE_LOSS 0.2f /* and of what is visible */

#define FOLLOW(steps)                                                                              \
  ((LinceAlignPlan){LINCE_PLAN_ALL_LEVELS, steps, LINCE_VERIFY_SIDE, 0.15f, 0.5f})
#define SEARCH(steps) ((LinceAlignPlan){LINCE_PLAN_ALL_LEVELS, steps, LINCE_VERIFY_SIDE, 0.3f, 0})

typedef struct {
  uint64_t number;
  LinceVerdict verdict;      /* the last verified one */
  LincePoint before[4];      /* the verified outline before that */
  int64_t seen, before_seen; /* their times; before_seen < 0: there is none */
  bool verified;             /* on this frame */
  bool dropped;              /* explained by a rival on this frame */
  uint64_t rival_of;         /* the number of the track that stands in its place; 0: none */
  float behind;              /* by how much evidence, gathered over frames */
  uint32_t alternatives[LINCE_MAX_ALTERNATIVES];
  uint32_t alternative_count;
} Track;

/* An item of a parallel task: one start to align and verify. */
typedef struct {
  uint32_t image;
  const LinceReference *reference;
  double starts[2][9];
  int start_count;
  float prior;
  bool upright;
  bool fixed;                 /* to the screen, by what the mean of frames shows */
  bool recent;                /* a track of that image ended shortly before */
  int near_levels;            /* that suffice when the first start is near; 0: start with all */
  float correlation, visible; /* of the last fit, where near_levels > 0 */
  bool done;                  /* `verdict` is filled */
  LinceVerdict verdict;
} Trial;

/* A hypothesis that was verified. */
typedef struct {
  uint32_t image;
  LincePoint corners[4];
} Tried;

/* A track that ended. */
typedef struct {
  uint64_t number; /* 0: none */
  int64_t seen;
  uint32_t image;
} Ended;

struct LinceTracker {
  Ended ended[ENDED]; /* the last ones */
  uint32_t next_ended;
  uint64_t next;
  int64_t time;
  uint32_t count, threads;
  Track tracks[MAX_TRACKS];
  Trial trials[LINCE_MAX_HYPOTHESES];
  Tried tried[MAX_TRIED]; /* of the searches of this frame */
  uint32_t tried_count;
  LinceRivalry rivalries[LINCE_MAX_PLACEMENTS];
  uint32_t rivalry_count;
  LinceAligner *aligners[MAX_THREADS];
  LinceCompositor *compositors[MAX_THREADS];
};

/* What the threads of one task share. */
typedef struct {
  LinceTracker *tracker;
  const LincePyramid *pyramid;
  LinceAlignPlan plan;
} Task;

LinceTracker *
lince_tracker_new (uint32_t threads, LinceError *error)
{
  LinceTracker *tracker = calloc (1, sizeof *tracker);

  if (!tracker) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a tracker");
    return NULL;
  }
  tracker->next = 1;
  tracker->threads = threads;
  for (uint32_t i = 0; i < threads && i < MAX_THREADS; i++) {
    tracker->aligners[i] = lince_aligner_new (error);
    tracker->compositors[i] = lince_compositor_new (error);
    if (!tracker->aligners[i] || !tracker->compositors[i])
      goto fail;
  }
  return tracker;
fail:
  lince_tracker_free (tracker);
  return NULL;
}

void
lince_tracker_free (LinceTracker *tracker)
{
  if (!tracker)
    return;
  for (int i = 0; i < MAX_THREADS; i++) {
    lince_aligner_free (tracker->aligners[i]);
    lince_compositor_free (tracker->compositors[i]);
  }
  free (tracker);
}

static void
keep_better (const Task *task, LinceAligner *aligner, Trial *trial, const LinceAlignment *alignment,
    float prior)
{
  LinceVerdict verdict;

  if (lince_verify (alignment, task->pyramid, trial->reference, prior, &verdict) &&
      (!trial->done || verdict.evidence > trial->verdict.evidence)) {
    trial->done = true;
    trial->verdict = verdict;
    trial->verdict.image = trial->image;
    if (verdict.confidence >= 0.5f)
      trial->verdict.blur = lince_align_blur (aligner, task->pyramid, trial->reference, alignment);
  }
}

static bool
holds (const Trial *trial)
{
  return trial->done && trial->verdict.confidence >= 0.5f;
}

/* Aligns and verifies from one start, as finely as `side` allows, and keeps the better verdict.
 * Returns how well the coarsest level fitted. */
static float
try_start (const Task *task, LinceAligner *aligner, Trial *trial, const double start[9], int side)
{
  LinceAlignPlan plan = task->plan;
  LinceAlignment alignment = {.coarse = -1};

  plan.max_side = side;
  if (!lince_align (aligner, task->pyramid, trial->reference, start, &plan, &alignment))
    return alignment.coarse;
  keep_better (task, aligner, trial, &alignment, trial->prior);
  /* a page that bends: its cells are off their places, but together */
  for (int i = 0; i < LOOSE_STEPS && !holds (trial) && alignment.coarse > ROUGH_FIT; i++) {
    lince_align_loosen (aligner, task->pyramid, &alignment);
    keep_better (task, aligner, trial, &alignment, trial->prior - LOOSE_PRICE);
  }
  return alignment.coarse;
}

/* Aligns from the first start on the finest levels only. False when it does not lie there about as
 * well as it did on the last frame. */
static bool
try_near (const Task *task, LinceAligner *aligner, Trial *trial)
{
  LinceAlignPlan plan = task->plan;
  LinceAlignment alignment;

  plan.stages = trial->near_levels;
  if (!lince_align (aligner, task->pyramid, trial->reference, trial->starts[0], &plan, &alignment))
    return false;
  keep_better (task, aligner, trial, &alignment, trial->prior);
  return trial->done && trial->verdict.confidence >= FIRM &&
         trial->verdict.correlation >= trial->correlation - FIT_LOSS &&
         trial->verdict.visible >= trial->visible - VISIBLE_LOSS;
}

/* Places a mark from one start as a plan says, and judges it. */
static bool
place_mark (const Task *task, LinceCompositor *compositor, const Trial *trial,
    const double start[9], LinceCompositePlan plan, LinceComposition *composition,
    LinceVerdict *verdict)
{
  LinceMarkClaim claim = {.upright = trial->upright,
      .followed = trial->prior > 0,
      .prior = trial->recent ? LINCE_VERIFY_RECENT : 0};

  claim.translucent = trial->fixed || (claim.upright && claim.followed);
  plan.upright = claim.upright;
  plan.translucent = claim.translucent;
  return lince_composite_align (
             compositor, task->pyramid, trial->reference, start, &plan, composition) &&
         lince_verify_mark (composition, task->pyramid, trial->reference, &claim, verdict);
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
turn_back (const Task *task, LinceCompositor *compositor, const Trial *trial, LinceVerdict *verdict)
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
    if (place_mark (task, compositor, trial, start, MARK_FINE_PLAN, &composition, &other) &&
        other.evidence > verdict->evidence - TURN_PRICE &&
        fabs (turn_of (other.corners)) < fabs (turn_of (verdict->corners)))
      *verdict = other;
  }
}

static void
keep_mark (Trial *trial, const LinceVerdict *verdict)
{
  if (trial->done && verdict->evidence <= trial->verdict.evidence)
    return;
  trial->done = true;
  trial->verdict = *verdict;
  trial->verdict.image = trial->image;
}

/* A new mark is looked at coarsely first. */
static void
find_mark (const Task *task, LinceCompositor *compositor, Trial *trial, const double start[9])
{
  LinceComposition composition;
  LinceVerdict verdict;
  double coarse[9];

  if (!place_mark (task, compositor, trial, start, MARK_COARSE_PLAN, &composition, &verdict) ||
      composition.evidence < MARK_HOPE)
    return;
  memcpy (coarse, composition.homography, sizeof coarse);
  if (!place_mark (task, compositor, trial, coarse, MARK_FINE_PLAN, &composition, &verdict))
    return;
  if (verdict.confidence >= 0.5f && !trial->upright)
    turn_back (task, compositor, trial, &verdict);
  keep_mark (trial, &verdict);
}

/* One that was followed is near: where a plan allows it and it agreed well, a coarse level tells
 * enough. Where it begins to agree badly it may be covered, or it moved further than a fine look
 * reaches. */
static void
follow_mark (const Task *task, LinceCompositor *compositor, Trial *trial)
{
  static const LinceCompositePlan plans[] = {MARK_NEAR_PLAN, MARK_FOLLOW_PLAN, MARK_REGAIN_PLAN};
  size_t first = trial->near_levels > 0 ? 0 : 1, end = trial->correlation > MARK_SURE ? 3 : 2;

  for (size_t p = first; p < end; p++)
    for (int i = 0; i < trial->start_count; i++) {
      LinceComposition composition;
      LinceVerdict verdict;

      if (place_mark (task, compositor, trial, trial->starts[i], plans[p], &composition, &verdict))
        keep_mark (trial, &verdict);
      if (trial->done && trial->verdict.agreement > MARK_SURE)
        return;
    }
}

static void
try_mark (const Task *task, LinceCompositor *compositor, Trial *trial)
{
  if (trial->prior > 0) {
    follow_mark (task, compositor, trial);
    /* it only happened to be upright when it was found */
    if (trial->upright && !holds (trial)) {
      trial->upright = false;
      follow_mark (task, compositor, trial);
    }
    return;
  }
  for (int i = 0; i < trial->start_count && !holds (trial); i++) {
    find_mark (task, compositor, trial, trial->starts[i]);
    if (trial->upright && !trial->fixed && !holds (trial)) {
      trial->upright = false;
      find_mark (task, compositor, trial, trial->starts[i]);
    }
  }
}

static void
decide (const Task *task, uint32_t thread, Trial *trial)
{
  LinceAligner *aligner = task->tracker->aligners[thread];

  trial->done = false;
  if (trial->reference->mark) {
    try_mark (task, task->tracker->compositors[thread], trial);
    return;
  }
  if (trial->near_levels > 0 && try_near (task, aligner, trial))
    return;
  trial->done = false;
  for (int i = 0; i < trial->start_count; i++) {
    const double *start = trial->starts[i];
    float coarse = try_start (task, aligner, trial, start, LINCE_VERIFY_SIDE);

    /* blur, or a fabric in the reference that the frame does not show: fewer, larger cells tell */
    if (coarse > ROUGH_FIT && !holds (trial))
      try_start (task, aligner, trial, start, LINCE_VERIFY_SIDE / 2);
    if (holds (trial))
      break;
  }
}

static void
run_trial (void *context, uint32_t item, uint32_t thread)
{
  const Task *task = context;

  decide (task, thread, &task->tracker->trials[item]);
}

static void
centre_of (const LincePoint corners[4], double *x, double *y)
{
  *x = ((double) corners[0].x + corners[1].x + corners[2].x + corners[3].x) / 4;
  *y = ((double) corners[0].y + corners[1].y + corners[2].y + corners[3].y) / 4;
}

/* Where a track is expected: on from its last two outlines with constant velocity, turn and growth.
 * The outline keeps its shape, for a corner that is covered must not run away by its own errors. */
static bool
predict (const Track *track, int64_t time, LincePoint corners[4])
{
  const LincePoint *now = track->verdict.corners, *before = track->before;
  double x0, y0, x1, y1, a = 0, b = 0, norm = 0, ratio;

  if (track->before_seen < 0 || track->seen <= track->before_seen)
    return false;
  ratio = (double) (time - track->seen) / (double) (track->seen - track->before_seen);
  ratio = ratio < 4 ? ratio : 4;
  centre_of (before, &x0, &y0);
  centre_of (now, &x1, &y1);
  for (int i = 0; i < 4; i++) {
    double px = before[i].x - x0, py = before[i].y - y0, qx = now[i].x - x1, qy = now[i].y - y1;

    a += px * qx + py * qy;
    b += px * qy - py * qx;
    norm += px * px + py * py;
  }
  if (!(norm > 0))
    return false;
  a = 1 + ratio * (a / norm - 1);
  b = ratio * b / norm;
  for (int i = 0; i < 4; i++) {
    double qx = now[i].x - x1, qy = now[i].y - y1;

    corners[i].x = (float) (x1 + ratio * (x1 - x0) + a * qx - b * qy);
    corners[i].y = (float) (y1 + ratio * (y1 - y0) + b * qx + a * qy);
  }
  return true;
}

static bool
is_firm (const Track *track)
{
  return track->verified && track->verdict.confidence >= FIRM &&
         track->verdict.correlation >= FIRM_FIT;
}

static void
prepare_track (
    const Track *track, const LinceReference *reference, int64_t time, int levels, Trial *trial)
{
  LincePoint corners[4];

  trial->image = track->verdict.image;
  trial->reference = reference;
  trial->prior = LINCE_VERIFY_FOLLOWED;
  trial->upright = track->verdict.upright;
  trial->fixed = trial->recent = false;
  trial->start_count = 0;
  trial->near_levels = levels < LINCE_PLAN_ALL_LEVELS && is_firm (track) ? levels : 0;
  trial->correlation = track->verdict.correlation;
  trial->visible = track->verdict.visible;
  if (predict (track, time, corners) &&
      lince_quad_to_homography (corners, reference->width, reference->height, trial->starts[0]))
    trial->start_count++;
  memcpy (trial->starts[trial->start_count++], track->verdict.homography, sizeof trial->starts[0]);
}

static void
see (Track *track, const LinceVerdict *verdict, int64_t time)
{
  if (track->seen < time) {
    memcpy (track->before, track->verdict.corners, sizeof track->before);
    track->before_seen = track->seen;
  }
  track->verdict = *verdict;
  track->seen = time;
  track->verified = true;
}

/* A track that grew or shrank beyond what a moment allows has slipped onto something else; the less
 * of it agrees the less is allowed. */
static bool
continues (const Track *track, const LinceVerdict *verdict)
{
  double ratio = lince_quad_area (verdict->corners) / lince_quad_area (track->verdict.corners);
  double most = verdict->agreement > MARK_SURE ? 2.0 : SLIP;

  return ratio > 1 / most && ratio < most;
}

/* What a frame says about a track. */
static void
take_trial (Track *track, const Trial *trial, int64_t time)
{
  track->verified = false;
  track->dropped = false;
  track->alternative_count = 0;
  if (trial->done && trial->verdict.confidence >= 0.5f && continues (track, &trial->verdict))
    see (track, &trial->verdict, time);
}

static void
remove_tracks (LinceTracker *tracker, bool cut)
{
  uint32_t kept = 0;

  for (uint32_t i = 0; i < tracker->count; i++) {
    Track *track = &tracker->tracks[i];

    if (track->verified || (!cut && tracker->time - track->seen < LINCE_TRACK_WAIT)) {
      tracker->tracks[kept++] = *track;
    } else if (track->rival_of == 0) {
      tracker->ended[tracker->next_ended++ % ENDED] =
          (Ended){track->number, track->seen, track->verdict.image};
    }
  }
  tracker->count = kept;
}

void
lince_tracker_follow (LinceTracker *tracker, const LincePyramid *pyramid,
    const LinceReferences *references, LincePool *pool, const LincePlan *plan, int64_t time,
    bool cut)
{
  Task task = {tracker, pyramid, FOLLOW ((int) plan->follow_steps)};
  uint32_t kept = 0;

  tracker->time = time;
  tracker->tried_count = 0;
  for (uint32_t i = 0; i < tracker->count; i++) {
    const LinceReference *reference =
        references->load (references->context, tracker->tracks[i].verdict.image);

    if (!reference)
      continue;
    tracker->tracks[kept] = tracker->tracks[i];
    prepare_track (
        &tracker->tracks[kept], reference, time, (int) plan->follow_levels, &tracker->trials[kept]);
    kept++;
  }
  tracker->count = kept;
  lince_pool_run (pool, run_trial, &task, tracker->count);
  for (uint32_t i = 0; i < tracker->count; i++) {
    take_trial (&tracker->tracks[i], &tracker->trials[i], time);
  }
  remove_tracks (tracker, cut);
}

/* Whether a verified track, or an earlier trial, already stands for the hypothesis. */
static bool
is_explained (
    const LinceTracker *tracker, uint32_t trial_count, uint32_t image, const LincePoint corners[4])
{
  LincePoint other[4];

  for (uint32_t i = 0; i < tracker->count; i++) {
    const Track *track = &tracker->tracks[i];

    if (track->verified && track->verdict.image == image &&
        lince_quad_overlap (track->verdict.corners, corners) > 0.3)
      return true;
  }
  for (uint32_t i = 0; i < trial_count; i++) {
    const Trial *trial = &tracker->trials[i];

    if (trial->image == image &&
        lince_quad_from_homography (
            trial->starts[0], trial->reference->width, trial->reference->height, other) &&
        lince_quad_overlap (other, corners) > SAME_TRIAL)
      return true;
  }
  return false;
}

static void
note_tried (LinceTracker *tracker, uint32_t image, const LincePoint corners[4])
{
  Tried *tried = &tracker->tried[tracker->tried_count];

  if (tracker->tried_count == MAX_TRIED)
    return;
  tried->image = image;
  memcpy (tried->corners, corners, sizeof tried->corners);
  tracker->tried_count++;
}

/* Whether a track of the image ended shortly before. */
static bool
is_recent (const LinceTracker *tracker, uint32_t image)
{
  for (uint32_t i = 0; i < ENDED; i++)
    if (tracker->ended[i].number != 0 && tracker->ended[i].image == image &&
        tracker->time - tracker->ended[i].seen < RECENT_TIME)
      return true;
  return false;
}

static uint32_t
prepare_hypotheses (LinceTracker *tracker, const LinceReferences *references,
    const LinceHypothesis *hypotheses, uint32_t count, uint32_t most)
{
  uint32_t prepared = 0;

  for (uint32_t i = 0; i < count && prepared < most && prepared < LINCE_MAX_HYPOTHESES; i++) {
    const LinceReference *reference = references->load (references->context, hypotheses[i].image);
    Trial *trial = &tracker->trials[prepared];
    LincePoint corners[4];

    if (!reference ||
        !lince_quad_from_homography (
            hypotheses[i].homography, reference->width, reference->height, corners) ||
        is_explained (tracker, prepared, hypotheses[i].image, corners))
      continue;
    trial->image = hypotheses[i].image;
    trial->reference = reference;
    memcpy (trial->starts[0], hypotheses[i].homography, sizeof trial->starts[0]);
    trial->start_count = 1;
    trial->near_levels = 0;
    trial->prior = 0;
    trial->fixed = hypotheses[i].upright;
    trial->recent = is_recent (tracker, hypotheses[i].image);
    trial->upright =
        hypotheses[i].upright || lince_quad_upright (corners, reference->width, reference->height);
    note_tried (tracker, trial->image, corners);
    prepared++;
  }
  return prepared;
}

/* The verified track of the same object at that place, or NULL. */
static Track *
track_at (LinceTracker *tracker, const LinceVerdict *verdict)
{
  for (uint32_t i = 0; i < tracker->count; i++) {
    Track *track = &tracker->tracks[i];

    if (track->verified && track->verdict.object == verdict->object &&
        lince_quad_overlap (track->verdict.corners, verdict->corners) > SAME_PLACE)
      return track;
  }
  return NULL;
}

/* The waiting track of the same image that the verdict may continue: the one it overlaps most. */
static Track *
waiting_track (LinceTracker *tracker, const LinceVerdict *verdict)
{
  Track *best = NULL;
  double most = 0.1;

  for (uint32_t i = 0; i < tracker->count; i++) {
    Track *track = &tracker->tracks[i];
    double overlap;

    if (track->verified || track->verdict.image != verdict->image)
      continue;
    overlap = lince_quad_overlap (track->verdict.corners, verdict->corners);
    if (overlap > most) {
      most = overlap;
      best = track;
    }
  }
  return best;
}

static void
accept (LinceTracker *tracker, const LinceVerdict *verdict)
{
  Track *track = track_at (tracker, verdict);

  if (track) {
    if (verdict->evidence > track->verdict.evidence + LINCE_VERIFY_FOLLOWED)
      track->verdict = *verdict;
    return;
  }
  track = waiting_track (tracker, verdict);
  if (!track) {
    if (tracker->count == MAX_TRACKS)
      return;
    track = &tracker->tracks[tracker->count++];
    memset (track, 0, sizeof *track);
    track->number = tracker->next++;
    track->before_seen = -1;
    track->seen = tracker->time;
  }
  see (track, verdict, tracker->time);
}

/* Accepts what holds among the first trials, best first. */
static void
accept_trials (LinceTracker *tracker, uint32_t trials, LinceStatistics *statistics)
{
  for (;;) {
    Trial *best = NULL;

    for (uint32_t i = 0; i < trials; i++) {
      Trial *trial = &tracker->trials[i];

      if (holds (trial) && (!best || trial->verdict.evidence > best->verdict.evidence))
        best = trial;
    }
    if (!best)
      break;
    accept (tracker, &best->verdict);
    best->done = false;
    statistics->verified++;
  }
}

void
lince_tracker_propose (LinceTracker *tracker, const LincePyramid *pyramid,
    const LinceReferences *references, LincePool *pool, const LinceHypothesis *hypotheses,
    uint32_t count, uint32_t most, uint32_t steps, LinceStatistics *statistics)
{
  Task task = {tracker, pyramid, SEARCH ((int) steps)};
  uint32_t trials = prepare_hypotheses (tracker, references, hypotheses, count, most);

  lince_pool_run (pool, run_trial, &task, trials);
  accept_trials (tracker, trials, statistics);
  statistics->rejected += trials;
}

/* Whether a mark stands on the frame where the mean of frames has it: one that moves is smeared
 * there and stands elsewhere now. */
static bool
stands_still (const Trial *trial)
{
  LincePoint mean[4];
  double slack;

  if (!trial->done || !lince_quad_from_homography (trial->starts[0], trial->reference->width,
                          trial->reference->height, mean))
    return false;
  slack = STILL_SLACK + STILL_SHARE * sqrt (lince_quad_area (mean));
  for (int i = 0; i < 4; i++)
    if (hypot (mean[i].x - trial->verdict.corners[i].x, mean[i].y - trial->verdict.corners[i].y) >
        slack)
      return false;
  return true;
}

void
lince_tracker_propose_gathered (LinceTracker *tracker, const LincePyramid *pyramid,
    const LincePyramid *gathered, const LinceReferences *references, LincePool *pool,
    const LinceHypothesis *hypotheses, uint32_t count, uint32_t most, uint32_t steps,
    LinceStatistics *statistics)
{
  Task task = {tracker, gathered, SEARCH ((int) steps)};
  uint32_t trials = prepare_hypotheses (tracker, references, hypotheses, count, most), kept = 0;

  lince_pool_run (pool, run_trial, &task, trials);
  statistics->rejected += trials;
  for (uint32_t i = 0; i < trials; i++) {
    Trial *trial = &tracker->trials[kept];

    if (!holds (&tracker->trials[i]))
      continue;
    *trial = tracker->trials[i];
    memcpy (trial->starts[0], trial->verdict.homography, sizeof trial->starts[0]);
    trial->start_count = 1;
    trial->prior = LINCE_VERIFY_FOLLOWED;
    kept++;
  }
  task.pyramid = pyramid;
  lince_pool_run (pool, run_trial, &task, kept);
  for (uint32_t i = 0; i < kept; i++)
    tracker->trials[i].done = stands_still (&tracker->trials[i]);
  accept_trials (tracker, kept, statistics);
}

void
lince_tracker_expect (LinceTracker *tracker, const LincePyramid *pyramid,
    const LinceReferences *references, LincePool *pool, const LinceProposal *proposals,
    uint32_t count)
{
  Task task = {tracker, pyramid, FOLLOW (EXPECT_STEPS)};

  tracker->count = 0;
  for (uint32_t i = 0; i < count && tracker->count < MAX_TRACKS; i++) {
    const LinceReference *reference = references->load (references->context, proposals[i].image);
    Track *track = &tracker->tracks[tracker->count];

    if (!reference)
      continue;
    memset (track, 0, sizeof *track);
    track->number = proposals[i].track;
    track->before_seen = -1;
    track->verdict.image = proposals[i].image;
    track->verdict.upright = proposals[i].upright;
    memcpy (track->verdict.corners, proposals[i].corners, sizeof track->verdict.corners);
    if (!lince_quad_to_homography (
            track->verdict.corners, reference->width, reference->height, track->verdict.homography))
      continue;
    prepare_track (track, reference, 0, LINCE_PLAN_ALL_LEVELS, &tracker->trials[tracker->count++]);
  }
  lince_pool_run (pool, run_trial, &task, tracker->count);
  for (uint32_t i = 0; i < tracker->count; i++)
    take_trial (&tracker->tracks[i], &tracker->trials[i], 0);
}

static void
add_alternative (Track *track, uint32_t object)
{
  for (uint32_t i = 0; i < track->alternative_count; i++) {
    if (track->alternatives[i] == object)
      return;
  }
  if (track->alternative_count < LINCE_MAX_ALTERNATIVES)
    track->alternatives[track->alternative_count++] = object;
}

static void
note_rivalry (LinceTracker *tracker, const Track *stands, const Track *falls, bool equal)
{
  if (tracker->rivalry_count < LINCE_MAX_PLACEMENTS)
    tracker->rivalries[tracker->rivalry_count++] =
        (LinceRivalry){stands->verdict, falls->verdict, equal};
}

/* What the frame says for one track's mark against the other's, or that both are there, the one
 * over the other: then each explains its own place better. */
static bool
compare_marks (LinceTracker *tracker, const LincePyramid *pyramid, const LinceReference *a,
    const Track *first, const LinceReference *b, const Track *second, float *evidence)
{
  LinceComposition one = {0}, other = {0};
  float for_first, for_second;

  memcpy (one.homography, first->verdict.homography, sizeof one.homography);
  memcpy (other.homography, second->verdict.homography, sizeof other.homography);
  for_first =
      lince_composite_rivals (tracker->compositors[0], pyramid, a, &one, b, &other, MARK_AREA);
  for_second =
      lince_composite_rivals (tracker->compositors[0], pyramid, b, &other, a, &one, MARK_AREA);
  *evidence = for_first - for_second;
  return for_first < MARK_BOTH || for_second < MARK_BOTH ||
         lince_quad_overlap (first->verdict.corners, second->verdict.corners) > BOTH_OVERLAP;
}

/* The same where a mark is among them. Marks of one family differ by little, which one frame may
 * show badly: the one that comes second is followed unseen, and evidence is gathered over frames
 * before they change places. */
static void
settle_marks (LinceTracker *tracker, const LincePyramid *pyramid, const LinceReference *a,
    Track *first, const LinceReference *b, Track *second)
{
  Track *leader = second->rival_of == first->number ? first : second;
  Track *other = leader == first ? second : first;
  bool known = other->rival_of == leader->number;
  float evidence;

  if (first->verdict.object == second->verdict.object) {
    second->dropped = true;
    return;
  }
  /* a third leads one of them */
  if (!known && (first->rival_of != 0 || second->rival_of != 0))
    return;
  if (!compare_marks (tracker, pyramid, a, first, b, second, &evidence)) {
    other->rival_of = known ? 0 : other->rival_of;
    return;
  }
  if (!known && evidence < 0) {
    leader = second;
    other = first;
  } else if (!known) {
    leader = first;
    other = second;
  }
  evidence = leader == first ? evidence : -evidence;
  other->behind = known ? RIVAL_MEMORY * other->behind + evidence : evidence;
  other->rival_of = leader->number;
  if (other->behind < -MARK_DIFFERENCE) {
    leader->rival_of = other->number;
    leader->behind = -other->behind;
    other->rival_of = 0;
    leader = other;
    other = leader == first ? second : first;
  }
  if (fabsf (other->behind) < MARK_DIFFERENCE)
    add_alternative (leader, other->verdict.object);
  note_rivalry (tracker, leader, other, fabsf (other->behind) < MARK_DIFFERENCE);
}

/* Those whose leader is gone stand for themselves. */
static void
free_rivals (LinceTracker *tracker)
{
  for (uint32_t i = 0; i < tracker->count; i++) {
    Track *track = &tracker->tracks[i];
    bool led = false;

    for (uint32_t k = 0; k < tracker->count && track->rival_of != 0; k++)
      led = led || (tracker->tracks[k].number == track->rival_of && tracker->tracks[k].verified &&
                       !tracker->tracks[k].dropped &&
                       lince_quad_overlap (tracker->tracks[k].verdict.corners,
                           track->verdict.corners) >= RIVAL_PLACE);
    if (!led)
      track->rival_of = 0;
  }
}

/* Settles which of two tracks at the same place stands; the one with less evidence comes second. */
static void
settle (LinceTracker *tracker, const LincePyramid *pyramid, const LinceReferences *references,
    Track *first, Track *second)
{
  const LinceReference *a = references->load (references->context, first->verdict.image);
  const LinceReference *b = references->load (references->context, second->verdict.image);
  LinceRival rival = LINCE_RIVAL_FIRST;

  if (!a || !b)
    return;
  if (a->mark || b->mark) {
    settle_marks (tracker, pyramid, a, first, b, second);
    return;
  }
  /* one may cover the other: then both are seen, each on pixels of its own */
  if (lince_verify_outside (
          tracker->aligners[0], pyramid, b, &second->verdict, first->verdict.corners) >= 0)
    return;
  if (first->verdict.object != second->verdict.object)
    rival = lince_verify_rivals (
        tracker->aligners[0], pyramid, a, &first->verdict, b, &second->verdict);
  note_rivalry (tracker, rival == LINCE_RIVAL_SECOND ? second : first,
      rival == LINCE_RIVAL_SECOND ? first : second, rival == LINCE_RIVAL_EQUAL);
  if (rival == LINCE_RIVAL_EQUAL)
    add_alternative (first, second->verdict.object);
  if (rival == LINCE_RIVAL_SECOND)
    first->dropped = true;
  else
    second->dropped = true;
}

static void
settle_all (LinceTracker *tracker, const LincePyramid *pyramid, const LinceReferences *references)
{
  free_rivals (tracker);
  for (uint32_t i = 0; i < tracker->count; i++) {
    for (uint32_t k = i + 1; k < tracker->count; k++) {
      Track *a = &tracker->tracks[i], *b = &tracker->tracks[k];

      if (!a->verified || !b->verified || a->dropped || b->dropped ||
          lince_quad_overlap (a->verdict.corners, b->verdict.corners) < RIVAL_PLACE)
        continue;
      if (a->verdict.evidence >= b->verdict.evidence)
        settle (tracker, pyramid, references, a, b);
      else
        settle (tracker, pyramid, references, b, a);
    }
  }
}

static int
compare_placements (const void *a, const void *b)
{
  const LincePlacement *x = a, *y = b;

  if (x->object != y->object)
    return x->object < y->object ? -1 : 1;
  return x->track < y->track ? -1 : x->track > y->track;
}

static void
write_placement (const Track *track, const LincePyramid *pyramid, LincePlacement *placement)
{
  const LincePyramidLevel *base = lince_pyramid_octave (pyramid, 0);
  int width = (int) (base->grey.width * base->scale_x + 0.5f);
  int height = (int) (base->grey.height * base->scale_y + 0.5f);

  memset (placement, 0, sizeof *placement);
  placement->object = track->verdict.object;
  placement->image = track->verdict.image;
  placement->track = track->number;
  memcpy (placement->corners, track->verdict.corners, sizeof placement->corners);
  placement->confidence = track->verdict.confidence;
  placement->visible = track->verdict.visible;
  placement->opacity = track->verdict.opacity;
  placement->upright = track->verdict.upright;
  placement->mark = track->verdict.mark;
  placement->cut_off = track->verdict.cut_off;
  placement->occluded = track->verdict.occluded;
  placement->blur = track->verdict.blur;
  placement->area = (float) (lince_quad_area_inside (placement->corners, width, height) /
                             ((double) width * height));
  placement->alternative_count = track->alternative_count;
  memcpy (placement->alternatives, track->alternatives, sizeof placement->alternatives);
}

uint32_t
lince_tracker_placements (LinceTracker *tracker, const LincePyramid *pyramid,
    const LinceReferences *references, float minimum_confidence, LincePlacement *placements)
{
  uint32_t count = 0, kept = 0;

  tracker->rivalry_count = 0;
  settle_all (tracker, pyramid, references);
  for (uint32_t i = 0; i < tracker->count; i++) {
    const Track *track = &tracker->tracks[i];

    if (track->dropped)
      continue;
    if (track->verified && track->rival_of == 0 && track->verdict.confidence >= minimum_confidence)
      write_placement (track, pyramid, &placements[count++]);
    tracker->tracks[kept++] = *track;
  }
  tracker->count = kept;
  qsort (placements, count, sizeof *placements, compare_placements);
  return count;
}

uint32_t
lince_tracker_rivalries (const LinceTracker *tracker, const LinceRivalry **rivalries)
{
  *rivalries = tracker->rivalries;
  return tracker->rivalry_count;
}

/* Whether a trial of the last searches stood for that start. */
static bool
was_tried (const LinceTracker *tracker, uint32_t image, const LincePoint corners[4])
{
  for (uint32_t i = 0; i < tracker->tried_count; i++)
    if (tracker->tried[i].image == image &&
        lince_quad_overlap (tracker->tried[i].corners, corners) > SAME_TRIAL)
      return true;
  return false;
}

void
lince_tracker_try (LinceTracker *tracker, const LincePyramid *pyramid,
    const LinceReference *reference, const LinceHypothesis *hypothesis, LinceTrialTrace *trace)
{
  Task task = {tracker, pyramid, SEARCH (EXPLAIN_STEPS)};
  LinceAligner *aligner = tracker->aligners[0];
  Trial trial = {.image = hypothesis->image, .reference = reference, .start_count = 1};
  LincePoint corners[4];
  LinceAlignment alignment;

  *trace = (LinceTrialTrace){.give_up = task.plan.give_up};
  if (!lince_quad_from_homography (
          hypothesis->homography, reference->width, reference->height, corners))
    return;
  trace->tried = was_tried (tracker, hypothesis->image, corners);
  trace->mark = reference->mark;
  trial.upright =
      hypothesis->upright || lince_quad_upright (corners, reference->width, reference->height);
  if (!reference->mark) {
    lince_aligner_trace (aligner, &trace->alignment);
    lince_align (aligner, pyramid, reference, hypothesis->homography, &task.plan, &alignment);
    lince_aligner_trace (aligner, NULL);
  }
  memcpy (trial.starts[0], hypothesis->homography, sizeof trial.starts[0]);
  decide (&task, 0, &trial);
  trace->judged = trial.done;
  trace->verdict = trial.verdict;
}

uint32_t
lince_tracker_count (const LinceTracker *tracker)
{
  return tracker->count;
}

bool
lince_tracker_has_image (const LinceTracker *tracker, uint32_t image)
{
  for (uint32_t i = 0; i < tracker->count; i++) {
    if (tracker->tracks[i].verdict.image == image)
      return true;
  }
  return false;
}

void
lince_tracker_clear (LinceTracker *tracker)
{
  tracker->count = 0;
  tracker->tried_count = 0;
  memset (tracker->ended, 0, sizeof tracker->ended);
}

void
lince_tracker_renumber (LinceTracker *tracker, const uint32_t *map, uint32_t count)
{
  uint32_t kept = 0;

  for (uint32_t i = 0; i < tracker->count; i++) {
    Track *track = &tracker->tracks[i];
    uint32_t image = track->verdict.image;

    if (image >= count || map[image] == UINT32_MAX)
      continue;
    track->verdict.image = map[image];
    tracker->tracks[kept++] = *track;
  }
  tracker->count = kept;
  memset (tracker->ended, 0, sizeof tracker->ended);
}
