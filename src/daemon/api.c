/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/api.h"

#include <string.h>

#include "daemon/query.h"
#include "daemon/reply.h"
#include "daemon/static.h"
#include "wire/json_write.h"

/* What a stream is asked for while somebody looks. */
#define LOOK_PICTURES 8
#define LOOK_WIDTH 640
#define LOOK_MS 12000

static void
refuse_query (SoupServerMessage *message, const GError *error)
{
  linced_reply_error (message, SOUP_STATUS_BAD_REQUEST, "bad-query", "%s", error->message);
}

/* For routes that take no query; FALSE: answered. */
static gboolean
check_no_query (const LincedRequest *request)
{
  static const char *const none[] = {NULL};
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) fields = linced_query_parse (request->query, none, &error);
  if (!fields)
    linced_reply_error (
        request->message, SOUP_STATUS_BAD_REQUEST, "bad-query", "This address takes no query.");
  return fields != NULL;
}

static LincedStream *
find_stream (const LincedRequest *request, LincedApi *api)
{
  LincedStream *stream = linced_supervisor_find (api->supervisor, request->names[0]);
  if (!stream)
    linced_reply_error (request->message, SOUP_STATUS_NOT_FOUND, "no-such-stream",
        "There is no stream '%s' in the configuration.", request->names[0]);
  return stream;
}

/* ---- health ---- */

static void
write_health (LincedApi *api, JsonBuilder *builder)
{
  LinceRecordState state;
  char started[LINCE_JSON_UTC_LENGTH + 1];
  lince_record_get_state (api->record, &state);
  lince_json_format_utc (api->started, started);
  linced_json_add_string (builder, "version", LINCE_VERSION);
  linced_json_add_string (builder, "node", lince_record_node (api->record));
  linced_json_add_string (builder, "log", lince_record_log_id (api->record));
  linced_json_add_string (builder, "started", started);
  linced_json_add_integer (builder, "seq", (gint64) lince_record_last_sequence (api->record));
  linced_json_add_integer (builder, "connections", linced_server_connections (api->server));
  linced_json_add_integer (builder, "refused", (gint64) linced_server_refused (api->server));
  linced_json_add_integer (builder, "clients", linced_hub_client_count (api->hub));
  linced_json_add_integer (builder, "dropped", (gint64) linced_hub_dropped (api->hub));
  linced_json_add_integer (builder, "waiting", (gint64) state.waiting);
  linced_json_add_integer (builder, "lost", (gint64) state.lost);
  linced_json_add_integer (builder, "consolidated", (gint64) state.consolidated);
  json_builder_set_member_name (builder, "space_used");
  json_builder_add_double_value (builder, state.space_used);
}

/* Who may not read learns only that it lives: what a proxy's check needs. */
static void
get_health (const LincedRequest *request, gpointer data)
{
  LincedApi *api = data;
  LinceRecordState state;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  if (!check_no_query (request))
    return;
  lince_record_get_state (api->record, &state);
  json_builder_begin_object (builder);
  linced_json_add_string (builder, "status", state.failing ? "log-failing" : "ok");
  if (request->authorized || !linced_access_guards_reading (api->access))
    write_health (api, builder);
  json_builder_end_object (builder);
  linced_reply_builder (request->message, SOUP_STATUS_OK, builder);
}

static void
get_description (const LincedRequest *request, gpointer data)
{
  if (check_no_query (request))
    linced_static_answer_resource (
        request->message, "/org/lince/daemon/api.json", "application/json; charset=utf-8");
}

/* ---- streams ---- */

static void
get_streams (const LincedRequest *request, gpointer data)
{
  LincedApi *api = data;
  GPtrArray *streams = linced_supervisor_streams (api->supervisor);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  if (!check_no_query (request))
    return;
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "streams");
  json_builder_begin_array (builder);
  for (guint i = 0; i < streams->len; i++)
    linced_stream_write (g_ptr_array_index (streams, i), builder);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  linced_reply_builder (request->message, SOUP_STATUS_OK, builder);
}

static void
get_stream (const LincedRequest *request, gpointer data)
{
  LincedStream *stream = find_stream (request, data);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  if (!stream || !check_no_query (request))
    return;
  linced_stream_write (stream, builder);
  linced_reply_builder (request->message, SOUP_STATUS_OK, builder);
}

static void
restart_stream (const LincedRequest *request, gpointer data)
{
  LincedApi *api = data;
  LincedStream *stream = find_stream (request, api);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  if (!stream || !check_no_query (request))
    return;
  if (!linced_supervisor_restart (api->supervisor, stream)) {
    linced_reply_error (request->message, SOUP_STATUS_CONFLICT, "stream-disabled",
        "The configuration says enabled=false for this stream, or the daemon is ending.");
    return;
  }
  linced_stream_write (stream, builder);
  linced_reply_builder (request->message, SOUP_STATUS_ACCEPTED, builder);
}

