/* SPDX-License-Identifier: LGPL-2.1-or-later
 * One stream's process: started here, or taken over from a former daemon. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LINCED_PROCESS_TERM_MS                                                                     \
  2000 /* from the request to end to SIGTERM, and from that to SIGKILL */

typedef struct _LincedProcess LincedProcess;

/* Once, from the main loop. `status` is wait(2)'s; -1 for one that was taken over, whose status
 * its parent gets. */
typedef void (*LincedProcessFunc) (LincedProcess *process, int status, gpointer data);

/* Starts `argv` with this environment in a session of its own (a terminal's Ctrl-C is the daemon's
 * to judge), input from /dev/null, output to the daemon's standard error; notes it in `pid_file`.
 */
LincedProcess *linced_process_spawn (char **argv, char **environment, const char *pid_file,
    LincedProcessFunc ended, gpointer data, GError **error);

/* The process noted in `pid_file`, if it lives still; else NULL. */
LincedProcess *linced_process_adopt (const char *pid_file, LincedProcessFunc ended, gpointer data);

/* A process that said hello by itself; noted in `pid_file`. */
LincedProcess *linced_process_adopt_pid (
    int pid, const char *pid_file, LincedProcessFunc ended, gpointer data);

/* Forgets the process, which goes on. Its note stays. */
void linced_process_free (LincedProcess *self);

int linced_process_pid (const LincedProcess *self);

/* It has been asked to end by other means: SIGTERM and SIGKILL follow where it does not. */
void linced_process_end (LincedProcess *self);
/* SIGTERM at once, SIGKILL LINCED_PROCESS_TERM_MS later. */
void linced_process_terminate (LincedProcess *self);
void linced_process_kill (LincedProcess *self);

/* "was killed by signal 9 (Killed)". Transfer full. */
char *linced_process_describe_status (int status);

G_END_DECLS
