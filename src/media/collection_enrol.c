/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/collection_enrol.h"

#include <string.h>

#include "media/picture.h"

/* Pixels that may be decoded at a time, over all threads: each costs some ten bytes. One larger
 * picture still goes in alone. */
#define PIXELS_AT_ONCE (64 * 1000 * 1000)
#define MAX_THREADS 16

static guint chosen_threads;

void
lince_collection_set_threads (guint threads)
{
  g_atomic_int_set ((gint *) &chosen_threads, (gint) threads);
}

typedef struct _Result Result;
struct _Result {
  LinceCollectionImage *image;
  LinceEnrolment enrolment;
  GError *error;
  gboolean enrolled; /* else there is an error, or nothing to tell */
  Result *next;      /* of the same file */
};

typedef struct {
  LinceIndexBuilder *builder;
  GCancellable *cancellable;
  GAsyncQueue *results;
  GMutex lock;
  GCond room;
  gint64 pixels; /* being decoded */
} Work;

static void
take_pixels (Work *work, gint64 pixels)
{
  g_mutex_lock (&work->lock);
  while (work->pixels > 0 && work->pixels + pixels > PIXELS_AT_ONCE)
    g_cond_wait (&work->room, &work->lock);
  work->pixels += pixels;
  g_mutex_unlock (&work->lock);
}

static void
give_pixels (Work *work, gint64 pixels)
{
  g_mutex_lock (&work->lock);
  work->pixels -= pixels;
  g_cond_broadcast (&work->room);
  g_mutex_unlock (&work->lock);
}

static void
add_picture (Work *work, Result *result, const LincePicture *picture)
{
  const LinceCollectionImage *image = result->image;
  LinceError problem;

  result->enrolled = lince_index_builder_add_variant (work->builder, image->id, image->shown,
      picture, &image->variant, &result->enrolment, &problem);
  if (!result->enrolled)
    g_set_error (&result->error, LINCE_COLLECTION_ERROR,
        problem.code == LINCE_ERROR_MEMORY ? LINCE_COLLECTION_ERROR_INDEX
                                           : LINCE_COLLECTION_ERROR_IMAGE,
        "%s", problem.text);
}

/* One that looks like the picture itself adds nothing. */
static void
add_variant (Work *work, Result *result, const LincePicture *picture)
{
  g_autofree guint8 *pixels = g_malloc ((gsize) picture->width * (gsize) picture->height * 4);
  LincePicture variant = *picture;

  variant.data = pixels;
  variant.stride = picture->width * 4;
  switch (lince_variant_derive (picture, &result->image->variant, pixels)) {
    case LINCE_DERIVED_NOTHING:
      g_set_error (&result->error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_IMAGE,
          "%s: has no transparent ground, so that in one colour nothing of it can be seen; give a "
          "picture with one, or ask for \"inverse\"",
          result->image->shown);
      break;
    case LINCE_DERIVED:
      add_picture (work, result, &variant);
      break;
    case LINCE_DERIVED_SAME:
      break;
  }
}

/* What is wrong with a file is told once, of the first of its images; a picture that cannot serve
 * has no variants. */
static void
enrol_file (Work *work, Result *first)
{
  g_autoptr (LincePictureFile) file = lince_picture_file_load (first->image->path, &first->error);
  const LincePicture *picture;

  if (file == NULL)
    return;
  picture = lince_picture_file_get_picture (file);
  for (Result *result = first; result != NULL; result = result->next) {
    if (g_cancellable_set_error_if_cancelled (work->cancellable, &result->error))
      return;
    if (result->image->variant.kind != LINCE_VARIANT_NONE)
      add_variant (work, result, picture);
    else
      add_picture (work, result, picture);
    if (result->image->variant.kind == LINCE_VARIANT_NONE && !result->enrolled)
      return;
  }
}

static void
enrol_one (gpointer data, gpointer user_data)
{
  Work *work = user_data;
  Result *result = data, *next;
  gint64 pixels;

  if (!g_cancellable_set_error_if_cancelled (work->cancellable, &result->error)) {
    pixels = lince_picture_file_count_pixels (result->image->path);
    take_pixels (work, pixels);
    enrol_file (work, result);
    give_pixels (work, pixels);
  }
  for (; result != NULL; result = next) {
    next = result->next;
    g_async_queue_push (work->results, result);
  }
}

static gboolean
add_objects (LinceIndexBuilder *builder, const LinceCollectionScan *scan, GError **error)
{
  for (guint i = 0; i < scan->objects->len; i++) {
    const LinceCollectionObject *object = scan->objects->pdata[i];
    LinceError problem;

    if (!lince_index_builder_add_object (
            builder, object->id, object->name, object->metadata, &problem) ||
        (object->generators != 0 && !lince_index_builder_set_generators (
                                        builder, object->id, object->generators, &problem))) {
      g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_INDEX, "%s", problem.text);
      return FALSE;
    }
  }
  return TRUE;
}

static guint
count_threads (guint images)
{
  guint threads = (guint) g_atomic_int_get ((gint *) &chosen_threads);

  if (threads == 0)
    threads = g_get_num_processors ();
  return CLAMP (MIN (threads, images), 1, MAX_THREADS);
}

