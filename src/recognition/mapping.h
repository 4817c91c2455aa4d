/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A file mapped read-only that survives being truncated while it is mapped. Internal to the room.
 *
 * The first mapping installs a SIGBUS handler for the process. Where a fault lies within one of our
 * mappings, the handler lays zero pages over the hole and marks the mapping damaged; any other
 * fault goes to the handler that was there before. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "recognition/error.h"

typedef struct {
  const void *data;
  size_t size;
  int slot; /* in the registry of mappings; -1: the bytes are a copy on the heap */
} LinceMapping;

/* Maps the first `size` bytes (at least 1) of the open file `fd`, which may be closed afterwards.
 * When more files are mapped than the registry holds, the bytes are read into memory instead. */
bool lince_mapping_open (LinceMapping *mapping, int fd, size_t size, LinceError *error);

/* Takes `data`, from malloc(), as if it had been mapped. */
void lince_mapping_take (LinceMapping *mapping, void *data, size_t size);

/* Allowed on a zeroed mapping. No thread may read the bytes any more. */
void lince_mapping_close (LinceMapping *mapping);

/* Whether a part of the file was found missing when it was read. Thread-safe. */
bool lince_mapping_damaged (const LinceMapping *mapping);
