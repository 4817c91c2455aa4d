/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/matte.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COMPONENTS 3
#define LIKELY 28.0       /* levels from the border's median that may still be the ground */
#define LEAST_NOISE 7.0   /* levels from the ground's colour that count as noise, at least */
#define MOST_NOISE 14.0   /* and at most */
#define DEVIATIONS 3.0    /* of the border's that do */
#define BORDER_SHARE 0.5  /* of the border that is ground, at least */
#define GROUND_SHARE 0.15 /* of the picture that is, at least */
#define MARK_SHARE 0.03   /* of the picture that is not, at least */
#define EDGE 2            /* pixels that a soft edge is wide, each way */

/* One colour that rises or falls evenly: constant, along x, along y. */
typedef struct {
  double of[COMPONENTS][3];
  double noise; /* distance up to which a pixel is the ground */
} Ground;

static const uint8_t *
plane_of (const LinceMattePicture *picture, int component)
{
  return component == 0 ? picture->luma : component == 1 ? picture->cb : picture->cr;
}

static double
ground_at (const Ground *ground, int component, int x, int y)
{
  return ground->of[component][0] + ground->of[component][1] * x + ground->of[component][2] * y;
}

static double
distance_at (const LinceMattePicture *picture, const Ground *ground, int x, int y)
{
  int i = y * picture->width + x;
  double sum = 0;

  for (int k = 0; k < COMPONENTS; k++) {
    double d = plane_of (picture, k)[i] - ground_at (ground, k, x, y);

    sum += d * d;
  }
  return sqrt (sum);
}

static bool
on_border (const LinceMattePicture *picture, int x, int y)
{
  return x == 0 || y == 0 || x == picture->width - 1 || y == picture->height - 1;
}

static int
border_count (const LinceMattePicture *picture)
{
  return 2 * (picture->width + picture->height) - 4;
}

static void
take_median (const LinceMattePicture *picture, Ground *ground)
{
  for (int k = 0; k < COMPONENTS; k++) {
    int counts[256] = {0}, below = 0, value = 0;

    for (int y = 0; y < picture->height; y++)
      for (int x = 0; x < picture->width; x++)
        if (on_border (picture, x, y))
          counts[plane_of (picture, k)[y * picture->width + x]]++;
    while (2 * (below += counts[value]) < border_count (picture))
      value++;
    ground->of[k][0] = value;
  }
}

/* Solves the symmetric `a` x = b of three unknowns; false where the places do not tell them. */
static bool
solve (const double a[6], const double b[3], double x[3])
{
  double c0 = a[3] * a[5] - a[4] * a[4], c1 = a[2] * a[4] - a[1] * a[5];
  double c2 = a[1] * a[4] - a[2] * a[3], determinant = a[0] * c0 + a[1] * c1 + a[2] * c2;

  if (!(fabs (determinant) > 1e-9 * fabs (a[0] * a[3] * a[5])))
    return false;
  x[0] = (c0 * b[0] + c1 * b[1] + c2 * b[2]) / determinant;
  x[1] = (c1 * b[0] + (a[0] * a[5] - a[2] * a[2]) * b[1] + (a[1] * a[2] - a[0] * a[4]) * b[2]) /
         determinant;
  x[2] = (c2 * b[0] + (a[1] * a[2] - a[0] * a[4]) * b[1] + (a[0] * a[3] - a[1] * a[1]) * b[2]) /
         determinant;
  return true;
}

/* The plane through those pixels of the border that are within `reach` of the ground so far, and
 * how far they are off. Returns their share of the border. */
