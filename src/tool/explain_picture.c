/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/explain_picture.h"

#include <math.h>

#include <cairo.h>

#define WIDTH 1600
#define MARGIN 16
#define REFERENCE_WIDTH 360
#define FRAME_LEFT (REFERENCE_WIDTH + 2 * MARGIN)
#define FRAME_WIDTH (WIDTH - FRAME_LEFT - MARGIN)
#define DETAIL_WIDTH ((WIDTH - 4 * MARGIN) / 3)
#define DETAIL_HEIGHT 400
#define LINE_HEIGHT 22
#define CAPTION_HEIGHT 24

typedef struct {
  double r, g, b, a;
} Colour;

static const Colour paper = {0.11, 0.12, 0.14, 1}, ink = {0.93, 0.93, 0.9, 1},
                    quiet = {0.65, 0.67, 0.7, 1}, keypoint_colour = {0.35, 0.65, 1, 0.55},
                    lone = {1, 0.75, 0.2, 0.45}, agreed = {0.25, 0.95, 0.45, 0.8},
                    start_colour = {1, 0.85, 0.2, 1}, end_colour = {1, 0.3, 0.75, 1};

/* A rectangle of the frame and where it is drawn. */
typedef struct {
  double left, top, width, height; /* frame pixels */
  double x, y, scale;              /* of the drawing */
} View;

static void
use (cairo_t *cr, const Colour *colour)
{
  cairo_set_source_rgba (cr, colour->r, colour->g, colour->b, colour->a);
}

/* What the recogniser reads, in grey. */
static cairo_surface_t *
draw_luma (const LincePlane *plane, int width, int height)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  guint8 *pixels = cairo_image_surface_get_data (surface);
  int stride = cairo_image_surface_get_stride (surface);

  for (int y = 0; pixels != NULL && y < height; y++) {
    guint32 *row = (guint32 *) (void *) (pixels + (gsize) y * (gsize) stride);

    for (int x = 0; x < width; x++)
      row[x] = plane->data[y * plane->stride + x * plane->step] * 0x010101u;
  }
  cairo_surface_mark_dirty (surface);
  return surface;
}

static guint32
premultiplied (guint8 luma, guint8 alpha)
{
  guint32 value = (guint32) luma * alpha / 255;

  return (guint32) alpha << 24 | value * 0x010101u;
}

static cairo_surface_t *
draw_reference (const LinceExplainedPicture *picture)
{
  cairo_surface_t *surface =
      cairo_image_surface_create (CAIRO_FORMAT_ARGB32, picture->width, picture->height);
  guint8 *pixels = cairo_image_surface_get_data (surface);
  int stride = cairo_image_surface_get_stride (surface);

  for (int y = 0; pixels != NULL && y < picture->height; y++) {
    guint32 *row = (guint32 *) (void *) (pixels + (gsize) y * (gsize) stride);

    for (int x = 0; x < picture->width; x++) {
      int at = y * picture->width + x;

      row[x] = premultiplied (picture->luma[at], picture->mask != NULL ? picture->mask[at] : 255);
    }
  }
  cairo_surface_mark_dirty (surface);
  return surface;
}

static void
write_text (cairo_t *cr, double x, double y, const Colour *colour, const char *text)
{
  use (cr, colour);
  cairo_move_to (cr, x, y);
  cairo_show_text (cr, text);
}

static void
place (const View *view, const LincePoint *point, double *x, double *y)
{
  *x = view->x + ((double) point->x - view->left) * view->scale;
  *y = view->y + ((double) point->y - view->top) * view->scale;
}

static void
trace_outline (cairo_t *cr, const View *view, const LincePoint corners[4])
{
  double x, y;

  cairo_new_path (cr);
  for (int i = 0; i < 4; i++) {
    place (view, &corners[i], &x, &y);
    cairo_line_to (cr, x, y);
  }
  cairo_close_path (cr);
}

static void
clip_to (cairo_t *cr, const View *view)
{
  cairo_rectangle (cr, view->x, view->y, view->width * view->scale, view->height * view->scale);
  cairo_clip (cr);
}

