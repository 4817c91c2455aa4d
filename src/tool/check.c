/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "tool/collection_argument.h"
#include "tool/command.h"
#include "tool/output.h"

static gboolean json;
static int threads;

static const GOptionEntry entries[] = {
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print a JSON object a line for each image", NULL},
    {"threads", 0, 0, G_OPTION_ARG_INT, &threads, "Threads that enrol pictures (one a processor)",
        "N"},
    {NULL},
};

static void
print_json (const LinceObject *object, const LinceEnrolment *image)
{
  g_autoptr (GString) line = g_string_new ("{\"id\": ");

  lince_output_string (line, object->id);
  g_string_append (line, ", \"name\": ");
  lince_output_string (line, object->name);
  g_string_append_printf (line, ", \"width\": %d, \"height\": %d, \"keypoints\": %u", image->width,
      image->height, image->keypoints);
  g_string_append_printf (line,
      ", \"textured\": %s, \"transparent\": %s, \"score\": ", image->textured ? "true" : "false",
      image->transparent ? "true" : "false");
  lince_output_number (line, (double) image->score, 3);
  g_string_append (line, "}\n");
  fputs (line->str, stdout);
}

/* Blanks up to a column, by characters, not bytes. */
static void
print_padded (const char *text, glong width)
{
  printf ("%s%*s", text, (int) MAX (1, width - g_utf8_strlen (text, -1)), "");
}

static void
print_image (const LinceObject *object, const LinceEnrolment *image, glong width)
{
  g_autofree char *size = g_strdup_printf ("%d x %d", image->width, image->height);

  print_padded (object->id, width);
  printf ("%-14s%6u keypoints  score %.2f%s%s\n", size, image->keypoints, (double) image->score,
      image->transparent ? "  transparent" : "",
      image->textured ? "" : "  too little texture to be found");
}

static void
print_index (LinceIndex *index)
{
  LinceEnrolment image;
  LinceObject object;
  guint32 number;
  glong width = 0;

  for (guint32 i = 0; lince_index_object (index, i, &object); i++)
    width = MAX (width, g_utf8_strlen (object.id, -1));
  for (guint32 i = 0; lince_index_image (index, i, &number, &image); i++) {
    lince_index_object (index, number, &object);
    if (json)
      print_json (&object, &image);
    else
      print_image (&object, &image, MIN (width, 48) + 2);
  }
}

static int
run (int count, char **arguments)
{
  int status = EX_OK;
  guint problems = 0;
  LinceError problem;
  LinceIndex *index;

  if (threads < 0 || threads > 16)
    return lince_command_fail (EX_USAGE, "--threads is a number from 1 to 16");
  index = lince_collection_argument_open (arguments[0], (guint) threads, &problems, &status);
  if (index == NULL)
    return status;
  if (!lince_index_verify (index, &problem)) {
    status = lince_command_fail (EX_DATAERR, "%s", problem.text);
  } else {
    print_index (index);
    if (!json)
      printf ("%u objects, %u images, %u problems, revision %s\n", lince_index_object_count (index),
          lince_index_image_count (index), problems, lince_index_revision (index));
    status = problems > 0 ? 1 : EX_OK;
  }
  lince_index_unref (index);
  return status;
}

const LinceCommand lince_command_check = {
    .name = "check",
    .arguments = "DIR|FILE",
    .summary = "Say how well each reference of a collection can be recognised",
    .description = "Of an index file every block is read and every checksum compared.\n\n"
                   "Exit status: 0 all is well, 1 a reference cannot be used (it is named),\n"
                   "65 the index is damaged or no reference can be used.",
    .entries = entries,
    .minimum_arguments = 1,
    .maximum_arguments = 1,
    .run = run,
};

const LinceCommand lince_command_enrol = {
    .name = "enrol",
    .arguments = "DIR|FILE",
    .summary = "Say how well each reference of a collection can be recognised",
    .entries = entries,
    .minimum_arguments = 1,
    .maximum_arguments = 1,
    .run = run,
};
