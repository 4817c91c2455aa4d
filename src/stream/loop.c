/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/loop.h"

typedef struct {
  GstSegment segment; /* the present round's, with its base */
  GstClockTime base;  /* what this round's segments are moved by */
  GstClockTime end;   /* running time at which the last frame ends */
  gboolean fresh;     /* the next segment begins a round */
  gboolean seeking;   /* the flush at hand is ours and stays upstream */
  guint64 frames;     /* in this round */
} Loop;

static void
seek_to_start (GstElement *element, gpointer user_data)
{
  GstPad *pad = user_data;
  GstEvent *seek = gst_event_new_seek (1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET,
      0, GST_SEEK_TYPE_NONE, GST_CLOCK_TIME_NONE);

  if (!gst_pad_send_event (pad, seek))
    GST_ELEMENT_ERROR (
        element, RESOURCE, SEEK, ("This file cannot be looped: it has no way back."), (NULL));
}

static GstPadProbeReturn
take_end (Loop *loop, GstPad *pad)
{
  g_autoptr (GstElement) element = gst_pad_get_parent_element (pad);

  /* a round without a frame would spin */
  if (!element || loop->frames == 0)
    return GST_PAD_PROBE_OK;
  loop->frames = 0;
  loop->fresh = TRUE;
  loop->seeking = TRUE;
  gst_element_call_async (element, seek_to_start, gst_object_ref (pad), gst_object_unref);
  return GST_PAD_PROBE_DROP;
}

static GstPadProbeReturn
rebase_segment (Loop *loop, GstPadProbeInfo *info)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  guint32 sequence = gst_event_get_seqnum (event);

  gst_event_copy_segment (event, &loop->segment);
  if (loop->segment.format != GST_FORMAT_TIME)
    return GST_PAD_PROBE_OK;
  if (loop->fresh && GST_CLOCK_TIME_IS_VALID (loop->end))
    loop->base = loop->end - loop->segment.base;
  loop->fresh = FALSE;
  loop->segment.base += loop->base;
  GST_PAD_PROBE_INFO_DATA (info) = gst_event_new_segment (&loop->segment);
  gst_event_set_seqnum (GST_PAD_PROBE_INFO_EVENT (info), sequence);
  gst_event_unref (event);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Loop *loop = user_data;

  switch (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info))) {
    case GST_EVENT_EOS:
      return take_end (loop, pad);
    case GST_EVENT_SEGMENT:
      return rebase_segment (loop, info);
    case GST_EVENT_FLUSH_START:
      return loop->seeking ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
    case GST_EVENT_FLUSH_STOP:
      if (!loop->seeking)
        return GST_PAD_PROBE_OK;
      loop->seeking = FALSE;
      return GST_PAD_PROBE_DROP;
    default:
      return GST_PAD_PROBE_OK;
  }
}

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Loop *loop = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  GstClockTime end;

  if (!GST_BUFFER_PTS_IS_VALID (buffer))
    return GST_PAD_PROBE_OK;
  /* not gst_segment_to_running_time(), which clips at a stop that may lie before the last end */
  if (GST_BUFFER_PTS (buffer) < loop->segment.start)
    return GST_PAD_PROBE_OK;
  end = GST_BUFFER_PTS (buffer) - loop->segment.start + loop->segment.base;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    end += GST_BUFFER_DURATION (buffer);
  loop->end = GST_CLOCK_TIME_IS_VALID (loop->end) ? MAX (loop->end, end) : end;
  loop->frames++;
  return GST_PAD_PROBE_OK;
}

void
lince_loop_attach (GstPad *pad)
{
  Loop *loop = g_new0 (Loop, 1);

  gst_segment_init (&loop->segment, GST_FORMAT_TIME);
  loop->end = GST_CLOCK_TIME_NONE;
  g_object_set_data_full (G_OBJECT (pad), "lince-loop", loop, g_free);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      on_event, loop, NULL);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, loop, NULL);
}
