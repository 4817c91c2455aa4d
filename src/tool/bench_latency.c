/* SPDX-License-Identifier: LGPL-2.1-or-later
 * `lince bench latency`: from the frame to the client's hands, with the real programs. */
#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/command.h"
#include "tool/latency.h"

#define WARM_UP_SECONDS 3
#define REST_SECONDS 1 /* what is under way when measuring ends still reaches every client */
#define END_SECONDS 10

static char *collection, *pipeline, *client_uri, *client_output;
static int seconds = 30, clients = 10;
static gboolean json;

static const GOptionEntry entries[] = {
    {"collection", 'c', 0, G_OPTION_ARG_FILENAME, &collection,
        "The references: a directory or an index file", "DIR|FILE"},
    {"seconds", 's', 0, G_OPTION_ARG_INT, &seconds, "How long to measure (30)", "N"},
    {"clients", 0, 0, G_OPTION_ARG_INT, &clients, "Client processes (10)", "N"},
    {"pipeline", 0, 0, G_OPTION_ARG_STRING, &pipeline,
        "The template (loop: a file over and over, as live)", "NAME"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object", NULL},
    {"client", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &client_uri, NULL, NULL},
    {"output", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &client_output, NULL, NULL},
    {NULL},
};

typedef struct {
  char *folder; /* a temporary one, for everything */
  char *uri;    /* of the server */
  GSubprocess *daemon;
  GPtrArray *clients; /* of GSubprocess */
  gint64 from, until; /* of the measuring, monotonic ns */
} Bench;

static char *
path_in (const Bench *bench, const char *name)
{
  return g_build_filename (bench->folder, name, NULL);
}

static gboolean
write_config (const Bench *bench, const char *source, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *path = path_in (bench, "linced.conf");
  g_autofree char *references = g_canonicalize_filename (collection, NULL);

  g_key_file_set_string (file, "daemon", "listen", "127.0.0.1");
  g_key_file_set_string (file, "stream bench", "uri", source);
  g_key_file_set_string (file, "stream bench", "pipeline", pipeline ? pipeline : "loop");
  g_key_file_set_string (file, "stream bench", "collection", references);
  return g_key_file_save_to_file (file, path, error);
}

/* Waits for the line in which the daemon says where it listens. */
static char *
read_address (GSubprocess *daemon, GError **error)
{
  g_autoptr (GDataInputStream) output =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (daemon));
  g_autofree char *line = g_data_input_stream_read_line (output, NULL, NULL, error);
  const char *uri = line ? strstr (line, "http://") : NULL;

  if (!uri && error && !*error)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "linced did not start: %s",
        line ? line : "it said nothing");
  return g_strdup (uri);
}

static gboolean
start_daemon (Bench *bench, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autofree char *trace = path_in (bench, "trace");
  g_autofree char *config = path_in (bench, "linced.conf");
  g_autofree char *state = path_in (bench, "state");
  g_autofree char *run = path_in (bench, "run");

  g_subprocess_launcher_setenv (launcher, "LINCE_TRACE_LATENCY", trace, TRUE);
  bench->daemon = g_subprocess_launcher_spawn (launcher, error, "linced", "--config", config,
      "--state-dir", state, "--run-dir", run, "--port", "0", NULL);
  if (!bench->daemon)
    return FALSE;
  bench->uri = read_address (bench->daemon, error);
  return bench->uri != NULL;
}

static gboolean
start_clients (Bench *bench, GError **error)
{
  for (int i = 0; i < clients; i++) {
    g_autofree char *name = g_strdup_printf ("client-%d", i);
    g_autofree char *output = path_in (bench, name);
    GSubprocess *client = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, error, "/proc/self/exe",
        "bench", "latency", "--client", bench->uri, "--output", output, NULL);

    if (!client)
      return FALSE;
    g_ptr_array_add (bench->clients, client);
  }
  return TRUE;
}

static void
wait_seconds (int count)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  g_timeout_add_seconds (count, G_SOURCE_FUNC (g_main_loop_quit), loop);
  g_main_loop_run (loop);
}

static gboolean
kill_late (gpointer process)
{
  g_subprocess_force_exit (process);
  return G_SOURCE_REMOVE;
}

static void
on_ended (GObject *process, GAsyncResult *result, gpointer loop)
{
  g_subprocess_wait_finish (G_SUBPROCESS (process), result, NULL);
  g_main_loop_quit (loop);
}

static void
end_process (GSubprocess *process)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  guint late = g_timeout_add_seconds (END_SECONDS, kill_late, process);

  g_subprocess_send_signal (process, SIGTERM);
  g_subprocess_wait_async (process, NULL, on_ended, loop);
  g_main_loop_run (loop);
  /* gone where it had to be used */
  if (g_main_context_find_source_by_id (NULL, late))
    g_source_remove (late);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir =
      g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *child = g_build_filename (path, name, NULL);

    remove_tree (child);
  }
  g_remove (path);
}

static void
bench_end (Bench *bench)
{
  for (guint i = 0; i < bench->clients->len; i++)
    end_process (bench->clients->pdata[i]);
  g_ptr_array_set_size (bench->clients, 0);
  if (bench->daemon)
    end_process (bench->daemon);
  g_clear_object (&bench->daemon);
}

