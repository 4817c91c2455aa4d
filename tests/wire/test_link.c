/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The link's lines, the picture's header, the client's messages and requests: written, read and
 * refused. */
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "sample_events.h"
#include "wire/client.h"
#include "wire/link.h"
#include "wire/request.h"

static LinceLinkMessage *message;
static GString *line;

static void
set_up (void)
{
  message = lince_link_message_new ();
  line = g_string_new (NULL);
}

static void
tear_down (void)
{
  lince_link_message_free (message);
  g_string_free (line, TRUE);
}

/* an exact-size copy, so that a sanitizer sees every byte too far */
static gboolean
read_text (const char *text, gsize length, GError **error)
{
  g_autofree char *copy = g_memdup2 (text, length);

  return lince_link_read (copy, length, message, error);
}

static void
read_back (LinceLinkType type)
{
  GError *error = NULL;

  ck_assert_int_eq (line->str[line->len - 1], '\n');
  ck_assert (memchr (line->str, '\n', line->len - 1) == NULL);
  ck_assert_msg (
      read_text (line->str, line->len, &error), "%s: %s", line->str, error ? error->message : "");
  ck_assert_int_eq (message->type, type);
  g_string_truncate (line, 0);
}

static void
refuses (const char *text, const char *says)
{
  GError *error = NULL;

  ck_assert_msg (!read_text (text, strlen (text), &error), "%s was read", text);
  ck_assert_msg (strstr (error->message, says) != NULL, "%s: %s", text, error->message);
  g_error_free (error);
}

START_TEST (test_greetings)
{
  LinceLinkGreeting stream = {"cam", SAMPLE_RUN, 4711, "0.1.0", 3, 0},
                    daemon = {"", "", 0, "0.1.0", 0, 12};

  lince_link_write_greeting (&stream, line);
  ck_assert_str_eq (line->str,
      "{\"lince\":\"link\",\"v\":1,\"stream\":\"cam\",\"run\":\"" SAMPLE_RUN
      "\",\"pid\":4711,\"version\":\"0.1.0\",\"unacknowledged\":3}\n");
  read_back (LINCE_LINK_GREETING);
  ck_assert_str_eq (message->greeting.stream, "cam");
  ck_assert_str_eq (message->greeting.run, SAMPLE_RUN);
  ck_assert_int_eq (message->greeting.pid, 4711);
  ck_assert_uint_eq (message->greeting.unacknowledged, 3);
  lince_link_write_greeting (&daemon, line);
  read_back (LINCE_LINK_GREETING);
  ck_assert_str_eq (message->greeting.stream, "");
  ck_assert_uint_eq (message->greeting.acknowledged, 12);
  lince_link_write_refusal ("A \"sentence\".", line);
  read_back (LINCE_LINK_REFUSAL);
  ck_assert_str_eq (message->refusal, "A \"sentence\".");

  refuses ("{\"lince\":\"link\",\"v\":2,\"version\":\"9\"}", "v is newer");
  refuses ("{\"lince\":\"picture\",\"v\":1,\"version\":\"9\"}", "another kind");
  refuses ("{\"lince\":\"link\",\"v\":1}", "version is missing");
  refuses ("{\"lince\":\"link\",\"v\":1,\"version\":\"9\",\"run\":\"abc\"}", "run is not");
  refuses (
      "{\"lince\":\"link\",\"v\":1,\"version\":\"9\",\"version\":\"9\"}", "version is repeated");
}
END_TEST

START_TEST (test_configure)
{
  LinceLinkConfigure configure = {.uri = "rtsp://user:secret@camera/1",
      .pipeline = "default",
      .collection = "/tmp/a \"b\"",
      .collection_id = "b",
      .mode = "sync",
      .interval = 40000000,
      .budget = -1,
      .minimum_confidence = 0.25};

  lince_link_write_configure (&configure, line);
  ck_assert (strstr (line->str, "budget") == NULL);
  read_back (LINCE_LINK_CONFIGURE);
  ck_assert_str_eq (message->configure.uri, configure.uri);
  ck_assert_str_eq (message->configure.collection, configure.collection);
  ck_assert_str_eq (message->configure.collection_id, "b");
  ck_assert_int_eq (message->configure.interval, 40000000);
  ck_assert_int_eq (message->configure.budget, -1);
  ck_assert_double_eq (message->configure.minimum_confidence, 0.25);
  refuses ("{\"configure\":{\"uri\":\"a\",\"interval\":-1}}", "interval is out of range");
  refuses ("{\"configure\":{\"pipeline\":\"a\"}}", "uri is missing");
  refuses ("{\"configure\":{}}", "");
  refuses ("{\"configure\":5}", "not an object");
  refuses ("{\"configure\":{\"uri\":\"a\"},\"configure\":{\"uri\":\"b\"}}", "repeats its key");
}
END_TEST

