/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "wire/event_fields.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

#define KEY_SIZE 32

typedef struct {
  LinceJsonReader json;
  LinceEvent *event;
  LinceEventPlacement *placements;
  char placements_run[33]; /* the run that the placements' exposures name, "" for none */
} Reading;

static gboolean
read_text (LinceJsonReader *json, LinceFieldKind kind, char *text, gsize size)
{
  const char *wrong;

  if (!lince_json_read_text (json, text, size))
    return FALSE;
  wrong = lince_field_check_text (kind, text);
  return wrong ? lince_json_fail (json, wrong) : TRUE;
}

static gboolean
read_pair (LinceJsonReader *json, double pair[2], double limit)
{
  return lince_json_expect (json, '[') && lince_json_read_number (json, -limit, limit, &pair[0]) &&
         lince_json_expect (json, ',') && lince_json_read_number (json, -limit, limit, &pair[1]) &&
         lince_json_expect (json, ']');
}

gboolean
lince_event_read_quad (LinceJsonReader *json, double quad[8])
{
  if (!lince_json_expect (json, '['))
    return FALSE;
  for (int i = 0; i < 4; i++)
    if ((i > 0 && !lince_json_expect (json, ',')) ||
        !read_pair (json, quad + 2 * i, LINCE_EVENT_MAX_COORDINATE))
      return FALSE;
  return lince_json_expect (json, ']');
}

static gboolean
read_pixel_aspect (Reading *reading)
{
  LinceJsonReader *json = &reading->json;
  gint64 n, d;

  if (!(lince_json_expect (json, '[') &&
          lince_json_read_integer (json, 1, LINCE_EVENT_MAX_SIZE, &n) &&
          lince_json_expect (json, ',') &&
          lince_json_read_integer (json, 1, LINCE_EVENT_MAX_SIZE, &d) &&
          lince_json_expect (json, ']')))
    return FALSE;
  reading->event->par_n = (gint) n;
  reading->event->par_d = (gint) d;
  return TRUE;
}

static gboolean
read_placement_exposure (LinceJsonReader *json, LinceEventPlacement *placement, char *run)
{
  char exposure[65];

  if (!read_text (json, LINCE_FIELD_EXPOSURE, exposure, sizeof exposure))
    return FALSE;
  placement->exposure_number = g_ascii_strtoull (exposure + 33, NULL, 10);
  exposure[32] = '\0';
  if (run[0] && strcmp (run, exposure) != 0)
    return lince_json_fail (json, "names exposures of different runs");
  memcpy (run, exposure, 33);
  return TRUE;
}

enum {
  P_OBJECT,
  P_EXPOSURE,
  P_TRACK,
  P_QUAD,
  P_CONFIDENCE,
  P_VISIBLE,
  P_AREA,
  P_OPACITY,
  P_OCCLUDED,
  P_CUT_OFF,
  P_BLUR,
  P_KIND,
  P_COUNT
};
static const char *const placement_names[P_COUNT] = {"object", "exposure", "track", "quad",
    "confidence", "visible", "area", "opacity", "occluded", "cut_off", "blur", "kind"};
#define P_REQUIRED                                                                                 \
  (1u << P_OBJECT | 1u << P_QUAD | 1u << P_CONFIDENCE | 1u << P_VISIBLE | 1u << P_AREA)

