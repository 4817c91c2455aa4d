/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Many sockets behind one source of the main loop (epoll(7)), so that a turn of the loop costs by
 * the sockets that are ready, not by those that are open. One thread. */
#pragma once

#include <glib.h>
#include <sys/epoll.h>

G_BEGIN_DECLS

typedef struct _LincedPoller LincedPoller;

/* `events`: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR. May add and remove any watch, its own too. */
typedef void (*LincedPollerFunc) (guint32 events, gpointer data);

/* Attached to the default main context. NULL with `error` where the kernel gives none. */
LincedPoller *linced_poller_new (GError **error);
void linced_poller_free (LincedPoller *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedPoller, linced_poller_free)

/* Watches `fd`, which stays the caller's and must stay open until removed. Returns the watch's id,
 * or 0 where the kernel refuses it. */
guint linced_poller_add (
    LincedPoller *self, int fd, guint32 events, LincedPollerFunc callback, gpointer data);
void linced_poller_modify (LincedPoller *self, guint id, guint32 events);
void linced_poller_remove (LincedPoller *self, guint id);

G_END_DECLS
