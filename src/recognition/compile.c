/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The inverted index over the features of all images: made here and opened here. */
#include "recognition/textured.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/feature.h"
#include "recognition/vocabulary.h"

#define LISTS_READ 6   /* words that a look-up follows, about */
#define MAX_WORDS 4096 /* of one polarity */
#define MAX_FEATURES (1u << 27)

/* A feature on its way into the index. */
typedef struct {
  const LinceFeature *feature;
  uint32_t image, word, slot;
} Entry;

typedef struct {
  uint32_t image_count, count;
  const LinceFeatures *features;
  Entry *entries; /* image by image */
  uint32_t words[2];
  LinceDescriptorBlock *vocabulary; /* bright, then dark */
  uint32_t *lists;                  /* first block of every word */
  uint32_t block_count;
} Compiling;

/* Sizes of the parts in their order; every one a multiple of 8. */
static void
part_sizes (uint32_t image_count, const uint32_t words[2], uint32_t block_count,
    uint32_t feature_count, uint64_t sizes[6])
{
  uint64_t word_count = (uint64_t) words[0] + words[1];

  sizes[LINCE_PART_IMAGES] = (uint64_t) image_count * sizeof (LinceBlockImage);
  sizes[LINCE_PART_WORDS] = word_count / LINCE_BLOCK * sizeof (LinceDescriptorBlock);
  sizes[LINCE_PART_LISTS] = (word_count + 2) / 2 * 2 * sizeof (uint32_t);
  sizes[LINCE_PART_BLOCKS] = (uint64_t) block_count * sizeof (LinceDescriptorBlock);
  sizes[LINCE_PART_SLOTS] = (uint64_t) block_count * LINCE_BLOCK * sizeof (LinceSlot);
  sizes[LINCE_PART_MEMBERS] = ((uint64_t) feature_count + 1) / 2 * 2 * sizeof (uint32_t);
}

static const LinceFeatureHeader *
features_header (const LinceFeatures *features)
{
  return features->data;
}

static const LinceFeature *
features_list (const LinceFeatures *features)
{
  return (const LinceFeature *) (features_header (features) + 1);
}

/* Collects all features; entries are in the order of images. */
static bool
collect (Compiling *compiling, LinceError *error)
{
  uint64_t total = 0;

  for (uint32_t i = 0; i < compiling->image_count; i++) {
    const LinceFeatures *features = &compiling->features[i];

    if (features->count > 0 &&
        features->size < sizeof (LinceFeatureHeader) + features->count * sizeof (LinceFeature)) {
      lince_error_set (error, LINCE_ERROR_ARGUMENT, "image %u has fewer features than it says", i);
      return false;
    }
    total += features->count;
  }
  if (total > MAX_FEATURES) {
    lince_error_set (error, LINCE_ERROR_LIMIT,
        "the collection has %llu features, above the limit of %u: split it",
        (unsigned long long) total, MAX_FEATURES);
    return false;
  }
  compiling->entries = calloc ((size_t) total + 1, sizeof *compiling->entries);
  if (compiling->entries == NULL)
    return false;
  for (uint32_t i = 0; i < compiling->image_count; i++)
    for (uint32_t f = 0; f < compiling->features[i].count; f++)
      compiling->entries[compiling->count++] =
          (Entry){&features_list (&compiling->features[i])[f], i, 0, 0};
  return true;
}

/* Clusters the features of one polarity; their words count from `first_word`. */
static bool
cluster (Compiling *compiling, unsigned dark, uint32_t first_word)
{
  uint32_t count = 0, words = compiling->words[dark], n = 0;
  LinceDescriptor *descriptors;
  uint32_t *assigned;
  bool done;

  for (uint32_t i = 0; i < compiling->count; i++)
    count += compiling->entries[i].feature->dark == dark;
  if (count == 0)
    return true;
  descriptors = malloc (count * sizeof *descriptors);
  assigned = malloc (count * sizeof *assigned);
  done = descriptors != NULL && assigned != NULL;
  for (uint32_t i = 0; done && i < compiling->count; i++)
    if (compiling->entries[i].feature->dark == dark)
      descriptors[n++] = compiling->entries[i].feature->descriptor;
  done = done && lince_vocabulary_make (descriptors, count, words,
                     compiling->vocabulary + first_word / LINCE_BLOCK, assigned);
  n = 0;
  for (uint32_t i = 0; done && i < compiling->count; i++)
    if (compiling->entries[i].feature->dark == dark)
      compiling->entries[i].word = first_word + assigned[n++];
  free (descriptors);
  free (assigned);
  return done;
}

