/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Lasting events, numbered and kept until the daemon has them in its log.
 *
 * Bounded: when more than LINCE_OUTBOX_MAX_BYTES wait, the oldest are given up and counted; their
 * numbers are then missing from what the daemon receives. At an event a second that is half a day
 * without a daemon. */
#pragma once

#include "wire/event.h"

G_BEGIN_DECLS

#define LINCE_OUTBOX_MAX_BYTES (32 * 1024 * 1024)

typedef struct _LinceOutbox LinceOutbox;

LinceOutbox *lince_outbox_new (void);
void lince_outbox_free (LinceOutbox *outbox);

/* Gives `event` its number and keeps its line. */
void lince_outbox_add (LinceOutbox *outbox, LinceEvent *event);
/* The daemon has logged all up to and including `number`. */
void lince_outbox_acknowledge (LinceOutbox *outbox, guint64 number);
/* The oldest line that has not been taken since the last rewind, or NULL. Borrowed until the outbox
 * is changed. */
const char *lince_outbox_take (LinceOutbox *outbox);
/* A new connection: what is kept is to be taken once more. */
void lince_outbox_rewind (LinceOutbox *outbox);

guint64 lince_outbox_kept (const LinceOutbox *outbox); /* events */
guint64 lince_outbox_lost (const LinceOutbox *outbox); /* given up at the bound, ever */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceOutbox, lince_outbox_free)
G_END_DECLS
