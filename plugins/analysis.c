/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analysis.h"

#include <string.h>

#include "recognition/governor.h"

GST_DEBUG_CATEGORY_EXTERN (gst_lince_recognize_debug);
#define GST_CAT_DEFAULT gst_lince_recognize_debug

/* Running sums. */
typedef struct {
  LinceStatistics recognizer;
  LinceGovernor governor;
  guint64 analysed;                      /* frames */
  guint64 refused;                       /* frames that the recogniser refused */
  guint64 nanoseconds, last_nanoseconds; /* of analysis by the wall clock */
} Statistics;

struct _LinceAnalysis {
  GstElement *element; /* borrowed */
  LinceRecognizer *recognizer;
  LinceSettings settings;
  LinceGovernor governor;
  gboolean post_messages;

  /* the frame that was published last */
  LinceFrameInfo last_info;
  GstClockTime last_entered;
  gboolean any_frame, standing;
  gint64 last_time;
  GstStructure *moved;
  gboolean told;          /* that frames are refused */
  char *frame_collection; /* what last_info calls its collection */
  LinceResultCopy *reset_result;

  GMutex lock; /* what follows */
  LinceWishes wishes;
  gboolean wishes_changed;
  char *collection;
  Statistics statistics;
};

LinceAnalysis *
lince_analysis_new (GstElement *element, guint threads, LinceError *error)
{
  LinceAnalysis *analysis = g_new0 (LinceAnalysis, 1);

  g_mutex_init (&analysis->lock);
  analysis->element = element;
  lince_settings_default (&analysis->settings);
  analysis->settings.threads = threads;
  analysis->last_time = G_MININT64;
  analysis->reset_result = g_new0 (LinceResultCopy, 1);
  analysis->recognizer = lince_recognizer_new (&analysis->settings, error);
  if (analysis->recognizer == NULL) {
    lince_analysis_free (analysis);
    return NULL;
  }
  return analysis;
}

void
lince_analysis_free (LinceAnalysis *analysis)
{
  if (analysis == NULL)
    return;
  lince_recognizer_free (analysis->recognizer);
  lince_result_copy_clear (analysis->reset_result);
  g_free (analysis->reset_result);
  g_clear_pointer (&analysis->moved, gst_structure_free);
  g_free (analysis->frame_collection);
  g_free (analysis->collection);
  g_mutex_clear (&analysis->lock);
  g_free (analysis);
}

void
lince_analysis_set_index (LinceAnalysis *analysis, LinceIndex *index, const char *collection)
{
  g_mutex_lock (&analysis->lock);
  g_free (analysis->collection);
  analysis->collection = g_strdup (collection);
  lince_recognizer_set_index (analysis->recognizer, index);
  g_mutex_unlock (&analysis->lock);
}

void
lince_analysis_set_wishes (LinceAnalysis *analysis, const LinceWishes *wishes)
{
  g_mutex_lock (&analysis->lock);
  analysis->wishes = *wishes;
  analysis->wishes_changed = TRUE;
  g_mutex_unlock (&analysis->lock);
}

void
lince_analysis_describe (LinceAnalysis *analysis, GstStructure *stats)
{
  Statistics sums = {0};
  const LinceStatistics *recognizer = &sums.recognizer;

  if (analysis != NULL) {
    g_mutex_lock (&analysis->lock);
    sums = analysis->statistics;
    g_mutex_unlock (&analysis->lock);
  }
  gst_structure_set (stats, "analysed", G_TYPE_UINT64, sums.analysed, "refused", G_TYPE_UINT64,
      sums.refused, "analysis-time", G_TYPE_UINT64, sums.nanoseconds, "last-analysis-time",
      G_TYPE_UINT64, sums.last_nanoseconds, "keypoints", G_TYPE_UINT64, recognizer->keypoints,
      "matches", G_TYPE_UINT64, recognizer->matches, "hypotheses", G_TYPE_UINT64,
      recognizer->hypotheses, "verified", G_TYPE_UINT64, recognizer->verified, "rejected",
      G_TYPE_UINT64, recognizer->rejected, NULL);
  gst_structure_set (stats, "plan", G_TYPE_STRING, lince_plan_name (sums.governor.plan),
      "plan-downs", G_TYPE_UINT64, sums.governor.downs, "plan-ups", G_TYPE_UINT64,
      sums.governor.ups, "overruns", G_TYPE_UINT64, sums.governor.overruns, "searches",
      G_TYPE_UINT64, recognizer->searches, "searches-skipped", G_TYPE_UINT64,
      recognizer->searches_skipped, "mark-searches", G_TYPE_UINT64, recognizer->mark_searches,
      NULL);
  for (guint i = 0; i < LINCE_PLAN_COUNT; i++) {
    g_autofree char *field = g_strconcat ("frames-", lince_plan_name (i), NULL);

    gst_structure_set (stats, field, G_TYPE_UINT64, recognizer->frames_at[i], NULL);
  }
  for (guint i = 0; i < LINCE_STAGE_COUNT; i++) {
    g_autofree char *field = g_strconcat (lince_stage_name (i), "-time", NULL);

    gst_structure_set (stats, field, G_TYPE_UINT64, recognizer->nanoseconds[i], NULL);
  }
}

/* Hands the settings on between two frames. */
static void
set_settings (LinceAnalysis *analysis)
{
  analysis->settings.plan = analysis->governor.plan;
  if (!lince_recognizer_set_settings (analysis->recognizer, &analysis->settings, NULL))
    GST_WARNING_OBJECT (analysis->element, "the recogniser refused its settings");
}

