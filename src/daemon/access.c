/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_BYTES 32
#define SECRET_DIGITS (2 * SECRET_BYTES)
#define MAX_SECRETS 1024 /* tickets or sessions out at one time */
#define SUBPROTOCOL_PREFIX "bearer."

struct _LincedAccess {
  const LincedConfig *config;
  gboolean loopback;
  char token[SECRET_DIGITS + 1];
  GHashTable *tickets, *sessions; /* the secret to its end (gint64 *, monotonic µs) */
};

/* ---- the token ---- */

static gboolean
make_secret (char secret[SECRET_DIGITS + 1])
{
  guint8 bytes[SECRET_BYTES];
  if (getrandom (bytes, sizeof bytes, 0) != (ssize_t) sizeof bytes)
    return FALSE;
  for (gsize i = 0; i < sizeof bytes; i++)
    g_snprintf (secret + 2 * i, 3, "%02x", bytes[i]);
  return TRUE;
}

static gboolean
is_secret (const char *text)
{
  return strlen (text) == SECRET_DIGITS && strspn (text, "0123456789abcdef") == SECRET_DIGITS;
}

static gboolean
fail (GError **error, const char *path, const char *what)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s: %s", path, what,
      g_strerror (errno));
  return FALSE;
}

/* FALSE without `error`: there is none yet. */
static gboolean
read_token (LincedAccess *self, const char *path, GError **error)
{
  struct stat status;
  char text[SECRET_DIGITS + 2] = "";
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return errno == ENOENT ? FALSE : fail (error, path, "the token cannot be read");
  gboolean known = fstat (fd, &status) == 0;
  ssize_t length = read (fd, text, sizeof text - 1);
  close (fd);
  if (!known || length < 0)
    return fail (error, path, "the token cannot be read");
  if (!S_ISREG (status.st_mode) || status.st_uid != geteuid () || (status.st_mode & 077)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
        "%s: the token is not a file that only its owner can read; remove it, a new one is made",
        path);
    return FALSE;
  }
  g_strchomp (text);
  if (!is_secret (text)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s: does not hold 64 hexadecimal digits; remove it, a new token is made", path);
    return FALSE;
  }
  memcpy (self->token, text, sizeof self->token);
  return TRUE;
}

/* Written beside and renamed: never half a token, never one that others can read. */
static gboolean
write_token (LincedAccess *self, const char *path, GError **error)
{
  g_autofree char *fresh = g_strconcat (path, ".new", NULL);
  if (!make_secret (self->token))
    return fail (error, path, "no random bytes");
  unlink (fresh);
  int fd = open (fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail (error, fresh, "the token cannot be written");
  g_autofree char *line = g_strconcat (self->token, "\n", NULL);
  gboolean ok = write (fd, line, SECRET_DIGITS + 1) == SECRET_DIGITS + 1 && fsync (fd) == 0;
  ok = close (fd) == 0 && ok;
  if (!ok || rename (fresh, path) != 0) {
    fail (error, path, "the token cannot be written");
    unlink (fresh);
    return FALSE;
  }
  return TRUE;
}

static gboolean
is_loopback (const char *listen)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (listen);
  return address && g_inet_address_get_is_loopback (address);
}

LincedAccess *
linced_access_new (const LincedConfig *config, const char *state_dir, GError **error)
{
  g_autoptr (LincedAccess) self = g_new0 (LincedAccess, 1);
  g_autoptr (GError) cause = NULL;
  g_autofree char *path = g_build_filename (state_dir, "token", NULL);
  self->config = config;
  self->loopback = is_loopback (config->listen);
  self->tickets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->sessions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (!read_token (self, path, &cause) && (cause || !write_token (self, path, &cause))) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
linced_access_free (LincedAccess *self)
{
  if (!self)
    return;
  g_hash_table_unref (self->tickets);
  g_hash_table_unref (self->sessions);
  explicit_bzero (self->token, sizeof self->token);
  g_free (self);
}

gboolean
linced_access_guards_reading (const LincedAccess *self)
{
  return !self->loopback;
}

/* ---- which page asks ---- */

/* The value of a header that may stand once only; NULL with FALSE in `single` where it is repeated.
 */
static const char *
single_header (SoupServerMessage *message, const char *name, gboolean *single)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *list = soup_message_headers_get_list (headers, name);
  *single = !list || !strchr (list, ',');
  return *single ? list : NULL;
}

