/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/stream.h"

#include <string.h>

#include "stream/objects.h"

#define LOOK_INTERVAL_MS 250
#define STOP_DEADLINE_MS 1500

struct _LinceStream {
  LinceStreamSettings settings;
  gboolean configured;
  LinceStreamCallbacks callbacks;
  gpointer user_data;
  LinceTrace *trace;
  LinceReporter *reporter;
  LinceWatch watch;
  LincePipeline *pipeline;
  guint64 earlier_frames, earlier_analysed; /* of pipelines that are gone */
  guint look, stop_deadline;
  gboolean stopping;
  gboolean finished; /* `ended` is due as soon as no pipeline is being disposed of */
  guint disposing;
  gboolean output;
  gboolean collected; /* this pipeline has loaded the collection before */
  char *remark;       /* what lincerecognize said of its collection and still holds, or NULL */
  char *said_remark;  /* the one that goes with the last state said */

  GCancellable *loading; /* the collection, while it is being opened */
  char *loaded_path;     /* what was opened, with its revision */
  char loaded_revision[17], tried_revision[17];
};

static void build (LinceStream *stream);
static void load (LinceStream *stream);

void
lince_stream_remark (LinceStream *stream, const char *sentence)
{
  LinceEvent event;

  lince_event_init (&event, LINCE_EVENT_STREAM);
  lince_reporter_stamp (stream->reporter, &event);
  event.state = stream->watch.state;
  lince_event_set_text (event.reason, sizeof event.reason, sentence);
  event.retry_in = lince_watch_retry_in (&stream->watch, lince_monotonic_now ());
  stream->callbacks.event (&event, stream->user_data);
}

static void
say_state (LinceStream *stream)
{
  gboolean well = stream->watch.reason[0] == '\0';

  g_free (stream->said_remark);
  stream->said_remark = g_strdup (stream->remark);
  lince_stream_remark (stream, well && stream->remark ? stream->remark : stream->watch.reason);
}

static void
end_when_gone (LinceStream *stream)
{
  if (!stream->finished || stream->disposing > 0)
    return;
  stream->finished = FALSE;
  stream->callbacks.ended (stream->user_data);
}

static void
on_disposed (gboolean gone, gpointer user_data)
{
  LinceStream *stream = user_data;

  stream->disposing--;
  if (gone)
    end_when_gone (stream);
  else
    stream->callbacks.hung (stream->user_data);
}

/* Gives the pipeline up; what still stands has ended for `reason`. */
static void
give_up (LinceStream *stream, const char *reason)
{
  if (!stream->pipeline)
    return;
  stream->callbacks.pad (NULL, stream->user_data);
  g_clear_pointer (&stream->remark, g_free);
  stream->collected = FALSE;
  stream->earlier_frames += lince_pipeline_frames (stream->pipeline);
  stream->earlier_analysed += lince_pipeline_analysed (stream->pipeline);
  stream->disposing++;
  lince_pipeline_dispose (g_steal_pointer (&stream->pipeline), on_disposed, stream);
  lince_reporter_end (stream->reporter, reason);
}

static void
finish (LinceStream *stream, const char *reason)
{
  g_clear_handle_id (&stream->stop_deadline, g_source_remove);
  give_up (stream, "end");
  if (stream->watch.state != LINCE_STREAM_STOPPED || stream->stopping) {
    lince_watch_stop (&stream->watch, lince_monotonic_now (), reason);
    say_state (stream);
  }
  stream->finished = TRUE;
  end_when_gone (stream);
}

static void
act (LinceStream *stream, LinceWatchAction action)
{
  switch (action) {
    case LINCE_WATCH_NOTHING:
      break;
    case LINCE_WATCH_CHANGED:
      say_state (stream);
      break;
    case LINCE_WATCH_LOST:
      give_up (stream, "stream-lost");
      say_state (stream);
      break;
    case LINCE_WATCH_START:
      build (stream);
      break;
  }
}

static void
fail (LinceStream *stream, const char *reason)
{
  act (stream, lince_watch_fail (&stream->watch, lince_monotonic_now (), reason));
}

static void
on_recognition (const GstStructure *structure, gpointer user_data)
{
  LinceStream *stream = user_data;

  lince_reporter_message (stream->reporter, structure, lince_monotonic_now ());
}

static void
on_started (gpointer user_data)
{
  LinceStream *stream = user_data;

  if (stream->pipeline && !stream->stopping)
    act (stream, lince_watch_look (&stream->watch, lince_monotonic_now (),
                     lince_pipeline_frames (stream->pipeline)));
}

