/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/block.h"

#include <string.h>

bool
lince_block_refuse (
    const LinceBlockKind *kind, LinceErrorCode code, const char *what, LinceError *error)
{
  lince_error_set (error, code, "%s %s: compile the index again", kind->name, what);
  return false;
}

bool
lince_block_read_header (const LinceBlockKind *kind, const void *data, size_t size,
    uint32_t image_count, void *header, LinceError *error)
{
  struct {
    uint32_t magic, version, image_count;
  } start;

  if (size < kind->header_size || (uintptr_t) data % 8 != 0)
    return lince_block_refuse (kind, LINCE_ERROR_TRUNCATED, "is shorter than its header", error);
  memcpy (&start, data, sizeof start);
  memcpy (header, data, kind->header_size);
  if (start.magic != kind->magic)
    return lince_block_refuse (kind, LINCE_ERROR_FORMAT, "is of another kind", error);
  if (start.version != kind->version)
    return lince_block_refuse (kind, LINCE_ERROR_VERSION, "is of another version", error);
  if (start.image_count != image_count)
    return lince_block_refuse (
        kind, LINCE_ERROR_FORMAT, "belongs to another number of images", error);
  return true;
}

bool
lince_block_find_parts (const LinceBlockKind *kind, const void *data, size_t size,
    const uint64_t *sizes, int count, const void **parts, LinceError *error)
{
  uint64_t total = kind->header_size;

  for (int i = 0; i < count; i++) {
    parts[i] = (const uint8_t *) data + total;
    total += sizes[i];
    if (total > size)
      return lince_block_refuse (
          kind, LINCE_ERROR_TRUNCATED, "is shorter than its header says", error);
  }
  return true;
}
