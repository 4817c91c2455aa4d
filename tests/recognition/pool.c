/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The pool of threads; also run under the thread sanitizer. */
#include "../suite.h"
#include "recognition/pool.h"

#include <string.h>

#define ITEMS 500

typedef struct {
  uint32_t threads;
  uint32_t runs[ITEMS];    /* how often each item ran */
  uint64_t results[ITEMS]; /* made by it, without a lock */
  uint32_t per_thread[16];
} Work;

static void
work (void *context, uint32_t item, uint32_t thread)
{
  Work *w = context;
  uint64_t value = item;

  for (int i = 0; i < 2000; i++)
    value = value * 6364136223846793005u + 1442695040888963407u;
  w->runs[item]++;
  w->results[item] = value;
  if (thread < w->threads)
    w->per_thread[thread]++;
}

static void
run_with (uint32_t threads, Work *w, uint32_t items)
{
  LincePool *pool = lince_pool_new (threads, NULL);

  ck_assert_ptr_nonnull (pool);
  ck_assert_uint_eq (lince_pool_threads (pool), threads);
  memset (w, 0, sizeof *w);
  w->threads = threads;
  lince_pool_run (pool, work, w, items);
  lince_pool_free (pool);
}

START_TEST (every_item_runs_once)
{
  static Work w, alone;

  run_with (1, &alone, ITEMS);
  for (uint32_t threads = 1; threads <= 5; threads++) {
    uint32_t sum = 0;

    run_with (threads, &w, ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++) {
      ck_assert_uint_eq (w.runs[i], 1);
      ck_assert_uint_eq (w.results[i], alone.results[i]);
    }
    for (uint32_t i = 0; i < threads; i++)
      sum += w.per_thread[i];
    ck_assert_uint_eq (sum, ITEMS);
  }
}
END_TEST

START_TEST (one_thread_runs_inline)
{
  static Work w;

  run_with (1, &w, ITEMS);
  ck_assert_uint_eq (w.per_thread[0], ITEMS);
}
END_TEST

START_TEST (many_short_tasks)
{
  static Work w;
  LincePool *pool = lince_pool_new (4, NULL);

  memset (&w, 0, sizeof w);
  w.threads = 4;
  for (int round = 0; round < 3000; round++)
    lince_pool_run (pool, work, &w, (uint32_t) round % 7);
  ck_assert_uint_eq (w.runs[0], 3000 - (3000 + 6) / 7);
  ck_assert_uint_eq (w.runs[6], 0);
  ck_assert_uint_eq (w.runs[5], 3000 / 7);
  lince_pool_free (pool);
}
END_TEST

START_TEST (cpu_time_counts_helpers)
{
  static Work w;
  LincePool *pool = lince_pool_new (3, NULL);
  uint64_t before, after;

  memset (&w, 0, sizeof w);
  w.threads = 3;
  before = lince_pool_cpu_time (pool);
  for (int i = 0; i < 20; i++)
    lince_pool_run (pool, work, &w, ITEMS);
  after = lince_pool_cpu_time (pool);
  /* 20 million steps of a multiplication take some milliseconds, wherever they run */
  ck_assert_uint_gt (after, before + 1000000);
  lince_pool_free (pool);
}
END_TEST

START_TEST (bad_numbers_are_refused)
{
  LinceError error = {0};

  ck_assert_ptr_null (lince_pool_new (0, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  ck_assert_ptr_null (lince_pool_new (17, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull (strstr (error.text, "17"));
  lince_pool_free (NULL);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("pool");
  TCase *tests = tcase_create ("all");

  tcase_set_timeout (tests, 120);
  tcase_add_test (tests, every_item_runs_once);
  tcase_add_test (tests, one_thread_runs_inline);
  tcase_add_test (tests, many_short_tasks);
  tcase_add_test (tests, cpu_time_counts_helpers);
  tcase_add_test (tests, bad_numbers_are_refused);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
