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

#define KEY_LENGTH 32
#define KEPT_ENTRIES 32
#define LOCK_POLL_INTERVAL 20000 /* µs */

/* The paths of an entry's files. */
typedef struct {
  char *index, *problems, *files, *sound;
} Entry;

struct _LinceCollectionCache {
  Entry entry;
  char *directory, *key;
  char *latest; /* path */
  int lock;
};

static void
entry_init (Entry *entry, const char *directory, const char *key)
{
  g_autofree char *base = g_build_filename (directory, key, NULL);

  entry->index = g_strconcat (base, ".index", NULL);
  entry->problems = g_strconcat (base, ".problems", NULL);
  entry->files = g_strconcat (base, ".files", NULL);
  entry->sound = g_strconcat (base, ".sound", NULL);
}

static void
entry_clear (Entry *entry)
{
  g_free (entry->index);
  g_free (entry->problems);
  g_free (entry->files);
  g_free (entry->sound);
}

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

/* 32 hexadecimal digits for a text in this build. */
static char *
make_key (const char *text)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  g_checksum_update (checksum, (const guchar *) text, -1);
  add_build (checksum);
  return g_strndup (g_checksum_get_string (checksum), KEY_LENGTH);
}

LinceCollectionCache *
lince_collection_cache_new (
    const char *path, const char *fingerprint, GCancellable *cancellable, GError **error)
{
  g_autofree char *directory = lince_collection_cache_dir ();
  g_autofree char *whole = g_canonicalize_filename (path, NULL);
  g_autofree char *place = make_key (whole), *latest = g_strconcat (place, ".latest", NULL);
  g_autofree char *key = make_key (fingerprint), *name = g_strconcat (key, ".lock", NULL);
  g_autofree char *lock = g_build_filename (directory, name, NULL);
  g_autoptr (LinceCollectionCache) cache = g_new0 (LinceCollectionCache, 1);

  cache->lock = -1;
  cache->directory = g_strdup (directory);
  cache->key = g_strdup (key);
  cache->latest = g_build_filename (directory, latest, NULL);
  entry_init (&cache->entry, directory, key);
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
  entry_clear (&cache->entry);
  g_free (cache->directory);
  g_free (cache->key);
  g_free (cache->latest);
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

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Size, time of change and number of each segment's file, by name. Another entry that links to the
 * same file changes none of them. */
static char *
describe_segments (const Entry *entry)
{
  g_autofree char *directory = g_path_get_dirname (entry->index);
  g_autofree char *base = g_path_get_basename (entry->index);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (directory, name, NULL);
    struct stat status;

    if (g_str_has_prefix (name, base) && strcmp (name, base) != 0 && g_stat (path, &status) == 0)
      g_ptr_array_add (lines,
          g_strdup_printf ("%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld %" G_GINT64_FORMAT,
              name, (gint64) status.st_size, (gint64) status.st_mtim.tv_sec,
              (long) status.st_mtim.tv_nsec, (gint64) status.st_ino));
  }
  g_ptr_array_sort (lines, compare_lines);
  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("\n", (char **) lines->pdata);
}

/* Whether the index is sound. To read all of a large one takes long, so it is done once for files
 * that have not changed since. */
static gboolean
is_sound (const Entry *entry, LinceIndex *index)
{
  g_autofree char *now = describe_segments (entry), *then = NULL;

  if (g_file_get_contents (entry->sound, &then, NULL, NULL) && strcmp (now, then) == 0)
    return TRUE;
  if (!lince_index_verify (index, NULL))
    return FALSE;
  g_file_set_contents (entry->sound, now, -1, NULL);
  return TRUE;
}

/* The index of an entry, or NULL. Nobody made this file by hand or can repair it: a damaged one is
 * compiled anew. */
static LinceIndex *
open_entry (const Entry *entry, LinceIndex *current)
{
  LinceIndex *index = lince_index_reopen (current, entry->index, NULL);

  if (index != NULL && is_sound (entry, index))
    return index;
  lince_index_unref (index);
  return NULL;
}

