/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/shape.h"

#include <math.h>
#include <string.h>

#include "recognition/voting.h"

#define REACH 2.4f  /* of the description, standard deviations */
#define LINE 0.002f /* ratio of the second moments below which a shape is a line */
#define UNIT 256.f  /* fixed point of a sample's place in the mask */

void
lince_shape_mask (const LinceRegion *region, const LinceRun *runs, LinceShapeMask *mask)
{
  int width = region->right - region->left, height = region->bottom - region->top;
  int side = width > height ? width : height;
  int k = (side + LINCE_SHAPE_WIDTH - 1) / LINCE_SHAPE_WIDTH;

  memset (mask->rows, 0, sizeof mask->rows);
  mask->left = region->left;
  mask->top = region->top;
  mask->reduction = k;
  mask->width = (width + k - 1) / k;
  mask->height = (height + k - 1) / k;
  for (uint32_t i = 0; i < region->run_count; i++) {
    int y = runs[i].y - region->top, x0, x1;

    if (y % k != k / 2)
      continue;
    /* a reduced pixel is set when its middle is */
    x0 = (runs[i].x0 - region->left + k - 1 - k / 2) / k;
    x1 = (runs[i].x1 - region->left + k - 1 - k / 2) / k;
    if (x0 < x1)
      mask->rows[y / k] |= (~UINT64_C (0) >> (64 - (x1 - x0))) << x0;
  }
}

bool
lince_shape_frame (const LinceRegion *region, LinceFrameOfShape *frame)
{
  float determinant = region->xx * region->yy - region->xy * region->xy;
  float trace = region->xx + region->yy, root, scale;

  if (!(determinant > LINE * trace * trace))
    return false;
  root = sqrtf (determinant);
  scale = 1 / sqrtf (trace + 2 * root);
  *frame = (LinceFrameOfShape){region->x, region->y, (region->xx + root) * scale,
      region->xy * scale, region->xy * scale, (region->yy + root) * scale};
  return true;
}

void
lince_shape_upright_frame (const LinceRegion *region, LinceFrameOfShape *frame)
{
  *frame = (LinceFrameOfShape){region->x, region->y, sqrtf (region->xx), 0, 0, sqrtf (region->yy)};
}

static float
cosine (float turn)
{
  float place = (turn - floorf (turn)) * 256;
  int i = (int) place;
  float part = place - (float) i;

  return lince_turn_cosine[i & 255] * (1 - part) + lince_turn_cosine[(i + 1) & 255] * part;
}

/* The direction of (x, y), 0 to 1; the same on every machine. */
static float
direction (float x, float y)
{
  float ax = fabsf (x), ay = fabsf (y), turn;
  float large = ax > ay ? ax : ay, small = ax > ay ? ay : ax, t, s;

  if (large == 0)
    return 0;
  t = small / large;
  s = t * t;
  turn = (((-.0464964749f * s + .15931422f) * s - .327622764f) * s * t + t) * .159154943f;
  turn = ay > ax ? .25f - turn : turn;
  turn = x < 0 ? .5f - turn : turn;
  turn = y < 0 ? 1 - turn : turn;
  return turn < 1 ? turn : 0;
}

LinceFrameOfShape
lince_shape_turn (const LinceFrameOfShape *frame, float turn)
{
  float c = cosine (turn), s = cosine (turn - .25f);

  return (LinceFrameOfShape){frame->x, frame->y, frame->a * c + frame->b * s,
      frame->b * c - frame->a * s, frame->c * c + frame->d * s, frame->d * c - frame->c * s};
}

/* Steps through the mask in fixed point. */
typedef struct {
  int32_t x, y;           /* of the first sample */
  int32_t xi, yi, xj, yj; /* from a sample to the next in its row, from a row to the next */
} Walk;

static Walk
start_walk (const LinceShapeMask *mask, const LinceFrameOfShape *frame)
{
  float k = UNIT / (float) mask->reduction, step = 2 * REACH / LINCE_SHAPE_SIDE;
  float first = -REACH + step / 2;
  float x = frame->x - (float) mask->left + first * (frame->a + frame->b);
  float y = frame->y - (float) mask->top + first * (frame->c + frame->d);

  return (Walk){(int32_t) floorf (x * k), (int32_t) floorf (y * k),
      (int32_t) floorf (frame->a * step * k + .5f), (int32_t) floorf (frame->c * step * k + .5f),
      (int32_t) floorf (frame->b * step * k + .5f), (int32_t) floorf (frame->d * step * k + .5f)};
}

static inline uint32_t
sample (const LinceShapeMask *mask, int32_t x, int32_t y)
{
  uint32_t column = (uint32_t) (x >> 8), row = (uint32_t) (y >> 8);

  if (column >= LINCE_SHAPE_WIDTH || row >= LINCE_SHAPE_WIDTH)
    return 0;
  return (uint32_t) (mask->rows[row] >> column) & 1;
}

/* Third and fourth moments about the centroid: third[j] is of x^(3 - j) y^j, fourth[j] of
 * x^(4 - j) y^j, both sums over the area. */
