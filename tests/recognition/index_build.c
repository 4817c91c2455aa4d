/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Building an index: what it holds, that it depends on nothing but its content, what is refused. */
#include "../suite.h"
#include "index_pictures.h"

#include <pthread.h>
#include <sys/stat.h>

#include "recognition/index_internal.h"
#include "recognition/mark_feature.h"
#include "recognition/reference.h"

static LinceIndex *
finish (LinceIndexBuilder *builder)
{
  LinceError error = {0};
  LinceIndex *index = lince_index_builder_finish (builder, &error);

  ck_assert_msg (index != NULL, "%s", error.text);
  return index;
}

static void
check_sample (LinceIndex *index)
{
  static const char *const ids[] = {"alpha.1", "beta", "\xd0\xbc-hd"};
  static const uint32_t images[] = {1, 2, 1}, objects[] = {0, 1, 1, 2};
  LinceEnrolment enrolment;
  LinceObject object;
  uint32_t number;

  ck_assert_uint_eq (lince_index_object_count (index), 3);
  ck_assert_uint_eq (lince_index_image_count (index), 4);
  for (uint32_t i = 0; i < 3; i++) {
    ck_assert (lince_index_object (index, i, &object));
    ck_assert_str_eq (object.id, ids[i]);
    ck_assert_uint_eq (object.image_count, images[i]);
    ck_assert_int_eq (lince_index_find (index, ids[i]), i);
  }
  ck_assert (lince_index_object (index, 1, &object));
  ck_assert_str_eq (object.name, "Beta \xd0\xb1");
  ck_assert_str_eq (object.metadata, "{\"colour\":\"red\"}");
  ck_assert (lince_index_object (index, 0, &object));
  ck_assert_str_eq (object.name, "alpha.1");
  ck_assert_str_eq (object.metadata, "{}");
  ck_assert (!lince_index_object (index, 3, &object));
  ck_assert_int_eq (lince_index_find (index, "alpha"), -1);
  ck_assert_int_eq (lince_index_find (index, "zzz"), -1);
  for (uint32_t i = 0; i < 4; i++) {
    ck_assert (lince_index_image (index, i, &number, &enrolment));
    ck_assert_uint_eq (number, objects[i]);
    ck_assert_int_eq (enrolment.transparent, i == 3);
  }
  ck_assert_int_eq (enrolment.width, 120);
  ck_assert_int_eq (enrolment.height, 90);
  ck_assert (!lince_index_image (index, 4, &number, &enrolment));
  ck_assert_uint_eq (strspn (lince_index_revision (index), "0123456789abcdef"), 16);
  ck_assert_uint_eq (strlen (lince_index_revision (index)), 16);
}

START_TEST (file_and_memory_hold_the_same)
{
  char *folder = make_folder (), *path = path_in (folder, "a.index");
  LinceIndexBuilder *builder = build_sample ();
  LinceError error = {0};
  LinceIndex *memory = finish (builder), *file;
  const LinceTexturedSet *one, *other;

  ck_assert_msg (lince_index_builder_write (builder, path, &error), "%s", error.text);
  file = lince_index_open (path, &error);
  ck_assert_msg (file != NULL, "%s", error.text);
  check_sample (memory);
  check_sample (file);
  ck_assert_str_eq (lince_index_revision (memory), lince_index_revision (file));
  ck_assert (lince_index_verify (memory, &error));
  ck_assert (lince_index_verify (file, &error));
  one = lince_index_textured (memory, &error);
  other = lince_index_textured (file, &error);
  ck_assert_uint_eq (one->part_count, 1);
  ck_assert_uint_eq (other->part_count, 1);
  ck_assert_uint_gt (one->parts[0].textured.size, 0);
  ck_assert_uint_eq (one->parts[0].textured.size, other->parts[0].textured.size);
  ck_assert_mem_eq (
      one->parts[0].textured.data, other->parts[0].textured.data, one->parts[0].textured.size);
  lince_index_unref (memory);
  lince_index_unref (file);
  lince_index_builder_free (builder);
  free (path);
  remove_folder (folder);
}
END_TEST

/* The same pictures the other way round, one of them twice. */
START_TEST (order_of_adding_does_not_matter)
{
  LinceIndexBuilder *builder = build_sample (), *reversed = new_builder ();
  DrawnPicture drawn = draw_poster (120, 90, 7);
  LinceIndex *index, *other;

  add_object (reversed, "\xd0\xbc-hd");
  fill_rectangle (&drawn, 0, 0, 40, 90, 0);
  ck_assert (
      lince_index_builder_add_image (reversed, "\xd0\xbc-hd", "x", &drawn.picture, NULL, NULL));
  add_object (reversed, "alpha.1");
  add_object (reversed, "without-images");
  ck_assert (lince_index_builder_add_object (
      reversed, "beta", "Beta \xd0\xb1", "{\"colour\":\"red\"}", NULL));
  add_poster (reversed, "beta", 300, 400, 2);
  add_poster (reversed, "alpha.1", 200, 200, 3);
  add_poster (reversed, "beta", 160, 120, 1);
  add_poster (reversed, "beta", 300, 400, 2);
  index = finish (builder);
  other = finish (reversed);
  check_sample (other);
  ck_assert_str_eq (lince_index_revision (index), lince_index_revision (other));
  lince_index_unref (index);
  lince_index_unref (other);
  lince_index_builder_free (builder);
  lince_index_builder_free (reversed);
  free_picture (&drawn);
}
END_TEST

