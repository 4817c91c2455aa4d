/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the pixels of a canvas say for one explanation of the frame against another: a vote for each
 * cell of 8 x 8 from the squares that the two leave. Internal to the room. */
#pragma once

#include "recognition/canvas.h"

#define LINCE_COMPARISON_CELL 8
/* Independent pixels of a cell's 64: compressed video is smooth. */
#define LINCE_COMPARISON_INDEPENDENT 6.0f

/* Squared levels by which a model errs at best, by component: noise, compression, edges. */
extern const float lince_comparison_noise[LINCE_CANVAS_COMPONENTS];

/* A flat value. */
typedef struct {
  float evidence;  /* sum of votes, in natural logarithms of odds */
  float contrast;  /* what the cells could say at most, in cells */
  float agreement; /* 0 to 1: share of it that speaks for the mark */
  /* At most 1: the votes for what its worst block of cells could say, over those for what all of it
   * could. Where a mark of the same family stands it is low in the block of the word that differs,
   * however well all else agrees. 1 where no block could say much. */
  float evenness;
  /* The weaker of Cb and Cr: how much of the contrast that the model has with that mean the frame
   * has too, about 1 where the colours are the mark's. 1 where the model has none. */
  float colour;
} LinceComparison;

/* Compares `model` with the frame's own local mean, where the mark is. Leaves that mean in
 * `ground`, and in `weight` where the mark is. */
void lince_comparison_with_mean (LinceCanvas *canvas, LinceComparison *comparison);

/* The evidence for the explanation in `model` against that in `left`, where they differ. */
float lince_comparison_of_models (LinceCanvas *canvas);
