/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A running daemon as `lince` speaks to it: the options that name it, and its addresses. */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define LINCE_REMOTE_DEFAULT_URL "http://127.0.0.1:8770"

typedef struct {
  char *url;        /* NULL: the default */
  char *token_file; /* NULL: no token */
} LinceRemoteOptions;

/* Two rows of a command's options. */
#define LINCE_REMOTE_ENTRIES(options)                                                              \
  {"url", 0, 0, G_OPTION_ARG_STRING, &(options).url,                                               \
      "The daemon's address (" LINCE_REMOTE_DEFAULT_URL ")", "URL"},                               \
  {                                                                                                \
    "token-file", 0, 0, G_OPTION_ARG_FILENAME, &(options).token_file,                              \
        "Send the token in FILE, as a daemon wants that listens elsewhere than on this machine",   \
        "FILE"                                                                                     \
  }

typedef struct _LinceRemote LinceRemote;

/* NULL with `error` for a bad address or a token that cannot be read. */
LinceRemote *lince_remote_new (const LinceRemoteOptions *options, GError **error);
void lince_remote_free (LinceRemote *remote);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceRemote, lince_remote_free)

SoupSession *lince_remote_session (LinceRemote *remote);

/* A request to `path` ("/api/v1/…"), with the pairs of `query` (name, value, …, NULL) whose value
 * is not NULL. Follows no redirection, for it may carry the token. Transfer full. */
SoupMessage *lince_remote_request (LinceRemote *remote, const char *path, const char *const *query);

/* The address as a person wrote it, without a password in it. */
const char *lince_remote_shown (const LinceRemote *remote);

G_END_DECLS
