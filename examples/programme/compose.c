/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "random.h"

#define MAX_SAMPLES 12
#define NOISE_SIZE 65536

struct _LinceComposer {
  int width, height;
  uint32_t *frame, *tile, *spare; /* packed as in a canvas; the tile has the frame's size */
  int32_t *us, *vs;               /* a row's places in the canvas, 1/256 pixel */
  uint64_t *sums; /* a row's sums, 16 bits a channel: Y, Cr, Cb, alpha from the lowest */
  int8_t *noise;
};

LinceComposer *
lince_composer_new (int width, int height)
{
  LinceComposer *c = g_new0 (LinceComposer, 1);
  gsize pixels = (gsize) width * height;
  c->width = width;
  c->height = height;
  c->frame = g_new0 (uint32_t, pixels);
  c->tile = g_new0 (uint32_t, pixels);
  c->spare = g_new0 (uint32_t, pixels);
  c->us = g_new0 (int32_t, width);
  c->vs = g_new0 (int32_t, width);
  c->sums = g_new0 (uint64_t, width);
  c->noise = g_new (int8_t, NOISE_SIZE + width);
  LinceRandom random = lince_random_for (7, 7);
  for (int i = 0; i < NOISE_SIZE + width; i++) {
    double sum = 0; /* near enough to a normal distribution of sigma 16 */
    for (int k = 0; k < 6; k++)
      sum += lince_random_range (&random, -1, 1);
    c->noise[i] = (int8_t) lrint (sum * 16 / sqrt (2));
  }
  return c;
}

void
lince_composer_free (LinceComposer *c)
{
  if (!c)
    return;
  g_free (c->frame);
  g_free (c->tile);
  g_free (c->spare);
  g_free (c->us);
  g_free (c->vs);
  g_free (c->sums);
  g_free (c->noise);
  g_free (c);
}

/* --- warping --- */

static inline uint64_t
spread (uint32_t word)
{
  return (word & 0x00ff00ffu) | (uint64_t) (word >> 8 & 0x00ff00ffu) << 32;
}

static inline uint32_t
gather (uint64_t lanes)
{
  return (uint32_t) lanes | (uint32_t) (lanes >> 32) << 8;
}

/* Where the row's pixels lie in the level, in 1/256 of its padded pixels. */
static void
locate_row (const float m[9], float x0, float y, int count, float u_max, float v_max,
    int32_t *restrict us, int32_t *restrict vs)
{
  float u0 = m[1] * y + m[2], v0 = m[4] * y + m[5], w0 = m[7] * y + m[8];
  if (m[6] == 0 && m[3] == 0) { /* the picture's rows lie along the frame's: no division, one v */
    float v = v0 / w0, scale = 1.0f / w0;
    v = v < 0 ? 0 : v > v_max ? v_max : v;
    for (int i = 0; i < count; i++) {
      float u = (m[0] * (x0 + (float) i) + u0) * scale;
      u = u < 0 ? 0 : u;
      us[i] = (int32_t) (u > u_max ? u_max : u);
      vs[i] = (int32_t) v;
    }
    return;
  }
  for (int i = 0; i < count; i++) {
    float x = x0 + (float) i;
    float w = 1.0f / (m[6] * x + w0);
    float u = (m[0] * x + u0) * w, v = (m[3] * x + v0) * w;
    u = u < 0 ? 0 : u;
    v = v < 0 ? 0 : v;
    us[i] = (int32_t) (u > u_max ? u_max : u);
    vs[i] = (int32_t) (v > v_max ? v_max : v);
  }
}

static void
sample_row (const LinceCanvasLevel *level, const int32_t *restrict us, const int32_t *restrict vs,
    int count, uint64_t *restrict sums)
{
  const uint32_t *pixels = level->pixels;
  int stride = level->stride;
  for (int i = 0; i < count; i++) {
    uint32_t u = (uint32_t) us[i], v = (uint32_t) vs[i], fu = u & 255, fv = v & 255;
    const uint32_t *p = pixels + (gsize) (v >> 8) * stride + (u >> 8);
    uint32_t w11 = fu * fv >> 8, w10 = fv - w11, w01 = fu - w11, w00 = 256 - fu - fv + w11;
    uint64_t sum = spread (p[0]) * w00 + spread (p[1]) * w01 + spread (p[stride]) * w10 +
                   spread (p[stride + 1]) * w11;
    sums[i] += sum >> 8 & 0x00ff00ff00ff00ffu;
  }
}

