/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "../suite.h"
#include "media/collection.h"
#include "media/variant.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "picture_files.h"

static char *folder, *cache;

static void
set_up (void)
{
  folder = make_folder ();
  cache = make_folder ();
  g_setenv ("LINCE_CACHE_DIR", cache, TRUE);
}

static void
tear_down (void)
{
  remove_folder (folder);
  remove_folder (cache);
  g_free (folder);
  g_free (cache);
}

/* What was reported. */
typedef struct {
  guint good, bad, done, total;
  GString *problems; /* sentences, a line each */
} Heard;

static void
hear (const char *image, const LinceEnrolment *report, const GError *problem, guint done,
    guint total, gpointer user_data)
{
  Heard *heard = user_data;

  ck_assert_uint_le (done, total);
  ck_assert ((report == NULL) != (problem == NULL) || image == NULL);
  heard->done = done;
  heard->total = total;
  heard->good += report != NULL;
  heard->bad += problem != NULL;
  if (problem != NULL) {
    ck_assert_msg (strstr (problem->message, image) != NULL, "%s", problem->message);
    g_string_append_printf (heard->problems, "%s\n", problem->message);
  }
}

static LinceIndex *
open_folder (Heard *heard)
{
  g_autoptr (GError) error = NULL;
  LinceIndex *index;

  if (heard->problems != NULL)
    g_string_free (heard->problems, TRUE);
  *heard = (Heard){.problems = g_string_new (NULL)};
  index = lince_collection_open (folder, hear, heard, NULL, &error);
  ck_assert_msg (index != NULL, "%s", error != NULL ? error->message : "");
  return index;
}

static void
expect_ids (LinceIndex *index, const char *const *ids)
{
  LinceObject object;
  guint32 count = 0;

  for (; ids[count] != NULL; count++) {
    ck_assert_msg (lince_index_object (index, count, &object), "%s is missing", ids[count]);
    ck_assert_str_eq (object.id, ids[count]);
  }
  ck_assert_uint_eq (lince_index_object_count (index), count);
}

/* Ids are file names without their last ending; what is no picture by name is left alone. */
START_TEST (names_are_ids)
{
  static const char *const ids[] = {
      "A_b-9", "lucene.net", "several", "\xd0\xbc-\xd0\xba\xd1\x96\xd0\xbd\xd0\xbe-hd", NULL};
  g_autofree char *several = g_build_filename (folder, "several", NULL);
  Heard heard = {0};
  LinceIndex *index;
  LinceObject object;
  struct stat before, after;

  save_poster (folder, "lucene.net.png", 192, 192, 1);
  save_poster (folder, "A_b-9.JPG", 192, 192, 2);
  save_poster (folder, "\xd0\xbc-\xd0\xba\xd1\x96\xd0\xbd\xd0\xbe-hd.png", 192, 192, 3);
  ck_assert_int_eq (g_mkdir (several, 0700), 0);
  save_poster (several, "front side.png", 192, 192, 4);
  save_poster (several, "back.jpeg", 192, 192, 5);
  save_poster (folder, "several.png", 192, 192, 6);
  write_file (folder, "README.txt", "hello", -1);
  write_file (folder, ".hidden.png", "hello", -1);
  write_file (several, "notes", "hello", -1);
  ck_assert_int_eq (g_stat (folder, &before), 0);
  index = open_folder (&heard);
  expect_ids (index, ids);
  ck_assert_uint_eq (heard.good, 6);
  ck_assert_uint_eq (heard.bad, 0);
  ck_assert_uint_eq (heard.done, 6);
  ck_assert_uint_eq (heard.total, 6);
  ck_assert (lince_index_object (index, 2, &object));
  ck_assert_uint_eq (object.image_count, 3);
  ck_assert_str_eq (object.name, "several");
  /* nothing was written into the collection */
  ck_assert_int_eq (g_stat (folder, &after), 0);
  ck_assert_mem_eq (&before.st_mtim, &after.st_mtim, sizeof before.st_mtim);
  lince_index_unref (index);
}
END_TEST

