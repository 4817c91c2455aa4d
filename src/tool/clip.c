/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool/clip.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include "media/frame_map.h"

/* Without a frame, an error or the end for so long, a clip counts as unreadable. */
#define STALL_TIMEOUT (30 * GST_SECOND)
#define POLL_INTERVAL (100 * GST_MSECOND)

struct _LinceClip {
  char *shown; /* the location, for errors */
  GstElement *pipeline, *sink;
  gint linked; /* a video pad has been found; atomic */
  GstSample *sample;
  GstVideoInfo info;
  GstVideoFrame video;
  gboolean mapped;
  LinceNarrower *narrower;
  guint64 number; /* of the present frame */
  guint64 count;  /* frames stepped to */
  gint64 time;
  GstClockTime duration;
  int pipe; /* what is read through a descriptor of our own, else -1 */
};

G_DEFINE_QUARK (lince - clip - error - quark, lince_clip_error)

/* The first video goes to the sink; whatever else comes is poured away. */
static void
pad_added (GstElement *source, GstPad *pad, gpointer user_data)
{
  LinceClip *clip = user_data;
  GstElement *target = clip->sink;
  g_autoptr (GstPad) sink_pad = NULL;

  if (!g_atomic_int_compare_and_exchange (&clip->linked, 0, 1)) {
    target = gst_element_factory_make ("fakesink", NULL);
    gst_bin_add (GST_BIN (clip->pipeline), target);
    gst_element_sync_state_with_parent (target);
  }
  sink_pad = gst_element_get_static_pad (target, "sink");
  if (GST_PAD_LINK_FAILED (gst_pad_link (pad, sink_pad))) {
    g_autoptr (GstCaps) caps = gst_pad_query_caps (pad, NULL);
    g_autofree char *text = gst_caps_to_string (caps);

    GST_ELEMENT_ERROR (
        source, STREAM, WRONG_TYPE, ("its raw format is not one that is read"), ("%s", text));
  }
}

static void
no_more_pads (GstElement *source, gpointer user_data)
{
  LinceClip *clip = user_data;

  if (!g_atomic_int_get (&clip->linked))
    GST_ELEMENT_ERROR (source, STREAM, WRONG_TYPE, ("there is no video in it"), (NULL));
}

/* How people are told of the location: without the user, password and query that a URI may carry.
 */
static char *
make_shown (const char *location)
{
  g_autofree char *shown = g_filename_display_name (location);
  char *authority = strstr (shown, "://");
  char *end = authority != NULL ? authority + 3 + strcspn (authority + 3, "/?#") : NULL;
  char *query = end != NULL ? end + strcspn (end, "?#") : NULL;
  char *at = end != NULL ? g_strrstr_len (authority + 3, end - authority - 3, "@") : NULL;
  const char *hidden = query != NULL && *query != '\0' ? "?***" : "";

  if (query != NULL)
    *query = '\0';
  if (at == NULL)
    return g_strconcat (shown, hidden, NULL);
  authority[3] = '\0';
  return g_strconcat (shown, "***", at, hidden, NULL);
}

/* A pipe is opened here, once: GStreamer's file source opens what it reads a second time when it
 * finds that it cannot seek, and a pipe's writer is gone by then. */
static char *
make_pipe_uri (LinceClip *clip, const char *location, GError **error)
{
  clip->pipe = g_open (location, O_RDONLY | O_CLOEXEC, 0);
  if (clip->pipe < 0) {
    g_set_error (
        error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_OPEN, "cannot be opened: %s", g_strerror (errno));
    return NULL;
  }
  return g_strdup_printf ("fd://%d", clip->pipe);
}

static char *
make_uri (LinceClip *clip, const char *location, GError **error)
{
  struct stat status;

  if (gst_uri_is_valid (location) && strstr (location, "://") != NULL)
    return g_strdup (location);
  if (g_stat (location, &status) != 0) {
    g_set_error (
        error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_OPEN, "cannot be opened: %s", g_strerror (errno));
    return NULL;
  }
  if (S_ISDIR (status.st_mode)) {
    g_set_error_literal (
        error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_OPEN, "is a directory, not a clip");
    return NULL;
  }
  if (S_ISFIFO (status.st_mode))
    return make_pipe_uri (clip, location, error);
  return gst_filename_to_uri (location, error);
}

