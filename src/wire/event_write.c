/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "wire/event_fields.h"
#include "wire/json_write.h"

/* what is out of range would make a line that every reader refuses: say so, and bring it back */
static double
check_number (const char *name, double value, double min, double max)
{
  if (isfinite (value) && value >= min - 1e-6 && value <= max + 1e-6)
    return CLAMP (value, min, max);
  g_critical ("event: %s is out of range", name);
  return value > max ? max : min;
}

static gint64
check_integer (const char *name, gint64 value, gint64 max)
{
  if (value >= 0 && value <= max)
    return value;
  g_critical ("event: %s is out of range", name);
  return value < 0 ? 0 : max;
}

static void
append_pair (GString *line, double x, double y, char before)
{
  g_string_append_c (line, before);
  g_string_append_c (line, '[');
  lince_json_append_decimal (
      line, check_number ("quad", x, -LINCE_EVENT_MAX_COORDINATE, LINCE_EVENT_MAX_COORDINATE));
  g_string_append_c (line, ',');
  lince_json_append_decimal (
      line, check_number ("quad", y, -LINCE_EVENT_MAX_COORDINATE, LINCE_EVENT_MAX_COORDINATE));
  g_string_append_c (line, ']');
}

void
lince_event_append_quad (GString *line, const double quad[8])
{
  for (int i = 0; i < 4; i++)
    append_pair (line, quad[2 * i], quad[2 * i + 1], i == 0 ? '[' : ',');
  g_string_append_c (line, ']');
}

#define APPEND(line, literal) g_string_append_len (line, literal, sizeof (literal) - 1)

static void
append_optional (GString *line, const char *name, double value, double max)
{
  if (!(value >= 0))
    return;
  APPEND (line, ",\"");
  g_string_append (line, name);
  APPEND (line, "\":");
  lince_json_append_decimal (line, check_number (name, value, 0, max));
}

static void
append_look (GString *line, const LinceEventLook *look)
{
  append_optional (line, "opacity", look->opacity, 1);
  append_optional (line, "occluded", look->occluded, 1);
  append_optional (line, "cut_off", look->cut_off, 1);
  append_optional (line, "blur", look->blur, LINCE_EVENT_MAX_BLUR);
  if (look->kind[0] != '\0') {
    APPEND (line, ",\"kind\":");
    lince_json_append_text (line, look->kind);
  }
}

static void
append_placement (GString *line, const char *run, const LinceEventPlacement *placement)
{
  APPEND (line, "{\"object\":");
  lince_json_append_text (line, placement->object);
  if (placement->exposure_number > 0) {
    APPEND (line, ",\"exposure\":\"");
    g_string_append (line, run);
    g_string_append_c (line, '-');
    lince_json_append_unsigned (line, placement->exposure_number);
    g_string_append_c (line, '"');
  }
  if (placement->track > 0) {
    APPEND (line, ",\"track\":");
    lince_json_append_unsigned (line, placement->track);
  }
  APPEND (line, ",\"quad\":");
  lince_event_append_quad (line, placement->quad);
  APPEND (line, ",\"confidence\":");
  lince_json_append_decimal (line, check_number ("confidence", placement->confidence, 0, 1));
  APPEND (line, ",\"visible\":");
  lince_json_append_decimal (line, check_number ("visible", placement->visible, 0, 1));
  APPEND (line, ",\"area\":");
  lince_json_append_decimal (line, check_number ("area", placement->area, 0, 1));
  append_look (line, &placement->look);
  g_string_append_c (line, '}');
}

void
lince_event_append_placements (
    GString *line, const char *run, const LinceEventPlacement *placements, guint count)
{
  g_string_append_c (line, '[');
  for (guint i = 0; i < MIN (count, LINCE_EVENT_MAX_PLACEMENTS); i++) {
    if (i > 0)
      g_string_append_c (line, ',');
    append_placement (line, run, &placements[i]);
  }
  g_string_append_c (line, ']');
}

/* whether the field has something to say where it is not required */
static gboolean
is_set (const LinceEventField *field, const LinceEvent *event)
{
  switch (field->kind) {
    case LINCE_FIELD_TEXT:
    case LINCE_FIELD_ID:
    case LINCE_FIELD_RUN:
    case LINCE_FIELD_EXPOSURE:
    case LINCE_FIELD_REVISION:
    case LINCE_FIELD_CODE:
      return *LINCE_FIELD_AT (event, field, const char) != '\0';
    case LINCE_FIELD_UNSIGNED:
      return *LINCE_FIELD_AT (event, field, const guint64) != 0;
    case LINCE_FIELD_SPAN:
      return *LINCE_FIELD_AT (event, field, const gint64) != 0;
    case LINCE_FIELD_TIME:
    case LINCE_FIELD_UTC:
      return *LINCE_FIELD_AT (event, field, const gint64) != LINCE_TIME_NONE;
    case LINCE_FIELD_UTC_SOURCE:
      return event->utc != LINCE_TIME_NONE;
    case LINCE_FIELD_SIZE:
    case LINCE_FIELD_TRUE:
      return *LINCE_FIELD_AT (event, field, const gint) != 0;
    case LINCE_FIELD_FALSE:
      return *LINCE_FIELD_AT (event, field, const gint) == 0;
    case LINCE_FIELD_SHARE:
    case LINCE_FIELD_BLUR:
      return *LINCE_FIELD_AT (event, field, const double) >= 0;
    case LINCE_FIELD_PIXEL_ASPECT:
      return event->par_n > 0 && event->par_d > 0;
    default:
      return TRUE;
  }
}

