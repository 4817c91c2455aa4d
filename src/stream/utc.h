/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Which UTC a running time has, and who says so.
 *
 * A source's own clock is believed while it has kept its distance to running time for 2 s and is
 * within 5 s of the host's; otherwise UTC is that of the frame's arrival. Arrivals jitter (they
 * only come late, never early), so the offset follows early ones quickly and late ones slowly, and
 * starts anew when the host's clock was set. */
#pragma once

#include "wire/event.h"

G_BEGIN_DECLS

#define LINCE_UTC_MAX_DISTANCE (5 * G_USEC_PER_SEC)
#define LINCE_UTC_STEADY_FOR (G_GINT64_CONSTANT (2000000000))
#define LINCE_UTC_STEADY_WITHIN (G_USEC_PER_SEC / 10)

typedef struct {
  gboolean have_arrival, have_reference;
  gint64 arrival_offset; /* UTC µs at running time 0 */
  gint64 suspect_since;  /* running time at which arrivals left the offset; LINCE_TIME_NONE */
  gint64 reference_offset;
  gint64 reference_since; /* running time since which the reference has been steady */
  gint64 reference_last;  /* running time of its last stamp */
  LinceUtcSource source;
} LinceUtc;

void lince_utc_init (LinceUtc *utc);

/* A frame of running time `running_time` (ns) arrived at `arrival` (UTC µs); `reference` is what
 * the source's clock said (UTC µs, LINCE_TIME_NONE: nothing). */
void lince_utc_feed (LinceUtc *utc, gint64 running_time, gint64 arrival, gint64 reference);

/* UTC µs of that running time and its source (may be NULL), LINCE_TIME_NONE before the first frame.
 */
gint64 lince_utc_at (const LinceUtc *utc, gint64 running_time, LinceUtcSource *source);

/* UTC µs of a GstReferenceTimestampMeta, given its caps' name; LINCE_TIME_NONE for other clocks. */
gint64 lince_utc_from_reference (const char *clock, guint64 timestamp);

G_END_DECLS
