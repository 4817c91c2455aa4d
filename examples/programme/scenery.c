/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scenery.h"

#include <glib.h>
#include <math.h>

#include "drawing.h"

typedef struct {
  cairo_t *cr;
  double w, h;
  LinceRandom random;
  LincePalette palette;
} Scene;

static double
range (Scene *s, double from, double to)
{
  return lince_random_range (&s->random, from, to);
}

static int
below (Scene *s, int count)
{
  return lince_random_below (&s->random, count);
}

static LinceColour
some_colour (Scene *s, double saturation, double least, double most)
{
  return lince_colour_hsv (
      range (s, 0, 1), range (s, saturation * 0.3, saturation), range (s, least, most));
}

static void
fill_gradient (Scene *s, double y0, double y1, LinceColour a, LinceColour b)
{
  cairo_pattern_t *pattern = cairo_pattern_create_linear (0, y0, 0, y1);
  cairo_pattern_add_color_stop_rgb (pattern, 0, a.r, a.g, a.b);
  cairo_pattern_add_color_stop_rgb (pattern, 1, b.r, b.g, b.b);
  cairo_set_source (s->cr, pattern);
  cairo_rectangle (s->cr, 0, y0, s->w, y1 - y0);
  cairo_fill (s->cr);
  cairo_pattern_destroy (pattern);
}

/* A line of hills or tree tops, rough at every scale, filled to the bottom. */
static void
draw_ridge (Scene *s, double base, double height, double step, LinceColour colour)
{
  double walk = 0, phase = range (s, 0, 6), wave = range (s, 0.004, 0.012) * 700 / s->h;
  lince_set_colour (s->cr, colour);
  cairo_move_to (s->cr, 0, s->h);
  for (double x = 0; x < s->w + step; x += step) {
    walk = 0.86 * walk + range (s, -0.4, 0.4);
    cairo_line_to (s->cr, x, base - height * (0.5 + 0.4 * sin (phase + x * wave) + 0.3 * walk));
  }
  cairo_line_to (s->cr, s->w, s->h);
  cairo_fill (s->cr);
}

static void
draw_tree (Scene *s, double x, double y, double size)
{
  LinceColour leaf =
      lince_colour_hsv (range (s, 0.2, 0.4), range (s, 0.3, 0.7), range (s, 0.15, 0.45));
  lince_set_colour (s->cr, lince_colour_hsv (0.08, 0.5, 0.2));
  cairo_rectangle (s->cr, x - size * 0.04, y - size * 0.4, size * 0.08, size * 0.4);
  cairo_fill (s->cr);
  for (int i = 0; i < 16; i++) {
    lince_set_colour (s->cr, lince_colour_mix (leaf, (LinceColour){0, 0, 0}, range (s, 0, 0.4)));
    lince_path_star (s->cr, x + range (s, -0.28, 0.28) * size, y - size * range (s, 0.35, 0.95),
        size * range (s, 0.08, 0.2), 7, 0.7, range (s, 0, 6));
    cairo_fill (s->cr);
  }
}

static void
landscape_far (Scene *s)
{
  LinceColour haze = lince_colour_hsv (range (s, 0.5, 0.65), 0.15, 0.9);
  fill_gradient (s, 0, s->h * 0.6, lince_colour_hsv (range (s, 0.52, 0.64), 0.5, 0.85), haze);
  fill_gradient (s, s->h * 0.6, s->h, lince_colour_hsv (range (s, 0.15, 0.33), 0.5, 0.55),
      lince_colour_hsv (range (s, 0.08, 0.3), 0.5, 0.3));
  for (int i = 0; i < 5; i++)
    draw_ridge (s, s->h * (0.45 + 0.08 * i), s->h * 0.16, 3 + i,
        lince_colour_mix (
            haze, lince_colour_hsv (range (s, 0.22, 0.36), 0.45, 0.3), (i + 1) / 5.0));
  for (int i = 0; i < 70; i++) {
    double depth = sqrt (i / 70.0);
    draw_tree (s, range (s, 0, s->w), s->h * (0.62 + 0.36 * depth), s->h * (0.05 + 0.12 * depth));
  }
}

