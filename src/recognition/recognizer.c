/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/recognizer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/cut.h"
#include "recognition/exposure.h"
#include "recognition/gather.h"
#include "recognition/inspection.h"
#include "recognition/mark_search.h"
#include "recognition/tiles.h"
#include "recognition/track.h"

#define MAX_THREADS 16
#define FEW_STANDING 5  /* objects, whose keypoints are few among a frame's */
#define WORK_A_TRACK 80 /* keypoints, and units of a search for marks, of each further one */
#define MAX_DURATION INT64_C (3600000000000) /* ns, of a setting */
#define LARGE_FEATURES 1000000 /* of a collection in which a keypoint's look-up is dear */
#define LARGE_STILL 3500       /* keypoints of a still that are looked up there */
#define STILL_TILES 8          /* of a still that are searched magnified */

struct LinceRecognizer {
  LinceSettings settings;
  LincePool *pool;
  LincePyramid *pyramid;
  LinceSearch *search;
  LinceTiles *tiles;
  LinceMarkSearch *mark_search;
  LinceGather *gather;
  int64_t mean_time; /* of the last mean of frames */
  LinceTracker *tracker, *still;
  LinceExposures *exposures;
  LinceCut cut;
  LinceProfile profile;
  bool started;
  bool index_is_new;    /* no frame has been searched with it yet */
  uint32_t waited;      /* frames since the last search */
  uint32_t part;        /* of the keypoints that it took */
  uint32_t mark_waited; /* frames since the last search for marks */
  uint32_t mark_turn;   /* which of the grey levels it looked at */
  uint32_t bug_turn;    /* likewise, of a mean of frames */
  uint32_t tile_waited; /* frames since the last search of a tile */
  LinceTileTurns tile_turns;
  int64_t time; /* of the last frame */

  LinceIndex *index;                /* in use; NULL: none */
  const LinceTexturedSet *textured; /* of the index */
  LinceMarks marks;
  LinceReference *references; /* one an image, filled when loaded */

  pthread_mutex_t mutex; /* guards what follows */
  LinceIndex *next_index;
  bool index_changed;

  LinceHypothesis hypotheses[LINCE_MAX_HYPOTHESES];
  LinceHypothesis mark_hypotheses[LINCE_MARK_HYPOTHESES];
  LinceHypothesis tile_hypotheses[LINCE_MAX_HYPOTHESES];
  uint32_t hypothesis_count, mark_hypothesis_count; /* of the last search */
  LincePlacement placements[LINCE_MAX_PLACEMENTS];
  LinceChange changes[LINCE_MAX_CHANGES];
  LinceResult result;
};

void
lince_settings_default (LinceSettings *settings)
{
  *settings = (LinceSettings){
      .threads = 1,
      .minimum_confidence = 0.5f,
      .minimum_duration = INT64_C (200000000),
      .merge_gap = INT64_C (1000000000),
      .plan = LINCE_PLAN_THOROUGH,
  };
}

static bool
check_settings (const LinceSettings *settings, LinceError *error)
{
  if (settings->threads < 1 || settings->threads > MAX_THREADS)
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "threads is %u, must be 1 to %d",
        settings->threads, MAX_THREADS);
  else if (!(settings->minimum_confidence >= 0 && settings->minimum_confidence <= 1))
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "minimum confidence is %g, must be 0 to 1",
        (double) settings->minimum_confidence);
  else if (settings->minimum_duration < 0 || settings->minimum_duration > MAX_DURATION)
    lince_error_set (error, LINCE_ERROR_ARGUMENT,
        "minimum duration is %lld ns, must be 0 to an hour",
        (long long) settings->minimum_duration);
  else if (settings->merge_gap < 0 || settings->merge_gap > MAX_DURATION)
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "merge gap is %lld ns, must be 0 to an hour",
        (long long) settings->merge_gap);
  else if ((unsigned) settings->plan >= LINCE_PLAN_COUNT)
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "there is no plan %u, but 0 to %d",
        (unsigned) settings->plan, LINCE_PLAN_COUNT - 1);
  else
    return true;
  return false;
}

