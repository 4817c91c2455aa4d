/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/region.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define NONE UINT32_MAX
#define MAX_STEPS 256
#define GRID 5         /* log2 of the cell in which a region's successor is looked for */
#define CANDIDATES 16  /* parts kept for each region that there is room for */
#define RUNS_A_PART 40 /* runs kept for each part, on average */
#define GROWTH 1.25f   /* of the area from a level to the next, at most */
#define DRIFT 0.08f    /* of the centroid, in roots of the area */
#define APART 1.35f    /* regions of one chain differ in area by this */

/* A part under construction. */
typedef struct {
  uint32_t area, parent;
  uint32_t first, last, runs; /* its runs, a list */
  int32_t row;                /* the last one that names it */
  uint16_t left, top, right;
  bool dead, freed; /* no region; back in the heap of free labels */
} Part;

typedef struct {
  LinceRun run;
  uint32_t next;
} ListedRun;

/* The least and the greatest of 64 pixels of a row. */
typedef struct {
  uint8_t low, high;
} Range;

typedef struct {
  uint32_t before, after; /* the same part a level below and above, or NONE */
  uint32_t next;          /* in its grid cell */
  uint32_t length;
} Link;

struct LinceRegionFinder {
  int width, height;
  uint32_t capacity, part_capacity, run_capacity, kept_capacity, candidate_capacity;
  uint16_t *edges[2]; /* where the colour changes in the last and in this row */
  uint32_t *labels[2];
  Part *parts;
  uint32_t *free_parts;
  uint32_t free_count, used;
  ListedRun *list;
  uint32_t listed;
  LinceRun *kept;
  uint32_t kept_count;
  LinceRegion *candidates, *regions;
  Link *links;
  uint32_t *order, *ends;
  uint32_t candidate_count, region_count;
  Range *ranges; /* of the picture, row by row */
  uint32_t range_columns;
  uint32_t *cells;
  uint32_t cell_columns, cell_rows;
  uint64_t work;
};

LinceRegionFinder *
lince_region_finder_new (LinceError *error)
{
  LinceRegionFinder *finder = calloc (1, sizeof *finder);

  if (finder == NULL)
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to find regions");
  return finder;
}

static void
clear (LinceRegionFinder *finder)
{
  free (finder->edges[0]);
  free (finder->edges[1]);
  free (finder->labels[0]);
  free (finder->labels[1]);
  free (finder->parts);
  free (finder->free_parts);
  free (finder->list);
  free (finder->kept);
  free (finder->candidates);
  free (finder->regions);
  free (finder->links);
  free (finder->order);
  free (finder->ends);
  free (finder->cells);
  free (finder->ranges);
  *finder = (LinceRegionFinder){0};
}

void
lince_region_finder_free (LinceRegionFinder *finder)
{
  if (finder == NULL)
    return;
  clear (finder);
  free (finder);
}

bool
lince_region_finder_resize (
    LinceRegionFinder *finder, int width, int height, uint32_t regions, LinceError *error)
{
  size_t row, pixels;

  if (finder->width >= width && finder->height >= height && finder->capacity >= regions)
    return true;
  /* one wide plane and one high one take turns in it */
  width = finder->width > width ? finder->width : width;
  height = finder->height > height ? finder->height : height;
  regions = finder->capacity > regions ? finder->capacity : regions;
  row = (size_t) width + 80;
  pixels = (size_t) width * (size_t) height;
  clear (finder);
  finder->part_capacity = 2 * (uint32_t) width + 8;
  finder->run_capacity = (uint32_t) (pixels / 2 + 64);
  finder->candidate_capacity = regions * CANDIDATES;
  finder->kept_capacity = finder->candidate_capacity * RUNS_A_PART;
  finder->cell_columns = ((uint32_t) width >> GRID) + 1;
  finder->cell_rows = ((uint32_t) height >> GRID) + 1;
  for (int i = 0; i < 2; i++) {
    finder->edges[i] = malloc (row * sizeof *finder->edges[i]);
    finder->labels[i] = malloc (row * sizeof *finder->labels[i]);
  }
  finder->range_columns = ((uint32_t) width + 63) / 64;
  finder->ranges =
      malloc ((size_t) finder->range_columns * (size_t) height * sizeof *finder->ranges);
  finder->parts = malloc (finder->part_capacity * sizeof *finder->parts);
  finder->free_parts = malloc (finder->part_capacity * sizeof *finder->free_parts);
  finder->list = malloc (finder->run_capacity * sizeof *finder->list);
  finder->kept = malloc (finder->kept_capacity * sizeof *finder->kept);
  finder->candidates = malloc (finder->candidate_capacity * sizeof *finder->candidates);
  finder->links = malloc (finder->candidate_capacity * sizeof *finder->links);
  finder->order = malloc (finder->candidate_capacity * sizeof *finder->order);
  finder->ends = malloc (finder->candidate_capacity * sizeof *finder->ends);
  finder->regions = malloc (regions * sizeof *finder->regions);
  finder->cells =
      malloc ((size_t) finder->cell_columns * finder->cell_rows * sizeof *finder->cells);
  if (!finder->edges[0] || !finder->edges[1] || !finder->labels[0] || !finder->labels[1] ||
      !finder->parts || !finder->free_parts || !finder->list || !finder->kept ||
      !finder->candidates || !finder->links || !finder->order || !finder->ends ||
      !finder->regions || !finder->cells || !finder->ranges) {
    clear (finder);
    lince_error_set (
        error, LINCE_ERROR_MEMORY, "no memory to find regions in %d x %d pixels", width, height);
    return false;
  }
  finder->width = width;
  finder->height = height;
  finder->capacity = regions;
  return true;
}