/* Takes each result as it comes, after `kept` images; returns how many of them are usable, or -1
 * with `error`. */
static int
collect (Work *work, LinceCollectionScan *scan, guint kept, LinceCollectionReport report,
    gpointer user_data, GError **error)
{
  guint total = scan->images->len;
  int usable = 0;

  for (guint done = kept + 1; done <= total; done++) {
    Result *result = g_async_queue_pop (work->results);

    if (g_error_matches (result->error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
      usable = -1;
      g_clear_error (error);
      g_propagate_error (error, g_steal_pointer (&result->error));
    } else {
      if (usable >= 0 && report != NULL && (result->enrolled || result->error != NULL))
        report (result->image->shown, result->enrolled ? &result->enrolment : NULL, result->error,
            done, total, user_data);
      if (usable >= 0 && result->enrolled) {
        usable++;
        result->image->usable = TRUE;
        result->image->content = result->enrolment.content;
      }
      if (result->error != NULL)
        g_ptr_array_add (scan->problems,
            lince_collection_problem_new (result->image->shown, g_steal_pointer (&result->error)));
    }
    g_free (result);
  }
  return usable;
}

/* In an order of its own, whichever thread was faster. */
static int
compare_problems (gconstpointer a, gconstpointer b)
{
  const LinceCollectionProblem *one = *(LinceCollectionProblem *const *) a;
  const LinceCollectionProblem *other = *(LinceCollectionProblem *const *) b;

  return strcmp (one->shown, other->shown);
}

/* Takes over what the base has of an image. */
static gboolean
keep_image (const Work *work, const LinceCollectionBase *base, LinceCollectionImage *image)
{
  gint64 number = base != NULL ? lince_collection_base_find (base, image) : -1;
  LinceEnrolment enrolment;

  if (number < 0 ||
      !lince_index_builder_keep_image (work->builder, image->id, (uint32_t) number, NULL))
    return FALSE;
  lince_index_image (lince_collection_base_get_index (base), (uint32_t) number, NULL, &enrolment);
  image->usable = TRUE;
  image->content = enrolment.content;
  return TRUE;
}

/* What is to be enrolled of the file whose images begin at `at`, which is moved behind them; NULL
 * when the base has all of them. */
static Result *
gather_file (const Work *work, const LinceCollectionScan *scan, const LinceCollectionBase *base,
    guint *at, guint *kept)
{
  const LinceCollectionImage *first = scan->images->pdata[*at];
  Result *results = NULL, **last = &results;

  for (; *at < scan->images->len; (*at)++) {
    LinceCollectionImage *image = scan->images->pdata[*at];

    if (strcmp (image->path, first->path) != 0)
      break;
    if (keep_image (work, base, image)) {
      (*kept)++;
      continue;
    }
    *last = g_new0 (Result, 1);
    (*last)->image = image;
    last = &(*last)->next;
  }
  return results;
}

/* Enrols what the base does not have; returns how many images are usable, or -1 with `error`. */
static int
run_threads (Work *work, LinceCollectionScan *scan, const LinceCollectionBase *base,
    LinceCollectionReport report, gpointer user_data, GError **error)
{
  GThreadPool *pool =
      g_thread_pool_new (enrol_one, work, (gint) count_threads (scan->images->len), TRUE, error);
  guint kept = 0;
  int usable;

  if (pool == NULL)
    return -1;
  for (guint i = 0; i < scan->images->len;) {
    Result *file = gather_file (work, scan, base, &i, &kept);

    if (file != NULL)
      g_thread_pool_push (pool, file, NULL);
  }
  usable = collect (work, scan, kept, report, user_data, error);
  g_thread_pool_free (pool, FALSE, TRUE);
  g_ptr_array_sort (scan->problems, compare_problems);
  return usable < 0 ? usable : usable + (int) kept;
}

LinceIndexBuilder *
lince_collection_enrol (LinceCollectionScan *scan, const char *path, LinceCollectionBase *base,
    LinceCollectionReport report, gpointer user_data, GCancellable *cancellable, GError **error)
{
  LinceError problem;
  Work work = {.builder = lince_index_builder_new (&problem), .cancellable = cancellable};
  int usable = -1;

  if (work.builder == NULL) {
    g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_INDEX, "%s", problem.text);
    return NULL;
  }
  work.results = g_async_queue_new ();
  g_mutex_init (&work.lock);
  g_cond_init (&work.room);
  if (base != NULL)
    lince_index_builder_set_base (work.builder, lince_collection_base_get_index (base));
  if (add_objects (work.builder, scan, error))
    usable = scan->images->len > 0 ? run_threads (&work, scan, base, report, user_data, error) : 0;
  if (usable == 0) {
    g_autofree char *name = g_filename_display_name (path);

    g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_EMPTY,
        "the collection %s has no usable reference; put pictures (png, jpg, webp, svg) into it",
        name);
  }
  if (usable <= 0)
    g_clear_pointer (&work.builder, lince_index_builder_free);
  g_async_queue_unref (work.results);
  g_mutex_clear (&work.lock);
  g_cond_clear (&work.room);
  return work.builder;
}
