/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/server.h"

#include <string.h>
#include <sys/socket.h>

#include "daemon/guard.h"
#include "daemon/reply.h"

#define API_PREFIX "/api/"
#define BACKLOG 4096
/* The kernel would else keep up to 4 MB for each client that does not read. */
#define SEND_BUFFER (64 * 1024)

struct _LincedServer {
  SoupServer *soup;
  LincedGuard *guard;
  LincedAccess *access;
  LincedHub *hub;
  const LincedRoute *routes;
  gpointer data;
  LincedHandler fallback;
  char *uri;
};

/* A handshake that was answered, until the answer is out. */
typedef struct {
  LincedServer *server;
  LincedView *view;
  LincedResume resume;
} Upgrade;

/* ---- routes ---- */

/* Whether the path is the route's; `names` then holds what stood for its {names}. */
static gboolean
match_path (const char *route, const char *path, char ***names)
{
  g_auto (GStrv) wanted = g_strsplit (route, "/", 16);
  g_auto (GStrv) given = g_strsplit (path, "/", 16);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  if (g_strv_length (wanted) != g_strv_length (given))
    return FALSE;
  for (guint i = 0; wanted[i]; i++) {
    if (*wanted[i] != '{') {
      if (strcmp (wanted[i], given[i]) != 0)
        return FALSE;
      continue;
    }
    g_autofree char *name = g_uri_unescape_string (given[i], "/");
    if (!name || !g_utf8_validate (name, -1, NULL))
      return FALSE;
    g_strv_builder_add (builder, name);
  }
  *names = g_strv_builder_end (builder);
  return TRUE;
}

static gboolean
method_matches (const LincedRoute *route, const char *method)
{
  return strcmp (route->method, method) == 0 ||
         (strcmp (method, "HEAD") == 0 && strcmp (route->method, "GET") == 0);
}

/* The route of the request; NULL with `allowed` set where only the method is wrong. */
static const LincedRoute *
find_route (
    LincedServer *self, const char *method, const char *path, char ***names, GString *allowed)
{
  for (const LincedRoute *route = self->routes; route->method; route++) {
    g_auto (GStrv) found = NULL;
    if (!match_path (route->path, path, &found))
      continue;
    if (method_matches (route, method)) {
      *names = g_steal_pointer (&found);
      return route;
    }
    g_string_append_printf (allowed, "%s%s%s", allowed->len ? ", " : "", route->method,
        strcmp (route->method, "GET") == 0 ? ", HEAD" : "");
  }
  return NULL;
}

static void
refuse_method (SoupServerMessage *message, const char *allowed)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  soup_message_headers_replace (headers, "Allow", allowed);
  linced_reply_error (message, SOUP_STATUS_METHOD_NOT_ALLOWED, "method-not-allowed",
      "This address takes %s.", allowed);
}

static void
refuse_unauthorized (SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  soup_message_headers_replace (headers, "WWW-Authenticate", "Bearer realm=\"lince\"");
  linced_reply_error (message, SOUP_STATUS_UNAUTHORIZED, "unauthorized",
      "This needs the token from the file 'token' in the daemon's state folder, sent as "
      "'Authorization: Bearer TOKEN'.");
}

static gboolean
is_api (const char *path)
{
  return g_str_has_prefix (path, API_PREFIX);
}

/* ---- requests ---- */

static gboolean
refuse_page (LincedServer *self, SoupServerMessage *message, const char *path)
{
  switch (linced_access_check_page (self->access, message, is_api (path))) {
    case LINCED_ACCESS_OK:
      return FALSE;
    case LINCED_ACCESS_BAD_HOST:
      linced_reply_error (message, 421, "bad-host",
          "The Host of this request is not one of this daemon's names; add it to allowed-hosts.");
      break;
    case LINCED_ACCESS_FOREIGN_ORIGIN:
      linced_reply_error (message, SOUP_STATUS_FORBIDDEN, "foreign-origin",
          "A page of another origin may not ask this; add its origin to allowed-origins.");
      break;
  }
  return TRUE;
}

