/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hub.h"

#include <string.h>

#include "daemon/client.h"
#include "daemon/websocket.h"
#include "store/exposures.h"
#include "store/log_reader.h"
#include "wire/client.h"

/* Events read from the log for one client in one turn of the loop. */
#define REPLAY_BATCH 128

/* A view in use, and its clients. */
typedef struct {
  LincedView *view;
  GPtrArray *members; /* of Member, borrowed */
} Group;

typedef struct {
  LincedHub *hub;
  LincedClient *client;
  Group *group;
  guint64 position;       /* the last number that it was sent or that does not concern it */
  LinceLogReader *replay; /* NULL: live */
  guint pump_source;
} Member;

struct _LincedHub {
  LincedHubSources sources;
  LinceRecord *record;
  LincedPoller *poller;
  GHashTable *groups;  /* the view's key to Group */
  GHashTable *members; /* the client to Member */
  guint tick_source;
  guint64 dropped; /* by clients that are gone */
  gboolean closed;
};

static void pump (Member *member);

static void
group_free (gpointer data)
{
  Group *group = data;
  linced_view_unref (group->view);
  g_ptr_array_unref (group->members);
  g_free (group);
}

static void
member_free (gpointer data)
{
  Member *member = data;
  g_clear_handle_id (&member->pump_source, g_source_remove);
  lince_log_reader_free (member->replay);
  linced_client_free (member->client);
  g_free (member);
}

static GBytes *
text_frame (const char *text, gsize length)
{
  return linced_websocket_frame (LINCED_WEBSOCKET_TEXT, text, length);
}

/* ---- live ---- */

static GBytes *
frame_for_view (LincedHub *self, LincedView *view, const LinceEvent *event, GBytes *line)
{
  gsize length;
  const char *text = g_bytes_get_data (line, &length);
  if (linced_view_is_plain (view))
    return text_frame (text, length);
  g_autofree char *own =
      linced_view_write (view, event, text, length, self->sources.metadata, self->sources.data);
  return own ? text_frame (own, strlen (own)) : NULL;
}

static void
send_to_member (Member *member, const LinceEvent *event, GBytes *frame)
{
  if (event->type == LINCE_EVENT_MOVED) {
    linced_client_send_moved (member->client, frame, event->stream);
  } else if (!member->replay && event->sequence > member->position) {
    linced_client_send (member->client, frame, event->sequence);
    member->position = event->sequence;
  }
}

void
linced_hub_publish (LincedHub *self, const LinceEvent *event, GBytes *line)
{
  g_autoptr (GBytes) plain = NULL;
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, self->groups);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Group *group = value;
    if (!linced_view_passes (group->view, event))
      continue;
    g_autoptr (GBytes) frame = NULL;
    if (linced_view_is_plain (group->view))
      frame =
          g_bytes_ref (plain ? plain : (plain = frame_for_view (self, group->view, event, line)));
    else
      frame = frame_for_view (self, group->view, event, line);
    /* a client that ends meanwhile says so from the main loop: the array stays as it is */
    for (guint i = 0; frame && i < group->members->len; i++)
      send_to_member (g_ptr_array_index (group->members, i), event, frame);
  }
}

/* ---- hello ---- */

static const char *
exposure_metadata (const LinceEvent *exposure, gpointer data)
{
  const LincedHub *self = data;
  return self->sources.metadata (exposure->stream, exposure->object, self->sources.data);
}

/* Those of the open exposures that the view passes. */
static GPtrArray *
list_exposures (LincedHub *self, LincedView *view)
{
  g_autoptr (GPtrArray) open = lince_exposures_list (lince_record_exposures (self->record), NULL);
  GPtrArray *passed = g_ptr_array_new ();
  for (guint i = 0; i < open->len; i++) {
    const LinceEvent *event = &((const LinceOpenExposure *) g_ptr_array_index (open, i))->event;
    if (linced_view_passes_stream (view, event->stream) &&
        linced_view_passes_object (view, event->object))
      g_ptr_array_add (passed, (gpointer) event);
  }
  return passed;
}

