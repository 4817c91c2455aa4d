/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define MAX_THREADS 16

typedef struct {
  LincePool *pool;
  uint32_t number;
  pthread_t thread;
  clockid_t clock;
} Helper;

struct LincePool {
  uint32_t threads;
  pthread_mutex_t mutex;
  pthread_cond_t begun, ended;
  uint64_t generation; /* of the task that the fields below describe */
  uint32_t busy;       /* helpers that have not finished it */
  bool stop;
  LincePoolFunction function;
  void *context;
  uint32_t items;
  atomic_uint next;
  Helper helpers[MAX_THREADS];
  uint32_t started;
};

static void
work (LincePool *pool, uint32_t thread)
{
  uint32_t item;

  while ((item = atomic_fetch_add_explicit (&pool->next, 1, memory_order_relaxed)) < pool->items)
    pool->function (pool->context, item, thread);
}

static void *
helper_main (void *data)
{
  Helper *helper = data;
  LincePool *pool = helper->pool;
  uint64_t seen = 0;

  pthread_mutex_lock (&pool->mutex);
  for (;;) {
    while (!pool->stop && pool->generation == seen)
      pthread_cond_wait (&pool->begun, &pool->mutex);
    if (pool->stop)
      break;
    seen = pool->generation;
    pthread_mutex_unlock (&pool->mutex);
    work (pool, helper->number);
    pthread_mutex_lock (&pool->mutex);
    if (--pool->busy == 0)
      pthread_cond_signal (&pool->ended);
  }
  pthread_mutex_unlock (&pool->mutex);
  return NULL;
}

static bool
start_helper (LincePool *pool, uint32_t number)
{
  Helper *helper = &pool->helpers[number];

  helper->pool = pool;
  helper->number = number;
  if (pthread_create (&helper->thread, NULL, helper_main, helper) != 0)
    return false;
  pool->started++;
  return pthread_getcpuclockid (helper->thread, &helper->clock) == 0;
}

LincePool *
lince_pool_new (uint32_t threads, LinceError *error)
{
  LincePool *pool;

  if (threads < 1 || threads > MAX_THREADS) {
    lince_error_set (
        error, LINCE_ERROR_ARGUMENT, "a pool of %u threads: give 1 to %d", threads, MAX_THREADS);
    return NULL;
  }
  pool = calloc (1, sizeof *pool);
  if (pool == NULL) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a pool of %u threads", threads);
    return NULL;
  }
  pool->threads = threads;
  pthread_mutex_init (&pool->mutex, NULL);
  pthread_cond_init (&pool->begun, NULL);
  pthread_cond_init (&pool->ended, NULL);
  for (uint32_t number = 1; number < threads; number++)
    if (!start_helper (pool, number)) {
      lince_error_set (error, LINCE_ERROR_MEMORY,
          "could not start thread %u of %u: raise the limit of threads or use fewer", number + 1,
          threads);
      lince_pool_free (pool);
      return NULL;
    }
  return pool;
}

void
lince_pool_free (LincePool *pool)
{
  if (pool == NULL)
    return;
  pthread_mutex_lock (&pool->mutex);
  pool->stop = true;
  pthread_cond_broadcast (&pool->begun);
  pthread_mutex_unlock (&pool->mutex);
  for (uint32_t number = 1; number <= pool->started; number++)
    pthread_join (pool->helpers[number].thread, NULL);
  pthread_cond_destroy (&pool->begun);
  pthread_cond_destroy (&pool->ended);
  pthread_mutex_destroy (&pool->mutex);
  free (pool);
}

uint32_t
lince_pool_threads (const LincePool *pool)
{
  return pool->threads;
}

void
lince_pool_run (LincePool *pool, LincePoolFunction function, void *context, uint32_t items)
{
  if (pool->threads == 1 || items <= 1) {
    for (uint32_t item = 0; item < items; item++)
      function (context, item, 0);
    return;
  }
  pthread_mutex_lock (&pool->mutex);
  pool->function = function;
  pool->context = context;
  pool->items = items;
  atomic_store_explicit (&pool->next, 0, memory_order_relaxed);
  pool->busy = pool->threads - 1;
  pool->generation++;
  pthread_cond_broadcast (&pool->begun);
  pthread_mutex_unlock (&pool->mutex);
  work (pool, 0);
  pthread_mutex_lock (&pool->mutex);
  while (pool->busy > 0)
    pthread_cond_wait (&pool->ended, &pool->mutex);
  pthread_mutex_unlock (&pool->mutex);
}

static uint64_t
clock_time (clockid_t clock)
{
  struct timespec time = {0};

  clock_gettime (clock, &time);
  return (uint64_t) time.tv_sec * 1000000000u + (uint64_t) time.tv_nsec;
}

uint64_t
lince_pool_cpu_time (const LincePool *pool)
{
  uint64_t sum = clock_time (CLOCK_THREAD_CPUTIME_ID);

  for (uint32_t number = 1; number < pool->threads; number++)
    sum += clock_time (pool->helpers[number].clock);
  return sum;
}
