/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/watch.h"

#include <string.h>

static void
enter (LinceWatch *watch, LinceStreamState state, gint64 now, const char *reason)
{
  watch->state = state;
  watch->entered = now;
  lince_event_set_text (watch->reason, sizeof watch->reason, reason);
}

void
lince_watch_init (LinceWatch *watch, guint32 seed)
{
  memset (watch, 0, sizeof *watch);
  watch->state = LINCE_STREAM_STOPPED;
  lince_backoff_init (&watch->backoff, seed);
}

void
lince_watch_clear (LinceWatch *watch)
{
  lince_backoff_clear (&watch->backoff);
}

void
lince_watch_start (LinceWatch *watch, gint64 now)
{
  enter (watch, LINCE_STREAM_STARTING, now, "");
  watch->started = now;
  watch->first_frame = watch->last_frame = 0;
  watch->frames = 0;
}

static LinceWatchAction
see_frame (LinceWatch *watch, gint64 now, guint64 frames)
{
  watch->frames = frames;
  watch->last_frame = now;
  if (watch->first_frame == 0)
    watch->first_frame = now;
  if (watch->state == LINCE_STREAM_RUNNING)
    return LINCE_WATCH_NOTHING;
  enter (watch, LINCE_STREAM_RUNNING, now, "");
  return LINCE_WATCH_CHANGED;
}

LinceWatchAction
lince_watch_look (LinceWatch *watch, gint64 now, guint64 frames)
{
  gint64 since = now - (watch->first_frame ? watch->last_frame : watch->started);

  switch (watch->state) {
    case LINCE_STREAM_STOPPED:
      return LINCE_WATCH_NOTHING;
    case LINCE_STREAM_BACKOFF:
      if (now - watch->entered < watch->wait)
        return LINCE_WATCH_NOTHING;
      lince_watch_start (watch, now);
      return LINCE_WATCH_START;
    case LINCE_STREAM_STARTING:
    case LINCE_STREAM_RUNNING:
    case LINCE_STREAM_STALLED:
      break;
  }
  if (frames != watch->frames)
    return see_frame (watch, now, frames);
  if (watch->state == LINCE_STREAM_STARTING && since >= LINCE_WATCH_START_DEADLINE)
    return lince_watch_fail (watch, now, "No picture came within 15 s of the start.");
  if (watch->state == LINCE_STREAM_RUNNING && since >= LINCE_WATCH_STALL_AFTER) {
    enter (watch, LINCE_STREAM_STALLED, now, "No picture has come for 3 s.");
    return LINCE_WATCH_CHANGED;
  }
  if (watch->state == LINCE_STREAM_STALLED && since >= LINCE_WATCH_LOST_AFTER)
    return lince_watch_fail (watch, now, "No picture has come for 10 s.");
  return LINCE_WATCH_NOTHING;
}

LinceWatchAction
lince_watch_fail (LinceWatch *watch, gint64 now, const char *reason)
{
  gint64 healthy = watch->first_frame ? watch->last_frame - watch->first_frame : 0;

  if (watch->state == LINCE_STREAM_BACKOFF || watch->state == LINCE_STREAM_STOPPED)
    return LINCE_WATCH_NOTHING;
  watch->wait = lince_backoff_next (&watch->backoff, healthy);
  enter (watch, LINCE_STREAM_BACKOFF, now, reason);
  return LINCE_WATCH_LOST;
}

void
lince_watch_forgive (LinceWatch *watch)
{
  watch->backoff.failures = 0;
}

void
lince_watch_stop (LinceWatch *watch, gint64 now, const char *reason)
{
  enter (watch, LINCE_STREAM_STOPPED, now, reason);
}

gint64
lince_watch_retry_in (const LinceWatch *watch, gint64 now)
{
  if (watch->state != LINCE_STREAM_BACKOFF)
    return LINCE_TIME_NONE;
  return MAX (watch->entered + watch->wait - now, 0);
}
