/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include <gst/gst.h>

#include "tool/clip.h"
#include "tool/collection_argument.h"
#include "tool/command.h"
#include "tool/exposures.h"
#include "tool/output.h"
#include "tool/progress.h"
#include "tool/retrace.h"
#include "tool/settings_option.h"

static char *collection;
static gboolean frames, json;
static int every = 1;

static const GOptionEntry entries[] = {
    {"collection", 'c', 0, G_OPTION_ARG_FILENAME, &collection,
        "The references: a directory or an index file", "DIR|FILE"},
    {"frames", 0, 0, G_OPTION_ARG_NONE, &frames,
        "Print a JSON object a line for each analysed frame", NULL},
    {"every", 0, 0, G_OPTION_ARG_INT, &every, "Analyse only every N-th frame, from the first", "N"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print a JSON object a line for each exposure", NULL},
    LINCE_SETTINGS_OPTIONS,
    {NULL},
};

/* How far back a placement may be proposed, and the luma that is kept for it. */
#define WINDOW (2 * GST_SECOND)
#define MEMORY (256 * 1024 * 1024)

typedef struct {
  LinceClip *clip;
  LinceIndex *index;
  LinceRetrace *retrace;
  LinceRecognizer *recognizer;
  LinceExposures exposures;
  LinceProgress progress;
} Scan;

static void
print_frame (const Scan *scan, const LinceRetraceFrame *frame)
{
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_append_printf (line, "{\"frame\": %" G_GUINT64_FORMAT ", \"objects\": ", frame->number);
  lince_output_placements (line, scan->index,
      (const LincePlacement *) (gpointer) frame->placements->data, frame->placements->len);
  g_string_append (line, "}\n");
  fputs (line->str, stdout);
}

/* Prints the frames that no later one can add to. */
static void
print_final_frames (Scan *scan, gboolean all)
{
  const LinceRetraceFrame *frame;

  while ((frame = lince_retrace_pop (scan->retrace, all)) != NULL)
    if (frames)
      print_frame (scan, frame);
}

static gboolean
analyse_frame (Scan *scan, GError **error)
{
  guint64 number = lince_clip_get_number (scan->clip);
  gint64 time = lince_clip_get_time (scan->clip);
  const LinceResult *result;
  LinceError problem;
  LinceFrame frame;
  gboolean ok;

  if (!lince_clip_get_frame (scan->clip, &frame, error))
    return FALSE;
  ok = lince_recognizer_process (scan->recognizer, &frame, time, &result, &problem);
  if (ok) {
    lince_exposures_add (&scan->exposures, result, scan->retrace);
    /* last: it uses the recogniser, whose result is then gone */
    ok = lince_retrace_add (scan->retrace, number, time, &frame, result, &problem);
  }
  if (!ok)
    g_set_error (error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_DECODE,
        "frame %" G_GUINT64_FORMAT ": %s", number, problem.text);
  print_final_frames (scan, FALSE);
  return ok;
}

/* What was found before an error is printed too. */
static int
scan_clip (Scan *scan)
{
  g_autoptr (GError) error = NULL;
  const LinceResult *result;
  LinceError problem;

  lince_progress_start (&scan->progress, "scanning");
  while (lince_clip_next (scan->clip, &error)) {
    if (lince_clip_get_number (scan->clip) % (guint64) every == 0 && !analyse_frame (scan, &error))
      break;
    lince_progress_update (&scan->progress, lince_clip_get_progress (scan->clip));
  }
  lince_progress_clear (&scan->progress);
  print_final_frames (scan, TRUE);
  lince_recognizer_reset (scan->recognizer, LINCE_REASON_END, &result);
  lince_exposures_add (&scan->exposures, result, scan->retrace);
  if (!frames)
    lince_exposures_print (&scan->exposures, json);
  if (error == NULL && !lince_index_intact (scan->index, &problem))
    return lince_command_fail (EX_DATAERR, "%s", problem.text);
  if (error == NULL)
    return EX_OK;
  return lince_command_fail_with (
      g_error_matches (error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_OPEN) ? EX_NOINPUT : EX_DATAERR,
      error);
}

static int
run_with_index (LinceIndex *index, const LinceSettings *settings, const char *location)
{
  g_autoptr (LinceClip) clip = NULL;
  g_autoptr (GError) error = NULL;
  LinceError problem;
  Scan scan = {.index = index, .recognizer = lince_recognizer_new (settings, &problem)};
  int status;

  if (scan.recognizer == NULL)
    return lince_command_fail (EX_OSERR, "%s", problem.text);
  lince_recognizer_set_index (scan.recognizer, index);
  scan.clip = clip = lince_clip_open (location, &error);
  if (clip == NULL) {
    status = lince_command_fail_with (EX_NOINPUT, error);
  } else {
    scan.retrace = lince_retrace_new (scan.recognizer, WINDOW, MEMORY);
    lince_exposures_init (&scan.exposures);
    status = scan_clip (&scan);
    lince_exposures_clear (&scan.exposures);
    lince_retrace_free (scan.retrace);
  }
  lince_recognizer_free (scan.recognizer);
  return status;
}

static int
run (int count, char **arguments)
{
  LinceSettings settings;
  LinceIndex *index;
  int status;

  if (every < 1)
    return lince_command_fail (EX_USAGE, "--every is a number from 1 on");
  if ((status = lince_settings_option_read (&settings)) != EX_OK)
    return status;
  gst_init (NULL, NULL);
  index = lince_collection_argument_open (collection, settings.threads, NULL, &status);
  if (index == NULL)
    return status;
  status = run_with_index (index, &settings, arguments[0]);
  lince_index_unref (index);
  return status;
}

const LinceCommand lince_command_scan = {
    .name = "scan",
    .arguments = "CLIP",
    .summary = "Tell what a recording shows, when, and where",
    .description =
        "CLIP is a file or a URI. Prints the exposures: object, from, to, seconds on screen and "
        "mean\n"
        "share of the picture; several of one object count one by one. With --frames prints\n"
        "{\"frame\": N, \"objects\": [{\"id\", \"quad\", \"confidence\"}]} for each frame instead; "
        "a quad\n"
        "is in pixels, clockwise from the reference's own top left.\n\n"
        "Exit status: 0 the clip was read to its end, 65 it was not, 66 there is none.",
    .entries = entries,
    .minimum_arguments = 1,
    .maximum_arguments = 1,
    .run = run,
};
