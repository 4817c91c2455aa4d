/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/message.h"

#include <math.h>
#include <string.h>

#include "media/meta.h"

#define MAX_BLUR 1000.0 /* pixels: more is no measure */

static const char *const reason_names[] = {
    [LINCE_REASON_NONE] = "none",
    [LINCE_REASON_GONE] = "gone",
    [LINCE_REASON_CUT] = "cut",
    [LINCE_REASON_END] = "end",
    [LINCE_REASON_RESET] = "reset",
    [LINCE_REASON_COLLECTION] = "collection",
};

/* ---- writing ------------------------------------------------------------------------------- */

/* GStreamer drops strings that are not UTF-8, and a path need not be. */
static void
set_text (GstStructure *structure, const char *field, const char *text)
{
  g_autofree char *valid = NULL;

  if (text == NULL)
    return;
  if (g_utf8_validate (text, -1, NULL)) {
    gst_structure_set (structure, field, G_TYPE_STRING, text, NULL);
  } else {
    valid = g_utf8_make_valid (text, -1);
    gst_structure_set (structure, field, G_TYPE_STRING, valid, NULL);
  }
}

static void
set_time (GstStructure *structure, const char *field, GstClockTime time)
{
  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_structure_set (structure, field, G_TYPE_UINT64, time, NULL);
}

static GstStructure *
new_structure (const char *type, const LinceFrameInfo *info, const LinceResult *result)
{
  GstStructure *structure =
      gst_structure_new (LINCE_MESSAGE_NAME, "type", G_TYPE_STRING, type, NULL);

  set_time (structure, "timestamp", info->timestamp);
  set_time (structure, "stream-time", info->stream_time);
  set_time (structure, "running-time", info->running_time);
  set_time (structure, "duration", info->duration);
  if (info->frame_number != GST_BUFFER_OFFSET_NONE)
    gst_structure_set (structure, "frame-number", G_TYPE_UINT64, info->frame_number, NULL);
  if (info->timecode[0] != '\0')
    set_text (structure, "timecode", info->timecode);
  if (GST_CLOCK_TIME_IS_VALID (info->reference_timestamp)) {
    set_time (structure, "reference-timestamp", info->reference_timestamp);
    set_text (structure, "reference-clock", info->reference_clock);
  }
  gst_structure_set (structure, "arrival", G_TYPE_INT64, info->arrival, NULL);
  set_time (structure, "decided-after", info->decided_after);
  gst_structure_set (structure, "age", G_TYPE_UINT64,
      GST_CLOCK_TIME_IS_VALID (info->age) ? info->age : (guint64) 0, "width", G_TYPE_INT,
      info->width, "height", G_TYPE_INT, info->height, "pixel-aspect-ratio", GST_TYPE_FRACTION,
      info->par_n, info->par_d, NULL);
  set_text (structure, "collection", info->collection);
  if (result->index != NULL)
    set_text (structure, "revision", lince_index_revision (result->index));
  return structure;
}

double
lince_message_share (float value)
{
  return isfinite (value) ? CLAMP ((double) value, 0.0, 1.0) : 0.0;
}

void
lince_message_set_look (GstStructure *structure, const LincePlacement *placement)
{
  gst_structure_set (structure, "opacity", G_TYPE_DOUBLE, lince_message_share (placement->opacity),
      "occluded", G_TYPE_DOUBLE, lince_message_share (placement->occluded), "cut-off",
      G_TYPE_DOUBLE, lince_message_share (placement->cut_off), "kind", G_TYPE_STRING,
      placement->mark ? "mark" : "texture", NULL);
  if (placement->blur >= 0.0f && isfinite (placement->blur))
    gst_structure_set (
        structure, "blur", G_TYPE_DOUBLE, MIN ((double) placement->blur, MAX_BLUR), NULL);
}

static void
set_quad (GstStructure *object, const LinceFrameInfo *info, const LincePoint corners[4])
{
  GValue array = G_VALUE_INIT, number = G_VALUE_INIT;

  gst_value_array_init (&array, 8);
  g_value_init (&number, G_TYPE_DOUBLE);
  for (int i = 0; i < 4; i++) {
    g_value_set_double (&number, (double) corners[i].x / MAX (info->width, 1));
    gst_value_array_append_value (&array, &number);
    g_value_set_double (&number, (double) corners[i].y / MAX (info->height, 1));
    gst_value_array_append_value (&array, &number);
  }
  g_value_unset (&number);
  gst_structure_take_value (object, "quad", &array);
}

