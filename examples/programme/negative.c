/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A programme without any object, but with what looks like some: subtitles, tickers, clocks, score
 * boxes, titles, credits, stills, black. */
#include <math.h>

#include "drawing.h"
#include "shot.h"

#define TURN_SECONDS 8 /* of each kind, where all take turns */
#define SANS "DejaVu Sans"
#define BOLD "DejaVu Sans Bold"

typedef struct {
  cairo_t *cr;
  double w, h;
  LinceRandom *random;
  LincePalette palette;
  int second; /* on the clocks */
} Card;

static void
words (LinceRandom *random, int count, char *text, gsize size)
{
  char word[48];
  text[0] = 0;
  for (int i = 0; i < count; i++) {
    lince_invent_word (random, 1 + lince_random_below (random, 3), word, sizeof word);
    if (i > 0) {
      g_strlcat (text, " ", size);
      word[0] = g_ascii_tolower (word[0]);
    }
    g_strlcat (text, word, size);
  }
}

static void
fill_box (Card *c, double x, double y, double w, double h, LinceColour colour)
{
  lince_set_colour (c->cr, colour);
  cairo_rectangle (c->cr, x, y, w, h);
  cairo_fill (c->cr);
}

static void
write_text (Card *c, const char *text, const char *font, double x, double y, double w, double h,
    LinceColour colour)
{
  lince_set_colour (c->cr, colour);
  lince_draw_text (c->cr, text, font, x, y, w, h);
}

static void
draw_subtitle (Card *c)
{
  LinceColour white = {1, 1, 1}, black = {0, 0, 0};
  bool boxed = lince_random_below (c->random, 2);
  for (int line = 0; line < 2; line++) {
    char text[160];
    double y = c->h * (0.04 + 0.5 * line);
    words (c->random, 5 + lince_random_below (c->random, 3), text, sizeof text);
    if (boxed)
      fill_box (c, c->w * 0.02, y, c->w * 0.96, c->h * 0.46, black);
    for (int i = 0; i < 8 && !boxed; i++) /* an outline */
      write_text (c, text, BOLD, c->w * 0.04 + 2 * cos (i * G_PI / 4),
          y + c->h * 0.06 + 2 * sin (i * G_PI / 4), c->w * 0.92, c->h * 0.34, black);
    write_text (c, text, BOLD, c->w * 0.04, y + c->h * 0.06, c->w * 0.92, c->h * 0.34, white);
  }
}

static void
draw_ticker (Card *c)
{
  fill_box (c, 0, 0, c->w, c->h, c->palette.dark);
  for (double x = 0; x < c->w; x += c->h * 16) {
    char text[160];
    words (c->random, 5, text, sizeof text);
    write_text (c, text, SANS, x + c->h, c->h * 0.2, c->h * 14, c->h * 0.6, c->palette.light);
    fill_box (c, x + c->h * 0.2, c->h * 0.35, c->h * 0.3, c->h * 0.3, c->palette.colours[2]);
  }
}

static void
draw_clock (Card *c)
{
  char text[16];
  int s = 9 * 3600 + 58 * 60 + 30 + c->second;
  g_snprintf (text, sizeof text, "%02d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
  lince_path_round (c->cr, 0, 0, c->w, c->h, c->h * 0.2);
  lince_set_colour (c->cr, c->palette.dark);
  cairo_fill (c->cr);
  write_text (c, text, "DejaVu Sans Mono Bold", c->w * 0.08, c->h * 0.2, c->w * 0.84, c->h * 0.6,
      c->palette.light);
}

static void
draw_scores (Card *c)
{
  for (int i = 0; i < 2; i++) {
    char team[32], figure[4];
    lince_invent_word (c->random, 2, team, sizeof team);
    team[3] = 0;
    g_autofree char *upper = g_ascii_strup (team, -1);
    g_snprintf (figure, sizeof figure, "%d", lince_random_below (c->random, 4) + (c->second > 4));
    double x = c->w * 0.36 * i;
    fill_box (c, x, 0, c->w * 0.25, c->h, c->palette.colours[i]);
    write_text (
        c, upper, BOLD, x + c->w * 0.02, c->h * 0.2, c->w * 0.21, c->h * 0.6, c->palette.light);
    fill_box (c, x + c->w * 0.25, 0, c->w * 0.11, c->h, c->palette.dark);
    write_text (
        c, figure, BOLD, x + c->w * 0.27, c->h * 0.2, c->w * 0.07, c->h * 0.6, c->palette.light);
  }
  char time[16];
  g_snprintf (time, sizeof time, "%02d:%02d", 63 + c->second / 60, c->second % 60);
  fill_box (c, c->w * 0.72, 0, c->w * 0.28, c->h, c->palette.light);
  write_text (c, time, BOLD, c->w * 0.75, c->h * 0.22, c->w * 0.22, c->h * 0.56, c->palette.dark);
}

static void
draw_title (Card *c)
{
  char text[160];
  fill_box (c, 0, 0, c->w * 0.08, c->h, c->palette.colours[2]);
  lince_set_colour (c->cr, c->palette.light);
  lince_path_star (
      c->cr, c->w * 0.04, c->h / 2, c->w * 0.03, 3 + lince_random_below (c->random, 6), 0.5, 0);
  cairo_fill (c->cr);
  fill_box (c, c->w * 0.08, 0, c->w * 0.92, c->h * 0.6, c->palette.light);
  words (c->random, 2, text, sizeof text);
  write_text (c, text, BOLD, c->w * 0.1, c->h * 0.1, c->w * 0.6, c->h * 0.4, c->palette.dark);
  fill_box (c, c->w * 0.08, c->h * 0.6, c->w * 0.8, c->h * 0.4, c->palette.colours[0]);
  words (c->random, 4, text, sizeof text);
  write_text (c, text, SANS, c->w * 0.1, c->h * 0.67, c->w * 0.6, c->h * 0.24, c->palette.light);
}

static void
draw_credits (Card *c)
{
  for (double y = 0; y < c->h; y += c->w * 0.06) {
    char role[160], name[160];
    words (c->random, 2, role, sizeof role);
    words (c->random, 2, name, sizeof name);
    write_text (c, role, SANS, c->w * 0.05, y, c->w * 0.42, c->w * 0.024, c->palette.light);
    write_text (c, name, BOLD, c->w * 0.53, y, c->w * 0.42, c->w * 0.028, (LinceColour){1, 1, 1});
  }
}

/* An actor ON_SCREEN with a card `width` by `height` heights of the frame, its centre at x, y. */
static LinceActor *
add_card (LinceScript *script, LinceRandom *random, void (*draw) (Card *), int second, double width,
    double height, double x, double y, double from, double to)
{
  double h = script->settings.height;
  int w_pixels = (int) lrint (width * h), h_pixels = (int) lrint (height * h);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, w_pixels, h_pixels);
  Card card = {.cr = cairo_create (surface), .w = w_pixels, .h = h_pixels, .random = random};
  card.palette = lince_palette_new (random);
  card.second = second;
  draw (&card);
  cairo_destroy (card.cr);
  LinceCanvas *canvas = lince_canvas_new (surface, script->matrix);
  cairo_surface_destroy (surface);
  g_ptr_array_add (script->drawn, canvas);
  double size = h_pixels / h; /* on whole pixels */
  LinceActor actor = {.object = -1,
      .canvas = canvas,
      .place = LINCE_ON_SCREEN,
      .aspect = (double) w_pixels / h_pixels,
      .opacity = 1,
      .from = from,
      .to = to,
      .size = {size, size},
      .x = {x, x},
      .y = {y, y}};
  g_array_append_val (script->overlays, actor);
  return &g_array_index (script->overlays, LinceActor, script->overlays->len - 1);
}