static void
get_picture (const LincedRequest *request, gpointer data)
{
  static const char *const known[] = {"after", NULL};
  static const LinceLinkLook look = {LOOK_PICTURES, LOOK_WIDTH, LOOK_MS};
  LincedApi *api = data;
  LincedStream *stream = find_stream (request, api);
  g_autoptr (GError) error = NULL;
  guint64 after;
  if (!stream)
    return;
  g_autoptr (GHashTable) fields = linced_query_parse (request->query, known, &error);
  if (!fields || !linced_query_number (
                     fields, "after", 0, G_MAXINT64, (guint64) LINCE_TIME_NONE, &after, &error)) {
    refuse_query (request->message, error);
    return;
  }
  linced_supervisor_look (api->supervisor, stream, &look);
  linced_pictures_answer (api->pictures, stream->config->id, (gint64) after, request->message);
}

static void
get_objects (const LincedRequest *request, gpointer data)
{
  static const char *const known[] = {"stream", NULL};
  LincedApi *api = data;
  GPtrArray *streams = linced_supervisor_streams (api->supervisor);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) fields = linced_query_parse (request->query, known, &error);
  if (!fields) {
    refuse_query (request->message, error);
    return;
  }
  const char *wanted = g_hash_table_lookup (fields, "stream");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "streams");
  json_builder_begin_array (builder);
  for (guint i = 0; i < streams->len; i++) {
    LincedStream *stream = g_ptr_array_index (streams, i);
    if (wanted && strcmp (wanted, stream->config->id) != 0)
      continue;
    json_builder_begin_object (builder);
    linced_json_add_string (builder, "stream", stream->config->id);
    linced_json_add_string (builder, "collection", stream->collection_id);
    linced_json_add_string (builder, "revision", stream->revision);
    json_builder_set_member_name (builder, "objects");
    linced_stream_write_objects (stream, builder);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  linced_reply_builder (request->message, SOUP_STATUS_OK, builder);
}

const char *
linced_api_metadata (const char *stream, const char *object, gpointer supervisor)
{
  const LincedStream *found = linced_supervisor_find (supervisor, stream);
  return found ? linced_stream_metadata (found, object) : NULL;
}

/* ---- access ---- */

static void
post_ticket (const LincedRequest *request, gpointer data)
{
  LincedApi *api = data;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  if (!check_no_query (request))
    return;
  g_autofree char *ticket = linced_access_new_ticket (api->access);
  if (!ticket) {
    linced_reply_error (request->message, SOUP_STATUS_SERVICE_UNAVAILABLE, "too-many-tickets",
        "Too many tickets are out; try again in %d s.", LINCED_TICKET_S);
    return;
  }
  json_builder_begin_object (builder);
  linced_json_add_string (builder, "ticket", ticket);
  linced_json_add_integer (builder, "expires_in", LINCED_TICKET_S);
  json_builder_end_object (builder);
  linced_reply_builder (request->message, SOUP_STATUS_CREATED, builder);
}

static void
set_cookie (SoupServerMessage *message, const char *value, gint seconds)
{
  g_autofree char *cookie = g_strdup_printf ("%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d",
      LINCED_SESSION_COOKIE, value, seconds);
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Set-Cookie", cookie);
  linced_reply_set_headers (message);
  soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
}

static void
post_login (const LincedRequest *request, gpointer data)
{
  LincedApi *api = data;
  if (!check_no_query (request))
    return;
  g_autofree char *session = linced_access_new_session (api->access);
  if (session)
    set_cookie (request->message, session, LINCED_SESSION_S);
  else
    linced_reply_error (request->message, SOUP_STATUS_SERVICE_UNAVAILABLE, "too-many-sessions",
        "Too many are logged in; log out elsewhere, or try again later.");
}

static void
post_logout (const LincedRequest *request, gpointer data)
{
  LincedApi *api = data;
  if (!check_no_query (request))
    return;
  linced_access_end_session (api->access, request->message);
  set_cookie (request->message, "", 0);
}

const LincedRoute *
linced_api_routes (void)
{
  static const LincedRoute routes[] = {
      {"GET", "/api/v1", LINCED_ROUTE_OPEN, get_description},
      {"GET", "/api/v1/health", LINCED_ROUTE_OPEN, get_health},
      {"GET", "/api/v1/streams", LINCED_ROUTE_READS, get_streams},
      {"GET", "/api/v1/streams/{stream}", LINCED_ROUTE_READS, get_stream},
      {"POST", "/api/v1/streams/{stream}/restart", LINCED_ROUTE_CHANGES, restart_stream},
      {"GET", "/api/v1/streams/{stream}/picture", LINCED_ROUTE_READS, get_picture},
      {"GET", "/api/v1/exposures", LINCED_ROUTE_READS, linced_api_get_exposures},
      {"GET", "/api/v1/objects", LINCED_ROUTE_READS, get_objects},
      {"GET", "/api/v1/events", LINCED_ROUTE_READS, linced_api_get_events},
      {"GET", "/api/v1/statistics", LINCED_ROUTE_READS, linced_api_get_statistics},
      {"POST", "/api/v1/ws-ticket", LINCED_ROUTE_CHANGES, post_ticket},
      {"POST", "/api/v1/login", LINCED_ROUTE_CHANGES, post_login},
      {"POST", "/api/v1/logout", LINCED_ROUTE_CHANGES, post_logout},
      {NULL},
  };
  return routes;
}
