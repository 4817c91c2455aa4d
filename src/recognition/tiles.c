/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/tiles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 3840 /* of a frame, magnified; there 4 % of it has detail enough */
#define MOST_TIMES 4
#define MARGIN 24     /* frame pixels that a tile has in common with its neighbours */
#define LEAST_SIDE 64 /* of a tile, frame pixels */
#define MOST_SIDE (LINCE_FRAME_MAX_SIDE / LINCE_TILE_COLUMNS + 2 * MARGIN)
#define BAND 32 /* magnified rows that one item of the pool makes */

struct LinceTiles {
  LincePyramid *pyramid; /* of the magnified tile */
  LinceSearch *search;
  uint8_t *pixels;   /* of the magnified tile */
  size_t size;       /* bytes there is room for */
  int times;         /* by which it is magnified; 0: there are no tiles */
  int width, height; /* of a tile, frame pixels */
};

/* One tile on its way to being magnified. */
typedef struct {
  const LinceTiles *tiles;
  LinceGrey from; /* its own pixels */
} Magnifying;

LinceTiles *
lince_tiles_new (LinceError *error)
{
  LinceTiles *tiles = calloc (1, sizeof *tiles);

  if (!tiles) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the tiles of a frame");
    return NULL;
  }
  if (!(tiles->pyramid = lince_pyramid_new (error)) || !(tiles->search = lince_search_new (error)))
    goto fail;
  return tiles;
fail:
  lince_tiles_free (tiles);
  return NULL;
}

void
lince_tiles_free (LinceTiles *tiles)
{
  if (!tiles)
    return;
  lince_search_free (tiles->search);
  lince_pyramid_free (tiles->pyramid);
  free (tiles->pixels);
  free (tiles);
}

static LinceFrame
magnified_frame (const LinceTiles *tiles)
{
  int width = tiles->width * tiles->times, height = tiles->height * tiles->times;

  return (LinceFrame){.width = width,
      .height = height,
      .luma = {.data = tiles->pixels, .stride = width, .step = 1}};
}

/* Sets the sizes; false where nothing is gained. */
static bool
plan (LinceTiles *tiles, const LincePyramidLevel *base)
{
  int width = base->grey.width, height = base->grey.height;
  int times = (WIDTH + width / 2) / width;

  tiles->times = 0;
  tiles->width = width / LINCE_TILE_COLUMNS + 2 * MARGIN;
  tiles->height = height / LINCE_TILE_ROWS + 2 * MARGIN;
  if (times < 2 || base->scale_x != 1 || base->scale_y != 1 || tiles->width < LEAST_SIDE ||
      tiles->height < LEAST_SIDE || tiles->width > width || tiles->height > height)
    return false;
  tiles->times = times < MOST_TIMES ? times : MOST_TIMES;
  return true;
}

bool
lince_tiles_resize (
    LinceTiles *tiles, const LincePyramid *pyramid, uint32_t threads, LinceError *error)
{
  LinceFrame frame;
  size_t size;

  if (!plan (tiles, lince_pyramid_octave (pyramid, 0)))
    return true;
  size = (size_t) (tiles->width * tiles->times) * (size_t) (tiles->height * tiles->times);
  if (tiles->size < size) {
    free (tiles->pixels);
    tiles->pixels = malloc (size);
    tiles->size = tiles->pixels ? size : 0;
  }
  if (!tiles->pixels) {
    tiles->times = 0;
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a magnified tile");
    return false;
  }
  frame = magnified_frame (tiles);
  return lince_pyramid_resize (tiles->pyramid, &frame, error) &&
         lince_search_resize (tiles->search, tiles->pyramid, threads, error);
}

uint32_t
lince_tiles_count (const LinceTiles *tiles)
{
  return tiles->times > 0 ? LINCE_TILES : 0;
}

void
lince_tiles_weigh (const LinceTiles *tiles, const LinceSearch *search, LinceTileTurns *turns)
{
  uint32_t count = lince_search_keypoint_count (search);
  float width = (float) (tiles->width - 2 * MARGIN), height = (float) (tiles->height - 2 * MARGIN);

  memset (turns->weights, 0, sizeof turns->weights);
  for (uint32_t i = 0; i < count; i++) {
    float x, y;
    uint32_t column, row;

    lince_search_keypoint (search, i, &x, &y);
    column = (uint32_t) (x / width);
    row = (uint32_t) (y / height);
    turns->weights[(row < LINCE_TILE_ROWS ? row : LINCE_TILE_ROWS - 1) * LINCE_TILE_COLUMNS +
                   (column < LINCE_TILE_COLUMNS ? column : LINCE_TILE_COLUMNS - 1)]++;
  }
}