static void
append_text (const LinceEventField *field, const LinceEvent *event, GString *line)
{
  const char *text = LINCE_FIELD_AT (event, field, const char);
  const char *wrong = lince_field_check_text ((LinceFieldKind) field->kind, text);

  if (wrong)
    g_critical ("event %s: %.*s %s", lince_event_type_name (event->type),
        (int) LINCE_FIELD_NAME_LENGTH (field), LINCE_FIELD_NAME (field), wrong);
  lince_json_append_text (line, text);
}

static void
append_whole_number (const LinceEventField *field, const LinceEvent *event, GString *line)
{
  const char *name = LINCE_FIELD_NAME (field);
  gint64 value, max = G_MAXINT64;

  if (field->kind == LINCE_FIELD_SIZE) {
    value = *LINCE_FIELD_AT (event, field, const gint);
    max = LINCE_EVENT_MAX_SIZE;
  } else {
    value = *LINCE_FIELD_AT (event, field, const gint64);
    if (field->kind == LINCE_FIELD_UNSIGNED)
      max = (gint64) LINCE_EVENT_MAX_COUNT;
    else if (field->kind == LINCE_FIELD_MINUTE_SPAN)
      max = LINCE_EVENT_MAX_MINUTE_SPAN;
    else if (field->kind == LINCE_FIELD_UTC || field->kind == LINCE_FIELD_MINUTE)
      max = LINCE_JSON_UTC_MAX;
  }
  value = check_integer (name, value, max);
  if (field->kind == LINCE_FIELD_UTC || field->kind == LINCE_FIELD_MINUTE)
    lince_json_append_utc (line, value);
  else
    lince_json_append_integer (line, value);
}

static void
append_value (const LinceEventField *field, const LinceEvent *event, GString *line)
{
  switch (field->kind) {
    case LINCE_FIELD_VERSION:
      lince_json_append_unsigned (line, LINCE_EVENT_VERSION);
      break;
    case LINCE_FIELD_TYPE:
      lince_json_append_text (line, lince_event_type_name (event->type));
      break;
    case LINCE_FIELD_STATE:
      lince_json_append_text (line, lince_stream_state_name (event->state));
      break;
    case LINCE_FIELD_UTC_SOURCE:
      lince_json_append_text (line, lince_utc_source_name (event->utc_source));
      break;
    case LINCE_FIELD_TRUE:
      APPEND (line, "true");
      break;
    case LINCE_FIELD_FALSE:
      APPEND (line, "false");
      break;
    case LINCE_FIELD_SHARE:
      lince_json_append_decimal (line, check_number (LINCE_FIELD_NAME (field),
                                           *LINCE_FIELD_AT (event, field, const double), 0, 1));
      break;
    case LINCE_FIELD_BLUR:
      lince_json_append_decimal (
          line, check_number (LINCE_FIELD_NAME (field),
                    *LINCE_FIELD_AT (event, field, const double), 0, LINCE_EVENT_MAX_BLUR));
      break;
    case LINCE_FIELD_QUAD:
      lince_event_append_quad (line, LINCE_FIELD_AT (event, field, const double));
      break;
    case LINCE_FIELD_PIXEL_ASPECT:
      g_string_append_c (line, '[');
      lince_json_append_integer (line, MIN (event->par_n, LINCE_EVENT_MAX_SIZE));
      g_string_append_c (line, ',');
      lince_json_append_integer (line, MIN (event->par_d, LINCE_EVENT_MAX_SIZE));
      g_string_append_c (line, ']');
      break;
    case LINCE_FIELD_PLACEMENTS:
      lince_event_append_placements (line, event->run, event->placements, event->placement_count);
      break;
    case LINCE_FIELD_TEXT:
    case LINCE_FIELD_ID:
    case LINCE_FIELD_RUN:
    case LINCE_FIELD_EXPOSURE:
    case LINCE_FIELD_REVISION:
    case LINCE_FIELD_CODE:
      append_text (field, event, line);
      break;
    default:
      append_whole_number (field, event, line);
  }
}

void
lince_event_append (const LinceEvent *event, GString *line)
{
  guint type = 1u << event->type;

  g_return_if_fail (event->type > LINCE_EVENT_NONE && event->type <= LINCE_EVENT_MOVED);
  for (guint i = 0; i < lince_event_field_count; i++) {
    const LinceEventField *field = &lince_event_fields[i];
    if ((field->required & type) || ((field->types & type) && is_set (field, event))) {
      /* the first key's comma is the object's brace */
      if (i == 0) {
        g_string_append_c (line, '{');
        g_string_append_len (line, field->key + 1, field->key_length - 1);
      } else {
        g_string_append_len (line, field->key, field->key_length);
      }
      append_value (field, event, line);
    }
  }
  g_string_append_c (line, '}');
}

void
lince_event_write (const LinceEvent *event, GString *line)
{
  lince_event_append (event, line);
  g_string_append_c (line, '\n');
}