LinceRecognizer *
lince_recognizer_new (const LinceSettings *settings, LinceError *error)
{
  LinceRecognizer *recognizer;

  if (!check_settings (settings, error))
    return NULL;
  recognizer = calloc (1, sizeof *recognizer);
  if (!recognizer) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a recogniser");
    return NULL;
  }
  pthread_mutex_init (&recognizer->mutex, NULL);
  recognizer->settings = *settings;
  if (!(recognizer->pool = lince_pool_new (settings->threads, error)) ||
      !(recognizer->pyramid = lince_pyramid_new (error)) ||
      !(recognizer->search = lince_search_new (error)) ||
      !(recognizer->tiles = lince_tiles_new (error)) ||
      !(recognizer->mark_search = lince_mark_search_new (error)) ||
      !(recognizer->gather = lince_gather_new (error)) ||
      !(recognizer->tracker = lince_tracker_new (settings->threads, false, error)) ||
      !(recognizer->still = lince_tracker_new (settings->threads, true, error)) ||
      !(recognizer->exposures = lince_exposures_new (error)))
    goto fail;
  return recognizer;
fail:
  lince_recognizer_free (recognizer);
  return NULL;
}

void
lince_recognizer_free (LinceRecognizer *recognizer)
{
  if (!recognizer)
    return;
  lince_exposures_free (recognizer->exposures);
  lince_tracker_free (recognizer->still);
  lince_tracker_free (recognizer->tracker);
  lince_gather_free (recognizer->gather);
  lince_mark_search_free (recognizer->mark_search);
  lince_tiles_free (recognizer->tiles);
  lince_search_free (recognizer->search);
  lince_pyramid_free (recognizer->pyramid);
  lince_pool_free (recognizer->pool);
  lince_index_unref (recognizer->index);
  lince_index_unref (recognizer->next_index);
  pthread_mutex_destroy (&recognizer->mutex);
  free (recognizer->references);
  free (recognizer);
}

bool
lince_recognizer_set_settings (
    LinceRecognizer *recognizer, const LinceSettings *settings, LinceError *error)
{
  if (!check_settings (settings, error))
    return false;
  if (settings->threads != recognizer->settings.threads) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT,
        "the number of threads is fixed when a recogniser is made (%u)",
        recognizer->settings.threads);
    return false;
  }
  recognizer->settings = *settings;
  return true;
}

void
lince_recognizer_set_index (LinceRecognizer *recognizer, LinceIndex *index)
{
  LinceIndex *old;

  /* read and checked here, so that no frame waits for it; what is damaged is told at the frame */
  if (index && lince_index_ref (index))
    lince_index_textured (index, NULL);
  pthread_mutex_lock (&recognizer->mutex);
  old = recognizer->next_index;
  recognizer->next_index = index;
  recognizer->index_changed = true;
  pthread_mutex_unlock (&recognizer->mutex);
  lince_index_unref (old);
}

static const LinceReference *
load_reference (void *context, uint32_t image)
{
  LinceRecognizer *recognizer = context;

  if (!recognizer->index || image >= recognizer->textured->image_count ||
      !lince_index_reference (recognizer->index, image, &recognizer->references[image], NULL))
    return NULL;
  return &recognizer->references[image];
}

/* Tracks go on with the same image of the object with the same id: whether it still is the same
 * picture, its pixels tell on the next frame. */
static bool
renumber_tracks (LinceRecognizer *recognizer, const LinceIndex *index, LinceError *error)
{
  uint32_t count = recognizer->index ? lince_index_image_count (recognizer->index) : 0;
  uint32_t *map;

  if (!index || count == 0 || lince_tracker_count (recognizer->tracker) == 0) {
    lince_tracker_clear (recognizer->tracker);
    return true;
  }
  map = malloc (count * sizeof *map);
  if (!map) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to change the index");
    return false;
  }
  for (uint32_t i = 0; i < count; i++)
    map[i] = lince_tracker_has_image (recognizer->tracker, i)
                 ? lince_index_counterpart (recognizer->index, i, index)
                 : LINCE_NO_IMAGE;
  lince_tracker_renumber (recognizer->tracker, map, count);
  free (map);
  return true;
}

