/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The matte of a mark that was cut from a broadcast: which of a small opaque picture's pixels are
 * the plain ground that the mark stood on. On another ground, and where the ground is seen through
 * the mark, only the rest of it agrees. Internal to the room.
 *
 * A ground is what most of the border has in common, one colour that may rise or fall evenly across
 * the picture. Pixels like it are transparent, also within the mark, where they are either holes or
 * will lie in a plain place of the frame again; a soft edge between the two is transparent by as
 * much as its colour is that of the ground, which is taken out of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LINCE_MATTE_SIDE 160 /* the longer side at most: larger pictures are artwork or prints */

/* Planes of width * height bytes, full range; luma and chroma are those of the mark alone after a
 * matte was made of them. */
typedef struct {
  uint8_t *luma, *cb, *cr, *mask;
  int width, height;
} LinceMattePicture;

/* Fills the mask, 0 the ground to 255 the mark, and takes the ground's colour out of what is
 * between. False, and nothing is changed but the mask, where the picture has no plain ground,
 * hardly any of it, or hardly anything else. Deterministic. */
bool lince_matte_make (const LinceMattePicture *picture);
