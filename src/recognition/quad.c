/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/quad.h"

#include <math.h>
#include <string.h>

#define MAX_POLYGON 16
#define MAX_COORDINATE 1e6

typedef struct {
  double x, y;
} Vertex;

void
lince_homography_compose (const double a[9], const double b[9], double out[9])
{
  for (int r = 0; r < 3; r++) {
    for (int c = 0; c < 3; c++)
      out[3 * r + c] = a[3 * r] * b[c] + a[3 * r + 1] * b[3 + c] + a[3 * r + 2] * b[6 + c];
  }
}

bool
lince_homography_inverse (const double h[9], double out[9])
{
  double adjugate[9] = {
      h[4] * h[8] - h[5] * h[7],
      h[2] * h[7] - h[1] * h[8],
      h[1] * h[5] - h[2] * h[4],
      h[5] * h[6] - h[3] * h[8],
      h[0] * h[8] - h[2] * h[6],
      h[2] * h[3] - h[0] * h[5],
      h[3] * h[7] - h[4] * h[6],
      h[1] * h[6] - h[0] * h[7],
      h[0] * h[4] - h[1] * h[3],
  };
  double determinant = h[0] * adjugate[0] + h[1] * adjugate[3] + h[2] * adjugate[6];
  double scale;

  if (!isfinite (determinant) || fabs (determinant) < 1e-12)
    return false;
  scale = fabs (adjugate[8]) > 1e-12 ? 1.0 / adjugate[8] : 1.0 / determinant;
  for (int i = 0; i < 9; i++)
    out[i] = adjugate[i] * scale;
  return true;
}

bool
lince_homography_map (const double h[9], double x, double y, double *out_x, double *out_y)
{
  double w = h[6] * x + h[7] * y + h[8];

  if (!(w * h[8] > 0) || fabs (w) < 1e-9)
    return false;
  *out_x = (h[0] * x + h[1] * y + h[2]) / w;
  *out_y = (h[3] * x + h[4] * y + h[5]) / w;
  return true;
}

double
lince_homography_middle (const double h[9], int width, int height)
{
  double middle = h[6] * width / 2 + h[7] * height / 2 + h[8];

  return fabs (middle) > 1e-12 ? middle : 0;
}

void
lince_homography_onto (
    const double h[9], double middle, double scale_x, double scale_y, float out[9])
{
  for (int i = 0; i < 9; i++)
    out[i] = (float) (h[i] * (i < 3 ? scale_x : i < 6 ? scale_y : 1) / middle);
}

bool
lince_quad_from_homography (const double h[9], double width, double height, LincePoint corners[4])
{
  const double xs[4] = {0, width, width, 0}, ys[4] = {0, 0, height, height};

  for (int i = 0; i < 4; i++) {
    double x, y;

    if (!lince_homography_map (h, xs[i], ys[i], &x, &y) || !(fabs (x) < MAX_COORDINATE) ||
        !(fabs (y) < MAX_COORDINATE))
      return false;
    corners[i].x = (float) x;
    corners[i].y = (float) y;
  }
  return true;
}

bool
lince_quad_to_homography (const LincePoint c[4], double width, double height, double h[9])
{
  double dx1 = (double) c[1].x - c[2].x, dx2 = (double) c[3].x - c[2].x;
  double dy1 = (double) c[1].y - c[2].y, dy2 = (double) c[3].y - c[2].y;
  double sx = (double) c[0].x - c[1].x + c[2].x - c[3].x;
  double sy = (double) c[0].y - c[1].y + c[2].y - c[3].y;
  double determinant = dx1 * dy2 - dx2 * dy1;
  double g, k;

  if (!(fabs (determinant) > 1e-9))
    return false;
  g = (sx * dy2 - dx2 * sy) / determinant;
  k = (dx1 * sy - sx * dy1) / determinant;
  h[0] = (c[1].x - c[0].x + g * c[1].x) / width;
  h[1] = (c[3].x - c[0].x + k * c[3].x) / height;
  h[2] = c[0].x;
  h[3] = (c[1].y - c[0].y + g * c[1].y) / width;
  h[4] = (c[3].y - c[0].y + k * c[3].y) / height;
  h[5] = c[0].y;
  h[6] = g / width;
  h[7] = k / height;
  h[8] = 1.0;
  return true;
}

static double
polygon_area (const Vertex *p, int count)
{
  double sum = 0;

  for (int i = 0; i < count; i++) {
    const Vertex *next = &p[i + 1 < count ? i + 1 : 0];
    sum += p[i].x * next->y - next->x * p[i].y;
  }
  return sum / 2;
}

double
lince_quad_area (const LincePoint corners[4])
{
  Vertex p[4];

  for (int i = 0; i < 4; i++)
    p[i] = (Vertex){corners[i].x, corners[i].y};
  return polygon_area (p, 4);
}