START_TEST (json_gives_name_and_metadata)
{
  Heard heard = {0};
  LinceIndex *index;
  LinceObject object;

  save_poster (folder, "a.b.png", 64, 64, 1);
  save_poster (folder, "c.png", 64, 64, 2);
  write_file (folder, "a.b.json",
      "{\"name\": \"Caf\xc3\xa9 \\u00e9\", \"metadata\": {\"price\": 12, \"tags\": [\"x\"]},"
      " \"else\": 1}",
      -1);
  index = open_folder (&heard);
  ck_assert_uint_eq (heard.bad, 0);
  ck_assert (lince_index_object (index, 0, &object));
  ck_assert_str_eq (object.name, "Caf\xc3\xa9 \xc3\xa9");
  ck_assert_str_eq (object.metadata, "{\"price\":12,\"tags\":[\"x\"]}");
  ck_assert (lince_index_object (index, 1, &object));
  ck_assert_str_eq (object.name, "c");
  ck_assert_str_eq (object.metadata, "{}");
  lince_index_unref (index);
}
END_TEST

/* Which generators an object's images may have can be said; what is not said is enrolment's choice.
 */
START_TEST (json_gives_generators)
{
  Heard heard = {0};
  LinceEnrolment enrolment;
  LinceIndex *index;

  save_poster (folder, "free.png", 192, 192, 1);
  save_poster (folder, "kept.png", 192, 192, 2);
  save_poster (folder, "other.png", 192, 192, 3);
  write_file (folder, "kept.json", "{\"generators\": [\"bug\", \"textured\"]}", -1);
  write_file (folder, "other.json", "{\"generators\": [\"bug\"]}", -1);
  index = open_folder (&heard);
  ck_assert_uint_eq (heard.bad, 0);
  for (guint32 i = 0; i < 3; i++) {
    ck_assert (lince_index_image (index, i, NULL, &enrolment));
    ck_assert_int_eq (enrolment.textured, i < 2);
    ck_assert_int_eq (enrolment.generators & LINCE_GENERATOR_TEXTURED, i < 2);
  }
  ck_assert_uint_eq (enrolment.keypoints, 0);
  lince_index_unref (index);
}
END_TEST

/* A bad description is named; the picture is used without it. */
START_TEST (bad_json_is_named)
{
  static const struct {
    const char *text, *words;
  } cases[] = {
      {"{\"name\": 5}", "\"name\""},
      {"{\"name\": \"\"}", "\"name\""},
      {"{\"metadata\": []}", "\"metadata\""},
      {"{\"generators\": \"mark\"}", "\"generators\""},
      {"{\"generators\": []}", "\"generators\""},
      {"{\"generators\": [\"textured\", 5]}", "\"generators\""},
      {"{\"generators\": [\"texture\"]}", "\"generators\""},
      {"{\"variants\": \"inverse\"}", "\"variants\""},
      {"{\"variants\": [\"inverse\", \"negative\"]}", "the variant \"negative\""},
      {"{\"variants\": [\"#12345\"]}", "the variant \"#12345\""},
      {"{\"variants\": [\"#12345g\"]}", "the variant \"#12345g\""},
      {"{\"variants\": [\"\"]}", "the variant \"\""},
      {"{\"variants\": [5]}", "the variant 5"},
      {"{\"variants\": [null]}", "the variant null"},
      {"{\"variants\": [\"#000001\", \"#000002\", \"#000003\", \"#000004\", \"#000005\", "
       "\"#000006\", \"#000007\", \"#000008\", \"#000009\"]}",
          "at most 8 names"},
      {"[]", "not one JSON object"},
      {"", "not one JSON object"},
      {"{\"name\": \"x\"", "a.json cannot be used"},
      {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "levels deep"},
  };

  save_poster (folder, "a.png", 64, 64, 1);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Heard heard = {0};
    LinceIndex *index;
    LinceObject object;

    write_file (folder, "a.json", cases[i].text, -1);
    index = open_folder (&heard);
    ck_assert_uint_eq (heard.bad, 1);
    ck_assert_msg (strstr (heard.problems->str, cases[i].words) != NULL, "%s: %s", cases[i].text,
        heard.problems->str);
    ck_assert (lince_index_object (index, 0, &object));
    ck_assert_str_eq (object.name, "a");
    lince_index_unref (index);
  }
}
END_TEST

