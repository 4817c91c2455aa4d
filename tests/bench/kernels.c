/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What each kernel costs at each level that this CPU has: nanoseconds a call, and how many times as
 * fast as plain C in the same run. The least of many rounds, in which the levels take turns. */
#include "recognition/kernels/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WIDTH 1920
#define ROWS 8
#define STRIDE (WIDTH + 128)
#define BLOCKS 64
#define VALUES 1024
#define ROUNDS 60
#define ROUND_NANOSECONDS 200000.
#define COLUMNS 64 /* of a plane of floats, about that of a mark */
#define LINES 40

static uint8_t pixels[ROWS * STRIDE], out[2][STRIDE], sparse[3][STRIDE], thresholds[WIDTH];
static uint16_t scratch[WIDTH + 4], values[VALUES], chosen[VALUES], far[BLOCKS * LINCE_BLOCK];
static uint64_t bits[WIDTH / 64 + 1];
static LinceDescriptorBlock blocks[BLOCKS];
static LinceDescriptor query, described;
static LincePairs pairs;
static uint32_t near[BLOCKS * LINCE_BLOCK];
static float u[VALUES], v[VALUES], scale[VALUES];
static int32_t turn[VALUES], weight[VALUES];
static uint16_t sums[2][WIDTH];
static float planes[5][(LINES + 2) * COLUMNS], made[LINES * COLUMNS];
static volatile uint32_t sink;

static uint8_t *
row (int number)
{
  return pixels + number * STRIDE + 64;
}

static void
halve_row (const LinceKernels *kernels)
{
  kernels->halve_row (row (0), row (1), out[0], WIDTH / 2);
}

static void
two_thirds_row (const LinceKernels *kernels)
{
  kernels->two_thirds_row (row (0), row (1), out[0], WIDTH / 3 * 2);
}

static void
smooth_row (const LinceKernels *kernels)
{
  const uint8_t *const rows[5] = {row (0), row (1), row (2), row (3), row (4)};

  kernels->smooth_row (rows, scratch, out[0], WIDTH);
}

static void
response_row (const LinceKernels *kernels)
{
  kernels->response_row (row (3), STRIDE, out[0], out[1], WIDTH);
}

static void
extrema_row (const LinceKernels *kernels)
{
  const uint8_t *const rows[3] = {sparse[0] + 64, sparse[1] + 64, sparse[2] + 64};

  kernels->extrema_row (rows, thresholds, WIDTH, bits);
}

static void
moments (const LinceKernels *kernels)
{
  static uint8_t square[32 * 32];
  int32_t x, y;

  kernels->moments (square + 16 * 32 + 16, 32, &x, &y);
  sink = (uint32_t) (x + y);
}

static void
describe (const LinceKernels *kernels)
{
  kernels->describe (pixels, &pairs, &described);
}

static void
distances (const LinceKernels *kernels)
{
  kernels->distances (&query, blocks, BLOCKS, far);
}

static void
scan (const LinceKernels *kernels)
{
  sink = kernels->scan (&query, blocks, BLOCKS, 100, near, BLOCKS * LINCE_BLOCK);
}

static void
choose (const LinceKernels *kernels)
{
  sink = kernels->choose (values, VALUES, 24, 12, chosen);
}

static void
support (const LinceKernels *kernels)
{
  const LinceVotes votes = {u, v, scale, turn, weight};
  const LinceVoteReach reach = {60.f, 1.8f, 26};

  sink = kernels->support (&votes, 256, 7, &reach);
}

static void
add_row (const LinceKernels *kernels)
{
  kernels->add_row (row (0), sums[0], WIDTH);
}

static void
mean_row (const LinceKernels *kernels)
{
  kernels->mean_row (sums[0], sums[1], 65536 / 24, out[0], WIDTH);
}

/* ---- planes of floats ---- */

static const LinceRows lines = {COLUMNS, LINES, COLUMNS};
static const LinceRows cell = {LINCE_ROW_LANES, LINCE_ROW_LANES, COLUMNS};
static const float light[3] = {.8f, .7f, 2};

/* One row in, as of planes that have a row above and below. */
static const float *
plane (int number)
{
  return planes[number] + COLUMNS;
}