/* Sutherland and Hodgman: keeps what lies on the right (screen) side of the edge a to b. */
static int
clip_edge (const Vertex *in, int count, Vertex a, Vertex b, Vertex *out)
{
  int n = 0;

  for (int i = 0; i < count; i++) {
    Vertex p = in[i ? i - 1 : count - 1], q = in[i];
    double sp = (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
    double sq = (b.x - a.x) * (q.y - a.y) - (b.y - a.y) * (q.x - a.x);

    if ((sp >= 0) != (sq >= 0) && n < MAX_POLYGON) {
      double t = sp / (sp - sq);
      out[n++] = (Vertex){p.x + t * (q.x - p.x), p.y + t * (q.y - p.y)};
    }
    if (sq >= 0 && n < MAX_POLYGON)
      out[n++] = q;
  }
  return n;
}

static double
intersection_area (const LincePoint a[4], const LincePoint b[4])
{
  Vertex buffers[2][MAX_POLYGON];
  int count = 4, from = 0;

  for (int i = 0; i < 4; i++)
    buffers[0][i] = (Vertex){a[i].x, a[i].y};
  for (int i = 0; i < 4 && count > 0; i++) {
    Vertex p = {b[i].x, b[i].y}, q = {b[(i + 1) & 3].x, b[(i + 1) & 3].y};

    count = clip_edge (buffers[from], count, p, q, buffers[!from]);
    from = !from;
  }
  return count < 3 ? 0 : fmax (0, polygon_area (buffers[from], count));
}

double
lince_quad_area_inside (const LincePoint corners[4], int width, int height)
{
  const LincePoint frame[4] = {
      {0, 0}, {(float) width, 0}, {(float) width, (float) height}, {0, (float) height}};

  return intersection_area (corners, frame);
}

double
lince_quad_overlap (const LincePoint a[4], const LincePoint b[4])
{
  double common = intersection_area (a, b);
  double whole = lince_quad_area (a) + lince_quad_area (b) - common;

  return whole > 0 ? common / whole : 0;
}

double
lince_quad_cover (const LincePoint a[4], const LincePoint b[4])
{
  double smaller = fmin (lince_quad_area (a), lince_quad_area (b));

  return smaller > 0 ? intersection_area (a, b) / smaller : 0;
}

bool
lince_quad_contains (const LincePoint c[4], double x, double y)
{
  for (int i = 0; i < 4; i++) {
    const LincePoint *p = &c[i], *q = &c[(i + 1) & 3];

    if (((double) q->x - p->x) * (y - p->y) - ((double) q->y - p->y) * (x - p->x) < 0)
      return false;
  }
  return true;
}

static double
distance (LincePoint a, LincePoint b)
{
  return hypot ((double) a.x - b.x, (double) a.y - b.y);
}

bool
lince_quad_plausible (const LincePoint c[4], double minimum, int width, int height)
{
  double sides[4], total = lince_quad_area (c);

  if (!(total >= minimum * minimum))
    return false;
  for (int i = 0; i < 4; i++) {
    LincePoint p = c[i], q = c[(i + 1) & 3], r = c[(i + 2) & 3];
    double cross =
        ((double) q.x - p.x) * ((double) r.y - q.y) - ((double) q.y - p.y) * ((double) r.x - q.x);

    sides[i] = distance (p, q);
    /* the triangle at each corner of a quadrilateral in perspective keeps a fair share of the area
     */
    if (!(cross > 0.3 * total))
      return false;
  }
  for (int i = 0; i < 2; i++) {
    if (sides[i] > 3.0 * sides[i + 2] || sides[i + 2] > 3.0 * sides[i])
      return false;
  }
  return lince_quad_area_inside (c, width, height) > 0.1 * total;
}

bool
lince_quad_parallel (const LincePoint corners[4])
{
  double right = (corners[1].x - corners[0].x + corners[2].x - corners[3].x) / 2;
  double down = (corners[3].y - corners[0].y + corners[2].y - corners[1].y) / 2;
  double slack = 0.02 * (right > down ? right : down) + 1;

  return right > 0 && down > 0 && fabs (corners[1].y - corners[0].y) < slack &&
         fabs (corners[2].y - corners[3].y) < slack && fabs (corners[3].x - corners[0].x) < slack &&
         fabs (corners[2].x - corners[1].x) < slack;
}

bool
lince_quad_upright (const LincePoint corners[4], double width, double height)
{
  double right = (corners[1].x - corners[0].x + corners[2].x - corners[3].x) / 2;
  double down = (corners[3].y - corners[0].y + corners[2].y - corners[1].y) / 2;

  return lince_quad_parallel (corners) && fabs (right * height / width - down) <= 0.04 * down + 1;
}

void
lince_quad_straighten (const LincePoint corners[4], LincePoint straight[4])
{
  float left = (corners[0].x + corners[3].x) / 2, right = (corners[1].x + corners[2].x) / 2;
  float top = (corners[0].y + corners[1].y) / 2, bottom = (corners[2].y + corners[3].y) / 2;

  straight[0] = (LincePoint){left, top};
  straight[1] = (LincePoint){right, top};
  straight[2] = (LincePoint){right, bottom};
  straight[3] = (LincePoint){left, bottom};
}
