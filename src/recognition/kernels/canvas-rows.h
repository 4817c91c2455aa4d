/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The loops over planes of floats (kernels.h), written once in eight lanes and compiled for each
 * level: the order of sums is the same everywhere, and compilers do as well as intrinsics. */
#pragma once

#include "recognition/kernels/kernels.h"
#include "recognition/lanes.h"

_Static_assert(LINCE_ROW_LANES == LINCE_LANES, "the lanes of kernels.h");

static inline void
add_to_sums (float sums[LINCE_ROW_LANES], LinceLanes lanes)
{
  lince_lanes_store (sums, lince_lanes_load (sums) + lanes);
}

static void
sample_rows (const LinceSampling *s, const LinceRows *rows, float *out)
{
  const LinceLanes steps = {0.5f, 1.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f, 7.5f};
  const LinceGrey grey = {s->data, s->stride, s->width, s->height};
  const float *m = s->map;

  for (int row = 0; row < rows->rows; row++) {
    float v = s->top + (float) row + 0.5f;

    for (int i = 0; i < rows->count; i += LINCE_LANES) {
      LinceLanes u = steps + (s->left + (float) i);
      LinceLanes w = 1.0f / (m[6] * u + (m[7] * v + m[8]));
      LinceLanes x = (m[0] * u + (m[1] * v + m[2])) * w - 0.5f;
      LinceLanes y = (m[3] * u + (m[4] * v + m[5])) * w - 0.5f;

      lince_lanes_store (
          out + row * rows->stride + i, lince_lanes_sample (&grey, x, y) - s->offset);
    }
  }
}

static void
light_rows (const LinceLightPlanes *p, const LinceRows *rows, const float light[3],
    float sums[LINCE_LIGHT_SUMS][LINCE_ROW_LANES])
{
  LinceLanes oo = {0}, oq = {0}, op = {0}, qq = {0}, qp = {0}, pp = {0}, o = {0}, q = {0};
  LinceLanes last = {0}, weight = {0};

  for (int y = 0; y < rows->rows; y++)
    for (int i = y * rows->stride; i < y * rows->stride + rows->count; i += LINCE_LANES) {
      LinceLanes a = lince_lanes_load (p->alpha + i), ground = lince_lanes_load (p->ground + i);
      LinceLanes seen = lince_lanes_load (p->frame + i) - ground;
      LinceLanes along_o = -a * ground, along_q = a * lince_lanes_load (p->colour + i);
      LinceLanes along_p = a * p->lifted;
      LinceLanes r = seen - along_o * light[0] - along_q * light[1] - along_p * light[2];
      LinceLanes w = a * lince_lanes_load (p->valid + i) / (1.0f + r * r * p->outlier);

      weight += w;
      oo += w * along_o * along_o;
      oq += w * along_o * along_q;
      op += w * along_o * along_p;
      qq += w * along_q * along_q;
      qp += w * along_q * along_p;
      pp += w * along_p * along_p;
      o += w * along_o * seen;
      q += w * along_q * seen;
      last += w * along_p * seen;
    }
  add_to_sums (sums[LINCE_LIGHT_OO], oo);
  add_to_sums (sums[LINCE_LIGHT_OQ], oq);
  add_to_sums (sums[LINCE_LIGHT_OP], op);
  add_to_sums (sums[LINCE_LIGHT_QQ], qq);
  add_to_sums (sums[LINCE_LIGHT_QP], qp);
  add_to_sums (sums[LINCE_LIGHT_PP], pp);
  add_to_sums (sums[LINCE_LIGHT_O], o);
  add_to_sums (sums[LINCE_LIGHT_Q], q);
  add_to_sums (sums[LINCE_LIGHT_P], last);
  add_to_sums (sums[LINCE_LIGHT_WEIGHT], weight);
}

static void
light_cost_rows (const LinceLightPlanes *p, const LinceRows *rows, const float light[3],
    float sums[LINCE_ROW_LANES])
{
  LinceLanes sum = {0};

  for (int y = 0; y < rows->rows; y++)
    for (int i = y * rows->stride; i < y * rows->stride + rows->count; i += LINCE_LANES) {
      LinceLanes a = lince_lanes_load (p->alpha + i), ground = lince_lanes_load (p->ground + i);
      LinceLanes r = lince_lanes_load (p->frame + i) - ground -
                     a * (lince_lanes_load (p->colour + i) * light[1] - ground * light[0] +
                             p->lifted * light[2]);

      r = r * r * p->outlier;
      sum += a * lince_lanes_load (p->valid + i) * (r / (1.0f + r));
    }
  add_to_sums (sums, sum);
}

