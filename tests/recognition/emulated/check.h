/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Stands in for check where that library is not to be had, so that the very same tests run there:
 * what they use of it, each test in a process of its own, no time limits. */
#pragma once

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STAND_IN_MAX 64 /* tests of a case */

typedef struct {
  const char *name;
  void (*body) (int _i);
} TTest;

typedef struct {
  const TTest *test;
  int first, end;
} StandInEntry;

typedef struct {
  StandInEntry entries[STAND_IN_MAX];
  int count;
  void (*once[2]) (void), (*each[2]) (void); /* set up and tear down; NULL: none */
} TCase;

typedef struct {
  const char *name;
  TCase *tests;
} Suite;

typedef struct {
  Suite *suite;
  int failed;
} SRunner;

#define CK_ENV 0

#define START_TEST(name)                                                                           \
  static void name##_body (int _i);                                                                \
  static const TTest name##_test = {#name, name##_body};                                           \
  static const TTest *const name = &name##_test;                                                   \
  static void name##_body (int _i)
#define END_TEST

__attribute__ ((format (printf, 3, 4), noreturn)) static inline void
stand_in_fail (const char *file, int line, const char *format, ...)
{
  va_list arguments;

  printf ("%s:%d: ", file, line);
  va_start (arguments, format);
  vprintf (format, arguments);
  va_end (arguments);
  printf ("\n");
  exit (EXIT_FAILURE);
}

#define ck_assert_msg(condition, ...)                                                              \
  ((condition) ? (void) 0 : stand_in_fail (__FILE__, __LINE__, __VA_ARGS__))
