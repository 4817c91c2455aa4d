/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/reporter.h"

#include <string.h>

#include "media/message.h"
#include "stream/minute_sums.h"
#include "stream/utc.h"

struct _LinceReporter {
  char stream[LINCE_EVENT_ID_MAX + 1];
  char run[33];
  char collection[LINCE_EVENT_ID_MAX + 1];
  LinceReporterEmit emit;
  gpointer user_data;

  LinceUtc utc;
  LinceMinuteSums *sums;
  GHashTable *open; /* exposure number -> LinceEvent, as last seen; for standing and forced ends */
  LinceEvent frame; /* the fields of the frame at hand */

  /* what is added to the numbers and times of the present pipeline */
  guint64 exposure_base, track_base;
  gint64 running_base;
  guint64 highest_exposure, highest_track;
  gint64 last_running, last_now;

  LinceReporterPosition position;
  gint64 decided_sum;
  guint decided_count;
};

static void emit_standing (guint64 exposure, const LinceMinuteSumsPiece *piece, gpointer user_data);

LinceReporter *
lince_reporter_new (const char *stream, const char *run, LinceReporterEmit emit, gpointer user_data)
{
  LinceReporter *reporter = g_new0 (LinceReporter, 1);

  g_strlcpy (reporter->stream, stream, sizeof reporter->stream);
  g_strlcpy (reporter->run, run, sizeof reporter->run);
  reporter->emit = emit;
  reporter->user_data = user_data;
  lince_utc_init (&reporter->utc);
  reporter->sums = lince_minute_sums_new (emit_standing, reporter);
  reporter->open = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  reporter->last_running = LINCE_TIME_NONE;
  reporter->position.pts = reporter->position.running_time = LINCE_TIME_NONE;
  lince_event_init (&reporter->frame, LINCE_EVENT_MOVED);
  return reporter;
}

void
lince_reporter_free (LinceReporter *reporter)
{
  if (!reporter)
    return;
  lince_minute_sums_free (reporter->sums);
  g_hash_table_unref (reporter->open);
  g_free (reporter);
}

