/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "tool/collection_argument.h"
#include "tool/command.h"
#include "tool/enrol_report.h"

static gboolean json, quick;
static int threads;

static const GOptionEntry entries[] = {
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print a JSON object a line for each image", NULL},
    {"quick", 0, 0, G_OPTION_ARG_NONE, &quick, "Do not simulate: only what enrolment found", NULL},
    {"threads", 0, 0, G_OPTION_ARG_INT, &threads, "Threads, 1 to 16 (one a processor)", "N"},
    {NULL},
};

static void
print_report (const LinceEnrolReport *report)
{
  glong width = 0;

  for (guint32 i = 0; i < lince_index_object_count (report->index); i++) {
    LinceObject object;

    if (lince_index_object (report->index, i, &object))
      width = MAX (width, g_utf8_strlen (object.id, -1));
  }
  for (guint i = 0; i < report->count; i++) {
    g_autoptr (GString) text = g_string_new (NULL);

    if (json)
      lince_enrol_report_append_json (report, i, text);
    else
      lince_enrol_report_append_text (report, i, MIN (width, 48) + 2, text);
    fputs (text->str, stdout);
  }
}

static int
report_on (LinceIndex *index, guint problems)
{
  g_autoptr (LinceEnrolReport) report = NULL;
  LinceError problem;
  guint lost;

  if (!lince_index_verify (index, &problem) ||
      (report = lince_enrol_report_new (index, !quick, (guint) threads, &problem)) == NULL)
    return lince_command_fail (
        problem.code == LINCE_ERROR_MEMORY ? EX_OSERR : EX_DATAERR, "%s", problem.text);
  print_report (report);
  lost = lince_enrol_report_count_lost (report);
  if (!json) {
    printf ("%u objects, %u images, %u problems", lince_index_object_count (index),
        lince_index_image_count (index), problems);
    if (!quick)
      printf (", %u never recognised", lost);
    printf (", revision %s\n", lince_index_revision (index));
  }
  return problems > 0 || lost > 0 ? 1 : EX_OK;
}

static int
run (int count, char **arguments)
{
  int status = EX_OK;
  guint problems = 0;
  LinceIndex *index;

  if (threads < 0 || threads > 16)
    return lince_command_fail (EX_USAGE, "--threads is a number from 1 to 16");
  index = lince_collection_argument_open (arguments[0], (guint) threads, &problems, &status);
  if (index == NULL)
    return status;
  status = report_on (index, problems);
  lince_index_unref (index);
  return status;
}

#define DESCRIPTION                                                                                \
  "Each reference is drawn into frames of 1920 x 1080, smaller and more tilted from one to the\n"  \
  "next, and the recogniser is asked with the whole collection. Told are the generators that\n"    \
  "find it and why, the smallest picture (its share of the frame) and the steepest tilt at\n"      \
  "which it is still recognised, the objects that look like it, and what to do. Of an index\n"     \
  "file every block is read and every checksum compared.\n\n"                                      \
  "Exit status: 0 all is well, 1 a reference cannot be used or is never recognised (it is\n"       \
  "named), 65 the index is damaged or no reference can be used."

const LinceCommand lince_command_enrol = {
    .name = "enrol",
    .arguments = "DIR|FILE",
    .summary = "Say how well each reference of a collection can be recognised",
    .description = DESCRIPTION,
    .entries = entries,
    .minimum_arguments = 1,
    .maximum_arguments = 1,
    .run = run,
};

const LinceCommand lince_command_check = {
    .name = "check",
    .arguments = "DIR|FILE",
    .summary = "The same as enrol",
    .description = DESCRIPTION,
    .entries = entries,
    .minimum_arguments = 1,
    .maximum_arguments = 1,
    .run = run,
};
