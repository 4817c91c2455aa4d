/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/verify.h"

#include <math.h>
#include <string.h>

#include "recognition/palette.h"
#include "recognition/quad.h"

/* The sum of votes that chance reaches once in an hour of 25 frames a second, extrapolated from
 * what references reached on footage that does not show them. */
#define TRIALS 20.0f

/* Less than half of it may be covered, and some of the rest may be blurred. */
#define MIN_AGREEMENT 0.42f

/* What a cell of the frame with contrast where the reference has none takes away. */
#define SURPLUS 0.8f

/* A mark's evidence. What a wrong place reaches, aligned as well as it can be, is a part of a shape
 * that it has in common with what is there: the votes a cell, not their sum, tell it apart, the
 * more so the fewer cells there are; it hardly ever agrees in nearly all of its cells; and its
 * light is one that no camera or mixer makes. One that is not yet followed must pass by all of
 * these; one that is may be covered or fade.
 *
 * Tried on six clips of 78 logos, every hypothesis aligned, and kept for the figures: the sum of
 * votes against a threshold found 0.99 of the placements but was wrong in 3,282 of 5,031; votes a
 * cell, agreement and light together found 0.95 to 0.99, wrong in none to 16, as the bounds below
 * were drawn. The best of a wrong mark on those clips had 3.5 votes a cell and 0.95 agreement, on
 * 17 cells of contrast; the right ones there have 4.7 and 1.0. */
#define MARK_SLOPE 12.0f     /* natural logarithms of odds for a vote a cell */
#define MARK_MOST_VOTES 4.0f /* a cell; more says nothing more */
#define USUAL_GAIN 0.95f     /* of the light, and the deviations of what is usual */
#define GAIN_DEVIATION 0.25f
#define LIFT_DEVIATION 7.0f     /* levels */
#define OPACITY_DEVIATION 0.12f /* of a mark that is not fixed to the screen */

/* Single frames of the right references on 24 clips with bugs reach an evenness of 0.35 on half of
 * the frames at least, mostly on nine in ten; sisters 0.29 on the best of 400 there, 0.35 and an
 * agreement of 0.86 on the best of two minutes of drawn ones, at 0.85 opacity and more. With 0.42
 * and 0.88 asked no bug of 84 clips is lost. The right prints on 14 clips begin with 0.54 votes for
 * a unit of contrast, chance included. Others of the same design have at most 0.31 beyond chance on
 * 4,000 sampled placements of eight minutes of drawn programme; their colours agree (palette.h) by
 * -0.5 to 0.25 where they reach 0.15, those of the right ones, covered, blurred, noisy or at 150
 * kbit/s, by 0.7 to 1 on 1,779 placements with fewer votes than 1.2, 0.81 on all but nine of them.
 * Those that agree nearly everywhere are not asked. The colours of bugs (comparison.h): a sister of
 * other colours, seen through, keeps at most 0.65 of them on two minutes; of the right ones, drawn
 * and on 12 clips, the median is 0.7 to 1 and nearly each one's best frame above 0.8. Recall on 24
 * clips with bugs is as without.
 *
 * Tried for the same and not kept: cells that disagree among such as agree, where a cover is one
 * piece: 0.21 to 0.42 of the borders of the other prints' cells, but 0.34 of those of the right
 * ones when the camera moves and 0.32 at 150 kbit/s; of cells with a contrast of their own only,
 * 0.13 to 0.32 against up to 0.24. Every agreeing cell weighed alike: the right ones' colours go
 * down to 0.38, for of what covers them some agrees by chance. */
#define CLEAR_EVENNESS 0.42f
#define CLEAR_AGREEMENT 0.88f
#define CLEAR_COLOUR 0.7f
#define CLEAR_VOTES 0.2f
#define CLEAR_WITHOUT_COLOUR 0.6f
#define CLEAR_PALETTE 0.5f

#define LEAST_STRENGTH 0.25f /* opacity times gain, of one that is */
#define STRENGTH_DEVIATION 0.05f

/* What a mark must reach for no evidence for or against it. */
typedef struct {
  float votes;     /* a cell */
  float few;       /* votes over all cells that it needs besides */
  float agreement; /* below which evidence falls, by `dissent` for all of it */
  float dissent;
  float light; /* how much an unusual light counts */
} MarkBounds;

