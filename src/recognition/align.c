/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/align.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/blur.h"
#include "recognition/increment.h"
#include "recognition/kernels/kernels.h"
#include "recognition/lanes.h"
#include "recognition/levels.h"
#include "recognition/quad.h"

#define MIN_COARSE_SIDE 20 /* of the longer side of the coarsest level */
/* What a cell's displacement errs by at best, level pixels: on coarse levels the pixels match less
 * well than their noise alone would have it, and a few cells must not bend the outline. */
#define SLACK_COARSE 0.7
#define SLACK_MIDDLE 0.35
#define SLACK_FINE 0.05
#define PATIENT_STEPS 2 /* of a stage, in which cells may still be off their places */
#define HOPE_STEPS                                                                                 \
  2 /* after which a stage below HOPE of what the plan demands is not worth more                   \
     */
#define HOPE 0.3f
#define STILL 0.05        /* level pixels: a smaller step ends the finest stage, */
#define STILL_ROUGH 0.15  /* and the stages before it */
#define LEAST_PIXELS 0.75 /* of the frame for one of a level */
#define MIN_QUAD 12.0     /* frame pixels across */
#define BLUR_PIXELS (16384 + LINCE_LANES * LINCE_REFERENCE_MAX_SIDE) /* a level, rows padded */
#define BLUR_AGREEMENT 0.5f /* correlation from which a cell is not covered */

struct LinceAligner {
  LinceTemplate template;
  LinceCellMatch cells[LINCE_TEMPLATE_MAX_CELLS];
  LinceAlignTrace *trace; /* NULL: none is asked for */
  float model[BLUR_PIXELS], frame[BLUR_PIXELS], weight[BLUR_PIXELS], scratch[BLUR_PIXELS];
};

/* One level of one reference over one octave of the frame. */
typedef struct {
  const LinceTemplate *template;
  const LincePyramidLevel *octave;
  int octave_number;
  double to_reference[9]; /* centred, normalised template coordinates to reference pixels */
  double to_template[9];  /* level pixels to normalised coordinates */
  double unit;            /* level pixels for one normalised unit */
  double doubt;           /* correlation from which a cell counts for more than `floor` */
  double floor;
  double still; /* a step of fewer level pixels is the last */
  double slack; /* what a cell may err by at best, level pixels */
} Stage;

LinceAligner *
lince_aligner_new (LinceError *error)
{
  LinceAligner *aligner = calloc (1, sizeof *aligner);

  if (!aligner)
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for an aligner");
  return aligner;
}

void
lince_aligner_free (LinceAligner *aligner)
{
  free (aligner);
}

void
lince_aligner_trace (LinceAligner *aligner, LinceAlignTrace *trace)
{
  aligner->trace = trace;
}

static void
note_level (LinceAlignTrace *trace, const LinceTemplate *template, float correlation)
{
  if (trace->count == LINCE_REFERENCE_LEVELS)
    return;
  trace->levels[trace->count].width = template->width;
  trace->levels[trace->count].height = template->height;
  trace->levels[trace->count++].correlation = correlation;
}

static int
longer_side (const LinceReferenceLevel *level)
{
  return level->width > level->height ? level->width : level->height;
}

/* The finest level that fits a template, is about within a square of `max_side` and not finer than
 * the frame shows. */
static int
finest_level (
    const LincePyramid *pyramid, const LinceReference *reference, double scale, int max_side)
{
  int area = max_side * max_side;

  area = area < LINCE_TEMPLATE_MAX_PIXELS ? area : LINCE_TEMPLATE_MAX_PIXELS;
  return lince_level_finest (
      pyramid, reference, scale, &(LinceLevelBounds){area, 2 * max_side, LEAST_PIXELS});
}

