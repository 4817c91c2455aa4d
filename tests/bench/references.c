/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "references.h"

#include <math.h>

#include "artwork.h"
#include "drawing.h"

#define LONGER_SIDE 480 /* of a photograph, pixels; artwork has its own */

static double
range (LinceRandom *random, double from, double to)
{
  return lince_random_range (random, from, to);
}

static LinceColour
any_colour (LinceRandom *random, const LincePalette *palette)
{
  LinceColour colour = palette->colours[lince_random_below (random, 3)];

  return lince_colour_mix (colour, lince_random_below (random, 2) ? palette->dark : palette->light,
      range (random, 0, .9));
}

/* A source that runs from one colour to another. */
static void
shade (cairo_t *cr, LinceRandom *random, const LincePalette *palette, double x, double y, double r)
{
  double turn = range (random, 0, 2 * G_PI);
  LinceColour a = any_colour (random, palette), b = any_colour (random, palette);
  cairo_pattern_t *pattern = cairo_pattern_create_linear (
      x - r * cos (turn), y - r * sin (turn), x + r * cos (turn), y + r * sin (turn));

  cairo_pattern_add_color_stop_rgb (pattern, 0, a.r, a.g, a.b);
  cairo_pattern_add_color_stop_rgb (pattern, 1, b.r, b.g, b.b);
  cairo_set_source (cr, pattern);
  cairo_pattern_destroy (pattern);
}

