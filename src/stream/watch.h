/* SPDX-License-Identifier: LGPL-2.1-or-later
 * When a source is in trouble: the states of a stream, decided from a count of frames and a clock
 * that the caller reads. No GStreamer, no timers: a flat value that is told what happened.
 *
 *   STARTING --first frame--> RUNNING --no frame for 3 s--> STALLED --frame--> RUNNING
 *      |  15 s without frame     |                             | 10 s without frame
 *      +---------------------> BACKOFF <-----------------------+     (and on every error)
 *                                 +--wait over--> STARTING */
#pragma once

#include "stream/backoff.h"
#include "wire/event.h"

G_BEGIN_DECLS

#define LINCE_WATCH_START_DEADLINE (G_GINT64_CONSTANT (15000000000))
#define LINCE_WATCH_STALL_AFTER (G_GINT64_CONSTANT (3000000000))
#define LINCE_WATCH_LOST_AFTER (G_GINT64_CONSTANT (10000000000))

typedef enum {
  LINCE_WATCH_NOTHING, /* go on */
  LINCE_WATCH_CHANGED, /* the state changed: say so */
  LINCE_WATCH_LOST,    /* give the pipeline up and say so; the state is BACKOFF */
  LINCE_WATCH_START,   /* the wait is over: build a pipeline; the state is STARTING */
} LinceWatchAction;

typedef struct {
  LinceStreamState state;
  char reason[LINCE_EVENT_TEXT_MAX + 1]; /* a sentence, "" where the state needs none */
  gint64 entered;                        /* when the state began, monotonic ns */
  gint64 started;                        /* when the pipeline was built */
  gint64 first_frame;                    /* of this pipeline; 0 before */
  gint64 last_frame;
  guint64 frames; /* the count at the last look */
  gint64 wait;    /* of BACKOFF: how long, ns */
  LinceBackoff backoff;
} LinceWatch;

void lince_watch_init (LinceWatch *watch, guint32 seed);
void lince_watch_clear (LinceWatch *watch);

/* A pipeline is being built now: the state is STARTING. */
void lince_watch_start (LinceWatch *watch, gint64 now);
/* Looks at the count of frames that this pipeline has had so far; to be called about every second
 * (and after the first frame). */
LinceWatchAction lince_watch_look (LinceWatch *watch, gint64 now, guint64 frames);
/* The source failed with that sentence: the state is BACKOFF. Does nothing there or in STOPPED. */
LinceWatchAction lince_watch_fail (LinceWatch *watch, gint64 now, const char *reason);
/* New settings: earlier failures count no more. */
void lince_watch_forgive (LinceWatch *watch);
/* The stream has ended for good. */
void lince_watch_stop (LinceWatch *watch, gint64 now, const char *reason);
/* ns until the next try, LINCE_TIME_NONE in every other state. */
gint64 lince_watch_retry_in (const LinceWatch *watch, gint64 now);

G_END_DECLS
