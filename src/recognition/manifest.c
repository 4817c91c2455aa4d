/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recognition/bytes.h"
#include "recognition/hash.h"

#define ENTRY 24
#define REMEDY "compile the collection again with `lince index`"

static const uint8_t magic[8] = {0x89, 'L', 'N', 'C', 'I', 0x0d, 0x0a, 0x1a};

static size_t
padded (size_t length)
{
  return (length + 7) / 8 * 8;
}

uint64_t
lince_manifest_identity (const LinceManifest *manifest)
{
  uint64_t identity = 0;

  for (uint32_t i = 0; i < manifest->segment_count; i++) {
    uint8_t bytes[8];

    lince_put_u64 (bytes, manifest->segments[i].hash);
    identity = lince_hash64 (bytes, sizeof bytes, identity);
  }
  return identity;
}

/* With the checksum's own field taken for zeros. */
static uint64_t
checksum (const uint8_t *data, size_t size)
{
  uint8_t header[LINCE_MANIFEST_HEADER];

  memcpy (header, data, sizeof header);
  memset (header + 56, 0, 8);
  return lince_hash64 (
      data + sizeof header, size - sizeof header, lince_hash64 (header, sizeof header, 0));
}

/* A plain name: nothing in a manifest can lead out of its own directory. */
static bool
name_is_plain (const uint8_t *name, size_t length)
{
  return length >= 1 && length <= 255 && name[0] != '.' && memchr (name, '/', length) == NULL &&
         memchr (name, '\0', length) == NULL;
}

static bool
parse_segments (LinceManifest *manifest, const uint8_t *data, size_t size, LinceError *error)
{
  size_t at = LINCE_MANIFEST_HEADER;

  for (uint32_t i = 0; i < manifest->segment_count; i++) {
    LinceManifestSegment *segment = &manifest->segments[i];
    size_t length;

    if (size - at < ENTRY)
      goto malformed;
    segment->hash = lince_get_u64 (data + at);
    segment->size = lince_get_u64 (data + at + 8);
    length = lince_get_u32 (data + at + 16);
    at += ENTRY;
    if (length > 255 || padded (length) > size - at || !name_is_plain (data + at, length))
      goto malformed;
    memcpy (segment->name, data + at, length);
    segment->name[length] = '\0';
    at += padded (length);
  }
  if (at == size)
    return true;
malformed:
  lince_error_set (error, LINCE_ERROR_FORMAT, "is malformed; " REMEDY);
  return false;
}

static bool
check_header (const uint8_t *data, size_t size, LinceError *error)
{
  if (size < sizeof magic || memcmp (data, magic, sizeof magic) != 0) {
    lince_error_set (error, LINCE_ERROR_FORMAT, "is not a Lince index");
    return false;
  }
  if (size >= 12 && lince_get_u32 (data + 8) != LINCE_MANIFEST_VERSION) {
    uint32_t version = lince_get_u32 (data + 8);

    lince_error_set (error, LINCE_ERROR_VERSION,
        "is an index of version %u, %s than the version %u that this build reads; " REMEDY, version,
        version < LINCE_MANIFEST_VERSION ? "older" : "newer", LINCE_MANIFEST_VERSION);
    return false;
  }
  if (size < LINCE_MANIFEST_HEADER || lince_get_u64 (data + 16) > size) {
    lince_error_set (
        error, LINCE_ERROR_TRUNCATED, "is truncated: only %zu bytes are left; " REMEDY, size);
    return false;
  }
  if (lince_get_u64 (data + 16) != size || checksum (data, size) != lince_get_u64 (data + 56)) {
    lince_error_set (error, LINCE_ERROR_CHECKSUM, "is damaged: its checksum is wrong; " REMEDY);
    return false;
  }
  return true;
}

bool
lince_manifest_parse (LinceManifest *manifest, const uint8_t *data, size_t size, LinceError *error)
{
  *manifest = (LinceManifest){0};
  if (!check_header (data, size, error))
    return false;
  manifest->segment_count = lince_get_u32 (data + 12);
  manifest->revision = lince_get_u64 (data + 24);
  manifest->object_count = lince_get_u32 (data + 32);
  manifest->image_count = lince_get_u32 (data + 36);
  if (manifest->segment_count < 1 || manifest->segment_count > LINCE_MANIFEST_MAX_SEGMENTS) {
    lince_error_set (error, LINCE_ERROR_FORMAT, "is malformed; " REMEDY);
    return false;
  }
  manifest->segments = calloc (manifest->segment_count, sizeof manifest->segments[0]);
  if (manifest->segments == NULL) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "has no memory for its segments");
    return false;
  }
  return parse_segments (manifest, data, size, error);
}

