/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Events written, read, and refused. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "sample_events.h"
#include "wire/event_fields.h"
#include "wire/id.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

static LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS];

/* reads an exact-size copy, so that a sanitizer sees every byte too far */
static gboolean
read_line (const char *text, gsize length, LinceEvent *event, GError **error)
{
  g_autofree char *copy = g_memdup2 (text, length);

  return lince_event_read (copy, length, event, placements, error);
}

static void
check_look (const LinceEventLook *look)
{
  ck_assert_double_eq (look->opacity, 0.4);
  ck_assert_double_eq (look->occluded, 0.3);
  ck_assert_double_eq (look->cut_off, 0.2);
  ck_assert_double_eq (look->blur, 2.5);
  ck_assert_str_eq (look->kind, "mark");
}

START_TEST (test_round_trip)
{
  LinceEventPlacement own[LINCE_EVENT_MAX_PLACEMENTS];
  LinceEvent event = sample_event ((LinceEventType) (1 + _i / 2), _i % 2 == 1, own), read;
  g_autoptr (GString) first = g_string_new (NULL);
  g_autoptr (GString) second = g_string_new (NULL);
  GError *error = NULL;

  lince_event_write (&event, first);
  ck_assert_int_eq (first->str[first->len - 1], '\n');
  ck_assert_msg (read_line (first->str, first->len, &read, &error), "%s: %s", first->str,
      error ? error->message : "");
  lince_event_write (&read, second);
  ck_assert_str_eq (first->str, second->str);
  ck_assert_int_eq (read.type, event.type);
}
END_TEST

START_TEST (test_values_survive)
{
  LinceEvent event = sample_event (LINCE_EVENT_APPEARED, TRUE, NULL), read;
  g_autoptr (GString) line = g_string_new (NULL);

  lince_event_write (&event, line);
  ck_assert (read_line (line->str, line->len - 1, &read, NULL));
  ck_assert_str_eq (read.name, event.name);
  ck_assert_str_eq (read.timecode, "10:00:00;01");
  ck_assert_int_eq (read.running_time, G_MAXINT64);
  ck_assert_int_eq (read.stream_time, 0);
  ck_assert_int_eq (read.utc, event.utc);
  ck_assert_int_eq (read.utc_source, LINCE_UTC_TIMECODE);
  ck_assert_int_eq (read.par_n, 64);
  ck_assert_int_eq (read.par_d, 45);
  ck_assert (read.resumed);
  ck_assert (!read.logged);
  ck_assert_double_eq_tol (read.quad[2], 2 * 0.3333333, 5e-7);
  check_look (&read.look);
  ck_assert_int_eq (read.retry_in, LINCE_TIME_NONE);
}
END_TEST

START_TEST (test_moved)
{
  LinceEventPlacement own[LINCE_EVENT_MAX_PLACEMENTS];
  LinceEvent event = sample_event (LINCE_EVENT_MOVED, TRUE, own), read;
  g_autoptr (GString) line = g_string_new (NULL);

  lince_event_write (&event, line);
  ck_assert (read_line (line->str, line->len, &read, NULL));
  ck_assert_ptr_eq (read.placements, placements);
  ck_assert_uint_eq (read.placement_count, 2);
  ck_assert_uint_eq (placements[0].exposure_number, 0);
  ck_assert_uint_eq (placements[1].exposure_number, 7);
  ck_assert_str_eq (placements[1].object, "b\xc3\xa4r_2");
  ck_assert_double_eq (placements[1].confidence, 0.333333);
  ck_assert_double_lt (placements[0].look.opacity, 0);
  ck_assert_double_lt (placements[0].look.blur, 0);
  check_look (&placements[1].look);
  ck_assert_uint_eq (read.sequence, 0);
}
END_TEST

