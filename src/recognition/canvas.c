/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/canvas.h"

#include <math.h>
#include <string.h>

#include "recognition/kernels/kernels.h"
#include "recognition/lanes.h"
#include "recognition/levels.h"
#include "recognition/limit.h"
#include "recognition/quad.h"

/* Chroma of half the sides at the middle of luma sample (x, y), bilinear in sixteenths. */
static float
chroma_at (const uint8_t *plane, int width, int height, int x, int y)
{
  int x0 = lince_clamp ((x - 1) >> 1, 0, width - 1),
      x1 = lince_clamp (((x - 1) >> 1) + 1, 0, width - 1);
  int y0 = lince_clamp ((y - 1) >> 1, 0, height - 1),
      y1 = lince_clamp (((y - 1) >> 1) + 1, 0, height - 1);
  int fx = x & 1 ? 1 : 3, fy = y & 1 ? 1 : 3;
  int top = plane[y0 * width + x0] * (4 - fx) + plane[y0 * width + x1] * fx;
  int bottom = plane[y1 * width + x0] * (4 - fx) + plane[y1 * width + x1] * fx;

  return (float) (top * (4 - fy) + bottom * fy) / 16.f;
}

/* Video range, as broadcast: luma of 219 levels from 16, chroma of 224 around 0. */
static void
take_pixel (LinceCanvas *c, const LinceReferenceLevel *level, int i, int x, int y)
{
  int at = y * level->width + x;
  int width = lince_reference_chroma_width (level), height = lince_reference_chroma_height (level);

  c->colour[0][i] = 16.f + (float) level->luma[at] * (219.f / 255.f);
  c->colour[1][i] = (chroma_at (level->cb, width, height, x, y) - 128.f) * (224.f / 255.f);
  c->colour[2][i] = (chroma_at (level->cr, width, height, x, y) - 128.f) * (224.f / 255.f);
}

void
lince_canvas_take_reference (LinceCanvas *c, const LinceReference *reference, int number)
{
  const LinceReferenceLevel *level = &reference->levels[number];
  int shorter = level->width < level->height ? level->width : level->height;
  double kx = (double) reference->width / level->width;
  double ky = (double) reference->height / level->height;

  c->margin = lince_clamp (shorter * 3 / 20, 4, 12);
  c->columns = level->width + 2 * c->margin;
  c->rows = level->height + 2 * c->margin;
  c->stride = (c->columns + LINCE_LANES - 1) / LINCE_LANES * LINCE_LANES;
  c->count = c->stride * c->rows;
  memcpy (c->to_reference, (double[9]){kx, 0, -c->margin * kx, 0, ky, -c->margin * ky, 0, 0, 1},
      sizeof c->to_reference);
  for (int y = 0; y < c->rows; y++)
    for (int x = 0; x < c->stride; x++) {
      int i = y * c->stride + x, px = x - c->margin, py = y - c->margin;
      int qx = lince_clamp (px, 0, level->width - 1), qy = lince_clamp (py, 0, level->height - 1);

      take_pixel (c, level, i, qx, qy);
      c->alpha[i] = px != qx || py != qy ? 0.f
                    : level->mask        ? (float) level->mask[qy * level->width + qx] / 255.f
                                         : 1.f;
    }
}

/* One pass of weights (share, 1 - 2 share, share) down the columns and along the rows. */
static void
smooth_alpha (LinceCanvas *c, float share, const float *from, float *scratch, float *to)
{
  for (int y = 0; y < c->rows; y++) {
    const float *row = from + y * c->stride;
    const float *above = y > 0 ? row - c->stride : row;
    const float *below = y + 1 < c->rows ? row + c->stride : row;

    for (int x = 0; x < c->stride; x += LINCE_LANES)
      lince_lanes_store (scratch + y * c->stride + x,
          lince_lanes_load (row + x) * (1 - 2 * share) +
              (lince_lanes_load (above + x) + lince_lanes_load (below + x)) * share);
  }
  for (int y = 0; y < c->rows; y++) {
    const float *row = scratch + y * c->stride;

    for (int x = 0; x < c->stride; x++) {
      float left = x > 0 ? row[x - 1] : row[x], right = x + 1 < c->stride ? row[x + 1] : row[x];

      to[y * c->stride + x] = row[x] * (1 - 2 * share) + (left + right) * share;
    }
  }
}