/* A look-up compares the words and, under some of them, the features: the sum is least with the
 * root of that many times the features. */
static uint32_t
words_for (uint32_t features)
{
  uint32_t words = LINCE_BLOCK;

  while (words < MAX_WORDS && (uint64_t) words * words < (uint64_t) LISTS_READ * features)
    words += LINCE_BLOCK;
  return words;
}

static void
count_words (Compiling *compiling)
{
  uint32_t counts[2] = {0, 0};

  for (uint32_t i = 0; i < compiling->count; i++)
    counts[compiling->entries[i].feature->dark != 0]++;
  for (int p = 0; p < 2; p++)
    compiling->words[p] = words_for (counts[p]);
}

/* Gives every word whole blocks and every entry its slot. */
static bool
lay_out (Compiling *compiling)
{
  uint32_t word_count = compiling->words[0] + compiling->words[1];
  uint32_t *filled = calloc (word_count + 1, sizeof *filled);

  compiling->lists = calloc (word_count + 2, sizeof *compiling->lists);
  if (filled == NULL || compiling->lists == NULL) {
    free (filled);
    return false;
  }
  for (uint32_t i = 0; i < compiling->count; i++)
    filled[compiling->entries[i].word]++;
  for (uint32_t w = 0; w < word_count; w++) {
    compiling->lists[w + 1] = compiling->lists[w] + (filled[w] + LINCE_BLOCK - 1) / LINCE_BLOCK;
    filled[w] = 0;
  }
  compiling->block_count = compiling->lists[word_count];
  for (uint32_t i = 0; i < compiling->count; i++) {
    Entry *entry = &compiling->entries[i];

    entry->slot = compiling->lists[entry->word] * LINCE_BLOCK + filled[entry->word]++;
  }
  free (filled);
  return true;
}

static void
write_slots (
    const Compiling *compiling, LinceDescriptorBlock *blocks, LinceSlot *slots, uint32_t *members)
{
  for (uint32_t i = 0; i < compiling->block_count * LINCE_BLOCK; i++)
    slots[i].image = LINCE_NO_IMAGE;
  for (uint32_t i = 0; i < compiling->count; i++) {
    const Entry *entry = &compiling->entries[i];
    const LinceFeature *feature = entry->feature;
    float scale = feature->scale * 256;

    for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
      blocks[entry->slot / LINCE_BLOCK].words[w][entry->slot % LINCE_BLOCK] =
          feature->descriptor.words[w];
    slots[entry->slot] = (LinceSlot){feature->x, feature->y, entry->image,
        (uint16_t) (scale < 65535 ? scale : 65535), (uint8_t) feature->angle,
        (uint8_t) feature->dark};
    members[i] = entry->slot;
  }
}

static void
write_images (const Compiling *compiling, LinceBlockImage *images)
{
  uint32_t first = 0;

  for (uint32_t i = 0; i < compiling->image_count; i++) {
    const LinceFeatures *features = &compiling->features[i];
    float width = 1, height = 1;

    if (features->data != NULL) {
      width = features_header (features)->width;
      height = features_header (features)->height;
    }
    images[i] = (LinceBlockImage){width, height, first, features->count};
    first += features->count;
  }
}

