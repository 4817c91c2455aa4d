/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/link.h"

#include <stddef.h>
#include <string.h>

#include "wire/event_fields.h"
#include "wire/fields.h"
#include "wire/json_write.h"

#define MEMBER(type, member) offsetof (type, member), sizeof (((type *) NULL)->member)
#define COUNT LINCE_EVENT_MAX_COUNT
#define TEXT(name, kind, type, member, required)                                                   \
  {                                                                                                \
    name, LINCE_FLAT_##kind, MEMBER (type, member), required                                       \
  }
#define NUMBER(name, kind, type, member, required, min, max, absent)                               \
  {                                                                                                \
    name, LINCE_FLAT_##kind, MEMBER (type, member), required, min, max, absent                     \
  }
#define TIME(name, type, member)                                                                   \
  NUMBER (name, INTEGER, type, member, FALSE, 0, G_MAXINT64, LINCE_TIME_NONE)
#define HEAD(what)                                                                                 \
  {"lince", LINCE_FLAT_CONSTANT, 0, 0, TRUE, 0, 0, 0, what},                                       \
  {                                                                                                \
    "v", LINCE_FLAT_VERSION, 0, 0, TRUE, 1, LINCE_LINK_VERSION                                     \
  }

static const LinceFlatField greeting_fields[] = {
    HEAD ("link"),
    TEXT ("stream", ID, LinceLinkGreeting, stream, FALSE),
    TEXT ("run", RUN, LinceLinkGreeting, run, FALSE),
    NUMBER ("pid", INTEGER, LinceLinkGreeting, pid, FALSE, 0, G_MAXINT32, 0),
    TEXT ("version", TEXT, LinceLinkGreeting, version, TRUE),
    NUMBER ("unacknowledged", INTEGER, LinceLinkGreeting, unacknowledged, FALSE, 0, COUNT, 0),
    NUMBER ("acknowledged", INTEGER, LinceLinkGreeting, acknowledged, FALSE, 0, COUNT, 0),
};

static const LinceFlatField configure_fields[] = {
    TEXT ("uri", TEXT, LinceLinkConfigure, uri, TRUE),
    TEXT ("pipeline", ID, LinceLinkConfigure, pipeline, FALSE),
    TEXT ("collection", TEXT, LinceLinkConfigure, collection, FALSE),
    TEXT ("collection_id", ID, LinceLinkConfigure, collection_id, FALSE),
    TEXT ("mode", CODE, LinceLinkConfigure, mode, FALSE),
    NUMBER ("interval", INTEGER, LinceLinkConfigure, interval, FALSE, 0, G_MAXINT64, -1),
    NUMBER ("budget", INTEGER, LinceLinkConfigure, budget, FALSE, 0, G_MAXINT64, -1),
    NUMBER ("minimum_confidence", NUMBER, LinceLinkConfigure, minimum_confidence, FALSE, 0, 1, -1),
};

static const LinceFlatField beat_fields[] = {
    NUMBER ("main", INTEGER, LinceLinkBeat, main_turns, TRUE, 0, COUNT, 0),
    NUMBER ("pipeline", INTEGER, LinceLinkBeat, pipeline_frames, TRUE, 0, COUNT, 0),
    NUMBER ("frames", INTEGER, LinceLinkBeat, frames, FALSE, 0, COUNT, 0),
    NUMBER ("dropped", INTEGER, LinceLinkBeat, dropped, FALSE, 0, COUNT, 0),
    TIME ("pts", LinceLinkBeat, pts),
    TIME ("running_time", LinceLinkBeat, running_time),
    NUMBER ("recognize_ns", INTEGER, LinceLinkBeat, recognize_ns, FALSE, 0, G_MAXINT64, 0),
    TEXT ("state", STATE, LinceLinkBeat, state, TRUE),
};

static const LinceFlatField look_fields[] = {
    NUMBER ("pictures", INT, LinceLinkLook, pictures, TRUE, 0, 30, 0),
    NUMBER ("width", INT, LinceLinkLook, width, FALSE, 16, 4096, 0),
    NUMBER ("for_ms", INT, LinceLinkLook, for_ms, FALSE, 0, 60000, 0),
};

static const LinceFlatField object_fields[] = {
    TEXT ("id", ID, LinceLinkObject, id, TRUE),
    TEXT ("name", TEXT, LinceLinkObject, name, FALSE),
};

static const LinceFlatField objects_fields[] = {
    TEXT ("collection", ID, LinceLinkObjects, collection, FALSE),
    TEXT ("revision", REVISION, LinceLinkObjects, revision, FALSE),
    NUMBER ("part", INT, LinceLinkObjects, part, TRUE, 1, 1000000, 0),
    NUMBER ("parts", INT, LinceLinkObjects, parts, TRUE, 1, 1000000, 0),
};