/* `marks` stays empty where the index has none. */
static bool
open_marks (LinceIndex *index, LinceMarks *marks, LinceError *error)
{
  LinceError problem = {0};
  size_t size;
  const void *block = lince_index_marks (index, &size, &problem);

  if (!block && problem.code != LINCE_OK && error)
    *error = problem;
  if (!block)
    return problem.code == LINCE_OK;
  return lince_mark_open (marks, block, size, lince_index_image_count (index), error);
}

/* Prepares all that `index` needs, then puts it in the place of the one in use. Takes the
 * reference over, also when it fails: then the old index serves on. */
static bool
use_index (LinceRecognizer *recognizer, LinceIndex *index, LinceError *error)
{
  const LinceTexturedSet *textured = NULL;
  LinceMarks marks = {0};
  LinceReference *references = NULL;
  uint32_t count = index ? lince_index_image_count (index) : 0;

  if (index) {
    textured = lince_index_textured (index, error);
    if (!textured)
      goto fail;
    if (!open_marks (index, &marks, error))
      goto fail;
    references = calloc (count ? count : 1, sizeof *references);
    if (!references) {
      lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for %u references", count);
      goto fail;
    }
  }
  if (!renumber_tracks (recognizer, index, error))
    goto fail;
  lince_index_unref (recognizer->index);
  free (recognizer->references);
  recognizer->index = index;
  recognizer->references = references;
  recognizer->textured = textured;
  recognizer->marks = marks;
  recognizer->index_is_new = true;
  return true;
fail:
  free (references);
  lince_index_unref (index);
  return false;
}

/* Takes over what set_index() left. `*changed` says whether another index is now in use. */
static bool
take_index (LinceRecognizer *recognizer, bool *changed, LinceError *error)
{
  LinceIndex *index;

  pthread_mutex_lock (&recognizer->mutex);
  *changed = recognizer->index_changed;
  index = recognizer->next_index;
  recognizer->next_index = NULL;
  recognizer->index_changed = false;
  pthread_mutex_unlock (&recognizer->mutex);
  return !*changed || use_index (recognizer, index, error);
}

static bool
has_sound_chroma (const LinceFrame *frame)
{
  return !frame->cb.data || !frame->cr.data ||
         (frame->cb.step >= 1 && frame->cr.step >= 1 && frame->chroma_width >= 1 &&
             frame->chroma_height >= 1 && frame->chroma_width <= frame->width &&
             frame->chroma_height <= frame->height);
}

static bool
check_frame (const LinceFrame *frame, LinceError *error)
{
  if (frame->width < LINCE_FRAME_MIN_SIDE || frame->height < LINCE_FRAME_MIN_SIDE ||
      frame->width > LINCE_FRAME_MAX_SIDE || frame->height > LINCE_FRAME_MAX_SIDE)
    lince_error_set (error, LINCE_ERROR_ARGUMENT,
        "a frame of %d x %d pixels cannot be searched: sides of %d to %d are", frame->width,
        frame->height, LINCE_FRAME_MIN_SIDE, LINCE_FRAME_MAX_SIDE);
  else if (!frame->luma.data || frame->luma.step < 1)
    lince_error_set (error, LINCE_ERROR_ARGUMENT, "the frame has no luma plane");
  else if (!has_sound_chroma (frame))
    lince_error_set (error, LINCE_ERROR_ARGUMENT,
        "the frame's chroma cannot be of %d x %d samples in steps of %d and %d bytes: give 1 to "
        "the "
        "frame's %d x %d, steps from 1",
        frame->chroma_width, frame->chroma_height, frame->cb.step, frame->cr.step, frame->width,
        frame->height);
  else
    return true;
  return false;
}