static gboolean
read_placement_field (LinceJsonReader *json, LinceEventPlacement *placement, char *run, guint which)
{
  gint64 value;

  switch (which) {
    case P_OBJECT:
      return read_text (json, LINCE_FIELD_ID, placement->object, sizeof placement->object);
    case P_EXPOSURE:
      return read_placement_exposure (json, placement, run);
    case P_TRACK:
      if (!lince_json_read_integer (json, 0, (gint64) LINCE_EVENT_MAX_COUNT, &value))
        return FALSE;
      placement->track = (guint64) value;
      return TRUE;
    case P_QUAD:
      return lince_event_read_quad (json, placement->quad);
    case P_CONFIDENCE:
      return lince_json_read_number (json, 0, 1, &placement->confidence);
    case P_VISIBLE:
      return lince_json_read_number (json, 0, 1, &placement->visible);
    case P_AREA:
      return lince_json_read_number (json, 0, 1, &placement->area);
    case P_OPACITY:
      return lince_json_read_number (json, 0, 1, &placement->look.opacity);
    case P_OCCLUDED:
      return lince_json_read_number (json, 0, 1, &placement->look.occluded);
    case P_CUT_OFF:
      return lince_json_read_number (json, 0, 1, &placement->look.cut_off);
    case P_BLUR:
      return lince_json_read_number (json, 0, LINCE_EVENT_MAX_BLUR, &placement->look.blur);
    case P_KIND:
      return read_text (json, LINCE_FIELD_CODE, placement->look.kind, sizeof placement->look.kind);
    default:
      return lince_json_skip (json);
  }
}

static gboolean
read_placement (LinceJsonReader *json, LinceEventPlacement *placement, char *run)
{
  guint seen = 0;
  char key[KEY_SIZE];

  memset (placement, 0, sizeof *placement);
  lince_event_look_init (&placement->look);
  if (!lince_json_expect (json, '{'))
    return FALSE;
  if (!lince_json_accept (json, '}')) {
    do {
      guint which = 0;
      if (!lince_json_read_key (json, key, sizeof key))
        return FALSE;
      while (which < P_COUNT && strcmp (placement_names[which], key) != 0)
        which++;
      if (which < P_COUNT && (seen & 1u << which))
        return lince_json_fail (json, "has a repeated field");
      seen |= 1u << which;
      if (!read_placement_field (json, placement, run, which))
        return FALSE;
    } while (lince_json_accept (json, ','));
    if (!lince_json_expect (json, '}'))
      return FALSE;
  }
  if ((seen & P_REQUIRED) != P_REQUIRED)
    return lince_json_fail (json, "lacks a field");
  return TRUE;
}

gboolean
lince_event_read_placements (LinceJsonReader *json,
    LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS], guint *count, char *run)
{
  *count = 0;
  run[0] = '\0';
  if (!lince_json_expect (json, '['))
    return FALSE;
  if (lince_json_accept (json, ']'))
    return TRUE;
  do {
    if (*count == LINCE_EVENT_MAX_PLACEMENTS)
      return lince_json_fail (json, "has too many entries");
    if (!read_placement (json, &placements[*count], run))
      return FALSE;
    ++*count;
  } while (lince_json_accept (json, ','));
  return lince_json_expect (json, ']');
}

static gboolean
read_name (Reading *reading, const LinceEventField *field)
{
  char name[KEY_SIZE];
  gboolean known;

  if (!lince_json_read_text (&reading->json, name, sizeof name))
    return FALSE;
  if (field->kind == LINCE_FIELD_TYPE) {
    reading->event->type = lince_event_type_from_name (name);
    known = reading->event->type != LINCE_EVENT_NONE;
  } else if (field->kind == LINCE_FIELD_STATE) {
    known = lince_stream_state_from_name (name, &reading->event->state);
  } else {
    known = lince_utc_source_from_name (name, &reading->event->utc_source);
  }
  return known ? TRUE : lince_json_fail (&reading->json, "is not one of the known names");
}

static gboolean
read_whole_number (Reading *reading, const LinceEventField *field)
{
  gint64 max = G_MAXINT64, value;

  if (field->kind == LINCE_FIELD_UNSIGNED)
    max = (gint64) LINCE_EVENT_MAX_COUNT;
  else if (field->kind == LINCE_FIELD_MINUTE_SPAN)
    max = LINCE_EVENT_MAX_MINUTE_SPAN;
  else if (field->kind == LINCE_FIELD_SIZE)
    max = LINCE_EVENT_MAX_SIZE;
  if (!lince_json_read_integer (&reading->json, 0, max, &value))
    return FALSE;
  if (field->kind == LINCE_FIELD_SIZE)
    *LINCE_FIELD_AT (reading->event, field, gint) = (gint) value;
  else
    *LINCE_FIELD_AT (reading->event, field, gint64) = value;
  return TRUE;
}