static void
compose_rows (const LinceLightPlanes *p, const LinceRows *rows, const float light[3], float *model)
{
  float lift = p->lifted * light[2];

  for (int y = 0; y < rows->rows; y++)
    for (int i = y * rows->stride; i < y * rows->stride + rows->count; i += LINCE_LANES) {
      LinceLanes ground = lince_lanes_load (p->ground + i);
      LinceLanes mark = lince_lanes_load (p->colour + i) * light[1] + lift - ground * light[0];

      lince_lanes_store (model + i, ground + lince_lanes_load (p->alpha + i) * mark);
    }
}

static void
change_columns (const float *const in[2], const float *const out[2], float *sums, int count)
{
  for (int i = 0; i < count; i += LINCE_LANES)
    lince_lanes_store (
        sums + i, lince_lanes_load (sums + i) +
                      (lince_lanes_load (in[0] + i) * lince_lanes_load (in[1] + i) -
                          lince_lanes_load (out[0] + i) * lince_lanes_load (out[1] + i)));
}

static void
shift_cell (
    const LinceShiftPlanes *p, const LinceRows *rows, float sums[LINCE_SHIFT_SUMS][LINCE_ROW_LANES])
{
  LinceLanes xx = {0}, xy = {0}, yy = {0}, rx = {0}, ry = {0};

  for (int y = 0; y < rows->rows; y++) {
    const float *m = p->model + y * rows->stride;
    LinceLanes x = (lince_lanes_load (m + 1) - lince_lanes_load (m - 1)) * 0.5f;
    LinceLanes d = (lince_lanes_load (m + rows->stride) - lince_lanes_load (m - rows->stride));
    LinceLanes r = lince_lanes_load (p->frame + y * rows->stride) - lince_lanes_load (m);
    LinceLanes w = lince_lanes_load (p->valid + y * rows->stride) / (p->tolerance + 0.5f * r * r);

    d *= 0.5f;
    xx += w * x * x;
    xy += w * x * d;
    yy += w * d * d;
    rx += w * x * r;
    ry += w * d * r;
  }
  add_to_sums (sums[LINCE_SHIFT_XX], xx);
  add_to_sums (sums[LINCE_SHIFT_XY], xy);
  add_to_sums (sums[LINCE_SHIFT_YY], yy);
  add_to_sums (sums[LINCE_SHIFT_X], rx);
  add_to_sums (sums[LINCE_SHIFT_Y], ry);
}

static void
left_cell (const LinceLeftPlanes *p, const LinceRows *rows, float first[LINCE_ROW_LANES],
    float second[LINCE_ROW_LANES])
{
  LinceLanes a = {0}, b = {0};

  for (int y = 0; y < rows->rows; y++) {
    int i = y * rows->stride;
    LinceLanes w = lince_lanes_load (p->weight + i) * p->factor;
    LinceLanes frame = lince_lanes_load (p->frame + i);
    LinceLanes d = frame - lince_lanes_load (p->first + i);
    LinceLanes e = frame - lince_lanes_load (p->second + i);

    a += w * d * d;
    b += w * e * e;
  }
  add_to_sums (first, a);
  add_to_sums (second, b);
}

/* By how much pixels of `plane` lie outside of what `other` has there and next to it. */
static inline LinceLanes
outside_of (const float *plane, const float *other, int stride)
{
  LinceLanes value = lince_lanes_load (plane), least = lince_lanes_load (other), most = least;

  for (int row = -stride; row <= stride; row += stride)
    for (int x = -1; x <= 1; x++) {
      LinceLanes near = lince_lanes_load (other + row + x);

      least = lince_lanes_least (least, near);
      most = lince_lanes_most (most, near);
    }
  return lince_lanes_most (lince_lanes_most (least - value, value - most), (LinceLanes){0});
}

static void
apart_rows (
    const float *first, const float *second, const LinceRows *rows, float factor, float *difference)
{
  for (int y = 0; y < rows->rows; y++)
    for (int i = y * rows->stride; i < y * rows->stride + rows->count; i += LINCE_LANES) {
      LinceLanes d = lince_lanes_most (outside_of (first + i, second + i, rows->stride),
          outside_of (second + i, first + i, rows->stride));

      lince_lanes_store (difference + i, lince_lanes_load (difference + i) + d * d * factor);
    }
}
