/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Messages and metas: what is written is read back, and what is not ours or damaged is refused. */
#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

#include "media/frame_copy.h"
#include "media/meta.h"

static LinceIndex *the_index;
static LinceFrameInfo info;
static LincePlacement placements[2];
static LinceResult result;

/* An index of two objects, "alpha" (with name and metadata) and "beta". */
static LinceIndex *
new_index (void)
{
  static guint8 rgba[2][96 * 96 * 4];
  LinceError error = {0};
  LinceIndexBuilder *builder = lince_index_builder_new (&error);
  LinceIndex *built;
  guint32 state = 77;

  for (int i = 0; i < 2; i++) {
    LincePicture picture = {rgba[i], 96 * 4, 96, 96};

    for (int y = 0; y < 96; y++) {
      for (int x = 0; x < 96; x++) {
        if (x % 8 == 0 && y % 8 == 0)
          state = state * 1664525u + 1013904223u;
        for (int c = 0; c < 4; c++)
          rgba[i][4 * (y * 96 + x) + c] =
              c == 3 ? 255 : (guint8) ((state * (guint) (x / 8 * 31 + y / 8 * 17 + 3)) >> (8 * c));
      }
    }
    fail_unless (lince_index_builder_add_object (builder, i ? "beta" : "alpha",
                     i ? NULL : "Alpha \xc3\xa4", i ? NULL : "{\"weight\":2}", &error),
        "%s", error.text);
    fail_unless (lince_index_builder_add_image (
                     builder, i ? "beta" : "alpha", "x.png", &picture, NULL, &error),
        "%s", error.text);
  }
  built = lince_index_builder_finish (builder, &error);
  fail_unless (built != NULL, "%s", error.text);
  lince_index_builder_free (builder);
  return built;
}

static void
setup (void)
{
  the_index = new_index ();
  info = (LinceFrameInfo){.timestamp = 11,
      .stream_time = 12,
      .running_time = 13,
      .duration = 14,
      .frame_number = 15,
      .timecode = "10:11:12:13",
      .reference_timestamp = 16,
      .reference_clock = "timestamp/x-ntp",
      .arrival = -17,
      .decided_after = 18,
      .age = 19,
      .width = 200,
      .height = 100,
      .par_n = 16,
      .par_d = 11,
      .collection = "/the/collection"};
  for (guint i = 0; i < 2; i++)
    placements[i] = (LincePlacement){.object = i,
        .track = 100 + i,
        .exposure = 7 + i,
        .corners = {{20, 10}, {180, 10}, {180, 90}, {-20, 110}},
        .confidence = 0.75f,
        .visible = 0.5f,
        .area = 0.25f,
        .opacity = 0.375f,
        .occluded = 0.125f,
        .cut_off = 0.0625f,
        .blur = i ? -1.0f : 1.5f,
        .mark = i > 0};
  placements[0].alternatives[0] = 1;
  placements[0].alternative_count = 1;
  result = (LinceResult){.placements = placements, .placement_count = 2, .index = the_index};
}

static void
teardown (void)
{
  lince_index_unref (the_index);
}

static void
check_info (const LinceFrameInfo *read)
{
  fail_unless_equals_uint64 (read->timestamp, 11);
  fail_unless_equals_uint64 (read->stream_time, 12);
  fail_unless_equals_uint64 (read->running_time, 13);
  fail_unless_equals_uint64 (read->duration, 14);
  fail_unless_equals_uint64 (read->frame_number, 15);
  fail_unless_equals_string (read->timecode, "10:11:12:13");
  fail_unless_equals_uint64 (read->reference_timestamp, 16);
  fail_unless_equals_string (read->reference_clock, "timestamp/x-ntp");
  fail_unless_equals_int64 (read->arrival, -17);
  fail_unless_equals_uint64 (read->decided_after, 18);
  fail_unless_equals_uint64 (read->age, 19);
  fail_unless_equals_int (read->width, 200);
  fail_unless_equals_int (read->height, 100);
  fail_unless_equals_int (read->par_n, 16);
  fail_unless_equals_int (read->par_d, 11);
  fail_unless_equals_string (read->collection, "/the/collection");
}

