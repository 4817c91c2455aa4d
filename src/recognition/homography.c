/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/homography.h"

#include <math.h>
#include <string.h>

bool
lince_homography_project (const double homography[9], double x, double y, double *u, double *v)
{
  const double *h = homography;
  double w = h[6] * x + h[7] * y + h[8];

  if (!(w > 1e-9))
    return false;
  *u = (h[0] * x + h[1] * y + h[2]) / w;
  *v = (h[3] * x + h[4] * y + h[5]) / w;
  return true;
}

/* Squared distance in tolerances, or a large number. */
static double
residual (const double homography[9], const LinceCorrespondence *c)
{
  double u, v;

  if (!lince_homography_project (homography, (double) c->x, (double) c->y, &u, &v))
    return 1e9;
  u -= (double) c->u;
  v -= (double) c->v;
  return (u * u + v * v) / ((double) c->tolerance * (double) c->tolerance);
}

static uint32_t
count_inliers (const LinceCorrespondence *correspondences, uint32_t count, double slack,
    const double homography[9])
{
  uint32_t inliers = 0;

  for (uint32_t i = 0; i < count; i++)
    inliers += residual (homography, &correspondences[i]) <= slack * slack;
  return inliers;
}

/* The affine map through three correspondences; false when they lie on a line or mirror. */
static bool
affine_of_three (const LinceCorrespondence *p, const LinceCorrespondence *q,
    const LinceCorrespondence *r, double h[9])
{
  double x1 = (double) q->x - (double) p->x, y1 = (double) q->y - (double) p->y;
  double x2 = (double) r->x - (double) p->x, y2 = (double) r->y - (double) p->y;
  double u1 = (double) q->u - (double) p->u, v1 = (double) q->v - (double) p->v;
  double u2 = (double) r->u - (double) p->u, v2 = (double) r->v - (double) p->v;
  double det = x1 * y2 - x2 * y1, turned = u1 * v2 - u2 * v1;

  if (fabs (det) < 16 || turned * det <= 0)
    return false;
  h[0] = (u1 * y2 - u2 * y1) / det;
  h[1] = (u2 * x1 - u1 * x2) / det;
  h[3] = (v1 * y2 - v2 * y1) / det;
  h[4] = (v2 * x1 - v1 * x2) / det;
  h[2] = (double) p->u - h[0] * (double) p->x - h[1] * (double) p->y;
  h[5] = (double) p->v - h[3] * (double) p->x - h[4] * (double) p->y;
  h[6] = h[7] = 0;
  h[8] = 1;
  return true;
}

static uint32_t
next_random (uint32_t *state)
{
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

uint32_t
lince_homography_sample (const LinceCorrespondence *correspondences, uint32_t count, float slack,
    uint32_t rounds, double homography[9])
{
  uint32_t state = 12345, best = 0;

  if (count < 3)
    return 0;
  for (uint32_t round = 0; round < rounds; round++) {
    uint32_t pool = 3 + round / 2 < count ? 3 + round / 2 : count, i, j, k, inliers;
    double h[9];

    i = next_random (&state) % pool;
    j = next_random (&state) % pool;
    k = next_random (&state) % pool;
    if (i == j || j == k || i == k ||
        !affine_of_three (&correspondences[i], &correspondences[j], &correspondences[k], h))
      continue;
    inliers = count_inliers (correspondences, count, (double) slack, h);
    if (inliers > best) {
      best = inliers;
      memcpy (homography, h, sizeof h);
    }
  }
  return best;
}

/* Solves the symmetric positive system a x = b of size n in place by Cholesky; false when it is
 * singular. */
static bool
solve (double a[8][8], double b[8], int n)
{
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) {
      double sum = a[i][j];

      for (int k = 0; k < j; k++)
        sum -= a[i][k] * a[j][k];
      if (i == j) {
        if (!(sum > 1e-12))
          return false;
        a[i][i] = sqrt (sum);
      } else {
        a[i][j] = sum / a[j][j];
      }
    }
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < i; k++)
      b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (int i = n - 1; i >= 0; i--) {
    for (int k = i + 1; k < n; k++)
      b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return true;
}

/* Adds one correspondence, in normalised reference coordinates, to the normal equations. */
static void
add_equations (const double h[9], double x, double y, const LinceCorrespondence *c, double weight,
    double a[8][8], double b[8], int n)
{
  double w = h[6] * x + h[7] * y + 1;
  double u = (h[0] * x + h[1] * y + h[2]) / w, v = (h[3] * x + h[4] * y + h[5]) / w;
  double ju[8] = {x / w, y / w, 1 / w, 0, 0, 0, -u * x / w, -u * y / w};
  double jv[8] = {0, 0, 0, x / w, y / w, 1 / w, -v * x / w, -v * y / w};
  double eu = (double) c->u - u, ev = (double) c->v - v;

  for (int i = 0; i < n; i++) {
    b[i] += weight * (ju[i] * eu + jv[i] * ev);
    for (int j = 0; j <= i; j++)
      a[i][j] += weight * (ju[i] * ju[j] + jv[i] * jv[j]);
  }
}

