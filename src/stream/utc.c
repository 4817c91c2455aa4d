/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/utc.h"

#include <string.h>

#define NTP_TO_UNIX (G_GINT64_CONSTANT (2208988800) * G_USEC_PER_SEC)
#define STEP (G_USEC_PER_SEC / 2)                 /* arrivals this far off are no jitter */
#define STEP_FOR (G_GINT64_CONSTANT (1000000000)) /* when they stay there, ns */
#define REFERENCE_TIMEOUT (G_GINT64_CONSTANT (5000000000))

void
lince_utc_init (LinceUtc *utc)
{
  memset (utc, 0, sizeof *utc);
  utc->suspect_since = LINCE_TIME_NONE;
  utc->source = LINCE_UTC_ARRIVAL;
}

static void
feed_arrival (LinceUtc *utc, gint64 running_time, gint64 offset)
{
  gint64 late = offset - utc->arrival_offset;

  if (!utc->have_arrival) {
    utc->have_arrival = TRUE;
    utc->arrival_offset = offset;
    return;
  }
  if (ABS (late) > STEP) {
    if (utc->suspect_since == LINCE_TIME_NONE)
      utc->suspect_since = running_time;
    if (running_time - utc->suspect_since >= STEP_FOR) {
      utc->arrival_offset = offset;
      utc->suspect_since = LINCE_TIME_NONE;
    }
    return;
  }
  utc->suspect_since = LINCE_TIME_NONE;
  utc->arrival_offset += late < 0 ? late / 16 : late / 1024;
}

static void
feed_reference (LinceUtc *utc, gint64 running_time, gint64 offset)
{
  gboolean near_host = ABS (offset - utc->arrival_offset) <= LINCE_UTC_MAX_DISTANCE;

  if (!utc->have_reference || ABS (offset - utc->reference_offset) > LINCE_UTC_STEADY_WITHIN) {
    utc->have_reference = TRUE;
    utc->reference_offset = offset;
    utc->reference_since = running_time;
  }
  utc->reference_offset += (offset - utc->reference_offset) / 64;
  utc->reference_last = running_time;
  utc->source = near_host && running_time - utc->reference_since >= LINCE_UTC_STEADY_FOR
                    ? LINCE_UTC_NTP
                    : LINCE_UTC_ARRIVAL;
}

void
lince_utc_feed (LinceUtc *utc, gint64 running_time, gint64 arrival, gint64 reference)
{
  feed_arrival (utc, running_time, arrival - running_time / 1000);
  if (reference != LINCE_TIME_NONE) {
    feed_reference (utc, running_time, reference - running_time / 1000);
  } else if (utc->have_reference && running_time - utc->reference_last > REFERENCE_TIMEOUT) {
    utc->have_reference = FALSE;
    utc->source = LINCE_UTC_ARRIVAL;
  }
}

gint64
lince_utc_at (const LinceUtc *utc, gint64 running_time, LinceUtcSource *source)
{
  if (source)
    *source = utc->source;
  if (!utc->have_arrival)
    return LINCE_TIME_NONE;
  return running_time / 1000 +
         (utc->source == LINCE_UTC_NTP ? utc->reference_offset : utc->arrival_offset);
}

gint64
lince_utc_from_reference (const char *clock, guint64 timestamp)
{
  if (timestamp == G_MAXUINT64)
    return LINCE_TIME_NONE;
  if (strcmp (clock, "timestamp/x-ntp") == 0)
    return (gint64) (timestamp / 1000) - NTP_TO_UNIX;
  if (strcmp (clock, "timestamp/x-unix") == 0)
    return (gint64) (timestamp / 1000);
  return LINCE_TIME_NONE;
}
