/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/collection_cache.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define KEPT_ENTRIES 32
#define LOCK_POLL_INTERVAL 20000 /* µs */

struct _LinceCollectionCache {
  char *index, *problems; /* paths */
  int lock;
};

char *
lince_collection_cache_dir (void)
{
  const char *chosen = g_getenv ("LINCE_CACHE_DIR");

  if (chosen != NULL && chosen[0] != '\0')
    return g_strdup (chosen);
  if (geteuid () == 0)
    return g_strdup ("/var/cache/lince");
  return g_build_filename (g_get_user_cache_dir (), "lince", NULL);
}

/* The recogniser's library as a file: another build enrols differently. */
static void
add_build (GChecksum *checksum)
{
  Dl_info info;
  struct stat status;
  gint64 numbers[4] = {0};

  g_checksum_update (checksum, (const guchar *) LINCE_VERSION, -1);
  if (dladdr ((void *) lince_index_open, &info) == 0 || g_stat (info.dli_fname, &status) != 0)
    return;
  numbers[0] = status.st_size;
  numbers[1] = status.st_mtim.tv_sec;
  numbers[2] = status.st_mtim.tv_nsec;
  numbers[3] = (gint64) status.st_ino;
  g_checksum_update (checksum, (const guchar *) numbers, sizeof numbers);
}

static gboolean
wait_for_lock (int lock, GCancellable *cancellable, GError **error)
{
  while (flock (lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot be locked: %s",
          g_strerror (errno));
      return FALSE;
    }
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    g_usleep (LOCK_POLL_INTERVAL);
  }
  return TRUE;
}

LinceCollectionCache *
lince_collection_cache_new (const char *fingerprint, GCancellable *cancellable, GError **error)
{
  g_autofree char *directory = lince_collection_cache_dir ();
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (LinceCollectionCache) cache = g_new0 (LinceCollectionCache, 1);
  g_autofree char *key = NULL, *base = NULL, *lock = NULL;

  cache->lock = -1;
  g_checksum_update (checksum, (const guchar *) fingerprint, -1);
  add_build (checksum);
  key = g_strndup (g_checksum_get_string (checksum), 32);
  base = g_build_filename (directory, key, NULL);
  cache->index = g_strconcat (base, ".index", NULL);
  cache->problems = g_strconcat (base, ".problems", NULL);
  lock = g_strconcat (base, ".lock", NULL);
  if (g_mkdir_with_parents (directory, 0755) != 0 ||
      (cache->lock = g_open (lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644)) < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "the cache directory %s cannot be written: %s", directory, g_strerror (errno));
    return NULL;
  }
  if (!wait_for_lock (cache->lock, cancellable, error))
    return NULL;
  return g_steal_pointer (&cache);
}

void
lince_collection_cache_free (LinceCollectionCache *cache)
{
  if (cache == NULL)
    return;
  if (cache->lock >= 0)
    close (cache->lock);
  g_free (cache->index);
  g_free (cache->problems);
  g_free (cache);
}

/* One problem a line: domain, code, file and sentence, escaped, between tabs. */
static gboolean
read_problems (const char *path, GPtrArray *problems)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL) || !g_str_has_suffix (text, "end\n"))
    return FALSE;
  lines = g_strsplit (text, "\n", -1);
  for (int i = 0; lines[i] != NULL; i++) {
    g_auto (GStrv) fields = g_strsplit (lines[i], "\t", -1);
    g_autofree char *shown = NULL, *sentence = NULL;

    if (g_strv_length (fields) != 4)
      continue;
    shown = g_strcompress (fields[2]);
    sentence = g_strcompress (fields[3]);
    g_ptr_array_add (problems,
        lince_collection_problem_new (shown,
            g_error_new_literal (g_quark_from_string (fields[0]), atoi (fields[1]), sentence)));
  }
  return TRUE;
}

static gboolean
write_problems (const char *path, const GPtrArray *problems, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < problems->len; i++) {
    const LinceCollectionProblem *problem = problems->pdata[i];
    g_autofree char *shown = g_strescape (problem->shown, NULL);
    g_autofree char *sentence = g_strescape (problem->error->message, NULL);

    g_string_append_printf (text, "%s\t%d\t%s\t%s\n", g_quark_to_string (problem->error->domain),
        problem->error->code, shown, sentence);
  }
  g_string_append (text, "end\n");
  return g_file_set_contents (path, text->str, (gssize) text->len, error);
}

LinceIndex *
lince_collection_cache_open (LinceCollectionCache *cache, GPtrArray *problems)
{
  g_autoptr (GPtrArray) found =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lince_collection_problem_free);
  LinceIndex *index;

  if (!read_problems (cache->problems, found))
    return NULL;
  index = lince_index_open (cache->index, NULL);
  /* nobody made this file by hand or can repair it: a damaged one is compiled anew */
  if (index == NULL || !lince_index_verify (index, NULL)) {
    lince_index_unref (index);
    return NULL;
  }
  for (guint i = 0; i < found->len; i++)
    g_ptr_array_add (problems, found->pdata[i]);
  g_ptr_array_set_free_func (found, NULL);
  utimensat (AT_FDCWD, cache->index, NULL, 0); /* used just now */
  return index;
}

typedef struct {
  char *key;
  gint64 used;
} Entry;

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const Entry *one = a, *other = b;

  return (one->used < other->used) - (one->used > other->used);
}

static void
remove_entry (const char *directory, const char *key, GPtrArray *names)
{
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *path = g_build_filename (directory, names->pdata[i], NULL);

    if (g_str_has_prefix (names->pdata[i], key))
      g_unlink (path);
  }
}

/* Keeps the entries used last. Only names of our own form are touched. */
static void
remove_old_entries (const char *directory_of)
{
  g_autofree char *directory = g_path_get_dirname (directory_of);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (directory, name, NULL);
    struct stat status;

    if (strspn (name, "0123456789abcdef") != 32)
      continue;
    g_ptr_array_add (names, g_strdup (name));
    if (strcmp (name + 32, ".index") == 0 && g_stat (path, &status) == 0) {
      Entry entry = {g_strndup (name, 32),
          status.st_mtim.tv_sec * G_GINT64_CONSTANT (1000000000) + status.st_mtim.tv_nsec};

      g_array_append_val (entries, entry);
    }
  }
  g_array_sort (entries, compare_entries);
  for (guint i = 0; i < entries->len; i++) {
    char *key = g_array_index (entries, Entry, i).key;

    if (i >= KEPT_ENTRIES)
      remove_entry (directory, key, names);
    g_free (key);
  }
}

LinceIndex *
lince_collection_cache_store (LinceCollectionCache *cache, LinceIndexBuilder *builder,
    const GPtrArray *problems, GError **error)
{
  LinceError problem;
  LinceIndex *index = NULL;

  if (!write_problems (cache->problems, problems, error))
    return NULL;
  if (!lince_index_builder_write (builder, cache->index, &problem) ||
      (index = lince_index_open (cache->index, &problem)) == NULL)
    g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_INDEX, "%s", problem.text);
  remove_old_entries (cache->index);
  return index;
}
