/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Parts of linced that need no daemon: configuration, redaction, views, WebSocket frames, and a
 * client's bounded queue over a real pair of sockets. */
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../suite.h"
#include "daemon/access.h"
#include "daemon/client.h"
#include "daemon/config.h"
#include "daemon/redact.h"
#include "daemon/view.h"
#include "daemon/websocket.h"

/* ---- configuration ---- */

static LincedConfig *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  LincedConfig *config = linced_config_parse ("/etc/lince/x.conf", text, strlen (text), &error);
  ck_assert_msg (config != NULL, "%s", error ? error->message : "");
  return config;
}

START_TEST (test_config_values)
{
  g_autoptr (LincedConfig) config = parse (
      "[daemon]\nlisten=::1\nport=0\nnode=studio\nallowed-origins=https://a.example, https://b:1\n"
      "allowed-hosts=one;two\nmax-connections=99\nkeep-streams=true\n"
      "[stream \xc3\xa9]\nuri=dir/a b.ts\ncollection=../marks\nmode=async\ninterval=0.04s\n"
      "budget=12ms\nmin-confidence=0.25\nenabled=false\n[stream "
      "b]\nuri=rtsp://x/\ncollection=/c\n");
  ck_assert_str_eq (config->listen, "::1");
  ck_assert_uint_eq (config->port, 0);
  ck_assert_str_eq (config->allowed_origins[1], "https://b:1");
  ck_assert_ptr_null (config->allowed_origins[2]);
  ck_assert_str_eq (config->allowed_hosts[1], "two");
  ck_assert_uint_eq (config->max_connections, 99);
  ck_assert (config->keep_streams);
  const LincedStreamConfig *stream = linced_config_find_stream (config, "\xc3\xa9");
  ck_assert_str_eq (stream->uri, "file:///etc/lince/dir/a%20b.ts");
  ck_assert_str_eq (stream->collection, "/etc/marks");
  ck_assert_str_eq (stream->mode, "async");
  ck_assert_int_eq (stream->interval, 40000000);
  ck_assert_int_eq (stream->budget, 12000000);
  ck_assert_double_eq (stream->min_confidence, 0.25);
  ck_assert (!stream->enabled);
  stream = linced_config_find_stream (config, "b");
  ck_assert_str_eq (stream->uri, "rtsp://x/");
  ck_assert_str_eq (stream->pipeline, "default");
  ck_assert_int_lt (stream->interval, 0);
  ck_assert (stream->enabled);
  ck_assert_ptr_null (linced_config_find_stream (config, "c"));
}
END_TEST

static const struct {
  const char *text, *problem;
} bad_configs[] = {
    {"port=1\n", "/c:1: port: stands before the first group"},
    {"[daemon]\nport=x\n", "/c:2: [daemon] port: 'x' is not a whole number from 0 to 65535"},
    {"[daemon]\nport=65536\n", "/c:2: [daemon] port: '65536'"},
    {"[daemon]\nport=\n", "/c:2: [daemon] port: is empty"},
    {"\n\n[daemon]\n#\nlisten=localhost\n", "/c:5: [daemon] listen: 'localhost' is not a numeric"},
    {"[daemon]\nport=1\nport=2\n", "/c:3: [daemon] port: this key already stands on line 2"},
    {"[daemon]\n[stream a]\nuri=x\ncollection=c\n[daemon]\n", "/c:5: [daemon] this group already"},
    {"[daemon]\nallowed-origins=a.example\n", "/c:2: [daemon] allowed-origins: 'a.example' is not"},
    {"[daemon]\nallowed-hosts=http://x\n", "/c:2: [daemon] allowed-hosts: 'http://x' is not"},
    {"[daemon]\nkeep-streams=yes\n", "/c:2: [daemon] keep-streams: 'yes' is neither true nor"},
    {"[stream a]\ncollection=c\n", "/c:1: [stream a] uri: is missing"},
    {"[stream a]\nuri=x\n", "/c:1: [stream a] collection: is missing"},
    {"[stream a]\nuri=x\ncollection=c\nmode=fast\n", "/c:4: [stream a] mode: 'fast' is neither"},
    {"[stream a]\nuri=x\ncollection=c\ninterval=4\n", "/c:4: [stream a] interval: '4' is not a"},
    {"[stream a]\nuri=x\ncollection=c\ninterval=2h\n", "/c:4: [stream a] interval: '2h' is not"},
    {"[stream a]\nuri=x\ncollection=c\nbudget=-1ms\n", "/c:4: [stream a] budget: '-1ms' is not"},
    {"[stream a]\nuri=x\ncollection=c\nmin-confidence=1.1\n",
        "/c:4: [stream a] min-confidence: '1"},
    {"[stream a]\nuri=x\ncollection=c\nmin-confidence=nan\n",
        "/c:4: [stream a] min-confidence: 'n"},
    {"[stream a]\nuri=x\ncollection=c\npipeline=../x\n", "/c:4: [stream a] pipeline: '../x' is"},
    {"[stream a]\nuri=x\ncollection=c\nloop=1\n", "/c:4: [stream a] loop: unknown key; known here"},
    {"[stream ../a]\nuri=x\ncollection=c\n", "/c:1: [stream ../a] not a stream's id"},
    {"[strem a]\n", "/c:1: [strem a] unknown group"},
    {"[daemon\n", "/c:1: not a group"},
    {"[daemon]\nport\n", "/c:2: [daemon] neither a comment, a group nor key=value"},
    {"[daemon]\n\xff=1\n", "/c:2: not UTF-8"},
};

