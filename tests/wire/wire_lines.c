/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The C side of schema.py.
 *
 * usage: wire_lines write   writes sample events and messages, one a line
 *        wire_lines read    reads lines from standard input; for each: "ok" or the reason of
 * refusal */
#include <stdio.h>
#include <string.h>

#include "sample_events.h"
#include "wire/client.h"

static LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS];

static void
write_client_messages (GString *text)
{
  LinceEvent running = sample_event (LINCE_EVENT_STREAM, FALSE, NULL);
  LinceEvent standing = sample_event (LINCE_EVENT_APPEARED, TRUE, NULL);
  const LinceEvent *streams[] = {&running}, *exposures[] = {&standing, &standing};
  LinceHello hello = {
      "01234567-89ab-4def-8123-456789abcdef", "node-1", "0.1.0", 5, streams, 1, exposures, 2};

  lince_client_write_hello (&hello, text);
  g_string_append_c (text, '\n');
  lince_client_write_missed (3, 9, 7, 100, text);
  g_string_append_c (text, '\n');
  lince_client_write_error ("bad-filter", "There is no type \"x\".", text);
  g_string_append_c (text, '\n');
}

static void
write_lines (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint type = LINCE_EVENT_APPEARED; type <= LINCE_EVENT_MOVED; type++)
    for (int full = 0; full < 2; full++) {
      LinceEvent event = sample_event ((LinceEventType) type, full, placements);
      lince_event_write (&event, text);
    }
  write_client_messages (text);
  fputs (text->str, stdout);
}

static void
read_lines (void)
{
  static char line[LINCE_EVENT_MAX_LINE + 2];
  LinceClientMessage message;
  LinceEvent event;

  while (fgets (line, sizeof line, stdin)) {
    g_autoptr (GError) error = NULL;
    gboolean read = lince_client_read (
        line, strcspn (line, "\n"), &message, &event, placements, NULL, NULL, &error);
    puts (read ? "ok" : error->message);
  }
}

int
main (int argc, char **argv)
{
  if (argc == 2 && strcmp (argv[1], "write") == 0)
    write_lines ();
  else if (argc == 2 && strcmp (argv[1], "read") == 0)
    read_lines ();
  else
    return 64;
  return 0;
}
