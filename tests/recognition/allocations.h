/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Counts what the library allocates: linked with --wrap=malloc, --wrap=calloc and --wrap=realloc,
 * a test has these in place of its calls. Included by one file of a program. */
#pragma once

#include <stdint.h>
#include <stdlib.h>

static _Atomic uint64_t allocations;
void *__real_malloc (size_t size);
void *__real_calloc (size_t count, size_t size);
void *__real_realloc (void *block, size_t size);
void *__wrap_malloc (size_t size);
void *__wrap_calloc (size_t count, size_t size);
void *__wrap_realloc (void *block, size_t size);

void *
__wrap_malloc (size_t size)
{
  allocations++;
  return __real_malloc (size);
}

void *
__wrap_calloc (size_t count, size_t size)
{
  allocations++;
  return __real_calloc (count, size);
}

void *
__wrap_realloc (void *block, size_t size)
{
  allocations++;
  return __real_realloc (block, size);
}
