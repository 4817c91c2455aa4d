/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What lincerecognize does with the frames between its start and its stop: which of them are
 * analysed, in which thread, and what their buffers get. */
#pragma once

#include <gst/video/video.h>

#include "recognition/recognizer.h"

G_BEGIN_DECLS

typedef struct _LinceSession LinceSession;

typedef enum {
  GST_LINCE_RECOGNIZE_MODE_SYNC,
  GST_LINCE_RECOGNIZE_MODE_ASYNC,
} GstLinceRecognizeMode;

#define GST_TYPE_LINCE_RECOGNIZE_MODE (gst_lince_recognize_mode_get_type ())
GType gst_lince_recognize_mode_get_type (void);

/* Named plans of work; the values are those of LincePlanName. */
typedef enum {
  GST_LINCE_RECOGNIZE_PLAN_THOROUGH = LINCE_PLAN_THOROUGH,
  GST_LINCE_RECOGNIZE_PLAN_LIVE = LINCE_PLAN_LIVE,
} GstLinceRecognizePlan;

#define GST_TYPE_LINCE_RECOGNIZE_PLAN (gst_lince_recognize_plan_get_type ())
GType gst_lince_recognize_plan_get_type (void);

/* The element's properties, as flat values. */
typedef struct {
  GstLinceRecognizeMode mode;
  GstLinceRecognizePlan plan;
  guint64 interval, budget; /* ns */
  gboolean post_messages, attach_meta;
  gdouble minimum_confidence;
} LinceOptions;

/* `element` posts the messages and is borrowed. NULL with `error` when memory is short. */
LinceSession *lince_session_new (GstElement *element, guint threads, LinceError *error);
/* Drops what is not yet analysed. NULL is allowed. */
void lince_session_free (LinceSession *session);

/* From any thread. */
void lince_session_set_options (LinceSession *session, const LinceOptions *options);
/* `collection` is how messages call it; NULL: nothing is recognised. */
void lince_session_set_index (LinceSession *session, LinceIndex *index, const char *collection);
/* Frames that are shown before that running time are not analysed: downstream is late. */
void lince_session_set_late_until (LinceSession *session, GstClockTime time);
/* Adds counts and times to `stats`; zeros when `session` is NULL. */
void lince_session_describe (LinceSession *session, GstStructure *stats);

/* The following are the streaming thread's, or another's while there is none. */

/* The format of the frames to come; another than before ends all that stands. FALSE when frames of
 * that size cannot be analysed; they pass. */
gboolean lince_session_set_format (LinceSession *session, const GstVideoInfo *info);
/* Takes a frame: analyses it or has it analysed, and attaches metas where the buffer is writable.
 */
void lince_session_frame (LinceSession *session, GstBuffer *buffer, const GstSegment *segment);
/* Ends all that stands; what waits for its analysis is analysed first, or forgotten with `drop`. */
void lince_session_end (LinceSession *session, LinceReason reason, gboolean drop);

G_END_DECLS