/* A chroma sample is the mean of 2 x 2 pixels, and between samples it is interpolated over 4 x 4:
 * variances of 1/3 and 2/3 of a frame pixel's square each way. Two passes have four times their
 * share. */
void
lince_canvas_soften (LinceCanvas *c, double scale)
{
  float share = scale > 1 ? (float) (0.25 / (scale * scale)) : 0.25f;

  smooth_alpha (c, share, c->alpha, c->weight, c->soft_alpha);
  smooth_alpha (c, share, c->soft_alpha, c->weight, c->soft_alpha);
}

/* Samples a picture where `map` puts the level's pixels: to its own. */
static void
sample (const LinceCanvas *c, const LinceGrey *grey, const float map[9], float offset, float *out)
{
  LinceSampling sampling = {.data = grey->data,
      .stride = grey->stride,
      .width = grey->width,
      .height = grey->height,
      .offset = offset};

  memcpy (sampling.map, map, sizeof sampling.map);
  lince_kernels ()->sample_rows (&sampling, &(LinceRows){c->stride, c->rows, c->stride}, out);
}

static bool
is_inside (const float map[9], float u, float v, float width, float height)
{
  float w = map[6] * u + map[7] * v + map[8];
  float x = map[0] * u + map[1] * v + map[2], y = map[3] * u + map[4] * v + map[5];

  return w > 0.05f && x > 0.5f * w && y > 0.5f * w && x < (width - 0.5f) * w &&
         y < (height - 0.5f) * w;
}

/* Which pixels lie within the frame and the level. */
static void
mark_valid (LinceCanvas *c, const float map[9], float width, float height)
{
  float right = (float) c->columns, bottom = (float) c->rows;
  /* what is between points that are inside is inside */
  bool all = is_inside (map, 0, 0, width, height) && is_inside (map, right, 0, width, height) &&
             is_inside (map, 0, bottom, width, height) &&
             is_inside (map, right, bottom, width, height);

  for (int y = 0; y < c->rows; y++)
    for (int x = 0; x < c->stride; x++) {
      bool inside = x < c->columns &&
                    (all || is_inside (map, (float) x + 0.5f, (float) y + 0.5f, width, height));

      c->valid[y * c->stride + x] = inside ? 1.f : 0.f;
    }
}

/* What the matrices of newer video have to be corrected by to become BT.601, in which the reference
 * is: luma by Cb and Cr, Cb by itself and Cr, Cr by Cb and itself. Without it a pure green in
 * BT.709 is brighter by 28 levels of luma, which the fit of the light takes for a gain of 1.29
 * where it is 1.08. */
static void
correct_matrix (LinceCanvas *c, LinceColourMatrix matrix)
{
  static const float corrections[][6] = {
      [LINCE_COLOUR_BT709] = {.101579f, .196076f, .989854f, -.110653f, -.072453f, .983398f},
      [LINCE_COLOUR_BT2020] = {.117887f, .105521f, .995211f, -.059549f, -.084085f, .976519f},
  };
  const float *k, luma = 219.f / 224.f;

  if (matrix < LINCE_COLOUR_BT709 || matrix > LINCE_COLOUR_BT2020)
    return;
  k = corrections[matrix];
  for (int i = 0; i < c->count; i += LINCE_LANES) {
    LinceLanes y = lince_lanes_load (c->frame[0] + i);
    LinceLanes cb = lince_lanes_load (c->frame[1] + i), cr = lince_lanes_load (c->frame[2] + i);

    lince_lanes_store (c->frame[0] + i, y + (cb * k[0] + cr * k[1]) * luma);
    lince_lanes_store (c->frame[1] + i, cb * k[2] + cr * k[3]);
    lince_lanes_store (c->frame[2] + i, cb * k[4] + cr * k[5]);
  }
}