/* Which of the next 64 pixels are at least `level`, one bit each. */
static inline uint64_t
compare_64 (const uint8_t *pixels, int level)
{
  uint64_t bits = 0;
#ifdef __SSE2__
  __m128i bound = _mm_set1_epi8 ((char) level);

  for (int i = 0; i < 4; i++) {
    __m128i v = _mm_loadu_si128 ((const __m128i *) (pixels + 16 * i));
    __m128i at_least = _mm_cmpeq_epi8 (_mm_max_epu8 (v, bound), v);

    bits |= (uint64_t) (uint32_t) _mm_movemask_epi8 (at_least) << (16 * i);
  }
#else
  for (int i = 0; i < 64; i++)
    bits |= (uint64_t) (pixels[i] >= level) << i;
#endif
  return bits;
}

/* Writes 0 (twice where the row begins bright, so that even runs are always dark), every x where
 * the colour changes, and the width; returns the number of runs. */
static uint32_t
find_edges (const uint8_t *pixels, const Range *range, int width, int level, uint16_t *edges)
{
  uint32_t count = 0;
  uint64_t last = 0;
  int x = 0;

  edges[count++] = 0;
  for (; x < width; x += 64, range++) {
    const uint8_t *next = pixels + x;
    uint8_t rest[64];
    uint64_t bits, changes;

    if (x + 64 > width) { /* repeats the last pixel: no change in what is left */
      memset (rest, pixels[width - 1], sizeof rest);
      memcpy (rest, next, (size_t) (width - x));
      next = rest;
    }
    bits = range->high < level ? 0 : range->low >= level ? ~UINT64_C (0) : compare_64 (next, level);
    changes = bits ^ (bits << 1 | last);
    last = bits >> 63;
    while (changes != 0) {
      edges[count++] = (uint16_t) (x + __builtin_ctzll (changes));
      changes &= changes - 1;
    }
  }
  edges[count] = (uint16_t) width;
  return count;
}

static inline uint32_t
find_root (Part *parts, uint32_t label)
{
  while (parts[label].parent != label) {
    parts[label].parent = parts[parts[label].parent].parent;
    label = parts[label].parent;
  }
  return label;
}

static inline uint32_t
new_part (LinceRegionFinder *finder, int y)
{
  uint32_t label =
      finder->free_count > 0 ? finder->free_parts[--finder->free_count] : finder->used++;

  finder->parts[label] = (Part){.parent = label,
      .first = NONE,
      .last = NONE,
      .row = y,
      .left = UINT16_MAX,
      .top = (uint16_t) y,
      .dead = y == 0};
  return label;
}

static inline void
release (LinceRegionFinder *finder, uint32_t label)
{
  if (finder->parts[label].freed)
    return;
  finder->parts[label].freed = true;
  finder->free_parts[finder->free_count++] = label;
}

/* Joins two roots. */
static uint32_t
join (LinceRegionFinder *finder, uint32_t a, uint32_t b)
{
  Part *to = &finder->parts[a], *from = &finder->parts[b];

  if (a == b)
    return a;
  if (to->area < from->area) {
    Part *other = to;
    uint32_t label = a;

    to = from;
    from = other;
    a = b;
    b = label;
  }
  from->parent = a;
  to->dead = to->dead || from->dead;
  if (to->dead)
    return a;
  to->area += from->area;
  to->left = to->left < from->left ? to->left : from->left;
  to->top = to->top < from->top ? to->top : from->top;
  to->right = to->right > from->right ? to->right : from->right;
  if (from->first != NONE) {
    if (to->first == NONE)
      to->first = from->first;
    else
      finder->list[to->last].next = from->first;
    to->last = from->last;
  }
  to->runs += from->runs;
  return a;
}

