/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the account's files share. */
#pragma once

#include <sqlite3.h>

#include "store/account.h"

G_BEGIN_DECLS

/* the statements of summing, prepared once */
typedef enum {
  LINCE_SQL_STREAM_ADD,
  LINCE_SQL_STREAM_GET,
  LINCE_SQL_OBJECT_ADD,
  LINCE_SQL_OBJECT_GET,
  LINCE_SQL_MINUTE_GET,
  LINCE_SQL_MINUTE_PUT,
  LINCE_SQL_EXPOSURE_GET,
  LINCE_SQL_EXPOSURE_APPEAR,
  LINCE_SQL_EXPOSURE_SUM,
  LINCE_SQL_RUN,
  LINCE_SQL_GAP,
  LINCE_SQL_POSITION,
  LINCE_SQL_COUNT,
} LinceSql;

struct _LinceAccount {
  sqlite3 *db;
  sqlite3_stmt *statements[LINCE_SQL_COUNT];
  guint64 position;
  gboolean readonly;
};

/* Sets `error` to SQLite's words; always FALSE. */
gboolean lince_account_fail (LinceAccount *account, GError **error, const char *doing);

/* Runs a statement that gives no row, and resets it. */
gboolean lince_account_run (LinceAccount *account, sqlite3_stmt *statement, GError **error);

/* Sums one event; the position is the caller's. */
gboolean lince_account_sum (
    LinceAccount *account, const LinceEvent *event, const char *line, gsize length, GError **error);

/* Prepares the summing statements unless they are. */
gboolean lince_account_prepare (LinceAccount *account, GError **error);

G_END_DECLS
