/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/composite.h"

#include <math.h>
#include <stdlib.h>

#include "recognition/blur.h"
#include "recognition/increment.h"
#include "recognition/lanes.h"
#include "recognition/quad.h"

#define COMPONENTS 3 /* luma, Cb, Cr */
#define CELL 8
#define MAX_PIXELS 24576 /* of a level with its margin */
#define MIN_SIDE 12.0    /* frame pixels across */
#define MIN_AREA 640.0   /* frame pixels: below it shapes of all kinds are alike */
#define MAX_STRETCH 2.4  /* a tilt of 60 degrees halves one side; pixels need not be square */
#define INDEPENDENT 6.0f /* independent pixels of a cell's 64: compressed video is smooth */
#define MOST_VOTE 2.8f
#define LEAST_VOTE (-1.0f)
#define UPRIGHT_STRETCH 0.003 /* a step, of a mark that is only moved and scaled */
#define SOLVES 3              /* rounds of reweighting */
#define OUTLIER 16.f          /* levels: what a pixel may be off before it counts half */

/* Opacity of a mark that is fixed to the screen, and of one that is not, whose thin parts may only
 * look translucent. */
#define LEAST_OPACITY 0.15f
#define LEAST_SOLID 0.5f

/* Of a placement whose blur is worth measuring. */
#define BLUR_AGREEMENT 0.5f

/* Squared levels by which the model errs at best: noise, compression, edges. */
static const float noise[COMPONENTS] = {16, 6, 6};
/* How much a component counts in the fit of the light. */
static const float importance[COMPONENTS] = {1, 2.25f, 2.25f};

/* The light: opacity, opacity * gain, opacity * lift. */
typedef struct {
  float opacity, scale, lift;
} Light;

