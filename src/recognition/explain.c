/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/explain.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/inspection.h"
#include "recognition/proposal.h"
#include "recognition/quad.h"

#define SURPLUS 0.2f /* of a plain cell, from which it is shown as not plain */

/* What is being written; the caller gets the first member. */
typedef struct {
  LinceExplanation result;
  LinceInspection from;
  LincePoint *keypoints;
  LinceExplainedMatch *matches;
  LinceExplainedCell *cells;
  uint8_t *picture;
  LinceHypothesis spare[LINCE_EXPLAIN_PEAKS]; /* of peaks that were not followed up */
  uint32_t spare_count;
} Explanation;

static const char *const names[] = {
    [LINCE_OUTCOME_NO_FEATURES] = "no-features",
    [LINCE_OUTCOME_NO_KEYPOINTS] = "no-keypoints",
    [LINCE_OUTCOME_NO_MATCHES] = "no-matches",
    [LINCE_OUTCOME_FEW_VOTES] = "few-votes",
    [LINCE_OUTCOME_NO_SHAPES] = "no-shapes",
    [LINCE_OUTCOME_CROWDED] = "crowded",
    [LINCE_OUTCOME_NO_OUTLINE] = "no-outline",
    [LINCE_OUTCOME_NOT_TRIED] = "not-tried",
    [LINCE_OUTCOME_NOT_ALIGNED] = "not-aligned",
    [LINCE_OUTCOME_NOT_VERIFIED] = "not-verified",
    [LINCE_OUTCOME_RIVAL] = "rival",
    [LINCE_OUTCOME_BELOW_MINIMUM] = "below-minimum",
    [LINCE_OUTCOME_FOUND] = "found",
};

const char *
lince_outcome_name (LinceOutcome outcome)
{
  return outcome >= LINCE_OUTCOME_NO_FEATURES && outcome <= LINCE_OUTCOME_FOUND ? names[outcome]
                                                                                : "unknown";
}

void
lince_explanation_free (LinceExplanation *explanation)
{
  Explanation *all = (Explanation *) explanation;

  if (!all)
    return;
  free (all->keypoints);
  free (all->matches);
  free (all->cells);
  free (all->picture);
  free (all);
}

static bool
find_images (Explanation *all, uint32_t object)
{
  LinceExplanation *result = &all->result;
  LinceEnrolment enrolment;
  uint32_t owner;

  result->object = object;
  for (uint32_t i = 0; lince_index_image (all->from.index, i, &owner, &enrolment); i++) {
    if (owner != object)
      continue;
    if (result->image_count++ == 0)
      result->first_image = i;
    result->generators |= enrolment.generators;
  }
  return result->image_count > 0;
}

static bool
take_keypoints (Explanation *all)
{
  uint32_t count = lince_search_keypoint_count (all->from.search);

  all->keypoints = calloc (count + 1, sizeof *all->keypoints);
  if (!all->keypoints)
    return false;
  for (uint32_t i = 0; i < count; i++)
    lince_search_keypoint (all->from.search, i, &all->keypoints[i].x, &all->keypoints[i].y);
  all->result.keypoints = all->keypoints;
  all->result.keypoint_count = count;
  return true;
}

static void
take_peak (LinceExplanation *result, uint32_t image, const LinceSearchTrace *trace, uint32_t number)
{
  const LincePeakTrace *from = &trace->peaks[number];
  const LinceMatch *seed = &trace->matches[from->peak.seed];
  uint32_t at = result->peak_count;

  if (at == LINCE_EXPLAIN_PEAKS)
    return;
  result->peaks[at] = (LinceExplainedPeak){
      .image = image,
      .centre = {seed->centre_u, seed->centre_v},
      .matches = from->peak.votes,
      .weight = from->peak.weight,
      .followed = from->followed,
      .outlined = from->solved,
      .inliers = from->inliers,
      .score = from->score,
  };
  result->peak_count++;
}

