/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/gather.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/kernels/kernels.h"

#define COMPONENTS 3
#define BAND 32 /* rows that one item of the pool sums up */

struct LinceGather {
  LinceFrame frame;              /* its planes are the mean's */
  uint8_t *mean[COMPONENTS];     /* rows without padding */
  uint16_t *sums[2][COMPONENTS]; /* of the block that is filled, of the one before */
  int width[COMPONENTS], height[COMPONENTS];
  uint32_t filled, before; /* frames in the two */
  uint32_t total;          /* frames since the last clear() */
  LincePyramid *pyramid;
};

/* What the items of one task share. */
typedef struct {
  LinceGather *gather;
  const LincePlane *planes[COMPONENTS];
  int component;
  uint32_t divisor;
} Task;

LinceGather *
lince_gather_new (LinceError *error)
{
  LinceGather *gather = calloc (1, sizeof *gather);

  if (gather == NULL) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to gather frames");
    return NULL;
  }
  gather->pyramid = lince_pyramid_new (error);
  if (gather->pyramid == NULL) {
    lince_gather_free (gather);
    return NULL;
  }
  return gather;
}

static void
free_planes (LinceGather *gather)
{
  for (int c = 0; c < COMPONENTS; c++) {
    free (gather->mean[c]);
    free (gather->sums[0][c]);
    free (gather->sums[1][c]);
    gather->mean[c] = NULL;
    gather->sums[0][c] = gather->sums[1][c] = NULL;
  }
}

void
lince_gather_free (LinceGather *gather)
{
  if (gather == NULL)
    return;
  free_planes (gather);
  lince_pyramid_free (gather->pyramid);
  free (gather);
}

void
lince_gather_clear (LinceGather *gather)
{
  gather->filled = gather->before = gather->total = 0;
}

static bool
fits (const LinceGather *gather, const LinceFrame *frame)
{
  bool chroma = frame->cb.data != NULL && frame->cr.data != NULL;

  return gather->mean[0] != NULL && gather->frame.width == frame->width &&
         gather->frame.height == frame->height && (gather->mean[1] != NULL) == chroma &&
         (!chroma || (gather->frame.chroma_width == frame->chroma_width &&
                         gather->frame.chroma_height == frame->chroma_height));
}

bool
lince_gather_resize (LinceGather *gather, const LinceFrame *frame, LinceError *error)
{
  bool chroma = frame->cb.data != NULL && frame->cr.data != NULL;
  LincePlane *planes[COMPONENTS];

  if (fits (gather, frame)) {
    gather->frame.interlaced = frame->interlaced;
    return lince_pyramid_resize (gather->pyramid, &gather->frame, error);
  }
  free_planes (gather);
  lince_gather_clear (gather);
  gather->frame = *frame;
  planes[0] = &gather->frame.luma;
  planes[1] = &gather->frame.cb;
  planes[2] = &gather->frame.cr;
  for (int c = 0; c < COMPONENTS; c++) {
    size_t count;

    gather->width[c] = c == 0 ? frame->width : chroma ? frame->chroma_width : 0;
    gather->height[c] = c == 0 ? frame->height : chroma ? frame->chroma_height : 0;
    count = (size_t) gather->width[c] * (size_t) gather->height[c];
    *planes[c] = (LincePlane){NULL, gather->width[c], 1};
    if (count == 0)
      continue;
    gather->mean[c] = malloc (count);
    gather->sums[0][c] = malloc (count * sizeof (uint16_t));
    gather->sums[1][c] = malloc (count * sizeof (uint16_t));
    if (gather->mean[c] == NULL || gather->sums[0][c] == NULL || gather->sums[1][c] == NULL)
      goto fail;
    planes[c]->data = gather->mean[c];
  }
  if (lince_pyramid_resize (gather->pyramid, &gather->frame, error))
    return true;
fail:
  free_planes (gather);
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to gather frames of %d x %d pixels",
      frame->width, frame->height);
  return false;
}

static void
add_band (void *context, uint32_t item, uint32_t thread)
{
  const Task *task = context;
  const LinceGather *gather = task->gather;
  const LincePlane *plane = task->planes[task->component];
  int width = gather->width[task->component], height = gather->height[task->component];
  int end = ((int) item + 1) * BAND < height ? ((int) item + 1) * BAND : height;

  for (int y = (int) item * BAND; y < end; y++) {
    const uint8_t *row = plane->data + (ptrdiff_t) y * plane->stride;
    uint16_t *sum = gather->sums[0][task->component] + (size_t) y * (size_t) width;

    if (gather->filled == 0)
      memset (sum, 0, (size_t) width * sizeof *sum);
    if (plane->step == 1)
      lince_kernels ()->add_row (row, sum, width);
    else
      for (int x = 0; x < width; x++)
        sum[x] = (uint16_t) (sum[x] + row[(ptrdiff_t) x * plane->step]);
  }
}

static void
mean_band (void *context, uint32_t item, uint32_t thread)
{
  const Task *task = context;
  const LinceGather *gather = task->gather;
  int c = task->component, width = gather->width[c], height = gather->height[c];
  int end = ((int) item + 1) * BAND < height ? ((int) item + 1) * BAND : height;
  /* a division by 8 to 12 in 65536ths: the sums are below 12 * 255 */
  uint32_t factor = (65536 + task->divisor / 2) / task->divisor;

  for (int y = (int) item * BAND; y < end; y++) {
    size_t at = (size_t) y * (size_t) width;

    /* before there are two the first stands for both */
    lince_kernels ()->mean_row (gather->sums[0][c] + at,
        gather->sums[gather->before > 0 ? 1 : 0][c] + at, factor, gather->mean[c] + at, width);
  }
}

static void
for_all (LinceGather *gather, Task *task, LincePoolFunction function, LincePool *pool)
{
  for (int c = 0; c < COMPONENTS; c++) {
    task->component = c;
    if (gather->mean[c] != NULL)
      lince_pool_run (pool, function, task, (uint32_t) (gather->height[c] + BAND - 1) / BAND);
  }
}

bool
lince_gather_add (LinceGather *gather, const LinceFrame *frame, LincePool *pool)
{
  Task task = {gather, {&frame->luma, &frame->cb, &frame->cr}, 0, 0};
  bool due;

  for_all (gather, &task, add_band, pool);
  gather->frame.matrix = frame->matrix;
  gather->filled++;
  gather->total++;
  due = gather->total == LINCE_GATHER_FIRST || gather->filled == LINCE_GATHER_BLOCK;
  if (!due)
    return false;
  task.divisor = gather->filled + (gather->before > 0 ? gather->before : gather->filled);
  for_all (gather, &task, mean_band, pool);
  lince_pyramid_build (gather->pyramid, &gather->frame, pool);
  if (gather->filled == LINCE_GATHER_BLOCK) {
    for (int c = 0; c < COMPONENTS; c++) {
      uint16_t *swap = gather->sums[0][c];

      gather->sums[0][c] = gather->sums[1][c];
      gather->sums[1][c] = swap;
    }
    gather->before = gather->filled;
    gather->filled = 0;
  }
  return true;
}

const LincePyramid *
lince_gather_pyramid (const LinceGather *gather)
{
  return gather->pyramid;
}