static GPtrArray *
list_streams (LincedHub *self, LincedView *view)
{
  GPtrArray *events = self->sources.streams (self->sources.data);
  for (guint i = 0; i < events->len;) {
    const LinceEvent *event = g_ptr_array_index (events, i);
    if (linced_view_passes_stream (view, event->stream))
      i++;
    else
      g_ptr_array_remove_index (events, i);
  }
  return events;
}

static void
send_hello (LincedHub *self, Member *member, gboolean resumes, const char *refusal)
{
  LincedView *view = member->group->view;
  g_autoptr (GPtrArray) streams = list_streams (self, view);
  g_autoptr (GPtrArray) exposures = list_exposures (self, view);
  LinceHello hello = {
      .log = lince_record_log_id (self->record),
      .node = lince_record_node (self->record),
      .version = LINCE_VERSION,
      .sequence = member->position,
      .streams = (const LinceEvent *const *) streams->pdata,
      .stream_count = streams->len,
      .exposures = (const LinceEvent *const *) exposures->pdata,
      .exposure_count = exposures->len,
      .resumes = resumes,
      .reason = refusal,
      .metadata = linced_view_wants_metadata (view) ? exposure_metadata : NULL,
      .data = self,
  };
  g_autoptr (GString) json = g_string_new (NULL);
  lince_client_write_hello (&hello, json);
  g_autoptr (GBytes) frame = text_frame (json->str, json->len);
  linced_client_send (member->client, frame, 0);
}

/* ---- replay ---- */

static gboolean
on_pump (gpointer data)
{
  Member *member = data;
  member->pump_source = 0;
  pump (member);
  return G_SOURCE_REMOVE;
}

static void
end_replay (Member *member)
{
  g_clear_pointer (&member->replay, lince_log_reader_free);
}

static void
send_replayed (Member *member, const LinceEvent *event, const char *line, gsize length)
{
  LincedHub *self = member->hub;
  LincedView *view = member->group->view;
  member->position = event->sequence;
  if (!linced_view_passes (view, event))
    return;
  g_autofree char *text = linced_view_join_metadata (
      view, event, line, length, self->sources.metadata, self->sources.data);
  g_autoptr (GBytes) frame = text_frame (text, strlen (text));
  linced_client_send (member->client, frame, event->sequence);
}

/* Sends from the log what the client has room for. What is published meanwhile lies in the log
 * too; when the reader has come to the last published event, the client is live. */
static void
pump (Member *member)
{
  LincedHub *self = member->hub;
  LinceEvent event;
  for (guint i = 0; i < REPLAY_BATCH && member->replay; i++) {
    if (!linced_client_has_room (member->client))
      return; /* goes on when it is hungry */
    const char *line;
    gsize length;
    g_autoptr (GError) error = NULL;
    guint64 last = lince_record_last_sequence (self->record);
    switch (lince_log_reader_next (member->replay, last, &event, &line, &length, &error)) {
      case LINCE_LOG_EVENT:
        send_replayed (member, &event, line, length);
        break;
      case LINCE_LOG_END:
        end_replay (member);
        /* what is published but not in the log, for want of room on the disk, cannot be replayed */
        if (member->position < last)
          linced_client_note_missed (member->client, member->position + 1, last);
        member->position = MAX (member->position, last);
        break;
      case LINCE_LOG_ERROR:
        g_warning ("a client's replay ends early: %s", error->message);
        linced_client_close (member->client, 1011, "the log cannot be read");
        end_replay (member);
        break;
    }
  }
  if (member->replay && member->pump_source == 0)
    member->pump_source = g_idle_add (on_pump, member);
}

/* NULL, or why the client cannot go on where it was. */
static const char *
begin_replay (LincedHub *self, Member *member, const LincedResume *resume)
{
  g_autoptr (GError) error = NULL;
  const char *directory = lince_record_log_dir (self->record);
  guint64 last = member->position;
  guint64 first = lince_log_first_sequence (directory);
  if (strcmp (resume->log, lince_record_log_id (self->record)) != 0)
    return "this is another log";
  if (resume->after > last)
    return "the log does not reach that number";
  if (first > 0 && resume->after + 1 < first)
    return "the log no longer holds what followed that number";
  if (resume->after == last)
    return NULL;
  member->replay = lince_log_reader_open (directory, resume->after + 1, &error);
  if (!member->replay) {
    g_warning ("a client cannot resume: %s", error->message);
    return "the log cannot be read";
  }
  member->position = resume->after;
  return NULL;
}