START_TEST (test_locale)
{
  LinceEvent event = sample_event (LINCE_EVENT_APPEARED, TRUE, NULL), read;
  g_autoptr (GString) before = g_string_new (NULL);
  g_autoptr (GString) after = g_string_new (NULL);

  lince_event_write (&event, before);
  setlocale (LC_ALL, "de_DE.UTF-8");
  lince_event_write (&event, after);
  ck_assert_str_eq (before->str, after->str);
  ck_assert (read_line (after->str, after->len, &read, NULL));
  setlocale (LC_ALL, "C");
}
END_TEST

#define HEAD                                                                                       \
  "{\"v\":1,\"type\":\"stream\",\"stream\":\"cam\",\"utc\":\"2026-11-23T05:42:06.123456Z\",\"utc_" \
  "source\":\"ntp\",\"state\":\"running\""

static const struct {
  const char *line;
  LinceEventError code; /* -1: it is fine */
  const char *says;
} lines[] = {
    {HEAD "}", -1, NULL},
    {" \t" HEAD " , \"future\" : { \"a\" : [ 1 , -2.5e3 , null , \"\\u00e9\" ] } } \r\n", -1, NULL},
    {HEAD ",\"reason\":\"\\ud83d\\ude00\\/\\b\\f\"}", -1, NULL},
    {HEAD ",\"pts\":9223372036854775807}", -1, NULL},
    {HEAD ",\"seq\":9007199254740992}", -1, NULL},
    {"", LINCE_EVENT_ERROR_SYNTAX, "not an object"},
    {"[]", LINCE_EVENT_ERROR_SYNTAX, "not an object"},
    {"{", LINCE_EVENT_ERROR_SYNTAX, "string"},
    {"{}", LINCE_EVENT_ERROR_FIELD, "v is missing"},
    {HEAD, LINCE_EVENT_ERROR_SYNTAX, ""},
    {HEAD "}{", LINCE_EVENT_ERROR_SYNTAX, "goes on"},
    {HEAD ",}", LINCE_EVENT_ERROR_SYNTAX, ""},
    {HEAD ",\"x\":01}", LINCE_EVENT_ERROR_SYNTAX, ""},
    {HEAD ",\"x\":+1}", LINCE_EVENT_ERROR_SYNTAX, ""},
    {HEAD ",\"x\":1.}", LINCE_EVENT_ERROR_SYNTAX, ""},
    {HEAD ",\"x\":1e}", LINCE_EVENT_ERROR_SYNTAX, ""},
    {HEAD ",\"x\":.5}", LINCE_EVENT_ERROR_SYNTAX, ""},
    {HEAD ",\"x\":NaN}", LINCE_EVENT_ERROR_SYNTAX, ""},
    {HEAD ",\"x\":nul}", LINCE_EVENT_ERROR_SYNTAX, ""},
    {HEAD ",\"x\":\"\t\"}", LINCE_EVENT_ERROR_SYNTAX, "control"},
    {HEAD ",\"x\":\"\\x\"}", LINCE_EVENT_ERROR_SYNTAX, "escape"},
    {HEAD ",\"x\":\"\\u12g4\"}", LINCE_EVENT_ERROR_SYNTAX, "escape"},
    {HEAD ",\"x\":\"\\u0000\"}", LINCE_EVENT_ERROR_SYNTAX, "NUL"},
    {HEAD ",\"x\":\"\\ud83d\"}", LINCE_EVENT_ERROR_SYNTAX, "surrogate"},
    {HEAD ",\"x\":\"\\ude00\"}", LINCE_EVENT_ERROR_SYNTAX, "surrogate"},
    {HEAD ",\"x\":\"\\ud83d\\u0041\"}", LINCE_EVENT_ERROR_SYNTAX, "surrogate"},
    {HEAD ",\"x\":\"\\ud83d\\", LINCE_EVENT_ERROR_SYNTAX, "surrogate"},
    {HEAD ",\"x\":\"\xc3\"}", LINCE_EVENT_ERROR_SYNTAX, "UTF-8"},
    {HEAD ",\"x\":\"\xed\xa0\x80\"}", LINCE_EVENT_ERROR_SYNTAX, "UTF-8"},
    {HEAD ",\"x\":'a'}", LINCE_EVENT_ERROR_SYNTAX, ""},
    {HEAD ",\"x\":1 \"y\":2}", LINCE_EVENT_ERROR_SYNTAX, ""},
    {HEAD ",\"state\":\"running\"}", LINCE_EVENT_ERROR_FIELD, "state is repeated"},
    {HEAD ",\"st\\u0061te\":\"running\"}", LINCE_EVENT_ERROR_FIELD, "state is repeated"},
    {HEAD ",\"seq\":-1}", LINCE_EVENT_ERROR_FIELD, "seq is out of range"},
    {HEAD ",\"seq\":1.5}", LINCE_EVENT_ERROR_FIELD, "seq is not a whole number"},
    {HEAD ",\"seq\":1e3}", LINCE_EVENT_ERROR_FIELD, "seq is not a whole number"},
    {HEAD ",\"seq\":9007199254740993}", LINCE_EVENT_ERROR_FIELD, "seq is out of range"},
    {HEAD ",\"pts\":9223372036854775808}", LINCE_EVENT_ERROR_FIELD, "pts is out of range"},
    {HEAD ",\"pts\":99999999999999999999999999}", LINCE_EVENT_ERROR_FIELD, "pts is out of range"},
    {HEAD ",\"pts\":\"5\"}", LINCE_EVENT_ERROR_FIELD, "pts is not a whole number"},
    {HEAD ",\"pts\":null}", LINCE_EVENT_ERROR_FIELD, "pts is not"},
    {HEAD ",\"confidence\":1.000001}", LINCE_EVENT_ERROR_FIELD, "confidence is out of range"},
    {HEAD ",\"confidence\":-1e-300}", LINCE_EVENT_ERROR_FIELD, "confidence is out of range"},
    {HEAD ",\"confidence\":1e400}", LINCE_EVENT_ERROR_FIELD, "confidence is out of range"},
    {HEAD ",\"quad\":[[0,0],[1,0],[1,1]]}", LINCE_EVENT_ERROR_FIELD, "quad"},
    {HEAD ",\"quad\":[[0,0],[1,0],[1,1],[0,1],[0,0]]}", LINCE_EVENT_ERROR_FIELD, "quad"},
    {HEAD ",\"quad\":[[0,0],[1,0],[1,1],[0,1001]]}", LINCE_EVENT_ERROR_FIELD,
        "quad is out of range"},
    {HEAD ",\"pixel_aspect\":[0,1]}", LINCE_EVENT_ERROR_FIELD, "pixel_aspect is out of range"},
    {HEAD ",\"logged\":0}", LINCE_EVENT_ERROR_FIELD, "logged is neither"},
    {HEAD ",\"received\":\"2026-02-29T00:00:00.000000Z\"}", LINCE_EVENT_ERROR_FIELD,
        "received is not a time"},
    {HEAD ",\"received\":\"2026-11-23T05:42:06Z\"}", LINCE_EVENT_ERROR_FIELD,
        "received is not a time"},
    {HEAD ",\"received\":\"2026-11-23T05:42:60.000000Z\"}", LINCE_EVENT_ERROR_FIELD,
        "received is not a time"},
    {HEAD ",\"received\":\"1969-12-31T23:59:59.999999Z\"}", LINCE_EVENT_ERROR_FIELD,
        "received is not a time"},
    {HEAD ",\"minute\":\"2026-11-23T05:42:00.000001Z\"}", LINCE_EVENT_ERROR_FIELD,
        "minute is not a full minute"},
    {HEAD ",\"object\":\".hidden\"}", LINCE_EVENT_ERROR_FIELD, "object is not an id"},
    {HEAD ",\"object\":\"a/b\"}", LINCE_EVENT_ERROR_FIELD, "object is not an id"},
    {HEAD ",\"object\":\"\"}", LINCE_EVENT_ERROR_FIELD, "object is not an id"},
    {HEAD ",\"run\":\"00112233445566778899AABBCCDDEEFF\"}", LINCE_EVENT_ERROR_FIELD, "run is not"},
    {HEAD ",\"exposure\":\"00112233445566778899aabbccddeeff-0\"}", LINCE_EVENT_ERROR_FIELD,
        "exposure is not"},
    {HEAD ",\"revision\":\"00112233445566778\"}", LINCE_EVENT_ERROR_FIELD, "revision is too long"},
    {HEAD ",\"code\":\"Bad\"}", LINCE_EVENT_ERROR_FIELD, "code is not"},
    {HEAD ",\"timecode\":\"12345678901234567890123456789012\"}", LINCE_EVENT_ERROR_FIELD,
        "timecode is too long"},
    {"{\"v\":2,\"type\":\"stream\"}", LINCE_EVENT_ERROR_VERSION, "v is newer"},
    {"{\"v\":0,\"type\":\"stream\"}", LINCE_EVENT_ERROR_FIELD, "v is out of range"},
    {"{\"v\":1,\"type\":\"none\"}", LINCE_EVENT_ERROR_FIELD, "type is not"},
    {"{\"v\":1,\"type\":\"gap\",\"gap_first\":5,\"gap_last\":4}", LINCE_EVENT_ERROR_FIELD,
        "gap_last is before"},
    {"{\"v\":1,\"type\":\"gap\",\"gap_first\":5}", LINCE_EVENT_ERROR_FIELD, "gap_last is missing"},
};

