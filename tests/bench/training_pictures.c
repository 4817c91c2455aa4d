/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "training_pictures.h"

#include <math.h>
#include <string.h>

#include "artwork.h"
#include "drawing.h"
#include "references.h"

#define SIDE 480 /* the longer one, pixels */

typedef struct {
  cairo_surface_t *surface;
  cairo_t *cr;
  LinceRandom *random;
  LincePalette palette;
  double width, height;
} Sheet;

static double
range (Sheet *sheet, double from, double to)
{
  return lince_random_range (sheet->random, from, to);
}

static int
below (Sheet *sheet, int count)
{
  return lince_random_below (sheet->random, count);
}

static LinceColour
any_colour (Sheet *sheet)
{
  LincePalette *palette = &sheet->palette;
  LinceColour colour = palette->colours[below (sheet, 3)];

  return lince_colour_mix (
      colour, below (sheet, 2) ? palette->dark : palette->light, range (sheet, 0, 1));
}

static void
sheet_init (Sheet *sheet, LinceRandom *random)
{
  double aspect = lince_random_range (random, .6, 1.6);
  int width = aspect < 1 ? (int) (SIDE * aspect) : SIDE;
  int height = aspect < 1 ? SIDE : (int) (SIDE / aspect);

  *sheet = (Sheet){.random = random,
      .surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height),
      .palette = lince_palette_new (random),
      .width = width,
      .height = height};
  sheet->cr = cairo_create (sheet->surface);
  lince_set_colour (sheet->cr, any_colour (sheet));
  cairo_paint (sheet->cr);
}

/* Passes of the mean of three rows and columns. */
static void
soften (Sheet *sheet, int passes)
{
  int width = (int) sheet->width, height = (int) sheet->height;
  int stride = cairo_image_surface_get_stride (sheet->surface);
  guint8 *data;
  g_autofree guint8 *copy = g_malloc ((gsize) stride * (gsize) height);

  cairo_surface_flush (sheet->surface);
  data = cairo_image_surface_get_data (sheet->surface);
  for (int pass = 0; pass < 2 * passes; pass++) {
    int apart = pass % 2 ? stride : 4, first = pass % 2 ? 1 : 0;

    memcpy (copy, data, (gsize) stride * (gsize) height);
    for (int y = first; y < height - first; y++)
      for (int i = 4; i < 4 * (width - 1); i++) {
        const guint8 *p = copy + (gsize) y * (gsize) stride + i;

        data[(gsize) y * (gsize) stride + (gsize) i] =
            (guint8) ((p[-apart] + 2 * p[0] + p[apart] + 2) >> 2);
      }
  }
  cairo_surface_mark_dirty (sheet->surface);
}

/* The outline of a leaf: a closed curve, a polygon or a rectangle. */
static void
path_leaf (Sheet *sheet, double x, double y, double radius)
{
  int points = 3 + below (sheet, 7);
  double turn = range (sheet, 0, 2 * G_PI), stretch = range (sheet, .35, 1);
  gboolean round = below (sheet, 2);

  cairo_save (sheet->cr);
  cairo_translate (sheet->cr, x, y);
  cairo_rotate (sheet->cr, turn);
  cairo_scale (sheet->cr, 1, stretch);
  if (round && points < 6) {
    cairo_arc (sheet->cr, 0, 0, radius, 0, 2 * G_PI);
  } else {
    for (int i = 0; i < points; i++) {
      double angle = 2 * G_PI * i / points, r = radius * range (sheet, .6, 1.2);
      double next = 2 * G_PI * (i + .5) / points, bulge = radius * range (sheet, .5, 1.5);

      if (round)
        cairo_curve_to (sheet->cr, r * cos (angle), r * sin (angle), bulge * cos (next),
            bulge * sin (next), r * cos (next), r * sin (next));
      else
        cairo_line_to (sheet->cr, r * cos (angle), r * sin (angle));
    }
    cairo_close_path (sheet->cr);
  }
  cairo_restore (sheet->cr);
}

/* A leaf's colour runs, with light from one side, as on a body. */
static void
shade_leaf (Sheet *sheet, double x, double y, double radius)
{
  LinceColour a = any_colour (sheet), b = lince_colour_mix (a, any_colour (sheet), .6);
  double turn = range (sheet, 0, 2 * G_PI);
  double u = radius * cos (turn), v = radius * sin (turn);
  cairo_pattern_t *pattern =
      below (sheet, 2) ? cairo_pattern_create_linear (x - u, y - v, x + u, y + v)
                       : cairo_pattern_create_radial (x + u / 2, y + v / 2, 0, x, y, 1.2 * radius);

  cairo_pattern_add_color_stop_rgb (pattern, 0, a.r, a.g, a.b);
  cairo_pattern_add_color_stop_rgb (pattern, 1, b.r, b.g, b.b);
  cairo_set_source (sheet->cr, pattern);
  cairo_pattern_destroy (pattern);
}

/* Dead leaves: things in front of one another whose radius r is as frequent as r^-3, which have the
 * scale invariance, the edges and the spectrum of photographs (Lee, Mumford, Huang 2001). What lies
 * farther back is out of focus; all has a surface. */
