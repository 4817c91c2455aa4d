/* SPDX-License-Identifier: LGPL-2.1-or-later
 * event.schema.json and the table of fields say the same.
 *
 * usage: test_wire_schema SCHEMA */
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "wire/event_fields.h"

static JsonObject *defs;

static JsonObject *
get_object (JsonObject *object, const char *name)
{
  ck_assert_msg (json_object_has_member (object, name), "the schema lacks %s", name);
  return json_object_get_object_member (object, name);
}

static gboolean
array_has (JsonObject *object, const char *member, const char *text)
{
  JsonArray *array = json_object_get_array_member (object, member);

  for (guint i = 0; i < json_array_get_length (array); i++)
    if (strcmp (json_array_get_string_element (array, i), text) == 0)
      return TRUE;
  return FALSE;
}

static char *
get_name (const LinceEventField *field)
{
  return g_strndup (LINCE_FIELD_NAME (field), LINCE_FIELD_NAME_LENGTH (field));
}

static guint
count_fields (guint type, gboolean required)
{
  guint count = 0;

  for (guint i = 0; i < lince_event_field_count; i++) {
    const LinceEventField *field = &lince_event_fields[i];
    count += ((required ? field->required : field->types) >> type) & 1;
  }
  return count;
}

START_TEST (test_types)
{
  const char *type = lince_event_type_name ((LinceEventType) _i);
  JsonObject *def = get_object (defs, type);
  JsonObject *properties = get_object (def, "properties");

  for (guint i = 0; i < lince_event_field_count; i++) {
    const LinceEventField *field = &lince_event_fields[i];
    g_autofree char *name = get_name (field);
    ck_assert_msg (json_object_has_member (properties, name) == ((field->types >> _i) & 1),
        "%s: %s", type, name);
    ck_assert_msg (array_has (def, "required", name) == ((field->required >> _i) & 1),
        "%s: required: %s", type, name);
  }
  ck_assert_uint_eq (json_object_get_size (properties), count_fields ((guint) _i, FALSE));
  ck_assert_uint_eq (json_array_get_length (json_object_get_array_member (def, "required")),
      count_fields ((guint) _i, TRUE));
}
END_TEST

static const char *const kinds[] = {
    [LINCE_FIELD_VERSION] = "version",
    [LINCE_FIELD_TEXT] = "text",
    [LINCE_FIELD_ID] = "id",
    [LINCE_FIELD_RUN] = "run",
    [LINCE_FIELD_EXPOSURE] = "exposure",
    [LINCE_FIELD_REVISION] = "revision",
    [LINCE_FIELD_CODE] = "code",
    [LINCE_FIELD_UNSIGNED] = "count",
    [LINCE_FIELD_TIME] = "time",
    [LINCE_FIELD_SPAN] = "time",
    [LINCE_FIELD_MINUTE_SPAN] = "minute_time",
    [LINCE_FIELD_UTC] = "utc",
    [LINCE_FIELD_MINUTE] = "minute",
    [LINCE_FIELD_SIZE] = "size",
    [LINCE_FIELD_SHARE] = "share",
    [LINCE_FIELD_BLUR] = "blur",
    [LINCE_FIELD_QUAD] = "quad",
    [LINCE_FIELD_PIXEL_ASPECT] = "pixel_aspect",
    [LINCE_FIELD_PLACEMENTS] = NULL,
};

START_TEST (test_kinds)
{
  const LinceEventField *field = &lince_event_fields[_i];
  JsonObject *properties = get_object (get_object (defs, "event"), "properties");
  g_autofree char *name = get_name (field);
  JsonObject *property = get_object (properties, name);
  const char *kind = field->kind < G_N_ELEMENTS (kinds) ? kinds[field->kind] : NULL;

  if (field->offset == G_STRUCT_OFFSET (LinceEvent, timecode))
    kind = "timecode";
  ck_assert (json_object_has_member (property, "description"));
  if (kind) {
    g_autofree char *expected = g_strconcat ("#/$defs/", kind, NULL);
    ck_assert_msg (json_object_has_member (property, "$ref"), "%s", name);
    ck_assert_str_eq (json_object_get_string_member (property, "$ref"), expected);
  } else {
    ck_assert_msg (json_object_has_member (property, "type"), "%s", name);
  }
  ck_assert_uint_eq (json_object_get_size (properties), lince_event_field_count);
}
END_TEST

static void
check_names (const char *property, guint count, const char *(*name) (guint))
{
  JsonObject *event = get_object (get_object (get_object (defs, "event"), "properties"), property);

  ck_assert_uint_eq (json_array_get_length (json_object_get_array_member (event, "enum")), count);
  for (guint i = 0; i < count; i++)
    ck_assert_msg (array_has (event, "enum", name (i)), "%s: %s", property, name (i));
}

static const char *
type_name (guint i)
{
  return lince_event_type_name ((LinceEventType) (i + 1));
}

static const char *
state_name (guint i)
{
  return lince_stream_state_name ((LinceStreamState) i);
}

static const char *
source_name (guint i)
{
  return lince_utc_source_name ((LinceUtcSource) i);
}

START_TEST (test_names)
{
  check_names ("type", LINCE_EVENT_MOVED, type_name);
  check_names ("state", LINCE_STREAM_STOPPED + 1, state_name);
  check_names ("utc_source", LINCE_UTC_TDT + 1, source_name);
}
END_TEST

START_TEST (test_limits)
{
#define LIMIT(def, member) json_object_get_int_member (get_object (defs, def), member)
  ck_assert_int_eq (LIMIT ("version", "maximum"), LINCE_EVENT_VERSION);
  ck_assert_int_eq (LIMIT ("count", "maximum"), (gint64) LINCE_EVENT_MAX_COUNT);
  ck_assert_int_eq (LIMIT ("time", "maximum"), G_MAXINT64);
  ck_assert_int_eq (LIMIT ("minute_time", "maximum"), LINCE_EVENT_MAX_MINUTE_SPAN);
  ck_assert_int_eq (LIMIT ("size", "maximum"), LINCE_EVENT_MAX_SIZE);
  ck_assert_int_eq (LIMIT ("id", "maxLength"), LINCE_EVENT_ID_MAX);
  ck_assert_int_eq (LIMIT ("text", "maxLength"), LINCE_EVENT_TEXT_MAX);
  ck_assert_int_eq (LIMIT ("code", "maxLength"), (gint64) sizeof (((LinceEvent *) NULL)->code) - 1);
  ck_assert_int_eq (
      LIMIT ("timecode", "maxLength"), (gint64) sizeof (((LinceEvent *) NULL)->timecode) - 1);
}
END_TEST

int
main (int argc, char **argv)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  GError *error = NULL;
  TCase *tests = tcase_create ("schema");
  Suite *suite = suite_create ("schema");

  if (argc != 2 || !json_parser_load_from_file (parser, argv[1], &error))
    g_error ("%s", error ? error->message : "usage: test_wire_schema SCHEMA");
  defs =
      json_object_get_object_member (json_node_get_object (json_parser_get_root (parser)), "$defs");
  tcase_add_loop_test (tests, test_types, LINCE_EVENT_APPEARED, LINCE_EVENT_MOVED + 1);
  tcase_add_loop_test (tests, test_kinds, 0, (int) lince_event_field_count);
  tcase_add_test (tests, test_names);
  tcase_add_test (tests, test_limits);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