START_TEST (test_lines)
{
  GError *error = NULL;
  LinceEvent event;
  gboolean read = read_line (lines[_i].line, strlen (lines[_i].line), &event, &error);

  if ((int) lines[_i].code == -1) {
    ck_assert_msg (read, "%s: %s", lines[_i].line, error ? error->message : "");
    return;
  }
  ck_assert_msg (!read, "%s was read", lines[_i].line);
  ck_assert_msg (g_error_matches (error, LINCE_EVENT_ERROR, (int) lines[_i].code), "%s: %s",
      lines[_i].line, error->message);
  ck_assert_msg (
      strstr (error->message, lines[_i].says) != NULL, "%s: %s", lines[_i].line, error->message);
  g_error_free (error);
}
END_TEST

static gboolean
reads_placements (const char *text)
{
  g_autofree char *line = g_strdup_printf (
      "{\"v\":1,\"type\":\"moved\",\"stream\":\"cam\",\"run\":\"" SAMPLE_RUN
      "\",\"utc\":\"2026-11-23T05:42:06.123456Z\",\"utc_source\":\"ntp\",\"width\":2,\"height\":2,"
      "\"placements\":[%s]}",
      text);
  LinceEvent event;

  return read_line (line, strlen (line), &event, NULL);
}

#define PLACE                                                                                      \
  "\"object\":\"a\",\"quad\":[[0,0],[1,0],[1,1],[0,1]],\"confidence\":1,\"visible\":1,\"area\":1"

