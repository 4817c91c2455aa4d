/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brand.h"

#include <math.h>
#include <stdbool.h>

#include "drawing.h"

/* Every third mark or bug is the sibling of the one before it. */
#define FAMILY 3

typedef enum { TURN, GLINT, GLOW, ANIMATION_COUNT } Animation;

/* What a brand looks like, but for its sibling's difference. */
typedef struct {
  cairo_t *cr;
  double w, h;
  LinceRandom random;
  LinceColour first, second;
  char word[48], tag[48];
  const char *font;
  double slant, spread; /* of the letters */
  bool capitals;
  int symbol;
  double turn, part; /* of the symbol: radians, a share that makes two of a kind differ */
  int count;         /* of the symbol's parts */
  double phase;
  Animation animation;
} Brand;

static const char *const fonts[] = {"DejaVu Sans Bold", "DejaVu Serif Bold", "DejaVu Sans",
    "DejaVu Sans Mono Bold", "DejaVu Serif", "DejaVu Sans Bold"};
static const char *const tags[] = {
    "sport", "news", "kids", "plus", "film", "music", "nature", "history", "world", "live"};

static void
ink (Brand *b, LinceColour colour)
{
  lince_set_colour (b->cr, colour);
}

static void
fill (Brand *b, LinceColour colour)
{
  ink (b, colour);
  cairo_fill (b->cr);
}

static void
letters (Brand *b, const char *text, double x, double y, double w, double h, LinceColour colour)
{
  g_autofree char *shown = b->capitals ? g_ascii_strup (text, -1) : g_strdup (text);
  cairo_save (b->cr);
  ink (b, colour);
  cairo_translate (b->cr, x + w / 2, y + h / 2);
  cairo_matrix_t shear = {b->spread, 0, -b->slant, 1, 0, 0};
  cairo_transform (b->cr, &shear);
  double width = (w - fabs (b->slant) * h) / b->spread;
  lince_draw_text (b->cr, shown, b->font, -width / 2, -h / 2, width, h);
  cairo_restore (b->cr);
}

/* --- symbols, in the unit circle --- */

static void
symbol_ring (Brand *b)
{
  cairo_set_line_width (b->cr, 0.2 + 0.2 * b->part);
  ink (b, b->first);
  cairo_arc (b->cr, 0, 0, 0.78, b->turn, b->turn + 4.6);
  cairo_stroke (b->cr);
  cairo_arc (b->cr, 0.78 * cos (b->turn - 0.75), 0.78 * sin (b->turn - 0.75), 0.22, 0, 2 * G_PI);
  fill (b, b->second);
}

static void
symbol_crescents (Brand *b)
{
  for (int i = 0; i < 2; i++) {
    double r = i ? 0.55 : 1, shift = (i ? 0.2 : 0.35) + 0.1 * b->part;
    double a = b->turn + i * G_PI * b->part;
    cairo_new_sub_path (b->cr);
    cairo_arc (b->cr, 0, 0, r, a + 0.7, a - 0.7 + 2 * G_PI);
    cairo_arc_negative (b->cr, shift * cos (a), shift * sin (a), r * 0.72, a - 0.95, a + 0.95);
    cairo_close_path (b->cr);
    fill (b, i ? b->second : b->first);
  }
}

static void
symbol_chevrons (Brand *b)
{
  int count = 2 + b->count % 2;
  double step = 1.5 / count, thick = step * (0.55 + 0.3 * b->part);
  for (int i = 0; i < count; i++) {
    double x = -0.9 + i * step;
    cairo_move_to (b->cr, x, -0.85);
    cairo_line_to (b->cr, x + thick, -0.85);
    cairo_line_to (b->cr, x + thick + 0.5, 0);
    cairo_line_to (b->cr, x + thick, 0.85);
    cairo_line_to (b->cr, x, 0.85);
    cairo_line_to (b->cr, x + 0.5, 0);
    cairo_close_path (b->cr);
    fill (b, i % 2 ? b->second : b->first);
  }
}

