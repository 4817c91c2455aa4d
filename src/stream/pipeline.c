/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/pipeline.h"

#include <string.h>

#include "media/meta.h"
#include "stream/loop.h"
#include "stream/source.h"
#include "stream/template.h"

#define DISPOSE_DEADLINE_MS 5000
#define NO_VIDEO "lince-no-video"
#define FIRST_FRAME "lince-first-frame"

struct _LincePipeline {
  GstElement *element;
  GstElement *source, *recognize;
  GstPad *in, *out; /* lincerecognize's */
  gulong in_probe, out_probe;
  char *uri;        /* for taking its secrets out of texts */
  GstElement *pace; /* may be NULL */
  gboolean loop;
  LincePipelineCallbacks callbacks;
  gpointer user_data;
  LinceTrace *trace;
  guint bus_watch;
  gint disposed;   /* atomic */
  gint references; /* atomic: the main thread's and those of state changes under way */
  guint64 frames;  /* atomic */
  GMutex lock;
  GstStructure *newest; /* under `lock`: of the newest frame */
  LincePipelineDone done;
  gpointer done_data;
  guint deadline;
};

static LincePipeline *
pipeline_ref (LincePipeline *pipeline)
{
  g_atomic_int_inc (&pipeline->references);
  return pipeline;
}

static void
pipeline_unref (gpointer data)
{
  LincePipeline *pipeline = data;

  if (!g_atomic_int_dec_and_test (&pipeline->references))
    return;
  g_clear_object (&pipeline->in);
  g_clear_object (&pipeline->out);
  g_clear_object (&pipeline->source);
  g_clear_object (&pipeline->pace);
  g_clear_object (&pipeline->recognize);
  g_clear_object (&pipeline->element);
  gst_clear_structure (&pipeline->newest);
  g_mutex_clear (&pipeline->lock);
  g_free (pipeline->uri);
  g_free (pipeline);
}

/* Streaming threads: what the main loop has no use for never gets into the bus's queue, which has
 * no bound. */
static GstBusSyncReply
on_message_posted (GstBus *bus, GstMessage *message, gpointer user_data)
{
  LincePipeline *pipeline = user_data;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      if (gst_message_has_name (message, "recognition"))
        lince_trace_posted (pipeline->trace, gst_message_get_structure (message));
      return GST_BUS_PASS;
    case GST_MESSAGE_ERROR:
    case GST_MESSAGE_EOS:
    case GST_MESSAGE_APPLICATION:
    case GST_MESSAGE_LATENCY:
    case GST_MESSAGE_CLOCK_LOST:
      return GST_BUS_PASS;
    case GST_MESSAGE_WARNING:
      /* decoders warn of every damaged frame */
      if (GST_MESSAGE_SRC (message) == GST_OBJECT (pipeline->recognize))
        return GST_BUS_PASS;
      gst_message_unref (message);
      return GST_BUS_DROP;
    default:
      gst_message_unref (message);
      return GST_BUS_DROP;
  }
}

/* What the element says beneath the error's own words, without the place in GStreamer's sources;
 * NULL where there is nothing. */
static const char *
find_detail (const char *debug)
{
  const char *detail = debug ? strchr (debug, '\n') : NULL;
  const char *source = detail ? strstr (detail, "../") : NULL;

  return detail && detail[1] && !source ? detail + 1 : NULL;
}

/* "Resource not found. (No such file ..., source)" */
static char *
describe_error (LincePipeline *pipeline, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL;
  g_autofree char *text = NULL;
  const char *detail;

  gst_message_parse_error (message, &error, &debug);
  detail = find_detail (debug);
  if (g_error_matches (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN) ||
      g_error_matches (error, GST_STREAM_ERROR, GST_STREAM_ERROR_CODEC_NOT_FOUND)) {
    const char *missing = debug ? strstr (debug, "Missing decoder: ") : NULL;

    if (!missing)
      text = g_strdup_printf ("The source cannot be read. (%s)", error->message);
    else if (strstr (missing, "video/") || strstr (missing, "image/"))
      text = g_strdup_printf ("The source has no video that can be decoded. (%s)", missing);
    else
      text = g_strdup ("The source has no video.");
  } else if (g_error_matches (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED) &&
             GST_OBJECT_FLAG_IS_SET (GST_MESSAGE_SRC (message), GST_ELEMENT_FLAG_SOURCE)) {
    text = g_strdup_printf ("Nothing answers at the source, or it has broken off. (%s)",
        detail ? detail : error->message);
  } else {
    text = g_strdup_printf ("%s (%s%s%s)", error->message, detail ? detail : "", detail ? ", " : "",
        GST_OBJECT_NAME (GST_MESSAGE_SRC (message)));
  }
  return lince_stream_settings_redact (g_strdelimit (text, "\n\r\t", ' '), pipeline->uri);
}

