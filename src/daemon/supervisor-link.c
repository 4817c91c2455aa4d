/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/supervisor-private.h"

#include <string.h>

#include "store/exposures.h"

#define MAX_STRANGERS 64

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
void
linced_supervisor_acknowledge (
    LincedSupervisor *self, LincedStream *stream, const char *run, guint64 number)
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
void
linced_supervisor_close_runs (LincedSupervisor *self, const char *stream, const char *run)
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

void
linced_supervisor_close_run (LincedSupervisor *self, LincedStream *stream)
{
  linced_supervisor_close_runs (self, stream->config->id, NULL);
  *stream->run = '\0';
}

void
linced_supervisor_expect_beat (LincedStream *stream, gint milliseconds)
{
  stream->last_beat = 0;
  stream->deadline = g_get_monotonic_time () + milliseconds * G_GINT64_CONSTANT (1000);
}

static void
drop_link (LincedStream *stream)
{
  g_clear_pointer (&stream->link, linced_link_free);
  linced_supervisor_expect_beat (stream, LINCED_RECONNECT_MS);
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
  linced_supervisor_close_runs (self, stream->config->id, greeting->run);
  g_strlcpy (stream->run, greeting->run, sizeof stream->run);
  if (!stream->process) {
    g_clear_handle_id (&stream->retry_source, g_source_remove);
    stream->retry_at = 0;
    stream->process = linced_process_adopt_pid (
        linced_link_pid (link), stream->pid_file, linced_supervisor_on_process_ended, stream);
  }
  stream->link = link;
  linced_supervisor_expect_beat (stream, LINCED_CONNECT_MS);
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
      linced_supervisor_acknowledge (
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
    linced_supervisor_close_run (self, stream);
  if (self->stopping && !linced_supervisor_any_left (self))
    linced_supervisor_finish_stop (self);
}

void
linced_supervisor_on_accepted (int fd, int pid, gpointer data)
{
  static const LincedLinkEvents events = {.received = on_received, .closed = on_link_closed};
  LincedSupervisor *self = data;
  if (self->strangers->len >= MAX_STRANGERS)
    linced_link_end (g_ptr_array_index (self->strangers, 0));
  g_ptr_array_add (self->strangers, linced_link_new (fd, pid, &events, self));
}
