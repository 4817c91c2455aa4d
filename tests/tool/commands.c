/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The real `lince` on a clip and pictures that were drawn for it: what it prints, says and returns.
 * usage: commands LINCE MAKE_CLIP */
#include "../suite.h"
#include "clip_truth.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

static char *program, *folder, *collection, *clip, *still;

/* What a run printed. */
typedef struct {
  char *out, *err;
  int status;
} Ran;

static void
clear_ran (Ran *ran)
{
  g_free (ran->out);
  g_free (ran->err);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Ran, clear_ran)

static Ran G_GNUC_NULL_TERMINATED
run (const char *first, ...)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  Ran ran = {0};
  va_list more;

  g_ptr_array_add (words, program);
  va_start (more, first);
  for (const char *word = first; word != NULL; word = va_arg (more, const char *))
    g_ptr_array_add (words, (char *) word);
  va_end (more);
  g_ptr_array_add (words, NULL);
  ck_assert_msg (g_spawn_sync (NULL, (char **) words->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                     &ran.out, &ran.err, &ran.status, &error),
      "%s", error != NULL ? error->message : "");
  ck_assert_msg (WIFEXITED (ran.status), "ended by signal %d: %s", WTERMSIG (ran.status), ran.err);
  ran.status = WEXITSTATUS (ran.status);
  return ran;
}

static void
expect (const Ran *ran, int status, const char *words_of_error)
{
  ck_assert_msg (ran->status == status, "exit status %d, not %d: %s%s", ran->status, status,
      ran->out, ran->err);
  if (words_of_error[0] == '\0')
    ck_assert_msg (ran->err[0] == '\0', "not quiet: %s", ran->err);
  else
    ck_assert_msg (strstr (ran->err, words_of_error) != NULL, "%s", ran->err);
}

static char *
path_in (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

/* The lines of `text` as JSON objects. */
static GPtrArray *
parse_lines (const char *text)
{
  GPtrArray *nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++) {
    g_autoptr (GError) error = NULL;
    JsonNode *node;

    if (lines[i][0] == '\0') {
      ck_assert_ptr_null (lines[i + 1]);
      break;
    }
    node = json_from_string (lines[i], &error);
    ck_assert_msg (node != NULL && JSON_NODE_HOLDS_OBJECT (node), "%s", lines[i]);
    g_ptr_array_add (nodes, node);
  }
  return nodes;
}

/* The object is the poster, within two pixels of its place on that frame. */
static void
check_poster (JsonObject *object, int frame)
{
  JsonArray *quad = json_object_get_array_member (object, "quad");
  ClipPlace place;

  ck_assert_msg (clip_truth (frame, &place), "frame %d", frame);
  ck_assert_str_eq (json_object_get_string_member (object, "id"), "poster.a");
  ck_assert_double_ge (json_object_get_double_member (object, "confidence"), 0.5);
  ck_assert_double_le (json_object_get_double_member (object, "confidence"), 1);
  ck_assert_double_eq (json_object_get_double_member (object, "opacity"), 1);
  ck_assert_double_le (json_object_get_double_member (object, "occluded"), 0.5);
  ck_assert_double_le (json_object_get_double_member (object, "cut_off"), 0.5);
  ck_assert_double_le (json_object_get_double_member (object, "blur"), 3);
  ck_assert_str_eq (json_object_get_string_member (object, "kind"), "texture");
  ck_assert (!json_object_has_member (object, "alternatives"));
  ck_assert_uint_eq (json_array_get_length (quad), 4);
  for (guint i = 0; i < 4; i++) {
    JsonArray *corner = json_array_get_array_element (quad, i);
    double x, y;

    clip_corner (&place, (int) i, &x, &y);
    ck_assert_uint_eq (json_array_get_length (corner), 2);
    ck_assert_double_eq_tol (json_array_get_double_element (corner, 0), x, 2);
    ck_assert_double_eq_tol (json_array_get_double_element (corner, 1), y, 2);
  }
}

