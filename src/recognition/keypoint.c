/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/keypoint.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/kernels/kernels.h"

#define CELL 32     /* pixels of a scale, each side */
#define PER_CELL 6  /* kept in a cell */
#define MARGIN 4    /* pixels at a scale's edge without keypoints */
#define THRESHOLD 3 /* least response: contrast in grey levels */
#define SCORES 4096
#define ROWS (CELL + 2)
#define ROW_VALUES (LINCE_FRAME_MAX_SIDE + 192)

typedef struct {
  uint16_t x, y, response;
  uint16_t dark;
  float dx, dy; /* of the maximum from the pixel's centre */
} Candidate;

typedef struct {
  uint32_t count;
  Candidate kept[PER_CELL]; /* falling response, then reading order */
} Cell;

/* Buffers of one thread: the responses of a row of cells and one more row on both sides. */
typedef struct {
  uint8_t responses[2][3][ROW_VALUES]; /* bright and dark */
  uint64_t bits[(LINCE_FRAME_MAX_SIDE + 63) / 64 + 1];
} Scratch;

struct LinceKeypointFinder {
  uint32_t rows[LINCE_SCALES + 1];  /* rows of cells before scale s */
  uint32_t cells[LINCE_SCALES + 1]; /* cells before scale s */
  uint32_t columns[LINCE_SCALES];
  Cell *all;
  Scratch *scratch;
  uint32_t threads;
  uint32_t histogram[SCORES];
};

typedef struct {
  LinceKeypointFinder *finder;
  const LinceScales *scales;
} Finding;

LinceKeypointFinder *
lince_keypoint_finder_new (LinceError *error)
{
  LinceKeypointFinder *finder = calloc (1, sizeof *finder);

  if (finder == NULL)
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a finder of keypoints");
  return finder;
}

void
lince_keypoint_finder_free (LinceKeypointFinder *finder)
{
  if (finder == NULL)
    return;
  free (finder->all);
  free (finder->scratch);
  free (finder);
}

bool
lince_keypoint_finder_resize (
    LinceKeypointFinder *finder, const LinceScales *scales, uint32_t threads, LinceError *error)
{
  LinceKeypointFinder made = {0};

  for (int s = 0; s < LINCE_SCALES; s++) {
    bool searched = s >= scales->first && s < scales->end;
    uint32_t rows = searched ? (uint32_t) (scales->scales[s].height + CELL - 1) / CELL : 0;

    made.columns[s] = searched ? (uint32_t) (scales->scales[s].width + CELL - 1) / CELL : 0;
    made.rows[s + 1] = made.rows[s] + rows;
    made.cells[s + 1] = made.cells[s] + rows * made.columns[s];
  }
  if (finder->all != NULL && threads <= finder->threads &&
      memcmp (made.cells, finder->cells, sizeof made.cells) == 0 &&
      memcmp (made.columns, finder->columns, sizeof made.columns) == 0)
    return true;
  made.threads = threads;
  made.all = calloc (made.cells[LINCE_SCALES] + 1, sizeof *made.all);
  made.scratch = calloc (threads, sizeof *made.scratch);
  if (made.all == NULL || made.scratch == NULL) {
    free (made.all);
    free (made.scratch);
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the cells of keypoints");
    return false;
  }
  free (finder->all);
  free (finder->scratch);
  *finder = made;
  return true;
}

/* The vertex of the parabola through three responses, from -0.5 to 0.5. */
static float
vertex (int before, int at, int after)
{
  int curvature = 2 * at - before - after;

  return curvature > 0 ? 0.5f * (float) (after - before) / (float) curvature : 0.f;
}

static void
keep (Cell *cell, const uint8_t *const rows[3], int x, int y, unsigned dark)
{
  Candidate candidate = {
      .x = (uint16_t) x, .y = (uint16_t) y, .response = rows[1][x], .dark = (uint16_t) dark};
  uint32_t i = cell->count;

  if (i == PER_CELL && cell->kept[i - 1].response >= candidate.response)
    return;
  candidate.dx = vertex (rows[1][x - 1], rows[1][x], rows[1][x + 1]);
  candidate.dy = vertex (rows[0][x], rows[1][x], rows[2][x]);
  if (i == PER_CELL)
    i--;
  else
    cell->count++;
  for (; i > 0 && cell->kept[i - 1].response < candidate.response; i--)
    cell->kept[i] = cell->kept[i - 1];
  cell->kept[i] = candidate;
}

