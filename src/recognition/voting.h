/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Geometric voting: which matches of one image agree on where it stands. Internal to the room. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* cos (2 pi i / 256). The sine is that of a quarter turn before. */
extern const float lince_turn_cosine[256];
#define LINCE_TURN_COSINE(angle) lince_turn_cosine[(angle) &255]
#define LINCE_TURN_SINE(angle) lince_turn_cosine[((angle) + 192) & 255]

/* One match between a feature of the image and a keypoint of the frame, and what it says about the
 * image's similarity (size, turn, place of the centre) in the frame. */
typedef struct {
  float x, y;               /* the feature in the reference */
  float u, v;               /* the keypoint in the frame */
  float scale;              /* frame pixels for one reference pixel */
  float centre_u, centre_v; /* of the reference, as this match has it */
  float precision;          /* frame pixels for one pixel of the keypoint's scale */
  uint32_t keypoint, slot;
  uint16_t distance; /* Hamming */
  uint8_t turn;      /* 256ths */
  uint8_t used;      /* taken by a peak */
} LinceMatch;

/* A peak: the matches that agree with one seed. */
typedef struct {
  uint32_t seed, votes;
  uint32_t weight; /* sum of the matches' weights, LINCE_VOTE_WEIGHT for a perfect one */
} LincePeak;

#define LINCE_VOTE_WEIGHT 64
#define LINCE_VOTES_MAX 400 /* matches of one image that vote, nearest first */

/* Buffers of one thread. */
typedef struct {
  float u[LINCE_VOTES_MAX], v[LINCE_VOTES_MAX], scale[LINCE_VOTES_MAX];
  int32_t turn[LINCE_VOTES_MAX], weight[LINCE_VOTES_MAX];
  uint32_t support[LINCE_VOTES_MAX];
} LinceVotingScratch;

/* Finds up to `capacity` peaks of at least `least` weight, heaviest first, and marks the matches of
 * peak p with used = p + 1. `count` is at most LINCE_VOTES_MAX; `size` is the reference's diagonal
 * in its pixels. */
uint32_t lince_vote (LinceMatch *matches, uint32_t count, float size, uint32_t least,
    LinceVotingScratch *scratch, LincePeak *peaks, uint32_t capacity);