/* Buffers for the frame; those of the frames gathered are process()'s own. */
static bool
prepare (LinceRecognizer *recognizer, const LinceFrame *frame, LinceError *error)
{
  /* what was found damaged while in use is told at the next frame */
  return lince_pyramid_resize (recognizer->pyramid, frame, error) &&
         (!recognizer->index ||
             (lince_index_intact (recognizer->index, error) &&
                 lince_search_resize (recognizer->search, recognizer->pyramid,
                     lince_pool_threads (recognizer->pool), error) &&
                 lince_tiles_resize (recognizer->tiles, recognizer->pyramid,
                     lince_pool_threads (recognizer->pool), error) &&
                 lince_mark_search_resize (recognizer->mark_search, recognizer->pyramid,
                     &recognizer->marks, lince_pool_threads (recognizer->pool), error)));
}

/* What a frame is searched for. */
typedef struct {
  bool textured, marks;
  uint32_t part;         /* of the keypoints, for textured */
  uint32_t mark_turn;    /* of the grey levels, for marks */
  uint32_t tiles;        /* magnified, how many */
  LinceTileTurns *turns; /* which */
} Searches;

/* Whether the frame is searched: `now` or by the plan's interval, but beside another search only
 * where every frame has one: with the mean of frames searched beside a tile or beside marks, p99 of
 * `live` was 21.2 ms on a clip where it is 17.0. Goes on to the part of the keypoints that is next.
 */
static bool
turn_to_search (LinceRecognizer *recognizer, const LincePlan *plan, bool now, bool searched)
{
  LinceStatistics *statistics = &recognizer->profile.statistics;

  recognizer->waited++;
  if (!now && (recognizer->waited < plan->interval || (searched && plan->interval > 1))) {
    statistics->searches_skipped++;
    return false;
  }
  recognizer->part = now || recognizer->part + 1 >= plan->parts ? 0 : recognizer->part + 1;
  recognizer->waited = 0;
  return true;
}

/* Whether marks are searched for: `now` or by their interval, but beside another search only where
 * every frame has one. */
static bool
turn_to_marks (LinceRecognizer *recognizer, const LincePlan *plan, bool now, bool searched)
{
  recognizer->mark_waited = now ? plan->mark_interval : recognizer->mark_waited + 1;
  if (recognizer->mark_waited < plan->mark_interval || (searched && plan->interval > 1))
    return false;
  recognizer->mark_waited = 0;
  return true;
}

/* Where its features lie in no cache looking up is dear. */
static bool
is_large (const LinceRecognizer *recognizer)
{
  uint64_t features = 0;

  for (uint32_t p = 0; recognizer->index && p < recognizer->textured->part_count; p++)
    features += recognizer->textured->parts[p].textured.feature_count;
  return features > LARGE_FEATURES;
}

/* How many tiles there are to search by now, one or none. */
static uint32_t
turn_to_tiles (LinceRecognizer *recognizer, const LincePlan *plan, bool searched)
{
  recognizer->tile_waited++;
  if (plan->tile_interval == 0 || recognizer->tile_waited < plan->tile_interval ||
      (searched && plan->interval > 1) || !recognizer->index ||
      lince_tiles_count (recognizer->tiles) == 0 || is_large (recognizer))
    return 0;
  recognizer->tile_waited = 0;
  return 1;
}

static uint32_t
search (LinceRecognizer *recognizer, const LincePlan *plan, uint32_t part)
{
  LinceProfile *profile = &recognizer->profile;
  uint32_t count;

  if (!recognizer->index)
    return 0;
  count = lince_search_run (recognizer->search, recognizer->pyramid, recognizer->textured,
      part * plan->keypoints, plan->keypoints, recognizer->pool, profile, recognizer->hypotheses);
  profile->statistics.searches++;
  profile->statistics.hypotheses += count;
  return count;
}

