/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Every format that the pad offers is recognised from its right pixels; every raw format of a
 * decoder is among them; others are refused with a remedy. */
#include <gst/check/gstcheck.h>

#include "media/frame_map.h"
#include "media/meta.h"
#include "scene.h"

static char *collection;

static void
setup (void)
{
  collection = scene_new_collection (1);
}

static void
teardown (void)
{
  scene_remove_collection (collection);
  g_clear_pointer (&collection, g_free);
}

/* What software decoders of GStreamer 1.22 (libav, vpx, dav1d, de265, openjpeg, jpeg, png, theora)
 * have in their source pads at 8 to 12 bits, and their 16-bit greys. */
static const char decoder_formats[] =
    "I420 YV12 Y42B Y444 Y41B YUV9 NV12 NV21 YUY2 UYVY GRAY8 GRAY16_LE GRAY16_BE A420 AYUV RGB BGR "
    "RGBx "
    "BGRx xRGB xBGR RGBA BGRA ARGB ABGR RGB16 RGB15 BGR16 BGR15 RGB8P GBR GBRA GBR_10LE GBR_10BE "
    "GBR_12LE "
    "GBR_12BE GBRA_10LE GBRA_10BE GBRA_12LE GBRA_12BE I420_10LE I420_10BE I420_12LE I420_12BE "
    "I422_10LE I422_10BE I422_12LE I422_12BE Y444_10LE Y444_10BE Y444_12LE Y444_12BE A420_10LE "
    "A420_10BE A422_10LE A422_10BE A444_10LE A444_10BE P010_10LE";

GST_START_TEST (test_decoders_link)
{
  g_auto (GStrv) names = g_strsplit (decoder_formats, " ", -1);
  g_autoptr (GstElementFactory) factory = gst_element_factory_find ("lincerecognize");

  for (guint i = 0; names[i] != NULL; i++) {
    g_autoptr (GstCaps) caps = gst_caps_new_simple (
        "video/x-raw", "format", G_TYPE_STRING, names[i], "width", G_TYPE_INT, 720, NULL);

    fail_unless (
        gst_video_format_from_string (names[i]) != GST_VIDEO_FORMAT_UNKNOWN, "%s", names[i]);
    fail_unless (gst_element_factory_can_sink_any_caps (factory, caps), "%s", names[i]);
  }
}
GST_END_TEST;

GST_START_TEST (test_every_format_is_recognised)
{
  g_auto (GStrv) names = g_strsplit (LINCE_FORMATS_IN_PLACE ", " LINCE_FORMATS_NARROWED, ", ", -1);
  SceneRun *run = scene_run_new (collection, names[__i__]);
  const GstStructure *structure;
  LinceMessageObject object;
  LinceMessage message;
  GstBuffer *output;

  output = scene_run_push (run, &scene_middle, 3);
  structure = lince_meta_get (output);
  fail_unless (structure != NULL && lince_message_parse (structure, &message));
  fail_unless (message.object_count == 1, "%s: %u objects", names[__i__], message.object_count);
  fail_unless (lince_message_get_object (structure, 0, &object));
  fail_unless_equals_string (object.id, "one");
  fail_unless (scene_distance (object.quad, &scene_middle) < 2.5, "%s: %.1f pixels off",
      names[__i__], scene_distance (object.quad, &scene_middle));
  gst_buffer_unref (output);
  scene_run_free (run);
}
GST_END_TEST;

static void
expect_refusal (SceneRun *run, const char *format, const char *remedy)
{
  GstMessage *message = scene_run_message_of_type (run, GST_MESSAGE_ERROR, 0);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL, "%s is refused without a word", format);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (g_error_matches (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT));
  fail_unless (strstr (error->message, format) != NULL, "%s", error->message);
  fail_unless (strstr (error->message, remedy) != NULL, "%s", error->message);
  gst_message_unref (message);
}

static SceneRun *
new_run_of_caps (const char *text)
{
  SceneRun *run = scene_run_new (collection, "I420");
  GstCaps *caps = gst_caps_from_string (text);

  gst_harness_push_event (run->harness, gst_event_new_caps (caps));
  gst_caps_unref (caps);
  return run;
}