static LinceLightPlanes
light_planes (void)
{
  return (LinceLightPlanes){plane (0), plane (1), plane (2), plane (3), plane (4), 1, 1 / 256.f};
}

static void
sample_rows (const LinceKernels *kernels)
{
  const LinceSampling sampling = {.data = pixels,
      .stride = STRIDE,
      .width = WIDTH,
      .height = ROWS,
      .map = {1.3f, .02f, 40, .01f, .1f, 1, 1e-5f, 0, 1}};

  kernels->sample_rows (&sampling, &lines, made);
}

static void
light_rows (const LinceKernels *kernels)
{
  const LinceLightPlanes given = light_planes ();
  float totals[LINCE_LIGHT_SUMS][LINCE_ROW_LANES] = {0};

  kernels->light_rows (&given, &lines, light, totals);
  sink = (uint32_t) totals[LINCE_LIGHT_WEIGHT][0];
}

static void
light_cost_rows (const LinceKernels *kernels)
{
  const LinceLightPlanes given = light_planes ();
  float totals[LINCE_ROW_LANES] = {0};

  kernels->light_cost_rows (&given, &lines, light, totals);
  sink = (uint32_t) totals[0];
}

static void
compose_rows (const LinceKernels *kernels)
{
  const LinceLightPlanes given = light_planes ();

  kernels->compose_rows (&given, &lines, light, made);
}

static void
change_columns (const LinceKernels *kernels)
{
  const float *in[2] = {plane (0), plane (1)}, *from[2] = {plane (2), plane (3)};

  memset (made, 0, COLUMNS * sizeof *made);
  kernels->change_columns (in, from, made, COLUMNS);
}

static void
shift_cell (const LinceKernels *kernels)
{
  const LinceShiftPlanes given = {plane (2) + LINCE_ROW_LANES, plane (4), plane (1), 32};
  float totals[LINCE_SHIFT_SUMS][LINCE_ROW_LANES] = {0};

  kernels->shift_cell (&given, &cell, totals);
  sink = (uint32_t) totals[LINCE_SHIFT_XX][0];
}

static void
left_cell (const LinceKernels *kernels)
{
  const LinceLeftPlanes given = {plane (1), plane (4), plane (2), plane (3), 1 / 16.f};
  float first[LINCE_ROW_LANES] = {0}, second[LINCE_ROW_LANES] = {0};

  kernels->left_cell (&given, &cell, first, second);
  sink = (uint32_t) (first[0] + second[0]);
}

static void
apart_rows (const LinceKernels *kernels)
{
  static const LinceRows inner = {COLUMNS - 2 * LINCE_ROW_LANES, LINES, COLUMNS};

  kernels->apart_rows (
      plane (2) + LINCE_ROW_LANES, plane (3) + LINCE_ROW_LANES, &inner, 1 / 16.f, made);
}

/* Of what is turned by a quarter: no eight samples lie in two rows. */
static void
sample_turned (const LinceKernels *kernels)
{
  const LinceSampling sampling = {.data = pixels,
      .stride = STRIDE / 16,
      .width = WIDTH / 16,
      .height = ROWS * 16,
      .map = {.1f, 1.3f, 40, 1.3f, .1f, 1, 1e-5f, 0, 1}};

  kernels->sample_rows (&sampling, &lines, made);
}

static const struct {
  const char *name, *unit;
  void (*call) (const LinceKernels *kernels);
} entries[] = {
    {"halve_row", "960 pixels written", halve_row},
    {"two_thirds_row", "1280 pixels written", two_thirds_row},
    {"smooth_row", "1920 pixels", smooth_row},
    {"response_row", "1920 pixels", response_row},
    {"extrema_row", "1920 pixels", extrema_row},
    {"moments", "1 keypoint", moments},
    {"describe", "1 descriptor", describe},
    {"distances", "512 descriptors", distances},
    {"scan", "512 descriptors", scan},
    {"choose", "1024 values", choose},
    {"support", "256 matches", support},
    {"add_row", "1920 pixels", add_row},
    {"mean_row", "1920 pixels", mean_row},
    {"sample_rows", "64 x 40 samples", sample_rows},
    {"light_rows", "64 x 40 pixels", light_rows},
    {"light_cost_rows", "64 x 40 pixels", light_cost_rows},
    {"compose_rows", "64 x 40 pixels", compose_rows},
    {"change_columns", "64 columns", change_columns},
    {"shift_cell", "8 x 8 pixels", shift_cell},
    {"left_cell", "8 x 8 pixels", left_cell},
    {"apart_rows", "48 x 40 pixels", apart_rows},
    {"sample_rows", "turned by a quarter", sample_turned},
};
_Static_assert(
    sizeof entries / sizeof *entries == sizeof (LinceKernels) / sizeof (void (*) (void)) + 1,
    "a row for each kernel of the table, and one more for samples");

