/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The sums of the exposures of one run by UTC minute: their time on screen, frames and share of the
 * picture, handed out in pieces of which none reaches over a UTC minute and none is handed out
 * twice.
 *
 * An exposure's UTC is fixed when it begins and runs on with running time from there, also over a
 * stay that is resumed. What the recogniser says of a whole stay when it ends is the truth: the
 * last piece is what the earlier ones have left of it. */
#pragma once

#include "wire/event.h"

G_BEGIN_DECLS

typedef struct _LinceMinuteSums LinceMinuteSums;

/* One piece: what goes into the sums of a `standing` or `vanished`. */
typedef struct {
  gint64 minute; /* UTC µs of the minute's start */
  gint64 time;   /* ns */
  guint64 frames;
  gint64 area_time; /* share * ns */
  double peak_area;
} LinceMinuteSumsPiece;

/* An exposure whose minute has ended while it stands: a `standing` is due. */
typedef void (*LinceMinuteSumsStanding) (
    guint64 exposure, const LinceMinuteSumsPiece *piece, gpointer user_data);

LinceMinuteSums *lince_minute_sums_new (LinceMinuteSumsStanding standing, gpointer user_data);
void lince_minute_sums_free (LinceMinuteSums *sums);

/* A stay begins, first seen at running time `first_seen` (ns). `utc` is its UTC (µs), used unless
 * the exposure is known from an earlier stay. `frames`: how many analysed frames it has stood on so
 * far, as far as known. */
void lince_minute_sums_open (LinceMinuteSums *sums, guint64 exposure, gint64 first_seen, gint64 utc,
    guint64 frames, double area);
/* It has stood until `running_time` for certain: counts the time, not a frame. */
void lince_minute_sums_advance (LinceMinuteSums *sums, guint64 exposure, gint64 running_time);
/* It stands on the frame of that running time. Unknown exposures and repeated frames are ignored.
 */
void lince_minute_sums_see (
    LinceMinuteSums *sums, guint64 exposure, gint64 running_time, double area);
/* The stay has ended; totals of the whole stay by the recogniser, or -1 each where it has not said
 * them. FALSE when the exposure is not open. */
gboolean lince_minute_sums_close (LinceMinuteSums *sums, guint64 exposure, gint64 last_seen,
    gint64 total_frames, gint64 total_area_time, LinceMinuteSumsPiece *piece);

/* UTC µs of a running time by that exposure's own clock; LINCE_TIME_NONE for an unknown exposure.
 */
gint64 lince_minute_sums_utc (LinceMinuteSums *sums, guint64 exposure, gint64 running_time);
/* The last sight of an open exposure, running time; LINCE_TIME_NONE when it is not open. */
gint64 lince_minute_sums_last_seen (LinceMinuteSums *sums, guint64 exposure);
/* The numbers of the open exposures, rising. Transfer full. */
GArray *lince_minute_sums_list_open (LinceMinuteSums *sums);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceMinuteSums, lince_minute_sums_free)
G_END_DECLS
