/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>

#include <gst/gst.h>

#include "recognition/governor.h"
#include "tool/clip.h"
#include "tool/collection_argument.h"
#include "tool/command.h"
#include "tool/output.h"
#include "tool/progress.h"
#include "tool/settings_option.h"

static char *collection;
static gboolean json, still;
static int every = 1, limit;
static double budget;

static const GOptionEntry entries[] = {
    {"collection", 'c', 0, G_OPTION_ARG_FILENAME, &collection,
        "The references: a directory or an index file", "DIR|FILE"},
    {"every", 0, 0, G_OPTION_ARG_INT, &every, "Analyse only every N-th frame, from the first", "N"},
    {"frames", 0, 0, G_OPTION_ARG_INT, &limit, "Stop after N analysed frames", "N"},
    {"still", 0, 0, G_OPTION_ARG_NONE, &still,
        "Search every frame in full, as if it were a still picture", NULL},
    {"budget", 0, 0, G_OPTION_ARG_DOUBLE, &budget,
        "Keep the mean of a frame within MS by going down from the plan", "MS"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object", NULL},
    LINCE_SETTINGS_OPTIONS,
    {NULL},
};

#define TOTAL LINCE_STAGE_COUNT

typedef struct {
  GArray *samples[LINCE_STAGE_COUNT + 1]; /* gint64, ns of CPU a frame; the last: all stages */
  LinceSettings settings;
  LinceGovernor governor;
  gint64 placements;
  int width, height;
} Bench;

typedef struct {
  double median, mean, p95, p99;
} Summary;

static int
compare_numbers (const void *a, const void *b)
{
  gint64 one = *(const gint64 *) a, other = *(const gint64 *) b;

  return (one > other) - (one < other);
}

/* In milliseconds. */
static Summary
summarise (GArray *samples)
{
  guint count = samples->len;
  const gint64 *values = (const gint64 *) (gpointer) samples->data;
  Summary summary = {0};

  if (count == 0)
    return summary;
  qsort (samples->data, count, sizeof (gint64), compare_numbers);
  for (guint i = 0; i < count; i++)
    summary.mean += (double) values[i] / 1e6 / count;
  summary.median = (double) values[count / 2] / 1e6;
  summary.p95 = (double) values[MIN (count - 1, count * 95 / 100)] / 1e6;
  summary.p99 = (double) values[MIN (count - 1, count * 99 / 100)] / 1e6;
  return summary;
}

static void
take_times (Bench *bench, LinceRecognizer *recognizer)
{
  LinceStatistics statistics;
  gint64 total = 0;

  lince_recognizer_statistics (recognizer, &statistics);
  for (int i = 0; i < LINCE_STAGE_COUNT; i++) {
    gint64 time = (gint64) statistics.last_nanoseconds[i];

    g_array_append_val (bench->samples[i], time);
    total += time;
  }
  g_array_append_val (bench->samples[TOTAL], total);
  if (lince_governor_charge (&bench->governor, total)) {
    bench->settings.plan = bench->governor.plan;
    lince_recognizer_set_settings (recognizer, &bench->settings, NULL);
  }
}

static gboolean
measure_frame (Bench *bench, LinceRecognizer *recognizer, LinceClip *clip, GError **error)
{
  const LinceResult *result;
  LinceError problem;
  LinceFrame frame;
  gboolean ok;

  if (!lince_clip_get_frame (clip, &frame, error))
    return FALSE;
  ok = still ? lince_recognizer_still (recognizer, &frame, &result, &problem)
             : lince_recognizer_process (
                   recognizer, &frame, lince_clip_get_time (clip), &result, &problem);
  if (!ok) {
    g_set_error (error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_DECODE,
        "frame %" G_GUINT64_FORMAT ": %s", lince_clip_get_number (clip), problem.text);
    return FALSE;
  }
  bench->width = frame.width;
  bench->height = frame.height;
  bench->placements += result->placement_count;
  take_times (bench, recognizer);
  return TRUE;
}

static const char *
row_name (int row)
{
  return row == TOTAL ? "total" : lince_stage_name ((LinceStage) row);
}

/* Counts a frame, in the order of their names below. */
static const char *const count_names[] = {
    "keypoints", "matches", "hypotheses", "verified", "rejected", "placements"};

static void
count_a_frame (const Bench *bench, const LinceStatistics *statistics,
    double counts[G_N_ELEMENTS (count_names)])
{
  guint64 sums[G_N_ELEMENTS (count_names)] = {statistics->keypoints, statistics->matches,
      statistics->hypotheses, statistics->verified, statistics->rejected,
      (guint64) bench->placements};

  for (guint i = 0; i < G_N_ELEMENTS (count_names); i++)
    counts[i] = (double) sums[i] / MAX (1, bench->samples[TOTAL]->len);
}

static void
print_json (const Bench *bench, const LinceStatistics *statistics, const double *counts)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text,
      "{\"frames\": %u, \"width\": %d, \"height\": %d, \"milliseconds\": {",
      bench->samples[TOTAL]->len, bench->width, bench->height);
  for (int row = 0; row <= TOTAL; row++) {
    Summary summary = summarise (bench->samples[row]);

    g_string_append_printf (text, "%s\"%s\": {\"median\": ", row > 0 ? ", " : "", row_name (row));
    lince_output_number (text, summary.median, 4);
    g_string_append (text, ", \"mean\": ");
    lince_output_number (text, summary.mean, 4);
    g_string_append (text, ", \"p95\": ");
    lince_output_number (text, summary.p95, 4);
    g_string_append (text, ", \"p99\": ");
    lince_output_number (text, summary.p99, 4);
    g_string_append_c (text, '}');
  }
  g_string_append (text, "}, \"a_frame\": {");
  for (guint i = 0; i < G_N_ELEMENTS (count_names); i++) {
    g_string_append_printf (text, "%s\"%s\": ", i > 0 ? ", " : "", count_names[i]);
    lince_output_number (text, counts[i], 2);
  }
  g_string_append_printf (text,
      "}, \"searches\": %" G_GUINT64_FORMAT ", \"searches_skipped\": %" G_GUINT64_FORMAT
      ", \"plans\": {",
      statistics->searches, statistics->searches_skipped);
  for (guint i = 0; i < LINCE_PLAN_COUNT; i++)
    g_string_append_printf (text, "%s\"%s\": %" G_GUINT64_FORMAT, i > 0 ? ", " : "",
        lince_plan_name (i), statistics->frames_at[i]);
  g_string_append_printf (text,
      "}, \"plan_downs\": %" G_GUINT64_FORMAT ", \"plan_ups\": %" G_GUINT64_FORMAT
      ", \"overruns\": %" G_GUINT64_FORMAT "}\n",
      bench->governor.downs, bench->governor.ups, bench->governor.overruns);
  fputs (text->str, stdout);
}

