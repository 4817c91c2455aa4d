/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Grey pictures drawn in code: posters, and frames that show them at known places. */
#pragma once

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "recognition/frame.h"

/* Owned grey pixels in a buffer of exactly their size. */
typedef struct {
  uint8_t *pixels;
  int width, height;
} Grey;

static inline uint32_t
scene_random (uint32_t *state)
{
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

static inline Grey
grey_new (int width, int height, uint8_t value)
{
  Grey grey = {malloc ((size_t) width * (size_t) height), width, height};

  ck_assert_ptr_nonnull (grey.pixels);
  memset (grey.pixels, value, (size_t) width * (size_t) height);
  return grey;
}

static inline void
grey_free (Grey *grey)
{
  free (grey->pixels);
  grey->pixels = NULL;
}

/* Discs and bars of random place, size, turn and grey: a picture full of corners and blobs. */
static inline Grey
draw_grey_poster (int width, int height, uint32_t seed)
{
  Grey grey = grey_new (width, height, (uint8_t) (60 + seed * 37 % 120));

  for (int i = 0; i < width * height / 220; i++) {
    float cx = (float) (scene_random (&seed) % (uint32_t) width);
    float cy = (float) (scene_random (&seed) % (uint32_t) height);
    float a = 2.f + (float) (scene_random (&seed) % 9),
          b = 2.f + (float) (scene_random (&seed) % 5);
    float turn = (float) (scene_random (&seed) % 628) / 100.f, c = cosf (turn), s = sinf (turn);
    int disc = (int) (scene_random (&seed) % 2);
    uint8_t value = (uint8_t) (scene_random (&seed) % 256);

    for (int y = (int) cy - 12; y <= (int) cy + 12; y++)
      for (int x = (int) cx - 12; x <= (int) cx + 12; x++) {
        float u = ((float) x - cx) * c + ((float) y - cy) * s;
        float v = ((float) y - cy) * c - ((float) x - cx) * s;

        if (x < 0 || y < 0 || x >= width || y >= height)
          continue;
        if (disc ? u * u + v * v <= a * a : fabsf (u) <= a && fabsf (v) <= b)
          grey.pixels[(size_t) y * (size_t) width + (size_t) x] = value;
      }
  }
  return grey;
}

/* Soft noise that stands for footage. */
static inline Grey
draw_background (int width, int height, uint32_t seed)
{
  Grey grey = grey_new (width, height, 0);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      grey.pixels[(size_t) y * (size_t) width + (size_t) x] =
          (uint8_t) (120 + (int) (40 * sin (x * .02 + seed)) +
                     (int) (30 * cos (y * .031 + x * .007)) + (int) (scene_random (&seed) % 9));
  return grey;
}

static inline LinceFrame
frame_of (const Grey *grey)
{
  return (LinceFrame){.width = grey->width,
      .height = grey->height,
      .luma = {grey->pixels, grey->width, 1},
      .par_numerator = 1,
      .par_denominator = 1};
}

/* The homography that maps the corners of a `width` x `height` picture to `quad` (Heckbert 1989).
 */
static inline void
homography_to_quad (int width, int height, const LincePoint quad[4], double h[9])
{
  double x0 = quad[0].x, y0 = quad[0].y, x1 = quad[1].x, y1 = quad[1].y;
  double x2 = quad[2].x, y2 = quad[2].y, x3 = quad[3].x, y3 = quad[3].y;
  double sx = x0 - x1 + x2 - x3, sy = y0 - y1 + y2 - y3;
  double dx1 = x1 - x2, dy1 = y1 - y2, dx2 = x3 - x2, dy2 = y3 - y2, det = dx1 * dy2 - dx2 * dy1;
  double g = (sx * dy2 - dx2 * sy) / det, k = (dx1 * sy - sx * dy1) / det;
  double m[9] = {
      x1 - x0 + g * x1, x3 - x0 + k * x3, x0, y1 - y0 + g * y1, y3 - y0 + k * y3, y0, g, k, 1};

  for (int i = 0; i < 9; i++)
    h[i] = i % 3 == 0 ? m[i] / width : (i % 3 == 1 ? m[i] / height : m[i]);
}

static inline void
invert3 (const double m[9], double out[9])
{
  double det = m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
               m[2] * (m[3] * m[7] - m[4] * m[6]);

  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 3; c++) {
      int r1 = (c + 1) % 3, r2 = (c + 2) % 3, c1 = (r + 1) % 3, c2 = (r + 2) % 3;

      out[3 * r + c] = (m[3 * r1 + c1] * m[3 * r2 + c2] - m[3 * r1 + c2] * m[3 * r2 + c1]) / det;
    }
}

static inline int
grey_at (const Grey *grey, double x, double y)
{
  int u, v;
  double fx, fy;
  const uint8_t *p;

  x -= .5;
  y -= .5;
  x = x < 0 ? 0 : (x > grey->width - 1.001 ? grey->width - 1.001 : x);
  y = y < 0 ? 0 : (y > grey->height - 1.001 ? grey->height - 1.001 : y);
  u = (int) x;
  v = (int) y;
  fx = x - u;
  fy = y - v;
  p = grey->pixels + (size_t) v * (size_t) grey->width + (size_t) u;
  return (int) ((1 - fy) * ((1 - fx) * p[0] + fx * p[1]) +
                fy * ((1 - fx) * p[grey->width] + fx * p[grey->width + 1]) + .5);
}

/* Paints `poster` onto `frame` so that its corners lie at `quad`; 2 x 2 samples a pixel. */
static inline void
paint (Grey *frame, const Grey *poster, const LincePoint quad[4])
{
  double h[9], back[9];

  homography_to_quad (poster->width, poster->height, quad, h);
  invert3 (h, back);
  for (int y = 0; y < frame->height; y++)
    for (int x = 0; x < frame->width; x++) {
      int sum = 0, inside = 0;

      for (int i = 0; i < 4; i++) {
        double px = x + .25 + .5 * (i % 2), py = y + .25 + .5 * (i / 2);
        double w = back[6] * px + back[7] * py + back[8];
        double u = (back[0] * px + back[1] * py + back[2]) / w;
        double v = (back[3] * px + back[4] * py + back[5]) / w;

        if (u < 0 || v < 0 || u >= poster->width || v >= poster->height)
          continue;
        sum += grey_at (poster, u, v);
        inside++;
      }
      if (inside > 0) {
        uint8_t *pixel = &frame->pixels[(size_t) y * (size_t) frame->width + (size_t) x];

        *pixel = (uint8_t) ((sum + (4 - inside) * *pixel) / 4);
      }
    }
}