static void
change_clock (GstElement *element, gpointer user_data)
{
  LincePipeline *pipeline = user_data;

  if (g_atomic_int_get (&pipeline->disposed))
    return;
  gst_element_set_state (element, GST_STATE_PAUSED);
  gst_element_set_state (element, GST_STATE_PLAYING);
  if (g_atomic_int_get (&pipeline->disposed))
    gst_element_set_state (element, GST_STATE_NULL);
}

static void
take_element_message (LincePipeline *pipeline, const GstStructure *structure)
{
  if (gst_structure_has_name (structure, "recognition")) {
    lince_trace_taken (pipeline->trace, structure);
    pipeline->callbacks.recognition (structure, pipeline->user_data);
  } else if (gst_structure_has_name (structure, "recognition-collection")) {
    pipeline->callbacks.collected (pipeline->user_data);
  } else if (gst_structure_has_name (structure, "GstUDPSrcTimeout")) {
    pipeline->callbacks.failed ("No packet has come over UDP.", pipeline->user_data);
  }
}

/* lincerecognize goes on, but its collection is in trouble. */
static void
take_warning (LincePipeline *pipeline, GstMessage *message)
{
  g_autoptr (GError) warning = NULL;

  gst_message_parse_warning (message, &warning, NULL);
  pipeline->callbacks.remarked (warning->message, pipeline->user_data);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  LincePipeline *pipeline = user_data;
  g_autofree char *reason = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      take_element_message (pipeline, gst_message_get_structure (message));
      break;
    case GST_MESSAGE_ERROR:
      reason = describe_error (pipeline, message);
      pipeline->callbacks.failed (reason, pipeline->user_data);
      break;
    case GST_MESSAGE_WARNING:
      take_warning (pipeline, message);
      break;
    case GST_MESSAGE_EOS:
      pipeline->callbacks.ended (pipeline->user_data);
      break;
    case GST_MESSAGE_APPLICATION:
      if (gst_message_has_name (message, NO_VIDEO))
        pipeline->callbacks.failed ("The source has no video.", pipeline->user_data);
      else if (gst_message_has_name (message, FIRST_FRAME))
        pipeline->callbacks.started (pipeline->user_data);
      break;
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency (GST_BIN (pipeline->element));
      break;
    case GST_MESSAGE_CLOCK_LOST:
      gst_element_call_async (
          pipeline->element, change_clock, pipeline_ref (pipeline), pipeline_unref);
      break;
    default:
      break;
  }
  /* a callback may have given the pipeline up, and with it this watch */
  return g_atomic_int_get (&pipeline->disposed) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static GstPadProbeReturn
on_frame_in (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  LincePipeline *pipeline = user_data;

  lince_trace_entered (pipeline->trace, GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)));
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_frame_out (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  LincePipeline *pipeline = user_data;
  const GstStructure *said = lince_meta_get (GST_PAD_PROBE_INFO_BUFFER (info));

  if (__atomic_add_fetch (&pipeline->frames, 1, __ATOMIC_RELAXED) == 1)
    gst_element_post_message (
        pipeline->element, gst_message_new_application (GST_OBJECT (pipeline->element),
                               gst_structure_new_empty (FIRST_FRAME)));
  if (said) {
    GstStructure *copy = gst_structure_copy (said);

    g_mutex_lock (&pipeline->lock);
    gst_clear_structure (&pipeline->newest);
    pipeline->newest = copy;
    g_mutex_unlock (&pipeline->lock);
  }
  return GST_PAD_PROBE_OK;
}

