/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "artwork.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "brand.h"
#include "drawing.h"

#define SANS "DejaVu Sans Bold"
#define SANS_PLAIN "DejaVu Sans"
#define SERIF "DejaVu Serif Bold"

typedef struct {
  cairo_t *cr;
  double w, h;
  LinceRandom *random;
  LincePalette palette;
  const char *title, *subtitle;
} Sheet;

static double
range (Sheet *s, double from, double to)
{
  return lince_random_range (s->random, from, to);
}

static void
ink (Sheet *s, LinceColour colour)
{
  lince_set_colour (s->cr, colour);
}

static void
box (Sheet *s, double x, double y, double w, double h, LinceColour colour)
{
  ink (s, colour);
  cairo_rectangle (s->cr, x, y, w, h);
  cairo_fill (s->cr);
}

static void
small_print (Sheet *s, double x, double y, double w, double line, int lines)
{
  char text[160], word[32];
  for (int i = 0; i < lines; i++) {
    text[0] = 0;
    for (int k = 0; k < 4; k++) {
      lince_invent_word (s->random, 2 + lince_random_below (s->random, 2), word, sizeof word);
      g_strlcat (text, word, sizeof text);
      g_strlcat (text, " ", sizeof text);
    }
    lince_draw_text (s->cr, text, SANS_PLAIN, x, y + i * line * 1.35, w, line);
  }
}

/* --- posters --- */

static void
draw_ridges (Sheet *s, double from, double to, int count)
{
  for (int i = 0; i < count; i++) {
    double base = s->h * (from + (to - from) * i / count), y = base;
    ink (s, lince_colour_mix (s->palette.colours[i % 3], s->palette.dark, (i + 1.0) / (count + 1)));
    cairo_move_to (s->cr, 0, s->h);
    for (double x = 0; x <= s->w * 1.08; x += range (s, 0.03, 0.1) * s->w) {
      cairo_line_to (s->cr, x, y);
      y = base + range (s, -0.07, 0.07) * s->h;
    }
    cairo_line_to (s->cr, s->w, s->h);
    cairo_fill (s->cr);
  }
}

static void
poster_landscape (Sheet *s)
{
  cairo_pattern_t *sky = cairo_pattern_create_linear (0, 0, 0, s->h * 0.7);
  LincePalette *p = &s->palette;
  cairo_pattern_add_color_stop_rgb (sky, 0, p->colours[0].r, p->colours[0].g, p->colours[0].b);
  cairo_pattern_add_color_stop_rgb (sky, 1, p->light.r, p->light.g, p->light.b);
  cairo_set_source (s->cr, sky);
  cairo_paint (s->cr);
  cairo_pattern_destroy (sky);
  ink (s, p->colours[2]);
  lince_path_star (s->cr, range (s, 0.25, 0.75) * s->w, s->h * 0.36, s->w * 0.24,
      12 + lince_random_below (s->random, 9), 0.72, range (s, 0, 1));
  cairo_fill (s->cr);
  draw_ridges (s, 0.42, 0.82, 5);
  for (int i = 0; i < 26; i++) {
    double x = range (s, 0, s->w), y = range (s, 0.6, 0.86) * s->h,
           r = range (s, 0.02, 0.06) * s->w;
    ink (s, i % 2 ? p->dark : p->colours[i % 3]);
    lince_path_polygon (s->cr, x, y, r, 3, -G_PI / 2);
    cairo_fill (s->cr);
  }
}

