/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What linced says to a WebSocket client besides events. One JSON object a text message:
 *
 *   {"v":1,"type":"hello","log":LOGID,"node":ID,"seq":N,"server":"linced","version":"0.1.0",
 *    "streams":[stream events: the newest of each],"exposures":[appeared events: those that stand]}
 *       first, once. `seq` is the number of the last event before this connection. In `exposures`,
 *       placement and times are the newest known; `seen_utc` is the first sight. Where metadata are
 *       asked for, each exposure has "metadata" as its events have. To one that resumes:
 *       "resumed":true, `seq` then being the number after which events come, or "resumed":false and
 *       "reason":SENTENCE where the log does not hold what followed its number: it must forget.
 *   {"v":1,"type":"missed","first":A,"last":B,"count":N,"moved":M}
 *       this client was not sent N events numbered from A to B (both 0 and N 0 when it was moved
 * only) and M moved, because it did not read, or because the log no longer holds them.
 *   {"v":1,"type":"error","code":"bad-filter","text":SENTENCE}
 *       before the server closes. */
#pragma once

#include "wire/event.h"

G_BEGIN_DECLS

typedef struct {
  const char *log, *node, *version;
  guint64 sequence;
  const LinceEvent *const *streams; /* `stream_count` events of type stream */
  guint stream_count;
  const LinceEvent *const *exposures; /* `exposure_count` events of type appeared */
  guint exposure_count;
  gboolean resumes;   /* the client asked to go on where it was */
  const char *reason; /* NULL: it does; else why it cannot */
  /* NULL, or the text of a JSON object to join to an exposure (NULL for none) */
  const char *(*metadata) (const LinceEvent *exposure, gpointer data);
  gpointer data;
} LinceHello;

/* Each appends one message without a newline. */
void lince_client_write_hello (const LinceHello *hello, GString *json);
void lince_client_write_missed (
    guint64 first, guint64 last, guint64 count, guint64 moved, GString *json);
void lince_client_write_error (const char *code, const char *text, GString *json);

/* A copy of an event's line (with or without its newline) with "metadata": `metadata` (the text of
 * a JSON object, not checked) as its last field, without a newline. */
GBytes *lince_client_join_metadata (GBytes *line, const char *metadata);

typedef enum {
  LINCE_MESSAGE_IS_EVENT,
  LINCE_MESSAGE_IS_HELLO,
  LINCE_MESSAGE_IS_MISSED,
  LINCE_MESSAGE_IS_ERROR,
} LinceClientMessageType;

/* What a client needs of a message that is no event. */
typedef struct {
  LinceClientMessageType type;
  char log[37], node[256], version[32];          /* hello */
  guint64 sequence;                              /* hello */
  guint64 first, last, count, moved;             /* missed */
  char code[64], text[LINCE_EVENT_TEXT_MAX + 1]; /* error */
} LinceClientMessage;

/* Reads any message of the server. For an event, `event` and `placements` are set; for a hello
 * `each` (may be NULL) is called for every event in it. */
gboolean lince_client_read (const char *text, gsize length, LinceClientMessage *message,
    LinceEvent *event, LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS],
    void (*each) (const LinceEvent *event, gpointer data), gpointer data, GError **error);

G_END_DECLS
