/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The loops over pixels and descriptors: a table of functions, one for each level of CPU.
 *
 * Every function of every level gives the very result of plain C. The table is chosen once, at the
 * first call of lince_kernels(), by what the CPU has, lowered by the environment variable
 * LINCE_CPU_LEVEL (c, neon, avx2, avx512 or avx512icl). Internal to the room; thread-safe. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef enum {
  LINCE_CPU_C,         /* plain C */
  LINCE_CPU_NEON,      /* AArch64 with Advanced SIMD */
  LINCE_CPU_AVX2,      /* AVX2, BMI2, POPCNT */
  LINCE_CPU_AVX512,    /* these and AVX-512 F, BW, DQ, VL: Skylake-X and later */
  LINCE_CPU_AVX512ICL, /* these and AVX-512 VBMI, VNNI, VPOPCNTDQ: Ice Lake, Zen 4 and later */
  LINCE_CPU_LEVELS,
} LinceCpuLevel;

#define LINCE_DESCRIPTOR_WORDS 4 /* of 64 bits */
#define LINCE_DESCRIPTOR_SAMPLES 64
#define LINCE_BLOCK 8          /* descriptors that lie transposed side by side */
#define LINCE_MOMENT_RADIUS 11 /* pixels around a keypoint that give its orientation */
#define LINCE_SMOOTH_BORDER 32 /* readable pixels around a smoothed picture on every side */

/* Eight descriptors: word w of descriptor i is words[w][i]. */
typedef struct {
  uint64_t words[LINCE_DESCRIPTOR_WORDS][LINCE_BLOCK];
} LinceDescriptorBlock;

typedef struct {
  uint64_t words[LINCE_DESCRIPTOR_WORDS];
} LinceDescriptor;

/* Which samples the descriptor's bits compare: bit i is sample first[i] < sample second[i]. */
typedef struct {
  uint8_t first[64 * LINCE_DESCRIPTOR_WORDS], second[64 * LINCE_DESCRIPTOR_WORDS];
} LincePairs;

/* What matches say about one image's place: arrays of one value a match. */
typedef struct {
  const float *u, *v;    /* the image's centre in the frame, pixels */
  const float *scale;    /* frame pixels for one of the reference */
  const int32_t *turn;   /* 0 to 255 for a turn */
  const int32_t *weight; /* 0 to 65535 */
} LinceVotes;

/* How far matches may be apart to agree. */
typedef struct {
  float centre;  /* distance of the centres, in units of the seed's scale */
  float scale;   /* ratio of the scales, above 1 */
  uint32_t turn; /* 256ths */
} LinceVoteReach;

/* The kernels over planes of floats work on eight side by side, and keep eight sums of each kind:
 * those of every eighth value. */
#define LINCE_ROW_LANES 8

/* A part of a plane: `rows` rows of `count` floats, a multiple of LINCE_ROW_LANES, `stride` apart.
 */
typedef struct {
  int count, rows, stride;
} LinceRows;

/* Where rows of samples lie in a picture of at least 2 x 2 bytes: sample i of row y at what `map`
 * makes of (left + i + 0.5, top + y + 0.5), pixel-edge. Outside, the picture's edge is repeated. */
typedef struct {
  const uint8_t *data;
  ptrdiff_t stride;
  int width, height;
  float map[9]; /* homography, row-major */
  float left, top;
  float offset; /* that is taken off every sample */
} LinceSampling;

/* One component of a canvas (canvas.h). */
typedef struct {
  const float *alpha, *valid, *ground, *colour, *frame;
  float lifted;  /* 1: the lift is of this component, 0: it is not */
  float outlier; /* one over the square of what a pixel may be off before it counts half */
} LinceLightPlanes;

/* Sums of weighted products of what grows with opacity (o), with opacity times gain (q) and with
 * the lift (p), of these with what is seen, and of the weights. */