static void
poster_mosaic (Sheet *s)
{
  LincePalette *p = &s->palette;
  int columns = 5 + lince_random_below (s->random, 4), rows = 7 + lince_random_below (s->random, 3);
  double cw = s->w / columns, ch = s->h / rows;
  box (s, 0, 0, s->w, s->h, p->light);
  for (int i = 0; i < columns * rows; i++) {
    double x = i % columns * cw, y = i / columns * ch; /* cells */
    int shape = lince_random_below (s->random, 5);
    LinceColour c = lince_colour_mix (p->colours[lince_random_below (s->random, 3)],
        lince_random_below (s->random, 2) ? p->dark : p->light, range (s, 0, 0.5));
    ink (s, c);
    if (shape == 0)
      cairo_rectangle (s->cr, x, y, cw, ch);
    else if (shape == 1)
      lince_path_polygon (s->cr, x + cw / 2, y + ch / 2, cw * 0.52, 3, range (s, 0, 6.28));
    else if (shape == 2)
      lince_path_star (s->cr, x + cw / 2, y + ch / 2, cw * 0.5,
          4 + lince_random_below (s->random, 4), 0.45, range (s, 0, 6));
    else if (shape == 3)
      cairo_arc (s->cr, x + cw / 2, y + ch / 2, cw * 0.4, 0, 2 * G_PI);
    else {
      cairo_move_to (s->cr, x, y);
      cairo_line_to (s->cr, x + cw, y + ch);
      cairo_line_to (s->cr, x, y + ch);
      cairo_close_path (s->cr);
    }
    cairo_fill (s->cr);
  }
}

static void
poster_night (Sheet *s)
{
  LincePalette *p = &s->palette;
  box (s, 0, 0, s->w, s->h, p->dark);
  for (int i = 0; i < 60; i++) {
    ink (s, lince_colour_mix (p->light, p->colours[i % 3], range (s, 0, 0.6)));
    lince_path_star (s->cr, range (s, 0, s->w), range (s, 0, 0.55) * s->h, range (s, 1.5, 7), 4,
        0.3, range (s, 0, 3));
    cairo_fill (s->cr);
  }
  for (double x = 0; x < s->w;) {
    double bw = range (s, 0.07, 0.17) * s->w, bh = range (s, 0.2, 0.55) * s->h, cell = s->w / 32;
    box (s, x, s->h - bh, bw, bh,
        lince_colour_mix (
            p->dark, p->colours[lince_random_below (s->random, 3)], range (s, 0.25, 0.7)));
    for (double wy = s->h - bh + cell; wy < s->h; wy += 1.7 * cell)
      for (double wx = x + cell * 0.6; wx < x + bw - cell; wx += 1.5 * cell)
        if (lince_random_below (s->random, 3))
          box (s, wx, wy, cell * 0.8, cell,
              lince_random_below (s->random, 4) ? p->light : p->colours[2]);
    x += bw + range (s, 0, 0.02) * s->w;
  }
}

static void
draw_poster (Sheet *s)
{
  void (*const ways[]) (Sheet *) = {poster_landscape, poster_mosaic, poster_night};
  ways[lince_random_below (s->random, 3)](s);
  double band = range (s, 0.08, 0.7) * s->h;
  box (s, 0, band, s->w, s->h * 0.17,
      lince_random_below (s->random, 2) ? s->palette.dark : s->palette.light);
  ink (s, s->palette.colours[lince_random_below (s->random, 3)]);
  lince_draw_text (s->cr, s->title, SANS, s->w * 0.05, band + s->h * 0.015, s->w * 0.9, s->h * 0.1);
  lince_draw_text (
      s->cr, s->subtitle, SERIF, s->w * 0.1, band + s->h * 0.125, s->w * 0.8, s->h * 0.035);
  box (s, 0, s->h * 0.91, s->w, s->h * 0.09, s->palette.dark);
  ink (s, s->palette.light);
  small_print (s, s->w * 0.06, s->h * 0.922, s->w * 0.88, s->h * 0.022, 2);
}

/* --- covers --- */

