/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The account of the exposures of one run: their time on screen, frames and share of the picture,
 * handed out in pieces of which none reaches over a UTC minute and none is handed out twice.
 *
 * An exposure's UTC is fixed when it begins and runs on with running time from there, also over a
 * stay that is resumed. What the recogniser says of a whole stay when it ends is the truth: the
 * last piece is what the earlier ones have left of it. */
#pragma once

#include "wire/event.h"

G_BEGIN_DECLS

typedef struct _LinceAccount LinceAccount;

/* One piece: what goes into the sums of a `standing` or `vanished`. */
typedef struct {
  gint64 minute; /* UTC µs of the minute's start */
  gint64 time;   /* ns */
  guint64 frames;
  gint64 area_time; /* share * ns */
  double peak_area;
} LinceAccountPiece;

/* An exposure whose minute has ended while it stands: a `standing` is due. */
typedef void (*LinceAccountStanding) (
    guint64 exposure, const LinceAccountPiece *piece, gpointer user_data);

LinceAccount *lince_account_new (LinceAccountStanding standing, gpointer user_data);
void lince_account_free (LinceAccount *account);

/* A stay begins, first seen at running time `first_seen` (ns). `utc` is its UTC (µs), used unless
 * the exposure is known from an earlier stay. `frames`: how many analysed frames it has stood on so
 * far, as far as known. */
void lince_account_open (LinceAccount *account, guint64 exposure, gint64 first_seen, gint64 utc,
    guint64 frames, double area);
/* It has stood until `running_time` for certain: counts the time, not a frame. */
void lince_account_advance (LinceAccount *account, guint64 exposure, gint64 running_time);
/* It stands on the frame of that running time. Unknown exposures and repeated frames are ignored.
 */
void lince_account_see (LinceAccount *account, guint64 exposure, gint64 running_time, double area);
/* The stay has ended; totals of the whole stay by the recogniser, or -1 each where it has not said
 * them. FALSE when the exposure is not open. */
gboolean lince_account_close (LinceAccount *account, guint64 exposure, gint64 last_seen,
    gint64 total_frames, gint64 total_area_time, LinceAccountPiece *piece);

/* UTC µs of a running time by that exposure's own clock; LINCE_TIME_NONE for an unknown exposure.
 */
gint64 lince_account_utc (LinceAccount *account, guint64 exposure, gint64 running_time);
/* The last sight of an open exposure, running time; LINCE_TIME_NONE when it is not open. */
gint64 lince_account_last_seen (LinceAccount *account, guint64 exposure);
/* The numbers of the open exposures, rising. Transfer full. */
GArray *lince_account_list_open (LinceAccount *account);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceAccount, lince_account_free)
G_END_DECLS