START_TEST (test_config_problems)
{
  g_autoptr (GError) error = NULL;
  const char *text = bad_configs[_i].text;
  ck_assert_ptr_null (linced_config_parse ("/c", text, strlen (text), &error));
  ck_assert (g_error_matches (error, LINCED_CONFIG_ERROR, LINCED_CONFIG_ERROR_CONTENT));
  ck_assert_msg (strstr (error->message, bad_configs[_i].problem) != NULL, "%s", error->message);
}
END_TEST

START_TEST (test_config_many_problems)
{
  g_autoptr (GString) text = g_string_new ("[daemon]\n");
  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (text, "key%u=1\n", i);
  g_autoptr (GError) error = NULL;
  ck_assert_ptr_null (linced_config_parse ("/c", text->str, text->len, &error));
  ck_assert (g_str_has_suffix (error->message, "/c: and 980 problems more"));
}
END_TEST

/* ---- redaction ---- */

START_TEST (test_redaction)
{
  static const struct {
    const char *uri, *clean;
  } cases[] = {
      {"rtsp://user:pass@camera:554/1", "rtsp://***@camera:554/1"},
      {"rtsp://user@camera/1", "rtsp://***@camera/1"},
      {"rtsp://us:p@ss@camera/1", "rtsp://***@camera/1"},
      {"rtsp://us:pa/ss@camera/1", "rtsp://us:pa/***@camera/1"},
      {"http://h/x?token=abc&user=b#frag", "http://h/x?token=***&user=***#***"},
      {"http://h/x?abc", "http://h/x?***"},
      {"file:///srv/a.ts", "file:///srv/a.ts"},
      {"not an address", "(an address)"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *clean = linced_redact_uri (cases[i].uri);
    ck_assert_str_eq (clean, cases[i].clean);
  }
  g_autofree char *text = linced_redact_text ("cannot open \"rtsp://a:b@c/?d=e\" (tcp): no");
  ck_assert_str_eq (text, "cannot open \"rtsp://***@c/?d=***\" (tcp): no");
}
END_TEST

START_TEST (test_equal)
{
  ck_assert (linced_access_is_equal ("", ""));
  ck_assert (linced_access_is_equal ("abc", "abc"));
  ck_assert (!linced_access_is_equal ("abc", "abd"));
  ck_assert (!linced_access_is_equal ("abc", "Abc"));
  ck_assert (!linced_access_is_equal ("abc", "ab"));
  ck_assert (!linced_access_is_equal ("", "a"));
}
END_TEST

/* ---- views ---- */

START_TEST (test_views_share_a_key)
{
  g_autoptr (LincedView) a = linced_view_new ("stream=b,a&type=moved&object=x&object=y", NULL);
  g_autoptr (LincedView) b = linced_view_new ("object=y,x,y&type=moved&stream=a&stream=b", NULL);
  g_autoptr (LincedView) c = linced_view_new ("object=y&type=moved&stream=a&stream=b", NULL);
  g_autoptr (LincedView) all = linced_view_new (NULL, NULL);
  ck_assert_str_eq (linced_view_key (a), linced_view_key (b));
  ck_assert_str_ne (linced_view_key (a), linced_view_key (c));
  ck_assert (linced_view_is_plain (all));
  ck_assert (!linced_view_is_plain (a));
}
END_TEST

/* ---- WebSocket frames ---- */

static void
count_message (LincedWebsocketOpcode opcode, const guint8 *payload, gsize length, gpointer data)
{
  g_string_append_printf (data, "%d:%.*s;", opcode, (int) length, (const char *) payload);
}

START_TEST (test_frames_read)
{
  /* a fragmented text with a ping in between; masks of zero and of others */
  static const char bytes[] = "\x01\x82\0\0\0\0ab\x89\x82\1\2\3\4hk\x80\x82\0\0\0\0cd";
  for (gsize piece = 1; piece < sizeof bytes; piece++) {
    g_autoptr (LincedWebsocketReader) reader = linced_websocket_reader_new ();
    g_autoptr (GString) heard = g_string_new (NULL);
    for (gsize at = 0; at < sizeof bytes - 1; at += piece)
      ck_assert_uint_eq (linced_websocket_reader_feed (reader, (const guint8 *) bytes + at,
                             MIN (piece, sizeof bytes - 1 - at), count_message, heard),
          0);
    ck_assert_str_eq (heard->str, "9:ii;1:abcd;");
  }
}
END_TEST

START_TEST (test_frames_written)
{
  static const gsize sizes[] = {0, 125, 126, 65535, 65536};
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree char *payload = g_malloc0 (sizes[i] + 1);
    g_autoptr (GBytes) frame = linced_websocket_frame (LINCED_WEBSOCKET_TEXT, payload, sizes[i]);
    gsize header = sizes[i] < 126 ? 2 : sizes[i] < 65536 ? 4 : 10;
    const guint8 *bytes = g_bytes_get_data (frame, NULL);
    ck_assert_uint_eq (g_bytes_get_size (frame), header + sizes[i]);
    ck_assert_uint_eq (bytes[0], 0x81);
    ck_assert_uint_eq (bytes[1], sizes[i] < 126 ? sizes[i] : sizes[i] < 65536 ? 126 : 127);
    ck_assert_uint_eq (bytes[header - 1], sizes[i] & 0xff);
  }
}
END_TEST