static void
draw_photograph (Sheet *sheet)
{
  double least = range (sheet, 2, 8), most = range (sheet, 60, 220);
  double low = 1 / (least * least), high = 1 / (most * most);
  int count = (int) (range (sheet, .6, 2) * sheet->width * sheet->height / (least * least * 12));
  int soft = below (sheet, 3) ? below (sheet, 12) : 0;

  count = MIN (count, 2500);
  for (int i = 0; i < count; i++) {
    double radius = 1 / sqrt (high + (low - high) * range (sheet, 0, 1));
    double x = range (sheet, -.05, 1.05) * sheet->width;
    double y = range (sheet, -.05, 1.05) * sheet->height;

    shade_leaf (sheet, x, y, radius);
    path_leaf (sheet, x, y, radius);
    cairo_fill (sheet->cr);
    if (i == count / 3) {
      lince_texture_surface (
          sheet->surface, sheet->random, range (sheet, 8, 120), range (sheet, .1, .7));
      soften (sheet, soft);
    }
  }
  lince_texture_surface (
      sheet->surface, sheet->random, range (sheet, 4, 150), range (sheet, .05, .6));
  soften (sheet, below (sheet, 3) ? 1 : 0);
}

/* Nothing but noise of all scales, stone and cloud. */
static void
draw_stone (Sheet *sheet)
{
  lince_set_colour (sheet->cr, lince_colour_mix (sheet->palette.light, any_colour (sheet), .4));
  cairo_paint (sheet->cr);
  for (int i = 1 + below (sheet, 3); i > 0; i--)
    lince_texture_surface (
        sheet->surface, sheet->random, range (sheet, 10, 200), range (sheet, .3, .9));
  soften (sheet, below (sheet, 3));
}

/* Lines of type of several sizes and hands, boxes and rules. */
static void
draw_type (Sheet *sheet)
{
  static const char *const fonts[] = {"DejaVu Sans", "DejaVu Sans Bold", "DejaVu Serif",
      "DejaVu Serif Bold", "DejaVu Serif Bold Italic", "DejaVu Sans Mono", "DejaVu Sans Oblique"};
  double y = range (sheet, 0, .05) * sheet->height;

  while (y < sheet->height) {
    double tall = sheet->height * (.03 + .2 * pow (range (sheet, 0, 1), 3));
    double x = range (sheet, 0, .2) * sheet->width;
    const char *font = fonts[below (sheet, (int) G_N_ELEMENTS (fonts))];

    lince_set_colour (sheet->cr, any_colour (sheet));
    if (below (sheet, 4) == 0) {
      cairo_rectangle (sheet->cr, x, y, range (sheet, .2, 1) * sheet->width, tall);
      cairo_fill (sheet->cr);
      lince_set_colour (sheet->cr, any_colour (sheet));
    }
    while (x < sheet->width) {
      double wide = tall * range (sheet, 1.5, 5);
      char word[64];

      lince_invent_word (sheet->random, 1 + below (sheet, 4), word, sizeof word);
      lince_draw_text (sheet->cr, word, font, x, y, wide, tall);
      x += wide + .2 * tall;
    }
    y += tall * range (sheet, 1, 1.5);
  }
  if (below (sheet, 2))
    lince_texture_surface (
        sheet->surface, sheet->random, range (sheet, 4, 90), range (sheet, .05, .4));
}

/* Marks of the sample programme on a plain or a busy ground. */
static void
draw_marks (Sheet *sheet, guint64 seed, guint number)
{
  int columns = 1 + below (sheet, 2), rows = 1 + below (sheet, 3);

  if (below (sheet, 2))
    draw_stone (sheet);
  for (int i = 0; i < columns * rows; i++) {
    LinceArtwork *artwork = lince_artwork_new (
        seed, 16 * number + (guint) i, i % 2 ? LINCE_ARTWORK_SET_SWEEP : LINCE_ARTWORK_SET_HARD);
    double w = cairo_image_surface_get_width (artwork->surface);
    double h = cairo_image_surface_get_height (artwork->surface);
    double scale = .9 * MIN (sheet->width / columns / w, sheet->height / rows / h);

    cairo_save (sheet->cr);
    cairo_translate (sheet->cr, (i % columns + .5) * sheet->width / columns,
        ((double) (i / columns) + .5) * sheet->height / rows);
    cairo_rotate (sheet->cr, range (sheet, -.2, .2));
    cairo_scale (sheet->cr, scale, scale);
    cairo_set_source_surface (sheet->cr, artwork->surface, -w / 2, -h / 2);
    cairo_paint (sheet->cr);
    cairo_restore (sheet->cr);
    lince_artwork_free (artwork);
  }
}

static cairo_surface_t *
draw_reference (guint64 seed, guint number)
{
  LinceBenchReference *reference = lince_bench_reference_new (seed, number);
  cairo_surface_t *surface = lince_bench_surface_new (&reference->picture);

  lince_bench_reference_free (reference);
  return surface;
}

cairo_surface_t *
lince_training_picture_new (guint64 seed, guint number)
{
  LinceRandom random = lince_random_for (seed, number);
  guint kind = number % 8;
  Sheet sheet;

  if (kind < 3)
    return draw_reference (seed, number);
  sheet_init (&sheet, &random);
  if (kind < 6)
    draw_photograph (&sheet);
  else if (kind == 6 && number / 8 % 2)
    draw_stone (&sheet);
  else if (kind == 6)
    draw_marks (&sheet, seed, number);
  else
    draw_type (&sheet);
  cairo_destroy (sheet.cr);
  return sheet.surface;
}
