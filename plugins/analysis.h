/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A recogniser with its governor, its messages and its account: what lincerecognize does with a frame,
 * in the streaming thread or beside it. */
#pragma once

#include <gst/gst.h>

#include "media/frame_copy.h"
#include "media/message.h"

G_BEGIN_DECLS

typedef struct _LinceAnalysis LinceAnalysis;

/* What the user asked for; taken up between two frames. */
typedef struct {
  float minimum_confidence;
  LincePlanName plan; /* the highest that is followed */
  gint64 budget;      /* ns of CPU a frame; 0: the plan is fixed */
  gboolean post_messages;
} LinceWishes;

/* `element` posts the messages and is borrowed. NULL with `error` when memory is short. */
LinceAnalysis *lince_analysis_new (GstElement *element, guint threads, LinceError *error);
void lince_analysis_free (LinceAnalysis *analysis); /* NULL is allowed */

/* From any thread. `collection` is how messages call it; NULL index: nothing is recognised. */
void lince_analysis_set_index (LinceAnalysis *analysis, LinceIndex *index, const char *collection);
void lince_analysis_set_wishes (LinceAnalysis *analysis, const LinceWishes *wishes);
/* Adds counts and times to `stats`; zeros when `analysis` is NULL. */
void lince_analysis_describe (LinceAnalysis *analysis, GstStructure *stats);

/* The following belong to one thread at a time. */

/* Analyses a frame shown at `info->running_time`; NULL when the recogniser refuses it. The result
 * is borrowed until the next call. */
const LinceResult *lince_analysis_process (
    LinceAnalysis *analysis, const LinceFrame *frame, const LinceFrameInfo *info);

/* Posts what `result` says and returns the structure of its `moved`, borrowed until the next call.
 * `entered` is the monotonic time of the frame's arrival; completes `info`. */
const GstStructure *lince_analysis_publish (
    LinceAnalysis *analysis, const LinceResult *result, LinceFrameInfo *info, GstClockTime entered);

/* Ends all that stands, with the times of the last frame that was published. `copy` (may be NULL)
 * is what that frame was analysed from. */
void lince_analysis_reset (LinceAnalysis *analysis, LinceReason reason, const LinceFrameCopy *copy);

G_END_DECLS
