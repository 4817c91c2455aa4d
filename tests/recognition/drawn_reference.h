/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A drawn picture as the reference that alignment and comparison work with. */
#pragma once

#include "index_pictures.h"

#include "recognition/reference.h"

typedef struct {
  DrawnPicture drawn; /* owned */
  LinceReferenceSource source;
  LinceReference reference; /* borrows from `source` */
} DrawnReference;

static inline DrawnReference
new_reference (DrawnPicture drawn)
{
  DrawnReference made = {.drawn = drawn};
  LinceError error = {0};

  ck_assert_msg (lince_reference_make (&made.source, &drawn.picture, &error), "%s", error.text);
  lince_reference_layout (
      &made.reference, drawn.picture.width, drawn.picture.height, made.source.masked);
  lince_reference_view (&made.reference, made.source.levels, made.source.masked);
  return made;
}

static inline void
free_reference (DrawnReference *made)
{
  lince_reference_clear (&made->source);
  free_picture (&made->drawn);
}