START_TEST (test_placements)
{
  g_autoptr (GString) many = g_string_new ("{" PLACE "}");

  ck_assert (reads_placements (""));
  ck_assert (reads_placements ("{" PLACE "}"));
  ck_assert (reads_placements ("{" PLACE ",\"new\":[{}]}"));
  ck_assert (!reads_placements ("{" PLACE ",\"area\":1}"));
  ck_assert (reads_placements ("{" PLACE ",\"blur\":1000,\"kind\":\"mark\",\"opacity\":0}"));
  ck_assert (!reads_placements ("{" PLACE ",\"blur\":1000.1}"));
  ck_assert (!reads_placements ("{" PLACE ",\"opacity\":-0.1}"));
  ck_assert (!reads_placements ("{" PLACE ",\"occluded\":1.1}"));
  ck_assert (!reads_placements ("{" PLACE ",\"cut_off\":1.1}"));
  ck_assert (!reads_placements ("{" PLACE ",\"kind\":\"Mark\"}"));
  ck_assert (!reads_placements ("{}"));
  ck_assert (!reads_placements ("{\"object\":\"a\"}"));
  ck_assert (reads_placements ("{" PLACE ",\"exposure\":\"" SAMPLE_RUN "-1\"}"));
  ck_assert (!reads_placements ("{" PLACE ",\"exposure\":\"11112233445566778899aabbccddeeff-1\"}"));
  for (int i = 1; i < LINCE_EVENT_MAX_PLACEMENTS; i++)
    g_string_append (many, ",{" PLACE "}");
  ck_assert (reads_placements (many->str));
  g_string_append (many, ",{" PLACE "}");
  ck_assert (!reads_placements (many->str));
}
END_TEST

