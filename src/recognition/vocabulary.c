/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 8
#define SAMPLES_A_WORD 64 /* descriptors that training looks at, for each word */
#define BITS (64 * LINCE_DESCRIPTOR_WORDS)

static void
set_word (LinceDescriptorBlock *words, uint32_t i, const LinceDescriptor *descriptor)
{
  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    words[i / LINCE_BLOCK].words[w][i % LINCE_BLOCK] = descriptor->words[w];
}

/* The nearest word, the first of equals. */
static uint32_t
nearest (const LinceDescriptor *descriptor, const LinceDescriptorBlock *words, uint32_t word_count,
    uint16_t *distances)
{
  uint32_t best = 0;

  lince_kernels ()->distances (descriptor, words, word_count / LINCE_BLOCK, distances);
  for (uint32_t i = 1; i < word_count; i++)
    if (distances[i] < distances[best])
      best = i;
  return best;
}

static void
add_bits (uint32_t *sums, const LinceDescriptor *descriptor)
{
  for (int b = 0; b < BITS; b++)
    sums[b] += (descriptor->words[b / 64] >> (b % 64)) & 1;
}

/* Every word becomes the majority of its members; one without members stays. */
static void
take_majority (
    const uint32_t *sums, const uint32_t *members, uint32_t word_count, LinceDescriptorBlock *words)
{
  for (uint32_t i = 0; i < word_count; i++) {
    LinceDescriptor descriptor = {{0}};

    if (members[i] == 0)
      continue;
    for (int b = 0; b < BITS; b++)
      if (2 * sums[i * BITS + (uint32_t) b] > members[i])
        descriptor.words[b / 64] |= (uint64_t) 1 << (b % 64);
    set_word (words, i, &descriptor);
  }
}

bool
lince_vocabulary_make (const LinceDescriptor *descriptors, uint32_t count, uint32_t word_count,
    LinceDescriptorBlock *words, uint32_t *assigned)
{
  uint32_t step = count / SAMPLES_A_WORD / word_count + 1;
  uint32_t *sums = malloc ((size_t) word_count * BITS * sizeof *sums);
  uint32_t *members = malloc ((size_t) word_count * sizeof *members);
  uint16_t *distances = malloc ((size_t) word_count * sizeof *distances);
  bool done = sums != NULL && members != NULL && distances != NULL;

  for (uint32_t i = 0; done && i < word_count; i++)
    set_word (words, i, &descriptors[(uint64_t) i * count / word_count]);
  for (int round = 0; done && round < ROUNDS; round++) {
    memset (sums, 0, (size_t) word_count * BITS * sizeof *sums);
    memset (members, 0, (size_t) word_count * sizeof *members);
    for (uint32_t i = 0; i < count; i += step) {
      uint32_t word = nearest (&descriptors[i], words, word_count, distances);

      members[word]++;
      add_bits (sums + (size_t) word * BITS, &descriptors[i]);
    }
    take_majority (sums, members, word_count, words);
  }
  for (uint32_t i = 0; done && i < count; i++)
    assigned[i] = nearest (&descriptors[i], words, word_count, distances);
  free (sums);
  free (members);
  free (distances);
  return done;
}
