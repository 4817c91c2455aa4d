/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The table of the shapes of all marks: made here and opened here. */
#include <stdlib.h>
#include <string.h>

#include "recognition/block.h"
#include "recognition/feature.h"
#include "recognition/mark_feature.h"
#include "recognition/mark_match.h"

#define LISTS_READ 6   /* words that a look-up follows, about */
#define MAX_WORDS 4096 /* of one table */
#define MAX_ENTRIES (1u << 26)

enum { IMAGES, POINTS, WORDS, LISTS, BLOCKS, SLOTS, PARTS = WORDS + 4 * LINCE_MARK_TABLES };

/* A description on its way into the table. */
typedef struct {
  const LinceMarkFeature *feature;
  uint32_t image, word, slot;
} Entry;

typedef struct {
  Entry *entries;
  uint32_t count, word_count, block_count;
  LinceDescriptorBlock *words;
  uint32_t *lists; /* first block of every word */
} Table;

static const LinceMarkHeader *
header_of (const LinceFeatures *features)
{
  return features->data;
}

static const LinceMarkFeature *
features_of (const LinceFeatures *features)
{
  return (const LinceMarkFeature *) (header_of (features) + 1);
}

static const LinceMarkPoint *
points_of (const LinceFeatures *features)
{
  return (const LinceMarkPoint *) (features_of (features) + features->count);
}

static bool
check_features (const LinceFeatures *features, uint32_t image, LinceError *error)
{
  size_t needed = sizeof (LinceMarkHeader);

  if (features->data == NULL && features->count == 0)
    return true;
  if (features->size >= needed)
    needed += features->count * sizeof (LinceMarkFeature) +
              header_of (features)->points * sizeof (LinceMarkPoint);
  if (features->data != NULL && features->count <= LINCE_MARK_ENTRIES && features->size == needed)
    return true;
  lince_error_set (error, LINCE_ERROR_ARGUMENT, "image %u has other regions than it says", image);
  return false;
}

/* A look-up compares the words and, under some of them, the shapes: the sum is least with the root
 * of that many times the shapes. */
static uint32_t
words_for (uint32_t entries)
{
  uint32_t words = LINCE_BLOCK;

  while (words < MAX_WORDS && (uint64_t) words * words < (uint64_t) LISTS_READ * entries)
    words += LINCE_BLOCK;
  return words;
}

static uint32_t
bits_apart (const LinceDescriptor *a, const LinceDescriptor *b)
{
  uint32_t sum = 0;

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    sum += (uint32_t) __builtin_popcountll (a->words[w] ^ b->words[w]);
  return sum;
}

/* Words are shapes taken from all over the collection; every shape goes to the nearest. Shapes lie
 * scattered, so that means of them would be no better words. */
static void
choose_words (Table *table)
{
  uint32_t words = table->word_count < table->count ? table->word_count : table->count;

  for (uint32_t i = 0; i < table->word_count && words > 0; i++) {
    const Entry *entry = &table->entries[(uint64_t) (i % words) * table->count / words];

    for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
      table->words[i / LINCE_BLOCK].words[w][i % LINCE_BLOCK] = entry->feature->descriptor.words[w];
  }
  for (uint32_t i = 0; i < table->count; i++) {
    Entry *entry = &table->entries[i];
    uint32_t least = UINT32_MAX;

    for (uint32_t w = 0; w < words; w++) {
      const Entry *word = &table->entries[(uint64_t) w * table->count / words];
      uint32_t distance = bits_apart (&word->feature->descriptor, &entry->feature->descriptor);

      if (distance < least) {
        least = distance;
        entry->word = w;
      }
    }
  }
}

