/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A recording, decoded frame by frame: every frame that its decoder gives, counted from 0, in
 * order. Belongs to one thread. */
#pragma once

#include <glib.h>

#include "recognition/frame.h"

G_BEGIN_DECLS

typedef struct _LinceClip LinceClip;

#define LINCE_CLIP_ERROR (lince_clip_error_quark ())
GQuark lince_clip_error_quark (void);
typedef enum {
  LINCE_CLIP_ERROR_OPEN,   /* no such file, no right to read it */
  LINCE_CLIP_ERROR_DECODE, /* no video in it, damaged, or of a kind without a decoder here */
} LinceClipError;

/* `location` is a file's path or a URI. */
LinceClip *lince_clip_open (const char *location, GError **error);
void lince_clip_free (LinceClip *clip);

/* Steps to the next frame. FALSE at the end, and with `error` where the clip cannot be read on. */
gboolean lince_clip_next (LinceClip *clip, GError **error);

/* Of the present frame. The planes are those of the decoder, valid until the next step. FALSE with
 * `error` when it cannot be mapped. */
gboolean lince_clip_get_frame (LinceClip *clip, LinceFrame *frame, GError **error);
guint64 lince_clip_get_number (const LinceClip *clip);
/* Running time, ns, rising from frame to frame. */
gint64 lince_clip_get_time (const LinceClip *clip);
/* From 0 to 1, or -1 while it cannot be told. */
double lince_clip_get_progress (LinceClip *clip);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceClip, lince_clip_free)
G_END_DECLS
