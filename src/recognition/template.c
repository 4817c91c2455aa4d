/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/template.h"

#include <math.h>
#include <string.h>

#include "recognition/kernels/kernels.h"
#include "recognition/lanes.h"
#include "recognition/limit.h"

/* no vector is passed between files: inlined functions only */
#pragma GCC diagnostic ignored "-Wpsabi"

#define SIDE LINCE_CELL_SIDE
#define PIXELS LINCE_CELL_PIXELS
#define MIN_OPAQUE 24      /* pixels of a cell */
#define MAX_SHIFT 2.0f     /* pixels of the level that a cell may be off its place */
#define MIN_DEVIATION 1.5f /* grey levels: below it a cell is flat */

static float
dot (const float *a, const float *b)
{
  LinceLanes sum = lince_lanes_load (a) * lince_lanes_load (b);

  for (int i = SIDE; i < PIXELS; i += SIDE)
    sum += lince_lanes_load (a + i) * lince_lanes_load (b + i);
  return lince_lanes_sum (sum);
}

/* Reads a cell's pixels and central differences; out of the picture its edge is repeated, unseen.
 */
static void
read_cell (LinceCell *cell, const LinceReferenceLevel *level, int left, int top)
{
  int w = level->width, h = level->height;

  for (int j = 0; j < SIDE; j++) {
    int y = lince_clamp (top + j, 0, h - 1);
    const uint8_t *line = level->luma + (size_t) y * w;
    const uint8_t *above = level->luma + (size_t) lince_clamp (y - 1, 0, h - 1) * w;
    const uint8_t *below = level->luma + (size_t) lince_clamp (y + 1, 0, h - 1) * w;

    for (int i = 0; i < SIDE; i++) {
      int x = lince_clamp (left + i, 0, w - 1), k = j * SIDE + i;
      int x0 = lince_clamp (x - 1, 0, w - 1), x1 = lince_clamp (x + 1, 0, w - 1);
      bool opaque =
          left + i < w && top + j < h && (!level->mask || level->mask[(size_t) y * w + x] >= 128);

      cell->weight[k] = opaque ? 1.0f : 0.0f;
      cell->shape[k] = line[x];
      cell->slope_x[k] = 0.5f * ((float) line[x1] - (float) line[x0]);
      cell->slope_y[k] = 0.5f * ((float) below[x] - (float) above[x]);
    }
  }
}

/* Takes the mean over opaque pixels away and clears the others. */
static void
centre (float *values, const float *weight, float count)
{
  float mean = dot (values, weight) / count;

  for (int k = 0; k < PIXELS; k++)
    values[k] = (values[k] - mean) * weight[k];
}

static void
remove_along (float *values, const float *shape, float energy)
{
  float share = dot (values, shape) / energy;

  for (int k = 0; k < PIXELS; k++)
    values[k] -= share * shape[k];
}

/* The same of an opaque cell with pixels of the picture all around it. */
static void
read_inner_cell (LinceCell *cell, const LinceReferenceLevel *level, int left, int top)
{
  for (int j = 0; j < SIDE; j++) {
    const uint8_t *line = level->luma + (size_t) (top + j) * level->width + left;
    const uint8_t *above = line - level->width, *below = line + level->width;

    for (int i = 0; i < SIDE; i++) {
      int k = j * SIDE + i;

      cell->weight[k] = 1.0f;
      cell->shape[k] = line[i];
      cell->slope_x[k] = 0.5f * (float) (line[i + 1] - line[i - 1]);
      cell->slope_y[k] = 0.5f * (float) (below[i] - above[i]);
    }
  }
}

static void
build_cell (LinceCell *cell, const LinceReferenceLevel *level, int left, int top)
{
  cell->x = (float) left;
  cell->y = (float) top;
  if (!level->mask && left > 0 && top > 0 && left + SIDE < level->width &&
      top + SIDE < level->height)
    read_inner_cell (cell, level, left, top);
  else
    read_cell (cell, level, left, top);
  cell->count = dot (cell->weight, cell->weight);
  cell->energy = cell->xx = cell->xy = cell->yy = 0;
  if (cell->count < MIN_OPAQUE)
    return;
  centre (cell->shape, cell->weight, cell->count);
  cell->energy = dot (cell->shape, cell->shape);
  if (cell->energy < MIN_DEVIATION * MIN_DEVIATION * cell->count) {
    cell->energy = 0;
    return;
  }
  centre (cell->slope_x, cell->weight, cell->count);
  centre (cell->slope_y, cell->weight, cell->count);
  remove_along (cell->slope_x, cell->shape, cell->energy);
  remove_along (cell->slope_y, cell->shape, cell->energy);
  cell->xx = dot (cell->slope_x, cell->slope_x);
  cell->xy = dot (cell->slope_x, cell->slope_y);
  cell->yy = dot (cell->slope_y, cell->slope_y);
}