/* ---- clients ---- */

static void
on_hungry (LincedClient *client, gpointer data)
{
  Member *member = g_hash_table_lookup (((LincedHub *) data)->members, client);
  if (member && member->replay && member->pump_source == 0)
    member->pump_source = g_idle_add (on_pump, member);
}

static void
on_gone (LincedClient *client, gpointer data)
{
  LincedHub *self = data;
  Member *member = g_hash_table_lookup (self->members, client);
  Group *group = member->group;
  self->dropped += linced_client_dropped (client);
  g_ptr_array_remove_fast (group->members, member);
  if (group->members->len == 0)
    g_hash_table_remove (self->groups, linced_view_key (group->view));
  g_hash_table_remove (self->members, client);
}

static Group *
find_group (LincedHub *self, LincedView *view)
{
  Group *group = g_hash_table_lookup (self->groups, linced_view_key (view));
  if (group)
    return group;
  group = g_new0 (Group, 1);
  group->view = linced_view_ref (view);
  group->members = g_ptr_array_new ();
  g_hash_table_insert (self->groups, (gpointer) linced_view_key (view), group);
  return group;
}

void
linced_hub_add_client (
    LincedHub *self, GIOStream *stream, int fd, LincedView *view, const LincedResume *resume)
{
  static const LincedClientEvents events = {.gone = on_gone, .hungry = on_hungry};
  Member *member = g_new0 (Member, 1);
  member->hub = self;
  member->group = find_group (self, view);
  member->position = lince_record_last_sequence (self->record);
  member->client = linced_client_new (stream, fd, self->poller, &events, self);
  g_ptr_array_add (member->group->members, member);
  g_hash_table_insert (self->members, member->client, member);
  if (self->closed) {
    linced_client_close (member->client, LINCED_CLOSE_GOING_AWAY, "the daemon ends");
    return;
  }
  gboolean resumes = resume && resume->log;
  const char *refusal = resumes ? begin_replay (self, member, resume) : NULL;
  send_hello (self, member, resumes, refusal);
  if (member->replay)
    pump (member);
}

static gboolean
on_tick (gpointer data)
{
  LincedHub *self = data;
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer client;
  g_hash_table_iter_init (&iter, self->members);
  while (g_hash_table_iter_next (&iter, &client, NULL))
    linced_client_tick (client, now);
  return G_SOURCE_CONTINUE;
}

LincedHub *
linced_hub_new (const LincedHubSources *sources, GError **error)
{
  LincedPoller *poller = linced_poller_new (error);
  if (!poller)
    return NULL;
  LincedHub *self = g_new0 (LincedHub, 1);
  self->sources = *sources;
  self->poller = poller;
  self->groups = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, group_free);
  self->members = g_hash_table_new_full (NULL, NULL, NULL, member_free);
  self->tick_source = g_timeout_add_seconds (1, on_tick, self);
  return self;
}

void
linced_hub_set_record (LincedHub *self, LinceRecord *record)
{
  self->record = record;
}

void
linced_hub_free (LincedHub *self)
{
  if (!self)
    return;
  g_source_remove (self->tick_source);
  g_hash_table_unref (self->members);
  g_hash_table_unref (self->groups);
  linced_poller_free (self->poller);
  g_free (self);
}

guint
linced_hub_client_count (const LincedHub *self)
{
  return g_hash_table_size (self->members);
}

guint64
linced_hub_dropped (const LincedHub *self)
{
  guint64 dropped = self->dropped;
  GHashTableIter iter;
  gpointer client;
  g_hash_table_iter_init (&iter, self->members);
  while (g_hash_table_iter_next (&iter, &client, NULL))
    dropped += linced_client_dropped (client);
  return dropped;
}

void
linced_hub_close (LincedHub *self, guint code, const char *reason)
{
  GHashTableIter iter;
  gpointer client;
  self->closed = TRUE;
  g_hash_table_iter_init (&iter, self->members);
  while (g_hash_table_iter_next (&iter, &client, NULL))
    linced_client_close (client, code, reason);
}