/* Most images of a collection may be none. */
static bool
has_marks (const LinceRecognizer *recognizer)
{
  return recognizer->marks.block_count[LINCE_MARK_AFFINE] > 0 ||
         recognizer->marks.block_count[LINCE_MARK_UPRIGHT] > 0;
}

/* Looks for marks and verifies what it finds. */
static void
find_marks (
    LinceRecognizer *recognizer, LinceTracker *tracker, const LincePlan *plan, uint32_t turn)
{
  LinceReferences references = {recognizer, load_reference};
  LinceProfile *profile = &recognizer->profile;
  LinceMarkPlan mark = {.work = plan->mark, .turn = turn};
  uint32_t count;

  recognizer->mark_hypothesis_count = 0;
  if (!has_marks (recognizer))
    return;
  count = lince_mark_search_run (recognizer->mark_search, recognizer->pyramid, &recognizer->marks,
      &mark, recognizer->pool, profile, recognizer->mark_hypotheses);
  profile->statistics.mark_searches++;
  recognizer->mark_hypothesis_count = count;
  profile->statistics.hypotheses += count;
  lince_tracker_propose (tracker, recognizer->pyramid, &references, recognizer->pool,
      recognizer->mark_hypotheses, count, plan->mark_trials, plan->trial_steps,
      &profile->statistics);
}

/* Looks for marks that are fixed to the screen in the mean of the last frames, when one is due.
 * Returns whether it was. */
static bool
find_bugs (
    LinceRecognizer *recognizer, const LinceFrame *frame, const LincePlan *plan, int64_t time)
{
  LinceReferences references = {recognizer, load_reference};
  LinceProfile *profile = &recognizer->profile;
  LinceMarkPlan bug = {.work = plan->bug, .turn = recognizer->bug_turn, .upright_only = true};
  const LincePyramid *gathered = lince_gather_pyramid (recognizer->gather);
  int64_t stood = time - recognizer->mean_time;
  uint32_t count;

  if (!has_marks (recognizer) || !lince_gather_add (recognizer->gather, frame, recognizer->pool))
    return false;
  recognizer->bug_turn++;
  recognizer->mean_time = time;
  count = lince_mark_search_run (recognizer->mark_search, gathered, &recognizer->marks, &bug,
      recognizer->pool, profile, recognizer->hypotheses);
  for (uint32_t i = 0; i < count; i++)
    recognizer->hypotheses[i].upright = true;
  profile->statistics.hypotheses += count;
  lince_tracker_propose_gathered (recognizer->tracker, recognizer->pyramid, gathered, &references,
      recognizer->pool, recognizer->hypotheses, count, plan->mark_trials, plan->trial_steps, stood,
      &profile->statistics);
  lince_profile_stamp (profile, LINCE_STAGE_VERIFICATION);
  return true;
}

static bool
covers (void *context, uint32_t image, double x, double y)
{
  return lince_tracker_covers (context, image, x, y);
}

/* The plan of a frame on which so many objects stand: their own peaks, and the marks that look like
 * theirs, come up in every search and must not use up what is for new ones. With fifty marks in a
 * frame, live without this never came to eight of them. */
static LincePlan
plan_among (
    LinceRecognizer *recognizer, const LinceFrame *frame, const LincePlan *plan, uint32_t standing)
{
  LincePlan among = *plan;
  uint32_t full = lince_mark_full_work (frame->width, frame->height);
  uint32_t many = standing > FEW_STANDING ? standing - FEW_STANDING : 0;

  among.keypoints += many * WORK_A_TRACK;
  among.keypoints =
      among.keypoints < LINCE_PLAN_MOST_KEYPOINTS ? among.keypoints : LINCE_PLAN_MOST_KEYPOINTS;
  if (among.mark < full)
    among.mark = among.mark + many * WORK_A_TRACK < full ? among.mark + many * WORK_A_TRACK : full;
  among.trials += standing;
  among.mark_trials += standing;
  among.tile_trials += standing;
  lince_search_set_peaks (recognizer->search, LINCE_USUAL_PEAKS + standing);
  lince_search_set_standing (recognizer->search, &(LinceStanding){recognizer->tracker, covers});
  return among;
}

