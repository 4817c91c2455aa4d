/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/composite.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/blur.h"
#include "recognition/canvas.h"
#include "recognition/comparison.h"
#include "recognition/ground.h"
#include "recognition/increment.h"
#include "recognition/kernels/kernels.h"
#include "recognition/lanes.h"
#include "recognition/levels.h"
#include "recognition/light.h"
#include "recognition/quad.h"

#define CELL LINCE_COMPARISON_CELL
#define MIN_SIDE 12.0         /* frame pixels across */
#define MIN_AREA 640.0        /* frame pixels: below it shapes of all kinds are alike */
#define MAX_STRETCH 2.4       /* a tilt of 60 degrees halves one side; pixels need not be square */
#define LEAST_PIXELS 0.7      /* of the frame for one of a level */
#define UPRIGHT_STRETCH 0.003 /* a step, of a mark that is only moved and scaled */

/* Opacity of a mark that is fixed to the screen, and of one that is not, whose thin parts may only
 * look translucent. */
#define LEAST_OPACITY 0.15f
#define LEAST_SOLID 0.5f
#define OWN_INK 0.5f /* opacity from which a pixel is a mark's own */

#define TRANSLUCENT 0.85f /* opacity below which what shows through a mark tells its ground */

#define RIVAL_SOLVES 2

/* Of a placement whose blur is worth measuring. */
#define BLUR_AGREEMENT 0.5f

struct LinceCompositor {
  LinceCanvas canvas;
  LinceCanvasPlane ink; /* of the first of two rivals */
};

LinceCompositor *
lince_compositor_new (LinceError *error)
{
  LinceCompositor *compositor = calloc (1, sizeof *compositor);

  if (!compositor)
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a compositor");
  return compositor;
}

void
lince_compositor_free (LinceCompositor *compositor)
{
  free (compositor);
}

/* The mean square of the mark's contrast with the ground, of a component. */
static float
contrast_of (const LinceCanvas *c, int k)
{
  LinceLanes sum = {0}, weights = {0};

  for (int i = 0; i < c->count; i += LINCE_LANES) {
    LinceLanes d = lince_lanes_load (c->model[k] + i) - lince_lanes_load (c->ground[k] + i);
    LinceLanes a = lince_lanes_load (c->alpha + i);

    sum += a * d * d;
    weights += a;
  }
  return lince_lanes_sum (sum) / fmaxf (lince_lanes_sum (weights), 1.f);
}

/* Adds the displacement equations of a cell: gradients of the model times what is left, weighed by
 * how far it is off. */
static void
add_cell (const LinceCanvas *c, int x, int y, const float *tolerances, LinceIncrement *increment)
{
  double half = (c->columns > c->rows ? c->columns : c->rows) / 2.0;
  int i = y * c->stride + x, end = y + CELL < c->rows - 1 ? y + CELL : c->rows - 1;
  LinceRows rows = {CELL, end - y, c->stride};
  float sums[LINCE_SHIFT_SUMS][LINCE_ROW_LANES] = {0};
  double total[LINCE_SHIFT_SUMS];

  for (int k = 0; k < c->components; k++) {
    LinceShiftPlanes planes = {c->model[k] + i, c->frame[k] + i, c->valid + i, tolerances[k]};

    lince_kernels ()->shift_cell (&planes, &rows, sums);
  }
  for (int n = 0; n < LINCE_SHIFT_SUMS; n++)
    total[n] = (double) lince_lanes_sum (lince_lanes_load (sums[n]));
  if (total[LINCE_SHIFT_XX] > 0 || total[LINCE_SHIFT_YY] > 0)
    lince_increment_add (increment, (x + CELL / 2.0 - c->columns / 2.0) / half,
        ((y + end) / 2.0 - c->rows / 2.0) / half, half, LINCE_COMPARISON_INDEPENDENT / 64,
        (double[3]){total[LINCE_SHIFT_XX], total[LINCE_SHIFT_XY], total[LINCE_SHIFT_YY]},
        (double[2]){total[LINCE_SHIFT_X], total[LINCE_SHIFT_Y]});
}

