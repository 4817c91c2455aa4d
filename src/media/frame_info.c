/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/message.h"

static void
read_timecode (LinceFrameInfo *info, GstBuffer *buffer)
{
  GstVideoTimeCodeMeta *meta = gst_buffer_get_video_time_code_meta (buffer);
  g_autofree char *text = NULL;

  info->timecode[0] = '\0';
  if (meta == NULL || !gst_video_time_code_is_valid (&meta->tc))
    return;
  text = gst_video_time_code_to_string (&meta->tc);
  g_strlcpy (info->timecode, text, sizeof info->timecode);
}

/* Clocks that mean a wall clock first; else whatever the buffer carries. */
static gboolean
is_wall_clock (const GstCaps *reference)
{
  const GstStructure *structure = gst_caps_get_structure (reference, 0);

  return gst_structure_has_name (structure, "timestamp/x-ntp") ||
         gst_structure_has_name (structure, "timestamp/x-unix");
}

static void
read_reference (LinceFrameInfo *info, GstBuffer *buffer)
{
  GstReferenceTimestampMeta *best = NULL;
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta_filtered (
              buffer, &state, GST_REFERENCE_TIMESTAMP_META_API_TYPE)) != NULL) {
    GstReferenceTimestampMeta *reference = (GstReferenceTimestampMeta *) meta;

    if (reference->reference == NULL || gst_caps_get_size (reference->reference) == 0)
      continue;
    if (best == NULL || (is_wall_clock (reference->reference) && !is_wall_clock (best->reference)))
      best = reference;
  }
  info->reference_timestamp = best != NULL ? best->timestamp : GST_CLOCK_TIME_NONE;
  info->reference_clock[0] = '\0';
  if (best != NULL)
    g_strlcpy (info->reference_clock,
        gst_structure_get_name (gst_caps_get_structure (best->reference, 0)),
        sizeof info->reference_clock);
}

void
lince_frame_info_from_buffer (
    LinceFrameInfo *info, GstBuffer *buffer, const GstSegment *segment, const GstVideoInfo *video)
{
  info->timestamp = GST_BUFFER_PTS (buffer);
  info->duration = GST_BUFFER_DURATION (buffer);
  info->frame_number = GST_BUFFER_OFFSET (buffer);
  info->stream_time = info->running_time = GST_CLOCK_TIME_NONE;
  if (segment->format == GST_FORMAT_TIME && GST_CLOCK_TIME_IS_VALID (info->timestamp)) {
    info->stream_time = gst_segment_to_stream_time (segment, GST_FORMAT_TIME, info->timestamp);
    info->running_time = gst_segment_to_running_time (segment, GST_FORMAT_TIME, info->timestamp);
  }
  read_timecode (info, buffer);
  read_reference (info, buffer);
  info->width = GST_VIDEO_INFO_WIDTH (video);
  info->height = GST_VIDEO_INFO_HEIGHT (video);
  info->par_n = MAX (GST_VIDEO_INFO_PAR_N (video), 1);
  info->par_d = MAX (GST_VIDEO_INFO_PAR_D (video), 1);
}
