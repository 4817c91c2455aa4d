/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/latency.h"

/* Where one message was when. */
typedef struct {
  gint64 entered, posted, taken, logged; /* logged: 0 for what is not */
} Trace;

struct _LinceLatencyReport {
  gint64 utc_offset;  /* UTC less monotonic, ns: the daemon stamps UTC */
  GHashTable *traces; /* "TYPE RUNNING_TIME" -> Trace */
  GArray *samples[LINCE_EVENT_MOVED + 1][LINCE_LATENCY_PARTS]; /* gint64, ns */
};

LinceLatencyReport *
lince_latency_report_new (void)
{
  LinceLatencyReport *report = g_new0 (LinceLatencyReport, 1);

  report->utc_offset = g_get_real_time () * 1000 - lince_latency_now ();
  report->traces = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint type = 0; type <= LINCE_EVENT_MOVED; type++) {
    for (guint part = 0; part < LINCE_LATENCY_PARTS; part++)
      report->samples[type][part] = g_array_new (FALSE, FALSE, sizeof (gint64));
  }
  return report;
}

void
lince_latency_report_free (LinceLatencyReport *report)
{
  if (!report)
    return;
  g_hash_table_unref (report->traces);
  for (guint type = 0; type <= LINCE_EVENT_MOVED; type++) {
    for (guint part = 0; part < LINCE_LATENCY_PARTS; part++)
      g_array_unref (report->samples[type][part]);
  }
  g_free (report);
}

/* The lines of a file, without the empty one at the end. */
static char **
read_lines (const char *path, GError **error)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  return g_strsplit (g_strchomp (text), "\n", -1);
}

gboolean
lince_latency_report_add_trace (
    LinceLatencyReport *report, const char *path, gint64 from, gint64 until, GError **error)
{
  g_auto (GStrv) lines = read_lines (path, error);

  for (guint i = 0; lines && lines[i]; i++) {
    Trace trace;
    char type[16];
    gint64 running_time;

    if (sscanf (lines[i],
            "%15s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
            type, &running_time, &trace.entered, &trace.posted, &trace.taken) != 5 ||
        trace.entered < from || trace.entered > until)
      continue;
    trace.logged = 0;
    g_hash_table_insert (report->traces,
        g_strdup_printf ("%s %" G_GINT64_FORMAT, type, running_time),
        g_memdup2 (&trace, sizeof trace));
  }
  return lines != NULL;
}

gboolean
lince_latency_report_add_log (LinceLatencyReport *report, const char *path, GError **error)
{
  g_auto (GStrv) lines = read_lines (path, error);

  for (guint i = 0; lines && lines[i]; i++) {
    char *space = strrchr (lines[i], ' ');
    Trace *trace;

    if (!space)
      continue;
    *space = '\0';
    trace = g_hash_table_lookup (report->traces, lines[i]);
    if (trace)
      trace->logged = g_ascii_strtoll (space + 1, NULL, 10);
  }
  return lines != NULL;
}

static void
add_sample (LinceLatencyReport *report, LinceEventType type, LinceLatencyPart part, gint64 time)
{
  g_array_append_val (report->samples[type][part], time);
}

gboolean
lince_latency_report_add_client (LinceLatencyReport *report, const char *path, GError **error)
{
  g_auto (GStrv) lines = read_lines (path, error);

  for (guint i = 0; lines && lines[i]; i++) {
    char name[16], key[48];
    gint64 running_time, received, arrived;
    LinceEventType type;
    const Trace *trace;

    if (sscanf (lines[i], "%15s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, name,
            &running_time, &received, &arrived) != 4)
      continue;
    g_snprintf (key, sizeof key, "%s %" G_GINT64_FORMAT, name, running_time);
    trace = g_hash_table_lookup (report->traces, key);
    type = lince_event_type_from_name (name);
    if (!trace || type == LINCE_EVENT_NONE)
      continue;
    received = received * 1000 - report->utc_offset;
    add_sample (report, type, LINCE_LATENCY_RECOGNISE, trace->posted - trace->entered);
    add_sample (report, type, LINCE_LATENCY_BUS, trace->taken - trace->posted);
    add_sample (report, type, LINCE_LATENCY_SOCKET, received - trace->taken);
    if (trace->logged)
      add_sample (report, type, LINCE_LATENCY_LOG, trace->logged - received);
    add_sample (
        report, type, LINCE_LATENCY_SEND, arrived - (trace->logged ? trace->logged : received));
    add_sample (report, type, LINCE_LATENCY_TOTAL, arrived - trace->entered);
  }
  return lines != NULL;
}

guint
lince_latency_report_count (LinceLatencyReport *report, LinceEventType type, LinceLatencyPart part)
{
  return report->samples[type][part]->len;
}

static int
compare_times (const void *a, const void *b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

void
lince_latency_report_figures (LinceLatencyReport *report, LinceEventType type,
    LinceLatencyPart part, LinceLatencyFigures *figures)
{
  GArray *samples = report->samples[type][part];
  guint count = samples->len;

  memset (figures, 0, sizeof *figures);
  if (count == 0)
    return;
  qsort (samples->data, count, sizeof (gint64), compare_times);
  figures->median = g_array_index (samples, gint64, count / 2) / 1e6;
  figures->p99 = g_array_index (samples, gint64, MIN (count - 1, count * 99 / 100)) / 1e6;
  figures->maximum = g_array_index (samples, gint64, count - 1) / 1e6;
}

const char *
lince_latency_part_name (LinceLatencyPart part)
{
  static const char *const names[] = {"recognise", "bus", "socket", "log", "send", "total"};

  return names[part];
}