static void
set_alternatives (GstStructure *object, const LinceResult *result, const LincePlacement *placement)
{
  GValue array = G_VALUE_INIT;
  guint count = MIN (placement->alternative_count, LINCE_MAX_ALTERNATIVES);

  if (count == 0 || result->index == NULL)
    return;
  gst_value_array_init (&array, count);
  for (guint i = 0; i < count; i++) {
    LinceObject other;
    GValue text = G_VALUE_INIT;

    if (!lince_index_object (result->index, placement->alternatives[i], &other))
      continue;
    g_value_init (&text, G_TYPE_STRING);
    g_value_set_string (&text, other.id);
    gst_value_array_append_and_take_value (&array, &text);
  }
  gst_structure_take_value (object, "alternatives", &array);
}

static GstStructure *
new_object (const LinceFrameInfo *info, const LinceResult *result, const LincePlacement *placement,
    const char *id, const char *name)
{
  GstStructure *object = gst_structure_new_empty ("object");

  set_text (object, "id", id);
  set_text (object, "name", name);
  gst_structure_set (object, "track", G_TYPE_UINT64, placement->track, "exposure", G_TYPE_UINT64,
      placement->exposure, "confidence", G_TYPE_DOUBLE, lince_message_share (placement->confidence),
      "visible", G_TYPE_DOUBLE, lince_message_share (placement->visible), "area", G_TYPE_DOUBLE,
      lince_message_share (placement->area), NULL);
  lince_message_set_look (object, placement);
  set_quad (object, info, placement->corners);
  set_alternatives (object, result, placement);
  return object;
}

static void
append_object (GValue *list, GstStructure *object)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, GST_TYPE_STRUCTURE);
  g_value_take_boxed (&value, object);
  gst_value_list_append_and_take_value (list, &value);
}

/* The object that a change speaks of, which may have left the index since. */
static void
find_object (const LinceResult *result, const LinceChange *change, LinceObject *object)
{
  gint64 number = result->index != NULL ? lince_index_find (result->index, change->id) : -1;

  if (number < 0 || !lince_index_object (result->index, (guint32) number, object))
    *object = (LinceObject){.id = change->id, .name = change->id, .metadata = "{}"};
}

GstStructure *
lince_message_new_change (
    const LinceFrameInfo *info, const LinceResult *result, const LinceChange *change)
{
  gboolean appeared = change->type == LINCE_APPEARED;
  GstStructure *structure = new_structure (appeared ? "appeared" : "vanished", info, result);
  GstStructure *object;
  GValue list = G_VALUE_INIT;
  LinceObject known;

  find_object (result, change, &known);
  object = new_object (info, result, &change->placement, change->id, known.name);
  gst_structure_set (object, "exposure", G_TYPE_UINT64, change->exposure, "first-seen",
      G_TYPE_UINT64, (guint64) change->first_seen, "last-seen", G_TYPE_UINT64,
      (guint64) (appeared ? change->first_seen : change->seen), "decided", G_TYPE_UINT64,
      (guint64) change->decided, NULL);
  if (appeared) {
    gst_structure_set (object, "resumed", G_TYPE_BOOLEAN, (gboolean) change->resumed, NULL);
    set_text (object, "metadata", known.metadata);
  } else {
    gst_structure_set (object, "reason", G_TYPE_STRING, lince_message_reason_name (change->reason),
        "frames", G_TYPE_UINT64, change->frames, "seconds", G_TYPE_DOUBLE,
        (double) change->duration / GST_SECOND, "area-seconds", G_TYPE_DOUBLE,
        change->area_time / GST_SECOND, NULL);
  }
  gst_value_list_init (&list, 1);
  append_object (&list, object);
  gst_structure_take_value (structure, "objects", &list);
  return structure;
}

