/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include <gst/gst.h>

#include "media/picture.h"
#include "tool/clip.h"
#include "tool/collection_argument.h"
#include "tool/command.h"
#include "tool/explain_picture.h"
#include "tool/explain_report.h"
#include "tool/settings_option.h"

static char *collection, *output;
static gboolean json;
static gint64 frame_number = -1;
static double at_seconds = -1;

static const GOptionEntry entries[] = {
    {"collection", 'c', 0, G_OPTION_ARG_FILENAME, &collection,
        "The references: a directory or an index file", "DIR|FILE"},
    {"frame", 0, 0, G_OPTION_ARG_INT64, &frame_number,
        "FRAME is a recording: its frame number N, from 0", "N"},
    {"at", 0, 0, G_OPTION_ARG_DOUBLE, &at_seconds,
        "FRAME is a recording: its first frame at or after SECONDS", "SECONDS"},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Draw what happened into a PNG", "PICTURE"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print a JSON object", NULL},
    LINCE_SETTINGS_OPTIONS,
    {NULL},
};

/* The frame in question, from a picture or a recording. */
typedef struct {
  LincePictureFile *picture;
  LinceClip *clip;
  LinceFrame frame;
  char *name;
} Source;

static void
clear_source (Source *source)
{
  g_clear_pointer (&source->picture, lince_picture_file_free);
  g_clear_pointer (&source->clip, lince_clip_free);
  g_free (source->name);
}

static int
open_picture (Source *source, const char *path)
{
  g_autoptr (GError) error = NULL;

  source->picture = lince_picture_file_load (path, &error);
  if (source->picture != NULL) {
    source->frame = *lince_picture_file_get_frame (source->picture);
    return EX_OK;
  }
  if (g_error_matches (error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_FORMAT))
    return lince_command_fail (
        EX_DATAERR, "%s; of a recording, name a frame with --frame or --at", error->message);
  return lince_command_fail_with (
      g_error_matches (error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_OPEN) ? EX_NOINPUT
                                                                             : EX_DATAERR,
      error);
}

static gboolean
is_wanted (const LinceClip *clip)
{
  if (frame_number >= 0)
    return lince_clip_get_number (clip) >= (guint64) frame_number;
  return (double) lince_clip_get_time (clip) >= at_seconds * 1e9;
}

static int
open_clip (Source *source, const char *location)
{
  g_autoptr (GError) error = NULL;

  gst_init (NULL, NULL);
  source->clip = lince_clip_open (location, &error);
  while (source->clip != NULL && lince_clip_next (source->clip, &error)) {
    if (!is_wanted (source->clip))
      continue;
    if (!lince_clip_get_frame (source->clip, &source->frame, &error))
      break;
    g_free (source->name);
    source->name = g_filename_display_basename (location);
    return EX_OK;
  }
  if (error == NULL)
    return lince_command_fail (EX_DATAERR, "%s ends before that frame", source->name);
  return lince_command_fail_with (
      g_error_matches (error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_OPEN) ? EX_NOINPUT : EX_DATAERR,
      error);
}

static int
print_explanation (const Source *source, const LinceExplanation *explanation, LinceIndex *index)
{
  g_autoptr (GPtrArray) lines = lince_explain_report_lines (explanation, index);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *title = NULL;
  LinceObject object;

  lince_index_object (index, explanation->object, &object);
  title = g_strdup_printf ("%s in %s (%d x %d): %s", object.id, source->name, source->frame.width,
      source->frame.height, lince_outcome_name (explanation->outcome));
  if (json) {
    lince_explain_report_json (text, source->name, &source->frame, explanation, index);
    puts (text->str);
  } else {
    puts (title);
    for (guint i = 0; i < lines->len; i++)
      printf ("  %s\n", (const char *) lines->pdata[i]);
  }
  if (output != NULL &&
      !lince_explain_picture_write (output, &source->frame, explanation, title, lines, &error))
    return lince_command_fail_with (EX_CANTCREAT, error);
  return explanation->outcome == LINCE_OUTCOME_FOUND ? EX_OK : 1;
}

static int
explain_source (
    const Source *source, LinceIndex *index, guint32 object, const LinceSettings *settings)
{
  LinceExplanation *explanation = NULL;
  LinceRecognizer *recognizer;
  LinceError problem;
  int status = EX_OK;

  recognizer = lince_recognizer_new (settings, &problem);
  if (recognizer == NULL)
    return lince_command_fail (EX_OSERR, "%s", problem.text);
  lince_recognizer_set_index (recognizer, index);
  explanation = lince_recognizer_explain (recognizer, &source->frame, object, &problem);
  if (explanation == NULL || !lince_index_intact (index, &problem))
    status = lince_command_fail (EX_DATAERR, "%s: %s", source->name, problem.text);
  else
    status = print_explanation (source, explanation, index);
  lince_explanation_free (explanation);
  lince_recognizer_free (recognizer);
  return status;
}

static int
run (int count, char **arguments)
{
  Source source = {.name = g_filename_display_name (arguments[0])};
  LinceSettings settings;
  LinceIndex *index = NULL;
  gint64 object = -1;
  int status = lince_settings_option_read (&settings);

  if (status == EX_OK && frame_number >= 0 && at_seconds >= 0)
    status = lince_command_fail (EX_USAGE, "give --frame or --at, not both");
  if (status == EX_OK)
    index = lince_collection_argument_open (collection, settings.threads, NULL, &status);
  if (index != NULL && (object = lince_index_find (index, arguments[1])) < 0)
    status = lince_command_fail (
        EX_NOINPUT, "the collection has no object \"%s\"; `lince check` lists them", arguments[1]);
  if (object >= 0)
    status = frame_number >= 0 || at_seconds >= 0 ? open_clip (&source, arguments[0])
                                                  : open_picture (&source, arguments[0]);
  if (object >= 0 && status == EX_OK)
    status = explain_source (&source, index, (guint32) object, &settings);
  clear_source (&source);
  lince_index_unref (index);
  return status;
}

const LinceCommand lince_command_explain = {
    .name = "explain",
    .arguments = "FRAME OBJECT",
    .summary = "Tell why an object is, or is not, found in one frame",
    .description =
        "FRAME is a picture, or with --frame or --at a recording; OBJECT is an object's id.\n"
        "The frame is looked at as a still, more thoroughly than one of a video. Each stage says "
        "how\n"
        "far the object came and what it takes.\n\n"
        "Exit status: 0 the object is found, 1 it is not.",
    .entries = entries,
    .minimum_arguments = 2,
    .maximum_arguments = 2,
    .run = run,
};
