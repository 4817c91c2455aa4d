/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_LINCE_RECOGNIZE (gst_lince_recognize_get_type ())
G_DECLARE_FINAL_TYPE (
    GstLinceRecognize, gst_lince_recognize, GST, LINCE_RECOGNIZE, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (lincerecognize)

G_END_DECLS