static bool
write_block (const Compiling *compiling, void **data, size_t *size)
{
  LinceBlockHeader header = {LINCE_BLOCK_MAGIC, LINCE_BLOCK_VERSION, compiling->image_count,
      compiling->count, {compiling->words[0], compiling->words[1]}, compiling->block_count, 0};
  uint32_t word_count = header.words[0] + header.words[1];
  uint64_t sizes[6], total = sizeof header;
  uint8_t *parts[6], *block;

  part_sizes (header.image_count, header.words, header.block_count, header.feature_count, sizes);
  for (int i = 0; i < 6; i++)
    total += sizes[i];
  block = calloc (1, (size_t) total);
  if (block == NULL)
    return false;
  memcpy (block, &header, sizeof header);
  parts[0] = block + sizeof header;
  for (int i = 1; i < 6; i++)
    parts[i] = parts[i - 1] + sizes[i - 1];
  write_images (compiling, (LinceBlockImage *) parts[LINCE_PART_IMAGES]);
  memcpy (parts[LINCE_PART_WORDS], compiling->vocabulary, (size_t) sizes[LINCE_PART_WORDS]);
  memcpy (parts[LINCE_PART_LISTS], compiling->lists, (word_count + 1) * sizeof (uint32_t));
  write_slots (compiling, (LinceDescriptorBlock *) parts[LINCE_PART_BLOCKS],
      (LinceSlot *) parts[LINCE_PART_SLOTS], (uint32_t *) parts[LINCE_PART_MEMBERS]);
  *data = block;
  *size = (size_t) total;
  return true;
}

bool
lince_textured_compile (const LinceFeatures *features, uint32_t image_count, void **data,
    size_t *size, LinceError *error)
{
  Compiling compiling = {.image_count = image_count, .features = features};
  bool done = false;

  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to compile %u images", image_count);
  if (!collect (&compiling, error))
    goto end;
  count_words (&compiling);
  compiling.vocabulary = calloc (
      (compiling.words[0] + compiling.words[1]) / LINCE_BLOCK, sizeof *compiling.vocabulary);
  done = compiling.vocabulary != NULL && cluster (&compiling, 0, 0) &&
         cluster (&compiling, 1, compiling.words[0]) && lay_out (&compiling) &&
         write_block (&compiling, data, size);
end:
  free (compiling.entries);
  free (compiling.vocabulary);
  free (compiling.lists);
  if (done && error != NULL)
    *error = (LinceError){0};
  return done;
}

static bool
refuse (LinceError *error, LinceErrorCode code, const char *what)
{
  lince_error_set (error, code, "the block of textured features %s: compile the index again", what);
  return false;
}

bool
lince_textured_open (
    LinceTextured *textured, const void *data, size_t size, uint32_t image_count, LinceError *error)
{
  LinceBlockHeader header;
  uint64_t sizes[6], total = sizeof header;
  const uint8_t *part = data;

  *textured = (LinceTextured){0};
  if (size < sizeof header || (uintptr_t) data % 8 != 0)
    return refuse (error, LINCE_ERROR_TRUNCATED, "is shorter than its header");
  memcpy (&header, data, sizeof header);
  if (header.magic != LINCE_BLOCK_MAGIC)
    return refuse (error, LINCE_ERROR_FORMAT, "is of another kind");
  if (header.version != LINCE_BLOCK_VERSION)
    return refuse (error, LINCE_ERROR_VERSION, "is of another version");
  if (header.image_count != image_count)
    return refuse (error, LINCE_ERROR_FORMAT, "belongs to another number of images");
  if (header.words[0] % LINCE_BLOCK != 0 || header.words[1] % LINCE_BLOCK != 0 ||
      header.words[0] > MAX_WORDS || header.words[1] > MAX_WORDS ||
      header.feature_count > MAX_FEATURES || header.block_count > MAX_FEATURES)
    return refuse (error, LINCE_ERROR_FORMAT, "has impossible counts");
  part_sizes (header.image_count, header.words, header.block_count, header.feature_count, sizes);
  part += sizeof header;
  for (int i = 0; i < 6; i++) {
    textured->parts[i] = part;
    total += sizes[i];
    if (total > size)
      return refuse (error, LINCE_ERROR_TRUNCATED, "is shorter than its header says");
    part += sizes[i];
  }
  textured->data = data;
  textured->size = size;
  textured->image_count = header.image_count;
  textured->feature_count = header.feature_count;
  textured->words[0] = header.words[0];
  textured->words[1] = header.words[1];
  textured->word_count = header.words[0] + header.words[1];
  textured->block_count = header.block_count;
  return true;
}