GstStructure *
lince_message_new_moved (const LinceFrameInfo *info, const LinceResult *result)
{
  GstStructure *structure = new_structure ("moved", info, result);
  GValue list = G_VALUE_INIT;

  gst_value_list_init (&list, result->placement_count);
  for (guint i = 0; i < result->placement_count; i++) {
    const LincePlacement *placement = &result->placements[i];
    LinceObject known;

    if (result->index != NULL && lince_index_object (result->index, placement->object, &known))
      append_object (&list, new_object (info, result, placement, known.id, known.name));
  }
  gst_structure_take_value (structure, "objects", &list);
  return structure;
}

GstStructure *
lince_message_new_collection (const char *collection, LinceIndex *index, guint problems)
{
  GstStructure *structure = gst_structure_new (LINCE_MESSAGE_COLLECTION_NAME, "objects",
      G_TYPE_UINT, lince_index_object_count (index), "images", G_TYPE_UINT,
      lince_index_image_count (index), "problems", G_TYPE_UINT, problems, NULL);

  set_text (structure, "collection", collection);
  set_text (structure, "revision", lince_index_revision (index));
  return structure;
}

GstStructure *
lince_message_new_problem (const char *collection, const char *image, const char *text)
{
  GstStructure *structure = gst_structure_new_empty (LINCE_MESSAGE_PROBLEM_NAME);

  set_text (structure, "collection", collection);
  set_text (structure, "image", image);
  set_text (structure, "text", text);
  return structure;
}

GstStructure *
lince_message_new_plan (const LinceMessagePlan *plan)
{
  GstStructure *structure = gst_structure_new (LINCE_MESSAGE_PLAN_NAME, "plan", G_TYPE_STRING,
      lince_plan_name (plan->plan), "previous", G_TYPE_STRING, lince_plan_name (plan->previous),
      "budget", G_TYPE_UINT64, plan->budget, "cost", G_TYPE_UINT64, plan->cost, NULL);

  set_time (structure, "running-time", plan->running_time);
  return structure;
}

const char *
lince_message_reason_name (LinceReason reason)
{
  if ((guint) reason >= G_N_ELEMENTS (reason_names))
    return "none";
  return reason_names[reason];
}

/* ---- reading ------------------------------------------------------------------------------- */

/* An absent time is no error, one of another type is. */
static gboolean
get_time (const GstStructure *structure, const char *field, GstClockTime *time)
{
  *time = GST_CLOCK_TIME_NONE;
  return !gst_structure_has_field (structure, field) ||
         gst_structure_get_uint64 (structure, field, time);
}

static gboolean
get_text (const GstStructure *structure, const char *field, char *text, gsize size)
{
  const char *value;

  text[0] = '\0';
  if (!gst_structure_has_field (structure, field))
    return TRUE;
  value = gst_structure_get_string (structure, field);
  return value != NULL && g_strlcpy (text, value, size) < size;
}

static gboolean
get_info (const GstStructure *structure, LinceFrameInfo *info)
{
  if (!get_time (structure, "timestamp", &info->timestamp) ||
      !get_time (structure, "stream-time", &info->stream_time) ||
      !get_time (structure, "running-time", &info->running_time) ||
      !get_time (structure, "duration", &info->duration) ||
      !get_time (structure, "frame-number", &info->frame_number) ||
      !get_time (structure, "reference-timestamp", &info->reference_timestamp) ||
      !get_time (structure, "decided-after", &info->decided_after))
    return FALSE;
  if (!get_text (structure, "timecode", info->timecode, sizeof info->timecode) ||
      !get_text (structure, "reference-clock", info->reference_clock, sizeof info->reference_clock))
    return FALSE;
  if (!gst_structure_get_int64 (structure, "arrival", &info->arrival) ||
      !gst_structure_get_uint64 (structure, "age", &info->age) ||
      !gst_structure_get_int (structure, "width", &info->width) ||
      !gst_structure_get_int (structure, "height", &info->height) ||
      !gst_structure_get_fraction (structure, "pixel-aspect-ratio", &info->par_n, &info->par_d))
    return FALSE;
  info->collection = gst_structure_get_string (structure, "collection");
  return info->width > 0 && info->height > 0 && info->par_n > 0 && info->par_d > 0;
}

static LinceMessageType
type_from_name (const char *name)
{
  if (g_strcmp0 (name, "appeared") == 0)
    return LINCE_MESSAGE_APPEARED;
  if (g_strcmp0 (name, "vanished") == 0)
    return LINCE_MESSAGE_VANISHED;
  if (g_strcmp0 (name, "moved") == 0)
    return LINCE_MESSAGE_MOVED;
  return LINCE_MESSAGE_NONE;
}