static void
symbol_petals (Brand *b)
{
  int count = 3 + b->count;
  for (int i = 0; i < count; i++) {
    cairo_save (b->cr);
    cairo_rotate (b->cr, b->turn + 2 * G_PI * i / count);
    cairo_translate (b->cr, 0.55, 0);
    cairo_scale (b->cr, 0.42, 1.1 / count + 0.06 * b->part);
    cairo_arc (b->cr, 0, 0, 1, 0, 2 * G_PI);
    cairo_restore (b->cr);
    fill (b, i % 2 && count % 2 == 0 ? b->second : b->first);
  }
}

static void
symbol_waves (Brand *b)
{
  cairo_arc (b->cr, 0, 0, 1, 0, 2 * G_PI);
  cairo_clip (b->cr);
  ink (b, b->second);
  cairo_paint (b->cr);
  for (int i = 0; i < 3; i++) {
    double y = -0.55 + 0.5 * i;
    cairo_move_to (b->cr, -1.1, y);
    cairo_curve_to (b->cr, -0.4, y - 0.5 - 0.3 * b->part, 0.3, y + 0.5, 1.1, y - 0.2);
    cairo_line_to (b->cr, 1.1, y + 0.08);
    cairo_curve_to (b->cr, 0.3, y + 0.8, -0.4, y - 0.2 - 0.3 * b->part, -1.1, y + 0.28);
    cairo_close_path (b->cr);
    fill (b, b->first);
  }
}

static void
symbol_star (Brand *b)
{
  cairo_arc (b->cr, 0, 0, 1, 0, 2 * G_PI);
  fill (b, b->first);
  lince_path_star (b->cr, 0, 0, 0.85, 3 + b->count, 0.3 + 0.3 * b->part, b->turn);
  fill (b, b->second);
}

static void
symbol_bars (Brand *b)
{
  int count = 3 + b->count % 3;
  for (int i = 0; i < count; i++) {
    double w = 1.8 / count,
           rise = b->part > 0.5 ? (double) (i + 1) / count : sin (G_PI * (i + 0.6) / count);
    lince_path_round (b->cr, -0.9 + i * w, 0.9 - 1.8 * fmax (rise, 0.25), w * 0.72,
        1.8 * fmax (rise, 0.25), w * 0.2);
    fill (b, i == count - 1 ? b->second : b->first);
  }
}

static void
symbol_letter (Brand *b)
{
  if (b->count % 2)
    cairo_arc (b->cr, 0, 0, 1, 0, 2 * G_PI);
  else
    lince_path_round (b->cr, -0.92, -0.92, 1.84, 1.84, 0.1 + 0.5 * b->part);
  fill (b, b->first);
  char letter[2] = {b->word[0], 0};
  cairo_scale (b->cr, 0.01, 0.01); /* text has no outline at unit size */
  letters (b, letter, -60, -60, 120, 120, b->second);
}

static void
symbol_peaks (Brand *b)
{
  cairo_move_to (b->cr, -1, 0.8);
  cairo_line_to (b->cr, -0.25 - 0.2 * b->part, -0.85);
  cairo_line_to (b->cr, 0.45, 0.8);
  fill (b, b->first);
  cairo_move_to (b->cr, -0.05, 0.8);
  cairo_line_to (b->cr, 0.45, -0.3 - 0.4 * b->part);
  cairo_line_to (b->cr, 1, 0.8);
  fill (b, b->second);
}

static void
symbol_nested (Brand *b)
{
  int corners = 4 + b->count % 4;
  for (int i = 0; i < 3; i++) {
    lince_path_polygon (
        b->cr, 0, 0, 1 - (0.25 + 0.1 * b->part) * i, corners, b->turn + i * b->part * 0.6);
    fill (b, i % 2 ? b->second : b->first);
  }
}

static void
symbol_swoosh (Brand *b)
{
  cairo_arc (b->cr, -0.15, -0.2, 0.5, 0, 2 * G_PI);
  fill (b, b->second);
  cairo_move_to (b->cr, -1, 0.1);
  cairo_curve_to (b->cr, -0.5, 1.1, 0.6, 0.9, 1, -0.7);
  cairo_curve_to (b->cr, 0.6, 0.4, -0.2, 0.7 - 0.3 * b->part, -1, 0.1);
  fill (b, b->first);
}

