/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Answers that take reading files or databases: worked out in a thread, while the request waits and
 * the main loop goes on. */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* In a thread: returns the answer's text, or NULL with `error`: G_IO_ERROR_INVALID_ARGUMENT is the
 * client's fault, anything else the daemon's. Must touch nothing but `data`. */
typedef char *(*LincedLaterFunc) (gpointer data, GError **error);

/* Answers `message` with what `work` returns as `content_type`. Takes over `data`, freed by
 * `destroy` in the main thread. */
void linced_later_answer (SoupServerMessage *message, const char *content_type,
    LincedLaterFunc work, gpointer data, GDestroyNotify destroy);

G_END_DECLS