static void
draw_face (Sheet *s, double x, double y, double r)
{
  LincePalette *p = &s->palette;
  LinceColour skin = lince_colour_hsv (0.06, range (s, 0.25, 0.6), range (s, 0.45, 0.95));
  box (s, x - r * 1.5, y + r * 0.9, r * 3, r * 3, p->colours[1]);
  ink (s, p->dark);
  lince_path_star (s->cr, x, y - r * 0.15, r * 1.25, 9 + lince_random_below (s->random, 8), 0.8,
      range (s, 0, 1));
  cairo_fill (s->cr);
  ink (s, skin);
  cairo_save (s->cr);
  cairo_translate (s->cr, x, y);
  cairo_scale (s->cr, 0.8, 1.05);
  cairo_arc (s->cr, 0, 0, r, 0, 2 * G_PI);
  cairo_restore (s->cr);
  cairo_fill (s->cr);
  for (int side = -1; side <= 1; side += 2) {
    box (s, x + side * r * 0.36 - r * 0.2, y - r * 0.35, r * 0.4, r * 0.09, p->dark);
    ink (s, p->light);
    lince_path_polygon (s->cr, x + side * r * 0.36, y - r * 0.1, r * 0.17, 6, 0);
    cairo_fill (s->cr);
    ink (s, p->colours[2]);
    cairo_arc (s->cr, x + side * r * 0.36, y - r * 0.1, r * 0.09, 0, 2 * G_PI);
    cairo_fill (s->cr);
  }
  ink (s, lince_colour_mix (skin, p->dark, 0.4));
  lince_path_polygon (s->cr, x, y + r * 0.25, r * 0.16, 3, -G_PI / 2);
  cairo_fill (s->cr);
  box (s, x - r * 0.3, y + r * 0.55, r * 0.6, r * 0.12, lince_colour_hsv (0.98, 0.7, 0.7));
}

static void
cover_magazine (Sheet *s)
{
  LincePalette *p = &s->palette;
  box (s, 0, 0, s->w, s->h, lince_colour_mix (p->colours[0], p->light, range (s, 0, 0.5)));
  for (int i = 0; i < 14; i++) {
    ink (s, lince_colour_mix (p->colours[i % 3], p->light, range (s, 0.2, 0.7)));
    lince_path_polygon (s->cr, range (s, 0, s->w), range (s, 0, s->h), range (s, 0.05, 0.2) * s->w,
        3 + i % 4, range (s, 0, 6));
    cairo_fill (s->cr);
  }
  draw_face (s, s->w * range (s, 0.4, 0.6), s->h * 0.48, s->w * range (s, 0.2, 0.28));
  ink (s, p->dark);
  lince_draw_text (s->cr, s->title, SERIF, s->w * 0.04, s->h * 0.02, s->w * 0.92, s->h * 0.14);
  for (int i = 0; i < 4; i++) {
    double y = s->h * (0.24 + 0.17 * i), x = i % 2 ? s->w * 0.66 : s->w * 0.03;
    box (s, x, y, s->w * 0.31, s->h * 0.1, i % 2 ? p->dark : p->colours[2]);
    ink (s, p->light);
    small_print (s, x + s->w * 0.01, y + s->h * 0.008, s->w * 0.29, s->h * 0.03, 2);
  }
}

static void
cover_book (Sheet *s)
{
  LincePalette *p = &s->palette;
  int n = 6 + lince_random_below (s->random, 6), points = 3 + lince_random_below (s->random, 5);
  double cell = s->w / n;
  box (s, 0, 0, s->w, s->h, p->dark);
  for (int j = 0; j * cell < s->h; j++)
    for (int i = 0; i < n; i++) {
      ink (s, lince_colour_mix (p->colours[(i * 7 + j * 3 + lince_random_below (s->random, 2)) % 3],
                  p->light, range (s, 0, 0.4)));
      lince_path_star (s->cr, (i + 0.5) * cell, (j + 0.5) * cell, cell * range (s, 0.25, 0.55),
          points, range (s, 0.3, 0.9), range (s, 0, 6));
      cairo_fill (s->cr);
    }
  double top = range (s, 0.15, 0.5) * s->h;
  box (s, s->w * 0.08, top, s->w * 0.84, s->h * 0.3, p->light);
  ink (s, p->dark);
  cairo_set_line_width (s->cr, 3);
  cairo_rectangle (s->cr, s->w * 0.1, top + s->h * 0.013, s->w * 0.8, s->h * 0.274);
  cairo_stroke (s->cr);
  lince_draw_text (
      s->cr, s->title, SERIF, s->w * 0.13, top + s->h * 0.04, s->w * 0.74, s->h * 0.12);
  lince_draw_text (
      s->cr, s->subtitle, SANS_PLAIN, s->w * 0.16, top + s->h * 0.2, s->w * 0.68, s->h * 0.045);
}

