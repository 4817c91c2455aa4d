/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What main() of a program with one suite of tests ends with. */
#pragma once

#include <check.h>
#include <stdlib.h>

/* Runs all tests of `suite`, as loudly as CK_VERBOSITY says, and frees it; returns the status to
 * exit with. */
static inline int
run_suite (Suite *suite)
{
  SRunner *runner = srunner_create (suite);
  int failed;

  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
