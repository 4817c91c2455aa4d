/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 8
#define SAMPLES_A_WORD 64 /* descriptors that training looks at, for each word */
#define BITS (64 * LINCE_DESCRIPTOR_WORDS)
#define LISTS_READ 6     /* words that a look-up follows, about */
#define WORD_MEMBERS 64  /* descriptors under a word that hangs on a top, about */
#define COUNTER_PLANES 8 /* bits of a count before it is added to the sums */

/* How many members of a cluster have each bit set: the last few as planes of binary digits, which
 * take one addition for all bits of a descriptor, the others as plain sums. */
typedef struct {
  uint32_t members, counted; /* of them in the planes */
  uint64_t planes[COUNTER_PLANES][LINCE_DESCRIPTOR_WORDS];
  uint32_t sums[BITS];
} Counter;

/* What clustering works with. */
typedef struct {
  const LinceKernels *kernels;
  Counter *counters;
  uint16_t *distances;
} Clustering;

static void
set_word (LinceDescriptorBlock *words, uint32_t i, const LinceDescriptor *descriptor)
{
  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    words[i / LINCE_BLOCK].words[w][i % LINCE_BLOCK] = descriptor->words[w];
}

/* The nearest word, the first of equals. */
static uint32_t
nearest (const Clustering *clustering, const LinceDescriptor *descriptor,
    const LinceDescriptorBlock *words, uint32_t word_count)
{
  uint16_t best;

  clustering->kernels->distances (
      descriptor, words, word_count / LINCE_BLOCK, clustering->distances);
  /* choose() takes values from 1 */
  for (uint32_t i = 0; i < word_count; i++)
    clustering->distances[i]++;
  clustering->kernels->choose (clustering->distances, word_count, 0, 1, &best);
  return best;
}

static void
empty_planes (Counter *counter)
{
  for (int p = 0; p < COUNTER_PLANES; p++)
    for (int b = 0; b < BITS; b++)
      counter->sums[b] += (uint32_t) ((counter->planes[p][b / 64] >> (b % 64)) & 1) << p;
  memset (counter->planes, 0, sizeof counter->planes);
  counter->counted = 0;
}

static void
count_bits (Counter *counter, const LinceDescriptor *descriptor)
{
  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++) {
    uint64_t carry = descriptor->words[w];

    for (int p = 0; carry != 0 && p < COUNTER_PLANES; p++) {
      uint64_t old = counter->planes[p][w];

      counter->planes[p][w] = old ^ carry;
      carry &= old;
    }
  }
  counter->members++;
  if (++counter->counted == (1u << COUNTER_PLANES) - 1)
    empty_planes (counter);
}

/* Every word becomes the majority of its members; one without members stays. */
static void
take_majority (Counter *counters, uint32_t word_count, LinceDescriptorBlock *words)
{
  for (uint32_t i = 0; i < word_count; i++) {
    LinceDescriptor descriptor = {{0}};

    if (counters[i].members == 0)
      continue;
    empty_planes (&counters[i]);
    for (int b = 0; b < BITS; b++)
      if (2 * counters[i].sums[b] > counters[i].members)
        descriptor.words[b / 64] |= (uint64_t) 1 << (b % 64);
    set_word (words, i, &descriptor);
  }
}

/* Fills `words` from `count` descriptors, at least one, and sets each descriptor's word. */
static void
cluster (const Clustering *clustering, const LinceDescriptor *descriptors, uint32_t count,
    uint32_t word_count, LinceDescriptorBlock *words, uint32_t *assigned)
{
  uint32_t step = count / SAMPLES_A_WORD / word_count + 1;

  for (uint32_t i = 0; i < word_count; i++)
    set_word (words, i, &descriptors[(uint64_t) i * count / word_count]);
  for (int round = 0; round < ROUNDS; round++) {
    memset (clustering->counters, 0, word_count * sizeof *clustering->counters);
    for (uint32_t i = 0; i < count; i += step)
      count_bits (&clustering->counters[nearest (clustering, &descriptors[i], words, word_count)],
          &descriptors[i]);
    take_majority (clustering->counters, word_count, words);
  }
  for (uint32_t i = 0; i < count; i++)
    assigned[i] = nearest (clustering, &descriptors[i], words, word_count);
}

