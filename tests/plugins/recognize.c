/* SPDX-License-Identifier: LGPL-2.1-or-later
 * lincerecognize on synthetic frames: what it says and attaches, and that it copies no frame. */
#include <gst/check/gstcheck.h>

#include "media/meta.h"
#include "scene.h"

static char *collection;

static void
setup (void)
{
  collection = scene_new_collection (2);
  scene_write_file (collection, "one.json", "{\"name\": \"The First\", \"metadata\": {\"n\": 1}}");
}

static void
teardown (void)
{
  scene_remove_collection (collection);
  g_clear_pointer (&collection, g_free);
}

GST_START_TEST (test_appears_moves_vanishes)
{
  SceneRun *run = scene_run_new (collection, "I420");
  LinceMessageObject object;
  LinceMessage message;
  GstMessage *found;
  gint64 now = g_get_real_time ();

  gst_buffer_unref (scene_run_push (run, &scene_nothing, 5));
  gst_buffer_unref (scene_run_push (run, &scene_middle, 15));
  found = scene_run_recognition (run, LINCE_MESSAGE_APPEARED, &message, &object);
  fail_unless (found != NULL);
  fail_unless_equals_string (object.id, "one");
  fail_unless_equals_string (object.name, "The First");
  fail_unless (strstr (object.metadata, "\"n\"") != NULL);
  fail_unless (!object.resumed && object.exposure == 1);
  fail_unless (scene_distance (object.quad, &scene_middle) < 2.5, "%.2f",
      scene_distance (object.quad, &scene_middle));
  fail_unless (object.first_seen >= 5 * SCENE_FRAME && object.first_seen <= 8 * SCENE_FRAME);
  fail_unless (object.decided > object.first_seen && object.decided <= 19 * SCENE_FRAME);
  fail_unless_equals_uint64 (message.info.running_time, object.decided);
  fail_unless_equals_uint64 (message.info.timestamp, message.info.running_time);
  fail_unless_equals_uint64 (message.info.stream_time, message.info.running_time);
  fail_unless_equals_uint64 (message.info.duration, SCENE_FRAME);
  fail_unless_equals_uint64 (message.info.frame_number, message.info.timestamp / SCENE_FRAME);
  fail_unless_equals_int (message.info.width, SCENE_WIDTH);
  fail_unless_equals_int (message.info.height, SCENE_HEIGHT);
  fail_unless (ABS (message.info.arrival - now) < 60 * G_USEC_PER_SEC);
  fail_unless (message.info.decided_after > 0 && message.info.decided_after < 60 * GST_SECOND);
  fail_unless_equals_uint64 (message.info.age, 0);
  fail_unless_equals_string (message.info.collection, collection);
  fail_unless (message.revision != NULL && strlen (message.revision) == 16);
  gst_message_unref (found);
  found = scene_run_recognition (run, LINCE_MESSAGE_MOVED, &message, &object);
  fail_unless (found != NULL && message.object_count == 1);
  gst_message_unref (found);
  fail_unless (scene_run_recognition (run, LINCE_MESSAGE_APPEARED, &message, &object) == NULL);

  /* one moved for each frame on which it stands, one without objects, then silence */
  gst_buffer_unref (scene_run_push (run, &scene_middle, 3));
  gst_buffer_unref (scene_run_push (run, &scene_nothing, 4));
  for (guint i = 0; i < 4; i++) {
    found = scene_run_recognition (run, LINCE_MESSAGE_MOVED, &message, &object);
    fail_unless (found != NULL);
    fail_unless_equals_int (message.object_count, i < 3 ? 1 : 0);
    gst_message_unref (found);
  }
  fail_unless (scene_run_recognition (run, LINCE_MESSAGE_MOVED, &message, &object) == NULL);
  scene_run_free (run);
}
GST_END_TEST;