static const MarkBounds new_mark = {2.4f, 14.0f, 0.955f, 200.0f, 1.0f};
/* one that may only be moved and scaled fits less by chance, and has less to fit with */
static const MarkBounds new_upright_mark = {2.4f, 8.0f, 0.985f, 200.0f, 1.0f};
/* one that stands out of the mean of frames, whose ground may be restless still */
static const MarkBounds new_fixed_mark = {1.95f, 10.0f, 0.935f, 100.0f, 1.0f};
static const MarkBounds followed_mark = {1.1f, 6.0f, 0.68f, 25.0f, 0.5f};

typedef struct {
  float evidence;
  float agreeing, contrast; /* sums of weights */
  float correlation;        /* weighted sum over agreeing cells */
  uint32_t agreeing_cells, seen_cells;
} Votes;

/* What a cell can say: nothing when its contrast drowns in noise, little when all of it is one
 * straight edge, for such an edge is found, by aligning, in any footage. */
static float
cell_weight (const LinceCell *cell)
{
  float variance = cell->energy / cell->count;
  float trace = cell->xx + cell->yy, determinant = cell->xx * cell->yy - cell->xy * cell->xy;
  float roundness = trace > 0 ? 4 * determinant / (trace * trace) : 0;

  roundness = roundness < 0.5f ? 2 * roundness : 1;
  return variance / (variance + 64.0f) * cell->count / LINCE_CELL_PIXELS *
         (0.2f + 0.8f * roundness);
}

/* The log likelihood ratio of one cell's correlation, as measured on right placements and on wrong
 * ones that were aligned just as well. It crosses zero the later the more contrast there is, and is
 * bounded below, for any cell may be covered. */
static float
cell_vote (const LinceCell *cell, float correlation)
{
  float variance = cell->energy / cell->count;
  float vote = 8.0f * (correlation - 0.5f - 0.2f * variance / (variance + 400.0f));

  return vote > 2.8f ? 2.8f : vote < -1.0f ? -1.0f : vote;
}

/* Where the reference is flat or faint the frame should be too: 0 to 1, how much it is not. What is
 * covered there by something else speaks against the reference as any covered cell does. */
static float
cell_surplus (const LinceCell *cell, const LinceCellMatch *match)
{
  float expected = 6.0f + 1.5f * sqrtf (cell->energy / cell->count);
  float surplus = (match->deviation - expected) / 14.0f;

  if (match->correlation > LINCE_VERIFY_AGREES || surplus < 0)
    return 0;
  return (surplus < 1 ? surplus : 1) * cell->count / LINCE_CELL_PIXELS;
}

float
lince_verify_surplus (const LinceCell *cell, const LinceCellMatch *match)
{
  return match->seen ? cell_surplus (cell, match) : 0;
}

static void
count_votes (const LinceAlignment *alignment, Votes *votes)
{
  const LinceTemplate *template = alignment->template;

  memset (votes, 0, sizeof *votes);
  for (int i = 0; i < template->columns * template->rows; i++) {
    const LinceCell *cell = &template->cells[i];
    const LinceCellMatch *match = &alignment->cells[i];
    float weight, surplus;

    if (!match->seen)
      continue;
    weight = cell_weight (cell);
    surplus = cell_surplus (cell, match);
    votes->evidence += weight * cell_vote (cell, match->correlation) - SURPLUS * surplus;
    votes->contrast += weight + surplus;
    votes->seen_cells++;
    if (match->correlation > LINCE_VERIFY_AGREES) {
      votes->agreeing += weight;
      votes->correlation += weight * match->correlation;
      votes->agreeing_cells++;
    }
  }
}

/* The outline and how much of it the frame holds. */
static bool
set_place (LinceVerdict *verdict, const LincePyramid *pyramid, const LinceReference *reference,
    const double homography[9])
{
  int width, height;

  lince_pyramid_frame_size (pyramid, &width, &height);
  memset (verdict, 0, sizeof *verdict);
  memcpy (verdict->homography, homography, sizeof verdict->homography);
  verdict->object = reference->object;
  verdict->cut_out = reference->cut_out;
  if (!lince_quad_from_homography (
          verdict->homography, reference->width, reference->height, verdict->corners))
    return false;
  verdict->inside = (float) (lince_quad_area_inside (verdict->corners, width, height) /
                             lince_quad_area (verdict->corners));
  return true;
}

