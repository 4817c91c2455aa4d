/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/remote.h"

#include <string.h>

#define TOKEN_MAX 4096

struct _LinceRemote {
  SoupSession *session;
  GUri *uri;
  char *shown, *token;
};

static char *
read_token (const char *file, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (file, &text, &length, error))
    return NULL;
  g_strstrip (text);
  length = strlen (text);
  if (length == 0 || length > TOKEN_MAX || strpbrk (text, " \t\r\n") || !g_str_is_ascii (text)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: holds no token", file);
    return NULL;
  }
  return g_steal_pointer (&text);
}

static GUri *
read_url (const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  const char *path = uri ? g_uri_get_path (uri) : "";

  if (uri == NULL || !g_uri_get_host (uri) || !*g_uri_get_host (uri) || g_uri_get_query (uri) ||
      (strcmp (g_uri_get_scheme (uri), "http") != 0 &&
          strcmp (g_uri_get_scheme (uri), "https") != 0)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "--url: write an address like " LINCE_REMOTE_DEFAULT_URL);
    return NULL;
  }
  gsize length = strlen (path);
  while (length > 0 && path[length - 1] == '/')
    length--;
  g_autofree char *prefix = g_strndup (path, length);
  return soup_uri_copy (uri, SOUP_URI_PATH, prefix, SOUP_URI_NONE);
}

/* a proxy for the web is not one for this machine */
static void
skip_proxy (SoupSession *session, const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (strcmp (host, "localhost") == 0 || (address && g_inet_address_get_is_loopback (address)))
    soup_session_set_proxy_resolver (session, NULL);
}

LinceRemote *
lince_remote_new (const LinceRemoteOptions *options, GError **error)
{
  g_autoptr (GUri) uri = read_url (options->url ? options->url : LINCE_REMOTE_DEFAULT_URL, error);
  g_autofree char *token = NULL;

  if (uri == NULL)
    return NULL;
  if (options->token_file && !(token = read_token (options->token_file, error)))
    return NULL;
  LinceRemote *remote = g_new0 (LinceRemote, 1);
  remote->session = soup_session_new ();
  soup_session_set_user_agent (remote->session, "lince/" LINCE_VERSION);
  soup_session_set_timeout (remote->session, 60);
  skip_proxy (remote->session, g_uri_get_host (uri));
  remote->shown = g_uri_to_string_partial (uri, G_URI_HIDE_PASSWORD);
  remote->uri = g_steal_pointer (&uri);
  remote->token = g_steal_pointer (&token);
  return remote;
}

void
lince_remote_free (LinceRemote *remote)
{
  if (remote == NULL)
    return;
  g_object_unref (remote->session);
  g_uri_unref (remote->uri);
  g_free (remote->shown);
  g_free (remote->token);
  g_free (remote);
}

SoupSession *
lince_remote_session (LinceRemote *remote)
{
  return remote->session;
}

const char *
lince_remote_shown (const LinceRemote *remote)
{
  return remote->shown;
}

SoupMessage *
lince_remote_request (LinceRemote *remote, const char *path, const char *const *query)
{
  g_autofree char *whole = g_strconcat (g_uri_get_path (remote->uri), path, NULL);
  g_autoptr (GString) fields = g_string_new (NULL);

  for (; query[0]; query += 2) {
    if (query[1] == NULL)
      continue;
    g_string_append_printf (fields, "%s%s=", fields->len > 0 ? "&" : "", query[0]);
    g_string_append_uri_escaped (fields, query[1], ",:", TRUE);
  }
  g_autoptr (GUri) uri = soup_uri_copy (remote->uri, SOUP_URI_PATH, whole, SOUP_URI_QUERY,
      fields->len > 0 ? fields->str : NULL, SOUP_URI_NONE);
  SoupMessage *message = soup_message_new_from_uri (SOUP_METHOD_GET, uri);
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  if (remote->token) {
    g_autofree char *bearer = g_strconcat ("Bearer ", remote->token, NULL);
    soup_message_headers_replace (
        soup_message_get_request_headers (message), "Authorization", bearer);
  }
  return message;
}
