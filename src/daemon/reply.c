/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/reply.h"

#include <string.h>

void
linced_reply_set_headers (SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Cross-Origin-Resource-Policy", "same-origin");
  soup_message_headers_replace (headers, "Referrer-Policy", "no-referrer");
  if (!soup_message_headers_get_one (headers, "Cache-Control"))
    soup_message_headers_replace (headers, "Cache-Control", "no-store");
}

void
linced_reply_json (SoupServerMessage *message, guint status, char *json)
{
  linced_reply_set_headers (message);
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (
      message, "application/json; charset=utf-8", SOUP_MEMORY_TAKE, json, strlen (json));
}

void
linced_reply_builder (SoupServerMessage *message, guint status, JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  linced_reply_json (message, status, json_to_string (root, FALSE));
}

void
linced_json_add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

void
linced_json_add_integer (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

void
linced_json_add_double (JsonBuilder *builder, const char *name, double value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_double_value (builder, value);
}

void
linced_reply_error (
    SoupServerMessage *message, guint status, const char *code, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *sentence = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *text = g_utf8_make_valid (sentence, -1);

  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "error");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "code");
  json_builder_add_string_value (builder, code);
  json_builder_set_member_name (builder, "message");
  json_builder_add_string_value (builder, text);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  linced_reply_builder (message, status, builder);
}

void
linced_reply_bytes (
    SoupServerMessage *message, guint status, const char *content_type, GBytes *bytes)
{
  linced_reply_set_headers (message);
  soup_server_message_set_status (message, status, NULL);
  soup_message_headers_set_content_type (
      soup_server_message_get_response_headers (message), content_type, NULL);
  soup_message_body_append_bytes (soup_server_message_get_response_body (message), bytes);
}
