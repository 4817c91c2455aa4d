/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/render.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/quad.h"

#define SAMPLES 2 /* of a pixel, each way */
#define MAX_RADIUS 16
#define GRAIN 3 /* grey levels either way */

static int
half (int side)
{
  return (side + 1) / 2;
}

static size_t
chroma_size (const LinceCanvas *canvas)
{
  return (size_t) half (canvas->width) * (size_t) half (canvas->height);
}

bool
lince_canvas_init (LinceCanvas *canvas, int width, int height)
{
  *canvas = (LinceCanvas){.width = width, .height = height};
  canvas->luma = malloc ((size_t) width * (size_t) height);
  canvas->cb = malloc (chroma_size (canvas));
  canvas->cr = malloc (chroma_size (canvas));
  return canvas->luma && canvas->cb && canvas->cr;
}

void
lince_canvas_clear (LinceCanvas *canvas)
{
  free (canvas->luma);
  free (canvas->cb);
  free (canvas->cr);
  *canvas = (LinceCanvas){0};
}

void
lince_canvas_copy (const LinceCanvas *canvas, const LinceCanvas *from)
{
  memcpy (canvas->luma, from->luma, (size_t) canvas->width * (size_t) canvas->height);
  memcpy (canvas->cb, from->cb, chroma_size (canvas));
  memcpy (canvas->cr, from->cr, chroma_size (canvas));
}

