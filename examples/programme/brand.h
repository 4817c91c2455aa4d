/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Marks of brands and bugs of channels that do not exist: symbols, word marks, badges, in few flat
 * colours on nothing, some of them siblings that differ by a word or a colour only. */
#pragma once

#include <cairo.h>
#include <glib.h>

typedef enum { LINCE_BRAND_MARK, LINCE_BRAND_BUG } LinceBrandKind;

/* Number `index` of the kind in the set of `seed`: an ARGB32 surface, transparent where nothing is
 * drawn, and its name. `phase`, 0 to 1, is how far its animation has gone; 0 is the reference's
 * picture. Any thread. */
cairo_surface_t *lince_brand_draw (
    LinceBrandKind kind, guint64 seed, guint index, double phase, char *name, gsize name_size);
