/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/settings_option.h"

#include "tool/command.h"

int lince_settings_option_threads;
double lince_settings_option_minimum_confidence = -1;
char *lince_settings_option_plan;

/* The names of all plans. Transfer full. */
static char *
list_plans (void)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (int i = 0; i < LINCE_PLAN_COUNT; i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", lince_plan_name ((LincePlanName) i));
  return g_string_free (g_steal_pointer (&list), FALSE);
}

static int
read_plan (LincePlanName *plan)
{
  g_autofree char *list = NULL;

  if (lince_settings_option_plan == NULL || lince_plan_find (lince_settings_option_plan, plan))
    return EX_OK;
  list = list_plans ();
  return lince_command_fail (
      EX_USAGE, "there is no plan \"%s\": --plan is one of %s", lince_settings_option_plan, list);
}

int
lince_settings_option_read (LinceSettings *settings)
{
  lince_settings_default (settings);
  if (lince_settings_option_threads < 0 || lince_settings_option_threads > 16)
    return lince_command_fail (EX_USAGE, "--threads is a number from 1 to 16");
  settings->threads = lince_settings_option_threads > 0 ? (guint32) lince_settings_option_threads
                                                        : MIN (g_get_num_processors (), 16);
  if (lince_settings_option_minimum_confidence == -1)
    return read_plan (&settings->plan);
  if (!(lince_settings_option_minimum_confidence >= 0 &&
          lince_settings_option_minimum_confidence <= 1))
    return lince_command_fail (EX_USAGE, "--min-confidence is a number from 0 to 1");
  settings->minimum_confidence = (float) lince_settings_option_minimum_confidence;
  return read_plan (&settings->plan);
}
