/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "store/log_line.h"
#include "store/log_reader.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

#define BUFFER_SIZE (2 * (LINCE_EVENT_MAX_LINE + 64))

G_DEFINE_QUARK (lince - log - error - quark, lince_log_error)

struct _LinceLogFile {
  int fd;
  goffset offset; /* in the file: where the next read starts */
  char *buffer;
  gsize start, filled;        /* unread bytes */
  gsize line_start, line_end; /* the last line, newline included */
  char seam;                  /* the byte that opening replaced */
  gsize seam_at;
  guint64 skip_to;      /* lines below this number are not looked at */
  gboolean discarding;  /* inside a line that is too long */
  ZSTD_DStream *stream; /* NULL: plain */
  char *input;
  ZSTD_inBuffer in;
  gboolean inside_frame; /* the archive is not complete yet */
};

static int
compare_numbers (gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return x < y ? -1 : x > y;
}

GArray *
lince_log_list (const char *directory, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, error);
  GArray *list;
  const char *name;

  if (dir == NULL)
    return NULL;
  list = g_array_new (FALSE, FALSE, sizeof (guint64));
  while ((name = g_dir_read_name (dir)) != NULL) {
    if (strspn (name, "0123456789") != 20 ||
        (strcmp (name + 20, ".jsonl") != 0 && strcmp (name + 20, ".jsonl.zst") != 0))
      continue;
    guint64 first = g_ascii_strtoull (name, NULL, 10);
    g_array_append_val (list, first);
  }
  g_array_sort (list, compare_numbers);
  for (guint i = 1; i < list->len;)
    if (g_array_index (list, guint64, i) == g_array_index (list, guint64, i - 1))
      g_array_remove_index (list, i);
    else
      i++;
  return list;
}

char *
lince_log_segment_path (const char *directory, guint64 first)
{
  return g_strdup_printf ("%s/%020" G_GUINT64_FORMAT ".jsonl", directory, first);
}

char *
lince_log_archive_path (const char *directory, guint64 first)
{
  return g_strdup_printf ("%s/%020" G_GUINT64_FORMAT ".jsonl.zst", directory, first);
}

LinceLogFile *
lince_log_file_open (const char *directory, guint64 first, GError **error)
{
  g_autofree char *plain = lince_log_segment_path (directory, first);
  g_autofree char *archive = lince_log_archive_path (directory, first);
  gboolean compressed = FALSE;
  int fd = -1;

  /* it may be compressed and removed between two tries */
  for (int try = 0; try < 3 && fd < 0; try++) {
    compressed = try == 1;
    fd = open (compressed ? archive : plain, O_RDONLY | O_CLOEXEC);
  }
  if (fd < 0) {
    g_set_error (
        error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_IO, "%s: %s", plain, g_strerror (errno));
    return NULL;
  }
  LinceLogFile *file = g_new0 (LinceLogFile, 1);
  file->fd = fd;
  file->buffer = g_malloc (BUFFER_SIZE + 1);
  if (compressed) {
    file->stream = ZSTD_createDStream ();
    file->input = g_malloc (ZSTD_DStreamInSize ());
    file->in.src = file->input;
    file->inside_frame = TRUE;
  }
  return file;
}

void
lince_log_file_close (LinceLogFile *file)
{
  if (file == NULL)
    return;
  close (file->fd);
  ZSTD_freeDStream (file->stream);
  g_free (file->input);
  g_free (file->buffer);
  g_free (file);
}

static gssize
read_bytes (LinceLogFile *file, char *to, gsize size, GError **error)
{
  gssize got;

  do
    got = pread (file->fd, to, size, file->offset);
  while (got < 0 && errno == EINTR);
  if (got < 0)
    g_set_error (error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_IO, "reading the log: %s",
        g_strerror (errno));
  else
    file->offset += got;
  return got;
}

/* bytes behind the filled part, as plain text: how many, 0 at the end, -1 on an error */
static gssize
fill (LinceLogFile *file, GError **error)
{
  char *to = file->buffer + file->filled;
  gsize room = BUFFER_SIZE - file->filled;

  if (file->stream == NULL)
    return read_bytes (file, to, room, error);

  ZSTD_outBuffer out = {to, room, 0};
  while (out.pos == 0) {
    if (file->in.pos == file->in.size) {
      gssize got = read_bytes (file, file->input, ZSTD_DStreamInSize (), error);
      if (got == 0 && file->inside_frame) {
        g_set_error (error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_FORMAT,
            "a compressed segment of the log is cut off");
        return -1;
      }
      if (got <= 0)
        return got;
      file->in.pos = 0;
      file->in.size = (gsize) got;
    }
    gsize state = ZSTD_decompressStream (file->stream, &out, &file->in);
    if (ZSTD_isError (state)) {
      g_set_error (error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_FORMAT,
          "a compressed segment of the log is damaged: %s", ZSTD_getErrorName (state));
      return -1;
    }
    file->inside_frame = state != 0;
  }
  return (gssize) out.pos;
}

/* Drops what is not a whole line yet, to read it again later: what is written then may be something
 * else. */
static void
drop_rest (LinceLogFile *file)
{
  if (file->stream == NULL) {
    file->offset -= (goffset) (file->filled - file->start);
    file->filled = file->start;
  }
}

/* room behind the unread bytes; FALSE when a line fills the whole buffer */
static gboolean
make_room (LinceLogFile *file)
{
  if (file->start > 0) {
    memmove (file->buffer, file->buffer + file->start, file->filled - file->start);
    file->filled -= file->start;
    file->start = 0;
  }
  return file->filled < BUFFER_SIZE;
}

