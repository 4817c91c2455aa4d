/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/light.h"

#include <math.h>

#include "recognition/lanes.h"

#define SOLVES 3     /* rounds of reweighting */
#define OUTLIER 16.f /* levels: what a pixel may be off before it counts half */

/* How much a component counts. */
static const float importance[LINCE_CANVAS_COMPONENTS] = {1, 2.25f, 2.25f};

typedef struct {
  float oo, oq, op, qq, qp, pp, o, q, p; /* normal equations */
  float weight;                          /* of all pixels */
} LightSums;

/* Adds a component with weights that fall where `light` leaves much. */
static void
add_light (const LinceCanvas *c, int k, const LinceLight *light, LightSums *sums)
{
  LinceLanes oo = {0}, oq = {0}, op = {0}, qq = {0}, qp = {0}, pp = {0}, o = {0}, q = {0}, p = {0};
  LinceLanes weight = {0};
  float lift = k == 0 ? 1.f : 0.f;
  /* a large level tells enough by every third row */
  int step = c->count > 4096 ? 3 : 1;

  for (int y = c->margin % step; y < c->rows; y += step)
    for (int x = 0; x < c->stride; x += LINCE_LANES) {
      int i = y * c->stride + x;
      LinceLanes a = lince_lanes_load (c->alpha + i);
      LinceLanes ground = lince_lanes_load (c->ground[k] + i);
      LinceLanes seen = lince_lanes_load (c->frame[k] + i) - ground;
      LinceLanes along_o = -a * ground, along_q = a * lince_lanes_load (c->colour[k] + i);
      LinceLanes along_p = a * lift;
      LinceLanes r =
          seen - along_o * light->opacity - along_q * light->scale - along_p * light->lift;
      LinceLanes w = a * lince_lanes_load (c->valid + i) * importance[k];

      w = w / (1.0f + r * r * (1 / (OUTLIER * OUTLIER)));
      weight += w;
      oo += w * along_o * along_o;
      oq += w * along_o * along_q;
      op += w * along_o * along_p;
      qq += w * along_q * along_q;
      qp += w * along_q * along_p;
      pp += w * along_p * along_p;
      o += w * along_o * seen;
      q += w * along_q * seen;
      p += w * along_p * seen;
    }
  sums->weight += lince_lanes_sum (weight);
  sums->oo += lince_lanes_sum (oo);
  sums->oq += lince_lanes_sum (oq);
  sums->op += lince_lanes_sum (op);
  sums->qq += lince_lanes_sum (qq);
  sums->qp += lince_lanes_sum (qp);
  sums->pp += lince_lanes_sum (pp);
  sums->o += lince_lanes_sum (o);
  sums->q += lince_lanes_sum (q);
  sums->p += lince_lanes_sum (p);
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

static float
limit (float value, float low, float high)
{
  return value > low ? value < high ? value : high : low;
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

  light.opacity = limit ((float) (right / schur), least_opacity, 1.f);
  fq = ((s->q - oq * light.opacity) * pp - (s->p - op * light.opacity) * qp) / determinant;
  light.scale = limit ((float) fq, 0.45f * light.opacity, 1.5f * light.opacity);
  fp = (s->p - op * light.opacity - qp * light.scale) / pp;
  light.lift = limit ((float) fp, -25.f * light.opacity, 25.f * light.opacity);
  return light;
}

/* What the light leaves, bounded for every pixel, so that what is covered does not decide. */
static float
light_cost (const LinceCanvas *c, const LinceLight *light)
{
  LinceLanes sum = {0};

  for (int k = 0; k < c->components; k++)
    for (int i = 0; i < c->count; i += LINCE_LANES) {
      LinceLanes a = lince_lanes_load (c->alpha + i), g = lince_lanes_load (c->ground[k] + i);
      LinceLanes r = lince_lanes_load (c->frame[k] + i) - g -
                     a * (lince_lanes_load (c->colour[k] + i) * light->scale - g * light->opacity);

      if (k == 0)
        r -= a * light->lift;
      r = r * r * (1 / (OUTLIER * OUTLIER));
      sum += a * lince_lanes_load (c->valid + i) * importance[k] * (r / (1.0f + r));
    }
  return lince_lanes_sum (sum);
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
  for (int k = 0; k < c->components; k++) {
    float lift = k == 0 ? light->lift : 0;

    for (int i = 0; i < c->count; i++)
      model[k][i] = c->ground[k][i] + c->alpha[i] * (c->colour[k][i] * light->scale + lift -
                                                        c->ground[k][i] * light->opacity);
  }
}
