/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/agent.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "stream/link_client.h"
#include "stream/preview.h"
#include "stream/stream.h"

#define LAST_WORDS_MS 2000 /* how long the last events may wait for their acknowledgement */

struct _LinceAgent {
  GMainLoop *loop;
  LinceOutbox *outbox;
  LinceStream *stream;
  LinceLinkClient *link; /* NULL when alone */
  LincePreview *preview;
  LinceTrace *trace;
  gboolean print_moved;
  GSource *turns;
  guint beat;
  guint64 turn_count;
  guint64 lost_told; /* of the events that the outbox gave up, how many the daemon knows of */
  gboolean stopping;
  gint64 deadline; /* when stopping: monotonic ns at which nothing is waited for any more */
  guint ending;
  int status;
};

/* A source that only counts how often the main loop goes round. */
typedef struct {
  GSource source;
  guint64 *count;
} TurnSource;

static gboolean
count_turn (GSource *source, gint *timeout)
{
  (*((TurnSource *) source)->count)++;
  *timeout = -1;
  return FALSE;
}

static GSourceFuncs turn_functions = {.prepare = count_turn};

static void
print_line (const char *line)
{
  fputs (line, stdout);
  /* a reader at the other end of a pipe wants each event when it happens */
  if (fflush (stdout) != 0)
    _exit (EX_IOERR);
}

static void
send_beat (LinceAgent *agent)
{
  LinceReporterPosition position;
  LinceLinkBeat beat = {0};

  lince_stream_observe (agent->stream);
  lince_reporter_position (lince_stream_reporter (agent->stream), &position);
  beat.main_turns = agent->turn_count;
  beat.pipeline_frames = lince_stream_frames (agent->stream);
  beat.frames = lince_stream_analysed (agent->stream);
  beat.dropped = lince_link_client_dropped (agent->link);
  beat.pts = position.pts;
  beat.running_time = position.running_time;
  beat.recognize_ns = position.recognize_time;
  beat.state = lince_stream_state (agent->stream);
  lince_link_client_send_beat (agent->link, &beat);
}

static gboolean
on_beat (gpointer user_data)
{
  send_beat (user_data);
  return G_SOURCE_CONTINUE;
}

static void
on_event (LinceEvent *event, gpointer user_data)
{
  LinceAgent *agent = user_data;

  if (lince_event_type_is_lasting (event->type)) {
    lince_outbox_add (agent->outbox, event);
    if (agent->link) {
      lince_link_client_pump (agent->link);
      if (event->type == LINCE_EVENT_STREAM)
        send_beat (agent);
    } else {
      print_line (lince_outbox_take (agent->outbox));
      lince_outbox_acknowledge (agent->outbox, event->number);
    }
  } else if (agent->link) {
    lince_link_client_send_moved (agent->link, event);
  } else if (agent->print_moved) {
    g_autoptr (GString) line = g_string_new (NULL);

    lince_event_write (event, line);
    print_line (line->str);
  }
  lince_trace_written (agent->trace, event);
}

static void
on_collection (GPtrArray *lines, gpointer user_data)
{
  LinceAgent *agent = user_data;

  if (agent->link)
    lince_link_client_set_lines (agent->link, lines);
}

static void
on_pad (GstPad *pad, gpointer user_data)
{
  LinceAgent *agent = user_data;

  if (agent->preview)
    lince_preview_set_pad (agent->preview, pad);
  if (agent->link && lince_stream_has_output (agent->stream))
    lince_link_client_stay (agent->link);
}

static gboolean
on_ending (gpointer user_data)
{
  LinceAgent *agent = user_data;

  if (agent->link && lince_outbox_kept (agent->outbox) > 0 &&
      lince_monotonic_now () < agent->deadline)
    return G_SOURCE_CONTINUE;
  agent->ending = 0;
  g_main_loop_quit (agent->loop);
  return G_SOURCE_REMOVE;
}

static void
on_ended (gpointer user_data)
{
  LinceAgent *agent = user_data;

  if (!agent->stopping && agent->link)
    return; /* a file at its end; the daemon may have more to do */
  if (!agent->ending)
    agent->ending = g_timeout_add (10, on_ending, agent);
}

static void
on_hung (gpointer user_data)
{
  LinceAgent *agent = user_data;

  g_warning ("a thread of the pipeline does not let go; ending the process");
  agent->status = EX_SOFTWARE;
  agent->stopping = TRUE;
  agent->deadline = lince_monotonic_now () + LAST_WORDS_MS * 1000000LL / 2;
  on_ended (agent);
}

/* Tells of what could not be kept while there was no daemon: their numbers are missing from what it
 * gets. */
static void
on_connected (gpointer user_data)
{
  LinceAgent *agent = user_data;
  guint64 lost = lince_outbox_lost (agent->outbox) - agent->lost_told;
  g_autofree char *text = NULL;

  if (lost == 0)
    return;
  agent->lost_told += lost;
  text = g_strdup_printf ("%" G_GUINT64_FORMAT
                          " events were given up: there was no daemon to take them for too long.",
      lost);
  lince_stream_remark (agent->stream, text);
}

