/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How one event changes the account. */
#include <math.h>
#include <string.h>

#include "store/account_private.h"

#define MINUTE (60 * G_USEC_PER_SEC)
#define MAX_SPANS 4096 /* of a minute; what comes on top counts in `time` only */

typedef struct {
  gint64 exposures, time, area_time, peak, frames, first, last;
  GByteArray *spans;
} Minute;

static guint32
get_span (const GByteArray *spans, guint index)
{
  guint32 value;

  memcpy (&value, spans->data + 4 * index, 4);
  return GUINT32_FROM_LE (value);
}

static void
append_span (GByteArray *spans, guint32 start, guint32 end)
{
  guint32 pair[2] = {GUINT32_TO_LE (start), GUINT32_TO_LE (end)};

  g_byte_array_append (spans, (const guint8 *) pair, sizeof pair);
}

/* unites [start, end) with the spans; the result does not depend on the order of what is added */
static void
add_span (GByteArray *spans, guint32 start, guint32 end)
{
  g_autoptr (GByteArray) united = g_byte_array_new ();
  gboolean placed = FALSE;

  if (start >= end || spans->len / 8 >= MAX_SPANS)
    return;
  for (guint i = 0; i < spans->len / 8; i++) {
    guint32 from = get_span (spans, 2 * i), to = get_span (spans, 2 * i + 1);
    if (to < start) {
      append_span (united, from, to);
    } else if (from > end) {
      if (!placed)
        append_span (united, start, end);
      placed = TRUE;
      append_span (united, from, to);
    } else {
      start = MIN (start, from);
      end = MAX (end, to);
    }
  }
  if (!placed)
    append_span (united, start, end);
  g_byte_array_set_size (spans, 0);
  g_byte_array_append (spans, united->data, united->len);
}

static gint64
total_of_spans (const GByteArray *spans)
{
  gint64 total = 0;

  for (guint i = 0; i < spans->len / 8; i++)
    total += get_span (spans, 2 * i + 1) - get_span (spans, 2 * i);
  return total;
}

static gboolean
get_minute (LinceAccount *account, gint64 stream, gint64 object, gint64 minute, Minute *sums,
    GError **error)
{
  sqlite3_stmt *get = account->statements[LINCE_SQL_MINUTE_GET];

  *sums = (Minute){.first = G_MAXINT64, .last = G_MININT64, .spans = g_byte_array_new ()};
  sqlite3_bind_int64 (get, 1, stream);
  sqlite3_bind_int64 (get, 2, object);
  sqlite3_bind_int64 (get, 3, minute);
  int code = sqlite3_step (get);
  if (code == SQLITE_ROW) {
    sums->exposures = sqlite3_column_int64 (get, 0);
    sums->time = sqlite3_column_int64 (get, 1);
    sums->area_time = sqlite3_column_int64 (get, 2);
    sums->peak = sqlite3_column_int64 (get, 3);
    sums->frames = sqlite3_column_int64 (get, 4);
    sums->first = sqlite3_column_int64 (get, 5);
    sums->last = sqlite3_column_int64 (get, 6);
    g_byte_array_append (
        sums->spans, sqlite3_column_blob (get, 7), (guint) sqlite3_column_bytes (get, 7) / 8 * 8);
  }
  sqlite3_reset (get);
  return code == SQLITE_ROW || code == SQLITE_DONE ||
         lince_account_fail (account, error, "reading");
}

static gboolean
put_minute (LinceAccount *account, gint64 stream, gint64 object, gint64 minute, const Minute *sums,
    GError **error)
{
  sqlite3_stmt *put = account->statements[LINCE_SQL_MINUTE_PUT];
  const gint64 values[] = {stream, object, minute, sums->exposures, sums->time,
      total_of_spans (sums->spans), sums->area_time, sums->peak, sums->frames, sums->first,
      sums->last};

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    sqlite3_bind_int64 (put, (int) i + 1, values[i]);
  if (sums->spans->len > 0)
    sqlite3_bind_blob (put, 12, sums->spans->data, (int) sums->spans->len, SQLITE_STATIC);
  else
    sqlite3_bind_zeroblob (put, 12, 0);
  return lince_account_run (account, put, error);
}