static gboolean
make_pipeline (LinceClip *clip, const char *uri, GError **error)
{
  /* with (ANY): else decodebin leaves out decoders that may also give other kinds of memory */
  g_autoptr (GstCaps) video = gst_caps_from_string ("video/x-raw(ANY)");
  g_autoptr (GstCaps) readable =
      gst_caps_from_string ("video/x-raw, format = (string) " LINCE_FORMATS_READABLE);
  GstElement *source = gst_element_factory_make ("uridecodebin", NULL);

  clip->pipeline = gst_object_ref_sink (gst_pipeline_new ("clip"));
  clip->sink = gst_element_factory_make ("appsink", NULL);
  if (source == NULL || clip->sink == NULL) {
    gst_clear_object (&source);
    gst_clear_object (&clip->sink);
    g_set_error_literal (error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_DECODE,
        "cannot be decoded: GStreamer's playback and app plugins are missing; install "
        "gstreamer1.0-plugins-base");
    return FALSE;
  }
  g_object_set (source, "uri", uri, "caps", video, "expose-all-streams", FALSE, NULL);
  g_object_set (clip->sink, "sync", FALSE, "max-buffers", 4, "caps", readable, "enable-last-sample",
      FALSE, NULL);
  g_signal_connect (source, "pad-added", G_CALLBACK (pad_added), clip);
  g_signal_connect (source, "no-more-pads", G_CALLBACK (no_more_pads), clip);
  gst_bin_add_many (GST_BIN (clip->pipeline), source, clip->sink, NULL);
  return TRUE;
}

LinceClip *
lince_clip_open (const char *location, GError **error)
{
  g_autoptr (LinceClip) clip = g_new0 (LinceClip, 1);
  g_autofree char *uri = NULL;

  clip->pipe = -1;
  uri = make_uri (clip, location, error);
  clip->shown = make_shown (location);
  clip->time = -1;
  clip->duration = GST_CLOCK_TIME_NONE;
  clip->narrower = lince_narrower_new ();
  if (uri == NULL || !make_pipeline (clip, uri, error)) {
    g_prefix_error (error, "%s ", clip->shown);
    return NULL;
  }
  gst_element_set_state (clip->pipeline, GST_STATE_PLAYING);
  return g_steal_pointer (&clip);
}

static void
release_frame (LinceClip *clip)
{
  if (clip->mapped)
    gst_video_frame_unmap (&clip->video);
  clip->mapped = FALSE;
  g_clear_pointer (&clip->sample, gst_sample_unref);
}

void
lince_clip_free (LinceClip *clip)
{
  if (clip == NULL)
    return;
  release_frame (clip);
  if (clip->pipeline != NULL)
    gst_element_set_state (clip->pipeline, GST_STATE_NULL);
  gst_clear_object (&clip->pipeline);
  if (clip->pipe >= 0)
    close (clip->pipe);
  lince_narrower_free (clip->narrower);
  g_free (clip->shown);
  g_free (clip);
}

/* GStreamer's own words where they say what is wrong. `debug` may be NULL. */
static const char *
explain (const GstMessage *message, const GError *problem, const char *debug)
{
  if (g_error_matches (problem, GST_STREAM_ERROR, GST_STREAM_ERROR_CODEC_NOT_FOUND) ||
      g_error_matches (problem, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN)) {
    const char *missing = debug != NULL ? strstr (debug, "Missing decoder: ") : NULL;

    if (missing != NULL && strstr (missing, "video/") == NULL && strstr (missing, "image/") == NULL)
      return "there is no video in it";
    return missing != NULL ? missing : problem->message;
  }
  if (g_error_matches (problem, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED) &&
      GST_OBJECT_FLAG_IS_SET (GST_MESSAGE_SRC (message), GST_ELEMENT_FLAG_SOURCE))
    return "nothing answers there, or it has broken off";
  return problem->message;
}

