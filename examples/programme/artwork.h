/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The references: posters, covers, packages, brand marks and a channel's bug, all of brands that do
 * not exist, drawn anew from a seed. */
#pragma once

#include <cairo.h>
#include <glib.h>

typedef enum {
  LINCE_ARTWORK_POSTER,
  LINCE_ARTWORK_COVER,
  LINCE_ARTWORK_PACKAGE,
  LINCE_ARTWORK_MARK,
  LINCE_ARTWORK_BUG,
} LinceArtworkKind;

typedef struct {
  char id[64], name[96];
  LinceArtworkKind kind;
  cairo_surface_t *surface; /* ARGB32 */
} LinceArtwork;

typedef enum {
  LINCE_ARTWORK_SET_STORY, /* numbers 0 to 11 are the ones that the demo shows */
  LINCE_ARTWORK_SET_HARD,  /* the same with marks and bugs of few corners */
  LINCE_ARTWORK_SET_SWEEP, /* textured, mark, bug in turn, marks and bugs as in brand.h */
} LinceArtworkSet;

/* Reference `number` (from 0) of the set of `seed`; the same arguments give the same picture. Any
 * thread. */
LinceArtwork *lince_artwork_new (guint64 seed, guint number, LinceArtworkSet set);
/* The picture of bug `number` of the sweeps' set when its animation has gone `phase`, 0 to 1. */
cairo_surface_t *lince_artwork_draw_phase (guint64 seed, guint number, double phase);
void lince_artwork_free (LinceArtwork *artwork);

/* Writes ID.png and ID.json into `folder`. */
gboolean lince_artwork_write (const LinceArtwork *artwork, const char *folder, GError **error);
/* Whether a file of that name may have come from lince_artwork_write(). */
gboolean lince_artwork_is_file (const char *name);
const char *lince_artwork_kind_name (LinceArtworkKind kind);
