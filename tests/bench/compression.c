/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compression.h"

#include <math.h>
#include <stdlib.h>

#define SIDE 8
#define DEAD_ZONE (1. / 3) /* what is added before the value is cut, as H.264's encoders do */

/* Rows of the orthonormal transform. */
static void
make_basis (double basis[SIDE][SIDE])
{
  for (int k = 0; k < SIDE; k++)
    for (int i = 0; i < SIDE; i++)
      basis[k][i] = sqrt ((k ? 2. : 1.) / SIDE) * cos (M_PI * (2 * i + 1) * k / (2 * SIDE));
}

/* out = a in b', or with `back` a' in b. */
static void
transform (double basis[SIDE][SIDE], double in[SIDE][SIDE], double out[SIDE][SIDE], int back)
{
  double half[SIDE][SIDE];

  for (int k = 0; k < SIDE; k++)
    for (int x = 0; x < SIDE; x++) {
      half[k][x] = 0;
      for (int i = 0; i < SIDE; i++)
        half[k][x] += (back ? basis[i][k] : basis[k][i]) * in[i][x];
    }
  for (int k = 0; k < SIDE; k++)
    for (int x = 0; x < SIDE; x++) {
      out[k][x] = 0;
      for (int i = 0; i < SIDE; i++)
        out[k][x] += half[k][i] * (back ? basis[i][x] : basis[x][i]);
    }
}

static double
quantise (double value, LinceCompression compression, double step, int frequency)
{
  double own = compression == LINCE_COMPRESSION_STILL ? step * (1 + .45 * frequency) : step;
  double round = compression == LINCE_COMPRESSION_STILL ? .5 : DEAD_ZONE;

  return copysign (floor (fabs (value) / own + round) * own, value);
}

static void
compress_block (double basis[SIDE][SIDE], uint8_t *pixels, int stride, LinceCompression compression,
    double step)
{
  double block[SIDE][SIDE], waves[SIDE][SIDE];

  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      block[y][x] = pixels[y * stride + x] - 128.;
  transform (basis, block, waves, 0);
  for (int v = 0; v < SIDE; v++)
    for (int u = 0; u < SIDE; u++)
      waves[v][u] = quantise (waves[v][u], compression, step, u + v);
  transform (basis, waves, block, 1);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      double value = floor (block[y][x] + 128.5);

      pixels[y * stride + x] = (uint8_t) (value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

/* The normal filter of H.264 (8.7.2.3) across one edge at `q`, without the samples further in. */
static void
smooth_across (uint8_t *q, int apart, int limit)
{
  int q0 = q[0], q1 = q[apart], p0 = q[-apart], p1 = q[-2 * apart], change;

  if (abs (p0 - q0) >= 2 * limit || abs (p1 - p0) >= limit || abs (q1 - q0) >= limit)
    return;
  change = ((q0 - p0) * 4 + p1 - q1 + 4) >> 3;
  change = change < -limit / 2 ? -limit / 2 : change > limit / 2 ? limit / 2 : change;
  p0 += change;
  q0 -= change;
  q[-apart] = (uint8_t) (p0 < 0 ? 0 : p0 > 255 ? 255 : p0);
  q[0] = (uint8_t) (q0 < 0 ? 0 : q0 > 255 ? 255 : q0);
}

static void
smooth_edges (uint8_t *pixels, int stride, int width, int height, int limit)
{
  for (int y = 0; y < height; y++)
    for (int x = SIDE; x < width; x += SIDE)
      smooth_across (pixels + y * stride + x, 1, limit);
  for (int y = SIDE; y < height; y += SIDE)
    for (int x = 0; x < width; x++)
      smooth_across (pixels + y * stride + x, stride, limit);
}

void
lince_compress_plane (
    uint8_t *pixels, int stride, int width, int height, LinceCompression compression, double step)
{
  double basis[SIDE][SIDE];

  if (!(step > 0))
    return;
  width -= width % SIDE;
  height -= height % SIDE;
  make_basis (basis);
  for (int y = 0; y < height; y += SIDE)
    for (int x = 0; x < width; x += SIDE)
      compress_block (basis, pixels + y * stride + x, stride, compression, step);
  if (compression == LINCE_COMPRESSION_VIDEO)
    smooth_edges (pixels, stride, width, height, 2 + (int) (step / 4));
}
