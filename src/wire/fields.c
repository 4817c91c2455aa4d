/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/fields.h"

#include <string.h>

#include "wire/event_fields.h"
#include "wire/json_write.h"

#define AT(base, field, type) ((type *) (void *) ((char *) (base) + (field)->offset))

static gboolean
is_set (const LinceFlatField *field, const void *from)
{
  switch (field->kind) {
    case LINCE_FLAT_CONSTANT:
    case LINCE_FLAT_VERSION:
    case LINCE_FLAT_STATE:
      return TRUE;
    case LINCE_FLAT_INTEGER:
      return *AT (from, field, const gint64) != field->absent;
    case LINCE_FLAT_INT:
      return *AT (from, field, const gint) != field->absent;
    case LINCE_FLAT_NUMBER:
      return *AT (from, field, const double) != (double) field->absent;
    case LINCE_FLAT_UTC:
      return *AT (from, field, const gint64) != LINCE_TIME_NONE;
    default:
      return *AT (from, field, const char) != '\0';
  }
}

static void
append_value (GString *json, const LinceFlatField *field, const void *from)
{
  switch (field->kind) {
    case LINCE_FLAT_CONSTANT:
      lince_json_append_text (json, field->text);
      break;
    case LINCE_FLAT_VERSION:
      lince_json_append_integer (json, field->max);
      break;
    case LINCE_FLAT_INTEGER:
      lince_json_append_integer (
          json, CLAMP (*AT (from, field, const gint64), field->min, field->max));
      break;
    case LINCE_FLAT_INT:
      lince_json_append_integer (
          json, CLAMP (*AT (from, field, const gint), field->min, field->max));
      break;
    case LINCE_FLAT_NUMBER:
      lince_json_append_decimal (
          json, CLAMP (*AT (from, field, const double), (double) field->min, (double) field->max));
      break;
    case LINCE_FLAT_UTC:
      lince_json_append_utc (json, *AT (from, field, const gint64));
      break;
    case LINCE_FLAT_STATE:
      lince_json_append_text (
          json, lince_stream_state_name (*AT (from, field, const LinceStreamState)));
      break;
    default:
      lince_json_append_text (json, AT (from, field, const char));
  }
}

void
lince_flat_append (
    GString *json, const LinceFlatField *fields, guint count, const void *from, gboolean open)
{
  char before = '{';

  for (guint i = 0; i < count; i++) {
    if (!fields[i].required && !is_set (&fields[i], from))
      continue;
    g_string_append_c (json, before);
    g_string_append_c (json, '"');
    g_string_append (json, fields[i].name);
    g_string_append_len (json, "\":", 2);
    append_value (json, &fields[i], from);
    before = ',';
  }
  if (!open)
    g_string_append_c (json, '}');
}

static void
clear (const LinceFlatField *field, void *to)
{
  switch (field->kind) {
    case LINCE_FLAT_CONSTANT:
    case LINCE_FLAT_VERSION:
      break;
    case LINCE_FLAT_INTEGER:
      *AT (to, field, gint64) = field->absent;
      break;
    case LINCE_FLAT_INT:
      *AT (to, field, gint) = (gint) field->absent;
      break;
    case LINCE_FLAT_NUMBER:
      *AT (to, field, double) = (double) field->absent;
      break;
    case LINCE_FLAT_UTC:
      *AT (to, field, gint64) = LINCE_TIME_NONE;
      break;
    case LINCE_FLAT_STATE:
      *AT (to, field, LinceStreamState) = LINCE_STREAM_STARTING;
      break;
    default:
      memset (AT (to, field, char), 0, field->size);
  }
}

static gboolean
is_uuid (const char *text)
{
  return strlen (text) == 36 && g_uuid_string_is_valid (text);
}

static gboolean
read_text (LinceJsonReader *json, const LinceFlatField *field, void *to)
{
  static const LinceFieldKind kinds[] = {[LINCE_FLAT_TEXT] = LINCE_FIELD_TEXT,
      [LINCE_FLAT_ID] = LINCE_FIELD_ID,
      [LINCE_FLAT_RUN] = LINCE_FIELD_RUN,
      [LINCE_FLAT_REVISION] = LINCE_FIELD_REVISION,
      [LINCE_FLAT_CODE] = LINCE_FIELD_CODE};
  char *text = AT (to, field, char);
  const char *wrong;

  if (!lince_json_read_text (json, text, field->size))
    return FALSE;
  if (field->kind == LINCE_FLAT_UUID)
    wrong = is_uuid (text) ? NULL : "is not a UUID";
  else
    wrong = lince_field_check_text (kinds[field->kind], text);
  return wrong ? lince_json_fail (json, wrong) : TRUE;
}

