/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "store/statistics.h"
#include "wire/json_write.h"

/* ns as seconds, to the millisecond */
static void
append_seconds (GString *text, gint64 time)
{
  lince_json_append_scaled (text, (time + 500000) / 1000000, 3);
}

/* area over time in proportion to the time, in millionths */
static gint64
get_share (const LinceStatisticsRow *row)
{
  return row->time > 0 ? (gint64) ((double) row->area_time / (double) row->time * 1e6 + 0.5) : 0;
}

static void
append_names (GString *json, const LinceStatisticsQuery *query)
{
  static const char *const names[] = {"object", "stream", "hour", "day"};
  char before = '[';

  g_string_append (json, ",\"by\":");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (!(query->by & 1u << i))
      continue;
    g_string_append_printf (json, "%c\"%s\"", before, names[i]);
    before = ',';
  }
  g_string_append (json, before == '[' ? "[]" : "]");
}

static void
append_bound (GString *json, const char *name, gint64 utc)
{
  if (utc == LINCE_TIME_NONE)
    return;
  g_string_append_printf (json, ",\"%s\":", name);
  lince_json_append_utc (json, CLAMP (utc, 0, LINCE_JSON_UTC_MAX));
}

static void
append_named_text (GString *json, const char *name, const char *text)
{
  g_string_append_printf (json, "\"%s\":", name);
  lince_json_append_text (json, text);
  g_string_append_c (json, ',');
}

static void
append_row (GString *json, const LinceStatisticsQuery *query, const LinceStatisticsRow *row)
{
  g_string_append_c (json, '{');
  if (query->by & (LINCE_BY_HOUR | LINCE_BY_DAY))
    append_named_text (json, "period", row->period);
  if (query->by & LINCE_BY_STREAM)
    append_named_text (json, "stream", row->stream);
  if (query->by & LINCE_BY_OBJECT) {
    append_named_text (json, "object", row->object);
    append_named_text (json, "name", row->name);
  }
  g_string_append_printf (json, "\"exposures\":%" G_GINT64_FORMAT ",\"seconds\":", row->exposures);
  append_seconds (json, row->time);
  g_string_append (json, ",\"seconds_once\":");
  append_seconds (json, row->time_once);
  g_string_append (json, ",\"share\":");
  lince_json_append_scaled (json, get_share (row), 6);
  g_string_append (json, ",\"peak_share\":");
  lince_json_append_scaled (json, row->peak_area, 6);
  g_string_append_printf (json, ",\"frames\":%" G_GINT64_FORMAT, row->frames);
  append_bound (json, "first", row->first);
  append_bound (json, "last", row->last);
  g_string_append_c (json, '}');
}

void
lince_statistics_write_json (
    LinceAccount *account, const LinceStatisticsQuery *query, const GArray *rows, GString *json)
{
  char log[37] = "";

  lince_account_log_id (account, log);
  g_string_append (json, "{\"v\":1,\"log\":");
  lince_json_append_text (json, log);
  g_string_append_printf (json, ",\"seq\":%" G_GUINT64_FORMAT, lince_account_position (account));
  append_names (json, query);
  append_bound (json, "from", query->from);
  append_bound (json, "to", query->to);
  g_string_append (json, ",\"timezone\":");
  lince_json_append_text (json, query->zone ? g_time_zone_get_identifier (query->zone) : "UTC");
  g_string_append (json, ",\"rows\":[");
  for (guint i = 0; i < rows->len; i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    append_row (json, query, &g_array_index (rows, LinceStatisticsRow, i));
  }
  g_string_append (json, "]}\n");
}

static void
append_cell (GString *csv, const char *text)
{
  if (strpbrk (text, ",\"\r\n") == NULL) {
    g_string_append (csv, text);
  } else {
    g_string_append_c (csv, '"');
    for (; *text; text++) {
      if (*text == '"')
        g_string_append_c (csv, '"');
      g_string_append_c (csv, *text);
    }
    g_string_append_c (csv, '"');
  }
  g_string_append_c (csv, ',');
}

static void
append_csv_row (GString *csv, const LinceStatisticsQuery *query, const LinceStatisticsRow *row)
{
  char first[LINCE_JSON_UTC_LENGTH + 1], last[LINCE_JSON_UTC_LENGTH + 1];

  if (query->by & (LINCE_BY_HOUR | LINCE_BY_DAY))
    append_cell (csv, row->period);
  if (query->by & LINCE_BY_STREAM)
    append_cell (csv, row->stream);
  if (query->by & LINCE_BY_OBJECT) {
    append_cell (csv, row->object);
    append_cell (csv, row->name);
  }
  g_string_append_printf (csv, "%" G_GINT64_FORMAT ",", row->exposures);
  append_seconds (csv, row->time);
  g_string_append_c (csv, ',');
  append_seconds (csv, row->time_once);
  g_string_append_c (csv, ',');
  lince_json_append_scaled (csv, get_share (row), 6);
  g_string_append_c (csv, ',');
  lince_json_append_scaled (csv, row->peak_area, 6);
  lince_json_format_utc (CLAMP (row->first, 0, LINCE_JSON_UTC_MAX), first);
  lince_json_format_utc (CLAMP (row->last, 0, LINCE_JSON_UTC_MAX), last);
  g_string_append_printf (csv, ",%" G_GINT64_FORMAT ",%s,%s\r\n", row->frames, first, last);
}

void
lince_statistics_write_csv (const LinceStatisticsQuery *query, const GArray *rows, GString *csv)
{
  if (query->by & (LINCE_BY_HOUR | LINCE_BY_DAY))
    g_string_append (csv, "period,");
  if (query->by & LINCE_BY_STREAM)
    g_string_append (csv, "stream,");
  if (query->by & LINCE_BY_OBJECT)
    g_string_append (csv, "object,name,");
  g_string_append (csv, "exposures,seconds,seconds_once,share,peak_share,frames,first,last\r\n");
  for (guint i = 0; i < rows->len; i++)
    append_csv_row (csv, query, &g_array_index (rows, LinceStatisticsRow, i));
}
