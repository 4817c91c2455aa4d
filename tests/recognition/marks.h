/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Marks drawn for tests, and frames in luma and chroma that show them, translucent or not, on
 * grounds that stand, are busy, or move. */
#pragma once

#include "drawing.h"

/* ---- marks --------------------------------------------------------------------------------- */

/* What a mark looks like. */
typedef enum {
  MARK_FLAT,  /* opaque: one shape on a field, two colours */
  MARK_RING,  /* one colour, the rest transparent: a ring with a tail */
  MARK_ANGLE, /* likewise: an angle and a dot */
  MARK_WORD,  /* likewise: five letters of bars */
  MARK_CROSS, /* likewise: the same when turned by a quarter */
  MARK_SMALL, /* likewise: five large letters and, in which the variant differs, five small ones */
} MarkKind;

/* Whether a point of the unit square is in one of five letters, of which the first is letter
 * `first` of an alphabet, and the last letter `last`. */
static inline bool
is_in_letters (int first, int last, double x, double y)
{
  static const char *const letters[5] = {"1111001011", "1010111010", "1110011110", "0111100111",
      "1101101101"}; /* bits of the bars on a grid of 2 x 5, a letter each */
  int letter = (int) (x * 5), row = (int) (y * 5), column = (int) ((x * 5 - letter) / .42);

  if (x < 0 || y < 0 || letter > 4 || row > 4 || column > 1)
    return false;
  return letters[letter == 4 ? last : (letter + first) % 5][2 * row + column] == '1';
}

/* Whether a point of the unit square is inked. `part`: a variant that differs in one part only. */
static inline bool
mark_has_ink (MarkKind kind, bool part, double x, double y)
{
  double dx = x - .4, dy = y - .4, square = dx * dx + dy * dy;

  switch (kind) {
    case MARK_FLAT:
      return (y > .15 && y < .5 && x > .15 && x < .15 + 2 * (y - .15)) ||
             (part ? hypot (x - .7, y - .72) < .14 : y > .6 && y < .85 && x > .5 && x < .85);
    case MARK_RING:
      return (square < .1 && square > .03) ||
             (part ? hypot (x - .78, y - .78) < .12 : x > .6 && x < .95 && y > .7 && y < .85);
    case MARK_ANGLE:
      return (x > .15 && x < .3 && y > .1 && y < .9) || (x > .15 && x < .8 && y > .75 && y < .9) ||
             (!part && hypot (x - .65, y - .3) < .12);
    case MARK_CROSS:
      return (fabs (x - .5) < .1 && fabs (y - .5) < .42) ||
             (fabs (y - .5) < .1 && fabs (x - .5) < .42);
    case MARK_SMALL:
      return y < .62 ? is_in_letters (0, 4, x, y / .62)
                     : is_in_letters (part ? 3 : 0, part ? 1 : 4, (x - .2) / .6, (y - .72) / .28);
    default:
      return is_in_letters (0, part ? 0 : 4, x, y);
  }
}

/* A mark as a picture for enrolment: `ink` and `field` are RGBA. */
static inline DrawnPicture
draw_mark (MarkKind kind, bool part, uint32_t ink, uint32_t field)
{
  int width = kind == MARK_SMALL ? 240 : kind == MARK_WORD ? 200 : 120;
  int height = kind == MARK_SMALL ? 90 : kind == MARK_WORD ? 60 : 120;
  DrawnPicture drawn = new_picture (width, height);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      uint8_t *pixel = drawn.pixels + (size_t) y * (size_t) drawn.picture.stride + 4 * (size_t) x;
      double inked = 0, alpha;

      for (int i = 0; i < 16; i++)
        inked += mark_has_ink (
            kind, part, (x + (i % 4 + .5) / 4) / width, (y + (i / 4 + .5) / 4) / height);
      inked /= 16;
      alpha = inked * (ink & 255) + (1 - inked) * (field & 255);
      for (int i = 0; i < 3; i++) {
        double a = inked * (ink & 255), b = (1 - inked) * (field & 255);
        double value = a * (ink >> (24 - 8 * i) & 255) + b * (field >> (24 - 8 * i) & 255);

        pixel[i] = alpha > 0 ? (uint8_t) (value / alpha + .5) : 0;
      }
      pixel[3] = (uint8_t) (alpha + .5);
    }
  return drawn;
}

/* ---- frames -------------------------------------------------------------------------------- */

/* A frame of video range in luma and chroma (4:2:0), buffers of exactly their size. */
typedef struct {
  int width, height;
  float *full[3]; /* luma, Cb, Cr at every pixel, chroma around 0 */
  uint8_t *planes[3];
} Canvas;

typedef enum { GROUND_PLAIN, GROUND_SLOPE, GROUND_BUSY, GROUND_MOVING } Ground;

static inline void
ground_at (Ground ground, int frame, int x, int y, float value[3])
{
  double u = ground == GROUND_MOVING ? x + 11.0 * frame : x;
  double v = ground == GROUND_MOVING ? y + 5.0 * frame : y;
  uint32_t block = (uint32_t) floor (u / 14) * 2654435761u ^ (uint32_t) floor (v / 10) * 40503u;

  value[0] = 110;
  value[1] = value[2] = 0;
  if (ground == GROUND_SLOPE) {
    value[0] = 40 + 130 * (float) y / 240;
    value[1] = 20 - 30 * (float) x / 320;
  } else if (ground != GROUND_PLAIN) {
    block = block * 1664525u + 1013904223u;
    value[0] = (float) (60 + (block >> 24) % 110);
    value[1] = (float) ((block >> 16) % 50) - 25;
    value[2] = (float) ((block >> 8) % 40) - 20;
  }
}