static const LinceFlatField problem_fields[] = {
    TEXT ("reference", TEXT, LinceLinkProblem, reference, TRUE),
    TEXT ("text", TEXT, LinceLinkProblem, text, TRUE),
};

static const LinceFlatField picture_fields[] = {
    HEAD ("picture"),
    TEXT ("stream", ID, LincePictureHeader, stream, TRUE),
    TEXT ("run", RUN, LincePictureHeader, run, TRUE),
    TIME ("pts", LincePictureHeader, pts),
    TIME ("running_time", LincePictureHeader, running_time),
    TEXT ("utc", UTC, LincePictureHeader, utc, FALSE),
    NUMBER ("width", INT, LincePictureHeader, width, TRUE, 1, LINCE_EVENT_MAX_SIZE, 0),
    NUMBER ("height", INT, LincePictureHeader, height, TRUE, 1, LINCE_EVENT_MAX_SIZE, 0),
    NUMBER ("bytes", INT, LincePictureHeader, bytes, TRUE, 1, LINCE_PICTURE_MAX_BYTES, 0),
};

LinceLinkMessage *
lince_link_message_new (void)
{
  return g_new0 (LinceLinkMessage, 1);
}

static void
clear_message (LinceLinkMessage *message)
{
  if (message->type == LINCE_LINK_OBJECTS)
    g_clear_pointer (&message->objects.objects, g_array_unref);
  message->type = LINCE_LINK_UNKNOWN;
}

void
lince_link_message_free (LinceLinkMessage *message)
{
  if (message)
    clear_message (message);
  g_free (message);
}

static gboolean
refuse (const LinceJsonReader *json, const char *what, const char *name, GError **error)
{
  LinceEventError code = json->problem == LINCE_JSON_NEWER ? LINCE_EVENT_ERROR_VERSION
                         : name                            ? LINCE_EVENT_ERROR_FIELD
                                                           : LINCE_EVENT_ERROR_SYNTAX;

  g_set_error (error, LINCE_EVENT_ERROR, code, "%s: %s %s (at byte %" G_GSIZE_FORMAT ")", what,
      name ? name : "line", json->problem ? json->problem : "is not complete",
      (gsize) (json->position - json->start));
  return FALSE;
}

/* a JSON object, kept as text without white space */
static gboolean
read_metadata (LinceJsonReader *json, const char *name, gpointer data)
{
  LinceLinkObject *object = data;

  if (strcmp (name, "metadata") != 0)
    return FALSE;
  if (object->metadata[0])
    return lince_json_fail (json, "repeats metadata");
  if (lince_json_peek (json) != '{')
    return lince_json_fail (json, "has metadata that is no object");
  const char *start = json->position;
  if (!lince_json_skip (json))
    return FALSE;
  g_autoptr (GString) compact = g_string_new (NULL);
  lince_json_append_compact (compact, start, (gsize) (json->position - start));
  if (compact->len > LINCE_LINK_METADATA_MAX)
    return lince_json_fail (json, "has metadata that is too long");
  memcpy (object->metadata, compact->str, compact->len + 1);
  return TRUE;
}

static gboolean
read_objects_array (LinceJsonReader *json, const char *name, gpointer data)
{
  LinceLinkObjects *objects = data;
  LinceLinkObject object;
  const char *wrong;

  if (strcmp (name, "objects") != 0)
    return FALSE;
  if (objects->objects->len > 0)
    return lince_json_fail (json, "repeats its objects");
  if (!lince_json_expect (json, '['))
    return FALSE;
  if (lince_json_accept (json, ']'))
    return TRUE;
  do {
    object.metadata[0] = '\0';
    if (!lince_flat_read (json, object_fields, G_N_ELEMENTS (object_fields), &object, read_metadata,
            &object, &wrong))
      return FALSE;
    g_array_append_val (objects->objects, object);
  } while (lince_json_accept (json, ','));
  return lince_json_expect (json, ']');
}

static gboolean
read_objects (LinceJsonReader *json, LinceLinkMessage *message, const char **wrong)
{
  message->objects.objects = g_array_new (FALSE, FALSE, sizeof (LinceLinkObject));
  if (!lince_flat_read (json, objects_fields, G_N_ELEMENTS (objects_fields), &message->objects,
          read_objects_array, &message->objects, wrong))
    return FALSE;
  return message->objects.part <= message->objects.parts
             ? TRUE
             : lince_json_fail (json, "has a part beyond its parts");
}

static gboolean
read_stop (LinceJsonReader *json)
{
  gboolean stop;

  return lince_json_read_boolean (json, &stop) &&
         (stop || lince_json_fail (json, "says stop false"));
}

