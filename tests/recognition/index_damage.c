/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Index files that are not what they should be: refused by name and reason, or harmless; never a
 * crash. */
#include "../suite.h"
#include "index_pictures.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "recognition/recognizer.h"
#include "recognition/reference.h"
#include "recognition/textured.h"

static char *folder, *path, *segments[2];

static void
set_up (void)
{
  LinceIndexBuilder *builder = build_sample ();
  DIR *directory;
  const struct dirent *entry;
  int count = 0;

  folder = make_folder ();
  path = path_in (folder, "a.index");
  ck_assert (lince_index_builder_write (builder, path, NULL));
  lince_index_builder_free (builder);
  directory = opendir (folder);
  while ((entry = readdir (directory)) != NULL)
    if (strstr (entry->d_name, ".segment") != NULL && count < 2)
      segments[count++] = path_in (folder, entry->d_name);
  closedir (directory);
  ck_assert_int_eq (count, 2);
}

static void
tear_down (void)
{
  free (segments[0]);
  free (segments[1]);
  free (path);
  remove_folder (folder);
}

/* Uses everything that can be used. Returns whether no checksum was wrong. */
static bool
use_all (LinceIndex *index, LinceError *error)
{
  bool ok = lince_index_verify (index, error);

  for (uint32_t i = 0; i < lince_index_image_count (index); i++) {
    LinceReference reference;
    unsigned sum = 0;

    if (!lince_index_reference (index, i, &reference, error)) {
      ok = false;
      continue;
    }
    for (int level = 0; level < reference.level_count; level++) {
      const LinceReferenceLevel *l = &reference.levels[level];

      for (int at = 0; at < l->width * l->height; at++)
        sum += l->luma[at] + (l->mask != NULL ? l->mask[at] : 0u);
    }
    ck_assert_uint_gt (sum, 0);
  }
  return lince_index_textured (index, error) != NULL && ok;
}

/* Opens the index and uses it; `error` tells what was wrong, or is LINCE_OK. */
static void
open_and_use (LinceError *error)
{
  LinceIndex *index;

  *error = (LinceError){0};
  index = lince_index_open (path, error);
  if (index == NULL) {
    ck_assert_int_ne (error->code, LINCE_OK);
    ck_assert_msg (strstr (error->text, path) != NULL, "%s", error->text);
    return;
  }
  if (use_all (index, error))
    *error = (LinceError){0};
  else
    ck_assert_int_ne (error->code, LINCE_OK);
  lince_index_unref (index);
}

static void
expect (LinceErrorCode code, const char *words)
{
  LinceError error;

  open_and_use (&error);
  ck_assert_msg (error.code == code, "%s: %s", lince_error_code_name (error.code), error.text);
  ck_assert_msg (strstr (error.text, words) != NULL, "%s", error.text);
}

/* What is renamed onto a device takes its place; a pipe stands for one. */
START_TEST (devices_are_not_replaced)
{
  char *pipe = path_in (folder, "pipe");
  LinceIndexBuilder *builder = build_sample ();
  LinceError error = {0};
  struct stat status;

  ck_assert_int_eq (mkfifo (pipe, 0600), 0);
  ck_assert (!lince_index_builder_write (builder, pipe, &error));
  ck_assert_ptr_nonnull (strstr (error.text, "is not a regular file"));
  ck_assert_int_eq (stat (pipe, &status), 0);
  ck_assert (S_ISFIFO (status.st_mode));
  ck_assert_int_eq (count_files (folder, ".segment", NULL), 2);
  lince_index_builder_free (builder);
  unlink (pipe);
  free (pipe);
}
END_TEST

START_TEST (missing)
{
  unlink (segments[0]);
  expect (LINCE_ERROR_IO, "No such file");
  unlink (path);
  expect (LINCE_ERROR_IO, "cannot be opened: No such file");
}
END_TEST

START_TEST (foreign)
{
  static const uint8_t png[64] = "\x89PNG\r\n\x1a\n";

  write_whole (path, png, sizeof png);
  expect (LINCE_ERROR_FORMAT, "is not a Lince index");
  write_whole (path, png, 0);
  expect (LINCE_ERROR_FORMAT, "is not a Lince index");
  unlink (path);
  ck_assert_int_eq (mkfifo (path, 0600), 0);
  expect (LINCE_ERROR_FORMAT, "is not a regular file");
  unlink (path);
  ck_assert_int_eq (mkdir (path, 0700), 0);
  expect (LINCE_ERROR_FORMAT, "is not a regular file");
  rmdir (path);
}
END_TEST

