/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/statistics.h"

#include <string.h>

#include "store/account_private.h"

#define MINUTE (60 * G_USEC_PER_SEC)
/* every time zone's offset since 1972 is a multiple of it, so a quarter lies in one hour of any */
#define QUARTER (15 * 60)

static const struct {
  const char *name;
  LinceStatisticsBy by;
} columns[] = {
    {"object", LINCE_BY_OBJECT},
    {"stream", LINCE_BY_STREAM},
    {"hour", LINCE_BY_HOUR},
    {"day", LINCE_BY_DAY},
};

gboolean
lince_statistics_parse_by (const char *text, LinceStatisticsBy *by, GError **error)
{
  g_auto (GStrv) words = g_strsplit (text, ",", 8);
  guint bits = 0;

  for (char **word = words; *word; word++) {
    guint found = 0;
    for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
      if (strcmp (columns[i].name, *word) == 0)
        found = columns[i].by;
    if (found == 0 || (bits & found)) {
      g_set_error (error, LINCE_ACCOUNT_ERROR, LINCE_ACCOUNT_ERROR_QUERY,
          "by: '%s' is not object, stream, hour or day, each once", *word);
      return FALSE;
    }
    bits |= found;
  }
  if ((bits & LINCE_BY_HOUR) && (bits & LINCE_BY_DAY)) {
    g_set_error (
        error, LINCE_ACCOUNT_ERROR, LINCE_ACCOUNT_ERROR_QUERY, "by: hour or day, not both");
    return FALSE;
  }
  *by = (LinceStatisticsBy) bits;
  return TRUE;
}

gboolean
lince_statistics_parse_time (const char *text, GTimeZone *zone, gint64 *utc, GError **error)
{
  g_autoptr (GTimeZone) fallback = zone ? g_time_zone_ref (zone) : g_time_zone_new_utc ();
  g_autofree char *whole = NULL;
  gsize length = strlen (text);

  /* a date alone, or a time without seconds, which GLib does not take */
  if (length == 10)
    whole = g_strconcat (text, "T00:00:00", NULL);
  else if (length >= 16 && text[13] == ':' && (text[16] == '\0' || strchr ("Z+-", text[16])))
    whole = g_strdup_printf ("%.16s:00%s", text, text + 16);
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (whole ? whole : text, fallback);
  if (time == NULL || length < 10 || text[4] != '-') {
    g_set_error (error, LINCE_ACCOUNT_ERROR, LINCE_ACCOUNT_ERROR_QUERY,
        "'%s' is not a time like 2026-11-23, 2026-11-23T05:00 or 2026-11-23T05:00:00Z", text);
    return FALSE;
  }
  *utc = g_date_time_to_unix (time) * G_USEC_PER_SEC + g_date_time_get_microsecond (time);
  return TRUE;
}

/* ---- rows ---- */

typedef struct {
  gint64 object, stream; /* 0 unless asked by */
  gint64 period;         /* start of the hour in s since 1970, or of the day in local s */
  LinceStatisticsRow row;
} Sum;

static guint
hash_sum (gconstpointer key)
{
  const Sum *sum = key;

  return g_int64_hash (&sum->object) * 31 + g_int64_hash (&sum->stream) * 17 +
         g_int64_hash (&sum->period);
}

static gboolean
equal_sums (gconstpointer a, gconstpointer b)
{
  const Sum *x = a, *y = b;

  return x->object == y->object && x->stream == y->stream && x->period == y->period;
}

static gint
compare_sums (gconstpointer a, gconstpointer b)
{
  const Sum *x = *(Sum *const *) a, *y = *(Sum *const *) b;
  int order;

  if (x->period != y->period)
    return x->period < y->period ? -1 : 1;
  order = strcmp (x->row.stream, y->row.stream);
  return order ? order : strcmp (x->row.object, y->row.object);
}

static gint64
floor_to (gint64 value, gint64 step)
{
  return value - ((value % step) + step) % step;
}

typedef struct {
  const LinceStatisticsQuery *query;
  GTimeZone *zone;
  gint64 offset_quarter, offset; /* the last one asked for */
  GHashTable *sums;
} Grouping;

static gint64
get_offset (Grouping *grouping, gint64 seconds)
{
  if (grouping->offset_quarter != seconds) {
    gint interval = g_time_zone_find_interval (grouping->zone, G_TIME_TYPE_UNIVERSAL, seconds);
    grouping->offset = g_time_zone_get_offset (grouping->zone, interval);
    grouping->offset_quarter = seconds;
  }
  return grouping->offset;
}

