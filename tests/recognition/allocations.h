/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Counts what the library allocates and frees: linked with --wrap for each of malloc, calloc,
 * realloc, strdup and free, a test has these in place of its calls. Included by one file of a
 * program. */
#pragma once

#include <stdint.h>
#include <stdlib.h>

static _Atomic uint64_t allocations, released;
void *__real_malloc (size_t size);
void *__real_calloc (size_t count, size_t size);
void *__real_realloc (void *block, size_t size);
char *__real_strdup (const char *text);
void __real_free (void *block);
void *__wrap_malloc (size_t size);
void *__wrap_calloc (size_t count, size_t size);
void *__wrap_realloc (void *block, size_t size);
char *__wrap_strdup (const char *text);
void __wrap_free (void *block);

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
  released += block != NULL;
  return __real_realloc (block, size);
}

char *
__wrap_strdup (const char *text)
{
  allocations++;
  return __real_strdup (text);
}

void
__wrap_free (void *block)
{
  released += block != NULL;
  __real_free (block);
}