static bool
take_matches (Explanation *all, uint32_t image, const LinceSearchTrace *trace)
{
  LinceExplanation *result = &all->result;
  uint32_t first_peak = result->peak_count;
  LinceExplainedMatch *grown =
      realloc (all->matches, (result->match_count + trace->match_count + 1) * sizeof *all->matches);

  if (!grown)
    return false;
  result->matches = all->matches = grown;
  result->feature_count += trace->features;
  for (uint32_t p = 0; p < trace->peak_count; p++) {
    take_peak (result, image, trace, p);
    if (!trace->peaks[p].followed && trace->peaks[p].solved &&
        all->spare_count < LINCE_EXPLAIN_PEAKS)
      all->spare[all->spare_count++] = trace->peaks[p].hypothesis;
  }
  for (uint32_t i = 0; i < trace->match_count; i++) {
    const LinceMatch *match = &trace->matches[i];
    uint32_t peak = first_peak + match->used - 1u;

    all->matches[result->match_count++] = (LinceExplainedMatch){
        .image = image,
        .reference = {match->x, match->y},
        .frame = {match->u, match->v},
        .distance = match->distance,
        .peak = match->used > 0 && peak < result->peak_count ? (int32_t) peak : -1,
    };
    if (match->distance < result->best_distance)
      result->best_distance = match->distance;
  }
  return true;
}

/* The stages of the `textured` generator. */
static bool
explain_textured (Explanation *all)
{
  LinceExplanation *result = &all->result;
  LinceSearchTrace *trace = malloc (sizeof *trace);
  bool ok = trace != NULL && take_keypoints (all);

  result->best_distance = 256;
  result->least_matches = LINCE_LEAST_MATCHES;
  result->least_weight = LINCE_PEAK_LEAST_WEIGHT;
  result->peak_limit = lince_search_get_peaks (all->from.search);
  result->least_inliers = LINCE_LEAST_INLIERS;
  result->least_score = LINCE_LEAST_SCORE;
  for (uint32_t i = 0; ok && i < result->image_count; i++) {
    uint32_t image = result->first_image + i;

    lince_search_trace (all->from.search, all->from.textured, image, trace);
    ok = take_matches (all, image, trace);
  }
  free (trace);
  return ok;
}

/* The stages of the `mark` generator. */
static void
explain_marks (LinceExplanation *result, const LinceInspection *from)
{
  result->region_count = lince_mark_search_region_count (from->mark_search);
  result->best_shape_distance = UINT32_MAX;
  for (uint32_t i = 0; i < result->image_count; i++) {
    uint32_t nearest;

    result->shape_match_count +=
        lince_mark_search_match_count (from->mark_search, result->first_image + i, &nearest);
    if (nearest < result->best_shape_distance)
      result->best_shape_distance = nearest;
  }
}

/* One line for each generator: a function that fills what is its own in the result. Hypotheses are
 * explained for all of them alike, below. */
static bool
explain_generators (Explanation *all)
{
  explain_marks (&all->result, &all->from);
  return explain_textured (all);
}

static uint32_t
count_keypoints_in (const LinceExplanation *result, const LincePoint corners[4])
{
  uint32_t count = 0;

  for (uint32_t i = 0; i < result->keypoint_count; i++)
    count += lince_quad_contains (corners, result->keypoints[i].x, result->keypoints[i].y);
  return count;
}

static void
fill_trial (LinceExplainedTrial *trial, const LinceTrialTrace *trace)
{
  const LinceVerdict *verdict = &trace->verdict;

  trial->tried = trace->tried;
  trial->composed = trace->mark;
  for (int i = 0; i < trace->alignment.count && i < LINCE_EXPLAIN_LEVELS; i++) {
    trial->levels[i].width = trace->alignment.levels[i].width;
    trial->levels[i].height = trace->alignment.levels[i].height;
    trial->levels[i].correlation = trace->alignment.levels[i].correlation;
    trial->level_count++;
  }
  trial->judged = trace->judged;
  if (!trace->judged)
    return;
  memcpy (trial->corners, verdict->corners, sizeof trial->corners);
  trial->evidence = verdict->evidence;
  trial->correlation = verdict->correlation;
  trial->agreement = verdict->agreement;
  trial->inside = verdict->inside;
  trial->visible = verdict->visible;
  trial->opacity = verdict->light.opacity;
  trial->confidence = verdict->confidence;
}

