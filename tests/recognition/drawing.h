/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Frames drawn for tests: pictures put into a background by homography. */
#pragma once

#include <math.h>

#include "index_pictures.h"

#include "recognition/quad.h"

/* A luma plane in a buffer of exactly its size. */
typedef struct {
  uint8_t *luma;
  int width, height;
} Scene;

static inline Scene
new_scene (int width, int height, uint32_t seed)
{
  Scene scene = {malloc ((size_t) width * (size_t) height), width, height};
  uint32_t state = seed;

  ck_assert_ptr_nonnull (scene.luma);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      scene.luma[(size_t) y * (size_t) width + (size_t) x] =
          (uint8_t) (110 + 30 * sin (x * 0.013 + seed) + 25 * cos (y * 0.021 + x * 0.004) +
                     next_random (&state) % 8);
  /* clutter with corners of its own */
  for (int i = 0; i < 60; i++) {
    int left = (int) (next_random (&state) % (uint32_t) width);
    int top = (int) (next_random (&state) % (uint32_t) height);
    int w = 6 + (int) (next_random (&state) % 50), h = 6 + (int) (next_random (&state) % 50);
    uint8_t grey = (uint8_t) (60 + next_random (&state) % 120);

    for (int y = top; y < top + h && y < height; y++)
      for (int x = left; x < left + w && x < width; x++)
        scene.luma[(size_t) y * (size_t) width + (size_t) x] = grey;
  }
  return scene;
}

static inline void
free_scene (Scene *scene)
{
  free (scene->luma);
}

static inline double
picture_luma (const DrawnPicture *drawn, int x, int y)
{
  const LincePicture *picture = &drawn->picture;
  const uint8_t *pixel;

  x = x < 0 ? 0 : x >= picture->width ? picture->width - 1 : x;
  y = y < 0 ? 0 : y >= picture->height ? picture->height - 1 : y;
  pixel = picture->data + y * picture->stride + 4 * x;
  return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
}

static inline double
picture_sample (const DrawnPicture *drawn, double x, double y)
{
  double fx = floor (x - 0.5), fy = floor (y - 0.5), a = x - 0.5 - fx, b = y - 0.5 - fy;
  int ix = (int) fx, iy = (int) fy;

  return (1 - b) * ((1 - a) * picture_luma (drawn, ix, iy) + a * picture_luma (drawn, ix + 1, iy)) +
         b * ((1 - a) * picture_luma (drawn, ix, iy + 1) +
                 a * picture_luma (drawn, ix + 1, iy + 1));
}

/* Draws the picture onto the outline, each pixel the mean of 3 x 3 samples, as
 * gain * luma + offset. */
static inline void
draw_placed (Scene *scene, const DrawnPicture *drawn, const LincePoint corners[4], double gain,
    double offset)
{
  double forward[9], back[9];

  ck_assert (
      lince_quad_to_homography (corners, drawn->picture.width, drawn->picture.height, forward));
  ck_assert (lince_homography_inverse (forward, back));
  for (int y = 0; y < scene->height; y++)
    for (int x = 0; x < scene->width; x++) {
      uint8_t *pixel = &scene->luma[(size_t) y * (size_t) scene->width + (size_t) x];
      double sum = 0, px, py;

      if (!lince_homography_map (back, x + 0.5, y + 0.5, &px, &py) || px < -9 || py < -9 ||
          px > drawn->picture.width + 9 || py > drawn->picture.height + 9)
        continue;
      for (int i = 0; i < 9; i++) {
        bool hit =
            lince_homography_map (back, x + (i % 3 + 0.5) / 3, y + (i / 3 + 0.5) / 3, &px, &py);
        bool inside =
            hit && px >= 0 && py >= 0 && px < drawn->picture.width && py < drawn->picture.height;

        sum += inside ? gain * picture_sample (drawn, px, py) + offset : *pixel;
      }
      *pixel = (uint8_t) fmin (255, fmax (0, sum / 9 + 0.5));
    }
}

/* A box of one grey over the scene. */
static inline void
cover (Scene *scene, int left, int top, int width, int height, uint8_t grey)
{
  for (int y = top; y < top + height && y < scene->height; y++)
    for (int x = left; x < left + width && x < scene->width; x++)
      scene->luma[(size_t) y * (size_t) scene->width + (size_t) x] = grey;
}

static inline LinceFrame
scene_frame (const Scene *scene)
{
  return (LinceFrame){
      .width = scene->width,
      .height = scene->height,
      .luma = {scene->luma, scene->width, 1},
      .par_numerator = 1,
      .par_denominator = 1,
  };
}

/* A rectangle turned by `angle`, with its far side shortened by `tilt` (0 to 1). */
static inline void
outline (double x, double y, double width, double height, double angle, double tilt,
    LincePoint corners[4])
{
  const double u[4] = {-0.5, 0.5, 0.5, -0.5}, v[4] = {-0.5, -0.5, 0.5, 0.5};

  for (int i = 0; i < 4; i++) {
    double px = u[i] * width * (v[i] < 0 ? 1 - tilt : 1), py = v[i] * height;

    corners[i].x = (float) (x + px * cos (angle) - py * sin (angle));
    corners[i].y = (float) (y + px * sin (angle) + py * cos (angle));
  }
}

/* The largest distance of corresponding corners, pixels. */
static inline double
corner_error (const LincePoint a[4], const LincePoint b[4])
{
  double most = 0;

  for (int i = 0; i < 4; i++)
    most = fmax (most, hypot ((double) a[i].x - b[i].x, (double) a[i].y - b[i].y));
  return most;
}