START_TEST (test_secret_is_not_quoted)
{
  GError *error = NULL;
  const char *text =
      "{\"configure\":{\"uri\":\"rtsp://user:secret@camera/\",\"uri\":\"rtsp://user:secret@x\"}}";

  ck_assert (!read_text (text, strlen (text), &error));
  ck_assert (strstr (error->message, "secret") == NULL);
  g_error_free (error);
}
END_TEST

START_TEST (test_commands)
{
  LinceLinkLook look = {5, 640, 3000}, none = {0};

  lince_link_write_acknowledge (G_GUINT64_CONSTANT (9007199254740992), line);
  read_back (LINCE_LINK_ACKNOWLEDGE);
  ck_assert_uint_eq (message->acknowledge, G_GUINT64_CONSTANT (9007199254740992));
  lince_link_write_stop (line);
  read_back (LINCE_LINK_STOP);
  lince_link_write_look (&look, line);
  read_back (LINCE_LINK_LOOK);
  ck_assert_uint_eq (message->look.width, 640);
  ck_assert_uint_eq (message->look.for_ms, 3000);
  lince_link_write_look (&none, line);
  read_back (LINCE_LINK_LOOK);
  ck_assert_uint_eq (message->look.pictures, 0);
  refuses ("{\"stop\":false}", "stop false");
  refuses ("{\"acknowledge\":-1}", "out of range");
  refuses ("{\"look\":{\"pictures\":31}}", "pictures is out of range");
  refuses ("{\"stop\":true}x", "goes on");
  ck_assert (read_text ("{\"later\":{\"a\":[1]},\"more\":2}", 28, NULL));
  ck_assert_int_eq (message->type, LINCE_LINK_UNKNOWN);
}
END_TEST

START_TEST (test_beat_event_problem)
{
  LinceLinkBeat beat = {1, 2, 3, 4, LINCE_TIME_NONE, 5, 6, LINCE_STREAM_STALLED};
  LinceEvent event = sample_event (LINCE_EVENT_VANISHED, TRUE, NULL);

  lince_link_write_beat (&beat, line);
  read_back (LINCE_LINK_BEAT);
  ck_assert_uint_eq (message->beat.main_turns, 1);
  ck_assert_uint_eq (message->beat.pipeline_frames, 2);
  ck_assert_int_eq (message->beat.pts, LINCE_TIME_NONE);
  ck_assert_int_eq (message->beat.recognize_ns, 6);
  ck_assert_int_eq (message->beat.state, LINCE_STREAM_STALLED);
  lince_event_write (&event, line);
  read_back (LINCE_LINK_EVENT);
  ck_assert_str_eq (message->event.object, "poster");
  lince_link_write_problem ("dir/a b.png", "It is flat.", line);
  read_back (LINCE_LINK_PROBLEM);
  ck_assert_str_eq (message->problem.reference, "dir/a b.png");
  refuses ("{\"beat\":{\"main\":1,\"pipeline\":1}}", "state is missing");
  refuses ("{\"v\":1,\"type\":\"appeared\"}", "stream is missing");
}
END_TEST