/* "name:port", "[::1]:port" to the name, lower case. Transfer full. */
static char *
host_name (const char *host)
{
  const char *end = *host == '[' ? strchr (host, ']') : strchr (host, ':');
  if (*host == '[')
    return end ? g_ascii_strdown (host + 1, end - host - 1) : g_strdup ("");
  return g_ascii_strdown (host, end ? end - host : -1);
}

/* An address that the connection came to, or that is listened on. */
static gboolean
is_own_address (const LincedAccess *self, SoupServerMessage *message, const char *name)
{
  g_autoptr (GInetAddress) asked = g_inet_address_new_from_string (name);
  g_autoptr (GInetAddress) listen = g_inet_address_new_from_string (self->config->listen);
  GSocketAddress *local = soup_server_message_get_local_address (message);
  if (!asked)
    return FALSE;
  if (g_inet_address_get_is_loopback (asked) || (listen && g_inet_address_equal (asked, listen)))
    return TRUE;
  return G_IS_INET_SOCKET_ADDRESS (local) &&
         g_inet_address_equal (
             asked, g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (local)));
}

static gboolean
is_own_host (const LincedAccess *self, SoupServerMessage *message, const char *host)
{
  g_autofree char *name = host_name (host);
  if (strcmp (name, "localhost") == 0 || is_own_address (self, message, name))
    return TRUE;
  for (char **allowed = self->config->allowed_hosts; *allowed; allowed++) {
    g_autofree char *allowed_name = host_name (*allowed);
    if (strcmp (name, allowed_name) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_configured_origin (const LincedAccess *self, const char *origin)
{
  for (char **allowed = self->config->allowed_origins; *allowed; allowed++) {
    if (g_ascii_strcasecmp (*allowed, origin) == 0)
      return TRUE;
  }
  return FALSE;
}

/* The page came from where the request goes: the same name and port, over http or a proxy's https.
 */
static gboolean
is_same_origin (const char *origin, const char *host)
{
  const char *scheme_end = strstr (origin, "://");
  if (!scheme_end ||
      (!g_str_has_prefix (origin, "http://") && !g_str_has_prefix (origin, "https://")))
    return FALSE;
  return g_ascii_strcasecmp (scheme_end + 3, host) == 0;
}

LincedAccessResult
linced_access_check_page (const LincedAccess *self, SoupServerMessage *message, gboolean api)
{
  gboolean single_host, single_origin, single_site;
  const char *host = single_header (message, "Host", &single_host);
  const char *origin = single_header (message, "Origin", &single_origin);
  const char *site = single_header (message, "Sec-Fetch-Site", &single_site);
  if (!host || !is_own_host (self, message, host))
    return LINCED_ACCESS_BAD_HOST;
  if (!single_origin ||
      (origin && !is_same_origin (origin, host) && !is_configured_origin (self, origin)))
    return LINCED_ACCESS_FOREIGN_ORIGIN;
  /* <img> and <script> of a foreign page send no Origin */
  if (api && !origin && site && strcmp (site, "same-origin") != 0 && strcmp (site, "none") != 0)
    return LINCED_ACCESS_FOREIGN_ORIGIN;
  return LINCED_ACCESS_OK;
}

const char *
linced_access_allowed_origin (const LincedAccess *self, SoupServerMessage *message)
{
  gboolean single;
  const char *origin = single_header (message, "Origin", &single);
  return origin && is_configured_origin (self, origin) ? origin : NULL;
}

/* ---- who asks ---- */

gboolean
linced_access_is_equal (const char *a, const char *b)
{
  gsize length = strlen (a);
  if (strlen (b) != length)
    return FALSE;
  guint8 difference = 0;
  for (gsize i = 0; i < length; i++)
    difference |= (guint8) (a[i] ^ b[i]);
  return difference == 0;
}

static gboolean
has_bearer (const LincedAccess *self, SoupServerMessage *message)
{
  gboolean single;
  const char *value = single_header (message, "Authorization", &single);
  return value && g_ascii_strncasecmp (value, "Bearer ", 7) == 0 &&
         linced_access_is_equal (self->token, value + 7);
}

static gboolean
has_subprotocol (const LincedAccess *self, SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *list = soup_message_headers_get_list (headers, "Sec-WebSocket-Protocol");
  if (!list)
    return FALSE;
  g_auto (GStrv) names = g_strsplit (list, ",", 16);
  gboolean found = FALSE;
  for (char **name = names; *name; name++) {
    g_strstrip (*name);
    if (g_str_has_prefix (*name, SUBPROTOCOL_PREFIX))
      found |= linced_access_is_equal (self->token, *name + strlen (SUBPROTOCOL_PREFIX));
  }
  return found;
}

static gboolean
is_overdue (gpointer key, gpointer value, gpointer now)
{
  return *(gint64 *) value < *(gint64 *) now;
}

static char *
new_secret (GHashTable *secrets, gint seconds)
{
  char secret[SECRET_DIGITS + 1];
  gint64 now = g_get_monotonic_time ();
  g_hash_table_foreach_remove (secrets, is_overdue, &now);
  if (g_hash_table_size (secrets) >= MAX_SECRETS || !make_secret (secret))
    return NULL;
  gint64 *end = g_new (gint64, 1);
  *end = now + (gint64) seconds * G_USEC_PER_SEC;
  g_hash_table_insert (secrets, g_strdup (secret), end);
  return g_strdup (secret);
}

/* A look-up by hash tells no attacker how many digits were right: the secrets are random, and the
 * time depends on a hash of the whole. */
static gboolean
is_live (GHashTable *secrets, const char *secret)
{
  const gint64 *end = secret ? g_hash_table_lookup (secrets, secret) : NULL;
  return end && *end >= g_get_monotonic_time ();
}

/* The value of the session's cookie, or NULL. Transfer full. */
static char *
session_cookie (SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *list = soup_message_headers_get_list (headers, "Cookie");
  if (!list)
    return NULL;
  g_auto (GStrv) cookies = g_strsplit_set (list, ";,", 64);
  for (char **cookie = cookies; *cookie; cookie++) {
    g_strstrip (*cookie);
    if (g_str_has_prefix (*cookie, LINCED_SESSION_COOKIE "="))
      return g_strdup (*cookie + strlen (LINCED_SESSION_COOKIE "="));
  }
  return NULL;
}

static gboolean
takes_ticket (LincedAccess *self, SoupServerMessage *message)
{
  const char *query = g_uri_get_query (soup_server_message_get_uri (message));
  g_autoptr (GHashTable) fields =
      query ? g_uri_parse_params (query, -1, "&", G_URI_PARAMS_WWW_FORM, NULL) : NULL;
  const char *ticket = fields ? g_hash_table_lookup (fields, "ticket") : NULL;
  gboolean live = is_live (self->tickets, ticket);
  if (ticket)
    g_hash_table_remove (self->tickets, ticket);
  return live;
}

gboolean
linced_access_is_authorized (LincedAccess *self, SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  gboolean websocket = soup_message_headers_get_one (headers, "Sec-WebSocket-Key") != NULL;
  if (has_bearer (self, message))
    return TRUE;
  g_autofree char *cookie = session_cookie (message);
  if (is_live (self->sessions, cookie))
    return TRUE;
  return websocket && (has_subprotocol (self, message) || takes_ticket (self, message));
}

char *
linced_access_new_ticket (LincedAccess *self)
{
  return new_secret (self->tickets, LINCED_TICKET_S);
}

char *
linced_access_new_session (LincedAccess *self)
{
  return new_secret (self->sessions, LINCED_SESSION_S);
}

void
linced_access_end_session (LincedAccess *self, SoupServerMessage *message)
{
  g_autofree char *cookie = session_cookie (message);
  if (cookie)
    g_hash_table_remove (self->sessions, cookie);
}
