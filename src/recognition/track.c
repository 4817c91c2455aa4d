/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/quad.h"
#include "recognition/rivals.h"
#include "recognition/trial.h"

#define FADING 0.99f /* of its opacity on the frame before */
#define MAX_TRACKS LINCE_MAX_PLACEMENTS
#define MAX_TRIED LINCE_MAX_HYPOTHESES
#define SAME_PLACE 0.5 /* overlap from which two placements of one object are one instance */
#define SAME_TRIAL 0.8 /* overlap from which two hypotheses of one image are one */
#define SLIP 1.25      /* growth from frame to frame of what agrees in part only */
#define ENDED 16       /* tracks that are remembered when they end, */
#define RECENT_TIME INT64_C (3000000000) /* ns */
#define STILL_SLACK 1.0 /* frame pixels by which alignment errs, and the share of the size */
#define STILL_SHARE 0.02

#define SAME_START 1.0f /* frame pixels by which two starts of a track must differ */
#define EXPECT_STEPS 6
#define EXPLAIN_STEPS 8 /* as `thorough` does */
#define FIRM_FIT 0.7f   /* correlation from which a firm track needs no coarse levels next */

/* Under a plan that is frugal what was beaten clearly is looked at on one frame in so many, each
 * such track on another one, and what was never seen clearly is looked at closely on one in so many
 * after the first ones: of a channel's bug with its sisters 0.7 ms a frame for 4.6, of four marks
 * that move 1.6 for 1.9, and nothing found less. */
#define REST_FRAMES 8
#define CLOSE_FRAMES 4
#define FIRST_LOOKS 8
#define BLUR_FRAMES 4 /* likewise, to measure blur: of three prints 0.4 ms a frame for 0.7 */

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
  bool once;
  int64_t time;
  uint32_t count;
  LinceTrack tracks[MAX_TRACKS];
  LinceTrial trials[LINCE_MAX_HYPOTHESES];
  uint32_t followed[MAX_TRACKS]; /* the track of each trial that follows one */
  uint64_t frames;               /* that tracks were followed to */
  Tried tried[MAX_TRIED];        /* of the searches of this frame */
  uint32_t tried_count;
  LinceRivalries rivalries;
  LinceJudge *judge;
};

LinceTracker *
lince_tracker_new (uint32_t threads, bool once, LinceError *error)
{
  LinceTracker *tracker = calloc (1, sizeof *tracker);

  if (!tracker) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a tracker");
    return NULL;
  }
  tracker->next = 1;
  tracker->once = once;
  tracker->judge = lince_judge_new (threads, error);
  if (!tracker->judge)
    goto fail;
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
  lince_judge_free (tracker->judge);
  free (tracker);
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
predict (const LinceTrack *track, int64_t time, LincePoint corners[4])
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

/* Whether two outlines are so far apart that one may lead where the other does not. */
static bool
is_elsewhere (const LincePoint a[4], const LincePoint b[4])
{
  for (int i = 0; i < 4; i++)
    if (hypotf (a[i].x - b[i].x, a[i].y - b[i].y) > SAME_START)
      return true;
  return false;
}

static bool
is_firm (const LinceTrack *track)
{
  return track->verified && track->verdict.confidence >= LINCE_TRIAL_FIRM &&
         track->verdict.correlation >= FIRM_FIT;
}

static void
prepare_track (const LinceTrack *track, const LinceReference *reference, int64_t time, int levels,
    LinceTrial *trial)
{
  bool frugal = levels < LINCE_PLAN_ALL_LEVELS;
  LincePoint corners[4];

  *trial = (LinceTrial){.image = track->verdict.image,
      .reference = reference,
      .prior = LINCE_VERIFY_FOLLOWED,
      .upright = track->verdict.upright,
      .doubtful = !track->clear,
      .texture = !track->verdict.mark,
      .near_levels = frugal && is_firm (track) ? levels : 0,
      .correlation = track->verdict.correlation,
      .visible = track->verdict.visible,
      .light = track->verdict.light,
      .waiting = !track->verified,
      .frugal = frugal,
      .blur_known = frugal && track->looks > 0 && (track->looks + track->number) % BLUR_FRAMES != 0,
      .blur = track->verdict.blur,
      .unlooked = frugal && track->looks >= FIRST_LOOKS && track->looks % CLOSE_FRAMES != 0};
  if (predict (track, time, corners) && is_elsewhere (corners, track->verdict.corners) &&
      lince_quad_to_homography (corners, reference->width, reference->height, trial->starts[0]))
    trial->start_count++;
  memcpy (trial->starts[trial->start_count++], track->verdict.homography, sizeof trial->starts[0]);
}

