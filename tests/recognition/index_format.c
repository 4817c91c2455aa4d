/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The bytes of index files: every field of every header, at the place that the headers document. */
#include "../suite.h"
#include "index_pictures.h"

#include "recognition/bytes.h"
#include "recognition/hash.h"
#include "recognition/manifest.h"
#include "recognition/segment.h"

/* Vectors of the published algorithm. */
START_TEST (hash_is_xxh64)
{
  static const char text[] = "Nobody inspects the spammish repetition";

  ck_assert_uint_eq (lince_hash64 ("", 0, 0), 0xef46db3751d8e999u);
  ck_assert_uint_eq (lince_hash64 ("a", 1, 0), 0xd24ec4f1a98c6e5bu);
  ck_assert_uint_eq (lince_hash64 ("abc", 3, 0), 0x44bc2cf5ad770999u);
  ck_assert_uint_eq (lince_hash64 (text, sizeof text - 1, 0), 0xfbcea83c8a378bf1u);
}
END_TEST

static LinceManifest
make_manifest (LinceManifestSegment segments[2])
{
  segments[0] = (LinceManifestSegment){0x1122334455667788u, 4096, "logos.index.a.segment"};
  segments[1] = (LinceManifestSegment){0x99aabbccddeeff00u, 123456789, "b"};
  return (LinceManifest){.revision = 0x123456789abcdef0u,
      .object_count = 3,
      .image_count = 5,
      .segment_count = 2,
      .segments = segments};
}

START_TEST (manifest_bytes)
{
  LinceManifestSegment segments[2];
  LinceManifest manifest = make_manifest (segments);
  size_t size;
  uint8_t *data = lince_manifest_write (&manifest, &size);
  uint8_t hashes[16] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x00, 0xff, 0xee, 0xdd,
      0xcc, 0xbb, 0xaa, 0x99};
  uint8_t header[64];

  ck_assert_uint_eq (size, 64 + 24 + 24 + 24 + 8);
  ck_assert_mem_eq (data, "\x89LNCI\r\n\x1a", 8);
  ck_assert_uint_eq (lince_get_u32 (data + 8), LINCE_MANIFEST_VERSION);
  ck_assert_uint_eq (lince_get_u32 (data + 12), 2);
  ck_assert_uint_eq (lince_get_u64 (data + 16), size);
  ck_assert_uint_eq (lince_get_u64 (data + 24), 0x123456789abcdef0u);
  ck_assert_uint_eq (lince_manifest_identity (&manifest),
      lince_hash64 (hashes + 8, 8, lince_hash64 (hashes, 8, 0)));
  ck_assert_uint_eq (lince_get_u32 (data + 32), 3);
  ck_assert_uint_eq (lince_get_u32 (data + 36), 5);
  for (int i = 40; i < 56; i++)
    ck_assert_uint_eq (data[i], 0);
  memcpy (header, data, 64);
  memset (header + 56, 0, 8);
  ck_assert_uint_eq (
      lince_get_u64 (data + 56), lince_hash64 (data + 64, size - 64, lince_hash64 (header, 64, 0)));
  ck_assert_mem_eq (data + 64, hashes, 8);
  ck_assert_uint_eq (lince_get_u64 (data + 72), 4096);
  ck_assert_uint_eq (lince_get_u32 (data + 80), 21);
  ck_assert_uint_eq (lince_get_u32 (data + 84), 0);
  ck_assert_mem_eq (data + 88, "logos.index.a.segment\0\0\0", 24);
  ck_assert_mem_eq (data + 112, hashes + 8, 8);
  ck_assert_uint_eq (lince_get_u64 (data + 120), 123456789);
  ck_assert_uint_eq (lince_get_u32 (data + 128), 1);
  ck_assert_mem_eq (data + 136, "b\0\0\0\0\0\0\0", 8);
  free (data);
}
END_TEST

START_TEST (manifest_reads_what_was_written)
{
  LinceManifestSegment segments[2];
  LinceManifest manifest = make_manifest (segments), read;
  LinceError error = {0};
  size_t size;
  uint8_t *data = lince_manifest_write (&manifest, &size);

  ck_assert_msg (lince_manifest_parse (&read, data, size, &error), "%s", error.text);
  ck_assert_uint_eq (read.object_count, 3);
  ck_assert_uint_eq (read.image_count, 5);
  ck_assert_uint_eq (read.segment_count, 2);
  ck_assert_uint_eq (read.revision, manifest.revision);
  for (int i = 0; i < 2; i++) {
    ck_assert_uint_eq (read.segments[i].hash, segments[i].hash);
    ck_assert_uint_eq (read.segments[i].size, segments[i].size);
    ck_assert_str_eq (read.segments[i].name, segments[i].name);
  }
  lince_manifest_clear (&read);
  free (data);
}
END_TEST

/* A name that would lead out of the folder, with a checksum that is right. */
START_TEST (manifest_refuses_paths)
{
  static const char *const names[] = {"../x", "a/b", ".hidden", ""};

  for (int i = 0; i < 4; i++) {
    LinceManifestSegment segment = {.hash = 1, .size = 64};
    LinceManifest manifest = {
        .object_count = 1, .image_count = 1, .segment_count = 1, .segments = &segment};
    LinceManifest read;
    LinceError error = {0};
    uint8_t *data;
    size_t size;

    strcpy (segment.name, names[i]);
    data = lince_manifest_write (&manifest, &size);
    ck_assert_msg (!lince_manifest_parse (&read, data, size, &error), "\"%s\"", names[i]);
    ck_assert_int_eq (error.code, LINCE_ERROR_FORMAT);
    lince_manifest_clear (&read);
    free (data);
  }
}
END_TEST

