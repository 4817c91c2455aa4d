/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/event.h"

#include <string.h>

#include "wire/event_fields.h"

G_DEFINE_QUARK (lince - event - error - quark, lince_event_error)

static const char *const type_names[] = {
    "none", "appeared", "standing", "vanished", "stream", "gap", "notice", "moved"};
static const char *const state_names[] = {"starting", "running", "stalled", "backoff", "stopped"};
static const char *const utc_source_names[] = {"arrival", "ntp", "timecode", "tdt"};

void
lince_event_init (LinceEvent *event, LinceEventType type)
{
  memset (event, 0, sizeof *event);
  event->type = type;
  event->logged = TRUE;
  event->pts = event->stream_time = event->running_time = LINCE_TIME_NONE;
  event->utc = event->received = event->decided_after = LINCE_TIME_NONE;
  event->seen_utc = event->seen_running_time = event->decided_utc = LINCE_TIME_NONE;
  event->minute = event->retry_in = LINCE_TIME_NONE;
  event->gap_from_utc = event->gap_to_utc = LINCE_TIME_NONE;
  lince_event_look_init (&event->look);
}

void
lince_event_look_init (LinceEventLook *look)
{
  *look = (LinceEventLook){.opacity = -1, .occluded = -1, .cut_off = -1, .blur = -1};
}

gboolean
lince_event_type_is_lasting (LinceEventType type)
{
  return type > LINCE_EVENT_NONE && type < LINCE_EVENT_MOVED;
}

const char *
lince_event_type_name (LinceEventType type)
{
  return (guint) type < G_N_ELEMENTS (type_names) ? type_names[type] : type_names[0];
}

LinceEventType
lince_event_type_from_name (const char *name)
{
  for (guint i = 1; i < G_N_ELEMENTS (type_names); i++)
    if (strcmp (name, type_names[i]) == 0)
      return (LinceEventType) i;
  return LINCE_EVENT_NONE;
}

const char *
lince_stream_state_name (LinceStreamState state)
{
  return (guint) state < G_N_ELEMENTS (state_names) ? state_names[state] : "unknown";
}

gboolean
lince_stream_state_from_name (const char *name, LinceStreamState *state)
{
  for (guint i = 0; i < G_N_ELEMENTS (state_names); i++)
    if (strcmp (name, state_names[i]) == 0) {
      *state = (LinceStreamState) i;
      return TRUE;
    }
  return FALSE;
}

const char *
lince_utc_source_name (LinceUtcSource source)
{
  return (guint) source < G_N_ELEMENTS (utc_source_names) ? utc_source_names[source] : "unknown";
}

gboolean
lince_utc_source_from_name (const char *name, LinceUtcSource *source)
{
  for (guint i = 0; i < G_N_ELEMENTS (utc_source_names); i++)
    if (strcmp (name, utc_source_names[i]) == 0) {
      *source = (LinceUtcSource) i;
      return TRUE;
    }
  return FALSE;
}

void
lince_event_set_text (char *field, gsize size, const char *text)
{
  g_autofree char *valid = NULL;

  if (!g_utf8_validate (text, -1, NULL))
    text = valid = g_utf8_make_valid (text, -1);
  gsize length = strlen (text);
  if (length >= size) {
    length = size - 1;
    while (length > 0 && ((guchar) text[length] & 0xc0) == 0x80)
      length--;
  }
  memcpy (field, text, length);
  field[length] = '\0';
}
