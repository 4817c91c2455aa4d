/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/matte.h"

/* Below these a picture has nothing to be recognised by: the standard deviation of a component over
 * the opaque part of level 0, and the range of level 0's mask, both of 255. */
#define FLAT_DEVIATION 2.0
#define FLAT_MASK_RANGE 64

/* The longer side of level 0 of a picture of that shape. */
static int
longest_side (int longer, int shorter)
{
  int side = LINCE_REFERENCE_SIDE;

  while (side < LINCE_REFERENCE_MAX_SIDE &&
         (int64_t) side * side * shorter <
             (int64_t) LINCE_REFERENCE_SIDE * LINCE_REFERENCE_SIDE / 2 * longer)
    side += 2;
  return side;
}

size_t
lince_reference_layout (LinceReference *reference, int width, int height, bool masked)
{
  int longer = width > height ? width : height, shorter = width < height ? width : height;
  int side = longest_side (longer, shorter);
  int w = width, h = height;
  size_t pixels = 0, chroma = 0;

  if (longer > side) {
    /* rounded; a very long picture keeps a few rows, and levels need not keep the aspect */
    w = (int) (((int64_t) width * side * 2 + longer) / (2 * longer));
    h = (int) (((int64_t) height * side * 2 + longer) / (2 * longer));
    w = w < 8 ? 8 : w;
    h = h < 8 ? 8 : h;
  }
  reference->width = width;
  reference->height = height;
  reference->level_count = 0;
  while (reference->level_count < LINCE_REFERENCE_LEVELS) {
    LinceReferenceLevel *level = &reference->levels[reference->level_count];

    if (reference->level_count > 0 && (w < h ? w : h) < LINCE_REFERENCE_MIN_SIDE)
      break;
    *level = (LinceReferenceLevel){.width = w, .height = h};
    pixels += (size_t) w * (size_t) h;
    w = (w + 1) / 2;
    h = (h + 1) / 2;
    chroma += (size_t) w * (size_t) h;
    reference->level_count++;
  }
  return pixels + 2 * chroma + (masked ? pixels : 0);
}

void
lince_reference_view (LinceReference *reference, const uint8_t *data, bool masked)
{
  for (int pass = 0; pass < (masked ? 4 : 3); pass++)
    for (int i = 0; i < reference->level_count; i++) {
      LinceReferenceLevel *level = &reference->levels[i];
      const uint8_t **planes[] = {&level->luma, &level->cb, &level->cr, &level->mask};
      bool chroma = pass == 1 || pass == 2;

      *planes[pass] = data;
      data += chroma ? (size_t) lince_reference_chroma_width (level) *
                           (size_t) lince_reference_chroma_height (level)
                     : (size_t) level->width * (size_t) level->height;
    }
}

/* Area averages in exact integers: source sample i of a side of n covers [i * m, (i + 1) * m) and
 * target sample j of m covers [j * n, (j + 1) * n), so every overlap is a whole number and the sums
 * are the same on every machine. */
typedef struct {
  int n, m;
} Ratio;

static inline int
overlap (const Ratio *ratio, int i, int j)
{
  int64_t begin = (int64_t) i * ratio->m, end = begin + ratio->m;
  int64_t other_begin = (int64_t) j * ratio->n, other_end = other_begin + ratio->n;

  begin = begin > other_begin ? begin : other_begin;
  end = end < other_end ? end : other_end;
  return end > begin ? (int) (end - begin) : 0;
}

/* The first target sample that source sample i touches. */
static inline int
first_target (const Ratio *ratio, int i)
{
  return (int) ((int64_t) i * ratio->m / ratio->n);
}

/* Sums of one row of weighted samples over the target's columns. */
static void
sum_row (const uint8_t *values, const uint8_t *mask, const Ratio *columns, uint64_t *weighted,
    uint64_t *weights)
{
  for (int x = 0; x < columns->n; x++) {
    int first = first_target (columns, x);
    uint32_t weight = mask != NULL ? mask[x] : 255;

    for (int j = first; j < columns->m && j <= first + 1; j++) {
      uint64_t share = (uint64_t) overlap (columns, x, j) * weight;

      weighted[j] += share * values[x];
      weights[j] += share;
    }
  }
}

