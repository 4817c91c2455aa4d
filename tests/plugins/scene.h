/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Synthetic references and frames that show them, for the tests of the elements. */
#pragma once

#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include "media/message.h"

#define SCENE_WIDTH 640
#define SCENE_HEIGHT 360
#define SCENE_FRAME (40 * GST_MSECOND)
#define SCENE_REFERENCE_WIDTH 240
#define SCENE_REFERENCE_HEIGHT 180

/* Where a reference stands: corners in pixels, clockwise from its top left; `id` 0: nothing. */
typedef struct {
  guint id;
  double corners[8];
  double hidden; /* 0 to 1: how much the background shines through */
} ScenePlace;

/* A place in the middle of the frame, slightly tilted. */
extern const ScenePlace scene_middle;
extern const ScenePlace scene_nothing;

/* A directory of its own with references 1 to `count`, "one.png", "two.png", ... Transfer full. */
char *scene_new_collection (guint count);
/* Writes reference `id` as `name` into the directory, by rename. */
void scene_write_reference (const char *directory, guint id, const char *name);
void scene_write_file (const char *directory, const char *name, const char *text);
void scene_remove_collection (const char *directory);
/* An index in memory of references 1 to `count` under the same ids. */
LinceIndex *scene_new_index (guint count);

void scene_info (GstVideoInfo *info, const char *format, const char *interlace_mode);
/* A frame of textured background with the reference at `place`, with padded rows and a
 * GstVideoMeta, PTS number * SCENE_FRAME. */
GstBuffer *scene_new_frame (const GstVideoInfo *info, const ScenePlace *place, guint number);

/* A harness around lincerecognize with a bus, `collection` set and loaded, and caps of `info` sent.
 */
typedef struct {
  GstHarness *harness;
  GstElement *element;
  GstBus *bus;
  GstVideoInfo info;
  guint frames; /* pushed */
} SceneRun;

SceneRun *scene_run_new (const char *collection, const char *format);
void scene_run_free (SceneRun *run);
/* Pushes `count` frames and returns the last output buffer, transfer full. */
GstBuffer *scene_run_push (SceneRun *run, const ScenePlace *place, guint count);
void scene_run_send_caps (SceneRun *run, const GstVideoInfo *info);

/* The next message of the bus with a structure of that name, NULL when `wait` has passed without
 * one. Others are dropped. Transfer full. */
GstMessage *scene_run_message (SceneRun *run, const char *name, GstClockTime wait);
/* Likewise of a type (ERROR, WARNING). */
GstMessage *scene_run_message_of_type (SceneRun *run, GstMessageType type, GstClockTime wait);
/* The next "recognition" message of that type ("moved"), checked by the parser. */
GstMessage *scene_run_recognition (
    SceneRun *run, LinceMessageType type, LinceMessage *message, LinceMessageObject *object);
guint64 scene_run_stat (SceneRun *run, const char *field);

/* Largest distance, in pixels, of a normalised quad from the place. */
double scene_distance (const gdouble quad[8], const ScenePlace *place);
