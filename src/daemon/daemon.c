/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/api.h"
#include "daemon/local-socket.h"
#include "daemon/notify.h"
#include "daemon/static.h"
#include "daemon/websocket.h"

/* Files that are open beside connections. */
#define OTHER_FILES 256
#define FLUSH_US (2 * G_USEC_PER_SEC)
#define CLOSE_MS 1500
#define CLOSE_POLL_MS 20

struct _LincedDaemon {
  LincedConfig *config;
  char *run_dir, *address_file;
  int lock;
  LincedAccess *access;
  LincedHub *hub;
  LinceRecord *record;
  LincedSupervisor *supervisor;
  LincedPictures *pictures;
  LincedServer *server;
  LincedApi api;
  FILE *trace; /* when each lasting event came back from the log; NULL unless asked for */
  guint watchdog_source, close_source;
  gint64 close_by; /* monotonic */
  void (*ended) (gpointer data);
  gpointer ended_data;
};

/* ---- from one part to the next ---- */

static void
on_published (const LinceEvent *event, GBytes *line, gpointer data)
{
  LincedDaemon *self = data;
  if (self->trace && event->running_time != LINCE_TIME_NONE)
    fprintf (self->trace, "%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
        lince_event_type_name (event->type), event->running_time,
        g_get_monotonic_time () * G_GINT64_CONSTANT (1000));
  linced_hub_publish (self->hub, event, line);
  if (self->supervisor)
    linced_supervisor_published (self->supervisor, event);
}

static void
on_settled (const char *stream, const char *run, guint64 number, gpointer data)
{
  LincedDaemon *self = data;
  if (self->supervisor)
    linced_supervisor_settled (self->supervisor, stream, run, number);
}

static void
on_moved (const LinceEvent *event, GBytes *line, gpointer data)
{
  linced_hub_publish (((LincedDaemon *) data)->hub, event, line);
}

static GPtrArray *
list_stream_events (gpointer data)
{
  LincedDaemon *self = data;
  GPtrArray *streams = linced_supervisor_streams (self->supervisor);
  GPtrArray *events = g_ptr_array_new ();
  for (guint i = 0; i < streams->len; i++)
    g_ptr_array_add (events, &((LincedStream *) g_ptr_array_index (streams, i))->event);
  return events;
}

static const char *
find_metadata (const char *stream, const char *object, gpointer data)
{
  return linced_api_metadata (stream, object, ((LincedDaemon *) data)->supervisor);
}

/* A picture is taken from the process that serves the stream only. */
static gboolean
is_streams_process (const char *stream, int pid, gpointer data)
{
  LincedStream *found = linced_supervisor_find (((LincedDaemon *) data)->supervisor, stream);
  return found && found->process && linced_process_pid (found->process) == pid;
}

static void
answer_static (const LincedRequest *request, gpointer data)
{
  linced_static_answer (request->message);
}

/* ---- making ---- */

static guint
raise_file_limit (guint wanted)
{
  struct rlimit limit;
  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return wanted;
  rlim_t need = (rlim_t) wanted + OTHER_FILES;
  if (limit.rlim_cur < need) {
    limit.rlim_cur = MIN (need, limit.rlim_max);
    setrlimit (RLIMIT_NOFILE, &limit);
    getrlimit (RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= need)
    return wanted;
  guint possible = limit.rlim_cur > 2 * OTHER_FILES ? (guint) limit.rlim_cur - OTHER_FILES : 64;
  g_warning ("only %u connections are possible, for the limit of open files is %u", possible,
      (guint) limit.rlim_cur);
  return possible;
}

static gboolean
make_state_dir (const char *state_dir, GError **error)
{
  struct stat status;
  if (g_mkdir_with_parents (state_dir, 0700) != 0 || stat (state_dir, &status) != 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "%s: the state folder cannot be made: %s; choose another with --state-dir", state_dir,
        g_strerror (errno));
    return FALSE;
  }
  if (status.st_uid == geteuid () && !(status.st_mode & 022))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
      "%s: not a folder of this user that nobody else may write; choose another with --state-dir",
      state_dir);
  return FALSE;
}

/* `lince bench latency` sets LINCE_TRACE_LATENCY to the file of the stream's stamps
 * (stream/trace.h); beside it go lines of ours, `TYPE RUNNING_TIME LOGGED`, CLOCK_MONOTONIC in ns.
 */
static void
open_trace (LincedDaemon *self)
{
  const char *stream_trace = g_getenv ("LINCE_TRACE_LATENCY");
  g_autofree char *path = stream_trace ? g_strconcat (stream_trace, ".log", NULL) : NULL;

  if (path && !(self->trace = fopen (path, "we")))
    g_warning ("%s: %s; latency is not traced", path, g_strerror (errno));
}

