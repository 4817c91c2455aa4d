/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "painter.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

#include "media/meta.h"

#define TILE 32        /* pixels; even, for formats with subsampled chroma */
#define MAX_SHAPES 256 /* a frame */
#define MAX_LABEL 160  /* bytes */
#define MAX_CACHED_LABELS 256

typedef struct {
  double corners[8]; /* pixels of the frame */
  char label[MAX_LABEL];
} Shape;

typedef struct {
  GstBuffer *pixels;
  int width, height;
} Label;

struct _LincePainter {
  LincePainterStyle style;
  int width, height;  /* of the frame */
  double stretch;     /* height of a pixel by its width */
  int columns, rows;  /* of tiles */
  guint8 *touched;    /* a tile each */
  GHashTable *labels; /* text to Label */

  Shape *shapes, *last_shapes;
  guint shape_count, last_count;
  GstVideoOverlayComposition *last; /* of last_shapes */
};

static void
label_free (gpointer data)
{
  Label *label = data;

  gst_buffer_unref (label->pixels);
  g_free (label);
}

LincePainter *
lince_painter_new (void)
{
  LincePainter *painter = g_new0 (LincePainter, 1);

  painter->labels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, label_free);
  painter->shapes = g_new0 (Shape, MAX_SHAPES);
  painter->last_shapes = g_new0 (Shape, MAX_SHAPES);
  return painter;
}

void
lince_painter_free (LincePainter *painter)
{
  if (painter == NULL)
    return;
  g_clear_pointer (&painter->last, gst_video_overlay_composition_unref);
  g_hash_table_unref (painter->labels);
  g_free (painter->style.font);
  g_free (painter->touched);
  g_free (painter->shapes);
  g_free (painter->last_shapes);
  g_free (painter);
}

static void
forget (LincePainter *painter)
{
  g_hash_table_remove_all (painter->labels);
  g_clear_pointer (&painter->last, gst_video_overlay_composition_unref);
}

void
lince_painter_set_style (LincePainter *painter, const LincePainterStyle *style)
{
  g_free (painter->style.font);
  painter->style = *style;
  painter->style.font = g_strdup (style->font);
  forget (painter);
}

static void
resize (LincePainter *painter, const GstVideoInfo *info)
{
  int width = GST_VIDEO_INFO_WIDTH (info), height = GST_VIDEO_INFO_HEIGHT (info);
  double stretch =
      (double) MAX (GST_VIDEO_INFO_PAR_D (info), 1) / MAX (GST_VIDEO_INFO_PAR_N (info), 1);

  if (painter->width == width && painter->height == height && painter->stretch == stretch)
    return;
  painter->width = width;
  painter->height = height;
  painter->stretch = CLAMP (stretch, 0.1, 10.0);
  painter->columns = (width + TILE - 1) / TILE;
  painter->rows = (height + TILE - 1) / TILE;
  g_free (painter->touched);
  painter->touched = g_malloc0 ((gsize) painter->columns * painter->rows);
  forget (painter);
}

/* ---- what to draw -------------------------------------------------------------------------- */

static void
make_label (const LincePainter *painter, const LinceMessageObject *object, char *text)
{
  const char *end;

  text[0] = '\0';
  if (painter->style.show_names)
    g_strlcpy (text, object->name, MAX_LABEL - 8);
  if (!g_utf8_validate (text, -1, &end))
    text[end - text] = '\0'; /* cut within a character */
  if (painter->style.show_confidence)
    g_snprintf (text + strlen (text), 8, "%s%d %%", text[0] != '\0' ? " " : "",
        (int) lround (100.0 * object->confidence));
}

static void
collect_structure (LincePainter *painter, const GstStructure *structure)
{
  LinceMessage message;

  if (!lince_message_parse (structure, &message))
    return;
  for (guint i = 0; i < message.object_count && painter->shape_count < MAX_SHAPES; i++) {
    Shape *shape = &painter->shapes[painter->shape_count];
    LinceMessageObject object;

    if (!lince_message_get_object (structure, i, &object))
      continue;
    memset (shape, 0, sizeof *shape);
    for (int c = 0; c < 8; c++)
      shape->corners[c] = object.quad[c] * (c % 2 ? painter->height : painter->width);
    make_label (painter, &object, shape->label);
    painter->shape_count++;
  }
}

static void
collect (LincePainter *painter, GstBuffer *buffer)
{
  const GstStructure *structure;
  gpointer state = NULL;

  painter->shape_count = 0;
  while ((structure = lince_meta_iterate (buffer, &state)) != NULL)
    collect_structure (painter, structure);
}

/* ---- lines --------------------------------------------------------------------------------- */

/* Cuts the parameter range of a segment to where p + t * d lies between low and high. */
static gboolean
clip (double p, double d, double low, double high, double *begin, double *end)
{
  if (d == 0.0)
    return p >= low && p <= high;
  low = (low - p) / d;
  high = (high - p) / d;
  *begin = MAX (*begin, MIN (low, high));
  *end = MIN (*end, MAX (low, high));
  return *begin <= *end;
}

