/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/index_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recognition/bytes.h"
#include "recognition/segment.h"

#define SUFFIX ".segment"
#define DIGITS 16
#define TEMPORARY ".new"
/* what is appended to the manifest's own name at most: ".", the hash, the suffix, ".new" */
#define APPENDED (1 + DIGITS + sizeof SUFFIX - 1 + sizeof TEMPORARY - 1)

static const char *
base_name (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash != NULL ? slash + 1 : path;
}

static bool
io_error (const LinceIndexStore *store, const char *name, const char *verb, LinceError *error)
{
  lince_error_set (
      error, LINCE_ERROR_IO, "%s: %s cannot be %s: %s", store->path, name, verb, strerror (errno));
  return false;
}

bool
lince_index_store_open (LinceIndexStore *store, const char *path, LinceError *error)
{
  const char *base = base_name (path);
  struct stat status;
  char *directory;

  *store = (LinceIndexStore){.path = path, .directory = -1};
  if (base[0] == '\0' || base[0] == '.' || strlen (base) + APPENDED > 255) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT,
        "%s: an index needs a file name of 1 to %zu bytes that does not begin with a dot", path,
        255 - APPENDED);
    return false;
  }
  directory = lince_manifest_beside (path, ".");
  if (directory == NULL) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "%s: no memory", path);
    return false;
  }
  store->directory = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  free (directory);
  if (store->directory < 0)
    return io_error (store, "its directory", "opened", error);
  /* what is renamed onto a device would take its place */
  if (fstatat (store->directory, base, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      !S_ISREG (status.st_mode) && !S_ISLNK (status.st_mode)) {
    lince_error_set (error, LINCE_ERROR_ARGUMENT,
        "%s: is there and is not a regular file; name another file for the index", path);
    lince_index_store_close (store);
    return false;
  }
  /* where a file system has no such locks, as NFS for directories, writers must not meet */
  while (flock (store->directory, LOCK_EX) != 0 && errno == EINTR)
    ;
  return true;
}

void
lince_index_store_close (LinceIndexStore *store)
{
  if (store->directory >= 0)
    close (store->directory);
  store->directory = -1;
}

