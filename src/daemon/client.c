/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/websocket.h"
#include "wire/client.h"

typedef struct {
  GBytes *frame;
  guint64 sequence; /* of a lasting event, else 0 */
  char *moved;      /* the stream of a `moved`, else NULL */
} Item;

/* What was dropped since the last `missed` notice. */
typedef struct {
  guint64 first, last, count, moved;
} Missed;

struct _LincedClient {
  GIOStream *stream;
  int fd;
  LincedPoller *poller;
  guint watch;
  gboolean wants_write;
  LincedClientEvents events;
  gpointer data;

  GBytes *head; /* the frame under way, from `offset` */
  gsize offset;
  GQueue items; /* of Item, behind it */
  gsize bytes;  /* of those */
  Missed missed;
  guint64 dropped;

  LincedWebsocketReader *reader;
  gint64 last_seen, last_progress, last_ping; /* monotonic, µs */
  gint64 closing;                             /* since when; 0: not */
  gboolean peer_closed, gone;
  guint gone_source;
};

static void
item_free (Item *item)
{
  g_bytes_unref (item->frame);
  g_free (item->moved);
  g_free (item);
}

static gboolean
on_gone (gpointer data)
{
  LincedClient *self = data;
  self->gone_source = 0;
  self->events.gone (self, self->data);
  return G_SOURCE_REMOVE;
}

/* The connection is over; the owner hears of it from the main loop. */
static void
set_gone (LincedClient *self)
{
  if (self->gone)
    return;
  self->gone = TRUE;
  linced_poller_remove (self->poller, self->watch);
  self->watch = 0;
  self->gone_source = g_idle_add_full (G_PRIORITY_DEFAULT, on_gone, self, NULL);
}