LinceFrame
lince_canvas_frame (const LinceCanvas *canvas)
{
  int width = half (canvas->width), height = half (canvas->height);

  return (LinceFrame){.width = canvas->width,
      .height = canvas->height,
      .luma = {canvas->luma, canvas->width, 1},
      .cb = {canvas->cb, width, 1},
      .cr = {canvas->cr, width, 1},
      .chroma_width = width,
      .chroma_height = height,
      .par_numerator = 1,
      .par_denominator = 1};
}

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
  for (int y = 0; y < half (canvas->height); y++)
    for (int x = 0; x < half (canvas->width); x++) {
      size_t at = (size_t) y * (size_t) half (canvas->width) + (size_t) x;

      canvas->cb[at] = (uint8_t) (108 + value_noise (x, y, 60, seed + 3) / 6);
      canvas->cr[at] = (uint8_t) (108 + value_noise (x, y, 60, seed + 4) / 6);
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

/* One component of a canvas. */
typedef struct {
  uint8_t *data;
  int width, height;
  int step; /* canvas pixels for one sample, each way */
} Plane;

static Plane
plane_of (const LinceCanvas *canvas, int component)
{
  if (component == 0)
    return (Plane){canvas->luma, canvas->width, canvas->height, 1};
  return (Plane){
      component == 1 ? canvas->cb : canvas->cr, half (canvas->width), half (canvas->height), 2};
}

/* A picture's sample at a place, bilinear; its edge goes on outside. */
static double
sample (const uint8_t *data, int width, int height, double x, double y)
{
  int u = (int) floor (x - 0.5), v = (int) floor (y - 0.5);
  double fx = x - 0.5 - u, fy = y - 0.5 - v, sum = 0;

  for (int i = 0; i < 4; i++) {
    int px = u + i % 2, py = v + i / 2;

    px = px < 0 ? 0 : px >= width ? width - 1 : px;
    py = py < 0 ? 0 : py >= height ? height - 1 : py;
    sum += (i % 2 ? fx : 1 - fx) * (i / 2 ? fy : 1 - fy) *
           data[(size_t) py * (size_t) width + (size_t) px];
  }
  return sum;
}

/* A component of a level at a place of its luma, and the opacity there (0 to 1). */
static double
sample_level (const LinceReferenceLevel *level, int component, double x, double y, double *opacity)
{
  int width = lince_reference_chroma_width (level), height = lince_reference_chroma_height (level);

  *opacity = level->mask ? sample (level->mask, level->width, level->height, x, y) / 255 : 1;
  if (component == 0)
    return sample (level->luma, level->width, level->height, x, y);
  return sample (component == 1 ? level->cb : level->cr, width, height, x * width / level->width,
      y * height / level->height);
}

/* What a drawing of one component needs. `back` maps canvas pixels to the level's. */
typedef struct {
  const LinceReferenceLevel *level;
  const LinceView *view;
  double back[9];
  int component;
  Plane plane;
} Drawing;

static void
draw_sample (const Drawing *drawing, int x, int y)
{
  const LinceReferenceLevel *level = drawing->level;
  uint8_t *below = &drawing->plane.data[(size_t) y * (size_t) drawing->plane.width + (size_t) x];
  double sum = 0, scale = drawing->component == 0 ? 219.0 / 255 : 224.0 / 255;

  for (int i = 0; i < SAMPLES * SAMPLES; i++) {
    double u, v, alpha = 0, value = 0;
    double px = (x + (i % SAMPLES + 0.5) / SAMPLES) * drawing->plane.step;
    double py = (y + (i / SAMPLES + 0.5) / SAMPLES) * drawing->plane.step;

    if (lince_homography_map (drawing->back, px, py, &u, &v) && u >= 0 && v >= 0 &&
        u < level->width && v < level->height)
      value = sample_level (level, drawing->component, u, v, &alpha);
    if (drawing->view->video_range)
      value = drawing->component == 0 ? 16 + scale * value : 128 + scale * (value - 128);
    alpha *= (double) drawing->view->opacity;
    sum += alpha * value + (1 - alpha) * *below;
  }
  *below = to_byte ((int) (sum / (SAMPLES * SAMPLES) + 0.5));
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
blur_part (const Plane *plane, const Part *part, float deviation)
{
  int weights[MAX_RADIUS + 1], radius;
  int width = part->right - part->left, height = part->bottom - part->top;
  uint8_t *first = plane->data + (size_t) part->top * (size_t) plane->width + part->left;

  if (!(deviation > 0.1f) || width <= 0 || height <= 0 || width > LINE || height > LINE)
    return;
  radius = make_kernel (deviation, weights);
  for (int y = 0; y < height; y++)
    blur_line (first + (size_t) y * (size_t) plane->width, width, 1, weights, radius);
  for (int x = 0; x < width; x++)
    blur_line (first + x, height, plane->width, weights, radius);
}

static void
add_noise (const Plane *plane, const Part *part, uint32_t noise, uint32_t seed)
{
  uint32_t state = seed * 2654435761u + 7;

  for (int y = part->top; y < part->bottom && noise > 0; y++)
    for (int x = part->left; x < part->right; x++) {
      uint8_t *pixel = &plane->data[(size_t) y * (size_t) plane->width + (size_t) x];

      *pixel = to_byte (*pixel + (int) (next_random (&state) % (2 * noise + 1)) - (int) noise);
    }
}

/* The part in samples of a plane. */
static Part
part_in (const Part *part, const Plane *plane)
{
  return (Part){part->left / plane->step, part->top / plane->step,
      (part->right + plane->step - 1) / plane->step,
      (part->bottom + plane->step - 1) / plane->step};
}

static void
draw_component (const Drawing *drawing, const Part *whole)
{
  const LinceView *view = drawing->view;
  Part part = part_in (whole, &drawing->plane);

  for (int y = part.top; y < part.bottom; y++)
    for (int x = part.left; x < part.right; x++)
      draw_sample (drawing, x, y);
  blur_part (&drawing->plane, &part, view->blur / (float) drawing->plane.step);
  if (drawing->component == 0)
    add_noise (&drawing->plane, &part, view->noise, view->seed);
}

bool
lince_render_reference (
    const LinceCanvas *canvas, const LinceReference *reference, const LinceView *view)
{
  Part part = part_of (canvas, view->corners, (int) ceilf (3 * view->blur) + 2);
  Drawing drawing = {.view = view};
  double forward[9];

  if (!lince_quad_plausible (view->corners, 4, canvas->width, canvas->height))
    return false;
  drawing.level = choose_level (reference, view->corners);
  if (!lince_quad_to_homography (
          view->corners, drawing.level->width, drawing.level->height, forward) ||
      !lince_homography_inverse (forward, drawing.back))
    return false;
  for (int component = 0; component < 3; component++) {
    drawing.component = component;
    drawing.plane = plane_of (canvas, component);
    draw_component (&drawing, &part);
  }
  return true;
}