static inline void
add_run (LinceRegionFinder *finder, Part *part, uint32_t x0, uint32_t x1, int y)
{
  ListedRun *listed;

  if (finder->listed == finder->run_capacity) {
    part->dead = true;
    return;
  }
  part->area += x1 - x0;
  part->left = x0 < part->left ? (uint16_t) x0 : part->left;
  part->right = x1 > part->right ? (uint16_t) x1 : part->right;
  listed = &finder->list[finder->listed];
  *listed = (ListedRun){{(uint16_t) x0, (uint16_t) x1, (uint16_t) y}, NONE};
  if (part->first == NONE)
    part->first = finder->listed;
  else
    finder->list[part->last].next = finder->listed;
  part->last = finder->listed++;
  part->runs++;
}

/* Gives every run of row y its label; `count` runs in this row, `above` in the last. */
static void
label_row (LinceRegionFinder *finder, uint32_t count, uint32_t above, int width, int y)
{
  const uint16_t *edges = finder->edges[y & 1], *last = finder->edges[~y & 1];
  uint32_t *labels = finder->labels[y & 1], *last_labels = finder->labels[~y & 1];
  uint32_t j = 0;

  for (uint32_t i = 0; i < count; i++) {
    uint32_t x0 = edges[i], x1 = edges[i + 1], label = NONE, k;
    Part *part;

    if (x0 == x1) { /* an empty dark run at the row's start */
      labels[i] = NONE;
      continue;
    }
    while (j < above && last[j + 1] <= x0)
      j++;
    k = j + ((i ^ j) & 1);
    for (; k < above && last[k] < x1; k += 2) {
      uint32_t root;

      if (last_labels[k] == NONE)
        continue;
      root = find_root (finder->parts, last_labels[k]);
      label = label == NONE ? root : join (finder, label, root);
    }
    if (label == NONE)
      label = new_part (finder, y);
    labels[i] = label;
    part = &finder->parts[label];
    part->row = y;
    part->dead = part->dead || x0 == 0 || x1 == (uint32_t) width;
    if (!part->dead)
      add_run (finder, part, x0, x1, y);
  }
}

/* Sums over the pixels of the runs from `first`, copied to `kept`; turns them into the centroid and
 * the moments. */
static void
take_moments (LinceRegionFinder *finder, uint32_t first, LinceRegion *region)
{
  int64_t sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
  double n = region->area, x, y;

  for (uint32_t r = first; r != NONE; r = finder->list[r].next) {
    LinceRun run = finder->list[r].run;
    int64_t a = run.x0, b = run.x1, row = run.y, length = b - a, sum = (a + b - 1) * length / 2;

    finder->kept[finder->kept_count++] = run;
    sx += sum;
    sy += length * row;
    sxx += ((b - 1) * b * (2 * b - 1) - (a - 1) * a * (2 * a - 1)) / 6;
    sxy += sum * row;
    syy += length * row * row;
  }
  x = (double) sx / n;
  y = (double) sy / n;
  region->x = (float) (x + .5);
  region->y = (float) (y + .5);
  /* a pixel is a square, not a point */
  region->xx = (float) ((double) sxx / n - x * x + 1. / 12);
  region->xy = (float) ((double) sxy / n - x * y);
  region->yy = (float) ((double) syy / n - y * y + 1. / 12);
}

static void
keep_part (LinceRegionFinder *finder, const Part *part, const LinceRegionRule *rule, uint32_t most,
    int level, bool dark, int bottom)
{
  LinceRegion *region = &finder->candidates[finder->candidate_count];

  if (part->dead || part->area < rule->least || part->area > most ||
      part->right - part->left < rule->side || bottom - part->top < rule->side ||
      finder->candidate_count == finder->candidate_capacity ||
      part->runs > finder->kept_capacity - finder->kept_count)
    return;
  *region = (LinceRegion){.area = part->area,
      .left = part->left,
      .top = part->top,
      .right = part->right,
      .bottom = (uint16_t) bottom,
      .level = (uint16_t) level,
      .dark = dark,
      .first_run = finder->kept_count,
      .run_count = part->runs};
  take_moments (finder, part->first, region);
  finder->candidate_count++;
}