static void
symbol_squares (Brand *b)
{
  for (int i = 0; i < 4; i++) {
    double x = i % 2 ? 0.04 : -0.96, y = i / 2 ? 0.04 : -0.96;
    if (i == b->count % 4)
      cairo_arc (b->cr, x + 0.46, y + 0.46, 0.46, 0, 2 * G_PI);
    else if (i == (b->count + 2) % 4)
      lince_path_polygon (b->cr, x + 0.46, y + 0.46, 0.52, 3, b->turn);
    else
      cairo_rectangle (b->cr, x, y, 0.92, 0.92);
    fill (b, i % 2 == (b->part > 0.5) ? b->first : b->second);
  }
}

static void
draw_symbol (Brand *b, double x, double y, double r)
{
  static void (*const ways[]) (Brand *) = {symbol_ring, symbol_crescents, symbol_chevrons,
      symbol_petals, symbol_waves, symbol_star, symbol_bars, symbol_letter, symbol_peaks,
      symbol_nested, symbol_swoosh, symbol_squares};
  cairo_save (b->cr);
  cairo_translate (b->cr, x, y);
  cairo_scale (b->cr, r, r);
  if (b->animation == TURN) /* about its upright axis; never wholly edge-on */
    cairo_scale (b->cr, fmax (fabs (cos (2 * G_PI * b->phase)), 0.06), 1);
  ways[b->symbol % G_N_ELEMENTS (ways)](b);
  cairo_restore (b->cr);
}

/* --- marks --- */

static void
mark_symbol (Brand *b)
{
  draw_symbol (b, b->w / 2, b->h / 2, fmin (b->w, b->h) * 0.47);
}

static void
mark_word (Brand *b)
{
  letters (b, b->word, b->w * 0.02, b->h * 0.06, b->w * 0.96, b->h * 0.6, b->first);
  if (b->count % 2)
    letters (b, b->tag, b->w * 0.4, b->h * 0.72, b->w * 0.58, b->h * 0.24, b->second);
  else {
    cairo_rectangle (b->cr, b->w * 0.04, b->h * 0.8, b->w * (0.3 + 0.6 * b->part), b->h * 0.12);
    fill (b, b->second);
  }
}

static void
mark_line (Brand *b)
{
  draw_symbol (b, b->h * 0.5, b->h * 0.5, b->h * 0.44);
  double x = b->h * 1.05, w = b->w - x - b->h * 0.05;
  letters (b, b->word, x, b->h * 0.16, w, b->h * 0.44, b->first);
  letters (b, b->tag, x, b->h * 0.68, w * 0.7, b->h * 0.2, b->second);
}

static void
mark_stack (Brand *b)
{
  draw_symbol (b, b->w / 2, b->h * 0.34, b->h * 0.3);
  letters (b, b->word, b->w * 0.03, b->h * 0.7, b->w * 0.94, b->h * 0.25, b->first);
}

/* Letters cut out of a badge: what is behind shows through. */
static void
mark_badge (Brand *b)
{
  if (b->count % 3 == 0) {
    cairo_save (b->cr);
    cairo_translate (b->cr, b->w / 2, b->h / 2);
    cairo_scale (b->cr, b->w * 0.49, b->h * 0.48);
    cairo_arc (b->cr, 0, 0, 1, 0, 2 * G_PI);
    cairo_restore (b->cr);
  } else
    lince_path_round (
        b->cr, b->w * 0.01, b->h * 0.03, b->w * 0.98, b->h * 0.94, b->h * (0.05 + 0.4 * b->part));
  fill (b, b->first);
  if (b->count % 2)
    cairo_set_operator (b->cr, CAIRO_OPERATOR_DEST_OUT);
  letters (b, b->word, b->w * 0.14, b->h * 0.24, b->w * 0.72, b->h * 0.34, b->second);
  cairo_set_operator (b->cr, CAIRO_OPERATOR_OVER);
  letters (b, b->tag, b->w * 0.25, b->h * 0.66, b->w * 0.5, b->h * 0.15, b->second);
}

