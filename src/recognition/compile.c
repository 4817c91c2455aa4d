/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The inverted index over the features of all images: made here and opened here. */
#include "recognition/textured.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/block.h"
#include "recognition/feature.h"
#include "recognition/vocabulary.h"

#define MAX_FEATURES (1u << 27)

/* A feature on its way into the index. */
typedef struct {
  const LinceFeature *feature;
  uint32_t image, word, slot;
} Entry;

typedef struct {
  uint32_t image_count, count;
  const LinceFeatures *features;
  Entry *entries;                  /* image by image */
  LinceVocabulary vocabularies[2]; /* bright, dark */
  uint32_t *lists;                 /* first block of every word, bright and dark */
  uint32_t block_count;
} Compiling;

/* Sizes of the parts in their order; every one a multiple of 8. */
static void
part_sizes (const LinceBlockHeader *header, uint64_t sizes[LINCE_PART_COUNT])
{
  uint64_t words = (uint64_t) header->words[0] + header->words[1];
  uint64_t tops = (uint64_t) header->tops[0] + header->tops[1];
  uint64_t blocks = header->block_count;

  sizes[LINCE_PART_IMAGES] = (uint64_t) header->image_count * sizeof (LinceBlockImage);
  sizes[LINCE_PART_TOPS] = tops / LINCE_BLOCK * sizeof (LinceDescriptorBlock);
  sizes[LINCE_PART_BRANCHES] = tops * sizeof (uint32_t);
  sizes[LINCE_PART_WORDS] = words / LINCE_BLOCK * sizeof (LinceDescriptorBlock);
  sizes[LINCE_PART_LISTS] = (words + 2) / 2 * 2 * sizeof (uint32_t);
  sizes[LINCE_PART_BLOCKS] = blocks * sizeof (LinceDescriptorBlock);
  sizes[LINCE_PART_SLOTS] = blocks * LINCE_BLOCK * sizeof (LinceSlot);
  sizes[LINCE_PART_MEMBERS] = ((uint64_t) header->feature_count + 1) / 2 * 2 * sizeof (uint32_t);
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

  if (compiling->image_count > LINCE_TEXTURED_MAX_IMAGES) {
    lince_error_set (
        error, LINCE_ERROR_LIMIT, "a block holds %d images at most", LINCE_TEXTURED_MAX_IMAGES);
    return false;
  }
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
  uint32_t count = 0, n = 0;
  LinceDescriptor *descriptors;
  uint32_t *assigned;
  bool done;

  for (uint32_t i = 0; i < compiling->count; i++)
    count += compiling->entries[i].feature->dark == dark;
  descriptors = malloc ((count + 1) * sizeof *descriptors);
  assigned = malloc ((count + 1) * sizeof *assigned);
  done = descriptors != NULL && assigned != NULL;
  for (uint32_t i = 0; done && i < compiling->count; i++)
    if (compiling->entries[i].feature->dark == dark)
      descriptors[n++] = compiling->entries[i].feature->descriptor;
  done =
      done && lince_vocabulary_make (&compiling->vocabularies[dark], descriptors, count, assigned);
  n = 0;
  for (uint32_t i = 0; done && i < compiling->count; i++)
    if (compiling->entries[i].feature->dark == dark)
      compiling->entries[i].word = first_word + assigned[n++];
  free (descriptors);
  free (assigned);
  return done;
}