GST_START_TEST (test_vanishes)
{
  SceneRun *run = scene_run_new (collection, "NV12");
  LinceMessageObject object;
  LinceMessage message;
  GstMessage *found;

  gst_buffer_unref (scene_run_push (run, &scene_middle, 15));
  gst_buffer_unref (scene_run_push (run, &scene_nothing, 40));
  found = scene_run_recognition (run, LINCE_MESSAGE_VANISHED, &message, &object);
  fail_unless (found != NULL);
  fail_unless_equals_string (object.id, "one");
  fail_unless (strcmp (object.reason, "gone") == 0 || strcmp (object.reason, "cut") == 0, "%s",
      object.reason);
  fail_unless_equals_uint64 (object.last_seen, 14 * SCENE_FRAME);
  fail_unless (object.frames >= 8 && object.frames <= 15);
  fail_unless (object.seconds > 0.3 && object.seconds < 0.7);
  fail_unless (object.area_seconds > 0.0 && object.area_seconds < object.seconds);
  gst_message_unref (found);
  scene_run_free (run);
}
GST_END_TEST;

/* What the buffers carry: the custom meta, a region, and not a byte of another memory. */
GST_START_TEST (test_metas_and_no_copy)
{
  SceneRun *run = scene_run_new (collection, "I420");
  const ScenePlace *places[] = {&scene_nothing, &scene_middle};

  gst_harness_set_propose_allocator (run->harness, NULL, NULL);
  for (guint i = 0; i < 20; i++) {
    GstBuffer *input = scene_new_frame (&run->info, places[i >= 4], i);
    /* another branch of a tee holds the buffer as well */
    GstBuffer *held = gst_buffer_ref (input);
    GstMemory *memory = gst_buffer_peek_memory (input, 0);
    const GstStructure *structure;
    LinceMessage message;
    GstBuffer *output;

    fail_unless_equals_int (gst_harness_push (run->harness, input), GST_FLOW_OK);
    output = gst_harness_pull (run->harness);
    fail_unless (output != held, "a shared buffer was given metas");
    fail_unless (gst_buffer_peek_memory (output, 0) == memory, "the frame was copied");
    fail_unless (lince_meta_get (held) == NULL);
    structure = lince_meta_get (output);
    fail_unless (structure != NULL && lince_message_parse (structure, &message));
    fail_unless_equals_uint64 (message.info.running_time, i * SCENE_FRAME);
    if (i >= 8) {
      GstVideoRegionOfInterestMeta *region = gst_buffer_get_video_region_of_interest_meta (output);
      LinceMessageObject object;

      fail_unless_equals_int (message.object_count, 1);
      fail_unless (lince_message_get_object (structure, 0, &object));
      fail_unless (scene_distance (object.quad, &scene_middle) < 2.5);
      fail_unless (region != NULL);
      fail_unless_equals_string (g_quark_to_string (region->roi_type), "The First");
      fail_unless (ABS ((int) region->x - 190) < 5 && ABS ((int) region->y - 80) < 5);
      fail_unless (ABS ((int) region->w - 250) < 9 && ABS ((int) region->h - 195) < 9);
    }
    gst_buffer_unref (output);
    gst_buffer_unref (held);
  }
  scene_run_free (run);
}
GST_END_TEST;

GST_START_TEST (test_without_metas_the_buffer_passes)
{
  SceneRun *run = scene_run_new (collection, "I420");
  LinceMessageObject object;
  LinceMessage message;
  GstMessage *found;

  g_object_set (run->element, "attach-meta", FALSE, NULL);
  for (guint i = 0; i < 12; i++) {
    GstBuffer *input = gst_buffer_ref (scene_new_frame (&run->info, &scene_middle, i)), *output;

    fail_unless_equals_int (gst_harness_push (run->harness, input), GST_FLOW_OK);
    output = gst_harness_pull (run->harness);
    fail_unless (output == input);
    fail_unless (lince_meta_get (output) == NULL);
    gst_buffer_unref (output);
    gst_buffer_unref (input);
  }
  found = scene_run_recognition (run, LINCE_MESSAGE_APPEARED, &message, &object);
  fail_unless (found != NULL);
  gst_message_unref (found);
  scene_run_free (run);
}
GST_END_TEST;

