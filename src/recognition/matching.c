/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/matching.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/vocabulary.h"

#define FLAT_PROBES 6  /* words that are looked under where all are compared */
#define PROBE_REACH 24 /* bits by which words may be farther than the nearest */
#define LIMIT 64       /* bits: matches farther than this tell nothing */
#define FURTHER 8      /* bits by which the second and third image may be farther than the first */
#define CAPACITY 128
#define MAX_BLOCKS (1u << 16) /* of one list that are read */
#define FETCHED 12            /* blocks of a list that are fetched ahead */
#define POSITION(found) ((found) &0xfffffu)

/* A value of the block, read once: what is checked is what is used, whatever happens to the bytes.
 */
static uint32_t
read_number (const uint32_t *number)
{
  return *(const volatile uint32_t *) number;
}

static float
read_float (const float *number)
{
  return *(const volatile float *) number;
}

static bool
before (const LinceNeighbour *a, const LinceNeighbour *b)
{
  if (a->distance != b->distance)
    return a->distance < b->distance;
  return a->image != b->image ? a->image < b->image : a->slot < b->slot;
}

/* Puts a candidate among the best, one an image. */
static uint32_t
insert (LinceNeighbour *neighbours, uint32_t count, LinceNeighbour candidate)
{
  uint32_t at;

  for (uint32_t i = 0; i < count; i++)
    if (neighbours[i].image == candidate.image) {
      if (!before (&candidate, &neighbours[i]))
        return count;
      memmove (neighbours + i, neighbours + i + 1, (count - i - 1) * sizeof *neighbours);
      count--;
      break;
    }
  if (count == LINCE_MATCHES_A_KEYPOINT) {
    if (!before (&candidate, &neighbours[count - 1]))
      return count;
    count--;
  }
  for (at = count; at > 0 && before (&candidate, &neighbours[at - 1]); at--)
    neighbours[at] = neighbours[at - 1];
  neighbours[at] = candidate;
  return count + 1;
}

#define MOST_COMPARED (LINCE_TOPS_READ * LINCE_MAX_BRANCH)
_Static_assert(MOST_COMPARED >= LINCE_MAX_FLAT_WORDS, "words without tops are not all compared");

/* Words of one polarity that were compared, in runs one after the other. */
typedef struct {
  uint32_t runs, count;
  uint32_t first[LINCE_TOPS_READ]; /* of each run: its first word */
  uint32_t start[LINCE_TOPS_READ]; /* and its place among the distances */
  uint16_t distances[MOST_COMPARED];
} Compared;

static void
compare_run (const LinceTextured *textured, const LinceKernels *kernels,
    const LinceDescriptor *descriptor, uint32_t first, uint32_t count, Compared *compared)
{
  const LinceDescriptorBlock *words = textured->parts[LINCE_PART_WORDS];

  compared->first[compared->runs] = first;
  compared->start[compared->runs++] = compared->count;
  kernels->distances (descriptor, words + first / LINCE_BLOCK, count / LINCE_BLOCK,
      compared->distances + compared->count);
  compared->count += count;
}

/* Compares the words under the nearest tops. */
static void
compare_branches (const LinceTextured *textured, const LinceKernels *kernels,
    const LinceDescriptor *descriptor, unsigned dark, Compared *compared)
{
  const LinceDescriptorBlock *tops = textured->parts[LINCE_PART_TOPS];
  const uint32_t *branches = textured->parts[LINCE_PART_BRANCHES];
  uint32_t first_top = dark ? textured->tops[0] : 0, top_count = textured->tops[dark != 0];
  uint32_t word_end = dark ? textured->word_count : textured->words[0];
  uint32_t word_begin = word_end - textured->words[dark != 0], n;
  uint16_t distances[LINCE_MAX_TOPS], chosen[LINCE_TOPS_READ];

  kernels->distances (
      descriptor, tops + first_top / LINCE_BLOCK, top_count / LINCE_BLOCK, distances);
  n = kernels->choose (distances, top_count, LINCE_TOPS_REACH, LINCE_TOPS_READ, chosen);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t top = first_top + chosen[i];
    uint32_t begin = read_number (&branches[top]) / LINCE_BLOCK * LINCE_BLOCK;
    uint32_t end = chosen[i] + 1u < top_count
                       ? read_number (&branches[top + 1]) / LINCE_BLOCK * LINCE_BLOCK
                       : word_end;

    if (begin < word_begin || end > word_end || begin >= end)
      continue;
    end = end - begin > LINCE_MAX_BRANCH ? begin + LINCE_MAX_BRANCH : end;
    compare_run (textured, kernels, descriptor, begin, end - begin, compared);
  }
}