void
lince_reporter_set_collection (LinceReporter *reporter, const char *path, const char *id)
{
  g_autofree char *name = NULL;

  if (!id) {
    name = g_path_get_basename (path);
    g_strcanon (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-", '-');
    if (name[0] == '.')
      name[0] = '-';
    id = name;
  }
  lince_event_set_text (reporter->collection, sizeof reporter->collection, id);
}

const char *
lince_reporter_collection (LinceReporter *reporter)
{
  return reporter->collection;
}

void
lince_reporter_begin (LinceReporter *reporter, gint64 now)
{
  reporter->exposure_base = reporter->highest_exposure;
  reporter->track_base = reporter->highest_track;
  if (reporter->last_running != LINCE_TIME_NONE)
    reporter->running_base = reporter->last_running + MAX (now - reporter->last_now, 1);
  lince_utc_init (&reporter->utc);
}

static gint64
time_or_none (GstClockTime time)
{
  return time > G_MAXINT64 ? LINCE_TIME_NONE : (gint64) time;
}

/* The frame's own fields, the same in every event that speaks of it. */
static void
fill_frame (LinceReporter *reporter, LinceEvent *event, const LinceMessage *message)
{
  const LinceFrameInfo *info = &message->info;

  lince_event_init (event, LINCE_EVENT_MOVED);
  strcpy (event->stream, reporter->stream);
  strcpy (event->run, reporter->run);
  strcpy (event->collection, reporter->collection);
  lince_event_set_text (
      event->revision, sizeof event->revision, message->revision ? message->revision : "");
  lince_event_set_text (event->timecode, sizeof event->timecode, info->timecode);
  event->pts = time_or_none (info->timestamp);
  event->stream_time = time_or_none (info->stream_time);
  event->running_time = reporter->running_base + time_or_none (info->running_time);
  event->decided_after = time_or_none (info->decided_after);
  event->age = time_or_none (info->age);
  if (event->age == LINCE_TIME_NONE)
    event->age = 0;
  event->width = info->width;
  event->height = info->height;
  event->par_n = info->par_n;
  event->par_d = info->par_d;
  event->utc = lince_utc_at (&reporter->utc, event->running_time, &event->utc_source);
}

static void
set_type (LinceEvent *event, LinceEventType type)
{
  event->type = type;
  event->logged = TRUE;
}

static void
fill_placement (
    LinceReporter *reporter, LinceEventPlacement *placement, const LinceMessageObject *object)
{
  lince_event_set_text (placement->object, sizeof placement->object, object->id ? object->id : "");
  placement->exposure_number = object->exposure ? object->exposure + reporter->exposure_base : 0;
  placement->track = object->track + reporter->track_base;
  memcpy (placement->quad, object->quad, sizeof placement->quad);
  placement->confidence = object->confidence;
  placement->visible = object->visible;
  placement->area = object->area;
  placement->look = (LinceEventLook){.opacity = object->opacity,
      .occluded = object->occluded,
      .cut_off = object->cut_off,
      .blur = object->blur};
  if (object->kind)
    lince_event_set_text (placement->look.kind, sizeof placement->look.kind, object->kind);
}

static void
copy_placement (LinceEvent *event, const LinceEventPlacement *placement)
{
  memcpy (event->quad, placement->quad, sizeof event->quad);
  event->confidence = placement->confidence;
  event->visible = placement->visible;
  event->area = placement->area;
  event->look = placement->look;
  event->track = placement->track;
}

static void
fill_piece (LinceEvent *event, const LinceMinuteSumsPiece *piece)
{
  event->minute = piece->minute;
  event->sum_time = piece->time;
  event->sum_frames = piece->frames;
  event->sum_area_time = piece->area_time;
  event->peak_area = piece->peak_area;
}

static void
emit_standing (guint64 exposure, const LinceMinuteSumsPiece *piece, gpointer user_data)
{
  LinceReporter *reporter = user_data;
  const LinceEvent *last = g_hash_table_lookup (reporter->open, &exposure);
  LinceEvent event;

  g_return_if_fail (last != NULL);
  event = *last;
  set_type (&event, LINCE_EVENT_STANDING);
  event.resumed = FALSE;
  event.seen_utc = event.seen_running_time = event.decided_utc = LINCE_TIME_NONE;
  event.pts = reporter->frame.pts;
  event.stream_time = reporter->frame.stream_time;
  event.running_time = reporter->frame.running_time;
  event.decided_after = reporter->frame.decided_after;
  event.age = reporter->frame.age;
  event.utc = lince_minute_sums_utc (reporter->sums, exposure, event.running_time);
  fill_piece (&event, piece);
  reporter->emit (&event, reporter->user_data);
}

/* The number of frames from the first sight to the decision, where the frame rate is known. */
static guint64
frames_between (const LinceMessage *message, gint64 first, gint64 last)
{
  gint64 duration = time_or_none (message->info.duration);

  return duration > 0 && last > first ? 1 + (last - first + duration / 2) / duration : 1;
}

static void
fill_exposure (LinceReporter *reporter, LinceEvent *event, const LinceMessageObject *object,
    const LinceEventPlacement *placement)
{
  strcpy (event->object, placement->object);
  lince_event_set_text (event->name, sizeof event->name, object->name ? object->name : "");
  g_snprintf (event->exposure, sizeof event->exposure, "%s-%" G_GUINT64_FORMAT, reporter->run,
      placement->exposure_number);
  copy_placement (event, placement);
}

static void
report_appeared (LinceReporter *reporter, const LinceMessage *message,
    const LinceMessageObject *object, const LinceEventPlacement *placement)
{
  guint64 exposure = placement->exposure_number;
  gint64 first = reporter->running_base + time_or_none (object->first_seen);
  gint64 decided = reporter->frame.running_time;
  LinceEvent event = reporter->frame;

  set_type (&event, LINCE_EVENT_APPEARED);
  fill_exposure (reporter, &event, object, placement);
  event.resumed = object->resumed;
  g_hash_table_insert (
      reporter->open, g_memdup2 (&exposure, sizeof exposure), g_memdup2 (&event, sizeof event));
  lince_minute_sums_open (reporter->sums, exposure, first,
      lince_utc_at (&reporter->utc, first, NULL), frames_between (message, first, decided),
      placement->area);
  event.seen_running_time = first;
  event.seen_utc = lince_minute_sums_utc (reporter->sums, exposure, first);
  event.utc = event.decided_utc = lince_minute_sums_utc (reporter->sums, exposure, decided);
  reporter->emit (&event, reporter->user_data);
  lince_minute_sums_advance (reporter->sums, exposure, decided);
}

static void
report_vanished (LinceReporter *reporter, LinceEvent *event, guint64 exposure, gint64 last_seen,
    gint64 frames, gint64 area_time)
{
  LinceMinuteSumsPiece piece;

  set_type (event, LINCE_EVENT_VANISHED);
  if (!lince_minute_sums_close (reporter->sums, exposure, last_seen, frames, area_time, &piece))
    return;
  fill_piece (event, &piece);
  event->resumed = FALSE;
  event->seen_running_time = last_seen;
  event->seen_utc = lince_minute_sums_utc (reporter->sums, exposure, last_seen);
  event->utc = lince_minute_sums_utc (reporter->sums, exposure, event->running_time);
  event->decided_utc = event->utc;
  g_hash_table_remove (reporter->open, &exposure);
  reporter->emit (event, reporter->user_data);
}

static void
report_change (LinceReporter *reporter, const LinceMessage *message, const GstStructure *structure)
{
  LinceMessageObject object;
  LinceEventPlacement placement;
  LinceEvent event;

  if (!lince_message_get_object (structure, 0, &object) || object.exposure == 0)
    return;
  fill_placement (reporter, &placement, &object);
  reporter->highest_exposure = MAX (reporter->highest_exposure, placement.exposure_number);
  reporter->highest_track = MAX (reporter->highest_track, placement.track);
  if (message->type == LINCE_MESSAGE_APPEARED) {
    report_appeared (reporter, message, &object, &placement);
    return;
  }
  event = reporter->frame;
  fill_exposure (reporter, &event, &object, &placement);
  lince_event_set_text (event.reason, sizeof event.reason, object.reason);
  report_vanished (reporter, &event, placement.exposure_number,
      reporter->running_base + time_or_none (object.last_seen), object.frames,
      (gint64) (object.area_seconds * 1e9 + 0.5));
}

static guint
fill_placements (LinceReporter *reporter, const GstStructure *structure, guint count,
    LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS])
{
  LinceMessageObject object;
  guint used = 0;

  for (guint i = 0; i < count && used < LINCE_EVENT_MAX_PLACEMENTS; i++) {
    if (lince_message_get_object (structure, i, &object))
      fill_placement (reporter, &placements[used++], &object);
  }
  return used;
}

