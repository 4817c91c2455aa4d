/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Questions to the account, and their answers as rows.
 *
 * Names and time zones are applied here, when asked. */
#pragma once

#include "store/account.h"

G_BEGIN_DECLS

typedef enum {
  LINCE_BY_OBJECT = 1 << 0,
  LINCE_BY_STREAM = 1 << 1,
  LINCE_BY_HOUR = 1 << 2, /* of the time zone; HOUR and DAY exclude each other */
  LINCE_BY_DAY = 1 << 3,
} LinceStatisticsBy;

/* An exposure that stands, and until when it is known to. Its time since its last sums is counted
 * too, for the answer only. */
typedef struct {
  char exposure[65];
  gint64 until; /* µs since 1970 */
  double area;  /* share of the picture */
} LinceStanding;

/* Of all open ones; free with g_array_unref. */
GArray *lince_statistics_standing (const LinceExposures *exposures);

typedef struct {
  LinceStatisticsBy by; /* 0: one row for all */
  gint64 from,
      to; /* µs since 1970, whole minutes that start in [from, to); LINCE_TIME_NONE: open */
  const char *stream; /* only this one; NULL: all */
  const char *object;
  GTimeZone *zone;        /* NULL: UTC */
  const GArray *standing; /* of LinceStanding; NULL: exposures count up to their last full minute */
} LinceStatisticsQuery;

typedef struct {
  char object[LINCE_EVENT_ID_MAX + 1]; /* "" unless asked by */
  char name[LINCE_EVENT_TEXT_MAX + 1];
  char stream[LINCE_EVENT_ID_MAX + 1];
  char period[32];  /* hour: 2026-11-23T05:00+01:00, day: 2026-11-23; "" unless asked by */
  gint64 exposures; /* that began in the row's time */
  gint64 time;      /* ns on screen, each copy counted */
  gint64 time_once; /* ns with at least one copy of an object on a stream */
  gint64 area_time; /* ns times share of the picture */
  gint64 peak_area; /* millionths of the picture */
  gint64 frames;
  gint64 first, last; /* first and last sight, µs since 1970 */
} LinceStatisticsRow;

/* Parses "object,stream,hour" ("" for 0); FALSE with `error` (LINCE_ACCOUNT_ERROR_QUERY) for
 * anything else. */
gboolean lince_statistics_parse_by (const char *text, LinceStatisticsBy *by, GError **error);

/* Parses a time: RFC 3339 with seconds or without, or a date alone (midnight); without an offset it
 * is of `zone` (NULL: UTC). */
gboolean lince_statistics_parse_time (
    const char *text, GTimeZone *zone, gint64 *utc, GError **error);

/* An array of LinceStatisticsRow, by period, stream, object. Free with g_array_unref. */
GArray *lince_statistics_query (
    LinceAccount *account, const LinceStatisticsQuery *query, GError **error);

/* {"v":1,"log":ID,"seq":N,"by":[…],"from":…,"to":…,"timezone":…,"rows":[{"period":…,"stream":…,"object":…,
 * "name":…,"exposures":N,"seconds":S,"seconds_once":S,"share":P,"peak_share":P,"frames":N,"first":…,
 * "last":…},…]}; `seq` is the number up to which the log is summed; `share` is area over time /
 * time. */
void lince_statistics_write_json (
    LinceAccount *account, const LinceStatisticsQuery *query, const GArray *rows, GString *json);

/* RFC 4180, with a line of names; the same columns. */
void lince_statistics_write_csv (
    const LinceStatisticsQuery *query, const GArray *rows, GString *csv);

G_END_DECLS
