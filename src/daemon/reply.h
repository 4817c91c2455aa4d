/* SPDX-License-Identifier: LGPL-2.1-or-later
 * HTTP answers: JSON, errors as {"error":{"code":…,"message":…}}, bytes. Every answer carries the
 * headers that keep browsers from guessing and embedding. */
#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Answers with `json`, taken over. */
void linced_reply_json (SoupServerMessage *message, guint status, char *json);

/* Answers with what the builder holds. */
void linced_reply_builder (SoupServerMessage *message, guint status, JsonBuilder *builder);

/* Adds a member to the object that the builder has open. */
void linced_json_add_string (JsonBuilder *builder, const char *name, const char *value);
void linced_json_add_integer (JsonBuilder *builder, const char *name, gint64 value);
void linced_json_add_double (JsonBuilder *builder, const char *name, double value);

/* `code` is lower-kebab and stays the same over time; the sentence is for people. */
void linced_reply_error (SoupServerMessage *message, guint status, const char *code,
    const char *format, ...) G_GNUC_PRINTF (4, 5);

void linced_reply_bytes (
    SoupServerMessage *message, guint status, const char *content_type, GBytes *bytes);

/* Sets what every answer carries. Done by the functions above. */
void linced_reply_set_headers (SoupServerMessage *message);

G_END_DECLS
