/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Stable regions of a grey picture: connected parts that are brighter or darker than all that
 * surrounds them and keep their shape over several grey levels (as MSER: Matas et al. 2002, on
 * sampled levels). Internal to the room.
 *
 * At each level one pass over the picture turns every row into runs, joins runs that touch (sides,
 * not corners) and sums up area and moments a run at a time, so that the cost grows with the edges
 * in the picture. A part that touches the picture's border is no region. */
#pragma once

#include "recognition/pyramid.h"

/* Pixels (x, y) with x from x0 to before x1. */
typedef struct {
  uint16_t x0, x1, y;
} LinceRun;

typedef struct {
  float x, y;                        /* centroid, pixel-edge coordinates of the picture */
  float xx, xy, yy;                  /* central second moments, pixels squared */
  uint32_t area;                     /* pixels */
  uint16_t left, top, right, bottom; /* bounding box, right and bottom exclusive */
  uint16_t level;                    /* pixels of the region are >= level, or, dark, below it */
  uint16_t dark;
  uint16_t levels; /* how many levels in a row have this region */
  uint16_t reserved;
  uint32_t first_run, run_count;
} LinceRegion;

/* What is a region. */
typedef struct {
  int step;            /* grey levels between two that are looked at: 1 to 255 */
  int phase;           /* the first one, 1 to 255 */
  uint32_t least;      /* area, pixels */
  float most;          /* area, as a share of the picture */
  int side;            /* the bounding box's shorter side, pixels */
  uint32_t min_levels; /* levels that a region must last */
  uint32_t work;       /* runs that may be looked at, 0: any number */
} LinceRegionRule;

/* Buffers for one picture at a time. */
typedef struct LinceRegionFinder LinceRegionFinder;

LinceRegionFinder *lince_region_finder_new (LinceError *error);
void lince_region_finder_free (LinceRegionFinder *finder); /* NULL is allowed */
/* Room for pictures of up to `width` x `height` and for `regions` regions, beside what there was
 * room for before. On failure the finder must not be used before a resize() that succeeds. */
bool lince_region_finder_resize (
    LinceRegionFinder *finder, int width, int height, uint32_t regions, LinceError *error);

/* Finds the regions of `grey`; the most lasting first where there are more than there is room for.
 * Allocates nothing. */
void lince_region_find (
    LinceRegionFinder *finder, const LinceGrey *grey, const LinceRegionRule *rule);

/* What the last find() found, and how many runs it looked at. */
const LinceRegion *lince_regions (const LinceRegionFinder *finder, uint32_t *count);
const LinceRun *lince_region_runs (const LinceRegionFinder *finder, const LinceRegion *region);
uint64_t lince_region_work (const LinceRegionFinder *finder);