/* The work of the frames, and what the governor made of it. */
static void
print_plans (const Bench *bench, const LinceStatistics *statistics)
{
  const LinceGovernor *governor = &bench->governor;
  const char *comma = "";

  printf ("searched %" G_GUINT64_FORMAT " frames, not searched %" G_GUINT64_FORMAT
          "; frames under each plan: ",
      statistics->searches, statistics->searches_skipped);
  for (guint i = 0; i < LINCE_PLAN_COUNT; i++) {
    if (statistics->frames_at[i] == 0)
      continue;
    printf ("%s%s %" G_GUINT64_FORMAT, comma, lince_plan_name (i), statistics->frames_at[i]);
    comma = ", ";
  }
  printf ("%s\n", *comma != '\0' ? "" : "none, stills");
  if (budget > 0)
    printf ("budget %g ms: went down %" G_GUINT64_FORMAT " times, up %" G_GUINT64_FORMAT
            " times; %" G_GUINT64_FORMAT " frames over the budgets until the next search\n",
        budget, governor->downs, governor->ups, governor->overruns);
}

static void
print_text (const Bench *bench, const LinceStatistics *statistics, const double *counts)
{
  printf ("%u frames of %d x %d; milliseconds of CPU a frame, all threads together\n",
      bench->samples[TOTAL]->len, bench->width, bench->height);
  printf ("%-14s%9s%9s%9s%9s\n", "", "median", "mean", "p95", "p99");
  for (int row = 0; row <= TOTAL; row++) {
    Summary summary = summarise (bench->samples[row]);

    printf ("%-14s%9.3f%9.3f%9.3f%9.3f\n", row_name (row), summary.median, summary.mean,
        summary.p95, summary.p99);
  }
  printf ("a frame:");
  for (guint i = 0; i < G_N_ELEMENTS (count_names); i++)
    printf ("%s %.1f %s", i > 0 ? "," : "", counts[i], count_names[i]);
  printf ("\n");
  print_plans (bench, statistics);
}