static void
touch_tiles (LincePainter *painter, double x, double y, double reach)
{
  int left = (int) floor ((x - reach) / TILE), right = (int) floor ((x + reach) / TILE);
  int top = (int) floor ((y - reach) / TILE), bottom = (int) floor ((y + reach) / TILE);

  for (int row = MAX (top, 0); row <= MIN (bottom, painter->rows - 1); row++) {
    for (int column = MAX (left, 0); column <= MIN (right, painter->columns - 1); column++)
      painter->touched[row * painter->columns + column] = 1;
  }
}

/* Marks the tiles that the line from a to b, drawn with the style's width, can touch. */
static gboolean
touch_line (LincePainter *painter, const double *a, const double *b)
{
  const double step = TILE / 4.0, reach = painter->style.line_width / 2.0 + 1.0 + step / 2.0;
  double dx = b[0] - a[0], dy = b[1] - a[1], begin = 0.0, end = 1.0;
  int count;

  if (!clip (a[0], dx, -reach, painter->width + reach, &begin, &end) ||
      !clip (a[1], dy, -reach, painter->height + reach, &begin, &end))
    return FALSE;
  count = (int) (hypot (dx, dy) * (end - begin) / step) + 1;
  for (int i = 0; i <= count; i++) {
    double t = begin + (end - begin) * i / count;

    touch_tiles (painter, a[0] + t * dx, a[1] + t * dy, reach);
  }
  return TRUE;
}

static GstBuffer *
new_pixels (int width, int height)
{
  gsize size = (gsize) width * height * 4;
  GstBuffer *pixels = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (pixels, 0, 0, size);
  gst_buffer_add_video_meta (
      pixels, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, width, height);
  return pixels;
}

/* A context that draws into `pixels`; cairo's ARGB32 is the overlay's format, premultiplied. */
static cairo_t *
begin_drawing (GstBuffer *pixels, GstMapInfo *map, int width, int height)
{
  cairo_surface_t *surface;
  cairo_t *cairo;

  gst_buffer_map (pixels, map, GST_MAP_READWRITE);
  surface = cairo_image_surface_create_for_data (
      map->data, CAIRO_FORMAT_ARGB32, width, height, width * 4);
  cairo = cairo_create (surface);
  cairo_surface_destroy (surface);
  return cairo;
}

static void
end_drawing (GstBuffer *pixels, GstMapInfo *map, cairo_t *cairo)
{
  cairo_surface_flush (cairo_get_target (cairo));
  cairo_destroy (cairo);
  gst_buffer_unmap (pixels, map);
}

static void
set_color (cairo_t *cairo, guint32 color)
{
  cairo_set_source_rgba (cairo, (color >> 16 & 0xff) / 255.0, (color >> 8 & 0xff) / 255.0,
      (color & 0xff) / 255.0, (color >> 24) / 255.0);
}

/* Far corners (an object seen from very near) are drawn where cairo's fixed point still reaches. */
static double
within_reach (double coordinate)
{
  return CLAMP (coordinate, -30000.0, 30000.0);
}

static GstVideoOverlayRectangle *
draw_run (LincePainter *painter, int x, int y, int width, int height)
{
  GstBuffer *pixels = new_pixels (width, height);
  GstVideoOverlayRectangle *rectangle;
  GstMapInfo map;
  cairo_t *cairo = begin_drawing (pixels, &map, width, height);

  cairo_translate (cairo, -x, -y);
  cairo_set_line_width (cairo, painter->style.line_width);
  cairo_set_line_join (cairo, CAIRO_LINE_JOIN_BEVEL);
  set_color (cairo, painter->style.color);
  for (guint i = 0; i < painter->shape_count; i++) {
    const double *c = painter->shapes[i].corners;

    cairo_new_sub_path (cairo);
    for (int n = 0; n < 4; n++)
      cairo_line_to (cairo, within_reach (c[2 * n]), within_reach (c[2 * n + 1]));
    cairo_close_path (cairo);
  }
  cairo_stroke (cairo);
  end_drawing (pixels, &map, cairo);
  rectangle = gst_video_overlay_rectangle_new_raw (pixels, x, y, (guint) width, (guint) height,
      GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
  gst_buffer_unref (pixels);
  return rectangle;
}

static void
add (GstVideoOverlayComposition **composition, GstVideoOverlayRectangle *rectangle)
{
  if (*composition == NULL)
    *composition = gst_video_overlay_composition_new (rectangle);
  else
    gst_video_overlay_composition_add_rectangle (*composition, rectangle);
  gst_video_overlay_rectangle_unref (rectangle);
}

/* Makes one rectangle of each run of touched tiles in a row. */
static void
draw_lines (LincePainter *painter, GstVideoOverlayComposition **composition)
{
  for (int row = 0; row < painter->rows; row++) {
    const guint8 *touched = painter->touched + row * painter->columns;

    for (int first = 0; first < painter->columns; first++) {
      int last = first, x = first * TILE, y = row * TILE;

      if (!touched[first])
        continue;
      while (last + 1 < painter->columns && touched[last + 1])
        last++;
      add (composition, draw_run (painter, x, y, MIN ((last + 1) * TILE, painter->width) - x,
                            MIN (y + TILE, painter->height) - y));
      first = last;
    }
  }
}

/* ---- names --------------------------------------------------------------------------------- */

static PangoLayout *
make_layout (LincePainter *painter, cairo_t *cairo, const char *text)
{
  PangoLayout *layout = pango_cairo_create_layout (cairo);
  PangoFontDescription *font = pango_font_description_from_string (painter->style.font);

  if (pango_font_description_get_size (font) <= 0)
    pango_font_description_set_absolute_size (
        font, CLAMP (painter->height / 40.0, 9.0, 64.0) * PANGO_SCALE);
  pango_layout_set_font_description (layout, font);
  pango_layout_set_text (layout, text, -1);
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_font_description_free (font);
  return layout;
}

static Label *
render_label (LincePainter *painter, const char *text)
{
  Label *label = g_new0 (Label, 1);
  cairo_surface_t *scratch = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, 1, 1);
  cairo_t *cairo = cairo_create (scratch);
  PangoLayout *layout = make_layout (painter, cairo, text);
  int width, height, margin;
  GstMapInfo map;

  pango_layout_get_pixel_size (layout, &width, &height);
  g_object_unref (layout);
  cairo_destroy (cairo);
  cairo_surface_destroy (scratch);
  margin = MAX (height / 6, 1);
  label->width = CLAMP ((int) ceil ((width + 2 * margin) * painter->stretch), 1, 4096);
  label->height = CLAMP (height + 2 * margin, 1, 1024);
  label->pixels = new_pixels (label->width, label->height);

  cairo = begin_drawing (label->pixels, &map, label->width, label->height);
  cairo_set_source_rgba (cairo, 0.0, 0.0, 0.0, 0.6);
  cairo_paint (cairo);
  cairo_scale (cairo, painter->stretch, 1.0);
  cairo_move_to (cairo, margin, margin);
  set_color (cairo, painter->style.color | 0xff000000u);
  layout = make_layout (painter, cairo, text);
  pango_cairo_show_layout (cairo, layout);
  g_object_unref (layout);
  end_drawing (label->pixels, &map, cairo);
  return label;
}

