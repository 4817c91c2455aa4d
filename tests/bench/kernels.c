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

static uint8_t pixels[ROWS * STRIDE], out[2][STRIDE], sparse[3][STRIDE], thresholds[WIDTH];
static uint16_t scratch[WIDTH + 4], values[VALUES], chosen[VALUES], far[BLOCKS * LINCE_BLOCK];
static uint64_t bits[WIDTH / 64 + 1];
static LinceDescriptorBlock blocks[BLOCKS];
static LinceDescriptor query, described;
static LincePairs pairs;
static uint32_t near[BLOCKS * LINCE_BLOCK];
static float u[VALUES], v[VALUES], scale[VALUES];
static int32_t turn[VALUES], weight[VALUES];
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
};

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
