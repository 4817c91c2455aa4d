/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "negotiation.h"

#include <gst/video/video.h>

static GstCaps *
all_raw_caps (void)
{
  GstCaps *caps = gst_caps_from_string ("video/x-raw; video/x-raw(ANY)");

  return caps;
}

/* What to put before the element so that `caps` become readable. */
static char *
remedy (const GstCaps *caps)
{
  const GstCapsFeatures *features = gst_caps_get_features (caps, 0);

  if (features != NULL && gst_caps_features_contains (features, "format:Interlaced"))
    return g_strdup ("fields come as frames of their own: insert \"deinterlace\" or "
                     "\"videoconvert\" after a decoder without alternate fields");
  if (features != NULL &&
      !gst_caps_features_is_equal (features, GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY))
    return g_strdup ("the frames are not in system memory: insert the download element of that "
                     "memory (gldownload, cudadownload, vapostproc) and \"videoconvert\"");
  return g_strdup ("insert \"videoconvert\" before it");
}

static void
refuse (GstElement *element, const GstCaps *caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  const char *format = gst_structure_get_string (structure, "format");
  g_autofree char *what = remedy (caps);
  g_autofree char *name = gst_element_get_name (element);

  GST_ELEMENT_ERROR (element, STREAM, FORMAT,
      ("%s cannot read the video format %s; %s.", name,
          format != NULL ? format : gst_structure_get_name (structure), what),
      ("caps %" GST_PTR_FORMAT, caps));
}

/* Probes see an event before the pad asks whether its caps are acceptable. */
static GstPadProbeReturn
on_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  g_autoptr (GstCaps) template_caps = NULL;
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return GST_PAD_PROBE_OK;
  gst_event_parse_caps (event, &caps);
  template_caps = gst_pad_get_pad_template_caps (pad);
  if (!gst_caps_can_intersect (caps, template_caps))
    refuse (GST_ELEMENT (user_data), caps);
  return GST_PAD_PROBE_OK;
}

void
lince_negotiation_watch (GstElement *element, GstPad *sink_pad)
{
  gst_pad_add_probe (sink_pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, element, NULL);
}

gboolean
lince_negotiation_tolerates (GstPad *sink_pad, const GstCaps *caps)
{
  g_autoptr (GstCaps) others = all_raw_caps ();
  g_autoptr (GstCaps) template_caps = gst_pad_get_pad_template_caps (sink_pad);
  g_autoptr (GstCaps) choice = NULL;

  if (!gst_caps_can_intersect (caps, others) || gst_caps_can_intersect (caps, template_caps))
    return FALSE;
  choice = gst_pad_peer_query_caps (sink_pad, template_caps);
  return choice != NULL && gst_caps_is_empty (choice);
}

/* Towards downstream the template stands in for what will never come: else the link behind the
 * element would fail, and nobody would hear why. */
void
lince_negotiation_amend_source (GstPad *src_pad, GstQuery *query)
{
  g_autoptr (GstCaps) template_caps = NULL;
  GstCaps *filter, *answer;

  gst_query_parse_caps_result (query, &answer);
  if (!gst_caps_is_empty (answer))
    return;
  gst_query_parse_caps (query, &filter);
  template_caps = gst_pad_get_pad_template_caps (src_pad);
  if (filter != NULL) {
    g_autoptr (GstCaps) common =
        gst_caps_intersect_full (filter, template_caps, GST_CAPS_INTERSECT_FIRST);

    gst_query_set_caps_result (query, common);
  } else {
    gst_query_set_caps_result (query, template_caps);
  }
}

void
lince_negotiation_amend_sink (GstPad *sink_pad, GstQuery *query)
{
  g_autoptr (GstCaps) others = all_raw_caps ();
  g_autoptr (GstCaps) template_caps = gst_pad_get_pad_template_caps (sink_pad);
  GstCaps *filter, *answer;

  gst_query_parse_caps (query, &filter);
  gst_query_parse_caps_result (query, &answer);
  if (filter != NULL && gst_caps_can_intersect (filter, template_caps))
    return; /* upstream has a choice, or downstream is what refuses */
  if (filter != NULL) {
    g_autoptr (GstCaps) common = gst_caps_intersect_full (filter, others, GST_CAPS_INTERSECT_FIRST);

    gst_query_set_caps_result (query, common);
  } else if (!gst_pad_is_linked (sink_pad)) {
    /* linking is tried before there is an upstream that could be told anything */
    g_autoptr (GstCaps) merged = gst_caps_merge (gst_caps_ref (answer), gst_caps_ref (others));

    gst_query_set_caps_result (query, merged);
  }
}