LinceIndex *
lince_collection_cache_open (LinceCollectionCache *cache, LinceIndex *current, GPtrArray *problems)
{
  g_autoptr (GPtrArray) found =
      g_ptr_array_new_with_free_func ((GDestroyNotify) lince_collection_problem_free);
  LinceIndex *index;

  if (!read_problems (cache->entry.problems, found))
    return NULL;
  index = open_entry (&cache->entry, current);
  if (index == NULL)
    return NULL;
  for (guint i = 0; i < found->len; i++)
    g_ptr_array_add (problems, found->pdata[i]);
  g_ptr_array_set_free_func (found, NULL);
  utimensat (AT_FDCWD, cache->entry.index, NULL, 0); /* used just now */
  g_file_set_contents (cache->latest, cache->key, -1, NULL);
  return index;
}

LinceCollectionBase *
lince_collection_cache_base (LinceCollectionCache *cache, LinceIndex *current)
{
  g_autofree char *key = NULL;
  LinceCollectionBase *base = NULL;
  LinceIndex *index;
  Entry entry;

  if (!g_file_get_contents (cache->latest, &key, NULL, NULL) ||
      strspn (key, "0123456789abcdef") != KEY_LENGTH || key[KEY_LENGTH] != '\0')
    return NULL;
  entry_init (&entry, cache->directory, key);
  index = open_entry (&entry, current);
  if (index != NULL)
    base = lince_collection_base_read (entry.files, index);
  lince_index_unref (index);
  entry_clear (&entry);
  return base;
}

typedef struct {
  char *key;
  gint64 used;
} Use;

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const Use *one = a, *other = b;

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

/* What says which entry is a directory's latest goes with that entry. */
static void
remove_old_latest (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *key = NULL, *index = NULL, *file = NULL;

  if (!g_file_get_contents (path, &key, NULL, NULL))
    return;
  file = g_strconcat (key, ".index", NULL);
  index = g_build_filename (directory, file, NULL);
  if (!g_file_test (index, G_FILE_TEST_EXISTS))
    g_unlink (path);
}

/* Keeps the entries used last. Only names of our own form are touched. */
static void
remove_old_entries (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) uses = g_array_new (FALSE, FALSE, sizeof (Use));
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (directory, name, NULL);
    struct stat status;

    if (strspn (name, "0123456789abcdef") != KEY_LENGTH)
      continue;
    g_ptr_array_add (names, g_strdup (name));
    if (strcmp (name + KEY_LENGTH, ".index") == 0 && g_stat (path, &status) == 0) {
      Use use = {g_strndup (name, KEY_LENGTH),
          status.st_mtim.tv_sec * G_GINT64_CONSTANT (1000000000) + status.st_mtim.tv_nsec};

      g_array_append_val (uses, use);
    }
  }
  g_array_sort (uses, compare_entries);
  for (guint i = 0; i < uses->len; i++) {
    char *key = g_array_index (uses, Use, i).key;

    if (i >= KEPT_ENTRIES)
      remove_entry (directory, key, names);
    g_free (key);
  }
  for (guint i = 0; i < names->len; i++)
    if (strcmp ((const char *) names->pdata[i] + KEY_LENGTH, ".latest") == 0)
      remove_old_latest (directory, names->pdata[i]);
}

LinceIndex *
lince_collection_cache_store (LinceCollectionCache *cache, LinceIndex *shared,
    LinceIndexBuilder *builder, const LinceCollectionScan *scan, GError **error)
{
  const Entry *entry = &cache->entry;
  LinceError problem;
  LinceIndex *index = NULL;

  if (!write_problems (entry->problems, scan->problems, error) ||
      !lince_collection_base_write (entry->files, scan, error))
    return NULL;
  if (!lince_index_builder_write (builder, entry->index, &problem) ||
      (index = lince_index_reopen (shared, entry->index, &problem)) == NULL) {
    g_set_error (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_INDEX, "%s", problem.text);
  } else {
    g_autofree char *sound = describe_segments (entry);

    g_file_set_contents (entry->sound, sound, -1, NULL);
    g_file_set_contents (cache->latest, cache->key, -1, NULL);
  }
  remove_old_entries (cache->directory);
  return index;
}