static void
see (LinceTrack *track, const LinceVerdict *verdict, int64_t time)
{
  if (track->seen < time) {
    memcpy (track->before, track->verdict.corners, sizeof track->before);
    track->before_seen = track->seen;
  }
  track->fading = verdict->mark && verdict->light.opacity < FADING * track->verdict.light.opacity;
  track->verdict = *verdict;
  track->seen = time;
  track->verified = true;
  track->clear = track->clear || verdict->clear;
}

/* A track that grew or shrank beyond what a moment allows has slipped onto something else; the less
 * of it agrees the less is allowed. */
static bool
continues (const LinceTrack *track, const LinceVerdict *verdict)
{
  double ratio = lince_quad_area (verdict->corners) / lince_quad_area (track->verdict.corners);
  double most = verdict->agreement > LINCE_TRIAL_SURE ? 2.0 : SLIP;

  return ratio > 1 / most && ratio < most;
}

/* What a frame says about a track. */
static void
take_trial (LinceTrack *track, const LinceTrial *trial, int64_t time)
{
  track->verified = false;
  track->dropped = false;
  track->alternative_count = 0;
  track->looks++;
  if (lince_trial_holds (trial) && continues (track, &trial->verdict))
    see (track, &trial->verdict, time);
}

static void
remove_tracks (LinceTracker *tracker, bool cut)
{
  uint32_t kept = 0;

  for (uint32_t i = 0; i < tracker->count; i++) {
    LinceTrack *track = &tracker->tracks[i];

    if (track->verified || (!cut && tracker->time - track->seen < LINCE_TRACK_WAIT)) {
      tracker->tracks[kept++] = *track;
    } else if (track->rival_of == 0) {
      tracker->ended[tracker->next_ended++ % ENDED] =
          (Ended){track->number, track->seen, track->verdict.image};
    }
  }
  tracker->count = kept;
}

/* The track in whose place another one stands; NULL: it ended. */
static LinceTrack *
leader_of (LinceTracker *tracker, const LinceTrack *track)
{
  for (uint32_t i = 0; i < tracker->count; i++)
    if (tracker->tracks[i].number == track->rival_of)
      return &tracker->tracks[i];
  return NULL;
}

/* Whether a track needs no look on this frame. Where it lies in its leader's outline is then left
 * in `place`. */
static bool
may_rest (LinceTracker *tracker, LinceTrack *track, const LincePlan *plan)
{
  const LinceTrack *leader;
  double inverse[9];

  if (plan->follow_levels >= LINCE_PLAN_ALL_LEVELS || track->rival_of == 0 || !track->beaten ||
      !track->verified || (tracker->frames + track->number) % REST_FRAMES == 0)
    return false;
  leader = leader_of (tracker, track);
  if (!leader || !leader->verified || leader->rival_of != 0 ||
      !lince_homography_inverse (leader->verdict.homography, inverse))
    return false;
  lince_homography_compose (inverse, track->verdict.homography, track->place);
  return true;
}

/* Moves a resting track with its leader; where that was not found it waits too. */
static void
rest (LinceTracker *tracker, LinceTrack *track, const LinceReferences *references, int64_t time)
{
  const LinceTrack *leader = leader_of (tracker, track);
  const LinceReference *reference = references->load (references->context, track->verdict.image);
  LinceVerdict verdict = track->verdict;

  track->verified = false;
  track->dropped = false;
  track->alternative_count = 0;
  if (!leader || !leader->verified || !reference)
    return;
  lince_homography_compose (leader->verdict.homography, track->place, verdict.homography);
  if (lince_quad_from_homography (
          verdict.homography, reference->width, reference->height, verdict.corners))
    see (track, &verdict, time);
}

