/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Who may do what.
 *
 * A token (32 random bytes as 64 hexadecimal digits) is made at the first start in STATE_DIR/token,
 * mode 0600. It is needed for whatever changes something, and, as soon as the daemon listens
 * elsewhere than on loopback, for whatever is read. It comes as `Authorization: Bearer TOKEN`; as
 * the WebSocket subprotocol `bearer.TOKEN` beside `lince`; as a ticket for one WebSocket
 * (`?ticket=`); or as the cookie that a login with the token sets.
 *
 * Requests with a foreign Origin, from a foreign page (Sec-Fetch-Site) or with a Host that is none
 * of the daemon's names (DNS rebinding) are refused, whatever token they carry. */
#pragma once

#include <libsoup/soup.h>

#include "daemon/config.h"

G_BEGIN_DECLS

#define LINCED_TICKET_S 30
#define LINCED_SESSION_S (12 * 3600)
#define LINCED_SESSION_COOKIE "lince_session"

typedef struct _LincedAccess LincedAccess;

/* Reads or makes the token. NULL with `error` where it can be neither, or where others can read
 * it. `config` must live as long. */
LincedAccess *linced_access_new (const LincedConfig *config, const char *state_dir, GError **error);
void linced_access_free (LincedAccess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedAccess, linced_access_free)

/* Whether reading needs the token too: not all addresses that it listens on are loopback. */
gboolean linced_access_guards_reading (const LincedAccess *self);

typedef enum {
  LINCED_ACCESS_OK,
  LINCED_ACCESS_BAD_HOST,       /* missing, repeated, or not one of the daemon's names */
  LINCED_ACCESS_FOREIGN_ORIGIN, /* a page of another origin asks */
} LincedAccessResult;

/* Host, Origin and Sec-Fetch-Site. `api`: not a static page, which any page may link to. */
LincedAccessResult linced_access_check_page (
    const LincedAccess *self, SoupServerMessage *message, gboolean api);

/* Whether the request carries the token, in one of its forms. A ticket is used up. */
gboolean linced_access_is_authorized (LincedAccess *self, SoupServerMessage *message);

/* The configured origin that asks, for the CORS headers; NULL where it is none of them. */
const char *linced_access_allowed_origin (const LincedAccess *self, SoupServerMessage *message);

/* A ticket for one WebSocket within LINCED_TICKET_S. Transfer full; NULL: too many are out. */
char *linced_access_new_ticket (LincedAccess *self);

/* The value of a session's cookie, good for LINCED_SESSION_S. Transfer full. */
char *linced_access_new_session (LincedAccess *self);
void linced_access_end_session (LincedAccess *self, SoupServerMessage *message);

/* Compares in a time that depends on the lengths only. */
gboolean linced_access_is_equal (const char *a, const char *b);

G_END_DECLS