static void
stage_set (Stage *stage, const LinceTemplate *template, const LincePyramid *pyramid, double scale)
{
  double half_width = template->width / 2.0, half_height = template->height / 2.0;
  double unit = half_width > half_height ? half_width : half_height;
  double level_scale = scale * sqrt (template->to_reference_x * template->to_reference_y);
  int octave = lince_level_octave (pyramid, 0, level_scale);

  stage->template = template;
  stage->octave_number = octave;
  stage->octave = lince_pyramid_octave (pyramid, octave);
  stage->unit = unit;
  memcpy (stage->to_reference,
      (double[9]){unit * template->to_reference_x, 0, half_width * template->to_reference_x, 0,
          unit * template->to_reference_y, half_height * template->to_reference_y, 0, 0, 1},
      sizeof stage->to_reference);
  memcpy (stage->to_template,
      (double[9]){1 / unit, 0, -half_width / unit, 0, 1 / unit, -half_height / unit, 0, 0, 1},
      sizeof stage->to_template);
}

/* On coarse levels every cell has a say, for all may be off their places; on the finest what does
 * not agree by now is covered. */
static void
stage_trust (Stage *stage, const LinceAlignPlan *plan, bool coarsest, bool finest)
{
  stage->slack = coarsest ? SLACK_COARSE : finest ? SLACK_FINE : SLACK_MIDDLE;
  stage->doubt = finest ? plan->doubt : coarsest ? 0 : 0.6 * plan->doubt;
  stage->floor = stage->doubt > 0.4 ? 0.001 : stage->doubt > 0.2 ? 0.01 : 0.03;
  stage->still = finest ? STILL : STILL_ROUGH;
}

/* Level pixels to octave pixels. */
static void
stage_map (const Stage *stage, const double homography[9], double map[9])
{
  double kx = stage->template->to_reference_x, ky = stage->template->to_reference_y;

  for (int i = 0; i < 3; i++) {
    double scale = i == 0 ? 1 / stage->octave->scale_x : i == 1 ? 1 / stage->octave->scale_y : 1;

    map[3 * i] = homography[3 * i] * kx * scale;
    map[3 * i + 1] = homography[3 * i + 1] * ky * scale;
    map[3 * i + 2] = homography[3 * i + 2] * scale;
  }
}

/* Contrast that speaks for a cell, with that beyond a good one's bounded. */
static float
cell_weight (const LinceCell *cell)
{
  float variance = cell->energy / cell->count;

  return cell->count * variance / (variance + 64.0f);
}

static float
mean_correlation (const LinceTemplate *template, const LinceCellMatch *cells)
{
  float sum = 0, weights = 0;

  for (int i = 0; i < template->columns * template->rows; i++) {
    if (cells[i].seen && template->cells[i].energy > 0) {
      float w = cell_weight (&template->cells[i]);

      sum += w * cells[i].correlation;
      weights += w;
    }
  }
  return weights > 0 ? sum / weights : -1;
}

static float
stage_match (const Stage *stage, const double homography[9], bool chosen, LinceCellMatch *cells)
{
  double map[9];

  stage_map (stage, homography, map);
  lince_template_match (stage->template, &stage->octave->grey, map, chosen, cells);
  return mean_correlation (stage->template, cells);
}

/* Adds a cell's displacement equations. */
static void
add_cell (const Stage *stage, const LinceCell *cell, const LinceCellMatch *match,
    LinceIncrement *increment)
{
  double u = (cell->x + LINCE_CELL_SIDE / 2) * stage->to_template[0] + stage->to_template[2];
  double v = (cell->y + LINCE_CELL_SIDE / 2) * stage->to_template[4] + stage->to_template[5];
  double variance = cell->energy / cell->count;
  double agreement = (match->correlation - stage->doubt) / (1 - stage->doubt);
  double weight =
      (stage->floor + (agreement > 0 ? agreement * agreement : 0)) /
      (36 + 0.1 * variance + stage->slack * stage->slack * ((double) cell->xx + cell->yy));

  lince_increment_add (increment, u, v, stage->unit, weight,
      (double[3]){cell->xx, cell->xy, cell->yy}, (double[2]){match->shift_x, match->shift_y});
}

/* One step of the inverse composition. Returns how far it moved, level pixels; negative: it failed.
 */