/* Said at the next look: a warning of single pictures is over as soon as the rest is loaded. */
static void
on_remarked (const char *sentence, gpointer user_data)
{
  LinceStream *stream = user_data;

  g_free (stream->remark);
  stream->remark = g_strdup (sentence);
}

/* A new picture that cannot be used changes no revision, yet is to be told of. */
static void
on_collected (gpointer user_data)
{
  LinceStream *stream = user_data;

  g_clear_pointer (&stream->remark, g_free);
  if (stream->collected && stream->settings.collection)
    load (stream);
  stream->collected = TRUE;
}

static void
on_failed (const char *reason, gpointer user_data)
{
  LinceStream *stream = user_data;

  if (stream->stopping)
    finish (stream, "");
  else
    fail (stream, reason);
}

static void
on_ended (gpointer user_data)
{
  LinceStream *stream = user_data;

  if (stream->stopping)
    finish (stream, "");
  else if (g_str_has_prefix (stream->settings.uri, "file:"))
    finish (stream, "The file has come to its end.");
  else
    fail (stream, "The source has ended the stream.");
}

static void
start_pipeline (LinceStream *stream)
{
  static const LincePipelineCallbacks callbacks = {
      on_recognition, on_started, on_remarked, on_collected, on_failed, on_ended};
  g_autoptr (GError) error = NULL;

  stream->pipeline =
      lince_pipeline_new (&stream->settings, &callbacks, stream, stream->trace, &error);
  if (!stream->pipeline) {
    fail (stream, error->message);
    return;
  }
  lince_reporter_begin (stream->reporter, lince_monotonic_now ());
  stream->output = lince_pipeline_has_output (stream->pipeline);
  stream->callbacks.pad (lince_pipeline_pad (stream->pipeline), stream->user_data);
}

/* The collection first, then the pipeline: what compiles for long must not look like a source that
 * does not answer. */
static void
build (LinceStream *stream)
{
  lince_watch_start (&stream->watch, lince_monotonic_now ());
  say_state (stream);
  if (stream->settings.collection &&
      g_strcmp0 (stream->settings.collection, stream->loaded_path) != 0)
    load (stream);
  else
    start_pipeline (stream);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LinceObjects) objects = lince_objects_load_finish (result, &error);
  LinceStream *stream = user_data;

  /* cancelled: the stream may be gone */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&stream->loading);
  if (objects) {
    g_free (stream->loaded_path);
    stream->loaded_path = g_strdup (stream->settings.collection);
    strcpy (stream->loaded_revision, objects->revision);
    stream->callbacks.collection (objects->lines, stream->user_data);
  }
  if (stream->pipeline || stream->stopping || stream->watch.state != LINCE_STREAM_STARTING)
    return;
  if (!objects) {
    fail (stream, error->message);
    return;
  }
  lince_watch_start (&stream->watch, lince_monotonic_now ());
  start_pipeline (stream);
}

static void
load (LinceStream *stream)
{
  if (stream->loading) {
    g_cancellable_cancel (stream->loading);
    g_clear_object (&stream->loading);
  }
  stream->loading = g_cancellable_new ();
  lince_objects_load_async (stream->settings.collection,
      lince_reporter_collection (stream->reporter), stream->loading, on_loaded, stream);
}

/* lincerecognize has taken a changed collection: tell what it holds now. */
static void
follow_revision (LinceStream *stream)
{
  LinceReporterPosition position;

  lince_reporter_peek (stream->reporter, &position);
  if (!stream->settings.collection || stream->loading || !position.revision[0] ||
      strcmp (position.revision, stream->loaded_revision) == 0 ||
      strcmp (position.revision, stream->tried_revision) == 0)
    return;
  strcpy (stream->tried_revision, position.revision);
  load (stream);
}

static gboolean
on_look (gpointer user_data)
{
  LinceStream *stream = user_data;
  gint64 now = lince_monotonic_now ();
  guint64 frames = stream->pipeline ? lince_pipeline_frames (stream->pipeline) : 0;

  if (stream->stopping || !stream->configured)
    return G_SOURCE_CONTINUE;
  lince_stream_observe (stream);
  follow_revision (stream);
  /* opening a collection has no deadline */
  if (stream->loading && !stream->pipeline && stream->watch.state == LINCE_STREAM_STARTING)
    return G_SOURCE_CONTINUE;
  act (stream, lince_watch_look (&stream->watch, now, frames));
  if (stream->pipeline && g_strcmp0 (stream->remark, stream->said_remark) != 0)
    say_state (stream);
  return G_SOURCE_CONTINUE;
}

