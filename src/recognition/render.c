/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/render.h"

#include <math.h>
#include <string.h>

#include "recognition/quad.h"

#define SAMPLES 2 /* of a pixel, each way */
#define MAX_RADIUS 16
#define GRAIN 3 /* grey levels either way */

static uint32_t
next_random (uint32_t *state)
{
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

/* 0 to 255, fixed for a place. */
static int
lattice (int x, int y, uint32_t seed)
{
  uint32_t h = (uint32_t) x * 0x9e3779b1u ^ (uint32_t) y * 0x85ebca77u ^ seed * 0xc2b2ae3du;

  h = (h ^ h >> 15) * 0x2c1b3c6du;
  return (int) ((h ^ h >> 12) & 255);
}

/* Values of a lattice with `cell` pixels between its points, and between them bilinear. */
static int
value_noise (int x, int y, int cell, uint32_t seed)
{
  int u = x / cell, v = y / cell, fx = x % cell, fy = y % cell;
  int top = lattice (u, v, seed) * (cell - fx) + lattice (u + 1, v, seed) * fx;
  int bottom = lattice (u, v + 1, seed) * (cell - fx) + lattice (u + 1, v + 1, seed) * fx;

  return (top * (cell - fy) + bottom * fy) / (cell * cell);
}

static uint8_t
to_byte (int value)
{
  return (uint8_t) (value < 0 ? 0 : value > 255 ? 255 : value);
}

/* A slanted bar of one grey, some of it. */
static void
draw_bar (const LinceCanvas *canvas, uint32_t *state)
{
  int left = (int) (next_random (state) % (uint32_t) canvas->width);
  int top = (int) (next_random (state) % (uint32_t) canvas->height);
  int width = 6 + (int) (next_random (state) % 90), height = 6 + (int) (next_random (state) % 60);
  int slant = (int) (next_random (state) % 129) - 64,
      change = (int) (next_random (state) % 121) - 60;

  for (int y = top; y < top + height && y < canvas->height; y++)
    for (int x = 0; x < width; x++) {
      int at = left + x + (y - top) * slant / 64;

      if (at >= 0 && at < canvas->width) {
        uint8_t *pixel = &canvas->luma[(size_t) y * (size_t) canvas->width + (size_t) at];

        *pixel = to_byte (*pixel + change);
      }
    }
}

void
lince_render_background (const LinceCanvas *canvas, uint32_t seed)
{
  int bars = (int) ((int64_t) canvas->width * canvas->height / 9000);
  uint32_t state = seed * 2654435761u + 1;

  for (int y = 0; y < canvas->height; y++)
    for (int x = 0; x < canvas->width; x++) {
      int value = 24 + value_noise (x, y, 190, seed) * 5 / 8 +
                  value_noise (x, y, 37, seed + 1) / 5 + value_noise (x, y, 9, seed + 2) / 9;

      canvas->luma[(size_t) y * (size_t) canvas->width + (size_t) x] = to_byte (value);
    }
  for (int i = 0; i < bars; i++)
    draw_bar (canvas, &state);
  for (size_t i = 0; i < (size_t) canvas->width * (size_t) canvas->height; i++)
    canvas->luma[i] =
        to_byte (canvas->luma[i] + (int) (next_random (&state) % (2 * GRAIN + 1)) - GRAIN);
}

/* The part of a canvas that a view changes. */
typedef struct {
  int left, top, right, bottom;
} Part;

static Part
part_of (const LinceCanvas *canvas, const LincePoint corners[4], int border)
{
  float left = corners[0].x, top = corners[0].y, right = left, bottom = top;
  Part part;

  for (int i = 1; i < 4; i++) {
    left = corners[i].x < left ? corners[i].x : left;
    right = corners[i].x > right ? corners[i].x : right;
    top = corners[i].y < top ? corners[i].y : top;
    bottom = corners[i].y > bottom ? corners[i].y : bottom;
  }
  part = (Part){(int) floorf (left) - border, (int) floorf (top) - border,
      (int) ceilf (right) + border, (int) ceilf (bottom) + border};
  part.left = part.left < 0 ? 0 : part.left;
  part.top = part.top < 0 ? 0 : part.top;
  part.right = part.right > canvas->width ? canvas->width : part.right;
  part.bottom = part.bottom > canvas->height ? canvas->height : part.bottom;
  return part;
}

/* The coarsest level that still has a pixel for each sample of the canvas. */
static const LinceReferenceLevel *
choose_level (const LinceReference *reference, const LincePoint corners[4])
{
  double side = sqrt (lince_quad_area (corners)) * SAMPLES;
  int level = 0;

  for (; level + 1 < reference->level_count; level++) {
    const LinceReferenceLevel *next = &reference->levels[level + 1];

    if (sqrt ((double) next->width * next->height) < side)
      break;
  }
  return &reference->levels[level];
}

/* Luma and opacity (0 to 1) at a place of a level, bilinear; the level's edge goes on outside. */
static double
sample (const LinceReferenceLevel *level, double x, double y, double *opacity)
{
  double luma = 0, alpha = 0;
  int u = (int) floor (x - 0.5), v = (int) floor (y - 0.5);
  double fx = x - 0.5 - u, fy = y - 0.5 - v;

  for (int i = 0; i < 4; i++) {
    int px = u + i % 2, py = v + i / 2;
    double weight = (i % 2 ? fx : 1 - fx) * (i / 2 ? fy : 1 - fy);
    size_t at;

    px = px < 0 ? 0 : px >= level->width ? level->width - 1 : px;
    py = py < 0 ? 0 : py >= level->height ? level->height - 1 : py;
    at = (size_t) py * (size_t) level->width + (size_t) px;
    luma += weight * level->luma[at];
    alpha += weight * (level->mask ? level->mask[at] : 255);
  }
  *opacity = alpha / 255;
  return luma;
}

/* `back` maps canvas pixels to the level's. */
static uint8_t
draw_pixel (const LinceReferenceLevel *level, const double back[9], int x, int y, uint8_t below,
    double opacity)
{
  double sum = 0;

  for (int i = 0; i < SAMPLES * SAMPLES; i++) {
    double u, v, alpha = 0, luma = 0;
    double px = x + (i % SAMPLES + 0.5) / SAMPLES, py = y + (i / SAMPLES + 0.5) / SAMPLES;

    if (lince_homography_map (back, px, py, &u, &v) && u >= 0 && v >= 0 && u < level->width &&
        v < level->height)
      luma = sample (level, u, v, &alpha);
    alpha *= opacity;
    sum += alpha * luma + (1 - alpha) * below;
  }
  return to_byte ((int) (sum / (SAMPLES * SAMPLES) + 0.5));
}

/* Weights of one side of a Gaussian, in 4096ths, that with the other side sum to 4096. */
static int
make_kernel (float deviation, int weights[MAX_RADIUS + 1])
{
  int radius = (int) ceilf (2.5f * deviation), rest = 4096;
  double sum = 0;

  radius = radius > MAX_RADIUS ? MAX_RADIUS : radius;
  for (int i = -radius; i <= radius; i++)
    sum += exp (-0.5 * i * i / ((double) deviation * deviation));
  for (int i = radius; i > 0; i--) {
    weights[i] = (int) (4096 * exp (-0.5 * i * i / ((double) deviation * deviation)) / sum + 0.5);
    rest -= 2 * weights[i];
  }
  weights[0] = rest;
  return radius;
}

/* One line of `count` samples, `step` apart, at most LINE of them. */
#define LINE 8192
static void
blur_line (uint8_t *line, int count, ptrdiff_t step, const int weights[], int radius)
{
  uint8_t copy[LINE];

  for (int i = 0; i < count; i++)
    copy[i] = line[i * step];
  for (int i = 0; i < count; i++) {
    int sum = weights[0] * copy[i];

    for (int k = 1; k <= radius; k++)
      sum += weights[k] * (copy[i - k < 0 ? 0 : i - k] + copy[i + k >= count ? count - 1 : i + k]);
    line[i * step] = (uint8_t) ((sum + 2048) >> 12);
  }
}

static void
blur_part (const LinceCanvas *canvas, const Part *part, float deviation)
{
  int weights[MAX_RADIUS + 1], radius;
  int width = part->right - part->left, height = part->bottom - part->top;
  uint8_t *first = canvas->luma + (size_t) part->top * (size_t) canvas->width + part->left;

  if (!(deviation > 0.1f) || width <= 0 || height <= 0 || width > LINE || height > LINE)
    return;
  radius = make_kernel (deviation, weights);
  for (int y = 0; y < height; y++)
    blur_line (first + (size_t) y * (size_t) canvas->width, width, 1, weights, radius);
  for (int x = 0; x < width; x++)
    blur_line (first + x, height, canvas->width, weights, radius);
}

static void
add_noise (const LinceCanvas *canvas, const Part *part, uint32_t noise, uint32_t seed)
{
  uint32_t state = seed * 2654435761u + 7;

  for (int y = part->top; y < part->bottom && noise > 0; y++)
    for (int x = part->left; x < part->right; x++) {
      uint8_t *pixel = &canvas->luma[(size_t) y * (size_t) canvas->width + (size_t) x];

      *pixel = to_byte (*pixel + (int) (next_random (&state) % (2 * noise + 1)) - (int) noise);
    }
}

bool
lince_render_reference (
    const LinceCanvas *canvas, const LinceReference *reference, const LinceView *view)
{
  const LinceReferenceLevel *level;
  double forward[9], back[9];
  Part part = part_of (canvas, view->corners, (int) ceilf (3 * view->blur) + 2);

  if (!lince_quad_plausible (view->corners, 4, canvas->width, canvas->height))
    return false;
  level = choose_level (reference, view->corners);
  if (!lince_quad_to_homography (view->corners, level->width, level->height, forward) ||
      !lince_homography_inverse (forward, back))
    return false;
  for (int y = part.top; y < part.bottom; y++)
    for (int x = part.left; x < part.right; x++) {
      uint8_t *pixel = &canvas->luma[(size_t) y * (size_t) canvas->width + (size_t) x];

      *pixel = draw_pixel (level, back, x, y, *pixel, (double) view->opacity);
    }
  blur_part (canvas, &part, view->blur);
  add_noise (canvas, &part, view->noise, view->seed);
  return true;
}
