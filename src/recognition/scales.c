/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/scales.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/kernels/kernels.h"

#define BAND 64         /* rows that one item of the pool makes; even */
#define MIN_SEARCHED 24 /* pixels of the shorter side of a scale that is searched */
#define SCRATCH (LINCE_FRAME_MAX_SIDE + 64)
#define BORDER LINCE_SMOOTH_BORDER

typedef struct {
  LinceScales *scales;
  const LincePyramid *pyramid;
} Building;

static size_t
padded_size (const LinceScale *scale)
{
  return (size_t) scale->stride * (size_t) (scale->height + 2 * BORDER) + 64;
}

/* Sizes, without memory. */
static void
plan (LinceScales *scales, const LincePyramid *pyramid)
{
  int octaves = lince_pyramid_octave_count (pyramid);

  for (int s = 0; s < 2 * octaves && s < LINCE_SCALES; s++) {
    const LincePyramidLevel *level = lince_pyramid_octave (pyramid, s / 2);
    LinceScale *scale = &scales->scales[s];

    scale->width = s % 2 ? level->grey.width / 3 * 2 : level->grey.width;
    scale->height = s % 2 ? level->grey.height / 3 * 2 : level->grey.height;
    scale->scale_x = level->scale_x * (s % 2 ? 1.5f : 1.f);
    scale->scale_y = level->scale_y * (s % 2 ? 1.5f : 1.f);
    scale->square = level->scale_x == level->scale_y;
    scale->stride = (scale->width + 2 * BORDER + 63) / 64 * 64;
    scales->count = s + 1;
    scales->bands[s + 1] = scales->bands[s] + (uint32_t) (scale->height + BAND - 1) / BAND;
    if (scale->width >= MIN_SEARCHED && scale->height >= MIN_SEARCHED)
      scales->end = s + 1;
  }
  if (scales->end > scales->count - 2)
    scales->end = scales->count - 2;
  while (scales->first < scales->end && !scales->scales[scales->first].square)
    scales->first++;
}

static bool
same_sizes (const LinceScales *a, const LinceScales *b)
{
  if (a->count != b->count || a->first != b->first)
    return false;
  for (int s = 0; s < a->count; s++)
    if (a->scales[s].width != b->scales[s].width || a->scales[s].height != b->scales[s].height)
      return false;
  return true;
}

static size_t
whole_size (const LinceScales *scales)
{
  size_t size = 0;

  for (int s = 0; s < scales->count; s++)
    size += padded_size (&scales->scales[s]) +
            (s % 2 ? (size_t) scales->scales[s].width * (size_t) scales->scales[s].height : 0);
  return size;
}

/* Gives all pictures their places in the memory. */
static void
lay_out (LinceScales *scales)
{
  size_t offset = 0;

  for (int s = 0; s < scales->count; s++) {
    LinceScale *scale = &scales->scales[s];

    scale->pixels = scales->memory + offset + (size_t) scale->stride * BORDER + BORDER;
    offset += padded_size (scale);
  }
  for (int s = 1; s < scales->count; s += 2) {
    scales->thirds[s] = scales->memory + offset;
    offset += (size_t) scales->scales[s].width * (size_t) scales->scales[s].height;
  }
}

bool
lince_scales_resize (
    LinceScales *scales, const LincePyramid *pyramid, uint32_t threads, LinceError *error)
{
  LinceScales made = {0};

  plan (&made, pyramid);
  if (scales->memory != NULL && threads <= scales->threads && same_sizes (scales, &made))
    return true;
  made.size = whole_size (&made);
  made.threads = threads;
  if (scales->size >= made.size && scales->threads >= threads) {
    made.memory = scales->memory;
    made.size = scales->size;
    made.scratch = scales->scratch;
    made.threads = scales->threads;
  } else {
    made.memory = calloc (made.size, 1);
    made.scratch = malloc (SCRATCH * sizeof (uint16_t) * threads);
    if (made.memory == NULL || made.scratch == NULL)
      goto fail;
    lince_scales_clear (scales);
  }
  lay_out (&made);
  *scales = made;
  return true;
fail:
  lince_scales_clear (&made);
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the scale space");
  return false;
}