GST_START_TEST (test_unreadable_formats)
{
  SceneRun *run = new_run_of_caps ("video/x-raw,format=v210,width=640,height=360,framerate=25/1");

  expect_refusal (run, "v210", "videoconvert");
  scene_run_free (run);
  run = new_run_of_caps (
      "video/x-raw(memory:GLMemory),format=RGBA,width=640,height=360,framerate=25/1");
  expect_refusal (run, "RGBA", "gldownload");
  scene_run_free (run);
}
GST_END_TEST;

static GstCaps *
ask_caps (SceneRun *run, const char *filter)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (run->element, "sink");
  g_autoptr (GstCaps) caps = filter != NULL ? gst_caps_from_string (filter) : NULL;

  return gst_pad_query_caps (pad, caps);
}

/* Who can choose is told the readable formats only; who cannot may come and be told the remedy. */
GST_START_TEST (test_caps_answers)
{
  SceneRun *run = scene_run_new (collection, "I420");
  GstCaps *caps = ask_caps (run, "video/x-raw,format={v210,NV12}");
  g_autoptr (GstCaps) v210 = gst_caps_from_string ("video/x-raw,format=v210");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (run->element, "sink");

  fail_unless (!gst_caps_is_empty (caps) && !gst_caps_can_intersect (caps, v210));
  gst_caps_unref (caps);
  fail_unless (!gst_pad_query_accept_caps (pad, v210));
  caps = ask_caps (run, "video/x-raw,format=v210");
  fail_unless (gst_caps_can_intersect (caps, v210));
  gst_caps_unref (caps);
  gst_harness_set_src_caps (run->harness, gst_caps_from_string ("video/x-raw,format=v210,width=640,"
                                                                "height=360,framerate=25/1"));
  expect_refusal (run, "v210", "videoconvert");
  fail_unless (gst_pad_query_accept_caps (pad, v210), "capsfilter would fail without a word");
  caps = ask_caps (run, "video/x-h264");
  fail_unless (gst_caps_is_empty (caps));
  gst_caps_unref (caps);
  scene_run_free (run);
}
GST_END_TEST;

/* Frames that are too small to analyse pass, with a warning that says so. */
GST_START_TEST (test_small_frames)
{
  SceneRun *run = scene_run_new (collection, "I420");
  g_autoptr (GstCaps) caps =
      gst_caps_from_string ("video/x-raw,format=GRAY8,width=40,height=40,framerate=25/1");
  GstMessage *message;
  GstBuffer *buffer;

  gst_harness_set_src_caps (run->harness, gst_caps_ref (caps));
  message = scene_run_message_of_type (run, GST_MESSAGE_WARNING, 0);
  fail_unless (message != NULL);
  gst_message_unref (message);
  buffer = gst_buffer_new_allocate (NULL, 40 * 40, NULL);
  GST_BUFFER_PTS (buffer) = 0;
  buffer = gst_harness_push_and_pull (run->harness, buffer);
  fail_unless (buffer != NULL && lince_meta_get (buffer) == NULL);
  gst_buffer_unref (buffer);
  scene_run_free (run);
}
GST_END_TEST;

static Suite *
formats_suite (void)
{
  Suite *suite = suite_create ("formats");
  TCase *chain = tcase_create ("formats");
  g_auto (GStrv) names = g_strsplit (LINCE_FORMATS_IN_PLACE ", " LINCE_FORMATS_NARROWED, ", ", -1);

  suite_add_tcase (suite, chain);
  tcase_add_checked_fixture (chain, setup, teardown);
  tcase_add_test (chain, test_decoders_link);
  tcase_add_loop_test (chain, test_every_format_is_recognised, 0, (int) g_strv_length (names));
  tcase_add_test (chain, test_unreadable_formats);
  tcase_add_test (chain, test_caps_answers);
  tcase_add_test (chain, test_small_frames);
  return suite;
}

GST_CHECK_MAIN (formats);