/* the small number that stands for a stream's or object's id; -1 on an error */
static gint64
get_id (LinceAccount *account, LinceSql add, LinceSql get, const char *id, const char *name,
    GError **error)
{
  sqlite3_stmt *statement = account->statements[add];
  gint64 number = -1;

  sqlite3_bind_text (statement, 1, id, -1, SQLITE_STATIC);
  if (name)
    sqlite3_bind_text (statement, 2, name, -1, SQLITE_STATIC);
  if (!lince_account_run (account, statement, error))
    return -1;
  statement = account->statements[get];
  sqlite3_bind_text (statement, 1, id, -1, SQLITE_STATIC);
  if (sqlite3_step (statement) == SQLITE_ROW)
    number = sqlite3_column_int64 (statement, 0);
  else
    lince_account_fail (account, error, "reading");
  sqlite3_reset (statement);
  return number;
}

typedef struct {
  gint64 stream, object;
} Ids;

static gboolean
get_ids (LinceAccount *account, const LinceEvent *event, Ids *ids, GError **error)
{
  ids->stream =
      get_id (account, LINCE_SQL_STREAM_ADD, LINCE_SQL_STREAM_GET, event->stream, NULL, error);
  if (ids->stream < 0)
    return FALSE;
  ids->object = get_id (
      account, LINCE_SQL_OBJECT_ADD, LINCE_SQL_OBJECT_GET, event->object, event->name, error);
  return ids->object >= 0;
}