GST_START_TEST (test_without_messages)
{
  SceneRun *run = scene_run_new (collection, "I420");
  GstBuffer *output;

  g_object_set (run->element, "post-messages", FALSE, NULL);
  output = scene_run_push (run, &scene_middle, 12);
  fail_unless (gst_buffer_get_video_region_of_interest_meta (output) != NULL);
  gst_buffer_unref (output);
  fail_unless (scene_run_message (run, LINCE_MESSAGE_NAME, 0) == NULL);
  scene_run_free (run);
}
GST_END_TEST;

static gboolean eos_came_first;

static GstPadProbeReturn
on_output_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  SceneRun *run = user_data;
  LinceMessageObject object;
  LinceMessage message;
  GstMessage *found;

  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) != GST_EVENT_EOS)
    return GST_PAD_PROBE_OK;
  found = scene_run_recognition (run, LINCE_MESSAGE_VANISHED, &message, &object);
  eos_came_first = found == NULL;
  if (found != NULL) {
    fail_unless_equals_string (object.reason, "end");
    fail_unless_equals_uint64 (object.last_seen, 14 * SCENE_FRAME);
    fail_unless_equals_uint64 (message.info.running_time, 14 * SCENE_FRAME);
    gst_message_unref (found);
    found = scene_run_recognition (run, LINCE_MESSAGE_MOVED, &message, &object);
    fail_unless (found != NULL && message.object_count == 0);
    gst_message_unref (found);
  }
  return GST_PAD_PROBE_OK;
}

GST_START_TEST (test_end_of_stream)
{
  static const char *const modes[] = {"sync", "async"};

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++) {
    SceneRun *run = scene_run_new (collection, "I420");
    g_autoptr (GstPad) pad = gst_element_get_static_pad (run->element, "src");

    gst_util_set_object_arg (G_OBJECT (run->element), "mode", modes[i]);
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_output_event, run, NULL);
    for (guint n = 0; n < 15; n++) {
      gst_buffer_unref (scene_run_push (run, &scene_middle, 1));
      while (i == 1 && scene_run_stat (run, "analysed") < n + 1)
        g_usleep (1000);
    }
    eos_came_first = TRUE;
    fail_unless (gst_harness_push_event (run->harness, gst_event_new_eos ()));
    fail_unless (!eos_came_first, "%s: EOS passed before the end of the exposure", modes[i]);
    scene_run_free (run);
  }
}
GST_END_TEST;

static void
expect_vanished (SceneRun *run, const char *reason)
{
  LinceMessageObject object;
  LinceMessage message;
  GstMessage *found = scene_run_recognition (run, LINCE_MESSAGE_VANISHED, &message, &object);

  fail_unless (found != NULL, "nothing vanished for %s", reason);
  fail_unless_equals_string (object.reason, reason);
  gst_message_unref (found);
}

static void
expect_appeared (SceneRun *run, guint64 exposure)
{
  LinceMessageObject object;
  LinceMessage message;
  GstMessage *found = scene_run_recognition (run, LINCE_MESSAGE_APPEARED, &message, &object);

  fail_unless (found != NULL, "nothing appeared");
  fail_unless_equals_uint64 (object.exposure, exposure);
  fail_unless (!object.resumed);
  gst_message_unref (found);
}

GST_START_TEST (test_flush_and_seek)
{
  SceneRun *run = scene_run_new (collection, "I420");
  LinceMessageObject object;
  LinceMessage message;
  GstMessage *found;
  GstSegment segment;

  gst_buffer_unref (scene_run_push (run, &scene_middle, 12));
  expect_appeared (run, 1);
  fail_unless (gst_harness_push_event (run->harness, gst_event_new_flush_start ()));
  fail_unless (gst_harness_push_event (run->harness, gst_event_new_flush_stop (TRUE)));
  expect_vanished (run, "reset");
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.position = segment.time = 100 * SCENE_FRAME;
  fail_unless (gst_harness_push_event (run->harness, gst_event_new_segment (&segment)));
  run->frames = 100;
  gst_buffer_unref (scene_run_push (run, &scene_middle, 12));
  found = scene_run_recognition (run, LINCE_MESSAGE_APPEARED, &message, &object);
  fail_unless (found != NULL);
  fail_unless_equals_uint64 (object.exposure, 2);
  /* running time begins anew, stream time is where the seek went */
  fail_unless (message.info.running_time < 12 * SCENE_FRAME);
  fail_unless_equals_uint64 (
      message.info.stream_time, message.info.running_time + 100 * SCENE_FRAME);
  fail_unless_equals_uint64 (message.info.timestamp, message.info.stream_time);
  gst_message_unref (found);
  /* frames before the segment are not shown, so they are not analysed */
  run->frames = 20;
  gst_buffer_unref (scene_run_push (run, &scene_middle, 2));
  fail_unless_equals_uint64 (scene_run_stat (run, "skipped"), 2);
  scene_run_free (run);
}
GST_END_TEST;