uint32_t
lince_tiles_next (LinceTileTurns *turns)
{
  uint64_t most = 0;
  uint32_t best = 0;

  for (uint32_t t = 0; t < LINCE_TILES; t++) {
    uint64_t want = (uint64_t) ++turns->waited[t] * (turns->weights[t] + 1);

    if (want > most) {
      most = want;
      best = t;
    }
  }
  turns->waited[best] = 0;
  return best;
}

/* Where the tile begins along one axis: all are of one size, so those at the edges reach further
 * in. */
static int
begin_of (int number, int count, int size, int whole)
{
  int begin = number * (whole / count) - MARGIN;

  begin = begin < 0 ? 0 : begin;
  return begin > whole - size ? whole - size : begin;
}

/* Magnified pixel i lies `fraction` of 2 `times` parts behind source pixel `at`. */
static void
place (int i, int times, int *at, int *fraction)
{
  int parts = 2 * i + 1 - times;

  *at = parts < 0 ? -1 : parts / (2 * times);
  *fraction = parts - *at * 2 * times;
}

static int
within (int i, int size)
{
  return i < 0 ? 0 : i < size ? i : size - 1;
}

static void
magnify_row (const LinceTiles *tiles, const LinceGrey *from, int y, uint8_t *to)
{
  int times = tiles->times, unit = 2 * times, row, fraction;
  uint32_t reciprocal = (65536 + (uint32_t) (unit * unit) / 2) / (uint32_t) (unit * unit);
  uint32_t between[MOST_SIDE + 2]; /* the row's own pixels, interpolated upright; ends repeated */
  const uint8_t *above, *below;

  place (y, times, &row, &fraction);
  above = from->data + within (row, from->height) * from->stride;
  below = from->data + within (row + 1, from->height) * from->stride;
  for (int x = 0; x < from->width; x++)
    between[x + 1] = (uint32_t) (above[x] * (unit - fraction) + below[x] * fraction);
  between[0] = between[1];
  between[from->width + 1] = between[from->width];
  for (int phase = 0; phase < times; phase++) {
    int first;

    place (phase, times, &first, &fraction);
    for (int x = 0; x < from->width; x++)
      to[x * times + phase] = (uint8_t) (((between[x + first + 1] * (uint32_t) (unit - fraction) +
                                              between[x + first + 2] * (uint32_t) fraction) *
                                                 reciprocal +
                                             32768) >>
                                         16);
  }
}

static void
magnify_band (void *context, uint32_t item, uint32_t thread)
{
  const Magnifying *magnifying = context;
  const LinceTiles *tiles = magnifying->tiles;
  int end = ((int) item + 1) * BAND, width = tiles->width * tiles->times;

  end = end < tiles->height * tiles->times ? end : tiles->height * tiles->times;
  for (int y = (int) item * BAND; y < end; y++)
    magnify_row (tiles, &magnifying->from, y, tiles->pixels + (size_t) y * (size_t) width);
}

/* From the magnified tile to the frame. */
static void
map_back (double h[9], double times, int left, int top)
{
  for (int i = 0; i < 3; i++) {
    h[i] = h[i] / times + left * h[6 + i];
    h[3 + i] = h[3 + i] / times + top * h[6 + i];
  }
}

uint32_t
lince_tiles_search (LinceTiles *tiles, const LincePyramid *pyramid, uint32_t tile,
    const LinceTexturedSet *set, uint32_t keypoints, LincePool *pool, LinceProfile *profile,
    LinceHypothesis *hypotheses)
{
  const LinceGrey *grey = &lince_pyramid_octave (pyramid, 0)->grey;
  int left =
      begin_of ((int) tile % LINCE_TILE_COLUMNS, LINCE_TILE_COLUMNS, tiles->width, grey->width);
  int top =
      begin_of ((int) tile / LINCE_TILE_COLUMNS, LINCE_TILE_ROWS, tiles->height, grey->height);
  Magnifying magnifying = {
      tiles, {grey->data + top * grey->stride + left, grey->stride, tiles->width, tiles->height}};
  LinceFrame frame = magnified_frame (tiles);
  uint32_t count;

  lince_pool_run (pool, magnify_band, &magnifying, (uint32_t) (frame.height + BAND - 1) / BAND);
  lince_pyramid_build (tiles->pyramid, &frame, pool);
  count = lince_search_run (
      tiles->search, tiles->pyramid, set, 0, keypoints, pool, profile, hypotheses);
  for (uint32_t i = 0; i < count; i++)
    map_back (hypotheses[i].homography, tiles->times, left, top);
  return count;
}
