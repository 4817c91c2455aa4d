/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/log_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

gboolean
lince_write_all (int fd, const char *bytes, gsize length)
{
  while (length > 0) {
    gssize written = write (fd, bytes, length);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0) {
      if (written == 0)
        errno = ENOSPC;
      return FALSE;
    }
    bytes += written;
    length -= (gsize) written;
  }
  return TRUE;
}

gboolean
lince_sync_directory (const char *directory)
{
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return FALSE;
  gboolean done = fsync (fd) == 0;
  int saved = errno;
  close (fd);
  errno = saved;
  return done;
}