static void
on_pad_added (GstElement *source, GstPad *pad, gpointer user_data)
{
  LincePipeline *pipeline = user_data;

  if (pipeline->loop)
    lince_loop_attach (pad);
}

static void
on_no_more_pads (GstElement *source, gpointer user_data)
{
  LincePipeline *pipeline = user_data;

  if (source->numsrcpads == 0)
    gst_element_post_message (pipeline->element,
        gst_message_new_application (GST_OBJECT (source), gst_structure_new_empty (NO_VIDEO)));
}

static void
on_element_added (GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer user_data)
{
  lince_source_configure (element);
}

static void
start (GstElement *element, gpointer user_data)
{
  LincePipeline *pipeline = user_data;
  GstStateChangeReturn result = gst_element_set_state (element, GST_STATE_PAUSED);

  /* what is not live would be analysed as fast as it can be read: give it its own time */
  if (pipeline->pace && result != GST_STATE_CHANGE_NO_PREROLL)
    g_object_set (pipeline->pace, "sync", TRUE, NULL);
  if (result != GST_STATE_CHANGE_FAILURE && !g_atomic_int_get (&pipeline->disposed))
    gst_element_set_state (element, GST_STATE_PLAYING);
  if (g_atomic_int_get (&pipeline->disposed))
    gst_element_set_state (element, GST_STATE_NULL);
}

static void
closure_unref (gpointer data, GClosure *closure)
{
  pipeline_unref (data);
}

/* Every probe and handler holds a reference, for it may run in another thread while the main thread
 * gives the pipeline up; they are taken off again in dispose() and end_state(). */
static void
watch_element (LincePipeline *pipeline)
{
  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (pipeline->element));

  gst_bus_set_sync_handler (bus, on_message_posted, pipeline_ref (pipeline), pipeline_unref);
  pipeline->bus_watch = gst_bus_add_watch (bus, on_message, pipeline);
  if (pipeline->trace)
    pipeline->in_probe = gst_pad_add_probe (pipeline->in, GST_PAD_PROBE_TYPE_BUFFER, on_frame_in,
        pipeline_ref (pipeline), pipeline_unref);
  pipeline->out_probe = gst_pad_add_probe (pipeline->out, GST_PAD_PROBE_TYPE_BUFFER, on_frame_out,
      pipeline_ref (pipeline), pipeline_unref);
  g_signal_connect (pipeline->element, "deep-element-added", G_CALLBACK (on_element_added), NULL);
  g_signal_connect_data (pipeline->source, "pad-added", G_CALLBACK (on_pad_added),
      pipeline_ref (pipeline), closure_unref, 0);
  g_signal_connect_data (pipeline->source, "no-more-pads", G_CALLBACK (on_no_more_pads),
      pipeline_ref (pipeline), closure_unref, 0);
}

LincePipeline *
lince_pipeline_new (const LinceStreamSettings *settings, const LincePipelineCallbacks *callbacks,
    gpointer user_data, LinceTrace *trace, GError **error)
{
  const char *name = settings->pipeline ? settings->pipeline : LINCE_SETTINGS_DEFAULT_PIPELINE;
  g_autoptr (GstElement) element = lince_template_build (name, error);
  LincePipeline *pipeline;

  if (!element || !lince_template_apply (element, settings, error))
    return NULL;
  pipeline = g_new0 (LincePipeline, 1);
  g_mutex_init (&pipeline->lock);
  pipeline->references = 1;
  pipeline->element = g_steal_pointer (&element);
  pipeline->source = gst_bin_get_by_name (GST_BIN (pipeline->element), "source");
  pipeline->recognize = gst_bin_get_by_name (GST_BIN (pipeline->element), "recognize");
  pipeline->pace = gst_bin_get_by_name (GST_BIN (pipeline->element), "loop");
  pipeline->loop = pipeline->pace != NULL;
  if (!pipeline->pace)
    pipeline->pace = gst_bin_get_by_name (GST_BIN (pipeline->element), "pace");
  pipeline->in = gst_element_get_static_pad (pipeline->recognize, "sink");
  pipeline->out = gst_element_get_static_pad (pipeline->recognize, "src");
  pipeline->uri = g_strdup (settings->uri);
  pipeline->callbacks = *callbacks;
  pipeline->user_data = user_data;
  pipeline->trace = trace;
  watch_element (pipeline);
  gst_element_call_async (pipeline->element, start, pipeline_ref (pipeline), pipeline_unref);
  return pipeline;
}