/* Boxes on a transparent ground, in two colours. */
static void
save_mark (const char *name)
{
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, TRUE, 8, 64, 64);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  static const struct {
    int x, y, width, height;
    guint32 colour;
  } boxes[] = {
      {8, 8, 16, 40, 0x102060ff}, {8, 44, 40, 10, 0x102060ff}, {36, 8, 18, 18, 0xff0000ff}};

  gdk_pixbuf_fill (pixbuf, 0);
  for (guint i = 0; i < G_N_ELEMENTS (boxes); i++) {
    g_autoptr (GdkPixbuf) box =
        gdk_pixbuf_new_subpixbuf (pixbuf, boxes[i].x, boxes[i].y, boxes[i].width, boxes[i].height);

    gdk_pixbuf_fill (box, boxes[i].colour);
  }
  save (pixbuf, path, "png");
}

/* The variants of the index's images, in the order of numbers. */
static void
expect_variants (LinceIndex *index, guint32 object, const LinceVariant *wanted, guint count)
{
  guint found = 0, images = 0;
  LinceEnrolment enrolment;
  uint32_t owner;

  for (guint32 i = 0; lince_index_image (index, i, &owner, &enrolment); i++) {
    if (owner != object)
      continue;
    images++;
    for (guint k = 0; k < count; k++)
      found +=
          wanted[k].kind == enrolment.variant.kind && wanted[k].colour == enrolment.variant.colour;
    ck_assert (object == 1 || enrolment.transparent);
  }
  ck_assert_uint_eq (images, count);
  ck_assert_uint_eq (found, count);
}

/* Each variant is an image of its own; one named twice, or that changes nothing, is enrolled once;
 * an opaque picture has no version in one colour. */
START_TEST (json_gives_variants)
{
  static const LinceVariant all[] = {{LINCE_VARIANT_NONE, 0}, {LINCE_VARIANT_INVERSE, 0},
      {LINCE_VARIANT_ONE_COLOUR, 0}, {LINCE_VARIANT_ONE_COLOUR, 0xffffff},
      {LINCE_VARIANT_ONE_COLOUR, 0xff8800}};
  Heard heard = {0};
  LinceIndex *index, *anew;
  g_autofree char *output = g_build_filename (cache, "out.index", NULL);

  save_mark ("a.png");
  save_poster (folder, "b.png", 192, 192, 1);
  save_poster (folder, "flat.png", 192, 192, 0);
  write_file (folder, "a.json",
      "{\"variants\": [\"inverse\", \"black\", \"white\", \"#FF8800\", \"#000000\", \"#ff8800\"]}",
      -1);
  write_file (folder, "b.json", "{\"variants\": [\"white\", \"inverse\"]}", -1);
  write_file (folder, "flat.json", "{\"variants\": [\"inverse\", \"black\"]}", -1);
  for (int round = 0; round < 2; round++) {
    index = open_folder (&heard);
    ck_assert_uint_eq (heard.bad, 2);
    ck_assert_ptr_nonnull (strstr (heard.problems->str, "b.png, white: has no transparent ground"));
    ck_assert_ptr_nonnull (strstr (heard.problems->str, "flat.png: is flat"));
    ck_assert_uint_eq (heard.good, round == 0 ? 7 : 0);
    expect_variants (index, 0, all, G_N_ELEMENTS (all));
    expect_variants (index, 1, all, 2);
    if (round == 0)
      lince_index_unref (index);
  }
  ck_assert (lince_collection_compile (folder, output, NULL, NULL, NULL, NULL, NULL));
  anew = lince_collection_open (output, NULL, NULL, NULL, NULL);
  ck_assert_str_eq (lince_index_revision (anew), lince_index_revision (index));
  lince_index_unref (anew);
  lince_index_unref (index);
}
END_TEST

