/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/command.h"

int
lince_command_fail (int status, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  /* not g_printerr(): it would turn UTF-8 into question marks in the C locale */
  fprintf (stderr, "lince: %s\n", text);
  return status;
}

int
lince_command_fail_with (int status, const GError *error)
{
  return lince_command_fail (status, "%s", error->message);
}

static void
print_help (void)
{
  g_print ("Usage: lince COMMAND [OPTION...] [ARGUMENT...]\n\n"
           "Recognises known pictures in images and video.\n\nCommands:\n");
  for (int i = 0; lince_commands[i] != NULL; i++)
    g_print ("  %-16s %s\n", lince_commands[i]->name, lince_commands[i]->summary);
  g_print ("\n  --help           this text; `lince COMMAND --help` explains a command\n"
           "  --version        the version\n\n"
           "Exit status: 0 well; 1 it ran and something is not right; else as in <sysexits.h>:\n"
           "64 wrong usage, 65 bad input, 66 no such input, 73 cannot write, 74 read error.\n");
}

/* How many of the words at `arguments` make up the command's name, 0 when they do not. */
static int
match_name (const LinceCommand *command, int count, char **arguments)
{
  g_auto (GStrv) words = g_strsplit (command->name, " ", -1);
  int length = (int) g_strv_length (words);

  if (length > count)
    return 0;
  for (int i = 0; i < length; i++)
    if (strcmp (words[i], arguments[i]) != 0)
      return 0;
  return length;
}

static const LinceCommand *
find_command (int count, char **arguments, int *words)
{
  const LinceCommand *best = NULL;

  *words = 0;
  for (int i = 0; lince_commands[i] != NULL; i++) {
    int length = match_name (lince_commands[i], count, arguments);

    if (length > *words) {
      *words = length;
      best = lince_commands[i];
    }
  }
  return best;
}

static int
run_command (const LinceCommand *command, int count, char **arguments)
{
  g_autofree char *program = g_strdup_printf ("lince %s", command->name);
  g_autoptr (GOptionContext) context = g_option_context_new (command->arguments);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) vector = g_new0 (char *, (gsize) count + 2);
  g_autofree char **strings = NULL;
  int left;

  vector[0] = g_strdup (program);
  for (int i = 0; i < count; i++)
    vector[i + 1] = g_strdup (arguments[i]);
  g_set_prgname (program);
  g_option_context_set_summary (context, command->summary);
  if (command->description != NULL)
    g_option_context_set_description (context, command->description);
  if (command->entries != NULL)
    g_option_context_add_main_entries (context, command->entries, NULL);
  /* the parser takes options out of the vector; the second one keeps them to be freed */
  strings = g_memdup2 (vector, ((gsize) count + 2) * sizeof *vector);
  left = count + 1;
  if (!g_option_context_parse (context, &left, &strings, &error))
    return lince_command_fail (EX_USAGE, "%s; see `%s --help`", error->message, program);
  if (left > 1 && strcmp (strings[1], "--") == 0) {
    memmove (strings + 1, strings + 2, (gsize) (left - 1) * sizeof *strings);
    left--;
  }
  if (left - 1 < command->minimum_arguments)
    return lince_command_fail (EX_USAGE, "too few arguments: %s needs %s; see `%s --help`", program,
        command->arguments, program);
  if (command->maximum_arguments >= 0 && left - 1 > command->maximum_arguments)
    return lince_command_fail (EX_USAGE, "too many arguments: \"%s\"; see `%s --help`",
        strings[command->maximum_arguments + 1], program);
  return command->run (left - 1, strings + 1);
}

int
main (int argc, char **argv)
{
  const LinceCommand *command;
  int words;

  /* file names in the user's encoding, numbers always with a point */
  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C");
  g_set_prgname ("lince");
  if (argc < 2) {
    print_help ();
    return EX_USAGE;
  }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0) {
    print_help ();
    return EX_OK;
  }
  if (strcmp (argv[1], "--version") == 0) {
    g_print ("lince %s\n", LINCE_VERSION);
    return EX_OK;
  }
  command = find_command (argc - 1, argv + 1, &words);
  if (command == NULL)
    return lince_command_fail (EX_USAGE, "there is no command \"%s\"; see `lince --help`", argv[1]);
  return run_command (command, argc - 1 - words, argv + 1 + words);
}