/* Puts the extrema of row y, whose responses are those of row (y + 3) % 3, into their cells. */
static void
collect_row (Cell *cells, Scratch *scratch, int width, int y, unsigned dark)
{
  const uint8_t *rows[3];

  for (int i = 0; i < 3; i++)
    rows[i] = scratch->responses[dark][(y + 2 + i) % 3] + 64;
  lince_kernels ()->extrema_row (rows, width, THRESHOLD, scratch->bits);
  for (int i = 0; i < (width + 63) / 64; i++)
    for (uint64_t word = scratch->bits[i]; word != 0; word &= word - 1) {
      int x = 64 * i + __builtin_ctzll (word);

      if (x >= MARGIN && x < width - MARGIN)
        keep (&cells[x / CELL], rows, x, y, dark);
    }
}

static void
find_in_row (void *context, uint32_t item, uint32_t thread)
{
  const Finding *finding = context;
  LinceKeypointFinder *finder = finding->finder;
  const LinceKernels *kernels = lince_kernels ();
  Scratch *scratch = &finder->scratch[thread];
  int s = 0;
  const LinceScale *scale;
  Cell *cells;
  int first, end;

  while (item >= finder->rows[s + 1])
    s++;
  scale = &finding->scales->scales[s];
  cells = finder->all + finder->cells[s] + (item - finder->rows[s]) * finder->columns[s];
  for (uint32_t i = 0; i < finder->columns[s]; i++)
    cells[i].count = 0;
  first = (int) (item - finder->rows[s]) * CELL;
  end = first + CELL < scale->height - MARGIN ? first + CELL : scale->height - MARGIN;
  first = first < MARGIN ? MARGIN : first;
  for (int y = first - 1; y <= end; y++) {
    int row = (y + 3) % 3;

    kernels->response_row (scale->pixels + y * scale->stride, scale->stride,
        scratch->responses[0][row] + 64, scratch->responses[1][row] + 64, scale->width);
    for (unsigned dark = 0; dark < 2 && y > first; dark++)
      collect_row (cells, scratch, scale->width, y - 1, dark);
  }
}

static uint32_t
score (const Candidate *candidate, uint32_t rank, uint32_t s)
{
  uint32_t value = 256u * candidate->response / (candidate->response + 30u) * (4 + s) / (1 + rank);

  return value < SCORES ? value : SCORES - 1;
}

/* Turns the histogram of scores into the places where each score's keypoints begin. */
static void
accumulate (LinceKeypointFinder *finder)
{
  uint32_t sum = 0;

  for (int i = SCORES - 1; i >= 0; i--) {
    uint32_t count = finder->histogram[i];

    finder->histogram[i] = sum;
    sum += count;
  }
}

static void
place (LinceKeypoint *keypoint, const Candidate *candidate, int s, uint32_t rank)
{
  *keypoint = (LinceKeypoint){.x = (float) candidate->x + 0.5f + candidate->dx,
      .y = (float) candidate->y + 0.5f + candidate->dy,
      .scale = (uint16_t) s,
      .response = candidate->response,
      .dark = (uint8_t) candidate->dark,
      .rank = (uint8_t) rank};
}

uint32_t
lince_keypoint_finder_run (LinceKeypointFinder *finder, const LinceScales *scales, LincePool *pool,
    LinceKeypoint *keypoints, uint32_t first, uint32_t limit)
{
  Finding finding = {finder, scales};
  uint32_t total = 0;

  lince_pool_run (pool, find_in_row, &finding, finder->rows[LINCE_SCALES]);
  memset (finder->histogram, 0, sizeof finder->histogram);
  for (int s = scales->first; s < scales->end; s++)
    for (uint32_t i = finder->cells[s]; i < finder->cells[s + 1]; i++)
      for (uint32_t rank = 0; rank < finder->all[i].count; rank++, total++)
        finder->histogram[score (&finder->all[i].kept[rank], rank, (uint32_t) s)]++;
  accumulate (finder);
  for (int s = scales->first; s < scales->end; s++)
    for (uint32_t i = finder->cells[s]; i < finder->cells[s + 1]; i++)
      for (uint32_t rank = 0; rank < finder->all[i].count; rank++) {
        const Candidate *candidate = &finder->all[i].kept[rank];
        uint32_t at = finder->histogram[score (candidate, rank, (uint32_t) s)]++;

        if (at >= first && at - first < limit)
          place (&keypoints[at - first], candidate, s, rank);
      }
  total = total > first ? total - first : 0;
  return total < limit ? total : limit;
}