/* Every frame has a line; the poster is where it is, when it is, and nothing else is anywhere. */
START_TEST (scan_frames)
{
  g_auto (Ran) ran = run ("scan", "--collection", collection, "--frames", clip, NULL);
  g_autoptr (GPtrArray) lines = NULL;
  int found = 0;

  expect (&ran, 0, "");
  lines = parse_lines (ran.out);
  ck_assert_uint_eq (lines->len, CLIP_FRAMES);
  for (guint i = 0; i < lines->len; i++) {
    JsonObject *line = json_node_get_object (lines->pdata[i]);
    JsonArray *objects = json_object_get_array_member (line, "objects");
    guint count = json_array_get_length (objects);

    ck_assert_int_eq (json_object_get_int_member (line, "frame"), i);
    ck_assert_msg (count <= 1, "%u objects on frame %u", count, i);
    if (count == 1)
      check_poster (json_array_get_object_element (objects, 0), (int) i);
    found += (int) count;
  }
  ck_assert_int_eq (found, CLIP_LAST - CLIP_FIRST + 1);
}
END_TEST

START_TEST (scan_every)
{
  g_auto (Ran) ran =
      run ("scan", "--collection", collection, "--frames", "--every", "7", clip, NULL);
  g_autoptr (GPtrArray) lines = NULL;

  expect (&ran, 0, "");
  lines = parse_lines (ran.out);
  ck_assert_uint_eq (lines->len, 8);
  for (guint i = 0; i < lines->len; i++)
    ck_assert_int_eq (
        json_object_get_int_member (json_node_get_object (lines->pdata[i]), "frame"), 7 * i);
}
END_TEST

START_TEST (scan_is_the_same_on_any_number_of_threads)
{
  static const char *const plans[] = {"thorough", "live", "live-5"};
  const char *plan = plans[_i];
  g_auto (Ran) one =
      run ("scan", "-c", collection, "--frames", "--plan", plan, "--threads", "1", clip, NULL);
  g_auto (Ran) three =
      run ("scan", "-c", collection, "--frames", "--plan", plan, "--threads", "3", clip, NULL);

  expect (&one, 0, "");
  ck_assert_str_eq (one.out, three.out);
}
END_TEST

START_TEST (scan_exposures)
{
  g_auto (Ran) text = run ("scan", "--collection", collection, clip, NULL);
  g_auto (Ran) json = run ("scan", "--collection", collection, "--json", clip, NULL);
  g_autoptr (GPtrArray) lines = NULL;
  JsonObject *line;
  double area = CLIP_POSTER_WIDTH * 0.62 * CLIP_POSTER_HEIGHT * 0.62 / CLIP_WIDTH / CLIP_HEIGHT;

  expect (&text, 0, "");
  ck_assert_msg (strstr (text.out, "object") == text.out, "%s", text.out);
  ck_assert_msg (strstr (text.out, "poster.a") != NULL, "%s", text.out);
  ck_assert_msg (strstr (text.out, "other") == NULL, "%s", text.out);
  expect (&json, 0, "");
  lines = parse_lines (json.out);
  ck_assert_uint_eq (lines->len, 1);
  line = json_node_get_object (lines->pdata[0]);
  ck_assert_str_eq (json_object_get_string_member (line, "id"), "poster.a");
  ck_assert_double_eq_tol (json_object_get_double_member (line, "from"), 0.4, 0.09);
  ck_assert_double_eq_tol (json_object_get_double_member (line, "to"), 1.56, 0.09);
  ck_assert_double_eq_tol (json_object_get_double_member (line, "seconds"), 1.16, 0.13);
  ck_assert_double_eq_tol (json_object_get_double_member (line, "share"), area, 0.01);
  ck_assert_int_ge (json_object_get_int_member (line, "frames"), 27);
}
END_TEST

START_TEST (scan_of_nothing)
{
  g_autofree char *only = path_in ("only");
  g_autofree char *from = g_build_filename (collection, "other.png", NULL);
  g_autofree char *to = g_build_filename (only, "other.png", NULL);
  g_auto (Ran) ran = {0};

  ck_assert_int_eq (g_mkdir_with_parents (only, 0755), 0);
  ck_assert (symlink (from, to) == 0);
  ran = run ("scan", "--collection", only, clip, NULL);
  expect (&ran, 0, "");
  ck_assert_str_eq (ran.out, "nothing of the collection was seen\n");
}
END_TEST