START_TEST (test_objects)
{
  g_autofree LinceLinkObject *objects = g_new0 (LinceLinkObject, 500);
  guint count = 0, part = 0;

  for (guint i = 0; i < 500; i++) {
    g_snprintf (objects[i].id, sizeof objects[i].id, "object-%u", i);
    memset (objects[i].name, 1, LINCE_EVENT_TEXT_MAX); /* six bytes each, escaped */
    strcpy (objects[i].metadata, i % 2 ? "{ \"price\" : [ 1 ,\n \"a \\\" b\" ] }" : "no object");
  }
  lince_link_write_objects ("logos", "0123456789abcdef", objects, 500, line);
  g_auto (GStrv) lines = g_strsplit (line->str, "\n", -1);
  for (char **text = lines; **text; text++) {
    ck_assert_uint_lt (strlen (*text), LINCE_EVENT_MAX_LINE);
    ck_assert (read_text (*text, strlen (*text), NULL));
    ck_assert_int_eq (message->type, LINCE_LINK_OBJECTS);
    ck_assert_str_eq (message->objects.revision, "0123456789abcdef");
    ck_assert_uint_eq (message->objects.part, ++part);
    for (guint i = 0; i < message->objects.objects->len; i++, count++) {
      LinceLinkObject *object = &g_array_index (message->objects.objects, LinceLinkObject, i);
      ck_assert_str_eq (object->id, objects[count].id);
      ck_assert_str_eq (object->name, objects[count].name);
      ck_assert_str_eq (object->metadata, count % 2 ? "{\"price\":[1,\"a \\\" b\"]}" : "");
    }
  }
  ck_assert_uint_eq (count, 500);
  ck_assert_uint_gt (part, 5);
  ck_assert_uint_eq (message->objects.parts, part);
  g_string_truncate (line, 0);
  lince_link_write_objects ("logos", "1", NULL, 0, line);
  read_back (LINCE_LINK_OBJECTS);
  ck_assert_uint_eq (message->objects.objects->len, 0);
  refuses ("{\"objects\":{\"part\":2,\"parts\":1,\"objects\":[]}}", "beyond");
  refuses ("{\"objects\":{\"part\":1,\"parts\":1,\"objects\":[{\"id\":\"a\",\"metadata\":5}]}}",
      "no object");
  refuses ("{\"objects\":{\"part\":1,\"parts\":1,\"objects\":[{\"name\":\"a\"}]}}", "missing");
}
END_TEST

START_TEST (test_picture)
{
  static LinceEventPlacement own[LINCE_EVENT_MAX_PLACEMENTS], read[LINCE_EVENT_MAX_PLACEMENTS];
  LinceEvent moved = sample_event (LINCE_EVENT_MOVED, TRUE, own);
  LincePictureHeader header = {"cam", SAMPLE_RUN, 5, LINCE_TIME_NONE, moved.utc, 640, 360, 9999,
                         own, 2},
                     back;
  GError *error = NULL;

  lince_link_write_picture (&header, line);
  ck_assert_msg (lince_link_read_picture (line->str, line->len, &back, read, &error), "%s",
      error ? error->message : "");
  ck_assert_int_eq (back.pts, 5);
  ck_assert_int_eq (back.running_time, LINCE_TIME_NONE);
  ck_assert_int_eq (back.utc, moved.utc);
  ck_assert_int_eq (back.width, 640);
  ck_assert_uint_eq (back.bytes, 9999);
  ck_assert_uint_eq (back.placement_count, 2);
  ck_assert_uint_eq (back.placements[1].exposure_number, 7);
  g_string_replace (line, "9999", "524289", 0);
  ck_assert (!lince_link_read_picture (line->str, line->len, &back, read, NULL));
}
END_TEST

static void
count_events (const LinceEvent *event, gpointer data)
{
  ++*(guint *) data;
}

