/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/paths.h"

#include <unistd.h>

static gboolean
is_root (void)
{
  return geteuid () == 0;
}

char *
linced_default_config_path (void)
{
  return is_root () ? g_strdup ("/etc/lince/linced.conf")
                    : g_build_filename (g_get_user_config_dir (), "lince", "linced.conf", NULL);
}

char *
linced_default_state_dir (void)
{
  return is_root () ? g_strdup ("/var/lib/lince")
                    : g_build_filename (g_get_user_state_dir (), "lince", NULL);
}

char *
linced_default_run_dir (void)
{
  return is_root () ? g_strdup ("/run/lince")
                    : g_build_filename (g_get_user_runtime_dir (), "lince", NULL);
}
