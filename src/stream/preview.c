/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/preview.h"

#include <gio/gunixsocketaddress.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <string.h>

#include "media/meta.h"
#include "stream/trace.h"

#define CODER                                                                                      \
  "appsrc name=in is-live=true format=time ! videoconvertscale ! capsfilter name=size "            \
  "! jpegenc quality=72 ! appsink name=out sync=false async=false"

#define STUCK_AFTER (5 * GST_SECOND)

/* What the streaming threads and the main thread share; outlives the preview while a probe runs. */
typedef struct {
  gint references;
  gint busy;       /* atomic: a picture is on its way */
  gint64 interval; /* ns; written before the probe is set */
  gint64 last;     /* streaming thread: when a frame was taken, monotonic ns */
  gint width;
  GstElement *coder, *in, *size;
  GstCaps *caps;         /* streaming thread: that the coder is set to */
  GstStructure *moved;   /* of the picture on its way; handed over by `busy` */
  LincePreview *preview; /* NULL when it is gone; main thread */
} Shared;

struct _LincePreview {
  char *path;
  char stream[LINCE_EVENT_ID_MAX + 1];
  char run[33];
  LinceReporter *reporter;
  GstPad *pad;
  gulong probe;
  Shared *shared; /* NULL: nobody looks */
  LinceLinkLook look;
  guint expiry;
  GSocket *socket;
  GSource *writable;
  GString *out;
  gsize written;
};

static Shared *
shared_ref (Shared *shared)
{
  g_atomic_int_inc (&shared->references);
  return shared;
}

static void
shared_unref (gpointer data)
{
  Shared *shared = data;

  if (!g_atomic_int_dec_and_test (&shared->references))
    return;
  g_clear_object (&shared->in);
  g_clear_object (&shared->size);
  g_clear_object (&shared->coder);
  gst_clear_caps (&shared->caps);
  gst_clear_structure (&shared->moved);
  g_free (shared);
}

/* The size of the picture: `width` wide at most, the frame's shape on square pixels, even sides. */
static gboolean
set_size (Shared *shared, GstCaps *caps)
{
  GstVideoInfo info;
  g_autoptr (GstCaps) size = NULL;
  gint width, height;

  if (!gst_video_info_from_caps (&info, caps))
    return FALSE;
  width = MIN (shared->width, GST_VIDEO_INFO_WIDTH (&info)) & ~1;
  height = gst_util_uint64_scale_int ((guint64) GST_VIDEO_INFO_HEIGHT (&info) * width,
      GST_VIDEO_INFO_PAR_D (&info), GST_VIDEO_INFO_WIDTH (&info) * GST_VIDEO_INFO_PAR_N (&info));
  size = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT,
      MAX (width, 16), "height", G_TYPE_INT, CLAMP (height & ~1, 16, 4096), "pixel-aspect-ratio",
      GST_TYPE_FRACTION, 1, 1, NULL);
  g_object_set (shared->size, "caps", size, NULL);
  gst_caps_replace (&shared->caps, caps);
  return TRUE;
}

static GstPadProbeReturn
on_frame (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Shared *shared = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstSample) sample = NULL;
  const GstStructure *moved;
  gint64 now = lince_monotonic_now ();

  /* a tenth early is in time: frames do not come on the dot */
  if (now - shared->last < shared->interval - shared->interval / 10 ||
      g_atomic_int_get (&shared->busy))
    return GST_PAD_PROBE_OK;
  caps = gst_pad_get_current_caps (pad);
  if (!caps || (caps != shared->caps && !set_size (shared, caps)))
    return GST_PAD_PROBE_OK;
  __atomic_store_n (&shared->last, now, __ATOMIC_RELAXED);
  moved = lince_meta_get (buffer);
  gst_clear_structure (&shared->moved);
  shared->moved = moved ? gst_structure_copy (moved) : NULL;
  g_atomic_int_set (&shared->busy, 1);
  sample = gst_sample_new (buffer, caps, NULL, NULL);
  gst_app_src_push_sample (GST_APP_SRC (shared->in), sample);
  return GST_PAD_PROBE_OK;
}

static void
close_socket (LincePreview *preview)
{
  if (preview->writable) {
    g_source_destroy (preview->writable);
    g_clear_pointer (&preview->writable, g_source_unref);
  }
  g_clear_object (&preview->socket);
  g_string_truncate (preview->out, 0);
  preview->written = 0;
}

