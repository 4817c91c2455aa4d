/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drawing.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

LinceColour
lince_colour_hsv (double hue, double saturation, double value)
{
  double rgb[3];
  for (int i = 0; i < 3; i++) {
    double k = fmod ((double[]){5, 3, 1}[i] + hue * 6, 6);
    rgb[i] = value - value * saturation * fmax (0, fmin (fmin (k, 4 - k), 1));
  }
  return (LinceColour){rgb[0], rgb[1], rgb[2]};
}

LinceColour
lince_colour_mix (LinceColour a, LinceColour b, double share_of_b)
{
  double s = share_of_b;
  return (LinceColour){a.r + s * (b.r - a.r), a.g + s * (b.g - a.g), a.b + s * (b.b - a.b)};
}

void
lince_set_colour (cairo_t *cr, LinceColour colour)
{
  cairo_set_source_rgb (cr, colour.r, colour.g, colour.b);
}

LincePalette
lince_palette_new (LinceRandom *random)
{
  double hue = lince_random_range (random, 0, 1), spread = lince_random_range (random, 0.08, 0.35);
  LincePalette p;
  p.dark = lince_colour_hsv (
      hue, lince_random_range (random, 0.4, 0.9), lince_random_range (random, 0.08, 0.28));
  p.light = lince_colour_hsv (fmod (hue + 0.5, 1), lince_random_range (random, 0.03, 0.2),
      lince_random_range (random, 0.88, 1));
  for (int i = 0; i < 3; i++)
    p.colours[i] = lince_colour_hsv (fmod (hue + 0.15 + spread * i + 0.02 * i * i, 1),
        lince_random_range (random, 0.55, 0.95), lince_random_range (random, 0.45, 0.95));
  return p;
}

void
lince_invent_word (LinceRandom *random, int syllables, char *word, gsize size)
{
  static const char *const parts[] = {"ve", "lo", "ra", "tes", "sa", "ro", "nu", "vem", "to", "or",
      "be", "lin", "kur", "bit", "hal", "den", "mi", "qui", "lon", "zi", "rus", "pom", "el", "sol",
      "va", "ne", "dra", "fen", "gal", "iso", "ju", "kel", "lum", "mir", "nox", "pel", "ril",
      "sten", "tul", "ulm", "vix", "wen", "yar", "ost", "bri", "cla", "gru", "pha", "thu", "ska"};
  word[0] = 0;
  for (int i = 0; i < syllables; i++)
    g_strlcat (word, parts[lince_random_below (random, G_N_ELEMENTS (parts))], size);
  word[0] = g_ascii_toupper (word[0]);
}

void
lince_draw_text (cairo_t *cr, const char *text, const char *font, double x, double y, double width,
    double height)
{
  PangoLayout *layout = pango_cairo_create_layout (cr);
  PangoFontDescription *description = pango_font_description_from_string (font);
  pango_font_description_set_absolute_size (description, 64 * PANGO_SCALE);
  pango_layout_set_font_description (layout, description);
  pango_layout_set_alignment (layout, PANGO_ALIGN_CENTER);
  pango_layout_set_text (layout, text, -1);
  PangoRectangle ink;
  pango_layout_get_pixel_extents (layout, &ink, NULL);
  if (ink.width > 0 && ink.height > 0) {
    double scale = fmin (width / ink.width, height / ink.height);
    cairo_save (cr);
    cairo_translate (cr, x + width / 2, y + height / 2);
    cairo_scale (cr, scale, scale);
    cairo_translate (cr, -ink.x - ink.width / 2.0, -ink.y - ink.height / 2.0);
    cairo_move_to (cr, 0, 0);
    pango_cairo_show_layout (cr, layout);
    cairo_restore (cr);
  }
  pango_font_description_free (description);
  g_object_unref (layout);
}

void
lince_path_polygon (cairo_t *cr, double x, double y, double radius, int corners, double turn)
{
  lince_path_star (cr, x, y, radius, corners, -1, turn);
}

void
lince_path_star (
    cairo_t *cr, double x, double y, double radius, int points, double inner, double turn)
{
  int steps = inner < 0 ? points : 2 * points;
  for (int i = 0; i < steps; i++) {
    double angle = turn + 2 * G_PI * i / steps, r = inner >= 0 && i % 2 ? radius * inner : radius;
    if (i == 0)
      cairo_move_to (cr, x + r * cos (angle), y + r * sin (angle));
    else
      cairo_line_to (cr, x + r * cos (angle), y + r * sin (angle));
  }
  cairo_close_path (cr);
}

void
lince_path_round (cairo_t *cr, double x, double y, double width, double height, double radius)
{
  cairo_new_sub_path (cr);
  cairo_arc (cr, x + width - radius, y + radius, radius, -G_PI / 2, 0);
  cairo_arc (cr, x + width - radius, y + height - radius, radius, 0, G_PI / 2);
  cairo_arc (cr, x + radius, y + height - radius, radius, G_PI / 2, G_PI);
  cairo_arc (cr, x + radius, y + radius, radius, G_PI, 3 * G_PI / 2);
  cairo_close_path (cr);
}

/* One octave of value noise, added to `field`. */
static void
add_octave (float *field, int width, int height, LinceRandom *random, double cell, float strength)
{
  int columns = (int) (width / cell) + 2, rows = (int) (height / cell) + 2;
  g_autofree float *lattice = g_new (float, (gsize) columns *rows);
  for (int i = 0; i < columns * rows; i++)
    lattice[i] = (float) lince_random_range (random, -1, 1) * strength;
  g_autofree float *line = g_new (float, columns);
  g_autofree int *cells = g_new (int, width);
  g_autofree float *shares = g_new (float, width);
  for (int x = 0; x < width; x++) {
    double at = x / cell, share = at - floor (at);
    cells[x] = (int) at;
    shares[x] = (float) (share * share * (3 - 2 * share));
  }
  for (int y = 0; y < height; y++) {
    double at = y / cell, share = at - floor (at);
    const float *a = lattice + (gsize) ((int) at) * columns, *b = a + columns;
    float s = (float) (share * share * (3 - 2 * share));
    for (int i = 0; i < columns; i++)
      line[i] = a[i] + s * (b[i] - a[i]);
    float *to = field + (gsize) y * width;
    for (int x = 0; x < width; x++)
      to[x] += line[cells[x]] + shares[x] * (line[cells[x] + 1] - line[cells[x]]);
  }
}

void
lince_texture_surface (cairo_surface_t *surface, LinceRandom *random, double scale, double amount)
{
  cairo_surface_flush (surface);
  int width = cairo_image_surface_get_width (surface),
      height = cairo_image_surface_get_height (surface);
  g_autofree float *field = g_new0 (float, (gsize) width *height);
  double strength = 0.5;
  for (double cell = scale; cell >= 1.5; cell /= 2.1, strength *= 0.68)
    add_octave (field, width, height, random, cell, (float) strength);
  unsigned char *data = cairo_image_surface_get_data (surface);
  int stride = cairo_image_surface_get_stride (surface);
  for (int y = 0; y < height; y++) {
    unsigned char *row = data + (gsize) y * stride;
    for (int x = 0; x < width; x++, row += 4) {
      float factor = 1 + (float) amount * field[(gsize) y * width + x];
      for (int k = 0; k < 3; k++)
        row[k] = (unsigned char) CLAMP (row[k] * factor, 0, row[3]);
    }
  }
  cairo_surface_mark_dirty (surface);
}