/* Whether a trial came further than another one: what was tried in the frame comes first. */
static bool
further (const LinceExplainedTrial *a, const LinceExplainedTrial *b)
{
  if (a->tried != b->tried)
    return a->tried;
  if ((a->rank > 0) != (b->rank > 0))
    return a->rank > 0;
  if (a->judged != b->judged)
    return a->judged;
  return a->judged && a->confidence > b->confidence;
}

static void
explain_hypothesis (Explanation *all, const LinceHypothesis *hypothesis, LinceGenerator generator,
    uint32_t rank, double best_map[9])
{
  LinceExplanation *result = &all->result;
  const LinceReferences *references = &all->from.references;
  const LinceReference *reference = references->load (references->context, hypothesis->image);
  LinceExplainedTrial *trial = &result->trials[result->trial_count];
  LinceTrialTrace trace;

  if (!reference || result->trial_count == LINCE_EXPLAIN_TRIALS)
    return;
  *trial = (LinceExplainedTrial){
      .image = hypothesis->image,
      .generator = generator,
      .rank = rank,
      .votes = hypothesis->votes,
      .inliers = hypothesis->inliers,
      .score = hypothesis->score,
  };
  if (!lince_quad_from_homography (
          hypothesis->homography, reference->width, reference->height, trial->start))
    return;
  trial->keypoints_near = count_keypoints_in (result, trial->start);
  lince_tracker_try (all->from.tracker, all->from.pyramid, reference, hypothesis, &trace);
  fill_trial (trial, &trace);
  lince_homography_inverse (
      trace.judged ? trace.verdict.homography : hypothesis->homography, trial->to_reference);
  result->give_up = trace.give_up;
  if (result->best < 0 || further (trial, &result->trials[result->best])) {
    result->best = (int32_t) result->trial_count;
    memcpy (best_map, trace.verdict.homography, 9 * sizeof *best_map);
  }
  result->trial_count++;
}

static void
explain_hypotheses (Explanation *all, double best_map[9])
{
  LinceExplanation *result = &all->result;

  result->best = -1;
  result->minimum_confidence = all->from.minimum_confidence;
  for (int g = 0; g < LINCE_PROPOSING && g < LINCE_EXPLAIN_GENERATORS; g++) {
    const LinceProposed *proposed = &all->from.proposed[g];

    result->proposed[g] =
        (LinceExplainedGenerator){proposed->generator, proposed->count, proposed->trial_limit};
    for (uint32_t i = 0; i < proposed->count; i++) {
      uint32_t image = proposed->hypotheses[i].image;

      if (image >= result->first_image && image < result->first_image + result->image_count)
        explain_hypothesis (all, &proposed->hypotheses[i], proposed->generator, i + 1, best_map);
    }
  }
  for (uint32_t i = 0; i < all->spare_count; i++)
    explain_hypothesis (all, &all->spare[i], LINCE_GENERATOR_TEXTURED, 0, best_map);
}

static LinceCellState
cell_state (const LinceCell *cell, const LinceCellMatch *match)
{
  if (!match->seen)
    return LINCE_CELL_UNSEEN;
  if (!(cell->energy > 0))
    return lince_verify_surplus (cell, match) > SURPLUS ? LINCE_CELL_NOT_PLAIN : LINCE_CELL_SILENT;
  return match->correlation > LINCE_VERIFY_AGREES ? LINCE_CELL_AGREES : LINCE_CELL_DISAGREES;
}

static void
fill_cell (LinceExplainedCell *cell, const LinceAlignment *alignment, int number)
{
  const LinceTemplate *template = alignment->template;
  const LinceCell *from = &template->cells[number];

  cell->state = cell_state (from, &alignment->cells[number]);
  cell->correlation = alignment->cells[number].correlation;
  for (int i = 0; i < 4; i++) {
    double side = LINCE_CELL_SIDE, x = 0, y = 0;

    lince_homography_map (alignment->homography,
        ((double) from->x + (i == 1 || i == 2 ? side : 0)) * template->to_reference_x,
        ((double) from->y + (i >= 2 ? side : 0)) * template->to_reference_y, &x, &y);
    cell->corners[i] = (LincePoint){(float) x, (float) y};
  }
}

