/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/mark_sieve.h"

#include <math.h>
#include <string.h>

#define SIDE 100  /* pixels of the level that a mark should have */
#define REACH 2   /* pixels along the normal in which an edge is looked for */
#define NOISE 4.f /* grey levels over two pixels that say nothing */
#define OFF .08f  /* of the score, for a pixel by which an edge is off */

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

/* Whether all that edge_at() looks at lies in the picture. */
static bool
is_inner (const LinceGrey *grey, float x, float y)
{
  const float reach = REACH + 2;

  return x >= reach && y >= reach && x < (float) grey->width - reach &&
         y < (float) grey->height - reach;
}

/* How clearly one component has an edge across (nx, ny) near (x, y), all in its pixels: -1 to 1, by
 * its direction; less for one that is off. `*height` is raised to the edge's grey levels. */
static float
edge_at (const LinceGrey *grey, float x, float y, float nx, float ny, float *height)
{
  bool inner = is_inner (grey, x, y);
  int samples[2 * REACH + 3], best = 0, along, at = 0;
  float across;

  for (int i = 0; i < 2 * REACH + 3; i++) {
    float u = x + (float) (i - REACH - 1) * nx, v = y + (float) (i - REACH - 1) * ny;

    samples[i] =
        inner ? grey->data[(ptrdiff_t) v * grey->stride + (ptrdiff_t) u] : value (grey, u, v);
  }
  for (int i = 1; i < 2 * REACH + 2; i++) {
    int difference = samples[i + 1] - samples[i - 1];

    if (difference * difference > best * best) {
      best = difference;
      at = i - REACH - 1;
    }
  }
  x += (float) at * nx;
  y += (float) at * ny;
  along = value (grey, x - ny, y + nx) - value (grey, x + ny, y - nx);
  across = (float) (best < 0 ? -best : best);
  *height = across > *height ? across : *height;
  across = (float) best / (sqrtf ((float) (best * best + along * along)) + NOISE);
  return across * (1 - OFF * (float) (at < 0 ? -at : at));
}

/* What the points of a mark add up to. */
typedef struct {
  float signed_edges, clear, outline[3][2]; /* outline: brighter inside, darker inside */
  float height, roughness;
  uint32_t inner, outer, flats;
} Evidence;

static void
add_edge (Evidence *evidence, const Components *components, const LinceMarkPoint *point, float u,
    float v, float nx, float ny)
{
  float most = 0, height = 0;

  for (int c = 0; c < 3; c++) {
    const LincePyramidLevel *level = components->levels[c];
    float edge;

    if (level == NULL || (point->channel != 3 && point->channel != c))
      continue;
    edge = edge_at (&level->grey, u / level->scale_x, v / level->scale_y, nx, ny, &height);
    if (point->channel != 3)
      evidence->signed_edges += edge;
    else
      evidence->outline[c][edge < 0] += fabsf (edge);
    most = fabsf (edge) > most ? fabsf (edge) : most;
  }
  evidence->height += height;
  if (point->channel == 3) {
    evidence->clear += most;
    evidence->outer++;
  } else {
    evidence->inner++;
  }
}

static void
add_flat (Evidence *evidence, const Components *components, float u, float v)
{
  const LincePyramidLevel *level = components->levels[0];
  float x = u / level->scale_x, y = v / level->scale_y;
  int across = value (&level->grey, x + 1, y) - value (&level->grey, x - 1, y);
  int down = value (&level->grey, x, y + 1) - value (&level->grey, x, y - 1);

  evidence->flats++;
  evidence->roughness += sqrtf ((float) (across * across + down * down));
}

static float
judge (const Evidence *evidence)
{
  float most = 0, edges = (float) (evidence->inner + evidence->outer), score;

  for (int c = 0; c < 3; c++)
    for (int s = 0; s < 2; s++)
      most = evidence->outline[c][s] > most ? evidence->outline[c][s] : most;
  if (edges == 0)
    return 0;
  score = (evidence->signed_edges + .5f * evidence->clear + .5f * most) / edges;
  if (evidence->flats > 0) {
    float rough = evidence->roughness / (float) evidence->flats;
    float high = evidence->height / edges + NOISE;

    score -= .4f * (rough < high ? rough / high : 1);
  }
  return score;
}

void
lince_mark_sieve (
    const LinceMarks *marks, const LincePyramid *pyramid, uint32_t points, LinceMarkTrial *trial)
{
  const float *m = trial->matrix;
  LinceMarkImage image = lince_mark_image (marks, trial->image);
  Components components = choose_levels (pyramid, trial->size);
  Evidence evidence = {0};

  for (uint32_t i = 0; i < image.points && i < points; i++) {
    LinceMarkPoint point;
    float x, y, u, v, nx, ny, length;

    memcpy (&point, (const LinceMarkPoint *) marks->points + image.first_point + i, sizeof point);
    x = (float) point.x * image.width / 65536;
    y = (float) point.y * image.height / 65536;
    u = trial->origin[0] + m[0] * x + m[1] * y;
    v = trial->origin[1] + m[2] * x + m[3] * y;
    if (point.nx == 0 && point.ny == 0) {
      add_flat (&evidence, &components, u, v);
      continue;
    }
    /* a normal goes by the inverse transpose */
    nx = m[3] * (float) point.nx - m[2] * (float) point.ny;
    ny = m[0] * (float) point.ny - m[1] * (float) point.nx;
    length = sqrtf (nx * nx + ny * ny);
    if (length > 0)
      add_edge (&evidence, &components, &point, u, v, nx / length, ny / length);
  }
  trial->score = judge (&evidence) + .25f * trial->weight / (1 + trial->weight);
}