static gboolean
read_utc (Reading *reading, const LinceEventField *field)
{
  gint64 *utc = LINCE_FIELD_AT (reading->event, field, gint64);

  if (!lince_json_read_utc (&reading->json, utc))
    return FALSE;
  if (field->kind == LINCE_FIELD_MINUTE && *utc % (60 * G_USEC_PER_SEC) != 0)
    return lince_json_fail (&reading->json, "is not a full minute");
  return TRUE;
}

static gboolean
read_version (Reading *reading)
{
  gint64 version;

  if (!lince_json_read_integer (&reading->json, 1, G_MAXINT32, &version))
    return FALSE;
  return version > LINCE_EVENT_VERSION ? lince_json_fail (&reading->json, LINCE_JSON_NEWER) : TRUE;
}

static gboolean
read_value (Reading *reading, const LinceEventField *field)
{
  switch (field->kind) {
    case LINCE_FIELD_VERSION:
      return read_version (reading);
    case LINCE_FIELD_TYPE:
    case LINCE_FIELD_STATE:
    case LINCE_FIELD_UTC_SOURCE:
      return read_name (reading, field);
    case LINCE_FIELD_TRUE:
    case LINCE_FIELD_FALSE:
      return lince_json_read_boolean (
          &reading->json, LINCE_FIELD_AT (reading->event, field, gboolean));
    case LINCE_FIELD_SHARE:
      return lince_json_read_number (
          &reading->json, 0, 1, LINCE_FIELD_AT (reading->event, field, double));
    case LINCE_FIELD_BLUR:
      return lince_json_read_number (
          &reading->json, 0, LINCE_EVENT_MAX_BLUR, LINCE_FIELD_AT (reading->event, field, double));
    case LINCE_FIELD_QUAD:
      return lince_event_read_quad (&reading->json, LINCE_FIELD_AT (reading->event, field, double));
    case LINCE_FIELD_PIXEL_ASPECT:
      return read_pixel_aspect (reading);
    case LINCE_FIELD_PLACEMENTS:
      if (reading->placements == NULL)
        return lince_json_skip (&reading->json);
      reading->event->placements = reading->placements;
      return lince_event_read_placements (&reading->json, reading->placements,
          &reading->event->placement_count, reading->placements_run);
    case LINCE_FIELD_UTC:
    case LINCE_FIELD_MINUTE:
      return read_utc (reading, field);
    case LINCE_FIELD_TEXT:
    case LINCE_FIELD_ID:
    case LINCE_FIELD_RUN:
    case LINCE_FIELD_EXPOSURE:
    case LINCE_FIELD_REVISION:
    case LINCE_FIELD_CODE:
      return read_text (&reading->json, (LinceFieldKind) field->kind,
          LINCE_FIELD_AT (reading->event, field, char), field->size);
    default:
      return read_whole_number (reading, field);
  }
}

/* Fields mostly come in the table's order, so the search starts where the last one ended. */
static const LinceEventField *
find_field (const char *key, guint *cursor)
{
  gsize length = strlen (key);

  for (guint i = 0; i < lince_event_field_count; i++) {
    guint at =
        *cursor + i < lince_event_field_count ? *cursor + i : *cursor + i - lince_event_field_count;
    const LinceEventField *field = &lince_event_fields[at];
    if (LINCE_FIELD_NAME_LENGTH (field) == length &&
        memcmp (LINCE_FIELD_NAME (field), key, length) == 0) {
      *cursor = at + 1 == lince_event_field_count ? 0 : at + 1;
      return field;
    }
  }
  return NULL;
}