void
lince_probe (const LinceTextured *textured, const LinceKernels *kernels,
    const LinceDescriptor *descriptor, unsigned dark, LinceProbes *probes)
{
  const uint32_t *lists = textured->parts[LINCE_PART_LISTS];
  uint32_t n, run = 0;
  uint16_t chosen[LINCE_PROBES];
  bool flat = textured->tops[dark != 0] == 0;
  Compared compared;

  probes->count = 0;
  compared.runs = compared.count = 0;
  if (!flat)
    compare_branches (textured, kernels, descriptor, dark, &compared);
  else if (textured->words[dark != 0] > 0)
    compare_run (textured, kernels, descriptor, dark ? textured->words[0] : 0,
        textured->words[dark != 0], &compared);
  if (compared.count == 0)
    return;
  n = kernels->choose (
      compared.distances, compared.count, PROBE_REACH, flat ? FLAT_PROBES : LINCE_PROBES, chosen);
  for (uint32_t p = 0; p < n; p++) {
    uint32_t word, begin, end;

    while (run + 1 < compared.runs && chosen[p] >= compared.start[run + 1])
      run++;
    word = compared.first[run] + chosen[p] - compared.start[run];
    begin = read_number (&lists[word]);
    end = read_number (&lists[word + 1]);
    end = end > textured->block_count ? textured->block_count : end;
    if (begin >= end)
      continue;
    probes->begin[probes->count] = begin;
    probes->end[probes->count++] = end - begin > MAX_BLOCKS ? begin + MAX_BLOCKS : end;
  }
}

void
lince_probe_fetch (const LinceTextured *textured, const LinceProbes *probes)
{
  const LinceDescriptorBlock *blocks = textured->parts[LINCE_PART_BLOCKS];
  const LinceSlot *slots = textured->parts[LINCE_PART_SLOTS];

  for (uint32_t p = 0; p < probes->count; p++) {
    uint32_t count = probes->end[p] - probes->begin[p];

    for (uint32_t i = 0; i < count && i < FETCHED; i++) {
      const char *block = (const char *) &blocks[probes->begin[p] + i];

      for (size_t line = 0; line < sizeof *blocks; line += 64)
        __builtin_prefetch (block + line, 0, 2);
      __builtin_prefetch (&slots[(size_t) (probes->begin[p] + i) * LINCE_BLOCK], 0, 2);
    }
  }
}

uint32_t
lince_match (const LinceTexturedSet *set, uint32_t part, const LinceKernels *kernels,
    const LinceDescriptor *descriptor, const LinceProbes *probes, LinceNeighbour *neighbours,
    uint32_t count)
{
  const LinceTextured *textured = &set->parts[part].textured;
  const uint32_t *numbers = set->parts[part].numbers;
  const LinceDescriptorBlock *blocks = textured->parts[LINCE_PART_BLOCKS];
  const LinceSlot *slots = textured->parts[LINCE_PART_SLOTS];
  uint32_t limit = LIMIT;

  for (uint32_t p = 0; p < probes->count; p++) {
    uint32_t begin = probes->begin[p], found[CAPACITY], hits;

    /* what is farther than the best so far by more than FURTHER would be dropped anyway */
    if (count > 0 && neighbours[0].distance + FURTHER < limit)
      limit = neighbours[0].distance + FURTHER;
    hits =
        kernels->scan (descriptor, blocks + begin, probes->end[p] - begin, limit, found, CAPACITY);
    for (uint32_t i = 0; i < hits; i++) {
      uint32_t slot = begin * LINCE_BLOCK + POSITION (found[i]);
      uint32_t image = *(const volatile uint16_t *) &slots[slot].image;
      LinceNeighbour candidate = {LINCE_NO_IMAGE, part, slot, found[i] >> 20};

      if (image < textured->image_count)
        candidate.image = numbers != NULL ? numbers[image] : image;
      if (candidate.image < set->image_count)
        count = insert (neighbours, count, candidate);
    }
  }
  while (count > 1 && neighbours[count - 1].distance > neighbours[0].distance + FURTHER)
    count--;
  return count;
}

