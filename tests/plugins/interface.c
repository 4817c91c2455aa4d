/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What users of the elements build upon, against its committed description (plugins/elements.json):
 * pads, properties, signals, fields of messages. And that every property begins at its default.
 *
 * After a wanted change: LINCE_WRITE_ELEMENTS=plugins/elements.json meson test interface */
#include <gst/check/gstcheck.h>
#include <json-glib/json-glib.h>

#include "scene.h"

static const char *const elements[] = {"lincerecognize", "linceoverlay"};

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_value (JsonBuilder *builder, const char *name, const GValue *value)
{
  g_autofree char *text =
      G_VALUE_HOLDS_STRING (value) ? g_value_dup_string (value) : gst_value_serialize (value);

  add_string (builder, name, text);
}

static void
add_range (JsonBuilder *builder, GParamSpec *spec)
{
  g_autofree char *range = NULL;

  if (G_IS_PARAM_SPEC_UINT (spec))
    range = g_strdup_printf (
        "%u to %u", G_PARAM_SPEC_UINT (spec)->minimum, G_PARAM_SPEC_UINT (spec)->maximum);
  else if (G_IS_PARAM_SPEC_UINT64 (spec))
    range = g_strdup_printf ("%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
        G_PARAM_SPEC_UINT64 (spec)->minimum, G_PARAM_SPEC_UINT64 (spec)->maximum);
  else if (G_IS_PARAM_SPEC_DOUBLE (spec))
    range = g_strdup_printf (
        "%g to %g", G_PARAM_SPEC_DOUBLE (spec)->minimum, G_PARAM_SPEC_DOUBLE (spec)->maximum);
  if (range != NULL)
    add_string (builder, "range", range);
  if (G_IS_PARAM_SPEC_ENUM (spec)) {
    GEnumClass *values = G_PARAM_SPEC_ENUM (spec)->enum_class;

    json_builder_set_member_name (builder, "values");
    json_builder_begin_array (builder);
    for (guint i = 0; i < values->n_values; i++)
      json_builder_add_string_value (builder, values->values[i].value_nick);
    json_builder_end_array (builder);
  }
}

static void
add_property (JsonBuilder *builder, GParamSpec *spec)
{
  static const struct {
    guint flag;
    const char *name;
  } flags[] = {{G_PARAM_READABLE, "readable"}, {G_PARAM_WRITABLE, "writable"},
      {GST_PARAM_CONTROLLABLE, "controllable"}, {GST_PARAM_MUTABLE_READY, "mutable-ready"},
      {GST_PARAM_MUTABLE_PAUSED, "mutable-paused"}, {GST_PARAM_MUTABLE_PLAYING, "mutable-playing"}};

  json_builder_set_member_name (builder, spec->name);
  json_builder_begin_object (builder);
  add_string (builder, "type", g_type_name (spec->value_type));
  add_string (builder, "blurb", g_param_spec_get_blurb (spec));
  add_range (builder, spec);
  if (spec->flags & G_PARAM_WRITABLE)
    add_value (builder, "default", g_param_spec_get_default_value (spec));
  json_builder_set_member_name (builder, "flags");
  json_builder_begin_array (builder);
  for (guint i = 0; i < G_N_ELEMENTS (flags); i++) {
    if (spec->flags & flags[i].flag)
      json_builder_add_string_value (builder, flags[i].name);
  }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(GParamSpec *const *) a)->name, (*(GParamSpec *const *) b)->name);
}

static void
add_properties (JsonBuilder *builder, GstElement *element)
{
  guint count;
  g_autofree GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &count);

  qsort (specs, count, sizeof *specs, compare_names);
  json_builder_set_member_name (builder, "properties");
  json_builder_begin_object (builder);
  for (guint i = 0; i < count; i++) {
    if (specs[i]->owner_type == G_OBJECT_TYPE (element))
      add_property (builder, specs[i]);
  }
  json_builder_end_object (builder);
}