/* Pixels that the mark shows, by place. */
START_TEST (variants_change_colours_only)
{
  static const struct {
    const char *name;
    guint8 pixels[4][4];
  } cases[] = {
      {"inverse", {{159, 175, 239, 255}, {255, 0, 0, 128}, {0, 0, 0, 255}, {255, 255, 255, 0}}},
      {"#FF8800", {{255, 136, 0, 255}, {255, 136, 0, 128}, {255, 136, 0, 255}, {255, 136, 0, 0}}},
  };
  static const guint8 given[4][4] = {
      {16, 32, 96, 255}, {255, 0, 0, 128}, {255, 255, 255, 255}, {0, 0, 0, 0}};
  const LincePicture picture = {.data = &given[0][0], .stride = 8, .width = 2, .height = 2};

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    LinceVariant variant;
    guint8 pixels[16];

    ck_assert (lince_variant_parse (cases[i].name, &variant));
    ck_assert_int_eq (lince_variant_derive (&picture, &variant, pixels), LINCE_DERIVED);
    ck_assert_mem_eq (pixels, cases[i].pixels, sizeof pixels);
  }
}
END_TEST

START_TEST (variants_that_change_nothing)
{
  static const LinceVariant plain[] = {{LINCE_VARIANT_NONE, 0}};
  g_autofree char *path = g_build_filename (folder, "a.png", NULL);
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, TRUE, 8, 64, 64);
  g_autoptr (GdkPixbuf) box = gdk_pixbuf_new_subpixbuf (pixbuf, 10, 20, 30, 14);
  Heard heard = {0};
  LinceIndex *index;

  gdk_pixbuf_fill (pixbuf, 0x20202000);
  gdk_pixbuf_fill (box, 0xffffffff);
  save (pixbuf, path, "png");
  write_file (folder, "a.json", "{\"variants\": [\"white\"]}", -1);
  index = open_folder (&heard);
  ck_assert_uint_eq (heard.bad, 0);
  expect_variants (index, 0, plain, 1);
  lince_index_unref (index);
}
END_TEST

/* One of each kind of bad reference beside one good one: named, and remembered. */
START_TEST (problems_are_named_and_remembered)
{
  static const char *const ids[] = {"good", NULL};
  static const char *const words[] = {"flat.png: is flat", "small.png: is too small",
      "text.png is not a picture", "loop.png cannot be opened: it is a loop",
      "gone.png cannot be opened: No such file", "bad name.png has a name that is no id",
      "circle leads back to the collection itself"};
  g_autofree char *circle = g_build_filename (folder, "circle", NULL);
  g_autofree char *loop = g_build_filename (folder, "loop.png", NULL);
  g_autofree char *gone = g_build_filename (folder, "gone.png", NULL);
  Heard heard = {0};

  save_poster (folder, "good.png", 64, 64, 1);
  save_poster (folder, "flat.png", 64, 64, 0);
  save_poster (folder, "small.png", 15, 64, 1);
  save_poster (folder, "bad name.png", 64, 64, 2);
  write_file (folder, "text.png", "no picture", -1);
  ck_assert_int_eq (symlink ("loop.png", loop), 0);
  ck_assert_int_eq (symlink ("nowhere", gone), 0);
  ck_assert_int_eq (symlink (".", circle), 0);
  for (int round = 0; round < 2; round++) {
    LinceIndex *index = open_folder (&heard);

    expect_ids (index, ids);
    ck_assert_uint_eq (heard.bad, G_N_ELEMENTS (words));
    ck_assert_uint_eq (heard.good, round == 0 ? 1 : 0);
    for (guint i = 0; i < G_N_ELEMENTS (words); i++)
      ck_assert_msg (
          strstr (heard.problems->str, words[i]) != NULL, "%s: %s", words[i], heard.problems->str);
    lince_index_unref (index);
  }
}
END_TEST

