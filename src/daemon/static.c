/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/static.h"

#include <string.h>

#include "daemon/reply.h"

static const struct {
  const char *ending, *type;
} content_types[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

static const char *
find_type (const char *path)
{
  for (gsize i = 0; i < G_N_ELEMENTS (content_types); i++) {
    if (g_str_has_suffix (path, content_types[i].ending))
      return content_types[i].type;
  }
  return "application/octet-stream";
}

/* What a page may load: its own server's files, pictures it has fetched, its own WebSocket (not all
 * browsers count that as 'self'). The Host has been judged, and holds nothing but a name. */
static void
set_policy (SoupServerMessage *message)
{
  const char *host =
      soup_message_headers_get_one (soup_server_message_get_request_headers (message), "Host");
  g_autofree char *policy = g_strdup_printf (
      "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' ws://%s wss://%s; "
      "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      host ? host : "", host ? host : "");
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  soup_message_headers_replace (headers, "Content-Security-Policy", policy);
  soup_message_headers_replace (headers, "X-Frame-Options", "DENY");
}

static gboolean
client_has (SoupServerMessage *message, const char *etag)
{
  const char *list = soup_message_headers_get_list (
      soup_server_message_get_request_headers (message), "If-None-Match");
  return list && (strstr (list, etag) || strcmp (list, "*") == 0);
}

gboolean
linced_static_answer_resource (
    SoupServerMessage *message, const char *path, const char *content_type)
{
  g_autoptr (GBytes) bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  if (!bytes)
    return FALSE;
  g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  g_autofree char *etag = g_strdup_printf ("\"%.32s\"", sum);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  soup_message_headers_replace (headers, "ETag", etag);
  soup_message_headers_replace (headers, "Cache-Control", "no-cache");
  set_policy (message);
  if (client_has (message, etag)) {
    linced_reply_set_headers (message);
    soup_server_message_set_status (message, SOUP_STATUS_NOT_MODIFIED, NULL);
  } else {
    linced_reply_bytes (message, SOUP_STATUS_OK, content_type, bytes);
  }
  return TRUE;
}

void
linced_static_answer (SoupServerMessage *message)
{
  const char *encoded = g_uri_get_path (soup_server_message_get_uri (message));
  g_autofree char *path = g_uri_unescape_string (encoded, NULL);
  if (path && strcmp (path, "/") == 0) {
    g_free (path);
    path = g_strdup ("/index.html");
  }
  g_autofree char *resource = path ? g_strconcat (LINCED_STATIC_PREFIX, path, NULL) : NULL;
  if (!resource || strstr (resource, "..") ||
      !linced_static_answer_resource (message, resource, find_type (resource)))
    linced_reply_error (
        message, SOUP_STATUS_NOT_FOUND, "not-found", "There is nothing at this address.");
}