/* Looks for small prints in the tiles whose turn it is, and verifies what it finds. Where there was
 * one there may be more: then the next tile need not wait. */
static void
search_tiles (LinceRecognizer *recognizer, LinceTracker *tracker, const LincePlan *plan,
    const Searches *searches)
{
  LinceReferences references = {recognizer, load_reference};
  LinceProfile *profile = &recognizer->profile;

  for (uint32_t i = 0; i < searches->tiles; i++) {
    uint64_t verified = profile->statistics.verified;
    uint32_t tile = lince_tiles_next (searches->turns);
    uint32_t count =
        lince_tiles_search (recognizer->tiles, recognizer->pyramid, tile, recognizer->textured,
            plan->tile_keypoints, recognizer->pool, profile, recognizer->tile_hypotheses);

    profile->statistics.hypotheses += count;
    lince_tracker_propose (tracker, recognizer->pyramid, &references, recognizer->pool,
        recognizer->tile_hypotheses, count, plan->tile_trials, plan->trial_steps,
        &profile->statistics);
    if (tracker == recognizer->tracker && profile->statistics.verified > verified)
      recognizer->tile_waited = plan->tile_interval;
  }
}

/* Gathers what stands on the frame, what its searches find included. */
static uint32_t
find_placements (LinceRecognizer *recognizer, LinceTracker *tracker, const LincePlan *plan,
    const Searches *searches)
{
  LinceReferences references = {recognizer, load_reference};
  LinceProfile *profile = &recognizer->profile;
  uint32_t count = 0;

  if (searches->textured) {
    count = search (recognizer, plan, searches->part);
    recognizer->hypothesis_count = count;
    if (recognizer->index)
      lince_tiles_weigh (recognizer->tiles, recognizer->search, searches->turns);
  }
  lince_tracker_propose (tracker, recognizer->pyramid, &references, recognizer->pool,
      recognizer->hypotheses, count, plan->trials, plan->trial_steps, &profile->statistics);
  search_tiles (recognizer, tracker, plan, searches);
  if (searches->marks)
    find_marks (recognizer, tracker, plan, searches->mark_turn);
  count = lince_tracker_placements (tracker, recognizer->pyramid, &references,
      recognizer->settings.minimum_confidence, recognizer->placements);
  lince_profile_stamp (profile, LINCE_STAGE_VERIFICATION);
  return count;
}

static void
fill_result (
    LinceRecognizer *recognizer, int64_t time, bool cut, uint32_t placements, uint32_t changes)
{
  recognizer->result = (LinceResult){
      .time = time,
      .cut = cut,
      .placements = recognizer->placements,
      .placement_count = placements,
      .changes = recognizer->changes,
      .change_count = changes,
      .index = recognizer->index,
  };
}

