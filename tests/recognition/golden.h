/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Golden vectors: text files of one row of numbers a line, compared in both directions. Rows match
 * whatever their order; a column's tolerance says how near. With LINCE_WRITE_GOLDEN set in the
 * environment the file is written anew instead. */
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#define GOLDEN_COLUMNS 16

typedef struct {
  double values[GOLDEN_COLUMNS];
  bool matched;
} GoldenRow;

typedef struct {
  GoldenRow *rows;
  size_t count, capacity;
  int columns;
} Golden;

static inline void
golden_add (Golden *golden, const double *values)
{
  if (golden->count == golden->capacity) {
    golden->capacity = 2 * golden->capacity + 16;
    golden->rows = realloc (golden->rows, golden->capacity * sizeof *golden->rows);
    ck_assert_ptr_nonnull (golden->rows);
  }
  golden->rows[golden->count] = (GoldenRow){.matched = false};
  memcpy (golden->rows[golden->count++].values, values, (size_t) golden->columns * sizeof *values);
}

static inline void
golden_clear (Golden *golden)
{
  free (golden->rows);
  golden->rows = NULL;
  golden->count = golden->capacity = 0;
}

static inline void
golden_write (const Golden *golden, const char *path)
{
  FILE *file = fopen (path, "w");

  ck_assert_msg (file != NULL, "cannot write %s", path);
  for (size_t i = 0; i < golden->count; i++)
    for (int c = 0; c < golden->columns; c++)
      fprintf (file, "%.10g%c", golden->rows[i].values[c], c + 1 < golden->columns ? ' ' : '\n');
  fclose (file);
}

static inline Golden
golden_read (const char *path, int columns)
{
  Golden golden = {.columns = columns};
  FILE *file = fopen (path, "r");
  double values[GOLDEN_COLUMNS];

  ck_assert_msg (file != NULL, "cannot read %s", path);
  for (;;) {
    int n = 0;

    while (n < columns && fscanf (file, "%lf", &values[n]) == 1)
      n++;
    if (n < columns)
      break;
    golden_add (&golden, values);
  }
  fclose (file);
  return golden;
}

static inline void
golden_print (const Golden *golden, size_t row, char sign)
{
  printf ("%c", sign);
  for (int c = 0; c < golden->columns; c++)
    printf (" %.6g", golden->rows[row].values[c]);
  printf ("\n");
}

/* How many rows of either lack a partner; they are printed when `print`. A tolerance below zero is
 * that of an angle in 256ths of a turn. */
static inline size_t
golden_differences (Golden *expected, Golden *got, const double *tolerances, bool print)
{
  size_t differences = 0;

  for (size_t e = 0; e < expected->count; e++)
    expected->rows[e].matched = false;
  for (size_t g = 0; g < got->count; g++) {
    bool found = false;

    for (size_t e = 0; e < expected->count && !found; e++) {
      bool near = !expected->rows[e].matched;

      for (int c = 0; c < got->columns && near; c++) {
        double difference = fabs (got->rows[g].values[c] - expected->rows[e].values[c]);

        if (tolerances[c] < 0)
          difference = fmin (difference, 256 - difference);
        near = difference <= fabs (tolerances[c]);
      }
      if (near)
        expected->rows[e].matched = found = true;
    }
    if (!found) {
      differences++;
      if (print)
        golden_print (got, g, '+');
    }
  }
  for (size_t e = 0; e < expected->count; e++)
    if (!expected->rows[e].matched) {
      differences++;
      if (print)
        golden_print (expected, e, '-');
    }
  return differences;
}

/* Compares with the file, and proves that a changed, a missing and an extra row would be seen. */
static inline void
golden_check (Golden *got, const char *name, const double *tolerances)
{
  char path[4096];
  Golden expected;
  size_t differences;

  snprintf (path, sizeof path, "%s/%s.expected", LINCE_GOLDEN, name);
  if (getenv ("LINCE_WRITE_GOLDEN") != NULL)
    golden_write (got, path);
  expected = golden_read (path, got->columns);
  ck_assert_uint_gt (expected.count, 0);
  differences = golden_differences (&expected, got, tolerances, true);
  ck_assert_msg (differences == 0, "%s: %zu rows differ", name, differences);
  expected.rows[0].values[0] += 3 * fabs (tolerances[0]) + 1000;
  ck_assert_uint_eq (golden_differences (&expected, got, tolerances, false), 2);
  expected.rows[0] = expected.rows[--expected.count];
  ck_assert_uint_eq (golden_differences (&expected, got, tolerances, false), 1);
  golden_clear (&expected);
  expected = golden_read (path, got->columns);
  golden_add (&expected, expected.rows[0].values);
  ck_assert_uint_eq (golden_differences (&expected, got, tolerances, false), 1);
  golden_clear (&expected);
}