static void
write_row (const uint64_t *weighted, const uint64_t *weights, uint64_t full, int width,
    uint8_t *values, uint8_t *mask)
{
  for (int x = 0; x < width; x++) {
    values[x] = weights[x] > 0 ? (uint8_t) ((weighted[x] + weights[x] / 2) / weights[x]) : 0;
    if (mask != NULL)
      mask[x] = (uint8_t) ((weights[x] + full / 2) / full);
  }
}

/* Reduces `values`, weighed by `mask` (NULL: evenly), from columns.n x rows.n to columns.m x rows.m
 * samples. `out_mask` may be NULL. Target sides are at most the source's. `sums` has room for
 * 6 * columns.m numbers. */
static void
reduce (const uint8_t *values, const uint8_t *mask, Ratio columns, Ratio rows, uint8_t *out,
    uint8_t *out_mask, uint64_t *sums)
{
  size_t w = (size_t) columns.m;
  uint64_t *row = sums, *row_weights = sums + w;
  uint64_t *now = sums + 2 * w, *next = sums + 4 * w;
  uint64_t full = (uint64_t) columns.n * (uint64_t) rows.n;
  int target = 0;

  memset (now, 0, 4 * w * sizeof *sums);
  for (int y = 0; y < rows.n; y++) {
    size_t offset = (size_t) y * (size_t) columns.n;
    int share, share_next;

    target = first_target (&rows, y);
    share = overlap (&rows, y, target);
    share_next = rows.m - share;
    memset (row, 0, 2 * w * sizeof *sums);
    sum_row (values + offset, mask != NULL ? mask + offset : NULL, &columns, row, row_weights);
    for (size_t i = 0; i < 2 * w; i++) {
      now[i] += row[i] * (uint64_t) share;
      next[i] += row[i] * (uint64_t) share_next;
    }
    if ((int64_t) (y + 1) * rows.m >= (int64_t) (target + 1) * rows.n) {
      size_t at = (size_t) target * w;
      uint64_t *swap = now;

      write_row (now, now + w, full, columns.m, out + at, out_mask != NULL ? out_mask + at : NULL);
      now = next;
      next = swap;
      memset (next, 0, 2 * w * sizeof *sums);
    }
  }
}

/* The mean of the opaque samples around (x, y), or -1 where there are none. */
static int
mean_of_neighbours (const LinceReferenceLevel *level, int x, int y)
{
  uint32_t sum = 0, weight = 0;

  for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < level->height; v++)
    for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < level->width; u++) {
      size_t at = (size_t) v * (size_t) level->width + (size_t) u;

      sum += (uint32_t) level->luma[at] * level->mask[at];
      weight += level->mask[at];
    }
  return weight > 0 ? (int) ((sum + weight / 2) / weight) : -1;
}

/* Gives each transparent sample of a level the mean of its opaque neighbours, and further away the
 * coarser level's value at its place. */
static void
fill_from (const LinceReferenceLevel *coarse, const LinceReferenceLevel *fine, uint8_t *luma)
{
  for (int y = 0; y < fine->height; y++)
    for (int x = 0; x < fine->width; x++) {
      size_t at = (size_t) y * (size_t) fine->width + (size_t) x;
      int cx = (int) (((int64_t) 2 * x + 1) * coarse->width / (2 * fine->width));
      int cy = (int) (((int64_t) 2 * y + 1) * coarse->height / (2 * fine->height));
      int near;

      if (fine->mask[at] != 0)
        continue;
      near = mean_of_neighbours (fine, x, y);
      luma[at] = near >= 0 ? (uint8_t) near
                           : coarse->luma[(size_t) cy * (size_t) coarse->width + (size_t) cx];
    }
}

/* What is transparent still in the coarsest level gets the mean of what is opaque there. */
static void
fill_coarsest (const LinceReferenceLevel *level, uint8_t *luma)
{
  size_t count = (size_t) level->width * (size_t) level->height;
  uint64_t sum = 0, weight = 0;

  for (size_t i = 0; i < count; i++) {
    sum += (uint64_t) luma[i] * level->mask[i];
    weight += level->mask[i];
  }
  for (size_t i = 0; i < count; i++)
    if (level->mask[i] == 0)
      luma[i] = weight > 0 ? (uint8_t) ((sum + weight / 2) / weight) : 128;
}

