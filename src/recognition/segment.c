/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recognition/bytes.h"
#include "recognition/hash.h"
#include "recognition/mapping.h"

#define ENTRY 32

static const uint8_t magic[8] = {0x89, 'L', 'N', 'C', 'S', 0x0d, 0x0a, 0x1a};

enum { UNCHECKED, GOOD, BAD };

typedef struct {
  uint32_t tag;
  uint64_t offset, size, checksum;
  atomic_uint state;
} Block;

struct LinceSegment {
  atomic_uint references;
  LinceMapping mapping;
  char *name;   /* for errors */
  dev_t device; /* of the file that is mapped */
  ino_t inode;
  bool mapped; /* there is one */
  uint32_t block_count;
  Block *blocks;
  pthread_mutex_t lock; /* held while a block's checksum is computed */
  atomic_uint bad;      /* 1 more than the number of a block whose checksum was wrong; 0: none */
};

static size_t
align_up (size_t value)
{
  return (value + LINCE_SEGMENT_ALIGNMENT - 1) / LINCE_SEGMENT_ALIGNMENT * LINCE_SEGMENT_ALIGNMENT;
}

static bool
make_room (uint8_t **data, size_t *room, size_t needed, LinceError *error)
{
  size_t larger = *room < 4096 ? 4096 : *room;
  uint8_t *grown;

  if (needed <= *room)
    return true;
  while (larger < needed)
    larger += larger / 2;
  grown = realloc (*data, larger);
  if (grown == NULL) {
    lince_error_set (
        error, LINCE_ERROR_MEMORY, "no memory for an index segment of %zu bytes", larger);
    return false;
  }
  *data = grown;
  *room = larger;
  return true;
}

bool
lince_segment_writer_add (
    LinceSegmentWriter *writer, uint32_t tag, const void *data, size_t size, LinceError *error)
{
  uint8_t *entry;
  size_t padded = align_up (size);

  if (writer->table_size / ENTRY >= LINCE_SEGMENT_MAX_BLOCKS) {
    lince_error_set (error, LINCE_ERROR_LIMIT, "more than %u blocks in an index segment",
        LINCE_SEGMENT_MAX_BLOCKS);
    return false;
  }
  if (!make_room (&writer->table, &writer->table_room, writer->table_size + ENTRY, error) ||
      !make_room (&writer->blocks, &writer->blocks_room, writer->blocks_size + padded, error))
    return false;
  entry = writer->table + writer->table_size;
  memset (entry, 0, ENTRY);
  lince_put_u32 (entry, tag);
  lince_put_u64 (entry + 8, writer->blocks_size); /* from the first block, until finish() */
  lince_put_u64 (entry + 16, size);
  lince_put_u64 (entry + 24, lince_hash64 (data, size, 0));
  if (size > 0)
    memcpy (writer->blocks + writer->blocks_size, data, size);
  memset (writer->blocks + writer->blocks_size + size, 0, padded - size);
  writer->table_size += ENTRY;
  writer->blocks_size += padded;
  return true;
}

static uint64_t
hash_structure (const uint8_t header[LINCE_SEGMENT_HEADER], const uint8_t *table, size_t table_size)
{
  uint8_t copy[LINCE_SEGMENT_HEADER];

  memcpy (copy, header, sizeof copy);
  memset (copy + 32, 0, 8);
  return lince_hash64 (table, table_size, lince_hash64 (copy, sizeof copy, 0));
}

bool
lince_segment_writer_finish (
    LinceSegmentWriter *writer, uint8_t **data, size_t *size, uint64_t *hash, LinceError *error)
{
  size_t first = align_up (LINCE_SEGMENT_HEADER + writer->table_size);
  size_t total = first + writer->blocks_size;
  uint8_t *file = realloc (writer->blocks, total);

  if (file == NULL) {
    lince_error_set (
        error, LINCE_ERROR_MEMORY, "no memory for an index segment of %zu bytes", total);
    return false;
  }
  writer->blocks = NULL;
  memmove (file + first, file, writer->blocks_size);
  memset (file, 0, first);
  for (size_t at = 0; at < writer->table_size; at += ENTRY)
    lince_put_u64 (writer->table + at + 8, lince_get_u64 (writer->table + at + 8) + first);
  memcpy (file, magic, sizeof magic);
  lince_put_u32 (file + 8, LINCE_SEGMENT_VERSION);
  lince_put_u32 (file + 12, (uint32_t) (writer->table_size / ENTRY));
  lince_put_u64 (file + 16, total);
  if (writer->table_size > 0)
    memcpy (file + LINCE_SEGMENT_HEADER, writer->table, writer->table_size);
  *hash = hash_structure (file, file + LINCE_SEGMENT_HEADER, writer->table_size);
  lince_put_u64 (file + 32, *hash);
  *data = file;
  *size = total;
  lince_segment_writer_clear (writer);
  return true;
}