/* ---- a client's queue ---- */

typedef struct {
  LincedPoller *poller;
  LincedClient *client;
  int peer;
  guint gone, hungry;
} Fixture;

static void
on_gone (LincedClient *client, gpointer data)
{
  ((Fixture *) data)->gone++;
}

static void
on_hungry (LincedClient *client, gpointer data)
{
  ((Fixture *) data)->hungry++;
}

static void
set_up (Fixture *fixture)
{
  static const LincedClientEvents events = {on_gone, on_hungry};
  int pair[2];
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  g_autoptr (GSocket) socket = g_socket_new_from_fd (pair[0], NULL);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  fixture->poller = linced_poller_new (NULL);
  fixture->peer = pair[1];
  fixture->client =
      linced_client_new (G_IO_STREAM (stream), pair[0], fixture->poller, &events, fixture);
}

static void
tear_down (Fixture *fixture)
{
  linced_client_free (fixture->client);
  linced_poller_free (fixture->poller);
  close (fixture->peer);
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* All text messages that the peer can read now, joined by '|'. */
static char *
read_all (Fixture *fixture)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 buffer[65536];
  for (int idle = 0; idle < 3; idle++) {
    ssize_t count;
    while ((count = recv (fixture->peer, buffer, sizeof buffer, 0)) > 0) {
      g_byte_array_append (bytes, buffer, (guint) count);
      idle = 0;
    }
    turn ();
  }
  GString *text = g_string_new (NULL);
  for (guint at = 0; at + 2 <= bytes->len;) {
    gsize length = bytes->data[at + 1], header = 2;
    if (length == 126) {
      length = (gsize) bytes->data[at + 2] << 8 | bytes->data[at + 3];
      header = 4;
    }
    gsize shown = MIN (length, 100);
    g_string_append_len (text, (const char *) bytes->data + at + header, (gssize) shown);
    g_string_append_c (text, '|');
    at += (guint) (header + length);
  }
  return g_string_free (text, FALSE);
}

static void
send_text (Fixture *fixture, const char *text, guint64 sequence)
{
  g_autoptr (GBytes) frame = linced_websocket_frame (LINCED_WEBSOCKET_TEXT, text, strlen (text));
  linced_client_send (fixture->client, frame, sequence);
}

/* Fills the socket with messages of 1,000 bytes until they queue up; returns the last number. */
static guint64
fill (Fixture *fixture)
{
  char text[1001];
  guint64 sequence = 0;
  memset (text, 'x', 1000);
  text[1000] = '\0';
  while (linced_client_dropped (fixture->client) == 0 && sequence < 100000)
    send_text (fixture, text, ++sequence);
  return sequence;
}

