/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Words: the majority descriptors of clusters of descriptors (k-majority: Grana et al. 2013), which
 * head the lists of the inverted index. Few are compared one by one; many hang on tops, the words
 * of a coarser clustering, so that a look-up compares the tops and then the words under the nearest
 * (Nister and Stewenius 2006). Internal to the textured generator. */
#pragma once

#include <stdbool.h>

#include "recognition/error.h"
#include "recognition/kernels/kernels.h"

#define LINCE_MAX_WORDS (1u << 17) /* of one polarity */
#define LINCE_MAX_TOPS 512         /* of one polarity */
#define LINCE_MAX_BRANCH 512       /* words of one top */
#define LINCE_MAX_FLAT_WORDS 1024  /* of one polarity without tops */
#define LINCE_TOPS_READ 4          /* whose words are compared with a descriptor at most */
#define LINCE_TOPS_REACH 24        /* bits by which they may be farther than the nearest */

/* All counts are multiples of LINCE_BLOCK. */
typedef struct {
  uint32_t top_count; /* 0: no tops */
  uint32_t word_count;
  LinceDescriptorBlock *tops, *words;
  uint32_t *branches; /* the first word of every top, and `word_count`; NULL without tops */
} LinceVocabulary;

/* Makes words of `count` descriptors, as many as suit their number, and sets each descriptor's
 * `assigned` word. The same input gives the same words. False when memory is short; the caller
 * clears `vocabulary` in any case. */
bool lince_vocabulary_make (LinceVocabulary *vocabulary, const LinceDescriptor *descriptors,
    uint32_t count, uint32_t *assigned);
void lince_vocabulary_clear (LinceVocabulary *vocabulary);
