/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session.h"

#include "analysis.h"
#include "mailbox.h"
#include "media/frame_map.h"
#include "media/meta.h"

GST_DEBUG_CATEGORY_EXTERN (gst_lince_recognize_debug);
#define GST_CAT_DEFAULT gst_lince_recognize_debug

/* A result that is older says nothing of the frame at hand. */
#define MAX_ATTACHED_AGE GST_SECOND
/* A hole in the stream of this length ends what stood before it, unless frames come that rarely. */
#define MAX_HOLE GST_SECOND
#define MAX_HOLE_FRAMES 4
/* Times that step back by less are a stream's sloppiness, by more a new beginning. */
#define MAX_STEP_BACK (100 * GST_MSECOND)

struct _LinceSession {
  GstElement *element; /* borrowed */
  LinceAnalysis *analysis;

  GMutex lock; /* what follows */
  LinceOptions options;
  GstClockTime late_until;
  guint64 frames, skipped, late;
  LinceMailbox *mailbox; /* from the first frame in async mode on */

  /* the streaming thread's own */
  LinceNarrower *narrower;
  GstVideoInfo info;
  gboolean analysable;    /* frames of this size can be recognised */
  gboolean async;         /* `analysis` is the mailbox's */
  GstClockTime last_time; /* running time of the last frame */
  GstClockTime last_step; /* from the frame before to it */
  GstClockTime last_analysed;
};

GType
gst_lince_recognize_mode_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
      {GST_LINCE_RECOGNIZE_MODE_SYNC, "Analyse each frame before it goes on", "sync"},
      {GST_LINCE_RECOGNIZE_MODE_ASYNC, "Analyse beside the stream, newest frame first", "async"},
      {0, NULL, NULL},
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstLinceRecognizeMode", values));
  return type;
}

GType
gst_lince_recognize_plan_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
      {GST_LINCE_RECOGNIZE_PLAN_THOROUGH, "Do all there is to do on every frame", "thorough"},
      {GST_LINCE_RECOGNIZE_PLAN_LIVE, "Keep up with a camera: search every fourth frame", "live"},
      {0, NULL, NULL},
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstLinceRecognizePlan", values));
  return type;
}

LinceSession *
lince_session_new (GstElement *element, guint threads, LinceError *error)
{
  LinceSession *session = g_new0 (LinceSession, 1);

  g_mutex_init (&session->lock);
  session->element = element;
  session->narrower = lince_narrower_new ();
  session->last_time = session->last_analysed = GST_CLOCK_TIME_NONE;
  gst_video_info_init (&session->info);
  session->analysis = lince_analysis_new (element, threads, error);
  if (session->analysis == NULL) {
    lince_session_free (session);
    return NULL;
  }
  return session;
}

void
lince_session_free (LinceSession *session)
{
  if (session == NULL)
    return;
  lince_mailbox_free (session->mailbox);
  lince_analysis_free (session->analysis);
  lince_narrower_free (session->narrower);
  g_mutex_clear (&session->lock);
  g_free (session);
}

void
lince_session_set_options (LinceSession *session, const LinceOptions *options)
{
  LinceWishes wishes = {
      .minimum_confidence = (float) options->minimum_confidence,
      .plan = (LincePlanName) options->plan,
      .budget = (gint64) MIN (options->budget, (guint64) G_MAXINT64),
      .post_messages = options->post_messages,
  };

  g_mutex_lock (&session->lock);
  session->options = *options;
  lince_analysis_set_wishes (session->analysis, &wishes);
  g_mutex_unlock (&session->lock);
}

void
lince_session_set_index (LinceSession *session, LinceIndex *index, const char *collection)
{
  lince_analysis_set_index (session->analysis, index, collection);
}

void
lince_session_set_late_until (LinceSession *session, GstClockTime time)
{
  g_mutex_lock (&session->lock);
  session->late_until = time;
  g_mutex_unlock (&session->lock);
}

void
lince_session_describe (LinceSession *session, GstStructure *stats)
{
  guint64 frames = 0, skipped = 0, late = 0, dropped = 0;

  if (session != NULL) {
    g_mutex_lock (&session->lock);
    frames = session->frames;
    skipped = session->skipped;
    late = session->late;
    dropped = session->mailbox != NULL ? lince_mailbox_get_dropped (session->mailbox) : 0;
    g_mutex_unlock (&session->lock);
  }
  gst_structure_set (stats, "frames", G_TYPE_UINT64, frames, "skipped", G_TYPE_UINT64, skipped,
      "late", G_TYPE_UINT64, late, "dropped", G_TYPE_UINT64, dropped, NULL);
  lince_analysis_describe (session != NULL ? session->analysis : NULL, stats);
}

void
lince_session_end (LinceSession *session, LinceReason reason, gboolean drop)
{
  if (session->mailbox != NULL)
    lince_mailbox_wait_idle (session->mailbox, drop);
  if (session->async)
    lince_mailbox_reset (session->mailbox, reason);
  else
    lince_analysis_reset (session->analysis, reason, NULL);
  session->last_time = session->last_analysed = GST_CLOCK_TIME_NONE;
}

gboolean
lince_session_set_format (LinceSession *session, const GstVideoInfo *info)
{
  gint width = GST_VIDEO_INFO_WIDTH (info), height = GST_VIDEO_INFO_HEIGHT (info);

  if (!gst_video_info_is_equal (info, &session->info))
    lince_session_end (session, LINCE_REASON_RESET, FALSE);
  session->info = *info;
  session->analysable =
      MIN (width, height) >= LINCE_FRAME_MIN_SIDE && MAX (width, height) <= LINCE_FRAME_MAX_SIDE;
  return session->analysable;
}

