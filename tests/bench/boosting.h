/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Chooses the descriptor's comparisons.
 *
 * A candidate c says of a pair i of keypoints whether its bit differs between them, d_ci, and D_i
 * is the sum of d_ci over those chosen: the Hamming distance. What search needs is that pairs of
 * the same place (S) are nearer than those of different ones (F), so what falls is RankBoost's
 * bound on how often they are not (Freund, Iyer, Schapire, Singer 2003), with one vote a candidate
 * as in BEBLID (Suarez, Sfeir, Buenaposada, Baumela 2020), for distances of bits have no weights:
 *
 *   J = log mean_S exp (g D_i) + log mean_F exp (-g D_i)
 *
 * Greedily: with weights w_i = exp (g D_i) and exp (-g D_i), each summing to 1 in its class, the
 * next candidate is the one of least
 *
 *   log (1 + (e^g - 1) sum_S w_i d_ci) + log (1 - (1 - e^-g) sum_F w_i d_ci)
 *
 * among those whose bits do not correlate with the bits of one that is chosen by more than a limit,
 * as ORB and BAD choose them (Rublee, Rabaud, Konolige, Bradski 2011; Suarez, Buenaposada, Baumela
 * 2021): two that
 * say the same lengthen some distances and not others.
 *
 * Then each of those chosen is taken out and chosen again, some rounds long. Weights are integers
 * of 16 bits and sums are exact, so the same pairs give the same comparisons. */
#pragma once

#include <glib.h>

#include "recognition/kernels/kernels.h"

/* The samples around two keypoints. */
typedef struct {
  const guint8 *first, *second; /* LINCE_DESCRIPTOR_SAMPLES each */
} LinceSamplePair;

typedef struct {
  const LinceSamplePair *same, *different;
  guint same_count, different_count;
  double rate;  /* g */
  double limit; /* of the correlation of any two that are chosen; 1: none */
  guint rounds; /* of exchanges after the greedy choice */
} LinceBoosting;

void lince_boost_pairs (const LinceBoosting *boosting, LincePairs *pairs);
