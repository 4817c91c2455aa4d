/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-linceoverlay
 * @title: linceoverlay
 * @short_description: draws what lincerecognize has found
 *
 * Draws the outlines and names of the objects that #lincerecognize has attached to the frames, also
 * behind elements that scale or convert them. Downstream that can draw overlays by itself (it
 * offers #GstVideoOverlayCompositionMeta in its answer to the ALLOCATION query) gets them as a
 * meta, and the pixels stay as they are; else they are blended into the frame, which is copied
 * first when others hold it too. Frames on which nothing stands are not touched. It posts no
 * messages.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=x.ts ! decodebin ! lincerecognize collection=DIR ! linceoverlay
 * show-confidence=true ! videoconvert ! autovideosink
 * ]|
 */
#include "gstlinceoverlay.h"

#include <gst/video/video.h>

#include "media/frame_map.h"
#include "painter.h"

GST_DEBUG_CATEGORY_STATIC (gst_lince_overlay_debug);
#define GST_CAT_DEFAULT gst_lince_overlay_debug

enum {
  PROP_0,
  PROP_LINE_WIDTH,
  PROP_COLOR,
  PROP_SHOW_NAMES,
  PROP_SHOW_CONFIDENCE,
  PROP_FONT,
};

#define DEFAULT_LINE_WIDTH 3.0
#define DEFAULT_COLOR 0xff39ff14
#define DEFAULT_SHOW_NAMES TRUE
#define DEFAULT_SHOW_CONFIDENCE FALSE
#define DEFAULT_FONT "Sans Bold"

struct _GstLinceOverlay {
  GstBaseTransform parent;

  LincePainterStyle style; /* the object lock */
  gboolean style_changed;  /* likewise */

  /* the streaming thread's own */
  LincePainter *painter;
  GstVideoInfo info;
  gboolean attach;   /* downstream draws */
  gboolean drawable; /* the format can be blended into */
  gint asked;        /* whether it does; atomic */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK,
    GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE (LINCE_FORMATS_READABLE)));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC,
    GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE (LINCE_FORMATS_READABLE)));

G_DEFINE_TYPE (GstLinceOverlay, gst_lince_overlay, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (linceoverlay, "linceoverlay", GST_RANK_NONE, GST_TYPE_LINCE_OVERLAY)

static gboolean
gst_lince_overlay_start (GstBaseTransform *trans)
{
  GstLinceOverlay *self = GST_LINCE_OVERLAY (trans);

  self->painter = lince_painter_new ();
  self->style_changed = TRUE;
  return TRUE;
}

static gboolean
gst_lince_overlay_stop (GstBaseTransform *trans)
{
  GstLinceOverlay *self = GST_LINCE_OVERLAY (trans);

  g_clear_pointer (&self->painter, lince_painter_free);
  return TRUE;
}

static gboolean
gst_lince_overlay_set_caps (GstBaseTransform *trans, GstCaps *in, GstCaps *out)
{
  GstLinceOverlay *self = GST_LINCE_OVERLAY (trans);

  g_atomic_int_set (&self->asked, FALSE);
  if (!gst_video_info_from_caps (&self->info, in))
    return FALSE;
  self->drawable = GST_VIDEO_INFO_FORMAT (&self->info) != GST_VIDEO_FORMAT_RGB8P;
  if (!self->drawable)
    GST_ELEMENT_WARNING (self, STREAM, FORMAT,
        ("Nothing can be drawn into frames with a palette: insert \"videoconvert\"."), (NULL));
  return TRUE;
}

static gboolean
gst_lince_overlay_src_event (GstBaseTransform *trans, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_RECONFIGURE)
    g_atomic_int_set (&GST_LINCE_OVERLAY (trans)->asked, FALSE);
  return GST_BASE_TRANSFORM_CLASS (gst_lince_overlay_parent_class)->src_event (trans, event);
}

/* Whether downstream draws overlays by itself. The base class asks no such question for elements
 * that work in place. */
static void
ask_downstream (GstLinceOverlay *self)
{
  GstPad *pad = GST_BASE_TRANSFORM_SRC_PAD (self);
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  g_autoptr (GstQuery) query = gst_query_new_allocation (caps, FALSE);

  g_atomic_int_set (&self->asked, TRUE);
  self->attach =
      gst_pad_peer_query (pad, query) &&
      gst_query_find_allocation_meta (query, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
  GST_DEBUG_OBJECT (self, "outlines are %s", self->attach ? "attached" : "blended");
}

/* A buffer that others hold too gets a shell of its own; its memory is copied only when it is drawn
 * into. */
static GstFlowReturn
gst_lince_overlay_prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer **output)
{
  *output = gst_buffer_is_writable (input) ? input : gst_buffer_copy (input);
  return GST_FLOW_OK;
}

static void
take_up_style (GstLinceOverlay *self)
{
  GST_OBJECT_LOCK (self);
  if (self->style_changed)
    lince_painter_set_style (self->painter, &self->style);
  self->style_changed = FALSE;
  GST_OBJECT_UNLOCK (self);
}

/* Another overlay upstream may have attached its own: sinks look at one meta only. */
static void
attach (GstBuffer *buffer, GstVideoOverlayComposition *composition)
{
  GstVideoOverlayCompositionMeta *meta = gst_buffer_get_video_overlay_composition_meta (buffer);
  GstVideoOverlayComposition *merged;

  if (meta == NULL) {
    gst_buffer_add_video_overlay_composition_meta (buffer, composition);
    return;
  }
  merged = gst_video_overlay_composition_copy (meta->overlay);
  for (guint i = 0; i < gst_video_overlay_composition_n_rectangles (composition); i++)
    gst_video_overlay_composition_add_rectangle (
        merged, gst_video_overlay_composition_get_rectangle (composition, i));
  gst_video_overlay_composition_unref (meta->overlay);
  meta->overlay = merged;
}

