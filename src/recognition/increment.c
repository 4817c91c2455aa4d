/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/increment.h"

#include <math.h>
#include <string.h>

#include "recognition/quad.h"

#define PARAMETERS LINCE_INCREMENT_PARAMETERS

/* B' M B and B' r, with B the derivative of the warp by its parameters at (u, v). */
void
lince_increment_add (LinceIncrement *increment, double u, double v, double unit, double weight,
    const double tensor[3], const double shift[2])
{
  double bx[PARAMETERS] = {u, v, 1, 0, 0, 0, -u * u, -u * v};
  double by[PARAMETERS] = {0, 0, 0, u, v, 1, -u * v, -v * v};

  for (int i = 0; i < PARAMETERS; i++) {
    double mx = tensor[0] * bx[i] + tensor[1] * by[i], my = tensor[1] * bx[i] + tensor[2] * by[i];

    for (int k = 0; k <= i; k++)
      increment->normal[i][k] += weight * unit * unit * (mx * bx[k] + my * by[k]);
    increment->right[i] += weight * unit * (bx[i] * shift[0] + by[i] * shift[1]);
  }
}

void
lince_increment_keep_shape (LinceIncrement *increment, double deviation)
{
  double weight = 1 / (deviation * deviation);

  increment->normal[0][0] += weight;
  increment->normal[4][4] += weight;
  increment->normal[4][0] -= weight; /* only the lower triangle is read */
}

/* Solves the symmetric positive definite system by Cholesky; only the lower triangle is read. */
static bool
solve (double a[PARAMETERS][PARAMETERS], double b[PARAMETERS])
{
  for (int i = 0; i < PARAMETERS; i++) {
    for (int k = 0; k <= i; k++) {
      double sum = a[i][k];

      for (int j = 0; j < k; j++)
        sum -= a[i][j] * a[k][j];
      if (i == k && !(sum > 1e-12))
        return false;
      a[i][k] = i == k ? sqrt (sum) : sum / a[k][k];
    }
  }
  for (int i = 0; i < PARAMETERS; i++) {
    for (int j = 0; j < i; j++)
      b[i] -= a[i][j] * b[j];
    b[i] /= a[i][i];
  }
  for (int i = PARAMETERS - 1; i >= 0; i--) {
    for (int j = i + 1; j < PARAMETERS; j++)
      b[i] -= a[j][i] * b[j];
    b[i] /= a[i][i];
  }
  return true;
}

double
lince_increment_apply (LinceIncrement *increment, const double expected[PARAMETERS], double unit,
    const double to_reference[9], double homography[9])
{
  double *d = increment->right, update[9], inverse[9], warp[9], from_reference[9], whole[9];
  double moved = 0;

  for (int i = 0; i < PARAMETERS; i++)
    increment->normal[i][i] += 1 / (expected[i] * expected[i]);
  if (!solve (increment->normal, d))
    return -1;
  for (int i = 0; i < PARAMETERS; i++)
    moved = fmax (moved, fabs (d[i]) * unit);
  memcpy (update, (double[9]){1 + d[0], d[1], d[2], d[3], 1 + d[4], d[5], d[6], d[7], 1},
      sizeof update);
  if (!isfinite (moved) || !lince_homography_inverse (update, inverse) ||
      !lince_homography_inverse (to_reference, from_reference))
    return -1;
  lince_homography_compose (to_reference, inverse, warp);
  lince_homography_compose (warp, from_reference, whole);
  lince_homography_compose (homography, whole, warp);
  if (!isfinite (1 / warp[8]))
    return -1;
  for (int i = 0; i < 9; i++)
    homography[i] = warp[i] / warp[8];
  return moved;
}
