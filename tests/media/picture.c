/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../suite.h"
#include "media/picture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "picture_files.h"

static char *folder;

static void
set_up (void)
{
  folder = make_folder ();
}

static void
tear_down (void)
{
  remove_folder (folder);
  g_free (folder);
}

static LincePictureFile *
load (const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return lince_picture_file_load (path, error);
}

/* Loading `name` fails with that code, naming the file and the reason. */
static void
expect (const char *name, LincePictureError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, name, NULL);

  ck_assert_ptr_null (load (name, &error));
  ck_assert_msg (g_error_matches (error, LINCE_PICTURE_ERROR, (int) code), "%s", error->message);
  ck_assert_msg (g_str_has_prefix (error->message, path), "%s", error->message);
  ck_assert_msg (strstr (error->message, words) != NULL, "%s", error->message);
  ck_assert_msg (strchr (error->message, '\n') == NULL, "not one line: %s", error->message);
  ck_assert_int_eq (lince_picture_file_count_pixels (path) > 0, code == LINCE_PICTURE_ERROR_DECODE);
}

START_TEST (png_is_read_to_the_pixel)
{
  g_autoptr (GdkPixbuf) drawn = draw_poster (70, 50, 5);
  g_autoptr (GError) error = NULL;
  g_autoptr (LincePictureFile) file = NULL;
  g_autofree char *path = g_build_filename (folder, "a.png", NULL);
  const LincePicture *picture;

  gdk_pixbuf_get_pixels (drawn)[3] = 0;
  save (drawn, path, "png");
  ck_assert_int_eq (lince_picture_file_count_pixels (path), 70 * 50);
  file = load ("a.png", &error);
  ck_assert_msg (file != NULL, "%s", error != NULL ? error->message : "");
  picture = lince_picture_file_get_picture (file);
  ck_assert_int_eq (picture->width, 70);
  ck_assert_int_eq (picture->height, 50);
  for (int y = 0; y < 50; y++)
    ck_assert_mem_eq (picture->data + y * picture->stride,
        gdk_pixbuf_get_pixels (drawn) + y * gdk_pixbuf_get_rowstride (drawn), 70 * 4);
}
END_TEST

