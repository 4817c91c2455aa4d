/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Words: the majority descriptors of clusters of descriptors (k-majority: Grana et al. 2013), which
 * head the lists of the inverted index. Internal to the textured generator. */
#pragma once

#include <stdbool.h>

#include "recognition/error.h"
#include "recognition/kernels/kernels.h"

/* Fills `words` (`word_count`, a multiple of 8, in blocks) from `count` descriptors and sets each
 * descriptor's `assigned` word. The same input gives the same words. False when memory is short. */
bool lince_vocabulary_make (const LinceDescriptor *descriptors, uint32_t count, uint32_t word_count,
    LinceDescriptorBlock *words, uint32_t *assigned);