typedef struct {
  double third[4], fourth[5];
} Moments;

static void
sum_moments (const LinceRegion *region, const LinceRun *runs, Moments *moments)
{
  *moments = (Moments){{0}, {0}};
  for (uint32_t i = 0; i < region->run_count; i++) {
    double a = (double) ((float) runs[i].x0 - region->x);
    double b = (double) ((float) runs[i].x1 - region->x);
    double y = (double) ((float) runs[i].y + .5f - region->y);
    double aa = a * a, bb = b * b, yy = y * y;
    /* integrals of the powers of x along the run */
    double x0 = b - a, x1 = (bb - aa) / 2, x2 = (bb * b - aa * a) / 3;
    double x3 = (bb * bb - aa * aa) / 4, x4 = (bb * bb * b - aa * aa * a) / 5;

    moments->third[0] += x3;
    moments->third[1] += x2 * y;
    moments->third[2] += x1 * yy;
    moments->third[3] += x0 * yy * y;
    moments->fourth[0] += x4;
    moments->fourth[1] += x3 * y;
    moments->fourth[2] += x2 * yy;
    moments->fourth[3] += x1 * yy * y;
    moments->fourth[4] += x0 * yy * yy;
  }
}

typedef struct {
  double re, im;
} Complex;

static Complex
times (Complex a, Complex b)
{
  return (Complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* The sum over the area of a product of `order` linear forms p x + q y, given by their coefficients
 * and the moments of that order. */
static Complex
sum_product (const Complex forms[][2], int order, const double *moments)
{
  Complex polynomial[5] = {{1, 0}}, sum = {0, 0};

  for (int n = 0; n < order; n++)
    for (int j = n + 1; j >= 0; j--) {
      Complex stays = j <= n ? times (polynomial[j], forms[n][0]) : (Complex){0, 0};
      Complex moves = j > 0 ? times (polynomial[j - 1], forms[n][1]) : (Complex){0, 0};

      polynomial[j] = (Complex){stays.re + moves.re, stays.im + moves.im};
    }
  for (int j = 0; j <= order; j++) {
    sum.re += polynomial[j].re * moments[j];
    sum.im += polynomial[j].im * moments[j];
  }
  return sum;
}

void
lince_shape_phases (const LinceRegion *region, const LinceRun *runs, const LinceFrameOfShape *frame,
    LinceShapePhases *phases)
{
  double det = (double) (frame->a * frame->d - frame->b * frame->c);
  /* z = x + i y in the normal frame, and its conjugate, as forms in the picture's x and y */
  Complex p = {(double) frame->d / det, -(double) frame->c / det};
  Complex q = {-(double) frame->b / det, (double) frame->a / det};
  Complex pc = {p.re, -p.im}, qc = {q.re, -q.im};
  Complex forms[6][2] = {{pc, qc}, {p, q}, {p, q}, {p, q}, {p, q}, {pc, qc}};
  Complex even[4][2] = {{p, q}, {pc, qc}, {p, q}, {pc, qc}}, moments[LINCE_SHAPE_HARMONICS];
  double area = (double) region->area, fourth, third;
  Moments sums;

  sum_moments (region, runs, &sums);
  moments[0] = sum_product (forms, 3, sums.third);       /* z^2 conj z */
  moments[1] = sum_product (forms, 4, sums.fourth);      /* z^3 conj z */
  moments[2] = sum_product (forms + 1, 3, sums.third);   /* z^3 */
  moments[3] = sum_product (forms + 1, 4, sums.fourth);  /* z^4 */
  fourth = sum_product (even, 4, sums.fourth).re / area; /* |z|^4 */
  third = fourth > 0 ? sqrt (fourth * sqrt (fourth)) : 1;
  for (int n = 0; n < LINCE_SHAPE_HARMONICS; n++) {
    double size = sqrt (moments[n].re * moments[n].re + moments[n].im * moments[n].im) / area;

    phases->strength[n] = fourth > 0 ? (float) (size / (n % 2 == 0 ? third : fourth)) : 0;
    phases->turn[n] = direction ((float) moments[n].re, (float) moments[n].im) / (float) (n + 1);
  }
}

void
lince_shape_describe (
    const LinceShapeMask *mask, const LinceFrameOfShape *frame, LinceDescriptor *descriptor)
{
  Walk walk = start_walk (mask, frame);

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++) {
    uint64_t bits = 0;

    for (int b = 0; b < 64; b++) {
      int i = b % LINCE_SHAPE_SIDE, j = w * 4 + b / LINCE_SHAPE_SIDE;

      bits |= (uint64_t) sample (
                  mask, walk.x + i * walk.xi + j * walk.xj, walk.y + i * walk.yi + j * walk.yj)
              << b;
    }
    descriptor->words[w] = bits;
  }
}

float
lince_shape_fill (const LinceRegion *region)
{
  float determinant = region->xx * region->yy - region->xy * region->xy;

  return determinant > 0 ? (float) region->area / (12.5663706f * sqrtf (determinant)) : 0;
}