static void
landscape_near (Scene *s)
{
  for (int i = 0; i < 9; i++)
    draw_tree (s, range (s, 0, s->w), s->h * 1.05, s->h * range (s, 0.12, 0.26));
}

static void
draw_house (Scene *s, double x, double width, double top)
{
  LinceColour wall = some_colour (s, 0.5, 0.25, 0.8), lit = lince_colour_hsv (0.14, 0.5, 0.95);
  LinceColour glass = lince_colour_mix (wall, (LinceColour){0.05, 0.08, 0.15}, 0.75);
  double cw = range (s, 0.02, 0.05) * s->h, ch = cw * range (s, 1.1, 2),
         share = range (s, 0.45, 0.8);
  lince_set_colour (s->cr, wall);
  cairo_rectangle (s->cr, x, top, width, s->h - top);
  cairo_fill (s->cr);
  for (double wy = top + ch * 0.5; wy < s->h; wy += ch)
    for (double wx = x + cw * 0.3; wx + cw < x + width; wx += cw) {
      lince_set_colour (
          s->cr, below (s, 7) ? lince_colour_mix (glass, wall, range (s, 0, 0.4)) : lit);
      cairo_rectangle (s->cr, wx, wy, cw * share, ch * 0.62);
      cairo_fill (s->cr);
    }
}

static void
city_far (Scene *s)
{
  fill_gradient (s, 0, s->h, lince_colour_hsv (range (s, 0.5, 0.7), 0.35, 0.75),
      lince_colour_hsv (0.1, 0.3, 0.85));
  for (int row = 0; row < 3; row++)
    for (double x = -0.05 * s->h; x < s->w;) {
      double width = range (s, 0.12, 0.32) * s->h;
      draw_house (s, x, width, s->h * (0.12 + 0.2 * row + range (s, -0.1, 0.16)));
      x += width + range (s, 0, 0.03) * s->h;
    }
  lince_set_colour (s->cr, (LinceColour){0.28, 0.28, 0.3});
  cairo_rectangle (s->cr, 0, s->h * 0.86, s->w, s->h * 0.14);
  cairo_fill (s->cr);
}

/* A person of shapes: legs, coat, head. `y` is where the feet stand. */
static void
draw_person (Scene *s, double x, double y, double size)
{
  LinceColour coat = some_colour (s, 0.9, 0.2, 0.9),
              skin = lince_colour_hsv (0.07, range (s, 0.25, 0.6), range (s, 0.35, 0.95));
  lince_set_colour (s->cr, some_colour (s, 0.4, 0.08, 0.4));
  cairo_rectangle (s->cr, x - size * 0.1, y - size * 0.48, size * 0.08, size * 0.48);
  cairo_rectangle (s->cr, x + size * 0.02, y - size * 0.48, size * 0.08, size * 0.48);
  cairo_fill (s->cr);
  lince_set_colour (s->cr, coat);
  lince_path_round (s->cr, x - size * 0.15, y - size * 0.84, size * 0.3, size * 0.42, size * 0.07);
  cairo_fill (s->cr);
  if (below (s, 2)) {
    lince_set_colour (s->cr, lince_colour_mix (coat, (LinceColour){1, 1, 1}, 0.5));
    cairo_rectangle (
        s->cr, x - size * 0.15, y - size * range (s, 0.6, 0.75), size * 0.3, size * 0.06);
    cairo_fill (s->cr);
  }
  lince_set_colour (s->cr, skin);
  cairo_arc (s->cr, x, y - size * 0.92, size * 0.08, 0, 2 * G_PI);
  cairo_fill (s->cr);
  lince_set_colour (s->cr, some_colour (s, 0.6, 0.05, 0.6));
  cairo_arc (s->cr, x, y - size * 0.945, size * 0.08, G_PI, 2 * G_PI);
  cairo_fill (s->cr);
}