void
lince_textured_image (
    const LinceTextured *textured, uint32_t image, float *width, float *height, uint32_t *count)
{
  const LinceBlockImage *block =
      (const LinceBlockImage *) textured->parts[LINCE_PART_IMAGES] + image;
  float w = read_float (&block->width), h = read_float (&block->height);
  uint32_t first = read_number (&block->first), members = read_number (&block->count);

  *width = w >= 1 && w <= LINCE_PICTURE_MAX_SIDE ? w : 1.f;
  *height = h >= 1 && h <= LINCE_PICTURE_MAX_SIDE ? h : 1.f;
  *count =
      first <= textured->feature_count && members <= textured->feature_count - first ? members : 0;
}

bool
lince_textured_member (
    const LinceTextured *textured, uint32_t image, uint32_t number, uint32_t *slot)
{
  const LinceBlockImage *block =
      (const LinceBlockImage *) textured->parts[LINCE_PART_IMAGES] + image;
  const uint32_t *members = textured->parts[LINCE_PART_MEMBERS];
  uint32_t first = read_number (&block->first);

  if (first >= textured->feature_count || number >= textured->feature_count - first)
    return false;
  *slot = read_number (&members[first + number]);
  return *slot < textured->block_count * LINCE_BLOCK;
}

/* 2 to the power of a code's sixteenths, of every octave's beginning. */
static float
scale_of (uint8_t code)
{
  static const float steps[LINCE_SCALE_STEPS] = {
      0x1p+0f,
      0x1.0b5586p+0f,
      0x1.172b84p+0f,
      0x1.2387a6p+0f,
      0x1.306fep+0f,
      0x1.3dea64p+0f,
      0x1.4bfdaep+0f,
      0x1.5ab07ep+0f,
      0x1.6a09e6p+0f,
      0x1.7a1148p+0f,
      0x1.8ace54p+0f,
      0x1.9c4918p+0f,
      0x1.ae89fap+0f,
      0x1.c199bep+0f,
      0x1.d5818ep+0f,
      0x1.ea4afap+0f,
  };

  return ldexpf (steps[code % LINCE_SCALE_STEPS],
      (code - LINCE_SCALE_ONE - code % LINCE_SCALE_STEPS) / LINCE_SCALE_STEPS);
}

bool
lince_textured_slot (const LinceTextured *textured, uint32_t slot, float width, float height,
    LincePlacedFeature *feature)
{
  const LinceSlot stored = ((const LinceSlot *) textured->parts[LINCE_PART_SLOTS])[slot];

  *feature =
      (LincePlacedFeature){stored.x * (1.f / 65535) * width, stored.y * (1.f / 65535) * height,
          scale_of (stored.scale), stored.angle, slot / LINCE_BLOCK >= textured->dark_block};
  return stored.image < textured->image_count && stored.scale > 0;
}

uint32_t
lince_textured_distance (
    const LinceTextured *textured, uint32_t slot, const LinceDescriptor *descriptor)
{
  const LinceDescriptorBlock *block =
      (const LinceDescriptorBlock *) textured->parts[LINCE_PART_BLOCKS] + slot / LINCE_BLOCK;
  uint32_t sum = 0;

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    sum += (uint32_t) __builtin_popcountll (
        block->words[w][slot % LINCE_BLOCK] ^ descriptor->words[w]);
  return sum;
}

bool
lince_textured_extract (
    const LinceTextured *textured, uint32_t image, LinceFeatures *features, LinceError *error)
{
  LinceFeatureHeader header = {0};
  LinceFeature *list;
  uint32_t count, slot;

  lince_textured_image (textured, image, &header.width, &header.height, &count);
  *features = (LinceFeatures){.data = calloc (1, sizeof header + count * sizeof *list)};
  if (features->data == NULL) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for an image's features");
    return false;
  }
  list = (LinceFeature *) ((LinceFeatureHeader *) features->data + 1);
  for (uint32_t i = 0; i < count; i++) {
    const LinceDescriptorBlock *blocks = textured->parts[LINCE_PART_BLOCKS];
    LinceFeature *feature = &list[header.count];
    LincePlacedFeature placed;

    if (!lince_textured_member (textured, image, i, &slot) ||
        !lince_textured_slot (textured, slot, header.width, header.height, &placed))
      continue;
    *feature = (LinceFeature){.x = placed.x,
        .y = placed.y,
        .scale = placed.scale,
        .angle = placed.angle,
        .dark = placed.dark};
    for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
      feature->descriptor.words[w] = blocks[slot / LINCE_BLOCK].words[w][slot % LINCE_BLOCK];
    header.count++;
  }
  memcpy (features->data, &header, sizeof header);
  features->count = header.count;
  features->size = sizeof header + header.count * sizeof *list;
  return true;
}