/* References put aside in a file come back the same. */
START_TEST (memory_limit_does_not_matter)
{
  LinceIndexBuilder *builder = build_sample (), *tight = new_builder ();
  LinceIndex *index = finish (builder), *other;
  DrawnPicture drawn = draw_poster (120, 90, 7);

  /* the second poster does not fit any more */
  lince_index_builder_set_memory (tight, 30000);
  ck_assert (lince_index_builder_add_object (
      tight, "beta", "Beta \xd0\xb1", "{\"colour\":\"red\"}", NULL));
  add_object (tight, "alpha.1");
  add_object (tight, "\xd0\xbc-hd");
  add_poster (tight, "beta", 160, 120, 1);
  add_poster (tight, "beta", 300, 400, 2);
  add_poster (tight, "alpha.1", 200, 200, 3);
  fill_rectangle (&drawn, 0, 0, 40, 90, 0);
  ck_assert (lince_index_builder_add_image (tight, "\xd0\xbc-hd", "x", &drawn.picture, NULL, NULL));
  other = finish (tight);
  ck_assert_str_eq (lince_index_revision (index), lince_index_revision (other));
  for (uint32_t i = 0; i < 4; i++) {
    LinceReference one, two;

    ck_assert (lince_index_reference (index, i, &one, NULL));
    ck_assert (lince_index_reference (other, i, &two, NULL));
    ck_assert_mem_eq (one.levels[0].luma, two.levels[0].luma,
        (size_t) one.levels[0].width * (size_t) one.levels[0].height);
  }
  lince_index_unref (index);
  lince_index_unref (other);
  lince_index_builder_free (builder);
  lince_index_builder_free (tight);
  free_picture (&drawn);
}
END_TEST

START_TEST (revision_follows_content)
{
  LinceIndexBuilder *builder = build_sample ();
  LinceIndex *before = finish (builder), *after;

  add_poster (builder, "alpha.1", 200, 200, 99);
  after = finish (builder);
  ck_assert_uint_eq (lince_index_image_count (after), 5);
  ck_assert_str_ne (lince_index_revision (before), lince_index_revision (after));
  check_sample (before);
  lince_index_unref (before);
  lince_index_unref (after);
  lince_index_builder_free (builder);
}
END_TEST

typedef struct {
  LinceIndexBuilder *builder;
  int first;
} Adder;

static void *
add_some (void *data)
{
  const Adder *adder = data;

  for (int i = adder->first; i < 12; i += 3) {
    char id[16];

    snprintf (id, sizeof id, "o%02d", i);
    add_object (adder->builder, id);
    add_poster (adder->builder, id, 100, 100, (uint32_t) i + 1);
  }
  return NULL;
}

START_TEST (threads_may_add_at_once)
{
  LinceIndexBuilder *alone = new_builder (), *together = new_builder ();
  LinceIndex *one, *other;
  pthread_t threads[3];
  Adder adders[3];

  for (int i = 0; i < 3; i++) {
    Adder adder = {alone, i};

    add_some (&adder);
  }
  for (int i = 0; i < 3; i++) {
    adders[i] = (Adder){together, i};
    ck_assert_int_eq (pthread_create (&threads[i], NULL, add_some, &adders[i]), 0);
  }
  for (int i = 0; i < 3; i++)
    pthread_join (threads[i], NULL);
  one = finish (alone);
  other = finish (together);
  ck_assert_uint_eq (lince_index_image_count (other), 12);
  ck_assert_str_eq (lince_index_revision (one), lince_index_revision (other));
  lince_index_unref (one);
  lince_index_unref (other);
  lince_index_builder_free (alone);
  lince_index_builder_free (together);
}
END_TEST

static void *
read_references (void *data)
{
  LinceIndex *index = data;
  uint64_t sum = 0;

  for (uint32_t i = 0; i < lince_index_image_count (index); i++) {
    LinceReference reference;

    if (lince_index_reference (index, i, &reference, NULL))
      sum += reference.levels[0].luma[0];
  }
  return (void *) (uintptr_t) (sum + 1);
}

START_TEST (threads_may_read_at_once)
{
  char *folder = make_folder (), *path = path_in (folder, "a.index");
  LinceIndexBuilder *builder = build_sample ();
  LinceIndex *index;
  pthread_t threads[4];
  void *sums[4];

  ck_assert (lince_index_builder_write (builder, path, NULL));
  index = lince_index_open (path, NULL);
  ck_assert_ptr_nonnull (index);
  for (int i = 0; i < 4; i++)
    ck_assert_int_eq (pthread_create (&threads[i], NULL, read_references, index), 0);
  for (int i = 0; i < 4; i++)
    pthread_join (threads[i], &sums[i]);
  for (int i = 1; i < 4; i++)
    ck_assert_ptr_eq (sums[i], sums[0]);
  lince_index_unref (index);
  lince_index_builder_free (builder);
  free (path);
  remove_folder (folder);
}
END_TEST

