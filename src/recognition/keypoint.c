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

/* A candidate is one number, from its lowest bit: x and y within its cell (5 bits each), dark (1),
 * the responses left, right, above and below (8 each, from bit 16) and, from bit 56, its own. 0 is
 * none. */
typedef uint64_t Candidate;

typedef struct {
  Candidate kept[PER_CELL]; /* falling response, then reading order */
} Cell;

/* Buffers of one thread: the responses of a row of cells and one more row on both sides. */
typedef struct {
  uint8_t responses[2][3][ROW_VALUES]; /* bright and dark */
  uint8_t thresholds[ROW_VALUES];      /* least response at each x that its cell would still keep */
  uint64_t bits[(LINCE_FRAME_MAX_SIDE + 63) / 64 + 1];
} Scratch;

struct LinceKeypointFinder {
  uint32_t rows[LINCE_SCALES + 1];  /* rows of cells before scale s */
  uint32_t cells[LINCE_SCALES + 1]; /* cells before scale s */
  uint32_t columns[LINCE_SCALES];
  Cell *all;
  uint16_t *scores; /* PER_CELL a cell */
  Scratch *scratch;
  uint32_t capacity; /* cells */
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
  free (finder->scores);
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
      made.cells[LINCE_SCALES] <= finder->capacity) {
    memcpy (finder->rows, made.rows, sizeof made.rows);
    memcpy (finder->cells, made.cells, sizeof made.cells);
    memcpy (finder->columns, made.columns, sizeof made.columns);
    return true;
  }
  made.capacity = made.cells[LINCE_SCALES];
  made.threads = threads;
  made.all = calloc (made.capacity + 1, sizeof *made.all);
  made.scores = calloc ((size_t) made.capacity * PER_CELL + 1, sizeof *made.scores);
  made.scratch = calloc (threads, sizeof *made.scratch);
  if (made.all == NULL || made.scores == NULL || made.scratch == NULL) {
    free (made.all);
    free (made.scores);
    free (made.scratch);
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the cells of keypoints");
    return false;
  }
  free (finder->all);
  free (finder->scores);
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

static Candidate
pack (const uint8_t *const rows[3], int x, int y, unsigned dark)
{
  uint64_t left = rows[1][x - 1], right = rows[1][x + 1], above = rows[0][x], below = rows[2][x];

  return (uint64_t) (x % CELL) | (uint64_t) (y % CELL) << 5 | (uint64_t) dark << 10 | left << 16 |
         right << 24 | above << 32 | below << 40 | (uint64_t) rows[1][x] << 56;
}

static unsigned
byte_of (Candidate candidate, int shift)
{
  return candidate >> shift & 255;
}

/* Keeps the candidate behind those that are as strong, if there is room, and raises the cell's
 * thresholds to what it would keep now. Without a branch: none could be foretold. */
static void
keep (Cell *cell, Candidate candidate, uint8_t thresholds[CELL])
{
  const uint64_t weakest = candidate >> 56 << 56; /* as strong, whatever else */
  Candidate *kept = cell->kept;
  unsigned least;

  for (int i = PER_CELL - 1; i > 0; i--) {
    Candidate moved = kept[i - 1] >= weakest ? candidate : kept[i - 1];

    kept[i] = kept[i] >= weakest ? kept[i] : moved;
  }
  kept[0] = kept[0] >= weakest ? kept[0] : candidate;
  least = byte_of (kept[PER_CELL - 1], 56) + 1;
  least = least < THRESHOLD ? THRESHOLD : least;
  memset (thresholds, (int) (least < UINT8_MAX ? least : UINT8_MAX), CELL);
}

/* Puts the extrema of a row whose numbers are the set bits of `word`, from `first`, into their
 * cells. */
static void
collect_word (Cell *cells, Scratch *scratch, const uint8_t *const rows[3], int width, int first,
    uint64_t word, int y, unsigned dark)
{
  for (; word != 0; word &= word - 1) {
    int x = first + __builtin_ctzll (word);

    if (x >= MARGIN && x < width - MARGIN)
      keep (&cells[x / CELL], pack (rows, x, y, dark), scratch->thresholds + x / CELL * CELL);
  }
}

/* Puts the extrema of row y, whose responses are those of row (y + 3) % 3, into their cells. Which
 * words of bits are not empty is noted first: they stand anywhere, so that no branch is taken on
 * it. */
