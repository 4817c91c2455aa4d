/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/supervisor.h"

#include <string.h>

#include "daemon/local-socket.h"
#include "store/exposures.h"

#define TICK_MS 100
#define STOP_MS 5000
#define MAX_STRANGERS 64

struct _LincedSupervisor {
  const LincedConfig *config;
  char *run_dir;
  LinceRecord *record;
  LincedSupervisorEvents events;
  LincedLocalSocket *socket;
  GPtrArray *streams;   /* of LincedStream */
  GHashTable *by_id;    /* borrowed */
  GPtrArray *strangers; /* links that have not said hello; of LincedLink */
  guint tick_source, acknowledge_source, stop_source;
  gboolean stopping;
  void (*stopped) (gpointer data);
  gpointer stopped_data;
};

static void start_process (LincedSupervisor *self, LincedStream *stream);
static void on_process_ended (LincedProcess *process, int status, gpointer data);

static gboolean
is_overdue (gint64 since, gint milliseconds)
{
  return g_get_monotonic_time () - since > milliseconds * G_GINT64_CONSTANT (1000);
}

/* ---- events that the daemon itself says of a stream ---- */

static void
say_state (LincedSupervisor *self, LincedStream *stream, LinceStreamState state, gint64 retry_in,
    const char *reason)
{
  LinceEvent event;
  lince_event_init (&event, LINCE_EVENT_STREAM);
  g_strlcpy (event.stream, stream->config->id, sizeof event.stream);
  event.state = state;
  event.retry_in = retry_in;
  event.utc = event.received = g_get_real_time ();
  g_strlcpy (event.reason, reason, sizeof event.reason);
  if (lince_record_append (self->record, &event) == LINCE_RECORD_BUSY)
    g_warning ("stream '%s': the log is too slow to note: %s", event.stream, reason);
  /* clients that come before it is published see it all the same */
  linced_stream_take_event (stream, &event);
}

/* ---- the end ---- */

/* A process, or what one said before its end and is not read yet. */
static gboolean
any_left (LincedSupervisor *self)
{
  for (guint i = 0; i < self->streams->len; i++) {
    LincedStream *stream = g_ptr_array_index (self->streams, i);
    if (stream->process || stream->link)
      return TRUE;
  }
  return FALSE;
}

static void
finish_stop (LincedSupervisor *self)
{
  void (*stopped) (gpointer) = self->stopped;
  g_clear_handle_id (&self->stop_source, g_source_remove);
  self->stopped = NULL;
  if (stopped)
    stopped (self->stopped_data);
}

/* ---- links ---- */

static void
send_acknowledge (LincedStream *stream)
{
  g_autoptr (GString) line = g_string_new (NULL);
  if (!stream->link || stream->acknowledge == 0)
    return;
  lince_link_write_acknowledge (stream->acknowledge, line);
  linced_link_send (stream->link, line->str, line->len);
  stream->acknowledge = 0;
}

static gboolean
on_acknowledge (gpointer data)
{
  LincedSupervisor *self = data;
  self->acknowledge_source = 0;
  for (guint i = 0; i < self->streams->len; i++)
    send_acknowledge (g_ptr_array_index (self->streams, i));
  return G_SOURCE_REMOVE;
}

/* Told once a turn of the loop, for all that was published in it. */
static void
acknowledge (LincedSupervisor *self, LincedStream *stream, const char *run, guint64 number)
{
  if (!stream || strcmp (stream->run, run) != 0)
    return;
  stream->acknowledge = MAX (stream->acknowledge, number);
  if (self->acknowledge_source == 0)
    self->acknowledge_source = g_idle_add_full (G_PRIORITY_DEFAULT, on_acknowledge, self, NULL);
}