/* A refused picture leaves the builder as it was: without a usable image. */
static void
check_refused (DrawnPicture *drawn)
{
  LinceIndexBuilder *builder = new_builder ();
  LinceError error = {0};

  add_object (builder, "x");
  ck_assert (!lince_index_builder_add_image (builder, "x", "x.png", &drawn->picture, NULL, &error));
  ck_assert_msg (strncmp (error.text, "x.png: ", 7) == 0, "%s", error.text);
  ck_assert_ptr_null (lince_index_builder_finish (builder, &error));
  ck_assert_ptr_nonnull (strstr (error.text, "no usable image"));
  lince_index_builder_free (builder);
}

static LinceErrorCode
add_code (DrawnPicture *drawn)
{
  LinceIndexBuilder *builder = new_builder ();
  LinceError error = {0};

  add_object (builder, "x");
  lince_index_builder_add_image (builder, "x", "x.png", &drawn->picture, NULL, &error);
  lince_index_builder_free (builder);
  return error.code;
}

START_TEST (small_and_flat_pictures_are_refused)
{
  DrawnPicture drawn;

  drawn = draw_poster (15, 100, 1);
  ck_assert_int_eq (add_code (&drawn), LINCE_ERROR_PICTURE_SIZE);
  check_refused (&drawn);
  free_picture (&drawn);
  drawn = draw_poster (100, 15, 1);
  ck_assert_int_eq (add_code (&drawn), LINCE_ERROR_PICTURE_SIZE);
  free_picture (&drawn);
  drawn = draw_poster (16, 16, 1);
  ck_assert_int_eq (add_code (&drawn), LINCE_OK);
  free_picture (&drawn);

  drawn = new_picture (64, 64);
  ck_assert_int_eq (add_code (&drawn), LINCE_ERROR_PICTURE_FLAT);
  fill_rectangle (&drawn, 0, 0, 64, 64, 0x336699ff);
  ck_assert_int_eq (add_code (&drawn), LINCE_ERROR_PICTURE_FLAT);
  /* evenly translucent, then wholly transparent with a shape in what cannot be seen */
  fill_rectangle (&drawn, 0, 0, 64, 64, 0x33669980);
  ck_assert_int_eq (add_code (&drawn), LINCE_ERROR_PICTURE_FLAT);
  fill_rectangle (&drawn, 0, 0, 64, 64, 0x00000000);
  fill_rectangle (&drawn, 10, 10, 20, 20, 0xffffff00);
  ck_assert_int_eq (add_code (&drawn), LINCE_ERROR_PICTURE_FLAT);
  check_refused (&drawn);
  free_picture (&drawn);
}
END_TEST

START_TEST (shapes_of_one_colour_are_taken)
{
  DrawnPicture drawn = new_picture (64, 64);

  fill_rectangle (&drawn, 0, 0, 64, 64, 0x00000000);
  fill_rectangle (&drawn, 20, 10, 24, 40, 0x336699ff);
  ck_assert_int_eq (add_code (&drawn), LINCE_OK);
  /* colours of one luma */
  fill_rectangle (&drawn, 0, 0, 64, 64, 0x808080ff);
  fill_rectangle (&drawn, 20, 10, 24, 40, 0xff40ffff);
  ck_assert_int_eq (add_code (&drawn), LINCE_OK);
  fill_rectangle (&drawn, 0, 0, 64, 64, 0xffffffff);
  fill_rectangle (&drawn, 0, 0, 32, 64, 0xc8c8c8ff);
  ck_assert_int_eq (add_code (&drawn), LINCE_OK);
  free_picture (&drawn);
}
END_TEST

START_TEST (too_large_is_refused)
{
  DrawnPicture drawn = new_picture (16, 16);

  /* refused by its sides, before a pixel is looked at */
  drawn.picture.width = LINCE_PICTURE_MAX_SIDE + 1;
  ck_assert_int_eq (add_code (&drawn), LINCE_ERROR_PICTURE_SIZE);
  free_picture (&drawn);
}
END_TEST

START_TEST (ids_and_texts_are_checked)
{
  static const char *const bad[] = {"", ".hidden", "a b", "a/b", "a+b", "caf\xe9", "\xc0\xae",
      "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc2\xa0", "a\x7f", "a\n"};
  static const char *const good[] = {
      "a", "a.b", "A_b-9.", "\xd0\xba\xd1\x96\xd0\xbd\xd0\xbe", "-", "\xf0\xa0\x80\x80"};
  LinceIndexBuilder *builder = new_builder ();
  LinceError error = {0};
  char longest[LINCE_ID_MAX + 2];

  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ck_assert_msg (!lince_index_builder_add_object (builder, bad[i], NULL, NULL, &error),
        "%s was taken", bad[i]);
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
    add_object (builder, good[i]);
  ck_assert (!lince_index_builder_add_object (builder, "a", NULL, NULL, &error));
  ck_assert_ptr_nonnull (strstr (error.text, "two objects with the id a"));
  memset (longest, 'x', sizeof longest);
  longest[LINCE_ID_MAX] = '\0';
  add_object (builder, longest);
  longest[LINCE_ID_MAX] = 'x';
  longest[LINCE_ID_MAX + 1] = '\0';
  ck_assert (!lince_index_builder_add_object (builder, longest, NULL, NULL, &error));
  ck_assert (!lince_index_builder_add_object (builder, "n", "\xff", NULL, &error));
  ck_assert (!lince_index_builder_add_object (builder, "m", NULL, "[]", &error));
  ck_assert (!lince_index_builder_add_object (builder, "m", NULL, "", &error));
  lince_index_builder_free (builder);
}
END_TEST