START_TEST (recognize)
{
  g_auto (Ran) json = run ("recognize", "--collection", collection, "--json", still, still, NULL);
  g_auto (Ran) text = run ("recognize", "--collection", collection, still, NULL);
  g_autoptr (GPtrArray) lines = NULL;

  expect (&json, 0, "");
  lines = parse_lines (json.out);
  ck_assert_uint_eq (lines->len, 2);
  for (guint i = 0; i < 2; i++) {
    JsonObject *line = json_node_get_object (lines->pdata[i]);
    JsonArray *objects = json_object_get_array_member (line, "objects");

    ck_assert_str_eq (json_object_get_string_member (line, "file"), still);
    ck_assert_double_gt (json_object_get_double_member (line, "elapsed_ms"), 0);
    ck_assert_uint_eq (json_array_get_length (objects), 1);
    check_poster (json_array_get_object_element (objects, 0), 25);
  }
  expect (&text, 0, "");
  ck_assert_msg (strstr (text.out, "still.png: poster.a, confidence ") != NULL, "%s", text.out);
}
END_TEST

START_TEST (recognize_names_what_it_cannot_read)
{
  g_autofree char *bad = path_in ("bad.jpg");
  g_auto (Ran) ran = {0};

  ck_assert (g_file_set_contents (bad, "no picture", -1, NULL));
  ran = run ("recognize", "--collection", collection, bad, still, NULL);
  expect (&ran, 1, "bad.jpg is not a picture");
  ck_assert_ptr_nonnull (strstr (ran.out, "poster.a"));
}
END_TEST

START_TEST (index_and_check)
{
  g_autofree char *index = path_in ("made.index");
  g_auto (Ran) made = run ("index", collection, "-o", index, NULL);
  g_auto (Ran) of_file = run ("check", index, NULL);
  g_auto (Ran) of_directory = run ("check", collection, "--json", NULL);
  g_auto (Ran) scanned = run ("recognize", "--collection", index, still, NULL);
  g_autoptr (GPtrArray) lines = NULL;

  expect (&made, 0, "");
  ck_assert_msg (
      strstr (made.out, "made.index: 2 objects, 2 images, 0 problems, revision ") != NULL, "%s",
      made.out);
  expect (&of_file, 0, "");
  ck_assert_ptr_nonnull (strstr (of_file.out, "poster.a"));
  ck_assert_ptr_nonnull (strstr (of_file.out, "240 x 320"));
  expect (&of_directory, 0, "");
  lines = parse_lines (of_directory.out);
  ck_assert_uint_eq (lines->len, 2);
  ck_assert_str_eq (
      json_object_get_string_member (json_node_get_object (lines->pdata[1]), "id"), "poster.a");
  ck_assert (json_object_get_boolean_member (json_node_get_object (lines->pdata[1]), "textured"));
  expect (&scanned, 0, "");
  ck_assert_ptr_nonnull (strstr (scanned.out, "poster.a"));
}
END_TEST

/* One reference is flat: named everywhere, and the rest works. */
START_TEST (unusable_reference)
{
  static const char svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"64\">"
                            "<rect width=\"64\" height=\"64\" fill=\"#888\"/></svg>";
  g_autofree char *directory = path_in ("with-flat"), *index = path_in ("with-flat.index");
  g_autofree char *flat = g_build_filename (directory, "flat.svg", NULL);
  g_autofree char *from = g_build_filename (collection, "poster.a.png", NULL);
  g_autofree char *to = g_build_filename (directory, "poster.a.png", NULL);
  g_auto (Ran) indexed = {0};
  g_auto (Ran) checked = {0};
  g_auto (Ran) recognized = {0};
  g_auto (Ran) scanned = {0};
  g_auto (Ran) none = {0};

  ck_assert_int_eq (g_mkdir_with_parents (directory, 0755), 0);
  ck_assert (g_file_set_contents (flat, svg, -1, NULL));
  none = run ("scan", "--collection", directory, clip, NULL);
  expect (&none, 65, "has no usable reference");
  ck_assert_ptr_nonnull (strstr (none.err, "flat.svg: is flat"));
  ck_assert (symlink (from, to) == 0);
  indexed = run ("index", directory, "-o", index, NULL);
  expect (&indexed, 1, "lince: flat.svg: is flat");
  checked = run ("check", directory, NULL);
  expect (&checked, 1, "lince: flat.svg: is flat");
  ck_assert_ptr_nonnull (strstr (checked.out, "poster.a"));
  recognized = run ("recognize", "--collection", directory, still, NULL);
  expect (&recognized, 0, "lince: flat.svg: is flat");
  ck_assert_ptr_nonnull (strstr (recognized.out, "poster.a"));
  scanned = run ("scan", "--collection", directory, "--every", "5", clip, NULL);
  expect (&scanned, 0, "lince: flat.svg: is flat");
}
END_TEST