/* Gives every word whole blocks and every entry its slot. */
static bool
lay_out (Table *table)
{
  uint32_t *filled = calloc (table->word_count + 1, sizeof *filled);

  table->lists = calloc (table->word_count + 2, sizeof *table->lists);
  if (filled == NULL || table->lists == NULL) {
    free (filled);
    return false;
  }
  for (uint32_t i = 0; i < table->count; i++)
    filled[table->entries[i].word]++;
  for (uint32_t w = 0; w < table->word_count; w++) {
    table->lists[w + 1] = table->lists[w] + (filled[w] + LINCE_BLOCK - 1) / LINCE_BLOCK;
    filled[w] = 0;
  }
  table->block_count = table->lists[table->word_count];
  for (uint32_t i = 0; i < table->count; i++) {
    Entry *entry = &table->entries[i];

    entry->slot = table->lists[entry->word] * LINCE_BLOCK + filled[entry->word]++;
  }
  free (filled);
  return true;
}

static bool
make_table (Table *table, uint32_t which, const LinceFeatures *features, uint32_t image_count)
{
  uint32_t count = 0;

  for (uint32_t i = 0; i < image_count; i++)
    for (uint32_t f = 0; f < features[i].count; f++)
      count += features_of (&features[i])[f].table == which;
  table->entries = calloc (count + 1, sizeof *table->entries);
  table->word_count = words_for (count);
  table->words = calloc (table->word_count / LINCE_BLOCK, sizeof *table->words);
  if (table->entries == NULL || table->words == NULL)
    return false;
  for (uint32_t i = 0; i < image_count; i++)
    for (uint32_t f = 0; f < features[i].count; f++)
      if (features_of (&features[i])[f].table == which)
        table->entries[table->count++] = (Entry){&features_of (&features[i])[f], i, 0, 0};
  choose_words (table);
  return lay_out (table);
}

/* Sizes of the parts in their order; every one a multiple of 8. */
static void
part_sizes (const LinceMarkBlockHeader *header, uint64_t sizes[PARTS])
{
  sizes[IMAGES] = (uint64_t) header->image_count * sizeof (LinceMarkImage);
  sizes[POINTS] = (uint64_t) header->point_count * sizeof (LinceMarkPoint);
  for (int t = 0; t < LINCE_MARK_TABLES; t++) {
    uint64_t words = header->word_count[t], blocks = header->block_count[t];

    sizes[4 * t + WORDS] = words / LINCE_BLOCK * sizeof (LinceDescriptorBlock);
    sizes[4 * t + LISTS] = (words + 2) / 2 * 2 * sizeof (uint32_t);
    sizes[4 * t + BLOCKS] = blocks * sizeof (LinceDescriptorBlock);
    sizes[4 * t + SLOTS] = blocks * LINCE_BLOCK * sizeof (LinceMarkSlot);
  }
}

_Static_assert(sizeof (LinceMarkPoint) % 8 == 0, "parts are multiples of 8 bytes");
_Static_assert(sizeof (LinceMarkImage) % 8 == 0, "parts are multiples of 8 bytes");
_Static_assert(sizeof (LinceMarkBlockHeader) % 8 == 0, "parts are multiples of 8 bytes");

static void
write_table (const Table *table, LinceDescriptorBlock *words, uint32_t *lists,
    LinceDescriptorBlock *blocks, LinceMarkSlot *slots)
{
  memcpy (words, table->words, table->word_count / LINCE_BLOCK * sizeof *words);
  memcpy (lists, table->lists, (table->word_count + 1) * sizeof *lists);
  for (uint32_t i = 0; i < table->block_count * LINCE_BLOCK; i++)
    slots[i].image = LINCE_NO_IMAGE;
  for (uint32_t i = 0; i < table->count; i++) {
    const Entry *entry = &table->entries[i];

    for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
      blocks[entry->slot / LINCE_BLOCK].words[w][entry->slot % LINCE_BLOCK] =
          entry->feature->descriptor.words[w];
    slots[entry->slot] = entry->feature->slot;
    slots[entry->slot].image = entry->image;
  }
}

static void
write_images (const LinceFeatures *features, uint32_t image_count, LinceMarkImage *images,
    LinceMarkPoint *points)
{
  uint32_t first = 0;

  for (uint32_t i = 0; i < image_count; i++) {
    images[i] = (LinceMarkImage){1, 1, first, 0};
    if (features[i].data == NULL)
      continue;
    images[i].width = header_of (&features[i])->width;
    images[i].height = header_of (&features[i])->height;
    images[i].points = header_of (&features[i])->points;
    memcpy (points + first, points_of (&features[i]), images[i].points * sizeof *points);
    first += images[i].points;
  }
}