void
lince_segment_writer_clear (LinceSegmentWriter *writer)
{
  free (writer->table);
  free (writer->blocks);
  *writer = (LinceSegmentWriter){0};
}

static bool
check_header (
    const uint8_t header[LINCE_SEGMENT_HEADER], uint64_t size, uint64_t hash, LinceError *error)
{
  uint32_t version = lince_get_u32 (header + 8), count = lince_get_u32 (header + 12);

  if (memcmp (header, magic, sizeof magic) != 0)
    lince_error_set (error, LINCE_ERROR_FORMAT, "is not a segment of a Lince index");
  else if (version != LINCE_SEGMENT_VERSION)
    lince_error_set (error, LINCE_ERROR_VERSION,
        "is of version %u; this build reads version %u: compile the collection again", version,
        LINCE_SEGMENT_VERSION);
  else if (lince_get_u64 (header + 16) != size || lince_get_u64 (header + 32) != hash)
    lince_error_set (error, LINCE_ERROR_CHECKSUM, "is not the segment that the manifest names");
  else if (count > LINCE_SEGMENT_MAX_BLOCKS ||
           LINCE_SEGMENT_HEADER + (uint64_t) count * ENTRY > size)
    lince_error_set (error, LINCE_ERROR_FORMAT, "has a table that does not fit into the file");
  else
    return true;
  return false;
}

/* The table is copied, so that no later change of the mapped bytes can lead out of bounds. */
static bool
read_table (LinceSegment *segment, const uint8_t *table, LinceError *error)
{
  uint64_t end = LINCE_SEGMENT_HEADER + (uint64_t) segment->block_count * ENTRY;

  for (uint32_t i = 0; i < segment->block_count; i++) {
    const uint8_t *entry = table + (size_t) i * ENTRY;
    Block *block = &segment->blocks[i];

    block->tag = lince_get_u32 (entry);
    block->offset = lince_get_u64 (entry + 8);
    block->size = lince_get_u64 (entry + 16);
    block->checksum = lince_get_u64 (entry + 24);
    atomic_init (&block->state, UNCHECKED);
    if (block->offset % LINCE_SEGMENT_ALIGNMENT != 0 || block->offset < end ||
        block->offset > segment->mapping.size ||
        block->size > segment->mapping.size - block->offset) {
      lince_error_set (
          error, LINCE_ERROR_FORMAT, "has a block %u that lies outside of the file", i);
      return false;
    }
  }
  return true;
}

static bool
read_structure (LinceSegment *segment, const uint8_t *data, uint64_t hash, LinceError *error)
{
  uint8_t header[LINCE_SEGMENT_HEADER];
  uint8_t *table;
  size_t table_size;
  bool ok;

  if (segment->mapping.size < sizeof header) {
    lince_error_set (error, LINCE_ERROR_TRUNCATED, "is only %zu bytes long", segment->mapping.size);
    return false;
  }
  memcpy (header, data, sizeof header);
  if (!check_header (header, segment->mapping.size, hash, error))
    return false;
  segment->block_count = lince_get_u32 (header + 12);
  table_size = (size_t) segment->block_count * ENTRY;
  table = malloc (table_size + 1);
  segment->blocks = calloc (segment->block_count + 1, sizeof segment->blocks[0]);
  if (table == NULL || segment->blocks == NULL) {
    free (table);
    lince_error_set (error, LINCE_ERROR_MEMORY, "has no memory for its table");
    return false;
  }
  memcpy (table, data + LINCE_SEGMENT_HEADER, table_size);
  ok = hash_structure (header, table, table_size) == hash;
  if (!ok)
    lince_error_set (error, LINCE_ERROR_CHECKSUM, "is damaged: the checksum of its table is wrong");
  ok = ok && read_table (segment, table, error);
  free (table);
  return ok;
}

static LinceSegment *
new_segment (const char *name, LinceError *error)
{
  LinceSegment *segment = calloc (1, sizeof *segment);

  if (segment != NULL && (segment->name = strdup (name)) != NULL) {
    atomic_init (&segment->references, 1);
    segment->mapping.slot = -1;
    pthread_mutex_init (&segment->lock, NULL);
    return segment;
  }
  free (segment);
  lince_error_set (error, LINCE_ERROR_MEMORY, "%s: no memory", name);
  return NULL;
}

static bool
map_file (LinceSegment *segment, const char *path, uint64_t size, LinceError *error)
{
  struct stat status;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  bool ok = false;

  if (fd < 0 || fstat (fd, &status) != 0)
    lince_error_set (error, LINCE_ERROR_IO, "cannot be opened: %s", strerror (errno));
  else if (!S_ISREG (status.st_mode))
    lince_error_set (error, LINCE_ERROR_FORMAT, "is not a regular file");
  else if ((uint64_t) status.st_size < size)
    lince_error_set (error, LINCE_ERROR_TRUNCATED,
        "is truncated: %lld bytes of %llu; compile the collection again",
        (long long) status.st_size, (unsigned long long) size);
  else if ((uint64_t) status.st_size > size || size < LINCE_SEGMENT_HEADER)
    lince_error_set (error, LINCE_ERROR_FORMAT, "is not of the size that the manifest says");
  else
    ok = lince_mapping_open (&segment->mapping, fd, (size_t) size, error);
  if (ok) {
    segment->mapped = true;
    segment->device = status.st_dev;
    segment->inode = status.st_ino;
  }
  if (fd >= 0)
    close (fd);
  return ok;
}

