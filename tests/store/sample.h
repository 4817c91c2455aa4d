/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Events for the store's tests. */
#pragma once

#include "wire/event.h"

#define RUN_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define RUN_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define MINUTE (60 * G_USEC_PER_SEC)

/* 2026-11-23T05:00:00Z */
#define SAMPLE_TIME G_GINT64_CONSTANT (1795410000000000)

/* `number` is the run's n, `exposure` the exposure's number within the run. */
LinceEvent sample_appeared (const char *stream, const char *run, guint64 number, const char *object,
    guint64 exposure, gint64 seen);
/* `time` and `share` (of the picture) make the sums. */
LinceEvent sample_standing (const char *stream, const char *run, guint64 number, const char *object,
    guint64 exposure, gint64 minute, gint64 time, double share);
LinceEvent sample_vanished (const char *stream, const char *run, guint64 number, const char *object,
    guint64 exposure, gint64 seen, gint64 time, double share);
LinceEvent sample_stream (const char *stream, LinceStreamState state);

/* What two streams say in about three hours: `exposures` of four objects, several at once, some
 * resumed, some still standing at the end. Free with g_array_unref; of LinceEvent, in the order of
 * their times. */
GArray *sample_story (guint exposures, guint32 seed);

/* All rows of all tables of an account, as text; free it. */
char *sample_dump_account (const char *path);

/* An empty folder below the build's temporary one; free the name. */
char *sample_make_folder (void);
void sample_remove_folder (const char *folder);