static void
bench_clear (Bench *bench)
{
  bench_end (bench);
  g_ptr_array_unref (bench->clients);
  if (bench->folder)
    remove_tree (bench->folder);
  g_free (bench->folder);
  g_free (bench->uri);
}

static gboolean
read_results (Bench *bench, LinceLatencyReport *report, GError **error)
{
  g_autofree char *trace = path_in (bench, "trace");
  g_autofree char *log = path_in (bench, "trace.log");

  if (!lince_latency_report_add_trace (report, trace, bench->from, bench->until, error) ||
      !lince_latency_report_add_log (report, log, error))
    return FALSE;
  for (int i = 0; i < clients; i++) {
    g_autofree char *name = g_strdup_printf ("client-%d", i);
    g_autofree char *path = path_in (bench, name);

    if (!lince_latency_report_add_client (report, path, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
measure (Bench *bench, const char *source, LinceLatencyReport *report, GError **error)
{
  bench->folder = g_dir_make_tmp ("lince-latency-XXXXXX", error);
  if (!bench->folder || !write_config (bench, source, error) || !start_daemon (bench, error) ||
      !start_clients (bench, error))
    return FALSE;
  wait_seconds (WARM_UP_SECONDS);
  bench->from = lince_latency_now ();
  wait_seconds (seconds);
  bench->until = lince_latency_now ();
  wait_seconds (REST_SECONDS);
  bench_end (bench);
  return read_results (bench, report, error);
}

static const LinceEventType types[] = {
    LINCE_EVENT_MOVED, LINCE_EVENT_APPEARED, LINCE_EVENT_VANISHED};

static void
print_table (LinceLatencyReport *report)
{
  LinceLatencyFigures figures;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    guint count = lince_latency_report_count (report, types[i], LINCE_LATENCY_TOTAL);

    printf ("%s%s: %u messages\n", i ? "\n" : "", lince_event_type_name (types[i]), count);
    for (int part = 0; part < LINCE_LATENCY_PARTS; part++) {
      if (lince_latency_report_count (report, types[i], part) == 0)
        continue;
      lince_latency_report_figures (report, types[i], part, &figures);
      printf ("  %-9s  median %8.2f ms   p99 %8.2f ms   max %8.2f ms\n",
          lince_latency_part_name (part), figures.median, figures.p99, figures.maximum);
    }
  }
}

static void
print_json (LinceLatencyReport *report)
{
  LinceLatencyFigures figures;

  printf ("{");
  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    printf ("%s\"%s\": {\"messages\": %u", i ? ", " : "", lince_event_type_name (types[i]),
        lince_latency_report_count (report, types[i], LINCE_LATENCY_TOTAL));
    for (int part = 0; part < LINCE_LATENCY_PARTS; part++) {
      if (lince_latency_report_count (report, types[i], part) == 0)
        continue;
      lince_latency_report_figures (report, types[i], part, &figures);
      printf (", \"%s\": {\"median\": %.3f, \"p99\": %.3f, \"max\": %.3f}",
          lince_latency_part_name (part), figures.median, figures.p99, figures.maximum);
    }
    printf ("}");
  }
  printf ("}\n");
}

static int
run (int count, char **arguments)
{
  Bench bench = {.clients = g_ptr_array_new_with_free_func (g_object_unref)};
  g_autoptr (LinceLatencyReport) report = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) source = NULL;
  g_autofree char *uri = NULL;
  gboolean measured;

  if (client_uri)
    return lince_latency_client_run (client_uri, client_output);
  if (count != 1 || !collection)
    return lince_command_fail (EX_USAGE, "give a clip or URI, and --collection");
  if (seconds < 1 || seconds > 3600 || clients < 1 || clients > 100)
    return lince_command_fail (EX_USAGE, "--seconds goes from 1 to 3600, --clients from 1 to 100");
  source = g_file_new_for_commandline_arg (arguments[0]);
  uri = g_file_get_uri (source);
  report = lince_latency_report_new ();
  measured = measure (&bench, uri, report, &error);
  bench_clear (&bench);
  if (!measured)
    return lince_command_fail_with (EX_UNAVAILABLE, error);
  if (json)
    print_json (report);
  else
    print_table (report);
  return lince_latency_report_count (report, LINCE_EVENT_MOVED, LINCE_LATENCY_TOTAL) > 0 ? EX_OK
                                                                                         : 1;
}

const LinceCommand lince_command_bench_latency = {
    .name = "bench latency",
    .arguments = "CLIP|URI",
    .summary = "Measure the time from the frame to the client's hands",
    .description =
        "Starts a linced of its own on a free port with one stream, and client processes that "
        "follow\n"
        "its events. The clock starts when a frame enters lincerecognize and ends when the text "
        "message\n"
        "is in the client process's hands. Parts: recognise, bus (to lince-stream's main loop), "
        "socket\n"
        "(to linced), log (the write of a lasting event), send (to the client).\n",
    .entries = entries,
    .minimum_arguments = 0,
    .maximum_arguments = 1,
    .run = run,
};
