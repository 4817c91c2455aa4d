/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A mapped GstVideoFrame as the recogniser's frame.
 *
 * Formats whose samples have 8 bits, or whose 8 highest bits are a byte of their own (P010,
 * GRAY16), are read where they lie: no pixel is copied. The others (planar YUV of 10 and 12 bits,
 * RGB) are narrowed row by row into planes of the narrower's own: luma at full size, BT.601 of full
 * range from RGB; chroma of RGB at half the width, and at half the height unless the frame is
 * interlaced. */
#pragma once

#include <gst/video/video.h>

#include "recognition/error.h"
#include "recognition/frame.h"

G_BEGIN_DECLS

typedef enum {
  LINCE_FORMAT_UNREADABLE,
  LINCE_FORMAT_IN_PLACE,
  LINCE_FORMAT_NARROWED,
} LinceFormatAccess;

LINCE_API LinceFormatAccess lince_format_access (GstVideoFormat format);

/* Every readable format in system memory, those in place first, as text for a pad template. */
#define LINCE_FORMATS_IN_PLACE                                                                     \
  "I420, NV12, YV12, NV21, Y42B, NV16, NV61, Y444, NV24, Y41B, YUV9, YVU9, GRAY8, A420, YUY2, "    \
  "UYVY, YVYU, VYUY, AYUV, VUYA, v308, IYU2, P010_10LE, P010_10BE, P012_LE, P012_BE, P016_LE, "    \
  "P016_BE, GRAY16_LE, GRAY16_BE, AYUV64"
#define LINCE_FORMATS_NARROWED                                                                     \
  "I420_10LE, I420_10BE, I422_10LE, I422_10BE, Y444_10LE, Y444_10BE, I420_12LE, I420_12BE, "       \
  "I422_12LE, I422_12BE, Y444_12LE, Y444_12BE, A420_10LE, A420_10BE, A422_10LE, A422_10BE, "       \
  "A444_10LE, A444_10BE, BGRx, RGBx, xRGB, xBGR, BGRA, RGBA, ARGB, ABGR, RGB, BGR, GBR, GBRA, "    \
  "GBR_10LE, GBR_10BE, GBRA_10LE, GBRA_10BE, GBR_12LE, GBR_12BE, GBRA_12LE, GBRA_12BE, RGBP, "     \
  "BGRP, ARGB64, RGB16, BGR16, RGB15, BGR15, RGB8P"
#define LINCE_FORMATS_READABLE "{ " LINCE_FORMATS_IN_PLACE ", " LINCE_FORMATS_NARROWED " }"

/* As gst_video_info_from_caps(), but the matrix of colours stays unknown where the caps do not name
 * it: what GStreamer takes for granted by the number of lines is often wrong. */
LINCE_API gboolean lince_video_info_read (GstVideoInfo *info, const GstCaps *caps);

/* Belongs to one thread at a time. */
typedef struct _LinceNarrower LinceNarrower;

LINCE_API LinceNarrower *lince_narrower_new (void);
LINCE_API void lince_narrower_free (LinceNarrower *narrower); /* NULL is allowed */

/* Fills `frame` from `video`, which must be mapped for reading and stay so as long as `frame` is
 * used; narrowed planes are valid until the narrower's next call. Allocates only when the size or
 * the format differs from the last call's. FALSE, with `frame` untouched, for a format that
 * lince_format_access() calls unreadable. */
LINCE_API gboolean lince_narrower_map (
    LinceNarrower *narrower, const GstVideoFrame *video, LinceFrame *frame);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceNarrower, lince_narrower_free)
G_END_DECLS
