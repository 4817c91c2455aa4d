/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The daemon as a whole: makes its parts, ties them together, and ends them in order.
 *
 * The end: no further connection; the streams end in order (unless keep-streams) and their last
 * events are logged and sent; the WebSockets are closed with 1001; the record is closed. At the
 * latest 10 s after it was asked for. */
#pragma once

#include "daemon/config.h"

G_BEGIN_DECLS

typedef struct _LincedDaemon LincedDaemon;

/* Takes over `config`. Listens, and has begun to start the streams, when it returns. NULL with
 * `error`. */
LincedDaemon *linced_daemon_new (
    LincedConfig *config, const char *state_dir, const char *run_dir, GError **error);
void linced_daemon_free (LincedDaemon *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedDaemon, linced_daemon_free)

/* Where the console is. Borrowed. */
const char *linced_daemon_uri (const LincedDaemon *self);

/* Begins the end; `ended` is called from the main loop when it is reached. */
void linced_daemon_stop (LincedDaemon *self, void (*ended) (gpointer data), gpointer data);

G_END_DECLS