static inline Canvas
new_canvas (int width, int height, Ground ground, int frame)
{
  Canvas canvas = {.width = width, .height = height};
  size_t half = (size_t) ((width + 1) / 2) * (size_t) ((height + 1) / 2);
  size_t count = (size_t) width * (size_t) height;

  for (int k = 0; k < 3; k++) {
    canvas.full[k] = malloc (count * sizeof *canvas.full[k]);
    canvas.planes[k] = malloc (k ? half : count);
    ck_assert (canvas.full[k] && canvas.planes[k]);
  }
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      float value[3];

      ground_at (ground, frame, x, y, value);
      for (int k = 0; k < 3; k++)
        canvas.full[k][y * width + x] = value[k];
    }
  return canvas;
}

static inline void
free_canvas (Canvas *canvas)
{
  for (int k = 0; k < 3; k++) {
    free (canvas->full[k]);
    free (canvas->planes[k]);
  }
}

/* Straight RGBA to luma and chroma of video range (BT.601) and opacity 0 to 1. */
static inline void
video_colour (const uint8_t *pixel, double out[4])
{
  double r = pixel[0] / 255., g = pixel[1] / 255., b = pixel[2] / 255.;
  double y = .299 * r + .587 * g + .114 * b;

  out[0] = 16 + 219 * y;
  out[1] = 224 * (b - y) / 1.772;
  out[2] = 224 * (r - y) / 1.402;
  out[3] = pixel[3] / 255.;
}

/* Lays the picture over the canvas by straight alpha, `opacity` of it, its contrast times `gain`,
 * its luma raised by `lift`; each pixel the mean of 4 x 4 samples. */
static inline void
composite (Canvas *canvas, const DrawnPicture *drawn, const LincePoint corners[4], double opacity,
    double gain, double lift)
{
  const LincePicture *picture = &drawn->picture;
  double forward[9], back[9];

  ck_assert (lince_quad_to_homography (corners, picture->width, picture->height, forward));
  ck_assert (lince_homography_inverse (forward, back));
  for (int y = 0; y < canvas->height; y++)
    for (int x = 0; x < canvas->width; x++) {
      double sums[3] = {0}, alpha = 0, colour[4], px, py;

      if (!lince_homography_map (back, x + .5, y + .5, &px, &py) || px < -9 || py < -9 ||
          px > picture->width + 9 || py > picture->height + 9)
        continue;
      for (int i = 0; i < 16; i++) {
        if (!lince_homography_map (back, x + (i % 4 + .5) / 4, y + (i / 4 + .5) / 4, &px, &py) ||
            px < 0 || py < 0 || px >= picture->width || py >= picture->height)
          continue;
        video_colour (picture->data + (int) py * picture->stride + 4 * (int) px, colour);
        for (int k = 0; k < 3; k++)
          sums[k] += opacity * colour[3] * (gain * colour[k] + (k ? 0 : lift)) / 16;
        alpha += opacity * colour[3] / 16;
      }
      for (int k = 0; k < 3; k++) {
        float *value = &canvas->full[k][y * canvas->width + x];

        *value = (float) ((1 - alpha) * *value + sums[k]);
      }
    }
}

/* Rounds into the planes, with noise of a level or two, and borrows them. */
static inline LinceFrame
canvas_frame (Canvas *canvas, bool chroma, uint32_t seed)
{
  int w = canvas->width, h = canvas->height, half_w = (w + 1) / 2, half_h = (h + 1) / 2;
  LinceFrame frame = {.width = w, .height = h, .par_numerator = 1, .par_denominator = 1};

  for (int i = 0; i < w * h; i++) {
    float noisy = canvas->full[0][i] + (float) (next_random (&seed) % 5) - 2;

    canvas->planes[0][i] = (uint8_t) (noisy < 0 ? 0 : noisy > 254 ? 255 : noisy + .5f);
  }
  for (int k = 1; k < 3; k++)
    for (int y = 0; y < half_h; y++)
      for (int x = 0; x < half_w; x++) {
        int x1 = 2 * x + 1 < w ? 2 * x + 1 : 2 * x, y1 = 2 * y + 1 < h ? 2 * y + 1 : 2 * y;
        const float *f = canvas->full[k];
        float sum = f[2 * y * w + 2 * x] + f[2 * y * w + x1] + f[y1 * w + 2 * x] + f[y1 * w + x1];

        canvas->planes[k][y * half_w + x] = (uint8_t) (sum / 4 + 128.5f);
      }
  frame.luma = (LincePlane){canvas->planes[0], w, 1};
  if (chroma) {
    frame.cb = (LincePlane){canvas->planes[1], half_w, 1};
    frame.cr = (LincePlane){canvas->planes[2], half_w, 1};
    frame.chroma_width = half_w;
    frame.chroma_height = half_h;
  }
  return frame;
}