static gboolean
refuse (GError **error, const Reading *reading, const char *name, gsize name_length)
{
  LinceEventError code = reading->json.problem == LINCE_JSON_NEWER ? LINCE_EVENT_ERROR_VERSION
                         : name                                    ? LINCE_EVENT_ERROR_FIELD
                                                                   : LINCE_EVENT_ERROR_SYNTAX;

  g_set_error (error, LINCE_EVENT_ERROR, code, "event: %.*s %s (at byte %" G_GSIZE_FORMAT ")",
      name ? (int) name_length : 4, name ? name : "line", reading->json.problem,
      (gsize) (reading->json.position - reading->json.start));
  return FALSE;
}

static gboolean
refuse_field (GError **error, const LinceEventField *field, Reading *reading, const char *problem)
{
  if (problem)
    lince_json_fail (&reading->json, problem);
  return refuse (error, reading, LINCE_FIELD_NAME (field), LINCE_FIELD_NAME_LENGTH (field));
}

static gboolean
check_whole (Reading *reading, guint64 seen, GError **error)
{
  const LinceEvent *event = reading->event;

  for (guint i = 0; i < lince_event_field_count; i++)
    if (!(seen & G_GUINT64_CONSTANT (1) << i) &&
        (lince_event_fields[i].required & 1u << event->type || i < 2))
      return refuse_field (error, &lince_event_fields[i], reading, "is missing");
  if (reading->placements_run[0] && strcmp (reading->placements_run, event->run) != 0) {
    lince_json_fail (&reading->json, "names exposures of another run");
    return refuse (error, reading, "placements", 10);
  }
  if (event->type == LINCE_EVENT_GAP && event->gap_last < event->gap_first) {
    lince_json_fail (&reading->json, "is before gap_first");
    return refuse (error, reading, "gap_last", 8);
  }
  return TRUE;
}

static gboolean
read_fields (Reading *reading, guint64 *seen, GError **error)
{
  guint cursor = 0;
  char key[KEY_SIZE];

  if (!lince_json_expect (&reading->json, '{'))
    return refuse (error, reading, NULL, 0);
  if (lince_json_accept (&reading->json, '}'))
    return TRUE;
  do {
    if (!lince_json_read_key (&reading->json, key, sizeof key))
      return refuse (error, reading, NULL, 0);
    const LinceEventField *field = find_field (key, &cursor);
    if (field == NULL) {
      if (!lince_json_skip (&reading->json))
        return refuse (error, reading, NULL, 0);
      continue;
    }
    guint64 bit = G_GUINT64_CONSTANT (1) << (field - lince_event_fields);
    if (*seen & bit)
      return refuse_field (error, field, reading, "is repeated");
    *seen |= bit;
    if (!read_value (reading, field))
      return refuse_field (error, field, reading, NULL);
  } while (lince_json_accept (&reading->json, ','));
  return lince_json_expect (&reading->json, '}') ? TRUE : refuse (error, reading, NULL, 0);
}

gboolean
lince_event_read (const char *line, gsize length, LinceEvent *event,
    LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS], GError **error)
{
  Reading reading = {.event = event, .placements = placements};
  guint64 seen = 0;

  lince_event_init (event, LINCE_EVENT_NONE);
  if (length > LINCE_EVENT_MAX_LINE) {
    reading.json.problem = "is too long";
    return refuse (error, &reading, NULL, 0);
  }
  if (!lince_json_reader_init (&reading.json, line, length))
    return refuse (error, &reading, NULL, 0);
  if (!read_fields (&reading, &seen, error))
    return FALSE;
  if (!lince_json_at_end (&reading.json)) {
    lince_json_fail (&reading.json, "goes on behind its object");
    return refuse (error, &reading, NULL, 0);
  }
  return check_whole (&reading, seen, error);
}