static void
paint_frame (cairo_t *cr, const View *view, cairo_surface_t *frame, double alpha)
{
  cairo_save (cr);
  clip_to (cr, view);
  cairo_translate (cr, view->x, view->y);
  cairo_scale (cr, view->scale, view->scale);
  cairo_set_source_surface (cr, frame, -view->left, -view->top);
  if (view->scale > 3)
    cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_NEAREST);
  cairo_paint_with_alpha (cr, alpha);
  cairo_restore (cr);
}

static void
draw_keypoints (cairo_t *cr, const View *view, const LinceExplanation *e)
{
  use (cr, &keypoint_colour);
  for (guint i = 0; i < e->keypoint_count; i++) {
    double x, y;

    place (view, &e->keypoints[i], &x, &y);
    cairo_rectangle (cr, x - 1, y - 1, 2, 2);
    cairo_fill (cr);
  }
}

static guint32
shown_image (const LinceExplanation *e)
{
  return e->best >= 0 ? e->trials[e->best].image : e->first_image;
}

/* Lines from the reference to the frame: green where they vote for a peak. */
static void
draw_matches (cairo_t *cr, const View *view, const View *reference, const LinceExplanation *e)
{
  cairo_set_line_width (cr, 1);
  for (guint i = 0; i < e->match_count; i++) {
    const LinceExplainedMatch *match = &e->matches[i];
    double x, y, u, v;

    place (view, &match->frame, &u, &v);
    use (cr, match->peak >= 0 ? &agreed : &lone);
    cairo_new_path (cr);
    cairo_arc (cr, u, v, 3, 0, 2 * G_PI);
    cairo_stroke (cr);
    if (match->image != shown_image (e) || match->peak < 0)
      continue;
    place (reference, &match->reference, &x, &y);
    cairo_move_to (cr, x, y);
    cairo_line_to (cr, u, v);
    cairo_stroke (cr);
  }
}

static void
draw_peaks (cairo_t *cr, const View *view, const LinceExplanation *e)
{
  cairo_set_line_width (cr, 2);
  for (guint i = 0; i < e->peak_count && i < 8; i++) {
    const LinceExplainedPeak *peak = &e->peaks[i];
    gboolean heavy = peak->weight >= e->least_weight;
    g_autofree char *text = g_strdup_printf ("%u", peak->weight);
    double x, y, r = 5 + sqrt ((double) peak->weight) / 3;

    if (!heavy && i >= 3)
      continue;
    place (view, &peak->centre, &x, &y);
    use (cr, heavy ? &end_colour : &lone);
    cairo_new_path (cr);
    cairo_arc (cr, x, y, r, 0, 2 * G_PI);
    cairo_stroke (cr);
    write_text (cr, x + r + 3, y + 4, heavy ? &end_colour : &lone, text);
  }
}

static void
draw_outlines (cairo_t *cr, const View *view, const LinceExplanation *e)
{
  static const double dashes[] = {6, 4};

  for (guint i = 0; i < e->trial_count; i++) {
    const LinceExplainedTrial *trial = &e->trials[i];

    cairo_set_line_width (cr, (int) i == e->best ? 2 : 1);
    use (cr, &start_colour);
    cairo_set_dash (cr, dashes, 2, 0);
    trace_outline (cr, view, trial->start);
    cairo_stroke (cr);
    cairo_set_dash (cr, NULL, 0, 0);
    if (!trial->judged)
      continue;
    use (cr, &end_colour);
    trace_outline (cr, view, trial->corners);
    cairo_stroke (cr);
  }
}

static void
draw_overview (cairo_t *cr, const View *view, const View *reference, cairo_surface_t *frame,
    cairo_surface_t *picture, const LinceExplanation *e)
{
  paint_frame (cr, view, frame, 0.75);
  if (picture != NULL) {
    cairo_save (cr);
    cairo_translate (cr, reference->x, reference->y);
    cairo_scale (cr, reference->scale * reference->width / e->picture.width,
        reference->scale * reference->height / e->picture.height);
    cairo_set_source_surface (cr, picture, 0, 0);
    cairo_paint (cr);
    cairo_restore (cr);
  }
  cairo_save (cr);
  cairo_rectangle (cr, 0, view->y, WIDTH, view->height * view->scale);
  cairo_clip (cr);
  draw_keypoints (cr, view, e);
  draw_matches (cr, view, reference, e);
  draw_outlines (cr, view, e);
  draw_peaks (cr, view, e);
  cairo_restore (cr);
}