/* Turns the user's wishes into settings when one of them has changed. */
static void
take_up_wishes (LinceAnalysis *analysis)
{
  gboolean changed;
  LinceWishes wishes;

  g_mutex_lock (&analysis->lock);
  wishes = analysis->wishes;
  changed = analysis->wishes_changed;
  analysis->wishes_changed = FALSE;
  if (g_strcmp0 (analysis->collection, analysis->frame_collection) != 0) {
    g_free (analysis->frame_collection);
    analysis->frame_collection = g_strdup (analysis->collection);
  }
  g_mutex_unlock (&analysis->lock);

  if (!changed)
    return;
  analysis->post_messages = wishes.post_messages;
  analysis->settings.minimum_confidence = wishes.minimum_confidence;
  lince_governor_set (&analysis->governor, wishes.plan, wishes.budget);
  set_settings (analysis);
}

static void
post (LinceAnalysis *analysis, GstStructure *structure)
{
  gst_element_post_message (
      analysis->element, gst_message_new_element (GST_OBJECT (analysis->element), structure));
}

/* Tells the governor what a frame cost; it may choose another plan for those to come. */
static void
govern (LinceAnalysis *analysis, const LinceStatistics *statistics, GstClockTime running_time)
{
  LinceMessagePlan message = {.previous = analysis->governor.plan, .running_time = running_time};
  gint64 cost = 0;

  for (guint i = 0; i < LINCE_STAGE_COUNT; i++)
    cost += (gint64) statistics->last_nanoseconds[i];
  if (!lince_governor_charge (&analysis->governor, cost))
    return;
  message.plan = analysis->governor.plan;
  message.budget = (guint64) analysis->governor.budget;
  message.cost = (guint64) analysis->governor.mean;
  GST_INFO_OBJECT (analysis->element,
      "plan %s after %s: frames cost %" G_GUINT64_FORMAT
      " ns of CPU, the budget is %" G_GUINT64_FORMAT,
      lince_plan_name (message.plan), lince_plan_name (message.previous), message.cost,
      message.budget);
  set_settings (analysis);
  if (analysis->post_messages)
    post (analysis, lince_message_new_plan (&message));
}

/* The recogniser refuses every frame once a file of its index was found damaged: said once. */
static void
tell_refusal (LinceAnalysis *analysis, const LinceError *error)
{
  GST_WARNING_OBJECT (analysis->element, "frame refused: %s", error->text);
  if (error->code == LINCE_ERROR_ARGUMENT || analysis->told)
    return;
  analysis->told = TRUE;
  GST_ELEMENT_WARNING (analysis->element, RESOURCE, READ,
      ("Nothing is recognised any more by the collection %s: %s", analysis->frame_collection,
          error->text),
      (NULL));
}

const LinceResult *
lince_analysis_process (
    LinceAnalysis *analysis, const LinceFrame *frame, const LinceFrameInfo *info)
{
  GstClockTime begin = gst_util_get_timestamp ();
  const LinceResult *result = NULL;
  LinceStatistics statistics;
  LinceError error = {0};
  gint64 time = (gint64) info->running_time;
  gboolean done;

  take_up_wishes (analysis);
  /* the recogniser wants rising times; a stream may repeat one */
  if (time <= analysis->last_time)
    time = analysis->last_time + 1;
  done = lince_recognizer_process (analysis->recognizer, frame, time, &result, &error);
  if (done) {
    analysis->last_time = time;
    analysis->told = FALSE;
  } else {
    tell_refusal (analysis, &error);
  }
  lince_recognizer_statistics (analysis->recognizer, &statistics);
  if (done)
    govern (analysis, &statistics, info->running_time);

  g_mutex_lock (&analysis->lock);
  analysis->statistics.recognizer = statistics;
  analysis->statistics.governor = analysis->governor;
  analysis->statistics.last_nanoseconds = gst_util_get_timestamp () - begin;
  analysis->statistics.nanoseconds += analysis->statistics.last_nanoseconds;
  if (done)
    analysis->statistics.analysed++;
  else
    analysis->statistics.refused++;
  g_mutex_unlock (&analysis->lock);
  return done ? result : NULL;
}

const GstStructure *
lince_analysis_publish (
    LinceAnalysis *analysis, const LinceResult *result, LinceFrameInfo *info, GstClockTime entered)
{
  gboolean standing = result->placement_count > 0;

  info->collection = analysis->frame_collection;
  info->decided_after = gst_util_get_timestamp () - entered;
  g_clear_pointer (&analysis->moved, gst_structure_free);
  analysis->moved = lince_message_new_moved (info, result);
  if (analysis->post_messages) {
    for (guint i = 0; i < result->change_count; i++)
      post (analysis, lince_message_new_change (info, result, &result->changes[i]));
    if (standing || analysis->standing)
      post (analysis, gst_structure_copy (analysis->moved));
  }
  analysis->standing = standing;
  analysis->last_info = *info;
  analysis->last_entered = entered;
  analysis->any_frame = TRUE;
  return analysis->moved;
}

void
lince_analysis_reset (LinceAnalysis *analysis, LinceReason reason, const LinceFrameCopy *copy)
{
  const LinceResult *result = NULL;
  LinceFrameInfo info = analysis->last_info;

  analysis->last_time = G_MININT64;
  if (!analysis->any_frame)
    return;
  lince_recognizer_reset (analysis->recognizer, reason, &result);
  if (result != NULL && copy != NULL) {
    lince_frame_copy_restore (copy, result, analysis->reset_result);
    result = &analysis->reset_result->result;
  }
  if (result != NULL && (result->change_count > 0 || analysis->standing))
    lince_analysis_publish (analysis, result, &info, analysis->last_entered);
  analysis->any_frame = FALSE;
}
