/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/cut.h"

#include <stdlib.h>
#include <string.h>

#define CELLS (LINCE_CUT_COLUMNS * LINCE_CUT_ROWS)

/* Mean of a cell over at most 8 x 8 samples of the coarsest level that has them. */
static uint8_t
cell_mean (const LinceGrey *grey, int column, int row)
{
  int x0 = column * grey->width / LINCE_CUT_COLUMNS;
  int x1 = (column + 1) * grey->width / LINCE_CUT_COLUMNS;
  int y0 = row * grey->height / LINCE_CUT_ROWS, y1 = (row + 1) * grey->height / LINCE_CUT_ROWS;
  uint32_t sum = 0, count = 0;

  x1 = x1 > x0 ? x1 : x0 + 1;
  y1 = y1 > y0 ? y1 : y0 + 1;
  for (int y = y0; y < y1 && y < grey->height; y++) {
    const uint8_t *line = grey->data + y * grey->stride;

    for (int x = x0; x < x1 && x < grey->width; x++, count++)
      sum += line[x];
  }
  return (uint8_t) (count ? sum / count : 0);
}

static const LinceGrey *
coarse_level (const LincePyramid *pyramid)
{
  int count = lince_pyramid_octave_count (pyramid);
  const LinceGrey *best = &lince_pyramid_octave (pyramid, 0)->grey;

  for (int i = 1; i < count; i++) {
    const LinceGrey *grey = &lince_pyramid_octave (pyramid, i)->grey;

    if (grey->width < 4 * LINCE_CUT_COLUMNS || grey->height < 4 * LINCE_CUT_ROWS)
      break;
    best = grey;
  }
  return best;
}

/* How much of one thumbnail the other explains: the squared correlation, in percent, 0 when it is
 * negative. A thumbnail without contrast explains another such and nothing else. */
static uint32_t
likeness (const uint8_t *a, const uint8_t *b)
{
  int64_t sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
  int64_t va, vb, covariance;

  for (int i = 0; i < CELLS; i++) {
    sa += a[i];
    sb += b[i];
    saa += a[i] * a[i];
    sbb += b[i] * b[i];
    sab += a[i] * b[i];
  }
  va = CELLS * saa - sa * sa;
  vb = CELLS * sbb - sb * sb;
  covariance = CELLS * sab - sa * sb;
  if (va < (int64_t) CELLS * CELLS * 4 && vb < (int64_t) CELLS * CELLS * 4)
    return labs (sa - sb) < 24 * CELLS ? 100 : 0;
  if (va < (int64_t) CELLS * CELLS * 4 || vb < (int64_t) CELLS * CELLS * 4 || covariance <= 0)
    return 0;
  return (
      uint32_t) (100.0 * ((double) covariance / (double) va) * ((double) covariance / (double) vb));
}

bool
lince_cut_update (LinceCut *cut, const LincePyramid *pyramid)
{
  const LinceGrey *grey = coarse_level (pyramid);
  uint8_t cells[CELLS];
  uint32_t changed = 0;
  bool found;

  for (int i = 0; i < CELLS; i++)
    cells[i] = cell_mean (grey, i % LINCE_CUT_COLUMNS, i / LINCE_CUT_COLUMNS);
  for (int i = 0; i < CELLS; i++)
    changed += abs (cells[i] - cut->cells[i]) > 12;
  /* both: a flash changes every cell but keeps the picture, a small motion keeps the cells */
  found = cut->valid && changed * 3 > CELLS && likeness (cells, cut->cells) < 30;
  memcpy (cut->cells, cells, sizeof cells);
  cut->valid = true;
  return found;
}