/* Reduces one component, `full` as its luma, to all levels of `reference`, which is a luma layout;
 * fills what is transparent, also in `full`'s own samples `plane`. */
static void
make_component (const LinceReference *reference, const LinceReferenceLevel *full, uint8_t *plane,
    uint64_t *sums)
{
  const LinceReferenceLevel *from = full;
  int last = reference->level_count - 1;

  for (int i = 0; i <= last; i++) {
    const LinceReferenceLevel *level = &reference->levels[i];

    reduce (from->luma, from->mask, (Ratio){from->width, level->width},
        (Ratio){from->height, level->height}, (uint8_t *) level->luma, (uint8_t *) level->mask,
        sums);
    from = level;
  }
  if (full->mask == NULL)
    return;
  fill_coarsest (&reference->levels[last], (uint8_t *) reference->levels[last].luma);
  for (int i = last; i > 0; i--)
    fill_from (&reference->levels[i], &reference->levels[i - 1],
        (uint8_t *) reference->levels[i - 1].luma);
  fill_from (&reference->levels[0], full, plane);
}

/* The same for a chroma component, by way of levels in full size. */
static void
make_chroma (const LinceReference *reference, const LinceReference *whole,
    const LinceReferenceLevel *full, uint8_t *plane, bool cr, uint64_t *sums)
{
  make_component (whole, full, plane, sums);
  for (int i = 0; i < reference->level_count; i++) {
    const LinceReferenceLevel *level = &reference->levels[i];

    reduce (whole->levels[i].luma, NULL,
        (Ratio){level->width, lince_reference_chroma_width (level)},
        (Ratio){level->height, lince_reference_chroma_height (level)},
        (uint8_t *) (cr ? level->cr : level->cb), NULL, sums);
  }
}

static bool
make_levels (LinceReferenceSource *source, LinceError *error)
{
  LinceReference reference = {0}, whole = {0};
  LinceReferenceLevel full = {
      .luma = source->luma, .mask = source->mask, .width = source->width, .height = source->height};
  uint64_t *sums = calloc (6 * LINCE_REFERENCE_MAX_SIDE, sizeof *sums);
  uint8_t *scratch;

  source->levels_size =
      lince_reference_layout (&reference, source->width, source->height, source->masked);
  source->levels = malloc (source->levels_size);
  scratch = malloc (source->levels_size);
  if (sums == NULL || source->levels == NULL || scratch == NULL) {
    free (sums);
    free (scratch);
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for its reduced copies");
    return false;
  }
  lince_reference_view (&reference, source->levels, source->masked);
  lince_reference_layout (&whole, source->width, source->height, source->masked);
  lince_reference_view (&whole, scratch, source->masked);
  make_component (&reference, &full, source->luma, sums);
  full.luma = source->cb;
  make_chroma (&reference, &whole, &full, source->cb, false, sums);
  full.luma = source->cr;
  make_chroma (&reference, &whole, &full, source->cr, true, sums);
  free (sums);
  free (scratch);
  return true;
}

/* Of 120 channel marks 5 reach both shares, of 78 logos none; of 98 posters and covers all but 14
 * do, of packages cut out with round corners all. */
#define FULL_SIDE 128 /* the longer side it is looked at in, pixels */
#define FULL_CELL 8
#define FULL_OPAQUE 0.85f   /* share of its pixels */
#define FULL_CONTRAST 0.65f /* share of its cells whose */
#define FULL_VARIANCE 64    /* grey levels squared, at least */

/* Counts the opaque pixels of a cell; whether their grey levels vary. */
static bool
cell_varies (const LinceReferenceLevel *level, int left, int top, int *opaque)
{
  int sum = 0, squares = 0, count = 0;

  for (int y = top; y < top + FULL_CELL; y++)
    for (int x = left; x < left + FULL_CELL; x++) {
      int at = y * level->width + x, luma = level->luma[at];
      bool taken = !level->mask || level->mask[at] >= 128;

      sum += taken ? luma : 0;
      squares += taken ? luma * luma : 0;
      count += taken;
    }
  *opaque += count;
  return count > 0 && squares * count - sum * sum >= FULL_VARIANCE * count * count;
}