guint64
lince_pipeline_frames (LincePipeline *pipeline)
{
  return __atomic_load_n (&pipeline->frames, __ATOMIC_RELAXED);
}

guint64
lince_pipeline_analysed (LincePipeline *pipeline)
{
  g_autoptr (GstStructure) statistics = NULL;
  guint64 analysed = 0;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (pipeline->recognize), "stats"))
    g_object_get (pipeline->recognize, "stats", &statistics, NULL);
  if (statistics)
    gst_structure_get_uint64 (statistics, "analysed", &analysed);
  return analysed;
}

GstStructure *
lince_pipeline_take_frame (LincePipeline *pipeline)
{
  GstStructure *newest;

  g_mutex_lock (&pipeline->lock);
  newest = g_steal_pointer (&pipeline->newest);
  g_mutex_unlock (&pipeline->lock);
  return newest;
}

gboolean
lince_pipeline_has_output (LincePipeline *pipeline)
{
  g_autoptr (GstElement) output = gst_bin_get_by_name (GST_BIN (pipeline->element), "output");

  return output != NULL;
}

GstPad *
lince_pipeline_pad (LincePipeline *pipeline)
{
  return pipeline->out;
}

gboolean
lince_pipeline_set (LincePipeline *pipeline, const LinceStreamSettings *settings, GError **error)
{
  return lince_template_apply_live (pipeline->element, settings, error);
}

static GstPadProbeReturn
drop_frame (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_DROP;
}

/* The end goes in at lincerecognize: from the source it would wait its turn behind seconds of
 * frames that are paced. */
static void
send_eos (GstElement *element, gpointer user_data)
{
  GstPad *in = user_data;

  gst_pad_add_probe (
      in, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, drop_frame, NULL, NULL);
  gst_pad_send_event (in, gst_event_new_eos ());
}

void
lince_pipeline_send_eos (LincePipeline *pipeline)
{
  gst_element_call_async (
      pipeline->element, send_eos, gst_object_ref (pipeline->in), gst_object_unref);
}

static void
finish (LincePipeline *pipeline, gboolean gone)
{
  LincePipelineDone done = g_steal_pointer (&pipeline->done);

  g_clear_handle_id (&pipeline->deadline, g_source_remove);
  if (done)
    done (gone, pipeline->done_data);
}

static gboolean
on_gone (gpointer user_data)
{
  finish (user_data, TRUE);
  return G_SOURCE_REMOVE;
}

static gboolean
on_deadline (gpointer user_data)
{
  LincePipeline *pipeline = user_data;

  pipeline->deadline = 0;
  finish (pipeline, FALSE);
  return G_SOURCE_REMOVE;
}

static void
end_state (GstElement *element, gpointer user_data)
{
  LincePipeline *pipeline = user_data;
  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (element));

  gst_element_set_state (element, GST_STATE_NULL);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  if (pipeline->in_probe)
    gst_pad_remove_probe (pipeline->in, pipeline->in_probe);
  gst_pad_remove_probe (pipeline->out, pipeline->out_probe);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_gone, pipeline_ref (pipeline), pipeline_unref);
}

void
lince_pipeline_dispose (LincePipeline *pipeline, LincePipelineDone done, gpointer user_data)
{
  g_atomic_int_set (&pipeline->disposed, 1);
  g_clear_handle_id (&pipeline->bus_watch, g_source_remove);
  g_signal_handlers_disconnect_by_data (pipeline->source, pipeline);
  pipeline->done = done;
  pipeline->done_data = user_data;
  pipeline->deadline = g_timeout_add_full (G_PRIORITY_DEFAULT, DISPOSE_DEADLINE_MS, on_deadline,
      pipeline_ref (pipeline), pipeline_unref);
  gst_element_call_async (pipeline->element, end_state, pipeline_ref (pipeline), pipeline_unref);
  pipeline_unref (pipeline);
}