/* `depth` arrays in each other as an unknown field */
static gboolean
reads_depth (guint depth)
{
  g_autoptr (GString) line = g_string_new (HEAD ",\"deep\":");
  LinceEvent event;

  for (guint i = 0; i < depth; i++)
    g_string_append (line, i % 2 ? "{\"a\":" : "[");
  g_string_append_c (line, '1');
  for (guint i = depth; i > 0; i--)
    g_string_append_c (line, (i - 1) % 2 ? '}' : ']');
  g_string_append_c (line, '}');
  return read_line (line->str, line->len, &event, NULL);
}

START_TEST (test_limits)
{
  g_autoptr (GString) line = g_string_new (HEAD ",\"long\":\"");
  LinceEvent event;

  ck_assert (reads_depth (LINCE_JSON_MAX_DEPTH));
  ck_assert (!reads_depth (LINCE_JSON_MAX_DEPTH + 1));
  ck_assert (!reads_depth (20000));
  while (line->len < LINCE_EVENT_MAX_LINE - 2)
    g_string_append_c (line, 'x');
  g_string_append (line, "\"}");
  ck_assert_uint_eq (line->len, LINCE_EVENT_MAX_LINE);
  ck_assert (read_line (line->str, line->len, &event, NULL));
  g_string_insert_c (line, (gssize) line->len - 2, 'x');
  ck_assert (!read_line (line->str, line->len, &event, NULL));
}
END_TEST

START_TEST (test_largest_line_fits)
{
  LinceEventPlacement own[LINCE_EVENT_MAX_PLACEMENTS];
  LinceEvent event = sample_event (LINCE_EVENT_MOVED, TRUE, own), read;
  g_autoptr (GString) line = g_string_new (NULL);

  event.placement_count = LINCE_EVENT_MAX_PLACEMENTS;
  memset (own, 0, sizeof own);
  for (guint i = 0; i < LINCE_EVENT_MAX_PLACEMENTS; i++) {
    memset (own[i].object, 'x', LINCE_EVENT_ID_MAX);
    own[i].object[LINCE_EVENT_ID_MAX] = '\0';
    own[i].exposure_number = LINCE_EVENT_MAX_COUNT - i;
    own[i].track = LINCE_EVENT_MAX_COUNT;
    for (int k = 0; k < 8; k++)
      own[i].quad[k] = -999.999999;
  }
  lince_event_write (&event, line);
  ck_assert_uint_lt (line->len, LINCE_EVENT_MAX_LINE);
  ck_assert (read_line (line->str, line->len, &read, NULL));
}
END_TEST

START_TEST (test_times)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  char text[LINCE_JSON_UTC_LENGTH + 1];

  for (int i = 0; i < 20000; i++) {
    gint64 utc = (gint64) (g_rand_double (rand) * (double) LINCE_JSON_UTC_MAX), back;
    g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (utc / G_USEC_PER_SEC);
    g_autofree char *expected = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");
    lince_json_format_utc (utc, text);
    ck_assert_int_eq (strncmp (text, expected, 19), 0);
    ck_assert (lince_json_parse_utc (text, &back));
    ck_assert_int_eq (back, utc);
  }
  lince_json_format_utc (LINCE_JSON_UTC_MAX, text);
  ck_assert_str_eq (text, "9999-12-31T23:59:59.999999Z");
}
END_TEST

