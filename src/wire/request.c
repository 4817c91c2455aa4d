/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/request.h"

#include <string.h>

#include "wire/event.h"
#include "wire/json_read.h"

static gboolean
refuse (GError **error, LinceEventError code, const char *name, const char *problem)
{
  g_set_error (error, LINCE_EVENT_ERROR, code, "request: %s %s", name, problem);
  return FALSE;
}

/* json-glib lets a later member of the same name win */
static gboolean
check_names_once (LinceJsonReader *json)
{
  g_autoptr (GHashTable) names = NULL;
  char next = lince_json_peek (json);
  char name[256];

  if (next != '{' && next != '[')
    return lince_json_skip (json);
  json->position++;
  if (lince_json_accept (json, next == '{' ? '}' : ']'))
    return TRUE;
  if (next == '{')
    names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  do {
    if (names && !lince_json_read_key (json, name, sizeof name))
      return FALSE;
    if (names && !g_hash_table_add (names, g_strdup (name)))
      return lince_json_fail (json, "has a name twice, or two that are too long");
    if (!check_names_once (json))
      return FALSE;
  } while (lince_json_accept (json, ','));
  return lince_json_expect (json, next == '{' ? '}' : ']');
}

/* depth first: the other check and json-glib call themselves for each level */
static gboolean
check_body (LinceJsonReader *json, const char *body, gsize length)
{
  if (!lince_json_reader_init (json, body, length))
    return FALSE;
  if (lince_json_peek (json) != '{')
    return lince_json_fail (json, "is not an object");
  if (!lince_json_skip (json))
    return FALSE;
  if (!lince_json_at_end (json))
    return lince_json_fail (json, "goes on behind its object");
  json->position = json->start;
  return check_names_once (json);
}

JsonObject *
lince_request_parse (const char *body, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  LinceJsonReader json;

  if (length > LINCE_REQUEST_MAX_BYTES) {
    refuse (error, LINCE_EVENT_ERROR_SYNTAX, "the body", "is larger than 64 KiB");
    return NULL;
  }
  if (!check_body (&json, body, length)) {
    g_set_error (error, LINCE_EVENT_ERROR, LINCE_EVENT_ERROR_SYNTAX,
        "request: the body %s (at byte %" G_GSIZE_FORMAT ")", json.problem,
        (gsize) (json.position - json.start));
    return NULL;
  }
  if (!json_parser_load_from_data (parser, body, (gssize) length, error))
    return NULL;
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

gboolean
lince_request_check_members (JsonObject *request, const char *const *names, GError **error)
{
  g_autoptr (GList) members = json_object_get_members (request);

  for (GList *member = members; member; member = member->next)
    if (!g_strv_contains (names, member->data)) {
      g_autofree char *shown = g_strescape (member->data, NULL);
      g_set_error (error, LINCE_EVENT_ERROR, LINCE_EVENT_ERROR_FIELD,
          "request: '%.64s' is not known here", shown);
      return FALSE;
    }
  return TRUE;
}

/* the member's value, NULL when it is absent; FALSE when it is of another type */
static gboolean
get_value (JsonObject *request, const char *name, GType type, JsonNode **node, const char *problem,
    GError **error)
{
  *node = json_object_get_member (request, name);
  if (*node && (!JSON_NODE_HOLDS_VALUE (*node) || json_node_get_value_type (*node) != type))
    return refuse (error, LINCE_EVENT_ERROR_FIELD, name, problem);
  return TRUE;
}

gboolean
lince_request_get_text (
    JsonObject *request, const char *name, gsize max, const char **value, GError **error)
{
  JsonNode *node;

  if (!get_value (request, name, G_TYPE_STRING, &node, "is not a string", error))
    return FALSE;
  if (node && strlen (json_node_get_string (node)) > max)
    return refuse (error, LINCE_EVENT_ERROR_FIELD, name, "is too long");
  if (node)
    *value = json_node_get_string (node);
  return TRUE;
}

gboolean
lince_request_get_integer (
    JsonObject *request, const char *name, gint64 min, gint64 max, gint64 *value, GError **error)
{
  JsonNode *node;

  if (!get_value (request, name, G_TYPE_INT64, &node, "is not a whole number", error))
    return FALSE;
  if (node && (json_node_get_int (node) < min || json_node_get_int (node) > max))
    return refuse (error, LINCE_EVENT_ERROR_FIELD, name, "is out of range");
  if (node)
    *value = json_node_get_int (node);
  return TRUE;
}

gboolean
lince_request_get_boolean (JsonObject *request, const char *name, gboolean *value, GError **error)
{
  JsonNode *node;

  if (!get_value (request, name, G_TYPE_BOOLEAN, &node, "is neither true nor false", error))
    return FALSE;
  if (node)
    *value = json_node_get_boolean (node);
  return TRUE;
}