/* A white picture with a black left third, of sides that do not divide evenly. */
START_TEST (generators_are_checked)
{
  LinceIndexBuilder *builder = lince_index_builder_new (NULL);
  LinceError error = {0};

  ck_assert (lince_index_builder_add_object (builder, "a", NULL, NULL, &error));
  ck_assert (lince_index_builder_set_generators (builder, "a", LINCE_GENERATOR_MARK, &error));
  ck_assert (!lince_index_builder_set_generators (builder, "a", 0, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  ck_assert (!lince_index_builder_set_generators (builder, "a", 8, &error));
  ck_assert (!lince_index_builder_set_generators (builder, "b", LINCE_GENERATOR_BUG, &error));
  ck_assert_ptr_nonnull (strstr (error.text, "b"));
  lince_index_builder_free (builder);
}
END_TEST

START_TEST (levels_are_area_averages)
{
  DrawnPicture drawn = new_picture (601, 401);
  LinceIndexBuilder *builder = new_builder ();
  LinceReference reference;
  LinceIndex *index;

  fill_rectangle (&drawn, 0, 0, 200, 401, 0x000000ff);
  add_object (builder, "x");
  ck_assert (lince_index_builder_add_image (builder, "x", "x", &drawn.picture, NULL, NULL));
  index = finish (builder);
  ck_assert (lince_index_reference (index, 0, &reference, NULL));
  ck_assert_int_eq (reference.width, 601);
  ck_assert_int_eq (reference.height, 401);
  ck_assert_int_eq (reference.levels[0].width, 128);
  ck_assert_int_eq (reference.levels[0].height, 85);
  ck_assert_int_eq (reference.level_count, 3); /* 128, 64, 32: 16 x 11 is too small */
  for (int i = 0; i < reference.level_count; i++) {
    const LinceReferenceLevel *level = &reference.levels[i];
    double border = 200.0 * level->width / 601;

    ck_assert_ptr_null (level->mask);
    if (i > 0) {
      ck_assert_int_eq (level->width, (level[-1].width + 1) / 2);
      ck_assert_int_eq (level->height, (level[-1].height + 1) / 2);
    }
    for (int y = 0; y < level->height; y++)
      for (int x = 0; x < level->width; x++) {
        /* the share of the pixel that lies right of the border */
        double white = x + 1 - border < 0 ? 0 : x > border ? 1 : x + 1 - border;
        int value = level->luma[y * level->width + x];

        ck_assert_msg (value >= 255 * white - 1.5 - i && value <= 255 * white + 1.5 + i,
            "level %d, %d,%d: %d is not %.1f", i, x, y, value, 255 * white);
      }
  }
  lince_index_unref (index);
  lince_index_builder_free (builder);
  free_picture (&drawn);
}
END_TEST

/* Chroma has half of a level's sides; 0 and 255 are its extremes. A wide picture keeps more
 * columns. */
START_TEST (levels_have_chroma)
{
  DrawnPicture drawn = new_picture (600, 100);
  LinceIndexBuilder *builder = new_builder ();
  LinceReference reference;
  LinceIndex *index;

  fill_rectangle (&drawn, 0, 0, 300, 100, 0x0000ffff);
  fill_rectangle (&drawn, 300, 0, 300, 100, 0xff0000ff);
  add_object (builder, "x");
  ck_assert (lince_index_builder_add_image (builder, "x", "x", &drawn.picture, NULL, NULL));
  index = finish (builder);
  ck_assert (lince_index_reference (index, 0, &reference, NULL));
  ck_assert_int_eq (reference.levels[0].width, 222);
  ck_assert_int_eq (reference.levels[0].height, 37);
  for (int i = 0; i < reference.level_count; i++) {
    const LinceReferenceLevel *level = &reference.levels[i];
    int width = lince_reference_chroma_width (level);

    for (int y = 0; y < lince_reference_chroma_height (level); y++) {
      /* pure blue and pure red by BT.601: Cb 255 and 84.97, Cr 107.28 and 255 */
      ck_assert_int_eq (level->cb[y * width], 255);
      ck_assert_int_eq (level->cr[y * width], 107);
      ck_assert_int_eq (level->cb[y * width + width - 1], 85);
      ck_assert_int_eq (level->cr[y * width + width - 1], 255);
    }
  }
  lince_index_unref (index);
  lince_index_builder_free (builder);
  free_picture (&drawn);
}
END_TEST

/* What is transparent takes the colour of what is opaque beside it, whatever its own. */
START_TEST (transparent_pixels_are_filled)
{
  DrawnPicture drawn = new_picture (64, 64);
  LinceIndexBuilder *builder = new_builder ();
  LinceReference reference;
  LinceIndex *index;

  fill_rectangle (&drawn, 0, 0, 64, 64, 0xffffff00);
  fill_rectangle (&drawn, 16, 16, 16, 32, 0x101010ff);
  fill_rectangle (&drawn, 32, 16, 16, 32, 0x909090ff);
  add_object (builder, "x");
  ck_assert (lince_index_builder_add_image (builder, "x", "x", &drawn.picture, NULL, NULL));
  index = finish (builder);
  ck_assert (lince_index_reference (index, 0, &reference, NULL));
  ck_assert_int_eq (reference.level_count, 3);
  ck_assert_int_eq (reference.levels[0].width, 64);
  for (int i = 0; i < 64 * 64; i++) {
    int x = i % 64, y = i / 64;
    bool opaque = x >= 16 && x < 48 && y >= 16 && y < 48;

    ck_assert_int_eq (reference.levels[0].mask[i], opaque ? 255 : 0);
    if (opaque)
      ck_assert_int_eq (reference.levels[0].luma[i], x < 32 ? 0x10 : 0x90);
    else
      ck_assert_int_le (reference.levels[0].luma[i], 0x90);
  }
  /* beside the dark half it is dark, beside the light half light */
  ck_assert_int_eq (reference.levels[0].luma[32 * 64 + 15], 0x10);
  ck_assert_int_eq (reference.levels[0].luma[32 * 64 + 48], 0x90);
  ck_assert_int_eq (reference.levels[1].mask[16 * 32 + 8], 255);
  ck_assert_int_eq (reference.levels[1].mask[16 * 32 + 7], 0);
  lince_index_unref (index);
  lince_index_builder_free (builder);
  free_picture (&drawn);
}
END_TEST

/* A second writing removes what only the first named; who has that open keeps it. */
START_TEST (stale_segments_are_removed)
{
  char *folder = make_folder (), *path = path_in (folder, "a.index");
  char *other = path_in (folder, "a.index.backup");
  LinceIndexBuilder *builder = build_sample ();
  LinceIndex *old;
  LinceError error = {0};

  ck_assert (lince_index_builder_write (builder, other, NULL));
  ck_assert (lince_index_builder_write (builder, path, NULL));
  ck_assert_int_eq (count_files (folder, ".segment", NULL), 4);
  old = lince_index_open (path, NULL);
  ck_assert_ptr_nonnull (old);
  add_poster (builder, "alpha.1", 200, 200, 99);
  ck_assert (lince_index_builder_write (builder, path, NULL));
  ck_assert_int_eq (count_files (folder, ".segment", NULL), 4);
  ck_assert_msg (lince_index_verify (old, &error), "%s", error.text);
  check_sample (old);
  lince_index_unref (old);
  old = lince_index_open (other, &error);
  ck_assert_msg (old != NULL, "%s", error.text);
  ck_assert (lince_index_verify (old, &error));
  lince_index_unref (old);
  ck_assert_int_eq (count_files (folder, ".new", NULL), 0);
  lince_index_builder_free (builder);
  free (path);
  free (other);
  remove_folder (folder);
}
END_TEST

/* An unchanged segment is not written again. */
START_TEST (equal_segments_stay)
{
  char *folder = make_folder (), *path = path_in (folder, "a.index"), *segment = NULL;
  LinceIndexBuilder *builder = build_sample ();
  struct stat before, after;

  ck_assert (lince_index_builder_write (builder, path, NULL));
  ck_assert_int_eq (count_files (folder, ".segment", &segment), 2);
  ck_assert_int_eq (stat (segment, &before), 0);
  ck_assert (lince_index_builder_write (builder, path, NULL));
  ck_assert_int_eq (stat (segment, &after), 0);
  ck_assert_uint_eq (before.st_ino, after.st_ino);
  lince_index_builder_free (builder);
  free (segment);
  free (path);
  remove_folder (folder);
}
END_TEST

START_TEST (writing_says_what_is_wrong)
{
  LinceIndexBuilder *builder = build_sample ();
  LinceError error = {0};
  char name[400] = "/tmp/";

  ck_assert (!lince_index_builder_write (builder, "/nonexistent/a.index", &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_IO);
  ck_assert_ptr_nonnull (strstr (error.text, "/nonexistent/a.index"));
  memset (name + 5, 'x', 300);
  ck_assert (!lince_index_builder_write (builder, name, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  ck_assert (!lince_index_builder_write (builder, "/tmp/", &error));
  lince_index_builder_free (builder);
  builder = new_builder ();
  add_object (builder, "x");
  ck_assert (!lince_index_builder_write (builder, "/tmp/never-written.index", &error));
  ck_assert_ptr_nonnull (strstr (error.text, "no usable image"));
  ck_assert_int_ne (access ("/tmp/never-written.index", F_OK), 0);
  lince_index_builder_free (builder);
}
END_TEST

#define MANY 40 /* more than are merged with any that come anew */

/* Objects `from` to `to` - 1 of a set, each of one small picture. */
static void
add_many (LinceIndexBuilder *builder, int from, int to)
{
  for (int i = from; i < to; i++) {
    char id[16];

    snprintf (id, sizeof id, "o%03d", i);
    add_object (builder, id);
    add_poster (builder, id, 64, 48 + i % 9, (uint32_t) i + 1);
  }
}

/* Those of objects `from` to `to` - 1 of the set that `base` has. */
static void
keep_many (LinceIndexBuilder *builder, const LinceIndex *base, int from, int to)
{
  for (int i = from; i < to; i++) {
    LinceError error = {0};
    char id[16];
    int64_t number;
    uint32_t object;
    LinceEnrolment enrolment;

    snprintf (id, sizeof id, "o%03d", i);
    number = lince_index_find (base, id);
    if (number < 0)
      continue;
    add_object (builder, id);
    /* what was cut out of an image comes with it */
    for (uint32_t k = 0; lince_index_image (base, k, &object, &enrolment); k++)
      ck_assert_msg (object != number || enrolment.variant.kind == LINCE_VARIANT_CUT_OUT ||
                         lince_index_builder_keep_image (builder, id, k, &error),
          "%s", error.text);
  }
}

/* Whether two indexes hold the same objects, pixels and features, wherever these lie. */
static void
check_same (LinceIndex *one, LinceIndex *other)
{
  LinceError error = {0};
  const LinceTexturedSet *a = lince_index_textured (one, &error);
  const LinceTexturedSet *b = lince_index_textured (other, &error);

  ck_assert_msg (a != NULL && b != NULL, "%s", error.text);
  ck_assert_str_eq (lince_index_revision (one), lince_index_revision (other));
  ck_assert_uint_eq (lince_index_image_count (one), lince_index_image_count (other));
  for (uint32_t i = 0; i < lince_index_image_count (one); i++) {
    LinceReference x, y;
    LinceFeatures f, g;

    ck_assert_msg (lince_index_reference (one, i, &x, &error), "%s", error.text);
    ck_assert_msg (lince_index_reference (other, i, &y, &error), "%s", error.text);
    ck_assert_uint_eq (x.object, y.object);
    ck_assert_int_eq (x.levels[0].width, y.levels[0].width);
    ck_assert_int_eq (x.levels[0].height, y.levels[0].height);
    ck_assert_mem_eq (x.levels[0].luma, y.levels[0].luma,
        (size_t) x.levels[0].width * (size_t) x.levels[0].height);
    ck_assert (lince_index_extract (one, i, &f, &error));
    ck_assert (lince_index_extract (other, i, &g, &error));
    ck_assert_uint_gt (f.count, 0);
    ck_assert_uint_eq (f.size, g.size);
    ck_assert_mem_eq (f.data, g.data, f.size);
    lince_features_clear (&f);
    lince_features_clear (&g);
    /* each image's place leads back to its number */
    ck_assert_uint_eq (a->parts[a->places[i].part].numbers[a->places[i].image], i);
    ck_assert_uint_eq (b->parts[b->places[i].part].numbers[b->places[i].image], i);
  }
}

/* The index at `path` with the images of objects `kept` to `end` - 1 that it has, and those of
 * objects `end` to `added` - 1 anew. */
static LinceIndex *
change (const char *path, LinceIndex *base, int kept, int end, int added)
{
  LinceIndexBuilder *builder = new_builder ();
  LinceError error = {0};
  LinceIndex *index;

  lince_index_builder_set_base (builder, base);
  keep_many (builder, base, kept, end);
  add_many (builder, end, added);
  ck_assert_msg (lince_index_builder_write (builder, path, &error), "%s", error.text);
  lince_index_builder_free (builder);
  index = lince_index_reopen (base, path, &error);
  ck_assert_msg (index != NULL, "%s", error.text);
  return index;
}

/* Objects `from` to `to` - 1, compiled at once. */
static LinceIndex *
whole (int from, int to)
{
  LinceIndexBuilder *builder = new_builder ();
  LinceIndex *index;

  add_many (builder, from, to);
  index = finish (builder);
  lince_index_builder_free (builder);
  return index;
}

static uint32_t
part_count (LinceIndex *index)
{
  const LinceTexturedSet *set = lince_index_textured (index, NULL);

  ck_assert_ptr_nonnull (set);
  return set->part_count;
}

/* One picture more leaves the segment of the others as it is; so do some fewer. */
START_TEST (a_change_keeps_segments)
{
  char *folder = make_folder (), *path = path_in (folder, "a.index"), *name = NULL;
  LinceIndexBuilder *builder = new_builder ();
  LinceIndex *base, *index, *expected;
  const void *features;
  struct stat before, after;

  add_many (builder, 0, MANY);
  ck_assert (lince_index_builder_write (builder, path, NULL));
  base = lince_index_open (path, NULL);
  name = path_in (folder, lince_index_manifest (base)->segments[1].name);
  ck_assert_int_eq (stat (name, &before), 0);
  features = lince_index_textured (base, NULL)->parts[0].textured.data;

  index = change (path, base, 0, MANY, MANY + 1);
  ck_assert_uint_eq (part_count (index), 2);
  ck_assert_int_eq (count_files (folder, ".segment", NULL), 3);
  ck_assert_int_eq (stat (name, &after), 0);
  ck_assert_uint_eq (before.st_ino, after.st_ino);
  /* mapped and checked once for both */
  ck_assert_ptr_eq (lince_index_textured (index, NULL)->parts[0].textured.data, features);
  expected = whole (0, MANY + 1);
  check_same (index, expected);
  lince_index_unref (expected);
  lince_index_unref (base);

  base = index;
  index = change (path, base, 8, MANY + 1, MANY + 1);
  ck_assert_uint_eq (part_count (index), 2);
  ck_assert_int_eq (stat (name, &after), 0);
  expected = whole (8, MANY + 1);
  check_same (index, expected);
  lince_index_unref (expected);
  lince_index_unref (base);

  /* a segment of which too little is wanted goes */
  base = index;
  index = change (path, base, 16, MANY + 1, MANY + 1);
  ck_assert_uint_eq (part_count (index), 1);
  ck_assert_int_eq (stat (name, &after), -1);
  expected = whole (16, MANY + 1);
  check_same (index, expected);
  lince_index_unref (expected);
  lince_index_unref (base);
  lince_index_unref (index);
  lince_index_builder_free (builder);
  free (name);
  free (path);
  remove_folder (folder);
}
END_TEST

/* Picture by picture: segments stay few, and the end is as if all had come at once. */
START_TEST (small_segments_are_merged)
{
  char *folder = make_folder (), *path = path_in (folder, "a.index");
  LinceIndex *index = NULL, *expected = whole (0, MANY + 40);
  LinceIndexBuilder *builder = new_builder ();

  add_many (builder, 0, MANY);
  ck_assert (lince_index_builder_write (builder, path, NULL));
  lince_index_builder_free (builder);
  index = lince_index_open (path, NULL);
  for (int i = MANY; i < MANY + 40; i += 4) {
    LinceIndex *base = index;

    index = change (path, base, 0, i, i + 4);
    lince_index_unref (base);
    ck_assert_uint_le (part_count (index), 3);
  }
  check_same (index, expected);
  lince_index_unref (index);
  lince_index_unref (expected);
  free (path);
  remove_folder (folder);
}
END_TEST

/* The base lies elsewhere: linked to; its file is gone: written; it was never a file. */
START_TEST (a_base_lies_elsewhere)
{
  char *folder = make_folder (), *path = path_in (folder, "a.index");
  char *other = path_in (folder, "b.index"), *third = path_in (folder, "c.index");
  LinceIndexBuilder *builder = new_builder ();
  LinceIndex *base, *index, *expected = whole (0, MANY + 1);
  struct stat one, two;
  char *name;

  add_many (builder, 0, MANY);
  ck_assert (lince_index_builder_write (builder, path, NULL));
  base = lince_index_open (path, NULL);
  index = change (other, base, 0, MANY, MANY + 1);
  check_same (index, expected);
  name = path_in (folder, lince_index_manifest (base)->segments[1].name);
  ck_assert_int_eq (stat (name, &one), 0);
  ck_assert_int_eq (unlink (name), 0);
  free (name);
  name = path_in (folder, lince_index_manifest (index)->segments[1].name);
  ck_assert_int_eq (stat (name, &two), 0);
  ck_assert_uint_eq (one.st_ino, two.st_ino);
  free (name);
  lince_index_unref (index);

  index = change (third, base, 0, MANY, MANY + 1);
  check_same (index, expected);
  lince_index_unref (index);
  lince_index_unref (base);

  base = whole (0, MANY);
  index = change (third, base, 0, MANY, MANY + 1);
  check_same (index, expected);
  lince_index_unref (index);
  lince_index_builder_free (builder);

  builder = new_builder ();
  lince_index_builder_set_base (builder, base);
  keep_many (builder, base, 0, MANY);
  add_many (builder, MANY, MANY + 1);
  index = finish (builder);
  check_same (index, expected);
  lince_index_unref (index);
  lince_index_unref (base);
  lince_index_unref (expected);
  lince_index_builder_free (builder);
  free (path);
  free (other);
  free (third);
  remove_folder (folder);
}
END_TEST

/* Shapes of all images, in an order of their own. */
static int
compare_bytes (const void *a, const void *b)
{
  return memcmp (a, b, sizeof (LinceMarkFeature));
}

static LinceFeatures *
read_marks (LinceIndex *index)
{
  uint32_t count = lince_index_image_count (index);
  LinceFeatures *features = calloc (count, sizeof *features);
  LinceError error = {0};
  LinceMarks marks;
  size_t size;
  const void *data = lince_index_marks (index, &size, &error);

  ck_assert_msg (
      data != NULL && lince_mark_open (&marks, data, size, count, &error), "%s", error.text);
  ck_assert_msg (lince_mark_extract (&marks, features, &error), "%s", error.text);
  for (uint32_t i = 0; i < count; i++)
    if (features[i].count > 0)
      qsort ((LinceMarkHeader *) features[i].data + 1, features[i].count, sizeof (LinceMarkFeature),
          compare_bytes);
  return features;
}

/* What is known of marks is taken over too. */
START_TEST (marks_are_kept)
{
  LinceIndexBuilder *builder = build_sample (), *changed = new_builder ();
  LinceIndex *base = finish (builder), *index;
  LinceFeatures *before = read_marks (base), *after;
  static const char *const ids[] = {"alpha.1", "beta", "beta", "\xd0\xbc-hd"};
  uint32_t shapes = 0;

  lince_index_builder_set_base (changed, base);
  add_object (changed, "a-first"); /* so that numbers are not the same */
  add_poster (changed, "a-first", 64, 64, 5);
  for (uint32_t i = 0; i < 4; i++) {
    if (i != 2)
      add_object (changed, ids[i]);
    ck_assert (lince_index_builder_keep_image (changed, ids[i], i, NULL));
  }
  index = finish (changed);
  after = read_marks (index);
  for (uint32_t i = 0; i < 4; i++) {
    shapes += before[i].count;
    ck_assert_uint_eq (before[i].count, after[i + 1].count);
    ck_assert_uint_eq (before[i].size, after[i + 1].size);
    if (before[i].size > 0)
      ck_assert_mem_eq (before[i].data, after[i + 1].data, before[i].size);
  }
  ck_assert_uint_gt (shapes, 0);
  for (uint32_t i = 0; i < 5; i++) {
    if (i < 4)
      lince_features_clear (&before[i]);
    lince_features_clear (&after[i]);
  }
  free (before);
  free (after);
  lince_index_unref (index);
  lince_index_unref (base);
  lince_index_builder_free (builder);
  lince_index_builder_free (changed);
}
END_TEST

/* A mark on a plain ground, as it is cut from a frame, has an image without its ground; a large
 * picture, and one without a plain border, have none. */
START_TEST (small_marks_are_cut_out)
{
  static const struct {
    int width, height;
    bool plain;
    uint32_t images;
  } cases[] = {{100, 60, true, 2}, {100, 60, false, 1}, {200, 120, true, 1}};

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int w = cases[i].width, h = cases[i].height;
    LinceIndexBuilder *builder = lince_index_builder_new (NULL);
    DrawnPicture drawn = new_picture (w, h);
    LinceReference reference;
    LinceEnrolment enrolment;
    LinceIndex *index;
    uint32_t count = 0, seed = 1;
    int edge;

    fill_rectangle (&drawn, 0, 0, w, h, 0x4060a0ff);
    for (int x = 0; x < w && !cases[i].plain; x += 8)
      fill_rectangle (&drawn, x, 0, 8, h, next_random (&seed) << 8 | 255);
    /* a soft edge, half of the one and half of the other */
    fill_rectangle (&drawn, w / 4 - 1, h / 4 - 1, w / 2 + 2, h / 2 + 2, 0x98a8c8ff);
    fill_rectangle (&drawn, w / 4, h / 4, w / 2, h / 2, 0xf0f0f0ff);
    add_object (builder, "a");
    ck_assert (lince_index_builder_add_image (builder, "a", "a", &drawn.picture, &enrolment, NULL));
    ck_assert (!enrolment.transparent);
    index = finish (builder);
    ck_assert_uint_eq (lince_index_image_count (index), cases[i].images);
    for (uint32_t n = 0; n < cases[i].images; n++) {
      ck_assert (lince_index_image (index, n, NULL, &enrolment));
      ck_assert (lince_index_reference (index, n, &reference, NULL));
      ck_assert_int_eq (reference.cut_out, enrolment.variant.kind == LINCE_VARIANT_CUT_OUT);
      ck_assert_int_eq (reference.cut_out, enrolment.transparent);
      if (!reference.cut_out)
        continue;
      count++;
      ck_assert_uint_eq (reference.levels[0].mask[0], 0);
      ck_assert_uint_eq (reference.levels[0].mask[h / 2 * w + w / 2], 255);
      ck_assert_uint_ge (reference.levels[0].luma[h / 2 * w + w / 2], 235);
      edge = h / 2 * w + w / 4 - 1;
      ck_assert_int_le (abs (reference.levels[0].mask[edge] - 128), 12);
      ck_assert_uint_ge (reference.levels[0].luma[edge], 225);
    }
    ck_assert_uint_eq (count, cases[i].images - 1);
    lince_index_unref (index);
    lince_index_builder_free (builder);
    free_picture (&drawn);
  }
}
END_TEST

/* A picture that the object has from the base already is taken once; what the base has not, never.
 */
START_TEST (kept_images_are_checked)
{
  LinceIndex *base = whole (0, 3), *index;
  LinceIndexBuilder *builder = new_builder ();
  LinceError error = {0};

  add_object (builder, "o001");
  ck_assert (!lince_index_builder_keep_image (builder, "o001", 0, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_ARGUMENT);
  lince_index_builder_set_base (builder, base);
  ck_assert (!lince_index_builder_keep_image (builder, "o001", 3, &error));
  ck_assert (!lince_index_builder_keep_image (builder, "nobody", 1, &error));
  ck_assert (lince_index_builder_keep_image (builder, "o001", 1, &error));
  add_poster (builder, "o001", 64, 49, 2);
  index = finish (builder);
  ck_assert_uint_eq (lince_index_image_count (index), 1);
  lince_index_unref (index);
  lince_index_unref (base);
  lince_index_builder_free (builder);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("index build");
  TCase *tests = tcase_create ("build");

  tcase_add_test (tests, file_and_memory_hold_the_same);
  tcase_add_test (tests, order_of_adding_does_not_matter);
  tcase_add_test (tests, memory_limit_does_not_matter);
  tcase_add_test (tests, revision_follows_content);
  tcase_add_test (tests, threads_may_add_at_once);
  tcase_add_test (tests, threads_may_read_at_once);
  tcase_add_test (tests, small_and_flat_pictures_are_refused);
  tcase_add_test (tests, shapes_of_one_colour_are_taken);
  tcase_add_test (tests, too_large_is_refused);
  tcase_add_test (tests, ids_and_texts_are_checked);
  tcase_add_test (tests, generators_are_checked);
  tcase_add_test (tests, levels_are_area_averages);
  tcase_add_test (tests, levels_have_chroma);
  tcase_add_test (tests, transparent_pixels_are_filled);
  tcase_add_test (tests, stale_segments_are_removed);
  tcase_add_test (tests, equal_segments_stay);
  tcase_add_test (tests, writing_says_what_is_wrong);
  tcase_add_test (tests, a_change_keeps_segments);
  tcase_add_test (tests, small_segments_are_merged);
  tcase_add_test (tests, a_base_lies_elsewhere);
  tcase_add_test (tests, small_marks_are_cut_out);
  tcase_add_test (tests, kept_images_are_checked);
  tcase_add_test (tests, marks_are_kept);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
