/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/pyramid.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/kernels/kernels.h"

#define MIN_SIDE 8
#define BAND 64 /* output rows that one item of the pool makes */

/* One component and its octaves. */
typedef struct {
  LincePyramidLevel levels[LINCE_PYRAMID_LEVELS];
  uint8_t *planes[LINCE_PYRAMID_LEVELS]; /* own memory; none for an octave 0 read in place */
  size_t sizes[LINCE_PYRAMID_LEVELS];    /* of the planes, bytes */
  int count;
  int step;
} Component;

enum { LUMA, CB, CR, COMPONENTS };

struct LincePyramid {
  Component components[COMPONENTS];
  int width, height;
  bool interlaced;
  LinceColourMatrix matrix;
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
  for (int c = 0; c < COMPONENTS; c++)
    for (int i = 0; i < LINCE_PYRAMID_LEVELS; i++)
      free (pyramid->components[c].planes[i]);
}

void
lince_pyramid_free (LincePyramid *pyramid)
{
  if (pyramid == NULL)
    return;
  free_planes (pyramid);
  free (pyramid);
}

/* The sizes of all octaves of a component of `width` x `height` stored samples, without memory. */
static void
plan (Component *component, const LincePyramid *pyramid, int width, int height, int step)
{
  bool interlaced = pyramid->interlaced;
  LincePyramidLevel level = {0};

  component->step = step;
  level.grey.width = width;
  level.grey.height = interlaced ? (height + 1) / 2 : height;
  level.scale_x = (float) pyramid->width / (float) width;
  level.scale_y = (float) pyramid->height / (float) height * (interlaced ? 2.f : 1.f);
  for (int i = 0; i < LINCE_PYRAMID_LEVELS; i++) {
    if (i > 0 && (level.grey.width < MIN_SIDE || level.grey.height < MIN_SIDE))
      break;
    level.grey.stride = level.grey.width;
    component->levels[i] = level;
    component->count = i + 1;
    level.grey.width /= 2;
    level.scale_x *= 2;
    if (i > 0 || !interlaced) {
      level.grey.height /= 2;
      level.scale_y *= 2;
    }
  }
}

static void
plan_all (LincePyramid *pyramid, const LinceFrame *frame)
{
  pyramid->width = frame->width;
  pyramid->height = frame->height;
  pyramid->interlaced = frame->interlaced && frame->height >= 2 * MIN_SIDE;
  plan (&pyramid->components[LUMA], pyramid, frame->width, frame->height, frame->luma.step);
  if (frame->cb.data == NULL || frame->cr.data == NULL || frame->chroma_width < MIN_SIDE ||
      frame->chroma_height < (pyramid->interlaced ? 2 * MIN_SIDE : MIN_SIDE))
    return;
  plan (
      &pyramid->components[CB], pyramid, frame->chroma_width, frame->chroma_height, frame->cb.step);
  plan (
      &pyramid->components[CR], pyramid, frame->chroma_width, frame->chroma_height, frame->cr.step);
}

/* Gives `made` the planes of `old` that are large enough, and new ones for the others: where fields
 * and whole frames take turns, both soon fit. Only new ones are in `made` until all are there. */
static bool
allocate (Component *made, const Component *old)
{
  for (int i = made->step == 1 ? 1 : 0; i < made->count; i++) {
    const LinceGrey *grey = &made->levels[i].grey;
    size_t size = (size_t) grey->width * (size_t) grey->height;

    if (size <= old->sizes[i])
      continue;
    made->planes[i] = malloc (size);
    made->sizes[i] = size;
    if (made->planes[i] == NULL)
      return false;
  }
  return true;
}

static void
take_planes (Component *made, Component *old)
{
  for (int i = 0; i < LINCE_PYRAMID_LEVELS; i++) {
    if (made->planes[i] == NULL) {
      made->planes[i] = old->planes[i];
      made->sizes[i] = old->sizes[i];
      old->planes[i] = NULL;
    }
    if (made->step != 1 || i > 0)
      made->levels[i].grey.data = made->planes[i];
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
  plan_all (&made, frame);
  for (int c = 0; c < COMPONENTS; c++)
    if (!allocate (&made.components[c], &pyramid->components[c]))
      goto fail;
  for (int c = 0; c < COMPONENTS; c++)
    take_planes (&made.components[c], &pyramid->components[c]);
  made.matrix = pyramid->matrix;
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
narrow (Component *component, const LincePlane *plane, int row_step)
{
  const LinceGrey *grey = &component->levels[0].grey;

  for (int y = 0; y < grey->height; y++) {
    const uint8_t *row = plane->data + (ptrdiff_t) (y * row_step) * plane->stride;
    uint8_t *out = component->planes[0] + (size_t) y * (size_t) grey->width;

    for (int x = 0; x < grey->width; x++)
      out[x] = row[(ptrdiff_t) x * plane->step];
  }
}

static void
build (Component *component, const LincePlane *plane, bool interlaced, LincePool *pool)
{
  int row_step = interlaced ? 2 : 1;

  if (component->step == 1) {
    component->levels[0].grey.data = plane->data;
    component->levels[0].grey.stride = plane->stride * row_step;
  } else {
    narrow (component, plane, row_step);
  }
  for (int i = 1; i < component->count; i++) {
    const LinceGrey *grey = &component->levels[i].grey;
    Halving halving = {&component->levels[i - 1], component->planes[i], grey->width, grey->height,
        i == 1 && interlaced ? 1 : 2};

    lince_pool_run (pool, halve_band, &halving, (uint32_t) (grey->height + BAND - 1) / BAND);
  }
}

void
lince_pyramid_build (LincePyramid *pyramid, const LinceFrame *frame, LincePool *pool)
{
  const LincePlane *planes[COMPONENTS] = {&frame->luma, &frame->cb, &frame->cr};

  pyramid->matrix = frame->matrix;
  for (int c = 0; c < COMPONENTS; c++)
    if (pyramid->components[c].count > 0)
      build (&pyramid->components[c], planes[c], pyramid->interlaced, pool);
}

void
lince_pyramid_frame_size (const LincePyramid *pyramid, int *width, int *height)
{
  const LincePyramidLevel *base = lince_pyramid_octave (pyramid, 0);

  *width = (int) (base->grey.width * base->scale_x + 0.5f);
  *height = (int) (base->grey.height * base->scale_y + 0.5f);
}

LinceColourMatrix
lince_pyramid_matrix (const LincePyramid *pyramid)
{
  return pyramid->matrix;
}

int
lince_pyramid_octave_count (const LincePyramid *pyramid)
{
  return pyramid->components[LUMA].count;
}

const LincePyramidLevel *
lince_pyramid_octave (const LincePyramid *pyramid, int octave)
{
  return &pyramid->components[LUMA].levels[octave];
}

int
lince_pyramid_chroma_count (const LincePyramid *pyramid)
{
  return pyramid->components[CB].count;
}

const LincePyramidLevel *
lince_pyramid_chroma (const LincePyramid *pyramid, int component, int octave)
{
  return &pyramid->components[component == 0 ? CB : CR].levels[octave];
}
