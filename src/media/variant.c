/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/variant.h"

#include <string.h>

/* One colour is told from the ground by transparency, of which a stray pixel is not enough. */
#define LEAST_TRANSPARENT 100 /* one pixel of so many */

static gboolean
parse_colour (const char *name, guint32 *colour)
{
  *colour = 0;
  if (name[0] != '#' || strlen (name) != 7)
    return FALSE;
  for (int i = 1; i < 7; i++) {
    int digit = g_ascii_xdigit_value (name[i]);

    if (digit < 0)
      return FALSE;
    *colour = *colour << 4 | (guint32) digit;
  }
  return TRUE;
}

gboolean
lince_variant_parse (const char *name, LinceVariant *variant)
{
  *variant = (LinceVariant){LINCE_VARIANT_ONE_COLOUR, 0};
  if (strcmp (name, "black") == 0)
    return TRUE;
  if (strcmp (name, "white") == 0) {
    variant->colour = 0xffffff;
    return TRUE;
  }
  if (strcmp (name, "inverse") == 0) {
    variant->kind = LINCE_VARIANT_INVERSE;
    return TRUE;
  }
  return parse_colour (name, &variant->colour);
}

char *
lince_variant_name (const LinceVariant *variant)
{
  if (variant->kind == LINCE_VARIANT_NONE)
    return g_strdup ("");
  if (variant->kind == LINCE_VARIANT_INVERSE)
    return g_strdup ("inverse");
  if (variant->kind == LINCE_VARIANT_CUT_OUT)
    return g_strdup ("cut out");
  if (variant->colour == 0)
    return g_strdup ("black");
  return variant->colour == 0xffffff ? g_strdup ("white")
                                     : g_strdup_printf ("#%06x", variant->colour);
}

gboolean
lince_variant_equal (const LinceVariant *a, const LinceVariant *b)
{
  return a->kind == b->kind && a->colour == b->colour;
}

static void
derive_pixel (const guint8 *from, const LinceVariant *variant, guint8 *to)
{
  int least = MIN (MIN (from[0], from[1]), from[2]);
  int most = MAX (MAX (from[0], from[1]), from[2]);

  for (int c = 0; c < 3; c++)
    to[c] = variant->kind == LINCE_VARIANT_INVERSE ? (guint8) (from[c] + 255 - most - least)
                                                   : (guint8) (variant->colour >> (16 - 8 * c));
  to[3] = from[3];
}

LinceDerived
lince_variant_derive (const LincePicture *picture, const LinceVariant *variant, guint8 *pixels)
{
  gint64 transparent = 0, count = (gint64) picture->width * picture->height;
  gboolean changed = FALSE;

  for (int y = 0; y < picture->height; y++) {
    const guint8 *from = picture->data + (gssize) y * picture->stride;

    for (int x = 0; x < picture->width; x++, from += 4, pixels += 4) {
      derive_pixel (from, variant, pixels);
      transparent += from[3] < 128;
      changed = changed || (from[3] >= 128 && memcmp (from, pixels, 3) != 0);
    }
  }
  if (variant->kind == LINCE_VARIANT_ONE_COLOUR && transparent * LEAST_TRANSPARENT < count)
    return LINCE_DERIVED_NOTHING;
  return changed ? LINCE_DERIVED : LINCE_DERIVED_SAME;
}
