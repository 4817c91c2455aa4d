/* SPDX-License-Identifier: LGPL-2.1-or-later
 * linced: runs the configured streams, keeps the record, serves the console. */
#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "daemon/daemon.h"
#include "daemon/notify.h"
#include "daemon/paths.h"

typedef struct {
  char *config_path, *state_dir, *run_dir;
  int port;
  gboolean check_only, show_version;
} Options;

/* What the signals need. */
typedef struct {
  GMainLoop *loop;
  LincedDaemon *daemon;
} Run;

static int
read_options (Options *options, int *argc, char ***argv)
{
  const GOptionEntry entries[] = {
      {"config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config_path,
          "the configuration (root: /etc/lince/linced.conf)", "FILE"},
      {"check-config", 0, 0, G_OPTION_ARG_NONE, &options->check_only,
          "say what is wrong with the configuration, and end", NULL},
      {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir,
          "event log, statistics and token (root: /var/lib/lince)", "DIR"},
      {"run-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->run_dir,
          "sockets and notes on processes (root: /run/lince)", "DIR"},
      {"port", 'p', 0, G_OPTION_ARG_INT, &options->port,
          "listen on this port instead of the configured one; 0: any free one", "N"},
      {"version", 0, 0, G_OPTION_ARG_NONE, &options->show_version, "print the version and end",
          NULL},
      {NULL},
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_summary (context,
      "Runs a process for each configured stream, keeps the record of what they recognise, and\n"
      "serves it over HTTP and WebSocket, with a console at /.");
  g_option_context_set_description (context,
      "The configuration is a key file; what is not there stays as written here:\n"
      "  [daemon]     listen=127.0.0.1  port=8770  node=HOSTNAME  max-connections=4096\n"
      "               allowed-origins=  allowed-hosts=  keep-streams=false\n"
      "  [stream ID]  uri=URI-OR-FILE  collection=FOLDER-OR-INDEX  pipeline=default  mode=sync\n"
      "               interval=  budget=  min-confidence=  enabled=true\n"
      "interval and budget take ns, us, ms or s, such as 40ms.\n\n"
      "When it listens it prints one line: \"linced: listening on http://ADDRESS:PORT/\".\n"
      "SIGTERM and SIGINT end it in order, and its streams with it (unless keep-streams=true).\n"
      "Exit codes: 0 ended as asked, 64 wrong options, 69 cannot start, 78 wrong configuration.");
  if (!g_option_context_parse (context, argc, argv, &error)) {
    g_printerr ("linced: %s; see linced --help\n", error->message);
    return EX_USAGE;
  }
  if (*argc > 1 || options->port < -1 || options->port > 65535) {
    g_printerr ("linced: %s; see linced --help\n",
        *argc > 1 ? "takes options only" : "--port is not a number from 0 to 65535");
    return EX_USAGE;
  }
  return EX_OK;
}

static char *
absolute (char *path, char *otherwise)
{
  g_autofree char *given = path ? path : otherwise;
  if (path)
    g_free (otherwise);
  return g_canonicalize_filename (given, NULL);
}

static void
on_ended (gpointer data)
{
  g_main_loop_quit (data);
}

static gboolean
on_signal (gpointer data)
{
  Run *run = data;
  linced_daemon_stop (run->daemon, on_ended, run->loop);
  return G_SOURCE_CONTINUE;
}

static int
run_daemon (LincedConfig *config, const Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LincedDaemon) daemon =
      linced_daemon_new (config, options->state_dir, options->run_dir, &error);
  if (!daemon) {
    g_printerr ("linced: %s\n", error->message);
    return EX_UNAVAILABLE;
  }
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Run run = {loop, daemon};
  g_unix_signal_add (SIGTERM, on_signal, &run);
  g_unix_signal_add (SIGINT, on_signal, &run);
  printf ("linced: listening on %s\n", linced_daemon_uri (daemon));
  fflush (stdout);
  linced_notify ("READY=1");
  g_main_loop_run (loop);
  return EX_OK;
}

static int
start (Options *options)
{
  g_autoptr (GError) error = NULL;
  LincedConfig *config = linced_config_load (options->config_path, &error);
  if (!config) {
    g_printerr ("%s\n", error->message);
    return EX_CONFIG;
  }
  if (options->check_only) {
    printf ("%s: %u streams, no problem found\n", options->config_path, config->streams->len);
    linced_config_free (config);
    return EX_OK;
  }
  if (options->port >= 0)
    config->port = (guint) options->port;
  return run_daemon (config, options);
}

int
main (int argc, char **argv)
{
  Options options = {.port = -1};
  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);        /* a limit of file sizes is a full disk, not the end */
  g_unsetenv ("SOUP_SERVER_HTTP2"); /* its server is not hardened in libsoup 3.2 */
  int code = read_options (&options, &argc, &argv);
  if (code != EX_OK)
    return code;
  if (options.show_version) {
    printf ("linced " LINCE_VERSION "\n");
    return EX_OK;
  }
  options.config_path = absolute (options.config_path, linced_default_config_path ());
  options.state_dir = absolute (options.state_dir, linced_default_state_dir ());
  options.run_dir = absolute (options.run_dir, linced_default_run_dir ());
  code = start (&options);
  g_free (options.config_path);
  g_free (options.state_dir);
  g_free (options.run_dir);
  return code;
}
