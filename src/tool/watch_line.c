/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/watch_line.h"

#include <string.h>

#include "tool/output.h"

static void
append_printable (GString *line, const char *text)
{
  for (; *text; text = g_utf8_next_char (text)) {
    gunichar letter = g_utf8_get_char (text);
    g_string_append_unichar (line, g_unichar_isprint (letter) ? letter : 0xfffd);
  }
}

static void
append_head (GString *line, const LinceEvent *event)
{
  gint64 utc = event->utc != LINCE_TIME_NONE ? event->utc : event->received;

  if (utc != LINCE_TIME_NONE) {
    g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (utc / G_USEC_PER_SEC);
    g_autofree char *text = time ? g_date_time_format (time, "%H:%M:%S") : NULL;
    g_string_append_printf (
        line, "%s.%03d  ", text ? text : "", (int) (utc % G_USEC_PER_SEC / 1000));
  }
  append_printable (line, event->stream[0] ? event->stream : "linced");
  g_string_append_printf (line, "  %s  ", lince_event_type_name (event->type));
}

static void
append_object (GString *line, const LinceEvent *event)
{
  append_printable (line, event->name[0] ? event->name : event->object);
  if (event->name[0] && strcmp (event->name, event->object) != 0) {
    g_string_append (line, " (");
    append_printable (line, event->object);
    g_string_append_c (line, ')');
  }
}

static void
append_place (
    GString *line, const double quad[8], double confidence, double area, const LinceEventLook *look)
{
  double x = (quad[0] + quad[2] + quad[4] + quad[6]) / 4,
         y = (quad[1] + quad[3] + quad[5] + quad[7]) / 4;

  g_string_append (line, "  at ");
  lince_output_number (line, x * 100, 0);
  g_string_append (line, " %, ");
  lince_output_number (line, y * 100, 0);
  g_string_append_printf (line, " %%  area %.1f %%  confidence %.2f", area * 100, confidence);
  /* only what is not as in the picture */
  if (look->opacity >= 0 && look->opacity < 0.95)
    g_string_append_printf (line, "  opacity %.2f", look->opacity);
  if (look->occluded >= 0.05)
    g_string_append_printf (line, "  occluded %.0f %%", look->occluded * 100);
  if (look->cut_off >= 0.005)
    g_string_append_printf (line, "  cut off %.0f %%", look->cut_off * 100);
  if (look->blur >= 0.5)
    g_string_append_printf (line, "  blur %.1f px", look->blur);
}

static void
append_moved (GString *line, const LinceEvent *event)
{
  g_string_append_printf (line, "%u", event->placement_count);
  for (guint i = 0; i < event->placement_count; i++) {
    g_string_append (line, "  ");
    append_printable (line, event->placements[i].object);
    append_place (line, event->placements[i].quad, event->placements[i].confidence,
        event->placements[i].area, &event->placements[i].look);
  }
}

static void
append_reason (GString *line, const char *before, const char *reason, const char *after)
{
  if (reason[0] == '\0')
    return;
  g_string_append (line, before);
  append_printable (line, reason);
  g_string_append (line, after);
}

void
lince_watch_append_event (GString *line, const LinceEvent *event)
{
  append_head (line, event);
  switch (event->type) {
    case LINCE_EVENT_APPEARED:
      append_object (line, event);
      append_place (line, event->quad, event->confidence, event->area, &event->look);
      g_string_append (line, event->resumed ? "  (again)" : "");
      break;
    case LINCE_EVENT_STANDING:
      append_object (line, event);
      g_string_append_printf (line, "  %.1f s of this minute", (double) event->sum_time / 1e9);
      break;
    case LINCE_EVENT_VANISHED:
      append_object (line, event);
      append_reason (line, "  (", event->reason, ")");
      break;
    case LINCE_EVENT_STREAM:
      g_string_append (line, lince_stream_state_name (event->state));
      append_reason (line, ": ", event->reason, "");
      if (event->retry_in != LINCE_TIME_NONE)
        g_string_append_printf (line, "  next try in %.1f s", (double) event->retry_in / 1e9);
      break;
    case LINCE_EVENT_GAP:
      g_string_append_printf (line,
          "events %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " are lost", event->gap_first,
          event->gap_last);
      append_reason (line, ": ", event->reason, "");
      break;
    case LINCE_EVENT_NOTICE:
      append_printable (line, event->code);
      append_reason (line, ": ", event->reason, "");
      break;
    case LINCE_EVENT_MOVED:
      append_moved (line, event);
      break;
    default:
      break;
  }
  if (!event->logged)
    g_string_append (line, "  [not logged]");
}
