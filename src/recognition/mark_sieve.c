/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/mark_sieve.h"

#include <math.h>
#include <string.h>

#define SIDE 100    /* pixels of the level that a mark should have */
#define REACH 2     /* pixels along the normal in which an edge is looked for */
#define LUMA_EDGE 8 /* grey levels over two pixels */
#define CHROMA_EDGE 5
#define FLAT 12 /* grey levels over four pixels in a flat part, at most */

/* The three components at about one scale. */
typedef struct {
  const LincePyramidLevel *levels[3]; /* NULL: the frame has none */
} Components;

static Components
choose_levels (const LincePyramid *pyramid, float size)
{
  int luma = lince_pyramid_octave_count (pyramid), chroma = lince_pyramid_chroma_count (pyramid);
  Components components = {{NULL, NULL, NULL}};
  int octave = 0;

  while (octave + 1 < luma && size > 1.5f * SIDE * lince_pyramid_octave (pyramid, octave)->scale_x)
    octave++;
  components.levels[0] = lince_pyramid_octave (pyramid, octave);
  for (int c = 0; chroma > 0 && c < 2; c++) {
    int o = 0;

    while (o + 1 < chroma &&
           lince_pyramid_chroma (pyramid, c, o)->scale_x < components.levels[0]->scale_x)
      o++;
    components.levels[1 + c] = lince_pyramid_chroma (pyramid, c, o);
  }
  return components;
}

static int
value (const LinceGrey *grey, float x, float y)
{
  int column = x > 0 ? x < (float) grey->width ? (int) x : grey->width - 1 : 0;
  int row = y > 0 ? y < (float) grey->height ? (int) y : grey->height - 1 : 0;

  return grey->data[(ptrdiff_t) row * grey->stride + column];
}

/* The edge of one component across (nx, ny) near (x, y), all in its pixels: the signed difference
 * where it is largest, 0 where the change along the edge is as large. */
static int
edge_at (const LinceGrey *grey, float x, float y, float nx, float ny)
{
  int samples[2 * REACH + 3], best = 0, along, at = 0;

  for (int i = 0; i < 2 * REACH + 3; i++)
    samples[i] = value (grey, x + (float) (i - REACH - 1) * nx, y + (float) (i - REACH - 1) * ny);
  for (int i = 1; i < 2 * REACH + 2; i++) {
    int difference = samples[i + 1] - samples[i - 1];

    if (difference * difference > best * best) {
      best = difference;
      at = i - REACH - 1;
    }
  }
  x += (float) at * nx;
  y += (float) at * ny;
  along = value (grey, x - 1.5f * ny, y + 1.5f * nx) - value (grey, x + 1.5f * ny, y - 1.5f * nx);
  return 2 * along * along > best * best ? 0 : best;
}

static bool
has_edge (
    const Components *components, const LinceMarkPoint *point, float u, float v, float nx, float ny)
{
  for (int c = 0; c < 3; c++) {
    const LincePyramidLevel *level = components->levels[c];
    int difference;

    if (level == NULL || (point->channel != 3 && point->channel != c))
      continue;
    difference = edge_at (&level->grey, u / level->scale_x, v / level->scale_y, nx, ny);
    if (point->channel == 3)
      difference = difference < 0 ? -difference : difference;
    if (difference >= (c == 0 ? LUMA_EDGE : CHROMA_EDGE))
      return true;
  }
  return false;
}

static bool
is_flat (const Components *components, float u, float v)
{
  const LincePyramidLevel *level = components->levels[0];
  float x = u / level->scale_x, y = v / level->scale_y;
  int across = value (&level->grey, x + 2, y) - value (&level->grey, x - 2, y);
  int down = value (&level->grey, x, y + 2) - value (&level->grey, x, y - 2);

  return across * across + down * down <= FLAT * FLAT;
}

void
lince_mark_sieve (const LinceMarks *marks, const LincePyramid *pyramid, LinceMarkTrial *trial)
{
  const float *m = trial->matrix;
  LinceMarkImage image = lince_mark_image (marks, trial->image);
  Components components = choose_levels (pyramid, trial->size);
  uint32_t edges = 0, hits = 0, flats = 0, smooth = 0;
  float edge_share, flat_share;

  for (uint32_t i = 0; i < image.points; i++) {
    LinceMarkPoint point;
    float x, y, u, v, nx, ny, length;

    memcpy (&point, (const LinceMarkPoint *) marks->points + image.first_point + i, sizeof point);
    x = (float) point.x * image.width / 65536;
    y = (float) point.y * image.height / 65536;
    u = trial->origin[0] + m[0] * x + m[1] * y;
    v = trial->origin[1] + m[2] * x + m[3] * y;
    if (point.nx == 0 && point.ny == 0) {
      flats++;
      smooth += is_flat (&components, u, v);
      continue;
    }
    /* a normal goes by the inverse transpose */
    nx = m[3] * (float) point.nx - m[2] * (float) point.ny;
    ny = m[0] * (float) point.ny - m[1] * (float) point.nx;
    length = sqrtf (nx * nx + ny * ny);
    edges++;
    if (length > 0)
      hits += has_edge (&components, &point, u, v, nx / length, ny / length);
  }
  edge_share = edges > 0 ? (float) hits / (float) edges : 0;
  flat_share = flats > 0 ? (float) smooth / (float) flats : 1;
  trial->score = edge_share - .4f * (1 - flat_share) + .25f * trial->score / (1 + trial->score);
}
