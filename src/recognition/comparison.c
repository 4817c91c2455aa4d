/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/comparison.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "recognition/ground.h"
#include "recognition/kernels/kernels.h"
#include "recognition/lanes.h"

#define CELL LINCE_COMPARISON_CELL
#define INDEPENDENT LINCE_COMPARISON_INDEPENDENT
_Static_assert(CELL == LINCE_ROW_LANES, "cells are as wide as the kernels");

#define MOST_VOTE 2.8f
#define LEAST_VOTE (-1.0f)
/* A block that tells marks of one family apart: a short word in cells. Of single frames of 24
 * channels' marks at 2 x 2, 4 x 2, 6 x 2 and 8 x 3 cells, this one divides best. */
#define BLOCK_COLUMNS 6
#define BLOCK_ROWS 2
#define BLOCK_CONTRAST 4.0f /* that it must have to be asked */
/* The cells of a canvas: with at least CELL - 1 rows, for a mark has a margin, no more than this.
 */
#define MAX_CELLS (LINCE_CANVAS_PIXELS / (CELL * CELL) * 2)
#define DIFFERENT 4.0f /* squares of noise from which two explanations differ at a pixel */

const float lince_comparison_noise[LINCE_CANVAS_COMPONENTS] = {16, 6, 6};

static float
limit (float value, float low, float high)
{
  return value > low ? value < high ? value : high : low;
}

typedef struct {
  float first, second; /* squares left in a cell, in noise, a pixel, summed over components */
  float share;         /* of the cell's pixels that count */
} CellLeft;

/* Where `weight` counts, what two explanations leave of the frame. */
static CellLeft
compare_cell (const LinceCanvas *c, const LinceCanvasPlane *first, const LinceCanvasPlane *second,
    int x, int y)
{
  int i = y * c->stride + x;
  LinceRows rows = {CELL, c->rows - y < CELL ? c->rows - y : CELL, c->stride};
  float a[CELL] = {0}, b[CELL] = {0}, count;
  LinceLanes weights = {0};

  for (int row = 0; row < rows.rows; row++)
    weights += lince_lanes_load (c->weight + i + row * c->stride);
  count = lince_lanes_sum (weights);
  if (count < 6)
    return (CellLeft){0, 0, 0};
  for (int k = 0; k < c->components; k++) {
    LinceLeftPlanes planes = {
        c->weight + i, c->frame[k] + i, first[k] + i, second[k] + i, 1 / lince_comparison_noise[k]};

    lince_kernels ()->left_cell (&planes, &rows, a, b);
  }
  return (CellLeft){lince_lanes_sum (lince_lanes_load (a)) / count,
      lince_lanes_sum (lince_lanes_load (b)) / count, count / (CELL * CELL)};
}

/* The vote of a cell for what leaves `own` against what leaves `other`. */
static float
cell_vote (float other, float own, float share)
{
  float vote = INDEPENDENT / 2 * share * logf ((other + 1) / (own + 1));

  return limit (vote, LEAST_VOTE * share, MOST_VOTE);
}

/* What each cell of a canvas said, and could. */
typedef struct {
  int columns, rows;
  float votes[MAX_CELLS], contrast[MAX_CELLS];
} Cells;

static float
least_block (const Cells *cells)
{
  float least = FLT_MAX;

  for (int y = 0; y == 0 || y + BLOCK_ROWS <= cells->rows; y++)
    for (int x = 0; x == 0 || x + BLOCK_COLUMNS <= cells->columns; x++) {
      float votes = 0, contrast = 0;

      for (int row = y; row < y + BLOCK_ROWS && row < cells->rows; row++)
        for (int k = x; k < x + BLOCK_COLUMNS && k < cells->columns; k++) {
          votes += cells->votes[row * cells->columns + k];
          contrast += cells->contrast[row * cells->columns + k];
        }
      if (contrast >= BLOCK_CONTRAST)
        least = fminf (least, votes / contrast);
    }
  return least;
}

static float
evenness (const Cells *cells, const LinceComparison *comparison)
{
  float least = least_block (cells);

  if (least == FLT_MAX)
    return 1;
  return comparison->evidence > 0 ? fminf (least * comparison->contrast / comparison->evidence, 1)
                                  : fminf (least, 0);
}

void
lince_comparison_with_mean (LinceCanvas *c, LinceComparison *comparison)
{
  Cells cells = {.columns = (c->stride + CELL - 1) / CELL, .rows = (c->rows + CELL - 1) / CELL};
  float agreeing = 0;

  memcpy (c->weight, c->valid, (size_t) c->count * sizeof c->weight[0]);
  lince_ground_means (c, c->ground);
  for (int i = 0; i < c->count; i++)
    c->weight[i] = c->alpha[i] > 0.02f ? c->valid[i] : 0;
  comparison->evidence = comparison->contrast = 0;
  for (int y = 0; y < c->rows; y += CELL)
    for (int x = 0; x < c->stride; x += CELL) {
      CellLeft cell = compare_cell (c, c->ground, c->model, x, y);
      float vote, information;

      if (!(cell.share > 0))
        continue;
      vote = cell_vote (cell.first, cell.second, cell.share);
      information = cell.first / (cell.first + 2) * cell.share;
      comparison->evidence += vote;
      comparison->contrast += information;
      agreeing += vote > 0 ? information : 0;
      cells.votes[y / CELL * cells.columns + x / CELL] = vote;
      cells.contrast[y / CELL * cells.columns + x / CELL] = information;
    }
  comparison->agreement = comparison->contrast > 0 ? agreeing / comparison->contrast : 0;
  comparison->evenness = evenness (&cells, comparison);
}

float
lince_comparison_of_models (LinceCanvas *c)
{
  float evidence = 0;

  for (int i = 0; i < c->count; i++) {
    float difference = 0;

    for (int k = 0; k < c->components; k++) {
      float d = c->model[k][i] - c->left[k][i];

      difference += d * d * (1 / lince_comparison_noise[k]);
    }
    c->weight[i] = difference > DIFFERENT ? c->valid[i] : 0;
  }
  for (int y = 0; y < c->rows; y += CELL)
    for (int x = 0; x < c->stride; x += CELL) {
      CellLeft cell = compare_cell (c, c->model, c->left, x, y);

      if (cell.share > 0)
        evidence +=
            limit (INDEPENDENT / 2 * cell.share * logf ((cell.second + 1) / (cell.first + 1)),
                -MOST_VOTE, MOST_VOTE);
    }
  return evidence;
}