static void
draw_cover (Sheet *s)
{
  (lince_random_below (s->random, 2) ? cover_magazine : cover_book) (s);
}

/* --- packages --- */

static void
draw_package (Sheet *s)
{
  LincePalette *p = &s->palette;
  cairo_t *cr = s->cr;
  lince_path_round (cr, s->w * 0.02, s->h * 0.015, s->w * 0.96, s->h * 0.97, s->w * 0.06);
  cairo_clip (cr);
  box (s, 0, 0, s->w, s->h, p->colours[0]);
  int stripes = 7 + lince_random_below (s->random, 8);
  for (int i = 0; i < stripes; i += 2)
    box (s, s->w * i / stripes, 0, s->w / stripes, s->h,
        lince_colour_mix (p->colours[0], p->colours[1], 0.6));
  ink (s, p->colours[2]);
  lince_path_star (cr, s->w * 0.5, s->h * 0.62, s->w * 0.48,
      14 + lince_random_below (s->random, 10), 0.78, range (s, 0, 1));
  cairo_fill (cr);
  for (int i = 0; i < 40; i++) { /* what it is filled with */
    double angle = range (s, 0, 6.28), reach = sqrt (range (s, 0, 1)) * s->w * 0.33;
    ink (s, lince_colour_mix (i % 3 ? p->light : p->colours[1], p->dark, range (s, 0, 0.6)));
    lince_path_polygon (cr, s->w * 0.5 + reach * cos (angle), s->h * 0.64 + reach * sin (angle),
        range (s, 0.02, 0.07) * s->w, 3 + lince_random_below (s->random, 4), range (s, 0, 6));
    cairo_fill (cr);
  }
  cairo_save (cr);
  cairo_translate (cr, s->w * 0.5, s->h * 0.2);
  cairo_rotate (cr, range (s, -0.15, 0.15));
  box (s, -s->w * 0.44, -s->h * 0.11, s->w * 0.88, s->h * 0.22, p->dark);
  ink (s, p->light);
  lince_draw_text (cr, s->title, SANS, -s->w * 0.4, -s->h * 0.09, s->w * 0.8, s->h * 0.12);
  ink (s, p->colours[2]);
  lince_draw_text (
      cr, s->subtitle, SANS_PLAIN, -s->w * 0.36, s->h * 0.045, s->w * 0.72, s->h * 0.045);
  cairo_restore (cr);
  box (s, s->w * 0.07, s->h * 0.87, s->w * 0.4, s->h * 0.085, p->light);
  ink (s, p->dark);
  small_print (s, s->w * 0.08, s->h * 0.88, s->w * 0.38, s->h * 0.028, 2);
  for (double x = s->w * 0.6; x < s->w * 0.9;) { /* a bar code */
    double bar = range (s, 0.006, 0.02) * s->w;
    box (s, x, s->h * 0.87, bar, s->h * 0.085, p->light);
    x += bar + range (s, 0.006, 0.02) * s->w;
  }
}

/* --- marks and bugs --- */