#define ck_assert(condition) ck_assert_msg (condition, "failed: %s", #condition)
#define STAND_IN_COMPARE(type, format, a, sign, b)                                                 \
  do {                                                                                             \
    type a_ = (a);                                                                                 \
    type b_ = (b);                                                                                 \
    ck_assert_msg (a_ sign b_, "failed: %s %s %s: %" format ", %" format, #a, #sign, #b, a_, b_);  \
  } while (0)

#define ck_assert_int_eq(a, b) STAND_IN_COMPARE (intmax_t, "jd", a, ==, b)
#define ck_assert_int_ge(a, b) STAND_IN_COMPARE (intmax_t, "jd", a, >=, b)
#define ck_assert_int_le(a, b) STAND_IN_COMPARE (intmax_t, "jd", a, <=, b)
#define ck_assert_uint_eq(a, b) STAND_IN_COMPARE (uintmax_t, "ju", a, ==, b)
#define ck_assert_uint_ne(a, b) STAND_IN_COMPARE (uintmax_t, "ju", a, !=, b)
#define ck_assert_uint_ge(a, b) STAND_IN_COMPARE (uintmax_t, "ju", a, >=, b)
#define ck_assert_uint_gt(a, b) STAND_IN_COMPARE (uintmax_t, "ju", a, >, b)
#define ck_assert_uint_le(a, b) STAND_IN_COMPARE (uintmax_t, "ju", a, <=, b)
#define ck_assert_uint_lt(a, b) STAND_IN_COMPARE (uintmax_t, "ju", a, <, b)
#define ck_assert_float_eq(a, b) STAND_IN_COMPARE (double, "g", (double) (a), ==, (double) (b))
#define ck_assert_float_ge(a, b) STAND_IN_COMPARE (double, "g", (double) (a), >=, (double) (b))
#define ck_assert_float_gt(a, b) STAND_IN_COMPARE (double, "g", (double) (a), >, (double) (b))
#define ck_assert_float_lt(a, b) STAND_IN_COMPARE (double, "g", (double) (a), <, (double) (b))
#define ck_assert_double_ge(a, b) STAND_IN_COMPARE (double, "g", a, >=, b)
#define ck_assert_double_lt(a, b) STAND_IN_COMPARE (double, "g", a, <, b)
#define ck_assert_double_eq_tol(a, b, tolerance)                                                   \
  STAND_IN_COMPARE (double, "g", fabs ((double) (a) - (double) (b)), <=, (double) (tolerance))
#define ck_assert_float_eq_tol(a, b, tolerance) ck_assert_double_eq_tol (a, b, tolerance)
#define ck_assert_ptr_eq(a, b) STAND_IN_COMPARE (const void *, "p", a, ==, b)
#define ck_assert_ptr_null(a) STAND_IN_COMPARE (const void *, "p", a, ==, NULL)
#define ck_assert_ptr_nonnull(a) STAND_IN_COMPARE (const void *, "p", a, !=, NULL)
#define ck_assert_str_eq(a, b) ck_assert_msg (strcmp (a, b) == 0, "failed: %s is %s: %s", #a, #b, a)
#define ck_assert_str_ne(a, b) ck_assert_msg (strcmp (a, b) != 0, "failed: %s is %s", #a, #b)
#define ck_assert_mem_eq(a, b, size)                                                               \
  ck_assert_msg (memcmp (a, b, size) == 0, "failed: %s has the bytes of %s", #a, #b)

static inline void
stand_in_call (void (*function) (void))
{
  if (function != NULL)
    function ();
}

static inline TCase *
tcase_create (const char *name)
{
  TCase *tests = calloc (1, sizeof *tests);

  ck_assert_ptr_nonnull (tests);
  return tests;
}

static inline void
tcase_add_loop_test (TCase *tests, const TTest *test, int first, int end)
{
  ck_assert_int_le (tests->count, STAND_IN_MAX - 1);
  tests->entries[tests->count++] = (StandInEntry){test, first, end};
}

#define tcase_add_test(tests, test) tcase_add_loop_test (tests, test, 0, 1)
#define tcase_set_timeout(tests, seconds) ((void) 0)

static inline void
tcase_add_unchecked_fixture (TCase *tests, void (*set_up) (void), void (*tear_down) (void))
{
  tests->once[0] = set_up;
  tests->once[1] = tear_down;
}

static inline void
tcase_add_checked_fixture (TCase *tests, void (*set_up) (void), void (*tear_down) (void))
{
  tests->each[0] = set_up;
  tests->each[1] = tear_down;
}

static inline Suite *
suite_create (const char *name)
{
  Suite *suite = calloc (1, sizeof *suite);

  ck_assert_ptr_nonnull (suite);
  suite->name = name;
  return suite;
}

static inline void
suite_add_tcase (Suite *suite, TCase *tests)
{
  ck_assert_ptr_null (suite->tests);
  suite->tests = tests;
}

static inline SRunner *
srunner_create (Suite *suite)
{
  SRunner *runner = calloc (1, sizeof *runner);

  ck_assert_ptr_nonnull (runner);
  runner->suite = suite;
  return runner;
}

/* Whether the test, in a child process, ended well. */
static inline int
stand_in_passes (const TCase *tests, const TTest *test, int i)
{
  int status = 0;
  pid_t child;

  fflush (NULL);
  child = fork ();
  ck_assert_msg (child >= 0, "no process for %s", test->name);
  if (child == 0) {
    stand_in_call (tests->each[0]);
    test->body (i);
    stand_in_call (tests->each[1]);
    exit (EXIT_SUCCESS);
  }
  while (waitpid (child, &status, 0) < 0)
    ;
  return WIFEXITED (status) && WEXITSTATUS (status) == EXIT_SUCCESS;
}

static inline void
srunner_run_all (SRunner *runner, int mode)
{
  const TCase *tests = runner->suite->tests;
  int count = 0;

  stand_in_call (tests->once[0]);
  for (int t = 0; t < tests->count; t++)
    for (int i = tests->entries[t].first; i < tests->entries[t].end; i++, count++)
      if (!stand_in_passes (tests, tests->entries[t].test, i)) {
        printf ("%s: %s, %d: failed\n", runner->suite->name, tests->entries[t].test->name, i);
        runner->failed++;
      }
  stand_in_call (tests->once[1]);
  printf ("%s: %d tests, %d failed\n", runner->suite->name, count, runner->failed);
  runner->failed += count == 0;
}

static inline int
srunner_ntests_failed (const SRunner *runner)
{
  return runner->failed;
}

static inline void
srunner_free (SRunner *runner)
{
  free (runner->suite->tests);
  free (runner->suite);
  free (runner);
}