START_TEST (segment_bytes)
{
  LinceSegmentWriter writer = {0};
  uint8_t payload[100], header[64], *data;
  uint64_t hash;
  size_t size;

  for (int i = 0; i < 100; i++)
    payload[i] = (uint8_t) (3 * i);
  ck_assert (lince_segment_writer_add (&writer, LINCE_TAG_REFERENCE, payload, 100, NULL));
  ck_assert (lince_segment_writer_add (&writer, LINCE_TAG_OBJECTS, payload, 0, NULL));
  ck_assert (lince_segment_writer_add (&writer, LINCE_TAG_IMAGES, payload, 64, NULL));
  ck_assert (lince_segment_writer_finish (&writer, &data, &size, &hash, NULL));

  /* 64 of header, 96 of table, then blocks at 192, 320, 320 */
  ck_assert_uint_eq (size, 384);
  ck_assert_mem_eq (data, "\x89LNCS\r\n\x1a", 8);
  ck_assert_uint_eq (lince_get_u32 (data + 8), 1);
  ck_assert_uint_eq (lince_get_u32 (data + 12), 3);
  ck_assert_uint_eq (lince_get_u64 (data + 16), size);
  ck_assert_uint_eq (lince_get_u64 (data + 24), 0);
  memcpy (header, data, 64);
  memset (header + 32, 0, 8);
  ck_assert_uint_eq (
      lince_get_u64 (data + 32), lince_hash64 (data + 64, 96, lince_hash64 (header, 64, 0)));
  ck_assert_uint_eq (lince_get_u64 (data + 32), hash);
  for (int i = 40; i < 64; i++)
    ck_assert_uint_eq (data[i], 0);
  ck_assert_mem_eq (data + 64, "REFS\0\0\0\0", 8);
  ck_assert_uint_eq (lince_get_u64 (data + 72), 192);
  ck_assert_uint_eq (lince_get_u64 (data + 80), 100);
  ck_assert_uint_eq (lince_get_u64 (data + 88), lince_hash64 (payload, 100, 0));
  ck_assert_mem_eq (data + 96, "OBJS\0\0\0\0", 8);
  ck_assert_uint_eq (lince_get_u64 (data + 104), 320);
  ck_assert_uint_eq (lince_get_u64 (data + 112), 0);
  ck_assert_mem_eq (data + 128, "IMGS\0\0\0\0", 8);
  ck_assert_uint_eq (lince_get_u64 (data + 136), 320);
  ck_assert_mem_eq (data + 192, payload, 100);
  for (int i = 292; i < 320; i++)
    ck_assert_uint_eq (data[i], 0);
  ck_assert_mem_eq (data + 320, payload, 64);
  free (data);
}
END_TEST

/* The files of a real index carry the counts, names and hashes that they claim. */
START_TEST (files_on_disk)
{
  char *folder = make_folder (), *path = path_in (folder, "sample.index"), *segment;
  LinceIndexBuilder *builder = build_sample ();
  LinceManifest manifest;
  LinceError error = {0};
  char expected[64];

  ck_assert_msg (lince_index_builder_write (builder, path, &error), "%s", error.text);
  ck_assert_msg (lince_manifest_read (&manifest, path, &error), "%s", error.text);
  ck_assert_uint_eq (manifest.object_count, 3);
  ck_assert_uint_eq (manifest.image_count, 4);
  ck_assert_uint_eq (manifest.segment_count, 2);
  for (uint32_t i = 0; i < manifest.segment_count; i++) {
    uint8_t *data;
    size_t size;

    snprintf (expected, sizeof expected, "sample.index.%016llx.segment",
        (unsigned long long) manifest.segments[i].hash);
    ck_assert_str_eq (manifest.segments[i].name, expected);
    segment = path_in (folder, expected);
    data = read_whole (segment, &size);
    ck_assert_uint_eq (size, manifest.segments[i].size);
    ck_assert_uint_eq (lince_get_u64 (data + 32), manifest.segments[i].hash);
    /* objects, images and marks; features and one reference an image */
    ck_assert_uint_eq (lince_get_u32 (data + 12), i == 0 ? 3 : 5);
    ck_assert_mem_eq (data + 64, i == 0 ? "OBJS" : "TXTR", 4);
    ck_assert_mem_eq (data + 96, i == 0 ? "IMGS" : "REFS", 4);
    free (data);
    free (segment);
  }
  ck_assert_int_eq (count_files (folder, "", NULL), 2 + 3); /* with . and .. */
  lince_manifest_clear (&manifest);
  lince_index_builder_free (builder);
  free (path);
  remove_folder (folder);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("index format");
  TCase *tests = tcase_create ("bytes");

  tcase_add_test (tests, hash_is_xxh64);
  tcase_add_test (tests, manifest_bytes);
  tcase_add_test (tests, manifest_reads_what_was_written);
  tcase_add_test (tests, manifest_refuses_paths);
  tcase_add_test (tests, segment_bytes);
  tcase_add_test (tests, files_on_disk);
  suite_add_tcase (suite, tests);
  return run_suite (suite);
}
