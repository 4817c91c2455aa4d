/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Where things lie: as root /etc/lince, /var/lib/lince and /run/lince, else the XDG folders. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Each is transfer full and absolute. */
char *linced_default_config_path (void);
char *linced_default_state_dir (void);
char *linced_default_run_dir (void);

G_END_DECLS
