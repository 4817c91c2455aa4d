/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/account.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "store/account_private.h"

#define APPLICATION_ID 0x4c696e63 /* "Linc" */
#define SCHEMA_VERSION 1

G_DEFINE_QUARK (lince - account - error - quark, lince_account_error)

/* Times are µs of UTC, durations ns unless said otherwise. `spans` are the parts of the minute with
 * at least one copy on screen: pairs of little-endian 32-bit µs from its start, ascending, apart
 * from each other. */
static const char schema[] =
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;"
    "CREATE TABLE stream (id INTEGER PRIMARY KEY, stream TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE object (id INTEGER PRIMARY KEY, object TEXT NOT NULL UNIQUE, name TEXT NOT NULL) "
    "STRICT;"
    "CREATE TABLE minute (stream INTEGER NOT NULL, object INTEGER NOT NULL, minute INTEGER NOT "
    "NULL,"
    " exposures INTEGER NOT NULL, time INTEGER NOT NULL, once_us INTEGER NOT NULL,"
    " area_time INTEGER NOT NULL, peak INTEGER NOT NULL, frames INTEGER NOT NULL,"
    " first INTEGER NOT NULL, last INTEGER NOT NULL, spans BLOB NOT NULL,"
    " PRIMARY KEY (stream, object, minute)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE exposure (id TEXT PRIMARY KEY, stream INTEGER NOT NULL, object INTEGER NOT NULL,"
    " collection TEXT NOT NULL, revision TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT "
    "NULL,"
    " summed_until INTEGER NOT NULL, stays INTEGER NOT NULL, time INTEGER NOT NULL,"
    " area_time INTEGER NOT NULL, peak INTEGER NOT NULL, frames INTEGER NOT NULL, open INTEGER NOT "
    "NULL,"
    " reason TEXT NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,"
    " appeared TEXT) STRICT, WITHOUT ROWID;"
    "CREATE INDEX exposure_open ON exposure (first_seq) WHERE open;"
    "CREATE TABLE run (run TEXT PRIMARY KEY, stream INTEGER NOT NULL, number INTEGER NOT NULL,"
    " seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE gap (seq INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL,"
    " from_utc INTEGER, to_utc INTEGER) STRICT;";

static const char *const statement_texts[LINCE_SQL_COUNT] = {
    [LINCE_SQL_STREAM_ADD] = "INSERT INTO stream (stream) VALUES (?1) ON CONFLICT DO NOTHING",
    [LINCE_SQL_STREAM_GET] = "SELECT id FROM stream WHERE stream = ?1",
    [LINCE_SQL_OBJECT_ADD] =
        "INSERT INTO object (object, name) VALUES (?1, ?2) ON CONFLICT (object)"
        " DO UPDATE SET name = ?2 WHERE name <> ?2 AND ?2 <> ''",
    [LINCE_SQL_OBJECT_GET] = "SELECT id FROM object WHERE object = ?1",
    [LINCE_SQL_MINUTE_GET] =
        "SELECT exposures, time, area_time, peak, frames, first, last, spans FROM minute"
        " WHERE stream = ?1 AND object = ?2 AND minute = ?3",
    [LINCE_SQL_MINUTE_PUT] = "INSERT OR REPLACE INTO minute (stream, object, minute, exposures, "
                             "time, once_us, area_time,"
                             " peak, frames, first, last, spans) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
                             "?7, ?8, ?9, ?10, ?11, ?12)",
    [LINCE_SQL_EXPOSURE_GET] = "SELECT summed_until FROM exposure WHERE id = ?1",
    [LINCE_SQL_EXPOSURE_APPEAR] =
        "INSERT INTO exposure (id, stream, object, collection, revision, first, last, "
        "summed_until, stays,"
        " time, area_time, peak, frames, open, reason, first_seq, last_seq, appeared)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6, 1, 0, 0, 0, 0, 1, '', ?7, ?7, ?8) ON CONFLICT "
        "(id)"
        " DO UPDATE SET last = max(last, ?6), summed_until = ?6, stays = stays + 1, open = 1,"
        " reason = '', last_seq = ?7, appeared = ?8",
    [LINCE_SQL_EXPOSURE_SUM] =
        "UPDATE exposure SET last = max(last, ?2), summed_until = max(summed_until, ?3),"
        " time = time + ?4, area_time = area_time + ?5, peak = max(peak, ?6), frames = frames + ?7,"
        " open = ?8, reason = ?9, last_seq = ?10, appeared = CASE ?8 WHEN 1 THEN appeared END"
        " WHERE id = ?1",
    [LINCE_SQL_RUN] = "INSERT INTO run (run, stream, number, seq) VALUES (?1, ?2, ?3, ?4)"
                      " ON CONFLICT (run) DO UPDATE SET number = max(number, ?3), seq = ?4",
    [LINCE_SQL_GAP] = "INSERT OR REPLACE INTO gap (seq, first, last, from_utc, to_utc)"
                      " VALUES (?1, ?2, ?3, ?4, ?5)",
    [LINCE_SQL_POSITION] = "UPDATE meta SET value = ?1 WHERE key = 'position'",
};

