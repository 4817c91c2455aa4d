/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/pictures.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/local-socket.h"
#include "daemon/reply.h"
#include "wire/json_write.h"

#define READ_SIZE (64 * 1024)
#define MAX_HEADER (64 * 1024)
#define MAX_SENDERS 1024

typedef struct {
  LincedPictures *pictures;
  int fd, pid;
  guint source;
  GByteArray *in;
  gboolean has_header;
  LincePictureHeader header;
  LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS];
} Sender;

typedef struct {
  GBytes *jpeg;
  gint64 running_time, taken; /* ns; monotonic µs */
  char *utc, *placements;     /* as the headers have them */
  gint width, height;
  GPtrArray *waiters; /* of Waiter */
} Shown;

typedef struct {
  LincedPictures *pictures;
  Shown *shown;
  char *stream;
  gint64 after;
  SoupServerMessage *message;
  gulong finished;
  guint timeout;
} Waiter;

struct _LincedPictures {
  LincedLocalSocket *socket;
  LincedPictureCheck check;
  gpointer data;
  GPtrArray *senders;
  GHashTable *shown; /* the stream's id to Shown */
};

static void
shown_free (gpointer data)
{
  Shown *shown = data;
  g_clear_pointer (&shown->jpeg, g_bytes_unref);
  g_free (shown->utc);
  g_free (shown->placements);
  g_ptr_array_unref (shown->waiters);
  g_free (shown);
}

static void
sender_free (gpointer data)
{
  Sender *sender = data;
  g_clear_handle_id (&sender->source, g_source_remove);
  g_byte_array_unref (sender->in);
  close (sender->fd);
  g_free (sender);
}

/* ---- answers ---- */

static void
set_number (SoupMessageHeaders *headers, const char *name, gint64 value)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, value);
  soup_message_headers_replace (headers, name, text);
}

static void
answer_with (const Shown *shown, const char *stream, SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  /* a header is ASCII; an id may be more */
  g_autofree char *id = g_uri_escape_string (stream, NULL, FALSE);
  soup_message_headers_replace (headers, "X-Lince-Stream", id);
  set_number (headers, "X-Lince-Running-Time", shown->running_time);
  set_number (headers, "X-Lince-Width", shown->width);
  set_number (headers, "X-Lince-Height", shown->height);
  if (shown->utc)
    soup_message_headers_replace (headers, "X-Lince-Utc", shown->utc);
  soup_message_headers_replace (headers, "X-Lince-Placements", shown->placements);
  linced_reply_bytes (message, SOUP_STATUS_OK, "image/jpeg", shown->jpeg);
}

static void
answer_nothing (SoupServerMessage *message)
{
  linced_reply_set_headers (message);
  soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
}

static gboolean
fits (const Shown *shown, gint64 after)
{
  if (!shown->jpeg)
    return FALSE;
  if (after != LINCE_TIME_NONE && shown->running_time != LINCE_TIME_NONE)
    return shown->running_time > after;
  return g_get_monotonic_time () - shown->taken < LINCED_PICTURE_FRESH_S * G_USEC_PER_SEC;
}

static void
waiter_free (Waiter *waiter)
{
  g_clear_handle_id (&waiter->timeout, g_source_remove);
  g_signal_handler_disconnect (waiter->message, waiter->finished);
  g_object_unref (waiter->message);
  g_free (waiter->stream);
  g_free (waiter);
}

/* The request goes on, with the picture or without. */
static void
release (Waiter *waiter, gboolean with_picture)
{
  g_autoptr (SoupServerMessage) message = g_object_ref (waiter->message);
  if (with_picture)
    answer_with (waiter->shown, waiter->stream, message);
  else
    answer_nothing (message);
  g_ptr_array_remove_fast (waiter->shown->waiters, waiter);
  waiter_free (waiter);
  soup_server_message_unpause (message);
}

static gboolean
on_wait_over (gpointer data)
{
  Waiter *waiter = data;
  waiter->timeout = 0;
  release (waiter, FALSE);
  return G_SOURCE_REMOVE;
}

/* The client is gone. */
static void
on_finished (SoupServerMessage *message, gpointer data)
{
  Waiter *waiter = data;
  g_ptr_array_remove_fast (waiter->shown->waiters, waiter);
  waiter_free (waiter);
}

static Shown *
find_shown (LincedPictures *self, const char *stream)
{
  Shown *shown = g_hash_table_lookup (self->shown, stream);
  if (shown)
    return shown;
  shown = g_new0 (Shown, 1);
  shown->waiters = g_ptr_array_new ();
  g_hash_table_insert (self->shown, g_strdup (stream), shown);
  return shown;
}

void
linced_pictures_answer (
    LincedPictures *self, const char *stream, gint64 after, SoupServerMessage *message)
{
  Shown *shown = find_shown (self, stream);
  if (fits (shown, after)) {
    answer_with (shown, stream, message);
    return;
  }
  if (shown->waiters->len >= LINCED_PICTURE_MAX_WAITERS) {
    linced_reply_error (message, SOUP_STATUS_SERVICE_UNAVAILABLE, "too-many-waiting",
        "%d requests wait for this stream's picture already.", LINCED_PICTURE_MAX_WAITERS);
    return;
  }
  Waiter *waiter = g_new0 (Waiter, 1);
  waiter->pictures = self;
  waiter->shown = shown;
  waiter->stream = g_strdup (stream);
  waiter->after = after;
  waiter->message = g_object_ref (message);
  waiter->finished = g_signal_connect (message, "finished", G_CALLBACK (on_finished), waiter);
  waiter->timeout = g_timeout_add_seconds (LINCED_PICTURE_WAIT_S, on_wait_over, waiter);
  g_ptr_array_add (shown->waiters, waiter);
  soup_server_message_pause (message);
}

