/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Writing whole and lasting. All set errno and return FALSE on failure. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All bytes, through short writes and EINTR. What a failure leaves in the file is for the caller.
 */
gboolean lince_write_all (int fd, const char *bytes, gsize length);
gboolean lince_sync_directory (const char *directory);

G_END_DECLS
