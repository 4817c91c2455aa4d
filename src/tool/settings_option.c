/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/settings_option.h"

#include "tool/command.h"

int lince_settings_option_threads;
double lince_settings_option_minimum_confidence = -1;

int
lince_settings_option_read (LinceSettings *settings)
{
  lince_settings_default (settings);
  if (lince_settings_option_threads < 0 || lince_settings_option_threads > 16)
    return lince_command_fail (EX_USAGE, "--threads is a number from 1 to 16");
  settings->threads = lince_settings_option_threads > 0 ? (guint32) lince_settings_option_threads
                                                        : MIN (g_get_num_processors (), 16);
  if (lince_settings_option_minimum_confidence == -1)
    return EX_OK;
  if (!(lince_settings_option_minimum_confidence >= 0 &&
          lince_settings_option_minimum_confidence <= 1))
    return lince_command_fail (EX_USAGE, "--min-confidence is a number from 0 to 1");
  settings->minimum_confidence = (float) lince_settings_option_minimum_confidence;
  return EX_OK;
}