START_TEST (test_client)
{
  LinceEvent running = sample_event (LINCE_EVENT_STREAM, FALSE, NULL), event;
  LinceEvent standing = sample_event (LINCE_EVENT_APPEARED, TRUE, NULL);
  const LinceEvent *streams[] = {&running}, *exposures[] = {&standing, &standing};
  LinceHello hello = {
      "01234567-89ab-4def-8123-456789abcdef", "node", "0.1.0", 77, streams, 1, exposures, 2};
  LinceClientMessage client;
  guint count = 0;
  gsize length;

  lince_client_write_hello (&hello, line);
  ck_assert (
      lince_client_read (line->str, line->len, &client, &event, NULL, count_events, &count, NULL));
  ck_assert_int_eq (client.type, LINCE_MESSAGE_IS_HELLO);
  ck_assert_str_eq (client.log, hello.log);
  ck_assert_uint_eq (client.sequence, 77);
  ck_assert_uint_eq (count, 3);
  g_string_truncate (line, 0);
  lince_client_write_missed (3, 9, 7, 100, line);
  ck_assert_str_eq (
      line->str, "{\"v\":1,\"type\":\"missed\",\"first\":3,\"last\":9,\"count\":7,\"moved\":100}");
  ck_assert (lince_client_read (line->str, line->len, &client, &event, NULL, NULL, NULL, NULL));
  ck_assert_uint_eq (client.moved, 100);
  g_string_truncate (line, 0);
  lince_event_write (&standing, line);
  g_autoptr (GBytes) bytes = g_bytes_new (line->str, line->len);
  g_autoptr (GBytes) joined = lince_client_join_metadata (bytes, "{\"a\":1}");
  const char *text = g_bytes_get_data (joined, &length);
  ck_assert (lince_client_read (text, length, &client, &event, NULL, NULL, NULL, NULL));
  ck_assert_int_eq (client.type, LINCE_MESSAGE_IS_EVENT);
  ck_assert_str_eq (event.object, "poster");
  ck_assert_int_eq (memcmp (text + length - 20, ",\"metadata\":{\"a\":1}}", 20), 0);
}
END_TEST

static JsonObject *
parse (const char *body)
{
  return lince_request_parse (body, strlen (body), NULL);
}

START_TEST (test_request)
{
  static const char *const names[] = {"text", "number", "yes", NULL};
  g_autoptr (JsonObject) request = parse ("{\"text\":\"abc\",\"number\":5,\"yes\":true}");
  g_autoptr (GString) deep = g_string_new ("{\"a\":");
  g_autofree char *large = g_strnfill (LINCE_REQUEST_MAX_BYTES, ' ');
  const char *text = NULL;
  gint64 number = 0;
  gboolean yes = FALSE;

  ck_assert (request != NULL);
  ck_assert (lince_request_check_members (request, names, NULL));
  ck_assert (!lince_request_check_members (request, names + 1, NULL));
  ck_assert (lince_request_get_text (request, "text", 3, &text, NULL));
  ck_assert_str_eq (text, "abc");
  ck_assert (!lince_request_get_text (request, "text", 2, &text, NULL));
  ck_assert (!lince_request_get_text (request, "number", 9, &text, NULL));
  ck_assert (lince_request_get_integer (request, "number", 0, 5, &number, NULL));
  ck_assert_int_eq (number, 5);
  ck_assert (!lince_request_get_integer (request, "number", 0, 4, &number, NULL));
  ck_assert (lince_request_get_boolean (request, "yes", &yes, NULL));
  ck_assert (yes);
  ck_assert (lince_request_get_boolean (request, "absent", &yes, NULL));
  ck_assert (parse ("") == NULL);
  ck_assert (parse ("[]") == NULL);
  ck_assert (parse ("{\"a\":1,\"a\":2}") == NULL);
  ck_assert (parse ("{\"a\":{\"b\":1,\"\\u0062\":2}}") == NULL);
  ck_assert (parse ("{\"a\":1} x") == NULL);
  ck_assert (parse ("{'a':1}") == NULL);
  ck_assert (parse ("/* */{}") == NULL);
  for (int i = 0; i < 30000; i++)
    g_string_append_c (deep, '[');
  ck_assert (parse (deep->str) == NULL);
  memcpy (large, "{}", 2);
  g_autoptr (JsonObject) most = lince_request_parse (large, LINCE_REQUEST_MAX_BYTES, NULL);
  ck_assert (most != NULL);
  ck_assert (lince_request_parse (large, LINCE_REQUEST_MAX_BYTES + 1, NULL) == NULL);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("link");
  TCase *tests = tcase_create ("link");

  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, test_greetings);
  tcase_add_test (tests, test_configure);
  tcase_add_test (tests, test_secret_is_not_quoted);
  tcase_add_test (tests, test_commands);
  tcase_add_test (tests, test_beat_event_problem);
  tcase_add_test (tests, test_objects);
  tcase_add_test (tests, test_picture);
  tcase_add_test (tests, test_client);
  tcase_add_test (tests, test_request);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
