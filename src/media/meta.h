/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a recognised frame carries down the pipeline: a GstVideoRegionOfInterestMeta a placement
 * (roi_type the object's name, bounding box in pixels of the frame, one structure LINCE_META_REGION
 * among its params: confidence, opacity, occluded, cut-off and, where it is told, blur as doubles,
 * kind as a string), one custom meta `lince-recognition` with the structure of message.h, and
 * analytics metas where GStreamer has them, which have no room for measures but confidence.
 * GStreamer 1.22's videoscale and videoconvert keep the region and lose its params. */
#pragma once

#include <gst/video/video.h>

#include "media/message.h"

G_BEGIN_DECLS

#define LINCE_META_NAME "lince-recognition"
#define LINCE_META_REGION "lince-recognition" /* the params of a region */

/* Registers the custom meta; may be called often, from any thread. */
LINCE_API void lince_meta_register (void);

/* Adds all metas of `result` to `buffer`, which must be writable (metadata only, no pixel is
 * touched). `moved` is lince_message_new_moved()'s structure and stays the caller's. */
LINCE_API void lince_meta_attach (GstBuffer *buffer, const LinceResult *result,
    const GstStructure *moved, const GstVideoInfo *info);

/* The structure of the buffer's custom meta, borrowed, or NULL. lince_message_parse() reads it. */
LINCE_API const GstStructure *lince_meta_get (GstBuffer *buffer);

/* The structures of all such metas, one a recogniser that the buffer has passed: `*state` is NULL
 * before the first call; NULL after the last. */
LINCE_API const GstStructure *lince_meta_iterate (GstBuffer *buffer, gpointer *state);

G_END_DECLS
