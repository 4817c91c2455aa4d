/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Limits around SoupServer 3.2, which has none of its own: how many connections, how long one may
 * take for headers, body and taking the answer, how large a body may be. */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define LINCED_GUARD_HEADERS_S 15 /* from the connection, or the last answer, to whole headers */
#define LINCED_GUARD_BODY_S 15    /* from there to the whole body */
#define LINCED_GUARD_ANSWER_S 60  /* from there until the answer was taken */
#define LINCED_GUARD_MAX_BODY (64 * 1024)
/* Of a refused body so much is read and let go, that the client can see the answer. */
#define LINCED_GUARD_MAX_REFUSED (1024 * 1024)
#define LINCED_GUARD_MAX_URI 4096

typedef struct _LincedGuard LincedGuard;

/* How many connections are held elsewhere (WebSockets). */
typedef guint (*LincedGuardCountFunc) (gpointer data);

/* Watches all requests of `server` until freed, which must happen before the server's end. */
LincedGuard *linced_guard_new (
    SoupServer *server, guint max_connections, LincedGuardCountFunc others, gpointer data);
void linced_guard_free (LincedGuard *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedGuard, linced_guard_free)

/* Connections now, and those refused or cut off since the start. */
guint linced_guard_count (const LincedGuard *self);
guint64 linced_guard_refused (const LincedGuard *self);

/* The connection of that message was taken over: no longer watched. */
void linced_guard_forget (LincedGuard *self, SoupServerMessage *message);

/* Judges the headers, with Range taken away: TRUE, or FALSE and answered. */
gboolean linced_guard_check (LincedGuard *self, SoupServerMessage *message);

/* An answer that refuses a request: nothing more of it is read or kept. */
void linced_guard_refuse (SoupServerMessage *message);

G_END_DECLS
