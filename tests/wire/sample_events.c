/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample_events.h"

#include <string.h>

#define UTC G_GINT64_CONSTANT (1795412526123456)
#define SET(field, text) lince_event_set_text (field, sizeof field, text)

static void
fill_numbers (LinceEvent *event)
{
  event->sequence = 4711;
  event->logged = FALSE;
  event->number = 12;
  event->pts = 123456789012345;
  event->stream_time = 0;
  event->running_time = G_MAXINT64;
  event->received = UTC + 1000;
  event->utc_source = LINCE_UTC_TIMECODE;
  event->decided_after = 12000000;
  event->age = 40000000;
  event->par_n = 64;
  event->par_d = 45;
  event->track = 3;
  event->seen_running_time = 5;
  event->decided_utc = UTC + 200000;
  event->retry_in = 4000000000;
  event->gap_from_utc = UTC;
  event->gap_to_utc = UTC + 1;
  SET (event->timecode, "10:00:00;01");
  SET (event->name, "Fish \xc3\xa9 \xf0\x9f\x90\x9f \"quoted\" \\ \n \x01\x7f");
  SET (event->collection, "sample-1.x");
  SET (event->revision, "0123456789abcdef");
  SET (event->reason, "gone");
  event->look = (LinceEventLook){
      .opacity = 0.4, .occluded = 0.3, .cut_off = 0.2, .blur = 2.5, .kind = "mark"};
}

static void
fill_placements (LinceEvent *event, LinceEventPlacement *placements, gboolean full)
{
  event->placements = placements;
  event->placement_count = full ? 2 : 0;
  for (guint i = 0; i < event->placement_count; i++) {
    memset (&placements[i], 0, sizeof placements[i]);
    SET (placements[i].object, i ? "b\xc3\xa4r_2" : "poster");
    placements[i].exposure_number = i ? 7 : 0;
    placements[i].track = i;
    for (int k = 0; k < 8; k++)
      placements[i].quad[k] = -0.25 + 0.1234567 * k + i;
    placements[i].confidence = 1.0 / 3;
    placements[i].visible = 0.5;
    placements[i].area = 1e-6;
    lince_event_look_init (&placements[i].look);
    if (i)
      placements[i].look = (LinceEventLook){
          .opacity = 0.4, .occluded = 0.3, .cut_off = 0.2, .blur = 2.5, .kind = "mark"};
  }
}

LinceEvent
sample_event (
    LinceEventType type, gboolean full, LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS])
{
  LinceEvent event;

  lince_event_init (&event, type);
  if (full)
    fill_numbers (&event);
  event.utc = UTC;
  SET (event.stream, "camera-1");
  SET (event.run, SAMPLE_RUN);
  SET (event.object, "poster");
  SET (event.exposure, SAMPLE_RUN "-7");
  SET (event.code, "log-space-low");
  SET (event.reason, type == LINCE_EVENT_VANISHED ? "gone" : full ? "A sentence." : "");
  event.width = 1920;
  event.height = 1080;
  for (int k = 0; k < 8; k++)
    event.quad[k] = (k % 3) * 0.3333333;
  event.confidence = 0.97;
  event.visible = 1;
  event.area = 0.0625;
  event.resumed = full;
  event.seen_utc = UTC - 200000;
  event.minute = UTC - UTC % (60 * G_USEC_PER_SEC);
  event.sum_time = 41000000000;
  event.sum_frames = 1025;
  event.sum_area_time = 2562500000;
  event.peak_area = 0.07;
  event.state = full ? LINCE_STREAM_BACKOFF : LINCE_STREAM_STARTING;
  event.gap_first = 10;
  event.gap_last = 20;
  if (type == LINCE_EVENT_MOVED)
    fill_placements (&event, placements, full);
  return event;
}