static const struct {
  const char *key;
  LinceLinkType type;
} kinds[] = {
    {"error", LINCE_LINK_REFUSAL},
    {"configure", LINCE_LINK_CONFIGURE},
    {"acknowledge", LINCE_LINK_ACKNOWLEDGE},
    {"stop", LINCE_LINK_STOP},
    {"look", LINCE_LINK_LOOK},
    {"beat", LINCE_LINK_BEAT},
    {"objects", LINCE_LINK_OBJECTS},
    {"problem", LINCE_LINK_PROBLEM},
};

#define READ(table, to) lince_flat_read (json, table, G_N_ELEMENTS (table), to, NULL, NULL, wrong)

static gboolean
read_body (LinceJsonReader *json, LinceLinkMessage *message, const char **wrong)
{
  switch (message->type) {
    case LINCE_LINK_REFUSAL:
      return lince_json_read_text (json, message->refusal, sizeof message->refusal);
    case LINCE_LINK_CONFIGURE:
      return READ (configure_fields, &message->configure);
    case LINCE_LINK_ACKNOWLEDGE:
      return lince_json_read_integer (
          json, 0, (gint64) LINCE_EVENT_MAX_COUNT, (gint64 *) &message->acknowledge);
    case LINCE_LINK_STOP:
      return read_stop (json);
    case LINCE_LINK_LOOK:
      return READ (look_fields, &message->look);
    case LINCE_LINK_BEAT:
      return READ (beat_fields, &message->beat);
    case LINCE_LINK_OBJECTS:
      return read_objects (json, message, wrong);
    case LINCE_LINK_PROBLEM:
      return READ (problem_fields, &message->problem);
    default:
      return lince_json_skip (json);
  }
}

/* a message of one key whose value is all that counts; further keys are skipped */
static gboolean
read_keyed (LinceJsonReader *json, LinceLinkMessage *message, const char *key, const char **wrong)
{
  char name[32];

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (kinds[i].key, key) == 0)
      message->type = kinds[i].type;
  if (!read_body (json, message, wrong))
    return FALSE;
  while (lince_json_accept (json, ',')) {
    if (!lince_json_read_key (json, name, sizeof name))
      return FALSE;
    if (message->type != LINCE_LINK_UNKNOWN && strcmp (name, key) == 0)
      return lince_json_fail (json, "repeats its key");
    if (!lince_json_skip (json))
      return FALSE;
  }
  return lince_json_expect (json, '}');
}

gboolean
lince_link_read (const char *line, gsize length, LinceLinkMessage *message, GError **error)
{
  LinceJsonReader json;
  const char *wrong = NULL;
  char key[32];
  gboolean read;

  clear_message (message);
  if (!lince_json_reader_init (&json, line, MIN (length, LINCE_EVENT_MAX_LINE + 1)))
    return refuse (&json, "link", NULL, error);
  if (length > LINCE_EVENT_MAX_LINE) {
    lince_json_fail (&json, "is too long");
    return refuse (&json, "link", NULL, error);
  }
  if (!lince_json_expect (&json, '{') || !lince_json_read_key (&json, key, sizeof key))
    return refuse (&json, "link", NULL, error);
  if (strcmp (key, "v") == 0 || strcmp (key, "type") == 0) {
    message->type = LINCE_LINK_EVENT;
    return lince_event_read (line, length, &message->event, message->placements, error);
  }
  if (strcmp (key, "lince") == 0) {
    message->type = LINCE_LINK_GREETING;
    read = lince_flat_read_on (&json, key, greeting_fields, G_N_ELEMENTS (greeting_fields),
        &message->greeting, NULL, NULL, &wrong);
  } else {
    read = read_keyed (&json, message, key, &wrong);
  }
  if (read && !lince_json_at_end (&json))
    read = lince_json_fail (&json, "goes on behind its object");
  return read ? TRUE : refuse (&json, "link", wrong, error);
}

#define APPEND(line, literal) g_string_append_len (line, literal, sizeof (literal) - 1)

#define WRITE(key, table, from)                                                                    \
  do {                                                                                             \
    APPEND (line, "{\"" key "\":");                                                                \
    lince_flat_append (line, table, G_N_ELEMENTS (table), from, FALSE);                            \
    APPEND (line, "}\n");                                                                          \
  } while (0)

void
lince_link_write_greeting (const LinceLinkGreeting *greeting, GString *line)
{
  lince_flat_append (line, greeting_fields, G_N_ELEMENTS (greeting_fields), greeting, FALSE);
  g_string_append_c (line, '\n');
}

void
lince_link_write_refusal (const char *sentence, GString *line)
{
  APPEND (line, "{\"error\":");
  lince_json_append_text (line, sentence);
  APPEND (line, "}\n");
}

void
lince_link_write_configure (const LinceLinkConfigure *configure, GString *line)
{
  WRITE ("configure", configure_fields, configure);
}