static void
check_placement (const LinceMessageObject *object, guint number)
{
  static const double quad[8] = {0.1, 0.1, 0.9, 0.1, 0.9, 0.9, -0.1, 1.1};

  fail_unless_equals_string (object->id, number ? "beta" : "alpha");
  fail_unless_equals_string (object->name, number ? "beta" : "Alpha \xc3\xa4");
  fail_unless_equals_uint64 (object->track, 100 + number);
  fail_unless_equals_uint64 (object->exposure, 7 + number);
  fail_unless_equals_float (object->confidence, 0.75);
  fail_unless_equals_float (object->visible, 0.5);
  fail_unless_equals_float (object->area, 0.25);
  fail_unless_equals_float (object->opacity, 0.375);
  fail_unless_equals_float (object->occluded, 0.125);
  fail_unless_equals_float (object->cut_off, 0.0625);
  fail_unless_equals_float (object->blur, number ? -1.0 : 1.5);
  fail_unless_equals_string (object->kind, number ? "mark" : "texture");
  for (guint i = 0; i < 8; i++)
    fail_unless (fabs (object->quad[i] - quad[i]) < 1e-6);
  fail_unless_equals_int (object->alternative_count, number ? 0 : 1);
  if (number == 0)
    fail_unless_equals_string (object->alternatives[0], "beta");
}

GST_START_TEST (test_moved)
{
  GstStructure *structure = lince_message_new_moved (&info, &result);
  LinceMessageObject object;
  LinceMessage message;

  fail_unless (lince_message_parse (structure, &message));
  fail_unless_equals_int (message.type, LINCE_MESSAGE_MOVED);
  fail_unless_equals_int (message.object_count, 2);
  fail_unless_equals_string (message.revision, lince_index_revision (the_index));
  check_info (&message.info);
  for (guint i = 0; i < 2; i++) {
    fail_unless (lince_message_get_object (structure, i, &object));
    check_placement (&object, i);
  }
  fail_unless (!lince_message_get_object (structure, 2, &object));
  gst_structure_free (structure);
}
GST_END_TEST;

static LinceChange
new_change (LinceChangeType type)
{
  return (LinceChange){.type = type,
      .reason = type == LINCE_VANISHED ? LINCE_REASON_CUT : 0,
      .resumed = type == LINCE_APPEARED,
      .exposure = 7,
      .id = "alpha",
      .seen = 500,
      .first_seen = 400,
      .decided = 600,
      .frames = 9,
      .duration = 2 * GST_SECOND,
      .area_time = 0.5 * GST_SECOND,
      .placement = placements[0]};
}

GST_START_TEST (test_changes)
{
  for (guint i = 0; i < 2; i++) {
    LinceChange change = new_change (i ? LINCE_VANISHED : LINCE_APPEARED);
    GstStructure *structure = lince_message_new_change (&info, &result, &change);
    LinceMessageObject object;
    LinceMessage message;

    fail_unless (lince_message_parse (structure, &message));
    fail_unless_equals_int (message.type, i ? LINCE_MESSAGE_VANISHED : LINCE_MESSAGE_APPEARED);
    check_info (&message.info);
    fail_unless (lince_message_get_object (structure, 0, &object));
    check_placement (&object, 0);
    fail_unless_equals_uint64 (object.first_seen, 400);
    fail_unless_equals_uint64 (object.decided, 600);
    if (i == 0) {
      fail_unless (object.resumed);
      fail_unless_equals_string (object.metadata, "{\"weight\":2}");
      fail_unless (object.reason == NULL);
    } else {
      fail_unless_equals_string (object.reason, "cut");
      fail_unless_equals_uint64 (object.last_seen, 500);
      fail_unless_equals_uint64 (object.frames, 9);
      fail_unless_equals_float (object.seconds, 2.0);
      fail_unless_equals_float (object.area_seconds, 0.5);
    }
    gst_structure_free (structure);
  }
}
GST_END_TEST;