enum {
  LINCE_LIGHT_OO,
  LINCE_LIGHT_OQ,
  LINCE_LIGHT_OP,
  LINCE_LIGHT_QQ,
  LINCE_LIGHT_QP,
  LINCE_LIGHT_PP,
  LINCE_LIGHT_O,
  LINCE_LIGHT_Q,
  LINCE_LIGHT_P,
  LINCE_LIGHT_WEIGHT,
  LINCE_LIGHT_SUMS,
};

/* One component of a model and what it is to explain; one value around each row and a row above and
 * below are read of `model`. */
typedef struct {
  const float *model, *frame, *valid;
  float tolerance; /* squares that count half */
} LinceShiftPlanes;

/* Sums of weighted products of the model's gradients, and of these with what is left. */
enum {
  LINCE_SHIFT_XX,
  LINCE_SHIFT_XY,
  LINCE_SHIFT_YY,
  LINCE_SHIFT_X,
  LINCE_SHIFT_Y,
  LINCE_SHIFT_SUMS,
};

/* One component of two explanations of a frame. */
typedef struct {
  const float *weight, *frame, *first, *second;
  float factor; /* of all squares */
} LinceLeftPlanes;

/* Weights of a row of the disc that gives orientation: x and y, 0 outside of the disc. */
typedef struct {
  _Alignas(32) int8_t x[32], y[32];
} LinceMomentRow;

