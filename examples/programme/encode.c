/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "encode.h"

#include <gst/app/app.h>

/* One thread: with several, x264 under a rate limit gives another file at each run. A key frame at
 * least each second: who tunes in sees a picture soon. */
#define DESCRIPTION                                                                                \
  "appsrc name=frames format=time block=true "                                                     \
  "! x264enc name=encoder speed-preset=veryfast threads=1 bframes=2 b-adapt=false "                \
  "! video/x-h264,profile=high ! h264parse ! mpegtsmux alignment=7 ! filesink name=file"

struct _LinceEncoder {
  GstElement *pipeline;
  GstAppSrc *source;
  GstClockTime time, step;
};

LinceEncoder *
lince_encoder_new (const char *path, const GstVideoInfo *info, int bitrate, GError **error)
{
  GstElement *pipeline =
      gst_parse_launch_full (DESCRIPTION, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (!pipeline)
    return NULL;
  LinceEncoder *encoder = g_new0 (LinceEncoder, 1);
  encoder->pipeline = pipeline;
  encoder->source = GST_APP_SRC (gst_bin_get_by_name (GST_BIN (pipeline), "frames"));
  encoder->step = GST_SECOND / (guint) GST_VIDEO_INFO_FPS_N (info);

  g_autoptr (GstCaps) caps = gst_video_info_to_caps (info);
  gst_app_src_set_caps (encoder->source, caps);
  gst_app_src_set_max_bytes (encoder->source, 8 * info->size);

  g_autoptr (GstElement) x264 = gst_bin_get_by_name (GST_BIN (pipeline), "encoder");
  g_object_set (x264, "bitrate", (guint) bitrate, "key-int-max",
      (guint) GST_VIDEO_INFO_FPS_N (info), "interlaced", GST_VIDEO_INFO_IS_INTERLACED (info), NULL);
  g_autoptr (GstElement) file = gst_bin_get_by_name (GST_BIN (pipeline), "file");
  g_object_set (file, "location", path, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return encoder;
}

gboolean
lince_encoder_push (LinceEncoder *encoder, GstBuffer *frame)
{
  GST_BUFFER_PTS (frame) = encoder->time;
  GST_BUFFER_DURATION (frame) = encoder->step;
  encoder->time += encoder->step;
  return gst_app_src_push_buffer (encoder->source, frame) == GST_FLOW_OK;
}

gboolean
lince_encoder_finish (LinceEncoder *encoder, GError **error)
{
  gst_app_src_end_of_stream (encoder->source);
  g_autoptr (GstBus) bus = gst_element_get_bus (encoder->pipeline);
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, error, NULL);
    return FALSE;
  }
  return TRUE;
}

void
lince_encoder_free (LinceEncoder *encoder)
{
  if (!encoder)
    return;
  gst_element_set_state (encoder->pipeline, GST_STATE_NULL);
  gst_object_unref (encoder->source);
  gst_object_unref (encoder->pipeline);
  g_free (encoder);
}
