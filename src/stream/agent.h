/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The whole of a lince-stream process: a stream, and who hears of it: the daemon over its sockets,
 * or standard output when alone. */
#pragma once

#include "stream/settings.h"
#include "stream/trace.h"

G_BEGIN_DECLS

typedef struct _LinceAgent LinceAgent;

typedef struct {
  const char *stream;                  /* its id */
  const char *run_dir;                 /* of the daemon's sockets; NULL: alone */
  guint orphan_seconds;                /* how long to do without the daemon; 0: for ever */
  const LinceStreamSettings *settings; /* when alone */
  gboolean moved;                      /* when alone: print `moved` too */
  LinceTrace *trace;                   /* may be NULL; borrowed */
} LinceAgentOptions;

LinceAgent *lince_agent_new (const LinceAgentOptions *options);
void lince_agent_free (LinceAgent *agent);

/* Runs until the stream has ended; the exit status (sysexits). */
int lince_agent_run (LinceAgent *agent);
/* Ends in order: run() returns soon, with `status` unless something worse happens. */
void lince_agent_stop (LinceAgent *agent, int status);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceAgent, lince_agent_free)
G_END_DECLS