static void
set_confidence (LinceVerdict *verdict, float evidence, float least_agreement)
{
  verdict->evidence = evidence;
  verdict->visible = verdict->inside * verdict->agreement;
  verdict->cut_off = 1 - verdict->inside;
  verdict->occluded = 1 - verdict->agreement;
  verdict->confidence = 1.0f / (1.0f + expf (-0.4f * verdict->evidence));
  if (verdict->agreement < least_agreement)
    verdict->confidence *= verdict->agreement;
}

/* How unusual the light is: half a sum of squared deviations, doubled for they are not all. */
static float
unusual_light (const LinceComposition *composition, const LinceMarkClaim *claim)
{
  float gain = (composition->light.gain - USUAL_GAIN) / GAIN_DEVIATION;
  float lift = composition->light.lift / LIFT_DEVIATION;
  /* what the mark adds to the frame tells more than the opacity, which a flat ground leaves open */
  float strength = fmaxf (LEAST_STRENGTH - composition->light.opacity * composition->light.gain, 0);
  float opacity = claim->translucent ? (claim->followed ? 0 : strength / STRENGTH_DEVIATION)
                                     : (1 - composition->light.opacity) / OPACITY_DEVIATION;

  return gain * gain + lift * lift + opacity * opacity;
}

bool
lince_verify_mark (const LinceComposition *composition, const LincePyramid *pyramid,
    const LinceReference *reference, const LinceMarkClaim *claim, LinceVerdict *verdict)
{
  const MarkBounds *bounds = claim->followed      ? &followed_mark
                             : claim->translucent ? &new_fixed_mark
                             : claim->upright     ? &new_upright_mark
                                                  : &new_mark;
  float votes, dissent, evidence;

  if (!set_place (verdict, pyramid, reference, composition->homography) ||
      !(composition->contrast > 0))
    return false;
  votes = fminf (composition->evidence / composition->contrast, MARK_MOST_VOTES) -
          bounds->few / composition->contrast - bounds->votes;
  dissent = fmaxf (bounds->agreement - composition->agreement, 0);
  evidence = MARK_SLOPE * votes - bounds->dissent * dissent -
             bounds->light * unusual_light (composition, claim) +
             (claim->followed ? 0 : claim->prior);
  verdict->agreement = composition->agreement;
  verdict->correlation = composition->agreement;
  verdict->light = composition->light;
  verdict->upright = claim->upright;
  verdict->mark = true;
  verdict->clear =
      (composition->evenness >= CLEAR_EVENNESS && composition->agreement >= CLEAR_AGREEMENT &&
          composition->colour >= CLEAR_COLOUR) ||
      !lince_quad_parallel (verdict->corners);
  verdict->blur = composition->blur;
  set_confidence (verdict, evidence, 0);
  return true;
}

/* See verify.h. */
static bool
is_clear (const LinceAlignment *alignment, const LincePyramid *pyramid,
    const LinceReference *reference, const Votes *votes)
{
  float beyond = votes->evidence - TRIALS;

  return beyond >= CLEAR_WITHOUT_COLOUR * votes->contrast ||
         (beyond >= CLEAR_VOTES * votes->contrast &&
             lince_palette_agreement (alignment, pyramid, reference) >= CLEAR_PALETTE);
}

bool
lince_verify (const LinceAlignment *alignment, const LincePyramid *pyramid,
    const LinceReference *reference, float prior, LinceVerdict *verdict)
{
  Votes votes;

  if (!set_place (verdict, pyramid, reference, alignment->homography))
    return false;
  count_votes (alignment, &votes);
  if (!(votes.contrast > 0))
    return false;
  verdict->agreement = votes.agreeing / votes.contrast;
  verdict->correlation = votes.agreeing > 0 ? votes.correlation / votes.agreeing : 0;
  verdict->light = (LinceCompositeLight){1, 1, 0};
  verdict->blur = -1;
  verdict->clear = is_clear (alignment, pyramid, reference, &votes);
  set_confidence (verdict, votes.evidence - TRIALS + prior, MIN_AGREEMENT);
  return true;
}