static char *
text_or_null (const char *text)
{
  return text[0] ? g_strdup (text) : NULL;
}

static void
on_configure (const LinceLinkConfigure *configure, gpointer user_data)
{
  LinceAgent *agent = user_data;
  g_auto (LinceStreamSettings) settings;

  lince_stream_settings_init (&settings);
  settings.uri = g_strdup (configure->uri);
  settings.pipeline = text_or_null (configure->pipeline);
  settings.collection = text_or_null (configure->collection);
  settings.collection_id = text_or_null (configure->collection_id);
  settings.mode = text_or_null (configure->mode);
  settings.interval = configure->interval;
  settings.budget = configure->budget;
  settings.minimum_confidence = configure->minimum_confidence;
  lince_stream_configure (agent->stream, &settings);
}

static void
on_look (const LinceLinkLook *look, gpointer user_data)
{
  LinceAgent *agent = user_data;

  lince_preview_look (agent->preview, look);
}

static void
on_stop (gpointer user_data)
{
  lince_agent_stop (user_data, EX_OK);
}

static void
on_refused (const char *sentence, gpointer user_data)
{
  LinceAgent *agent = user_data;

  g_warning ("the daemon refuses this stream: %s", sentence);
  lince_agent_stop (agent, EX_PROTOCOL);
  agent->deadline = 0; /* nobody will acknowledge anything */
}

static void
on_orphaned (gpointer user_data)
{
  LinceAgent *agent = user_data;

  g_warning ("the daemon has not come back; ending");
  lince_agent_stop (agent, EX_UNAVAILABLE);
  agent->deadline = 0;
}

static void
join_daemon (LinceAgent *agent, const LinceAgentOptions *options, const char *run)
{
  static const LinceLinkClientCallbacks callbacks = {
      on_connected, on_configure, on_look, on_stop, on_refused, on_orphaned};
  g_autofree char *events = g_build_filename (options->run_dir, LINCE_LINK_SOCKET, NULL);
  g_autofree char *pictures = g_build_filename (options->run_dir, LINCE_PICTURES_SOCKET, NULL);

  agent->preview =
      lince_preview_new (pictures, options->stream, run, lince_stream_reporter (agent->stream));
  agent->link = lince_link_client_new (
      events, options->stream, run, agent->outbox, options->orphan_seconds, &callbacks, agent);
  agent->beat = g_timeout_add (LINCE_LINK_BEAT_INTERVAL_MS, on_beat, agent);
}

/* 32 hexadecimal digits that no other run has. */
static void
make_run (char run[33])
{
  g_autofree char *uuid = g_uuid_string_random ();
  guint length = 0;

  for (const char *c = uuid; *c && length < 32; c++) {
    if (*c != '-')
      run[length++] = *c;
  }
  run[length] = 0;
}

LinceAgent *
lince_agent_new (const LinceAgentOptions *options)
{
  static const LinceStreamCallbacks callbacks = {
      on_event, on_collection, on_pad, on_ended, on_hung};
  LinceAgent *agent = g_new0 (LinceAgent, 1);
  char run[33];

  make_run (run);
  agent->loop = g_main_loop_new (NULL, FALSE);
  agent->outbox = lince_outbox_new ();
  agent->trace = options->trace;
  agent->print_moved = options->moved;
  agent->stream = lince_stream_new (options->stream, run, &callbacks, agent, options->trace);
  agent->turns = g_source_new (&turn_functions, sizeof (TurnSource));
  ((TurnSource *) agent->turns)->count = &agent->turn_count;
  g_source_attach (agent->turns, NULL);
  if (options->run_dir)
    join_daemon (agent, options, run);
  else
    lince_stream_configure (agent->stream, options->settings);
  return agent;
}

void
lince_agent_free (LinceAgent *agent)
{
  if (!agent)
    return;
  g_clear_handle_id (&agent->beat, g_source_remove);
  g_clear_handle_id (&agent->ending, g_source_remove);
  g_source_destroy (agent->turns);
  g_source_unref (agent->turns);
  lince_preview_free (agent->preview);
  agent->preview = NULL;
  lince_stream_free (agent->stream);
  lince_link_client_free (agent->link);
  lince_outbox_free (agent->outbox);
  g_main_loop_unref (agent->loop);
  g_free (agent);
}

int
lince_agent_run (LinceAgent *agent)
{
  g_main_loop_run (agent->loop);
  return agent->status;
}

void
lince_agent_stop (LinceAgent *agent, int status)
{
  if (agent->stopping)
    return;
  agent->stopping = TRUE;
  agent->status = status;
  agent->deadline = lince_monotonic_now () + LAST_WORDS_MS * 1000000LL;
  lince_stream_stop (agent->stream);
}
