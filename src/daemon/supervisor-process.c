/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/supervisor-private.h"

static gboolean
is_overdue (gint64 since, gint milliseconds)
{
  return g_get_monotonic_time () - since > milliseconds * G_GINT64_CONSTANT (1000);
}

static gboolean
on_retry (gpointer data)
{
  LincedStream *stream = data;
  stream->retry_source = 0;
  stream->retry_at = 0;
  linced_supervisor_start_process (stream->supervisor, stream);
  return G_SOURCE_REMOVE;
}

/* s; the first ends in a row are followed by a start at once. */
static gint
next_delay (LincedStream *stream)
{
  guint step = stream->failures++;
  if (step < LINCED_STARTS_AT_ONCE)
    return 0;
  return MIN (LINCED_MAX_BACKOFF_S, 1 << MIN (step - LINCED_STARTS_AT_ONCE, 5));
}

static void
retry_later (LincedSupervisor *self, LincedStream *stream, const char *what)
{
  if (stream->healthy_since && is_overdue (stream->healthy_since, LINCED_HEALTHY_S * 1000))
    stream->failures = 0;
  gint delay = next_delay (stream);
  g_autofree char *reason = delay > 0
                                ? g_strdup_printf ("%s; a new process starts in %d s.", what, delay)
                                : g_strdup_printf ("%s; a new process starts now.", what);
  g_warning ("stream '%s': %s", stream->config->id, reason);
  stream->restarts++;
  stream->healthy_since = 0;
  linced_supervisor_say_state (
      self, stream, LINCE_STREAM_BACKOFF, delay * G_GINT64_CONSTANT (1000000000), reason);
  stream->retry_at = g_get_monotonic_time () + (gint64) delay * G_USEC_PER_SEC;
  stream->retry_source = g_timeout_add ((guint) delay * 1000, on_retry, stream);
}

void
linced_supervisor_on_process_ended (LincedProcess *process, int status, gpointer data)
{
  LincedStream *stream = data;
  LincedSupervisor *self = stream->supervisor;
  gboolean asked = stream->stopping || self->stopping;
  g_autofree char *end = linced_process_describe_status (status);
  g_autofree char *what = stream->gave_up
                              ? g_strdup ("The stream's process gave no heart-beat and was killed")
                              : g_strdup_printf ("The stream's process %s", end);
  g_clear_pointer (&stream->process, linced_process_free);
  stream->gave_up = FALSE;
  /* what it said before its end still lies in the link, which closes the run when it was read */
  if (!stream->link)
    linced_supervisor_close_run (self, stream);
  if (!asked) {
    retry_later (self, stream, what);
  } else if (!self->stopping) {
    stream->stopping = FALSE;
    linced_supervisor_start_process (self, stream);
  } else {
    linced_supervisor_say_state (
        self, stream, LINCE_STREAM_STOPPED, LINCE_TIME_NONE, "The daemon ends.");
  }
  if (self->stopping && !linced_supervisor_any_left (self))
    linced_supervisor_finish_stop (self);
}

/* $LINCE_STREAM, else the one beside this program (as installed, or in the build folder), else
 * where it is to be installed. Transfer full. */
static char *
find_program (void)
{
  static const char *const places[] = {"lince-stream", "../stream/lince-stream"};
  const char *named = g_getenv ("LINCE_STREAM");
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = self ? g_path_get_dirname (self) : NULL;
  if (named && *named)
    return g_strdup (named);
  for (gsize i = 0; folder && i < G_N_ELEMENTS (places); i++) {
    g_autofree char *path = g_build_filename (folder, places[i], NULL);
    if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
      return g_steal_pointer (&path);
  }
  return g_strdup (LINCE_STREAM_PROGRAM);
}

/* No secret is in it: what the stream is to do goes over the socket. */
static char **
make_argv (LincedSupervisor *self, LincedStream *stream)
{
  g_autofree char *program = find_program ();
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_strv_builder_add (builder, program);
  g_strv_builder_add_many (
      builder, "--run-dir", self->run_dir, "--stream", stream->config->id, NULL);
  return g_strv_builder_end (builder);
}

void
linced_supervisor_start_process (LincedSupervisor *self, LincedStream *stream)
{
  g_auto (GStrv) argv = make_argv (self, stream);
  /* the service manager's own are the daemon's */
  g_auto (GStrv) environment =
      g_environ_unsetenv (g_environ_unsetenv (g_get_environ (), "NOTIFY_SOCKET"), "WATCHDOG_USEC");
  g_autoptr (GError) error = NULL;
  linced_supervisor_expect_beat (stream, LINCED_CONNECT_MS);
  stream->process = linced_process_spawn (
      argv, environment, stream->pid_file, linced_supervisor_on_process_ended, stream, &error);
  if (stream->process) {
    g_message ("stream '%s': process %d is started", stream->config->id,
        linced_process_pid (stream->process));
    return;
  }
  g_autofree char *what =
      g_strdup_printf ("The program lince-stream cannot be started: %s", error->message);
  retry_later (self, stream, what);
}

static gboolean
hangs (const LincedStream *stream)
{
  if (!stream->last_beat)
    return g_get_monotonic_time () > stream->deadline;
  return is_overdue (stream->last_beat, LINCED_HANG_MS) ||
         is_overdue (stream->pipeline_moved, LINCED_PIPELINE_HANG_MS);
}

/* What the daemon itself did not hear in time, because it was late or had no room in the record, is
 * not held against the process. */
static void
forgive (LincedStream *stream, gint64 late)
{
  if (stream->link && linced_link_is_paused (stream->link))
    late += LINCED_TICK_MS * G_GINT64_CONSTANT (1000);
  stream->deadline += late;
  stream->pipeline_moved += late;
  if (stream->last_beat)
    stream->last_beat += late;
}

gboolean
linced_supervisor_on_tick (gpointer data)
{
  LincedSupervisor *self = data;
  gint64 now = g_get_monotonic_time ();
  gint64 late = now - self->last_tick - LINCED_TICK_MS * G_GINT64_CONSTANT (1000);
  self->last_tick = now;
  for (guint i = 0; i < self->streams->len; i++)
    forgive (g_ptr_array_index (self->streams, i), MAX (late, 0));
  for (guint i = 0; i < self->streams->len; i++) {
    LincedStream *stream = g_ptr_array_index (self->streams, i);
    if (!stream->process || stream->stopping || self->stopping || stream->gave_up ||
        !hangs (stream))
      continue;
    g_warning ("stream '%s': process %d gives no heart-beat and is killed", stream->config->id,
        linced_process_pid (stream->process));
    stream->gave_up = TRUE;
    linced_process_kill (stream->process);
  }
  return G_SOURCE_CONTINUE;
}
