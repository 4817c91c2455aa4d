/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/pyramid.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/kernels/kernels.h"

#define MIN_SIDE 8
#define BAND 64 /* output rows that one item of the pool makes */

struct LincePyramid {
  LincePyramidLevel levels[LINCE_PYRAMID_LEVELS];
  uint8_t *planes[LINCE_PYRAMID_LEVELS]; /* own memory; none for an octave 0 read in place */
  int count;
  int width, height, step;
  bool interlaced;
};

/* What one task of the pool makes. */
typedef struct {
  const LincePyramidLevel *from;
  uint8_t *to;
  int width, height;
  int row_step; /* rows of `from` for one row of `to`: 2, or 1 to halve the width only */
} Halving;

LincePyramid *
lince_pyramid_new (LinceError *error)
{
  LincePyramid *pyramid = calloc (1, sizeof *pyramid);

  if (pyramid == NULL)
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a pyramid");
  return pyramid;
}

static void
free_planes (LincePyramid *pyramid)
{
  for (int i = 0; i < LINCE_PYRAMID_LEVELS; i++)
    free (pyramid->planes[i]);
}

void
lince_pyramid_free (LincePyramid *pyramid)
{
  if (pyramid == NULL)
    return;
  free_planes (pyramid);
  free (pyramid);
}

/* The sizes of all octaves, without memory. */
static void
plan (LincePyramid *pyramid, const LinceFrame *frame)
{
  bool interlaced = frame->interlaced && frame->height >= 2 * MIN_SIDE;
  LincePyramidLevel level = {0};

  pyramid->width = frame->width;
  pyramid->height = frame->height;
  pyramid->step = frame->luma.step;
  pyramid->interlaced = interlaced;
  level.grey.width = frame->width;
  level.grey.height = interlaced ? (frame->height + 1) / 2 : frame->height;
  level.scale_x = 1;
  level.scale_y = interlaced ? 2 : 1;
  for (int i = 0; i < LINCE_PYRAMID_LEVELS; i++) {
    level.grey.stride = level.grey.width;
    pyramid->levels[i] = level;
    pyramid->count = i + 1;
    level.grey.width /= 2;
    level.scale_x *= 2;
    if (i > 0 || !interlaced) {
      level.grey.height /= 2;
      level.scale_y *= 2;
    }
    if (level.grey.width < MIN_SIDE || level.grey.height < MIN_SIDE)
      break;
  }
}

bool
lince_pyramid_resize (LincePyramid *pyramid, const LinceFrame *frame, LinceError *error)
{
  LincePyramid made = {0};

  if (frame->luma.data == NULL || frame->luma.step < 1 || frame->width < MIN_SIDE ||
      frame->height < MIN_SIDE || frame->width > LINCE_FRAME_MAX_SIDE ||
      frame->height > LINCE_FRAME_MAX_SIDE) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT,
        "a frame of %d x %d pixels cannot be searched: give luma of %d to %d pixels a side",
        frame->width, frame->height, MIN_SIDE, LINCE_FRAME_MAX_SIDE);
    return false;
  }
  plan (&made, frame);
  if (pyramid->count > 0 && made.width == pyramid->width && made.height == pyramid->height &&
      made.step == pyramid->step && made.interlaced == pyramid->interlaced)
    return true;
  for (int i = made.step == 1 ? 1 : 0; i < made.count; i++) {
    const LinceGrey *grey = &made.levels[i].grey;

    made.planes[i] = malloc ((size_t) grey->width * (size_t) grey->height);
    if (made.planes[i] == NULL)
      goto fail;
    made.levels[i].grey.data = made.planes[i];
  }
  free_planes (pyramid);
  *pyramid = made;
  return true;
fail:
  free_planes (&made);
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the pyramid of %d x %d pixels",
      frame->width, frame->height);
  return false;
}

static void
halve_band (void *context, uint32_t item, uint32_t thread)
{
  const Halving *halving = context;
  const LinceGrey *from = &halving->from->grey;
  const LinceKernels *kernels = lince_kernels ();
  int first = (int) item * BAND;
  int end = first + BAND < halving->height ? first + BAND : halving->height;

  for (int y = first; y < end; y++) {
    const uint8_t *a = from->data + (ptrdiff_t) (y * halving->row_step) * from->stride;
    const uint8_t *b = halving->row_step == 2 ? a + from->stride : a;

    kernels->halve_row (a, b, halving->to + (size_t) y * (size_t) halving->width, halving->width);
  }
}

/* Octave 0 from samples that do not lie side by side. */
static void
narrow (LincePyramid *pyramid, const LinceFrame *frame, int row_step)
{
  const LinceGrey *grey = &pyramid->levels[0].grey;

  for (int y = 0; y < grey->height; y++) {
    const uint8_t *row = frame->luma.data + (ptrdiff_t) (y * row_step) * frame->luma.stride;
    uint8_t *out = pyramid->planes[0] + (size_t) y * (size_t) grey->width;

    for (int x = 0; x < grey->width; x++)
      out[x] = row[(ptrdiff_t) x * frame->luma.step];
  }
}

void
lince_pyramid_build (LincePyramid *pyramid, const LinceFrame *frame, LincePool *pool)
{
  int row_step = pyramid->interlaced ? 2 : 1;

  if (pyramid->step == 1) {
    pyramid->levels[0].grey.data = frame->luma.data;
    pyramid->levels[0].grey.stride = frame->luma.stride * row_step;
  } else {
    narrow (pyramid, frame, row_step);
  }
  for (int i = 1; i < pyramid->count; i++) {
    const LinceGrey *grey = &pyramid->levels[i].grey;
    Halving halving = {&pyramid->levels[i - 1], pyramid->planes[i], grey->width, grey->height,
        i == 1 && pyramid->interlaced ? 1 : 2};

    lince_pool_run (pool, halve_band, &halving, (uint32_t) (grey->height + BAND - 1) / BAND);
  }
}

int
lince_pyramid_octave_count (const LincePyramid *pyramid)
{
  return pyramid->count;
}

const LincePyramidLevel *
lince_pyramid_octave (const LincePyramid *pyramid, int octave)
{
  return &pyramid->levels[octave];
}
