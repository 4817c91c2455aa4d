/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Looking back over a recording: what is found on a frame is sought on the frames before it, back
 * to where it is not verified any more. Frames wait for up to a window's length before they are
 * final.
 *
 * A later frame only proposes a placement; each frame's own pixels decide. */
#pragma once

#include <glib.h>

#include "recognition/recognizer.h"

G_BEGIN_DECLS

typedef struct _LinceRetrace LinceRetrace;

/* A frame with all placements on it, sorted by object, then by track. */
typedef struct {
  guint64 number;
  gint64 time;        /* running time, ns */
  GArray *placements; /* of LincePlacement */
} LinceRetraceFrame;

/* What looking back has added before a track's first frame. */
typedef struct {
  gint64 from; /* running time of the earliest frame */
  guint64 frames;
  double area_time; /* share * ns */
} LinceRetraceGain;

/* `window` ns of frames are kept, but of their luma no more than `memory` bytes. `recognizer` is
 * borrowed. */
LinceRetrace *lince_retrace_new (LinceRecognizer *recognizer, gint64 window, gsize memory);
void lince_retrace_free (LinceRetrace *retrace);

/* Takes the next analysed frame with what was found on it; copies both. */
gboolean lince_retrace_add (LinceRetrace *retrace, guint64 number, gint64 time,
    const LinceFrame *frame, const LinceResult *result, LinceError *error);

/* The oldest frame, when it is final, or whatever there is with `all`; NULL else. Valid until the
 * next call. */
const LinceRetraceFrame *lince_retrace_pop (LinceRetrace *retrace, gboolean all);

/* What was gained before `track`; FALSE when nothing was. Remembered for the window's length. */
gboolean lince_retrace_get_gain (
    const LinceRetrace *retrace, guint64 track, LinceRetraceGain *gain);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceRetrace, lince_retrace_free)
G_END_DECLS