/* What only its use shows: no word that nothing was seen. */
START_TEST (damaged_while_scanned)
{
  g_autofree char *index = path_in ("flipped.index");
  g_auto (Ran) made = run ("index", collection, "-o", index, NULL);
  g_auto (Ran) scanned = {0};
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;

  expect (&made, 0, "");
  while ((name = g_dir_read_name (directory)) != NULL) {
    g_autofree char *path = path_in (name), *data = NULL;
    gsize size;

    if (!g_str_has_prefix (name, "flipped.index."))
      continue;
    ck_assert (g_file_get_contents (path, &data, &size, NULL));
    for (gsize i = size / 2; i < size / 2 + 64; i++)
      data[i] ^= 0x55;
    ck_assert (g_file_set_contents (path, data, (gssize) size, NULL));
  }
  scanned = run ("scan", "--collection", index, clip, NULL);
  expect (&scanned, 65, "its checksum is wrong");
  ck_assert_str_eq (scanned.out, "");
}
END_TEST

START_TEST (damaged_index)
{
  g_autofree char *index = path_in ("damaged.index"), *data = NULL;
  g_auto (Ran) made = run ("index", collection, "-o", index, NULL);
  g_auto (Ran) checked = {0};
  gsize size;

  expect (&made, 0, "");
  ck_assert (g_file_get_contents (index, &data, &size, NULL));
  data[40] ^= 1;
  ck_assert (g_file_set_contents (index, data, (gssize) size, NULL));
  checked = run ("check", index, NULL);
  expect (&checked, 65, "damaged.index: is damaged: its checksum is wrong");
}
END_TEST

START_TEST (bench)
{
  g_auto (Ran) text = run ("bench", "-c", collection, "--frames", "4", clip, NULL);
  g_auto (Ran) json =
      run ("bench", "-c", collection, "--frames", "4", "--still", "--json", clip, NULL);
  g_autoptr (GPtrArray) lines = NULL;
  JsonObject *stages, *stage;

  expect (&text, 0, "");
  ck_assert_ptr_nonnull (strstr (text.out, "4 frames of 640 x 360"));
  expect (&json, 0, "");
  lines = parse_lines (json.out);
  ck_assert_uint_eq (lines->len, 1);
  stages = json_object_get_object_member (json_node_get_object (lines->pdata[0]), "milliseconds");
  stage = json_object_get_object_member (stages, "total");
  ck_assert_double_gt (json_object_get_double_member (stage, "median"), 0);
  ck_assert_double_ge (json_object_get_double_member (stage, "p95"),
      json_object_get_double_member (stage, "median"));
  ck_assert (json_object_has_member (stages, "keypoints"));
}
END_TEST

/* A budget that no frame keeps. */
START_TEST (bench_with_a_plan_and_a_budget)
{
  g_auto (Ran) json = run ("bench", "-c", collection, "--plan", "live-3", "--budget", "0.000001",
      "--frames", "10", "--json", clip, NULL);
  g_auto (Ran) text =
      run ("bench", "-c", collection, "--plan", "live", "--frames", "4", clip, NULL);
  g_autoptr (GPtrArray) lines = NULL;
  JsonObject *object, *plans;

  expect (&json, 0, "");
  lines = parse_lines (json.out);
  object = json_node_get_object (lines->pdata[0]);
  plans = json_object_get_object_member (object, "plans");
  ck_assert_int_eq (json_object_get_int_member (object, "plan_downs"), 2);
  ck_assert_int_eq (json_object_get_int_member (object, "overruns"), 10);
  ck_assert_int_gt (json_object_get_int_member (plans, "live-3"), 0);
  ck_assert_int_gt (json_object_get_int_member (plans, "live-4"), 0);
  ck_assert_int_gt (json_object_get_int_member (plans, "live-5"), 0);
  ck_assert_int_eq (json_object_get_int_member (object, "searches") +
                        json_object_get_int_member (object, "searches_skipped"),
      10);
  expect (&text, 0, "");
  ck_assert_ptr_nonnull (
      strstr (text.out, "searched 1 frames, not searched 3; frames under each plan: live 4\n"));
}
END_TEST

typedef struct {
  const char *words[6];
  int status;
  const char *sentence;
} Wrong;

