/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What commands print: JSON by one writer, so that it is the same everywhere. */
#pragma once

#include <glib.h>

#include "recognition/recognizer.h"

G_BEGIN_DECLS

/* Appends a JSON string; what is not UTF-8 is replaced. */
void lince_output_string (GString *text, const char *string);
/* Appends a number with at most `decimals` decimals, without trailing zeros and never "-0". */
void lince_output_number (GString *text, double number, int decimals);
/* Appends a member "variant" where that image of the index is one. */
void lince_output_variant (GString *text, LinceIndex *index, guint32 image);

/* Appends the placements as a JSON array:
 * [{"id": …, "quad": [[x, y] * 4], "confidence": …, "opacity": …,
 * "occluded": …, "cut_off": …, "blur": …, "kind": …, "variant": …, "alternatives": […]}]: blur
 * where it is told, variant where the image is one, alternatives where any. */
void lince_output_placements (
    GString *text, LinceIndex *index, const LincePlacement *placements, guint count);

/* The names of LinceGenerator bits with `between` between them; `none` without any. Transfer full.
 */
char *lince_output_generators (guint32 generators, const char *between, const char *none);

/* "0:01:02.345" of ns. Transfer full. */
char *lince_output_time (gint64 time);

G_END_DECLS
