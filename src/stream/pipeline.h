/* SPDX-License-Identifier: LGPL-2.1-or-later
 * One life of one pipeline: built from a template, started, watched, given up as a whole. Never
 * re-plugged, never waited for: state changes run in threads of GStreamer's own.
 *
 * Belongs to the main thread; callbacks come there, in the default main context. */
#pragma once

#include <gst/gst.h>

#include "stream/settings.h"
#include "stream/trace.h"

G_BEGIN_DECLS

typedef struct _LincePipeline LincePipeline;

typedef struct {
  /* a message of lincerecognize */
  void (*recognition) (const GstStructure *structure, gpointer user_data);
  /* the first frame has been analysed */
  void (*started) (gpointer user_data);
  /* it goes on, but this sentence is to be known */
  void (*remarked) (const char *sentence, gpointer user_data);
  /* lincerecognize has loaded its collection, for the first time or again: what was remarked is
   * over */
  void (*collected) (gpointer user_data);
  /* it cannot go on; a sentence without secrets. May be called more than once. */
  void (*failed) (const char *reason, gpointer user_data);
  /* the source has come to its end */
  void (*ended) (gpointer user_data);
} LincePipelineCallbacks;

/* Builds and starts. `trace` may be NULL, is borrowed and must outlive the pipeline. */
LincePipeline *lince_pipeline_new (const LinceStreamSettings *settings,
    const LincePipelineCallbacks *callbacks, gpointer user_data, LinceTrace *trace, GError **error);

/* Frames that have left lincerecognize. Any thread. */
guint64 lince_pipeline_frames (LincePipeline *pipeline);
/* Frames that lincerecognize has analysed; may be fewer, by its `interval`. */
guint64 lince_pipeline_analysed (LincePipeline *pipeline);
/* What lincerecognize said of the newest frame (the structure of its `moved`), also where it posted
 * nothing because nothing stood on it; NULL when there is none since the last call. Transfer full.
 */
GstStructure *lince_pipeline_take_frame (LincePipeline *pipeline);
/* TRUE where the template feeds something outside (has an element named `output`). */
gboolean lince_pipeline_has_output (LincePipeline *pipeline);
/* lincerecognize's source pad, borrowed. */
GstPad *lince_pipeline_pad (LincePipeline *pipeline);
/* Sets what can be set while it plays. */
gboolean lince_pipeline_set (
    LincePipeline *pipeline, const LinceStreamSettings *settings, GError **error);
/* Ends the stream in order: `ended` follows when everything has drained. */
void lince_pipeline_send_eos (LincePipeline *pipeline);

/* Gives the pipeline up; no callback comes any more. `done` is called with TRUE when it is gone, or
 * with FALSE after 5 s when a thread of it does not let go (the pipeline is then leaked: only the
 * process's end gets rid of it). */
typedef void (*LincePipelineDone) (gboolean gone, gpointer user_data);
void lince_pipeline_dispose (LincePipeline *pipeline, LincePipelineDone done, gpointer user_data);

G_END_DECLS