void
lince_tracker_follow (LinceTracker *tracker, const LincePyramid *pyramid,
    const LinceReferences *references, LincePool *pool, const LincePlan *plan, int64_t time,
    bool cut)
{
  LinceTrialFrame frame = lince_trial_followed (pyramid, plan->follow_steps);
  uint32_t kept = 0, trials = 0;

  tracker->time = time;
  tracker->tried_count = 0;
  tracker->frames++;
  for (uint32_t i = 0; i < tracker->count; i++)
    tracker->tracks[i].resting = may_rest (tracker, &tracker->tracks[i], plan);
  for (uint32_t i = 0; i < tracker->count; i++) {
    const LinceReference *reference =
        references->load (references->context, tracker->tracks[i].verdict.image);

    if (!reference)
      continue;
    tracker->tracks[kept] = tracker->tracks[i];
    if (!tracker->tracks[kept].resting) {
      prepare_track (&tracker->tracks[kept], reference, time, (int) plan->follow_levels,
          &tracker->trials[trials]);
      tracker->followed[trials++] = kept;
    }
    kept++;
  }
  tracker->count = kept;
  lince_judge_run (tracker->judge, pool, &frame, tracker->trials, trials);
  for (uint32_t i = 0; i < trials; i++)
    take_trial (&tracker->tracks[tracker->followed[i]], &tracker->trials[i], time);
  for (uint32_t i = 0; i < tracker->count; i++)
    if (tracker->tracks[i].resting)
      rest (tracker, &tracker->tracks[i], references, time);
  remove_tracks (tracker, cut);
}

/* Whether a verified track, or an earlier trial, already stands for the hypothesis. */
static bool
is_explained (
    const LinceTracker *tracker, uint32_t trial_count, uint32_t image, const LincePoint corners[4])
{
  LincePoint other[4];

  for (uint32_t i = 0; i < tracker->count; i++) {
    const LinceTrack *track = &tracker->tracks[i];

    if (track->verified && track->verdict.image == image &&
        lince_quad_overlap (track->verdict.corners, corners) > 0.3)
      return true;
  }
  for (uint32_t i = 0; i < trial_count; i++) {
    const LinceTrial *trial = &tracker->trials[i];

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
    LinceTrial *trial = &tracker->trials[prepared];
    LincePoint corners[4];

    if (!reference ||
        !lince_quad_from_homography (
            hypotheses[i].homography, reference->width, reference->height, corners) ||
        is_explained (tracker, prepared, hypotheses[i].image, corners))
      continue;
    *trial = (LinceTrial){.image = hypotheses[i].image,
        .reference = reference,
        .start_count = 1,
        .upright = hypotheses[i].upright ||
                   lince_quad_upright (corners, reference->width, reference->height),
        .fixed = hypotheses[i].upright,
        .recent = is_recent (tracker, hypotheses[i].image)};
    memcpy (trial->starts[0], hypotheses[i].homography, sizeof trial->starts[0]);
    note_tried (tracker, trial->image, corners);
    prepared++;
  }
  return prepared;
}

/* The verified track of the same object at that place, or NULL. That of a mark without its ground
 * is none for the whole picture, which tells its place better. */
static LinceTrack *
track_at (LinceTracker *tracker, const LinceVerdict *verdict)
{
  for (uint32_t i = 0; i < tracker->count; i++) {
    LinceTrack *track = &tracker->tracks[i];

    if (track->verified && track->verdict.object == verdict->object &&
        (verdict->cut_out || !track->verdict.cut_out) &&
        lince_quad_overlap (track->verdict.corners, verdict->corners) > SAME_PLACE)
      return track;
  }
  return NULL;
}