struct LinceCompositor {
  int columns, rows; /* of the level with its margin; rows have `columns` rounded up to lanes */
  int stride, margin, count;
  double to_reference[9]; /* pixels of the level with margin to reference pixels */
  float alpha[MAX_PIXELS];
  float colour[COMPONENTS][MAX_PIXELS];
  float frame[COMPONENTS][MAX_PIXELS];
  float valid[MAX_PIXELS]; /* 1 inside the frame, 0 outside */
  float ground[COMPONENTS][MAX_PIXELS];
  float model[COMPONENTS][MAX_PIXELS];
  float left[COMPONENTS][MAX_PIXELS]; /* squares that another explanation leaves */
  float weight[MAX_PIXELS], weights[MAX_PIXELS], sums[MAX_PIXELS];
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

/* ---- the reference's side ------------------------------------------------------------------ */

static int
clamp (int value, int low, int high)
{
  return value < low ? low : value > high ? high : value;
}

/* Chroma of half the sides at the middle of luma sample (x, y), bilinear in sixteenths. */
static float
chroma_at (const uint8_t *plane, int width, int height, int x, int y)
{
  int x0 = clamp ((x - 1) >> 1, 0, width - 1), x1 = clamp (((x - 1) >> 1) + 1, 0, width - 1);
  int y0 = clamp ((y - 1) >> 1, 0, height - 1), y1 = clamp (((y - 1) >> 1) + 1, 0, height - 1);
  int fx = x & 1 ? 1 : 3, fy = y & 1 ? 1 : 3;
  int top = plane[y0 * width + x0] * (4 - fx) + plane[y0 * width + x1] * fx;
  int bottom = plane[y1 * width + x0] * (4 - fx) + plane[y1 * width + x1] * fx;

  return (float) (top * (4 - fy) + bottom * fy) / 16.f;
}

/* Video range, as broadcast: luma of 219 levels from 16, chroma of 224 around 0. */
static void
take_pixel (LinceCompositor *c, const LinceReferenceLevel *level, int i, int x, int y)
{
  int at = y * level->width + x;
  int width = lince_reference_chroma_width (level), height = lince_reference_chroma_height (level);

  c->colour[0][i] = 16.f + (float) level->luma[at] * (219.f / 255.f);
  c->colour[1][i] = (chroma_at (level->cb, width, height, x, y) - 128.f) * (224.f / 255.f);
  c->colour[2][i] = (chroma_at (level->cr, width, height, x, y) - 128.f) * (224.f / 255.f);
}

static void
take_level (LinceCompositor *c, const LinceReference *reference, const LinceReferenceLevel *level)
{
  int shorter = level->width < level->height ? level->width : level->height;
  double kx = (double) reference->width / level->width;
  double ky = (double) reference->height / level->height;

  c->margin = clamp (shorter * 3 / 20, 4, 12);
  c->columns = level->width + 2 * c->margin;
  c->rows = level->height + 2 * c->margin;
  c->stride = (c->columns + LINCE_LANES - 1) / LINCE_LANES * LINCE_LANES;
  c->count = c->stride * c->rows;
  memcpy (c->to_reference, (double[9]){kx, 0, -c->margin * kx, 0, ky, -c->margin * ky, 0, 0, 1},
      sizeof c->to_reference);
  for (int y = 0; y < c->rows; y++)
    for (int x = 0; x < c->stride; x++) {
      int i = y * c->stride + x, px = x - c->margin, py = y - c->margin;
      int qx = clamp (px, 0, level->width - 1), qy = clamp (py, 0, level->height - 1);

      take_pixel (c, level, i, qx, qy);
      c->alpha[i] = px != qx || py != qy ? 0.f
                    : level->mask        ? (float) level->mask[qy * level->width + qx] / 255.f
                                         : 1.f;
    }
}

/* ---- the frame's side ---------------------------------------------------------------------- */

/* The coarsest octave whose pixels are not larger than 1.25 of the level's. */
static const LincePyramidLevel *
octave_for (const LincePyramid *pyramid, int component, double scale)
{
  int count =
      component == 0 ? lince_pyramid_octave_count (pyramid) : lince_pyramid_chroma_count (pyramid);
  const LincePyramidLevel *best = NULL;

  for (int i = 0; i < count; i++) {
    const LincePyramidLevel *level = component == 0
                                         ? lince_pyramid_octave (pyramid, i)
                                         : lince_pyramid_chroma (pyramid, component - 1, i);

    if (best && sqrt ((double) level->scale_x * level->scale_y) > 1.25 * scale)
      break;
    best = level;
  }
  return best;
}

/* One component of a row where `map` puts it: level pixels with margin to frame pixels. */
static void
sample_row (const LinceCompositor *c, const LincePyramidLevel *octave, const float map[9], int y,
    float offset, float *out)
{
  const LinceLanes steps = {0.5f, 1.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f, 7.5f};
  float v = (float) y + 0.5f, kx = 1 / octave->scale_x, ky = 1 / octave->scale_y;

  for (int x = 0; x < c->stride; x += LINCE_LANES) {
    LinceLanes u = steps + (float) x;
    LinceLanes w = 1.0f / (map[6] * u + (map[7] * v + map[8]));
    LinceLanes px = (map[0] * u + (map[1] * v + map[2])) * w * kx - 0.5f;
    LinceLanes py = (map[3] * u + (map[4] * v + map[5])) * w * ky - 0.5f;

    lince_lanes_store (out + x, lince_lanes_sample (&octave->grey, px, py) - offset);
  }
}

/* Which pixels of a row lie within the frame and the level. */
static void
mark_valid (LinceCompositor *c, const float map[9], int y, float width, float height)
{
  float v = (float) y + 0.5f;

  for (int x = 0; x < c->stride; x++) {
    float u = (float) x + 0.5f, w = map[6] * u + map[7] * v + map[8];
    float px = map[0] * u + map[1] * v + map[2], py = map[3] * u + map[4] * v + map[5];
    bool inside = x < c->columns && w > 0.05f && px > 0.5f * w && py > 0.5f * w &&
                  px < (width - 0.5f) * w && py < (height - 0.5f) * w;

    c->valid[y * c->stride + x] = inside ? 1.f : 0.f;
  }
}

/* Level pixels with margin to frame pixels, scaled to 1 at the level's middle. */
static bool
level_map (const LinceCompositor *c, const double homography[9], float map[9])
{
  double whole[9], middle;

  lince_homography_compose (homography, c->to_reference, whole);
  middle = whole[6] * c->columns / 2 + whole[7] * c->rows / 2 + whole[8];
  if (!(fabs (middle) > 1e-12))
    return false;
  for (int i = 0; i < 9; i++)
    map[i] = (float) (whole[i] / middle);
  return true;
}

static bool
take_frame (
    LinceCompositor *c, const LincePyramid *pyramid, const double homography[9], double scale)
{
  const LincePyramidLevel *base = lince_pyramid_octave (pyramid, 0);
  float map[9];

  if (!level_map (c, homography, map))
    return false;
  for (int y = 0; y < c->rows; y++)
    mark_valid (c, map, y, (float) base->grey.width * base->scale_x,
        (float) base->grey.height * base->scale_y);
  for (int k = 0; k < COMPONENTS; k++) {
    const LincePyramidLevel *octave = octave_for (pyramid, k, scale);

    if (!octave) /* no chroma: what is not seen is taken to be as the model has it */
      memset (c->frame[k], 0, (size_t) c->count * sizeof c->frame[k][0]);
    for (int y = 0; octave && y < c->rows; y++)
      sample_row (c, octave, map, y, k ? 128.f : 0.f, c->frame[k] + y * c->stride);
  }
  return true;
}

/* ---- means around pixels ------------------------------------------------------------------- */

static int
radius_of (const LinceCompositor *c)
{
  return clamp ((c->rows < c->columns ? c->rows : c->columns) / 4, 6, 24);
}

/* Sums of `in` times `factor` over squares of 2 * radius + 1, cut at the level's edge. */
static void
box_sums (
    const LinceCompositor *c, const float *in, const float *factor, float *row_sums, float *out)
{
  int radius = radius_of (c), stride = c->stride;
  float column[1024] __attribute__ ((aligned (32))) = {0};

  for (int y = 0; y < c->rows; y++) {
    const float *a = in + y * stride, *b = factor + y * stride;
    float *to = row_sums + y * stride, sum = 0;

    for (int x = 0; x < radius && x < stride; x++)
      sum += a[x] * b[x];
    for (int x = 0; x < stride; x++) {
      if (x + radius < stride)
        sum += a[x + radius] * b[x + radius];
      if (x - radius - 1 >= 0)
        sum -= a[x - radius - 1] * b[x - radius - 1];
      to[x] = sum;
    }
  }
  for (int y = 0; y < radius && y < c->rows; y++)
    for (int x = 0; x < stride; x++)
      column[x] += row_sums[y * stride + x];
  for (int y = 0; y < c->rows; y++) {
    const float *in_row = y + radius < c->rows ? row_sums + (y + radius) * stride : NULL;
    const float *out_row = y - radius - 1 >= 0 ? row_sums + (y - radius - 1) * stride : NULL;

    for (int x = 0; x < stride; x++) {
      column[x] += (in_row ? in_row[x] : 0) - (out_row ? out_row[x] : 0);
      out[y * stride + x] = column[x];
    }
  }
}

static float
product_sum (const LinceCompositor *c, const float *a, const float *b)
{
  LinceLanes sum = {0};

  for (int i = 0; i < c->count; i += LINCE_LANES)
    sum += lince_lanes_load (a + i) * lince_lanes_load (b + i);
  return lince_lanes_sum (sum);
}

/* The mean of every component around each pixel, weighed by `weight`; where little of that is near,
 * the mean of all. */
static void
local_means (LinceCompositor *c, float (*means)[MAX_PIXELS])
{
  float *scratch = c->left[0], all = product_sum (c, c->weight, c->valid);

  box_sums (c, c->weight, c->valid, scratch, c->weights);
  for (int k = 0; k < COMPONENTS; k++) {
    float mean = product_sum (c, c->frame[k], c->weight) / (all > 1 ? all : 1);

    box_sums (c, c->frame[k], c->weight, scratch, c->sums);
    for (int i = 0; i < c->count; i++)
      means[k][i] = (c->sums[i] + 2 * mean) / (c->weights[i] + 2);
  }
}

/* The ground: what is transparent around; what is half so hardly counts. */
static void
estimate_ground (LinceCompositor *c)
{
  for (int i = 0; i < c->count; i++)
    c->weight[i] = c->valid[i] * (1 - c->alpha[i]) * (c->alpha[i] > 0.1f ? 0.02f : 1.f);
  local_means (c, c->ground);
}

/* ---- the light ----------------------------------------------------------------------------- */

typedef struct {
  float oo, oq, op, qq, qp, pp, o, q, p; /* normal equations */
  float weight;                          /* of all pixels */
} LightSums;

/* Adds a component with weights that fall where `light` leaves much. */
static void
add_light (const LinceCompositor *c, int k, const Light *light, bool plain, LightSums *sums)
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

