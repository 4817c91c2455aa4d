/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/client.h"

#include <stddef.h>
#include <string.h>

#include "wire/event_fields.h"
#include "wire/fields.h"
#include "wire/json_write.h"

#define CLIENT_VERSION 1
#define MEMBER(member)                                                                             \
  offsetof (LinceClientMessage, member), sizeof (((LinceClientMessage *) NULL)->member)
#define TEXT(name, kind, member)                                                                   \
  {                                                                                                \
    name, LINCE_FLAT_##kind, MEMBER (member), TRUE                                                 \
  }
#define NUMBER(name, member)                                                                       \
  {                                                                                                \
    name, LINCE_FLAT_INTEGER, MEMBER (member), TRUE, 0, LINCE_EVENT_MAX_COUNT, 0                   \
  }
#define HEAD(type)                                                                                 \
  {"v", LINCE_FLAT_VERSION, 0, 0, TRUE, 1, CLIENT_VERSION},                                        \
  {                                                                                                \
    "type", LINCE_FLAT_CONSTANT, 0, 0, TRUE, 0, 0, 0, type                                         \
  }

static const LinceFlatField hello_fields[] = {
    HEAD ("hello"),
    TEXT ("log", UUID, log),
    TEXT ("node", TEXT, node),
    NUMBER ("seq", sequence),
    {"server", LINCE_FLAT_CONSTANT, 0, 0, TRUE, 0, 0, 0, "linced"},
    TEXT ("version", TEXT, version),
};

static const LinceFlatField missed_fields[] = {
    HEAD ("missed"),
    NUMBER ("first", first),
    NUMBER ("last", last),
    NUMBER ("count", count),
    NUMBER ("moved", moved),
};

static const LinceFlatField error_fields[] = {
    HEAD ("error"),
    TEXT ("code", CODE, code),
    TEXT ("text", TEXT, text),
};

static void
append_streams (GString *json, const LinceHello *hello)
{
  g_string_append (json, ",\"streams\":[");
  for (guint i = 0; i < hello->stream_count; i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    lince_event_append (hello->streams[i], json);
  }
  g_string_append_c (json, ']');
}

static void
append_exposures (GString *json, const LinceHello *hello)
{
  g_string_append (json, ",\"exposures\":[");
  for (guint i = 0; i < hello->exposure_count; i++) {
    const LinceEvent *event = hello->exposures[i];
    const char *metadata = hello->metadata ? hello->metadata (event, hello->data) : NULL;
    if (i > 0)
      g_string_append_c (json, ',');
    lince_event_append (event, json);
    if (!metadata)
      continue;
    g_string_truncate (json, json->len - 1);
    g_string_append (json, ",\"metadata\":");
    g_string_append (json, metadata);
    g_string_append_c (json, '}');
  }
  g_string_append_c (json, ']');
}

void
lince_client_write_hello (const LinceHello *hello, GString *json)
{
  g_string_append (json, "{\"v\":1,\"type\":\"hello\",\"log\":");
  lince_json_append_text (json, hello->log);
  g_string_append (json, ",\"node\":");
  lince_json_append_text (json, hello->node);
  g_string_append (json, ",\"seq\":");
  lince_json_append_unsigned (json, hello->sequence);
  g_string_append (json, ",\"server\":\"linced\",\"version\":");
  lince_json_append_text (json, hello->version);
  if (hello->resumes)
    g_string_append_printf (json, ",\"resumed\":%s", hello->reason ? "false" : "true");
  if (hello->resumes && hello->reason) {
    g_string_append (json, ",\"reason\":");
    lince_json_append_text (json, hello->reason);
  }
  append_streams (json, hello);
  append_exposures (json, hello);
  g_string_append_c (json, '}');
}

void
lince_client_write_missed (guint64 first, guint64 last, guint64 count, guint64 moved, GString *json)
{
  LinceClientMessage message = {.first = first, .last = last, .count = count, .moved = moved};

  lince_flat_append (json, missed_fields, G_N_ELEMENTS (missed_fields), &message, FALSE);
}

void
lince_client_write_error (const char *code, const char *text, GString *json)
{
  LinceClientMessage message = {0};

  lince_event_set_text (message.code, sizeof message.code, code);
  lince_event_set_text (message.text, sizeof message.text, text);
  lince_flat_append (json, error_fields, G_N_ELEMENTS (error_fields), &message, FALSE);
}