/* Ends the parts that have no run in row y, and frees the labels that nobody names any more. A
 * label that was joined to another in the row that names it lives until the next one: what it was
 * joined to is named in that row too. */
static void
end_parts (LinceRegionFinder *finder, uint32_t above, int y, int level, const LinceRegionRule *rule,
    uint32_t most)
{
  const uint32_t *last_labels = finder->labels[~y & 1];

  for (uint32_t j = 0; j < above; j++) {
    Part *part;

    if (last_labels[j] == NONE)
      continue;
    part = &finder->parts[last_labels[j]];
    if (part->row == y || part->freed)
      continue;
    if (part->parent == last_labels[j])
      keep_part (finder, part, rule, most, level, j % 2 == 0, y);
    release (finder, last_labels[j]);
  }
}

/* All parts at one level. */
static void
find_parts (
    LinceRegionFinder *finder, const LinceGrey *grey, const LinceRegionRule *rule, int level)
{
  float most = rule->most * (float) grey->width * (float) grey->height;
  uint32_t above = 0;

  finder->free_count = finder->used = finder->listed = 0;
  for (int y = 0; y < grey->height; y++) {
    const uint8_t *row = grey->data + (ptrdiff_t) y * grey->stride;
    const Range *ranges = finder->ranges + (size_t) y * finder->range_columns;
    uint32_t count = find_edges (row, ranges, grey->width, level, finder->edges[y & 1]);

    label_row (finder, count, above, grey->width, y);
    end_parts (finder, above, y, level, rule, (uint32_t) most);
    finder->work += count;
    above = count;
  }
}

static void
find_ranges (LinceRegionFinder *finder, const LinceGrey *grey)
{
  for (int y = 0; y < grey->height; y++) {
    const uint8_t *row = grey->data + (ptrdiff_t) y * grey->stride;
    Range *range = finder->ranges + (size_t) y * finder->range_columns;

    for (int x = 0; x < grey->width; x += 64, range++) {
      int end = x + 64 < grey->width ? x + 64 : grey->width;
      uint8_t low = 255, high = 0;

      for (int i = x; i < end; i++) {
        low = row[i] < low ? row[i] : low;
        high = row[i] > high ? row[i] : high;
      }
      *range = (Range){low, high};
    }
  }
}

static bool
same_part (const LinceRegion *a, const LinceRegion *b)
{
  float small = (float) (a->area < b->area ? a->area : b->area);
  float large = (float) (a->area < b->area ? b->area : a->area);
  float dx = a->x - b->x, dy = a->y - b->y;

  return a->dark == b->dark && large <= small * GROWTH + 4 &&
         dx * dx + dy * dy <= DRIFT * DRIFT * large + .04f;
}

static uint32_t *
cell_at (const LinceRegionFinder *finder, int column, int row)
{
  return &finder->cells[(uint32_t) row * finder->cell_columns + (uint32_t) column];
}

/* The part of the last level, in the grid, that is the same as `number`. */
static uint32_t
find_before (const LinceRegionFinder *finder, uint32_t number)
{
  const LinceRegion *region = &finder->candidates[number];
  float reach = DRIFT * sqrtf ((float) region->area * GROWTH) + .3f, best_cost = 0;
  int left = (int) (region->x - reach), right = (int) (region->x + reach);
  int top = (int) (region->y - reach), bottom = (int) (region->y + reach);
  uint32_t best = NONE;

  left = left < 0 ? 0 : left >> GRID;
  top = top < 0 ? 0 : top >> GRID;
  right =
      right >> GRID < (int) finder->cell_columns ? right >> GRID : (int) finder->cell_columns - 1;
  bottom = bottom >> GRID < (int) finder->cell_rows ? bottom >> GRID : (int) finder->cell_rows - 1;
  for (int row = top; row <= bottom; row++)
    for (int column = left; column <= right; column++)
      for (uint32_t i = *cell_at (finder, column, row); i != NONE; i = finder->links[i].next) {
        const LinceRegion *other = &finder->candidates[i];
        float cost;

        if (finder->links[i].after != NONE || !same_part (region, other))
          continue;
        cost = fabsf ((float) region->area - (float) other->area);
        if (best == NONE || cost < best_cost) {
          best = i;
          best_cost = cost;
        }
      }
  return best;
}

static void
put_in_cell (LinceRegionFinder *finder, uint32_t number)
{
  const LinceRegion *region = &finder->candidates[number];
  uint32_t *cell = cell_at (finder, (int) region->x >> GRID, (int) region->y >> GRID);

  finder->links[number].next = *cell;
  *cell = number;
}