/* Without tops a look-up compares all words and, under some of them, the descriptors: the sum is
 * least with the root of that many times the descriptors. */
static uint32_t
flat_words_for (uint32_t count)
{
  uint32_t words = LINCE_BLOCK;

  while (words <= LINCE_MAX_FLAT_WORDS && (uint64_t) words * words < (uint64_t) LISTS_READ * count)
    words += LINCE_BLOCK;
  return words;
}

/* As many tops as each of them has words, about. */
static uint32_t
tops_for (uint32_t count)
{
  uint32_t words = count / WORD_MEMBERS, tops = LINCE_BLOCK;

  words = words < LINCE_MAX_WORDS / 2 ? words : LINCE_MAX_WORDS / 2;
  while (tops < LINCE_MAX_TOPS && tops * tops < words)
    tops += LINCE_BLOCK;
  return tops;
}

/* Words for a top's `members`. */
static uint32_t
branch_for (uint32_t members)
{
  uint32_t words = members / WORD_MEMBERS / LINCE_BLOCK * LINCE_BLOCK + LINCE_BLOCK;

  return words < LINCE_MAX_BRANCH ? words : LINCE_MAX_BRANCH;
}

static bool
make_flat (LinceVocabulary *vocabulary, const Clustering *clustering,
    const LinceDescriptor *descriptors, uint32_t count, uint32_t word_count, uint32_t *assigned)
{
  vocabulary->words = calloc (word_count / LINCE_BLOCK, sizeof *vocabulary->words);
  if (vocabulary->words == NULL)
    return false;
  vocabulary->word_count = word_count;
  if (count > 0)
    cluster (clustering, descriptors, count, word_count, vocabulary->words, assigned);
  return true;
}

/* The descriptors of one top after those of another. */
typedef struct {
  uint32_t *first; /* of every top, and the end */
  uint32_t *assigned;
  LinceDescriptor *descriptors;
} Sorted;

static bool
sort_by_top (Sorted *sorted, const LinceDescriptor *descriptors, uint32_t count,
    const uint32_t *assigned, uint32_t top_count)
{
  sorted->first = calloc (top_count + 2, sizeof *sorted->first);
  sorted->assigned = malloc (count * sizeof *sorted->assigned);
  sorted->descriptors = malloc (count * sizeof *sorted->descriptors);
  if (sorted->first == NULL || sorted->assigned == NULL || sorted->descriptors == NULL)
    return false;
  for (uint32_t i = 0; i < count; i++)
    sorted->first[assigned[i] + 2]++;
  for (uint32_t t = 2; t < top_count + 2; t++)
    sorted->first[t] += sorted->first[t - 1];
  for (uint32_t i = 0; i < count; i++)
    sorted->descriptors[sorted->first[assigned[i] + 1]++] = descriptors[i];
  return true;
}

static void
sorted_clear (Sorted *sorted)
{
  free (sorted->first);
  free (sorted->assigned);
  free (sorted->descriptors);
}

/* Gives every top its words. */
static bool
make_branches (LinceVocabulary *vocabulary, const Sorted *sorted)
{
  uint32_t words = 0;

  vocabulary->branches = calloc (vocabulary->top_count + 1, sizeof *vocabulary->branches);
  if (vocabulary->branches == NULL)
    return false;
  for (uint32_t t = 0; t < vocabulary->top_count; t++) {
    vocabulary->branches[t] = words;
    words += branch_for (sorted->first[t + 1] - sorted->first[t]);
  }
  vocabulary->branches[vocabulary->top_count] = words;
  vocabulary->word_count = words;
  vocabulary->words = calloc (words / LINCE_BLOCK, sizeof *vocabulary->words);
  return vocabulary->words != NULL;
}

