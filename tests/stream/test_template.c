/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Templates, settings, and pipelines built from them. */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "stream/template.h"

static char *directory; /* for templates of the test's own */

static void
write_template (const char *name, const char *text)
{
  g_autofree char *file = g_strconcat (name, ".launch", NULL);
  g_autofree char *path = g_build_filename (directory, file, NULL);

  ck_assert (g_file_set_contents (path, text, -1, NULL));
}

static void
remove_template (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".launch", NULL);
  g_autofree char *path = g_build_filename (directory, file, NULL);

  g_unlink (path);
}

START_TEST (every_shipped_template_parses)
{
  g_autoptr (GDir) shipped = g_dir_open (SHIPPED, 0, NULL);
  const char *file;
  guint count = 0;

  ck_assert_ptr_nonnull (shipped);
  g_setenv ("LINCE_PIPELINES", SHIPPED, TRUE);
  while ((file = g_dir_read_name (shipped))) {
    g_autofree char *name = NULL;
    g_autofree char *path = g_build_filename (SHIPPED, file, NULL);
    g_autofree char *text = NULL;
    g_autoptr (GError) error = NULL;
    g_autoptr (GstElement) pipeline = NULL;

    if (!g_str_has_suffix (file, ".launch"))
      continue;
    name = g_strndup (file, strlen (file) - strlen (".launch"));
    pipeline = lince_template_build (name, &error);
    ck_assert_msg (pipeline != NULL, "%s: %s", file, error ? error->message : "");
    /* says its purpose first, in a line that is no pipeline */
    ck_assert (g_file_get_contents (path, &text, NULL, NULL));
    ck_assert (g_str_has_prefix (text, "# ") && strchr (text, '\n') - text > 20);
    count++;
  }
  ck_assert_uint_ge (count, 5);
}
END_TEST

START_TEST (values_are_never_code)
{
  static const char *const hostile[] = {
      "file:///x ! filesink location=/tmp/lince-was-here",
      "file:///x\" ! fakesink name=y \"",
      "file:///a b$(id)`id`;id\n! id",
  };

  g_setenv ("LINCE_PIPELINES", SHIPPED, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (hostile); i++) {
    g_autoptr (GstElement) pipeline = lince_template_build ("default", NULL);
    g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
    g_autoptr (GstElement) recognize = gst_bin_get_by_name (GST_BIN (pipeline), "recognize");
    gint elements = GST_BIN_NUMCHILDREN (pipeline);
    LinceStreamSettings settings;
    g_autofree char *uri = NULL, *collection = NULL;
    guint64 interval;

    lince_stream_settings_init (&settings);
    settings.uri = (char *) hostile[i];
    settings.collection = (char *) hostile[i];
    settings.interval = 40000000;
    ck_assert (lince_template_apply (pipeline, &settings, NULL));
    g_object_get (source, "uri", &uri, NULL);
    g_object_get (recognize, "collection", &collection, "interval", &interval, NULL);
    ck_assert_str_eq (uri, hostile[i]);
    ck_assert_str_eq (collection, hostile[i]);
    ck_assert_uint_eq (interval, 40000000);
    ck_assert_int_eq (GST_BIN_NUMCHILDREN (pipeline), elements);
  }
}
END_TEST

START_TEST (bad_templates_are_refused)
{
  static const struct {
    const char *name, *text, *says;
  } bad[] = {
      {"syntax", "uridecodebin name=source ! ! fakesink", "does not parse"},
      {"unknown", "uridecodebin name=source ! nosuchelement name=recognize ! fakesink", "parse"},
      {"single", "fakesink name=source", "single element"},
      {"sourceless", "videotestsrc ! identity name=recognize ! fakesink", "named `source`"},
      {"no-uri", "videotestsrc name=source ! identity name=recognize ! fakesink", "property `uri`"},
      {"unrecognized", "uridecodebin name=source ! identity ! fakesink", "named `recognize`"},
      {"empty", "# nothing\n", "does not parse"},
  };

  g_setenv ("LINCE_PIPELINES", directory, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    write_template (bad[i].name, bad[i].text);
    ck_assert_ptr_null (lince_template_build (bad[i].name, &error));
    ck_assert (g_error_matches (error, LINCE_SETTINGS_ERROR, LINCE_SETTINGS_ERROR_TEMPLATE));
    ck_assert_msg (strstr (error->message, bad[i].says) != NULL, "%s", error->message);
    remove_template (bad[i].name);
  }
}
END_TEST

START_TEST (names_stay_in_the_directory)
{
  static const char *const names[] = {"", "../default", "a/b", "default.launch", "a b", "~"};

  g_setenv ("LINCE_PIPELINES", SHIPPED, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    ck_assert_ptr_null (lince_template_find (names[i], NULL));
  g_setenv ("LINCE_PIPELINES", "/nowhere:" SHIPPED, TRUE);
  g_free (lince_template_find ("default", NULL));
  g_setenv ("LINCE_PIPELINES", "/nowhere", TRUE);
  ck_assert_ptr_null (lince_template_find ("default", NULL));
}
END_TEST

START_TEST (settings_are_checked)
{
  LinceStreamSettings settings;

  lince_stream_settings_init (&settings);
  ck_assert (!lince_stream_settings_check (&settings, NULL));
  settings.uri = (char *) "no uri";
  ck_assert (!lince_stream_settings_check (&settings, NULL));
  settings.uri = (char *) "rtsp://camera/1";
  ck_assert (lince_stream_settings_check (&settings, NULL));
  settings.mode = (char *) "fast";
  ck_assert (!lince_stream_settings_check (&settings, NULL));
  settings.mode = (char *) "async";
  settings.minimum_confidence = 1.5;
  ck_assert (!lince_stream_settings_check (&settings, NULL));
}
END_TEST

START_TEST (secrets_are_taken_out)
{
  static const struct {
    const char *uri, *text, *clean;
  } cases[] = {
      {"rtsp://joe:hunter2@cam/1", "cannot open rtsp://joe:hunter2@cam/1",
          "cannot open rtsp://cam/1"},
      {"rtsp://joe:hunter2@cam/1", "401 for hunter2", "401 for ..."},
      {"rtsp://joe:p@ss@cam/1", "rtsp://joe:p@ss@cam/1: no", "rtsp://cam/1: no"},
      {"srt://host:9?passphrase=tell-nobody", "srt://host:9?passphrase=tell-nobody failed",
          "srt://host:9?... failed"},
      {"http://host/a@b", "http://host/a@b", "http://host/a@b"},
      {NULL, "text", "text"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *clean = lince_stream_settings_redact (cases[i].text, cases[i].uri);

    ck_assert_str_eq (clean, cases[i].clean);
  }
}
END_TEST

int
main (int argc, char **argv)
{
  Suite *suite = suite_create ("template");
  TCase *tests = tcase_create ("template");
  int status;

  gst_init (&argc, &argv);
  directory = g_dir_make_tmp ("lince-template-XXXXXX", NULL);
  tcase_add_test (tests, every_shipped_template_parses);
  tcase_add_test (tests, values_are_never_code);
  tcase_add_test (tests, bad_templates_are_refused);
  tcase_add_test (tests, names_stay_in_the_directory);
  tcase_add_test (tests, settings_are_checked);
  tcase_add_test (tests, secrets_are_taken_out);
  suite_add_tcase (suite, tests);
  status = run_suite (suite);
  g_rmdir (directory);
  g_free (directory);
  return status;
}
