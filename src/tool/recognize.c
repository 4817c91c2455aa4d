/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "media/picture.h"
#include "tool/collection_argument.h"
#include "tool/command.h"
#include "tool/output.h"
#include "tool/settings_option.h"

static char *collection;
static gboolean json;

static const GOptionEntry entries[] = {
    {"collection", 'c', 0, G_OPTION_ARG_FILENAME, &collection,
        "The references: a directory or an index file", "DIR|FILE"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print a JSON object a line for each image", NULL},
    LINCE_SETTINGS_OPTIONS,
    {NULL},
};

static void
print_json (const char *name, double elapsed, const LinceResult *result)
{
  g_autoptr (GString) line = g_string_new ("{\"file\": ");

  lince_output_string (line, name);
  g_string_append (line, ", \"elapsed_ms\": ");
  lince_output_number (line, elapsed, 2);
  g_string_append (line, ", \"objects\": ");
  lince_output_placements (line, result->index, result->placements, result->placement_count);
  g_string_append (line, "}\n");
  fputs (line->str, stdout);
}

static void
print_text (const char *name, const LinceResult *result)
{
  g_autoptr (GString) line = g_string_new (NULL);

  if (result->placement_count == 0)
    printf ("%s: nothing\n", name);
  for (guint i = 0; i < result->placement_count; i++) {
    const LincePlacement *placement = &result->placements[i];
    LinceObject object;

    if (!lince_index_object (result->index, placement->object, &object))
      continue;
    g_string_printf (line, "%s: %s, confidence %.2f, corners", name, object.name,
        (double) placement->confidence);
    for (int corner = 0; corner < 4; corner++) {
      g_string_append_c (line, ' ');
      lince_output_number (line, placement->corners[corner].x, 0);
      g_string_append_c (line, ',');
      lince_output_number (line, placement->corners[corner].y, 0);
    }
    puts (line->str);
  }
}

/* A sentence for what could not be done with a picture, or NULL. Transfer full. */
static char *
recognize_picture (LinceRecognizer *recognizer, const char *path)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (LincePictureFile) file = lince_picture_file_load (path, &error);
  const LinceFrame *frame;
  const LinceResult *result;
  LinceError problem;
  gint64 begin;

  if (file == NULL)
    return g_strdup (error->message);
  frame = lince_picture_file_get_frame (file);
  begin = g_get_monotonic_time ();
  if (!lince_recognizer_still (recognizer, frame, &result, &problem) ||
      !lince_index_intact (result->index, &problem))
    return g_strdup_printf ("%s: %s", name, problem.text);
  if (json)
    print_json (name, (double) (g_get_monotonic_time () - begin) / 1000, result);
  else
    print_text (name, result);
  fflush (stdout);
  return NULL;
}

static int
run (int count, char **arguments)
{
  LinceRecognizer *recognizer;
  LinceSettings settings;
  LinceError problem;
  LinceIndex *index;
  int status = EX_OK;

  if ((status = lince_settings_option_read (&settings)) != EX_OK)
    return status;
  index = lince_collection_argument_open (collection, settings.threads, NULL, &status);
  if (index == NULL)
    return status;
  recognizer = lince_recognizer_new (&settings, &problem);
  if (recognizer == NULL) {
    lince_index_unref (index);
    return lince_command_fail (EX_OSERR, "%s", problem.text);
  }
  lince_recognizer_set_index (recognizer, index);
  lince_index_unref (index);
  for (int i = 0; i < count; i++) {
    g_autofree char *sentence = recognize_picture (recognizer, arguments[i]);

    if (sentence != NULL)
      status = lince_command_fail (1, "%s", sentence);
  }
  lince_recognizer_free (recognizer);
  return status;
}

const LinceCommand lince_command_recognize = {
    .name = "recognize",
    .arguments = "IMAGE...",
    .summary = "Tell what pictures show",
    .description =
        "Exit status: 0 all pictures were looked at, 1 one could not be read (it is named).\n"
        "elapsed_ms is the time of recognition, without reading the picture.",
    .entries = entries,
    .minimum_arguments = 1,
    .maximum_arguments = -1,
    .run = run,
};
