/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Reading the event log from a number on, closed segments included, while another thread writes it.
 *
 * A reader belongs to one thread at a time. It opens files of its own; nothing is locked. */
#pragma once

#include "wire/event.h"

G_BEGIN_DECLS

typedef struct _LinceLogReader LinceLogReader;

/* From the first event with a number >= `from` that the log in `directory` still holds. */
LinceLogReader *lince_log_reader_open (const char *directory, guint64 from, GError **error);
void lince_log_reader_free (LinceLogReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceLogReader, lince_log_reader_free)

/* Keep only what matches; NULL: all. A stream or object filter keeps no event without
 * one, but `gap` and `notice` pass both. `types`
 * is a set of bits 1 << LinceEventType, 0 for all. Strings are copied. */
void lince_log_reader_set_filter (
    LinceLogReader *reader, const char *stream, const char *object, guint types);

typedef enum {
  LINCE_LOG_EVENT, /* `event` and `line` are set */
  LINCE_LOG_END,   /* no further event up to `last`; later calls may find more */
  LINCE_LOG_ERROR, /* a file cannot be read (further); the next call goes on with the one after it
                    */
} LinceLogRead;

/* The next event with a number up to `last` (pass what lince_record_last_sequence says: what lies
 * behind it may not be finished). `line` is the line as clients get it, without the newline;
 * borrowed, like what `event` points to, until the next call. Damaged lines are skipped and
 * counted. */
LinceLogRead lince_log_reader_next (LinceLogReader *reader, guint64 last, LinceEvent *event,
    const char **line, gsize *length, GError **error);

guint64 lince_log_reader_damaged (const LinceLogReader *reader);

/* The lowest number that the log in `directory` still holds, 0 when it is empty. A client that
 * resumes below it has missed what lies between. */
guint64 lince_log_first_sequence (const char *directory);

#define LINCE_LOG_ERROR_DOMAIN (lince_log_error_quark ())
GQuark lince_log_error_quark (void);
typedef enum {
  LINCE_LOG_ERROR_IO,
  LINCE_LOG_ERROR_FORMAT, /* a file of the log is not one */
  LINCE_LOG_ERROR_LOCKED, /* another process writes this log */
} LinceLogErrorCode;

G_END_DECLS