static void
collect_row (Cell *cells, Scratch *scratch, int width, int y, unsigned dark)
{
  const uint8_t *rows[3];

  for (int i = 0; i < 3; i++)
    rows[i] = scratch->responses[dark][(y + 2 + i) % 3] + 64;
  lince_kernels ()->extrema_row (rows, scratch->thresholds, width, scratch->bits);
  for (int first = 0; 64 * first < width; first += 64) {
    uint64_t pending = 0;

    for (int i = 0; i < 64 && 64 * (first + i) < width; i++)
      pending |= (uint64_t) (scratch->bits[first + i] != 0) << i;
    for (; pending != 0; pending &= pending - 1) {
      int i = first + __builtin_ctzll (pending);

      collect_word (cells, scratch, rows, width, 64 * i, scratch->bits[i], y, dark);
    }
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
  memset (cells, 0, finder->columns[s] * sizeof *cells);
  memset (scratch->thresholds, THRESHOLD, finder->columns[s] * CELL);
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
score (Candidate candidate, uint32_t rank, uint32_t s)
{
  uint32_t response = byte_of (candidate, 56);
  uint32_t value = 256u * response / (response + 30u) * (4 + s) / (1 + rank);

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

/* `x`, `y`: where the candidate's cell begins. */
static void
place (LinceKeypoint *keypoint, Candidate candidate, uint32_t x, uint32_t y, int s, uint32_t rank)
{
  int response = (int) byte_of (candidate, 56);
  float dx = vertex ((int) byte_of (candidate, 16), response, (int) byte_of (candidate, 24));
  float dy = vertex ((int) byte_of (candidate, 32), response, (int) byte_of (candidate, 40));

  *keypoint = (LinceKeypoint){.x = (float) (x + candidate % CELL) + 0.5f + dx,
      .y = (float) (y + (candidate >> 5) % CELL) + 0.5f + dy,
      .scale = (uint16_t) s,
      .response = (uint16_t) response,
      .dark = (uint8_t) (candidate >> 10 & 1),
      .rank = (uint8_t) rank};
}

/* Scores all candidates and counts them; returns how many there are. */
static uint32_t
score_all (LinceKeypointFinder *finder, const LinceScales *scales)
{
  uint32_t total = 0;

  memset (finder->histogram, 0, sizeof finder->histogram);
  for (int s = scales->first; s < scales->end; s++)
    for (uint32_t i = finder->cells[s]; i < finder->cells[s + 1]; i++)
      for (uint32_t rank = 0; rank < PER_CELL && finder->all[i].kept[rank] != 0; rank++, total++) {
        uint32_t value = score (finder->all[i].kept[rank], rank, (uint32_t) s);

        finder->scores[i * PER_CELL + rank] = (uint16_t) value;
        finder->histogram[value]++;
      }
  return total;
}

/* Writes the candidates of a cell of scale s to the places of their scores. */
static void
place_cell (LinceKeypointFinder *finder, int s, uint32_t number, LinceKeypoint *keypoints,
    uint32_t first, uint32_t limit)
{
  uint32_t within = number - finder->cells[s];
  uint32_t x = within % finder->columns[s] * CELL, y = within / finder->columns[s] * CELL;

  for (uint32_t rank = 0; rank < PER_CELL && finder->all[number].kept[rank] != 0; rank++) {
    uint32_t at = finder->histogram[finder->scores[number * PER_CELL + rank]]++;

    if (at >= first && at - first < limit)
      place (&keypoints[at - first], finder->all[number].kept[rank], x, y, s, rank);
  }
}

uint32_t
lince_keypoint_finder_run (LinceKeypointFinder *finder, const LinceScales *scales, LincePool *pool,
    LinceKeypoint *keypoints, uint32_t first, uint32_t limit)
{
  Finding finding = {finder, scales};
  uint32_t total;

  lince_pool_run (pool, find_in_row, &finding, finder->rows[LINCE_SCALES]);
  total = score_all (finder, scales);
  accumulate (finder);
  for (int s = scales->first; s < scales->end; s++)
    for (uint32_t i = finder->cells[s]; i < finder->cells[s + 1]; i++)
      place_cell (finder, s, i, keypoints, first, limit);
  total = total > first ? total - first : 0;
  return total < limit ? total : limit;
}
