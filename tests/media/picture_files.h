/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Picture files and folders for tests. */
#pragma once

#include <string.h>

#include <check.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>

/* A picture full of corners, or with `seed` 0 one even grey. */
static inline GdkPixbuf *
draw_poster (int width, int height, guint32 seed)
{
  GdkPixbuf *pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, TRUE, 8, width, height);
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  gdk_pixbuf_fill (pixbuf, 0x808080ff);
  for (int i = 0; seed != 0 && i < 150; i++) {
    int w = g_rand_int_range (random, 2, MAX (3, width / 5));
    int h = g_rand_int_range (random, 2, MAX (3, height / 5));
    g_autoptr (GdkPixbuf) part = gdk_pixbuf_new_subpixbuf (pixbuf,
        g_rand_int_range (random, 0, width - w), g_rand_int_range (random, 0, height - h), w, h);

    gdk_pixbuf_fill (part, g_rand_int (random) | 0xff);
  }
  return pixbuf;
}

static inline void
save (GdkPixbuf *pixbuf, const char *path, const char *type)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (gdk_pixbuf_save (pixbuf, path, type, &error, NULL), "%s",
      error != NULL ? error->message : "");
}

static inline void
save_poster (const char *folder, const char *name, int width, int height, guint32 seed)
{
  g_autoptr (GdkPixbuf) pixbuf = draw_poster (width, height, seed);
  g_autofree char *path = g_build_filename (folder, name, NULL);

  save (pixbuf, path, g_str_has_suffix (name, ".png") ? "png" : "jpeg");
}

static inline void
write_file (const char *folder, const char *name, const char *data, gssize size)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  ck_assert (g_file_set_contents (path, data, size, NULL));
}

static inline char *
make_folder (void)
{
  char *folder = g_dir_make_tmp ("lince-test-XXXXXX", NULL);

  ck_assert_ptr_nonnull (folder);
  return folder;
}

static inline void
remove_folder (const char *folder)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
      remove_folder (path);
    else
      g_unlink (path);
  }
  g_rmdir (folder);
}