bool
lince_canvas_take_frame (
    LinceCanvas *c, const LincePyramid *pyramid, const double homography[9], double scale)
{
  const LincePyramidLevel *base = lince_pyramid_octave (pyramid, 0);
  double whole[9], middle;
  float map[9];

  lince_homography_compose (homography, c->to_reference, whole);
  middle = lince_homography_middle (whole, c->columns, c->rows);
  if (middle == 0)
    return false;
  lince_homography_onto (whole, middle, 1, 1, map);
  mark_valid (
      c, map, (float) base->grey.width * base->scale_x, (float) base->grey.height * base->scale_y);
  c->components = lince_pyramid_chroma_count (pyramid) > 0 ? LINCE_CANVAS_COMPONENTS : 1;
  for (int k = 0; k < c->components; k++) {
    int octave = lince_level_octave (pyramid, k, scale);
    const LincePyramidLevel *level = k == 0 ? lince_pyramid_octave (pyramid, octave)
                                            : lince_pyramid_chroma (pyramid, k - 1, octave);
    float to_level[9];

    for (int i = 0; i < 9; i++)
      to_level[i] = i < 3 ? map[i] / level->scale_x : i < 6 ? map[i] / level->scale_y : map[i];
    sample (c, &level->grey, to_level, k ? 128.f : 0.f, c->frame[k]);
  }
  if (c->components == LINCE_CANVAS_COMPONENTS)
    correct_matrix (c, lince_pyramid_matrix (pyramid));
  return true;
}

/* Samples of a plane of the reference where `map` puts the level's pixels: to plane pixels. */
static void
take_plane (const LinceCanvas *c, const LinceGrey *plane, const float map[9], float scale,
    float offset, float *out)
{
  sample (c, plane, map, 0, out);
  for (int i = 0; i < c->count; i++)
    out[i] = out[i] * scale + offset;
}

/* Opacity of the reference where `map` puts the level's pixels; 0 outside of it. */
static void
take_alpha (LinceCanvas *c, const LinceReferenceLevel *level, const float map[9])
{
  if (level->mask)
    take_plane (c, &(LinceGrey){level->mask, level->width, level->width, level->height}, map,
        1 / 255.f, 0, c->alpha);
  for (int y = 0; y < c->rows; y++)
    for (int x = 0; x < c->stride; x++) {
      float u = (float) x + 0.5f, v = (float) y + 0.5f;
      float w = map[6] * u + map[7] * v + map[8];
      float px = map[0] * u + map[1] * v + map[2], py = map[3] * u + map[4] * v + map[5];
      bool inside = w > 0.05f && px > 0 && py > 0 && px < (float) level->width * w &&
                    py < (float) level->height * w;

      if (!inside || !level->mask)
        c->alpha[y * c->stride + x] = inside ? 1.f : 0.f;
    }
}

bool
lince_canvas_take_other (LinceCanvas *c, const LinceReference *other, const double between[9])
{
  const LinceReferenceLevel *level = &other->levels[0];
  double whole[9], middle;
  float map[9], half[9];
  int width, height;

  lince_homography_compose (between, c->to_reference, whole);
  middle = lince_homography_middle (whole, c->columns, c->rows);
  if (middle == 0)
    return false;
  for (int i = 0; i < other->level_count; i++) {
    double share = (double) other->width / other->levels[i].width;

    level = &other->levels[i];
    if (i + 1 == other->level_count || fabs (whole[0] / middle) < 1.4 * share)
      break;
  }
  width = lince_reference_chroma_width (level);
  height = lince_reference_chroma_height (level);
  lince_homography_onto (whole, middle, (double) level->width / other->width,
      (double) level->height / other->height, map);
  for (int i = 0; i < 9; i++)
    half[i] = i < 6 ? map[i] / 2 : map[i];
  take_alpha (c, level, map);
  take_plane (c, &(LinceGrey){level->luma, level->width, level->width, level->height}, map,
      219.f / 255.f, 16, c->colour[0]);
  take_plane (c, &(LinceGrey){level->cb, width, width, height}, half, 224.f / 255.f,
      -128 * 224.f / 255.f, c->colour[1]);
  take_plane (c, &(LinceGrey){level->cr, width, width, height}, half, 224.f / 255.f,
      -128 * 224.f / 255.f, c->colour[2]);
  return true;
}