START_TEST (test_decimals)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  g_autoptr (GString) text = g_string_new (NULL);
  LinceJsonReader json;
  double value;

  for (int i = 0; i < 20000; i++) {
    double wanted = g_rand_double_range (rand, -1000, 1000);
    g_string_truncate (text, 0);
    lince_json_append_decimal (text, wanted);
    ck_assert (lince_json_reader_init (&json, text->str, text->len));
    ck_assert (lince_json_read_number (&json, -1000, 1000, &value));
    ck_assert_double_eq_tol (value, wanted, 5.1e-7);
    ck_assert_double_eq (value, g_ascii_strtod (text->str, NULL));
  }
  g_string_assign (text, "");
  lince_json_append_decimal (text, -0.0000004);
  lince_json_append_decimal (text, 1500.25);
  ck_assert_str_eq (text->str, "01500.25");
}
END_TEST

START_TEST (test_texts)
{
  char field[8];

  lince_event_set_text (field, sizeof field, "1234567");
  ck_assert_str_eq (field, "1234567");
  lince_event_set_text (field, sizeof field, "123456\xc3\xa9");
  ck_assert_str_eq (field, "123456");
  lince_event_set_text (field, sizeof field,
      "a\xff"
      "b");
  ck_assert_str_eq (field, "a\xef\xbf\xbd"
                           "b");
  lince_event_set_text (field, sizeof field, "abcde\xff\xff");
  ck_assert_str_eq (field, "abcde");
  lince_event_set_text (field, 1, "x");
  ck_assert_str_eq (field, "");
}
END_TEST

START_TEST (test_ids)
{
  char long_id[LINCE_EVENT_ID_MAX + 2];

  memset (long_id, 'a', sizeof long_id);
  ck_assert (lince_id_is_valid ("a", -1));
  ck_assert (lince_id_is_valid ("A.b_c-9", -1));
  ck_assert (lince_id_is_valid ("-", -1));
  ck_assert (lince_id_is_valid ("\xc3\xbc"
                                "ber",
      -1));
  ck_assert (lince_id_is_valid ("u\xcc\x88", -1));
  ck_assert (lince_id_is_valid (long_id, LINCE_EVENT_ID_MAX));
  ck_assert (!lince_id_is_valid (long_id, LINCE_EVENT_ID_MAX + 1));
  ck_assert (!lince_id_is_valid ("", -1));
  ck_assert (!lince_id_is_valid (".a", -1));
  ck_assert (!lince_id_is_valid ("a b", -1));
  ck_assert (!lince_id_is_valid ("a\n", -1));
  ck_assert (!lince_id_is_valid ("<b>", -1));
  ck_assert (!lince_id_is_valid ("a\xc2\xa0", -1));
  ck_assert (!lince_id_is_valid ("a\xff", -1));
  ck_assert (!lince_id_is_valid ("a\0b", 3));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("event");
  TCase *tests = tcase_create ("event");

  tcase_add_loop_test (tests, test_round_trip, 0, 2 * LINCE_EVENT_MOVED);
  tcase_add_test (tests, test_values_survive);
  tcase_add_test (tests, test_moved);
  tcase_add_test (tests, test_locale);
  tcase_add_loop_test (tests, test_lines, 0, G_N_ELEMENTS (lines));
  tcase_add_test (tests, test_placements);
  tcase_add_test (tests, test_limits);
  tcase_add_test (tests, test_largest_line_fits);
  tcase_add_test (tests, test_times);
  tcase_add_test (tests, test_decimals);
  tcase_add_test (tests, test_texts);
  tcase_add_test (tests, test_ids);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
