/* SPDX-License-Identifier: LGPL-2.1-or-later
 * lince-stream: one stream, from its source to its events. */
#include <glib-unix.h>
#include <gst/gst.h>
#include <stdlib.h>
#include <sysexits.h>

#include "stream/agent.h"
#include "wire/id.h"

#define ORPHAN_SECONDS 600

static char *stream_id, *run_dir, *uri, *collection, *pipeline, *mode, *trace_path;
static int orphan_seconds = ORPHAN_SECONDS;
static double seconds, interval = -1, budget = -1, minimum_confidence = -1;
static gboolean moved, version;

static const GOptionEntry entries[] = {
    {"uri", 0, 0, G_OPTION_ARG_STRING, &uri,
        "alone: the source; not for one with a password, for others can read a command line",
        "URI"},
    {"collection", 0, 0, G_OPTION_ARG_FILENAME, &collection,
        "alone: the directory or index file with what to recognise", "PATH"},
    {"pipeline", 0, 0, G_OPTION_ARG_STRING, &pipeline, "alone: the template", "NAME"},
    {"mode", 0, 0, G_OPTION_ARG_STRING, &mode, "alone: sync or async", "MODE"},
    {"interval", 0, 0, G_OPTION_ARG_DOUBLE, &interval, "alone: ms between analysed frames", "MS"},
    {"budget", 0, 0, G_OPTION_ARG_DOUBLE, &budget, "alone: ms of CPU a frame", "MS"},
    {"min-confidence", 0, 0, G_OPTION_ARG_DOUBLE, &minimum_confidence,
        "alone: what is less sure is not reported, 0 to 1", "SHARE"},
    {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "alone: end after so long", "S"},
    {"moved", 0, 0, G_OPTION_ARG_NONE, &moved, "alone: print the placements of every frame too",
        NULL},
    {"stream", 0, 0, G_OPTION_ARG_STRING, &stream_id, "the stream's id", "ID"},
    {"run-dir", 0, 0, G_OPTION_ARG_FILENAME, &run_dir,
        "the directory of the daemon's sockets; what to do comes over them", "DIR"},
    {"orphan-seconds", 0, 0, G_OPTION_ARG_INT, &orphan_seconds,
        "how long to go on without the daemon, 0 for ever (default 600)", "S"},
    {"trace-latency", 0, 0, G_OPTION_ARG_FILENAME, &trace_path,
        "write when each frame was where (also $LINCE_TRACE_LATENCY), for `lince bench latency`",
        "FILE"},
    {"version", 0, 0, G_OPTION_ARG_NONE, &version, "print the version and exit", NULL},
    {NULL},
};

static int
refuse (const char *text)
{
  g_printerr ("lince-stream: %s\n", text);
  return EX_USAGE;
}

static int
check_options (int argc)
{
  if (argc > 1)
    return refuse ("takes options only; see --help");
  if (!run_dir && !uri)
    return refuse ("give --uri URI, or --run-dir DIR with --stream ID");
  if (run_dir && (uri || collection || pipeline || mode || seconds > 0))
    return refuse ("with --run-dir the daemon says what to do; leave --uri and the like out");
  if (run_dir && !stream_id)
    return refuse ("--run-dir needs --stream ID");
  if (stream_id && !lince_id_is_valid (stream_id, -1))
    return refuse ("--stream is not an id; use 1 to 128 letters, digits, . _ - and no leading dot");
  if (orphan_seconds < 0 || seconds < 0)
    return refuse ("seconds cannot be negative");
  return EX_OK;
}

static gint64
to_ns (double milliseconds)
{
  return milliseconds < 0 ? -1 : (gint64) (MIN (milliseconds, 1e9) * 1e6);
}

/* A path where no scheme is given means a file. */
static char *
complete_uri (const char *text)
{
  g_autofree char *scheme = g_uri_parse_scheme (text);
  g_autofree char *path = NULL;

  if (scheme)
    return g_strdup (text);
  path = g_canonicalize_filename (text, NULL);
  return g_filename_to_uri (path, NULL, NULL);
}

static gboolean
on_stop (gpointer user_data)
{
  lince_agent_stop (user_data, EX_OK);
  return G_SOURCE_REMOVE;
}

static int
run (LinceTrace *trace)
{
  g_auto (LinceStreamSettings) settings;
  LinceAgentOptions options = {.stream = stream_id ? stream_id : "alone",
      .run_dir = run_dir,
      .orphan_seconds = orphan_seconds,
      .settings = &settings,
      .moved = moved,
      .trace = trace};
  g_autoptr (LinceAgent) agent = NULL;

  lince_stream_settings_init (&settings);
  settings.uri = uri ? complete_uri (uri) : NULL;
  settings.collection = collection ? g_canonicalize_filename (collection, NULL) : NULL;
  settings.pipeline = g_strdup (pipeline);
  settings.mode = g_strdup (mode);
  settings.interval = to_ns (interval);
  settings.budget = to_ns (budget);
  settings.minimum_confidence = minimum_confidence;
  agent = lince_agent_new (&options);
  g_unix_signal_add (SIGTERM, on_stop, agent);
  g_unix_signal_add (SIGINT, on_stop, agent);
  if (seconds > 0)
    g_timeout_add ((guint) (MIN (seconds, 4e6) * 1000), on_stop, agent);
  return lince_agent_run (agent);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (LinceTrace) trace = NULL;
  int status;

  g_option_context_set_summary (context, "Recognises known pictures in one stream. Alone it prints "
                                         "events as JSON lines; linced starts it with --run-dir.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return refuse (error->message);
  if (version) {
    g_print ("lince-stream " LINCE_VERSION "\n");
    return EX_OK;
  }
  status = check_options (argc);
  if (status != EX_OK)
    return status;
  /* the bench cannot reach this command line through linced */
  if (!trace_path)
    trace_path = g_strdup (g_getenv ("LINCE_TRACE_LATENCY"));
  if (trace_path && !(trace = lince_trace_new (trace_path, &error)))
    return refuse (error->message);
  if (!gst_init_check (NULL, NULL, &error)) {
    g_printerr ("lince-stream: GStreamer does not start: %s\n", error->message);
    return EX_SOFTWARE;
  }
  status = run (trace);
  /* a pipeline that does not let go must not keep the process */
  if (status == EX_SOFTWARE)
    _Exit (status);
  return status;
}