/* Links the parts from `first`, all of one level, to those of the level before, which are in the
 * grid, and puts them in their place. */
static void
link_level (LinceRegionFinder *finder, uint32_t first)
{
  for (uint32_t i = first; i < finder->candidate_count; i++) {
    uint32_t before = find_before (finder, i);

    finder->links[i] = (Link){before, NONE, NONE, 1};
    if (before != NONE) {
      finder->links[before].after = i;
      finder->links[i].length = finder->links[before].length + 1;
    }
  }
  memset (finder->cells, 255,
      (size_t) finder->cell_columns * finder->cell_rows * sizeof *finder->cells);
  for (uint32_t i = first; i < finder->candidate_count; i++)
    put_in_cell (finder, i);
}

/* By how much the area changes around a member of a chain. */
static float
change (const LinceRegionFinder *finder, uint32_t i)
{
  const Link *link = &finder->links[i];
  float area = (float) finder->candidates[i].area, sum = 0;

  sum += link->before == NONE ? (GROWTH - 1)
                              : fabsf (area - (float) finder->candidates[link->before].area) / area;
  sum += link->after == NONE ? (GROWTH - 1)
                             : fabsf (area - (float) finder->candidates[link->after].area) / area;
  return sum;
}

/* Takes the most stable members of the chain that ends at `end`; `order` marks those that are near
 * a taken one. */
static void
take_from_chain (LinceRegionFinder *finder, uint32_t end, uint32_t min_levels)
{
  uint32_t length = finder->links[end].length;

  for (uint32_t i = end; i != NONE; i = finder->links[i].before)
    finder->order[i] = 0;
  while (finder->region_count < finder->capacity) {
    uint32_t best = NONE, levels = 0;
    float least = 0, area;

    for (uint32_t i = end; i != NONE; i = finder->links[i].before) {
      float value = change (finder, i);

      if (finder->order[i] == 0 && (best == NONE || value < least)) {
        best = i;
        least = value;
      }
    }
    if (best == NONE)
      return;
    area = (float) finder->candidates[best].area;
    for (uint32_t i = end; i != NONE; i = finder->links[i].before) {
      float other = (float) finder->candidates[i].area;

      if (other <= area * APART && area <= other * APART) {
        finder->order[i] = 1;
        levels++;
      }
    }
    if (levels < min_levels && length > levels)
      continue;
    if (levels < min_levels)
      return;
    finder->regions[finder->region_count] = finder->candidates[best];
    finder->regions[finder->region_count++].levels = (uint16_t) levels;
  }
}

/* The longest chains first, in the order of their ends. */
static void
take_chains (LinceRegionFinder *finder, uint32_t min_levels)
{
  uint32_t first[MAX_STEPS + 1], *ends = finder->ends, count = 0;

  memset (first, 0, sizeof first);
  for (uint32_t i = 0; i < finder->candidate_count; i++)
    if (finder->links[i].after == NONE)
      first[MAX_STEPS - finder->links[i].length]++;
  for (uint32_t step = 0; step <= MAX_STEPS; step++) {
    uint32_t chains = first[step];

    first[step] = count;
    count += chains;
  }
  for (uint32_t i = 0; i < finder->candidate_count; i++)
    if (finder->links[i].after == NONE)
      ends[first[MAX_STEPS - finder->links[i].length]++] = i;
  for (uint32_t i = 0; i < count; i++)
    if (finder->links[ends[i]].length >= min_levels)
      take_from_chain (finder, ends[i], min_levels);
}

void
lince_region_find (LinceRegionFinder *finder, const LinceGrey *grey, const LinceRegionRule *rule)
{
  uint32_t first = 0;

  finder->work = 0;
  finder->candidate_count = finder->region_count = finder->kept_count = 0;
  memset (finder->cells, 255,
      (size_t) finder->cell_columns * finder->cell_rows * sizeof *finder->cells);
  find_ranges (finder, grey);
  for (int level = rule->phase; level <= 255; level += rule->step) {
    if (rule->work > 0 && finder->work >= rule->work)
      break;
    find_parts (finder, grey, rule, level);
    link_level (finder, first);
    first = finder->candidate_count;
  }
  take_chains (finder, rule->min_levels);
}

const LinceRegion *
lince_regions (const LinceRegionFinder *finder, uint32_t *count)
{
  *count = finder->region_count;
  return finder->regions;
}

const LinceRun *
lince_region_runs (const LinceRegionFinder *finder, const LinceRegion *region)
{
  return finder->kept + region->first_run;
}

uint64_t
lince_region_work (const LinceRegionFinder *finder)
{
  return finder->work;
}
