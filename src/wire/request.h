/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Reading the JSON bodies of HTTP requests: json-glib behind a check of size, depth and syntax. */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define LINCE_REQUEST_MAX_BYTES 65536

/* Parses a body that is one JSON object of at most LINCE_REQUEST_MAX_BYTES, nested at most
 * LINCE_JSON_MAX_DEPTH deep, with no name twice in an object. NULL with `error`
 * (LINCE_EVENT_ERROR). Free with json_object_unref. */
JsonObject *lince_request_parse (const char *body, gsize length, GError **error);

/* FALSE with `error` naming the first member that is not in `names` (ended by NULL). */
gboolean lince_request_check_members (
    JsonObject *request, const char *const *names, GError **error);

/* Each sets `value` and returns TRUE, or leaves it when the member is absent; FALSE with `error`
 * when it is of another type or out of range. The text is borrowed from the object, at most `max`
 * bytes, without NUL. */
gboolean lince_request_get_text (
    JsonObject *request, const char *name, gsize max, const char **value, GError **error);
gboolean lince_request_get_integer (
    JsonObject *request, const char *name, gint64 min, gint64 max, gint64 *value, GError **error);
gboolean lince_request_get_boolean (
    JsonObject *request, const char *name, gboolean *value, GError **error);

G_END_DECLS
