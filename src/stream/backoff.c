/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/backoff.h"

void
lince_backoff_init (LinceBackoff *backoff, guint32 seed)
{
  backoff->failures = 0;
  backoff->random = g_rand_new_with_seed (seed);
}

void
lince_backoff_clear (LinceBackoff *backoff)
{
  g_clear_pointer (&backoff->random, g_rand_free);
}

gint64
lince_backoff_next (LinceBackoff *backoff, gint64 healthy)
{
  gint64 wait;

  if (healthy >= LINCE_BACKOFF_HEALTHY)
    backoff->failures = 0;
  wait = MIN (LINCE_BACKOFF_FIRST << MIN (backoff->failures, 10), LINCE_BACKOFF_LAST);
  backoff->failures++;
  return wait *
         g_rand_double_range (backoff->random, 1 - LINCE_BACKOFF_JITTER, 1 + LINCE_BACKOFF_JITTER);
}
