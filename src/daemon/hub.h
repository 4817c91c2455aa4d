/* SPDX-License-Identifier: LGPL-2.1-or-later
 * From the record to the clients: sends each published event to all WebSocket clients whose view it
 * passes, greets and replays, and keeps the clients' number and patience within bounds.
 *
 * What a client gets, in this order:
 *   1. a hello (wire/client.h)
 *   2. where it resumes: the lasting events after its number, from the log
 *   3. events as they happen; lasting ones with rising numbers, `moved` without any.
 * Between 2 and 3 no event is left out and none is sent twice. */
#pragma once

#include <gio/gio.h>

#include "daemon/view.h"
#include "store/record.h"
#include "wire/event.h"

G_BEGIN_DECLS

typedef struct _LincedHub LincedHub;

/* What the hub asks of the rest of the daemon for its hello. */
typedef struct {
  /* the newest event of type stream of each stream: of const LinceEvent *; free the array */
  GPtrArray *(*streams) (gpointer data);
  LincedMetadataFunc metadata;
  gpointer data;
} LincedHubSources;

/* `record` may be set later (it needs functions that need the hub), but before the first client. */
LincedHub *linced_hub_new (const LincedHubSources *sources, GError **error);
void linced_hub_set_record (LincedHub *self, LinceRecord *record);
void linced_hub_free (LincedHub *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedHub, linced_hub_free)

/* Sends an event, lasting or passing. `line` is its JSON text without newline. */
void linced_hub_publish (LincedHub *self, const LinceEvent *event, GBytes *line);

/* Where a client that was here before goes on. */
typedef struct {
  char *log;     /* the log's id that it knows; NULL: it does not resume */
  guint64 after; /* the last number that it has */
} LincedResume;

/* A connection after its handshake. Takes references. */
void linced_hub_add_client (
    LincedHub *self, GIOStream *stream, int fd, LincedView *view, const LincedResume *resume);

guint linced_hub_client_count (const LincedHub *self);
/* What slow clients were not sent, since the start. */
guint64 linced_hub_dropped (const LincedHub *self);

/* Closes all clients with that code; no more are taken. */
void linced_hub_close (LincedHub *self, guint code, const char *reason);

G_END_DECLS