static void refuse (LincedLink *link, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
refuse (LincedLink *link, const char *format, ...)
{
  g_autoptr (GString) line = g_string_new (NULL);
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *sentence = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_message ("link: process %d is refused: %s", linced_link_pid (link), sentence);
  lince_link_write_refusal (sentence, line);
  linced_link_send (link, line->str, line->len);
  linced_link_end (link);
}

static void
greet (LincedSupervisor *self, LincedStream *stream)
{
  g_autoptr (GString) lines = g_string_new (NULL);
  LinceLinkGreeting greeting = {0};
  g_autofree LinceLinkConfigure *configure = g_new0 (LinceLinkConfigure, 1);
  g_strlcpy (greeting.version, LINCE_VERSION, sizeof greeting.version);
  greeting.acknowledged = lince_record_acknowledged (self->record, stream->run);
  linced_stream_fill_configure (stream, configure);
  lince_link_write_greeting (&greeting, lines);
  lince_link_write_configure (configure, lines);
  linced_link_send (stream->link, lines->str, lines->len);
  explicit_bzero (configure->uri, sizeof configure->uri);
}

/* Closes what stands of this stream's runs (NULL: of all streams') but of `run`, if any. */
static void
close_runs (LincedSupervisor *self, const char *stream, const char *run)
{
  g_autoptr (GPtrArray) open = lince_exposures_list (lince_record_exposures (self->record), stream);
  g_autoptr (GHashTable) runs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer dead;
  for (guint i = 0; i < open->len; i++) {
    const LinceOpenExposure *exposure = g_ptr_array_index (open, i);
    if (!run || strcmp (exposure->event.run, run) != 0)
      g_hash_table_add (runs, g_strdup (exposure->event.run));
  }
  /* closing changes the list */
  g_hash_table_iter_init (&iter, runs);
  while (g_hash_table_iter_next (&iter, &dead, NULL))
    lince_record_close_run (self->record, dead, "stream-lost");
}

static void
close_run (LincedSupervisor *self, LincedStream *stream)
{
  close_runs (self, stream->config->id, NULL);
  *stream->run = '\0';
}

static void
expect_beat (LincedStream *stream, gint milliseconds)
{
  stream->last_beat = 0;
  stream->deadline = g_get_monotonic_time () + milliseconds * G_GINT64_CONSTANT (1000);
}

static void
drop_link (LincedStream *stream)
{
  g_clear_pointer (&stream->link, linced_link_free);
  expect_beat (stream, LINCED_RECONNECT_MS);
}

/* Why that process may not speak for the stream; NULL: it may. */
static const char *
judge_greeting (LincedStream *stream, int pid)
{
  if (!stream->config->enabled || stream->stopping)
    return "this stream is not to run";
  if (stream->process && linced_process_pid (stream->process) != pid)
    return "another process serves this stream";
  return NULL;
}

/* A link's first line. The link leaves the strangers, or ends. */
static void
take_greeting (LincedSupervisor *self, LincedLink *link, const LinceLinkMessage *message)
{
  const LinceLinkGreeting *greeting = &message->greeting;
  LincedStream *stream = NULL;
  if (message->type != LINCE_LINK_GREETING || !*greeting->run) {
    refuse (link, "the first line must be a greeting with stream and run");
    return;
  }
  stream = linced_supervisor_find (self, greeting->stream);
  if (!stream) {
    refuse (link, "there is no stream '%s' in the configuration", greeting->stream);
    return;
  }
  const char *refusal = judge_greeting (stream, linced_link_pid (link));
  if (refusal) {
    refuse (link, "%s: %s", greeting->stream, refusal);
    return;
  }
  drop_link (stream);
  close_runs (self, stream->config->id, greeting->run);
  g_strlcpy (stream->run, greeting->run, sizeof stream->run);
  if (!stream->process) {
    g_clear_handle_id (&stream->retry_source, g_source_remove);
    stream->retry_at = 0;
    stream->process = linced_process_adopt_pid (
        linced_link_pid (link), stream->pid_file, on_process_ended, stream);
  }
  stream->link = link;
  expect_beat (stream, LINCED_CONNECT_MS);
  g_ptr_array_remove_fast (self->strangers, link);
  linced_link_set_stream (link, stream);
  g_message ("stream '%s': process %d is connected", stream->config->id, linced_link_pid (link));
  greet (self, stream);
}

static void
take_moved (LincedSupervisor *self, LincedStream *stream, LinceEvent *event)
{
  g_autoptr (GString) line = g_string_new (NULL);
  event->received = g_get_real_time ();
  lince_record_note_moved (self->record, event);
  lince_event_write (event, line);
  g_string_truncate (line, line->len - 1);
  g_autoptr (GBytes) bytes = g_string_free_to_bytes (g_steal_pointer (&line));
  self->events.moved (event, bytes, self->events.data);
}

/* FALSE: the record has no room; the line comes again. */
static gboolean
take_event (LincedSupervisor *self, LincedStream *stream, const LinceEvent *said)
{
  LinceEvent event = *said;
  /* a process speaks for its own stream and run, whatever it writes */
  g_strlcpy (event.stream, stream->config->id, sizeof event.stream);
  g_strlcpy (event.run, stream->run, sizeof event.run);
  event.sequence = 0;
  event.received = LINCE_TIME_NONE;
  if (event.type == LINCE_EVENT_MOVED) {
    linced_stream_take_event (stream, &event);
    take_moved (self, stream, &event);
    return TRUE;
  }
  switch (lince_record_append (self->record, &event)) {
    case LINCE_RECORD_BUSY:
      return FALSE;
    case LINCE_RECORD_DUPLICATE:
      acknowledge (
          self, stream, stream->run, lince_record_acknowledged (self->record, stream->run));
      return TRUE;
    case LINCE_RECORD_QUEUED:
      linced_stream_take_event (stream, &event);
      return TRUE;
  }
  return TRUE;
}

static gboolean
on_received (LincedLink *link, const LinceLinkMessage *message, gpointer data)
{
  LincedSupervisor *self = data;
  LincedStream *stream = linced_link_get_stream (link);
  if (!stream) {
    take_greeting (self, link, message);
    return TRUE;
  }
  switch (message->type) {
    case LINCE_LINK_EVENT:
      return take_event (self, stream, &message->event);
    case LINCE_LINK_BEAT:
      linced_stream_take_beat (stream, &message->beat);
      break;
    case LINCE_LINK_OBJECTS:
      linced_stream_take_objects (stream, &message->objects);
      break;
    case LINCE_LINK_PROBLEM:
      g_message ("stream '%s': %s: %s", stream->config->id, message->problem.reference,
          message->problem.text);
      linced_stream_take_problem (stream, &message->problem);
      break;
    default:
      break;
  }
  return TRUE;
}

static void
on_link_closed (LincedLink *link, gpointer data)
{
  LincedSupervisor *self = data;
  LincedStream *stream = linced_link_get_stream (link);
  if (!stream) {
    g_ptr_array_remove_fast (self->strangers, link);
    linced_link_free (link);
    return;
  }
  int pid = linced_link_pid (link);
  drop_link (stream);
  if (!stream->process || linced_process_pid (stream->process) != pid)
    close_run (self, stream);
  if (self->stopping && !any_left (self))
    finish_stop (self);
}

static void
on_accepted (int fd, int pid, gpointer data)
{
  static const LincedLinkEvents events = {.received = on_received, .closed = on_link_closed};
  LincedSupervisor *self = data;
  if (self->strangers->len >= MAX_STRANGERS)
    linced_link_end (g_ptr_array_index (self->strangers, 0));
  g_ptr_array_add (self->strangers, linced_link_new (fd, pid, &events, self));
}

/* ---- processes ---- */

static gboolean
on_retry (gpointer data)
{
  LincedStream *stream = data;
  stream->retry_source = 0;
  stream->retry_at = 0;
  start_process (stream->supervisor, stream);
  return G_SOURCE_REMOVE;
}

/* The first end in a row is followed by a start at once. */
static gint
next_delay (LincedStream *stream)
{
  guint step = stream->failures++;
  if (step == 0)
    return 0;
  return MIN (LINCED_MAX_BACKOFF_S, 1 << MIN (step - 1, 5));
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
  say_state (self, stream, LINCE_STREAM_BACKOFF, delay * G_GINT64_CONSTANT (1000000000), reason);
  stream->retry_at = g_get_monotonic_time () + (gint64) delay * G_USEC_PER_SEC;
  stream->retry_source = g_timeout_add ((guint) delay * 1000, on_retry, stream);
}

static void
on_process_ended (LincedProcess *process, int status, gpointer data)
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
    close_run (self, stream);
  if (!asked) {
    retry_later (self, stream, what);
  } else if (!self->stopping) {
    stream->stopping = FALSE;
    start_process (self, stream);
  } else {
    say_state (self, stream, LINCE_STREAM_STOPPED, LINCE_TIME_NONE, "The daemon ends.");
  }
  if (self->stopping && !any_left (self))
    finish_stop (self);
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

static void
start_process (LincedSupervisor *self, LincedStream *stream)
{
  g_auto (GStrv) argv = make_argv (self, stream);
  /* the service manager's own are the daemon's */
  g_auto (GStrv) environment =
      g_environ_unsetenv (g_environ_unsetenv (g_get_environ (), "NOTIFY_SOCKET"), "WATCHDOG_USEC");
  g_autoptr (GError) error = NULL;
  expect_beat (stream, LINCED_CONNECT_MS);
  stream->process =
      linced_process_spawn (argv, environment, stream->pid_file, on_process_ended, stream, &error);
  if (stream->process) {
    g_message ("stream '%s': process %d is started", stream->config->id,
        linced_process_pid (stream->process));
    return;
  }
  g_autofree char *what =
      g_strdup_printf ("The program lince-stream cannot be started: %s", error->message);
  retry_later (self, stream, what);
}

/* ---- hangs ---- */

static gboolean
hangs (const LincedStream *stream)
{
  if (!stream->last_beat)
    return g_get_monotonic_time () > stream->deadline;
  return is_overdue (stream->last_beat, LINCED_HANG_MS) ||
         is_overdue (stream->pipeline_moved, LINCED_PIPELINE_HANG_MS);
}

static gboolean
on_tick (gpointer data)
{
  LincedSupervisor *self = data;
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

/* ---- from outside ---- */

void
linced_supervisor_published (LincedSupervisor *self, const LinceEvent *event)
{
  LincedStream *said = *event->stream ? linced_supervisor_find (self, event->stream) : NULL;
  if (said && event->logged && *event->run && event->number > 0)
    acknowledge (self, said, event->run, event->number);
  if (said && event->type == LINCE_EVENT_STREAM)
    said->event = *event; /* now with its number */
  for (guint i = 0; i < self->streams->len; i++) {
    LincedStream *stream = g_ptr_array_index (self->streams, i);
    if (stream->link)
      linced_link_resume (stream->link);
  }
}

void
linced_supervisor_settled (
    LincedSupervisor *self, const char *stream, const char *run, guint64 number)
{
  acknowledge (self, linced_supervisor_find (self, stream), run, number);
}

LincedStream *
linced_supervisor_find (LincedSupervisor *self, const char *id)
{
  return g_hash_table_lookup (self->by_id, id);
}

GPtrArray *
linced_supervisor_streams (LincedSupervisor *self)
{
  return self->streams;
}

/* In order where it is connected; a signal follows where that does not help. */
static void
ask_to_end (LincedStream *stream)
{
  g_autoptr (GString) line = g_string_new (NULL);
  if (!stream->link) {
    linced_process_terminate (stream->process);
    return;
  }
  lince_link_write_stop (line);
  linced_link_send (stream->link, line->str, line->len);
  linced_process_end (stream->process);
}

gboolean
linced_supervisor_restart (LincedSupervisor *self, LincedStream *stream)
{
  if (!stream->config->enabled || self->stopping)
    return FALSE;
  stream->failures = 0;
  if (stream->process && !stream->stopping) {
    stream->restarts++;
    stream->stopping = TRUE;
    ask_to_end (stream);
  } else if (!stream->process) {
    g_clear_handle_id (&stream->retry_source, g_source_remove);
    stream->retry_at = 0;
    start_process (self, stream);
  }
  return TRUE;
}

void
linced_supervisor_look (LincedSupervisor *self, LincedStream *stream, const LinceLinkLook *look)
{
  g_autoptr (GString) line = g_string_new (NULL);
  if (!stream->link)
    return;
  lince_link_write_look (look, line);
  linced_link_send (stream->link, line->str, line->len);
}

/* What a former daemon left open of streams that nobody watches any more. */
static void
close_orphans (LincedSupervisor *self)
{
  g_autoptr (GPtrArray) open = lince_exposures_list (lince_record_exposures (self->record), NULL);
  g_autoptr (GHashTable) gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer id;
  for (guint i = 0; i < open->len; i++) {
    const LinceOpenExposure *exposure = g_ptr_array_index (open, i);
    LincedStream *stream = linced_supervisor_find (self, exposure->event.stream);
    if (!stream || !stream->process)
      g_hash_table_add (gone, g_strdup (exposure->event.stream));
  }
  g_hash_table_iter_init (&iter, gone);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    close_runs (self, id, NULL);
}

/* What still runs from a former daemon is waited for; the others start. */
void
linced_supervisor_start (LincedSupervisor *self)
{
  for (guint i = 0; i < self->streams->len; i++) {
    LincedStream *stream = g_ptr_array_index (self->streams, i);
    if (!stream->config->enabled)
      continue;
    stream->process = linced_process_adopt (stream->pid_file, on_process_ended, stream);
    if (stream->process) {
      expect_beat (stream, LINCED_RECONNECT_MS);
      g_message ("stream '%s': process %d runs still", stream->config->id,
          linced_process_pid (stream->process));
    }
  }
  close_orphans (self);
  for (guint i = 0; i < self->streams->len; i++) {
    LincedStream *stream = g_ptr_array_index (self->streams, i);
    if (stream->config->enabled && !stream->process)
      start_process (self, stream);
  }
  self->tick_source = g_timeout_add (TICK_MS, on_tick, self);
}

static gboolean
on_stop_overdue (gpointer data)
{
  LincedSupervisor *self = data;
  self->stop_source = 0;
  for (guint i = 0; i < self->streams->len; i++) {
    LincedStream *stream = g_ptr_array_index (self->streams, i);
    if (stream->process)
      linced_process_kill (stream->process);
  }
  finish_stop (self);
  return G_SOURCE_REMOVE;
}

void
linced_supervisor_stop (LincedSupervisor *self, void (*done) (gpointer data), gpointer data)
{
  self->stopping = TRUE;
  self->stopped = done;
  self->stopped_data = data;
  if (self->config->keep_streams) {
    finish_stop (self);
    return;
  }
  for (guint i = 0; i < self->streams->len; i++) {
    LincedStream *stream = g_ptr_array_index (self->streams, i);
    g_clear_handle_id (&stream->retry_source, g_source_remove);
    stream->retry_at = 0;
    if (stream->process)
      ask_to_end (stream);
  }
  if (!any_left (self))
    finish_stop (self);
  else
    self->stop_source = g_timeout_add (STOP_MS, on_stop_overdue, self);
}

LincedSupervisor *
linced_supervisor_new (const LincedConfig *config, const char *run_dir, LinceRecord *record,
    const LincedSupervisorEvents *events, GError **error)
{
  LincedSupervisor *self = g_new0 (LincedSupervisor, 1);
  self->config = config;
  self->run_dir = g_strdup (run_dir);
  self->record = record;
  self->events = *events;
  self->streams = g_ptr_array_new_with_free_func ((GDestroyNotify) linced_stream_free);
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  self->strangers = g_ptr_array_new ();
  for (guint i = 0; i < config->streams->len; i++) {
    LincedStream *stream = linced_stream_new (g_ptr_array_index (config->streams, i), run_dir);
    stream->supervisor = self;
    g_ptr_array_add (self->streams, stream);
    g_hash_table_insert (self->by_id, stream->config->id, stream);
  }
  self->socket = linced_local_socket_new (run_dir, LINCE_LINK_SOCKET, on_accepted, self, error);
  if (!self->socket)
    g_clear_pointer (&self, linced_supervisor_free);
  return self;
}

void
linced_supervisor_free (LincedSupervisor *self)
{
  if (!self)
    return;
  g_clear_handle_id (&self->tick_source, g_source_remove);
  g_clear_handle_id (&self->acknowledge_source, g_source_remove);
  g_clear_handle_id (&self->stop_source, g_source_remove);
  linced_local_socket_free (self->socket);
  for (guint i = 0; i < self->strangers->len; i++)
    linced_link_free (g_ptr_array_index (self->strangers, i));
  g_ptr_array_unref (self->strangers);
  g_hash_table_unref (self->by_id);
  g_ptr_array_unref (self->streams);
  g_free (self->run_dir);
  g_free (self);
}
