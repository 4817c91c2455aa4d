/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static bool
open_file (LinceSpill *spill)
{
  const char *const folders[] = {getenv ("TMPDIR"), "/var/tmp", "/tmp"};

  for (size_t i = 0; spill->fd < 0 && i < sizeof folders / sizeof folders[0]; i++)
    if (folders[i] != NULL)
      spill->fd = open (folders[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  return spill->fd >= 0;
}

bool
lince_spill_put (LinceSpill *spill, const void *data, size_t size, uint64_t *offset)
{
  if (!open_file (spill))
    return false;
  for (size_t done = 0; done < size;) {
    ssize_t n =
        pwrite (spill->fd, (const char *) data + done, size - done, (off_t) (spill->size + done));

    if (n < 0 && errno != EINTR)
      return false;
    done += n > 0 ? (size_t) n : 0;
  }
  *offset = spill->size;
  spill->size += size;
  return true;
}

bool
lince_spill_get (const LinceSpill *spill, uint64_t offset, void *data, size_t size)
{
  for (size_t done = 0; done < size;) {
    ssize_t n = pread (spill->fd, (char *) data + done, size - done, (off_t) (offset + done));

    if (n == 0 || (n < 0 && errno != EINTR))
      return false;
    done += n > 0 ? (size_t) n : 0;
  }
  return true;
}

void
lince_spill_close (LinceSpill *spill)
{
  if (spill->fd >= 0)
    close (spill->fd);
  spill->fd = -1;
}