static bool
write_block (const Table tables[LINCE_MARK_TABLES], const LinceFeatures *features,
    uint32_t image_count, void **data, size_t *size)
{
  LinceMarkBlockHeader header = {LINCE_MARK_MAGIC, LINCE_MARK_VERSION, image_count, 0, {0}, {0}};
  uint64_t sizes[PARTS], total = sizeof header;
  uint8_t *parts[PARTS], *block;

  for (uint32_t i = 0; i < image_count; i++)
    header.point_count += features[i].data != NULL ? header_of (&features[i])->points : 0;
  for (int t = 0; t < LINCE_MARK_TABLES; t++) {
    header.word_count[t] = tables[t].word_count;
    header.block_count[t] = tables[t].block_count;
  }
  part_sizes (&header, sizes);
  for (int i = 0; i < PARTS; i++)
    total += sizes[i];
  block = calloc (1, (size_t) total);
  if (block == NULL)
    return false;
  memcpy (block, &header, sizeof header);
  parts[0] = block + sizeof header;
  for (int i = 1; i < PARTS; i++)
    parts[i] = parts[i - 1] + sizes[i - 1];
  write_images (
      features, image_count, (LinceMarkImage *) parts[IMAGES], (LinceMarkPoint *) parts[POINTS]);
  for (int t = 0; t < LINCE_MARK_TABLES; t++)
    write_table (&tables[t], (LinceDescriptorBlock *) parts[4 * t + WORDS],
        (uint32_t *) parts[4 * t + LISTS], (LinceDescriptorBlock *) parts[4 * t + BLOCKS],
        (LinceMarkSlot *) parts[4 * t + SLOTS]);
  *data = block;
  *size = (size_t) total;
  return true;
}

bool
lince_mark_compile (const LinceFeatures *features, uint32_t image_count, void **data, size_t *size,
    LinceError *error)
{
  Table tables[LINCE_MARK_TABLES] = {0};
  uint64_t total = 0;
  bool done = true;

  for (uint32_t i = 0; i < image_count; i++) {
    if (!check_features (&features[i], i, error))
      return false;
    total += features[i].count;
  }
  if (total > MAX_ENTRIES) {
    lince_error_set (error, LINCE_ERROR_LIMIT,
        "the marks have %llu shapes, above the limit of %u: split the collection",
        (unsigned long long) total, MAX_ENTRIES);
    return false;
  }
  for (uint32_t t = 0; done && t < LINCE_MARK_TABLES; t++)
    done = make_table (&tables[t], t, features, image_count);
  done = done && write_block (tables, features, image_count, data, size);
  if (!done)
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to compile %u marks", image_count);
  for (int t = 0; t < LINCE_MARK_TABLES; t++) {
    free (tables[t].entries);
    free (tables[t].words);
    free (tables[t].lists);
  }
  return done;
}

static const LinceBlockKind kind = {
    "the block of marks", LINCE_MARK_MAGIC, LINCE_MARK_VERSION, sizeof (LinceMarkBlockHeader)};

static bool
counts_are_possible (const LinceMarkBlockHeader *header)
{
  for (int t = 0; t < LINCE_MARK_TABLES; t++)
    if (header->word_count[t] % LINCE_BLOCK != 0 || header->word_count[t] > MAX_WORDS ||
        header->block_count[t] > MAX_ENTRIES / LINCE_BLOCK + MAX_WORDS)
      return false;
  return header->point_count <= MAX_ENTRIES;
}