static void
set_cors_headers (LincedServer *self, SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  const char *origin = linced_access_allowed_origin (self->access, message);
  soup_message_headers_append (headers, "Vary", "Origin");
  if (!origin)
    return;
  soup_message_headers_replace (headers, "Access-Control-Allow-Origin", origin);
  soup_message_headers_replace (headers, "Access-Control-Allow-Methods", "GET, HEAD, POST");
  soup_message_headers_replace (
      headers, "Access-Control-Allow-Headers", "Authorization, Content-Type");
  soup_message_headers_replace (headers, "Access-Control-Expose-Headers",
      "X-Lince-Stream, X-Lince-Running-Time, X-Lince-Utc, X-Lince-Width, X-Lince-Height, "
      "X-Lince-Placements");
}

/* Before the body is read: limits, Host and Origin. What is refused here is not read further. */
static void
on_early (SoupServer *soup, SoupServerMessage *message, const char *decoded, GHashTable *query,
    gpointer data)
{
  LincedServer *self = data;
  const char *path = g_uri_get_path (soup_server_message_get_uri (message));
  if (!linced_guard_check (self->guard, message))
    return;
  if (refuse_page (self, message, path))
    linced_guard_refuse (message);
}

static void
dispatch_api (
    LincedServer *self, SoupServerMessage *message, LincedRequest *request, const char *path)
{
  const char *method = soup_server_message_get_method (message);
  g_autoptr (GString) allowed = g_string_new (NULL);
  g_auto (GStrv) names = NULL;
  const LincedRoute *route = find_route (self, method, path, &names, allowed);
  set_cors_headers (self, message);
  if (!route && allowed->len > 0 && strcmp (method, "OPTIONS") == 0) {
    soup_message_headers_replace (
        soup_server_message_get_response_headers (message), "Allow", allowed->str);
    soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
  } else if (!route && allowed->len > 0) {
    refuse_method (message, allowed->str);
  } else if (!route) {
    linced_reply_error (message, SOUP_STATUS_NOT_FOUND, "not-found",
        "There is nothing at this address; see /api/v1.");
  } else {
    request->authorized = linced_access_is_authorized (self->access, message);
    gboolean needs =
        route->access == LINCED_ROUTE_CHANGES ||
        (route->access == LINCED_ROUTE_READS && linced_access_guards_reading (self->access));
    request->names = names;
    if (needs && !request->authorized)
      refuse_unauthorized (message);
    else
      route->handler (request, self->data);
  }
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *decoded, GHashTable *query,
    gpointer data)
{
  LincedServer *self = data;
  GUri *uri = soup_server_message_get_uri (message);
  const char *path = g_uri_get_path (uri);
  const char *method = soup_server_message_get_method (message);
  static char *no_names[] = {NULL};
  LincedRequest request = {message, no_names, g_uri_get_query (uri), FALSE};
  if (!request.query)
    request.query = "";
  if (is_api (path))
    dispatch_api (self, message, &request, path);
  else if (strcmp (method, "GET") != 0 && strcmp (method, "HEAD") != 0)
    refuse_method (message, "GET, HEAD");
  else
    self->fallback (&request, self->data);
}

/* ---- WebSockets ---- */

static void
upgrade_free (gpointer data, GClosure *closure)
{
  Upgrade *upgrade = data;
  linced_view_unref (upgrade->view);
  g_free (upgrade->resume.log);
  g_free (upgrade);
}

/* The 101 is out: the connection leaves libsoup. */
static void
on_upgraded (SoupServerMessage *message, gpointer data)
{
  Upgrade *upgrade = data;
  LincedServer *self = upgrade->server;
  GSocket *socket = soup_server_message_get_socket (message);
  int fd = socket ? g_socket_get_fd (socket) : -1;
  linced_guard_forget (self->guard, message);
  g_autoptr (GIOStream) stream = soup_server_message_steal_connection (message);
  if (stream && fd >= 0)
    linced_hub_add_client (self->hub, stream, fd, upgrade->view, &upgrade->resume);
}