/* The kind is told by the bytes, whatever the name. */
START_TEST (kinds_are_told_by_content)
{
  static const char svg[] = "<?xml version=\"1.0\"?>\n<!-- a mark -->\n"
                            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"20\">"
                            "<rect width=\"20\" height=\"20\" fill=\"#f00\"/></svg>";
  g_autoptr (GdkPixbuf) drawn = draw_poster (64, 48, 5);
  g_autofree char *jpeg = g_build_filename (folder, "jpeg.png", NULL);
  g_autofree char *webp = g_build_filename (folder, "webp.png", NULL);
  g_autoptr (LincePictureFile) file = NULL;
  g_autoptr (GError) error = NULL;
  const LincePicture *picture;

  save (drawn, jpeg, "jpeg");
  file = load ("jpeg.png", &error);
  ck_assert_msg (file != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_int_eq (lince_picture_file_get_picture (file)->width, 64);
  g_clear_pointer (&file, lince_picture_file_free);

  save (drawn, webp, "webp");
  file = load ("webp.png", &error);
  ck_assert_msg (file != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_int_eq (lince_picture_file_get_picture (file)->height, 48);
  g_clear_pointer (&file, lince_picture_file_free);

  /* vector graphics are drawn larger than they say */
  write_file (folder, "svg.jpg", svg, -1);
  file = load ("svg.jpg", &error);
  ck_assert_msg (file != NULL, "%s", error != NULL ? error->message : "");
  picture = lince_picture_file_get_picture (file);
  ck_assert_int_eq (picture->width, 512);
  ck_assert_int_eq (picture->height, 256);
  ck_assert_mem_eq (picture->data + 128 * picture->stride + 4 * 100, "\xff\x00\x00\xff", 4);
  ck_assert_int_eq (picture->data[128 * picture->stride + 4 * 400 + 3], 0);
}
END_TEST

START_TEST (no_picture)
{
  write_file (folder, "text.png", "This is no picture.\n", -1);
  expect ("text.png", LINCE_PICTURE_ERROR_FORMAT, "is not a picture");
  write_file (folder, "empty.png", "", 0);
  expect ("empty.png", LINCE_PICTURE_ERROR_FORMAT, "is empty");
  write_file (folder, "gif.png", "GIF89a\1\0\1\0\0\0\0;", 14);
  expect ("gif.png", LINCE_PICTURE_ERROR_FORMAT, "is not a picture");
  expect ("missing.png", LINCE_PICTURE_ERROR_OPEN, "No such file");
}
END_TEST

START_TEST (no_regular_file)
{
  g_autofree char *loop = g_build_filename (folder, "loop.png", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo.png", NULL);
  g_autofree char *directory = g_build_filename (folder, "directory.png", NULL);

  ck_assert_int_eq (symlink ("loop.png", loop), 0);
  expect ("loop.png", LINCE_PICTURE_ERROR_OPEN, "loop of symbolic links");
  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  expect ("fifo.png", LINCE_PICTURE_ERROR_OPEN, "not a regular file");
  ck_assert_int_eq (g_mkdir (directory, 0700), 0);
  expect ("directory.png", LINCE_PICTURE_ERROR_OPEN, "not a regular file");
}
END_TEST

/* A PNG's header alone, 40,000 pixels wide. */
START_TEST (too_wide_png)
{
  static const char header[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x9c\x40\0\0\0\x64\x08\x02\0\0\0"
                               "\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82";

  write_file (folder, "wide.png", header, sizeof header - 1);
  expect ("wide.png", LINCE_PICTURE_ERROR_SIZE, "40000 x 100");
}
END_TEST

START_TEST (too_wide_others)
{
  static const char svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40000\" "
                            "height=\"100\"><rect width=\"9\" height=\"9\"/></svg>";
  g_autoptr (GdkPixbuf) drawn = draw_poster (64, 48, 5);
  g_autofree char *path = g_build_filename (folder, "wide.jpg", NULL);
  g_autofree char *data = NULL;
  gsize size;

  save (drawn, path, "jpeg");
  ck_assert (g_file_get_contents (path, &data, &size, NULL));
  for (gsize i = 2; i + 9 < size;
       i += 2 + ((gsize) (guchar) data[i + 2] << 8 | (guchar) data[i + 3]))
    if ((guchar) data[i + 1] == 0xc0) {
      data[i + 7] = (char) 0x9c;
      data[i + 8] = 0x40;
      break;
    }
  write_file (folder, "wide.jpg", data, (gssize) size);
  expect ("wide.jpg", LINCE_PICTURE_ERROR_SIZE, "40000 x 48");
  write_file (folder, "wide.svg", svg, -1);
  expect ("wide.svg", LINCE_PICTURE_ERROR_SIZE, "40000 x 100");
}
END_TEST

/* Cut at many lengths, no kind yields a picture. */
START_TEST (truncated)
{
  static const char *const types[] = {"png", "jpeg", "webp"};
  g_autoptr (GdkPixbuf) drawn = draw_poster (200, 150, 5);

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autofree char *path = g_build_filename (folder, "whole", NULL);
    g_autofree char *data = NULL;
    gsize size;

    save (drawn, path, types[i]);
    ck_assert (g_file_get_contents (path, &data, &size, NULL));
    for (gsize length = size - 1; length > 12; length = length * 9 / 10) {
      g_autoptr (GError) error = NULL;

      write_file (folder, "cut", data, (gssize) length);
      ck_assert_msg (
          load ("cut", &error) == NULL, "%s of %zu of %zu bytes", types[i], length, size);
      ck_assert (g_error_matches (error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_DECODE));
      ck_assert_ptr_nonnull (strstr (error->message, "truncated"));
    }
  }
}
END_TEST

/* A thumbnail within the file has an end of its own, which is not the picture's. */
START_TEST (truncated_behind_a_thumbnail)
{
  g_autoptr (GdkPixbuf) drawn = draw_poster (200, 150, 5);
  g_autofree char *path = g_build_filename (folder, "a.jpg", NULL), *data = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  gsize size;

  save (drawn, path, "jpeg");
  ck_assert (g_file_get_contents (path, &data, &size, NULL));
  g_string_append_len (text, "\xff\xd8\xff\xef\x00\x06\xff\xd8\xff\xd9", 10);
  g_string_append_len (text, data + 2, (gssize) size - 2);
  write_file (folder, "b.jpg", text->str, (gssize) text->len);
  lince_picture_file_free (load ("b.jpg", NULL));
  write_file (folder, "b.jpg", text->str, (gssize) text->len / 2);
  expect ("b.jpg", LINCE_PICTURE_ERROR_DECODE, "truncated");
}
END_TEST

START_TEST (damaged)
{
  g_autoptr (GdkPixbuf) drawn = draw_poster (200, 150, 5);
  g_autofree char *path = g_build_filename (folder, "a.png", NULL), *data = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  save (drawn, path, "png");
  ck_assert (g_file_get_contents (path, &data, &size, NULL));
  data[size / 2] ^= 0x55;
  write_file (folder, "a.png", data, (gssize) size);
  expect ("a.png", LINCE_PICTURE_ERROR_DECODE, "damaged");
  write_file (folder, "entity.svg",
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"20\"><g>&none;</g></svg>",
      -1);
  ck_assert_ptr_null (load ("entity.svg", &error));
  ck_assert (g_error_matches (error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_DECODE));
  ck_assert_msg (strchr (error->message, '\n') == NULL, "not one line: %s", error->message);
}
END_TEST

/* A wide picture that its EXIF says was taken with the camera turned. */
START_TEST (orientation_is_applied)
{
  static const char exif[] = "\xff\xe1\x00\x22"
                             "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"
                             "\0\0\0\0";
  g_autoptr (GdkPixbuf) drawn = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, 128, 64);
  g_autoptr (GdkPixbuf) left = gdk_pixbuf_new_subpixbuf (drawn, 0, 0, 64, 64);
  g_autofree char *path = g_build_filename (folder, "a.jpg", NULL), *data = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (LincePictureFile) file = NULL;
  const LincePicture *picture;
  gsize size;

  gdk_pixbuf_fill (drawn, 0xffffffff);
  gdk_pixbuf_fill (left, 0x000000ff);
  save (drawn, path, "jpeg");
  ck_assert (g_file_get_contents (path, &data, &size, NULL));
  g_string_append_len (text, data, 2);
  g_string_append_len (text, exif, sizeof exif - 1);
  g_string_append_len (text, data + 2, (gssize) size - 2);
  write_file (folder, "b.jpg", text->str, (gssize) text->len);
  file = load ("b.jpg", NULL);
  ck_assert_ptr_nonnull (file);
  picture = lince_picture_file_get_picture (file);
  ck_assert_int_eq (picture->width, 64);
  ck_assert_int_eq (picture->height, 128);
  /* turned clockwise: what was left is on top */
  ck_assert_int_lt (picture->data[10 * picture->stride + 4 * 32], 20);
  ck_assert_int_gt (picture->data[118 * picture->stride + 4 * 32], 235);
}
END_TEST

START_TEST (frame_is_full_range_over_grey)
{
  g_autoptr (GdkPixbuf) drawn = gdk_pixbuf_new (GDK_COLORSPACE_RGB, TRUE, 8, 16, 16);
  g_autofree char *path = g_build_filename (folder, "a.png", NULL);
  g_autoptr (LincePictureFile) file = NULL;
  static const guint8 pixels[5][4] = {
      {255, 255, 255, 255}, {255, 0, 0, 255}, {0, 0, 255, 255}, {255, 0, 0, 0}, {0, 0, 0, 255}};
  static const guint8 expected[5][3] = {
      {255, 128, 128}, {76, 85, 255}, {29, 255, 107}, {128, 128, 128}, {0, 128, 128}};
  const LinceFrame *frame;

  gdk_pixbuf_fill (drawn, 0x000000ff);
  memcpy (gdk_pixbuf_get_pixels (drawn), pixels, sizeof pixels);
  save (drawn, path, "png");
  file = load ("a.png", NULL);
  ck_assert_ptr_nonnull (file);
  frame = lince_picture_file_get_frame (file);
  ck_assert_ptr_eq (frame, lince_picture_file_get_frame (file));
  ck_assert_int_eq (frame->width, 16);
  ck_assert_int_eq (frame->chroma_width, 16);
  ck_assert (!frame->interlaced);
  for (int i = 0; i < 5; i++) {
    ck_assert_int_eq (frame->luma.data[i * frame->luma.step], expected[i][0]);
    ck_assert_int_eq (frame->cb.data[i * frame->cb.step], expected[i][1]);
    ck_assert_int_eq (frame->cr.data[i * frame->cr.step], expected[i][2]);
  }
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("picture");
  TCase *tests = tcase_create ("files");

  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, png_is_read_to_the_pixel);
  tcase_add_test (tests, kinds_are_told_by_content);
  tcase_add_test (tests, no_picture);
  tcase_add_test (tests, no_regular_file);
  tcase_add_test (tests, too_wide_png);
  tcase_add_test (tests, too_wide_others);
  tcase_add_test (tests, truncated);
  tcase_add_test (tests, truncated_behind_a_thumbnail);
  tcase_add_test (tests, damaged);
  tcase_add_test (tests, orientation_is_applied);
  tcase_add_test (tests, frame_is_full_range_over_grey);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