/* --- bugs --- */

static void
bug_figure (Brand *b)
{
  char figure[2] = {(char) ('1' + b->count + (int) (b->part * 3)), 0};
  letters (b, b->word, b->w * 0.02, b->h * 0.12, b->w * 0.6, b->h * 0.5, b->first);
  letters (b, b->tag, b->w * 0.02, b->h * 0.72, b->w * 0.6, b->h * 0.24, b->first);
  lince_path_round (b->cr, b->w * 0.66, b->h * 0.04, b->w * 0.32, b->h * 0.92, b->h * 0.1);
  fill (b, b->first);
  cairo_set_operator (b->cr, CAIRO_OPERATOR_DEST_OUT);
  letters (b, figure, b->w * 0.7, b->h * 0.16, b->w * 0.24, b->h * 0.68, b->second);
  cairo_set_operator (b->cr, CAIRO_OPERATOR_OVER);
}

static void
bug_boxes (Brand *b)
{
  double side = fmin (b->w / 3.1, b->h * 0.68), left = (b->w - 3 * side) / 2;
  for (int i = 0; i < 3; i++) {
    char letter[2] = {(char) g_ascii_toupper (b->word[i]), 0};
    lince_path_round (b->cr, left + i * side, b->h * 0.02, side * 0.92, side * 0.92, side * 0.08);
    fill (b, i == b->count % 3 ? b->second : b->first);
    cairo_set_operator (b->cr, CAIRO_OPERATOR_DEST_OUT);
    letters (b, letter, left + side * (i + 0.2), b->h * 0.02 + side * 0.18, side * 0.52,
        side * 0.56, b->first);
    cairo_set_operator (b->cr, CAIRO_OPERATOR_OVER);
  }
  letters (b, b->tag, left, b->h * 0.76, 3 * side, b->h * 0.22, b->first);
}

static void
bug_symbol (Brand *b)
{
  draw_symbol (b, b->w / 2, b->h * 0.36, b->h * 0.33);
  letters (b, b->count % 2 ? b->tag : b->word, b->w * 0.05, b->h * 0.76, b->w * 0.9, b->h * 0.2,
      b->first);
}

static void
bug_line (Brand *b)
{
  draw_symbol (b, b->h * 0.45, b->h * 0.5, b->h * 0.4);
  double x = b->h * 0.95, w = b->w - x - b->h * 0.04;
  letters (b, b->word, x, b->h * 0.1, w, b->h * 0.46, b->first);
  letters (b, b->tag, x, b->h * 0.64, w, b->h * 0.26, b->second);
}

static void
bug_word (Brand *b)
{
  letters (b, b->word, b->w * 0.02, b->h * 0.06, b->w * 0.96, b->h * 0.56, b->first);
  lince_path_round (b->cr, b->w * 0.04, b->h * 0.68, b->w * 0.92, b->h * 0.28, b->h * 0.05);
  fill (b, b->second);
  letters (b, b->tag, b->w * 0.14, b->h * 0.73, b->w * 0.72, b->h * 0.18, b->first);
}

/* --- the set --- */

typedef struct {
  int width, height;
  void (*draw) (Brand *);
  bool has_symbol; /* that can turn */
  bool has_tag;    /* always */
} Layout;

static const Layout marks[] = {{240, 240, mark_symbol, true, false}, {480, 150, mark_word},
    {560, 170, mark_line, true, true}, {300, 280, mark_stack, true, false},
    {320, 200, mark_badge, false, true}};
static const Layout bugs[] = {{300, 140, bug_figure, false, true},
    {280, 150, bug_boxes, false, true}, {200, 220, bug_symbol, true, false},
    {320, 130, bug_line, true, true}, {280, 140, bug_word, false, true}};

