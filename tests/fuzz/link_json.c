/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The lines between lince-stream and linced, and the header of a picture. */
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "sample_events.h"
#include "wire/link.h"

static LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS];

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static LinceLinkMessage *message = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) other = NULL;
  LincePictureHeader header;

  if (message == NULL)
    message = lince_link_message_new ();
  if (lince_link_read ((const char *) data, size, message, &error)) {
    if (message->type == LINCE_LINK_OBJECTS)
      g_assert_cmpuint (message->objects.part, <=, message->objects.parts);
  } else {
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
  }
  if (lince_link_read_picture ((const char *) data, size, &header, placements, &other))
    g_assert_cmpuint (header.bytes, <=, LINCE_PICTURE_MAX_BYTES);
  return 0;
}

static void
write_seed (unsigned number, GString *text)
{
  LinceLinkGreeting greeting = {"cam", SAMPLE_RUN, 4711, "0.1.0", 3, 7};
  LinceLinkConfigure configure = {.uri = "rtsp://camera/1",
      .pipeline = "default",
      .collection = "/a",
      .collection_id = "a",
      .mode = "sync",
      .interval = 1,
      .budget = 2,
      .minimum_confidence = 0.5};
  LinceLinkBeat beat = {1, 2, 3, 4, 5, 6, 7, LINCE_STREAM_RUNNING};
  LinceLinkLook look = {5, 640, 3000};
  LinceLinkObject objects[2] = {{"a", "A \"b\"", "{\"price\":[1,2]}"}, {"b", "", ""}};
  LinceEvent event = sample_event (LINCE_EVENT_MOVED, TRUE, placements);
  LincePictureHeader header = {"cam", SAMPLE_RUN, 5, 6, event.utc, 640, 360, 9999, placements, 2};

  switch (number) {
    case 0:
      lince_link_write_greeting (&greeting, text);
      break;
    case 1:
      lince_link_write_configure (&configure, text);
      break;
    case 2:
      lince_link_write_beat (&beat, text);
      break;
    case 3:
      lince_link_write_look (&look, text);
      break;
    case 4:
      lince_link_write_objects ("a", "0123456789abcdef", objects, 2, text);
      break;
    case 5:
      lince_link_write_problem ("a.png", "It is flat.", text);
      break;
    case 6:
      lince_link_write_acknowledge (12, text);
      break;
    case 7:
      lince_link_write_stop (text);
      break;
    case 8:
      lince_link_write_picture (&header, text);
      break;
    case 9:
      lince_event_write (&event, text);
      break;
    default:
      break;
  }
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  g_autoptr (GString) text = g_string_new (NULL);

  write_seed (number, text);
  if (text->len == 0)
    return 0;
  *size = text->len;
  *data = malloc (text->len);
  memcpy (*data, text->str, text->len);
  return 1;
}