/* The first pixel of cell `number` of `count` that cover `size` pixels evenly. */
static int
cell_start (int number, int count, int size)
{
  return count > 1 ? (number * (size - SIDE) + (count - 1) / 2) / (count - 1) : 0;
}

/* The smaller eigenvalue of the cell's information about its place. */
static float
information (const LinceCell *cell)
{
  float half = 0.5f * (cell->xx + cell->yy), difference = 0.5f * (cell->xx - cell->yy);

  return cell->energy > 0 ? half - sqrtf (difference * difference + cell->xy * cell->xy) : -1;
}

static void
choose_in_block (LinceTemplate *template, int left, int top, int side)
{
  int best = -1;

  for (int row = top; row < top + side && row < template->rows; row++) {
    for (int column = left; column < left + side && column < template->columns; column++) {
      int number = row * template->columns + column;

      if (template->cells[number].energy > 0 &&
          (best < 0 ||
              information (&template->cells[number]) > information (&template->cells[best])))
        best = number;
    }
  }
  if (best >= 0)
    template->chosen[template->chosen_count++] = (uint16_t) best;
}

/* The best cell of each block, with blocks so large that no more are chosen than fit. */
static void
choose_cells (LinceTemplate *template)
{
  int side = 1;

  while (((template->columns + side - 1) / side) * ((template->rows + side - 1) / side) >
         LINCE_TEMPLATE_CHOSEN)
    side++;
  template->chosen_count = 0;
  for (int row = 0; row < template->rows; row += side) {
    for (int column = 0; column < template->columns; column += side)
      choose_in_block (template, column, row, side);
  }
}

void
lince_template_build (LinceTemplate *template, const LinceReference *reference, int number)
{
  const LinceReferenceLevel *level = &reference->levels[number];

  template->level = number;
  template->width = level->width;
  template->height = level->height;
  template->to_reference_x = (double) reference->width / level->width;
  template->to_reference_y = (double) reference->height / level->height;
  template->columns = (level->width + SIDE - 1) / SIDE;
  template->rows = (level->height + SIDE - 1) / SIDE;
  template->masked = level->mask != NULL;
  for (int row = 0; row < template->rows; row++) {
    for (int column = 0; column < template->columns; column++)
      build_cell (&template->cells[row * template->columns + column], level,
          cell_start (column, template->columns, level->width),
          cell_start (row, template->rows, level->height));
  }
  choose_cells (template);
}

/* Scales the map to 1 at the template's centre. False when its perspective is beyond all use; what
 * passes keeps float arithmetic within a hundredth of a pixel. */
static bool
normalise_map (const LinceTemplate *template, const double map[9], double out[9])
{
  double w = template->width, h = template->height;
  double centre_w = map[6] * w / 2 + map[7] * h / 2 + map[8];

  if (!(fabs (centre_w) > 1e-12))
    return false;
  for (int i = 0; i < 9; i++)
    out[i] = map[i] / centre_w;
  for (int i = 0; i < 4; i++) {
    double corner = out[6] * ((i & 1) ? w : 0) + out[7] * ((i & 2) ? h : 0) + out[8];

    if (!(corner > 0.1 && corner < 10))
      return false;
  }
  return true;
}

/* Whether all samples of a cell lie where four neighbours exist: then so do all inside its hull. */
static bool
cell_inside (float left, float top, const LinceGrey *grey, const double map[9])
{
  for (int i = 0; i < 4; i++) {
    double x = left + ((i & 1) ? SIDE - 0.5 : 0.5), y = top + ((i & 2) ? SIDE - 0.5 : 0.5);
    double w = map[6] * x + map[7] * y + map[8];
    double px = map[0] * x + map[1] * y + map[2], py = map[3] * x + map[4] * y + map[5];

    if (!(w > 0.05) || !(px > 0.51 * w) || !(px < (grey->width - 0.51) * w) || !(py > 0.51 * w) ||
        !(py < (grey->height - 0.51) * w))
      return false;
  }
  return true;
}

static void
sample_cell (float left, float top, const LinceGrey *grey, const double map[9], float *out)
{
  LinceSampling sampling = {.data = grey->data,
      .stride = grey->stride,
      .width = grey->width,
      .height = grey->height,
      .left = left,
      .top = top};

  for (int i = 0; i < 9; i++)
    sampling.map[i] = (float) map[i];
  lince_kernels ()->sample_rows (&sampling, &(LinceRows){SIDE, SIDE, SIDE}, out);
}

