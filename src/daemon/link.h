/* SPDX-License-Identifier: LGPL-2.1-or-later
 * One stream's connection at RUN_DIR/streams.sock: lines in, lines out (wire/link.h). Knows no
 * meaning; reads no faster than its owner takes, and keeps a bounded amount either way. */
#pragma once

#include "wire/link.h"

G_BEGIN_DECLS

#define LINCED_LINK_MAX_UNSENT (1024 * 1024)

typedef struct _LincedLink LincedLink;

typedef struct {
  /* FALSE: not now. The line stays, and nothing more is read until linced_link_resume(). */
  gboolean (*received) (LincedLink *link, const LinceLinkMessage *message, gpointer data);
  /* Once, when the peer is gone or broke the protocol and all that came before was taken. The link
   * is then freed by the callee or later. */
  void (*closed) (LincedLink *link, gpointer data);
} LincedLinkEvents;

/* Takes over `fd`. `pid` is the peer's. */
LincedLink *linced_link_new (int fd, int pid, const LincedLinkEvents *events, gpointer data);
void linced_link_free (LincedLink *self);

int linced_link_pid (const LincedLink *self);

/* Free for its owner's use. */
void linced_link_set_stream (LincedLink *self, gpointer stream);
gpointer linced_link_get_stream (const LincedLink *self);

/* Writes lines now or when there is room; a peer that does not read for long is cut off. */
void linced_link_send (LincedLink *self, const char *lines, gsize length);

/* Goes on reading after `received` said not now. */
void linced_link_resume (LincedLink *self);

/* Whether `received` said not now, so that what the peer says lies unread. */
gboolean linced_link_is_paused (const LincedLink *self);

/* Sends what waits as far as the socket takes it, reads no more, and ends: `closed` is called. */
void linced_link_end (LincedLink *self);

G_END_DECLS
