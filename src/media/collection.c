/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/collection.h"

#include <errno.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "media/collection_cache.h"
#include "media/collection_enrol.h"
#include "media/collection_scan.h"

G_DEFINE_QUARK (lince - collection - error - quark, lince_collection_error)

static void
report_problems (const GPtrArray *problems, LinceCollectionReport report, gpointer user_data)
{
  if (report == NULL)
    return;
  for (guint i = 0; i < problems->len; i++) {
    const LinceCollectionProblem *problem = problems->pdata[i];

    report (problem->shown, NULL, problem->error, i + 1, problems->len, user_data);
  }
}

static LinceIndex *
open_index (LinceIndex *current, const char *path, GError **error)
{
  LinceError problem;
  LinceIndex *index = lince_index_reopen (current, path, &problem);

  if (index == NULL)
    g_set_error (error, LINCE_COLLECTION_ERROR,
        problem.code == LINCE_ERROR_IO ? LINCE_COLLECTION_ERROR_OPEN : LINCE_COLLECTION_ERROR_INDEX,
        "%s", problem.text);
  return index;
}

static LinceIndex *
compile_into_memory (LinceIndexBuilder *builder, GError **error)
{
  LinceError problem;
  LinceIndex *index = lince_index_builder_finish (builder, &problem);

  if (index == NULL)
    g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_INDEX, "%s", problem.text);
  return index;
}

/* `cache` may be NULL: the cache cannot be used. */
static LinceIndex *
compile_directory (LinceIndex *current, LinceCollectionScan *scan, const char *path,
    LinceCollectionCache *cache, LinceCollectionReport report, gpointer user_data,
    GCancellable *cancellable, GError **error)
{
  g_autoptr (LinceCollectionBase) base =
      cache != NULL ? lince_collection_cache_base (cache, current) : NULL;
  g_autoptr (GError) trouble = NULL;
  LinceIndexBuilder *builder;
  LinceIndex *index = NULL;

  lince_collection_scan_describe (
      scan, path, base != NULL ? lince_collection_base_describe : NULL, base);
  report_problems (scan->problems, report, user_data);
  builder = lince_collection_enrol (scan, path, base, report, user_data, cancellable, error);
  if (builder == NULL)
    return NULL;
  if (cache != NULL) {
    LinceIndex *shared = base != NULL ? lince_collection_base_get_index (base) : current;

    index = lince_collection_cache_store (cache, shared, builder, scan, &trouble);
    if (index == NULL)
      g_info ("%s; the index is compiled into memory", trouble->message);
  }
  if (index == NULL)
    index = compile_into_memory (builder, error);
  lince_index_builder_free (builder);
  return index;
}

static LinceIndex *
open_directory (LinceIndex *current, const char *path, LinceCollectionReport report,
    gpointer user_data, GCancellable *cancellable, GError **error)
{
  g_autoptr (LinceCollectionScan) scan = lince_collection_scan_new (path, error);
  g_autoptr (LinceCollectionCache) cache = NULL;
  g_autoptr (GPtrArray) remembered =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lince_collection_problem_free);
  g_autoptr (GError) trouble = NULL;
  LinceIndex *index;

  if (scan == NULL)
    return NULL;
  cache = lince_collection_cache_new (path, scan->fingerprint, cancellable, &trouble);
  if (g_error_matches (trouble, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    g_propagate_error (error, g_steal_pointer (&trouble));
    return NULL;
  }
  if (trouble != NULL)
    g_info ("%s; the index is compiled into memory", trouble->message);
  index = cache != NULL ? lince_collection_cache_open (cache, current, remembered) : NULL;
  if (index != NULL) {
    report_problems (remembered, report, user_data);
    return index;
  }
  return compile_directory (current, scan, path, cache, report, user_data, cancellable, error);
}

LinceIndex *
lince_collection_reopen (LinceIndex *current, const char *path, LinceCollectionReport report,
    gpointer user_data, GCancellable *cancellable, GError **error)
{
  struct stat status;

  if (g_stat (path, &status) != 0) {
    g_autofree char *name = g_filename_display_name (path);

    g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN,
        "the collection %s cannot be opened: %s; give a directory of pictures or an index file",
        name, g_strerror (errno));
    return NULL;
  }
  if (!S_ISDIR (status.st_mode))
    return open_index (current, path, error);
  return open_directory (current, path, report, user_data, cancellable, error);
}

LinceIndex *
lince_collection_open (const char *path, LinceCollectionReport report, gpointer user_data,
    GCancellable *cancellable, GError **error)
{
  return lince_collection_reopen (NULL, path, report, user_data, cancellable, error);
}

gboolean
lince_collection_compile (const char *path, const char *output, LinceCollectionReport report,
    gpointer user_data, guint *problems, GCancellable *cancellable, GError **error)
{
  g_autoptr (LinceCollectionScan) scan = lince_collection_scan_new (path, error);
  LinceIndexBuilder *builder;
  LinceError problem;
  gboolean ok;

  if (scan == NULL)
    return FALSE;
  lince_collection_scan_describe (scan, path, NULL, NULL);
  report_problems (scan->problems, report, user_data);
  builder = lince_collection_enrol (scan, path, NULL, report, user_data, cancellable, error);
  if (problems != NULL)
    *problems = scan->problems->len;
  if (builder == NULL)
    return FALSE;
  ok = lince_index_builder_write (builder, output, &problem);
  if (!ok)
    g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_INDEX, "%s", problem.text);
  lince_index_builder_free (builder);
  return ok;
}

static char *
fingerprint_file (const struct stat *status)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ".%09ld.%" G_GINT64_FORMAT,
      (gint64) status->st_size, (gint64) status->st_mtim.tv_sec, (long) status->st_mtim.tv_nsec,
      (gint64) status->st_ino);
}

char *
lince_collection_fingerprint (const char *path)
{
  g_autoptr (LinceCollectionScan) scan = NULL;
  struct stat status;

  if (g_stat (path, &status) != 0)
    return NULL;
  if (!S_ISDIR (status.st_mode))
    return fingerprint_file (&status);
  scan = lince_collection_scan_new (path, NULL);
  return scan != NULL ? g_strdup (scan->fingerprint) : NULL;
}
