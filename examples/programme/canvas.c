/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "canvas.h"

#include <glib.h>

static void
level_init (LinceCanvasLevel *level, int width, int height)
{
  level->width = width;
  level->height = height;
  level->stride = width + 2 * LINCE_CANVAS_RIM;
  level->pixels = g_new0 (uint32_t, (gsize) level->stride * (height + 2 * LINCE_CANVAS_RIM));
}

static uint32_t *
level_row (const LinceCanvasLevel *level, int y)
{
  return level->pixels + (gsize) (y + LINCE_CANVAS_RIM) * level->stride + LINCE_CANVAS_RIM;
}

/* Weights of R, G, B in 1/65536 for limited range; `offset` is scaled by alpha, as all is
 * premultiplied. */
static const int weights[2][3][3] = {
    {{16829, 33039, 6416}, {-9714, -19070, 28784}, {28784, -24103, -4681}},
    {{11966, 40254, 4064}, {-6596, -22189, 28784}, {28784, -26145, -2639}},
};

static uint32_t
convert (uint32_t argb, const int w[3][3])
{
  int a = argb >> 24, r = argb >> 16 & 255, g = argb >> 8 & 255, b = argb & 255;
  int y = (w[0][0] * r + w[0][1] * g + w[0][2] * b + 32768) >> 16;
  int cb = (w[1][0] * r + w[1][1] * g + w[1][2] * b + 32768) >> 16;
  int cr = (w[2][0] * r + w[2][1] * g + w[2][2] * b + 32768) >> 16;
  y = CLAMP (y + (16 * a + 127) / 255, 0, 255);
  cb = CLAMP (cb + (128 * a + 127) / 255, 0, 255);
  cr = CLAMP (cr + (128 * a + 127) / 255, 0, 255);
  return (uint32_t) y | (uint32_t) cb << 8 | (uint32_t) cr << 16 | (uint32_t) a << 24;
}

static void
level_halve (LinceCanvasLevel *to, const LinceCanvasLevel *from)
{
  level_init (to, (from->width + 1) / 2, (from->height + 1) / 2);
  for (int y = 0; y < to->height; y++) {
    const uint32_t *above = level_row (from, 2 * y);
    const uint32_t *below = level_row (from, MIN (2 * y + 1, from->height - 1));
    uint32_t *row = level_row (to, y);
    for (int x = 0; x < to->width; x++) {
      int left = 2 * x, right = MIN (2 * x + 1, from->width - 1);
      uint32_t word = 0;
      for (int shift = 0; shift < 32; shift += 8)
        word |= (((above[left] >> shift & 255) + (above[right] >> shift & 255) +
                     (below[left] >> shift & 255) + (below[right] >> shift & 255) + 2) >>
                    2)
                << shift;
      row[x] = word;
    }
  }
}

static void
find_content (LinceCanvas *canvas)
{
  int left = canvas->width, right = 0, top = canvas->height, bottom = 0;
  for (int y = 0; y < canvas->height; y++) {
    const uint32_t *row = level_row (&canvas->levels[0], y);
    for (int x = 0; x < canvas->width; x++)
      if (row[x] >> 24) {
        left = MIN (left, x);
        right = MAX (right, x + 1);
        top = MIN (top, y);
        bottom = MAX (bottom, y + 1);
      }
  }
  canvas->content[0] = (double) MIN (left, right) / canvas->width;
  canvas->content[1] = (double) MIN (top, bottom) / canvas->height;
  canvas->content[2] = (double) right / canvas->width;
  canvas->content[3] = (double) bottom / canvas->height;
}

LinceCanvas *
lince_canvas_new (cairo_surface_t *surface, LinceMatrix matrix)
{
  LinceCanvas *canvas = g_new0 (LinceCanvas, 1);
  cairo_surface_flush (surface);
  canvas->width = cairo_image_surface_get_width (surface);
  canvas->height = cairo_image_surface_get_height (surface);
  const unsigned char *data = cairo_image_surface_get_data (surface);
  int stride = cairo_image_surface_get_stride (surface);

  level_init (&canvas->levels[0], canvas->width, canvas->height);
  for (int y = 0; y < canvas->height; y++) {
    const uint32_t *from = (const uint32_t *) (data + (gsize) y * stride);
    uint32_t *to = level_row (&canvas->levels[0], y);
    for (int x = 0; x < canvas->width; x++)
      to[x] = convert (from[x], weights[matrix]);
  }
  find_content (canvas);
  canvas->level_count = 1;
  while (canvas->level_count < LINCE_CANVAS_LEVELS) {
    LinceCanvasLevel *last = &canvas->levels[canvas->level_count - 1];
    if (MIN (last->width, last->height) < 16)
      break;
    level_halve (last + 1, last);
    canvas->level_count++;
  }
  return canvas;
}

void
lince_canvas_free (LinceCanvas *canvas)
{
  if (!canvas)
    return;
  for (int i = 0; i < canvas->level_count; i++)
    g_free (canvas->levels[i].pixels);
  g_free (canvas);
}

double
lince_canvas_alpha (const LinceCanvas *canvas, double x, double y)
{
  if (x < 0 || y < 0 || x >= 1 || y >= 1)
    return 0;
  return (level_row (&canvas->levels[0], (int) (y * canvas->height))[(int) (x * canvas->width)] >>
             24) /
         255.0;
}