static int
measure_clip (Bench *bench, LinceRecognizer *recognizer, LinceClip *clip)
{
  g_autoptr (GError) error = NULL;
  LinceProgress progress;
  LinceStatistics statistics;
  double counts[G_N_ELEMENTS (count_names)];

  lince_progress_start (&progress, "measuring");
  while ((limit == 0 || bench->samples[TOTAL]->len < (guint) limit) &&
         lince_clip_next (clip, &error)) {
    if (lince_clip_get_number (clip) % (guint64) every == 0 &&
        !measure_frame (bench, recognizer, clip, &error))
      break;
    lince_progress_update (&progress, lince_clip_get_progress (clip));
  }
  lince_progress_clear (&progress);
  if (error != NULL)
    return lince_command_fail_with (EX_DATAERR, error);
  lince_recognizer_statistics (recognizer, &statistics);
  count_a_frame (bench, &statistics, counts);
  if (json)
    print_json (bench, &statistics, counts);
  else
    print_text (bench, &statistics, counts);
  return EX_OK;
}

static int
run_with_index (LinceIndex *index, const LinceSettings *settings, const char *location)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LinceClip) clip = lince_clip_open (location, &error);
  LinceRecognizer *recognizer;
  LinceError problem;
  Bench bench = {.settings = *settings};
  int status;

  if (clip == NULL)
    return lince_command_fail_with (EX_NOINPUT, error);
  recognizer = lince_recognizer_new (settings, &problem);
  if (recognizer == NULL)
    return lince_command_fail (EX_OSERR, "%s", problem.text);
  lince_recognizer_set_index (recognizer, index);
  lince_governor_set (&bench.governor, settings->plan, (gint64) (budget * 1e6));
  for (int row = 0; row <= TOTAL; row++)
    bench.samples[row] = g_array_new (FALSE, FALSE, sizeof (gint64));
  status = measure_clip (&bench, recognizer, clip);
  for (int row = 0; row <= TOTAL; row++)
    g_array_unref (bench.samples[row]);
  lince_recognizer_free (recognizer);
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
  if (limit < 0)
    return lince_command_fail (EX_USAGE, "--frames is a number from 1 on");
  if (!(budget >= 0 && budget <= 1e6))
    return lince_command_fail (EX_USAGE, "--budget is a number of milliseconds, from 0 to 1e6");
  if (budget > 0 && still)
    return lince_command_fail (EX_USAGE, "--budget is for frames, not for --still");
  if ((status = lince_settings_option_read (&settings)) != EX_OK)
    return status;
  gst_init (NULL, NULL);
  index = lince_collection_argument_open (collection, settings.threads, NULL, &status);
  if (index == NULL)
    return status;
  if (lince_settings_option_threads == 0)
    settings.threads = 1;
  status = run_with_index (index, &settings, arguments[0]);
  lince_index_unref (index);
  return status;
}

const LinceCommand lince_command_bench = {
    .name = "bench",
    .arguments = "CLIP",
    .summary = "Measure what recognition costs, stage by stage",
    .description =
        "Times are CPU time of the recogniser alone, decoding left out; one thread unless\n"
        "--threads says otherwise.",
    .entries = entries,
    .minimum_arguments = 1,
    .maximum_arguments = 1,
    .run = run,
};