bool
lince_recognizer_process (LinceRecognizer *recognizer, const LinceFrame *frame, int64_t time,
    const LinceResult **result, LinceError *error)
{
  LinceReferences references = {recognizer, load_reference};
  LinceProfile *profile = &recognizer->profile;
  uint32_t placements, changes = 0;
  bool cut, changed, now, searched;
  Searches searches;
  LincePlan plan;

  if (!check_frame (frame, error))
    return false;
  if (recognizer->started && time <= recognizer->time) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT,
        "the frame's time, %lld ns, does not come after the last one's, %lld ns: reset first",
        (long long) time, (long long) recognizer->time);
    return false;
  }
  if (!take_index (recognizer, &changed, error) || !prepare (recognizer, frame, error) ||
      (recognizer->index && !lince_gather_resize (recognizer->gather, frame, error)))
    return false;
  now = recognizer->index_is_new || !recognizer->started;
  if (!recognizer->started)
    recognizer->mean_time = time;
  recognizer->started = true;
  recognizer->index_is_new = false;
  recognizer->time = time;
  lince_plan_make (recognizer->settings.plan, frame->width, frame->height, &plan);
  lince_profile_begin (profile, recognizer->pool);
  profile->statistics.frames++;
  profile->statistics.frames_at[recognizer->settings.plan]++;
  lince_pyramid_build (recognizer->pyramid, frame, recognizer->pool);
  lince_profile_stamp (profile, LINCE_STAGE_PYRAMID);
  if (changed)
    changes = lince_exposures_swap (
        recognizer->exposures, recognizer->index, time, recognizer->changes, changes);
  cut = lince_cut_update (&recognizer->cut, recognizer->pyramid);
  lince_tracker_follow (
      recognizer->tracker, recognizer->pyramid, &references, recognizer->pool, &plan, time, cut);
  lince_profile_stamp (profile, LINCE_STAGE_TRACKING);
  plan = plan_among (recognizer, frame, &plan, lince_tracker_count (recognizer->tracker));
  searched = find_bugs (recognizer, frame, &plan, time);
  searched |= searches.textured = turn_to_search (recognizer, &plan, now || cut, searched);
  searches.part = recognizer->part;
  searched |= searches.marks = turn_to_marks (recognizer, &plan, now || cut, searched);
  searches.mark_turn = recognizer->mark_turn;
  recognizer->mark_turn += searches.marks && has_marks (recognizer);
  if (now || cut)
    memset (recognizer->tile_turns.waited, 0, sizeof recognizer->tile_turns.waited);
  searches.turns = &recognizer->tile_turns;
  searches.tiles = turn_to_tiles (recognizer, &plan, searched);
  placements = find_placements (recognizer, recognizer->tracker, &plan, &searches);
  changes = lince_exposures_update (recognizer->exposures, &recognizer->settings, recognizer->index,
      time, cut, recognizer->placements, placements, recognizer->changes, changes);
  lince_profile_stamp (profile, LINCE_STAGE_EXPOSURE);
  fill_result (recognizer, time, cut, placements, changes);
  if (result)
    *result = &recognizer->result;
  return true;
}

void
lince_recognizer_reset (LinceRecognizer *recognizer, LinceReason reason, const LinceResult **result)
{
  uint32_t changes = lince_exposures_end (recognizer->exposures, reason, recognizer->changes);

  lince_tracker_clear (recognizer->tracker);
  lince_gather_clear (recognizer->gather);
  recognizer->cut.valid = false;
  recognizer->started = false;
  fill_result (recognizer, recognizer->time, false, 0, changes);
  if (result)
    *result = &recognizer->result;
}

/* A still is searched once, so it is searched thoroughly; in a collection so large that its
 * features lie in no cache, less so. Returns how many of its tiles may be searched: those with the
 * most keypoints, for all 24 cost three to four times as much and found no more. */
static uint32_t
plan_still (LinceRecognizer *recognizer, const LinceFrame *frame, LincePlan *plan)
{
  uint32_t tiles;

  lince_plan_make (recognizer->settings.plan, frame->width, frame->height, plan);
  lince_search_set_peaks (recognizer->search, LINCE_USUAL_PEAKS);
  lince_search_set_standing (recognizer->search, NULL);
  if (recognizer->settings.plan != LINCE_PLAN_THOROUGH)
    return 0;
  if (is_large (recognizer)) {
    plan->keypoints = LARGE_STILL;
    return 0;
  }
  plan->keypoints = LINCE_SEARCH_MAX_WORK;
  plan->trials = LINCE_MAX_PLACEMENTS;
  lince_search_set_peaks (recognizer->search, LINCE_MAX_PEAKS);
  tiles = recognizer->index ? lince_tiles_count (recognizer->tiles) : 0;
  return tiles < STILL_TILES ? tiles : STILL_TILES;
}