/* names the hour or day that the quarter from `seconds` on lies in */
static void
set_period (Grouping *grouping, gint64 seconds, Sum *sum)
{
  gint64 offset = get_offset (grouping, seconds);
  gboolean day = (grouping->query->by & LINCE_BY_DAY) != 0;
  gint64 local = floor_to (seconds + offset, day ? 86400 : 3600);
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (local);
  g_autofree char *text = g_date_time_format (time, day ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M");

  /* in the hour that the end of summer time repeats, the offsets tell the two apart */
  sum->period = day ? local : local - offset;
  if (day)
    g_strlcpy (sum->row.period, text, sizeof sum->row.period);
  else if (offset == 0)
    g_snprintf (sum->row.period, sizeof sum->row.period, "%sZ", text);
  else
    g_snprintf (sum->row.period, sizeof sum->row.period, "%s%c%02d:%02d", text,
        offset < 0 ? '-' : '+', (int) (ABS (offset) / 3600), (int) (ABS (offset) / 60 % 60));
}

static void
copy_text (char *field, gsize size, sqlite3_stmt *row, int column)
{
  const char *text = (const char *) sqlite3_column_text (row, column);

  g_strlcpy (field, text ? text : "", size);
}

static void
add_row (Grouping *grouping, sqlite3_stmt *row)
{
  LinceStatisticsBy by = grouping->query->by;
  Sum key = {.object = by & LINCE_BY_OBJECT ? sqlite3_column_int64 (row, 1) : 0,
      .stream = by & LINCE_BY_STREAM ? sqlite3_column_int64 (row, 0) : 0};

  if (by & (LINCE_BY_HOUR | LINCE_BY_DAY))
    set_period (grouping, sqlite3_column_int64 (row, 2) * QUARTER, &key);
  Sum *sum = g_hash_table_lookup (grouping->sums, &key);
  if (sum == NULL) {
    sum = g_memdup2 (&key, sizeof key);
    sum->row.first = G_MAXINT64;
    sum->row.last = G_MININT64;
    if (by & LINCE_BY_STREAM)
      copy_text (sum->row.stream, sizeof sum->row.stream, row, 11);
    if (by & LINCE_BY_OBJECT) {
      copy_text (sum->row.object, sizeof sum->row.object, row, 12);
      copy_text (sum->row.name, sizeof sum->row.name, row, 13);
    }
    g_hash_table_add (grouping->sums, sum);
  }
  sum->row.exposures += sqlite3_column_int64 (row, 3);
  sum->row.time += sqlite3_column_int64 (row, 4);
  sum->row.time_once += sqlite3_column_int64 (row, 5) * 1000;
  sum->row.area_time += sqlite3_column_int64 (row, 6);
  sum->row.peak_area = MAX (sum->row.peak_area, sqlite3_column_int64 (row, 7));
  sum->row.frames += sqlite3_column_int64 (row, 8);
  sum->row.first = MIN (sum->row.first, sqlite3_column_int64 (row, 9));
  sum->row.last = MAX (sum->row.last, sqlite3_column_int64 (row, 10));
}

/* the statement with its values bound; NULL with `error` */
static sqlite3_stmt *
prepare_query (LinceAccount *account, const LinceStatisticsQuery *query, GError **error)
{
  gboolean periods = (query->by & (LINCE_BY_HOUR | LINCE_BY_DAY)) != 0;
  g_autofree char *sql = g_strdup_printf (
      "SELECT stream.id, object.id, %s, sum(exposures), sum(time), sum(once_us), sum(area_time),"
      " max(peak), sum(frames), min(first), max(last), stream.stream, object.object, object.name"
      " FROM minute JOIN stream ON stream.id = minute.stream JOIN object ON object.id = "
      "minute.object"
      " WHERE minute >= ?1 AND minute < ?2 AND (?3 IS NULL OR stream.stream = ?3)"
      " AND (?4 IS NULL OR object.object = ?4) GROUP BY minute.stream, minute.object%s",
      periods ? "minute / 15" : "0", periods ? ", minute / 15" : "");
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v2 (account->db, sql, -1, &statement, NULL) != SQLITE_OK) {
    lince_account_fail (account, error, "asking");
    return NULL;
  }
  /* minutes that start in [from, to) */
  sqlite3_bind_int64 (
      statement, 1, query->from == LINCE_TIME_NONE ? 0 : -floor_to (-query->from, MINUTE) / MINUTE);
  sqlite3_bind_int64 (statement, 2,
      query->to == LINCE_TIME_NONE ? G_MAXINT64 : -floor_to (-query->to, MINUTE) / MINUTE);
  if (query->stream)
    sqlite3_bind_text (statement, 3, query->stream, -1, SQLITE_STATIC);
  if (query->object)
    sqlite3_bind_text (statement, 4, query->object, -1, SQLITE_STATIC);
  return statement;
}

static void
collect (gpointer key, gpointer value, gpointer list)
{
  g_ptr_array_add (list, key);
}

/* ---- what stands ---- */

