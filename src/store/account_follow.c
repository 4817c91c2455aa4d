/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The account and its log: catching up, building anew, and what stands at the position reached. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "store/account_private.h"

#define BATCH 500
#define MAX_RUNS 10000 /* the latest; an older one is not alive any more */

/* one transaction: how many events it took, -1 on an error */
static gint
follow_batch (LinceAccount *account, LinceLogReader *reader, guint64 last, GError **error)
{
  LinceEvent event;
  const char *line;
  gsize length;
  gint count = 0;

  if (!lince_account_begin (account, error))
    return -1;
  while (count < BATCH) {
    g_autoptr (GError) problem = NULL;
    LinceLogRead read = lince_log_reader_next (reader, last, &event, &line, &length, &problem);
    if (read == LINCE_LOG_END)
      break;
    if (read == LINCE_LOG_ERROR)
      g_warning ("%s; what it held is not in the account", problem->message);
    else if (!lince_account_add (account, &event, line, length, error))
      return -1;
    count++;
  }
  return lince_account_commit (account, error) ? count : -1;
}

gboolean
lince_account_follow (LinceAccount *account, const char *directory, LinceLogReader **reader,
    guint64 last, GCancellable *stop, GError **error)
{
  gint count = 1;

  if (lince_account_position (account) >= last)
    return TRUE;
  if (*reader == NULL)
    *reader = lince_log_reader_open (directory, lince_account_position (account) + 1, error);
  if (*reader == NULL)
    return FALSE;
  while (count > 0 && !g_cancellable_is_cancelled (stop)) {
    count = follow_batch (account, *reader, last, error);
    if (count < 0) {
      lince_account_rollback (account);
      g_clear_pointer (reader, lince_log_reader_free);
      return FALSE;
    }
  }
  return TRUE;
}

static void
load_exposure (sqlite3_stmt *row, LinceExposures *exposures, LinceEventPlacement *placements)
{
  const char *line = (const char *) sqlite3_column_text (row, 0);
  LinceEvent event;

  if (line == NULL || !lince_event_read (line, strlen (line), &event, placements, NULL))
    return;
  lince_exposures_apply (exposures, &event);
  lince_exposures_resume (
      exposures, event.exposure, sqlite3_column_int64 (row, 1), sqlite3_column_int64 (row, 2));
}

static sqlite3_stmt *
ask (LinceAccount *account, const char *sql, GError **error)
{
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v2 (account->db, sql, -1, &statement, NULL) != SQLITE_OK)
    lince_account_fail (account, error, "asking");
  return statement;
}

gboolean
lince_account_load (
    LinceAccount *account, LinceExposures *exposures, GHashTable *runs, GError **error)
{
  g_autofree LinceEventPlacement *placements =
      g_new (LinceEventPlacement, LINCE_EVENT_MAX_PLACEMENTS);
  sqlite3_stmt *statement = ask (account,
      "SELECT appeared, summed_until, last FROM exposure WHERE open ORDER BY first_seq", error);
  int code;

  if (statement == NULL)
    return FALSE;
  while ((code = sqlite3_step (statement)) == SQLITE_ROW)
    load_exposure (statement, exposures, placements);
  sqlite3_finalize (statement);
  if (code != SQLITE_DONE)
    return lince_account_fail (account, error, "reading open exposures");

  statement = ask (account,
      "SELECT run, number FROM run ORDER BY seq DESC LIMIT " G_STRINGIFY (MAX_RUNS), error);
  if (statement == NULL)
    return FALSE;
  while ((code = sqlite3_step (statement)) == SQLITE_ROW) {
    guint64 number = (guint64) sqlite3_column_int64 (statement, 1);
    g_hash_table_replace (runs, g_strdup ((const char *) sqlite3_column_text (statement, 0)),
        g_memdup2 (&number, sizeof number));
  }
  sqlite3_finalize (statement);
  return code == SQLITE_DONE || lince_account_fail (account, error, "reading runs");
}

static void
remove_database (const char *path)
{
  static const char *const ends[] = {"", "-wal", "-shm"};

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
    g_autofree char *file = g_strconcat (path, ends[i], NULL);
    g_unlink (file);
  }
}

gboolean
lince_account_rebuild (
    const char *path, const char *directory, const char *log_id, guint64 last, GError **error)
{
  g_autofree char *made = g_strconcat (path, ".new", NULL);
  g_autoptr (LinceLogReader) reader = NULL;
  LinceAccount *account;
  gboolean done;

  remove_database (made);
  account = lince_account_open (made, log_id, error);
  done = account && lince_account_follow (account, directory, &reader, last, NULL, error);
  /* one file without a log beside it can be renamed */
  if (done &&
      sqlite3_exec (account->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK)
    done = lince_account_fail (account, error, "closing");
  lince_account_close (account);
  if (done) {
    remove_database (path);
    done = g_rename (made, path) == 0;
    if (!done)
      g_set_error (error, LINCE_ACCOUNT_ERROR, LINCE_ACCOUNT_ERROR_FAILED, "%s: %s", path,
          g_strerror (errno));
  } else {
    remove_database (made);
  }
  return done;
}
