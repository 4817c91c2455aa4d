/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Bytes put aside in a temporary file that has no name. Internal to the room. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `fd` is -1 until the first bytes come. */
typedef struct {
  int fd;
  uint64_t size;
} LinceSpill;

/* Appends; `*offset` is where to. False when there is no room or no folder for it: $TMPDIR,
 * /var/tmp and /tmp are tried. */
bool lince_spill_put (LinceSpill *spill, const void *data, size_t size, uint64_t *offset);
bool lince_spill_get (const LinceSpill *spill, uint64_t offset, void *data, size_t size);
void lince_spill_close (LinceSpill *spill);