static void
report_moved (LinceReporter *reporter, const LinceMessage *message, const GstStructure *structure)
{
  LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS];
  LinceEvent event = reporter->frame;
  LinceEvent *last;

  event.placement_count = fill_placements (reporter, structure, message->object_count, placements);
  event.placements = placements;
  for (guint i = 0; i < event.placement_count; i++) {
    reporter->highest_track = MAX (reporter->highest_track, placements[i].track);
    lince_minute_sums_see (
        reporter->sums, placements[i].exposure_number, event.running_time, placements[i].area);
    last = g_hash_table_lookup (reporter->open, &placements[i].exposure_number);
    if (last)
      copy_placement (last, &placements[i]);
  }
  reporter->emit (&event, reporter->user_data);
}

static void
note_position (LinceReporter *reporter, const LinceEvent *frame, gint64 now)
{
  reporter->last_running = MAX (reporter->last_running, frame->running_time);
  reporter->last_now = now;
  reporter->position.pts = frame->pts;
  reporter->position.running_time = frame->running_time;
  strcpy (reporter->position.revision, frame->revision);
  if (frame->decided_after != LINCE_TIME_NONE) {
    reporter->decided_sum += frame->decided_after;
    reporter->decided_count++;
  }
}

/* The frame that a message speaks of becomes the frame at hand. An end that is told outside of any
 * frame (after a flush) belongs to the last one. */