/* An object that has left the collection keeps its id; unknown times are left out. */
GST_START_TEST (test_absent)
{
  LinceChange change = new_change (LINCE_VANISHED);
  LinceMessageObject object;
  LinceMessage message;
  GstStructure *structure;

  strcpy (change.id, "gone-since");
  info.timestamp = info.duration = info.stream_time = GST_CLOCK_TIME_NONE;
  info.reference_timestamp = info.frame_number = GST_CLOCK_TIME_NONE;
  info.timecode[0] = '\0';
  info.collection = "latin-1: \xe4";
  structure = lince_message_new_change (&info, &result, &change);
  fail_unless (!gst_structure_has_field (structure, "timestamp"));
  fail_unless (!gst_structure_has_field (structure, "duration"));
  fail_unless (!gst_structure_has_field (structure, "stream-time"));
  fail_unless (!gst_structure_has_field (structure, "reference-timestamp"));
  fail_unless (!gst_structure_has_field (structure, "reference-clock"));
  fail_unless (!gst_structure_has_field (structure, "frame-number"));
  fail_unless (!gst_structure_has_field (structure, "timecode"));
  fail_unless (lince_message_parse (structure, &message));
  fail_unless (!GST_CLOCK_TIME_IS_VALID (message.info.timestamp));
  fail_unless (g_utf8_validate (message.info.collection, -1, NULL));
  fail_unless (lince_message_get_object (structure, 0, &object));
  fail_unless_equals_string (object.id, "gone-since");
  fail_unless_equals_string (object.name, "gone-since");
  gst_structure_free (structure);
}
GST_END_TEST;

/* Each field taken away or given another type: refused, but for those that may be absent. */
static gboolean
is_optional (const char *field)
{
  static const char *const optional[] = {"timestamp", "stream-time", "running-time", "duration",
      "frame-number", "timecode", "reference-timestamp", "reference-clock", "decided-after",
      "collection", "revision", NULL};

  return g_strv_contains (optional, field);
}

static gboolean
reads (const GstStructure *structure)
{
  LinceMessageObject object;
  LinceMessage message;

  return lince_message_parse (structure, &message) &&
         lince_message_get_object (structure, 0, &object);
}

GST_START_TEST (test_damaged_messages)
{
  LinceChange change = new_change (LINCE_VANISHED);
  GstStructure *structure = lince_message_new_change (&info, &result, &change);
  LinceMessage message;

  for (gint i = 0; i < gst_structure_n_fields (structure); i++) {
    const char *field = gst_structure_nth_field_name (structure, (guint) i);
    g_autoptr (GstStructure) without = gst_structure_copy (structure);
    g_autoptr (GstStructure) other = gst_structure_copy (structure);

    gst_structure_remove_field (without, field);
    fail_unless (reads (without) == is_optional (field), "without %s", field);
    gst_structure_set (other, field, G_TYPE_BOOLEAN, TRUE, NULL);
    if (strcmp (field, "collection") != 0 && strcmp (field, "revision") != 0)
      fail_unless (!reads (other), "%s of another type", field);
  }
  gst_structure_set_name (structure, "foreign");
  fail_unless (!lince_message_parse (structure, &message));
  fail_unless (!lince_message_parse (NULL, &message));
  gst_structure_free (structure);
}
GST_END_TEST;

GST_START_TEST (test_plan)
{
  LinceMessagePlan plan = {.plan = LINCE_PLAN_LIVE_2,
      .previous = LINCE_PLAN_LIVE_1,
      .budget = 8000000,
      .cost = 9000001,
      .running_time = 13};
  g_autoptr (GstStructure) structure = lince_message_new_plan (&plan);
  LinceMessagePlan read;

  fail_unless (lince_message_parse_plan (structure, &read));
  fail_unless_equals_int (read.plan, LINCE_PLAN_LIVE_2);
  fail_unless_equals_int (read.previous, LINCE_PLAN_LIVE_1);
  fail_unless_equals_uint64 (read.budget, 8000000);
  fail_unless_equals_uint64 (read.cost, 9000001);
  fail_unless_equals_uint64 (read.running_time, 13);
  fail_unless_equals_string (gst_structure_get_string (structure, "plan"), "live-2");
  for (gint i = 0; i < gst_structure_n_fields (structure); i++) {
    const char *field = gst_structure_nth_field_name (structure, (guint) i);
    g_autoptr (GstStructure) without = gst_structure_copy (structure);
    g_autoptr (GstStructure) other = gst_structure_copy (structure);

    gst_structure_remove_field (without, field);
    fail_unless (lince_message_parse_plan (without, &read) == (strcmp (field, "running-time") == 0),
        "without %s", field);
    gst_structure_set (other, field, G_TYPE_BOOLEAN, TRUE, NULL);
    fail_unless (!lince_message_parse_plan (other, &read), "%s of another type", field);
  }
  gst_structure_set (structure, "plan", G_TYPE_STRING, "live-77", NULL);
  fail_unless (!lince_message_parse_plan (structure, &read));
  fail_unless (!lince_message_parse_plan (NULL, &read));
}
GST_END_TEST;