static void pump (LincePreview *preview);

static gboolean
on_writable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  LincePreview *preview = user_data;

  g_clear_pointer (&preview->writable, g_source_unref);
  pump (preview);
  return G_SOURCE_REMOVE;
}

static void
pump (LincePreview *preview)
{
  while (preview->socket && preview->written < preview->out->len) {
    g_autoptr (GError) error = NULL;
    gssize sent = g_socket_send (preview->socket, preview->out->str + preview->written,
        preview->out->len - preview->written, NULL, &error);

    if (sent >= 0) {
      preview->written += sent;
    } else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
      preview->writable = g_socket_create_source (preview->socket, G_IO_OUT, NULL);
      g_source_set_callback (preview->writable, G_SOURCE_FUNC (on_writable), preview, NULL);
      g_source_attach (preview->writable, NULL);
      return;
    } else {
      close_socket (preview);
    }
  }
}

static gboolean
connect_now (LincePreview *preview)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (preview->path);

  if (preview->socket)
    return TRUE;
  preview->socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  if (!preview->socket)
    return FALSE;
  g_socket_set_blocking (preview->socket, FALSE);
  if (!g_socket_connect (preview->socket, address, NULL, NULL))
    g_clear_object (&preview->socket);
  return preview->socket != NULL;
}

static void
fill_header (LincePreview *preview, Shared *shared, GstSample *sample, LincePictureHeader *header,
    LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS])
{
  GstStructure *caps = gst_caps_get_structure (gst_sample_get_caps (sample), 0);
  LinceEvent moved;

  memset (header, 0, sizeof *header);
  g_strlcpy (header->stream, preview->stream, sizeof header->stream);
  g_strlcpy (header->run, preview->run, sizeof header->run);
  header->pts = header->running_time = header->utc = LINCE_TIME_NONE;
  if (GST_BUFFER_PTS_IS_VALID (gst_sample_get_buffer (sample)))
    header->pts = GST_BUFFER_PTS (gst_sample_get_buffer (sample));
  gst_structure_get_int (caps, "width", &header->width);
  gst_structure_get_int (caps, "height", &header->height);
  if (shared->moved &&
      lince_reporter_describe (preview->reporter, shared->moved, &moved, placements)) {
    header->pts = moved.pts;
    header->running_time = moved.running_time;
    header->utc = moved.utc;
    header->placements = placements;
    header->placement_count = moved.placement_count;
  }
}

static void
send_picture (LincePreview *preview, Shared *shared, GstSample *sample)
{
  LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS];
  LincePictureHeader header;
  GstMapInfo map;

  /* the last one is still on its way: the reader is slow, this one is left out */
  if (preview->written < preview->out->len || !connect_now (preview) ||
      !gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ))
    return;
  if (map.size > 0 && map.size <= LINCE_PICTURE_MAX_BYTES) {
    fill_header (preview, shared, sample, &header, placements);
    header.bytes = map.size;
    g_string_truncate (preview->out, 0);
    preview->written = 0;
    lince_link_write_picture (&header, preview->out);
    g_string_append_len (preview->out, (const char *) map.data, map.size);
  }
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  pump (preview);
}

typedef struct {
  Shared *shared;
  GstSample *sample;
} Picture;

static void
picture_free (gpointer data)
{
  Picture *picture = data;

  gst_sample_unref (picture->sample);
  shared_unref (picture->shared);
  g_free (picture);
}

static gboolean
on_picture_in_main (gpointer user_data)
{
  Picture *picture = user_data;

  if (picture->shared->preview)
    send_picture (picture->shared->preview, picture->shared, picture->sample);
  g_atomic_int_set (&picture->shared->busy, 0);
  return G_SOURCE_REMOVE;
}

static GstFlowReturn
on_picture (GstAppSink *sink, gpointer user_data)
{
  GstSample *sample = gst_app_sink_pull_sample (sink);
  Picture *picture;

  if (!sample)
    return GST_FLOW_EOS;
  picture = g_new (Picture, 1);
  picture->shared = shared_ref (user_data);
  picture->sample = sample;
  g_idle_add_full (G_PRIORITY_DEFAULT, on_picture_in_main, picture, picture_free);
  return GST_FLOW_OK;
}

