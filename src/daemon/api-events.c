/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Events over HTTP: the WebSocket, the log's pages, what stands now. */
#include <string.h>

#include "daemon/api.h"
#include "daemon/later.h"
#include "daemon/query.h"
#include "daemon/reply.h"
#include "store/exposures.h"
#include "store/log_reader.h"

#define DEFAULT_LIMIT 100
#define MAX_LIMIT 1000
/* A filter that hardly anything passes must not read the whole log for one answer. */
#define MAX_READ 200000

static void
refuse_query (SoupServerMessage *message, const GError *error)
{
  linced_reply_error (message, SOUP_STATUS_BAD_REQUEST, "bad-query", "%s", error->message);
}

/* ---- the log's pages ---- */

/* What a thread needs to read a page. */
typedef struct {
  char *directory, *log;
  LincedView *view;
  guint64 after, last;
  guint limit;
} Page;

static void
page_free (gpointer data)
{
  Page *page = data;
  linced_view_unref (page->view);
  g_free (page->directory);
  g_free (page->log);
  g_free (page);
}

/* Appends the page's events; returns the number after which the next page begins. */
static gboolean
append_page (const Page *page, GString *json, guint64 *next, GError **error)
{
  g_autoptr (LinceLogReader) reader =
      lince_log_reader_open (page->directory, page->after + 1, error);
  g_autofree LinceEvent *event = g_new (LinceEvent, 1);
  const char *line;
  gsize length;
  guint count = 0;
  if (!reader)
    return FALSE;
  for (guint read = 0; count < page->limit && read < MAX_READ; read++) {
    LinceLogRead result = lince_log_reader_next (reader, page->last, event, &line, &length, error);
    if (result == LINCE_LOG_ERROR)
      return FALSE;
    if (result == LINCE_LOG_END) {
      *next = MAX (page->last, page->after);
      return TRUE;
    }
    *next = event->sequence;
    if (!linced_view_passes (page->view, event))
      continue;
    if (count++ > 0)
      g_string_append_c (json, ',');
    g_string_append_len (json, line, (gssize) length);
  }
  return TRUE;
}

static char *
write_page (gpointer data, GError **error)
{
  const Page *page = data;
  g_autoptr (GString) events = g_string_new (NULL);
  guint64 next = page->after;
  /* an empty log has no file to open */
  if (page->last > page->after && !append_page (page, events, &next, error))
    return NULL;
  /* the lines are JSON already, as the log holds them */
  return g_strdup_printf ("{\"log\":\"%s\",\"seq\":%" G_GUINT64_FORMAT
                          ",\"next\":%" G_GUINT64_FORMAT ",\"events\":[%s]}",
      page->log, page->last, next, events->str);
}

static void
answer_page (const LincedRequest *request, LincedApi *api, LincedView *view, GHashTable *fields)
{
  guint64 last = lince_record_last_sequence (api->record);
  guint64 after, limit;
  g_autoptr (GError) error = NULL;
  if (!linced_query_number (fields, "limit", 1, MAX_LIMIT, DEFAULT_LIMIT, &limit, &error) ||
      !linced_query_number (
          fields, "after", 0, G_MAXINT64, last > limit ? last - limit : 0, &after, &error)) {
    refuse_query (request->message, error);
    return;
  }
  Page *page = g_new0 (Page, 1);
  page->directory = g_strdup (lince_record_log_dir (api->record));
  page->log = g_strdup (lince_record_log_id (api->record));
  page->view = linced_view_ref (view);
  page->after = after;
  page->last = last;
  page->limit = (guint) limit;
  linced_later_answer (
      request->message, "application/json; charset=utf-8", write_page, page, page_free);
}

/* ---- the WebSocket ---- */

static gboolean
is_websocket (SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  return soup_message_headers_header_contains (headers, "Upgrade", "websocket");
}

static void
open_websocket (const LincedRequest *request, LincedApi *api, LincedView *view, GHashTable *fields)
{
  LincedResume resume = {.log = g_hash_table_lookup (fields, "log")};
  g_autoptr (GError) error = NULL;
  if (!linced_query_number (fields, "after", 0, G_MAXINT64, 0, &resume.after, &error)) {
    refuse_query (request->message, error);
    return;
  }
  if (!resume.log != !g_hash_table_contains (fields, "after")) {
    linced_reply_error (request->message, SOUP_STATUS_BAD_REQUEST, "bad-query",
        "To go on where you were, give both log and after, as hello and the last event had them.");
    return;
  }
  linced_server_upgrade (api->server, request, view, &resume);
}

void
linced_api_get_events (const LincedRequest *request, gpointer data)
{
  static const char *const socket_fields[] = {
      "stream", "object", "type", "metadata", "log", "after", "ticket", NULL};
  static const char *const page_fields[] = {"stream", "object", "type", "after", "limit", NULL};
  gboolean websocket = is_websocket (request->message);
  g_autoptr (GError) error = NULL;
  g_autoptr (LincedView) view = NULL;
  g_autoptr (GHashTable) fields =
      linced_query_parse (request->query, websocket ? socket_fields : page_fields, &error);
  if (fields)
    view = linced_view_new (request->query, &error);
  if (!view)
    refuse_query (request->message, error);
  else if (websocket)
    open_websocket (request, data, view, fields);
  else
    answer_page (request, data, view, fields);
}

/* ---- exposures ---- */

void
linced_api_get_exposures (const LincedRequest *request, gpointer data)
{
  static const char *const known[] = {"stream", "object", "metadata", NULL};
  LincedApi *api = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (LincedView) view = NULL;
  g_autoptr (GHashTable) fields = linced_query_parse (request->query, known, &error);
  if (fields)
    view = linced_view_new (request->query, &error);
  if (!view) {
    refuse_query (request->message, error);
    return;
  }
  g_autoptr (GPtrArray) open = lince_exposures_list (lince_record_exposures (api->record), NULL);
  g_autoptr (GString) line = g_string_new (NULL);
  GString *json = g_string_new (NULL);
  g_string_append_printf (json, "{\"seq\":%" G_GUINT64_FORMAT ",\"exposures\":[",
      lince_record_last_sequence (api->record));
  for (guint i = 0, count = 0; i < open->len; i++) {
    const LinceEvent *event = &((const LinceOpenExposure *) g_ptr_array_index (open, i))->event;
    if (!linced_view_passes (view, event))
      continue;
    g_string_truncate (line, 0);
    lince_event_write (event, line);
    g_autofree char *text = linced_view_join_metadata (
        view, event, line->str, line->len, linced_api_metadata, api->supervisor);
    if (count++ > 0)
      g_string_append_c (json, ',');
    g_string_append (json, text);
  }
  g_string_append (json, "]}");
  linced_reply_json (request->message, SOUP_STATUS_OK, g_string_free (json, FALSE));
}
