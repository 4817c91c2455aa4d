/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The account: what the log's events sum up to, in an SQLite database of integers.
 *
 * Each batch of events is summed in one transaction together with the sequence number reached, so
 * that a crash at any point neither loses nor doubles one; an event at or below that number is
 * passed over. The same log gives the same database, in whatever batches it comes.
 *
 * Figures are kept by stream, object and UTC minute: time on screen (of all copies together), time
 * with at least one copy, frames, area over time, greatest area, exposures begun, first and last
 * sight.
 *
 * An account belongs to one thread at a time; a second one may read the same file. */
#pragma once

#include <gio/gio.h>

#include "store/exposures.h"
#include "store/log_reader.h"

G_BEGIN_DECLS

typedef struct _LinceAccount LinceAccount;

#define LINCE_ACCOUNT_ERROR (lince_account_error_quark ())
GQuark lince_account_error_quark (void);
typedef enum {
  LINCE_ACCOUNT_ERROR_FAILED,  /* SQLite's words */
  LINCE_ACCOUNT_ERROR_DAMAGED, /* not an account, of another log, or of a newer version */
  LINCE_ACCOUNT_ERROR_QUERY,   /* a question that has no sense */
} LinceAccountErrorCode;

/* Opens or makes the account of the log `log_id` for summing. DAMAGED when what is there cannot go
 * on. */
LinceAccount *lince_account_open (const char *path, const char *log_id, GError **error);
/* Opens an existing one for asking: nothing that is done with it stays. */
LinceAccount *lince_account_open_readonly (const char *path, GError **error);
void lince_account_close (LinceAccount *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceAccount, lince_account_close)

/* The number up to which the log is summed. */
guint64 lince_account_position (LinceAccount *account);
/* The log's id, 37 bytes. */
gboolean lince_account_log_id (LinceAccount *account, char log[37]);

/* Between begin and commit, events in the order of their numbers. `line` is the event as JSON, kept
 * while an exposure is open. On FALSE, roll back. */
gboolean lince_account_begin (LinceAccount *account, GError **error);
gboolean lince_account_add (
    LinceAccount *account, const LinceEvent *event, const char *line, gsize length, GError **error);
gboolean lince_account_commit (LinceAccount *account, GError **error);
void lince_account_rollback (LinceAccount *account);

/* Sums the log in `directory` up to number `last` from the position reached. `reader` is kept open
 * for the next call; NULL in it to begin with, freed by the caller. With `stop` (may be NULL)
 * cancelled it ends early, after a batch. */
gboolean lince_account_follow (LinceAccount *account, const char *directory,
    LinceLogReader **reader, guint64 last, GCancellable *stop, GError **error);

/* The state at the position: open exposures, and for each run (char[33], owned key) its highest
 * number (guint64 *). */
gboolean lince_account_load (
    LinceAccount *account, LinceExposures *exposures, GHashTable *runs, GError **error);

/* Makes the account at `path` anew from the log in `directory` up to `last`, in a file beside it
 * that then takes its place. The account must not be open. */
gboolean lince_account_rebuild (
    const char *path, const char *directory, const char *log_id, guint64 last, GError **error);

G_END_DECLS
