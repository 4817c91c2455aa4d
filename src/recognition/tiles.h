/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Small prints: the frame in tiles, magnified and searched one at a time. Internal to the room.
 *
 * A descriptor spans some thirty pixels of the finest scale, so a print of fifty has hardly one
 * that does not reach beyond its edge. Magnified three times it has some dozens, with no more
 * detail than before. A whole frame, magnified, would cost several searches; a tile costs half of
 * one, and what stands still for a second is met in its turn.
 *
 * Measured on drawn prints 72 pixels high in a frame of 1280 x 720, of twelve, stills: as it is 3
 * were found; the whole frame magnified twice 6, for the peaks of a wide busy ground crowd theirs
 * out; in six tiles magnified twice 9, three times 10. Of 43 pixels: 0, 0, 0 and 5. */
#pragma once

#include "recognition/search.h"

typedef struct LinceTiles LinceTiles;

#define LINCE_TILE_COLUMNS 6
#define LINCE_TILE_ROWS 4
#define LINCE_TILES (LINCE_TILE_COLUMNS * LINCE_TILE_ROWS)

/* Whose turn it is in one sequence of frames. Zero: all tiles want a search as much as the others,
 * as after a cut and for a still. */
typedef struct {
  uint32_t waited[LINCE_TILES]; /* turns since its last */
  uint32_t weights[LINCE_TILES];
} LinceTileTurns;

LinceTiles *lince_tiles_new (LinceError *error);
void lince_tiles_free (LinceTiles *tiles); /* NULL is allowed */

/* Makes the buffers for frames as `pyramid` was resized for and for pools of up to `threads`. Cheap
 * when nothing has changed. On failure nothing may be searched before a resize() that succeeds. */
bool lince_tiles_resize (
    LinceTiles *tiles, const LincePyramid *pyramid, uint32_t threads, LinceError *error);

/* 0 where nothing is gained: the frame is so large that its small prints are not, or interlaced. */
uint32_t lince_tiles_count (const LinceTiles *tiles);

/* Lets a tile's turn come the sooner the more keypoints of the last run of `search` lie in it. */
void lince_tiles_weigh (const LinceTiles *tiles, const LinceSearch *search, LinceTileTurns *turns);

/* The tile whose turn it is, by the time since its last and by its weight; less than
 * lince_tiles_count(). */
uint32_t lince_tiles_next (LinceTileTurns *turns);

/* Searches a tile of the frame that `pyramid` holds; as lince_search_run(), in frame pixels. */
uint32_t lince_tiles_search (LinceTiles *tiles, const LincePyramid *pyramid, uint32_t tile,
    const LinceTexturedSet *set, uint32_t keypoints, LincePool *pool, LinceProfile *profile,
    LinceHypothesis *hypotheses);