static double
step (const Stage *stage, const LinceCellMatch *cells, double homography[9])
{
  /* how much a step may be expected to change each parameter, in normalised units */
  const double expected[LINCE_INCREMENT_PARAMETERS] = {
      0.03, 0.03, 3 / stage->unit, 0.03, 0.03, 3 / stage->unit, 0.005, 0.005};
  const LinceTemplate *template = stage->template;
  LinceIncrement increment = {0};

  for (int i = 0; i < template->columns * template->rows; i++) {
    if (cells[i].seen && template->cells[i].energy > 0)
      add_cell (stage, &template->cells[i], &cells[i], &increment);
  }
  return lince_increment_apply (&increment, expected, stage->unit, stage->to_reference, homography);
}

/* Iterates on one stage and leaves the best placement. Returns its correlation. */
static float
run_stage (
    LinceAligner *aligner, const Stage *stage, const LinceAlignPlan *plan, double homography[9])
{
  double current[9];
  float best = stage_match (stage, homography, true, aligner->cells);
  Stage patient = *stage;

  patient.doubt *= 0.5;
  patient.floor = fmax (patient.floor, 0.01);
  memcpy (current, homography, sizeof current);
  for (int i = 0; i < plan->steps; i++) {
    double moved = step (i < PATIENT_STEPS ? &patient : stage, aligner->cells, current);
    float correlation;

    if (moved < 0)
      break;
    correlation = stage_match (stage, current, true, aligner->cells);
    if (correlation > best) {
      best = correlation;
      memcpy (homography, current, sizeof current);
    } else if (correlation < best - 0.1f) {
      break;
    }
    /* little hope after a few steps, or no step worth making */
    if ((i == HOPE_STEPS && best < HOPE * plan->give_up) || moved < stage->still)
      break;
  }
  return best;
}

static void
fill (const LinceAligner *aligner, const Stage *stage, double scale, const double homography[9],
    float correlation, LinceAlignment *alignment)
{
  const LinceTemplate *template = stage->template;
  double octave_scale = sqrt ((double) stage->octave->scale_x * stage->octave->scale_y);

  memcpy (alignment->homography, homography, sizeof alignment->homography);
  alignment->template = template;
  alignment->cells = aligner->cells;
  alignment->octave = stage->octave_number;
  alignment->scale =
      (float) (scale * sqrt (template->to_reference_x * template->to_reference_y) / octave_scale);
  alignment->correlation = correlation;
}

bool
lince_align (LinceAligner *aligner, const LincePyramid *pyramid, const LinceReference *reference,
    const double start[9], const LinceAlignPlan *plan, LinceAlignment *alignment)
{
  double homography[9], scale = lince_level_frame_scale (pyramid, reference, start, MIN_QUAD);
  int finest, level;

  if (!(scale > 0))
    return false;
  memcpy (homography, start, sizeof homography);
  finest = finest_level (pyramid, reference, scale, plan->max_side);
  level = finest;
  while (level + 1 < reference->level_count && level + 1 - finest < plan->stages &&
         longer_side (&reference->levels[level + 1]) >= MIN_COARSE_SIDE)
    level++;
  for (bool coarsest = true; level >= finest; level--, coarsest = false) {
    Stage stage;
    float correlation;

    lince_template_build (&aligner->template, reference, level);
    stage_set (&stage, &aligner->template, pyramid, scale);
    stage_trust (&stage, plan, coarsest && plan->stages > 1, level == finest);
    correlation = run_stage (aligner, &stage, plan, homography);
    if (aligner->trace)
      note_level (aligner->trace, &aligner->template, correlation);
    scale = lince_level_frame_scale (pyramid, reference, homography, MIN_QUAD);
    if (!(scale > 0) || correlation < plan->give_up)
      return false;
    if (coarsest)
      alignment->coarse = correlation;
    if (level > finest)
      continue;
    correlation = stage_match (&stage, homography, false, aligner->cells);
    fill (aligner, &stage, scale, homography, correlation, alignment);
  }
  return true;
}