static GstClockTime
frame_duration (const LinceSession *session)
{
  if (GST_VIDEO_INFO_FPS_N (&session->info) <= 0)
    return 40 * GST_MSECOND;
  return gst_util_uint64_scale_int (
      GST_SECOND, GST_VIDEO_INFO_FPS_D (&session->info), GST_VIDEO_INFO_FPS_N (&session->info));
}

/* Gives the frame a running time that can be reckoned with; FALSE for one outside the segment. */
static gboolean
complete_time (LinceSession *session, const GstSegment *segment, LinceFrameInfo *info)
{
  if (GST_CLOCK_TIME_IS_VALID (info->running_time))
    return TRUE;
  if (GST_CLOCK_TIME_IS_VALID (info->timestamp) && segment->format == GST_FORMAT_TIME)
    return FALSE;
  info->running_time = GST_CLOCK_TIME_IS_VALID (session->last_time)
                           ? session->last_time + frame_duration (session)
                           : 0;
  return TRUE;
}

/* A hole or a step back in the times: nothing that stood before can be followed through it. */
static void
notice_hole (LinceSession *session, GstClockTime time)
{
  GstClockTime last = session->last_time;

  if (GST_CLOCK_TIME_IS_VALID (last)) {
    GstClockTime hole = MAX (MAX_HOLE, MAX_HOLE_FRAMES * session->last_step);

    if (time > last + hole || time + MAX_STEP_BACK < last) {
      GST_DEBUG_OBJECT (session->element, "hole from %" GST_TIME_FORMAT " to %" GST_TIME_FORMAT,
          GST_TIME_ARGS (last), GST_TIME_ARGS (time));
      lince_session_end (session, LINCE_REASON_RESET, FALSE);
    }
    session->last_step = time > last ? time - last : 0;
  }
  session->last_time = time;
}

/* Whether this frame is to be analysed, by the options as they are now; counts it. */
static gboolean
is_wanted (LinceSession *session, gboolean timed, GstClockTime time, LinceOptions *options)
{
  gboolean wanted = session->analysable && timed;

  g_mutex_lock (&session->lock);
  *options = session->options;
  session->frames++;
  if (wanted && time < session->late_until) {
    wanted = FALSE;
    session->late++;
  }
  /* half a frame of tolerance, so that jitter does not turn 1 s into 1 s and a frame */
  if (wanted && GST_CLOCK_TIME_IS_VALID (session->last_analysed) &&
      time + frame_duration (session) / 2 < session->last_analysed + options->interval)
    wanted = FALSE;
  if (!wanted)
    session->skipped++;
  g_mutex_unlock (&session->lock);
  return wanted;
}

/* The analysis goes from the streaming thread to the mailbox's or back. */
static void
switch_mode (LinceSession *session, gboolean async)
{
  if (session->async == async)
    return;
  lince_session_end (session, LINCE_REASON_RESET, FALSE);
  if (async && session->mailbox == NULL) {
    LinceMailbox *mailbox = lince_mailbox_new (session->analysis);

    g_mutex_lock (&session->lock);
    session->mailbox = mailbox;
    g_mutex_unlock (&session->lock);
  }
  session->async = async;
}

static void
analyse_here (LinceSession *session, GstBuffer *buffer, const LinceFrame *frame,
    LinceFrameInfo *info, GstClockTime entered, gboolean attach)
{
  const LinceResult *result = lince_analysis_process (session->analysis, frame, info);
  const GstStructure *moved;

  if (result == NULL)
    return;
  moved = lince_analysis_publish (session->analysis, result, info, entered);
  if (attach)
    lince_meta_attach (buffer, result, moved, &session->info);
}

static void
analyse (LinceSession *session, GstBuffer *buffer, LinceFrameInfo *info, GstClockTime entered,
    gboolean attach)
{
  GstVideoFrame video;
  LinceFrame frame;

  if (!gst_video_frame_map (
          &video, &session->info, buffer, GST_MAP_READ | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
    GST_WARNING_OBJECT (session->element, "a frame cannot be mapped for reading and passes");
    return;
  }
  if (lince_narrower_map (session->narrower, &video, &frame)) {
    if (session->async)
      lince_mailbox_offer (session->mailbox, &frame, info, entered);
    else
      analyse_here (session, buffer, &frame, info, entered, attach);
    session->last_analysed = info->running_time;
  }
  gst_video_frame_unmap (&video);
}

void
lince_session_frame (LinceSession *session, GstBuffer *buffer, const GstSegment *segment)
{
  GstClockTime entered = gst_util_get_timestamp ();
  LinceFrameInfo info = {.arrival = g_get_real_time ()};
  LinceOptions options;
  gboolean timed, wanted, attach;

  lince_frame_info_from_buffer (&info, buffer, segment, &session->info);
  timed = complete_time (session, segment, &info);
  if (timed)
    notice_hole (session, info.running_time);
  wanted = is_wanted (session, timed, info.running_time, &options);
  attach = options.attach_meta && gst_buffer_is_writable (buffer);
  switch_mode (session, options.mode == GST_LINCE_RECOGNIZE_MODE_ASYNC);
  if (wanted)
    analyse (session, buffer, &info, entered, attach);
  if (session->async && attach && timed)
    lince_mailbox_attach (
        session->mailbox, buffer, info.running_time, MAX_ATTACHED_AGE, &session->info);
}
