/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The stream's end of the link to linced (wire/link.h): connects and reconnects by itself, sends
 * again what was not acknowledged, never blocks. Main thread only. */
#pragma once

#include "stream/outbox.h"
#include "wire/link.h"

G_BEGIN_DECLS

typedef struct _LinceLinkClient LinceLinkClient;

typedef struct {
  /* a daemon has greeted; what is added to the outbox now comes behind what it keeps */
  void (*connected) (gpointer user_data);
  void (*configure) (const LinceLinkConfigure *configure, gpointer user_data);
  void (*look) (const LinceLinkLook *look, gpointer user_data);
  void (*stop) (gpointer user_data);
  /* the daemon does not want this stream or this version; it will not be tried again */
  void (*refused) (const char *sentence, gpointer user_data);
  /* no daemon for the time given to new() */
  void (*orphaned) (gpointer user_data);
} LinceLinkClientCallbacks;

/* Connects to `path`. `outbox` is borrowed. `orphan_seconds`: how long to do without a daemon. */
LinceLinkClient *lince_link_client_new (const char *path, const char *stream, const char *run,
    LinceOutbox *outbox, guint orphan_seconds, const LinceLinkClientCallbacks *callbacks,
    gpointer user_data);
void lince_link_client_free (LinceLinkClient *client);

/* Sends what the outbox holds, as far as the socket takes it. */
void lince_link_client_pump (LinceLinkClient *client);
/* A passing message: goes out now, or replaces the one that still waits. */
void lince_link_client_send_moved (LinceLinkClient *client, const LinceEvent *event);
void lince_link_client_send_beat (LinceLinkClient *client, const LinceLinkBeat *beat);
/* Lines that each daemon is told after the greeting, until others replace them. Takes a reference.
 */
void lince_link_client_set_lines (LinceLinkClient *client, GPtrArray *lines);
/* Never orphaned from now on: something outside depends on this stream. */
void lince_link_client_stay (LinceLinkClient *client);

guint64 lince_link_client_dropped (LinceLinkClient *client); /* moved messages */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceLinkClient, lince_link_client_free)
G_END_DECLS
