/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What artwork and scenery draw with: colours that go together, invented words, text, shapes. */
#pragma once

#include <cairo.h>
#include <glib.h>

#include "random.h"

typedef struct {
  double r, g, b;
} LinceColour;

/* `colours`: dark, light, and three that stand out between them. */
typedef struct {
  LinceColour dark, light, colours[3];
} LincePalette;

LincePalette lince_palette_new (LinceRandom *random);
LinceColour lince_colour_hsv (double hue, double saturation, double value);
LinceColour lince_colour_mix (LinceColour a, LinceColour b, double share_of_b);
void lince_set_colour (cairo_t *cr, LinceColour colour);

/* An invented word of `syllables` syllables, capitalised. */
void lince_invent_word (LinceRandom *random, int syllables, char *word, gsize size);

/* Draws `text` centred in the box and as large as it fits, in the current source. `font` is a pango
 * description without a size. */
void lince_draw_text (cairo_t *cr, const char *text, const char *font, double x, double y,
    double width, double height);

void lince_path_polygon (cairo_t *cr, double x, double y, double radius, int corners, double turn);
/* `inner`: the inner radius's share of the outer one. */
void lince_path_star (
    cairo_t *cr, double x, double y, double radius, int points, double inner, double turn);
void lince_path_round (cairo_t *cr, double x, double y, double width, double height, double radius);

/* A field of fractal noise over an image surface, which multiplies its colours by 1 - amount to
 * 1 + amount. `scale` is the coarsest octave's cell in pixels. */
void lince_texture_surface (
    cairo_surface_t *surface, LinceRandom *random, double scale, double amount);