/* Blends the sums of `samples` samples over `to`. `opacity` is 0 to 256. */
static void
blend_row (
    uint32_t *restrict to, const uint64_t *restrict sums, int count, int samples, int opacity)
{
  uint32_t scale = (uint32_t) (65536 / samples) * (uint32_t) opacity;
  bool plain = samples == 1 && opacity == 256;
  for (int i = 0; i < count; i++) {
    uint64_t s = sums[i];
    if (!(s >> 48))
      continue;
    if (plain && s >> 48 == 255) {
      to[i] = gather (s);
      continue;
    }
    uint32_t lanes[4];
    for (int k = 0; k < 4; k++)
      lanes[k] = (uint32_t) ((uint64_t) (s >> (16 * k) & 0xffff) * scale >> 24) & 255;
    uint32_t rest = 256 - lanes[3] - (lanes[3] >> 7);
    uint64_t under = (spread (to[i]) * rest >> 8) & 0x00ff00ff00ff00ffu;
    uint64_t over = lanes[0] | (uint64_t) lanes[1] << 16 | (uint64_t) lanes[2] << 32 |
                    (uint64_t) lanes[3] << 48;
    to[i] = gather (under + over);
  }
}

typedef struct {
  const LinceCanvasLevel *level;
  int samples;
  float m[MAX_SAMPLES][9]; /* frame pixels to 1/256 of the level's padded pixels */
  double points[16];       /* both ends' corners: what lies between is touched */
  int top, bottom;
} Warp;

static int
choose_level (const LinceLayer *layer)
{
  double area = (double) layer->canvas->width * layer->canvas->height;
  double shrink = sqrt (area / fmax (lince_corners_area (&layer->quad), 1));
  int level = (int) floor (log2 (fmax (shrink, 1)) + 0.25);
  return MIN (level, layer->canvas->level_count - 1);
}

/* Where in the pixel sample `k` lies: an additive recurrence of the plastic number, centred, so
 * that the picture does not move. */
static void
spread_sample (int k, int samples, double *jx, double *jy)
{
  double mean_x = 0, mean_y = 0;
  for (int i = 0; i < samples; i++) {
    mean_x += fmod (i * 0.7548776662, 1) / samples;
    mean_y += fmod (i * 0.5698402910, 1) / samples;
  }
  *jx = 0.5 + fmod (k * 0.7548776662, 1) - mean_x;
  *jy = 0.5 + fmod (k * 0.5698402910, 1) - mean_y;
}

static void
warp_init (Warp *warp, const LinceLayer *layer, int height)
{
  const LinceCanvasLevel *level = &layer->canvas->levels[choose_level (layer)];
  double motion = lince_corners_motion (&layer->opened, &layer->closed);
  int least = layer->object >= 0 ? 4 : 1;
  warp->level = level;
  double step = layer->object >= 0 ? 1.5 : 3; /* pixels between samples */
  warp->samples = CLAMP ((int) ceil (motion / step), least, MAX_SAMPLES);
  for (int k = 0; k < warp->samples; k++) {
    LinceCorners quad =
        lince_corners_mix (&layer->opened, &layer->closed, (k + 0.5) / warp->samples);
    if (warp->samples == 1)
      quad = layer->quad;
    LinceProjection there = lince_projection_from_quad (&quad);
    LinceProjection back = lince_projection_invert (&there);
    double jx, jy;
    spread_sample (k, warp->samples, &jx, &jy);
    for (int row = 0; row < 3; row++) {
      double *m = &back.m[3 * row];
      m[2] += m[0] * jx + m[1] * jy;
    }
    for (int i = 0; i < 3; i++) {
      double w = back.m[6 + i];
      warp->m[k][i] = (float) (256 * (back.m[i] * level->width + (LINCE_CANVAS_RIM - 0.5) * w));
      warp->m[k][3 + i] =
          (float) (256 * (back.m[3 + i] * level->height + (LINCE_CANVAS_RIM - 0.5) * w));
      warp->m[k][6 + i] = (float) w;
    }
  }
  const double *c = layer->canvas->content;
  LinceCorners opened = lince_corners_part (&layer->opened, c[0], c[1], c[2], c[3]);
  LinceCorners closed = lince_corners_part (&layer->closed, c[0], c[1], c[2], c[3]);
  memcpy (warp->points, opened.at, sizeof opened.at);
  memcpy (warp->points + 8, closed.at, sizeof closed.at);
  double top = height, bottom = 0;
  for (int i = 1; i < 16; i += 2) {
    top = fmin (top, warp->points[i]);
    bottom = fmax (bottom, warp->points[i]);
  }
  warp->top = (int) fmax (floor (top) - 1, 0);
  warp->bottom = (int) fmin (ceil (bottom) + 1, height);
}

