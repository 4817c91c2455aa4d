/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/source.h"

typedef struct {
  const char *factory; /* of the element; a trailing * stands for any rest */
  const char *property;
  const char *value;
} Setting;

/* Times are in the unit of each property, which differ. */
static const Setting settings[] = {
    /* one frame in, one frame out: threads of a decoder add a frame of delay each */
    {"avdec_*", "max-threads", "1"},
    {"rtspsrc", "latency", "200"},
    {"rtspsrc", "tcp-timeout", "5000000"},
    {"rtspsrc", "teardown-timeout", "100000000"},
    {"rtspsrc", "do-rtsp-keep-alive", "true"},
    {"rtspsrc", "add-reference-timestamp-meta", "true"},
    /* not over UDP first: a lost datagram is a broken picture, and firewalls cost 5 s */
    {"rtspsrc", "protocols", "tcp"},
    {"souphttpsrc", "timeout", "10"},
    {"souphttpsrc", "retries", "0"}, /* the whole pipeline is tried again instead */
    {"rtmp2src", "timeout", "10"},
    {"rtmp2src", "idle-timeout", "10"},
    {"udpsrc", "buffer-size", "2097152"},
    {"udpsrc", "timeout", "5000000000"},
};

void
lince_source_configure (GstElement *element)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const char *name = factory ? GST_OBJECT_NAME (factory) : NULL;

  if (!name)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    if (g_pattern_match_simple (settings[i].factory, name) &&
        g_object_class_find_property (G_OBJECT_GET_CLASS (element), settings[i].property))
      gst_util_set_object_arg (G_OBJECT (element), settings[i].property, settings[i].value);
  }
}
