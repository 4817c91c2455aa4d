/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The numbers that the log may give: reserved in blocks, on the disk before the first of a block is
 * given, so that none is ever given twice, even when the log's last lines are lost with the power.
 *
 * The file `numbers` has two slots of 512 bytes, written in turn and in place (so that a full disk
 * does not hinder it), each a sealed JSON line (log_line.h); the valid one of the higher generation
 * counts. The file is locked while the log is open: it is the log's lock. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LINCE_LOG_BLOCK 4096

typedef enum {
  LINCE_NUMBERS_NEW,     /* there was no file */
  LINCE_NUMBERS_DAMAGED, /* there was one, and neither slot is valid */
  LINCE_NUMBERS_CLOSED,  /* `next` is exact */
  LINCE_NUMBERS_KILLED,  /* the process ended, the machine did not: what was written is there, and
                            all that  was given was written */
  LINCE_NUMBERS_LOST,    /* numbers below `reserved` may have been given and lost */
} LinceNumbersState;

typedef struct _LinceLogNumbers LinceLogNumbers;

/* Opens and locks DIRECTORY/numbers. */
LinceLogNumbers *lince_log_numbers_open (const char *directory, GError **error);
/* Unlocks; writes nothing. */
void lince_log_numbers_free (LinceLogNumbers *numbers);

/* What the last process left. */
LinceNumbersState lince_log_numbers_left (const LinceLogNumbers *numbers);
guint64 lince_log_numbers_reserved (const LinceLogNumbers *numbers);
guint64 lince_log_numbers_next (const LinceLogNumbers *numbers);

const char *lince_log_numbers_log (const LinceLogNumbers *numbers); /* the log's UUID */
void lince_log_numbers_set_log (LinceLogNumbers *numbers, const char *log);

/* Each writes and syncs a slot when there is need; FALSE with errno when it cannot. */
gboolean lince_log_numbers_reserve (LinceLogNumbers *numbers, guint64 up_to);
/* From now on numbers are given that may not be in the log (or no more). */
gboolean lince_log_numbers_set_unlogged (LinceLogNumbers *numbers, gboolean unlogged);
/* All is in the log and synced; the next number is `next`. */
gboolean lince_log_numbers_close (LinceLogNumbers *numbers, guint64 next);

G_END_DECLS