static uint32_t
random_below (uint32_t below)
{
  static uint32_t state = 1;

  state = state * 1664525u + 1013904223u;
  return (state >> 8) % below;
}

static void
fill (void)
{
  for (size_t i = 0; i < sizeof pixels; i++)
    pixels[i] = (uint8_t) random_below (256);
  /* few responses are above the threshold, as in footage */
  for (int i = 0; i < 3; i++)
    for (int x = 0; x < STRIDE; x++)
      sparse[i][x] = (uint8_t) (random_below (200) ? 0 : random_below (40));
  memset (thresholds, 3, sizeof thresholds);
  for (int i = 0; i < 64 * LINCE_DESCRIPTOR_WORDS; i++) {
    pairs.first[i] = (uint8_t) random_below (LINCE_DESCRIPTOR_SAMPLES);
    pairs.second[i] = (uint8_t) random_below (LINCE_DESCRIPTOR_SAMPLES);
  }
  for (size_t i = 0; i < sizeof blocks; i++)
    ((uint8_t *) blocks)[i] = (uint8_t) random_below (256);
  for (int i = 0; i < VALUES; i++) {
    values[i] = (uint16_t) (60 + random_below (140));
    u[i] = (float) random_below (400);
    v[i] = (float) random_below (400);
    scale[i] = .5f + (float) random_below (100) * .02f;
    turn[i] = (int32_t) random_below (256);
    weight[i] = (int32_t) random_below (64);
  }
  for (int i = 0; i < (LINES + 2) * COLUMNS; i++)
    for (int k = 0; k < 5; k++) /* opacity and what is valid are shares, the others levels */
      planes[k][i] = (float) random_below (1000) * (k < 2 ? .001f : .2f);
}

static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec * 1e9 + (double) time.tv_nsec;
}

/* Nanoseconds a call. */
static double
measure (void (*call) (const LinceKernels *), const LinceKernels *kernels, int calls)
{
  double begin = now ();

  for (int i = 0; i < calls; i++)
    call (kernels);
  return (now () - begin) / calls;
}

static void
measure_entry (void (*call) (const LinceKernels *), double least[LINCE_CPU_LEVELS])
{
  int calls[LINCE_CPU_LEVELS];

  for (int round = 0; round <= ROUNDS; round++)
    for (int level = 0; level < LINCE_CPU_LEVELS; level++) {
      const LinceKernels *kernels = lince_kernels_at ((LinceCpuLevel) level);
      double time;

      if (kernels == NULL)
        continue;
      time = measure (call, kernels, round == 0 ? 100 : calls[level]);
      if (round == 0)
        calls[level] = 1 + (int) (ROUND_NANOSECONDS / (time > 1 ? time : 1));
      if (round <= 1 || time < least[level])
        least[level] = time;
    }
}

int
main (void)
{
  fill ();
  printf ("%-15s %-20s", "kernel", "a call");
  for (int level = 0; level < LINCE_CPU_LEVELS; level++)
    if (lince_kernels_at ((LinceCpuLevel) level) != NULL)
      printf (
          " %10s ns %6s", lince_cpu_level_name ((LinceCpuLevel) level), level > 0 ? "of C" : "");
  printf ("\n");
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
    double least[LINCE_CPU_LEVELS] = {0};

    measure_entry (entries[i].call, least);
    printf ("%-15s %-20s", entries[i].name, entries[i].unit);
    for (int level = 0; level < LINCE_CPU_LEVELS; level++)
      if (least[level] > 0) {
        printf (" %13.1f", least[level]);
        if (level > 0)
          printf (" %5.1fx", least[LINCE_CPU_C] / least[level]);
        else
          printf (" %6s", "");
      }
    printf ("\n");
  }
  return EXIT_SUCCESS;
}
