/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "tool/collection_argument.h"
#include "tool/command.h"

static char *output;
static int threads;

static const GOptionEntry entries[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The index file to write", "FILE"},
    {"threads", 0, 0, G_OPTION_ARG_INT, &threads, "Threads that enrol pictures (one a processor)",
        "N"},
    {NULL},
};

static int
run (int count, char **arguments)
{
  g_autoptr (GTimer) timer = g_timer_new ();
  g_autofree char *name = NULL;
  LinceIndex *index;
  LinceError problem;
  guint problems = 0;
  int status;

  if (output == NULL)
    return lince_command_fail (EX_USAGE, "no index file was named; add -o FILE");
  if (threads < 0 || threads > 16)
    return lince_command_fail (EX_USAGE, "--threads is a number from 1 to 16");
  status = lince_collection_argument_compile (arguments[0], output, (guint) threads, &problems);
  if (status != EX_OK)
    return status;
  index = lince_index_open (output, &problem);
  if (index == NULL)
    return lince_command_fail (EX_IOERR, "%s", problem.text);
  name = g_filename_display_name (output);
  g_print ("%s: %u objects, %u images, %u problems, revision %s, %.1f s\n", name,
      lince_index_object_count (index), lince_index_image_count (index), problems,
      lince_index_revision (index), g_timer_elapsed (timer, NULL));
  lince_index_unref (index);
  return problems > 0 ? 1 : EX_OK;
}

const LinceCommand lince_command_index = {
    .name = "index",
    .arguments = "DIR -o FILE",
    .summary = "Compile a directory of reference pictures into an index file",
    .description = "DIR holds ID.png (or jpg, webp, svg), or ID/ with several pictures, and maybe\n"
                   "ID.json with {\"name\": …, \"metadata\": {…}}. It is never written to.\n"
                   "The index is FILE and the segments FILE.*.segment beside it.\n\n"
                   "Exit status: 0 all is well, 1 a reference could not be used (it is named).",
    .entries = entries,
    .minimum_arguments = 1,
    .maximum_arguments = 1,
    .run = run,
};
