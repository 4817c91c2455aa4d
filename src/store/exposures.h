/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The exposures that stand: kept up from lasting events, their placements from moved. No threads,
 * no files. */
#pragma once

#include "wire/event.h"

G_BEGIN_DECLS

typedef struct _LinceExposures LinceExposures;

/* `event` is the exposure's `appeared` as it was published, with quad, confidence, visible, area,
 * width, height, times (pts, running_time, utc) of the newest placement known; `seen_utc` stays the
 * first sight. */
typedef struct {
  LinceEvent event;
  gint64 summed_until; /* UTC up to which standing events carry its sums, µs */
} LinceOpenExposure;

LinceExposures *lince_exposures_new (void);
void lince_exposures_free (LinceExposures *exposures);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceExposures, lince_exposures_free)

/* Follows an event of any type. */
void lince_exposures_apply (LinceExposures *exposures, const LinceEvent *event);

/* Sets how far an open one's sums and sights have come, where that is known from elsewhere. */
void lince_exposures_resume (
    LinceExposures *exposures, const char *exposure, gint64 summed_until, gint64 last_utc);

guint lince_exposures_count (const LinceExposures *exposures);
/* NULL when it does not stand. Borrowed until the next call that changes. */
const LinceOpenExposure *lince_exposures_find (
    const LinceExposures *exposures, const char *exposure);

/* All open ones in the order in which they appeared, of `stream` only unless NULL. An array of
 * const LinceOpenExposure *, borrowed until the next change; free the array. */
GPtrArray *lince_exposures_list (const LinceExposures *exposures, const char *stream);

/* The `vanished` that closes one because its stream is lost. */
void lince_exposures_close_event (
    const LinceOpenExposure *open, const char *reason, gint64 now, LinceEvent *vanished);

G_END_DECLS
