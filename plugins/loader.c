/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader.h"

/* How often the collection is looked at for changes: less often where a look is dear. A change
 * counts once two looks agree, so that a file that is still being copied is not read. */
#define WATCH_INTERVAL (500 * G_TIME_SPAN_MILLISECOND)
#define WATCH_COST 100 /* times what a look costs */

struct _LinceLoader {
  LinceLoaderCallbacks callbacks;
  gpointer user_data;
  GThread *thread;
  GCancellable *cancellable; /* replaced under the lock */

  GMutex lock; /* what follows */
  GCond changed;
  char *path;
  gboolean wanted;  /* load now */
  gboolean settled; /* the first loading has ended */
  gboolean forbid_wait;
  gboolean quit;

  /* the thread's own */
  gboolean loaded_any;
  char *fingerprint; /* of what was tried last */
  char *seen;        /* at the last look */
  gint64 look_cost;  /* µs */
  LinceIndex *index; /* loaded last */
  const char *path_in_use;
  guint problems;
  char *first_problem;
};

static void
report (const char *image, const LinceEnrolment *enrolment, const GError *problem, guint done,
    guint total, gpointer user_data)
{
  LinceLoader *loader = user_data;

  if (image == NULL || problem == NULL)
    return;
  if (loader->problems++ == 0)
    loader->first_problem = g_strdup_printf ("%s: %s", image, problem->message);
  loader->callbacks.problem (loader->path_in_use, image, problem->message, loader->user_data);
}

/* Without the lock. */
static void
load (LinceLoader *loader, const char *path, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  LinceIndex *index;

  if (path == NULL) {
    loader->callbacks.loaded (NULL, NULL, 0, NULL, loader->user_data);
    lince_index_unref (loader->index);
    loader->index = NULL;
    return;
  }
  /* taken before reading: what changes meanwhile is seen at the next look */
  g_free (loader->fingerprint);
  loader->fingerprint = lince_collection_fingerprint (path);
  g_free (loader->seen);
  loader->seen = g_strdup (loader->fingerprint);
  loader->problems = 0;
  g_clear_pointer (&loader->first_problem, g_free);
  loader->path_in_use = path;
  index = lince_collection_reopen (loader->index, path, report, loader, cancellable, &error);
  if (index != NULL) {
    loader->callbacks.loaded (
        index, path, loader->problems, loader->first_problem, loader->user_data);
    loader->loaded_any = TRUE;
    lince_index_unref (loader->index);
    loader->index = index;
  } else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    loader->callbacks.failed (path, error, loader->loaded_any, loader->user_data);
  }
}

/* Whether the collection is another than the one tried last, and has come to rest. Without the
 * lock. */
static gboolean
has_changed (LinceLoader *loader, const char *path)
{
  gint64 begin = g_get_monotonic_time ();
  g_autofree char *now = NULL;
  gboolean at_rest;

  if (path == NULL)
    return FALSE;
  now = lince_collection_fingerprint (path);
  loader->look_cost = g_get_monotonic_time () - begin;
  at_rest = g_strcmp0 (now, loader->seen) == 0;
  g_free (loader->seen);
  loader->seen = g_steal_pointer (&now);
  return at_rest && g_strcmp0 (loader->seen, loader->fingerprint) != 0;
}

/* One turn: loads what is wanted, or waits a while and looks for changes. With the lock. */
static void
turn (LinceLoader *loader)
{
  g_autofree char *path = g_strdup (loader->path);
  gint64 deadline;

  if (loader->wanted) {
    g_autoptr (GCancellable) cancellable = g_object_ref (loader->cancellable);

    loader->wanted = FALSE;
    g_mutex_unlock (&loader->lock);
    load (loader, path, cancellable);
    g_mutex_lock (&loader->lock);
    loader->settled |= !loader->wanted;
    g_cond_broadcast (&loader->changed);
    return;
  }
  deadline = g_get_monotonic_time () + MAX (WATCH_INTERVAL, WATCH_COST * loader->look_cost);
  while (!loader->quit && !loader->wanted) {
    if (!g_cond_wait_until (&loader->changed, &loader->lock, deadline)) {
      gboolean changed;

      g_mutex_unlock (&loader->lock);
      changed = has_changed (loader, path);
      g_mutex_lock (&loader->lock);
      loader->wanted |= changed;
      return;
    }
  }
}

static gpointer
loader_thread (gpointer user_data)
{
  LinceLoader *loader = user_data;

  g_mutex_lock (&loader->lock);
  while (!loader->quit)
    turn (loader);
  g_mutex_unlock (&loader->lock);
  return NULL;
}

LinceLoader *
lince_loader_new (const char *path, const LinceLoaderCallbacks *callbacks, gpointer user_data)
{
  LinceLoader *loader = g_new0 (LinceLoader, 1);

  g_mutex_init (&loader->lock);
  g_cond_init (&loader->changed);
  loader->callbacks = *callbacks;
  loader->user_data = user_data;
  loader->cancellable = g_cancellable_new ();
  loader->path = g_strdup (path);
  loader->wanted = TRUE;
  loader->thread = g_thread_new ("lince-loader", loader_thread, loader);
  return loader;
}

void
lince_loader_free (LinceLoader *loader)
{
  if (loader == NULL)
    return;
  g_mutex_lock (&loader->lock);
  loader->quit = TRUE;
  g_cancellable_cancel (loader->cancellable);
  g_cond_broadcast (&loader->changed);
  g_mutex_unlock (&loader->lock);
  g_thread_join (loader->thread);
  g_object_unref (loader->cancellable);
  lince_index_unref (loader->index);
  g_free (loader->path);
  g_free (loader->fingerprint);
  g_free (loader->seen);
  g_free (loader->first_problem);
  g_cond_clear (&loader->changed);
  g_mutex_clear (&loader->lock);
  g_free (loader);
}

void
lince_loader_set_path (LinceLoader *loader, const char *path)
{
  g_mutex_lock (&loader->lock);
  g_free (loader->path);
  loader->path = g_strdup (path);
  /* what is being loaded is not wanted any more */
  g_cancellable_cancel (loader->cancellable);
  g_object_unref (loader->cancellable);
  loader->cancellable = g_cancellable_new ();
  loader->wanted = TRUE;
  g_cond_broadcast (&loader->changed);
  g_mutex_unlock (&loader->lock);
}

void
lince_loader_reload (LinceLoader *loader)
{
  g_mutex_lock (&loader->lock);
  loader->wanted = TRUE;
  g_cond_broadcast (&loader->changed);
  g_mutex_unlock (&loader->lock);
}

void
lince_loader_wait (LinceLoader *loader)
{
  g_mutex_lock (&loader->lock);
  while (!loader->settled && !loader->forbid_wait)
    g_cond_wait (&loader->changed, &loader->lock);
  g_mutex_unlock (&loader->lock);
}

void
lince_loader_forbid_wait (LinceLoader *loader, gboolean forbid)
{
  g_mutex_lock (&loader->lock);
  loader->forbid_wait = forbid;
  g_cond_broadcast (&loader->changed);
  g_mutex_unlock (&loader->lock);
}