static const GValue *
get_list (const GstStructure *structure)
{
  const GValue *list = gst_structure_get_value (structure, "objects");

  return list != NULL && GST_VALUE_HOLDS_LIST (list) ? list : NULL;
}

gboolean
lince_message_parse (const GstStructure *structure, LinceMessage *message)
{
  const GValue *list;

  g_return_val_if_fail (message != NULL, FALSE);
  memset (message, 0, sizeof *message);
  if (structure == NULL || (!gst_structure_has_name (structure, LINCE_MESSAGE_NAME) &&
                               !gst_structure_has_name (structure, LINCE_META_NAME)))
    return FALSE;
  message->type = type_from_name (gst_structure_get_string (structure, "type"));
  list = get_list (structure);
  if (message->type == LINCE_MESSAGE_NONE || list == NULL || !get_info (structure, &message->info))
    return FALSE;
  message->revision = gst_structure_get_string (structure, "revision");
  message->object_count = gst_value_list_get_size (list);
  return message->type == LINCE_MESSAGE_MOVED ? message->object_count <= LINCE_MAX_PLACEMENTS
                                              : message->object_count == 1;
}

static gboolean
get_quad (const GstStructure *structure, gdouble quad[8])
{
  const GValue *array = gst_structure_get_value (structure, "quad");

  if (array == NULL || !GST_VALUE_HOLDS_ARRAY (array) || gst_value_array_get_size (array) != 8)
    return FALSE;
  for (guint i = 0; i < 8; i++) {
    const GValue *number = gst_value_array_get_value (array, i);

    if (!G_VALUE_HOLDS_DOUBLE (number))
      return FALSE;
    quad[i] = g_value_get_double (number);
    if (!isfinite (quad[i]))
      return FALSE;
  }
  return TRUE;
}

static gboolean
get_share (const GstStructure *structure, const char *field, gdouble *share)
{
  return gst_structure_get_double (structure, field, share) && *share >= 0.0 && *share <= 1.0;
}

/* Negative where the field is left out. */
static gboolean
get_optional (const GstStructure *structure, const char *field, gdouble most, gdouble *value)
{
  *value = -1.0;
  if (!gst_structure_has_field (structure, field))
    return TRUE;
  return gst_structure_get_double (structure, field, value) && *value >= 0.0 && *value <= most;
}

static gboolean
get_look (const GstStructure *structure, LinceMessageObject *object)
{
  object->kind = gst_structure_get_string (structure, "kind");
  if (gst_structure_has_field (structure, "kind") && g_strcmp0 (object->kind, "mark") != 0 &&
      g_strcmp0 (object->kind, "texture") != 0)
    return FALSE;
  return get_optional (structure, "opacity", 1.0, &object->opacity) &&
         get_optional (structure, "occluded", 1.0, &object->occluded) &&
         get_optional (structure, "cut-off", 1.0, &object->cut_off) &&
         get_optional (structure, "blur", MAX_BLUR, &object->blur);
}

static gboolean
get_alternatives (const GstStructure *structure, LinceMessageObject *object)
{
  const GValue *array = gst_structure_get_value (structure, "alternatives");
  guint count;

  if (array == NULL)
    return TRUE;
  if (!GST_VALUE_HOLDS_ARRAY (array))
    return FALSE;
  count = gst_value_array_get_size (array);
  if (count > LINCE_MAX_ALTERNATIVES)
    return FALSE;
  for (guint i = 0; i < count; i++) {
    const GValue *text = gst_value_array_get_value (array, i);

    if (!G_VALUE_HOLDS_STRING (text) || g_value_get_string (text) == NULL)
      return FALSE;
    object->alternatives[object->alternative_count++] = g_value_get_string (text);
  }
  return TRUE;
}

