/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The HTTP API under /api/v1, as api.json describes it: what each route does. */
#pragma once

#include "daemon/access.h"
#include "daemon/hub.h"
#include "daemon/pictures.h"
#include "daemon/server.h"
#include "daemon/supervisor.h"
#include "store/record.h"

G_BEGIN_DECLS

/* What the handlers work on; all borrowed. */
typedef struct {
  LincedAccess *access;
  LincedHub *hub;
  LincedSupervisor *supervisor;
  LincedPictures *pictures;
  LinceRecord *record;
  LincedServer *server;
  gint64 started; /* µs since 1970 */
} LincedApi;

/* Ended by a route without a method. The handlers' data is a LincedApi. */
const LincedRoute *linced_api_routes (void);

/* The text of an object's metadata as its stream told it, or NULL. A LincedMetadataFunc whose data
 * is the supervisor. */
const char *linced_api_metadata (const char *stream, const char *object, gpointer supervisor);

/* Handlers that have files of their own. */
void linced_api_get_events (const LincedRequest *request, gpointer data);
void linced_api_get_exposures (const LincedRequest *request, gpointer data);
void linced_api_get_statistics (const LincedRequest *request, gpointer data);

G_END_DECLS