      if (!plain)
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
static Light
solve_light (const LightSums *s, float least_opacity)
{
  double oo = s->oo, oq = s->oq, op = s->op, qq = s->qq, qp = s->qp, pp = s->pp;
  double determinant = qq * pp - qp * qp;
  double fq = (oq * pp - op * qp) / determinant, fp = (op * qq - oq * qp) / determinant;
  double schur = oo - oq * fq - op * fp, right = s->o - s->q * fq - s->p * fp;
  Light light;

  light.opacity = limit ((float) (right / schur), least_opacity, 1.f);
  fq = ((s->q - oq * light.opacity) * pp - (s->p - op * light.opacity) * qp) / determinant;
  light.scale = limit ((float) fq, 0.45f * light.opacity, 1.5f * light.opacity);
  fp = (s->p - op * light.opacity - qp * light.scale) / pp;
  light.lift = limit ((float) fp, -25.f * light.opacity, 25.f * light.opacity);
  return light;
}

/* What the light leaves, bounded for every pixel, so that what is covered does not decide. */
static float
light_cost (const LinceCompositor *c, const Light *light)
{
  LinceLanes sum = {0};

  for (int k = 0; k < COMPONENTS; k++)
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

static void
refine_light (const LinceCompositor *c, int components, float least_opacity, Light *light)
{
  LightSums sums = {0};

  for (int k = 0; k < components; k++)
    add_light (c, k, light, false, &sums);
  add_usual (&sums);
  *light = solve_light (&sums, least_opacity);
}

/* Starts from an opaque and from a translucent mark, for reweighting finds the nearer solution. */
static void
fit_light (const LinceCompositor *c, int components, float least_opacity, Light *light)
{
  static const Light starts[] = {{1.f, .95f, 0}, {.5f, .475f, 0}};
  float least = INFINITY;

  for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
    Light tried = starts[i];
    float cost;

    for (int round = 0; round < SOLVES; round++)
      refine_light (c, components, least_opacity, &tried);
    cost = light_cost (c, &tried);
    if (cost < least) {
      least = cost;
      *light = tried;
    }
  }
}

/* ---- the model ----------------------------------------------------------------------------- */

static void
compose_model (LinceCompositor *c, const Light *light, float (*model)[MAX_PIXELS])
{
  for (int k = 0; k < COMPONENTS; k++) {
    float lift = k == 0 ? light->lift : 0;

    for (int i = 0; i < c->count; i++)
      model[k][i] = c->ground[k][i] + c->alpha[i] * (c->colour[k][i] * light->scale + lift -
                                                        c->ground[k][i] * light->opacity);
  }
}

/* Sums over one cell. */
typedef struct {
  float xx, xy, yy, rx, ry;
} CellShift;

/* Gradients of the model times what is left, weighed by how far it is off. */
static void
add_row_shift (const LinceCompositor *c, int k, int x, int y, float tolerance, CellShift *shift)
{
  int i = y * c->stride + x, n = c->stride;
  const float *m = c->model[k] + i;
  LinceLanes gx = (lince_lanes_load (m + 1) - lince_lanes_load (m - 1)) * 0.5f;
  LinceLanes gy = (lince_lanes_load (m + n) - lince_lanes_load (m - n)) * 0.5f;
  LinceLanes r = lince_lanes_load (c->frame[k] + i) - lince_lanes_load (m);
  LinceLanes w = lince_lanes_load (c->valid + i) / (noise[k] * 2 + tolerance + 0.5f * r * r);

  shift->xx += lince_lanes_sum (w * gx * gx);
  shift->xy += lince_lanes_sum (w * gx * gy);
  shift->yy += lince_lanes_sum (w * gy * gy);
  shift->rx += lince_lanes_sum (w * gx * r);
  shift->ry += lince_lanes_sum (w * gy * r);
}

/* The mean square of the mark's contrast with the ground, of a component. */
static float
contrast_of (const LinceCompositor *c, int k)
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

/* One step. Returns how far it moved, pixels; negative: it failed. */
static double
step (LinceCompositor *c, int components, bool upright, double homography[9])
{
  double half = (c->columns > c->rows ? c->columns : c->rows) / 2.0;
  double to_reference[9], place = 4 / half, turn = upright ? 1e-4 : 0.05;
  double bend = upright ? 1e-5 : 0.005;
  const double expected[LINCE_INCREMENT_PARAMETERS] = {
      0.06, turn, place, turn, 0.06, place, bend, bend};
  float tolerances[COMPONENTS];
  LinceIncrement increment = {0};

  for (int k = 0; k < components; k++)
    tolerances[k] = 0.1f * contrast_of (c, k);
  lince_homography_compose (c->to_reference,
      (double[9]){half, 0, c->columns / 2.0, 0, half, c->rows / 2.0, 0, 0, 1}, to_reference);
  for (int y = 1; y + 1 < c->rows; y += CELL)
    for (int x = LINCE_LANES; x + LINCE_LANES < c->stride; x += CELL) {
      CellShift shift = {0};
      int end = y + CELL < c->rows - 1 ? y + CELL : c->rows - 1;

      for (int k = 0; k < components; k++)
        for (int row = y; row < end; row++)
          add_row_shift (c, k, x, row, tolerances[k], &shift);
      lince_increment_add (&increment, (x + CELL / 2.0 - c->columns / 2.0) / half,
          ((y + end) / 2.0 - c->rows / 2.0) / half, half, INDEPENDENT / 64,
          (double[3]){shift.xx, shift.xy, shift.yy}, (double[2]){shift.rx, shift.ry});
    }
  if (upright)
    lince_increment_keep_shape (&increment, UPRIGHT_STRETCH);
  return lince_increment_apply (&increment, expected, half, to_reference, homography);
}

/* ---- the comparison ------------------------------------------------------------------------ */

/* Writes the squares that `model` leaves of the frame. */
static void
squares_left (const LinceCompositor *c, float (*model)[MAX_PIXELS], float (*left)[MAX_PIXELS])
{
  for (int k = 0; k < COMPONENTS; k++)
    for (int i = 0; i < c->count; i++) {
      float d = c->frame[k][i] - model[k][i];

      left[k][i] = d * d * (1 / noise[k]);
    }
}

typedef struct {
  float first, second; /* squares left in a cell, in noise, a pixel, summed over components */
  float share;         /* of the cell's pixels that count */
} CellLeft;

static CellLeft
compare_cell (const LinceCompositor *c, int components, const float *counted,
    float (*first)[MAX_PIXELS], float (*second)[MAX_PIXELS], int x, int y)
{
  LinceLanes a = {0}, b = {0}, weights = {0};
  float count;

  for (int row = y; row < y + CELL && row < c->rows; row++) {
    int i = row * c->stride + x;
    LinceLanes w = lince_lanes_load (counted + i);

    weights += w;
    for (int k = 0; k < components; k++) {
      a += w * lince_lanes_load (first[k] + i);
      b += w * lince_lanes_load (second[k] + i);
    }
  }
  count = lince_lanes_sum (weights);
  if (count < 6)
    return (CellLeft){0, 0, 0};
  return (CellLeft){
      lince_lanes_sum (a) / count, lince_lanes_sum (b) / count, count / (CELL * CELL)};
}

/* The vote of a cell for what leaves `own` against what leaves `other`. */
static float
cell_vote (float other, float own, float share)
{
  float vote = INDEPENDENT / 2 * share * logf ((other + 1) / (own + 1));

  return limit (vote, LEAST_VOTE * share, MOST_VOTE);
}

/* Compares the model with the frame's own local mean, where the mark is. `model` and the light are
 * in place. */
static void
compare (LinceCompositor *c, int components, LinceComposition *composition)
{
  float agreeing = 0;

  squares_left (c, c->model, c->model);
  memcpy (c->weight, c->valid, (size_t) c->count * sizeof c->weight[0]);
  local_means (c, c->ground);
  squares_left (c, c->ground, c->left);
  for (int i = 0; i < c->count; i++)
    c->weight[i] = c->alpha[i] > 0.02f ? c->valid[i] : 0;
  composition->evidence = composition->contrast = 0;
  for (int y = 0; y < c->rows; y += CELL)
    for (int x = 0; x < c->stride; x += CELL) {
      CellLeft cell = compare_cell (c, components, c->weight, c->left, c->model, x, y);
      float vote, information;

      if (!(cell.share > 0))
        continue;
      vote = cell_vote (cell.first, cell.second, cell.share);
      information = cell.first / (cell.first + 2) * cell.share;
      composition->evidence += vote;
      composition->contrast += information;
      agreeing += vote > 0 ? information : 0;
    }
  composition->agreement = composition->contrast > 0 ? agreeing / composition->contrast : 0;
}

/* ---- blur ---------------------------------------------------------------------------------- */

/* Of the mark and what is next to it, in luma. Needs the frame, and leaves no model. */
static float
measure_blur (LinceCompositor *c, const Light *light, double scale, double octave)
{
  estimate_ground (c);
  compose_model (c, light, c->model);
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

/* Frame pixels for one reference pixel, from the outline's area. 0 when it is not plausible. */
static double
frame_scale (const LincePyramid *pyramid, const LinceReference *reference, const double h[9])
{
  const LincePyramidLevel *base = lince_pyramid_octave (pyramid, 0);
  int width = (int) (base->grey.width * base->scale_x + 0.5f);
  int height = (int) (base->grey.height * base->scale_y + 0.5f);
  LincePoint corners[4];

  if (!lince_quad_from_homography (h, reference->width, reference->height, corners) ||
      !lince_quad_plausible (corners, MIN_SIDE, width, height) ||
      !(lince_quad_area (corners) >= MIN_AREA) || !(stretch (reference, h) <= MAX_STRETCH))
    return 0;
  return sqrt (lince_quad_area (corners) / ((double) reference->width * reference->height));
}

static double
level_scale (const LinceReference *reference, int level, double scale)
{
  const LinceReferenceLevel *l = &reference->levels[level];

  return scale * sqrt ((double) reference->width / l->width * reference->height / l->height);
}

/* The finest level of at most `area` pixels that is not finer than the frame shows. */
static int
finest_level (const LincePyramid *pyramid, const LinceReference *reference, double scale, int area)
{
  const LincePyramidLevel *base = lince_pyramid_octave (pyramid, 0);
  double pixel = sqrt ((double) base->scale_x * base->scale_y);
  int level = 0;

  while (level + 1 < reference->level_count &&
         (reference->levels[level].width * reference->levels[level].height > area ||
             level_scale (reference, level, scale) < 0.7 * pixel))
    level++;
  return level;
}

static bool
run_level (LinceCompositor *c, const LincePyramid *pyramid, const LinceReference *reference,
    int level, const LinceCompositePlan *plan, bool finest, Light *light,
    LinceComposition *composition)
{
  int components = lince_pyramid_chroma_count (pyramid) > 0 ? COMPONENTS : 1;
  double scale = frame_scale (pyramid, reference, composition->homography);
  float least = plan->translucent ? LEAST_OPACITY : LEAST_SOLID;

  take_level (c, reference, &reference->levels[level]);
  for (int i = 0;; i++) {
    double moved;

    if (!(scale > 0) ||
        !take_frame (c, pyramid, composition->homography, level_scale (reference, level, scale)))
      return false;
    estimate_ground (c);
    if (i == 0 || i + 1 >= plan->steps)
      fit_light (c, components, least, light);
    else
      refine_light (c, components, least, light);
    compose_model (c, light, c->model);
    if (i >= plan->steps)
      break;
    moved = step (c, components, plan->upright, composition->homography);
    if (moved < 0)
      return false;
    scale = frame_scale (pyramid, reference, composition->homography);
    if (moved < (finest ? 0.03 : 0.1) && i + 1 < plan->steps)
      i = plan->steps - 1;
  }
  compare (c, components, composition);
  composition->opacity = light->opacity;
  composition->gain = light->scale / light->opacity;
  composition->lift = light->lift;
  composition->blur = -1;
  if (finest && composition->agreement >= BLUR_AGREEMENT) {
    const LincePyramidLevel *octave =
        octave_for (pyramid, 0, level_scale (reference, level, scale));

    composition->blur = measure_blur (c, light, level_scale (reference, level, scale),
        sqrt ((double) octave->scale_x * octave->scale_y));
  }
  return true;
}

bool
lince_composite_align (LinceCompositor *compositor, const LincePyramid *pyramid,
    const LinceReference *reference, const double start[9], const LinceCompositePlan *plan,
    LinceComposition *composition)
{
  double scale = frame_scale (pyramid, reference, start);
  int finest, level;
  Light light = {1, 1, 0};

  *composition = (LinceComposition){0};
  if (!(scale > 0))
    return false;
  memcpy (composition->homography, start, sizeof composition->homography);
  finest = finest_level (pyramid, reference, scale, plan->area);
  level = finest + plan->stages - 1;
  if (level > reference->level_count - 1)
    level = reference->level_count - 1;
  for (; level >= finest; level--)
    if (!run_level (
            compositor, pyramid, reference, level, plan, level == finest, &light, composition) ||
        (level > finest && composition->agreement < plan->least))
      return false;
  return true;
}

/* ---- rivals -------------------------------------------------------------------------------- */

/* Samples of a plane of the reference where `map` puts the level's pixels: to plane pixels. */
static void
take_plane (const LinceCompositor *c, const LinceGrey *plane, const float map[9], float scale,
    float offset, float *out)
{
  const LincePyramidLevel level = {*plane, 1, 1};

  for (int y = 0; y < c->rows; y++) {
    float *row = out + y * c->stride;

    sample_row (c, &level, map, y, 0, row);
    for (int x = 0; x < c->stride; x++)
      row[x] = row[x] * scale + offset;
  }
}

/* Opacity of the reference where `map` puts the level's pixels; 0 outside of it. */
static void
take_alpha (LinceCompositor *c, const LinceReferenceLevel *level, const float map[9])
{
  if (level->mask)
    take_plane (c, &(LinceGrey){level->mask, level->width, level->width, level->height}, map,
        1 / 255.f, 0, c->alpha);
  for (int y = 0; y < c->rows; y++)
    for (int x = 0; x < c->stride; x++) {
      float u = (float) x + 0.5f, v = (float) y + 0.5f;
      float w = map[6] * u + map[7] * v + map[8];
      float px = map[0] * u + map[1] * v + map[2], py = map[3] * u + map[4] * v + map[5];
      bool inside = w > 0.05f && px > 0 && py > 0 && px < (float) level->width * w &&
                    py < (float) level->height * w;

      if (!inside || !level->mask)
        c->alpha[y * c->stride + x] = inside ? 1.f : 0.f;
    }
}

/* Puts `other`, whose pixels `between` leads to from the first's, in the place of the level's own
 * mark. */
static void
take_other (LinceCompositor *c, const LinceReference *other, const double between[9])
{
  const LinceReferenceLevel *level = &other->levels[0];
  double whole[9], kx, ky, middle;
  float map[9], half[9];
  int width, height;

  lince_homography_compose (between, c->to_reference, whole);
  middle = whole[6] * c->columns / 2 + whole[7] * c->rows / 2 + whole[8];
  for (int i = 0; i < other->level_count; i++) {
    double share = (double) other->width / other->levels[i].width;

    level = &other->levels[i];
    if (i + 1 == other->level_count || fabs (whole[0] / middle) < 1.4 * share)
      break;
  }
  kx = (double) level->width / other->width;
  ky = (double) level->height / other->height;
  width = lince_reference_chroma_width (level);
  height = lince_reference_chroma_height (level);
  for (int i = 0; i < 9; i++) {
    double k = i < 3 ? kx : i < 6 ? ky : 1;

    map[i] = (float) (whole[i] * k / middle);
    half[i] = i < 6 ? map[i] / 2 : map[i];
  }
  take_alpha (c, level, map);
  take_plane (c, &(LinceGrey){level->luma, level->width, level->width, level->height}, map,
      219.f / 255.f, 16, c->colour[0]);
  take_plane (c, &(LinceGrey){level->cb, width, width, height}, half, 224.f / 255.f,
      -128 * 224.f / 255.f, c->colour[1]);
  take_plane (c, &(LinceGrey){level->cr, width, width, height}, half, 224.f / 255.f,
      -128 * 224.f / 255.f, c->colour[2]);
}

static void
explain (LinceCompositor *c, int components, float (*model)[MAX_PIXELS])
{
  Light light = {1, 1, 0};

  estimate_ground (c);
  fit_light (c, components, LEAST_OPACITY, &light);
  compose_model (c, &light, model);
}

float
lince_composite_rivals (LinceCompositor *c, const LincePyramid *pyramid,
    const LinceReference *first, const LinceComposition *first_composition,
    const LinceReference *second, const LinceComposition *second_composition, int area)
{
  int components = lince_pyramid_chroma_count (pyramid) > 0 ? COMPONENTS : 1;
  double scale = frame_scale (pyramid, first, first_composition->homography);
  double inverse[9], between[9];
  float evidence = 0;
  int level;

  if (!(scale > 0) || !lince_homography_inverse (second_composition->homography, inverse))
    return 0;
  level = finest_level (pyramid, first, scale, area);
  take_level (c, first, &first->levels[level]);
  if (!take_frame (c, pyramid, first_composition->homography, level_scale (first, level, scale)))
    return 0;
  explain (c, components, c->model);
  lince_homography_compose (inverse, first_composition->homography, between);
  take_other (c, second, between);
  explain (c, components, c->left);
  for (int i = 0; i < c->count; i++) {
    float difference = 0;

    for (int k = 0; k < components; k++) {
      float d = c->model[k][i] - c->left[k][i];

      difference += d * d * (1 / noise[k]);
    }
    c->weight[i] = difference > 4 ? c->valid[i] : 0;
  }
  squares_left (c, c->model, c->model);
  squares_left (c, c->left, c->left);
  for (int y = 0; y < c->rows; y += CELL)
    for (int x = 0; x < c->stride; x += CELL) {
      CellLeft cell = compare_cell (c, components, c->weight, c->model, c->left, x, y);

      if (cell.share > 0)
        evidence +=
            limit (INDEPENDENT / 2 * cell.share * logf ((cell.second + 1) / (cell.first + 1)),
                -MOST_VOTE, MOST_VOTE);
    }
  return evidence;
}