static void
draw_label (LincePainter *painter, const Shape *shape, GstVideoOverlayComposition **composition)
{
  Label *label = g_hash_table_lookup (painter->labels, shape->label);
  double left = INFINITY, top = INFINITY;
  int x, y;

  if (label == NULL) {
    if (g_hash_table_size (painter->labels) >= MAX_CACHED_LABELS)
      g_hash_table_remove_all (painter->labels);
    label = render_label (painter, shape->label);
    g_hash_table_insert (painter->labels, g_strdup (shape->label), label);
  }
  for (int i = 0; i < 4; i++) {
    left = MIN (left, within_reach (shape->corners[2 * i]));
    top = MIN (top, within_reach (shape->corners[2 * i + 1]));
  }
  /* above the outline, or within it where there is no room; even, for subsampled chroma */
  x = CLAMP ((int) left, 0, MAX (painter->width - label->width, 0)) & ~1;
  y = (int) (top - painter->style.line_width) - label->height;
  if (y < 0)
    y = (int) (MAX (top, 0.0) + painter->style.line_width);
  y = CLAMP (y, 0, MAX (painter->height - label->height, 0)) & ~1;
  add (composition, gst_video_overlay_rectangle_new_raw (label->pixels, x, y, (guint) label->width,
                        (guint) label->height, GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA));
}

/* ---- the whole ----------------------------------------------------------------------------- */

static GstVideoOverlayComposition *
draw (LincePainter *painter)
{
  GstVideoOverlayComposition *composition = NULL;
  guint8 visible[MAX_SHAPES] = {0};

  memset (painter->touched, 0, (gsize) painter->columns * painter->rows);
  for (guint i = 0; i < painter->shape_count; i++) {
    const double *c = painter->shapes[i].corners;

    for (int n = 0; n < 4; n++)
      visible[i] |= touch_line (painter, c + 2 * n, c + 2 * ((n + 1) % 4));
  }
  draw_lines (painter, &composition);
  for (guint i = 0; i < painter->shape_count; i++) {
    if (visible[i] && painter->shapes[i].label[0] != '\0')
      draw_label (painter, &painter->shapes[i], &composition);
  }
  return composition;
}

GstVideoOverlayComposition *
lince_painter_compose (LincePainter *painter, GstBuffer *buffer, const GstVideoInfo *info)
{
  Shape *swap;

  resize (painter, info);
  collect (painter, buffer);
  if (painter->shape_count == 0)
    return NULL;
  /* what stands still is drawn once */
  if (painter->last == NULL || painter->shape_count != painter->last_count ||
      memcmp (painter->shapes, painter->last_shapes, painter->shape_count * sizeof (Shape)) != 0) {
    g_clear_pointer (&painter->last, gst_video_overlay_composition_unref);
    painter->last = draw (painter);
    swap = painter->last_shapes;
    painter->last_shapes = painter->shapes;
    painter->shapes = swap;
    painter->last_count = painter->shape_count;
  }
  return painter->last != NULL ? gst_video_overlay_composition_ref (painter->last) : NULL;
}
