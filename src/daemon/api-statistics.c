/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The account over HTTP. */
#include <string.h>

#include "daemon/api.h"
#include "daemon/later.h"
#include "daemon/query.h"
#include "daemon/reply.h"
#include "store/statistics.h"

/* What a thread needs to ask the account. */
typedef struct {
  char *account_path;
  GHashTable *fields;
  GArray *standing; /* what the exposures that stand bring on top */
  gboolean csv;
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;
  g_free (question->account_path);
  g_hash_table_unref (question->fields);
  g_array_unref (question->standing);
  g_free (question);
}

/* Whatever is wrong with the question is the client's fault. */
static gboolean
blame_client (GError **error, GError *cause)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, cause->message);
  g_error_free (cause);
  return FALSE;
}

static gboolean
read_time (GHashTable *fields, const char *name, GTimeZone *zone, gint64 *utc, GError **error)
{
  const char *text = g_hash_table_lookup (fields, name);
  GError *cause = NULL;
  *utc = LINCE_TIME_NONE;
  if (text && !lince_statistics_parse_time (text, zone, utc, &cause))
    return blame_client (error, cause);
  return TRUE;
}

static gboolean
read_question (GHashTable *fields, LinceStatisticsQuery *query, GError **error)
{
  const char *zone = g_hash_table_lookup (fields, "timezone");
  const char *by = g_hash_table_lookup (fields, "by");
  GError *cause = NULL;
  if (zone && !(query->zone = g_time_zone_new_identifier (zone))) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "timezone: '%.64s' is none; write Europe/Madrid, UTC, or +02:00 (with %%2B for the plus).",
        zone);
    return FALSE;
  }
  if (by && *by && !lince_statistics_parse_by (by, &query->by, &cause))
    return blame_client (error, cause);
  query->stream = g_hash_table_lookup (fields, "stream");
  query->object = g_hash_table_lookup (fields, "object");
  return read_time (fields, "from", query->zone, &query->from, error) &&
         read_time (fields, "to", query->zone, &query->to, error);
}

static char *
ask (const Question *question, const LinceStatisticsQuery *query, GError **error)
{
  g_autoptr (LinceAccount) account = lince_account_open_readonly (question->account_path, error);
  g_autoptr (GArray) rows = account ? lince_statistics_query (account, query, error) : NULL;
  if (!rows)
    return NULL;
  GString *text = g_string_new (NULL);
  if (question->csv)
    lince_statistics_write_csv (query, rows, text);
  else
    lince_statistics_write_json (account, query, rows, text);
  return g_string_free (text, FALSE);
}

static char *
answer_question (gpointer data, GError **error)
{
  const Question *question = data;
  LinceStatisticsQuery query = {.standing = question->standing};
  GError *cause = NULL;
  char *text = NULL;
  if (read_question (question->fields, &query, error))
    text = ask (question, &query, &cause);
  g_clear_pointer (&query.zone, g_time_zone_unref);
  if (g_error_matches (cause, LINCE_ACCOUNT_ERROR, LINCE_ACCOUNT_ERROR_QUERY))
    blame_client (error, cause);
  else if (cause)
    g_propagate_error (error, cause);
  return text;
}

void
linced_api_get_statistics (const LincedRequest *request, gpointer data)
{
  static const char *const known[] = {
      "from", "to", "by", "stream", "object", "timezone", "format", NULL};
  LincedApi *api = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) fields = linced_query_parse (request->query, known, &error);
  const char *format = fields ? g_hash_table_lookup (fields, "format") : NULL;
  if (!fields || (format && strcmp (format, "json") != 0 && strcmp (format, "csv") != 0)) {
    linced_reply_error (request->message, SOUP_STATUS_BAD_REQUEST, "bad-query", "%s",
        error ? error->message : "format: is either json or csv.");
    return;
  }
  Question *question = g_new0 (Question, 1);
  question->account_path = g_strdup (lince_record_account_path (api->record));
  question->standing = lince_statistics_standing (lince_record_exposures (api->record));
  question->csv = format && strcmp (format, "csv") == 0;
  question->fields = g_steal_pointer (&fields);
  linced_later_answer (request->message,
      question->csv ? "text/csv; charset=utf-8" : "application/json; charset=utf-8",
      answer_question, question, question_free);
}
