/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Every kernel of every level against plain C, on hostile input: all widths, extreme values,
 * buffers of exactly the size that the header promises, guards around what is written. */
#include "recognition/kernels/kernels.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD 64
#define GUARD_VALUE 0xa5

/* rows_agree 5, moments 1, descriptors 1, distances 2, choices 1, supports 1, sums 2, planes 8 */
_Static_assert(sizeof (LinceKernels) == 21 * sizeof (void (*) (void)),
    "a kernel more: compare it with plain C here, and give it a row in tests/bench/kernels.c");

static uint32_t state = 1;

static uint32_t
random_below (uint32_t below)
{
  state = state * 1664525u + 1013904223u;
  return (state >> 8) % below;
}

#define MOST_HELD 16

static struct {
  void *pages;
  size_t size;
} held[MOST_HELD];
static int held_count;

/* Exactly `size` bytes that begin, or end, where memory that cannot be touched ends, or begins;
 * until release(). */
static void *
exact_memory (size_t size)
{
  const size_t page = (size_t) sysconf (_SC_PAGESIZE), within = (size + page - 1) / page * page;
  uint8_t *pages = mmap (NULL, within + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  ck_assert (pages != MAP_FAILED && held_count < MOST_HELD);
  if (within > 0)
    ck_assert_int_eq (mprotect (pages + page, within, PROT_READ | PROT_WRITE), 0);
  held[held_count].pages = pages;
  held[held_count++].size = within + 2 * page;
  return pages + page + (random_below (2) ? within - size : 0);
}

static void
release (void)
{
  while (held_count > 0) {
    held_count--;
    munmap (held[held_count].pages, held[held_count].size);
  }
}

/* Bytes that are random, mostly 0 or 255, or all the same; exactly `size` of them. */
static uint8_t *
hostile_bytes (size_t size)
{
  uint8_t *bytes = exact_memory (size);
  uint32_t kind = random_below (5);

  for (size_t i = 0; i < size; i++)
    bytes[i] = (uint8_t) (kind == 0   ? 0
                          : kind == 1 ? 255
                          : kind == 2 ? random_below (2) * 255
                          : kind == 3 ? 100 + random_below (4)
                                      : random_below (256));
  return bytes;
}

/* An output buffer with guards on both sides. */
static uint8_t *
guarded (size_t size)
{
  uint8_t *memory = malloc (size + 2 * GUARD);

  ck_assert_ptr_nonnull (memory);
  memset (memory, GUARD_VALUE, size + 2 * GUARD);
  return memory + GUARD;
}

static void
check_guards (uint8_t *out, size_t size, const char *what, int width)
{
  for (int i = 1; i <= GUARD; i++)
    ck_assert_msg (out[-i] == GUARD_VALUE && out[size + (size_t) i - 1] == GUARD_VALUE,
        "%s of width %d writes beyond its row", what, width);
  free (out - GUARD);
}

static void
compare (const uint8_t *expected, const uint8_t *got, size_t size, const char *what, int width)
{
  for (size_t i = 0; i < size; i++)
    ck_assert_msg (expected[i] == got[i], "%s of width %d: byte %zu is %u, plain C has %u", what,
        width, i, got[i], expected[i]);
}

typedef void (*RowOfTwo) (const uint8_t *, const uint8_t *, uint8_t *, int);

static void
compare_row_of_two (RowOfTwo reference, RowOfTwo kernel, size_t read, int width, const char *what)
{
  uint8_t *a = hostile_bytes (read), *b = hostile_bytes (read);
  uint8_t *expected = guarded ((size_t) width), *got = guarded ((size_t) width);

  reference (a, b, expected, width);
  kernel (a, b, got, width);
  compare (expected, got, (size_t) width, what, width);
  check_guards (expected, (size_t) width, what, width);
  check_guards (got, (size_t) width, what, width);
  release ();
}

static void
compare_smooth (const LinceKernels *kernels, int width)
{
  uint8_t *rows[5], *expected = guarded ((size_t) width), *got = guarded ((size_t) width);
  uint16_t *scratch = exact_memory (((size_t) width + 4) * sizeof *scratch);
  uint16_t *reference = exact_memory (((size_t) width + 4) * sizeof *scratch);

  for (int i = 0; i < 5; i++)
    rows[i] = hostile_bytes ((size_t) width);
  lince_kernels_c.smooth_row ((const uint8_t *const *) rows, reference, expected, width);
  kernels->smooth_row ((const uint8_t *const *) rows, scratch, got, width);
  compare (expected, got, (size_t) width, "smooth_row", width);
  check_guards (expected, (size_t) width, "smooth_row", width);
  check_guards (got, (size_t) width, "smooth_row", width);
  release ();
}

static void
compare_response (const LinceKernels *kernels, int width)
{
  size_t stride = (size_t) width + 6, size = (size_t) width;
  uint8_t *pixels = hostile_bytes (7 * stride), *expected[2], *got[2];

  for (int i = 0; i < 2; i++) {
    expected[i] = guarded (size);
    got[i] = guarded (size);
  }
  lince_kernels_c.response_row (
      pixels + 3 * stride + 3, (ptrdiff_t) stride, expected[0], expected[1], width);
  kernels->response_row (pixels + 3 * stride + 3, (ptrdiff_t) stride, got[0], got[1], width);
  for (int i = 0; i < 2; i++) {
    compare (expected[i], got[i], size, "response_row", width);
    check_guards (expected[i], size, "response_row", width);
    check_guards (got[i], size, "response_row", width);
  }
  release ();
}

static void
compare_extrema (const LinceKernels *kernels, int width)
{
  size_t words = ((size_t) width + 63) / 64;
  uint8_t *memory[3], *expected = guarded (words * 8), *got = guarded (words * 8);
  uint8_t *thresholds = exact_memory ((size_t) width);
  const uint8_t *rows[3];
  uint32_t spread = (uint32_t[]){3, 9, 130, 256}[random_below (4)];
  uint32_t most = random_below (2) ? 8 : 255;

  for (int x = 0; x < width; x++)
    thresholds[x] = (uint8_t) (1 + random_below (most));

  for (int i = 0; i < 3; i++) {
    memory[i] = exact_memory ((size_t) width + 2);
    for (int x = 0; x < width + 2; x++)
      memory[i][x] = (uint8_t) random_below (spread);
    rows[i] = memory[i] + 1;
  }
  lince_kernels_c.extrema_row (rows, thresholds, width, (uint64_t *) expected);
  kernels->extrema_row (rows, thresholds, width, (uint64_t *) got);
  compare (expected, got, words * 8, "extrema_row", width);
  check_guards (expected, words * 8, "extrema_row", width);
  check_guards (got, words * 8, "extrema_row", width);
  release ();
}

START_TEST (rows_agree)
{
  const LinceKernels *kernels = lince_kernels_at ((LinceCpuLevel) _i);

  if (kernels == NULL)
    return;
  for (int width = 1; width < 200; width++)
    for (int round = 0; round < 4; round++) {
      compare_row_of_two (
          lince_kernels_c.halve_row, kernels->halve_row, 2 * (size_t) width, width, "halve_row");
      if (width % 2 == 0)
        compare_row_of_two (lince_kernels_c.two_thirds_row, kernels->two_thirds_row,
            3 * (size_t) width / 2, width, "two_thirds_row");
      compare_smooth (kernels, width);
      compare_response (kernels, width);
      compare_extrema (kernels, width);
    }
}
END_TEST

START_TEST (moments_agree)
{
  const LinceKernels *kernels = lince_kernels_at ((LinceCpuLevel) _i);
  const int radius = LINCE_MOMENT_RADIUS;

  if (kernels == NULL)
    return;
  for (int round = 0; round < 200; round++) {
    size_t stride = 2 * (size_t) radius + 1 + random_below (9);
    /* the last row ends with the disc's square */
    size_t size = 2 * (size_t) radius * stride + 2 * (size_t) radius + 1;
    uint8_t *pixels = hostile_bytes (size);
    const uint8_t *centre = pixels + (size_t) radius * stride + radius;
    int32_t x, y, expected_x, expected_y;

    lince_kernels_c.moments (centre, (ptrdiff_t) stride, &expected_x, &expected_y);
    kernels->moments (centre, (ptrdiff_t) stride, &x, &y);
    ck_assert_int_eq (x, expected_x);
    ck_assert_int_eq (y, expected_y);
    release ();
  }
}
END_TEST

START_TEST (descriptors_agree)
{
  const LinceKernels *kernels = lince_kernels_at ((LinceCpuLevel) _i);

  if (kernels == NULL)
    return;
  for (int round = 0; round < 500; round++) {
    uint8_t *samples = hostile_bytes (LINCE_DESCRIPTOR_SAMPLES);
    LincePairs pairs;
    LinceDescriptor expected, got;

    for (int i = 0; i < 64 * LINCE_DESCRIPTOR_WORDS; i++) {
      pairs.first[i] = (uint8_t) random_below (256);
      pairs.second[i] = (uint8_t) random_below (256);
    }
    lince_kernels_c.describe (samples, &pairs, &expected);
    kernels->describe (samples, &pairs, &got);
    compare ((uint8_t *) &expected, (uint8_t *) &got, sizeof got, "describe", 64);
    release ();
  }
}
END_TEST

START_TEST (distances_agree)
{
  const LinceKernels *kernels = lince_kernels_at ((LinceCpuLevel) _i);

  if (kernels == NULL)
    return;
  for (uint32_t count = 0; count < 40; count++) {
    LinceDescriptorBlock *blocks = (void *) hostile_bytes (count * sizeof *blocks);
    LinceDescriptor query;
    uint32_t total = count * LINCE_BLOCK, limit = random_below (257), capacity = random_below (80);
    uint8_t *bytes = hostile_bytes (sizeof query);
    uint8_t *expected = guarded (total * 2), *got = guarded (total * 2);
    uint8_t *found = guarded (capacity * 4), *expected_found = guarded (capacity * 4);
    uint32_t n;

    memcpy (&query, bytes, sizeof query);
    lince_kernels_c.distances (&query, blocks, count, (uint16_t *) expected);
    kernels->distances (&query, blocks, count, (uint16_t *) got);
    compare (expected, got, total * 2, "distances", (int) count);
    n = lince_kernels_c.scan (&query, blocks, count, limit, (uint32_t *) expected_found, capacity);
    ck_assert_uint_eq (
        kernels->scan (&query, blocks, count, limit, (uint32_t *) found, capacity), n);
    compare (expected_found, found, n * 4, "scan", (int) count);
    check_guards (expected, total * 2, "distances", (int) count);
    check_guards (got, total * 2, "distances", (int) count);
    check_guards (found, capacity * 4, "scan", (int) count);
    check_guards (expected_found, capacity * 4, "scan", (int) count);
    release ();
  }
}
END_TEST

START_TEST (choices_agree)
{
  const LinceKernels *kernels = lince_kernels_at ((LinceCpuLevel) _i);

  if (kernels == NULL)
    return;
  for (uint32_t count = 1; count < 300; count++) {
    uint16_t *values = exact_memory (count * sizeof *values), expected[16], got[16];
    uint32_t spread = (uint32_t[]){1, 4, 120, 257, 65536}[random_below (5)];
    uint32_t most = 1 + random_below (16), n;
    uint32_t reach = random_below (random_below (2) ? 40 : 100000);

    for (uint32_t i = 0; i < count; i++)
      values[i] = (uint16_t) random_below (spread);
    n = lince_kernels_c.choose (values, count, reach, most, expected);
    ck_assert_uint_ge (n, 1);
    ck_assert_uint_le (n, most);
    ck_assert_uint_eq (kernels->choose (values, count, reach, most, got), n);
    for (uint32_t i = 0; i < n; i++)
      ck_assert_uint_eq (got[i], expected[i]);
    release ();
  }
}
END_TEST

START_TEST (supports_agree)
{
  const LinceKernels *kernels = lince_kernels_at ((LinceCpuLevel) _i);

  if (kernels == NULL)
    return;
  for (uint32_t count = 1; count < 120; count++) {
    float *u = exact_memory (count * sizeof *u), *v = exact_memory (count * sizeof *v);
    float *scale = exact_memory (count * sizeof *scale);
    int32_t *turn = exact_memory (count * sizeof *turn);
    int32_t *weight = exact_memory (count * sizeof *weight);
    LinceVotes votes = {u, v, scale, turn, weight};
    LinceVoteReach reach = {20.f + (float) random_below (100), 1.8f, 26};

    for (uint32_t i = 0; i < count; i++) {
      u[i] = (float) random_below (400) * .5f;
      v[i] = (float) random_below (400) * .5f;
      scale[i] = .5f + (float) random_below (100) * .02f;
      turn[i] = (int32_t) random_below (256);
      weight[i] = (int32_t) random_below (65);
    }
    for (uint32_t seed = 0; seed < count; seed++)
      ck_assert_uint_eq (kernels->support (&votes, count, seed, &reach),
          lince_kernels_c.support (&votes, count, seed, &reach));
    release ();
  }
}
END_TEST

START_TEST (sums_agree)
{
  const LinceKernels *kernels = lince_kernels_at ((LinceCpuLevel) _i);

  if (kernels == NULL)
    return;
  for (int width = 1; width < 200; width++) {
    size_t size = (size_t) width * sizeof (uint16_t);
    uint16_t *sums[2], *others = (uint16_t *) hostile_bytes (size);
    uint8_t *row = hostile_bytes ((size_t) width), *means[2];
    uint32_t factor = 1 + random_below (65536);

    for (int i = 0; i < 2; i++) {
      const LinceKernels *used = i == 0 ? &lince_kernels_c : kernels;

      sums[i] = (uint16_t *) guarded (size);
      means[i] = guarded ((size_t) width);
      memcpy (sums[i], others, size);
      used->add_row (row, sums[i], width);
      used->mean_row (sums[i], others, factor, means[i], width);
    }
    compare ((uint8_t *) sums[0], (uint8_t *) sums[1], size, "add_row", width);
    compare (means[0], means[1], (size_t) width, "mean_row", width);
    for (int i = 0; i < 2; i++) {
      check_guards ((uint8_t *) sums[i], size, "add_row", width);
      check_guards (means[i], (size_t) width, "mean_row", width);
    }
    release ();
  }
}
END_TEST

/* Floats of some kind: levels, shares, zeros, large ones. */
static float *
hostile_floats (size_t count)
{
  float *values = exact_memory (count * sizeof *values);
  uint32_t kind = random_below (4);

  for (size_t i = 0; i < count; i++)
    values[i] = kind == 0   ? 0
                : kind == 1 ? (float) random_below (1001) * .001f
                : kind == 2 ? (float) random_below (255000) * .001f - 20
                            : (float) random_below (2000000) - 1e6f;
  return values;
}

/* What a level and plain C make of the same planes must be the same bits. */
static void
compare_light (const LinceKernels *kernels, const LinceRows *rows)
{
  size_t count = (size_t) ((rows->rows - 1) * rows->stride + rows->count), size = count * 4;
  LinceLightPlanes planes = {hostile_floats (count), hostile_floats (count), hostile_floats (count),
      hostile_floats (count), hostile_floats (count), (float) random_below (2), 1 / 256.f};
  float light[3] = {(float) random_below (100) * .01f, .9f, 3};
  float sums[2][LINCE_LIGHT_SUMS][LINCE_ROW_LANES] = {0}, costs[2][LINCE_ROW_LANES] = {0};
  uint8_t *models[2];

  for (int i = 0; i < 2; i++) {
    const LinceKernels *used = i == 0 ? &lince_kernels_c : kernels;

    models[i] = guarded (size);
    memset (models[i], 0, size);
    used->light_rows (&planes, rows, light, sums[i]);
    used->light_cost_rows (&planes, rows, light, costs[i]);
    used->compose_rows (&planes, rows, light, (float *) models[i]);
  }
  compare ((uint8_t *) sums[0], (uint8_t *) sums[1], sizeof sums[0], "light_rows", rows->count);
  compare (
      (uint8_t *) costs[0], (uint8_t *) costs[1], sizeof costs[0], "light_cost_rows", rows->count);
  compare (models[0], models[1], size, "compose_rows", rows->count);
  for (int i = 0; i < 2; i++)
    check_guards (models[i], size, "compose_rows", rows->count);
  release ();
}

static void
compare_cells (const LinceKernels *kernels, const LinceRows *rows)
{
  size_t count = (size_t) ((rows->rows - 1) * rows->stride + rows->count);
  size_t around = (size_t) rows->stride + 1;
  const float *model = hostile_floats (count + 2 * around);
  LinceShiftPlanes shift = {model + around, hostile_floats (count), hostile_floats (count), 32};
  LinceLeftPlanes left = {
      hostile_floats (count), hostile_floats (count), shift.frame, shift.valid, 1 / 16.f};
  float sums[2][LINCE_SHIFT_SUMS][LINCE_ROW_LANES] = {0}, squares[2][2][LINCE_ROW_LANES] = {0};

  for (int i = 0; i < 2; i++) {
    const LinceKernels *used = i == 0 ? &lince_kernels_c : kernels;

    used->shift_cell (&shift, rows, sums[i]);
    used->left_cell (&left, rows, squares[i][0], squares[i][1]);
  }
  compare ((uint8_t *) sums[0], (uint8_t *) sums[1], sizeof sums[0], "shift_cell", rows->rows);
  compare (
      (uint8_t *) squares[0], (uint8_t *) squares[1], sizeof squares[0], "left_cell", rows->rows);
  release ();
}

static void
compare_columns (const LinceKernels *kernels, int count)
{
  const float *in[2] = {hostile_floats ((size_t) count), hostile_floats ((size_t) count)};
  const float *out[2] = {hostile_floats ((size_t) count), hostile_floats ((size_t) count)};
  size_t size = (size_t) count * sizeof (float);
  uint8_t *sums[2] = {guarded (size), guarded (size)};

  memset (sums[0], 0, size);
  memset (sums[1], 0, size);
  lince_kernels_c.change_columns (in, out, (float *) sums[0], count);
  kernels->change_columns (in, out, (float *) sums[1], count);
  compare (sums[0], sums[1], size, "change_columns", count);
  check_guards (sums[0], size, "change_columns", count);
  check_guards (sums[1], size, "change_columns", count);
  release ();
}

/* Pictures of exactly their size, and maps that lead out of them. */
static void
compare_samples (const LinceKernels *kernels, const LinceRows *rows)
{
  int width = 2 + (int) random_below (40), height = 2 + (int) random_below (40);
  float zoom = (float) (1 + random_below (40)) * .1f;
  float turn = random_below (2) ? -.2f : (float) random_below (5) * .02f - .04f;
  LinceSampling sampling = {.data = hostile_bytes ((size_t) (width * height)),
      .stride = width,
      .width = width,
      .height = height,
      .map = {random_below (8) ? zoom : -zoom, .1f, (float) random_below (60) - 30, turn, zoom,
          (float) random_below (60) - 30, .001f * (float) random_below (9), 0, 1},
      .left = (float) random_below (20),
      .offset = 128};
  size_t size = (size_t) ((rows->rows - 1) * rows->stride + rows->count) * sizeof (float);
  uint8_t *samples[2] = {guarded (size), guarded (size)};

  memset (samples[0], 0, size);
  memset (samples[1], 0, size);
  lince_kernels_c.sample_rows (&sampling, rows, (float *) samples[0]);
  kernels->sample_rows (&sampling, rows, (float *) samples[1]);
  compare (samples[0], samples[1], size, "sample_rows", rows->count);
  check_guards (samples[0], size, "sample_rows", rows->count);
  check_guards (samples[1], size, "sample_rows", rows->count);
  release ();
}

static void
compare_apart (const LinceKernels *kernels, const LinceRows *rows)
{
  size_t count = (size_t) ((rows->rows - 1) * rows->stride + rows->count);
  size_t around = (size_t) rows->stride + 1;
  const float *first = hostile_floats (count + 2 * around) + around;
  const float *second = hostile_floats (count + 2 * around) + around;
  uint8_t *differences[2] = {guarded (count * 4), guarded (count * 4)};

  for (int i = 0; i < 2; i++) {
    const LinceKernels *used = i == 0 ? &lince_kernels_c : kernels;

    memset (differences[i], 0, count * 4);
    used->apart_rows (first, second, rows, 1 / 6.f, (float *) differences[i]);
  }
  compare (differences[0], differences[1], count * 4, "apart_rows", rows->count);
  for (int i = 0; i < 2; i++)
    check_guards (differences[i], count * 4, "apart_rows", rows->count);
  release ();
}

START_TEST (planes_agree)
{
  const LinceKernels *kernels = lince_kernels_at ((LinceCpuLevel) _i);

  if (kernels == NULL)
    return;
  for (int round = 0; round < 400; round++) {
    int count = LINCE_ROW_LANES * (int) (1 + random_below (12));
    LinceRows rows = {count, (int) (1 + random_below (9)), count + (int) random_below (20)};

    compare_light (kernels, &rows);
    compare_samples (kernels, &rows);
    compare_columns (kernels, count);
    compare_apart (kernels, &rows);
    rows.count = LINCE_ROW_LANES;
    compare_cells (kernels, &rows);
  }
}
END_TEST

/* The planes of plain C, on values that can be reckoned by hand. */
START_TEST (plain_planes_are_right)
{
  enum { LANES = LINCE_ROW_LANES };
  const LinceRows rows = {LANES, 1, LANES};
  float alpha[LANES], one[LANES], ground[LANES], colour[LANES], frame[LANES], model[LANES];
  float light[3] = {.5f, .25f, 4}, sums[LINCE_LIGHT_SUMS][LANES] = {0}, left[2][LANES] = {0};
  float ramp[3 * LANES + 3], flat[3 * LANES + 2], shifts[LINCE_SHIFT_SUMS][LANES] = {0},
                                                  samples[LANES];
  const uint8_t picture[4] = {0, 100, 50, 250};

  for (int i = 0; i < LANES; i++) {
    alpha[i] = one[i] = 1;
    ground[i] = 100;
    colour[i] = 200;
    frame[i] = 104;
  }
  for (int i = 0; i < 3 * LANES + 3; i++)
    ramp[i] = (float) (3 * i);
  for (int i = 0; i < 3 * LANES + 2; i++)
    flat[i] = 500;
  lince_kernels_c.compose_rows (
      &(LinceLightPlanes){alpha, one, ground, colour, frame, 1, 0}, &rows, light, model);
  ck_assert (model[0] == 100 + (200 * .25f + 4 - 100 * .5f)); /* 104 */
  lince_kernels_c.light_rows (
      &(LinceLightPlanes){alpha, one, ground, colour, frame, 1, 0}, &rows, light, sums);
  ck_assert (sums[LINCE_LIGHT_OO][7] == 10000 && sums[LINCE_LIGHT_QQ][7] == 40000);
  ck_assert (sums[LINCE_LIGHT_O][0] == -400 && sums[LINCE_LIGHT_WEIGHT][0] == 1);
  lince_kernels_c.left_cell (
      &(LinceLeftPlanes){one, frame, ground, model, .25f}, &rows, left[0], left[1]);
  ck_assert (left[0][3] == 4 && left[1][3] == 0);
  lince_kernels_c.shift_cell (
      &(LinceShiftPlanes){ramp + LANES + 1, ramp + LANES, one, 4}, &rows, shifts);
  /* slopes of 3 and 24 levels, 3 too little, weighed by 1 / (4 + 9 / 2) */
  ck_assert_float_eq_tol (shifts[LINCE_SHIFT_XX][2], 9 / 8.5f, 1e-5f);
  ck_assert_float_eq_tol (shifts[LINCE_SHIFT_Y][2], 24 * -3 / 8.5f, 1e-5f);
  /* a slope of 3 levels against itself, a pixel aside, and against 500 all over */
  memset (left, 0, sizeof left);
  lince_kernels_c.apart_rows (ramp + LANES + 1, ramp + LANES + 2, &rows, .5f, left[0]);
  lince_kernels_c.apart_rows (ramp + LANES + 1, flat + LANES + 1, &rows, .5f, left[1]);
  ck_assert (left[0][0] == 0 && left[1][0] == .5f * (500 - 27) * (500 - 27));
  lince_kernels_c.sample_rows (&(LinceSampling){.data = picture,
                                   .stride = 2,
                                   .width = 2,
                                   .height = 2,
                                   .map = {.25f, 0, .875f, 0, 1, .5f, 0, 0, 1},
                                   .offset = 1},
      &rows, samples);
  /* a quarter of a pixel apart from the middle on, half way down */
  ck_assert_float_eq_tol (samples[0], 99, 1e-3f);
}
END_TEST

/* The plain C itself, on values that can be reckoned by hand. */
START_TEST (plain_c_is_right)
{
  const uint8_t a[6] = {0, 255, 10, 20, 90, 90}, b[6] = {255, 255, 11, 21, 0, 90};
  uint8_t out[4];
  const uint8_t above[5] = {0, 0, 0, 0, 0}, row[5] = {0, 9, 9, 4, 7}, below[5] = {0, 0, 0, 0, 8};
  const uint8_t *rows[3] = {above + 1, row + 1, below + 1}, thresholds[3] = {5, 5, 5};
  uint64_t bits;
  LinceDescriptorBlock block = {{{0}}};
  LinceDescriptor query = {{~0ull, 0, 1, 0}};
  uint16_t distances[LINCE_BLOCK];

  lince_kernels_c.halve_row (a, b, out, 3);
  ck_assert_uint_eq (out[0], 191);
  ck_assert_uint_eq (out[1], 16);
  ck_assert_uint_eq (out[2], 68);
  lince_kernels_c.two_thirds_row (a, b, out, 4);
  /* (2 (2 * 0 + 255) + 2 * 255 + 255) / 9 and (2 (2 * 10 + 255) + 2 * 11 + 255) / 9 */
  ck_assert_uint_eq (out[0], 142);
  ck_assert_uint_eq (out[1], 92);
  /* of two equal neighbours the first is the maximum */
  lince_kernels_c.extrema_row (rows, thresholds, 3, &bits);
  ck_assert_uint_eq (bits, 1);
  block.words[0][3] = ~0ull;
  block.words[3][3] = 3;
  lince_kernels_c.distances (&query, &block, 1, distances);
  ck_assert_uint_eq (distances[3], 3);
  ck_assert_uint_eq (distances[0], 65);
}
END_TEST

START_TEST (levels_can_be_forced)
{
  for (int level = 0; level < LINCE_CPU_LEVELS; level++) {
    if (lince_kernels_at ((LinceCpuLevel) level) == NULL)
      continue;
    lince_kernels_force ((LinceCpuLevel) level);
    ck_assert_ptr_eq (lince_kernels (), lince_kernels_at ((LinceCpuLevel) level));
  }
  ck_assert_ptr_nonnull (lince_kernels_at (LINCE_CPU_C));
  ck_assert_str_eq (lince_cpu_level_name (LINCE_CPU_AVX2), "avx2");
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("kernels");
  TCase *tests = tcase_create ("all");
  SRunner *runner = srunner_create (suite);
  int failed;

  tcase_set_timeout (tests, 120);
  tcase_add_test (tests, plain_c_is_right);
  tcase_add_test (tests, levels_can_be_forced);
  tcase_add_loop_test (tests, rows_agree, 1, LINCE_CPU_LEVELS);
  tcase_add_loop_test (tests, moments_agree, 1, LINCE_CPU_LEVELS);
  tcase_add_loop_test (tests, descriptors_agree, 1, LINCE_CPU_LEVELS);
  tcase_add_loop_test (tests, distances_agree, 1, LINCE_CPU_LEVELS);
  tcase_add_loop_test (tests, choices_agree, 1, LINCE_CPU_LEVELS);
  tcase_add_loop_test (tests, supports_agree, 1, LINCE_CPU_LEVELS);
  tcase_add_test (tests, plain_planes_are_right);
  tcase_add_loop_test (tests, sums_agree, 1, LINCE_CPU_LEVELS);
  tcase_add_loop_test (tests, planes_agree, 1, LINCE_CPU_LEVELS);
  suite_add_tcase (suite, tests);
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed > 0;
}