void
linced_server_upgrade (
    LincedServer *self, const LincedRequest *request, LincedView *view, const LincedResume *resume)
{
  /* a page that shows its token as a subprotocol must see one of its own agreed on */
  static char *protocols[] = {"lince", NULL};
  SoupServerMessage *message = request->message;
  g_autoptr (GError) error = NULL;
  /* the Origin has been judged; no extension: deflate costs four times the time, 100 kB a client */
  if (!soup_websocket_server_check_handshake (message, NULL, protocols, NULL, &error) ||
      !soup_websocket_server_process_handshake (message, NULL, protocols, NULL, NULL)) {
    linced_reply_error (message, SOUP_STATUS_BAD_REQUEST, "bad-handshake",
        "Not a WebSocket's handshake: %s", error ? error->message : "refused");
    return;
  }
  Upgrade *upgrade = g_new0 (Upgrade, 1);
  upgrade->server = self;
  upgrade->view = linced_view_ref (view);
  upgrade->resume.log = g_strdup (resume->log);
  upgrade->resume.after = resume->after;
  g_signal_connect_data (
      message, "wrote-informational", G_CALLBACK (on_upgraded), upgrade, upgrade_free, 0);
}

/* ---- listening ---- */

static GSocket *
open_socket (const char *listen, guint port, GError **error)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (listen);
  g_autoptr (GSocketAddress) where = g_inet_socket_address_new (address, (guint16) port);
  g_autoptr (GSocket) socket = g_socket_new (
      g_inet_address_get_family (address), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  if (!socket)
    return NULL;
  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER, NULL);
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_bind (socket, where, TRUE, error) || !g_socket_listen (socket, error)) {
    g_prefix_error (error, "cannot listen on %s port %u: ", listen, port);
    return NULL;
  }
  return g_steal_pointer (&socket);
}

static char *
socket_uri (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (socket, NULL);
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  g_autofree char *host = g_inet_address_to_string (g_inet_socket_address_get_address (inet));
  gboolean six = strchr (host, ':') != NULL;
  return g_strdup_printf ("http://%s%s%s:%u/", six ? "[" : "", host, six ? "]" : "",
      g_inet_socket_address_get_port (inet));
}

static guint
count_websockets (gpointer data)
{
  return linced_hub_client_count (((LincedServer *) data)->hub);
}

LincedServer *
linced_server_new (
    const LincedServerSettings *settings, LincedAccess *access, LincedHub *hub, GError **error)
{
  g_autoptr (GSocket) socket = open_socket (settings->listen, settings->port, error);
  if (!socket)
    return NULL;
  LincedServer *self = g_new0 (LincedServer, 1);
  self->access = access;
  self->hub = hub;
  self->routes = settings->routes;
  self->data = settings->data;
  self->fallback = settings->fallback;
  self->uri = socket_uri (socket);
  self->soup = soup_server_new ("server-header", "lince", NULL);
  soup_server_remove_websocket_extension (self->soup, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  self->guard = linced_guard_new (self->soup, settings->max_connections, count_websockets, self);
  soup_server_add_early_handler (self->soup, NULL, on_early, self, NULL);
  soup_server_add_handler (self->soup, NULL, on_request, self, NULL);
  if (!soup_server_listen_socket (self->soup, socket, 0, error)) {
    linced_server_free (self);
    return NULL;
  }
  return self;
}

const char *
linced_server_uri (const LincedServer *self)
{
  return self->uri;
}

guint
linced_server_connections (const LincedServer *self)
{
  return linced_guard_count (self->guard);
}

guint64
linced_server_refused (const LincedServer *self)
{
  return linced_guard_refused (self->guard);
}

void
linced_server_stop (LincedServer *self)
{
  soup_server_disconnect (self->soup);
}

void
linced_server_free (LincedServer *self)
{
  if (!self)
    return;
  linced_guard_free (self->guard);
  soup_server_disconnect (self->soup);
  g_object_unref (self->soup);
  g_free (self->uri);
  g_free (self);
}