GST_START_TEST (test_damaged_objects)
{
  LinceChange change = new_change (LINCE_VANISHED);
  GstStructure *structure = lince_message_new_change (&info, &result, &change);
  const GValue *list = gst_structure_get_value (structure, "objects");
  const GstStructure *object = gst_value_get_structure (gst_value_list_get_value (list, 0));
  gint count = gst_structure_n_fields (object);
  static const char *const optional[] = {
      "alternatives", "opacity", "occluded", "cut-off", "blur", "kind", NULL};

  for (gint i = 0; i < 2 * count; i++) {
    const char *field = gst_structure_nth_field_name (object, (guint) (i % count));
    g_autoptr (GstStructure) damaged = gst_structure_copy (structure);
    g_autoptr (GstStructure) part = gst_structure_copy (object);
    GValue new_list = G_VALUE_INIT, value = G_VALUE_INIT;

    if (i < count)
      gst_structure_remove_field (part, field);
    else
      gst_structure_set (part, field, G_TYPE_FLOAT, -1.0f, NULL);
    gst_value_list_init (&new_list, 1);
    g_value_init (&value, GST_TYPE_STRUCTURE);
    gst_value_set_structure (&value, part);
    gst_value_list_append_and_take_value (&new_list, &value);
    gst_structure_take_value (damaged, "objects", &new_list);
    fail_unless (reads (damaged) == (i < count && g_strv_contains (optional, field)), "%s %s",
        field, i < count ? "missing" : "of another type");
  }
  gst_structure_free (structure);
}
GST_END_TEST;

/* The measures of a placement among a region's params. */
static void
check_region (GstVideoRegionOfInterestMeta *region, const LincePlacement *placement)
{
  const GstStructure *params =
      gst_video_region_of_interest_meta_get_param (region, LINCE_META_REGION);
  const struct {
    const char *name;
    float value;
  } numbers[] = {{"confidence", placement->confidence}, {"opacity", placement->opacity},
      {"occluded", placement->occluded}, {"cut-off", placement->cut_off},
      {"blur", placement->blur}};

  fail_unless (params != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    gdouble value = -1;
    gboolean told = gst_structure_get_double (params, numbers[i].name, &value);

    fail_unless_equals_int (told, numbers[i].value >= 0);
    if (told)
      fail_unless (fabs (value - numbers[i].value) < 1e-6, "%s is %g", numbers[i].name, value);
  }
  fail_unless_equals_string (
      gst_structure_get_string (params, "kind"), placement->mark ? "mark" : "texture");
}