/* The part of the frame around the best hypothesis. */
static View
detail_view (const LinceFrame *frame, const LinceExplainedTrial *trial)
{
  const LincePoint *corners = trial->judged ? trial->corners : trial->start;
  double left = 1e6, top = 1e6, right = -1e6, bottom = -1e6, border;
  View view = {0};

  for (int i = 0; i < 4; i++) {
    left = fmin (left, (double) corners[i].x);
    right = fmax (right, (double) corners[i].x);
    top = fmin (top, (double) corners[i].y);
    bottom = fmax (bottom, (double) corners[i].y);
  }
  border = 8 + 0.15 * fmax (right - left, bottom - top);
  view.left = CLAMP (left - border, 0, frame->width - 8);
  view.top = CLAMP (top - border, 0, frame->height - 8);
  view.width = CLAMP (right + border, view.left + 8, frame->width) - view.left;
  view.height = CLAMP (bottom + border, view.top + 8, frame->height) - view.top;
  view.scale = fmin (DETAIL_WIDTH / view.width, DETAIL_HEIGHT / view.height);
  return view;
}

/* The reference where the hypothesis puts it, over the frame. */
static void
draw_warp (cairo_t *cr, const View *view, const LinceExplainedTrial *trial,
    const LinceExplainedPicture *picture)
{
  int width = (int) (view->width * view->scale), height = (int) (view->height * view->scale);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  guint8 *pixels = cairo_image_surface_get_data (surface);
  int stride = cairo_image_surface_get_stride (surface);
  const double *h = trial->to_reference;

  for (int y = 0; pixels != NULL && y < height; y++) {
    guint32 *row = (guint32 *) (void *) (pixels + (gsize) y * (gsize) stride);

    for (int x = 0; x < width; x++) {
      double u = view->left + (x + 0.5) / view->scale, v = view->top + (y + 0.5) / view->scale;
      double w = h[6] * u + h[7] * v + h[8];
      double px = (h[0] * u + h[1] * v + h[2]) / w * picture->width / picture->picture_width;
      double py = (h[3] * u + h[4] * v + h[5]) / w * picture->height / picture->picture_height;
      int at;

      if (!(px >= 0 && py >= 0 && px < picture->width && py < picture->height))
        continue;
      at = (int) py * picture->width + (int) px;
      row[x] = premultiplied (picture->luma[at], picture->mask != NULL ? picture->mask[at] : 255);
    }
  }
  cairo_surface_mark_dirty (surface);
  cairo_set_source_surface (cr, surface, view->x, view->y);
  cairo_paint (cr);
  cairo_surface_destroy (surface);
}

/* Red over yellow to green by the correlation; violet where the frame should be plain. */
static Colour
cell_colour (const LinceExplainedCell *cell)
{
  double c = CLAMP ((double) cell->correlation, 0, 1);

  if (cell->state == LINCE_CELL_AGREES)
    return (Colour){2 * (1 - c), 0.85, 0.25, 0.5};
  if (cell->state == LINCE_CELL_DISAGREES)
    return (Colour){0.95, 1.4 * c, 0.15, 0.55};
  return (Colour){0.75, 0.3, 0.95, 0.45};
}

static void
draw_cells (cairo_t *cr, const View *view, const LinceExplanation *e)
{
  cairo_save (cr);
  clip_to (cr, view);
  cairo_set_line_width (cr, 0.5);
  for (guint i = 0; i < e->cell_count; i++) {
    Colour colour = cell_colour (&e->cells[i]);

    trace_outline (cr, view, e->cells[i].corners);
    use (cr, &colour);
    if (e->cells[i].state != LINCE_CELL_SILENT && e->cells[i].state != LINCE_CELL_UNSEEN)
      cairo_fill_preserve (cr);
    use (cr, &quiet);
    cairo_stroke (cr);
  }
  cairo_restore (cr);
}