bool
lince_align_compare (LinceAligner *aligner, const LincePyramid *pyramid,
    const LinceReference *reference, const double homography[9], int max_side,
    LinceAlignment *alignment)
{
  double scale = lince_level_frame_scale (pyramid, reference, homography, MIN_QUAD);
  Stage stage;
  float correlation;

  if (!(scale > 0))
    return false;
  lince_template_build (
      &aligner->template, reference, finest_level (pyramid, reference, scale, max_side));
  stage_set (&stage, &aligner->template, pyramid, scale);
  correlation = stage_match (&stage, homography, false, aligner->cells);
  fill (aligner, &stage, scale, homography, correlation, alignment);
  return true;
}

void
lince_align_loosen (LinceAligner *aligner, const LincePyramid *pyramid, LinceAlignment *alignment)
{
  Stage stage = {
      .template = alignment->template, .octave = lince_pyramid_octave (pyramid, alignment->octave)};
  double map[9];

  stage_map (&stage, alignment->homography, map);
  lince_template_loosen (alignment->template, &stage.octave->grey, map, aligner->cells);
  alignment->correlation = mean_correlation (alignment->template, aligner->cells);
}

/* ---- blur ---------------------------------------------------------------------------------- */

/* The frame's samples where `map` puts the level's pixels, and those. */
static void
blur_planes (LinceAligner *aligner, const LinceReferenceLevel *level, const LinceGrey *grey,
    const double map[9], int stride)
{
  LinceSampling sampling = {
      .data = grey->data, .stride = grey->stride, .width = grey->width, .height = grey->height};

  for (int i = 0; i < 9; i++)
    sampling.map[i] = (float) (map[i] / map[8]);
  lince_kernels ()->sample_rows (
      &sampling, &(LinceRows){stride, level->height, stride}, aligner->frame);
  for (int y = 0; y < level->height; y++)
    for (int x = 0; x < stride; x++) {
      int from = y * level->width + (x < level->width ? x : level->width - 1);

      aligner->model[y * stride + x] = (float) level->luma[from];
      aligner->weight[y * stride + x] = 0;
    }
}

/* Counts the opaque pixels of a cell. */
static void
blur_cell (
    LinceAligner *aligner, const LinceReferenceLevel *level, const LinceCell *cell, int stride)
{
  for (int y = (int) cell->y; y < (int) cell->y + LINCE_CELL_SIDE && y < level->height; y++)
    for (int x = (int) cell->x; x < (int) cell->x + LINCE_CELL_SIDE && x < level->width; x++)
      aligner->weight[y * stride + x] =
          level->mask && level->mask[y * level->width + x] < 128 ? 0 : 1;
}

float
lince_align_blur (LinceAligner *aligner, const LincePyramid *pyramid,
    const LinceReference *reference, const LinceAlignment *alignment)
{
  const LinceTemplate *template = alignment->template;
  const LinceReferenceLevel *level = &reference->levels[template->level];
  Stage stage = {.template = template, .octave = lince_pyramid_octave (pyramid, alignment->octave)};
  int stride = (level->width + LINCE_LANES - 1) / LINCE_LANES * LINCE_LANES;
  double octave = sqrt ((double) stage.octave->scale_x * stage.octave->scale_y), map[9];

  stage_map (&stage, alignment->homography, map);
  if (stride * level->height > BLUR_PIXELS || !(fabs (map[8]) > 1e-12))
    return -1;
  blur_planes (aligner, level, &stage.octave->grey, map, stride);
  for (int i = 0; i < template->columns * template->rows; i++)
    if (alignment->cells[i].seen && alignment->cells[i].correlation > BLUR_AGREEMENT)
      blur_cell (aligner, level, &template->cells[i], stride);
  return lince_blur_measure (&(LinceBlurPlanes){.stride = stride,
      .rows = level->height,
      .model = aligner->model,
      .scratch = aligner->scratch,
      .frame = aligner->frame,
      .weight = aligner->weight,
      .scale = octave * (double) alignment->scale,
      .octave = octave});
}