gboolean
lince_account_fail (LinceAccount *account, GError **error, const char *doing)
{
  int code = sqlite3_errcode (account->db);
  gboolean damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;

  g_set_error (error, LINCE_ACCOUNT_ERROR,
      damaged ? LINCE_ACCOUNT_ERROR_DAMAGED : LINCE_ACCOUNT_ERROR_FAILED, "account: %s: %s", doing,
      sqlite3_errmsg (account->db));
  return FALSE;
}

gboolean
lince_account_run (LinceAccount *account, sqlite3_stmt *statement, GError **error)
{
  int code = sqlite3_step (statement);

  if (code != SQLITE_DONE && code != SQLITE_ROW) {
    lince_account_fail (account, error, "writing");
    sqlite3_reset (statement);
    return FALSE;
  }
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
  return TRUE;
}

static gboolean
execute (LinceAccount *account, const char *sql, GError **error)
{
  return sqlite3_exec (account->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
         lince_account_fail (account, error, "writing");
}

static gint64
pragma (LinceAccount *account, const char *sql)
{
  sqlite3_stmt *statement;
  gint64 value = -1;

  if (sqlite3_prepare_v2 (account->db, sql, -1, &statement, NULL) != SQLITE_OK)
    return -1;
  if (sqlite3_step (statement) == SQLITE_ROW)
    value = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  return value;
}

static gboolean
make_schema (LinceAccount *account, const char *log_id, GError **error)
{
  g_autofree char *sql =
      g_strdup_printf ("BEGIN; PRAGMA application_id = %d; PRAGMA user_version = %d; %s"
                       "INSERT INTO meta VALUES ('log', '%s'), ('position', 0); COMMIT",
          APPLICATION_ID, SCHEMA_VERSION, schema, log_id);

  if (!g_uuid_string_is_valid (log_id)) {
    g_set_error (
        error, LINCE_ACCOUNT_ERROR, LINCE_ACCOUNT_ERROR_QUERY, "account: %s is no log id", log_id);
    return FALSE;
  }
  if (execute (account, sql, error))
    return TRUE;
  sqlite3_exec (account->db, "ROLLBACK", NULL, NULL, NULL);
  return FALSE;
}

gboolean
lince_account_log_id (LinceAccount *account, char log[37])
{
  sqlite3_stmt *statement;
  gboolean found = FALSE;

  if (sqlite3_prepare_v2 (account->db, "SELECT value FROM meta WHERE key = 'log'", -1, &statement,
          NULL) != SQLITE_OK)
    return FALSE;
  if (sqlite3_step (statement) == SQLITE_ROW && sqlite3_column_text (statement, 0)) {
    g_strlcpy (log, (const char *) sqlite3_column_text (statement, 0), 37);
    found = TRUE;
  }
  sqlite3_finalize (statement);
  return found;
}

static gboolean
refuse (GError **error, const char *path, const char *why)
{
  g_set_error (error, LINCE_ACCOUNT_ERROR, LINCE_ACCOUNT_ERROR_DAMAGED, "%s: %s", path, why);
  return FALSE;
}

/* log_id NULL: any */
static gboolean
check_schema (LinceAccount *account, const char *path, const char *log_id, GError **error)
{
  char log[37];

  gint64 application = pragma (account, "PRAGMA application_id");
  if (application < 0)
    return lince_account_fail (account, error, "opening");
  if (application != APPLICATION_ID)
    return refuse (error, path, "not an account");
  if (pragma (account, "PRAGMA user_version") != SCHEMA_VERSION)
    return refuse (error, path, "an account of another version");
  if (!lince_account_log_id (account, log))
    return refuse (error, path, "an account without a log's id");
  if (log_id && strcmp (log, log_id) != 0)
    return refuse (error, path, "the account of another log");
  return TRUE;
}

guint64
lince_account_position (LinceAccount *account)
{
  if (account->readonly)
    account->position =
        (guint64) MAX (pragma (account, "SELECT value FROM meta WHERE key = 'position'"), 0);
  return account->position;
}

gboolean
lince_account_prepare (LinceAccount *account, GError **error)
{
  if (account->statements[0])
    return TRUE;
  for (int i = 0; i < LINCE_SQL_COUNT; i++)
    if (sqlite3_prepare_v3 (account->db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
            &account->statements[i], NULL) != SQLITE_OK)
      return lince_account_fail (account, error, "preparing");
  return TRUE;
}

static LinceAccount *
open_database (const char *path, int flags, GError **error)
{
  LinceAccount *account = g_new0 (LinceAccount, 1);

  if (sqlite3_open_v2 (path, &account->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
    g_set_error (error, LINCE_ACCOUNT_ERROR, LINCE_ACCOUNT_ERROR_FAILED, "%s: %s", path,
        sqlite3_errmsg (account->db));
    lince_account_close (account);
    return NULL;
  }
  sqlite3_extended_result_codes (account->db, 0);
  sqlite3_busy_timeout (account->db, 5000);
  return account;
}

LinceAccount *
lince_account_open (const char *path, const char *log_id, GError **error)
{
  /* made here, for SQLite would let others read it */
  int fd = open (path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0)
    close (fd);
  LinceAccount *account = open_database (path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);

  if (account == NULL)
    return NULL;
  gint64 tables = pragma (account, "SELECT count(*) FROM sqlite_schema");
  gboolean done = tables == 0 ? execute (account, "PRAGMA journal_mode = WAL", error) &&
                                    make_schema (account, log_id, error)
                              : check_schema (account, path, log_id, error);
  done = done &&
         execute (account,
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
             "PRAGMA journal_size_limit = 4194304; PRAGMA temp_store = MEMORY",
             error) &&
         lince_account_prepare (account, error);
  if (!done) {
    lince_account_close (account);
    return NULL;
  }
  account->position =
      (guint64) MAX (pragma (account, "SELECT value FROM meta WHERE key = 'position'"), 0);
  return account;
}

LinceAccount *
lince_account_open_readonly (const char *path, GError **error)
{
  /* where the file allows it with writing, for what stands is summed up in a transaction that is
   * taken back */
  LinceAccount *account = open_database (path, SQLITE_OPEN_READWRITE, error);

  if (account == NULL)
    return NULL;
  account->readonly = TRUE;
  if (!check_schema (account, path, NULL, error)) {
    lince_account_close (account);
    return NULL;
  }
  return account;
}

void
lince_account_close (LinceAccount *account)
{
  if (account == NULL)
    return;
  for (int i = 0; i < LINCE_SQL_COUNT; i++)
    sqlite3_finalize (account->statements[i]);
  sqlite3_close (account->db);
  g_free (account);
}

gboolean
lince_account_begin (LinceAccount *account, GError **error)
{
  return execute (account, "BEGIN IMMEDIATE", error);
}

gboolean
lince_account_add (
    LinceAccount *account, const LinceEvent *event, const char *line, gsize length, GError **error)
{
  if (event->sequence <= account->position)
    return TRUE;
  if (!lince_account_sum (account, event, line, length, error))
    return FALSE;
  account->position = event->sequence;
  return TRUE;
}

gboolean
lince_account_commit (LinceAccount *account, GError **error)
{
  sqlite3_bind_int64 (account->statements[LINCE_SQL_POSITION], 1, (gint64) account->position);
  return lince_account_run (account, account->statements[LINCE_SQL_POSITION], error) &&
         execute (account, "COMMIT", error);
}

void
lince_account_rollback (LinceAccount *account)
{
  sqlite3_exec (account->db, "ROLLBACK", NULL, NULL, NULL);
  account->position =
      (guint64) MAX (pragma (account, "SELECT value FROM meta WHERE key = 'position'"), 0);
}
