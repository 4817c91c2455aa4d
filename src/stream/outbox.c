/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/outbox.h"

#include <string.h>

typedef struct {
  guint64 number;
  char *line;
  gsize length;
} Kept;

struct _LinceOutbox {
  GQueue kept;    /* of Kept, oldest first */
  GList *next;    /* the next to be taken, NULL: none */
  guint64 number; /* of the newest */
  guint64 lost;
  gsize bytes;
};

LinceOutbox *
lince_outbox_new (void)
{
  LinceOutbox *outbox = g_new0 (LinceOutbox, 1);

  g_queue_init (&outbox->kept);
  return outbox;
}

static void
drop_oldest (LinceOutbox *outbox)
{
  Kept *kept;

  if (outbox->next == outbox->kept.head)
    outbox->next = outbox->kept.head->next;
  kept = g_queue_pop_head (&outbox->kept);
  outbox->bytes -= kept->length;
  g_free (kept->line);
  g_free (kept);
}

void
lince_outbox_free (LinceOutbox *outbox)
{
  if (!outbox)
    return;
  while (outbox->kept.head)
    drop_oldest (outbox);
  g_free (outbox);
}

void
lince_outbox_add (LinceOutbox *outbox, LinceEvent *event)
{
  GString *line = g_string_sized_new (1024);
  Kept *kept = g_new (Kept, 1);

  event->number = ++outbox->number;
  lince_event_write (event, line);
  *kept = (Kept){event->number, NULL, line->len};
  kept->line = g_string_free (line, FALSE);
  g_queue_push_tail (&outbox->kept, kept);
  outbox->bytes += kept->length;
  if (!outbox->next)
    outbox->next = outbox->kept.tail;
  while (outbox->bytes > LINCE_OUTBOX_MAX_BYTES) {
    drop_oldest (outbox);
    outbox->lost++;
  }
}

void
lince_outbox_acknowledge (LinceOutbox *outbox, guint64 number)
{
  while (outbox->kept.head && ((Kept *) outbox->kept.head->data)->number <= number)
    drop_oldest (outbox);
}

const char *
lince_outbox_take (LinceOutbox *outbox)
{
  Kept *kept;

  if (!outbox->next)
    return NULL;
  kept = outbox->next->data;
  outbox->next = outbox->next->next;
  return kept->line;
}

void
lince_outbox_rewind (LinceOutbox *outbox)
{
  outbox->next = outbox->kept.head;
}

guint64
lince_outbox_kept (const LinceOutbox *outbox)
{
  return outbox->kept.length;
}

guint64
lince_outbox_lost (const LinceOutbox *outbox)
{
  return outbox->lost;
}