/* The pixels of row `y` that the motion touches, with a margin of one. */
static void
warp_span (const Warp *warp, int y, int width, int *from, int *to)
{
  double lowest = width, highest = 0;
  for (int k = 0; k < 12; k++) { /* the edges of both ends, then the ways of the corners */
    int i = 2 * (k < 8 ? k : k - 8);
    int j = k >= 8 ? i + 8 : (i & 8) + ((i + 2) & 7);
    double xi = warp->points[i], yi = warp->points[i + 1], xj = warp->points[j],
           yj = warp->points[j + 1];
    if (fmin (yi, yj) > y + 2 || fmax (yi, yj) < y - 1)
      continue;
    for (int edge = -1; edge <= 2; edge += 3) {
      double t = yi == yj ? 0 : CLAMP ((y + edge - yi) / (yj - yi), 0, 1);
      double x = xi + t * (xj - xi);
      lowest = fmin (lowest, x);
      highest = fmax (highest, x);
    }
    if (yi == yj) {
      lowest = fmin (lowest, xj);
      highest = fmax (highest, xj);
    }
  }
  *from = (int) fmax (floor (lowest) - 1, 0);
  *to = (int) fmin (ceil (highest) + 1, width);
}

static void
warp_rows (LinceComposer *c, const Warp *warp, uint32_t *target, int opacity)
{
  const LinceCanvasLevel *level = warp->level;
  float u_max = (float) (256 * (level->width + 2 * LINCE_CANVAS_RIM - 1) - 1);
  float v_max = (float) (256 * (level->height + 2 * LINCE_CANVAS_RIM - 1) - 1);
  for (int y = warp->top; y < warp->bottom; y++) {
    int from, to;
    warp_span (warp, y, c->width, &from, &to);
    if (from >= to)
      continue;
    memset (c->sums, 0, (gsize) (to - from) * sizeof *c->sums);
    for (int k = 0; k < warp->samples; k++) {
      locate_row (warp->m[k], (float) from, (float) y, to - from, u_max, v_max, c->us, c->vs);
      sample_row (level, c->us, c->vs, to - from, c->sums);
    }
    blend_row (target + (gsize) y * c->width + from, c->sums, to - from, warp->samples, opacity);
  }
}

/* --- blur: passes of 1 2 1, each of variance 1/2 --- */

static void
blur_line (uint8_t *restrict to, const uint8_t *a, const uint8_t *b, const uint8_t *d, int count)
{
  for (int i = 0; i < count; i++)
    to[i] = (uint8_t) ((a[i] + 2 * b[i] + d[i] + 2) >> 2);
}

static void
blur_rows (LinceComposer *c, uint32_t *pixels, int top, int bottom, double sigma)
{
  int passes = (int) lrint (2 * sigma * sigma), bytes = 4 * c->width;
  for (int pass = 0; pass < passes; pass++) {
    for (int y = top; y < bottom; y++) {
      const uint8_t *row = (const uint8_t *) (pixels + (gsize) y * c->width);
      uint8_t *to = (uint8_t *) (c->spare + (gsize) y * c->width);
      blur_line (to + 4, row, row + 4, row + 8, bytes - 8);
      memcpy (to, row, 4);
      memcpy (to + bytes - 4, row + bytes - 4, 4);
    }
    for (int y = top; y < bottom; y++) {
      const uint8_t *row = (const uint8_t *) (c->spare + (gsize) y * c->width);
      const uint8_t *above = y > top ? row - bytes : row,
                    *below = y + 1 < bottom ? row + bytes : row;
      blur_line ((uint8_t *) (pixels + (gsize) y * c->width), above, row, below, bytes);
    }
  }
}

static void
draw_blurred (LinceComposer *c, Warp *warp, const LinceLayer *layer, int opacity)
{
  int reach = (int) ceil (3 * layer->blur);
  int top = MAX (warp->top - reach, 0), bottom = MIN (warp->bottom + reach, c->height);
  if (top >= bottom)
    return;
  memset (c->tile + (gsize) top * c->width, 0, (gsize) (bottom - top) * c->width * 4);
  warp_rows (c, warp, c->tile, 256);
  blur_rows (c, c->tile, top, bottom, layer->blur);
  for (int y = top; y < bottom; y++) {
    const uint32_t *row = c->tile + (gsize) y * c->width;
    for (int x = 0; x < c->width; x++)
      c->sums[x] = spread (row[x]);
    blend_row (c->frame + (gsize) y * c->width, c->sums, c->width, 1, opacity);
  }
}

