/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Recognition beside the stream: a slot for one frame, of which the newest wins, and a thread that
 * analyses what lies in it. */
#pragma once

#include "analysis.h"

G_BEGIN_DECLS

typedef struct _LinceMailbox LinceMailbox;

/* `analysis` belongs to the mailbox's thread until lince_mailbox_wait_idle() or _free(). */
LinceMailbox *lince_mailbox_new (LinceAnalysis *analysis);
/* Drops what waits, ends the thread. NULL is allowed. */
void lince_mailbox_free (LinceMailbox *mailbox);

/* Copies `frame`, reduced, into the slot. Never waits for an analysis. */
void lince_mailbox_offer (LinceMailbox *mailbox, const LinceFrame *frame,
    const LinceFrameInfo *info, GstClockTime entered);
/* Returns when nothing waits and nothing is being analysed; `drop` forgets what waits. Until the
 * next offer the caller has `analysis` to itself. */
void lince_mailbox_wait_idle (LinceMailbox *mailbox, gboolean drop);
/* Ends all that stands; the mailbox must be idle. */
void lince_mailbox_reset (LinceMailbox *mailbox, LinceReason reason);

/* Attaches the newest result to a buffer that shows `running_time`, unless it is older than
 * `oldest` ns. FALSE when there is none. */
gboolean lince_mailbox_attach (LinceMailbox *mailbox, GstBuffer *buffer, GstClockTime running_time,
    GstClockTime oldest, const GstVideoInfo *video);

/* Frames that a newer one overwrote. */
guint64 lince_mailbox_get_dropped (LinceMailbox *mailbox);

G_END_DECLS