/* `=collection`, `=clip` and `=FILE` stand for paths. */
static const Wrong wrongs[] = {
    {{NULL}, 64, ""},
    {{"fly"}, 64, "there is no command \"fly\""},
    {{"scan", "=clip"}, 64, "no collection was given; add --collection"},
    {{"scan", "--collection", "=collection"}, 64, "too few arguments: lince scan needs CLIP"},
    {{"scan", "--collection", "=collection", "=clip", "more"}, 64, "too many arguments: \"more\""},
    {{"scan", "--fly", "=clip"}, 64, "--fly"},
    {{"scan", "--every", "0", "-c", "=collection", "=clip"}, 64, "--every is a number from 1 on"},
    {{"scan", "--threads", "17", "-c", "=collection", "=clip"}, 64, "--threads"},
    {{"scan", "--plan", "fast", "-c", "=collection", "=clip"}, 64,
        "there is no plan \"fast\": --plan is one of thorough, live, live-1, "},
    {{"bench", "--budget", "-1", "-c", "=collection", "=clip"}, 64, "--budget is a number"},
    {{"recognize", "--min-confidence", "2", "-c", "=collection", "=clip"}, 64, "--min-confidence"},
    {{"scan", "--collection", "=missing", "=clip"}, 66, "missing cannot be opened: No such file"},
    {{"scan", "--collection", "=clip", "=clip"}, 65, "is not a Lince index"},
    {{"scan", "--collection", "=collection", "=missing.ts"}, 66,
        "missing.ts cannot be opened: No such file"},
    {{"scan", "--collection", "=collection", "=collection"}, 66, "is a directory, not a clip"},
    {{"scan", "--collection", "=collection", "=text"}, 65, "text cannot be read"},
    {{"scan", "--collection", "=collection", "=sound.wav"}, 65, "sound.wav cannot be read"},
    {{"index", "=collection"}, 64, "add -o FILE"},
    {{"index", "=missing", "-o", "=x.index"}, 66, "missing cannot be read: No such file"},
    {{"index", "=collection", "-o", "/nonexistent/x.index"}, 73, "/nonexistent/x.index"},
    {{"check", "=missing"}, 66, "missing cannot be opened: No such file"},
    {{"bench", "=clip"}, 64, "no collection was given"},
};

START_TEST (wrong_use)
{
  const Wrong *wrong = &wrongs[_i];
  char *words[7] = {NULL};
  g_auto (Ran) ran = {0};
  g_autofree char *text = path_in ("text"), *sound = path_in ("sound.wav");
  g_autoptr (GString) wave = g_string_new (NULL);

  /* 8 bits, one channel, 8 kHz, 8,000 samples of silence */
  g_string_append_len (wave,
      "RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0"
      "\1\0\x08\0data\x40\x1f\0\0",
      44);
  for (int i = 0; i < 8000; i++)
    g_string_append_c (wave, (char) 0x80);
  ck_assert (g_file_set_contents (sound, wave->str, (gssize) wave->len, NULL));
  ck_assert (g_file_set_contents (text, "This is no clip.\n", -1, NULL));
  for (int i = 0; i < 6 && wrong->words[i] != NULL; i++)
    words[i] = g_str_equal (wrong->words[i], "=clip")         ? g_strdup (clip)
               : g_str_equal (wrong->words[i], "=collection") ? g_strdup (collection)
               : wrong->words[i][0] == '='                    ? path_in (wrong->words[i] + 1)
                                                              : g_strdup (wrong->words[i]);
  ran = run (words[0], words[1], words[2], words[3], words[4], words[5], NULL);
  if (wrong->words[0] == NULL) {
    ck_assert_int_eq (ran.status, 64);
    ck_assert_ptr_nonnull (strstr (ran.out, "Usage: lince COMMAND"));
  } else {
    expect (&ran, wrong->status, wrong->sentence);
    ck_assert_str_eq (ran.out, "");
    ck_assert_msg (g_str_has_prefix (ran.err, "lince: "), "%s", ran.err);
  }
  for (int i = 0; i < 6; i++)
    g_free (words[i]);
}
END_TEST