/* The nearest word under the nearest tops: there a look-up for the same descriptor goes first. */
static uint32_t
nearest_of_tree (const Clustering *clustering, const LinceVocabulary *vocabulary,
    const LinceDescriptor *descriptor)
{
  uint16_t chosen[LINCE_TOPS_READ], *distances = clustering->distances;
  uint32_t best = 0, best_distance = UINT32_MAX, n;

  clustering->kernels->distances (
      descriptor, vocabulary->tops, vocabulary->top_count / LINCE_BLOCK, distances);
  n = clustering->kernels->choose (
      distances, vocabulary->top_count, LINCE_TOPS_REACH, LINCE_TOPS_READ, chosen);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t first = vocabulary->branches[chosen[i]];
    uint32_t word =
        first + nearest (clustering, descriptor, vocabulary->words + first / LINCE_BLOCK,
                    vocabulary->branches[chosen[i] + 1] - first);

    if (distances[word - first] < best_distance) {
      best_distance = distances[word - first];
      best = word;
    }
  }
  return best;
}

static bool
make_tree (LinceVocabulary *vocabulary, const Clustering *clustering,
    const LinceDescriptor *descriptors, uint32_t count, uint32_t *assigned)
{
  uint32_t tops = tops_for (count);
  Sorted sorted = {0};
  bool done;

  vocabulary->tops = calloc (tops / LINCE_BLOCK, sizeof *vocabulary->tops);
  if (vocabulary->tops == NULL)
    return false;
  vocabulary->top_count = tops;
  cluster (clustering, descriptors, count, tops, vocabulary->tops, assigned);
  done = sort_by_top (&sorted, descriptors, count, assigned, tops) &&
         make_branches (vocabulary, &sorted);
  for (uint32_t t = 0; done && t < tops; t++) {
    uint32_t first = sorted.first[t], members = sorted.first[t + 1] - first;
    uint32_t branch = vocabulary->branches[t];

    if (members > 0)
      cluster (clustering, sorted.descriptors + first, members,
          vocabulary->branches[t + 1] - branch, vocabulary->words + branch / LINCE_BLOCK,
          sorted.assigned + first);
  }
  for (uint32_t i = 0; done && i < count; i++)
    assigned[i] = nearest_of_tree (clustering, vocabulary, &descriptors[i]);
  sorted_clear (&sorted);
  return done;
}

/* Room for up to `most` words at a time. */
static bool
clustering_init (Clustering *clustering, uint32_t most)
{
  *clustering = (Clustering){
      lince_kernels (), malloc (most * sizeof (Counter)), malloc (most * sizeof (uint16_t))};
  return clustering->counters != NULL && clustering->distances != NULL;
}

static void
clustering_clear (Clustering *clustering)
{
  free (clustering->counters);
  free (clustering->distances);
}

bool
lince_vocabulary_make (LinceVocabulary *vocabulary, const LinceDescriptor *descriptors,
    uint32_t count, uint32_t *assigned)
{
  uint32_t flat = flat_words_for (count);
  Clustering clustering;
  bool done = clustering_init (&clustering, flat > LINCE_MAX_BRANCH ? flat : LINCE_MAX_BRANCH);

  *vocabulary = (LinceVocabulary){0};
  if (done && flat <= LINCE_MAX_FLAT_WORDS)
    done = make_flat (vocabulary, &clustering, descriptors, count, flat, assigned);
  else if (done)
    done = make_tree (vocabulary, &clustering, descriptors, count, assigned);
  clustering_clear (&clustering);
  return done;
}

void
lince_vocabulary_clear (LinceVocabulary *vocabulary)
{
  free (vocabulary->tops);
  free (vocabulary->words);
  free (vocabulary->branches);
  *vocabulary = (LinceVocabulary){0};
}