GST_START_TEST (test_caps_change)
{
  SceneRun *run = scene_run_new (collection, "I420");
  GstVideoInfo info;

  gst_buffer_unref (scene_run_push (run, &scene_middle, 12));
  expect_appeared (run, 1);
  scene_info (&info, "I420", "progressive");
  scene_run_send_caps (run, &info);
  gst_buffer_unref (scene_run_push (run, &scene_middle, 1));
  fail_unless (scene_run_message (run, "nothing", 0) == NULL);
  scene_info (&info, "YUY2", "progressive");
  scene_run_send_caps (run, &info);
  expect_vanished (run, "reset");
  gst_buffer_unref (scene_run_push (run, &scene_middle, 12));
  expect_appeared (run, 2);
  scene_run_free (run);
}
GST_END_TEST;

GST_START_TEST (test_hole)
{
  SceneRun *run = scene_run_new (collection, "I420");

  gst_buffer_unref (scene_run_push (run, &scene_middle, 12));
  expect_appeared (run, 1);
  run->frames += 100;
  gst_buffer_unref (scene_run_push (run, &scene_middle, 12));
  expect_vanished (run, "reset");
  expect_appeared (run, 2);
  scene_run_free (run);
}
GST_END_TEST;

GST_START_TEST (test_interval)
{
  SceneRun *run = scene_run_new (collection, "I420");

  g_object_set (run->element, "interval", (guint64) (4 * SCENE_FRAME), NULL);
  gst_buffer_unref (scene_run_push (run, &scene_middle, 21));
  fail_unless_equals_uint64 (scene_run_stat (run, "frames"), 21);
  fail_unless_equals_uint64 (scene_run_stat (run, "analysed"), 6);
  fail_unless_equals_uint64 (scene_run_stat (run, "skipped"), 15);
  expect_appeared (run, 1);
  scene_run_free (run);
}
GST_END_TEST;

static void
expect_plan (SceneRun *run, const char *plan)
{
  GstStructure *stats = NULL;

  g_object_get (run->element, "stats", &stats, NULL);
  fail_unless_equals_string (gst_structure_get_string (stats, "plan"), plan);
  gst_structure_free (stats);
}

GST_START_TEST (test_plans)
{
  SceneRun *run = scene_run_new (collection, "I420");

  gst_buffer_unref (scene_run_push (run, &scene_middle, 20));
  expect_plan (run, "live");
  fail_unless_equals_uint64 (scene_run_stat (run, "searches"), 5);
  fail_unless_equals_uint64 (scene_run_stat (run, "searches-skipped"), 15);
  fail_unless_equals_uint64 (scene_run_stat (run, "frames-live"), 20);
  gst_util_set_object_arg (G_OBJECT (run->element), "plan", "thorough");
  gst_buffer_unref (scene_run_push (run, &scene_middle, 20));
  expect_plan (run, "thorough");
  fail_unless_equals_uint64 (scene_run_stat (run, "searches"), 25);
  fail_unless_equals_uint64 (scene_run_stat (run, "frames-thorough"), 20);
  /* what was found under one is followed under the other */
  expect_appeared (run, 1);
  fail_unless (scene_run_message (run, LINCE_MESSAGE_PLAN_NAME, 0) == NULL);
  fail_unless_equals_uint64 (scene_run_stat (run, "plan-downs"), 0);
  scene_run_free (run);
}
GST_END_TEST;