static gboolean
read_constant (LinceJsonReader *json, const LinceFlatField *field)
{
  char text[64];

  if (!lince_json_read_text (json, text, sizeof text))
    return FALSE;
  return strcmp (text, field->text) == 0 ? TRUE
                                         : lince_json_fail (json, "is another kind of message");
}

static gboolean
read_whole_number (LinceJsonReader *json, const LinceFlatField *field, void *to)
{
  gint64 value;

  if (!lince_json_read_integer (json, field->min, field->max, &value))
    return FALSE;
  if (field->kind == LINCE_FLAT_INT)
    *AT (to, field, gint) = (gint) value;
  else
    *AT (to, field, gint64) = value;
  return TRUE;
}

static gboolean
read_state (LinceJsonReader *json, LinceStreamState *state)
{
  char name[16];

  if (!lince_json_read_text (json, name, sizeof name))
    return FALSE;
  return lince_stream_state_from_name (name, state)
             ? TRUE
             : lince_json_fail (json, "is not one of the known names");
}

static gboolean
read_value (LinceJsonReader *json, const LinceFlatField *field, void *to)
{
  gint64 version;

  switch (field->kind) {
    case LINCE_FLAT_CONSTANT:
      return read_constant (json, field);
    case LINCE_FLAT_VERSION:
      if (!lince_json_read_integer (json, 1, G_MAXINT32, &version))
        return FALSE;
      return version <= field->max ? TRUE : lince_json_fail (json, LINCE_JSON_NEWER);
    case LINCE_FLAT_INTEGER:
    case LINCE_FLAT_INT:
      return read_whole_number (json, field, to);
    case LINCE_FLAT_NUMBER:
      return lince_json_read_number (
          json, (double) field->min, (double) field->max, AT (to, field, double));
    case LINCE_FLAT_UTC:
      return lince_json_read_utc (json, AT (to, field, gint64));
    case LINCE_FLAT_STATE:
      return read_state (json, AT (to, field, LinceStreamState));
    default:
      return read_text (json, field, to);
  }
}

typedef struct {
  const LinceFlatField *fields;
  guint count;
  void *to;
  LinceFlatOther other;
  gpointer data;
  guint seen;
  const char **wrong;
} Reading;

static gboolean
read_named (LinceJsonReader *json, const char *name, Reading *reading)
{
  for (guint i = 0; i < reading->count; i++) {
    if (strcmp (reading->fields[i].name, name) != 0)
      continue;
    *reading->wrong = reading->fields[i].name;
    if (reading->seen & 1u << i)
      return lince_json_fail (json, "is repeated");
    reading->seen |= 1u << i;
    if (!read_value (json, &reading->fields[i], reading->to))
      return FALSE;
    *reading->wrong = NULL;
    return TRUE;
  }
  if (reading->other && reading->other (json, name, reading->data))
    return TRUE;
  return json->problem ? FALSE : lince_json_skip (json);
}

gboolean
lince_flat_read_on (LinceJsonReader *json, const char *first, const LinceFlatField *fields,
    guint count, void *to, LinceFlatOther other, gpointer data, const char **wrong)
{
  Reading reading = {fields, count, to, other, data, 0, wrong};
  char name[32];

  *wrong = NULL;
  for (guint i = 0; i < count; i++)
    clear (&fields[i], to);
  if (!read_named (json, first, &reading))
    return FALSE;
  while (lince_json_accept (json, ','))
    if (!lince_json_read_key (json, name, sizeof name) || !read_named (json, name, &reading))
      return FALSE;
  if (!lince_json_expect (json, '}'))
    return FALSE;
  for (guint i = 0; i < count; i++)
    if (fields[i].required && !(reading.seen & 1u << i)) {
      *wrong = fields[i].name;
      return lince_json_fail (json, "is missing");
    }
  return TRUE;
}

gboolean
lince_flat_read (LinceJsonReader *json, const LinceFlatField *fields, guint count, void *to,
    LinceFlatOther other, gpointer data, const char **wrong)
{
  char name[32];

  *wrong = NULL;
  if (!lince_json_expect (json, '{') || !lince_json_read_key (json, name, sizeof name))
    return FALSE;
  return lince_flat_read_on (json, name, fields, count, to, other, data, wrong);
}

void
lince_json_append_compact (GString *json, const char *value, gsize length)
{
  gboolean inside = FALSE;

  for (gsize i = 0; i < length; i++) {
    char byte = value[i];
    if (!inside && strchr (" \t\r\n", byte))
      continue;
    g_string_append_c (json, byte);
    if (inside && byte == '\\' && i + 1 < length)
      g_string_append_c (json, value[++i]);
    else if (byte == '"')
      inside = !inside;
  }
}

gboolean
lince_json_is_object (const char *text, gsize length)
{
  LinceJsonReader json;

  return lince_json_reader_init (&json, text, length) && lince_json_peek (&json) == '{' &&
         lince_json_skip (&json) && lince_json_at_end (&json);
}
