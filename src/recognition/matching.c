/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/matching.h"

#include <string.h>

#define PROBES 6       /* words that are looked under at most */
#define PROBE_REACH 24 /* bits by which they may be farther than the nearest */
#define LIMIT 64       /* bits: matches farther than this tell nothing */
#define FURTHER 8      /* bits by which the second and third image may be farther than the first */
#define MAX_WORDS 4096
#define CAPACITY 128
#define MAX_BLOCKS (1u << 16) /* of one list that are read */
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
  return a->distance != b->distance ? a->distance < b->distance : a->slot < b->slot;
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

uint32_t
lince_match (const LinceTextured *textured, const LinceKernels *kernels,
    const LinceDescriptor *descriptor, unsigned dark, LinceNeighbour *neighbours)
{
  const LinceDescriptorBlock *words = textured->parts[LINCE_PART_WORDS];
  const LinceDescriptorBlock *blocks = textured->parts[LINCE_PART_BLOCKS];
  const LinceSlot *slots = textured->parts[LINCE_PART_SLOTS];
  const uint32_t *lists = textured->parts[LINCE_PART_LISTS];
  uint32_t first_word = dark ? textured->words[0] : 0, count = 0, limit = LIMIT, n;
  uint32_t word_count = textured->words[dark != 0];
  uint16_t distances[MAX_WORDS], chosen[PROBES];

  if (word_count == 0)
    return 0;
  kernels->distances (
      descriptor, words + first_word / LINCE_BLOCK, word_count / LINCE_BLOCK, distances);
  n = kernels->choose (distances, word_count, PROBE_REACH, PROBES, chosen);
  for (uint32_t p = 0; p < n; p++) {
    uint32_t word = first_word + chosen[p], found[CAPACITY], hits;
    uint32_t begin = read_number (&lists[word]), end = read_number (&lists[word + 1]);

    end = end > textured->block_count ? textured->block_count : end;
    if (begin >= end)
      continue;
    end = end - begin > MAX_BLOCKS ? begin + MAX_BLOCKS : end;
    /* what is farther than the best so far by more than FURTHER would be dropped anyway */
    if (count > 0 && neighbours[0].distance + FURTHER < limit)
      limit = neighbours[0].distance + FURTHER;
    hits = kernels->scan (descriptor, blocks + begin, end - begin, limit, found, CAPACITY);
    for (uint32_t i = 0; i < hits; i++) {
      uint32_t slot = begin * LINCE_BLOCK + POSITION (found[i]);
      LinceNeighbour candidate = {read_number (&slots[slot].image), slot, found[i] >> 20};

      if (candidate.image < textured->image_count)
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

bool
lince_textured_slot (const LinceTextured *textured, uint32_t slot, LinceSlot *out)
{
  *out = ((const LinceSlot *) textured->parts[LINCE_PART_SLOTS])[slot];
  return out->image < textured->image_count && out->scale > 0 && out->x >= 0 && out->y >= 0 &&
         out->x <= LINCE_PICTURE_MAX_SIDE && out->y <= LINCE_PICTURE_MAX_SIDE;
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
