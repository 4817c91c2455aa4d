/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/event_fields.h"

#include <stddef.h>
#include <string.h>

#include "wire/id.h"

#define A (1 << LINCE_EVENT_APPEARED)
#define S (1 << LINCE_EVENT_STANDING)
#define V (1 << LINCE_EVENT_VANISHED)
#define T (1 << LINCE_EVENT_STREAM)
#define G (1 << LINCE_EVENT_GAP)
#define N (1 << LINCE_EVENT_NOTICE)
#define M (1 << LINCE_EVENT_MOVED)
#define EXPOSURE (A | S | V)
#define LASTING (A | S | V | T | G | N)
#define ALL (LASTING | M)

#define FIELD(name, kind, member, types, required)                                                 \
  {                                                                                                \
    ",\"" name "\":", sizeof (",\"" name "\":") - 1, LINCE_FIELD_##kind,                           \
        sizeof (((LinceEvent *) NULL)->member), offsetof (LinceEvent, member), types, required     \
  }

/* in the order of writing; names, kinds and required types as in event.schema.json */
const LinceEventField lince_event_fields[] = {
    FIELD ("v", VERSION, type, ALL, ALL),
    FIELD ("type", TYPE, type, ALL, ALL),
    FIELD ("seq", UNSIGNED, sequence, LASTING, 0),
    FIELD ("logged", FALSE, logged, LASTING, 0),
    FIELD ("stream", ID, stream, EXPOSURE | T | N | M, EXPOSURE | T | M),
    FIELD ("run", RUN, run, EXPOSURE | T | M, EXPOSURE | M),
    FIELD ("n", UNSIGNED, number, EXPOSURE | T, 0),
    FIELD ("pts", TIME, pts, EXPOSURE | T | M, 0),
    FIELD ("stream_time", TIME, stream_time, EXPOSURE | T | M, 0),
    FIELD ("running_time", TIME, running_time, EXPOSURE | T | M, 0),
    FIELD ("utc", UTC, utc, ALL, EXPOSURE | T | M),
    FIELD ("utc_source", UTC_SOURCE, utc_source, ALL, EXPOSURE | T | M),
    FIELD ("received", UTC, received, ALL, 0),
    FIELD ("decided_after", TIME, decided_after, EXPOSURE | M, 0),
    FIELD ("age", SPAN, age, EXPOSURE | M, 0),
    FIELD ("timecode", TEXT, timecode, EXPOSURE | M, 0),
    FIELD ("width", SIZE, width, EXPOSURE | T | M, M),
    FIELD ("height", SIZE, height, EXPOSURE | T | M, M),
    FIELD ("pixel_aspect", PIXEL_ASPECT, par_n, EXPOSURE | T | M, 0),
    FIELD ("object", ID, object, EXPOSURE, EXPOSURE),
    FIELD ("name", TEXT, name, EXPOSURE, 0),
    FIELD ("exposure", EXPOSURE, exposure, EXPOSURE, EXPOSURE),
    FIELD ("collection", ID, collection, EXPOSURE | T | M, 0),
    FIELD ("revision", REVISION, revision, EXPOSURE | T | M, 0),
    FIELD ("quad", QUAD, quad, EXPOSURE, EXPOSURE),
    FIELD ("confidence", SHARE, confidence, EXPOSURE, EXPOSURE),
    FIELD ("visible", SHARE, visible, EXPOSURE, EXPOSURE),
    FIELD ("area", SHARE, area, EXPOSURE, EXPOSURE),
    FIELD ("opacity", SHARE, look.opacity, EXPOSURE, 0),
    FIELD ("occluded", SHARE, look.occluded, EXPOSURE, 0),
    FIELD ("cut_off", SHARE, look.cut_off, EXPOSURE, 0),
    FIELD ("blur", BLUR, look.blur, EXPOSURE, 0),
    FIELD ("kind", CODE, look.kind, EXPOSURE, 0),
    FIELD ("track", UNSIGNED, track, EXPOSURE, 0),
    FIELD ("resumed", TRUE, resumed, A, 0),
    FIELD ("seen_utc", UTC, seen_utc, A | V, A | V),
    FIELD ("seen_running_time", TIME, seen_running_time, A | V, 0),
    FIELD ("decided_utc", UTC, decided_utc, A | V, 0),
    FIELD ("reason", TEXT, reason, V | T | G | N, V),
    FIELD ("minute", MINUTE, minute, S | V, S | V),
    FIELD ("sum_time", MINUTE_SPAN, sum_time, S | V, S | V),
    FIELD ("sum_frames", UNSIGNED, sum_frames, S | V, S | V),
    FIELD ("sum_area_time", MINUTE_SPAN, sum_area_time, S | V, S | V),
    FIELD ("peak_area", SHARE, peak_area, S | V, S | V),
    FIELD ("state", STATE, state, T, T),
    FIELD ("retry_in", TIME, retry_in, T, 0),
    FIELD ("gap_first", UNSIGNED, gap_first, G, G),
    FIELD ("gap_last", UNSIGNED, gap_last, G, G),
    FIELD ("gap_from_utc", UTC, gap_from_utc, G, 0),
    FIELD ("gap_to_utc", UTC, gap_to_utc, G, 0),
    FIELD ("code", CODE, code, N, N),
    FIELD ("placements", PLACEMENTS, placements, M, M),
};

const guint lince_event_field_count = G_N_ELEMENTS (lince_event_fields);
G_STATIC_ASSERT (G_N_ELEMENTS (lince_event_fields) <= 64);

static gsize
count_hexadecimal (const char *text)
{
  return strspn (text, "0123456789abcdef");
}

static gboolean
is_exposure (const char *text)
{
  if (count_hexadecimal (text) != 32 || text[32] != '-' || text[33] == '0')
    return FALSE;
  gsize digits = strspn (text + 33, "0123456789");
  return digits >= 1 && digits <= 16 && text[33 + digits] == '\0' &&
         g_ascii_strtoull (text + 33, NULL, 10) <= LINCE_EVENT_MAX_COUNT;
}

const char *
lince_field_check_text (LinceFieldKind kind, const char *text)
{
  gsize length = strlen (text);

  switch (kind) {
    case LINCE_FIELD_ID:
      return lince_id_is_valid (text, (gssize) length) ? NULL : "is not an id";
    case LINCE_FIELD_RUN:
      return length == 32 && count_hexadecimal (text) == 32 ? NULL : "is not 32 hexadecimal digits";
    case LINCE_FIELD_EXPOSURE:
      return is_exposure (text) ? NULL : "is not a run and a number";
    case LINCE_FIELD_REVISION:
      return length > 0 && count_hexadecimal (text) == length
                 ? NULL
                 : "is not up to 16 hexadecimal digits";
    case LINCE_FIELD_CODE:
      return length > 0 && g_ascii_islower (text[0]) &&
                     strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length
                 ? NULL
                 : "is not a lower-case code";
    default:
      return NULL;
  }
}
