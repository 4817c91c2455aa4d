/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/link.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE (64 * 1024)

struct _LincedLink {
  int fd, pid;
  LincedLinkEvents events;
  gpointer data;
  gpointer stream;
  GByteArray *in; /* bytes not yet taken; at most a line and a read */
  GString *out;
  LinceLinkMessage *message;
  guint read_source, write_source, close_source, resume_source;
  gboolean paused, ended, shut;
};

static gboolean on_readable (int fd, GIOCondition condition, gpointer data);

static gboolean
on_close (gpointer data)
{
  LincedLink *self = data;
  self->close_source = 0;
  self->events.closed (self, self->data);
  return G_SOURCE_REMOVE;
}

/* No more of this connection; the owner hears of it from the main loop. */
static void
end (LincedLink *self)
{
  if (self->close_source || self->shut)
    return;
  g_clear_handle_id (&self->read_source, g_source_remove);
  g_clear_handle_id (&self->write_source, g_source_remove);
  self->ended = self->shut = TRUE;
  self->close_source = g_idle_add_full (G_PRIORITY_DEFAULT, on_close, self, NULL);
}

/* One line; FALSE: it was not taken. A bad line ends the connection. */
static gboolean
take_line (LincedLink *self, const char *line, gsize length)
{
  g_autoptr (GError) error = NULL;
  if (length == 0)
    return TRUE;
  if (!lince_link_read (line, length, self->message, &error)) {
    g_warning ("link: process %d broke the protocol: %s", self->pid, error->message);
    end (self);
    return TRUE;
  }
  return self->message->type == LINCE_LINK_UNKNOWN ||
         self->events.received (self, self->message, self->data);
}

/* All whole lines that lie there. */
static void
take_lines (LincedLink *self)
{
  gsize start = 0;
  while (!self->shut && !self->paused) {
    const char *from = (const char *) self->in->data + start;
    const char *newline = memchr (from, '\n', self->in->len - start);
    if (!newline)
      break;
    if (!take_line (self, from, (gsize) (newline - from)))
      self->paused = TRUE;
    else
      start = (gsize) (newline - (const char *) self->in->data) + 1;
  }
  if (start > 0)
    g_byte_array_remove_range (self->in, 0, (guint) start);
  if (!self->paused && !self->shut && self->in->len > LINCE_EVENT_MAX_LINE) {
    g_warning ("link: process %d sent a line without end", self->pid);
    end (self);
  }
  if (self->ended && !self->paused)
    end (self);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  LincedLink *self = data;
  guint have = self->in->len;
  g_byte_array_set_size (self->in, have + READ_SIZE);
  ssize_t count = recv (fd, self->in->data + have, READ_SIZE, MSG_DONTWAIT);
  g_byte_array_set_size (self->in, have + (guint) MAX (count, 0));
  if (count < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (count <= 0) {
    self->read_source = 0;
    self->ended = TRUE;
    take_lines (self);
    return G_SOURCE_REMOVE;
  }
  take_lines (self);
  if (self->paused && !self->shut) {
    self->read_source = 0;
    return G_SOURCE_REMOVE;
  }
  return self->shut ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static gboolean
on_resume (gpointer data)
{
  LincedLink *self = data;
  self->resume_source = 0;
  self->paused = FALSE;
  take_lines (self);
  if (!self->paused && !self->shut && !self->ended && self->read_source == 0)
    self->read_source = g_unix_fd_add (self->fd, G_IO_IN | G_IO_HUP, on_readable, self);
  return G_SOURCE_REMOVE;
}

void
linced_link_resume (LincedLink *self)
{
  if (self->paused && !self->shut && self->resume_source == 0)
    self->resume_source = g_idle_add_full (G_PRIORITY_DEFAULT, on_resume, self, NULL);
}

/* Writes what the socket takes; FALSE: the connection is over. */
static gboolean
write_out (LincedLink *self)
{
  while (self->out->len > 0) {
    ssize_t sent = send (self->fd, self->out->str, self->out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0)
      return errno == EAGAIN;
    g_string_erase (self->out, 0, sent);
  }
  return TRUE;
}

static gboolean
on_writable (int fd, GIOCondition condition, gpointer data)
{
  LincedLink *self = data;
  if (write_out (self) && self->out->len > 0)
    return G_SOURCE_CONTINUE;
  /* a peer that is gone is found by the reading side, after what it had said before */
  self->write_source = 0;
  return G_SOURCE_REMOVE;
}

void
linced_link_send (LincedLink *self, const char *lines, gsize length)
{
  if (self->shut || self->ended)
    return;
  g_string_append_len (self->out, lines, length);
  if (self->write_source)
    ;
  else if (!write_out (self))
    g_string_truncate (self->out, 0);
  else if (self->out->len > 0)
    self->write_source = g_unix_fd_add (self->fd, G_IO_OUT, on_writable, self);
  if (self->out->len > LINCED_LINK_MAX_UNSENT) {
    g_warning ("link: process %d does not read", self->pid);
    end (self);
  }
}

void
linced_link_end (LincedLink *self)
{
  if (self->shut)
    return;
  write_out (self);
  end (self);
}

LincedLink *
linced_link_new (int fd, int pid, const LincedLinkEvents *events, gpointer data)
{
  LincedLink *self = g_new0 (LincedLink, 1);
  self->fd = fd;
  self->pid = pid;
  self->events = *events;
  self->data = data;
  self->in = g_byte_array_new ();
  self->out = g_string_new (NULL);
  self->message = lince_link_message_new ();
  self->read_source = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP, on_readable, self);
  return self;
}

void
linced_link_free (LincedLink *self)
{
  if (!self)
    return;
  g_clear_handle_id (&self->read_source, g_source_remove);
  g_clear_handle_id (&self->write_source, g_source_remove);
  g_clear_handle_id (&self->close_source, g_source_remove);
  g_clear_handle_id (&self->resume_source, g_source_remove);
  g_byte_array_unref (self->in);
  g_string_free (self->out, TRUE);
  lince_link_message_free (self->message);
  close (self->fd);
  g_free (self);
}

gboolean
linced_link_is_paused (const LincedLink *self)
{
  return self->paused;
}

int
linced_link_pid (const LincedLink *self)
{
  return self->pid;
}

void
linced_link_set_stream (LincedLink *self, gpointer stream)
{
  self->stream = stream;
}

gpointer
linced_link_get_stream (const LincedLink *self)
{
  return self->stream;
}
