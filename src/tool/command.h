/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A sub-command of `lince`: a row of the table in commands.c.
 *
 * To add one: write `NAME.c` with the options' static variables, the function that runs, and
 * `const LinceCommand lince_command_NAME`; add it to the table in commands.c
 * and the file to meson.build. The table's order is that of `lince --help`. */
#pragma once

#include <glib.h>
#include <sysexits.h>

G_BEGIN_DECLS

typedef struct _LinceCommand LinceCommand;

struct _LinceCommand {
  const char *name;        /* one word, or two ("bench latency"): the longest name that fits wins */
  const char *arguments;   /* for the usage line: "DIR", "IMAGE..."; "" for none */
  const char *summary;     /* one line for the list, no full stop */
  const char *description; /* shown below the options by --help; NULL for none */
  const GOptionEntry *entries; /* ended by an all-zero entry; NULL for none */
  int minimum_arguments;       /* besides options */
  int maximum_arguments;       /* -1: any number */
  /* Runs with what is left after the options, `arguments[0]` to `arguments[count - 1]`, then NULL;
   * file names are in the file system's encoding. Returns the exit status: 0, 1 (it ran, and says
   * that something is not right), or one of <sysexits.h>. */
  int (*run) (int count, char **arguments);
};

/* Ended by an all-NULL pointer. */
extern const LinceCommand *const lince_commands[];

/* Prints "lince: " and the sentence on standard error and returns `status`. */
int lince_command_fail (int status, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Prints the sentence of `error` in the same way. */
int lince_command_fail_with (int status, const GError *error);

G_END_DECLS