static GstBusSyncReply
drop_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static Shared *
shared_new (LincePreview *preview, GError **error)
{
  GstAppSinkCallbacks callbacks = {.new_sample = on_picture};
  g_autoptr (GstElement) coder = gst_parse_launch (CODER, error);
  g_autoptr (GstElement) out = NULL;
  g_autoptr (GstBus) bus = NULL;
  Shared *shared;

  if (!coder)
    return NULL;
  gst_object_ref_sink (coder);
  shared = g_new0 (Shared, 1);
  shared->references = 1;
  shared->preview = preview;
  shared->width = preview->look.width;
  shared->interval = GST_SECOND / preview->look.pictures;
  shared->coder = g_steal_pointer (&coder);
  shared->in = gst_bin_get_by_name (GST_BIN (shared->coder), "in");
  shared->size = gst_bin_get_by_name (GST_BIN (shared->coder), "size");
  out = gst_bin_get_by_name (GST_BIN (shared->coder), "out");
  gst_app_sink_set_callbacks (GST_APP_SINK (out), &callbacks, shared_ref (shared), shared_unref);
  /* nobody reads its messages; a coder that fails is replaced when somebody asks again */
  bus = gst_element_get_bus (shared->coder);
  gst_bus_set_sync_handler (bus, drop_message, NULL, NULL);
  gst_element_set_state (shared->coder, GST_STATE_PLAYING);
  return shared;
}

static void
end_coder (GstElement *coder, gpointer user_data)
{
  GstAppSinkCallbacks none = {0};
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (coder), "out");

  gst_element_set_state (coder, GST_STATE_NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (out), &none, NULL, NULL);
}

static void
stop (LincePreview *preview)
{
  Shared *shared = g_steal_pointer (&preview->shared);

  if (!shared)
    return;
  if (preview->probe)
    gst_pad_remove_probe (preview->pad, preview->probe);
  preview->probe = 0;
  shared->preview = NULL;
  gst_element_call_async (shared->coder, end_coder, shared, shared_unref);
}

static void
start (LincePreview *preview)
{
  g_autoptr (GError) error = NULL;

  if (preview->shared || !preview->pad || preview->look.pictures == 0)
    return;
  preview->shared = shared_new (preview, &error);
  if (!preview->shared) {
    g_warning ("no pictures: %s", error->message);
    return;
  }
  preview->probe = gst_pad_add_probe (preview->pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame,
      shared_ref (preview->shared), shared_unref);
}

static gboolean
on_expiry (gpointer user_data)
{
  LincePreview *preview = user_data;

  preview->expiry = 0;
  preview->look.pictures = 0;
  stop (preview);
  close_socket (preview);
  return G_SOURCE_REMOVE;
}

/* A picture that has been on its way for that long will not come. */
static gboolean
is_stuck (Shared *shared)
{
  gint64 since = __atomic_load_n (&shared->last, __ATOMIC_RELAXED);

  return g_atomic_int_get (&shared->busy) && lince_monotonic_now () - since > STUCK_AFTER;
}

void
lince_preview_look (LincePreview *preview, const LinceLinkLook *look)
{
  if (look->pictures != preview->look.pictures || look->width != preview->look.width ||
      (preview->shared && is_stuck (preview->shared)))
    stop (preview);
  preview->look = *look;
  g_clear_handle_id (&preview->expiry, g_source_remove);
  if (look->pictures == 0)
    return;
  preview->expiry = g_timeout_add (look->for_ms, on_expiry, preview);
  start (preview);
}

void
lince_preview_set_pad (LincePreview *preview, GstPad *pad)
{
  stop (preview);
  gst_object_replace ((GstObject **) &preview->pad, (GstObject *) pad);
  start (preview);
}

LincePreview *
lince_preview_new (const char *path, const char *stream, const char *run, LinceReporter *reporter)
{
  LincePreview *preview = g_new0 (LincePreview, 1);

  preview->path = g_strdup (path);
  g_strlcpy (preview->stream, stream, sizeof preview->stream);
  g_strlcpy (preview->run, run, sizeof preview->run);
  preview->reporter = reporter;
  preview->out = g_string_new (NULL);
  return preview;
}

void
lince_preview_free (LincePreview *preview)
{
  if (!preview)
    return;
  stop (preview);
  g_clear_handle_id (&preview->expiry, g_source_remove);
  close_socket (preview);
  gst_clear_object (&preview->pad);
  g_string_free (preview->out, TRUE);
  g_free (preview->path);
  g_free (preview);
}