START_TEST (test_client_drops_the_oldest_and_tells)
{
  Fixture fixture = {0};
  set_up (&fixture);
  send_text (&fixture, "hello", 0);
  guint64 last = fill (&fixture);
  for (guint i = 1; i < 50; i++)
    send_text (&fixture, "later", last + i);
  ck_assert_uint_ge (linced_client_dropped (fixture.client), 40);
  g_autofree char *text = read_all (&fixture);
  ck_assert (g_str_has_prefix (text, "hello|"));
  ck_assert_ptr_nonnull (strstr (text, "\"type\":\"missed\""));
  ck_assert (g_str_has_suffix (text, "later|later|"));
  ck_assert_uint_gt (fixture.hungry, 0);
  /* once it reads, nothing is dropped any more */
  guint64 dropped = linced_client_dropped (fixture.client);
  send_text (&fixture, "now", last + 51);
  g_autofree char *more = read_all (&fixture);
  ck_assert_str_eq (more, "now|");
  ck_assert_uint_eq (linced_client_dropped (fixture.client), dropped);
  tear_down (&fixture);
}
END_TEST

START_TEST (test_client_keeps_the_newest_moved_of_each_stream)
{
  Fixture fixture = {0};
  set_up (&fixture);
  guint64 last = fill (&fixture);
  for (guint i = 0; i < 100; i++) {
    g_autofree char *text = g_strdup_printf ("m%u-%s", i, i % 2 ? "b" : "a");
    g_autoptr (GBytes) frame = linced_websocket_frame (LINCED_WEBSOCKET_TEXT, text, strlen (text));
    linced_client_send_moved (fixture.client, frame, i % 2 ? "b" : "a");
  }
  send_text (&fixture, "end", last + 1);
  g_autofree char *text = read_all (&fixture);
  ck_assert (g_str_has_suffix (text, "|m98-a|m99-b|end|"));
  ck_assert_ptr_null (strstr (text, "m97"));
  tear_down (&fixture);
}
END_TEST

START_TEST (test_client_slow_and_silent)
{
  Fixture fixture = {0};
  gint64 now = g_get_monotonic_time ();
  set_up (&fixture);
  linced_client_tick (fixture.client, now + (LINCED_CLIENT_PING_S + 1) * G_USEC_PER_SEC);
  guint8 ping[2];
  ck_assert_int_eq (recv (fixture.peer, ping, 2, 0), 2);
  ck_assert_uint_eq (ping[0], 0x89);
  fill (&fixture);
  linced_client_tick (fixture.client, now + (LINCED_CLIENT_SLOW_S - 1) * G_USEC_PER_SEC);
  ck_assert_uint_eq (fixture.gone, 0);
  linced_client_tick (fixture.client, now + (LINCED_CLIENT_SLOW_S + 5) * G_USEC_PER_SEC);
  linced_client_tick (fixture.client, now + (LINCED_CLIENT_SLOW_S + 15) * G_USEC_PER_SEC);
  turn ();
  ck_assert_uint_eq (fixture.gone, 1);
  tear_down (&fixture);
}
END_TEST

START_TEST (test_client_ends_with_its_peer)
{
  Fixture fixture = {0};
  set_up (&fixture);
  shutdown (fixture.peer, SHUT_RDWR);
  turn ();
  ck_assert_uint_eq (fixture.gone, 1);
  send_text (&fixture, "nobody hears", 1);
  turn ();
  ck_assert_uint_eq (fixture.gone, 1);
  tear_down (&fixture);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("linced parts");
  TCase *parts = tcase_create ("parts");
  tcase_add_test (parts, test_config_values);
  tcase_add_loop_test (parts, test_config_problems, 0, G_N_ELEMENTS (bad_configs));
  tcase_add_test (parts, test_config_many_problems);
  tcase_add_test (parts, test_redaction);
  tcase_add_test (parts, test_equal);
  tcase_add_test (parts, test_views_share_a_key);
  tcase_add_test (parts, test_frames_read);
  tcase_add_test (parts, test_frames_written);
  tcase_add_test (parts, test_client_drops_the_oldest_and_tells);
  tcase_add_test (parts, test_client_keeps_the_newest_moved_of_each_stream);
  tcase_add_test (parts, test_client_slow_and_silent);
  tcase_add_test (parts, test_client_ends_with_its_peer);
  suite_add_tcase (suite, parts);
  return run_suite (suite);
}
