/* SPDX-License-Identifier: LGPL-2.1-or-later
 * An event's line: what the reader takes, the writer writes so that it is taken again. */
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "sample_events.h"
#include "wire/client.h"

static LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS];

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GString) first = g_string_new (NULL);
  g_autoptr (GString) second = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  LinceClientMessage message;
  LinceEvent event;

  lince_client_read ((const char *) data, size, &message, &event, placements, NULL, NULL, NULL);
  if (!lince_event_read ((const char *) data, size, &event, placements, &error)) {
    g_assert_nonnull (error);
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
    return 0;
  }
  lince_event_write (&event, first);
  if (!lince_event_read (first->str, first->len, &event, placements, &error))
    g_error ("%s: %s", first->str, error->message);
  lince_event_write (&event, second);
  g_assert_cmpstr (first->str, ==, second->str);
  return 0;
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  g_autoptr (GString) text = g_string_new (NULL);
  LinceEvent event;

  if (number < 2 * LINCE_EVENT_MOVED) {
    event = sample_event ((LinceEventType) (1 + number / 2), number % 2, placements);
    lince_event_write (&event, text);
  } else if (number == 2 * LINCE_EVENT_MOVED) {
    event = sample_event (LINCE_EVENT_APPEARED, TRUE, NULL);
    const LinceEvent *exposures[] = {&event};
    LinceHello hello = {
        "01234567-89ab-4def-8123-456789abcdef", "node", "0.1.0", 77, NULL, 0, exposures, 1};
    lince_client_write_hello (&hello, text);
  } else {
    return 0;
  }
  *size = text->len;
  *data = malloc (text->len);
  memcpy (*data, text->str, text->len);
  return 1;
}