START_TEST (other_versions)
{
  size_t size;
  uint8_t *data = read_whole (path, &size);

  data[8] = 0;
  write_whole (path, data, size);
  expect (LINCE_ERROR_VERSION, "version 0, older than the version 3");
  data[8] = 4;
  write_whole (path, data, size);
  expect (LINCE_ERROR_VERSION, "version 4, newer than the version 3");
  free (data);
}
END_TEST

START_TEST (foreign_segment)
{
  size_t size, other_size;
  uint8_t *data = read_whole (segments[0], &size), *other = read_whole (segments[1], &other_size);

  data[0] ^= 1;
  write_whole (segments[0], data, size);
  expect (LINCE_ERROR_FORMAT, "is not a segment of a Lince index");
  data[0] ^= 1;
  data[8] = 9;
  write_whole (segments[0], data, size);
  expect (LINCE_ERROR_VERSION, "version 9");
  /* a sound segment in the place of another */
  write_whole (segments[0], other, other_size);
  open_and_use (&(LinceError){0});
  expect (other_size < size ? LINCE_ERROR_TRUNCATED : LINCE_ERROR_FORMAT, segments[0]);
  free (data);
  free (other);
}
END_TEST

/* The manifest at every length below its own. */
START_TEST (truncated_manifest)
{
  size_t size;
  uint8_t *data = read_whole (path, &size);

  for (size_t length = 0; length < size; length++) {
    LinceError error;

    write_whole (path, data, length);
    open_and_use (&error);
    ck_assert_msg (error.code == (length < 8 ? LINCE_ERROR_FORMAT : LINCE_ERROR_TRUNCATED),
        "%zu: %s", length, error.text);
  }
  data = realloc (data, size + 1);
  data[size] = 0;
  write_whole (path, data, size + 1);
  expect (LINCE_ERROR_CHECKSUM, "checksum");
  free (data);
}
END_TEST

START_TEST (truncated_segment)
{
  for (int i = 0; i < 2; i++) {
    size_t size;
    uint8_t *data = read_whole (segments[i], &size);

    for (size_t length = 0; length < size; length += length < 200 ? 1 : 997) {
      ck_assert_int_eq (truncate (segments[i], (off_t) length), 0);
      expect (LINCE_ERROR_TRUNCATED, segments[i]);
      write_whole (segments[i], data, size);
    }
    expect (LINCE_OK, "");
    free (data);
  }
}
END_TEST

START_TEST (every_bit_of_the_manifest)
{
  size_t size;
  uint8_t *data = read_whole (path, &size);

  for (size_t bit = 0; bit < 8 * size; bit++) {
    LinceError error;

    data[bit / 8] ^= (uint8_t) (1u << bit % 8);
    write_whole (path, data, size);
    open_and_use (&error);
    ck_assert_msg (error.code == LINCE_ERROR_FORMAT || error.code == LINCE_ERROR_VERSION ||
                       error.code == LINCE_ERROR_TRUNCATED || error.code == LINCE_ERROR_CHECKSUM,
        "bit %zu: %s", bit, error.text);
    data[bit / 8] ^= (uint8_t) (1u << bit % 8);
  }
  write_whole (path, data, size);
  expect (LINCE_OK, "");
  free (data);
}
END_TEST

/* Every bit of the header and table, then one bit in every 61st byte: where it lies in a block, the
 * block is refused; between blocks it does no harm. */
START_TEST (bits_of_segments)
{
  int refused = 0, harmless = 0;

  for (int i = 0; i < 2; i++) {
    size_t size;
    uint8_t *data = read_whole (segments[i], &size);
    int fd = open (segments[i], O_WRONLY);

    for (size_t bit = 0; bit < 8 * size; bit += bit < 8 * 160 ? 1 : 8 * 61 + 3) {
      uint8_t changed = data[bit / 8] ^ (uint8_t) (1u << bit % 8);
      LinceError error;

      ck_assert_int_eq (pwrite (fd, &changed, 1, (off_t) (bit / 8)), 1);
      open_and_use (&error);
      if (error.code == LINCE_OK) {
        ck_assert_uint_ge (bit, 8 * 160);
        ck_assert_uint_eq (data[bit / 8], 0);
        harmless++;
      } else {
        ck_assert_msg (error.code == LINCE_ERROR_CHECKSUM || error.code == LINCE_ERROR_FORMAT ||
                           error.code == LINCE_ERROR_VERSION,
            "bit %zu: %s", bit, error.text);
        ck_assert_ptr_nonnull (strstr (error.text, segments[i]));
        refused++;
      }
      ck_assert_int_eq (pwrite (fd, &data[bit / 8], 1, (off_t) (bit / 8)), 1);
    }
    close (fd);
    free (data);
  }
  expect (LINCE_OK, "");
  ck_assert_int_gt (refused, 3000);
  ck_assert_int_lt (harmless, refused / 10);
}
END_TEST