static void
set_wants_write (LincedClient *self, gboolean wants)
{
  if (self->gone || self->wants_write == wants)
    return;
  self->wants_write = wants;
  linced_poller_modify (self->poller, self->watch, wants ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Writes what the socket takes of the frame. FALSE: not all, or the connection is over. */
static gboolean
write_frame (LincedClient *self, GBytes *frame, gsize *offset)
{
  gsize size;
  const char *bytes = g_bytes_get_data (frame, &size);
  while (*offset < size) {
    ssize_t sent = send (self->fd, bytes + *offset, size - *offset, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      *offset += (gsize) sent;
      self->last_progress = g_get_monotonic_time ();
    } else if (sent < 0 && errno == EINTR) {
      continue;
    } else {
      if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        set_gone (self);
      return FALSE;
    }
  }
  return TRUE;
}

static GBytes *
missed_frame (LincedClient *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const Missed *missed = &self->missed;
  lince_client_write_missed (missed->first, missed->last, missed->count, missed->moved, text);
  self->missed = (Missed){0};
  return linced_websocket_frame (LINCED_WEBSOCKET_TEXT, text->str, text->len);
}

/* The next frame to write becomes `head`; FALSE where nothing waits. */
static gboolean
take_next (LincedClient *self)
{
  const Item *first = g_queue_peek_head (&self->items);
  gboolean undroppable = first && first->sequence == 0 && !first->moved;
  if (!undroppable && (self->missed.count > 0 || (self->missed.moved > 0 && !first))) {
    self->head = missed_frame (self);
    self->offset = 0;
    return TRUE;
  }
  Item *item = g_queue_pop_head (&self->items);
  if (!item)
    return FALSE;
  self->head = g_bytes_ref (item->frame);
  self->offset = 0;
  self->bytes -= g_bytes_get_size (item->frame);
  item_free (item);
  return TRUE;
}

static void
flush (LincedClient *self)
{
  while (!self->gone && (self->head || take_next (self))) {
    if (!write_frame (self, self->head, &self->offset)) {
      set_wants_write (self, TRUE);
      return;
    }
    g_clear_pointer (&self->head, g_bytes_unref);
  }
  set_wants_write (self, FALSE);
  if (!self->gone && self->closing && self->peer_closed)
    set_gone (self);
}

static gboolean
is_waiting (const LincedClient *self)
{
  return self->head || self->items.length > 0;
}

static void
drop (LincedClient *self, GList *link)
{
  Item *item = link->data;
  if (item->moved) {
    self->missed.moved++;
  } else {
    if (self->missed.count++ == 0)
      self->missed.first = item->sequence;
    self->missed.last = item->sequence;
  }
  self->dropped++;
  self->bytes -= g_bytes_get_size (item->frame);
  g_queue_delete_link (&self->items, link);
  item_free (item);
}

/* Drops from the oldest on until one more of `size` fits. Messages without a number stay. */
static void
make_room (LincedClient *self, gsize size)
{
  GList *link = self->items.head;
  while (link && (self->items.length >= LINCED_CLIENT_MAX_ITEMS ||
                     self->bytes + size > LINCED_CLIENT_MAX_BYTES)) {
    GList *next = link->next;
    Item *item = link->data;
    if (item->moved || item->sequence > 0)
      drop (self, link);
    link = next;
  }
}

static void
enqueue (LincedClient *self, GBytes *frame, guint64 sequence, const char *moved)
{
  if (sequence > 0 || moved)
    make_room (self, g_bytes_get_size (frame));
  Item *item = g_new (Item, 1);
  *item = (Item){g_bytes_ref (frame), sequence, g_strdup (moved)};
  g_queue_push_tail (&self->items, item);
  self->bytes += g_bytes_get_size (frame);
}

static void
send_or_enqueue (LincedClient *self, GBytes *frame, guint64 sequence, const char *moved)
{
  if (self->closing || self->gone)
    return;
  if (!is_waiting (self)) {
    /* waiting begins here: the time without progress counts from now */
    self->last_progress = g_get_monotonic_time ();
    gsize offset = 0;
    if (write_frame (self, frame, &offset) || self->gone)
      return;
    if (offset > 0) {
      self->head = g_bytes_ref (frame);
      self->offset = offset;
    } else {
      enqueue (self, frame, sequence, moved);
    }
    set_wants_write (self, TRUE);
    return;
  }
  enqueue (self, frame, sequence, moved);
}

void
linced_client_send (LincedClient *self, GBytes *frame, guint64 sequence)
{
  send_or_enqueue (self, frame, sequence, NULL);
}

void
linced_client_send_moved (LincedClient *self, GBytes *frame, const char *stream)
{
  for (GList *link = self->items.head; link; link = link->next) {
    Item *item = link->data;
    if (item->moved && strcmp (item->moved, stream) == 0) {
      drop (self, link);
      break;
    }
  }
  send_or_enqueue (self, frame, 0, stream);
}

void
linced_client_note_missed (LincedClient *self, guint64 first, guint64 last)
{
  if (self->missed.count == 0)
    self->missed.first = first;
  self->missed.last = last;
  self->missed.count += last - first + 1;
  if (!is_waiting (self) && !self->closing)
    flush (self);
}

gboolean
linced_client_has_room (const LincedClient *self)
{
  return !self->closing && !self->gone && self->items.length < LINCED_CLIENT_MAX_ITEMS / 2 &&
         self->bytes < LINCED_CLIENT_MAX_BYTES / 2;
}

void
linced_client_close (LincedClient *self, guint code, const char *reason)
{
  if (self->closing || self->gone)
    return;
  g_autoptr (GBytes) frame = linced_websocket_close_frame (code, reason);
  Item *item = g_new (Item, 1);
  *item = (Item){g_bytes_ref (frame), 0, NULL};
  g_queue_push_tail (&self->items, item);
  self->bytes += g_bytes_get_size (frame);
  self->closing = g_get_monotonic_time ();
  flush (self);
}

static void
on_message (LincedWebsocketOpcode opcode, const guint8 *payload, gsize length, gpointer data)
{
  LincedClient *self = data;
  if (opcode == LINCED_WEBSOCKET_CLOSE) {
    self->peer_closed = TRUE;
    linced_client_close (self, LINCED_CLOSE_NORMAL, "");
  } else if (opcode == LINCED_WEBSOCKET_PING && !is_waiting (self)) {
    /* one that does not read gets no pong: it would have to be kept */
    g_autoptr (GBytes) frame = linced_websocket_frame (LINCED_WEBSOCKET_PONG, payload, length);
    linced_client_send (self, frame, 0);
  }
  /* nothing else is expected; what a client says besides is read and let go */
}

static void
read_input (LincedClient *self)
{
  GPollableInputStream *input =
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->stream));
  guint8 buffer[4096];
  g_autoptr (GError) error = NULL;
  gssize count =
      g_pollable_input_stream_read_nonblocking (input, buffer, sizeof buffer, NULL, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return;
  if (count <= 0) {
    set_gone (self);
    return;
  }
  self->last_seen = g_get_monotonic_time ();
  if (self->peer_closed)
    return;
  guint code = linced_websocket_reader_feed (self->reader, buffer, (gsize) count, on_message, self);
  if (code != 0) {
    self->peer_closed = TRUE; /* nothing of it is read any more; end when the code is sent */
    linced_client_close (self, code, "");
    flush (self);
  }
}

static void
on_ready (guint32 events, gpointer data)
{
  LincedClient *self = data;
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
    read_input (self);
  if (self->gone)
    return;
  if (events & EPOLLOUT)
    flush (self);
  if (!self->gone && !self->closing && !is_waiting (self) && (events & EPOLLOUT))
    self->events.hungry (self, self->data);
}

static gboolean
is_overdue (gint64 now, gint64 since, gint seconds)
{
  return now - since > (gint64) seconds * G_USEC_PER_SEC;
}

void
linced_client_tick (LincedClient *self, gint64 now)
{
  if (self->gone)
    return;
  if (self->closing) {
    if (is_overdue (now, self->closing, LINCED_CLIENT_CLOSE_S))
      set_gone (self);
  } else if (is_waiting (self) && is_overdue (now, self->last_progress, LINCED_CLIENT_SLOW_S)) {
    linced_client_close (self, LINCED_CLOSE_SLOW, "took nothing for long");
  } else if (is_overdue (now, self->last_seen, LINCED_CLIENT_SILENT_S)) {
    linced_client_close (self, LINCED_CLOSE_SILENT, "sent nothing for long");
  } else if (is_overdue (now, MAX (self->last_ping, self->last_seen), LINCED_CLIENT_PING_S) &&
             !is_waiting (self)) {
    g_autoptr (GBytes) frame = linced_websocket_frame (LINCED_WEBSOCKET_PING, NULL, 0);
    self->last_ping = now;
    linced_client_send (self, frame, 0);
  }
}

guint64
linced_client_dropped (const LincedClient *self)
{
  return self->dropped;
}

LincedClient *
linced_client_new (GIOStream *stream, int fd, LincedPoller *poller,
    const LincedClientEvents *events, gpointer data)
{
  LincedClient *self = g_new0 (LincedClient, 1);
  self->stream = g_object_ref (stream);
  self->fd = fd;
  self->poller = poller;
  self->events = *events;
  self->data = data;
  self->reader = linced_websocket_reader_new ();
  g_queue_init (&self->items);
  self->last_seen = self->last_progress = self->last_ping = g_get_monotonic_time ();
  self->watch = linced_poller_add (poller, fd, EPOLLIN, on_ready, self);
  if (self->watch == 0)
    set_gone (self);
  else
    read_input (
        self); /* what came with the handshake lies in the stream's buffer, unseen by epoll */
  return self;
}

void
linced_client_free (LincedClient *self)
{
  if (!self)
    return;
  if (self->watch)
    linced_poller_remove (self->poller, self->watch);
  g_clear_handle_id (&self->gone_source, g_source_remove);
  g_clear_pointer (&self->head, g_bytes_unref);
  g_queue_clear_full (&self->items, (GDestroyNotify) item_free);
  linced_websocket_reader_free (self->reader);
  g_io_stream_close (self->stream, NULL, NULL);
  g_object_unref (self->stream);
  g_free (self);
}