static int
compare_templates (gconstpointer a, gconstpointer b)
{
  return strcmp (((const GstStaticPadTemplate *) a)->name_template,
      ((const GstStaticPadTemplate *) b)->name_template);
}

static void
add_pads (JsonBuilder *builder, GstElementFactory *factory)
{
  g_autoptr (GList) templates =
      g_list_copy ((GList *) gst_element_factory_get_static_pad_templates (factory));

  templates = g_list_sort (templates, compare_templates);
  json_builder_set_member_name (builder, "pads");
  json_builder_begin_object (builder);
  for (const GList *l = templates; l != NULL; l = l->next) {
    GstStaticPadTemplate *template = l->data;
    g_autoptr (GstCaps) caps = gst_static_caps_get (&template->static_caps);
    g_autofree char *text = gst_caps_to_string (caps);

    json_builder_set_member_name (builder, template->name_template);
    json_builder_begin_object (builder);
    add_string (builder, "direction", template->direction == GST_PAD_SRC ? "src" : "sink");
    add_string (builder, "presence", template->presence == GST_PAD_ALWAYS ? "always" : "other");
    add_string (builder, "caps", text);
    json_builder_end_object (builder);
  }
  json_builder_end_object (builder);
}

static void
add_signals (JsonBuilder *builder, GType type)
{
  guint count;
  g_autofree guint *ids = g_signal_list_ids (type, &count);

  json_builder_set_member_name (builder, "signals");
  json_builder_begin_object (builder);
  for (guint i = 0; i < count; i++) {
    GSignalQuery query;

    g_signal_query (ids[i], &query);
    json_builder_set_member_name (builder, query.signal_name);
    json_builder_begin_object (builder);
    add_string (builder, "returns", g_type_name (query.return_type));
    add_string (builder, "kind", query.signal_flags & G_SIGNAL_ACTION ? "action" : "signal");
    json_builder_end_object (builder);
  }
  json_builder_end_object (builder);
}

static gboolean
add_field (GQuark name, const GValue *value, gpointer user_data)
{
  JsonBuilder *builder = user_data;

  if (GST_VALUE_HOLDS_LIST (value) && gst_value_list_get_size (value) > 0 &&
      GST_VALUE_HOLDS_STRUCTURE (gst_value_list_get_value (value, 0))) {
    json_builder_set_member_name (builder, g_quark_to_string (name));
    json_builder_begin_object (builder);
    gst_structure_foreach (
        gst_value_get_structure (gst_value_list_get_value (value, 0)), add_field, builder);
    json_builder_end_object (builder);
  } else {
    add_string (builder, g_quark_to_string (name), G_VALUE_TYPE_NAME (value));
  }
  return TRUE;
}

static void
add_message (JsonBuilder *builder, const char *name, GstStructure *structure)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_object (builder);
  gst_structure_foreach (structure, add_field, builder);
  json_builder_end_object (builder);
  gst_structure_free (structure);
}

/* The fields as the writer writes them when all is known. */
static void
add_messages (JsonBuilder *builder)
{
  LinceIndex *index = scene_new_index (2);
  LincePlacement placement = {.alternatives = {1}, .alternative_count = 1};
  LinceChange change = {.type = LINCE_APPEARED, .id = "one", .placement = placement};
  LinceResult result = {.placements = &placement, .placement_count = 1, .index = index};
  LinceFrameInfo info = {.timecode = "10:00:00:00",
      .reference_clock = "timestamp/x-ntp",
      .width = 4,
      .height = 3,
      .par_n = 1,
      .par_d = 1,
      .collection = "c"};

  json_builder_set_member_name (builder, "messages");
  json_builder_begin_object (builder);
  add_message (
      builder, "recognition: appeared", lince_message_new_change (&info, &result, &change));
  change.type = LINCE_VANISHED;
  add_message (
      builder, "recognition: vanished", lince_message_new_change (&info, &result, &change));
  add_message (builder, "recognition: moved", lince_message_new_moved (&info, &result));
  add_message (
      builder, LINCE_MESSAGE_COLLECTION_NAME, lince_message_new_collection ("c", index, 0));
  add_message (builder, LINCE_MESSAGE_PROBLEM_NAME, lince_message_new_problem ("c", "i", "t"));
  add_message (
      builder, LINCE_MESSAGE_PLAN_NAME, lince_message_new_plan (&(LinceMessagePlan){.budget = 1}));
  json_builder_end_object (builder);
  lince_index_unref (index);
}