bool
lince_recognizer_still (LinceRecognizer *recognizer, const LinceFrame *frame,
    const LinceResult **result, LinceError *error)
{
  LinceProfile *profile = &recognizer->profile;
  LinceTileTurns turns = {0};
  Searches searches = {.textured = true, .marks = true, .turns = &turns};
  uint32_t placements, tiles, changes = 0;
  LincePlan plan;
  bool changed;

  if (!check_frame (frame, error) || !take_index (recognizer, &changed, error) ||
      !prepare (recognizer, frame, error))
    return false;
  if (changed)
    changes = lince_exposures_swap (
        recognizer->exposures, recognizer->index, recognizer->time, recognizer->changes, changes);
  lince_profile_begin (profile, recognizer->pool);
  profile->statistics.frames++;
  lince_pyramid_build (recognizer->pyramid, frame, recognizer->pool);
  lince_profile_stamp (profile, LINCE_STAGE_PYRAMID);
  lince_tracker_clear (recognizer->still);
  tiles = plan_still (recognizer, frame, &plan);
  placements = find_placements (recognizer, recognizer->still, &plan, &searches);
  if (placements == 0 && tiles > 0) { /* they cost several times what the rest does */
    searches = (Searches){.tiles = tiles, .turns = &turns};
    placements = find_placements (recognizer, recognizer->still, &plan, &searches);
  }
  fill_result (recognizer, recognizer->time, false, placements, changes);
  if (result)
    *result = &recognizer->result;
  return true;
}

bool
lince_recognizer_inspect (LinceRecognizer *recognizer, const LinceFrame *frame,
    LinceInspection *inspection, LinceError *error)
{
  const LinceResult *result;
  LincePlan plan;

  if (!lince_recognizer_still (recognizer, frame, &result, error))
    return false;
  plan_still (recognizer, frame, &plan);
  *inspection = (LinceInspection){
      .index = recognizer->index,
      .pyramid = recognizer->pyramid,
      .search = recognizer->search,
      .textured = recognizer->textured,
      .tracker = recognizer->still,
      .references = {recognizer, load_reference},
      .mark_search = recognizer->mark_search,
      .proposed = {{LINCE_GENERATOR_TEXTURED, recognizer->hypotheses, recognizer->hypothesis_count,
                       plan.trials},
          {LINCE_GENERATOR_MARK, recognizer->mark_hypotheses, recognizer->mark_hypothesis_count,
              plan.mark_trials}},
      .minimum_confidence = recognizer->settings.minimum_confidence,
      .placements = result->placements,
      .placement_count = result->placement_count,
  };
  return true;
}

bool
lince_recognizer_propose (LinceRecognizer *recognizer, const LinceFrame *frame,
    const LinceProposal *proposals, uint32_t count, const LinceResult **result, LinceError *error)
{
  LinceReferences references = {recognizer, load_reference};
  LinceProfile *profile = &recognizer->profile;
  uint32_t placements;

  if (!check_frame (frame, error) || !lince_pyramid_resize (recognizer->pyramid, frame, error))
    return false;
  lince_profile_begin (profile, recognizer->pool);
  lince_pyramid_build (recognizer->pyramid, frame, recognizer->pool);
  lince_profile_stamp (profile, LINCE_STAGE_PYRAMID);
  lince_tracker_expect (recognizer->still, recognizer->pyramid, &references, recognizer->pool,
      proposals, count < LINCE_MAX_PLACEMENTS ? count : LINCE_MAX_PLACEMENTS);
  placements = lince_tracker_placements (recognizer->still, recognizer->pyramid, &references,
      recognizer->settings.minimum_confidence, recognizer->placements);
  lince_profile_stamp (profile, LINCE_STAGE_TRACKING);
  fill_result (recognizer, recognizer->time, false, placements, 0);
  if (result)
    *result = &recognizer->result;
  return true;
}

void
lince_recognizer_statistics (const LinceRecognizer *recognizer, LinceStatistics *statistics)
{
  *statistics = recognizer->profile.statistics;
}