/* The pixels of the best hypothesis, compared where its alignment ended. */
static bool
compare_cells (Explanation *all, const LinceReference *reference, const double map[9])
{
  LinceExplanation *result = &all->result;
  LinceAligner *aligner = lince_aligner_new (NULL);
  LinceAlignment alignment;
  bool ok = aligner != NULL;

  if (ok && lince_align_compare (
                aligner, all->from.pyramid, reference, map, LINCE_VERIFY_SIDE, &alignment)) {
    int count = alignment.template->columns * alignment.template->rows;

    result->cells = all->cells = calloc ((size_t) count + 1, sizeof *all->cells);
    ok = all->cells != NULL;
    for (int i = 0; ok && i < count; i++)
      fill_cell (&all->cells[i], &alignment, i);
    result->cell_count = ok ? (uint32_t) count : 0;
    result->cell_columns = (uint32_t) alignment.template->columns;
  }
  lince_aligner_free (aligner);
  return ok;
}

static bool
copy_picture (Explanation *all, const LinceReference *reference)
{
  const LinceReferenceLevel *level = &reference->levels[0];
  size_t size = (size_t) level->width * (size_t) level->height;

  all->picture = malloc (2 * size);
  if (!all->picture)
    return false;
  memcpy (all->picture, level->luma, size);
  if (level->mask)
    memcpy (all->picture + size, level->mask, size);
  all->result.picture = (LinceExplainedPicture){level->width, level->height, reference->width,
      reference->height, all->picture, level->mask ? all->picture + size : NULL};
  return true;
}

static bool
explain_pixels (Explanation *all, const double best_map[9])
{
  const LinceExplanation *result = &all->result;
  const LinceReferences *references = &all->from.references;
  const LinceExplainedTrial *best = result->best >= 0 ? &result->trials[result->best] : NULL;
  const LinceReference *reference =
      references->load (references->context, best ? best->image : result->first_image);

  if (!reference)
    return true;
  return copy_picture (all, reference) &&
         (!best || !best->judged || best->composed || compare_cells (all, reference, best_map));
}

static void
explain_rivals (LinceExplanation *result, const LinceInspection *from)
{
  const LinceRivalry *rivalries;
  uint32_t count = lince_tracker_rivalries (from->tracker, &rivalries);

  for (uint32_t i = 0; i < count && result->rival_count < LINCE_EXPLAIN_RIVALS; i++) {
    const LinceVerdict *stands = &rivalries[i].stands, *falls = &rivalries[i].falls;
    bool fell = falls->object == result->object;

    if (stands->object == falls->object || (!fell && stands->object != result->object))
      continue;
    result->rivals[result->rival_count++] = (LinceExplainedRival){
        .object = fell ? stands->object : falls->object,
        .evidence = fell ? stands->evidence : falls->evidence,
        .own_evidence = fell ? falls->evidence : stands->evidence,
        .equal = rivalries[i].equal,
        .gave_way = fell,
    };
  }
}

static void
take_placements (LinceExplanation *result, const LinceInspection *from)
{
  for (uint32_t i = 0; i < from->placement_count; i++)
    if (from->placements[i].object == result->object &&
        result->placement_count < LINCE_EXPLAIN_TRIALS)
      result->placements[result->placement_count++] = from->placements[i];
}

static LinceOutcome
outcome_of_textured (const LinceExplanation *result)
{
  LinceOutcome outcome = LINCE_OUTCOME_NO_MATCHES;

  if (result->feature_count == 0)
    return LINCE_OUTCOME_NO_FEATURES;
  if (result->keypoint_count == 0)
    return LINCE_OUTCOME_NO_KEYPOINTS;
  if (result->match_count >= result->least_matches)
    outcome = LINCE_OUTCOME_FEW_VOTES;
  for (uint32_t i = 0; i < result->peak_count; i++) {
    const LinceExplainedPeak *peak = &result->peaks[i];

    if (peak->followed)
      return LINCE_OUTCOME_NO_OUTLINE;
    if (peak->weight >= result->least_weight)
      outcome = LINCE_OUTCOME_CROWDED;
  }
  return outcome;
}