/* Truncated under a reader's feet, to every page: an error, and the process lives. */
START_TEST (truncated_while_mapped)
{
  for (int i = 0; i < 2; i++) {
    size_t size;
    uint8_t *data = read_whole (segments[i], &size);

    for (size_t length = 0; length + 4096 < size; length += 4096) {
      LinceError error = {0};
      LinceIndex *index;

      write_whole (segments[i], data, size);
      index = lince_index_open (path, &error);
      ck_assert_msg (index != NULL, "%s", error.text);
      ck_assert (lince_index_intact (index, &error));
      ck_assert_int_eq (truncate (segments[i], (off_t) length), 0);
      ck_assert (!use_all (index, &error));
      ck_assert_int_eq (error.code, LINCE_ERROR_TRUNCATED);
      ck_assert_msg (strstr (error.text, segments[i]) != NULL, "%s", error.text);
      ck_assert (!lince_index_intact (index, &error));
      /* from then on, though the file be whole again */
      write_whole (segments[i], data, size);
      ck_assert (!lince_index_verify (index, &error));
      ck_assert_int_eq (error.code, LINCE_ERROR_TRUNCATED);
      lince_index_unref (index);
    }
    free (data);
  }
}
END_TEST

/* Pixels that are in use when the file goes away read as zeros. */
START_TEST (truncated_while_read)
{
  LinceError error = {0};
  LinceIndex *index = lince_index_open (path, &error);
  LinceReference references[4];
  unsigned sum = 0;

  ck_assert_msg (index != NULL, "%s", error.text);
  for (uint32_t i = 0; i < 4; i++)
    ck_assert (lince_index_reference (index, i, &references[i], &error));
  ck_assert_int_eq (truncate (segments[0], 0), 0);
  ck_assert_int_eq (truncate (segments[1], 0), 0);
  for (int i = 0; i < 4; i++)
    for (int at = 0; at < references[i].levels[0].width * references[i].levels[0].height; at++)
      sum += references[i].levels[0].luma[at];
  ck_assert_uint_eq (sum, 0);
  ck_assert (!lince_index_intact (index, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_TRUNCATED);
  lince_index_unref (index);
}
END_TEST

/* One bit of one image's pixels: that image is refused at its first use, the others are not, and
 * the index says so from then on. */
START_TEST (one_bad_block)
{
  LinceError error = {0};
  int refused = 0;

  for (int i = 0; i < 2; i++) {
    size_t size;
    uint8_t *data = read_whole (segments[i], &size);
    LinceIndex *index;

    data[size - 4000] ^= 1;
    write_whole (segments[i], data, size);
    index = lince_index_open (path, &error);
    ck_assert_msg (index != NULL, "%s", error.text);
    ck_assert (lince_index_intact (index, &error));
    for (uint32_t image = 0; image < 4; image++) {
      LinceReference reference;

      if (lince_index_reference (index, image, &reference, &error))
        continue;
      refused++;
      ck_assert_int_eq (error.code, LINCE_ERROR_CHECKSUM);
      ck_assert (!lince_index_intact (index, &error));
      ck_assert_int_eq (error.code, LINCE_ERROR_CHECKSUM);
      ck_assert_ptr_nonnull (strstr (error.text, segments[i]));
    }
    lince_index_unref (index);
    data[size - 4000] ^= 1;
    write_whole (segments[i], data, size);
    free (data);
  }
  ck_assert_int_eq (refused, 1);
}
END_TEST

/* The recogniser tells of an index that went away, and goes on with a sound one. */
START_TEST (recognizer_says_so)
{
  static uint8_t pixels[320 * 240];
  LinceFrame frame = {.width = 320,
      .height = 240,
      .luma = {pixels, 320, 1},
      .par_numerator = 1,
      .par_denominator = 1};
  LinceIndexBuilder *builder = build_sample ();
  LinceIndex *index = lince_index_open (path, NULL), *sound;
  LinceRecognizer *recognizer;
  LinceSettings settings;
  LinceReference reference;
  const LinceResult *result;
  LinceError error = {0};

  lince_settings_default (&settings);
  recognizer = lince_recognizer_new (&settings, &error);
  ck_assert_msg (recognizer != NULL, "%s", error.text);
  ck_assert_ptr_nonnull (index);
  lince_recognizer_set_index (recognizer, index);
  ck_assert (lince_recognizer_process (recognizer, &frame, 0, &result, &error));
  ck_assert_int_eq (truncate (segments[0], 0), 0);
  ck_assert_int_eq (truncate (segments[1], 0), 0);
  ck_assert (!lince_index_reference (index, 0, &reference, &error));
  ck_assert (!lince_recognizer_process (recognizer, &frame, 1, &result, &error));
  ck_assert_int_eq (error.code, LINCE_ERROR_TRUNCATED);
  ck_assert (!lince_recognizer_still (recognizer, &frame, &result, &error));
  sound = lince_index_builder_finish (builder, &error);
  lince_recognizer_set_index (recognizer, sound);
  ck_assert_msg (
      lince_recognizer_process (recognizer, &frame, 2, &result, &error), "%s", error.text);
  lince_recognizer_free (recognizer);
  lince_index_unref (sound);
  lince_index_unref (index);
  lince_index_builder_free (builder);
}
END_TEST

static void
leave_with_7 (int number)
{
  _exit (7);
}

/* A fault elsewhere goes to whoever was there before, or ends the process as ever. */
START_TEST (other_faults_are_passed_on)
{
  for (int with_handler = 0; with_handler < 2; with_handler++) {
    pid_t child = fork ();
    int status;

    if (child == 0) {
      char *file = path_in (folder, "other");
      static const uint8_t byte[1];
      volatile const char *data;
      int fd;

      signal (SIGBUS, with_handler ? leave_with_7 : SIG_DFL);
      lince_index_unref (lince_index_open (path, NULL));
      write_whole (file, byte, 1);
      fd = open (file, O_RDWR);
      data = mmap (NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
      if (ftruncate (fd, 0) != 0 || data == MAP_FAILED)
        _exit (8);
      _exit (data[0] == 0 ? 9 : 10);
    }
    ck_assert_int_eq (waitpid (child, &status, 0), child);
    if (with_handler) {
      ck_assert (WIFEXITED (status));
      ck_assert_int_eq (WEXITSTATUS (status), 7);
    } else {
      ck_assert (WIFSIGNALED (status));
      ck_assert_int_eq (WTERMSIG (status), SIGBUS);
    }
  }
}
END_TEST

/* More mappings than the registry holds: the rest is read into memory. */
START_TEST (many_open_at_once)
{
  enum { COUNT = 600 };
  LinceIndex *indexes[COUNT];
  LinceError error = {0};

  for (int i = 0; i < COUNT; i++) {
    indexes[i] = lince_index_open (path, &error);
    ck_assert_msg (indexes[i] != NULL, "%d: %s", i, error.text);
  }
  ck_assert (use_all (indexes[0], &error));
  ck_assert (use_all (indexes[COUNT - 1], &error));
  ck_assert_int_eq (truncate (segments[1], 0), 0);
  ck_assert (!use_all (indexes[1], &error));
  ck_assert (use_all (indexes[COUNT - 1], &error));
  for (int i = 0; i < COUNT; i++)
    lince_index_unref (indexes[i]);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("index damage");
  TCase *tests = tcase_create ("damage");

  tcase_set_timeout (tests, 120);
  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_test (tests, devices_are_not_replaced);
  tcase_add_test (tests, missing);
  tcase_add_test (tests, foreign);
  tcase_add_test (tests, other_versions);
  tcase_add_test (tests, foreign_segment);
  tcase_add_test (tests, truncated_manifest);
  tcase_add_test (tests, truncated_segment);
  tcase_add_test (tests, every_bit_of_the_manifest);
  tcase_add_test (tests, bits_of_segments);
  tcase_add_test (tests, truncated_while_mapped);
  tcase_add_test (tests, truncated_while_read);
  tcase_add_test (tests, one_bad_block);
  tcase_add_test (tests, recognizer_says_so);
  tcase_add_test (tests, other_faults_are_passed_on);
  tcase_add_test (tests, many_open_at_once);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