bool
lince_mark_open (
    LinceMarks *marks, const void *data, size_t size, uint32_t image_count, LinceError *error)
{
  const void *parts[PARTS];
  LinceMarkBlockHeader header;
  uint64_t sizes[PARTS];

  *marks = (LinceMarks){0};
  if (!lince_block_read_header (&kind, data, size, image_count, &header, error))
    return false;
  if (!counts_are_possible (&header))
    return lince_block_refuse (&kind, LINCE_ERROR_FORMAT, "has impossible counts", error);
  part_sizes (&header, sizes);
  if (!lince_block_find_parts (&kind, data, size, sizes, PARTS, parts, error))
    return false;
  marks->images = parts[IMAGES];
  marks->points = parts[POINTS];
  for (int t = 0; t < LINCE_MARK_TABLES; t++) {
    marks->words[t] = parts[4 * t + WORDS];
    marks->lists[t] = parts[4 * t + LISTS];
    marks->blocks[t] = parts[4 * t + BLOCKS];
    marks->slots[t] = parts[4 * t + SLOTS];
  }
  marks->data = data;
  marks->size = size;
  marks->image_count = header.image_count;
  marks->point_count = header.point_count;
  for (int t = 0; t < LINCE_MARK_TABLES; t++) {
    marks->word_count[t] = header.word_count[t];
    marks->block_count[t] = header.block_count[t];
  }
  return true;
}

/* The image of slot `s` of a table, LINCE_NO_IMAGE for one that is empty. */
static uint32_t
image_of (const LinceMarks *marks, int table, uint32_t s)
{
  uint32_t image = ((const LinceMarkSlot *) marks->slots[table])[s].image;

  return image < marks->image_count ? image : LINCE_NO_IMAGE;
}

/* Room for what was counted, and the points. */
static bool
make_room (const LinceMarks *marks, uint32_t image, LinceFeatures *features)
{
  LinceMarkImage entry = lince_mark_image (marks, image);
  LinceMarkHeader header = {entry.width, entry.height, entry.points, 0};

  features->size = sizeof header + features->count * sizeof (LinceMarkFeature) +
                   entry.points * sizeof (LinceMarkPoint);
  features->data = calloc (1, features->size);
  if (features->data == NULL)
    return false;
  memcpy (features->data, &header, sizeof header);
  memcpy ((LinceMarkPoint *) points_of (features),
      (const LinceMarkPoint *) marks->points + entry.first_point,
      entry.points * sizeof (LinceMarkPoint));
  features->count = 0;
  return true;
}

static void
take_slot (const LinceMarks *marks, int table, uint32_t s, LinceFeatures *features)
{
  const LinceDescriptorBlock *block =
      (const LinceDescriptorBlock *) marks->blocks[table] + s / LINCE_BLOCK;
  LinceMarkFeature *feature = (LinceMarkFeature *) features_of (features) + features->count++;

  feature->slot = ((const LinceMarkSlot *) marks->slots[table])[s];
  feature->slot.image = 0;
  feature->table = (uint32_t) table;
  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    feature->descriptor.words[w] = block->words[w][s % LINCE_BLOCK];
}

bool
lince_mark_extract (const LinceMarks *marks, LinceFeatures *features, LinceError *error)
{
  for (int t = 0; t < LINCE_MARK_TABLES; t++)
    for (uint32_t s = 0; s < marks->block_count[t] * LINCE_BLOCK; s++)
      if (image_of (marks, t, s) != LINCE_NO_IMAGE)
        features[image_of (marks, t, s)].count++;
  for (uint32_t i = 0; i < marks->image_count; i++) {
    if (features[i].count > LINCE_MARK_ENTRIES) {
      lince_error_set (error, LINCE_ERROR_FORMAT, "the block of marks has too many of one image");
      return false;
    }
    if (features[i].count > 0 && !make_room (marks, i, &features[i])) {
      lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the marks of an index");
      return false;
    }
  }
  for (int t = 0; t < LINCE_MARK_TABLES; t++)
    for (uint32_t s = 0; s < marks->block_count[t] * LINCE_BLOCK; s++)
      if (image_of (marks, t, s) != LINCE_NO_IMAGE)
        take_slot (marks, t, s, &features[image_of (marks, t, s)]);
  return true;
}
