/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/comparison.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "recognition/ground.h"
#include "recognition/kernels/kernels.h"
#include "recognition/lanes.h"
#include "recognition/limit.h"

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
/* The cells of a canvas: with at least CELL - 1 rows, for a mark has a margin, no more. */
#define MAX_CELLS (LINCE_CANVAS_PIXELS / (CELL * CELL) * 2)
#define LEAST_CHROMA 25.0f /* mean squared levels of a model's chroma with contrast */
#define MODEL_ERROR 8.0f   /* squares of noise that two explanations may leave by light and place */
#define TELLING_CELLS 3    /* in which explanations must differ beside their edges */
#define DIFFERENT 4.0f     /* squares of noise from which two explanations differ at a pixel */

const float lince_comparison_noise[LINCE_CANVAS_COMPONENTS] = {16, 6, 6};

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

  return lince_limit (vote, LEAST_VOTE * share, MOST_VOTE);
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

/* The slope of the frame's contrast with its mean, of a component, on the model's. */
static float
contrast_kept (const LinceCanvas *c, int k)
{
  LinceLanes squares = {0}, products = {0}, weights = {0};

  for (int i = 0; i < c->count; i += LINCE_LANES) {
    LinceLanes mean = lince_lanes_load (c->ground[k] + i), w = lince_lanes_load (c->weight + i);
    LinceLanes model = lince_lanes_load (c->model[k] + i) - mean;

    weights += w;
    squares += w * model * model;
    products += w * model * (lince_lanes_load (c->frame[k] + i) - mean);
  }
  if (lince_lanes_sum (squares) < LEAST_CHROMA * fmaxf (lince_lanes_sum (weights), 1))
    return 1;
  return lince_lanes_sum (products) / lince_lanes_sum (squares);
}

void
lince_comparison_with_mean (LinceCanvas *c, LinceComparison *comparison)
{
  Cells cells = {.columns = (c->stride + CELL - 1) / CELL, .rows = (c->rows + CELL - 1) / CELL};
  float agreeing = 0;

  memcpy (c->weight, c->valid, (size_t) c->count * sizeof c->weight[0]);
  lince_ground_means (c, c->frame, c->ground);
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
  comparison->colour = 1;
  for (int k = 1; k < c->components; k++)
    comparison->colour = fminf (comparison->colour, contrast_kept (c, k));
}

/* Weighs the pixels that tell two explanations apart, by squares of noise; `edges`: also where one
 * has next to it what the other has there. */
static void
mark_different (LinceCanvas *c, bool edges)
{
  int first = c->stride, end = c->count - c->stride;

  memset (c->weight, 0, (size_t) c->count * sizeof c->weight[0]);
  for (int k = 0; k < c->components; k++) {
    const float factor = 1 / lince_comparison_noise[k], *model = c->model[k], *left = c->left[k];

    if (!edges)
      lince_kernels ()->apart_rows (model + first, left + first,
          &(LinceRows){c->stride, c->rows - 2, c->stride}, factor, c->weight + first);
    for (int i = first; edges && i < end; i++) {
      float d = model[i] - left[i];

      c->weight[i] += d * d * factor;
    }
  }
  for (int i = first; i < end; i++)
    c->weight[i] = c->weight[i] > DIFFERENT ? c->valid[i] : 0;
}

/* What the pixels that count say for the first, and how many cells they are in. */
static float
sum_cells (const LinceCanvas *c, float error, int *cells)
{
  float evidence = 0;

  *cells = 0;
  for (int y = 0; y < c->rows; y += CELL)
    for (int x = 0; x < c->stride; x += CELL) {
      CellLeft cell = compare_cell (c, c->model, c->left, x, y);

      if (!(cell.share > 0))
        continue;
      evidence += lince_limit (
          INDEPENDENT / 2 * cell.share * logf ((cell.second + error) / (cell.first + error)),
          -MOST_VOTE, MOST_VOTE);
      *cells += 1;
    }
  return evidence;
}

/* Edges that both have do not tell: where one lies a part of a pixel beside the other, the sum over
 * them all would outweigh a word. But of small words nothing is left without edges. */
float
lince_comparison_of_models (LinceCanvas *c)
{
  float evidence;
  int cells;

  mark_different (c, false);
  evidence = sum_cells (c, MODEL_ERROR, &cells);
  if (cells >= TELLING_CELLS)
    return evidence;
  mark_different (c, true);
  return sum_cells (c, 1, &cells);
}
