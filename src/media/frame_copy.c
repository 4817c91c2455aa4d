/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/frame_copy.h"

#include <string.h>

struct _LinceFrameCopy {
  LinceFrame frame;
  guint8 *pixels;
  gsize size;
  float scale_x, scale_y; /* pixels of the frame for one of the copy */
};

LinceFrameCopy *
lince_frame_copy_new (void)
{
  return g_new0 (LinceFrameCopy, 1);
}

void
lince_frame_copy_free (LinceFrameCopy *copy)
{
  if (copy == NULL)
    return;
  g_free (copy->pixels);
  g_free (copy);
}

static guint8
block_mean (const LincePlane *plane, int x, int y, int factor, gboolean one_row)
{
  int rows = one_row ? 1 : factor;
  guint sum = 0;

  for (int j = 0; j < rows; j++) {
    for (int i = 0; i < factor; i++)
      sum += plane->data[(ptrdiff_t) (y + j) * plane->stride + (ptrdiff_t) (x + i) * plane->step];
  }
  return (guint8) ((sum + (guint) (rows * factor) / 2) / (guint) (rows * factor));
}

/* Writes width x height samples, each the mean of factor x factor of the plane (of one row of the
 * top field when `one_row`). */
static void
reduce (const LincePlane *plane, guint8 *to, int width, int height, int factor, gboolean one_row)
{
  for (int y = 0; y < height; y++, to += width) {
    const guint8 *row = plane->data + (ptrdiff_t) y * plane->stride;

    if (factor > 1) {
      int from = one_row ? (y * factor) & ~1 : y * factor;

      for (int x = 0; x < width; x++)
        to[x] = block_mean (plane, x * factor, from, factor, one_row);
    } else if (plane->step == 1) {
      memcpy (to, row, (gsize) width);
    } else {
      for (int x = 0; x < width; x++)
        to[x] = row[(ptrdiff_t) x * plane->step];
    }
  }
}

/* The factor by which chroma of `width` x `height` fits `room` bytes, or 0 when it is not worth it.
 */
static int
chroma_factor (int width, int height, int smallest, gsize room)
{
  for (int factor = smallest; factor <= 2 * smallest; factor++) {
    if (2 * (gsize) (width / factor) * (gsize) (height / factor) <= room)
      return width / factor > 0 && height / factor > 0 ? factor : 0;
  }
  return 0;
}

void
lince_frame_copy_take (LinceFrameCopy *copy, const LinceFrame *frame)
{
  LinceFrame *to = &copy->frame;
  gsize luma, chroma = 0;
  gboolean one_row;
  int factor = 1, factor_chroma = 0;

  while ((gsize) (frame->width / factor) * (gsize) (frame->height / factor) > LINCE_FRAME_COPY_MAX)
    factor++;
  one_row = frame->interlaced && factor > 1;
  *to = *frame;
  to->width = frame->width / factor;
  to->height = frame->height / factor;
  to->interlaced = frame->interlaced && factor == 1;
  to->chroma_width = to->chroma_height = 0;
  to->cb = to->cr = (LincePlane){NULL, 0, 0};
  luma = (gsize) to->width * (gsize) to->height;
  if (frame->cb.data != NULL && !one_row)
    factor_chroma = chroma_factor (
        frame->chroma_width, frame->chroma_height, factor, LINCE_FRAME_COPY_MAX - luma);
  if (factor_chroma > 0 && !(frame->interlaced && factor_chroma > 1)) {
    to->chroma_width = frame->chroma_width / factor_chroma;
    to->chroma_height = frame->chroma_height / factor_chroma;
    chroma = (gsize) to->chroma_width * (gsize) to->chroma_height;
  }
  if (copy->size < luma + 2 * chroma) {
    copy->size = luma + 2 * chroma;
    g_free (copy->pixels);
    copy->pixels = g_malloc (copy->size);
  }
  to->luma = (LincePlane){copy->pixels, to->width, 1};
  reduce (&frame->luma, copy->pixels, to->width, to->height, factor, one_row);
  if (chroma > 0) {
    to->cb = (LincePlane){copy->pixels + luma, to->chroma_width, 1};
    to->cr = (LincePlane){copy->pixels + luma + chroma, to->chroma_width, 1};
    reduce (
        &frame->cb, copy->pixels + luma, to->chroma_width, to->chroma_height, factor_chroma, FALSE);
    reduce (&frame->cr, copy->pixels + luma + chroma, to->chroma_width, to->chroma_height,
        factor_chroma, FALSE);
  }
  /* what a whole factor leaves over at the right and below is not looked at */
  copy->scale_x = copy->scale_y = (float) factor;
}

const LinceFrame *
lince_frame_copy_get (const LinceFrameCopy *copy)
{
  return &copy->frame;
}

static void
scale_corners (const LinceFrameCopy *copy, LincePlacement *placement)
{
  for (int i = 0; i < 4; i++) {
    placement->corners[i].x *= copy->scale_x;
    placement->corners[i].y *= copy->scale_y;
  }
}

void
lince_frame_copy_restore (
    const LinceFrameCopy *copy, const LinceResult *result, LinceResultCopy *restored)
{
  LinceIndex *old = restored->result.index;

  restored->result = *result;
  if (result->index != NULL)
    lince_index_ref (result->index);
  lince_index_unref (old);
  restored->result.placement_count = MIN (result->placement_count, LINCE_MAX_PLACEMENTS);
  restored->result.change_count = MIN (result->change_count, LINCE_MAX_CHANGES);
  for (guint i = 0; i < restored->result.placement_count; i++) {
    restored->placements[i] = result->placements[i];
    scale_corners (copy, &restored->placements[i]);
  }
  for (guint i = 0; i < restored->result.change_count; i++) {
    restored->changes[i] = result->changes[i];
    scale_corners (copy, &restored->changes[i].placement);
  }
  restored->result.placements = restored->placements;
  restored->result.changes = restored->changes;
}

void
lince_result_copy_clear (LinceResultCopy *restored)
{
  lince_index_unref (restored->result.index);
  memset (&restored->result, 0, sizeof restored->result);
}
