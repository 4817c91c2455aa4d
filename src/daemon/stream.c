/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/stream.h"

#include <string.h>

#include "daemon/redact.h"
#include "daemon/reply.h"
#include "wire/id.h"
#include "wire/json_write.h"

/* How much a new measure counts in the frames a second. */
#define RATE_WEIGHT 0.3

/* The collection's folder or file name without its ending, kept to what an id may hold. */
static char *
make_collection_id (const char *path)
{
  g_autofree char *name = g_path_get_basename (path ? path : "collection");
  char *dot = strrchr (name, '.');
  if (dot && dot != name)
    *dot = '\0';
  if (lince_id_is_valid (name, -1))
    return g_steal_pointer (&name);
  g_autofree char *ascii = g_str_to_ascii (name, "C");
  g_strcanon (ascii, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-", '-');
  return lince_id_is_valid (ascii, -1) ? g_steal_pointer (&ascii) : g_strdup ("collection");
}

LincedStream *
linced_stream_new (const LincedStreamConfig *config, const char *run_dir)
{
  LincedStream *self = g_new0 (LincedStream, 1);
  g_autofree char *name = g_strconcat (config->id, ".pid", NULL);
  self->config = config;
  self->collection_id = make_collection_id (config->collection);
  self->pid_file = g_build_filename (run_dir, "processes", name, NULL);
  self->objects = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  self->problems = g_ptr_array_new_with_free_func (g_free);
  self->since = g_get_real_time ();
  self->last_state = config->enabled ? LINCE_STREAM_STARTING : LINCE_STREAM_STOPPED;
  lince_event_init (&self->event, LINCE_EVENT_STREAM);
  g_strlcpy (self->event.stream, config->id, sizeof self->event.stream);
  self->event.state = self->last_state;
  self->event.utc = self->event.received = self->since;
  g_strlcpy (self->event.reason,
      config->enabled ? "The daemon has just started." : "The configuration says enabled=false.",
      sizeof self->event.reason);
  return self;
}

void
linced_stream_free (LincedStream *self)
{
  if (!self)
    return;
  g_clear_handle_id (&self->retry_source, g_source_remove);
  linced_link_free (self->link);
  linced_process_free (self->process);
  g_clear_pointer (&self->coming, g_hash_table_unref);
  g_hash_table_unref (self->objects);
  g_ptr_array_unref (self->problems);
  g_free (self->collection_id);
  g_free (self->pid_file);
  g_free (self);
}

LinceStreamState
linced_stream_state (const LincedStream *self)
{
  if (self->process && self->link && self->last_beat)
    return self->beat.state;
  if (self->process)
    return LINCE_STREAM_STARTING;
  if (self->retry_at)
    return LINCE_STREAM_BACKOFF;
  return self->config->enabled && !self->stopping ? LINCE_STREAM_STARTING : LINCE_STREAM_STOPPED;
}

/* A state may change with any beat, end or start. */
static void
note_state (LincedStream *self)
{
  LinceStreamState state = linced_stream_state (self);
  if (state == self->last_state)
    return;
  self->last_state = state;
  self->since = g_get_real_time ();
}

void
linced_stream_take_beat (LincedStream *self, const LinceLinkBeat *beat)
{
  gint64 now = g_get_monotonic_time ();
  gint64 elapsed = now - self->last_beat;
  if (!self->last_beat) {
    self->frames_a_second = 0;
    self->pipeline_moved = now;
  } else if (elapsed > 0 && beat->frames >= self->beat.frames) {
    double rate = (double) (beat->frames - self->beat.frames) * G_USEC_PER_SEC / (double) elapsed;
    double weight = self->frames_a_second > 0 ? RATE_WEIGHT : 1;
    self->frames_a_second += weight * (rate - self->frames_a_second);
  }
  if (beat->pipeline_frames != self->beat.pipeline_frames || beat->state != LINCE_STREAM_RUNNING)
    self->pipeline_moved = now;
  if (beat->state != LINCE_STREAM_RUNNING)
    self->healthy_since = 0;
  else if (!self->healthy_since)
    self->healthy_since = now;
  self->beat = *beat;
  self->last_beat = now;
  note_state (self);
}

void
linced_stream_take_objects (LincedStream *self, const LinceLinkObjects *objects)
{
  if (objects->part == 1 || !self->coming) {
    g_clear_pointer (&self->coming, g_hash_table_unref);
    self->coming = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  }
  for (guint i = 0; i < objects->objects->len; i++) {
    if (g_hash_table_size (self->coming) >= LINCED_STREAM_MAX_OBJECTS)
      break;
    LinceLinkObject *object =
        g_memdup2 (&g_array_index (objects->objects, LinceLinkObject, i), sizeof (LinceLinkObject));
    g_hash_table_replace (self->coming, object->id, object);
  }
  if (objects->part < objects->parts)
    return;
  g_hash_table_unref (self->objects);
  self->objects = g_steal_pointer (&self->coming);
  /* what was wrong with the old revision's pictures is told again where it still is */
  if (strcmp (self->revision, objects->revision) != 0)
    g_ptr_array_set_size (self->problems, 0);
  g_strlcpy (self->revision, objects->revision, sizeof self->revision);
}

void
linced_stream_take_problem (LincedStream *self, const LinceLinkProblem *problem)
{
  for (guint i = 0; i < self->problems->len; i++) {
    const LinceLinkProblem *known = g_ptr_array_index (self->problems, i);
    if (strcmp (known->reference, problem->reference) == 0)
      return;
  }
  if (self->problems->len < LINCED_STREAM_MAX_PROBLEMS)
    g_ptr_array_add (self->problems, g_memdup2 (problem, sizeof *problem));
}

void
linced_stream_take_event (LincedStream *self, const LinceEvent *event)
{
  if (event->type == LINCE_EVENT_STREAM) {
    self->event = *event;
    note_state (self);
  }
  if (event->width > 0 && event->height > 0) {
    self->width = event->width;
    self->height = event->height;
    self->par_n = event->par_n;
    self->par_d = event->par_d;
  }
}

const char *
linced_stream_metadata (const LincedStream *self, const char *object)
{
  const LinceLinkObject *found = g_hash_table_lookup (self->objects, object);
  return found && *found->metadata ? found->metadata : NULL;
}

void
linced_stream_fill_configure (const LincedStream *self, LinceLinkConfigure *configure)
{
  const LincedStreamConfig *config = self->config;
  memset (configure, 0, sizeof *configure);
  g_strlcpy (configure->uri, config->uri, sizeof configure->uri);
  g_strlcpy (configure->pipeline, config->pipeline, sizeof configure->pipeline);
  g_strlcpy (configure->collection, config->collection, sizeof configure->collection);
  g_strlcpy (configure->collection_id, self->collection_id, sizeof configure->collection_id);
  g_strlcpy (configure->mode, config->mode, sizeof configure->mode);
  configure->interval = config->interval;
  configure->budget = config->budget;
  configure->minimum_confidence = config->min_confidence < 0 ? -1 : config->min_confidence;
}

/* ---- telling ---- */

static void
add_utc (JsonBuilder *builder, const char *name, gint64 utc)
{
  char text[LINCE_JSON_UTC_LENGTH + 1];
  lince_json_format_utc (utc, text);
  linced_json_add_string (builder, name, text);
}

static void
write_problems (const LincedStream *self, JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "problems");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->problems->len; i++) {
    const LinceLinkProblem *problem = g_ptr_array_index (self->problems, i);
    g_autofree char *text = linced_redact_text (problem->text);
    json_builder_begin_object (builder);
    linced_json_add_string (builder, "reference", problem->reference);
    linced_json_add_string (builder, "text", text);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
write_progress (const LincedStream *self, JsonBuilder *builder)
{
  gboolean lives = self->link && self->last_beat;
  linced_json_add_integer (builder, "frames", lives ? (gint64) self->beat.frames : 0);
  linced_json_add_integer (builder, "dropped", lives ? (gint64) self->beat.dropped : 0);
  linced_json_add_double (builder, "fps", lives ? self->frames_a_second : 0);
  if (lives)
    linced_json_add_double (builder, "recognize_ms", (double) self->beat.recognize_ns / 1e6);
  if (lives && self->beat.running_time != LINCE_TIME_NONE)
    linced_json_add_integer (builder, "running_time", self->beat.running_time);
  if (self->width > 0) {
    linced_json_add_integer (builder, "width", self->width);
    linced_json_add_integer (builder, "height", self->height);
    json_builder_set_member_name (builder, "pixel_aspect");
    json_builder_begin_array (builder);
    json_builder_add_int_value (builder, self->par_n);
    json_builder_add_int_value (builder, self->par_d);
    json_builder_end_array (builder);
  }
}

void
linced_stream_write (LincedStream *self, JsonBuilder *builder)
{
  const LincedStreamConfig *config = self->config;
  g_autofree char *uri = linced_redact_uri (config->uri);
  note_state (self);
  g_autofree char *reason =
      linced_redact_text (self->event.state == self->last_state ? self->event.reason : "");
  json_builder_begin_object (builder);
  linced_json_add_string (builder, "id", config->id);
  linced_json_add_string (builder, "state", lince_stream_state_name (self->last_state));
  linced_json_add_string (builder, "reason", reason);
  add_utc (builder, "since", self->since);
  if (self->retry_at) {
    gint64 left = self->retry_at - g_get_monotonic_time ();
    linced_json_add_double (builder, "retry_in", (double) MAX (left, 0) / G_USEC_PER_SEC);
  } else if (self->last_state == LINCE_STREAM_BACKOFF && self->event.retry_in != LINCE_TIME_NONE) {
    gint64 left = self->event.retry_in / 1000 - (g_get_real_time () - self->since);
    linced_json_add_double (builder, "retry_in", (double) MAX (left, 0) / G_USEC_PER_SEC);
  }
  linced_json_add_string (builder, "uri", uri);
  linced_json_add_string (builder, "pipeline", config->pipeline);
  linced_json_add_string (builder, "collection", self->collection_id);
  linced_json_add_string (builder, "revision", self->revision);
  linced_json_add_integer (builder, "objects", g_hash_table_size (self->objects));
  linced_json_add_integer (builder, "restarts", self->restarts);
  linced_json_add_string (builder, "run", self->run);
  write_progress (self, builder);
  write_problems (self, builder);
  json_builder_end_object (builder);
}

void
linced_stream_write_objects (const LincedStream *self, JsonBuilder *builder)
{
  g_autoptr (GList) ids =
      g_list_sort (g_hash_table_get_keys (self->objects), (GCompareFunc) strcmp);
  json_builder_begin_array (builder);
  for (GList *link = ids; link; link = link->next) {
    const LinceLinkObject *object = g_hash_table_lookup (self->objects, link->data);
    g_autoptr (JsonNode) metadata =
        *object->metadata ? json_from_string (object->metadata, NULL) : NULL;
    json_builder_begin_object (builder);
    linced_json_add_string (builder, "id", object->id);
    linced_json_add_string (builder, "name", object->name);
    if (metadata) {
      json_builder_set_member_name (builder, "metadata");
      json_builder_add_value (builder, g_steal_pointer (&metadata));
    }
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}
