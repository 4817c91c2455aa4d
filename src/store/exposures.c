/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/exposures.h"

#include <string.h>

#define MINUTE (60 * G_USEC_PER_SEC)

typedef struct {
  LinceOpenExposure open;
  guint64 order;
} Entry;

struct _LinceExposures {
  GHashTable *entries; /* by the exposure's id, which lies in the entry */
  guint64 order;
};

LinceExposures *
lince_exposures_new (void)
{
  LinceExposures *exposures = g_new0 (LinceExposures, 1);

  exposures->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  return exposures;
}

void
lince_exposures_free (LinceExposures *exposures)
{
  if (exposures == NULL)
    return;
  g_hash_table_unref (exposures->entries);
  g_free (exposures);
}

static void
open_one (LinceExposures *exposures, const LinceEvent *appeared)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->open.event = *appeared;
  entry->open.event.logged = TRUE;
  entry->open.summed_until = appeared->seen_utc;
  entry->order = ++exposures->order;
  g_hash_table_replace (exposures->entries, entry->open.event.exposure, entry);
}

/* the frame's times and size, and the placement on it */
static void
follow (LinceEvent *open, const LinceEvent *frame, const double quad[8], double confidence,
    double visible, double area, const LinceEventLook *look)
{
  open->pts = frame->pts;
  open->stream_time = frame->stream_time;
  open->running_time = frame->running_time;
  open->utc = frame->utc;
  open->utc_source = frame->utc_source;
  memcpy (open->timecode, frame->timecode, sizeof open->timecode);
  if (frame->width > 0) {
    open->width = frame->width;
    open->height = frame->height;
    open->par_n = frame->par_n;
    open->par_d = frame->par_d;
  }
  memcpy (open->quad, quad, sizeof open->quad);
  open->confidence = confidence;
  open->visible = visible;
  open->area = area;
  open->look = *look;
}

static void
apply_standing (LinceExposures *exposures, const LinceEvent *event)
{
  Entry *entry = g_hash_table_lookup (exposures->entries, event->exposure);

  if (entry == NULL)
    return;
  entry->open.summed_until = MAX (entry->open.summed_until, event->minute + MINUTE);
  if (event->utc >= entry->open.event.utc)
    follow (&entry->open.event, event, event->quad, event->confidence, event->visible, event->area,
        &event->look);
}

static void
apply_moved (LinceExposures *exposures, const LinceEvent *moved)
{
  char id[65];

  for (guint i = 0; i < moved->placement_count; i++) {
    const LinceEventPlacement *placement = &moved->placements[i];
    if (placement->exposure_number == 0)
      continue;
    g_snprintf (id, sizeof id, "%s-%" G_GUINT64_FORMAT, moved->run, placement->exposure_number);
    Entry *entry = g_hash_table_lookup (exposures->entries, id);
    if (entry == NULL)
      continue;
    entry->open.event.track = placement->track;
    follow (&entry->open.event, moved, placement->quad, placement->confidence, placement->visible,
        placement->area, &placement->look);
  }
}

void
lince_exposures_apply (LinceExposures *exposures, const LinceEvent *event)
{
  switch (event->type) {
    case LINCE_EVENT_APPEARED:
      open_one (exposures, event);
      break;
    case LINCE_EVENT_STANDING:
      apply_standing (exposures, event);
      break;
    case LINCE_EVENT_VANISHED:
      g_hash_table_remove (exposures->entries, event->exposure);
      break;
    case LINCE_EVENT_MOVED:
      apply_moved (exposures, event);
      break;
    default:
      break;
  }
}

void
lince_exposures_resume (
    LinceExposures *exposures, const char *exposure, gint64 summed_until, gint64 last_utc)
{
  Entry *entry = g_hash_table_lookup (exposures->entries, exposure);

  if (entry == NULL)
    return;
  entry->open.summed_until = MAX (entry->open.summed_until, summed_until);
  entry->open.event.utc = MAX (entry->open.event.utc, last_utc);
}

guint
lince_exposures_count (const LinceExposures *exposures)
{
  return g_hash_table_size (exposures->entries);
}

const LinceOpenExposure *
lince_exposures_find (const LinceExposures *exposures, const char *exposure)
{
  Entry *entry = g_hash_table_lookup (exposures->entries, exposure);

  return entry ? &entry->open : NULL;
}

static gint
compare_order (gconstpointer a, gconstpointer b)
{
  const Entry *x = *(Entry *const *) a, *y = *(Entry *const *) b;

  return x->order < y->order ? -1 : x->order > y->order;
}

GPtrArray *
lince_exposures_list (const LinceExposures *exposures, const char *stream)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  G_STATIC_ASSERT (G_STRUCT_OFFSET (Entry, open) == 0);
  g_hash_table_iter_init (&iter, exposures->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Entry *entry = value;
    if (stream == NULL || strcmp (entry->open.event.stream, stream) == 0)
      g_ptr_array_add (list, entry);
  }
  g_ptr_array_sort (list, compare_order);
  return list;
}

void
lince_exposures_close_event (
    const LinceOpenExposure *open, const char *reason, gint64 now, LinceEvent *vanished)
{
  gint64 from = open->summed_until, last = MAX (open->event.utc, open->event.seen_utc);

  *vanished = open->event;
  vanished->type = LINCE_EVENT_VANISHED;
  vanished->sequence = vanished->number = 0;
  vanished->resumed = FALSE;
  vanished->received = LINCE_TIME_NONE;
  vanished->decided_after = LINCE_TIME_NONE;
  vanished->seen_utc = last;
  vanished->seen_running_time = open->event.running_time;
  vanished->decided_utc = now;
  lince_event_set_text (vanished->reason, sizeof vanished->reason, reason);

  /* what stands between the last sums and the last sight, as far as one minute goes */
  vanished->minute = from - from % MINUTE;
  gint64 time = CLAMP (last - from, 0, vanished->minute + MINUTE - from);
  vanished->sum_time = time * 1000;
  vanished->sum_frames = 0;
  vanished->sum_area_time = (gint64) (open->event.area * (double) vanished->sum_time + 0.5);
  vanished->peak_area = time > 0 ? open->event.area : 0;
}