LinceStream *
lince_stream_new (const char *id, const char *run, const LinceStreamCallbacks *callbacks,
    gpointer user_data, LinceTrace *trace)
{
  LinceStream *stream = g_new0 (LinceStream, 1);

  lince_stream_settings_init (&stream->settings);
  stream->callbacks = *callbacks;
  stream->user_data = user_data;
  stream->trace = trace;
  stream->reporter = lince_reporter_new (id, run, callbacks->event, user_data);
  lince_watch_init (&stream->watch, g_str_hash (run));
  stream->look = g_timeout_add (LOOK_INTERVAL_MS, on_look, stream);
  return stream;
}

static void
drop_pipeline (gboolean gone, gpointer user_data)
{
}

void
lince_stream_free (LinceStream *stream)
{
  if (!stream)
    return;
  if (stream->pipeline)
    lince_pipeline_dispose (stream->pipeline, drop_pipeline, NULL);
  if (stream->loading)
    g_cancellable_cancel (stream->loading);
  g_clear_object (&stream->loading);
  g_clear_handle_id (&stream->look, g_source_remove);
  g_clear_handle_id (&stream->stop_deadline, g_source_remove);
  lince_watch_clear (&stream->watch);
  lince_reporter_free (stream->reporter);
  lince_stream_settings_clear (&stream->settings);
  g_free (stream->loaded_path);
  g_free (stream->remark);
  g_free (stream->said_remark);
  g_free (stream);
}

void
lince_stream_configure (LinceStream *stream, const LinceStreamSettings *settings)
{
  g_autoptr (GError) error = NULL;
  gboolean rebuild = !stream->configured || stream->watch.state == LINCE_STREAM_STOPPED ||
                     lince_stream_settings_need_rebuild (&stream->settings, settings) ||
                     (stream->settings.collection && !settings->collection);
  gboolean new_collection = g_strcmp0 (stream->settings.collection, settings->collection) != 0;

  /* a daemon that comes back says it again */
  if (stream->stopping ||
      (stream->configured && lince_stream_settings_equal (&stream->settings, settings)))
    return;
  stream->configured = TRUE;
  lince_stream_settings_copy (&stream->settings, settings);
  if (settings->collection)
    lince_reporter_set_collection (stream->reporter, settings->collection, settings->collection_id);
  if (!lince_stream_settings_check (settings, &error)) {
    give_up (stream, "reset");
    lince_watch_stop (&stream->watch, lince_monotonic_now (), error->message);
    say_state (stream);
    return;
  }
  if (rebuild || !stream->pipeline) {
    lince_watch_forgive (&stream->watch);
    give_up (stream, "reset");
    build (stream);
    return;
  }
  if (!lince_pipeline_set (stream->pipeline, settings, &error))
    fail (stream, error->message);
  else if (new_collection)
    load (stream);
}

static gboolean
on_stop_deadline (gpointer user_data)
{
  LinceStream *stream = user_data;

  stream->stop_deadline = 0;
  finish (stream, "");
  return G_SOURCE_REMOVE;
}

void
lince_stream_stop (LinceStream *stream)
{
  if (stream->stopping)
    return;
  stream->stopping = TRUE;
  if (!stream->pipeline) {
    finish (stream, "");
    return;
  }
  lince_pipeline_send_eos (stream->pipeline);
  stream->stop_deadline = g_timeout_add (STOP_DEADLINE_MS, on_stop_deadline, stream);
}

LinceStreamState
lince_stream_state (LinceStream *stream)
{
  return stream->watch.state;
}

guint64
lince_stream_frames (LinceStream *stream)
{
  return stream->earlier_frames + (stream->pipeline ? lince_pipeline_frames (stream->pipeline) : 0);
}

guint64
lince_stream_analysed (LinceStream *stream)
{
  return stream->earlier_analysed +
         (stream->pipeline ? lince_pipeline_analysed (stream->pipeline) : 0);
}

void
lince_stream_observe (LinceStream *stream)
{
  g_autoptr (GstStructure) frame =
      stream->pipeline ? lince_pipeline_take_frame (stream->pipeline) : NULL;

  if (frame)
    lince_reporter_observe (stream->reporter, frame, lince_monotonic_now ());
}

LinceReporter *
lince_stream_reporter (LinceStream *stream)
{
  return stream->reporter;
}

gboolean
lince_stream_has_output (LinceStream *stream)
{
  return stream->output;
}