/* What only appeared and vanished carry. */
static gboolean
get_stay (const GstStructure *structure, LinceMessageType type, LinceMessageObject *object)
{
  if (!gst_structure_get_uint64 (structure, "first-seen", &object->first_seen) ||
      !gst_structure_get_uint64 (structure, "last-seen", &object->last_seen) ||
      !gst_structure_get_uint64 (structure, "decided", &object->decided))
    return FALSE;
  if (type == LINCE_MESSAGE_APPEARED) {
    object->metadata = gst_structure_get_string (structure, "metadata");
    return object->metadata != NULL &&
           gst_structure_get_boolean (structure, "resumed", &object->resumed);
  }
  object->reason = gst_structure_get_string (structure, "reason");
  return object->reason != NULL &&
         gst_structure_get_uint64 (structure, "frames", &object->frames) &&
         gst_structure_get_double (structure, "seconds", &object->seconds) &&
         isfinite (object->seconds) && object->seconds >= 0.0 &&
         gst_structure_get_double (structure, "area-seconds", &object->area_seconds) &&
         isfinite (object->area_seconds) && object->area_seconds >= 0.0;
}

gboolean
lince_message_get_object (const GstStructure *structure, guint number, LinceMessageObject *object)
{
  const GValue *list, *item;
  const GstStructure *fields;
  LinceMessageType type;

  g_return_val_if_fail (object != NULL, FALSE);
  memset (object, 0, sizeof *object);
  list = structure != NULL ? get_list (structure) : NULL;
  if (list == NULL || number >= gst_value_list_get_size (list))
    return FALSE;
  item = gst_value_list_get_value (list, number);
  if (!GST_VALUE_HOLDS_STRUCTURE (item))
    return FALSE;
  fields = gst_value_get_structure (item);
  object->id = gst_structure_get_string (fields, "id");
  object->name = gst_structure_get_string (fields, "name");
  if (object->id == NULL || object->name == NULL ||
      !gst_structure_get_uint64 (fields, "track", &object->track) ||
      !gst_structure_get_uint64 (fields, "exposure", &object->exposure) ||
      !get_quad (fields, object->quad) || !get_share (fields, "confidence", &object->confidence) ||
      !get_share (fields, "visible", &object->visible) ||
      !get_share (fields, "area", &object->area) || !get_look (fields, object) ||
      !get_alternatives (fields, object))
    return FALSE;
  type = type_from_name (gst_structure_get_string (structure, "type"));
  return type == LINCE_MESSAGE_MOVED || get_stay (fields, type, object);
}

gboolean
lince_message_parse_collection (const GstStructure *structure, LinceMessageCollection *collection)
{
  memset (collection, 0, sizeof *collection);
  if (structure == NULL || !gst_structure_has_name (structure, LINCE_MESSAGE_COLLECTION_NAME))
    return FALSE;
  collection->collection = gst_structure_get_string (structure, "collection");
  collection->revision = gst_structure_get_string (structure, "revision");
  return collection->collection != NULL && collection->revision != NULL &&
         gst_structure_get_uint (structure, "objects", &collection->objects) &&
         gst_structure_get_uint (structure, "images", &collection->images) &&
         gst_structure_get_uint (structure, "problems", &collection->problems);
}

gboolean
lince_message_parse_problem (const GstStructure *structure, LinceMessageProblem *problem)
{
  memset (problem, 0, sizeof *problem);
  if (structure == NULL || !gst_structure_has_name (structure, LINCE_MESSAGE_PROBLEM_NAME))
    return FALSE;
  problem->collection = gst_structure_get_string (structure, "collection");
  problem->image = gst_structure_get_string (structure, "image");
  problem->text = gst_structure_get_string (structure, "text");
  return problem->collection != NULL && problem->image != NULL && problem->text != NULL;
}

static gboolean
get_plan (const GstStructure *structure, const char *field, LincePlanName *plan)
{
  const char *name = gst_structure_get_string (structure, field);

  return name != NULL && lince_plan_find (name, plan);
}

gboolean
lince_message_parse_plan (const GstStructure *structure, LinceMessagePlan *plan)
{
  memset (plan, 0, sizeof *plan);
  return structure != NULL && gst_structure_has_name (structure, LINCE_MESSAGE_PLAN_NAME) &&
         get_plan (structure, "plan", &plan->plan) &&
         get_plan (structure, "previous", &plan->previous) &&
         gst_structure_get_uint64 (structure, "budget", &plan->budget) &&
         gst_structure_get_uint64 (structure, "cost", &plan->cost) &&
         get_time (structure, "running-time", &plan->running_time);
}
