/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The HTTP server: the listening socket, the limits, access, and the way from a request to its
 * route. TLS and HTTP/2 are not offered: a proxy in front does that better. */
#pragma once

#include <libsoup/soup.h>

#include "daemon/access.h"
#include "daemon/hub.h"

G_BEGIN_DECLS

typedef struct _LincedServer LincedServer;

/* Pieces of the path that stood for {names} in the route's, percent-decoded, in their order. */
typedef struct {
  SoupServerMessage *message;
  char **names;      /* NULL-terminated */
  const char *query; /* "" where there is none */
  gboolean authorized;
} LincedRequest;

typedef void (*LincedHandler) (const LincedRequest *request, gpointer data);

typedef enum {
  LINCED_ROUTE_READS,   /* needs the token where reading is guarded */
  LINCED_ROUTE_CHANGES, /* always needs it */
  LINCED_ROUTE_OPEN,    /* never */
} LincedRouteAccess;

typedef struct {
  const char *method; /* GET serves HEAD too */
  const char *path;   /* "/api/v1/streams/{stream}" */
  LincedRouteAccess access;
  LincedHandler handler;
} LincedRoute;

typedef struct {
  const char *listen; /* a numeric address */
  guint port;         /* 0: any */
  guint max_connections;
  const LincedRoute *routes; /* ended by one without a method */
  gpointer data;             /* for the routes' handlers */
  LincedHandler fallback;    /* what no route under /api/ matches: static files; names is empty */
} LincedServerSettings;

/* Listens at once. Borrows `access` and `hub`. */
LincedServer *linced_server_new (
    const LincedServerSettings *settings, LincedAccess *access, LincedHub *hub, GError **error);
void linced_server_free (LincedServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedServer, linced_server_free)

/* Where it listens, "http://127.0.0.1:8770/". Borrowed. */
const char *linced_server_uri (const LincedServer *self);

/* HTTP connections now, and those that were refused or cut off since the start. */
guint linced_server_connections (const LincedServer *self);
guint64 linced_server_refused (const LincedServer *self);

/* Takes no further connection and ends those that are not WebSockets. */
void linced_server_stop (LincedServer *self);

/* Answers a WebSocket's handshake and hands the connection to the hub. */
void linced_server_upgrade (
    LincedServer *self, const LincedRequest *request, LincedView *view, const LincedResume *resume);

G_END_DECLS
