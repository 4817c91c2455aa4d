/* SPDX-License-Identifier: LGPL-2.1-or-later
 * From the matches of one image to hypotheses: peaks of votes, an affine map from the matches of a
 * peak, more matches guided by it, the homography. Internal to the room. */
#pragma once

#include "recognition/extractor.h"
#include "recognition/homography.h"
#include "recognition/search.h"
#include "recognition/voting.h"

/* A keypoint of the frame as guided matching reads it. */
typedef struct {
  float x, y, scale; /* frame pixels */
  uint32_t keypoint;
  uint8_t angle, dark;
} LinceGridPoint;

/* The frame's keypoints by place: cells of LINCE_GRID_CELL frame pixels. */
#define LINCE_GRID_CELL 32
typedef struct {
  uint32_t columns, rows;
  uint32_t *first;        /* of columns * rows + 1 cells */
  LinceGridPoint *points; /* cell by cell, keypoints rising */
  float *x, *y;           /* places of all keypoints in frame pixels */
} LinceGrid;

bool lince_grid_init (LinceGrid *grid, int width, int height, uint32_t capacity, LinceError *error);
void lince_grid_clear (LinceGrid *grid);
void lince_grid_fill (LinceGrid *grid, const LinceExtractor *extractor);

#define LINCE_GUIDED_MAX 1024

/* Buffers of one thread. */
typedef struct {
  LinceCorrespondence correspondences[LINCE_GUIDED_MAX];
  uint16_t distances[LINCE_GUIDED_MAX];
  uint32_t stamp;
  uint32_t stamps[LINCE_SEARCH_MAX_WORK];  /* which pass used a keypoint last */
  uint16_t entries[LINCE_SEARCH_MAX_WORK]; /* and for which correspondence */
} LinceProposalScratch;

/* What a hypothesis must have. */
#define LINCE_LEAST_INLIERS 5
#define LINCE_LEAST_SCORE 2.f

/* How far a peak came; for explanations. */
typedef struct {
  bool solved;
  uint32_t inliers; /* of the last homography */
  float score;
} LinceGeometryTrace;

/* Writes up to `capacity` hypotheses for the image's peaks; returns how many. `traces` is NULL or has
 * room for one a peak. */
uint32_t lince_propose (const LinceTextured *textured, uint32_t image,
    const LinceExtractor *extractor, const LinceGrid *grid, const LinceMatch *matches,
    uint32_t match_count, const LincePeak *peaks, uint32_t peak_count,
    LinceProposalScratch *scratch, LinceHypothesis *hypotheses, LinceGeometryTrace *traces);