/* what the newline at `newline` ends */
static LinceLogLine
finish_line (LinceLogFile *file, char *newline, char **line, gsize *length)
{
  gsize size = (gsize) (newline - (file->buffer + file->start));
  gboolean discarded = file->discarding;

  file->line_start = file->start;
  file->start += size + 1;
  file->line_end = file->start;
  file->discarding = FALSE;
  if (discarded || size > LINCE_EVENT_MAX_LINE + LINCE_LOG_SEAL_LENGTH)
    return LINCE_LOG_LINE_DAMAGED;

  *line = file->buffer + file->line_start;
  file->seam_at = size > LINCE_LOG_SEAL_LENGTH ? size - LINCE_LOG_SEAL_LENGTH - 1 : 0;
  file->seam = (*line)[file->seam_at];
  *length = lince_log_line_open (*line, size);
  if (*length == 0)
    return LINCE_LOG_LINE_DAMAGED;
  (*line)[*length] = '\0';
  return LINCE_LOG_LINE;
}

void
lince_log_file_skip_to (LinceLogFile *file, guint64 from)
{
  file->skip_to = from;
}

/* the number that a line says near its start, 0 when there is none */
static guint64
peek_number (const char *line, gsize size)
{
  static const char key[] = ",\"seq\":";
  const char *found = memmem (line, MIN (size, 64), key, sizeof key - 1);
  guint64 number = 0;

  if (found == NULL)
    return 0;
  for (const char *p = found + sizeof key - 1; p < line + size && g_ascii_isdigit (*p); p++)
    number = number * 10 + (guint64) (*p - '0');
  return number;
}

/* TRUE for a line that is only passed over on the way to a later number */
static gboolean
skip_line (LinceLogFile *file, const char *newline)
{
  const char *line = file->buffer + file->start;
  guint64 number;

  if (file->skip_to == 0 || file->discarding)
    return FALSE;
  number = peek_number (line, (gsize) (newline - line));
  if (number == 0)
    return FALSE;
  if (number >= file->skip_to) {
    file->skip_to = 0;
    return FALSE;
  }
  file->start += (gsize) (newline - line) + 1;
  return TRUE;
}

LinceLogLine
lince_log_file_next (LinceLogFile *file, char **line, gsize *length, GError **error)
{
  for (;;) {
    char *newline = memchr (file->buffer + file->start, '\n', file->filled - file->start);
    if (newline && skip_line (file, newline))
      continue;
    if (newline)
      return finish_line (file, newline, line, length);
    if (!make_room (file)) {
      file->discarding = TRUE;
      file->filled = 0;
    }
    gssize got = fill (file, error);
    if (got < 0)
      return LINCE_LOG_LINE_ERROR;
    if (got == 0) {
      drop_rest (file);
      return LINCE_LOG_LINE_END;
    }
    file->filled += (gsize) got;
  }
}

void
lince_log_file_unread (LinceLogFile *file)
{
  char *line = file->buffer + file->line_start;

  if (file->stream == NULL) {
    /* from the file again, for what was not published yet may be rolled back and written anew */
    file->offset -= (goffset) (file->filled - file->line_start);
    file->start = file->filled = file->line_start;
    return;
  }
  line[file->seam_at] = file->seam;
  line[file->seam_at + 1] = '"';
  file->start = file->line_start;
}

goffset
lince_log_file_position (const LinceLogFile *file)
{
  return file->offset - (goffset) (file->filled - file->start);
}

void
lince_log_header_write (const LinceLogHeader *header, gint64 now, GString *line)
{
  gsize start = line->len;

  g_string_append (line, "{\"lince\":\"log\",\"v\":1,\"log\":");
  lince_json_append_text (line, header->log);
  g_string_append (line, ",\"node\":");
  lince_json_append_text (line, header->node);
  g_string_append (line, ",\"first\":");
  lince_json_append_unsigned (line, header->first);
  g_string_append (line, ",\"created\":");
  lince_json_append_utc (line, now);
  g_string_append_c (line, '}');
  lince_log_line_seal (line, start);
}

gboolean
lince_log_header_read (const char *line, gsize length, LinceLogHeader *header)
{
  LinceJsonReader json;
  char key[16], kind[16] = "";
  gint64 value = 0;

  memset (header, 0, sizeof *header);
  if (!lince_json_reader_init (&json, line, length) || !lince_json_expect (&json, '{'))
    return FALSE;
  do {
    gboolean read = lince_json_read_key (&json, key, sizeof key);
    if (read && strcmp (key, "lince") == 0)
      read = lince_json_read_text (&json, kind, sizeof kind);
    else if (read && strcmp (key, "log") == 0)
      read = lince_json_read_text (&json, header->log, sizeof header->log);
    else if (read && strcmp (key, "node") == 0)
      read = lince_json_read_text (&json, header->node, sizeof header->node);
    else if (read && strcmp (key, "first") == 0)
      read = lince_json_read_integer (&json, 1, G_MAXINT64, &value);
    else if (read && strcmp (key, "v") == 0)
      read = lince_json_read_integer (&json, 1, 1, &value);
    else if (read)
      read = lince_json_skip (&json);
    if (!read)
      return FALSE;
    if (strcmp (key, "first") == 0)
      header->first = (guint64) value;
  } while (lince_json_accept (&json, ','));
  return lince_json_expect (&json, '}') && strcmp (kind, "log") == 0 && header->first > 0 &&
         g_uuid_string_is_valid (header->log);
}