static double
fit (const LinceMattePicture *picture, Ground *ground, double reach)
{
  double a[6] = {0}, b[COMPONENTS][3] = {{0}}, squares = 0;
  int count = 0;
  Ground next = *ground;

  for (int y = 0; y < picture->height; y++)
    for (int x = 0; x < picture->width; x++) {
      double d = on_border (picture, x, y) ? distance_at (picture, ground, x, y) : reach + 1;

      if (d > reach)
        continue;
      for (int k = 0; k < COMPONENTS; k++) {
        double value = plane_of (picture, k)[y * picture->width + x];

        b[k][0] += value;
        b[k][1] += value * x;
        b[k][2] += value * y;
      }
      a[0] += 1;
      a[1] += x;
      a[2] += y;
      a[3] += x * x;
      a[4] += x * y;
      a[5] += y * y;
      squares += d * d;
      count++;
    }
  for (int k = 0; k < COMPONENTS; k++)
    if (!solve (a, b[k], next.of[k]))
      return 0;
  next.noise = DEVIATIONS * sqrt (squares / count);
  next.noise = fmin (fmax (next.noise, LEAST_NOISE), MOST_NOISE);
  *ground = next;
  return (double) count / border_count (picture);
}

static bool
find_ground (const LinceMattePicture *picture, Ground *ground)
{
  *ground = (Ground){0};
  take_median (picture, ground);
  if (fit (picture, ground, LIKELY) < BORDER_SHARE)
    return false;
  for (int i = 0; i < 2; i++)
    if (fit (picture, ground, MOST_NOISE) < BORDER_SHARE)
      return false;
  return true;
}

/* The largest distance near a pixel, which is the mark's next to a soft edge; whether the ground is
 * near as well. */
static bool
look_around (const float *distances, const LinceMattePicture *picture, double noise, int x, int y,
    float *most)
{
  bool near = false;

  *most = 0;
  for (int v = y > EDGE ? y - EDGE : 0; v <= y + EDGE && v < picture->height; v++)
    for (int u = x > EDGE ? x - EDGE : 0; u <= x + EDGE && u < picture->width; u++) {
      float d = distances[v * picture->width + u];

      *most = d > *most ? d : *most;
      near = near || d <= (float) noise;
    }
  return near;
}

/* Returns how much of the picture is the ground, and of the mark. */
static void
fill_mask (const LinceMattePicture *picture, const Ground *ground, const float *distances,
    double *of_ground, double *of_mark)
{
  int64_t sum = 0, clear = 0;

  for (int y = 0; y < picture->height; y++)
    for (int x = 0; x < picture->width; x++) {
      int i = y * picture->width + x;
      float most, d = distances[i];
      bool near = look_around (distances, picture, ground->noise, x, y, &most);

      picture->mask[i] = (uint8_t) (d <= (float) ground->noise ? 0
                                    : near                     ? lrintf (255 * d / most)
                                                               : 255);
      sum += picture->mask[i];
      clear += picture->mask[i] == 0;
    }
  *of_ground = (double) clear / (picture->width * picture->height);
  *of_mark = (double) sum / (255.0 * picture->width * picture->height);
}

/* Takes the ground's share out of the colour of soft edges. */
static void
take_out (const LinceMattePicture *picture, const Ground *ground)
{
  uint8_t *const planes[COMPONENTS] = {picture->luma, picture->cb, picture->cr};

  for (int y = 0; y < picture->height; y++)
    for (int x = 0; x < picture->width; x++) {
      int i = y * picture->width + x;
      double alpha = picture->mask[i] / 255.0;

      for (int k = 0; k < COMPONENTS && alpha > 0; k++) {
        double under = ground_at (ground, k, x, y);
        double value = under + (planes[k][i] - under) / alpha;

        planes[k][i] = (uint8_t) lrint (fmin (fmax (value, 0), 255));
      }
    }
}

bool
lince_matte_make (const LinceMattePicture *picture)
{
  double of_ground, of_mark;
  float *distances;
  Ground ground;

  if (picture->width > LINCE_MATTE_SIDE || picture->height > LINCE_MATTE_SIDE ||
      !find_ground (picture, &ground))
    return false;
  distances = malloc ((size_t) picture->width * (size_t) picture->height * sizeof *distances);
  if (distances == NULL)
    return false;
  for (int y = 0; y < picture->height; y++)
    for (int x = 0; x < picture->width; x++)
      distances[y * picture->width + x] = (float) distance_at (picture, &ground, x, y);
  fill_mask (picture, &ground, distances, &of_ground, &of_mark);
  free (distances);
  if (of_ground < GROUND_SHARE || of_mark < MARK_SHARE)
    return false;
  take_out (picture, &ground);
  return true;
}