START_TEST (nothing_usable)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *missing = g_build_filename (folder, "missing", NULL);

  ck_assert_ptr_null (lince_collection_open (folder, NULL, NULL, NULL, &error));
  ck_assert (g_error_matches (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_EMPTY));
  g_clear_error (&error);
  save_poster (folder, "flat.png", 64, 64, 0);
  ck_assert_ptr_null (lince_collection_open (folder, NULL, NULL, NULL, &error));
  ck_assert (g_error_matches (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_EMPTY));
  ck_assert_ptr_nonnull (strstr (error->message, folder));
  g_clear_error (&error);
  ck_assert_ptr_null (lince_collection_open (missing, NULL, NULL, NULL, &error));
  ck_assert (g_error_matches (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_OPEN));
  ck_assert_ptr_nonnull (strstr (error->message, missing));
}
END_TEST

/* The revision of what the folder holds, compiled at once and without what is cached. */
static char *
fresh_revision (void)
{
  Heard heard = {0};
  LinceIndex *index;
  char *revision;

  g_setenv ("LINCE_CACHE_DIR", "/proc/nothing/can/be/written/here", TRUE);
  index = open_folder (&heard);
  g_setenv ("LINCE_CACHE_DIR", cache, TRUE);
  revision = g_strdup (lince_index_revision (index));
  lince_index_unref (index);
  return revision;
}

/* Opens the folder, which enrols `good` pictures and takes the others over. */
static LinceIndex *
open_changed (LinceIndex *current, guint good)
{
  g_autofree char *revision = fresh_revision ();
  g_autoptr (GError) error = NULL;
  Heard heard = {0};
  LinceIndex *index;

  index = lince_collection_reopen (current, folder, hear, &heard, NULL, &error);
  g_assert_no_error (error);
  ck_assert_uint_eq (heard.good, good);
  ck_assert_str_eq (lince_index_revision (index), revision);
  return index;
}

/* The second opening maps what the first has compiled; a change enrols what has changed. */
START_TEST (cache_follows_the_directory)
{
  LinceIndex *first, *second, *third;
  g_autofree char *before = NULL, *after = NULL;
  g_autofree char *b = g_build_filename (folder, "b.png", NULL);
  g_autofree char *c = g_build_filename (folder, "c.png", NULL);
  g_autofree char *d = g_build_filename (folder, "d.png", NULL);
  LinceObject object;

  save_poster (folder, "a.png", 192, 192, 1);
  save_poster (folder, "b.png", 192, 192, 2);
  before = lince_collection_fingerprint (folder);
  first = open_changed (NULL, 2);
  second = open_changed (first, 0);
  ck_assert_str_eq (lince_index_revision (first), lince_index_revision (second));
  lince_index_unref (second);
  save_poster (folder, "b.png", 192, 192, 3);
  after = lince_collection_fingerprint (folder);
  ck_assert_str_ne (before, after);
  second = open_changed (first, 1);
  ck_assert_str_ne (lince_index_revision (first), lince_index_revision (second));
  lince_index_unref (first);
  /* a description alone is a change too */
  write_file (folder, "b.json", "{\"name\": \"B\"}", -1);
  third = open_changed (second, 0);
  ck_assert (lince_index_object (third, 1, &object));
  ck_assert_str_eq (object.name, "B");
  /* other generators give another enrolment */
  write_file (folder, "b.json", "{\"name\": \"B\", \"generators\": [\"mark\"]}", -1);
  lince_index_unref (second);
  second = open_changed (third, 1);
  lince_index_unref (third);
  third = second;
  /* a variant is enrolled beside what is there, and is known from then on; so is that it is not
   * wanted any more */
  write_file (folder, "b.json", "{\"name\": \"B\", \"variants\": [\"inverse\"]}", -1);
  second = open_changed (third, 2);
  ck_assert_uint_eq (lince_index_image_count (second), 3);
  lince_index_unref (third);
  save_poster (folder, "d.png", 192, 192, 7);
  third = open_changed (second, 1);
  ck_assert_uint_eq (lince_index_image_count (third), 4);
  lince_index_unref (second);
  write_file (folder, "b.json", "{\"name\": \"B\"}", -1);
  second = open_changed (third, 0);
  ck_assert_uint_eq (lince_index_image_count (second), 3);
  lince_index_unref (third);
  ck_assert_int_eq (g_unlink (d), 0);
  third = open_changed (second, 0);
  lince_index_unref (second);
  /* what was read of it once is known */
  save_poster (folder, "a.png", 192, 192, 4);
  second = open_changed (NULL, 1);
  ck_assert (lince_index_object (second, 1, &object));
  ck_assert_str_eq (object.name, "B");
  lince_index_unref (third);
  /* under another name it is another object */
  ck_assert_int_eq (g_rename (b, c), 0);
  third = open_changed (second, 1);
  ck_assert_int_ge (lince_index_find (third, "c"), 0);
  ck_assert_int_lt (lince_index_find (third, "b"), 0);
  lince_index_unref (second);
  ck_assert_int_eq (g_unlink (c), 0);
  second = open_changed (third, 0);
  ck_assert_uint_eq (lince_index_image_count (second), 1);
  lince_index_unref (second);
  lince_index_unref (third);
}
END_TEST