static void
city_near (Scene *s)
{
  for (int i = 0; i < 7; i++)
    draw_person (s, range (s, 0, s->w), s->h * 1.02, s->h * range (s, 0.2, 0.32));
}

static void
crowd_far (Scene *s)
{
  fill_gradient (s, 0, s->h, (LinceColour){0.25, 0.25, 0.28}, (LinceColour){0.4, 0.4, 0.42});
  for (double y = s->h * 0.08; y < s->h * 0.7; y += s->h * 0.06)
    for (double x = range (s, 0, 0.03) * s->h; x < s->w; x += range (s, 0.035, 0.06) * s->h)
      draw_person (s, x, y + s->h * 0.1 + range (s, 0, 0.02) * s->h, s->h * range (s, 0.11, 0.15));
  fill_gradient (
      s, s->h * 0.68, s->h, lince_colour_hsv (0.3, 0.55, 0.5), lince_colour_hsv (0.28, 0.6, 0.36));
  lince_set_colour (s->cr, (LinceColour){0.9, 0.92, 0.9});
  for (double x = 0; x < s->w; x += s->h * 0.55) {
    cairo_rectangle (s->cr, x, s->h * 0.9, s->h * 0.4, s->h * 0.008);
    cairo_fill (s->cr);
  }
}

static void
crowd_near (Scene *s)
{
  for (int i = 0; i < 8; i++)
    draw_person (s, range (s, 0, s->w), s->h * range (s, 1.05, 1.1), s->h * range (s, 0.22, 0.3));
}

static void
studio_far (Scene *s)
{
  LincePalette *p = &s->palette;
  fill_gradient (s, 0, s->h, lince_colour_mix (p->dark, p->colours[0], 0.4), p->dark);
  for (int i = 0; i < 240; i++) {
    LinceColour c = lince_colour_mix (p->colours[i % 3], p->light, range (s, 0, 0.5));
    cairo_set_source_rgba (s->cr, c.r, c.g, c.b, range (s, 0.1, 0.7));
    double x = range (s, 0, s->w), y = range (s, 0, s->h), r = range (s, 0.008, 0.09) * s->h;
    if (i % 3)
      lince_path_polygon (s->cr, x, y, r, 3 + i % 5, range (s, 0, 6));
    else
      cairo_rectangle (s->cr, x, y, r * 0.3, r * 4);
    cairo_fill (s->cr);
  }
  fill_gradient (s, s->h * 0.8, s->h, lince_colour_mix (p->colours[1], p->dark, 0.5), p->dark);
}

static void
studio_near (Scene *s)
{
  for (int i = 0; i < 5; i++) {
    lince_set_colour (s->cr, lince_colour_mix (s->palette.dark, s->palette.colours[i % 3], 0.3));
    lince_path_round (s->cr, range (s, 0, s->w), s->h * range (s, 0.92, 0.96), s->h * 0.2,
        s->h * 0.2, s->h * 0.03);
    cairo_fill (s->cr);
  }
}

static LinceCanvas *
draw_plane (void (*draw) (Scene *), uint64_t seed, uint64_t what, int width, int height,
    double amount, LinceMatrix matrix)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  Scene scene = {cairo_create (surface), width, height, lince_random_for (seed, what)};
  scene.palette = lince_palette_new (&scene.random);
  draw (&scene);
  cairo_destroy (scene.cr);
  lince_texture_surface (surface, &scene.random, height / 6.0, amount);
  LinceCanvas *canvas = lince_canvas_new (surface, matrix);
  cairo_surface_destroy (surface);
  return canvas;
}