static void
draw_details (cairo_t *cr, double y, const LinceFrame *frame, cairo_surface_t *luma,
    const LinceExplanation *e)
{
  const char *captions[] = {"the best hypothesis: before alignment dashed, after solid",
      "the reference warped into it", "cells: green agree, red disagree, violet should be plain"};
  const LinceExplainedTrial *trial = &e->trials[e->best];
  View view = detail_view (frame, trial);

  if (trial->composed)
    captions[2] = "compared as a mark laid over the frame: no cells";
  view.y = y + CAPTION_HEIGHT;
  for (int i = 0; i < 3; i++) {
    view.x = MARGIN + i * (DETAIL_WIDTH + MARGIN);
    write_text (cr, view.x, y + 15, &quiet, captions[i]);
    paint_frame (cr, &view, luma, 1);
    if (i == 1)
      draw_warp (cr, &view, trial, &e->picture);
    if (i == 2)
      draw_cells (cr, &view, e);
    cairo_save (cr);
    clip_to (cr, &view);
    if (i == 0)
      draw_outlines (cr, &view, e);
    cairo_restore (cr);
  }
}

static void
draw_text (cairo_t *cr, double y, const char *title, GPtrArray *lines)
{
  cairo_set_font_size (cr, 17);
  write_text (cr, MARGIN, y + LINE_HEIGHT, &ink, title);
  cairo_set_font_size (cr, 14);
  for (guint i = 0; i < lines->len; i++)
    write_text (cr, MARGIN, y + (i + 2.2) * LINE_HEIGHT, i + 1 == lines->len ? &ink : &quiet,
        lines->pdata[i]);
}

static gboolean
save (cairo_surface_t *surface, const char *path, GError **error)
{
  cairo_status_t status = cairo_surface_write_to_png (surface, path);
  g_autofree char *name = NULL;

  if (status == CAIRO_STATUS_SUCCESS)
    return TRUE;
  name = g_filename_display_name (path);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the picture %s cannot be written: %s", name,
      cairo_status_to_string (status));
  return FALSE;
}

gboolean
lince_explain_picture_write (const char *path, const LinceFrame *frame, const LinceExplanation *e,
    const char *title, GPtrArray *lines, GError **error)
{
  double scale = fmin (2, fmin ((double) FRAME_WIDTH / frame->width, 900.0 / frame->height));
  View view = {0, 0, frame->width, frame->height, FRAME_LEFT, MARGIN, scale};
  View reference = {.width = e->picture.picture_width,
      .height = e->picture.picture_height,
      .x = MARGIN,
      .y = MARGIN,
      .scale = 1};
  double top = frame->height * scale + 2 * MARGIN;
  double details = e->best >= 0 ? DETAIL_HEIGHT + CAPTION_HEIGHT + MARGIN : 0;
  int height = (int) (top + details + (lines->len + 2.5) * LINE_HEIGHT + MARGIN);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, WIDTH, height);
  cairo_surface_t *luma = draw_luma (&frame->luma, frame->width, frame->height);
  cairo_surface_t *picture = e->picture.luma != NULL ? draw_reference (&e->picture) : NULL;
  cairo_t *cr = cairo_create (surface);
  gboolean ok;

  if (picture != NULL)
    reference.scale =
        fmin (REFERENCE_WIDTH / reference.width, frame->height * scale / reference.height);
  cairo_select_font_face (cr, "monospace", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size (cr, 14);
  use (cr, &paper);
  cairo_paint (cr);
  draw_overview (cr, &view, &reference, luma, picture, e);
  if (e->best >= 0 && picture != NULL)
    draw_details (cr, top, frame, luma, e);
  draw_text (cr, top + details, title, lines);
  ok = save (surface, path, error);
  cairo_destroy (cr);
  cairo_surface_destroy (luma);
  if (picture != NULL)
    cairo_surface_destroy (picture);
  cairo_surface_destroy (surface);
  return ok;
}