static char *
find_cached (const char *ending)
{
  g_autoptr (GDir) directory = g_dir_open (cache, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    if (g_str_has_suffix (name, ending))
      return g_build_filename (cache, name, NULL);
  ck_abort_msg ("nothing cached ends in %s", ending);
  return NULL;
}

START_TEST (damaged_cache_is_compiled_anew)
{
  static const char *const endings[] = {".index", ".segment", ".problems"};
  Heard heard = {0};

  save_poster (folder, "a.png", 64, 64, 1);
  lince_index_unref (open_folder (&heard));
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++) {
    g_autofree char *path = find_cached (endings[i]), *data = NULL;
    gsize size;

    ck_assert (g_file_get_contents (path, &data, &size, NULL));
    data[size - 1] ^= 1;
    data[size / 2] ^= 1;
    ck_assert (g_file_set_contents (path, data, (gssize) size, NULL));
    lince_index_unref (open_folder (&heard));
    /* without the problems alone, the pictures need not be enrolled again */
    ck_assert_msg (heard.good == (i < 2 ? 1 : 0), "%s", endings[i]);
    lince_index_unref (open_folder (&heard));
    ck_assert_uint_eq (heard.good, 0);
  }
}
END_TEST

START_TEST (works_without_a_cache)
{
  Heard heard = {0};
  LinceIndex *index;

  save_poster (folder, "a.png", 64, 64, 1);
  g_setenv ("LINCE_CACHE_DIR", "/proc/nothing/can/be/written/here", TRUE);
  for (int i = 0; i < 2; i++) {
    index = open_folder (&heard);
    ck_assert_uint_eq (heard.good, 1);
    ck_assert_uint_eq (lince_index_object_count (index), 1);
    lince_index_unref (index);
  }
}
END_TEST

/* Only so many entries stay. */
START_TEST (cache_is_bounded)
{
  Heard heard = {0};
  guint count = 0;
  g_autoptr (GDir) directory = NULL;
  const char *name;

  for (guint i = 1; i <= 40; i++) {
    save_poster (folder, "a.png", 24, 24, i);
    lince_index_unref (open_folder (&heard));
    ck_assert_uint_eq (heard.good, 1);
  }
  lince_index_unref (open_folder (&heard));
  ck_assert_uint_eq (heard.good, 0);
  directory = g_dir_open (cache, 0, NULL);
  while ((name = g_dir_read_name (directory)) != NULL)
    count += g_str_has_suffix (name, ".index");
  ck_assert_uint_eq (count, 32);
}
END_TEST