typedef struct {
  /* Half the width and height: out[x] is the rounded mean of four pixels of rows a and b, which
   * hold at least 2 * width pixels. */
  void (*halve_row) (const uint8_t *a, const uint8_t *b, uint8_t *out, int width);
  /* Two thirds of width and height: rows a (weight 2) and b (weight 1) give one row; `width` is the
   * output's, even; 3 * width / 2 pixels are read. */
  void (*two_thirds_row) (const uint8_t *a, const uint8_t *b, uint8_t *out, int width);
  /* Binomial 5 x 5 of five rows; `scratch` holds width + 4 values. The row's ends are repeated. */
  void (*smooth_row) (const uint8_t *const rows[5], uint16_t *scratch, uint8_t *out, int width);
  /* The responses to corners and blobs, see keypoint.h: by how much each pixel exceeds the largest
   * rounded mean of two opposite points of the circle (bright), or falls short of the smallest
   * (dark). Three pixels around the row are read on every side. */
  void (*response_row) (
      const uint8_t *pixels, ptrdiff_t stride, uint8_t *bright, uint8_t *dark, int width);
  /* Bit x % 64 of bits[x / 64] says whether rows[1][x] is at least thresholds[x] (1 to 255) and a
   * maximum of its 3 x 3 neighbours; of equal neighbours the first in reading order is. Rows have 1
   * readable value before the first and 1 after the last. Bits beyond `width` are clear. */
  void (*extrema_row) (
      const uint8_t *const rows[3], const uint8_t *thresholds, int width, uint64_t *bits);
  /* First moments of the disc of LINCE_MOMENT_RADIUS around `centre`. */
  void (*moments) (const uint8_t *centre, ptrdiff_t stride, int32_t *x, int32_t *y);
  /* Compares samples as `pairs` says. */
  void (*describe) (const uint8_t samples[LINCE_DESCRIPTOR_SAMPLES], const LincePairs *pairs,
      LinceDescriptor *descriptor);
  /* Hamming distances of `query` to all descriptors of `count` blocks. */
  void (*distances) (const LinceDescriptor *query, const LinceDescriptorBlock *blocks,
      uint32_t count, uint16_t *out);
  /* Writes distance << 20 | position for each descriptor of `count` blocks (at most 2^17) with a
   * distance of at most `limit`, rising by position, until `capacity`; returns how many. */
  uint32_t (*scan) (const LinceDescriptor *query, const LinceDescriptorBlock *blocks,
      uint32_t count, uint32_t limit, uint32_t *out, uint32_t capacity);
  /* Positions, rising, of the smallest of `count` values (1 to 65535): of all that are at most the
   * largest bound from the least value up to `reach` above it for which there are no more than
   * `most`; where even the least value stands more often, the first `most` of those. */
  uint32_t (*choose) (
      const uint16_t *values, uint32_t count, uint32_t reach, uint32_t most, uint16_t *out);
  /* The weight of all matches that agree with match `seed`. */
  uint32_t (*support) (
      const LinceVotes *votes, uint32_t count, uint32_t seed, const LinceVoteReach *reach);
  /* Adds a row to sums, modulo 65536. */
  void (*add_row) (const uint8_t *row, uint16_t *sums, int width);
  /* out[x] = min (255, ((sums[x] + others[x]) * factor + 32768) >> 16), modulo 2^32 before the
   * shift. */
  void (*mean_row) (
      const uint16_t *sums, const uint16_t *others, uint32_t factor, uint8_t *out, int width);

  /* The kernels over planes of floats. Sums are added to. */

  /* Samples a picture, bilinear. */
  void (*sample_rows) (const LinceSampling *sampling, const LinceRows *rows, float *out);
  /* The normal equations of the light (opacity, opacity * gain, lift), weighed down where `light`
   * is off. */
  void (*light_rows) (const LinceLightPlanes *planes, const LinceRows *rows, const float light[3],
      float sums[LINCE_LIGHT_SUMS][LINCE_ROW_LANES]);
  /* What the light leaves, bounded for every pixel. */
  void (*light_cost_rows) (const LinceLightPlanes *planes, const LinceRows *rows,
      const float light[3], float sums[LINCE_ROW_LANES]);
  /* What the frame should show in that light. */
  void (*compose_rows) (
      const LinceLightPlanes *planes, const LinceRows *rows, const float light[3], float *model);
  /* sums[i] += in[0][i] * in[1][i] - out[0][i] * out[1][i]; `count` a multiple of
   * LINCE_ROW_LANES. */
  void (*change_columns) (
      const float *const in[2], const float *const out[2], float *sums, int count);
  /* Of rows of LINCE_ROW_LANES. */
  void (*shift_cell) (const LinceShiftPlanes *planes, const LinceRows *rows,
      float sums[LINCE_SHIFT_SUMS][LINCE_ROW_LANES]);
  /* The weighed squares that each explanation leaves, of rows of LINCE_ROW_LANES. */
  void (*left_cell) (const LinceLeftPlanes *planes, const LinceRows *rows,
      float first[LINCE_ROW_LANES], float second[LINCE_ROW_LANES]);
  /* difference[i] += factor * d * d, with d by how much one value lies outside of what the other
   * plane has there and at the eight next to it, the larger of both ways. One value around the rows
   * is read on every side. */
  void (*apart_rows) (const float *first, const float *second, const LinceRows *rows, float factor,
      float *difference);
} LinceKernels;

/* The best table this CPU and LINCE_CPU_LEVEL allow. */
const LinceKernels *lince_kernels (void);

/* The table of one level, NULL where this CPU or this build lacks it; for tests and measurement. */
const LinceKernels *lince_kernels_at (LinceCpuLevel level);

/* Makes lince_kernels() return the table of `level` from now on (or the best below it); not while
 * another thread uses the room. For tests. */
void lince_kernels_force (LinceCpuLevel level);

/* As LINCE_CPU_LEVEL has it: a static string. */
const char *lince_cpu_level_name (LinceCpuLevel level);

extern const LinceKernels lince_kernels_c;
extern const LinceMomentRow lince_moment_rows[2 * LINCE_MOMENT_RADIUS + 1];
#ifdef LINCE_HAVE_X86
extern const LinceKernels lince_kernels_avx2, lince_kernels_avx512, lince_kernels_avx512icl;
#endif
#ifdef LINCE_HAVE_NEON
extern const LinceKernels lince_kernels_neon;
#endif