/* A budget that no frame keeps: rung after rung, each told, and what stands is followed on. */
GST_START_TEST (test_budget_too_small)
{
  SceneRun *run = scene_run_new (collection, "I420");
  LincePlanName last = LINCE_PLAN_LIVE;

  g_object_set (run->element, "budget", (guint64) 1, NULL);
  gst_buffer_unref (scene_run_push (run, &scene_middle, 60));
  expect_plan (run, "live-5");
  fail_unless_equals_uint64 (scene_run_stat (run, "plan-downs"), 5);
  fail_unless_equals_uint64 (scene_run_stat (run, "plan-ups"), 0);
  fail_unless_equals_uint64 (scene_run_stat (run, "overruns"), 60);
  fail_unless_equals_uint64 (scene_run_stat (run, "analysed"), 60);
  fail_unless (scene_run_stat (run, "frames-live-5") > 30);
  fail_unless (scene_run_stat (run, "searches-skipped") > 45);
  while (last != LINCE_PLAN_LIVE_5) {
    GstMessage *message = scene_run_message (run, LINCE_MESSAGE_PLAN_NAME, 0);
    LinceMessagePlan plan;

    fail_unless (message != NULL, "nothing is said of leaving %s", lince_plan_name (last));
    fail_unless (lince_message_parse_plan (gst_message_get_structure (message), &plan));
    fail_unless_equals_int (plan.previous, last);
    fail_unless_equals_int (plan.plan, last + 1);
    fail_unless_equals_uint64 (plan.budget, 1);
    fail_unless (plan.cost >= 1);
    fail_unless (plan.running_time < 60 * SCENE_FRAME);
    last = plan.plan;
    gst_message_unref (message);
  }
  fail_unless (scene_run_message (run, LINCE_MESSAGE_PLAN_NAME, 0) == NULL);
  scene_run_free (run);
}
GST_END_TEST;

/* Another budget begins at the top again; one that every frame keeps leaves it there. */
GST_START_TEST (test_budget_large_enough)
{
  SceneRun *run = scene_run_new (collection, "I420");

  g_object_set (run->element, "budget", (guint64) 1, NULL);
  gst_buffer_unref (scene_run_push (run, &scene_nothing, 40));
  expect_plan (run, "live-5");
  g_object_set (run->element, "budget", 100 * GST_SECOND, NULL);
  gst_buffer_unref (scene_run_push (run, &scene_middle, 40));
  expect_plan (run, "live");
  fail_unless_equals_uint64 (scene_run_stat (run, "plan-downs"), 5);
  expect_appeared (run, 1);
  scene_run_free (run);
}
GST_END_TEST;

/* Late frames pass unanalysed; none is dropped. */
GST_START_TEST (test_quality_of_service)
{
  SceneRun *run = scene_run_new (collection, "I420");

  gst_buffer_unref (scene_run_push (run, &scene_middle, 2));
  fail_unless (gst_harness_push_upstream_event (run->harness,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 1.5, 2 * SCENE_FRAME, 2 * SCENE_FRAME)));
  gst_buffer_unref (scene_run_push (run, &scene_middle, 8));
  /* late until 2 + 2 * 2 frames: 2 to 5 pass, 6 to 9 are analysed */
  fail_unless_equals_uint64 (scene_run_stat (run, "late"), 4);
  fail_unless_equals_uint64 (scene_run_stat (run, "skipped"), 4);
  fail_unless_equals_uint64 (scene_run_stat (run, "analysed"), 6);
  fail_unless_equals_uint64 (scene_run_stat (run, "frames"), 10);
  scene_run_free (run);
}
GST_END_TEST;

