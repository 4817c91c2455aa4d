/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/log_reader.h"

#include <string.h>

#include "store/log_file.h"

struct _LinceLogReader {
  char *directory;
  guint64 next;    /* the lowest number still wanted */
  guint64 segment; /* first number of the open file, 0 before the first */
  LinceLogFile *file;
  gboolean last_pass; /* a later segment is there: what the next end says is the end */
  char *stream, *object;
  guint types;
  guint64 damaged;
  LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS];
};

LinceLogReader *
lince_log_reader_open (const char *directory, guint64 from, GError **error)
{
  g_autoptr (GArray) list = lince_log_list (directory, error);

  if (list == NULL)
    return NULL;
  LinceLogReader *reader = g_new0 (LinceLogReader, 1);
  reader->directory = g_strdup (directory);
  reader->next = from;
  return reader;
}

void
lince_log_reader_free (LinceLogReader *reader)
{
  if (reader == NULL)
    return;
  lince_log_file_close (reader->file);
  g_free (reader->stream);
  g_free (reader->object);
  g_free (reader->directory);
  g_free (reader);
}

void
lince_log_reader_set_filter (
    LinceLogReader *reader, const char *stream, const char *object, guint types)
{
  g_free (reader->stream);
  g_free (reader->object);
  reader->stream = g_strdup (stream);
  reader->object = g_strdup (object);
  reader->types = types;
}

guint64
lince_log_reader_damaged (const LinceLogReader *reader)
{
  return reader->damaged;
}

guint64
lince_log_first_sequence (const char *directory)
{
  g_autoptr (GArray) list = lince_log_list (directory, NULL);

  return list && list->len > 0 ? g_array_index (list, guint64, 0) : 0;
}

/* The segment to go on with behind the open one, or to begin with: the last that starts at or
 * before `next`. 0 when there is none. */
static guint64
find_segment (const LinceLogReader *reader, const GArray *list)
{
  guint64 found = 0;

  for (guint i = 0; i < list->len; i++) {
    guint64 first = g_array_index (list, guint64, i);
    if (first <= reader->segment)
      continue;
    if (found != 0 && (reader->segment != 0 || first > reader->next))
      break;
    found = first;
  }
  return found;
}

/* TRUE when there is a file to read from, which may be the same one once more */
static gboolean
next_file (LinceLogReader *reader, GError **error)
{
  if (reader->last_pass)
    g_clear_pointer (&reader->file, lince_log_file_close);
  reader->last_pass = FALSE;

  g_autoptr (GArray) list = lince_log_list (reader->directory, error);
  guint64 segment = list ? find_segment (reader, list) : 0;
  if (segment == 0)
    return FALSE;
  if (reader->file) {
    /* its last lines may have come between the end that was read and the list */
    reader->last_pass = TRUE;
    return TRUE;
  }
  reader->segment = segment;
  reader->file = lince_log_file_open (reader->directory, segment, error);
  if (reader->file)
    lince_log_file_skip_to (reader->file, reader->next);
  return reader->file != NULL;
}

static gboolean
is_wanted (const LinceLogReader *reader, const LinceEvent *event)
{
  if (reader->types && !(reader->types & 1u << event->type))
    return FALSE;
  if (event->type == LINCE_EVENT_GAP || event->type == LINCE_EVENT_NOTICE)
    return TRUE;
  return (reader->stream == NULL || strcmp (reader->stream, event->stream) == 0) &&
         (reader->object == NULL || strcmp (reader->object, event->object) == 0);
}

/* what a line of the log is to this reader */
static gboolean
take_line (LinceLogReader *reader, const char *line, gsize length, LinceEvent *event)
{
  LinceLogHeader header;

  if (!lince_event_read (line, length, event, reader->placements, NULL) || event->sequence == 0) {
    if (!lince_log_header_read (line, length, &header))
      reader->damaged++;
    return FALSE;
  }
  return event->sequence >= reader->next;
}

/* the next numbered event of any kind up to `last` */
static LinceLogRead
next_event (LinceLogReader *reader, guint64 last, LinceEvent *event, const char **line,
    gsize *length, GError **error)
{
  GError *problem = NULL;
  char *text;

  for (;;) {
    switch (reader->file ? lince_log_file_next (reader->file, &text, length, error)
                         : LINCE_LOG_LINE_END) {
      case LINCE_LOG_LINE:
        if (!take_line (reader, text, *length, event))
          break;
        if (event->sequence > last) {
          lince_log_file_unread (reader->file);
          return LINCE_LOG_END;
        }
        reader->next = event->sequence + 1;
        *line = text;
        return LINCE_LOG_EVENT;
      case LINCE_LOG_LINE_DAMAGED:
        reader->damaged++;
        break;
      case LINCE_LOG_LINE_ERROR:
        reader->last_pass = TRUE;
        next_file (reader, NULL);
        return LINCE_LOG_ERROR;
      case LINCE_LOG_LINE_END:
        if (!next_file (reader, &problem)) {
          if (problem == NULL)
            return LINCE_LOG_END;
          g_propagate_error (error, problem);
          return LINCE_LOG_ERROR;
        }
    }
  }
}

LinceLogRead
lince_log_reader_next (LinceLogReader *reader, guint64 last, LinceEvent *event, const char **line,
    gsize *length, GError **error)
{
  while (reader->next <= last) {
    LinceLogRead read = next_event (reader, last, event, line, length, error);
    if (read != LINCE_LOG_EVENT || is_wanted (reader, event))
      return read;
  }
  return LINCE_LOG_END;
}
