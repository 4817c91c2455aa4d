/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include <gst/gst.h>

#include "recognition/lookahead.h"
#include "tool/exposure_table.h"
#include "tool/clip.h"
#include "tool/collection_argument.h"
#include "tool/command.h"
#include "tool/output.h"
#include "tool/progress.h"
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

/* How far back a frame may propose a placement, and the luma that is kept for it. */
#define SPAN (2 * GST_SECOND)
#define MEMORY (256 * 1024 * 1024)

typedef struct {
  LinceClip *clip;
  LinceIndex *index;
  const LinceSettings *settings;
  LinceRecognizer *recognizer;
  LinceLookahead *lookahead; /* made when the first frame's size is known */
  GQueue numbers;            /* of the frames that it holds */
  LinceExposureTable table;
  LinceProgress progress;
} Scan;

static void
print_frame (guint64 number, const LinceResult *result)
{
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_append_printf (line, "{\"frame\": %" G_GUINT64_FORMAT ", \"objects\": ", number);
  lince_output_placements (line, result->index, result->placements, result->placement_count);
  g_string_append (line, "}\n");
  fputs (line->str, stdout);
}

/* Takes the frames that no later one can add to. */
static void
take_results (Scan *scan, gboolean end)
{
  const LinceResult *result;

  while (scan->lookahead != NULL && (result = lince_lookahead_pop (scan->lookahead, end)) != NULL) {
    guint64 *number = g_queue_pop_head (&scan->numbers);

    if (frames)
      print_frame (*number, result);
    g_free (number);
    lince_exposure_table_add (&scan->table, result);
  }
}

static gboolean
push_frame (Scan *scan, const LinceFrame *frame, LinceError *problem)
{
  guint64 number = lince_clip_get_number (scan->clip);
  guint32 fitting = (guint32) (MEMORY / ((gsize) frame->width * (gsize) frame->height));

  if (scan->lookahead == NULL)
    scan->lookahead = lince_lookahead_new (scan->recognizer, scan->settings, SPAN,
        CLAMP (fitting, 1, LINCE_LOOKAHEAD_MAX_FRAMES), problem);
  if (scan->lookahead == NULL ||
      !lince_lookahead_push (scan->lookahead, frame, lince_clip_get_time (scan->clip), problem))
    return FALSE;
  g_queue_push_tail (&scan->numbers, g_memdup2 (&number, sizeof number));
  return TRUE;
}

static gboolean
analyse_frame (Scan *scan, GError **error)
{
  LinceError problem;
  LinceFrame frame;

  if (!lince_clip_get_frame (scan->clip, &frame, error))
    return FALSE;
  if (!push_frame (scan, &frame, &problem)) {
    g_set_error (error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_DECODE,
        "frame %" G_GUINT64_FORMAT ": %s", lince_clip_get_number (scan->clip), problem.text);
    return FALSE;
  }
  take_results (scan, FALSE);
  return TRUE;
}

/* What was found before an error is printed too. */
static int
scan_clip (Scan *scan)
{
  g_autoptr (GError) error = NULL;
  LinceError problem;

  lince_progress_start (&scan->progress, "scanning");
  while (lince_clip_next (scan->clip, &error)) {
    if (lince_clip_get_number (scan->clip) % (guint64) every == 0 && !analyse_frame (scan, &error))
      break;
    lince_progress_update (&scan->progress, lince_clip_get_progress (scan->clip));
  }
  lince_progress_clear (&scan->progress);
  take_results (scan, TRUE);
  if (scan->lookahead != NULL)
    lince_exposure_table_add (&scan->table, lince_lookahead_end (scan->lookahead));
  /* that nothing was seen is known only at the end */
  if (!frames && (scan->table.rows->len > 0 || error == NULL))
    lince_exposure_table_print (&scan->table, json);
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
  Scan scan = {.index = index, .settings = settings};
  int status;

  clip = lince_clip_open (location, &error);
  if (clip == NULL)
    return lince_command_fail_with (EX_NOINPUT, error);
  scan.recognizer = lince_recognizer_new (settings, &problem);
  if (scan.recognizer == NULL)
    return lince_command_fail (EX_OSERR, "%s", problem.text);
  lince_recognizer_set_index (scan.recognizer, index);
  scan.clip = clip;
  g_queue_init (&scan.numbers);
  lince_exposure_table_init (&scan.table);
  status = scan_clip (&scan);
  lince_exposure_table_clear (&scan.table);
  g_queue_clear_full (&scan.numbers, g_free);
  lince_lookahead_free (scan.lookahead);
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
        "{\"frame\": N, \"objects\": [{\"id\", \"quad\", \"confidence\", \"opacity\", "
        "\"occluded\", "
        "\"cut_off\",\n"
        "\"blur\", \"kind\", \"variant\"}]} for each frame instead; a quad is in pixels, clockwise "
        "from\n"
        "the reference's own top left; blur is a standard deviation in pixels, left out where it\n"
        "cannot be told, variant left out where the picture is seen as it was given.\n\n"
        "Exit status: 0 the clip was read to its end, 65 it was not, 66 there is none.",
    .entries = entries,
    .minimum_arguments = 1,
    .maximum_arguments = 1,
    .run = run,
};