LinceSegment *
lince_segment_open (const char *path, uint64_t size, uint64_t hash, LinceError *error)
{
  LinceSegment *segment = new_segment (path, error);

  if (segment == NULL)
    return NULL;
  if (map_file (segment, path, size, error) &&
      read_structure (segment, segment->mapping.data, hash, error) &&
      lince_segment_intact (segment, error))
    return segment;
  lince_error_prefix (error, "%s: ", path);
  lince_segment_unref (segment);
  return NULL;
}

bool
lince_segment_is_file (const LinceSegment *segment, const char *path)
{
  struct stat status;

  return segment->mapped && stat (path, &status) == 0 && status.st_dev == segment->device &&
         status.st_ino == segment->inode;
}

LinceSegment *
lince_segment_take (uint8_t *data, size_t size, uint64_t hash, LinceError *error)
{
  LinceSegment *segment = new_segment ("index in memory", error);

  if (segment == NULL) {
    free (data);
    return NULL;
  }
  lince_mapping_take (&segment->mapping, data, size);
  if (read_structure (segment, data, hash, error))
    return segment;
  lince_error_prefix (error, "%s: ", segment->name);
  lince_segment_unref (segment);
  return NULL;
}

LinceSegment *
lince_segment_ref (LinceSegment *segment)
{
  atomic_fetch_add_explicit (&segment->references, 1, memory_order_relaxed);
  return segment;
}

void
lince_segment_unref (LinceSegment *segment)
{
  if (segment == NULL || atomic_fetch_sub (&segment->references, 1) != 1)
    return;
  lince_mapping_close (&segment->mapping);
  pthread_mutex_destroy (&segment->lock);
  free (segment->blocks);
  free (segment->name);
  free (segment);
}

const uint8_t *
lince_segment_bytes (const LinceSegment *segment, size_t *size)
{
  *size = segment->mapping.size;
  return segment->mapping.data;
}

uint32_t
lince_segment_block_count (const LinceSegment *segment)
{
  return segment->block_count;
}

int64_t
lince_segment_find (const LinceSegment *segment, uint32_t tag)
{
  for (uint32_t i = 0; i < segment->block_count; i++)
    if (segment->blocks[i].tag == tag)
      return i;
  return -1;
}

uint32_t
lince_segment_block_tag (const LinceSegment *segment, uint32_t number)
{
  return segment->blocks[number].tag;
}

uint64_t
lince_segment_block_size (const LinceSegment *segment, uint32_t number)
{
  return segment->blocks[number].size;
}

static bool
check_mapping (const LinceSegment *segment, LinceError *error)
{
  if (!lince_mapping_damaged (&segment->mapping))
    return true;
  lince_error_set (error, LINCE_ERROR_TRUNCATED,
      "%s: the file was truncated while in use; compile the collection again", segment->name);
  return false;
}

static void
set_bad_block (const LinceSegment *segment, uint32_t number, LinceError *error)
{
  lince_error_set (error, LINCE_ERROR_CHECKSUM,
      "%s: block %u is damaged: its checksum is wrong; compile the collection again", segment->name,
      number);
}

const void *
lince_segment_block (LinceSegment *segment, uint32_t number, LinceError *error)
{
  Block *block = &segment->blocks[number];
  const uint8_t *data = (const uint8_t *) segment->mapping.data + block->offset;
  unsigned state = atomic_load_explicit (&block->state, memory_order_acquire);

  if (state == UNCHECKED) {
    pthread_mutex_lock (&segment->lock);
    state = atomic_load (&block->state);
    if (state == UNCHECKED) {
      state = lince_hash64 (data, block->size, 0) == block->checksum ? GOOD : BAD;
      atomic_store_explicit (&block->state, state, memory_order_release);
    }
    pthread_mutex_unlock (&segment->lock);
  }
  if (!check_mapping (segment, error))
    return NULL;
  if (state == GOOD)
    return data;
  atomic_store (&segment->bad, number + 1);
  set_bad_block (segment, number, error);
  return NULL;
}

bool
lince_segment_intact (const LinceSegment *segment, LinceError *error)
{
  unsigned bad = atomic_load (&segment->bad);

  if (!check_mapping (segment, error))
    return false;
  if (bad > 0)
    set_bad_block (segment, bad - 1, error);
  return bad == 0;
}