static void
blend (GstLinceOverlay *self, GstBuffer *buffer, GstVideoOverlayComposition *composition)
{
  GstVideoFrame frame;

  if (!gst_video_frame_map (
          &frame, &self->info, buffer, GST_MAP_READWRITE | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
    GST_WARNING_OBJECT (self, "a frame cannot be mapped for drawing and passes without outlines");
    return;
  }
  if (!gst_video_overlay_composition_blend (composition, &frame))
    GST_WARNING_OBJECT (self, "outlines cannot be blended into this frame");
  gst_video_frame_unmap (&frame);
}

static GstFlowReturn
gst_lince_overlay_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstLinceOverlay *self = GST_LINCE_OVERLAY (trans);
  GstVideoOverlayComposition *composition;

  take_up_style (self);
  composition = lince_painter_compose (self->painter, buffer, &self->info);
  if (composition == NULL)
    return GST_FLOW_OK;
  if (!g_atomic_int_get (&self->asked))
    ask_downstream (self);
  if (self->attach)
    attach (buffer, composition);
  else if (self->drawable)
    blend (self, buffer, composition);
  gst_video_overlay_composition_unref (composition);
  return GST_FLOW_OK;
}

static void
gst_lince_overlay_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstLinceOverlay *self = GST_LINCE_OVERLAY (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LINE_WIDTH:
      self->style.line_width = g_value_get_double (value);
      break;
    case PROP_COLOR:
      self->style.color = g_value_get_uint (value);
      break;
    case PROP_SHOW_NAMES:
      self->style.show_names = g_value_get_boolean (value);
      break;
    case PROP_SHOW_CONFIDENCE:
      self->style.show_confidence = g_value_get_boolean (value);
      break;
    case PROP_FONT:
      g_free (self->style.font);
      self->style.font = g_value_dup_string (value);
      if (self->style.font == NULL)
        self->style.font = g_strdup (DEFAULT_FONT);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  self->style_changed = TRUE;
  GST_OBJECT_UNLOCK (self);
}

static void
gst_lince_overlay_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstLinceOverlay *self = GST_LINCE_OVERLAY (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LINE_WIDTH:
      g_value_set_double (value, self->style.line_width);
      break;
    case PROP_COLOR:
      g_value_set_uint (value, self->style.color);
      break;
    case PROP_SHOW_NAMES:
      g_value_set_boolean (value, self->style.show_names);
      break;
    case PROP_SHOW_CONFIDENCE:
      g_value_set_boolean (value, self->style.show_confidence);
      break;
    case PROP_FONT:
      g_value_set_string (value, self->style.font);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_lince_overlay_finalize (GObject *object)
{
  g_free (GST_LINCE_OVERLAY (object)->style.font);
  G_OBJECT_CLASS (gst_lince_overlay_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags playing = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                              GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE;

  g_object_class_install_property (object_class, PROP_LINE_WIDTH,
      g_param_spec_double ("line-width", "Line width",
          "Width of the outlines in pixels of the frame", 0.5, 64.0, DEFAULT_LINE_WIDTH, playing));
  g_object_class_install_property (object_class, PROP_COLOR,
      g_param_spec_uint ("color", "Colour",
          "Colour of outlines and names, as 0xAARRGGBB; alpha holds for the outlines", 0,
          G_MAXUINT32, DEFAULT_COLOR, playing));
  g_object_class_install_property (object_class, PROP_SHOW_NAMES,
      g_param_spec_boolean ("show-names", "Show names", "Write each object's name at its outline",
          DEFAULT_SHOW_NAMES, playing));
  g_object_class_install_property (object_class, PROP_SHOW_CONFIDENCE,
      g_param_spec_boolean ("show-confidence", "Show confidence",
          "Write each placement's confidence, in percent, at its outline", DEFAULT_SHOW_CONFIDENCE,
          playing));
  g_object_class_install_property (object_class, PROP_FONT,
      g_param_spec_string ("font", "Font",
          "Pango's description of the names' font (\"Sans Bold 24\"); without a size, one in "
          "proportion to the frame",
          DEFAULT_FONT, playing));
}

static void
gst_lince_overlay_class_init (GstLinceOverlayClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_lince_overlay_debug, "linceoverlay", 0, "outlines of objects");
  object_class->set_property = gst_lince_overlay_set_property;
  object_class->get_property = gst_lince_overlay_get_property;
  object_class->finalize = gst_lince_overlay_finalize;
  install_properties (object_class);

  gst_element_class_set_static_metadata (element_class, "Recognition overlay",
      "Filter/Editor/Video", "Draws outlines and names of what lincerecognize has found", "Lince");
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);

  trans_class->start = gst_lince_overlay_start;
  trans_class->stop = gst_lince_overlay_stop;
  trans_class->set_caps = gst_lince_overlay_set_caps;
  trans_class->src_event = gst_lince_overlay_src_event;
  trans_class->prepare_output_buffer = gst_lince_overlay_prepare_output_buffer;
  trans_class->transform_ip = gst_lince_overlay_transform_ip;
}

static void
gst_lince_overlay_init (GstLinceOverlay *self)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);

  self->style = (LincePainterStyle){
      .line_width = DEFAULT_LINE_WIDTH,
      .color = DEFAULT_COLOR,
      .show_names = DEFAULT_SHOW_NAMES,
      .show_confidence = DEFAULT_SHOW_CONFIDENCE,
      .font = g_strdup (DEFAULT_FONT),
  };
  gst_base_transform_set_in_place (trans, TRUE);
  gst_base_transform_set_passthrough (trans, FALSE);
  gst_base_transform_set_qos_enabled (trans, FALSE);
}
