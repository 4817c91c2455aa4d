/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/redact.h"

#include <string.h>

/* "a=1&b=2" to "a=***&b=***"; a part without '=' may itself be a secret. */
static void
append_query (GString *out, const char *query, gsize length)
{
  g_autofree char *text = g_strndup (query, length);
  g_auto (GStrv) parts = g_strsplit_set (text, "&;", -1);
  for (char **part = parts; *part; part++) {
    char *equals = strchr (*part, '=');
    if (part != parts)
      g_string_append_c (out, '&');
    if (equals)
      g_string_append_len (out, *part, equals - *part + 1);
    g_string_append (out, "***");
  }
}

char *
linced_redact_uri (const char *uri)
{
  const char *body = uri ? strstr (uri, "://") : NULL;
  if (!body)
    return g_strdup ("(an address)");
  body += 3;
  GString *out = g_string_new_len (uri, body - uri);
  gsize authority = strcspn (body, "/?#");
  /* the last '@' ends the user's part: a password may hold one unescaped */
  const char *at = memrchr (body, '@', authority);
  if (at) {
    g_string_append (out, "***@");
    authority -= at + 1 - body;
    body = at + 1;
  }
  g_string_append_len (out, body, authority);
  body += authority;
  gsize path = strcspn (body, "?#");
  /* a password with a '/' in it leaves its '@' in the path */
  at = memrchr (body, '@', path);
  if (at) {
    g_string_append (out, "/***");
    g_string_append_len (out, at, path - (at - body));
  } else {
    g_string_append_len (out, body, path);
  }
  body += path;
  if (*body == '?') {
    gsize query = strcspn (body + 1, "#");
    g_string_append_c (out, '?');
    append_query (out, body + 1, query);
    body += 1 + query;
  }
  if (*body == '#')
    g_string_append (out, "#***");
  return g_string_free (out, FALSE);
}

char *
linced_redact_text (const char *text)
{
  GString *out = g_string_new (NULL);
  while (*text) {
    gsize blanks = strspn (text, " \t\n\"'<>()");
    g_string_append_len (out, text, blanks);
    text += blanks;
    gsize length = strcspn (text, " \t\n\"'<>()");
    g_autofree char *word = g_strndup (text, length);
    g_autofree char *clean = strstr (word, "://") ? linced_redact_uri (word) : g_strdup (word);
    g_string_append (out, clean);
    text += length;
  }
  return g_string_free (out, FALSE);
}