/* Where it ended for an object without a hypothesis: with the generator that came furthest. */
static LinceOutcome
outcome_of_generators (const LinceExplanation *result)
{
  LinceOutcome outcome = outcome_of_textured (result);

  if ((result->generators & LINCE_GENERATOR_MARK) && outcome < LINCE_OUTCOME_NO_SHAPES)
    outcome = LINCE_OUTCOME_NO_SHAPES;
  return outcome;
}

static LinceOutcome
outcome_of_trial (const LinceExplainedTrial *trial)
{
  if (!trial->tried)
    return LINCE_OUTCOME_NOT_TRIED;
  if (!trial->judged)
    return LINCE_OUTCOME_NOT_ALIGNED;
  return trial->confidence < 0.5f ? LINCE_OUTCOME_NOT_VERIFIED : LINCE_OUTCOME_BELOW_MINIMUM;
}

static LinceOutcome
outcome_of_trials (const LinceExplanation *result)
{
  LinceOutcome outcome = LINCE_OUTCOME_NOT_TRIED;

  for (uint32_t i = 0; i < result->trial_count && result->trials[i].rank > 0; i++) {
    LinceOutcome own = outcome_of_trial (&result->trials[i]);

    outcome = own > outcome ? own : outcome;
  }
  return outcome;
}

static LinceOutcome
find_outcome (const LinceExplanation *result)
{
  if (result->placement_count > 0)
    return LINCE_OUTCOME_FOUND;
  for (uint32_t i = 0; i < result->rival_count; i++)
    if (result->rivals[i].gave_way)
      return LINCE_OUTCOME_RIVAL;
  return result->trial_count > 0 && result->trials[0].rank > 0 ? outcome_of_trials (result)
                                                               : outcome_of_generators (result);
}

/* Heaviest first over all images; the matches keep to theirs. */
static void
sort_peaks (Explanation *all)
{
  LinceExplanation *result = &all->result;
  LinceExplainedPeak sorted[LINCE_EXPLAIN_PEAKS];
  int32_t place[LINCE_EXPLAIN_PEAKS];

  for (uint32_t i = 0; i < result->peak_count; i++) {
    place[i] = 0;
    for (uint32_t k = 0; k < result->peak_count; k++)
      place[i] += result->peaks[k].weight > result->peaks[i].weight ||
                  (result->peaks[k].weight == result->peaks[i].weight && k < i);
    sorted[place[i]] = result->peaks[i];
  }
  memcpy (result->peaks, sorted, result->peak_count * sizeof *sorted);
  for (uint32_t i = 0; i < result->match_count; i++)
    if (all->matches[i].peak >= 0)
      all->matches[i].peak = place[all->matches[i].peak];
}

LinceExplanation *
lince_recognizer_explain (
    LinceRecognizer *recognizer, const LinceFrame *frame, uint32_t object, LinceError *error)
{
  Explanation *all = calloc (1, sizeof *all);
  double best_map[9] = {0};

  if (!all) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for an explanation");
    return NULL;
  }
  if (!lince_recognizer_inspect (recognizer, frame, &all->from, error))
    goto fail;
  if (!all->from.index || !find_images (all, object)) {
    lince_error_set (
        error, LINCE_ERROR_ARGUMENT, "the index in use has no object number %u", object);
    goto fail;
  }
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for an explanation");
  take_placements (&all->result, &all->from);
  explain_rivals (&all->result, &all->from);
  if (!explain_generators (all))
    goto fail;
  sort_peaks (all);
  explain_hypotheses (all, best_map);
  if (!explain_pixels (all, best_map))
    goto fail;
  all->result.outcome = find_outcome (&all->result);
  if (error)
    *error = (LinceError){0};
  return &all->result;
fail:
  lince_explanation_free (&all->result);
  return NULL;
}