/* The same graphic anew each second: what stays the same in it stays in its place. */
static void
add_counting (LinceScript *script, LinceRandom *random, void (*draw) (Card *), double width,
    double height, double x, double y, double from, double to)
{
  LinceRandom same = *random;
  for (int i = 0; from + i < to; i++) {
    *random = same;
    add_card (script, random, draw, i, width, height, x, y, from + i, fmin (from + i + 1, to));
  }
}

static void
add_graphics (LinceScript *script, LinceRandom *random, LinceGraphics kind, double from, double to)
{
  double wide = (double) script->settings.width / script->settings.height;
  LinceActor *actor;
  switch (kind) {
    case LINCE_GRAPHICS_SUBTITLES:
      for (double at = from; at < to; at += 2.2)
        add_card (script, random, draw_subtitle, 0, wide * 0.7, 0.14, wide / 2, 0.86, at + 0.2,
            fmin (at + 2.1, to));
      break;
    case LINCE_GRAPHICS_TICKER:
      actor = add_card (script, random, draw_ticker, 0, wide * 3, 0.07, 0, 0.93, from, to);
      lince_set_way (actor->x, wide * 1.4, wide * 1.4 - 0.22 * (to - from));
      break;
    case LINCE_GRAPHICS_CLOCK:
      add_counting (script, random, draw_clock, 0.26, 0.07, wide - 0.2, 0.1, from, to);
      break;
    case LINCE_GRAPHICS_SCORES:
      add_counting (script, random, draw_scores, 0.6, 0.065, 0.38, 0.1, from, to);
      break;
    case LINCE_GRAPHICS_TITLES:
      for (double at = from; at < to; at += 4)
        add_card (script, random, draw_title, 0, wide * 0.5, 0.14, wide * 0.33, 0.8, at + 0.3,
            fmin (at + 3.7, to))
            ->fade = 0.3;
      break;
    case LINCE_GRAPHICS_CREDITS:
      actor = add_card (script, random, draw_credits, 0, wide * 0.8, 3, wide / 2, 0, from, to);
      lince_set_way (actor->y, 2, 2 - 0.25 * (to - from));
      break;
    default: /* stills and black */
      break;
  }
}

static void
add_part (
    LinceScript *script, LinceRandom *random, int number, LinceGraphics kind, int first, int end)
{
  double fps = script->settings.fps;
  bool black = kind == LINCE_GRAPHICS_CREDITS || kind == LINCE_GRAPHICS_BLACK;
  LinceShot shot = lince_shot_begin (script, random, black ? -1 : number % LINCE_SCENERY_COUNT);
  shot.first = first;
  shot.end = end;
  if (kind == LINCE_GRAPHICS_STILL) {
    lince_set_way (shot.pan, 0.4, 0.4);
    lince_set_way (shot.tilt, 0.5, 0.5);
    lince_set_way (shot.zoom, 1, 1);
    shot.shake = shot.noise = shot.flicker = 0;
  }
  g_array_append_val (script->shots, shot);
  add_graphics (script, random, kind, first / fps, end / fps);
}

void
lince_negative_write (LinceScript *script)
{
  const LinceScriptSettings *s = &script->settings;
  LinceRandom random = lince_random_for (s->seed, 400000);
  int step = TURN_SECONDS * s->fps;
  for (int first = 0, i = 0; first < s->frame_count; first += step, i++) {
    LinceGraphics kind = s->graphics == LINCE_GRAPHICS_ALL
                             ? (LinceGraphics) (1 + i % (LINCE_GRAPHICS_COUNT - 1))
                             : s->graphics;
    add_part (script, &random, i, kind, first, MIN (first + step, s->frame_count));
  }
}