static void
choose_colours (Brand *b, bool is_bug)
{
  LincePalette p = lince_palette_new (&b->random);
  LinceColour white = {0.96, 0.96, 0.96}, grey = {0.72, 0.74, 0.76};
  int way = lince_random_below (&b->random, 5);
  b->first = p.colours[0];
  b->second = way % 2 ? p.light : p.colours[2];
  if (is_bug && way < 3) {
    b->first = white;
    b->second = way ? grey : p.colours[1];
  } else if (way == 4)
    b->first = p.dark;
}

static void
become_sibling (Brand *b, bool by_word)
{
  if (!by_word) {
    LinceColour former = b->first;
    b->first = b->second;
    b->second = lince_colour_mix (former, (LinceColour){0.9, 0.2, 0.1}, 0.7);
  } else
    g_strlcpy (b->tag, tags[((guint) b->count + 5) % G_N_ELEMENTS (tags)], sizeof b->tag);
}

/* A bright band passes over what is drawn, or the whole lights up and fades. */
static void
animate_light (Brand *b)
{
  double strength = 0.75 * sin (G_PI * b->phase);
  if (b->phase <= 0 || b->animation == TURN)
    return;
  cairo_set_operator (b->cr, CAIRO_OPERATOR_ATOP);
  if (b->animation == GLOW) {
    cairo_set_source_rgba (b->cr, 1, 1, 0.9, strength);
    cairo_paint (b->cr);
    return;
  }
  double x = b->w * (1.6 * b->phase - 0.3);
  cairo_set_source_rgba (b->cr, 1, 1, 1, 0.85);
  cairo_move_to (b->cr, x, 0);
  cairo_line_to (b->cr, x + b->w * 0.16, 0);
  cairo_line_to (b->cr, x + b->w * 0.06, b->h);
  cairo_line_to (b->cr, x - b->w * 0.1, b->h);
  cairo_fill (b->cr);
}

static void
invent (Brand *b, LinceRandom *random, bool is_bug)
{
  lince_invent_word (
      random, is_bug ? 2 : 2 + lince_random_below (random, 2), b->word, sizeof b->word);
  g_strlcpy (b->tag, tags[lince_random_below (random, G_N_ELEMENTS (tags))], sizeof b->tag);
  b->font = fonts[lince_random_below (random, G_N_ELEMENTS (fonts))];
  b->slant = lince_random_below (random, 3) ? 0 : lince_random_range (random, 0.12, 0.3);
  b->spread = lince_random_range (random, 0.75, 1.35);
  b->capitals = lince_random_below (random, 2);
  b->symbol = lince_random_below (random, 12);
  b->turn = lince_random_range (random, 0, 2 * G_PI);
  b->part = lince_random_range (random, 0, 1);
  b->count = lince_random_below (random, 5);
}

cairo_surface_t *
lince_brand_draw (
    LinceBrandKind kind, guint64 seed, guint index, double phase, char *name, gsize name_size)
{
  bool is_bug = kind == LINCE_BRAND_BUG, is_sibling = index % FAMILY == FAMILY - 1;
  guint base = is_sibling ? index - 1 : index;
  Brand b = {
      .random = lince_random_for (seed, 5000000 + 2 * (guint64) base + kind), .phase = phase};
  /* layouts and animations take turns, that each is among the first few */
  const Layout *layout =
      is_bug ? &bugs[base % G_N_ELEMENTS (bugs)] : &marks[base % G_N_ELEMENTS (marks)];
  b.animation = base % ANIMATION_COUNT;
  invent (&b, &b.random, is_bug);
  choose_colours (&b, is_bug);
  if (b.animation == TURN && !layout->has_symbol)
    b.animation = GLINT;
  if (is_sibling) /* marks differ by a word or by colour, where they have a word for it */
    become_sibling (&b, layout->has_tag && (is_bug || base % 2));
  b.w = layout->width;
  b.h = layout->height;
  cairo_surface_t *surface =
      cairo_image_surface_create (CAIRO_FORMAT_ARGB32, layout->width, layout->height);
  b.cr = cairo_create (surface);
  layout->draw (&b);
  animate_light (&b);
  cairo_destroy (b.cr);
  cairo_surface_flush (surface);
  g_snprintf (name, name_size, "%s", b.word);
  return surface;
}