static gboolean
open_record (LincedDaemon *self, const char *state_dir, GError **error)
{
  LinceRecordSettings settings = {.state_dir = state_dir, .node = self->config->node};
  LinceRecordFunctions functions = {.published = on_published, .settled = on_settled, .data = self};
  LincedHubSources sources = {
      .streams = list_stream_events,
      .metadata = find_metadata,
      .data = self,
  };
  open_trace (self);
  self->hub = linced_hub_new (&sources, error);
  if (!self->hub)
    return FALSE;
  self->record = lince_record_open (&settings, &functions, error);
  if (!self->record)
    return FALSE;
  linced_hub_set_record (self->hub, self->record);
  return TRUE;
}

static gboolean
open_streams (LincedDaemon *self, GError **error)
{
  LincedSupervisorEvents events = {.moved = on_moved, .data = self};
  self->supervisor =
      linced_supervisor_new (self->config, self->run_dir, self->record, &events, error);
  if (!self->supervisor)
    return FALSE;
  self->pictures = linced_pictures_new (self->run_dir, is_streams_process, self, error);
  return self->pictures != NULL;
}

/* The address is written down for programs of the same user. */
static void
note_address (LincedDaemon *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_strconcat (linced_server_uri (self->server), "\n", NULL);
  self->address_file = g_build_filename (self->run_dir, "address", NULL);
  if (!g_file_set_contents (self->address_file, line, -1, &error))
    g_warning ("%s", error->message);
}

static gboolean
open_server (LincedDaemon *self, GError **error)
{
  LincedServerSettings settings = {
      .listen = self->config->listen,
      .port = self->config->port,
      .max_connections = raise_file_limit (self->config->max_connections),
      .routes = linced_api_routes (),
      .data = &self->api,
      .fallback = answer_static,
  };
  self->server = linced_server_new (&settings, self->access, self->hub, error);
  if (!self->server)
    return FALSE;
  self->api = (LincedApi){
      .access = self->access,
      .hub = self->hub,
      .supervisor = self->supervisor,
      .pictures = self->pictures,
      .record = self->record,
      .server = self->server,
      .started = g_get_real_time (),
  };
  note_address (self);
  return TRUE;
}

LincedDaemon *
linced_daemon_new (LincedConfig *config, const char *state_dir, const char *run_dir, GError **error)
{
  g_autoptr (LincedDaemon) self = g_new0 (LincedDaemon, 1);
  self->config = config;
  self->run_dir = g_strdup (run_dir);
  self->lock = -1;
  if (!make_state_dir (state_dir, error))
    return NULL;
  self->lock = linced_run_dir_open (run_dir, error);
  if (self->lock < 0)
    return NULL;
  self->access = linced_access_new (config, state_dir, error);
  if (!self->access || !open_record (self, state_dir, error) || !open_streams (self, error) ||
      !open_server (self, error))
    return NULL;
  linced_supervisor_start (self->supervisor);
  self->watchdog_source = linced_notify_start_watchdog ();
  return g_steal_pointer (&self);
}

const char *
linced_daemon_uri (const LincedDaemon *self)
{
  return linced_server_uri (self->server);
}

/* ---- ending ---- */

static gboolean
on_closing (gpointer data)
{
  LincedDaemon *self = data;
  if (linced_hub_client_count (self->hub) > 0 && g_get_monotonic_time () < self->close_by)
    return G_SOURCE_CONTINUE;
  self->close_source = 0;
  self->ended (self->ended_data);
  return G_SOURCE_REMOVE;
}

static void
on_streams_stopped (gpointer data)
{
  LincedDaemon *self = data;
  /* the last events: logged, and sent */
  if (!lince_record_flush (self->record, FALSE, FLUSH_US))
    g_warning ("the last events could not be written in time");
  linced_hub_close (self->hub, LINCED_CLOSE_GOING_AWAY, "the daemon ends");
  self->close_by = g_get_monotonic_time () + CLOSE_MS * G_GINT64_CONSTANT (1000);
  self->close_source = g_timeout_add (CLOSE_POLL_MS, on_closing, self);
}

void
linced_daemon_stop (LincedDaemon *self, void (*ended) (gpointer data), gpointer data)
{
  if (self->ended)
    return;
  self->ended = ended;
  self->ended_data = data;
  linced_notify ("STOPPING=1");
  unlink (self->address_file);
  linced_pictures_stop (self->pictures);
  linced_server_stop (self->server);
  linced_supervisor_stop (self->supervisor, on_streams_stopped, self);
}

void
linced_daemon_free (LincedDaemon *self)
{
  if (!self)
    return;
  g_clear_handle_id (&self->watchdog_source, g_source_remove);
  g_clear_handle_id (&self->close_source, g_source_remove);
  linced_pictures_free (self->pictures);
  linced_server_free (self->server);
  /* the record may publish while it closes: supervisor and hub must live, or be known to be gone */
  g_clear_pointer (&self->supervisor, linced_supervisor_free);
  lince_record_close (self->record);
  linced_hub_free (self->hub);
  linced_access_free (self->access);
  if (self->lock >= 0)
    close (self->lock);
  linced_config_free (self->config);
  g_free (self->address_file);
  g_free (self->run_dir);
  if (self->trace)
    fclose (self->trace);
  g_free (self);
}
