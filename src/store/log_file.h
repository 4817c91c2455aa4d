/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A segment of the log, read line by line: `NUMBER.jsonl` while it is open or waits for
 * compression, `NUMBER.jsonl.zst` after it. NUMBER is the first sequence number that it can hold,
 * 20 digits. Its first line is a header:
 *   {"lince":"log","v":1,"log":UUID,"node":ID,"first":N,"created":UTC,"crc":…} */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _LinceLogFile LinceLogFile;

/* The first numbers of all segments in `directory`, ascending, each once. Free with g_array_unref;
 * empty when there is none. NULL with `error` when the directory cannot be read. */
GArray *lince_log_list (const char *directory, GError **error);

/* Paths in `directory`; free them. */
char *lince_log_segment_path (const char *directory, guint64 first);
char *lince_log_archive_path (const char *directory, guint64 first);

/* Opens a segment, plain or compressed, whichever is there. */
LinceLogFile *lince_log_file_open (const char *directory, guint64 first, GError **error);
void lince_log_file_close (LinceLogFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceLogFile, lince_log_file_close)

typedef enum {
  LINCE_LOG_LINE,
  LINCE_LOG_LINE_DAMAGED, /* a line too long or with a wrong checksum */
  LINCE_LOG_LINE_END,     /* no complete line is there (yet) */
  LINCE_LOG_LINE_ERROR,
} LinceLogLine;

/* The next line, opened (log_line.h), 0-terminated, in the file's own buffer until the next call.
 */
LinceLogLine lince_log_file_next (LinceLogFile *file, char **line, gsize *length, GError **error);

/* Lets lines below number `from` pass unseen and unchecked until the first one from there on. */
void lince_log_file_skip_to (LinceLogFile *file, guint64 from);

/* Makes the line that was read last be read again. Once for each line. */
void lince_log_file_unread (LinceLogFile *file);

/* Bytes up to the end of the line that was read last, in a plain segment. */
goffset lince_log_file_position (const LinceLogFile *file);

/* Compresses a plain segment that nobody writes any more: writes the archive beside it, syncs it,
 * then removes the segment. */
gboolean lince_log_compress (const char *directory, guint64 first, GError **error);

typedef struct {
  char log[37], node[129];
  guint64 first;
} LinceLogHeader;

void lince_log_header_write (const LinceLogHeader *header, gint64 now, GString *line);
/* From an opened line. */
gboolean lince_log_header_read (const char *line, gsize length, LinceLogHeader *header);

G_END_DECLS