/* Sets `error` from the bus, if there is one waiting. */
static gboolean
take_bus_error (LinceClip *clip, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (clip->pipeline);
  g_autoptr (GstMessage) message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) problem = NULL;
  g_autofree char *debug = NULL;
  gboolean missing;

  if (message == NULL)
    return FALSE;
  gst_message_parse_error (message, &problem, &debug);
  missing = g_error_matches (problem, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND) ||
            g_error_matches (problem, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ);
  g_set_error (error, LINCE_CLIP_ERROR, missing ? LINCE_CLIP_ERROR_OPEN : LINCE_CLIP_ERROR_DECODE,
      "%s cannot be read%s: %s", clip->shown, clip->count > 0 ? " to its end" : "",
      explain (message, problem, debug));
  return TRUE;
}

/* The next sample; NULL at the end, and with `error` when there is none for another reason. What
 * was decoded before an error comes first. */
static GstSample *
pull_sample (LinceClip *clip, GError **error)
{
  GstAppSink *sink = GST_APP_SINK (clip->sink);

  for (GstClockTime waited = 0; waited < STALL_TIMEOUT; waited += POLL_INTERVAL) {
    GstSample *sample = gst_app_sink_try_pull_sample (sink, POLL_INTERVAL);

    if (sample != NULL)
      return sample;
    if (take_bus_error (clip, error))
      return NULL;
    if (!gst_app_sink_is_eos (sink))
      continue;
    if (clip->count == 0)
      g_set_error (error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_DECODE,
          "%s cannot be read: there is no frame of video in it", clip->shown);
    return NULL;
  }
  g_set_error (error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_DECODE,
      "%s cannot be read: its decoder has stalled", clip->shown);
  return NULL;
}

/* The frame's running time; where the stream does not say it or goes back, a step on by its rate.
 */
static gint64
find_time (const LinceClip *clip)
{
  GstBuffer *buffer = gst_sample_get_buffer (clip->sample);
  const GstSegment *segment = gst_sample_get_segment (clip->sample);
  GstClockTime time =
      gst_segment_to_running_time (segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  int rate_n = clip->info.fps_n > 0 ? clip->info.fps_n : 25;
  int rate_d = clip->info.fps_n > 0 ? clip->info.fps_d : 1;

  if (GST_CLOCK_TIME_IS_VALID (time) && (gint64) time > clip->time)
    return (gint64) time;
  if (clip->time < 0)
    return 0;
  return clip->time +
         (gint64) gst_util_uint64_scale (GST_SECOND, (guint64) rate_d, (guint64) rate_n);
}

gboolean
lince_clip_next (LinceClip *clip, GError **error)
{
  release_frame (clip);
  clip->sample = pull_sample (clip, error);
  if (clip->sample == NULL)
    return FALSE;
  if (!lince_video_info_read (&clip->info, gst_sample_get_caps (clip->sample))) {
    g_set_error (error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_DECODE,
        "%s cannot be read: its raw format is not known", clip->shown);
    return FALSE;
  }
  clip->number = clip->count++;
  clip->time = find_time (clip);
  return TRUE;
}

gboolean
lince_clip_get_frame (LinceClip *clip, LinceFrame *frame, GError **error)
{
  if (!clip->mapped)
    clip->mapped = gst_video_frame_map (&clip->video, &clip->info,
        gst_sample_get_buffer (clip->sample), GST_MAP_READ | GST_VIDEO_FRAME_MAP_FLAG_NO_REF);
  if (clip->mapped && lince_narrower_map (clip->narrower, &clip->video, frame))
    return TRUE;
  g_set_error (error, LINCE_CLIP_ERROR, LINCE_CLIP_ERROR_DECODE,
      "%s cannot be read: frame %" G_GUINT64_FORMAT " cannot be mapped", clip->shown, clip->number);
  return FALSE;
}

guint64
lince_clip_get_number (const LinceClip *clip)
{
  return clip->number;
}

gint64
lince_clip_get_time (const LinceClip *clip)
{
  return clip->time;
}

double
lince_clip_get_progress (LinceClip *clip)
{
  gint64 duration;

  if (clip->duration == GST_CLOCK_TIME_NONE &&
      gst_element_query_duration (clip->pipeline, GST_FORMAT_TIME, &duration) && duration > 0)
    clip->duration = (GstClockTime) duration;
  if (clip->duration == GST_CLOCK_TIME_NONE || clip->time < 0)
    return -1;
  return MIN (1.0, (double) clip->time / (double) clip->duration);
}