static void
draw_emblem (Sheet *s, double x, double y, double r)
{
  LincePalette *p = &s->palette;
  int layers = 3 + lince_random_below (s->random, 2);
  for (int i = 0; i < layers; i++) {
    ink (s, i % 2 ? p->light : p->colours[(i / 2 + 1) % 3]);
    if (i == 0)
      lince_path_polygon (s->cr, x, y, r, 5 + lince_random_below (s->random, 4), range (s, 0, 6));
    else
      lince_path_star (s->cr, x, y, r * (1 - 0.24 * i), 3 + lince_random_below (s->random, 6),
          range (s, 0.35, 0.75), range (s, 0, 6));
    cairo_fill (s->cr);
  }
  for (int i = 0; i < 7; i++) {
    ink (s, i % 2 ? p->dark : p->light);
    lince_path_polygon (s->cr, x + range (s, -0.6, 0.6) * r, y + range (s, -0.6, 0.6) * r,
        r * range (s, 0.06, 0.2), 3 + i % 2, range (s, 0, 6));
    cairo_fill (s->cr);
  }
}

static void
draw_mark (Sheet *s)
{
  LincePalette *p = &s->palette;
  ink (s, p->dark);
  lince_path_round (s->cr, s->w * 0.01, s->h * 0.02, s->w * 0.98, s->h * 0.96, s->h * 0.14);
  cairo_fill_preserve (s->cr);
  ink (s, p->colours[1]);
  cairo_set_line_width (s->cr, s->h * 0.035);
  cairo_stroke (s->cr);
  draw_emblem (s, s->h * 0.5, s->h * 0.5, s->h * 0.38);
  ink (s, p->light);
  lince_draw_text (
      s->cr, s->title, SANS, s->h * 0.95, s->h * 0.18, s->w - s->h * 1.08, s->h * 0.42);
  ink (s, p->colours[2]);
  lince_draw_text (
      s->cr, s->subtitle, SERIF, s->h * 0.95, s->h * 0.68, s->w - s->h * 1.3, s->h * 0.16);
  for (int i = 0; i < 3; i++) {
    ink (s, p->colours[i]);
    lince_path_polygon (s->cr, s->w - s->h * 0.27 + i * s->h * 0.08, s->h * 0.76, s->h * 0.06,
        3 + i, range (s, 0, 6));
    cairo_fill (s->cr);
  }
}

/* Two colours, few corners: what only regions and colour tell. */
static void
draw_mark_hard (Sheet *s)
{
  double r = s->h * 0.42, x = s->w / 2, y = s->h / 2, turn = range (s, 0, 6.28);
  ink (s, s->palette.colours[0]);
  cairo_arc (s->cr, x, y, r, 0, 2 * G_PI);
  cairo_fill (s->cr);
  ink (s, s->palette.light);
  int way = lince_random_below (s->random, 3);
  for (int i = 0; i < 3; i++) {
    double a = turn + i * 2.1;
    if (way == 0)
      cairo_arc (s->cr, x + cos (a) * r * 0.45, y + sin (a) * r * 0.45, r * 0.3, a, a + G_PI);
    else if (way == 1)
      cairo_arc (s->cr, x + cos (a) * r * 0.5, y + sin (a) * r * 0.5, r * range (s, 0.15, 0.3), 0,
          2 * G_PI);
    else
      cairo_arc (s->cr, x, y, r * (0.25 + 0.2 * i), a, a + G_PI * 0.9);
    if (way == 2) {
      cairo_set_line_width (s->cr, r * 0.13);
      cairo_stroke (s->cr);
    } else
      cairo_fill (s->cr);
  }
}