/* The custom meta survives a copy of the buffer, and speaks as the message does. */
GST_START_TEST (test_metas)
{
  GstStructure *moved = lince_message_new_moved (&info, &result);
  GstBuffer *buffer = gst_buffer_new (), *copy;
  GstVideoRegionOfInterestMeta *region;
  LinceMessageObject object;
  LinceMessage message;
  GstVideoInfo video;
  gpointer state = NULL;

  fail_unless (lince_meta_get (buffer) == NULL);
  fail_unless (gst_video_info_set_format (&video, GST_VIDEO_FORMAT_I420, 200, 100));
  placements[1].corners[0].x = placements[1].corners[3].x = 1000;
  placements[1].corners[1].x = placements[1].corners[2].x = 1200;
  lince_meta_attach (buffer, &result, moved, &video);
  copy = gst_buffer_copy_deep (buffer);
  fail_unless (lince_message_parse (lince_meta_get (copy), &message));
  check_info (&message.info);
  fail_unless (lince_message_get_object (lince_meta_get (copy), 0, &object));
  check_placement (&object, 0);
  /* the box of the outline, cut at the frame; none for an object beside the frame */
  region = (GstVideoRegionOfInterestMeta *) gst_buffer_iterate_meta_filtered (
      copy, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
  fail_unless (region != NULL);
  fail_unless_equals_string (g_quark_to_string (region->roi_type), "Alpha \xc3\xa4");
  fail_unless_equals_int (region->x, 0);
  fail_unless_equals_int (region->y, 10);
  fail_unless_equals_int (region->w, 180);
  fail_unless_equals_int (region->h, 90);
  check_region (region, &placements[0]);
  fail_unless (gst_buffer_iterate_meta_filtered (
                   copy, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE) == NULL);
  /* a second recogniser adds its own */
  lince_meta_attach (copy, &result, moved, &video);
  state = NULL;
  fail_unless (lince_meta_iterate (copy, &state) != NULL);
  fail_unless (lince_meta_iterate (copy, &state) != NULL);
  fail_unless (lince_meta_iterate (copy, &state) == NULL);
  gst_buffer_unref (copy);
  gst_buffer_unref (buffer);
  gst_structure_free (moved);
}
GST_END_TEST;

/* ---- the copy for recognition beside the stream -------------------------------------------- */

static LinceFrame
new_frame (guint8 *pixels, int width, int height, gboolean interlaced)
{
  for (int y = 0; y < height; y++) {
    for (int x = 0; x < width; x++)
      pixels[y * width + x] = (guint8) (x / 4 * 7 + y / 4 * 13);
  }
  return (LinceFrame){.width = width,
      .height = height,
      .luma = {pixels, width, 1},
      .cb = {pixels, width, 2},
      .cr = {pixels + 1, width, 2},
      .chroma_width = width / 2,
      .chroma_height = height / 2,
      .interlaced = interlaced,
      .par_numerator = 4,
      .par_denominator = 3};
}

static int
sample (const LincePlane *plane, int x, int y)
{
  return plane->data[(ptrdiff_t) y * plane->stride + (ptrdiff_t) x * plane->step];
}

GST_START_TEST (test_copy)
{
  static const int sizes[][2] = {{640, 360}, {1920, 1080}, {3840, 2160}, {7680, 4320}};
  static const int factors[] = {1, 1, 2, 4};
  guint8 *pixels = g_malloc (7680 * 4320);

  for (guint i = 0; i < 2 * G_N_ELEMENTS (sizes); i++) {
    int factor = factors[i / 2], width = sizes[i / 2][0], height = sizes[i / 2][1];
    LinceFrame frame = new_frame (pixels, width, height, i % 2);
    g_autoptr (LinceFrameCopy) copy = lince_frame_copy_new ();
    LinceResultCopy *restored = g_new0 (LinceResultCopy, 1);
    const LinceFrame *got;
    gsize bytes;

    lince_frame_copy_take (copy, &frame);
    got = lince_frame_copy_get (copy);
    fail_unless_equals_int (got->width, width / factor);
    fail_unless_equals_int (got->height, height / factor);
    fail_unless (got->interlaced == (i % 2 && factor == 1));
    fail_unless_equals_int (got->par_numerator, 4);
    bytes = (gsize) got->width * (gsize) got->height +
            2 * (gsize) got->chroma_width * (gsize) got->chroma_height;
    fail_unless (bytes <= LINCE_FRAME_COPY_MAX);
    fail_unless ((got->cb.data != NULL) == (i < 2), "%u", i);
    for (int y = 0; y < got->height; y += 37) {
      for (int x = 0; x < got->width; x += 29)
        fail_unless_equals_int (sample (&got->luma, x, y),
            sample (&frame.luma, x * factor, i % 2 ? y * factor & ~1 : y * factor));
    }
    if (got->cb.data != NULL) {
      fail_unless_equals_int (sample (&got->cb, 31, 17), sample (&frame.cb, 31, 17));
      fail_unless_equals_int (sample (&got->cr, 31, 17), sample (&frame.cr, 31, 17));
    }
    lince_frame_copy_restore (copy, &result, restored);
    fail_unless_equals_int (restored->result.placement_count, 2);
    fail_unless_equals_float (
        restored->result.placements[0].corners[2].x, placements[0].corners[2].x * (float) factor);
    lince_result_copy_clear (restored);
    g_free (restored);
  }
  g_free (pixels);
}
GST_END_TEST;

static Suite *
message_suite (void)
{
  Suite *suite = suite_create ("message");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_checked_fixture (chain, setup, teardown);
  tcase_add_test (chain, test_moved);
  tcase_add_test (chain, test_changes);
  tcase_add_test (chain, test_absent);
  tcase_add_test (chain, test_damaged_messages);
  tcase_add_test (chain, test_damaged_objects);
  tcase_add_test (chain, test_plan);
  tcase_add_test (chain, test_metas);
  tcase_add_test (chain, test_copy);
  return suite;
}

GST_CHECK_MAIN (message);