/* Two processes open one collection at once: one compiles, the other waits and maps. */
START_TEST (processes_agree_by_a_lock)
{
  pid_t children[2];
  int compiled = 0;

  for (guint i = 0; i < 6; i++) {
    g_autofree char *name = g_strdup_printf ("%u.png", i);

    save_poster (folder, name, 200, 200, i + 1);
  }
  for (int i = 0; i < 2; i++) {
    children[i] = fork ();
    if (children[i] == 0) {
      Heard heard = {0};
      LinceIndex *index = open_folder (&heard);

      _exit (lince_index_image_count (index) != 6 ? 100 : (int) heard.good);
    }
  }
  for (int i = 0; i < 2; i++) {
    int status;

    ck_assert_int_eq (waitpid (children[i], &status, 0), children[i]);
    ck_assert (WIFEXITED (status));
    ck_assert_msg (
        WEXITSTATUS (status) == 0 || WEXITSTATUS (status) == 6, "%d", WEXITSTATUS (status));
    compiled += WEXITSTATUS (status);
  }
  ck_assert_int_eq (compiled, 6);
}
END_TEST

START_TEST (may_be_cancelled)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  save_poster (folder, "a.png", 64, 64, 1);
  g_cancellable_cancel (cancellable);
  ck_assert_ptr_null (lince_collection_open (folder, NULL, NULL, cancellable, &error));
  ck_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}
END_TEST

START_TEST (compiles_into_a_file)
{
  g_autofree char *output = g_build_filename (cache, "out.index", NULL);
  g_autofree char *fingerprint = NULL, *other = NULL;
  g_autoptr (GError) error = NULL;
  LinceIndex *index;
  guint problems = 99;

  save_poster (folder, "a.png", 64, 64, 1);
  save_poster (folder, "flat.png", 64, 64, 0);
  ck_assert (lince_collection_compile (folder, output, NULL, NULL, &problems, NULL, &error));
  ck_assert_uint_eq (problems, 1);
  index = lince_collection_open (output, NULL, NULL, NULL, &error);
  ck_assert_msg (index != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_uint_eq (lince_index_object_count (index), 1);
  lince_index_unref (index);
  fingerprint = lince_collection_fingerprint (output);
  ck_assert_ptr_nonnull (fingerprint);
  save_poster (folder, "b.png", 64, 64, 2);
  ck_assert (lince_collection_compile (folder, output, NULL, NULL, NULL, NULL, &error));
  other = lince_collection_fingerprint (output);
  ck_assert_str_ne (fingerprint, other);

  ck_assert (
      !lince_collection_compile (folder, "/nonexistent/x.index", NULL, NULL, NULL, NULL, &error));
  ck_assert (g_error_matches (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_INDEX));
  g_clear_error (&error);
  write_file (cache, "out.index", "not an index", -1);
  ck_assert_ptr_null (lince_collection_open (output, NULL, NULL, NULL, &error));
  ck_assert (g_error_matches (error, LINCE_COLLECTION_ERROR, LINCE_COLLECTION_ERROR_INDEX));
  ck_assert_ptr_nonnull (strstr (error->message, output));
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("collection");
  TCase *tests = tcase_create ("directories");

  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, names_are_ids);
  tcase_add_test (tests, json_gives_name_and_metadata);
  tcase_add_test (tests, json_gives_generators);
  tcase_add_test (tests, json_gives_variants);
  tcase_add_test (tests, variants_change_colours_only);
  tcase_add_test (tests, variants_that_change_nothing);
  tcase_add_test (tests, bad_json_is_named);
  tcase_add_test (tests, problems_are_named_and_remembered);
  tcase_add_test (tests, nothing_usable);
  tcase_add_test (tests, cache_follows_the_directory);
  tcase_add_test (tests, damaged_cache_is_compiled_anew);
  tcase_add_test (tests, works_without_a_cache);
  tcase_add_test (tests, cache_is_bounded);
  tcase_add_test (tests, processes_agree_by_a_lock);
  tcase_add_test (tests, may_be_cancelled);
  tcase_add_test (tests, compiles_into_a_file);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
