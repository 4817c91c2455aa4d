/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A frame of video as the recogniser reads it: borrowed planes, never written to.
 *
 * Coordinates are those of pixel edges: (0, 0) is the outer corner of the first pixel, whose centre
 * is (0.5, 0.5). Rows run from the top. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One 8-bit component. Sample (x, y) is data[y * stride + x * step]. */
typedef struct {
  const uint8_t *data; /* NULL: the format has no such component */
  ptrdiff_t stride;    /* bytes from a row to the next; may be negative */
  int step;            /* bytes from a sample to the next in its row: 1 planar, 2 or 4 packed */
} LincePlane;

/* How luma and chroma were made of red, green and blue. What is not told is read as BT.601, as
 * reference pictures are. */
typedef enum {
  LINCE_COLOUR_UNKNOWN,
  LINCE_COLOUR_BT601,
  LINCE_COLOUR_BT709, /* most of what is broadcast with 720 lines or more */
  LINCE_COLOUR_BT2020,
} LinceColourMatrix;

/* The pixels stay the caller's and must not change while a function that takes the frame runs. */
typedef struct {
  int width, height;               /* luma samples, of the stored full frame, both fields */
  LincePlane luma, cb, cr;         /* cb and cr have data NULL in a format without chroma */
  int chroma_width, chroma_height; /* samples of cb and cr, 1 to width and height; unread without */
  bool interlaced;                 /* two fields of different time: only the top one is searched */
  int par_numerator, par_denominator; /* pixel aspect ratio; 1, 1 for square pixels */
  LinceColourMatrix matrix;
} LinceFrame;

typedef struct {
  float x, y;
} LincePoint;

/* A decoded reference picture: straight (not premultiplied) RGBA, 8 bits a component, row 0 on top.
 * The pixels are borrowed. */
typedef struct {
  const uint8_t *data; /* sample (x, y) is data + y * stride + x * 4, in the order R G B A */
  ptrdiff_t stride;    /* bytes from a row to the next, at least width * 4 */
  int width, height;   /* pixels, 1 to LINCE_PICTURE_MAX_SIDE */
} LincePicture;

#define LINCE_PICTURE_MIN_SIDE 16
#define LINCE_PICTURE_MAX_SIDE 16384
#define LINCE_FRAME_MIN_SIDE 64
#define LINCE_FRAME_MAX_SIDE 8192
