/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/light.h"

#include <math.h>

#include "recognition/kernels/kernels.h"
#include "recognition/lanes.h"
#include "recognition/limit.h"

#define SOLVES 3     /* rounds of reweighting */
#define LARGE 4096   /* pixels of a level */
#define OUTLIER 16.f /* levels: what a pixel may be off before it counts half */

/* How much a component counts. */
static const float importance[LINCE_CANVAS_COMPONENTS] = {1, 2.25f, 2.25f};

typedef struct {
  float oo, oq, op, qq, qp, pp, o, q, p; /* normal equations */
  float weight;                          /* of all pixels */
} LightSums;

static LinceLightPlanes
planes_of (const LinceCanvas *c, int k, int from)
{
  return (LinceLightPlanes){(k == 0 ? c->alpha : c->soft_alpha) + from, c->valid + from,
      c->ground[k] + from, c->colour[k] + from, c->frame[k] + from, k == 0 ? 1.f : 0.f,
      1 / (OUTLIER * OUTLIER)};
}

static LinceRows
rows_of (const LinceCanvas *c)
{
  return (LinceRows){c->stride, c->rows, c->stride};
}

static float
sum_of (const float sums[LINCE_ROW_LANES])
{
  return lince_lanes_sum (lince_lanes_load (sums));
}

/* Adds a component with weights that fall where `light` leaves much. */
static void
add_light (const LinceCanvas *c, int k, const LinceLight *light, LightSums *to)
{
  /* a large level tells enough by every third row */
  int step = c->count > LARGE ? 3 : 1, first = c->margin % step;
  LinceRows rows = {c->stride, (c->rows - first + step - 1) / step, c->stride * step};
  LinceLightPlanes planes = planes_of (c, k, first * c->stride);
  float sums[LINCE_LIGHT_SUMS][LINCE_ROW_LANES] = {0}, share = importance[k];

  lince_kernels ()->light_rows (
      &planes, &rows, (float[3]){light->opacity, light->scale, light->lift}, sums);
  to->weight += share * sum_of (sums[LINCE_LIGHT_WEIGHT]);
  to->oo += share * sum_of (sums[LINCE_LIGHT_OO]);
  to->oq += share * sum_of (sums[LINCE_LIGHT_OQ]);
  to->op += share * sum_of (sums[LINCE_LIGHT_OP]);
  to->qq += share * sum_of (sums[LINCE_LIGHT_QQ]);
  to->qp += share * sum_of (sums[LINCE_LIGHT_QP]);
  to->pp += share * sum_of (sums[LINCE_LIGHT_PP]);
  to->o += share * sum_of (sums[LINCE_LIGHT_O]);
  to->q += share * sum_of (sums[LINCE_LIGHT_Q]);
  to->p += share * sum_of (sums[LINCE_LIGHT_P]);
}

/* Where pixels leave open what of opacity, gain and lift explains them (a flat mark on a flat
 * ground), the usual: a gain of 0.95, a lift of 0. It weighs in proportion to the pixels, for what
 * the model errs by does not fall with their number. */
static void
add_usual (LightSums *sums)
{
  const float gain = 0.95f, opacity_weight = 100;
  const float gain_weight = 1e4f + 15 * sums->weight, lift_weight = 10 + 0.03f * sums->weight;

  sums->oo += gain_weight * gain * gain + opacity_weight;
  sums->oq -= gain_weight * gain;
  sums->qq += gain_weight;
  sums->pp += lift_weight;
  sums->o += opacity_weight * 0.8f;
}

/* Opacity from the reduced normal equations, then gain with it, then lift with both, each within
 * its limits. */
static LinceLight
solve_light (const LightSums *s, float least_opacity)
{
  double oo = s->oo, oq = s->oq, op = s->op, qq = s->qq, qp = s->qp, pp = s->pp;
  double determinant = qq * pp - qp * qp;
  double fq = (oq * pp - op * qp) / determinant, fp = (op * qq - oq * qp) / determinant;
  double schur = oo - oq * fq - op * fp, right = s->o - s->q * fq - s->p * fp;
  LinceLight light;

  light.opacity = lince_limit ((float) (right / schur), least_opacity, 1.f);
  fq = ((s->q - oq * light.opacity) * pp - (s->p - op * light.opacity) * qp) / determinant;
  light.scale = lince_limit ((float) fq, 0.45f * light.opacity, 1.5f * light.opacity);
  fp = (s->p - op * light.opacity - qp * light.scale) / pp;
  light.lift = lince_limit ((float) fp, -25.f * light.opacity, 25.f * light.opacity);
  return light;
}

/* What the light leaves, bounded for every pixel, so that what is covered does not decide. */
static float
light_cost (const LinceCanvas *c, const LinceLight *light)
{
  LinceRows rows = rows_of (c);
  float cost = 0;

  for (int k = 0; k < c->components; k++) {
    LinceLightPlanes planes = planes_of (c, k, 0);
    float sums[LINCE_ROW_LANES] = {0};

    lince_kernels ()->light_cost_rows (
        &planes, &rows, (float[3]){light->opacity, light->scale, light->lift}, sums);
    cost += importance[k] * sum_of (sums);
  }
  return cost;
}

void
lince_light_refine (const LinceCanvas *c, float least_opacity, LinceLight *light)
{
  LightSums sums = {0};

  for (int k = 0; k < c->components; k++)
    add_light (c, k, light, &sums);
  add_usual (&sums);
  *light = solve_light (&sums, least_opacity);
}

void
lince_light_fit (const LinceCanvas *c, float least_opacity, LinceLight *light)
{
  static const LinceLight starts[] = {{1.f, .95f, 0}, {.5f, .475f, 0}};
  float least = INFINITY;

  for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
    LinceLight tried = starts[i];
    float cost;

    for (int round = 0; round < SOLVES; round++)
      lince_light_refine (c, least_opacity, &tried);
    cost = light_cost (c, &tried);
    if (cost < least) {
      least = cost;
      *light = tried;
    }
  }
}

void
lince_light_compose (const LinceCanvas *c, const LinceLight *light, LinceCanvasPlane *model)
{
  LinceRows rows = rows_of (c);

  for (int k = 0; k < c->components; k++) {
    LinceLightPlanes planes = planes_of (c, k, 0);

    lince_kernels ()->compose_rows (
        &planes, &rows, (float[3]){light->opacity, light->scale, light->lift}, model[k]);
  }
}