/* One step. Returns how far it moved, pixels; negative: it failed. */
static double
step (const LinceCanvas *c, bool upright, double homography[9])
{
  double half = (c->columns > c->rows ? c->columns : c->rows) / 2.0;
  double to_reference[9], place = 4 / half, turn = upright ? 1e-4 : 0.05;
  double bend = upright ? 1e-5 : 0.005;
  const double expected[LINCE_INCREMENT_PARAMETERS] = {
      0.06, turn, place, turn, 0.06, place, bend, bend};
  float tolerances[LINCE_CANVAS_COMPONENTS];
  LinceIncrement increment = {0};

  for (int k = 0; k < c->components; k++)
    tolerances[k] = 2 * lince_comparison_noise[k] + 0.1f * contrast_of (c, k);
  lince_homography_compose (c->to_reference,
      (double[9]){half, 0, c->columns / 2.0, 0, half, c->rows / 2.0, 0, 0, 1}, to_reference);
  for (int y = 1; y + 1 < c->rows; y += CELL)
    for (int x = CELL; x + CELL < c->stride; x += CELL)
      add_cell (c, x, y, tolerances, &increment);
  if (upright)
    lince_increment_keep_shape (&increment, UPRIGHT_STRETCH);
  return lince_increment_apply (&increment, expected, half, to_reference, homography);
}

/* ---- blur ---------------------------------------------------------------------------------- */

/* Of the mark and what is next to it, in luma. Needs the frame, and leaves no model. */
static float
measure_blur (LinceCanvas *c, const LinceLight *light, double scale, double octave)
{
  lince_ground_estimate (c);
  lince_light_compose (c, light, c->model);
  for (int y = 0; y < c->rows; y++)
    for (int x = 0; x < c->stride; x++) {
      float near = 0;

      for (int i = y > 2 ? y - 2 : 0; i <= y + 2 && i < c->rows; i += 2)
        for (int k = x > 2 ? x - 2 : 0; k <= x + 2 && k < c->stride; k += 2)
          near = fmaxf (near, c->alpha[i * c->stride + k]);
      c->weight[y * c->stride + x] = near > 0.02f ? c->valid[y * c->stride + x] : 0;
    }
  return lince_blur_measure (&(LinceBlurPlanes){.stride = c->stride,
      .rows = c->rows,
      .model = c->model[0],
      .scratch = c->left[0],
      .frame = c->frame[0],
      .weight = c->weight,
      .scale = scale,
      .octave = octave});
}

/* ---- levels -------------------------------------------------------------------------------- */

/* The larger over the smaller scale of the homography at the picture's middle, from its derivative:
 * for a 2 x 2 matrix of determinant d whose elements' squares sum up to s, ratio + 1 / ratio is
 * s / |d|. */
static double
stretch (const LinceReference *reference, const double h[9])
{
  double x = reference->width / 2.0, y = reference->height / 2.0;
  double w = h[6] * x + h[7] * y + h[8];
  double u = (h[0] * x + h[1] * y + h[2]) / w, v = (h[3] * x + h[4] * y + h[5]) / w;
  double a = h[0] - h[6] * u, b = h[1] - h[7] * u, c = h[3] - h[6] * v, d = h[4] - h[7] * v;
  double half = (a * a + b * b + c * c + d * d) / (2 * fabs (a * d - b * c));

  return half + sqrt (half > 1 ? half * half - 1 : 0);
}

/* Frame pixels for one reference pixel. 0 where no mark is told from others. */
static double
frame_scale (const LincePyramid *pyramid, const LinceReference *reference, const double h[9])
{
  double scale = lince_level_frame_scale (pyramid, reference, h, MIN_SIDE);
  double area = scale * scale * reference->width * reference->height;

  return area >= MIN_AREA && stretch (reference, h) <= MAX_STRETCH ? scale : 0;
}

static int
finest_level (const LincePyramid *pyramid, const LinceReference *reference, double scale, int area)
{
  return lince_level_finest (
      pyramid, reference, scale, &(LinceLevelBounds){area, INT_MAX, LEAST_PIXELS});
}