/* Nobody listens on port 9 of the loopback; password and key stay out of the message. */
START_TEST (secrets_are_not_told)
{
  g_auto (Ran) ran = run (
      "scan", "--collection", collection, "http://me:sesame@127.0.0.1:9/live.ts?key=sesame", NULL);

  ck_assert_int_ne (ran.status, 0);
  ck_assert_msg (strstr (ran.err, "http://***@127.0.0.1:9/live.ts?*** ") != NULL, "%s", ran.err);
  ck_assert_msg (strstr (ran.err, "sesame") == NULL, "%s", ran.err);
  ck_assert_msg (strstr (ran.err, "nothing answers there") != NULL, "%s", ran.err);
}
END_TEST

START_TEST (clip_without_video)
{
  static const guint8 head[44] =
      "RIFF\x24\x3e\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0"
      "\2\0\x10\0data\0\x3e\0";
  g_autofree char *sound = path_in ("sound.wav"), *data = g_malloc0 (sizeof head + 0x3e00);
  g_auto (Ran) ran = {0};

  memcpy (data, head, sizeof head);
  ck_assert (g_file_set_contents (sound, data, sizeof head + 0x3e00, NULL));
  ran = run ("scan", "--collection", collection, sound, NULL);
  expect (&ran, 65, "sound.wav cannot be read: there is no video in it");
  ck_assert_str_eq (ran.out, "");
}
END_TEST

/* A recording with a hole of rubbish: what is on either side is printed. */
START_TEST (broken_clip)
{
  g_autofree char *broken = path_in ("broken.ts"), *data = NULL;
  g_auto (Ran) ran = {0};
  g_autoptr (GPtrArray) lines = NULL;
  gsize size;

  ck_assert (g_file_get_contents (clip, &data, &size, NULL));
  memset (data + size / 3, 0x5a, size / 3);
  ck_assert (g_file_set_contents (broken, data, (gssize) size, NULL));
  ran = run ("scan", "--collection", collection, "--frames", broken, NULL);
  ck_assert_msg (ran.status == 0 || ran.status == 65, "%d %s", ran.status, ran.err);
  lines = parse_lines (ran.out);
  ck_assert_uint_gt (lines->len, 5);
}
END_TEST

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL) {
    g_autofree char *inside = g_build_filename (path, name, NULL);

    if (g_file_test (inside, G_FILE_TEST_IS_DIR) && !g_file_test (inside, G_FILE_TEST_IS_SYMLINK))
      remove_folder (inside);
    else
      g_unlink (inside);
  }
  g_rmdir (path);
}

static int
run_tests (void)
{
  Suite *suite = suite_create ("commands");
  TCase *tests = tcase_create ("lince");

  tcase_set_timeout (tests, 120);
  tcase_add_test (tests, scan_frames);
  tcase_add_test (tests, scan_every);
  tcase_add_loop_test (tests, scan_is_the_same_on_any_number_of_threads, 0, 3);
  tcase_add_test (tests, scan_exposures);
  tcase_add_test (tests, scan_of_nothing);
  tcase_add_test (tests, recognize);
  tcase_add_test (tests, recognize_names_what_it_cannot_read);
  tcase_add_test (tests, index_and_check);
  tcase_add_test (tests, unusable_reference);
  tcase_add_test (tests, damaged_index);
  tcase_add_test (tests, damaged_while_scanned);
  tcase_add_test (tests, bench);
  tcase_add_test (tests, bench_with_a_plan_and_a_budget);
  tcase_add_loop_test (tests, wrong_use, 0, (int) G_N_ELEMENTS (wrongs));
  tcase_add_test (tests, secrets_are_not_told);
  tcase_add_test (tests, broken_clip);
  tcase_add_test (tests, clip_without_video);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}

int
main (int argc, char **argv)
{
  int result = EXIT_FAILURE, status = -1;
  g_autofree char *cache = NULL;

  if (argc != 3)
    return 64;
  program = argv[1];
  folder = g_dir_make_tmp ("lince-test-XXXXXX", NULL);
  collection = path_in ("collection");
  clip = path_in ("clip.ts");
  still = path_in ("still.png");
  cache = path_in ("cache");
  g_setenv ("LINCE_CACHE_DIR", cache, TRUE);
  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  if (g_spawn_sync (NULL, (char *[]){argv[2], folder, NULL}, NULL, G_SPAWN_DEFAULT, NULL, NULL,
          NULL, NULL, &status, NULL) &&
      g_spawn_check_wait_status (status, NULL))
    result = run_tests ();
  else
    g_printerr ("the clip cannot be made\n");
  remove_folder (folder);
  return result;
}
