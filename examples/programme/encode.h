/* SPDX-License-Identifier: LGPL-2.1-or-later
 * H.264 in an MPEG transport stream, as a broadcaster would send it. */
#pragma once

#include <gst/video/video.h>

typedef struct _LinceEncoder LinceEncoder;

/* `bitrate` in kbit/s; `info` of whole frames a second. */
LinceEncoder *lince_encoder_new (
    const char *path, const GstVideoInfo *info, int bitrate, GError **error);
/* The next frame, as `info` says; takes the buffer. Blocks while the
 * encoder is behind. FALSE when it failed; lince_encoder_finish() then says why. */
gboolean lince_encoder_push (LinceEncoder *encoder, GstBuffer *frame);
/* Ends the file; call it once, before freeing. */
gboolean lince_encoder_finish (LinceEncoder *encoder, GError **error);
void lince_encoder_free (LinceEncoder *encoder);
