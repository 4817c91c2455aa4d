/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A Unix socket in the run directory to which only processes of the daemon's own user connect. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _LincedLocalSocket LincedLocalSocket;

/* A connection whose peer is of the same user (or root). `fd` is non-blocking and the callee's to
 * close; `pid` is the peer's. */
typedef void (*LincedLocalSocketFunc) (int fd, int pid, gpointer data);

/* Makes `run_dir` (mode 0700) unless it is there, and takes its lock. NULL with `error` where it
 * belongs to others or another daemon runs in it. The lock is the returned descriptor. */
int linced_run_dir_open (const char *run_dir, GError **error);

/* Listens at RUN_DIR/NAME, in place of what lies there. Only after linced_run_dir_open. */
LincedLocalSocket *linced_local_socket_new (const char *run_dir, const char *name,
    LincedLocalSocketFunc accepted, gpointer data, GError **error);
void linced_local_socket_free (LincedLocalSocket *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedLocalSocket, linced_local_socket_free)

G_END_DECLS
