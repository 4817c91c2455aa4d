/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/local-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 32

struct _LincedLocalSocket {
  int fd;
  guint source;
  char *path;
  LincedLocalSocketFunc accepted;
  gpointer data;
};

static gboolean
fail (GError **error, const char *path, const char *what)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s: %s", path, what,
      g_strerror (errno));
  return FALSE;
}

static gboolean
is_own_dir (const char *path, GError **error)
{
  struct stat status;
  if (stat (path, &status) != 0)
    return fail (error, path, "the run folder cannot be used");
  if (S_ISDIR (status.st_mode) && status.st_uid == geteuid () && !(status.st_mode & 022))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
      "%s: not a folder of this user that nobody else may write; choose another with --run-dir",
      path);
  return FALSE;
}

int
linced_run_dir_open (const char *run_dir, GError **error)
{
  if (g_mkdir_with_parents (run_dir, 0700) != 0) {
    fail (error, run_dir, "the run folder cannot be made");
    return -1;
  }
  if (!is_own_dir (run_dir, error))
    return -1;
  if (chmod (run_dir, 0700) != 0) {
    fail (error, run_dir, "the run folder cannot be closed to others");
    return -1;
  }
  g_autofree char *path = g_build_filename (run_dir, "linced.lock", NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    fail (error, path, "the lock cannot be opened");
    return -1;
  }
  if (flock (fd, LOCK_EX | LOCK_NB) != 0) {
    close (fd);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
        "%s: another linced runs in this folder; end it, or choose another with --run-dir",
        run_dir);
    return -1;
  }
  return fd;
}

static gboolean
on_connection (int listener, GIOCondition condition, gpointer data)
{
  LincedLocalSocket *self = data;
  for (guint i = 0; i < ACCEPTS_A_TURN; i++) {
    int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
      return G_SOURCE_CONTINUE;
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
        (peer.uid != geteuid () && peer.uid != 0)) {
      g_warning ("%s: a process of another user was refused", self->path);
      close (fd);
      continue;
    }
    self->accepted (fd, peer.pid, self->data);
  }
  return G_SOURCE_CONTINUE;
}

static int
open_listener (const char *path, GError **error)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen (path) >= sizeof address.sun_path) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG,
        "%s: longer than a socket's name may be (%zu bytes); choose a shorter --run-dir", path,
        sizeof address.sun_path - 1);
    return -1;
  }
  memcpy (address.sun_path, path, strlen (path) + 1);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  unlink (path); /* what a former daemon left; none runs, for this one holds the lock */
  if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof address) != 0 ||
      chmod (path, 0600) != 0 || listen (fd, 128) != 0) {
    fail (error, path, "cannot listen");
    if (fd >= 0)
      close (fd);
    return -1;
  }
  return fd;
}

LincedLocalSocket *
linced_local_socket_new (const char *run_dir, const char *name, LincedLocalSocketFunc accepted,
    gpointer data, GError **error)
{
  g_autofree char *path = g_build_filename (run_dir, name, NULL);
  int fd = open_listener (path, error);
  if (fd < 0)
    return NULL;
  LincedLocalSocket *self = g_new0 (LincedLocalSocket, 1);
  self->fd = fd;
  self->path = g_steal_pointer (&path);
  self->accepted = accepted;
  self->data = data;
  self->source = g_unix_fd_add (fd, G_IO_IN, on_connection, self);
  return self;
}

void
linced_local_socket_free (LincedLocalSocket *self)
{
  if (!self)
    return;
  g_source_remove (self->source);
  close (self->fd);
  unlink (self->path);
  g_free (self->path);
  g_free (self);
}