static bool
same_content (int directory, const char *name, const uint8_t *data, size_t size)
{
  int fd = openat (directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  struct stat status;
  uint8_t buffer[65536];
  size_t at = 0;
  bool same = fd >= 0 && fstat (fd, &status) == 0 && S_ISREG (status.st_mode) &&
              (uint64_t) status.st_size == size;

  while (same && at < size) {
    ssize_t n = read (fd, buffer, sizeof buffer);

    same = n > 0 && (size_t) n <= size - at && memcmp (buffer, data + at, (size_t) n) == 0;
    at += same ? (size_t) n : 0;
  }
  if (fd >= 0)
    close (fd);
  return same;
}

static bool
write_all (int fd, const uint8_t *data, size_t size)
{
  while (size > 0) {
    ssize_t n = write (fd, data, size);

    if (n < 0 && errno != EINTR)
      return false;
    if (n > 0) {
      data += n;
      size -= (size_t) n;
    }
  }
  return true;
}

/* Writes a file under a temporary name, which the lock makes ours alone, and puts it in place
 * whole. */
static bool
write_file (
    LinceIndexStore *store, const char *name, const uint8_t *data, size_t size, LinceError *error)
{
  char temporary[256];
  bool ok;
  int fd;

  snprintf (temporary, sizeof temporary, "%s" TEMPORARY, name);
  unlinkat (store->directory, temporary, 0);
  fd = openat (
      store->directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd < 0)
    return io_error (store, temporary, "created", error);
  ok = write_all (fd, data, size) && fsync (fd) == 0;
  if (!ok)
    io_error (store, temporary, "written", error);
  if (close (fd) != 0 && ok)
    ok = io_error (store, temporary, "written", error);
  if (ok && renameat (store->directory, temporary, store->directory, name) != 0)
    ok = io_error (store, name, "put in place", error);
  if (!ok)
    unlinkat (store->directory, temporary, 0);
  return ok;
}

static void
name_segment (const LinceIndexStore *store, LinceManifestSegment *segment)
{
  snprintf (segment->name, sizeof segment->name, "%.*s.%016" PRIx64 SUFFIX, (int) (255 - APPENDED),
      base_name (store->path), segment->hash);
}

bool
lince_index_store_segment (LinceIndexStore *store, const uint8_t *data, size_t size, uint64_t hash,
    LinceManifestSegment *segment, LinceError *error)
{
  segment->hash = hash;
  segment->size = size;
  name_segment (store, segment);
  if (same_content (store->directory, segment->name, data, size))
    return true;
  return write_file (store, segment->name, data, size, error);
}

/* Whether a file says that it is that segment; what it holds is checked when it is used. */
static bool
is_segment (int directory, const LinceManifestSegment *segment)
{
  int fd = openat (directory, segment->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  uint8_t header[LINCE_SEGMENT_HEADER];
  struct stat status;
  bool same = fd >= 0 && fstat (fd, &status) == 0 && S_ISREG (status.st_mode) &&
              (uint64_t) status.st_size == segment->size &&
              read (fd, header, sizeof header) == (ssize_t) sizeof header &&
              lince_get_u64 (header + 16) == segment->size &&
              lince_get_u64 (header + 32) == segment->hash;

  if (fd >= 0)
    close (fd);
  return same;
}

static bool
is_same_file (int directory, const char *name, const char *path)
{
  struct stat one, other;

  return fstatat (directory, name, &one, AT_SYMLINK_NOFOLLOW) == 0 && stat (path, &other) == 0 &&
         one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool
lince_index_store_keep (LinceIndexStore *store, const char *path, const LinceManifestSegment *old,
    LinceManifestSegment *segment)
{
  char *from;

  name_segment (store, segment);
  from = path != NULL && old->name[0] != '\0' ? lince_manifest_beside (path, old->name) : NULL;
  if (from == NULL || is_same_file (store->directory, segment->name, from)) {
    free (from);
    return is_segment (store->directory, segment);
  }
  /* what lies there may have been damaged since it was written */
  unlinkat (store->directory, segment->name, 0);
  if (linkat (AT_FDCWD, from, store->directory, segment->name, 0) != 0) {
    free (from);
    return false;
  }
  free (from);
  return is_segment (store->directory, segment);
}

/* Whether `name` is a segment, or an unfinished file, of the manifest `base`. */
static bool
belongs_to (const char *name, const char *base)
{
  size_t length = strlen (base);

  if (strncmp (name, base, length) != 0)
    return false;
  name += length;
  if (strcmp (name, TEMPORARY) == 0)
    return true;
  if (name[0] != '.' || strspn (name + 1, "0123456789abcdef") != DIGITS)
    return false;
  name += 1 + DIGITS;
  return strcmp (name, SUFFIX) == 0 || strcmp (name, SUFFIX TEMPORARY) == 0;
}

static bool
is_named (const LinceManifest *manifest, const char *name)
{
  for (uint32_t i = 0; i < manifest->segment_count; i++)
    if (strcmp (manifest->segments[i].name, name) == 0)
      return true;
  return false;
}

/* A process that maps a removed file keeps what it maps. Failing here costs only room. */
static void
remove_stale (LinceIndexStore *store, const LinceManifest *manifest)
{
  int copy = openat (store->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *directory = copy >= 0 ? fdopendir (copy) : NULL;
  const struct dirent *entry;

  if (directory == NULL) {
    if (copy >= 0)
      close (copy);
    return;
  }
  while ((entry = readdir (directory)) != NULL)
    if (belongs_to (entry->d_name, base_name (store->path)) && !is_named (manifest, entry->d_name))
      unlinkat (store->directory, entry->d_name, 0);
  closedir (directory);
}

bool
lince_index_store_manifest (
    LinceIndexStore *store, const LinceManifest *manifest, LinceError *error)
{
  size_t size;
  uint8_t *data = lince_manifest_write (manifest, &size);
  bool ok;

  if (data == NULL) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "%s: no memory", store->path);
    return false;
  }
  /* the segments' names are on disk before the manifest's that needs them */
  ok = fsync (store->directory) == 0 || errno == EINVAL;
  if (!ok)
    io_error (store, "its directory", "written", error);
  ok = ok && write_file (store, base_name (store->path), data, size, error);
  free (data);
  if (ok) {
    remove_stale (store, manifest);
    fsync (store->directory);
  }
  return ok;
}
