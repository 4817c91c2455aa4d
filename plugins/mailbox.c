/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mailbox.h"

#include "media/meta.h"

typedef struct {
  LinceFrameCopy *copy;
  LinceFrameInfo info;
  GstClockTime entered;
} Slot;

struct _LinceMailbox {
  LinceAnalysis *analysis; /* borrowed */
  GThread *thread;

  GMutex lock; /* what follows */
  GCond changed;
  Slot *waiting, *working; /* swapped when the thread takes a frame */
  gboolean full, busy, quit;
  guint64 dropped;
  GstClockTime newest; /* running time of the newest frame offered */

  LinceResultCopy *latest; /* for later buffers */
  LinceResultCopy *fresh;  /* being made by the thread */
  GstStructure *moved;     /* of `latest`; NULL: none */
  GstClockTime latest_time;
};

static Slot *
slot_new (void)
{
  Slot *slot = g_new0 (Slot, 1);

  slot->copy = lince_frame_copy_new ();
  return slot;
}

static void
slot_free (Slot *slot)
{
  lince_frame_copy_free (slot->copy);
  g_free (slot);
}

/* Analyses the frame in `working`; without the lock but at the end. */
static void
work (LinceMailbox *mailbox)
{
  Slot *slot = mailbox->working;
  const LinceResult *result =
      lince_analysis_process (mailbox->analysis, lince_frame_copy_get (slot->copy), &slot->info);
  const GstStructure *moved = NULL;
  LinceResultCopy *old;
  GstClockTime newest;

  if (result != NULL) {
    lince_frame_copy_restore (slot->copy, result, mailbox->fresh);
    g_mutex_lock (&mailbox->lock);
    newest = mailbox->newest;
    g_mutex_unlock (&mailbox->lock);
    slot->info.age = newest > slot->info.running_time ? newest - slot->info.running_time : 0;
    moved = lince_analysis_publish (
        mailbox->analysis, &mailbox->fresh->result, &slot->info, slot->entered);
  }
  g_mutex_lock (&mailbox->lock);
  if (moved != NULL) {
    old = mailbox->latest;
    mailbox->latest = mailbox->fresh;
    mailbox->fresh = old;
    mailbox->latest_time = slot->info.running_time;
    g_clear_pointer (&mailbox->moved, gst_structure_free);
    mailbox->moved = gst_structure_copy (moved);
  }
}

static gpointer
mailbox_thread (gpointer user_data)
{
  LinceMailbox *mailbox = user_data;

  g_mutex_lock (&mailbox->lock);
  while (!mailbox->quit) {
    if (mailbox->full) {
      Slot *slot = mailbox->working;

      mailbox->working = mailbox->waiting;
      mailbox->waiting = slot;
      mailbox->full = FALSE;
      mailbox->busy = TRUE;
      g_mutex_unlock (&mailbox->lock);
      work (mailbox); /* comes back with the lock */
      mailbox->busy = FALSE;
      g_cond_broadcast (&mailbox->changed);
    } else {
      g_cond_wait (&mailbox->changed, &mailbox->lock);
    }
  }
  g_mutex_unlock (&mailbox->lock);
  return NULL;
}

LinceMailbox *
lince_mailbox_new (LinceAnalysis *analysis)
{
  LinceMailbox *mailbox = g_new0 (LinceMailbox, 1);

  g_mutex_init (&mailbox->lock);
  g_cond_init (&mailbox->changed);
  mailbox->analysis = analysis;
  mailbox->waiting = slot_new ();
  mailbox->working = slot_new ();
  mailbox->latest = g_new0 (LinceResultCopy, 1);
  mailbox->fresh = g_new0 (LinceResultCopy, 1);
  mailbox->thread = g_thread_new ("lince-recognize", mailbox_thread, mailbox);
  return mailbox;
}

void
lince_mailbox_free (LinceMailbox *mailbox)
{
  if (mailbox == NULL)
    return;
  g_mutex_lock (&mailbox->lock);
  mailbox->quit = TRUE;
  g_cond_broadcast (&mailbox->changed);
  g_mutex_unlock (&mailbox->lock);
  g_thread_join (mailbox->thread);
  slot_free (mailbox->waiting);
  slot_free (mailbox->working);
  lince_result_copy_clear (mailbox->latest);
  lince_result_copy_clear (mailbox->fresh);
  g_free (mailbox->latest);
  g_free (mailbox->fresh);
  g_clear_pointer (&mailbox->moved, gst_structure_free);
  g_cond_clear (&mailbox->changed);
  g_mutex_clear (&mailbox->lock);
  g_free (mailbox);
}

void
lince_mailbox_offer (LinceMailbox *mailbox, const LinceFrame *frame, const LinceFrameInfo *info,
    GstClockTime entered)
{
  g_mutex_lock (&mailbox->lock);
  if (mailbox->full)
    mailbox->dropped++;
  /* The thread needs the lock only to swap slots, so that it waits for the copy at most. */
  lince_frame_copy_take (mailbox->waiting->copy, frame);
  mailbox->waiting->info = *info;
  mailbox->waiting->entered = entered;
  mailbox->newest = info->running_time;
  mailbox->full = TRUE;
  g_cond_broadcast (&mailbox->changed);
  g_mutex_unlock (&mailbox->lock);
}

void
lince_mailbox_wait_idle (LinceMailbox *mailbox, gboolean drop)
{
  g_mutex_lock (&mailbox->lock);
  if (drop)
    mailbox->full = FALSE;
  while (mailbox->full || mailbox->busy)
    g_cond_wait (&mailbox->changed, &mailbox->lock);
  g_mutex_unlock (&mailbox->lock);
}

void
lince_mailbox_reset (LinceMailbox *mailbox, LinceReason reason)
{
  lince_analysis_reset (mailbox->analysis, reason, mailbox->working->copy);
  g_mutex_lock (&mailbox->lock);
  g_clear_pointer (&mailbox->moved, gst_structure_free);
  g_mutex_unlock (&mailbox->lock);
}

gboolean
lince_mailbox_attach (LinceMailbox *mailbox, GstBuffer *buffer, GstClockTime running_time,
    GstClockTime oldest, const GstVideoInfo *video)
{
  GstClockTime age;
  gboolean attached = FALSE;

  g_mutex_lock (&mailbox->lock);
  age = running_time > mailbox->latest_time ? running_time - mailbox->latest_time : 0;
  if (mailbox->moved != NULL && age <= oldest) {
    gst_structure_set (mailbox->moved, "age", G_TYPE_UINT64, age, NULL);
    lince_meta_attach (buffer, &mailbox->latest->result, mailbox->moved, video);
    attached = TRUE;
  }
  g_mutex_unlock (&mailbox->lock);
  return attached;
}

guint64
lince_mailbox_get_dropped (LinceMailbox *mailbox)
{
  guint64 dropped;

  g_mutex_lock (&mailbox->lock);
  dropped = mailbox->dropped;
  g_mutex_unlock (&mailbox->lock);
  return dropped;
}