static gboolean
write_appeared (LinceAccount *account, const LinceEvent *event, const Ids *ids, const char *line,
    gsize length, GError **error)
{
  sqlite3_stmt *appear = account->statements[LINCE_SQL_EXPOSURE_APPEAR];

  sqlite3_bind_text (appear, 1, event->exposure, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (appear, 2, ids->stream);
  sqlite3_bind_int64 (appear, 3, ids->object);
  sqlite3_bind_text (appear, 4, event->collection, -1, SQLITE_STATIC);
  sqlite3_bind_text (appear, 5, event->revision, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (
      appear, 6, event->type == LINCE_EVENT_APPEARED ? event->seen_utc : event->minute);
  sqlite3_bind_int64 (appear, 7, (gint64) event->sequence);
  if (line)
    sqlite3_bind_text (appear, 8, line, (int) length, SQLITE_STATIC);
  return lince_account_run (account, appear, error);
}

static gboolean
sum_appeared (
    LinceAccount *account, const LinceEvent *event, const char *line, gsize length, GError **error)
{
  gint64 minute = event->seen_utc / MINUTE;
  Minute sums;
  Ids ids;

  if (!get_ids (account, event, &ids, error) ||
      !write_appeared (account, event, &ids, line, length, error))
    return FALSE;
  gboolean done = get_minute (account, ids.stream, ids.object, minute, &sums, error);
  sums.exposures += event->resumed ? 0 : 1;
  sums.first = MIN (sums.first, event->seen_utc);
  sums.last = MAX (sums.last, event->seen_utc);
  done = done && put_minute (account, ids.stream, ids.object, minute, &sums, error);
  g_byte_array_unref (sums.spans);
  return done;
}

/* Where the event's time begins. An exposure whose `appeared` is lost begins with the minute. */
static gboolean
get_summed_until (
    LinceAccount *account, const LinceEvent *event, const Ids *ids, gint64 *until, GError **error)
{
  sqlite3_stmt *get = account->statements[LINCE_SQL_EXPOSURE_GET];

  *until = event->minute;
  sqlite3_bind_text (get, 1, event->exposure, -1, SQLITE_STATIC);
  int code = sqlite3_step (get);
  if (code == SQLITE_ROW)
    *until = sqlite3_column_int64 (get, 0);
  sqlite3_reset (get);
  if (code == SQLITE_DONE)
    return write_appeared (account, event, ids, NULL, 0, error);
  return code == SQLITE_ROW || lince_account_fail (account, error, "reading");
}

static gboolean
write_exposure (
    LinceAccount *account, const LinceEvent *event, gint64 last, gint64 peak, GError **error)
{
  sqlite3_stmt *sum = account->statements[LINCE_SQL_EXPOSURE_SUM];
  gboolean standing = event->type == LINCE_EVENT_STANDING;
  const gint64 values[] = {last, standing ? event->minute + MINUTE : last, event->sum_time,
      event->sum_area_time, peak, (gint64) event->sum_frames, standing};

  sqlite3_bind_text (sum, 1, event->exposure, -1, SQLITE_STATIC);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    sqlite3_bind_int64 (sum, (int) i + 2, values[i]);
  sqlite3_bind_text (sum, 9, standing ? "" : event->reason, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (sum, 10, (gint64) event->sequence);
  return lince_account_run (account, sum, error);
}

/* standing and vanished: their sums lie within one minute */
static gboolean
sum_stay (LinceAccount *account, const LinceEvent *event, GError **error)
{
  gint64 minute = event->minute / MINUTE, until, peak = llround (event->peak_area * 1e6);
  Minute sums;
  Ids ids;

  if (!get_ids (account, event, &ids, error) ||
      !get_summed_until (account, event, &ids, &until, error))
    return FALSE;
  gint64 start = CLAMP (until, event->minute, event->minute + MINUTE);
  gint64 end = MIN (start + event->sum_time / 1000, event->minute + MINUTE);
  if (!write_exposure (account, event,
          event->type == LINCE_EVENT_VANISHED ? MAX (event->seen_utc, end) : end, peak, error))
    return FALSE;
  if (event->sum_time == 0 && event->sum_frames == 0)
    return TRUE;

  gboolean done = get_minute (account, ids.stream, ids.object, minute, &sums, error);
  sums.time += event->sum_time;
  sums.area_time += event->sum_area_time;
  sums.peak = MAX (sums.peak, peak);
  sums.frames += (gint64) event->sum_frames;
  sums.first = MIN (sums.first, start);
  sums.last = MAX (sums.last, end);
  add_span (sums.spans, (guint32) (start - event->minute), (guint32) (end - event->minute));
  done = done && put_minute (account, ids.stream, ids.object, minute, &sums, error);
  g_byte_array_unref (sums.spans);
  return done;
}

static gboolean
note_gap (LinceAccount *account, const LinceEvent *gap, GError **error)
{
  sqlite3_stmt *note = account->statements[LINCE_SQL_GAP];

  sqlite3_bind_int64 (note, 1, (gint64) gap->sequence);
  sqlite3_bind_int64 (note, 2, (gint64) gap->gap_first);
  sqlite3_bind_int64 (note, 3, (gint64) gap->gap_last);
  if (gap->gap_from_utc != LINCE_TIME_NONE)
    sqlite3_bind_int64 (note, 4, gap->gap_from_utc);
  if (gap->gap_to_utc != LINCE_TIME_NONE)
    sqlite3_bind_int64 (note, 5, gap->gap_to_utc);
  return lince_account_run (account, note, error);
}

static gboolean
note_run (LinceAccount *account, const LinceEvent *event, GError **error)
{
  sqlite3_stmt *note = account->statements[LINCE_SQL_RUN];
  gint64 stream;

  if (event->run[0] == '\0' || event->number == 0)
    return TRUE;
  stream = get_id (account, LINCE_SQL_STREAM_ADD, LINCE_SQL_STREAM_GET, event->stream, NULL, error);
  if (stream < 0)
    return FALSE;
  sqlite3_bind_text (note, 1, event->run, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (note, 2, stream);
  sqlite3_bind_int64 (note, 3, (gint64) event->number);
  sqlite3_bind_int64 (note, 4, (gint64) event->sequence);
  return lince_account_run (account, note, error);
}

gboolean
lince_account_sum (
    LinceAccount *account, const LinceEvent *event, const char *line, gsize length, GError **error)
{
  if (!note_run (account, event, error))
    return FALSE;
  switch (event->type) {
    case LINCE_EVENT_APPEARED:
      return sum_appeared (account, event, line, length, error);
    case LINCE_EVENT_STANDING:
    case LINCE_EVENT_VANISHED:
      return sum_stay (account, event, error);
    case LINCE_EVENT_GAP:
      return note_gap (account, event, error);
    default:
      return TRUE;
  }
}