/* A frame's other clocks and the shape of its pixels arrive in the message. */
GST_START_TEST (test_timecode_and_reference_clock)
{
  SceneRun *run = scene_run_new (collection, "I420");
  g_autoptr (GstCaps) other = gst_caps_new_empty_simple ("timestamp/x-drift");
  g_autoptr (GstCaps) ntp = gst_caps_new_empty_simple ("timestamp/x-ntp");
  GstVideoInfo info;
  LinceMessageObject object;
  LinceMessage message;
  GstMessage *found;

  scene_info (&info, "I420", "interleaved");
  GST_VIDEO_INFO_PAR_N (&info) = 12;
  GST_VIDEO_INFO_PAR_D (&info) = 11;
  scene_run_send_caps (run, &info);
  for (guint i = 0; i < 6; i++) {
    GstBuffer *buffer = scene_new_frame (&run->info, &scene_middle, i);

    gst_buffer_add_video_time_code_meta_full (
        buffer, 25, 1, NULL, GST_VIDEO_TIME_CODE_FLAGS_NONE, 10, 0, 0, i, 0);
    gst_buffer_add_reference_timestamp_meta (buffer, other, 5, GST_CLOCK_TIME_NONE);
    gst_buffer_add_reference_timestamp_meta (buffer, ntp, 1000 + i, GST_CLOCK_TIME_NONE);
    fail_unless_equals_int (gst_harness_push (run->harness, buffer), GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (run->harness));
  }
  found = scene_run_recognition (run, LINCE_MESSAGE_MOVED, &message, &object);
  fail_unless (found != NULL);
  fail_unless (g_str_has_prefix (message.info.timecode, "10:00:00:0"), message.info.timecode);
  fail_unless_equals_string (message.info.reference_clock, "timestamp/x-ntp");
  fail_unless_equals_uint64 (
      message.info.reference_timestamp, 1000 + message.info.timestamp / SCENE_FRAME);
  fail_unless_equals_int (message.info.par_n, 12);
  fail_unless_equals_int (message.info.par_d, 11);
  fail_unless (scene_distance (object.quad, &scene_middle) < 4.0);
  gst_message_unref (found);
  scene_run_free (run);
}
GST_END_TEST;

/* Padded frames are for downstream to accept or not: it gets the very same. */
GST_START_TEST (test_allocation)
{
  for (guint offered = 0; offered < 2; offered++) {
    SceneRun *run = scene_run_new (collection, "I420");
    g_autoptr (GstCaps) caps = gst_video_info_to_caps (&run->info);
    g_autoptr (GstQuery) query = gst_query_new_allocation (caps, TRUE);
    g_autoptr (GstPad) pad = gst_element_get_static_pad (run->element, "sink");

    if (offered)
      gst_harness_add_propose_allocation_meta (run->harness, GST_VIDEO_META_API_TYPE, NULL);
    gst_buffer_unref (scene_run_push (run, &scene_nothing, 1));
    fail_unless (gst_pad_query (pad, query));
    fail_unless (
        gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL) == !!offered);
    scene_run_free (run);
  }
}
GST_END_TEST;

static Suite *
recognize_suite (void)
{
  Suite *suite = suite_create ("lincerecognize");
  TCase *chain = tcase_create ("frames");

  suite_add_tcase (suite, chain);
  tcase_add_checked_fixture (chain, setup, teardown);
  tcase_add_test (chain, test_appears_moves_vanishes);
  tcase_add_test (chain, test_vanishes);
  tcase_add_test (chain, test_metas_and_no_copy);
  tcase_add_test (chain, test_without_metas_the_buffer_passes);
  tcase_add_test (chain, test_without_messages);
  tcase_add_test (chain, test_end_of_stream);
  tcase_add_test (chain, test_flush_and_seek);
  tcase_add_test (chain, test_caps_change);
  tcase_add_test (chain, test_hole);
  tcase_add_test (chain, test_interval);
  tcase_add_test (chain, test_plans);
  tcase_add_test (chain, test_budget_too_small);
  tcase_add_test (chain, test_budget_large_enough);
  tcase_add_test (chain, test_quality_of_service);
  tcase_add_test (chain, test_timecode_and_reference_clock);
  tcase_add_test (chain, test_allocation);
  return suite;
}

GST_CHECK_MAIN (recognize);
