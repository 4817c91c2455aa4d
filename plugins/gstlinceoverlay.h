/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_LINCE_OVERLAY (gst_lince_overlay_get_type ())
G_DECLARE_FINAL_TYPE (GstLinceOverlay, gst_lince_overlay, GST, LINCE_OVERLAY, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (linceoverlay)

G_END_DECLS
