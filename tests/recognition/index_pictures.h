/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Pictures and folders for the tests of the index. */
#pragma once

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "recognition/index.h"

/* Owned pixels of a picture, in a buffer of exactly its size. */
typedef struct {
  LincePicture picture;
  uint8_t *pixels;
} DrawnPicture;

static inline uint32_t
next_random (uint32_t *state)
{
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

static inline DrawnPicture
new_picture (int width, int height)
{
  DrawnPicture drawn = {.pixels = malloc ((size_t) width * (size_t) height * 4)};

  ck_assert_ptr_nonnull (drawn.pixels);
  memset (drawn.pixels, 255, (size_t) width * (size_t) height * 4);
  drawn.picture = (LincePicture){drawn.pixels, width * 4, width, height};
  return drawn;
}

static inline void
fill_rectangle (DrawnPicture *drawn, int left, int top, int width, int height, uint32_t rgba)
{
  for (int y = top; y < top + height && y < drawn->picture.height; y++)
    for (int x = left; x < left + width && x < drawn->picture.width; x++) {
      uint8_t *pixel = drawn->pixels + (size_t) y * (size_t) drawn->picture.stride + 4 * (size_t) x;

      for (int i = 0; i < 4; i++)
        pixel[i] = (uint8_t) (rgba >> (24 - 8 * i));
    }
}

/* A picture full of corners: rectangles of random place, size and grey. */
static inline DrawnPicture
draw_poster (int width, int height, uint32_t seed)
{
  DrawnPicture drawn = new_picture (width, height);

  for (int i = 0; i < 120; i++) {
    int w = 8 + (int) (next_random (&seed) % 40), h = 8 + (int) (next_random (&seed) % 40);
    uint32_t grey = next_random (&seed) % 256;
    int top = (int) (next_random (&seed) % (uint32_t) height);
    int left = (int) (next_random (&seed) % (uint32_t) width);

    fill_rectangle (
        &drawn, left, top, w, h, grey << 24 | (grey / 2) << 16 | (255 - grey) << 8 | 255);
  }
  return drawn;
}

static inline void
free_picture (DrawnPicture *drawn)
{
  free (drawn->pixels);
}

static inline void
add_poster (LinceIndexBuilder *builder, const char *id, int width, int height, uint32_t seed)
{
  DrawnPicture drawn = draw_poster (width, height, seed);
  LinceError error = {0};

  ck_assert_msg (lince_index_builder_add_image (builder, id, id, &drawn.picture, NULL, &error),
      "%s", error.text);
  free_picture (&drawn);
}

static inline LinceIndexBuilder *
new_builder (void)
{
  LinceIndexBuilder *builder = lince_index_builder_new (NULL);

  ck_assert_ptr_nonnull (builder);
  return builder;
}

static inline void
add_object (LinceIndexBuilder *builder, const char *id)
{
  LinceError error = {0};

  ck_assert_msg (
      lince_index_builder_add_object (builder, id, NULL, NULL, &error), "%s", error.text);
}

/* Three objects, one with two images, one transparent. */
static inline LinceIndexBuilder *
build_sample (void)
{
  LinceIndexBuilder *builder = new_builder ();
  DrawnPicture drawn = draw_poster (120, 90, 7);

  ck_assert (lince_index_builder_add_object (
      builder, "beta", "Beta \xd0\xb1", "{\"colour\":\"red\"}", NULL));
  add_object (builder, "alpha.1");
  add_object (builder, "\xd0\xbc-hd");
  add_poster (builder, "beta", 160, 120, 1);
  add_poster (builder, "beta", 300, 400, 2);
  add_poster (builder, "alpha.1", 200, 200, 3);
  fill_rectangle (&drawn, 0, 0, 40, 90, 0);
  ck_assert (
      lince_index_builder_add_image (builder, "\xd0\xbc-hd", "x", &drawn.picture, NULL, NULL));
  free_picture (&drawn);
  return builder;
}

static inline const char *
id_of (LinceIndex *index, uint32_t object)
{
  LinceObject found;

  ck_assert (lince_index_object (index, object, &found));
  return found.id;
}

/* A folder of its own, removed with all files by remove_folder(). */
static inline char *
make_folder (void)
{
  const char *temporary = getenv ("TMPDIR");
  char *folder = malloc (4096);

  snprintf (folder, 4096, "%s/lince-test-XXXXXX", temporary != NULL ? temporary : "/tmp");
  ck_assert_ptr_nonnull (mkdtemp (folder));
  return folder;
}

static inline void
remove_folder (char *folder)
{
  DIR *directory = opendir (folder);
  const struct dirent *entry;

  while (directory != NULL && (entry = readdir (directory)) != NULL)
    unlinkat (dirfd (directory), entry->d_name, 0);
  if (directory != NULL)
    closedir (directory);
  rmdir (folder);
  free (folder);
}

static inline char *
path_in (const char *folder, const char *name)
{
  char *path = malloc (strlen (folder) + strlen (name) + 2);

  if (path == NULL)
    abort ();
  sprintf (path, "%s/%s", folder, name);
  return path;
}

static inline uint8_t *
read_whole (const char *path, size_t *size)
{
  FILE *file = fopen (path, "rb");
  uint8_t *data;

  ck_assert_msg (file != NULL, "%s", path);
  fseek (file, 0, SEEK_END);
  *size = (size_t) ftell (file);
  rewind (file);
  data = malloc (*size + 1);
  ck_assert_uint_eq (fread (data, 1, *size, file), *size);
  fclose (file);
  return data;
}

static inline void
write_whole (const char *path, const uint8_t *data, size_t size)
{
  FILE *file = fopen (path, "wb");

  ck_assert_msg (file != NULL, "%s", path);
  ck_assert_uint_eq (fwrite (data, 1, size, file), size);
  ck_assert_int_eq (fclose (file), 0);
}

/* Names in `folder` that end in `ending`; the last one's path goes to `path` (may be NULL). */
static inline int
count_files (const char *folder, const char *ending, char **path)
{
  DIR *directory = opendir (folder);
  const struct dirent *entry;
  int count = 0;

  ck_assert_ptr_nonnull (directory);
  while ((entry = readdir (directory)) != NULL) {
    size_t length = strlen (entry->d_name), tail = strlen (ending);

    if (length < tail || strcmp (entry->d_name + length - tail, ending) != 0)
      continue;
    count++;
    if (path != NULL) {
      free (*path);
      *path = path_in (folder, entry->d_name);
    }
  }
  closedir (directory);
  return count;
}