bool
lince_reference_is_full (const LinceReference *reference)
{
  const LinceReferenceLevel *level = &reference->levels[0];
  int cells = 0, contrast = 0, opaque = 0;

  for (int i = 1;
       i < reference->level_count && (level->width > FULL_SIDE || level->height > FULL_SIDE); i++)
    level = &reference->levels[i];
  for (int y = 0; y + FULL_CELL <= level->height; y += FULL_CELL)
    for (int x = 0; x + FULL_CELL <= level->width; x += FULL_CELL, cells++)
      contrast += cell_varies (level, x, y, &opaque);
  return cells > 0 && (float) opaque >= FULL_OPAQUE * FULL_CELL * FULL_CELL * (float) cells &&
         (float) contrast >= FULL_CONTRAST * (float) cells;
}

enum { OPACITY = 3, LUMA, CB, CR };

/* Takes one component of the picture apart into `plane`: R, G, B, then those above, by ITU-R BT.601
 * with full range in 65536ths. */
static void
extract (const LincePicture *picture, int component, uint8_t *plane)
{
  for (int y = 0; y < picture->height; y++) {
    const uint8_t *row = picture->data + y * picture->stride;

    for (int x = 0; x < picture->width; x++, row += 4) {
      int32_t r = row[0], g = row[1], b = row[2], value;

      if (component == LUMA)
        value = 19595 * r + 38470 * g + 7471 * b + 32768;
      else if (component == CB)
        value = -11059 * r - 21709 * g + 32768 * b + (128 << 16) + 32767;
      else if (component == CR)
        value = 32768 * r - 27439 * g - 5329 * b + (128 << 16) + 32767;
      else
        value = row[component] << 16;
      *plane++ = (uint8_t) (value >> 16);
    }
  }
}

static bool
is_opaque (const LincePicture *picture)
{
  for (int y = 0; y < picture->height; y++) {
    const uint8_t *row = picture->data + y * picture->stride;

    for (int x = 0; x < picture->width; x++)
      if (row[4 * x + 3] != 255)
        return false;
  }
  return true;
}

static double
deviation (const uint8_t *values, const uint8_t *mask, size_t count)
{
  double sum = 0, squares = 0, weight = 0;

  for (size_t i = 0; i < count; i++) {
    double m = mask != NULL ? mask[i] : 255;

    sum += m * values[i];
    squares += m * values[i] * values[i];
    weight += m;
  }
  if (weight < 1)
    return 0;
  squares = squares / weight - (sum / weight) * (sum / weight);
  return squares > 0 ? sqrt (squares) : 0;
}

static int
range (const uint8_t *values, size_t count)
{
  int low = 255, high = 0;

  for (size_t i = 0; i < count; i++) {
    low = values[i] < low ? values[i] : low;
    high = values[i] > high ? values[i] : high;
  }
  return high - low;
}

/* Whether a component varies inside, judged on level 0, which has averaged noise away. A picture
 * may be even in luma and yet differ in colour. */
static bool
has_contrast (const LinceReferenceSource *source, const LincePicture *picture,
    const LinceReferenceLevel *level, uint8_t *plane, uint8_t *small, uint64_t *sums)
{
  size_t count = (size_t) level->width * (size_t) level->height;

  if (deviation (level->luma, level->mask, count) >= FLAT_DEVIATION)
    return true;
  for (int component = 0; component < 3; component++) {
    extract (picture, component, plane);
    reduce (plane, source->mask, (Ratio){source->width, level->width},
        (Ratio){source->height, level->height}, small, NULL, sums);
    if (deviation (small, level->mask, count) >= FLAT_DEVIATION)
      return true;
  }
  return false;
}

