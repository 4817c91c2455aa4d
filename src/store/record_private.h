/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the record's files share: the main thread's side (record.c) and its three threads'
 * (record_work.c). */
#pragma once

#include "store/account.h"
#include "store/event_log.h"
#include "store/record.h"

G_BEGIN_DECLS

#define LINCE_RECORD_INBOX_MAX 20000
#define LINCE_RECORD_GROUP 256

/* something for the main thread */
typedef struct {
  gboolean settled;
  LinceEvent *event; /* owned; of a settled one stream, run and number */
  GBytes *line;      /* owned; NULL when settled */
} LinceRecordItem;

struct _LinceRecord {
  LinceRecordFunctions functions;
  GMainContext *context;
  GSource *source; /* publishes what is in the outbox */
  LinceEventLog *log;
  LinceAccount *account; /* the summing thread's; NULL while it cannot be opened */
  char *node, *log_dir, *account_path;
  double low_space;
  gint64 check_interval;
  gint64 (*now) (gpointer);
  gpointer now_data;

  /* the main thread's */
  LinceExposures *exposures;
  GHashTable *seen;         /* run: highest n appended */
  GHashTable *acknowledged; /* run: highest n in the log */
  guint64 last_published, duplicates;

  GThread *writer, *syncer, *summer;
  GCancellable *stop_summing;

  GMutex lock; /* of what follows */
  GCond inbox_filled, written, synced, progressed;
  GQueue inbox;                /* of LinceEvent */
  GQueue outbox;               /* of LinceRecordItem */
  guint64 appended, processed; /* events put in and taken out by the writer */
  guint64 consolidated;
  gboolean writer_quits, syncer_quits, summer_quits;
  double space_used;
  gboolean space_low;
};

/* Fill the outbox; called by the log in the thread that appends. */
void lince_record_emit (const LinceEvent *event, GBytes *line, gpointer record);
void lince_record_settled (const char *stream, const char *run, guint64 number, gpointer record);

/* Publishes what is in the outbox; the main thread's. */
void lince_record_dispatch (LinceRecord *record);

/* Opens the account or sets it aside and makes a new one; leaves NULL with a warning when it
 * cannot. */
void lince_record_open_account (LinceRecord *record, guint64 logged);

void lince_record_start_threads (LinceRecord *record);
void lince_record_end_threads (LinceRecord *record);

G_END_DECLS