static void
draw_bug (Sheet *s)
{
  LincePalette *p = &s->palette;
  ink (s, p->dark);
  lince_path_round (s->cr, s->w * 0.02, s->h * 0.03, s->w * 0.96, s->h * 0.94, s->h * 0.12);
  cairo_fill (s->cr);
  double cell = s->h * 0.15;
  for (int i = 0; i < 15; i++)
    if (lince_random_below (s->random, 3))
      box (s, s->w * 0.06 + i % 3 * cell, s->h * 0.12 + i / 3 * cell, cell * 0.94, cell * 0.94,
          lince_colour_mix (
              p->colours[lince_random_below (s->random, 3)], p->light, range (s, 0, 0.6)));
  char figure[4] = {(char) ('1' + lince_random_below (s->random, 9)), 0};
  ink (s, p->light);
  lince_draw_text (s->cr, s->title, SANS, s->w * 0.4, s->h * 0.12, s->w * 0.54, s->h * 0.3);
  lince_draw_text (s->cr, figure, SANS, s->w * 0.4, s->h * 0.5, s->w * 0.2, s->h * 0.38);
  for (int i = 0; i < 3; i++) {
    double x = s->w * (0.62 + 0.11 * i);
    ink (s, p->colours[i]);
    cairo_move_to (s->cr, x, s->h * 0.52);
    cairo_line_to (s->cr, x + s->w * 0.09, s->h * 0.7);
    cairo_line_to (s->cr, x, s->h * 0.88);
    cairo_line_to (s->cr, x + s->w * 0.03, s->h * 0.7);
    cairo_close_path (s->cr);
    cairo_fill (s->cr);
  }
}

/* --- the set --- */

typedef struct {
  LinceArtworkKind kind;
  int width, height;
  const char *word; /* what an id begins with */
  void (*draw) (Sheet *);
} Kind;

static const Kind kinds[] = {
    {LINCE_ARTWORK_POSTER, 400, 580, "poster", draw_poster},
    {LINCE_ARTWORK_COVER, 360, 500, "cover", draw_cover},
    {LINCE_ARTWORK_PACKAGE, 360, 480, "package", draw_package},
    {LINCE_ARTWORK_MARK, 540, 240, "mark", draw_mark},
    {LINCE_ARTWORK_BUG, 320, 200, "bug", draw_bug},
};

/* The first references are the script's cast; the rest take turns. */
static const LinceArtworkKind cast[] = {LINCE_ARTWORK_BUG, LINCE_ARTWORK_POSTER, LINCE_ARTWORK_MARK,
    LINCE_ARTWORK_PACKAGE, LINCE_ARTWORK_COVER, LINCE_ARTWORK_POSTER, LINCE_ARTWORK_MARK,
    LINCE_ARTWORK_PACKAGE, LINCE_ARTWORK_COVER, LINCE_ARTWORK_POSTER, LINCE_ARTWORK_COVER,
    LINCE_ARTWORK_BUG};

static const LinceArtworkKind turns[] = {LINCE_ARTWORK_POSTER, LINCE_ARTWORK_COVER,
    LINCE_ARTWORK_PACKAGE, LINCE_ARTWORK_COVER, LINCE_ARTWORK_MARK, LINCE_ARTWORK_POSTER,
    LINCE_ARTWORK_PACKAGE, LINCE_ARTWORK_BUG};

const char *
lince_artwork_kind_name (LinceArtworkKind kind)
{
  return kinds[kind].word;
}

static LinceArtworkKind
choose_kind (guint number, LinceArtworkSet set)
{
  static const LinceArtworkKind textured[] = {
      LINCE_ARTWORK_POSTER, LINCE_ARTWORK_COVER, LINCE_ARTWORK_PACKAGE};
  if (set == LINCE_ARTWORK_SET_SWEEP)
    return number % 3 == 0   ? textured[number / 3 % 3]
           : number % 3 == 1 ? LINCE_ARTWORK_MARK
                             : LINCE_ARTWORK_BUG;
  return number < G_N_ELEMENTS (cast) ? cast[number] : turns[number % G_N_ELEMENTS (turns)];
}

