/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/template.h"

#include <string.h>

#define NAME_MAX_LENGTH 64
#define SIZE_MAX_BYTES 65536

static gboolean
name_is_good (const char *name)
{
  gsize length = strlen (name);

  return length >= 1 && length <= NAME_MAX_LENGTH &&
         strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_") == length;
}

char *
lince_template_find (const char *name, GError **error)
{
  const char *directories = g_getenv ("LINCE_PIPELINES");
  g_auto (GStrv) list = g_strsplit (directories ? directories : LINCE_PIPELINES_DIR, ":", -1);
  g_autofree char *file = NULL;

  if (!name_is_good (name)) {
    g_set_error (error, LINCE_SETTINGS_ERROR, LINCE_SETTINGS_ERROR_TEMPLATE,
        "pipeline: `%s` is not a template's name; names are 1 to %d letters, digits, - and _.",
        name, NAME_MAX_LENGTH);
    return NULL;
  }
  file = g_strconcat (name, ".launch", NULL);
  for (guint i = 0; list[i]; i++) {
    g_autofree char *path = g_build_filename (list[i], file, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
      return g_steal_pointer (&path);
  }
  g_set_error (error, LINCE_SETTINGS_ERROR, LINCE_SETTINGS_ERROR_TEMPLATE,
      "pipeline: there is no template %s in %s; name one that is there.", file,
      directories ? directories : LINCE_PIPELINES_DIR);
  return NULL;
}

static char *
read_text (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  GString *launch;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  if (length > SIZE_MAX_BYTES || !g_utf8_validate (text, length, NULL)) {
    g_set_error (error, LINCE_SETTINGS_ERROR, LINCE_SETTINGS_ERROR_TEMPLATE,
        "pipeline: %s is not a template (more than %d bytes, or not UTF-8).", path, SIZE_MAX_BYTES);
    return NULL;
  }
  launch = g_string_sized_new (length);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    g_strchug (lines[i]);
    if (lines[i][0] != '#')
      g_string_append_printf (launch, "%s\n", lines[i]);
  }
  return g_string_free (launch, FALSE);
}

static gboolean
refuse_part (GError **error, const char *path, const char *element, const char *what)
{
  g_set_error (error, LINCE_SETTINGS_ERROR, LINCE_SETTINGS_ERROR_TEMPLATE,
      "pipeline: %s has no element named `%s` with %s; add name=%s to it.", path, element, what,
      element);
  return FALSE;
}

static gboolean
check_parts (GstElement *pipeline, const char *path, GError **error)
{
  g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  g_autoptr (GstElement) recognize = gst_bin_get_by_name (GST_BIN (pipeline), "recognize");
  g_autoptr (GstPad) in = recognize ? gst_element_get_static_pad (recognize, "sink") : NULL;
  g_autoptr (GstPad) out = recognize ? gst_element_get_static_pad (recognize, "src") : NULL;

  if (!source || !g_object_class_find_property (G_OBJECT_GET_CLASS (source), "uri"))
    return refuse_part (error, path, "source", "a property `uri`");
  if (!in || !out)
    return refuse_part (error, path, "recognize", "the pads `sink` and `src`");
  return TRUE;
}

GstElement *
lince_template_build (const char *name, GError **error)
{
  g_autofree char *path = lince_template_find (name, error);
  g_autofree char *text = path ? read_text (path, error) : NULL;
  g_autoptr (GError) parse_error = NULL;
  g_autoptr (GstElement) pipeline = NULL;

  if (!text)
    return NULL;
  pipeline = gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &parse_error);
  if (!pipeline || parse_error) {
    g_set_error (error, LINCE_SETTINGS_ERROR, LINCE_SETTINGS_ERROR_TEMPLATE,
        "pipeline: %s does not parse: %s", path, parse_error ? parse_error->message : "empty");
    return NULL;
  }
  gst_object_ref_sink (pipeline);
  if (!GST_IS_PIPELINE (pipeline)) {
    g_set_error (error, LINCE_SETTINGS_ERROR, LINCE_SETTINGS_ERROR_TEMPLATE,
        "pipeline: %s is a single element; a template is a chain from source to sink.", path);
    return NULL;
  }
  if (!check_parts (pipeline, path, error))
    return NULL;
  return g_steal_pointer (&pipeline);
}

/* Sets a property from text, so that enums and numbers of any width are taken as gst-launch takes
 * them; one that the element does not have is an error. */
static gboolean
set_property (GstElement *element, const char *name, const char *value, GError **error)
{
  GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (element), name);
  g_auto (GValue) typed = G_VALUE_INIT;

  if (spec) {
    g_value_init (&typed, spec->value_type);
    if (G_VALUE_HOLDS_STRING (&typed))
      g_value_set_string (&typed, value); /* as it is: no quoting, no escapes */
    else if (!gst_value_deserialize (&typed, value))
      spec = NULL;
  }
  if (!spec) {
    g_set_error (error, LINCE_SETTINGS_ERROR, LINCE_SETTINGS_ERROR_TEMPLATE,
        "pipeline: the element `%s` does not take `%s` for its property `%s`.",
        GST_ELEMENT_NAME (element), value, name);
    return FALSE;
  }
  g_object_set_property (G_OBJECT (element), name, &typed);
  return TRUE;
}

static gboolean
set_time (GstElement *element, const char *name, gint64 value, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, value);

  return value < 0 || set_property (element, name, text, error);
}

static gboolean
apply_recognize (GstElement *element, const LinceStreamSettings *settings, GError **error)
{
  char confidence[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_dtostr (confidence, sizeof confidence, settings->minimum_confidence);
  return set_time (element, "interval", settings->interval, error) &&
         set_time (element, "budget", settings->budget, error) &&
         (settings->minimum_confidence < 0 ||
             set_property (element, "min-confidence", confidence, error)) &&
         (!settings->collection ||
             set_property (element, "collection", settings->collection, error));
}

gboolean
lince_template_apply_live (
    GstElement *pipeline, const LinceStreamSettings *settings, GError **error)
{
  g_autoptr (GstElement) recognize = gst_bin_get_by_name (GST_BIN (pipeline), "recognize");

  return apply_recognize (recognize, settings, error);
}

gboolean
lince_template_apply (GstElement *pipeline, const LinceStreamSettings *settings, GError **error)
{
  g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  g_autoptr (GstElement) recognize = gst_bin_get_by_name (GST_BIN (pipeline), "recognize");

  return (!settings->mode || set_property (recognize, "mode", settings->mode, error)) &&
         apply_recognize (recognize, settings, error) &&
         set_property (source, "uri", settings->uri, error);
}
