/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Variants of a reference: the one-colour and inverse versions of a mark, made from its picture.
 *
 * By name: "black", "white" and "#RRGGBB" (all of it in one colour, where the picture is
 * transparent it stays so), and "inverse" (lightness turned round, hue kept: black becomes white,
 * dark blue light blue, pure red stays red). */
#pragma once

#include <glib.h>

#include "recognition/index.h"

G_BEGIN_DECLS

#define LINCE_VARIANTS_MAX 8 /* of an object's pictures */

/* The variant of that name (hexadecimal digits in any case); FALSE when there is none. */
gboolean lince_variant_parse (const char *name, LinceVariant *variant);
/* Its name, "" for the picture as it is. Transfer full. */
LINCE_API char *lince_variant_name (const LinceVariant *variant);
gboolean lince_variant_equal (const LinceVariant *a, const LinceVariant *b);

typedef enum {
  LINCE_DERIVED,         /* another picture */
  LINCE_DERIVED_SAME,    /* the picture has these colours already */
  LINCE_DERIVED_NOTHING, /* nothing of it is left: it has no transparency to be seen by */
} LinceDerived;

/* Writes the variant of `picture` to `pixels`, rows of R G B A without padding. */
LinceDerived lince_variant_derive (
    const LincePicture *picture, const LinceVariant *variant, guint8 *pixels);

G_END_DECLS