static void
draw_layer (LinceComposer *c, const LinceLayer *layer)
{
  int opacity = (int) lrint (CLAMP (layer->opacity, 0, 1) * 256);
  if (opacity == 0)
    return;
  Warp warp;
  warp_init (&warp, layer, c->height);
  if (layer->blur >= 0.5)
    draw_blurred (c, &warp, layer, opacity);
  else
    warp_rows (c, &warp, c->frame, opacity);
}

/* --- light, noise and planes --- */

static void
finish_luma (const uint32_t *restrict row, const int8_t *restrict noise, int width, int gain,
    int strength, uint8_t *restrict to)
{
  for (int x = 0; x < width; x++) {
    int y = 16 + ((((int) (row[x] & 255) - 16) * gain) >> 8) + ((noise[x] * strength) >> 8);
    to[x] = (uint8_t) (y < 1 ? 1 : y > 254 ? 254 : y);
  }
}

static void
finish_chroma (const uint32_t *restrict above, const uint32_t *restrict below, int width, int gain,
    uint8_t *restrict cb, uint8_t *restrict cr)
{
  for (int x = 0; x < width / 2; x++) {
    uint32_t a = above[2 * x], b = above[2 * x + 1], d = below[2 * x], e = below[2 * x + 1];
    int u = (int) (((a >> 8 & 255) + (b >> 8 & 255) + (d >> 8 & 255) + (e >> 8 & 255) + 2) >> 2);
    int v =
        (int) (((a >> 16 & 255) + (b >> 16 & 255) + (d >> 16 & 255) + (e >> 16 & 255) + 2) >> 2);
    u = 128 + (((u - 128) * gain) >> 8);
    v = 128 + (((v - 128) * gain) >> 8);
    cb[x] = (uint8_t) (u < 1 ? 1 : u > 254 ? 254 : u);
    cr[x] = (uint8_t) (v < 1 ? 1 : v > 254 ? 254 : v);
  }
}

void
lince_composer_draw (LinceComposer *c, const LinceLayer *layers, int layer_count,
    const LinceFinish *finish, uint8_t *const planes[3], const int strides[3])
{
  for (gsize i = 0; i < (gsize) c->width * c->height; i++)
    c->frame[i] = 0xff808010u;
  for (int i = 0; i < layer_count; i++) {
    if (i == finish->blurred_layers && finish->blur >= 0.5)
      blur_rows (c, c->frame, 0, c->height, finish->blur);
    draw_layer (c, &layers[i]);
  }
  if (finish->blurred_layers >= layer_count && finish->blur >= 0.5)
    blur_rows (c, c->frame, 0, c->height, finish->blur);

  int gain = (int) lrint (finish->gain * 256), strength = (int) lrint (finish->noise * 16);
  LinceRandom random = {finish->seed};
  for (int y = 0; y < c->height; y++) {
    const uint32_t *row = c->frame + (gsize) y * c->width;
    const int8_t *noise = c->noise + lince_random_next (&random) % NOISE_SIZE;
    finish_luma (row, noise, c->width, gain, strength, planes[0] + (gsize) y * strides[0]);
    if (y % 2)
      finish_chroma (row - c->width, row, c->width, gain, planes[1] + (gsize) (y / 2) * strides[1],
          planes[2] + (gsize) (y / 2) * strides[2]);
  }
}

double
lince_layer_visible (const LinceLayer *layers, int layer_count, int index, int width, int height)
{
  enum { GRID = 20 };
  const LinceLayer *layer = &layers[index];
  LinceProjection there = lince_projection_from_quad (&layer->quad), back[16];
  int above = MIN (layer_count - index - 1, (int) G_N_ELEMENTS (back)), opaque = 0, seen = 0;
  for (int k = 0; k < above; k++) {
    LinceProjection h = lince_projection_from_quad (&layers[index + 1 + k].quad);
    back[k] = lince_projection_invert (&h);
  }
  for (int j = 0; j < GRID * GRID; j++) {
    double u = (j % GRID + 0.5) / GRID, v = (j / GRID + 0.5) / GRID, x, y;
    if (lince_canvas_alpha (layer->canvas, u, v) < 0.5)
      continue;
    opaque++;
    lince_projection_map (&there, u, v, &x, &y);
    bool covered = x < 0 || y < 0 || x >= width || y >= height;
    for (int k = 0; k < above && !covered; k++) {
      const LinceLayer *other = &layers[index + 1 + k];
      lince_projection_map (&back[k], x, y, &u, &v);
      covered = lince_canvas_alpha (other->canvas, u, v) * other->opacity > 0.5;
    }
    seen += !covered;
  }
  return opaque ? (double) seen / opaque : 0;
}