/* Gives every word whole blocks and every entry its slot. */
static bool
lay_out (Compiling *compiling)
{
  uint32_t word_count =
      compiling->vocabularies[0].word_count + compiling->vocabularies[1].word_count;
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

static uint16_t
share_of (float at, float side)
{
  long share = lrintf (at / side * 65535);

  return (uint16_t) (share < 0 ? 0 : share > 65535 ? 65535 : share);
}

static uint8_t
scale_code (float scale)
{
  double code = (double) scale > 1e-6
                    ? rint (log2 ((double) scale) * LINCE_SCALE_STEPS) + LINCE_SCALE_ONE
                    : 1;

  return (uint8_t) (code < 1 ? 1 : code > 255 ? 255 : code);
}

static void
write_slots (
    const Compiling *compiling, LinceDescriptorBlock *blocks, LinceSlot *slots, uint32_t *members)
{
  for (uint32_t i = 0; i < compiling->block_count * LINCE_BLOCK; i++)
    slots[i].image = LINCE_NO_SLOT;
  for (uint32_t i = 0; i < compiling->count; i++) {
    const Entry *entry = &compiling->entries[i];
    const LinceFeature *feature = entry->feature;
    const LinceFeatureHeader *picture = features_header (&compiling->features[entry->image]);

    for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
      blocks[entry->slot / LINCE_BLOCK].words[w][entry->slot % LINCE_BLOCK] =
          feature->descriptor.words[w];
    slots[entry->slot] =
        (LinceSlot){share_of (feature->x, picture->width), share_of (feature->y, picture->height),
            (uint16_t) entry->image, scale_code (feature->scale), (uint8_t) feature->angle};
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

/* Tops, branches and words: those of bright features, then those of dark ones. */
static void
write_vocabularies (const Compiling *compiling, LinceDescriptorBlock *tops, uint32_t *branches,
    LinceDescriptorBlock *words)
{
  uint32_t first = 0;

  for (int p = 0; p < 2; p++) {
    const LinceVocabulary *vocabulary = &compiling->vocabularies[p];

    if (vocabulary->top_count > 0)
      memcpy (tops, vocabulary->tops, vocabulary->top_count / LINCE_BLOCK * sizeof *tops);
    memcpy (words, vocabulary->words, vocabulary->word_count / LINCE_BLOCK * sizeof *words);
    for (uint32_t t = 0; t < vocabulary->top_count; t++)
      *branches++ = first + vocabulary->branches[t];
    tops += vocabulary->top_count / LINCE_BLOCK;
    words += vocabulary->word_count / LINCE_BLOCK;
    first += vocabulary->word_count;
  }
}

static bool
write_block (const Compiling *compiling, void **data, size_t *size)
{
  const LinceVocabulary *bright = &compiling->vocabularies[0];
  const LinceVocabulary *dark = &compiling->vocabularies[1];
  LinceBlockHeader header = {LINCE_BLOCK_MAGIC, LINCE_BLOCK_VERSION, compiling->image_count,
      compiling->count, {bright->word_count, dark->word_count},
      {bright->top_count, dark->top_count}, compiling->block_count, 0};
  uint64_t sizes[LINCE_PART_COUNT], total = sizeof header;
  uint8_t *parts[LINCE_PART_COUNT], *block;

  part_sizes (&header, sizes);
  for (int i = 0; i < LINCE_PART_COUNT; i++)
    total += sizes[i];
  block = calloc (1, (size_t) total);
  if (block == NULL)
    return false;
  memcpy (block, &header, sizeof header);
  parts[0] = block + sizeof header;
  for (int i = 1; i < LINCE_PART_COUNT; i++)
    parts[i] = parts[i - 1] + sizes[i - 1];
  write_images (compiling, (LinceBlockImage *) parts[LINCE_PART_IMAGES]);
  write_vocabularies (compiling, (LinceDescriptorBlock *) parts[LINCE_PART_TOPS],
      (uint32_t *) parts[LINCE_PART_BRANCHES], (LinceDescriptorBlock *) parts[LINCE_PART_WORDS]);
  memcpy (parts[LINCE_PART_LISTS], compiling->lists,
      (bright->word_count + dark->word_count + 1) * sizeof (uint32_t));
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
  done = collect (&compiling, error) && cluster (&compiling, 0, 0) &&
         cluster (&compiling, 1, compiling.vocabularies[0].word_count) && lay_out (&compiling) &&
         write_block (&compiling, data, size);
  free (compiling.entries);
  lince_vocabulary_clear (&compiling.vocabularies[0]);
  lince_vocabulary_clear (&compiling.vocabularies[1]);
  free (compiling.lists);
  if (done && error != NULL)
    *error = (LinceError){0};
  return done;
}

static const LinceBlockKind kind = {"the block of textured features", LINCE_BLOCK_MAGIC,
    LINCE_BLOCK_VERSION, sizeof (LinceBlockHeader)};

static bool
counts_are_possible (const LinceBlockHeader *header)
{
  for (int p = 0; p < 2; p++)
    if (header->words[p] % LINCE_BLOCK != 0 || header->tops[p] % LINCE_BLOCK != 0 ||
        header->words[p] > LINCE_MAX_WORDS || header->tops[p] > LINCE_MAX_TOPS ||
        (header->tops[p] == 0 && header->words[p] > LINCE_MAX_FLAT_WORDS))
      return false;
  return header->image_count <= LINCE_TEXTURED_MAX_IMAGES &&
         header->feature_count <= MAX_FEATURES && header->block_count <= MAX_FEATURES;
}

/* Where the blocks of dark features begin: read once, so that whatever becomes of the bytes a slot
 * is always of one kind. */
static uint32_t
first_dark_block (const LinceTextured *textured)
{
  const uint32_t *lists = textured->parts[LINCE_PART_LISTS];
  uint32_t block = *(const volatile uint32_t *) &lists[textured->words[0]];

  return block < textured->block_count ? block : textured->block_count;
}

bool
lince_textured_open (
    LinceTextured *textured, const void *data, size_t size, uint32_t image_count, LinceError *error)
{
  LinceBlockHeader header;
  uint64_t sizes[LINCE_PART_COUNT];

  *textured = (LinceTextured){0};
  if (!lince_block_read_header (&kind, data, size, image_count, &header, error))
    return false;
  if (!counts_are_possible (&header))
    return lince_block_refuse (&kind, LINCE_ERROR_FORMAT, "has impossible counts", error);
  part_sizes (&header, sizes);
  if (!lince_block_find_parts (&kind, data, size, sizes, LINCE_PART_COUNT, textured->parts, error))
    return false;
  textured->data = data;
  textured->size = size;
  textured->image_count = header.image_count;
  textured->feature_count = header.feature_count;
  textured->word_count = header.words[0] + header.words[1];
  textured->block_count = header.block_count;
  for (int p = 0; p < 2; p++) {
    textured->words[p] = header.words[p];
    textured->tops[p] = header.tops[p];
  }
  textured->dark_block = first_dark_block (textured);
  return true;
}