float
lince_verify_outside (LinceAligner *aligner, const LincePyramid *pyramid,
    const LinceReference *reference, const LinceVerdict *verdict, const LincePoint outline[4])
{
  LinceAlignment alignment;
  const LinceTemplate *template;
  float evidence = -TRIALS;

  if (!lince_align_compare (
          aligner, pyramid, reference, verdict->homography, LINCE_VERIFY_SIDE, &alignment))
    return evidence;
  template = alignment.template;
  for (int i = 0; i < template->columns * template->rows; i++) {
    const LinceCell *cell = &template->cells[i];
    double x, y;

    if (alignment.cells[i].seen &&
        lince_homography_map (verdict->homography,
            (cell->x + LINCE_CELL_SIDE / 2) * template->to_reference_x,
            (cell->y + LINCE_CELL_SIDE / 2) * template->to_reference_y, &x, &y) &&
        !lince_quad_contains (outline, x, y))
      evidence += cell_weight (cell) * cell_vote (cell, alignment.cells[i].correlation) -
                  SURPLUS * cell_surplus (cell, &alignment.cells[i]);
  }
  return evidence;
}

/* Of one reference's cells that differ from the rival's picture there: their weighted correlation
 * with the frame, and the sum of weights. */
static float
distinct_correlation (LinceAligner *aligner, const LincePyramid *pyramid, const LinceReference *own,
    const double own_map[9], const LinceReference *other, const double other_map[9], float *weights)
{
  LinceCellMatch against[LINCE_TEMPLATE_MAX_CELLS];
  const LinceReferenceLevel *level;
  LinceAlignment alignment;
  double inverse[9], between[9], map[9];
  float sum = 0;

  *weights = 0;
  if (!lince_align_compare (aligner, pyramid, own, own_map, LINCE_VERIFY_SIDE, &alignment) ||
      !lince_homography_inverse (other_map, inverse))
    return 0;
  level = &other->levels[alignment.template->level < other->level_count ? alignment.template->level
                                                                        : other->level_count - 1];
  lince_homography_compose (inverse, own_map, between);
  for (int i = 0; i < 3; i++) {
    double scale = i == 0   ? (double) level->width / other->width
                   : i == 1 ? (double) level->height / other->height
                            : 1;

    map[3 * i] = between[3 * i] * alignment.template->to_reference_x * scale;
    map[3 * i + 1] = between[3 * i + 1] * alignment.template->to_reference_y * scale;
    map[3 * i + 2] = between[3 * i + 2] * scale;
  }
  lince_template_match (alignment.template,
      &(LinceGrey){level->luma, level->width, level->width, level->height}, map, false, against);
  for (int i = 0; i < alignment.template->columns * alignment.template->rows; i++) {
    const LinceCell *cell = &alignment.template->cells[i];
    float weight;

    if (!alignment.cells[i].seen || (against[i].seen && against[i].correlation > 0.85f))
      continue;
    weight = cell_weight (cell);
    sum += weight * alignment.cells[i].correlation;
    *weights += weight;
  }
  return *weights > 0 ? sum / *weights : 0;
}

LinceRival
lince_verify_rivals (LinceAligner *aligner, const LincePyramid *pyramid,
    const LinceReference *first, const LinceVerdict *first_verdict, const LinceReference *second,
    const LinceVerdict *second_verdict)
{
  float weights[2];
  float a = distinct_correlation (aligner, pyramid, first, first_verdict->homography, second,
      second_verdict->homography, &weights[0]);
  float b = distinct_correlation (aligner, pyramid, second, second_verdict->homography, first,
      first_verdict->homography, &weights[1]);

  if (weights[0] < 1 && weights[1] < 1)
    return LINCE_RIVAL_EQUAL;
  if (fabsf (a - b) < 0.05f)
    return LINCE_RIVAL_EQUAL;
  return a > b ? LINCE_RIVAL_FIRST : LINCE_RIVAL_SECOND;
}
