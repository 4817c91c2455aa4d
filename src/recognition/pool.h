/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A few threads that share the items of one task. Internal to the room.
 *
 * With one thread everything runs inline. Items are independent; results must not depend on which
 * thread runs which item. */
#pragma once

#include <stdint.h>

#include "recognition/error.h"

typedef struct LincePool LincePool;
typedef void (*LincePoolFunction) (void *context, uint32_t item, uint32_t thread);

/* `threads` 1 to 16, the caller's own included. */
LincePool *lince_pool_new (uint32_t threads, LinceError *error);
void lince_pool_free (LincePool *pool);
uint32_t lince_pool_threads (const LincePool *pool);
/* Runs function(context, 0 .. items - 1, 0 .. threads - 1) and returns when all are done. */
void lince_pool_run (LincePool *pool, LincePoolFunction function, void *context, uint32_t items);
/* CPU time that all threads of the pool, the caller included, have spent, ns. */
uint64_t lince_pool_cpu_time (const LincePool *pool);
