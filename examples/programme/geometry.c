/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "geometry.h"

#include <math.h>

LinceProjection
lince_projection_from_quad (const LinceCorners *quad)
{
  const double *q = quad->at;
  double sx = q[0] - q[2] + q[4] - q[6], sy = q[1] - q[3] + q[5] - q[7];
  double dx1 = q[2] - q[4], dx2 = q[6] - q[4], dy1 = q[3] - q[5], dy2 = q[7] - q[5];
  double det = dx1 * dy2 - dx2 * dy1;
  double g = (sx * dy2 - dx2 * sy) / det, h = (dx1 * sy - sx * dy1) / det;
  return (LinceProjection){{q[2] - q[0] + g * q[2], q[6] - q[0] + h * q[6], q[0],
      q[3] - q[1] + g * q[3], q[7] - q[1] + h * q[7], q[1], g, h, 1}};
}

LinceProjection
lince_projection_invert (const LinceProjection *h)
{
  const double *m = h->m;
  LinceProjection r = {
      {m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
          m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
          m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3]}};
  double det = m[0] * r.m[0] + m[1] * r.m[3] + m[2] * r.m[6];
  for (int i = 0; i < 9; i++)
    r.m[i] /= det;
  return r;
}

void
lince_projection_map (const LinceProjection *h, double x, double y, double *u, double *v)
{
  const double *m = h->m;
  double w = m[6] * x + m[7] * y + m[8];
  *u = (m[0] * x + m[1] * y + m[2]) / w;
  *v = (m[3] * x + m[4] * y + m[5]) / w;
}

LinceCorners
lince_corners_part (const LinceCorners *quad, double x0, double y0, double x1, double y1)
{
  LinceProjection h = lince_projection_from_quad (quad);
  LinceCorners part;
  lince_projection_map (&h, x0, y0, &part.at[0], &part.at[1]);
  lince_projection_map (&h, x1, y0, &part.at[2], &part.at[3]);
  lince_projection_map (&h, x1, y1, &part.at[4], &part.at[5]);
  lince_projection_map (&h, x0, y1, &part.at[6], &part.at[7]);
  return part;
}

LinceCorners
lince_corners_mix (const LinceCorners *a, const LinceCorners *b, double share_of_b)
{
  LinceCorners mixed;
  for (int i = 0; i < 8; i++)
    mixed.at[i] = a->at[i] + share_of_b * (b->at[i] - a->at[i]);
  return mixed;
}

double
lince_corners_area (const LinceCorners *quad)
{
  double sum = 0;
  for (int i = 0; i < 8; i += 2)
    sum += quad->at[i] * quad->at[(i + 3) & 7] - quad->at[(i + 2) & 7] * quad->at[i + 1];
  return fabs (sum) / 2;
}

double
lince_corners_motion (const LinceCorners *a, const LinceCorners *b)
{
  double most = 0;
  for (int i = 0; i < 8; i += 2)
    most = fmax (most, hypot (a->at[i] - b->at[i], a->at[i + 1] - b->at[i + 1]));
  return most;
}