static void
draw_sheet (LinceArtwork *artwork, guint64 seed, guint number, bool hard, char *title, gsize size)
{
  LinceRandom random = lince_random_for (seed, number);
  const Kind *kind = &kinds[artwork->kind];
  char subtitle[96], word[32];
  bool is_bug = artwork->kind == LINCE_ARTWORK_BUG;
  lince_invent_word (&random, 2 + (!is_bug && lince_random_below (&random, 2)), title, size);
  lince_invent_word (&random, 2, subtitle, sizeof subtitle);
  lince_invent_word (&random, 3, word, sizeof word);
  g_strlcat (subtitle, " ", sizeof subtitle);
  g_strlcat (subtitle, word, sizeof subtitle);

  bool flat = hard && artwork->kind >= LINCE_ARTWORK_MARK;
  int width = flat ? kind->height : kind->width;
  artwork->surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, kind->height);
  cairo_t *cr = cairo_create (artwork->surface);
  Sheet sheet = {cr, width, kind->height, &random, lince_palette_new (&random), title, subtitle};
  (flat ? draw_mark_hard : kind->draw) (&sheet);
  cairo_destroy (cr);
  cairo_surface_flush (artwork->surface);
}

LinceArtwork *
lince_artwork_new (guint64 seed, guint number, LinceArtworkSet set)
{
  LinceArtwork *artwork = g_new0 (LinceArtwork, 1);
  char title[48];
  artwork->kind = choose_kind (number, set);
  const char *word = kinds[artwork->kind].word;
  if (set == LINCE_ARTWORK_SET_SWEEP && artwork->kind >= LINCE_ARTWORK_MARK)
    artwork->surface =
        lince_brand_draw (artwork->kind == LINCE_ARTWORK_BUG ? LINCE_BRAND_BUG : LINCE_BRAND_MARK,
            seed, number / 3, 0, title, sizeof title);
  else
    draw_sheet (artwork, seed, number, set == LINCE_ARTWORK_SET_HARD, title, sizeof title);
  g_autofree char *lower = g_ascii_strdown (title, -1);
  g_snprintf (artwork->id, sizeof artwork->id, "%s-%04u-%s", word, (guint) number + 1, lower);
  g_snprintf (artwork->name, sizeof artwork->name, "%s %s", title, word);
  return artwork;
}

cairo_surface_t *
lince_artwork_draw_phase (guint64 seed, guint number, double phase)
{
  char title[48];
  return lince_brand_draw (LINCE_BRAND_BUG, seed, number / 3, phase, title, sizeof title);
}

void
lince_artwork_free (LinceArtwork *artwork)
{
  if (!artwork)
    return;
  cairo_surface_destroy (artwork->surface);
  g_free (artwork);
}

gboolean
lince_artwork_is_file (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    gsize length = strlen (kinds[i].word);
    if (strncmp (name, kinds[i].word, length) == 0 && name[length] == '-' &&
        g_ascii_isdigit (name[length + 1]))
      return g_str_has_suffix (name, ".png") || g_str_has_suffix (name, ".json");
  }
  return FALSE;
}

gboolean
lince_artwork_write (const LinceArtwork *artwork, const char *folder, GError **error)
{
  g_autofree char *png = g_strdup_printf ("%s/%s.png", folder, artwork->id);
  g_autofree char *json = g_strdup_printf ("%s/%s.json", folder, artwork->id);
  cairo_status_t status = cairo_surface_write_to_png (artwork->surface, png);
  if (status != CAIRO_STATUS_SUCCESS) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_IO, "%s cannot be written: %s", png,
        cairo_status_to_string (status));
    return FALSE;
  }
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, artwork->name);
  json_builder_set_member_name (builder, "metadata");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "kind");
  json_builder_add_string_value (builder, lince_artwork_kind_name (artwork->kind));
  json_builder_set_member_name (builder, "fictional");
  json_builder_add_boolean_value (builder, TRUE);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, TRUE);
  return g_file_set_contents (json, text, -1, error);
}