/* The mark and the frame where it is placed, on one level. */
static bool
show_level (LinceCanvas *c, const LincePyramid *pyramid, const LinceReference *reference, int level,
    const double homography[9])
{
  double scale = frame_scale (pyramid, reference, homography);

  return scale > 0 && lince_canvas_take_frame (
                          c, pyramid, homography, lince_level_scale (reference, level, scale));
}

/* The light of the mark where it is placed. Once known it changes little from step to step and from
 * frame to frame; where a level ends it is told anew, for one that followed what covered a mark for
 * a moment would not come back (0.03 of the recall of a clip with half-covered marks). */
static void
tell_light (const LinceCanvas *c, const LinceCompositePlan *plan, bool last, LinceLight *light)
{
  float least = plan->translucent ? LEAST_OPACITY : LEAST_SOLID;

  if (last || !(light->opacity > 0))
    lince_light_fit (c, least, light);
  else
    lince_light_refine (c, least, light);
}

/* Whether nothing speaks for a mark after so many steps, so that the rest may be spared. Of 4,302
 * trials on 16 clips after two steps, 3,380 of the wrong ones had no evidence, and the least of the
 * right ones 8.5. */
static bool
is_hopeless (LinceCanvas *c, const LinceCompositePlan *plan, int steps)
{
  LinceComparison comparison;

  if (plan->glance == 0 || steps != plan->glance)
    return false;
  lince_comparison_with_mean (c, &comparison);
  return comparison.evidence < 0;
}

/* Moves the mark until it lies still, and leaves its light and model. */
static bool
align_level (LinceCanvas *c, const LincePyramid *pyramid, const LinceReference *reference,
    int level, const LinceCompositePlan *plan, bool finest, LinceLight *light, double homography[9])
{
  lince_canvas_take_reference (c, reference, level);
  lince_canvas_soften (
      c, lince_level_scale (reference, level, frame_scale (pyramid, reference, homography)));
  for (int i = 0;; i++) {
    double moved;

    if (!show_level (c, pyramid, reference, level, homography))
      return false;
    lince_ground_estimate (c);
    tell_light (c, plan, i >= plan->steps, light);
    lince_light_compose (c, light, c->model);
    if (i >= plan->steps)
      return true;
    moved = step (c, plan->upright, homography);
    if (moved < 0 || (finest && is_hopeless (c, plan, i)))
      return false;
    if (moved < (finest ? 0.03 : 0.1) && i + 1 < plan->steps)
      i = plan->steps - 1;
  }
}

/* The light of a composition, whose gain is apart from its opacity. */
static LinceLight
from_composition (const LinceCompositeLight *light)
{
  return (LinceLight){light->opacity, light->opacity * light->gain, light->lift};
}

static void
judge_level (LinceCanvas *c, const LinceLight *light, LinceComposition *composition)
{
  LinceComparison comparison;

  if (light->opacity < TRANSLUCENT) {
    lince_ground_look_through (c, (float[3]){light->opacity, light->scale, light->lift});
    lince_light_compose (c, light, c->model);
  }
  lince_comparison_with_mean (c, &comparison);
  composition->evidence = comparison.evidence;
  composition->contrast = comparison.contrast;
  composition->agreement = comparison.agreement;
  composition->evenness = comparison.evenness;
  composition->colour = comparison.colour;
  composition->light =
      (LinceCompositeLight){light->opacity, light->scale / light->opacity, light->lift};
  composition->blur = -1;
}

static void
tell_blur (LinceCanvas *c, const LincePyramid *pyramid, const LinceReference *reference, int level,
    const LinceLight *light, LinceComposition *composition)
{
  double scale = lince_level_scale (
      reference, level, frame_scale (pyramid, reference, composition->homography));
  const LincePyramidLevel *octave =
      lince_pyramid_octave (pyramid, lince_level_octave (pyramid, 0, scale));

  composition->blur =
      measure_blur (c, light, scale, sqrt ((double) octave->scale_x * octave->scale_y));
}

