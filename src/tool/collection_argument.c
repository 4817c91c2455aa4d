/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/collection_argument.h"

#include <string.h>

#include "tool/command.h"
#include "tool/progress.h"

typedef struct {
  LinceProgress progress;
  GPtrArray *sentences; /* about problems, said in order at the end */
} Report;

static void
take_report (const char *image, const LinceEnrolment *enrolment, const GError *problem, guint done,
    guint total, gpointer user_data)
{
  Report *report = user_data;

  if (problem != NULL)
    g_ptr_array_add (report->sentences, g_strdup (problem->message));
  lince_progress_update (&report->progress, total > 0 ? (double) done / total : -1);
}

static int
compare_sentences (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static void
start_report (Report *report)
{
  lince_progress_start (&report->progress, "enrolling");
  report->sentences = g_ptr_array_new_with_free_func (g_free);
}

static void
end_report (Report *report, guint *problems)
{
  lince_progress_clear (&report->progress);
  g_ptr_array_sort (report->sentences, compare_sentences);
  for (guint i = 0; i < report->sentences->len; i++)
    lince_command_fail (0, "%s", (const char *) report->sentences->pdata[i]);
  if (problems != NULL)
    *problems = report->sentences->len;
  g_ptr_array_unref (report->sentences);
}

static int
status_of (const GError *error)
{
  return g_error_matches (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN) ? EX_NOINPUT
                                                                                      : EX_DATAERR;
}

LinceIndex *
lince_collection_argument_open (const char *path, guint threads, guint *problems, int *status)
{
  g_autoptr (GError) error = NULL;
  LinceIndex *index;
  Report report;

  if (path == NULL) {
    *status = lince_command_fail (EX_USAGE,
        "no collection was given; add --collection with a directory of pictures or an index file");
    return NULL;
  }
  start_report (&report);
  lince_collection_set_threads (threads);
  index = lince_collection_open (path, take_report, &report, NULL, &error);
  end_report (&report, problems);
  if (index == NULL)
    *status = lince_command_fail_with (status_of (error), error);
  return index;
}

int
lince_collection_argument_compile (
    const char *path, const char *output, guint threads, guint *problems)
{
  g_autoptr (GError) error = NULL;
  gboolean ok;
  Report report;

  start_report (&report);
  lince_collection_set_threads (threads);
  ok = lince_collection_compile (path, output, take_report, &report, NULL, NULL, &error);
  end_report (&report, problems);
  if (ok)
    return EX_OK;
  return lince_command_fail_with (
      g_error_matches (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_INDEX)
          ? EX_CANTCREAT
          : status_of (error),
      error);
}
