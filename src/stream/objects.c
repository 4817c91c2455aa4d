/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream/objects.h"

#include <string.h>

#include "media/collection.h"
#include "wire/link.h"

#define PROBLEMS_MAX 1000 /* a folder of holiday pictures must not fill the line */

typedef struct {
  char *path, *collection;
  LinceObjects *objects;
} Load;

static void
load_free (Load *load)
{
  lince_objects_free (load->objects);
  g_free (load->path);
  g_free (load->collection);
  g_free (load);
}

void
lince_objects_free (LinceObjects *objects)
{
  if (!objects)
    return;
  g_ptr_array_unref (objects->lines);
  g_free (objects);
}

static void
on_report (const char *image, const LinceEnrolment *report, const GError *problem, guint done,
    guint total, gpointer user_data)
{
  LinceObjects *objects = user_data;
  g_autofree char *name = NULL;
  GString *line;

  if (!image || !problem || objects->problems++ >= PROBLEMS_MAX)
    return;
  name = g_filename_display_name (image);
  line = g_string_new (NULL);
  lince_link_write_problem (name, problem->message, line);
  g_ptr_array_add (objects->lines, g_string_free (line, FALSE));
}

static void
add_objects (Load *load, LinceIndex *index)
{
  guint count = lince_index_object_count (index);
  g_autofree LinceLinkObject *objects = g_new0 (LinceLinkObject, MAX (count, 1));
  GString *lines = g_string_new (NULL);
  LinceObject object;

  for (guint i = 0; i < count; i++) {
    if (!lince_index_object (index, i, &object))
      continue;
    lince_event_set_text (objects[i].id, sizeof objects[i].id, object.id);
    lince_event_set_text (objects[i].name, sizeof objects[i].name, object.name);
    if (strlen (object.metadata) <= LINCE_LINK_METADATA_MAX)
      lince_event_set_text (objects[i].metadata, sizeof objects[i].metadata, object.metadata);
  }
  lince_link_write_objects (load->collection, load->objects->revision, objects, count, lines);
  g_ptr_array_add (load->objects->lines, g_string_free (lines, FALSE));
}

static void
run (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Load *load = task_data;
  GError *error = NULL;
  LinceIndex *index =
      lince_collection_open (load->path, on_report, load->objects, cancellable, &error);

  if (!index) {
    g_task_return_error (task, error);
    return;
  }
  g_strlcpy (load->objects->revision, lince_index_revision (index), sizeof load->objects->revision);
  load->objects->objects = lince_index_object_count (index);
  add_objects (load, index);
  lince_index_unref (index);
  g_task_return_pointer (
      task, g_steal_pointer (&load->objects), (GDestroyNotify) lince_objects_free);
}

void
lince_objects_load_async (const char *path, const char *collection, GCancellable *cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Load *load = g_new0 (Load, 1);

  load->path = g_strdup (path);
  load->collection = g_strdup (collection);
  load->objects = g_new0 (LinceObjects, 1);
  load->objects->lines = g_ptr_array_new_with_free_func (g_free);
  g_task_set_task_data (task, load, (GDestroyNotify) load_free);
  g_task_run_in_thread (task, run);
}

LinceObjects *
lince_objects_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
