/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the service manager hears: systemd's notification protocol (sd_notify(3)), a datagram to the
 * socket named by $NOTIFY_SOCKET. Does nothing where there is none. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sends one state, such as "READY=1". */
void linced_notify (const char *state);

/* Begins to send WATCHDOG=1 at half of $WATCHDOG_USEC from the main loop. Returns the source's id,
 * or 0 where no watchdog is asked for. */
guint linced_notify_start_watchdog (void);

G_END_DECLS
