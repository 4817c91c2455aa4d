/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How long to wait before a source is tried again: 1, 2, 4 ... 30 s, each 20 % more or less at
 * random so that many streams of one broken server do not come back in step. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LINCE_BACKOFF_FIRST (G_GINT64_CONSTANT (1000000000))
#define LINCE_BACKOFF_LAST (G_GINT64_CONSTANT (30000000000))
#define LINCE_BACKOFF_JITTER 0.2
/* a source that ran this long was well: the next trouble starts from the first wait */
#define LINCE_BACKOFF_HEALTHY (G_GINT64_CONSTANT (60000000000))

typedef struct {
  guint failures; /* in a row */
  GRand *random;
} LinceBackoff;

void lince_backoff_init (LinceBackoff *backoff, guint32 seed);
void lince_backoff_clear (LinceBackoff *backoff);

/* The next wait in ns, after a run in which frames came for `healthy` ns. */
gint64 lince_backoff_next (LinceBackoff *backoff, gint64 healthy);

G_END_DECLS