GArray *
lince_statistics_standing (const LinceExposures *exposures)
{
  g_autoptr (GPtrArray) list = lince_exposures_list (exposures, NULL);
  GArray *standing = g_array_sized_new (FALSE, FALSE, sizeof (LinceStanding), list->len);

  for (guint i = 0; i < list->len; i++) {
    const LinceOpenExposure *open = g_ptr_array_index (list, i);
    LinceStanding one = {.until = open->event.utc, .area = open->event.area};
    g_strlcpy (one.exposure, open->event.exposure, sizeof one.exposure);
    g_array_append_val (standing, one);
  }
  return standing;
}

/* the sums that its next `standing` events would bring */
static gboolean
sum_standing (LinceAccount *account, LinceEvent *event, gint64 from, const LinceStanding *standing,
    GError **error)
{
  for (gint64 start = from; start < standing->until;) {
    event->minute = floor_to (start, MINUTE);
    gint64 end = MIN (standing->until, event->minute + MINUTE);
    event->sum_time = (end - start) * 1000;
    event->sum_area_time = (gint64) (standing->area * (double) event->sum_time + 0.5);
    event->peak_area = standing->area;
    if (!lince_account_sum (account, event, NULL, 0, error))
      return FALSE;
    start = end;
  }
  return TRUE;
}

/* one that the account knows as open; others it has closed, or will soon hear of */
static gboolean
add_standing (
    LinceAccount *account, sqlite3_stmt *find, const LinceStanding *standing, GError **error)
{
  LinceEvent event;
  gint64 from;

  sqlite3_bind_text (find, 1, standing->exposure, -1, SQLITE_STATIC);
  int code = sqlite3_step (find);
  if (code != SQLITE_ROW) {
    sqlite3_reset (find);
    return code == SQLITE_DONE || lince_account_fail (account, error, "asking");
  }
  lince_event_init (&event, LINCE_EVENT_STANDING);
  copy_text (event.stream, sizeof event.stream, find, 0);
  copy_text (event.object, sizeof event.object, find, 1);
  g_strlcpy (event.exposure, standing->exposure, sizeof event.exposure);
  from = sqlite3_column_int64 (find, 2);
  sqlite3_reset (find);
  return sum_standing (account, &event, from, standing, error);
}

/* in the open transaction */
static gboolean
add_all_standing (LinceAccount *account, const GArray *standing, GError **error)
{
  sqlite3_stmt *find = NULL;
  gboolean done = TRUE;

  if (sqlite3_prepare_v2 (account->db,
          "SELECT stream.stream, object.object, summed_until FROM exposure"
          " JOIN stream ON stream.id = exposure.stream JOIN object ON object.id = exposure.object"
          " WHERE exposure.id = ?1 AND open",
          -1, &find, NULL) != SQLITE_OK)
    return lince_account_fail (account, error, "asking");
  for (guint i = 0; done && i < standing->len; i++)
    done = add_standing (account, find, &g_array_index (standing, LinceStanding, i), error);
  sqlite3_finalize (find);
  return done;
}

static GArray *query_rows (
    LinceAccount *account, const LinceStatisticsQuery *query, GError **error);

GArray *
lince_statistics_query (LinceAccount *account, const LinceStatisticsQuery *query, GError **error)
{
  g_autoptr (GError) problem = NULL;
  GArray *rows;

  if (query->standing == NULL || query->standing->len == 0)
    return query_rows (account, query, error);
  gboolean begun =
      lince_account_prepare (account, &problem) && lince_account_begin (account, &problem);
  if (begun && !add_all_standing (account, query->standing, &problem)) {
    lince_account_rollback (account);
    begun = FALSE;
  }
  /* a question is answered even where nothing can be written for it */
  if (problem)
    g_debug ("%s", problem->message);
  rows = query_rows (account, query, error);
  if (begun)
    lince_account_rollback (account);
  return rows;
}

static GArray *
query_rows (LinceAccount *account, const LinceStatisticsQuery *query, GError **error)
{
  g_autoptr (GTimeZone) zone = query->zone ? g_time_zone_ref (query->zone) : g_time_zone_new_utc ();
  g_autoptr (GHashTable) sums = g_hash_table_new_full (hash_sum, equal_sums, g_free, NULL);
  Grouping grouping = {query, zone, G_MININT64, 0, sums};
  sqlite3_stmt *statement = prepare_query (account, query, error);
  int code;

  if (statement == NULL)
    return NULL;
  while ((code = sqlite3_step (statement)) == SQLITE_ROW)
    add_row (&grouping, statement);
  sqlite3_finalize (statement);
  if (code != SQLITE_DONE) {
    lince_account_fail (account, error, "asking");
    return NULL;
  }
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  g_hash_table_foreach (sums, collect, sorted);
  g_ptr_array_sort (sorted, compare_sums);
  GArray *rows = g_array_sized_new (FALSE, FALSE, sizeof (LinceStatisticsRow), sorted->len);
  for (guint i = 0; i < sorted->len; i++)
    g_array_append_val (rows, ((Sum *) g_ptr_array_index (sorted, i))->row);
  return rows;
}