static void
match_cell (const LinceCell *cell, const float *pixels, bool masked, LinceCellMatch *match)
{
  LinceLanes sum = {0}, squares = {0}, along = {0}, rx = {0}, ry = {0};
  float mean, variance, covariance, gain;

  for (int k = 0; k < PIXELS; k += SIDE) {
    LinceLanes p = lince_lanes_load (pixels + k),
               q = masked ? p * lince_lanes_load (cell->weight + k) : p;

    sum += q;
    squares += q * p;
    along += p * lince_lanes_load (cell->shape + k);
    rx += p * lince_lanes_load (cell->slope_x + k);
    ry += p * lince_lanes_load (cell->slope_y + k);
  }
  mean = lince_lanes_sum (sum) / cell->count;
  variance = lince_lanes_sum (squares) - lince_lanes_sum (sum) * mean;
  variance = variance > 0.25f * cell->count ? variance : 0.25f * cell->count;
  covariance = lince_lanes_sum (along);
  match->seen = true;
  match->deviation = sqrtf (variance / cell->count);
  if (!(cell->energy > 0))
    return;
  match->correlation = covariance / sqrtf (variance * cell->energy);
  gain = covariance / cell->energy;
  match->gain = gain > 0 ? gain : 0;
  /* a cell that is out of place has a small gain: its contrast bounds what it may claim */
  gain = fmaxf (gain, 0.5f * sqrtf (variance / cell->energy));
  match->shift_x = lince_lanes_sum (rx) / gain;
  match->shift_y = lince_lanes_sum (ry) / gain;
}

void
lince_template_match (const LinceTemplate *template, const LinceGrey *grey, const double map[9],
    bool chosen, LinceCellMatch *matches)
{
  int cells = template->columns * template->rows;
  int count = chosen ? template->chosen_count : cells;
  float pixels[PIXELS] __attribute__ ((aligned (32)));
  double normalised[9];

  memset (matches, 0, (size_t) cells * sizeof *matches);
  if (!normalise_map (template, map, normalised))
    return;
  for (int i = 0; i < count; i++) {
    int number = chosen ? template->chosen[i] : i;
    const LinceCell *cell = &template->cells[number];

    if (cell->count >= MIN_OPAQUE && cell_inside (cell->x, cell->y, grey, normalised)) {
      sample_cell (cell->x, cell->y, grey, normalised, pixels);
      match_cell (cell, pixels, template->masked, &matches[number]);
    }
  }
}

/* The displacement of a cell's surroundings, from its own and its neighbours' equations. */
static void
local_shift (const LinceTemplate *template, const LinceCellMatch *matches, int number, float *shift)
{
  int row = number / template->columns, column = number % template->columns;
  float xx = 0, xy = 0, yy = 0, rx = 0, ry = 0, prior, determinant;

  for (int y = row - 1; y <= row + 1; y++) {
    for (int x = column - 1; x <= column + 1; x++) {
      int i = y * template->columns + x;
      float weight;

      if (y < 0 || x < 0 || y >= template->rows || x >= template->columns || !matches[i].seen ||
          !(template->cells[i].energy > 0))
        continue;
      weight = fmaxf (matches[i].correlation, 0.1f) / (template->cells[i].energy + 1000.0f);
      xx += weight * template->cells[i].xx;
      xy += weight * template->cells[i].xy;
      yy += weight * template->cells[i].yy;
      rx += weight * matches[i].shift_x;
      ry += weight * matches[i].shift_y;
    }
  }
  prior = 0.1f * (xx + yy) + 1e-6f;
  xx += prior;
  yy += prior;
  determinant = xx * yy - xy * xy;
  shift[0] = fminf (fmaxf ((yy * rx - xy * ry) / determinant, -MAX_SHIFT), MAX_SHIFT);
  shift[1] = fminf (fmaxf ((xx * ry - xy * rx) / determinant, -MAX_SHIFT), MAX_SHIFT);
}

void
lince_template_loosen (const LinceTemplate *template, const LinceGrey *grey, const double map[9],
    LinceCellMatch *matches)
{
  int cells = template->columns * template->rows;
  float pixels[PIXELS] __attribute__ ((aligned (32)));
  float shifts[LINCE_TEMPLATE_MAX_CELLS][2];
  double normalised[9];

  if (!normalise_map (template, map, normalised))
    return;
  for (int i = 0; i < cells; i++)
    local_shift (template, matches, i, shifts[i]);
  for (int i = 0; i < cells; i++) {
    const LinceCell *cell = &template->cells[i];
    float left = cell->x - shifts[i][0], top = cell->y - shifts[i][1];
    LinceCellMatch match;

    if (!matches[i].seen || !(cell->energy > 0) || !cell_inside (left, top, grey, normalised))
      continue;
    sample_cell (left, top, grey, normalised, pixels);
    match_cell (cell, pixels, template->masked, &match);
    if (match.correlation > matches[i].correlation)
      matches[i] = match;
  }
}