/* A closed curve around a place, no two alike. */
static void
path_blob (cairo_t *cr, LinceRandom *random, double x, double y, double radius)
{
  int points = 4 + lince_random_below (random, 6);
  double stretch = range (random, .3, 1.6), turn = range (random, 0, 2 * G_PI), at[16][2];

  for (int i = 0; i < points; i++) {
    double angle = 2 * G_PI * i / points, r = radius * range (random, .5, 1.3);
    double u = r * cos (angle) * stretch, v = r * sin (angle);

    at[i][0] = x + u * cos (turn) - v * sin (turn);
    at[i][1] = y + u * sin (turn) + v * cos (turn);
  }
  cairo_move_to (cr, (at[0][0] + at[1][0]) / 2, (at[0][1] + at[1][1]) / 2);
  for (int i = 1; i <= points; i++) {
    const double *a = at[i % points], *b = at[(i + 1) % points];

    if (lince_random_below (random, 4) == 0)
      cairo_line_to (cr, a[0], a[1]);
    cairo_curve_to (cr, a[0], a[1], a[0], a[1], (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
  }
  cairo_close_path (cr);
}

/* Things of all sizes in front of one another, the far ones pale, lines over them. */
static cairo_surface_t *
draw_photograph (LinceRandom *random)
{
  double aspect = range (random, .6, 1.5);
  int width = aspect < 1 ? (int) (LONGER_SIDE * aspect) : LONGER_SIDE;
  int height = aspect < 1 ? LONGER_SIDE : (int) (LONGER_SIDE / aspect);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  cairo_t *cr = cairo_create (surface);
  LincePalette palette = lince_palette_new (random);
  int count = 30 + lince_random_below (random, 120);

  shade (cr, random, &palette, width / 2., height / 2., LONGER_SIDE / 2.);
  cairo_paint (cr);
  for (int i = 0; i < count; i++) {
    double share = (double) i / count, x = range (random, -.05, 1.05) * width;
    double y = range (random, -.05, 1.05) * height;
    double r = LONGER_SIDE * (.02 + .25 * pow (range (random, 0, 1), 3) * (1.2 - share));

    shade (cr, random, &palette, x, y, r);
    path_blob (cr, random, x, y, r);
    if (lince_random_below (random, 5) == 0) {
      cairo_set_line_width (cr, range (random, 1, 6));
      cairo_stroke (cr);
    } else {
      cairo_fill (cr);
    }
    if (i == count / 2)
      lince_texture_surface (surface, random, range (random, 6, 90), range (random, .1, .6));
  }
  cairo_destroy (cr);
  return surface;
}

/* Text over the whole, in one of several hands. */
static void
write_title (cairo_surface_t *surface, LinceRandom *random)
{
  static const char *const fonts[] = {"DejaVu Sans Bold", "DejaVu Serif Bold Italic",
      "DejaVu Sans Mono", "DejaVu Serif", "DejaVu Sans Oblique"};
  double w = cairo_image_surface_get_width (surface), h = cairo_image_surface_get_height (surface);
  cairo_t *cr = cairo_create (surface);
  LincePalette palette = lince_palette_new (random);
  char word[64];

  for (int i = lince_random_below (random, 4); i > 0; i--) {
    lince_invent_word (random, 2 + lince_random_below (random, 3), word, sizeof word);
    cairo_save (cr);
    cairo_translate (cr, range (random, .2, .8) * w, range (random, .1, .9) * h);
    cairo_rotate (cr, range (random, -.3, .3));
    lince_set_colour (cr, any_colour (random, &palette));
    lince_draw_text (cr, word, fonts[lince_random_below (random, (int) G_N_ELEMENTS (fonts))],
        -.4 * w, -.06 * h, range (random, .3, .8) * w, range (random, .05, .15) * h);
    cairo_restore (cr);
  }
  cairo_destroy (cr);
}

/* A smooth shift of every place, so that no letter or shape returns as it was elsewhere. */
typedef struct {
  double amplitude[4], u[4], v[4], phase[4][2];
} Bend;

static Bend
make_bend (LinceRandom *random, double size)
{
  Bend bend;

  for (int i = 0; i < 4; i++) {
    double wave = size * range (random, .12, .8), turn = range (random, 0, 2 * G_PI);

    bend.amplitude[i] = wave * range (random, 0, .03);
    bend.u[i] = 2 * G_PI / wave * cos (turn);
    bend.v[i] = 2 * G_PI / wave * sin (turn);
    bend.phase[i][0] = range (random, 0, 2 * G_PI);
    bend.phase[i][1] = range (random, 0, 2 * G_PI);
  }
  return bend;
}

static void
bend_place (const Bend *bend, double x, double y, double *u, double *v)
{
  *u = x;
  *v = y;
  for (int i = 0; i < 4; i++) {
    double at = bend->u[i] * x + bend->v[i] * y;

    *u += bend->amplitude[i] * sin (at + bend->phase[i][0]);
    *v += bend->amplitude[i] * sin (at + bend->phase[i][1]);
  }
}

/* A pixel of a surface, BGRA, between its own; the rim goes on outside. */
static void
sample (const guint8 *data, int stride, int width, int height, float x, float y, guint8 bgra[4])
{
  int u = (int) (CLAMP (x - .5f, 0.f, (float) width - 1.01f) * 256);
  int v = (int) (CLAMP (y - .5f, 0.f, (float) height - 1.01f) * 256);
  const guint8 *p = data + (gsize) (v >> 8) * (gsize) stride + 4 * (u >> 8);

  u &= 255;
  v &= 255;
  for (int c = 0; c < 4; c++)
    bgra[c] = (guint8) (((p[c] * (256 - u) + p[c + 4] * u) * (256 - v) +
                            (p[c + stride] * (256 - u) + p[c + stride + 4] * u) * v + 32768) >>
                        16);
}

/* Where the pixels of a row of cells come from: exact at the cells' corners, even between. */
#define CELL 8

typedef struct {
  double u, v;
} Place;

static void
bend_corners (const Bend *bend, int y, int columns, Place *places)
{
  for (int i = 0; i < columns; i++)
    bend_place (bend, i * CELL, y, &places[i].u, &places[i].v);
}

static double
between (double a, double b, double c, double d, double s, double t)
{
  return (a + (b - a) * s) * (1 - t) + (c + (d - c) * s) * t;
}

/* Straight RGBA out of the surface, bent; over white where it is transparent. */
static void
take_pixels (LinceBenchReference *reference, cairo_surface_t *surface, const Bend *bend)
{
  int width = cairo_image_surface_get_width (surface);
  int height = cairo_image_surface_get_height (surface);
  int stride = cairo_image_surface_get_stride (surface), columns = width / CELL + 2;
  const guint8 *data = cairo_image_surface_get_data (surface);
  guint8 *pixels = g_malloc ((gsize) width * (gsize) height * 4), *to = pixels;
  g_autofree Place *above = g_new (Place, columns), *below = g_new (Place, columns);

  for (int y = 0; y < height; y++) {
    double t = (y % CELL + .5) / CELL;

    if (y % CELL == 0) {
      bend_corners (bend, y, columns, above);
      bend_corners (bend, y + CELL, columns, below);
    }
    for (int x = 0; x < width; x++, to += 4) {
      const Place *a = &above[x / CELL], *b = &below[x / CELL];
      double s = (x % CELL + .5) / CELL;
      guint8 bgra[4];

      sample (data, stride, width, height, (float) between (a->u, a[1].u, b->u, b[1].u, s, t),
          (float) between (a->v, a[1].v, b->v, b[1].v, s, t), bgra);
      for (int c = 0; c < 3; c++)
        to[c] = (guint8) (bgra[2 - c] + 255 - bgra[3]);
      to[3] = 255;
    }
  }
  reference->picture = (LincePicture){pixels, width * 4, width, height};
}

static cairo_surface_t *
draw_artwork (guint64 seed, guint number)
{
  LinceArtwork *artwork = NULL;
  cairo_surface_t *surface;

  /* marks and bugs are not what this is about */
  for (guint n = 16 * number; artwork == NULL; n++) {
    artwork = lince_artwork_new (seed, n, FALSE);
    if (artwork->kind >= LINCE_ARTWORK_MARK)
      g_clear_pointer (&artwork, lince_artwork_free);
  }
  surface = cairo_surface_reference (artwork->surface);
  lince_artwork_free (artwork);
  return surface;
}

LinceBenchReference *
lince_bench_reference_new (guint64 seed, guint number)
{
  LinceRandom random = lince_random_for (seed, number);
  LinceBenchReference *reference = g_new0 (LinceBenchReference, 1);
  gboolean photograph = number % 2;
  cairo_surface_t *surface = photograph ? draw_photograph (&random) : draw_artwork (seed, number);
  Bend bend;

  if (photograph)
    write_title (surface, &random);
  lince_texture_surface (
      surface, &random, range (&random, 4, 60), range (&random, .1, photograph ? .4 : .7));
  bend = make_bend (&random, LONGER_SIDE);
  take_pixels (reference, surface, &bend);
  g_snprintf (reference->id, sizeof reference->id, "reference-%06u", number);
  cairo_surface_destroy (surface);
  return reference;
}

void
lince_bench_reference_free (LinceBenchReference *reference)
{
  if (reference == NULL)
    return;
  g_free ((guint8 *) reference->picture.data);
  g_free (reference);
}

cairo_surface_t *
lince_bench_surface_new (const LincePicture *picture)
{
  cairo_surface_t *surface =
      cairo_image_surface_create (CAIRO_FORMAT_ARGB32, picture->width, picture->height);

  for (int y = 0; y < picture->height; y++) {
    const guint8 *from = picture->data + y * picture->stride;
    guint8 *to = cairo_image_surface_get_data (surface) +
                 (gsize) y * (gsize) cairo_image_surface_get_stride (surface);

    for (int x = 0; x < picture->width; x++, from += 4, to += 4) {
      to[0] = from[2];
      to[1] = from[1];
      to[2] = from[0];
      to[3] = from[3];
    }
  }
  cairo_surface_mark_dirty (surface);
  return surface;
}