GBytes *
lince_client_join_metadata (GBytes *line, const char *metadata)
{
  gsize length;
  const char *text = g_bytes_get_data (line, &length);
  GString *joined;

  while (length > 0 && text[length - 1] != '}')
    length--;
  g_return_val_if_fail (length > 1, NULL);
  joined = g_string_sized_new (length + strlen (metadata) + 16);
  g_string_append_len (joined, text, (gssize) length - 1);
  g_string_append (joined, ",\"metadata\":");
  g_string_append (joined, metadata);
  g_string_append_c (joined, '}');
  return g_string_free_to_bytes (joined);
}

typedef struct {
  LinceEventPlacement *placements;
  void (*each) (const LinceEvent *event, gpointer data);
  gpointer data;
  LinceEvent *event; /* room for one */
  guint lists;       /* that were there: 1 streams, 2 exposures */
  GError *error;     /* of an event inside */
} HelloReading;

static gboolean
read_inner_events (LinceJsonReader *json, const char *name, gpointer data)
{
  HelloReading *reading = data;
  gboolean streams = strcmp (name, "streams") == 0;
  LinceEventType type = streams ? LINCE_EVENT_STREAM : LINCE_EVENT_APPEARED;
  guint list = streams ? 1 : 2;

  if (!streams && strcmp (name, "exposures") != 0)
    return FALSE;
  if (reading->lists & list)
    return lince_json_fail (json, "repeats a list");
  reading->lists |= list;
  if (!lince_json_expect (json, '['))
    return FALSE;
  if (lince_json_accept (json, ']'))
    return TRUE;
  do {
    lince_json_peek (json);
    const char *start = json->position;
    if (!lince_json_skip (json))
      return FALSE;
    if (!lince_event_read (start, (gsize) (json->position - start), reading->event,
            reading->placements, reading->error ? NULL : &reading->error))
      return lince_json_fail (json, "holds a bad event");
    if (reading->event->type != type)
      return lince_json_fail (json, "holds an event of another type");
    if (reading->each)
      reading->each (reading->event, reading->data);
  } while (lince_json_accept (json, ','));
  return lince_json_expect (json, ']');
}

/* The "type" of a message, wherever it stands; "" when there is none. */
static gboolean
find_type (LinceJsonReader *json, char *type, gsize size)
{
  char key[32];

  type[0] = '\0';
  if (!lince_json_expect (json, '{'))
    return FALSE;
  if (lince_json_accept (json, '}'))
    return TRUE;
  do {
    if (!lince_json_read_key (json, key, sizeof key))
      return FALSE;
    if (strcmp (key, "type") == 0)
      return lince_json_read_text (json, type, size);
    if (!lince_json_skip (json))
      return FALSE;
  } while (lince_json_accept (json, ','));
  return lince_json_expect (json, '}');
}

#define READ(table, other, data)                                                                   \
  lince_flat_read (&json, table, G_N_ELEMENTS (table), message, other, data, &wrong)

gboolean
lince_client_read (const char *text, gsize length, LinceClientMessage *message, LinceEvent *event,
    LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS],
    void (*each) (const LinceEvent *event, gpointer data), gpointer data, GError **error)
{
  HelloReading hello = {placements, each, data, event, 0, NULL};
  LinceJsonReader json;
  const char *wrong = NULL;
  char type[16];
  gboolean read =
      lince_json_reader_init (&json, text, length) && find_type (&json, type, sizeof type);

  memset (message, 0, sizeof *message);
  json.position = read ? json.start : json.position;
  if (read && strcmp (type, "hello") == 0) {
    message->type = LINCE_MESSAGE_IS_HELLO;
    read = READ (hello_fields, read_inner_events, &hello) &&
           (hello.lists == 3 || lince_json_fail (&json, "lacks its streams or exposures"));
  } else if (read && strcmp (type, "missed") == 0) {
    message->type = LINCE_MESSAGE_IS_MISSED;
    read = READ (missed_fields, NULL, NULL);
  } else if (read && strcmp (type, "error") == 0) {
    message->type = LINCE_MESSAGE_IS_ERROR;
    read = READ (error_fields, NULL, NULL);
  } else if (read) {
    message->type = LINCE_MESSAGE_IS_EVENT;
    return lince_event_read (text, length, event, placements, error);
  }
  if (read && !lince_json_at_end (&json))
    read = lince_json_fail (&json, "goes on behind its object");
  if (!read && hello.error)
    g_propagate_prefixed_error (error, hello.error, "hello: ");
  else if (!read)
    g_set_error (error, LINCE_EVENT_ERROR,
        json.problem == LINCE_JSON_NEWER ? LINCE_EVENT_ERROR_VERSION : LINCE_EVENT_ERROR_SYNTAX,
        "message: %s %s (at byte %" G_GSIZE_FORMAT ")", wrong ? wrong : "it", json.problem,
        (gsize) (json.position - json.start));
  return read;
}
