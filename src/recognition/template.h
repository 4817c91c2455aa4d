/* SPDX-License-Identifier: LGPL-2.1-or-later
 * One level of a reference picture, cut into cells that are compared with a frame each by itself.
 * Internal to the room.
 *
 * A cell is 8 x 8 pixels of the level. Compared by its locally normalised correlation it is
 * indifferent to local gain and offset of the light; and it measures one displacement, as a tile of
 * Lucas and Kanade's (1981) in the inverse compositional form (Baker and Matthews 2004), from
 * gradients of the reference that are free of the frame's noise. */
#pragma once

#include "recognition/pyramid.h"
#include "recognition/reference.h"

#define LINCE_CELL_SIDE 8
#define LINCE_CELL_PIXELS (LINCE_CELL_SIDE * LINCE_CELL_SIDE)
#define LINCE_TEMPLATE_MAX_CELLS 320
#define LINCE_TEMPLATE_MAX_PIXELS 16384 /* of a level */
#define LINCE_TEMPLATE_CHOSEN 48

/* Arrays run by rows. `shape`, `slope_x` and `slope_y` are 0 where the mask is transparent. */
typedef struct {
  float shape[LINCE_CELL_PIXELS];   /* luma without its mean, grey levels */
  float slope_x[LINCE_CELL_PIXELS]; /* gradient without the parts along 1 and `shape`, levels a
                                       pixel */
  float slope_y[LINCE_CELL_PIXELS];
  float weight[LINCE_CELL_PIXELS]; /* 1 opaque, 0 transparent */
  float x, y;                      /* of the cell's top left, level pixels */
  float count;                     /* opaque pixels */
  float energy;                    /* sum of shape squared; 0: the cell says nothing */
  float xx, xy, yy;                /* sums of products of the slopes */
} LinceCell;

typedef struct {
  int level;             /* of the reference */
  int width, height;     /* of that level, pixels */
  double to_reference_x; /* reference picture pixels for one pixel of the level */
  double to_reference_y;
  int columns, rows; /* of cells */
  bool masked;
  LinceCell cells[LINCE_TEMPLATE_MAX_CELLS];
  int chosen_count; /* at most LINCE_TEMPLATE_CHOSEN */
  uint16_t
      chosen[LINCE_TEMPLATE_CHOSEN]; /* numbers of cells that tell places well, spread evenly */
} LinceTemplate;

/* What a cell says about one place in a frame. */
typedef struct {
  bool seen;         /* wholly inside the frame; all else is 0 where it is not */
  float correlation; /* -1 to 1, of the cell's pixels with the frame's; 0 of a flat cell */
  float gain;        /* frame contrast over reference contrast, 0 when they disagree */
  float deviation;   /* standard deviation of the frame's pixels, grey levels */
  float shift_x,
      shift_y; /* gradient times residual: the right side of the cell's normal equations */
} LinceCellMatch;

/* Fills `template` from level `level` of `reference`, of at most LINCE_TEMPLATE_MAX_PIXELS. */
void lince_template_build (LinceTemplate *template, const LinceReference *reference, int level);
/* Compares cells with the pixels of `grey` where `map` puts them: row-major, level pixels to pixels
 * of `grey`, both pixel-edge. Writes columns * rows matches; with `chosen`, only those of the
 * chosen cells are compared and the others are not seen. */
void lince_template_match (const LinceTemplate *template, const LinceGrey *grey,
    const double map[9], bool chosen, LinceCellMatch *matches);
/* Lets what lince_template_match() compared move a little with its neighbourhood, for pictures that
 * are bent or seen through a lens, and keeps the better match of each cell. */
void lince_template_loosen (const LinceTemplate *template, const LinceGrey *grey,
    const double map[9], LinceCellMatch *matches);
