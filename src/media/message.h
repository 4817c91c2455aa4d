/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The bus messages of lincerecognize, built and parsed here and nowhere else.
 *
 * An element message whose structure is named `recognition`. Fields (all times are guint64
 * GstClockTime and left out when unknown):
 *
 *   type             string  "appeared", "vanished" or "moved"
 *   timestamp        guint64 the buffer's PTS
 *   stream-time, running-time, duration
 *                    guint64 as usual in GStreamer's analysers
 *   frame-number     guint64 the buffer's offset, where valid
 *   timecode         string  where the buffer carries a GstVideoTimeCodeMeta
 *   reference-timestamp guint64, reference-clock string (the caps' name)
 *                            where the buffer carries a GstReferenceTimestampMeta
 *   arrival          gint64  UTC of the frame's entry into the element, µs since 1970
 *   decided-after    guint64 ns from the frame's entry to this message
 *   age              guint64 async mode: ns from the described frame to the newest; 0 in sync mode
 *   width, height    gint    of the frame, pixels
 *   pixel-aspect-ratio GstFraction
 *   collection       string  the `collection` property
 *   revision         string  of the index
 *   objects          GstValueList of GstStructure `object`: the one object that appeared or
 *                            vanished; for moved all placements of the frame (maybe none)
 *
 * `object`:
 *   id, name         string
 *   metadata         string  JSON (appeared only)
 *   track, exposure  guint64
 *   quad             GstValueArray of 8 doubles: four corners clockwise from the reference's own top
 *                            left, normalised by the frame's width and height (0 to 1 inside)
 *   confidence, visible, area  double
 *   opacity, occluded, cut-off double  0 to 1: below 1 the ground shows through; share of what is
 *                            inside the frame that does not agree; share outside the frame
 *   blur             double  standard deviation against the reference, frame pixels; left out where
 *                            too little is seen to tell
 *   kind             string  how it was compared: texture or mark
 *   alternatives     GstValueArray of string: ids, where there are any
 *  and in appeared and vanished:
 *   reason           string  of vanished: gone, cut, end, reset, collection
 *   resumed          boolean of appeared
 *   first-seen, last-seen, decided  guint64 running times
 *   frames           guint64 of vanished
 *   seconds          double  of vanished
 *   area-seconds     double  of vanished: integral of area over this stay
 *
 * When: one `appeared` or `vanished` for each change; one `moved` for each analysed frame on which
 * something stands, and one with no objects for the first frame on which nothing stands any more
 * (frames with nothing before and after give none).
 *
 * The custom meta `lince-recognition` on each analysed buffer carries the fields of `moved`, also
 * where no message was posted because nothing stands.
 *
 * Two more element messages speak of the collection itself: `recognition-collection` once it is
 * ready or ready again (collection, revision strings; objects, images, problems guint) and
 * `recognition-problem` for each reference picture that cannot be used (collection, image, text
 * strings).
 *
 * `recognition-plan` says that the frames from here on are analysed under another plan of work,
 * because of what they cost:
 *   plan, previous   string  names of plans ("live", "live-1", ...)
 *   budget           guint64 ns of CPU a frame that the user allows
 *   cost             guint64 ns of CPU that a frame cost on average under the previous plan
 *   running-time     guint64 of the last frame under the previous plan */
#pragma once

#include <gst/gst.h>
#include <gst/video/video.h>

#include "recognition/recognizer.h"

G_BEGIN_DECLS

#define LINCE_MESSAGE_NAME "recognition"
#define LINCE_MESSAGE_COLLECTION_NAME "recognition-collection"
#define LINCE_MESSAGE_PROBLEM_NAME "recognition-problem"
#define LINCE_MESSAGE_PLAN_NAME "recognition-plan"

/* The times and marks of the frame that a message speaks of. */
typedef struct {
  GstClockTime timestamp, stream_time, running_time, duration;
  guint64 frame_number;            /* GST_BUFFER_OFFSET_NONE: unknown */
  char timecode[32];               /* "": none */
  GstClockTime reference_timestamp;/* GST_CLOCK_TIME_NONE: none */
  char reference_clock[64];
  gint64 arrival;                  /* UTC, µs since 1970 */
  GstClockTime decided_after;
  GstClockTime age;
  gint width, height, par_n, par_d;
  const char *collection;          /* borrowed */
} LinceFrameInfo;

/* Fills all that the buffer itself, its segment and its format say; `arrival`, `decided_after`, `age`
 * and `collection` are left alone. Times outside the segment are GST_CLOCK_TIME_NONE. */
LINCE_API void lince_frame_info_from_buffer (LinceFrameInfo *info, GstBuffer *buffer,
    const GstSegment *segment, const GstVideoInfo *video);

/* The structure for one change, and for all placements of a frame. Transfer full. Thread-safe. */
LINCE_API GstStructure *lince_message_new_change (const LinceFrameInfo *info,
    const LinceResult *result, const LinceChange *change);
LINCE_API GstStructure *lince_message_new_moved (const LinceFrameInfo *info,
    const LinceResult *result);

/* A share of the recogniser's as they all tell it: from 0 to 1, whatever it was made of. */
double lince_message_share (float value);
/* Sets how an object looks in a frame, as each object of the above has it: opacity, occluded,
 * cut-off, kind and, where it is told, blur. */
void lince_message_set_look (GstStructure *structure, const LincePlacement *placement);

/* What a structure of the above said. Strings are borrowed from the structure. */
typedef struct {
  const char *id, *name, *metadata, *reason;
  guint64 track, exposure, frames;
  gdouble quad[8];
  gdouble confidence, visible, area, seconds, area_seconds;
  gdouble opacity, occluded, cut_off, blur; /* negative: not told */
  const char *kind;                         /* NULL: not told */
  gboolean resumed;
  GstClockTime first_seen, last_seen, decided;
  const char *alternatives[LINCE_MAX_ALTERNATIVES];
  guint alternative_count;
} LinceMessageObject;

typedef enum {
  LINCE_MESSAGE_NONE,
  LINCE_MESSAGE_APPEARED,
  LINCE_MESSAGE_VANISHED,
  LINCE_MESSAGE_MOVED,
} LinceMessageType;

typedef struct {
  LinceMessageType type;
  LinceFrameInfo info;             /* `collection` borrowed from the structure */
  const char *revision;
  guint object_count;
} LinceMessage;

/* "gone", "cut", ...: a static string. */
LINCE_API const char *lince_message_reason_name (LinceReason reason);

/* `structure` is a message's or a custom meta's. FALSE when it is not one of ours or lacks a
 * required field (checked: names, types, ranges). */
LINCE_API gboolean lince_message_parse (const GstStructure *structure, LinceMessage *message);
LINCE_API gboolean lince_message_get_object (const GstStructure *structure, guint number,
    LinceMessageObject *object);

/* The messages on the collection. Transfer full. `index` is the one that is used from now on. */
LINCE_API GstStructure *lince_message_new_collection (
    const char *collection, LinceIndex *index, guint problems);
LINCE_API GstStructure *lince_message_new_problem (
    const char *collection, const char *image, const char *text);

typedef struct {
  const char *collection, *revision; /* borrowed from the structure */
  guint objects, images, problems;
} LinceMessageCollection;

typedef struct {
  const char *collection, *image, *text; /* borrowed from the structure */
} LinceMessageProblem;

LINCE_API gboolean lince_message_parse_collection (
    const GstStructure *structure, LinceMessageCollection *collection);
LINCE_API gboolean lince_message_parse_problem (
    const GstStructure *structure, LinceMessageProblem *problem);

/* A change of the plan of work. */
typedef struct {
  LincePlanName plan, previous;
  guint64 budget, cost;      /* ns of CPU a frame */
  GstClockTime running_time; /* GST_CLOCK_TIME_NONE: unknown */
} LinceMessagePlan;

/* Transfer full. */
LINCE_API GstStructure *lince_message_new_plan (const LinceMessagePlan *plan);
LINCE_API gboolean lince_message_parse_plan (
    const GstStructure *structure, LinceMessagePlan *plan);

G_END_DECLS
