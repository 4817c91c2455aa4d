/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/notify.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void
linced_notify (const char *state)
{
  const char *path = g_getenv ("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (!path || (*path != '/' && *path != '@') || strlen (path) >= sizeof address.sun_path)
    return;
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return;
  memcpy (address.sun_path, path, strlen (path));
  if (*path == '@') /* the abstract name space */
    address.sun_path[0] = '\0';
  socklen_t length = (socklen_t) (G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + strlen (path));
  if (sendto (fd, state, strlen (state), MSG_NOSIGNAL, (struct sockaddr *) &address, length) < 0)
    g_debug ("notify: %s", g_strerror (errno));
  close (fd);
}

static gboolean
on_watchdog (gpointer data)
{
  linced_notify ("WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

guint
linced_notify_start_watchdog (void)
{
  const char *text = g_getenv ("WATCHDOG_USEC");
  guint64 interval;
  if (!text || !g_ascii_string_to_unsigned (text, 10, 2000, G_MAXUINT32, &interval, NULL))
    return 0;
  return g_timeout_add ((guint) (interval / 2000), on_watchdog, NULL);
}