/* One weighted Gauss-Newton step of `h`, which maps coordinates normalised by centre and size. */
static bool
step (const LinceCorrespondence *correspondences, uint32_t count, const double norm[3],
    double slack, int n, double h[9])
{
  double a[8][8] = {{0}}, b[8] = {0};
  uint32_t used = 0;

  for (uint32_t i = 0; i < count; i++) {
    const LinceCorrespondence *c = &correspondences[i];
    double x = ((double) c->x - norm[0]) / norm[2], y = ((double) c->y - norm[1]) / norm[2];
    double w = h[6] * x + h[7] * y + 1, eu, ev, r, t;

    if (w < .05)
      continue;
    eu = (h[0] * x + h[1] * y + h[2]) / w - (double) c->u;
    ev = (h[3] * x + h[4] * y + h[5]) / w - (double) c->v;
    t = (double) c->tolerance * slack;
    r = (eu * eu + ev * ev) / (t * t);
    if (r >= 1)
      continue;
    /* Tukey's weight, and less for the imprecise */
    add_equations (
        h, x, y, c, (1 - r) * (1 - r) / ((double) c->tolerance * (double) c->tolerance), a, b, n);
    used++;
  }
  if (used < 4)
    return false;
  /* a weak pull of the perspective towards none keeps few points from bending the plane */
  for (int i = 6; i < n; i++) {
    double scale = h[0] * h[4] - h[1] * h[3];
    double pull = .25 * fabs (scale) * used / 16;

    a[i][i] += pull * .1;
    b[i] -= pull * .1 * h[i];
  }
  for (int i = 0; i < n; i++)
    a[i][i] *= 1 + 1e-9;
  if (!solve (a, b, n))
    return false;
  for (int i = 0; i < n; i++)
    h[i] += b[i];
  return true;
}

/* h maps normalised coordinates: multiplied by the normalisation, scaled to a bottom corner of 1.
 */
static void
denormalise (const double h[9], const double norm[3], double out[9])
{
  double s = 1 / norm[2];

  for (int r = 0; r < 3; r++) {
    out[3 * r] = h[3 * r] * s;
    out[3 * r + 1] = h[3 * r + 1] * s;
    out[3 * r + 2] = h[3 * r + 2] - s * (h[3 * r] * norm[0] + h[3 * r + 1] * norm[1]);
  }
}

static bool
normalise (const double h[9], const double norm[3], double out[9])
{
  double scale;

  for (int r = 0; r < 3; r++) {
    out[3 * r] = h[3 * r] * norm[2];
    out[3 * r + 1] = h[3 * r + 1] * norm[2];
    out[3 * r + 2] = h[3 * r] * norm[0] + h[3 * r + 1] * norm[1] + h[3 * r + 2];
  }
  scale = out[8];
  if (!(fabs (scale) > 1e-9))
    return false;
  for (int i = 0; i < 9; i++)
    out[i] /= scale;
  return true;
}

uint32_t
lince_homography_refine (const LinceCorrespondence *correspondences, uint32_t count, float width,
    float height, float slack, bool projective, uint32_t rounds, double homography[9])
{
  double norm[3] = {
      (double) width / 2, (double) height / 2, (double) (width > height ? width : height) / 2};
  double h[9], out[9];

  if (!normalise (homography, norm, h))
    return 0;
  for (uint32_t round = 0; round < rounds; round++)
    if (!step (correspondences, count, norm, (double) slack, projective ? 8 : 6, h))
      return 0;
  denormalise (h, norm, out);
  for (int i = 0; i < 9; i++)
    if (!isfinite (out[i]))
      return 0;
  memcpy (homography, out, sizeof out);
  return count_inliers (correspondences, count, (double) slack, homography);
}

bool
lince_homography_plausible (
    const double homography[9], float width, float height, float least, float most)
{
  double x[4], y[4], shortest = 1e30, longest = 0;
  const double corners[4][2] = {
      {0, 0}, {(double) width, 0}, {(double) width, (double) height}, {0, (double) height}};

  for (int i = 0; i < 4; i++)
    if (!lince_homography_project (homography, corners[i][0], corners[i][1], &x[i], &y[i]))
      return false;
  for (int i = 0; i < 4; i++) {
    int j = (i + 1) % 4, k = (i + 2) % 4;
    double ax = x[j] - x[i], ay = y[j] - y[i], bx = x[k] - x[j], by = y[k] - y[j];
    double side = sqrt (ax * ax + ay * ay), other = sqrt (bx * bx + by * by);
    double opposite = hypot (x[(i + 3) % 4] - x[k], y[(i + 3) % 4] - y[k]);

    /* clockwise and convex, no corner flatter than about 6 degrees */
    if (!(ax * by - ay * bx > .1 * side * other) || opposite > 6 * side)
      return false;
    shortest = side < shortest ? side : shortest;
    longest = side > longest ? side : longest;
  }
  return shortest >= (double) least && longest <= (double) most;
}
