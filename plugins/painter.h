/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Draws outlines with names as rectangles of a video overlay.
 *
 * Only the tiles of the frame that a line touches become rectangles, so that what is blended grows
 * with the lines' length and not with the objects' area. Texts are rendered once and kept. */
#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct _LincePainter LincePainter;

typedef struct {
  double line_width; /* pixels of the frame */
  guint32 color;     /* 0xAARRGGBB */
  gboolean show_names, show_confidence;
  char *font; /* Pango's description; without a size, one in proportion to the frame */
} LincePainterStyle;

LincePainter *lince_painter_new (void);
void lince_painter_free (LincePainter *painter); /* NULL is allowed */
/* Copies `style`. */
void lince_painter_set_style (LincePainter *painter, const LincePainterStyle *style);

/* What to draw over a frame of that format that carries the metas of `buffer`; NULL when nothing.
 * Transfer full. */
GstVideoOverlayComposition *lince_painter_compose (
    LincePainter *painter, GstBuffer *buffer, const GstVideoInfo *info);

G_END_DECLS