void
lince_scenery_init (LinceScenery *scenery, LinceSceneryKind kind, uint64_t seed, int width,
    int height, LinceMatrix matrix)
{
  static void (*const far_ways[]) (Scene *) = {landscape_far, city_far, crowd_far, studio_far};
  static void (*const near_ways[]) (Scene *) = {landscape_near, city_near, crowd_near, studio_near};
  scenery->far_plane = draw_plane (
      far_ways[kind], seed, 2 * kind, (int) (width * 1.5), (int) (height * 1.2), 0.55, matrix);
  scenery->near_plane = draw_plane (
      near_ways[kind], seed, 2 * kind + 1, (int) (width * 1.9), (int) (height * 1.1), 0.5, matrix);
}

void
lince_scenery_clear (LinceScenery *scenery)
{
  g_clear_pointer (&scenery->far_plane, lince_canvas_free);
  g_clear_pointer (&scenery->near_plane, lince_canvas_free);
}

/* --- props --- */

const double lince_prop_parts[LINCE_PROP_COUNT][4] = {
    {-0.15, -0.32, 1.15, 1.75},
    {-0.06, 0.55, 1.06, 0.8},
    {-0.04, -0.07, 1.04, 2.2},
    {0, 0, 1, 1},
    {0, 0, 1, 1},
};

static void
prop_carrier (Scene *s)
{
  draw_person (s, s->w / 2, s->h * 0.99, s->h * 0.97);
}

static void
prop_hands (Scene *s)
{
  lince_set_colour (s->cr, lince_colour_hsv (0.07, 0.45, 0.8));
  for (int side = 0; side < 2; side++)
    for (int finger = 0; finger < 4; finger++) {
      lince_path_round (s->cr, side ? s->w * 0.86 : 0, s->h * (0.1 + 0.2 * finger), s->w * 0.14,
          s->h * 0.15, s->h * 0.06);
      cairo_fill (s->cr);
    }
}

static void
prop_board (Scene *s)
{
  lince_set_colour (s->cr, (LinceColour){0.3, 0.31, 0.33});
  cairo_rectangle (s->cr, s->w * 0.15, s->h * 0.4, s->w * 0.04, s->h * 0.6);
  cairo_rectangle (s->cr, s->w * 0.81, s->h * 0.4, s->w * 0.04, s->h * 0.6);
  cairo_fill (s->cr);
  lince_set_colour (s->cr, (LinceColour){0.75, 0.76, 0.74});
  cairo_rectangle (s->cr, 0, 0, s->w, s->h * 0.5);
  cairo_fill (s->cr);
}

static void
prop_post (Scene *s)
{
  lince_set_colour (s->cr, (LinceColour){0.16, 0.17, 0.18});
  cairo_rectangle (s->cr, s->w * 0.4, 0, s->w * 0.2, s->h);
  cairo_fill (s->cr);
  lince_path_polygon (s->cr, s->w * 0.5, s->h * 0.06, s->w * 0.5, 6, 0);
  cairo_fill (s->cr);
}

static void
prop_cover (Scene *s)
{
  fill_gradient (s, 0, s->h, some_colour (s, 0.5, 0.2, 0.6), some_colour (s, 0.5, 0.2, 0.6));
  for (int i = 0; i < 12; i++) {
    lince_set_colour (s->cr, some_colour (s, 0.6, 0.15, 0.7));
    lince_path_polygon (s->cr, range (s, 0, s->w), range (s, 0, s->h), range (s, 0.1, 0.3) * s->h,
        3 + i % 3, range (s, 0, 6));
    cairo_fill (s->cr);
  }
}

LinceCanvas *
lince_prop_new (LincePropKind kind, uint64_t seed, int height, LinceMatrix matrix)
{
  static void (*const ways[]) (Scene *) = {
      prop_carrier, prop_hands, prop_board, prop_post, prop_cover};
  static const double sizes[][2] = {{0.5, 1.1}, {0.42, 0.14}, {0.7, 0.65}, {0.12, 1}, {0.4, 0.4}};
  return draw_plane (ways[kind], seed, 100 + kind, (int) (sizes[kind][0] * height),
      (int) (sizes[kind][1] * height), 0.3, matrix);
}