static uint8_t *
read_descriptor (int fd, size_t *size, LinceError *error)
{
  struct stat status;
  uint8_t *data = NULL;
  ssize_t n;

  if (fstat (fd, &status) != 0)
    goto io;
  if (!S_ISREG (status.st_mode)) {
    lince_error_set (error, LINCE_ERROR_FORMAT, "is not a regular file");
    return NULL;
  }
  if (status.st_size > LINCE_MANIFEST_MAX_SIZE) {
    lince_error_set (error, LINCE_ERROR_FORMAT, "is not a Lince index: it is too large for one");
    return NULL;
  }
  data = malloc ((size_t) status.st_size + 1);
  if (data == NULL) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "has no memory to be read into");
    return NULL;
  }
  for (*size = 0; *size < (size_t) status.st_size; *size += (size_t) n) {
    n = read (fd, data + *size, (size_t) status.st_size - *size);
    if (n < 0 && errno == EINTR)
      n = 0;
    else if (n < 0)
      goto io;
    else if (n == 0)
      break;
  }
  return data;
io:
  lince_error_set (error, LINCE_ERROR_IO, "cannot be read: %s", strerror (errno));
  free (data);
  return NULL;
}

bool
lince_manifest_read (LinceManifest *manifest, const char *path, LinceError *error)
{
  uint8_t *data = NULL;
  size_t size = 0;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  bool ok;

  *manifest = (LinceManifest){0};
  if (fd < 0)
    lince_error_set (error, LINCE_ERROR_IO, "cannot be opened: %s", strerror (errno));
  else
    data = read_descriptor (fd, &size, error);
  ok = data != NULL && lince_manifest_parse (manifest, data, size, error);
  if (!ok)
    lince_error_prefix (error, "%s: ", path);
  free (data);
  if (fd >= 0)
    close (fd);
  return ok;
}

uint8_t *
lince_manifest_write (const LinceManifest *manifest, size_t *size)
{
  size_t total = LINCE_MANIFEST_HEADER, at = LINCE_MANIFEST_HEADER;
  uint8_t *data;

  for (uint32_t i = 0; i < manifest->segment_count; i++)
    total += ENTRY + padded (strlen (manifest->segments[i].name));
  data = calloc (1, total);
  if (data == NULL)
    return NULL;
  memcpy (data, magic, sizeof magic);
  lince_put_u32 (data + 8, LINCE_MANIFEST_VERSION);
  lince_put_u32 (data + 12, manifest->segment_count);
  lince_put_u64 (data + 16, total);
  lince_put_u64 (data + 24, manifest->revision);
  lince_put_u32 (data + 32, manifest->object_count);
  lince_put_u32 (data + 36, manifest->image_count);
  for (uint32_t i = 0; i < manifest->segment_count; i++) {
    const LinceManifestSegment *segment = &manifest->segments[i];
    size_t length = strlen (segment->name);

    lince_put_u64 (data + at, segment->hash);
    lince_put_u64 (data + at + 8, segment->size);
    lince_put_u32 (data + at + 16, (uint32_t) length);
    memcpy (data + at + ENTRY, segment->name, length);
    at += ENTRY + padded (length);
  }
  lince_put_u64 (data + 56, checksum (data, total));
  *size = total;
  return data;
}

void
lince_manifest_clear (LinceManifest *manifest)
{
  free (manifest->segments);
  *manifest = (LinceManifest){0};
}

char *
lince_manifest_beside (const char *path, const char *name)
{
  const char *slash = strrchr (path, '/');
  size_t directory = slash != NULL ? (size_t) (slash - path) + 1 : 0;
  char *result = malloc (directory + strlen (name) + 1);

  if (result == NULL)
    return NULL;
  memcpy (result, path, directory);
  strcpy (result + directory, name);
  return result;
}