static gboolean
take_frame (LinceReporter *reporter, const LinceMessage *message, gint64 now)
{
  gint64 running_time = time_or_none (message->info.running_time);

  if (running_time == LINCE_TIME_NONE)
    return message->type == LINCE_MESSAGE_VANISHED &&
           reporter->frame.running_time != LINCE_TIME_NONE;
  lince_utc_feed (&reporter->utc, reporter->running_base + running_time, message->info.arrival,
      lince_utc_from_reference (message->info.reference_clock, message->info.reference_timestamp));
  fill_frame (reporter, &reporter->frame, message);
  note_position (reporter, &reporter->frame, now);
  return TRUE;
}

gboolean
lince_reporter_message (LinceReporter *reporter, const GstStructure *structure, gint64 now)
{
  LinceMessage message;

  if (!lince_message_parse (structure, &message) || message.type == LINCE_MESSAGE_NONE ||
      !take_frame (reporter, &message, now))
    return FALSE;
  if (message.type == LINCE_MESSAGE_MOVED)
    report_moved (reporter, &message, structure);
  else
    report_change (reporter, &message, structure);
  return TRUE;
}

void
lince_reporter_observe (LinceReporter *reporter, const GstStructure *structure, gint64 now)
{
  LinceMessage message;
  gint64 running_time;

  if (!lince_message_parse (structure, &message))
    return;
  running_time = time_or_none (message.info.running_time);
  if (running_time == LINCE_TIME_NONE ||
      reporter->running_base + running_time <= reporter->last_running)
    return;
  take_frame (reporter, &message, now);
}

gboolean
lince_reporter_describe (LinceReporter *reporter, const GstStructure *structure, LinceEvent *moved,
    LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS])
{
  LinceMessage message;

  if (!lince_message_parse (structure, &message) || message.type != LINCE_MESSAGE_MOVED ||
      time_or_none (message.info.running_time) == LINCE_TIME_NONE)
    return FALSE;
  fill_frame (reporter, moved, &message);
  moved->placement_count = fill_placements (reporter, structure, message.object_count, placements);
  moved->placements = placements;
  return TRUE;
}

void
lince_reporter_end (LinceReporter *reporter, const char *reason)
{
  g_autoptr (GArray) open = lince_minute_sums_list_open (reporter->sums);

  for (guint i = 0; i < open->len; i++) {
    guint64 exposure = g_array_index (open, guint64, i);
    const LinceEvent *last = g_hash_table_lookup (reporter->open, &exposure);
    LinceEvent event;

    g_return_if_fail (last != NULL);
    event = *last;
    lince_event_set_text (event.reason, sizeof event.reason, reason);
    event.pts = reporter->frame.pts;
    event.stream_time = reporter->frame.stream_time;
    event.running_time = reporter->frame.running_time;
    report_vanished (
        reporter, &event, exposure, lince_minute_sums_last_seen (reporter->sums, exposure), -1, -1);
  }
}

void
lince_reporter_stamp (LinceReporter *reporter, LinceEvent *event)
{
  strcpy (event->stream, reporter->stream);
  strcpy (event->run, reporter->run);
  event->utc = g_get_real_time ();
  event->utc_source = LINCE_UTC_ARRIVAL;
}

void
lince_reporter_peek (LinceReporter *reporter, LinceReporterPosition *position)
{
  *position = reporter->position;
  position->recognize_time =
      reporter->decided_count ? reporter->decided_sum / reporter->decided_count : 0;
}

void
lince_reporter_position (LinceReporter *reporter, LinceReporterPosition *position)
{
  lince_reporter_peek (reporter, position);
  reporter->decided_sum = 0;
  reporter->decided_count = 0;
}