void
lince_link_write_acknowledge (guint64 number, GString *line)
{
  APPEND (line, "{\"acknowledge\":");
  lince_json_append_unsigned (line, number);
  APPEND (line, "}\n");
}

void
lince_link_write_stop (GString *line)
{
  APPEND (line, "{\"stop\":true}\n");
}

void
lince_link_write_look (const LinceLinkLook *look, GString *line)
{
  WRITE ("look", look_fields, look);
}

void
lince_link_write_beat (const LinceLinkBeat *beat, GString *line)
{
  WRITE ("beat", beat_fields, beat);
}

void
lince_link_write_problem (const char *reference, const char *text, GString *line)
{
  LinceLinkProblem problem;

  lince_event_set_text (problem.reference, sizeof problem.reference, reference);
  lince_event_set_text (problem.text, sizeof problem.text, text);
  WRITE ("problem", problem_fields, &problem);
}

static void
append_object (const LinceLinkObject *object, GString *text)
{
  gsize length = strlen (object->metadata);

  lince_flat_append (text, object_fields, G_N_ELEMENTS (object_fields), object, TRUE);
  if (length > 0 && length <= LINCE_LINK_METADATA_MAX &&
      lince_json_is_object (object->metadata, length)) {
    APPEND (text, ",\"metadata\":");
    lince_json_append_compact (text, object->metadata, length);
  }
  g_string_append_c (text, '}');
}

/* the objects from `first` on that fit one line, as text; the next one's number */
static guint
fill_part (const LinceLinkObject *objects, guint first, guint count, GString *text)
{
  const gsize room = LINCE_EVENT_MAX_LINE - 512;

  while (first < count) {
    gsize before = text->len;
    if (before > 0)
      g_string_append_c (text, ',');
    append_object (&objects[first], text);
    if (text->len > room && before > 0) {
      g_string_truncate (text, before);
      break;
    }
    first++;
  }
  return first;
}

void
lince_link_write_objects (const char *collection, const char *revision,
    const LinceLinkObject *objects, guint count, GString *lines)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  LinceLinkObjects head = {0};
  guint next = 0;

  do {
    GString *part = g_string_new (NULL);
    next = fill_part (objects, next, count, part);
    g_ptr_array_add (parts, g_string_free (part, FALSE));
  } while (next < count);

  lince_event_set_text (head.collection, sizeof head.collection, collection ? collection : "");
  lince_event_set_text (head.revision, sizeof head.revision, revision ? revision : "");
  head.parts = parts->len;
  for (guint i = 0; i < parts->len; i++) {
    head.part = i + 1;
    g_string_append (lines, "{\"objects\":");
    lince_flat_append (lines, objects_fields, G_N_ELEMENTS (objects_fields), &head, TRUE);
    g_string_append (lines, ",\"objects\":[");
    g_string_append (lines, g_ptr_array_index (parts, i));
    g_string_append (lines, "]}}\n");
  }
}

void
lince_link_write_picture (const LincePictureHeader *header, GString *line)
{
  lince_flat_append (line, picture_fields, G_N_ELEMENTS (picture_fields), header, TRUE);
  APPEND (line, ",\"placements\":");
  lince_event_append_placements (line, header->run, header->placements, header->placement_count);
  APPEND (line, "}\n");
}

typedef struct {
  LincePictureHeader *header;
  LinceEventPlacement *placements;
  char run[33];
} PictureReading;

static gboolean
read_picture_placements (LinceJsonReader *json, const char *name, gpointer data)
{
  PictureReading *reading = data;

  if (strcmp (name, "placements") != 0)
    return FALSE;
  if (reading->header->placements)
    return lince_json_fail (json, "repeats its placements");
  reading->header->placements = reading->placements;
  return lince_event_read_placements (
      json, reading->placements, &reading->header->placement_count, reading->run);
}

gboolean
lince_link_read_picture (const char *line, gsize length, LincePictureHeader *header,
    LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS], GError **error)
{
  PictureReading reading = {header, placements, ""};
  LinceJsonReader json;
  const char *wrong = NULL;

  header->placements = NULL;
  header->placement_count = 0;
  gboolean read =
      lince_json_reader_init (&json, line, MIN (length, LINCE_EVENT_MAX_LINE + 1)) &&
      (length <= LINCE_EVENT_MAX_LINE || lince_json_fail (&json, "is too long")) &&
      lince_flat_read (&json, picture_fields, G_N_ELEMENTS (picture_fields), header,
          read_picture_placements, &reading, &wrong) &&
      (lince_json_at_end (&json) || lince_json_fail (&json, "goes on behind its object"));
  if (read && reading.run[0] && strcmp (reading.run, header->run) != 0)
    read = lince_json_fail (&json, "names exposures of another run");
  return read ? TRUE : refuse (&json, "picture", wrong, error);
}
