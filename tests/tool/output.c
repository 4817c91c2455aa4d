/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../suite.h"
#include "tool/output.h"

#include <math.h>

static const struct {
  double number;
  int decimals;
  const char *text;
} numbers[] = {
    {0, 3, "0"},
    {2, 3, "2"},
    {100, 0, "100"},
    {100, 2, "100"},
    {1.5, 3, "1.5"},
    {-1.25, 1, "-1.2"},
    {0.12345678, 4, "0.1235"},
    {-0.0001, 3, "0"},
    {-0.0, 0, "0"},
    {1e6, 2, "1000000"},
    {1919.9996, 3, "1920"},
    {NAN, 3, "0"},
    {INFINITY, 3, "0"},
};

START_TEST (number)
{
  g_autoptr (GString) text = g_string_new (NULL);

  lince_output_number (text, numbers[_i].number, numbers[_i].decimals);
  ck_assert_str_eq (text->str, numbers[_i].text);
}
END_TEST

START_TEST (string)
{
  g_autoptr (GString) text = g_string_new (NULL);

  lince_output_string (text, "a\"b\\c\n\x01\x7f \xd0\xb1");
  ck_assert_str_eq (text->str, "\"a\\\"b\\\\c\\u000a\\u0001\\u007f \xd0\xb1\"");
  /* what is no UTF-8 is replaced, so that the line can be read */
  g_string_truncate (text, 0);
  lince_output_string (text, "x\xff");
  ck_assert_str_eq (text->str, "\"x\xef\xbf\xbd\"");
}
END_TEST

START_TEST (times)
{
  static const struct {
    gint64 time;
    const char *text;
  } cases[] = {
      {0, "0:00:00.000"},
      {G_GINT64_CONSTANT (62345600000), "0:01:02.346"},
      {G_GINT64_CONSTANT (36000000000000), "10:00:00.000"},
      {999999999, "0:00:01.000"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = lince_output_time (cases[i].time);

    ck_assert_str_eq (text, cases[i].text);
  }
}
END_TEST

/* Two placements, one that is not told apart from another object. */
START_TEST (placements)
{
  LinceIndexBuilder *builder = lince_index_builder_new (NULL);
  guint8 pixels[16 * 16 * 4];
  LincePicture picture = {pixels, 64, 16, 16};
  LincePlacement list[2] = {
      {.object = 1,
          .corners = {{1, 2}, {3.25f, 4}, {5, -6.5f}, {7, 8}},
          .confidence = 0.5f,
          .opacity = 0.25f,
          .occluded = 0.125f,
          .cut_off = 0.5f,
          .blur = 1.5f,
          .mark = true},
      {.object = 0, .confidence = 1, .blur = -1, .alternatives = {1}, .alternative_count = 1},
  };
  g_autoptr (GString) text = g_string_new (NULL);
  LinceIndex *index;

  for (guint i = 0; i < sizeof pixels; i++)
    pixels[i] = i % 4 == 3 ? 255 : (guint8) (i * 7);
  for (int i = 0; i < 2; i++) {
    const char *id = i == 0 ? "a" : "b.c";

    ck_assert (lince_index_builder_add_object (builder, id, NULL, NULL, NULL));
    ck_assert (lince_index_builder_add_image (builder, id, id, &picture, NULL, NULL));
  }
  index = lince_index_builder_finish (builder, NULL);
  ck_assert_ptr_nonnull (index);
  lince_output_placements (text, index, list, 0);
  ck_assert_str_eq (text->str, "[]");
  g_string_truncate (text, 0);
  lince_output_placements (text, index, list, 2);
  ck_assert_str_eq (text->str,
      "[{\"id\": \"b.c\", \"quad\": [[1, 2], [3.25, 4], [5, -6.5], [7, 8]], \"confidence\": 0.5, "
      "\"opacity\": 0.25, \"occluded\": 0.125, \"cut_off\": 0.5, \"blur\": 1.5, \"kind\": "
      "\"mark\"}, "
      "{\"id\": \"a\", \"quad\": [[0, 0], [0, 0], [0, 0], [0, 0]], \"confidence\": 1, "
      "\"opacity\": 0, \"occluded\": 0, \"cut_off\": 0, \"kind\": \"texture\", "
      "\"alternatives\": [\"b.c\"]}]");
  lince_index_unref (index);
  lince_index_builder_free (builder);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("output");
  TCase *tests = tcase_create ("text");

  tcase_add_loop_test (tests, number, 0, (int) G_N_ELEMENTS (numbers));
  tcase_add_test (tests, string);
  tcase_add_test (tests, times);
  tcase_add_test (tests, placements);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
