/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/poller.h"

#include <errno.h>
#include <gio/gio.h>
#include <unistd.h>

#define BATCH 64

typedef struct {
  int fd;
  LincedPollerFunc callback;
  gpointer data;
} Watch;

typedef struct {
  GSource source;
  LincedPoller *poller;
} PollerSource;

struct _LincedPoller {
  int fd;
  guint next_id;
  GHashTable *watches; /* id to Watch: an event of a watch removed meanwhile finds nothing */
  GSource *source;
  gpointer tag;
};

static gboolean
source_ready (GSource *source)
{
  LincedPoller *self = ((PollerSource *) source)->poller;
  return g_source_query_unix_fd (source, self->tag) != 0;
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  LincedPoller *self = ((PollerSource *) source)->poller;
  struct epoll_event events[BATCH];
  /* one batch a turn: what is left is found ready again, and other sources get their turn */
  int count = epoll_wait (self->fd, events, BATCH, 0);
  for (int i = 0; i < count; i++) {
    Watch *watch = g_hash_table_lookup (self->watches, GUINT_TO_POINTER (events[i].data.u32));
    if (watch)
      watch->callback (events[i].events, watch->data);
  }
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_functions = {
    .check = source_ready,
    .dispatch = source_dispatch,
};

LincedPoller *
linced_poller_new (GError **error)
{
  int fd = epoll_create1 (EPOLL_CLOEXEC);
  if (fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "epoll: %s", g_strerror (errno));
    return NULL;
  }
  LincedPoller *self = g_new0 (LincedPoller, 1);
  self->fd = fd;
  self->watches = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->source = g_source_new (&source_functions, sizeof (PollerSource));
  ((PollerSource *) self->source)->poller = self;
  g_source_set_static_name (self->source, "linced clients");
  self->tag = g_source_add_unix_fd (self->source, fd, G_IO_IN);
  g_source_attach (self->source, NULL);
  return self;
}

void
linced_poller_free (LincedPoller *self)
{
  if (!self)
    return;
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_hash_table_unref (self->watches);
  close (self->fd);
  g_free (self);
}

guint
linced_poller_add (
    LincedPoller *self, int fd, guint32 events, LincedPollerFunc callback, gpointer data)
{
  do
    self->next_id++;
  while (self->next_id == 0 ||
         g_hash_table_contains (self->watches, GUINT_TO_POINTER (self->next_id)));
  struct epoll_event event = {.events = events, .data.u32 = self->next_id};
  if (epoll_ctl (self->fd, EPOLL_CTL_ADD, fd, &event) < 0)
    return 0;
  Watch *watch = g_new (Watch, 1);
  *watch = (Watch){fd, callback, data};
  g_hash_table_insert (self->watches, GUINT_TO_POINTER (self->next_id), watch);
  return self->next_id;
}

void
linced_poller_modify (LincedPoller *self, guint id, guint32 events)
{
  Watch *watch = g_hash_table_lookup (self->watches, GUINT_TO_POINTER (id));
  struct epoll_event event = {.events = events, .data.u32 = id};
  if (watch)
    epoll_ctl (self->fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void
linced_poller_remove (LincedPoller *self, guint id)
{
  Watch *watch = g_hash_table_lookup (self->watches, GUINT_TO_POINTER (id));
  if (!watch)
    return;
  epoll_ctl (self->fd, EPOLL_CTL_DEL, watch->fd, NULL);
  g_hash_table_remove (self->watches, GUINT_TO_POINTER (id));
}
