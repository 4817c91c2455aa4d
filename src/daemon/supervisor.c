/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/supervisor-private.h"

#include <string.h>

#include "store/exposures.h"

#define STOP_MS 5000

void
linced_supervisor_say_state (LincedSupervisor *self, LincedStream *stream, LinceStreamState state,
    gint64 retry_in, const char *reason)
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

/* A process, or what one said before its end and is not read yet. */
gboolean
linced_supervisor_any_left (LincedSupervisor *self)
{
  for (guint i = 0; i < self->streams->len; i++) {
    LincedStream *stream = g_ptr_array_index (self->streams, i);
    if (stream->process || stream->link)
      return TRUE;
  }
  return FALSE;
}

void
linced_supervisor_finish_stop (LincedSupervisor *self)
{
  void (*stopped) (gpointer) = self->stopped;
  g_clear_handle_id (&self->stop_source, g_source_remove);
  self->stopped = NULL;
  if (stopped)
    stopped (self->stopped_data);
}

/* ---- from outside ---- */

void
linced_supervisor_published (LincedSupervisor *self, const LinceEvent *event)
{
  LincedStream *said = *event->stream ? linced_supervisor_find (self, event->stream) : NULL;
  if (said && event->logged && *event->run && event->number > 0)
    linced_supervisor_acknowledge (self, said, event->run, event->number);
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
  linced_supervisor_acknowledge (self, linced_supervisor_find (self, stream), run, number);
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
    linced_supervisor_start_process (self, stream);
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
    linced_supervisor_close_runs (self, id, NULL);
}

/* What still runs from a former daemon is waited for; the others start. */
void
linced_supervisor_start (LincedSupervisor *self)
{
  for (guint i = 0; i < self->streams->len; i++) {
    LincedStream *stream = g_ptr_array_index (self->streams, i);
    if (!stream->config->enabled)
      continue;
    stream->process =
        linced_process_adopt (stream->pid_file, linced_supervisor_on_process_ended, stream);
    if (stream->process) {
      linced_supervisor_expect_beat (stream, LINCED_RECONNECT_MS);
      g_message ("stream '%s': process %d runs still", stream->config->id,
          linced_process_pid (stream->process));
    }
  }
  close_orphans (self);
  for (guint i = 0; i < self->streams->len; i++) {
    LincedStream *stream = g_ptr_array_index (self->streams, i);
    if (stream->config->enabled && !stream->process)
      linced_supervisor_start_process (self, stream);
  }
  self->last_tick = g_get_monotonic_time ();
  self->tick_source = g_timeout_add (LINCED_TICK_MS, linced_supervisor_on_tick, self);
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
  linced_supervisor_finish_stop (self);
  return G_SOURCE_REMOVE;
}

void
linced_supervisor_stop (LincedSupervisor *self, void (*done) (gpointer data), gpointer data)
{
  self->stopping = TRUE;
  self->stopped = done;
  self->stopped_data = data;
  if (self->config->keep_streams) {
    linced_supervisor_finish_stop (self);
    return;
  }
  for (guint i = 0; i < self->streams->len; i++) {
    LincedStream *stream = g_ptr_array_index (self->streams, i);
    g_clear_handle_id (&stream->retry_source, g_source_remove);
    stream->retry_at = 0;
    if (stream->process)
      ask_to_end (stream);
  }
  if (!linced_supervisor_any_left (self))
    linced_supervisor_finish_stop (self);
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
  self->socket = linced_local_socket_new (
      run_dir, LINCE_LINK_SOCKET, linced_supervisor_on_accepted, self, error);
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