static bool
check_contrast (const LinceReferenceSource *source, const LincePicture *picture, LinceError *error)
{
  LinceReference reference = {0};
  const LinceReferenceLevel *level = &reference.levels[0];
  uint8_t *plane = malloc ((size_t) source->width * (size_t) source->height);
  uint8_t *small = malloc (LINCE_REFERENCE_MAX_SIDE * LINCE_REFERENCE_MAX_SIDE);
  uint64_t *sums = calloc (6 * LINCE_REFERENCE_MAX_SIDE, sizeof *sums);
  bool ok = false;

  lince_reference_layout (&reference, source->width, source->height, source->masked);
  lince_reference_view (&reference, source->levels, source->masked);
  if (plane == NULL || small == NULL || sums == NULL)
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to look at it");
  else if (level->mask != NULL &&
           range (level->mask, (size_t) level->width * (size_t) level->height) >= FLAT_MASK_RANGE)
    ok = true;
  else if (has_contrast (source, picture, level, plane, small, sums))
    ok = true;
  else if (level->mask != NULL &&
           range (level->mask, (size_t) level->width * (size_t) level->height) == 0 &&
           level->mask[0] == 0)
    lince_error_set (error, LINCE_ERROR_PICTURE_FLAT,
        "is empty: all of it is transparent; use a picture with a visible shape");
  else
    lince_error_set (error, LINCE_ERROR_PICTURE_FLAT,
        "is flat: it has no contrast inside and no edge in its transparency; "
        "use a picture with a visible shape");
  free (plane);
  free (small);
  free (sums);
  return ok;
}

static bool
check_size (const LincePicture *picture, LinceError *error)
{
  int shorter = picture->width < picture->height ? picture->width : picture->height;
  int longer = picture->width < picture->height ? picture->height : picture->width;

  if (shorter < LINCE_PICTURE_MIN_SIDE) {
    lince_error_set (error, LINCE_ERROR_PICTURE_SIZE,
        "is too small: %d x %d pixels; both sides must be at least %d", picture->width,
        picture->height, LINCE_PICTURE_MIN_SIDE);
    return false;
  }
  if (longer > LINCE_PICTURE_MAX_SIDE) {
    lince_error_set (error, LINCE_ERROR_PICTURE_SIZE,
        "is too large: %d x %d pixels; no side may be longer than %d", picture->width,
        picture->height, LINCE_PICTURE_MAX_SIDE);
    return false;
  }
  return true;
}

/* Takes the picture apart, in full size. */
static bool
take_apart (LinceReferenceSource *source, const LincePicture *picture, LinceError *error)
{
  size_t pixels;

  *source = (LinceReferenceSource){.width = picture->width, .height = picture->height};
  if (!check_size (picture, error))
    return false;
  pixels = (size_t) picture->width * (size_t) picture->height;
  source->masked = !is_opaque (picture);
  source->luma = malloc (pixels);
  source->cb = malloc (pixels);
  source->cr = malloc (pixels);
  if (source->masked)
    source->mask = malloc (pixels);
  if (source->luma == NULL || source->cb == NULL || source->cr == NULL ||
      (source->masked && source->mask == NULL)) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for %zu pixels", pixels);
    return false;
  }
  extract (picture, LUMA, source->luma);
  extract (picture, CB, source->cb);
  extract (picture, CR, source->cr);
  if (source->masked)
    extract (picture, OPACITY, source->mask);
  return true;
}

bool
lince_reference_make (LinceReferenceSource *source, const LincePicture *picture, LinceError *error)
{
  return take_apart (source, picture, error) && make_levels (source, error) &&
         check_contrast (source, picture, error);
}

/* Where the picture has a plain ground, that becomes transparent. False when memory is short. */
static bool
take_matte (LinceReferenceSource *source, LinceError *error)
{
  LinceMattePicture picture = {
      source->luma, source->cb, source->cr, NULL, source->width, source->height};

  picture.mask = source->mask = malloc ((size_t) source->width * (size_t) source->height);
  if (source->mask == NULL) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a matte");
    return false;
  }
  source->masked = lince_matte_make (&picture);
  return true;
}

bool
lince_reference_cut_out (
    LinceReferenceSource *source, const LincePicture *picture, bool *cut_out, LinceError *error)
{
  *cut_out = false;
  *source = (LinceReferenceSource){0};
  if (picture->width > LINCE_MATTE_SIDE || picture->height > LINCE_MATTE_SIDE)
    return true;
  if (!take_apart (source, picture, error))
    return false;
  if (source->masked)
    return true;
  if (!take_matte (source, error))
    return false;
  *cut_out = source->masked;
  return !*cut_out || make_levels (source, error);
}

void
lince_reference_clear (LinceReferenceSource *source)
{
  free (source->luma);
  free (source->cb);
  free (source->cr);
  free (source->mask);
  free (source->levels);
  *source = (LinceReferenceSource){0};
}