bool
lince_composite_align (LinceCompositor *compositor, const LincePyramid *pyramid,
    const LinceReference *reference, const double start[9], const LinceCompositePlan *plan,
    LinceComposition *composition)
{
  double scale = frame_scale (pyramid, reference, start);
  LinceCanvas *c = &compositor->canvas;
  int finest, level;
  LinceLight light = from_composition (&plan->light);

  *composition = (LinceComposition){0};
  if (!(scale > 0))
    return false;
  memcpy (composition->homography, start, sizeof composition->homography);
  finest = finest_level (pyramid, reference, scale, plan->area);
  level = finest + plan->stages - 1;
  if (level > reference->level_count - 1)
    level = reference->level_count - 1;
  for (; level >= finest; level--) {
    if (!align_level (
            c, pyramid, reference, level, plan, level == finest, &light, composition->homography))
      return false;
    judge_level (c, &light, composition);
    if (level > finest && composition->agreement < plan->least)
      return false;
  }
  if (plan->blur && composition->agreement >= BLUR_AGREEMENT)
    tell_blur (c, pyramid, reference, finest, &light, composition);
  return true;
}

/* ---- rivals -------------------------------------------------------------------------------- */

static void
explain (LinceCanvas *c, const LinceComposition *composition, LinceCanvasPlane *model)
{
  LinceLight light = from_composition (&composition->light);

  lince_ground_estimate (c);
  if (!(light.opacity > 0))
    lince_light_fit (c, LEAST_OPACITY, &light);
  /* each in its best light here: what it had on a coarser level would speak against it */
  for (int i = 0; i < RIVAL_SOLVES; i++)
    lince_light_refine (c, LEAST_OPACITY, &light);
  lince_light_compose (c, &light, model);
}

/* Leaves in `model` and `left` what the two make of the place of the first, and in `ink` how opaque
 * the first is there. */
static bool
explain_both (LinceCompositor *compositor, const LincePyramid *pyramid, const LinceReference *first,
    const LinceComposition *first_composition, const LinceReference *second,
    const LinceComposition *second_composition, int area)
{
  double scale = frame_scale (pyramid, first, first_composition->homography);
  LinceCanvas *c = &compositor->canvas;
  double inverse[9], between[9];
  int level;

  if (!(scale > 0) || !lince_homography_inverse (second_composition->homography, inverse))
    return false;
  level = finest_level (pyramid, first, scale, area);
  lince_canvas_take_reference (c, first, level);
  lince_canvas_soften (c, lince_level_scale (first, level, scale));
  if (!show_level (c, pyramid, first, level, first_composition->homography))
    return false;
  explain (c, first_composition, c->model);
  memcpy (compositor->ink, c->alpha, (size_t) c->count * sizeof c->alpha[0]);
  lince_homography_compose (inverse, first_composition->homography, between);
  if (!lince_canvas_take_other (c, second, between))
    return 0;
  lince_canvas_soften (c, lince_level_scale (first, level, scale));
  explain (c, second_composition, c->left);
  return true;
}

float
lince_composite_rivals (LinceCompositor *compositor, const LincePyramid *pyramid,
    const LinceReference *first, const LinceComposition *first_composition,
    const LinceReference *second, const LinceComposition *second_composition, int area)
{
  return explain_both (
             compositor, pyramid, first, first_composition, second, second_composition, area)
             ? lince_comparison_of_models (&compositor->canvas)
             : 0;
}

float
lince_composite_own (LinceCompositor *compositor, const LincePyramid *pyramid,
    const LinceReference *first, const LinceComposition *first_composition,
    const LinceReference *second, const LinceComposition *second_composition, int area)
{
  LinceCanvas *c = &compositor->canvas;

  if (!explain_both (
          compositor, pyramid, first, first_composition, second, second_composition, area))
    return 0;
  for (int i = 0; i < c->count; i++)
    c->valid[i] = compositor->ink[i] >= OWN_INK ? c->valid[i] : 0;
  return lince_comparison_of_models (c);
}