/* The waiting track of the same image that the verdict may continue: the one it overlaps most. */
static LinceTrack *
waiting_track (LinceTracker *tracker, const LinceVerdict *verdict)
{
  LinceTrack *best = NULL;
  double most = 0.1;

  for (uint32_t i = 0; i < tracker->count; i++) {
    LinceTrack *track = &tracker->tracks[i];
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
  LinceTrack *track = track_at (tracker, verdict);

  if (track) {
    if (verdict->cut_out == track->verdict.cut_out &&
        verdict->evidence > track->verdict.evidence + LINCE_VERIFY_FOLLOWED)
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
    track->stood = verdict->stood;
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
    LinceTrial *best = NULL;

    for (uint32_t i = 0; i < trials; i++) {
      LinceTrial *trial = &tracker->trials[i];

      if (lince_trial_holds (trial) && (!best || trial->verdict.evidence > best->verdict.evidence))
        best = trial;
    }
    if (!best)
      break;
    best->verdict.clear = best->verdict.clear || best->clear;
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
  LinceTrialFrame frame = lince_trial_new (pyramid, steps);
  uint32_t trials = prepare_hypotheses (tracker, references, hypotheses, count, most);

  lince_judge_run (tracker->judge, pool, &frame, tracker->trials, trials);
  accept_trials (tracker, trials, statistics);
  statistics->rejected += trials;
}

/* Whether a mark stands on the frame where the mean of frames has it: one that moves is smeared
 * there and stands elsewhere now. */
static bool
stands_still (const LinceTrial *trial)
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

/* What moves slowly is smeared but little, and the mean may be where it was seen best: it is looked
 * at as if this frame alone had proposed it. */
static void
begin_again (const LinceTrial *trial, LinceTrial *again)
{
  *again = (LinceTrial){.image = trial->image,
      .reference = trial->reference,
      .start_count = 1,
      .upright = trial->verdict.upright,
      .recent = trial->recent};
  memcpy (again->starts[0], trial->verdict.homography, sizeof again->starts[0]);
}

void
lince_tracker_propose_gathered (LinceTracker *tracker, const LincePyramid *pyramid,
    const LincePyramid *gathered, const LinceReferences *references, LincePool *pool,
    const LinceHypothesis *hypotheses, uint32_t count, uint32_t most, uint32_t steps, int64_t stood,
    LinceStatistics *statistics)
{
  LinceTrialFrame frame = lince_trial_new (gathered, steps);
  uint32_t trials = prepare_hypotheses (tracker, references, hypotheses, count, most), kept = 0;
  uint32_t moving = 0;

  lince_judge_run (tracker->judge, pool, &frame, tracker->trials, trials);
  statistics->rejected += trials;
  for (uint32_t i = 0; i < trials; i++) {
    LinceTrial *trial = &tracker->trials[kept];

    if (!lince_trial_holds (&tracker->trials[i]))
      continue;
    *trial = tracker->trials[i];
    memcpy (trial->starts[0], trial->verdict.homography, sizeof trial->starts[0]);
    trial->start_count = 1;
    trial->prior = LINCE_VERIFY_FOLLOWED;
    trial->clear = trial->verdict.clear;
    trial->doubtful = !trial->clear;
    kept++;
  }
  frame.pyramid = pyramid;
  lince_judge_run (tracker->judge, pool, &frame, tracker->trials, kept);
  for (uint32_t i = 0; i < kept; i++) {
    LinceTrial *trial = &tracker->trials[i];
    bool still = stands_still (trial);

    if (!still && lince_trial_holds (trial) && kept + moving < LINCE_MAX_HYPOTHESES)
      begin_again (trial, &tracker->trials[kept + moving++]);
    trial->done = still;
    trial->verdict.stood = stood;
  }
  lince_judge_run (tracker->judge, pool, &frame, tracker->trials + kept, moving);
  accept_trials (tracker, kept + moving, statistics);
}

void
lince_tracker_expect (LinceTracker *tracker, const LincePyramid *pyramid,
    const LinceReferences *references, LincePool *pool, const LinceProposal *proposals,
    uint32_t count)
{
  LinceTrialFrame frame = lince_trial_followed (pyramid, EXPECT_STEPS);

  tracker->count = 0;
  for (uint32_t i = 0; i < count && tracker->count < MAX_TRACKS; i++) {
    const LinceReference *reference = references->load (references->context, proposals[i].image);
    LinceTrack *track = &tracker->tracks[tracker->count];

    if (!reference)
      continue;
    memset (track, 0, sizeof *track);
    track->number = proposals[i].track;
    track->clear = true; /* for whoever proposes it reported it */
    track->before_seen = -1;
    track->verdict.image = proposals[i].image;
    track->verdict.upright = proposals[i].upright;
    track->verdict.mark = reference->mark;
    memcpy (track->verdict.corners, proposals[i].corners, sizeof track->verdict.corners);
    if (!lince_quad_to_homography (
            track->verdict.corners, reference->width, reference->height, track->verdict.homography))
      continue;
    prepare_track (track, reference, 0, LINCE_PLAN_ALL_LEVELS, &tracker->trials[tracker->count++]);
  }
  lince_judge_run (tracker->judge, pool, &frame, tracker->trials, tracker->count);
  for (uint32_t i = 0; i < tracker->count; i++)
    take_trial (&tracker->tracks[i], &tracker->trials[i], 0);
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
write_placement (const LinceTrack *track, const LincePyramid *pyramid, LincePlacement *placement)
{
  int width, height;

  lince_pyramid_frame_size (pyramid, &width, &height);
  memset (placement, 0, sizeof *placement);
  placement->object = track->verdict.object;
  placement->image = track->verdict.image;
  placement->track = track->number;
  memcpy (placement->corners, track->verdict.corners, sizeof placement->corners);
  placement->confidence = track->verdict.confidence;
  placement->visible = track->verdict.visible;
  placement->opacity = track->verdict.light.opacity;
  placement->upright = track->verdict.upright;
  placement->mark = track->verdict.mark;
  placement->stood = track->stood;
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

  lince_rivals_settle (
      tracker->tracks, tracker->count, tracker->judge, pyramid, references, &tracker->rivalries);
  for (uint32_t i = 0; i < tracker->count; i++) {
    const LinceTrack *track = &tracker->tracks[i];

    if (track->dropped)
      continue;
    if (track->verified && (track->clear || tracker->once) && track->rival_of == 0 &&
        track->verdict.confidence >= minimum_confidence)
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
  *rivalries = tracker->rivalries.list;
  return tracker->rivalries.count;
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
  LinceTrialFrame frame = lince_trial_new (pyramid, EXPLAIN_STEPS);
  LinceTrial trial = {.image = hypothesis->image, .reference = reference, .start_count = 1};
  LincePoint corners[4];

  *trace = (LinceTrialTrace){.give_up = frame.plan.give_up};
  if (!lince_quad_from_homography (
          hypothesis->homography, reference->width, reference->height, corners))
    return;
  trace->tried = was_tried (tracker, hypothesis->image, corners);
  trace->mark = reference->mark;
  trial.upright =
      hypothesis->upright || lince_quad_upright (corners, reference->width, reference->height);
  memcpy (trial.starts[0], hypothesis->homography, sizeof trial.starts[0]);
  lince_judge_explain (tracker->judge, &frame, &trial, &trace->alignment);
  trace->judged = trial.done;
  trace->verdict = trial.verdict;
}

uint32_t
lince_tracker_count (const LinceTracker *tracker)
{
  return tracker->count;
}

bool
lince_tracker_covers (const LinceTracker *tracker, uint32_t image, double x, double y)
{
  for (uint32_t i = 0; i < tracker->count; i++) {
    const LinceTrack *track = &tracker->tracks[i];

    if (track->verified && track->verdict.image == image &&
        lince_quad_contains (track->verdict.corners, x, y))
      return true;
  }
  return false;
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
    LinceTrack *track = &tracker->tracks[i];
    uint32_t image = track->verdict.image;

    if (image >= count || map[image] == UINT32_MAX)
      continue;
    track->verdict.image = map[image];
    tracker->tracks[kept++] = *track;
  }
  tracker->count = kept;
  memset (tracker->ended, 0, sizeof tracker->ended);
}