/* ---- pictures ---- */

/* JSON text as ASCII, for a header: what is not stands within strings, where it can be escaped. */
static char *
escape_json (const char *json)
{
  GString *out = g_string_new (NULL);
  for (const char *p = json; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (c < 0x80)
      g_string_append_c (out, (char) c);
    else if (c < 0x10000)
      g_string_append_printf (out, "\\u%04x", c);
    else
      g_string_append_printf (
          out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
  }
  return g_string_free (out, FALSE);
}

/* The wire's own writer knows how placements are written: they are the header line's last field. */
static char *
write_placements (const LincePictureHeader *header)
{
  g_autoptr (GString) line = g_string_new (NULL);
  lince_link_write_picture (header, line);
  const char *start = strstr (line->str, "\"placements\":");
  const char *end = strrchr (line->str, ']');
  if (!start || !end)
    return g_strdup ("[]");
  start += strlen ("\"placements\":");
  g_autofree char *json = g_strndup (start, (gsize) (end - start) + 1);
  return escape_json (json);
}

static void
take_picture (LincedPictures *self, Sender *sender, const guint8 *jpeg)
{
  const LincePictureHeader *header = &sender->header;
  if (!self->check (header->stream, sender->pid, self->data))
    return;
  Shown *shown = find_shown (self, header->stream);
  g_clear_pointer (&shown->jpeg, g_bytes_unref);
  g_clear_pointer (&shown->utc, g_free);
  g_free (shown->placements);
  shown->jpeg = g_bytes_new (jpeg, header->bytes);
  shown->running_time = header->running_time;
  shown->taken = g_get_monotonic_time ();
  shown->width = header->width;
  shown->height = header->height;
  shown->placements = write_placements (header);
  if (header->utc != LINCE_TIME_NONE) {
    shown->utc = g_malloc (LINCE_JSON_UTC_LENGTH + 1);
    lince_json_format_utc (header->utc, shown->utc);
  }
  for (guint i = shown->waiters->len; i > 0; i--) {
    Waiter *waiter = g_ptr_array_index (shown->waiters, i - 1);
    /* a new run's running time begins again: whoever waits gets it */
    release (waiter, TRUE);
  }
}

/* Takes one header or one picture; FALSE: more bytes are needed, or the sender broke the protocol
 * (`error`). */
static gboolean
take_next (LincedPictures *self, Sender *sender, GError **error)
{
  const char *bytes = (const char *) sender->in->data;
  if (sender->has_header) {
    if (sender->in->len < sender->header.bytes)
      return FALSE;
    take_picture (self, sender, sender->in->data);
    g_byte_array_remove_range (sender->in, 0, sender->header.bytes);
    sender->has_header = FALSE;
    return TRUE;
  }
  const char *newline = sender->in->len > 0 ? memchr (bytes, '\n', sender->in->len) : NULL;
  if (!newline) {
    if (sender->in->len > MAX_HEADER)
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "a header without end");
    return FALSE;
  }
  gsize length = (gsize) (newline - bytes);
  if (!lince_link_read_picture (bytes, length, &sender->header, sender->placements, error))
    return FALSE;
  sender->has_header = TRUE;
  g_byte_array_remove_range (sender->in, 0, (guint) length + 1);
  return TRUE;
}

static gboolean
end_sender (Sender *sender)
{
  sender->source = 0;
  g_ptr_array_remove_fast (sender->pictures->senders, sender);
  return G_SOURCE_REMOVE;
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  Sender *sender = data;
  g_autoptr (GError) error = NULL;
  guint have = sender->in->len;
  g_byte_array_set_size (sender->in, have + READ_SIZE);
  ssize_t count = recv (fd, sender->in->data + have, READ_SIZE, MSG_DONTWAIT);
  g_byte_array_set_size (sender->in, have + (guint) MAX (count, 0));
  if (count < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (count <= 0)
    return end_sender (sender);
  while (take_next (sender->pictures, sender, &error))
    ;
  if (!error)
    return G_SOURCE_CONTINUE;
  g_warning ("pictures: process %d broke the protocol: %s", sender->pid, error->message);
  return end_sender (sender);
}

static void
on_accepted (int fd, int pid, gpointer data)
{
  LincedPictures *self = data;
  if (self->senders->len >= MAX_SENDERS) {
    close (fd);
    return;
  }
  Sender *sender = g_new0 (Sender, 1);
  sender->pictures = self;
  sender->fd = fd;
  sender->pid = pid;
  sender->in = g_byte_array_new ();
  sender->source = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP, on_readable, sender);
  g_ptr_array_add (self->senders, sender);
}

LincedPictures *
linced_pictures_new (const char *run_dir, LincedPictureCheck check, gpointer data, GError **error)
{
  LincedPictures *self = g_new0 (LincedPictures, 1);
  self->check = check;
  self->data = data;
  self->senders = g_ptr_array_new_with_free_func (sender_free);
  self->shown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, shown_free);
  self->socket = linced_local_socket_new (run_dir, LINCE_PICTURES_SOCKET, on_accepted, self, error);
  if (!self->socket)
    g_clear_pointer (&self, linced_pictures_free);
  return self;
}

void
linced_pictures_stop (LincedPictures *self)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, self->shown);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Shown *shown = value;
    while (shown->waiters->len > 0)
      release (g_ptr_array_index (shown->waiters, 0), FALSE);
  }
}

void
linced_pictures_free (LincedPictures *self)
{
  if (!self)
    return;
  linced_pictures_stop (self);
  linced_local_socket_free (self->socket);
  g_ptr_array_unref (self->senders);
  g_hash_table_unref (self->shown);
  g_free (self);
}