void
lince_scales_clear (LinceScales *scales)
{
  free (scales->memory);
  free (scales->scratch);
  *scales = (LinceScales){0};
}

static bool
used (const LinceScales *scales, int s)
{
  return s >= scales->first;
}

/* The band of rows that `item` stands for. */
static int
find_band (const LinceScales *scales, uint32_t item, int *first, int *end)
{
  int s = 0;

  while (item >= scales->bands[s + 1])
    s++;
  *first = (int) (item - scales->bands[s]) * BAND;
  *end = *first + BAND < scales->scales[s].height ? *first + BAND : scales->scales[s].height;
  return s;
}

static void
reduce_band (void *context, uint32_t item, uint32_t thread)
{
  const Building *building = context;
  LinceScales *scales = building->scales;
  const LinceKernels *kernels = lince_kernels ();
  int first, end, s = find_band (scales, item, &first, &end);
  const LinceScale *scale = &scales->scales[s];
  const LinceGrey *grey = &lince_pyramid_octave (building->pyramid, s / 2)->grey;

  if (s % 2 == 0 || !used (scales, s))
    return;
  for (int y = first; y < end; y++) {
    const uint8_t *middle = grey->data + (ptrdiff_t) (y / 2 * 3 + 1) * grey->stride;
    const uint8_t *outer = y % 2 ? middle + grey->stride : middle - grey->stride;

    kernels->two_thirds_row (
        outer, middle, scales->thirds[s] + (ptrdiff_t) y * scale->width, scale->width);
  }
}

/* Repeats a row's ends into its borders. */
static void
extend_row (uint8_t *row, int width)
{
  memset (row - BORDER, row[0], BORDER);
  memset (row + width, row[width - 1], BORDER);
}

static void
smooth_band (void *context, uint32_t item, uint32_t thread)
{
  const Building *building = context;
  LinceScales *scales = building->scales;
  const LinceKernels *kernels = lince_kernels ();
  int first, end, s = find_band (scales, item, &first, &end);
  const LinceScale *scale = &scales->scales[s];
  const LinceGrey *grey = &lince_pyramid_octave (building->pyramid, s / 2)->grey;
  const uint8_t *data = s % 2 ? scales->thirds[s] : grey->data;
  ptrdiff_t stride = s % 2 ? scale->width : grey->stride;

  if (!used (scales, s))
    return;
  for (int y = first; y < end; y++) {
    const uint8_t *rows[5];
    uint8_t *out = scale->pixels + y * scale->stride;

    for (int i = 0; i < 5; i++) {
      int from = y + i - 2;

      from = from < 0 ? 0 : (from >= scale->height ? scale->height - 1 : from);
      rows[i] = data + from * stride;
    }
    kernels->smooth_row (rows, scales->scratch + (size_t) thread * SCRATCH, out, scale->width);
    extend_row (out, scale->width);
  }
}

static void
extend_rows (const LinceScale *scale)
{
  uint8_t *top = scale->pixels - BORDER;
  uint8_t *bottom = top + (scale->height - 1) * scale->stride;
  size_t size = (size_t) scale->width + 2 * BORDER;

  for (int i = 1; i <= BORDER; i++) {
    memcpy (top - i * scale->stride, top, size);
    memcpy (bottom + i * scale->stride, bottom, size);
  }
}

void
lince_scales_build (LinceScales *scales, const LincePyramid *pyramid, LincePool *pool)
{
  Building building = {scales, pyramid};
  uint32_t bands = scales->bands[scales->count];

  lince_pool_run (pool, reduce_band, &building, bands);
  lince_pool_run (pool, smooth_band, &building, bands);
  for (int s = 0; s < scales->count; s++)
    if (used (scales, s))
      extend_rows (&scales->scales[s]);
}