static char *
describe (void)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  for (guint i = 0; i < G_N_ELEMENTS (elements); i++) {
    GstElement *element = gst_element_factory_make (elements[i], NULL);
    GstElementFactory *factory = gst_element_get_factory (element);

    json_builder_set_member_name (builder, elements[i]);
    json_builder_begin_object (builder);
    add_string (builder, "long-name",
        gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_LONGNAME));
    add_string (
        builder, "class", gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_KLASS));
    add_pads (builder, factory);
    add_properties (builder, element);
    add_signals (builder, G_OBJECT_TYPE (element));
    json_builder_end_object (builder);
    gst_object_unref (element);
  }
  add_messages (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, TRUE);
  json_generator_set_indent (generator, 2);
  return json_generator_to_data (generator, NULL);
}

GST_START_TEST (test_description)
{
  g_autofree char *now = describe (), *committed = NULL, *living = g_strconcat (now, "\n", NULL);
  const char *write_to = g_getenv ("LINCE_WRITE_ELEMENTS");
  g_auto (GStrv) wanted = NULL;
  g_auto (GStrv) found = NULL;

  if (write_to != NULL)
    fail_unless (g_file_set_contents (write_to, living, -1, NULL));
  fail_unless (g_file_get_contents (g_getenv ("LINCE_ELEMENTS"), &committed, NULL, NULL));
  wanted = g_strsplit (committed, "\n", -1);
  found = g_strsplit (living, "\n", -1);
  for (guint i = 0; wanted[i] != NULL || found[i] != NULL; i++)
    fail_unless (g_strcmp0 (wanted[i], found[i]) == 0,
        "line %u of elements.json\n  says      %s\n  should be %s", i + 1, wanted[i], found[i]);
}
GST_END_TEST;

GST_START_TEST (test_properties_begin_at_their_defaults)
{
  guint compared = 0;

  for (guint e = 0; e < G_N_ELEMENTS (elements); e++) {
    GstElement *element = gst_element_factory_make (elements[e], NULL);
    guint count;
    g_autofree GParamSpec **specs =
        g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &count);

    for (guint i = 0; i < count; i++) {
      GValue value = G_VALUE_INIT;

      if (specs[i]->owner_type != G_OBJECT_TYPE (element) ||
          !(specs[i]->flags & G_PARAM_READABLE) || !(specs[i]->flags & G_PARAM_WRITABLE))
        continue;
      g_value_init (&value, specs[i]->value_type);
      g_object_get_property (G_OBJECT (element), specs[i]->name, &value);
      fail_unless (g_param_value_defaults (specs[i], &value),
          "%s: %s does not begin at its default", elements[e], specs[i]->name);
      /* and can be set to it, at any time before the first frame */
      g_object_set_property (G_OBJECT (element), specs[i]->name, &value);
      g_value_unset (&value);
      compared++;
    }
    gst_object_unref (element);
  }
  fail_unless (compared > 10);
}
GST_END_TEST;

static Suite *
interface_suite (void)
{
  Suite *suite = suite_create ("interface");
  TCase *chain = tcase_create ("interface");

  suite_add_tcase (suite, chain);
  tcase_add_test (chain, test_description);
  tcase_add_test (chain, test_properties_begin_at_their_defaults);
  return suite;
}

GST_CHECK_MAIN (interface);
