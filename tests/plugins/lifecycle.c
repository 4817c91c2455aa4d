/* SPDX-License-Identifier: LGPL-2.1-or-later
 * lincerecognize through states, reloads, changed properties, bad collections, and beside the
 * stream. */
#include <gst/check/gstcheck.h>
#include <unistd.h>

#include "media/meta.h"
#include "scene.h"

#define LONG_WAIT (30 * GST_SECOND)

static char *collection;

static void
setup (void)
{
  collection = scene_new_collection (1);
}

static void
teardown (void)
{
  scene_remove_collection (collection);
  g_clear_pointer (&collection, g_free);
}

static GstBuffer *
push_until_appeared (SceneRun *run, const ScenePlace *place, const char *id)
{
  for (guint i = 0; i < 60; i++) {
    GstBuffer *output = scene_run_push (run, place, 1);
    LinceMessageObject object;
    LinceMessage message;
    GstMessage *found = scene_run_recognition (run, LINCE_MESSAGE_APPEARED, &message, &object);

    if (found != NULL) {
      fail_unless_equals_string (object.id, id);
      gst_message_unref (found);
      return output;
    }
    gst_buffer_unref (output);
    g_usleep (2000); /* async mode: let the other thread have a frame */
  }
  fail ("%s did not appear", id);
  return NULL;
}

/* ---- states -------------------------------------------------------------------------------- */

GST_START_TEST (test_states_hundred_times)
{
  static const GstState states[] = {GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING,
      GST_STATE_PAUSED, GST_STATE_READY, GST_STATE_NULL};
  GstElement *element = gst_element_factory_make ("lincerecognize", NULL);

  g_object_set (element, "collection", collection, NULL);
  for (guint i = 0; i < 100; i++) {
    for (guint s = 0; s < G_N_ELEMENTS (states); s++)
      fail_unless_equals_int (gst_element_set_state (element, states[s]), GST_STATE_CHANGE_SUCCESS);
  }
  gst_object_unref (element);
}
GST_END_TEST;

/* The same with frames in both modes, so that threads and tracks are there to be ended. */
GST_START_TEST (test_restarts_with_frames)
{
  for (guint i = 0; i < 20; i++) {
    SceneRun *run = scene_run_new (collection, "I420");

    gst_util_set_object_arg (G_OBJECT (run->element), "mode", i % 2 ? "async" : "sync");
    gst_buffer_unref (scene_run_push (run, &scene_middle, 3));
    fail_unless_equals_uint64 (scene_run_stat (run, "frames"), 3);
    gst_element_set_state (run->element, GST_STATE_READY);
    fail_unless_equals_uint64 (scene_run_stat (run, "frames"), 0);
    scene_run_free (run);
  }
}
GST_END_TEST;

/* What stands when the element is stopped without EOS ends too. */
GST_START_TEST (test_stop_ends_exposures)
{
  SceneRun *run = scene_run_new (collection, "I420");
  LinceMessageObject object;
  LinceMessage message;
  GstMessage *found;

  gst_buffer_unref (push_until_appeared (run, &scene_middle, "one"));
  gst_element_set_state (run->element, GST_STATE_READY);
  found = scene_run_recognition (run, LINCE_MESSAGE_VANISHED, &message, &object);
  fail_unless (found != NULL);
  fail_unless_equals_string (object.reason, "end");
  gst_message_unref (found);
  scene_run_free (run);
}
GST_END_TEST;

/* ---- collections --------------------------------------------------------------------------- */

static void
expect_message (SceneRun *run, GstMessageType type, GQuark domain, gint code, const char *name)
{
  GstMessage *message = scene_run_message_of_type (run, type, LONG_WAIT);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL, "no message on %s", name);
  if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else
    gst_message_parse_warning (message, &error, NULL);
  fail_unless (g_error_matches (error, domain, code), "%s", error->message);
  fail_unless (strstr (error->message, name) != NULL, "%s", error->message);
  gst_message_unref (message);
}

static SceneRun *
new_bare_run (const char *path)
{
  SceneRun *run = g_new0 (SceneRun, 1);

  run->element = gst_element_factory_make ("lincerecognize", NULL);
  g_object_set (run->element, "collection", path, NULL);
  run->bus = gst_bus_new ();
  gst_element_set_bus (run->element, run->bus);
  return run;
}

static void
free_bare_run (SceneRun *run)
{
  gst_element_set_state (run->element, GST_STATE_NULL);
  gst_object_unref (run->element);
  gst_object_unref (run->bus);
  g_free (run);
}

GST_START_TEST (test_unusable_collections)
{
  g_autofree char *empty = g_dir_make_tmp ("lince-test-XXXXXX", NULL);
  SceneRun *run = new_bare_run (NULL);

  fail_unless_equals_int (
      gst_element_set_state (run->element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  expect_message (
      run, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, "collection");
  free_bare_run (run);

  run = new_bare_run ("/nowhere/at/all");
  fail_unless_equals_int (
      gst_element_set_state (run->element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  expect_message (
      run, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "/nowhere/at/all");
  free_bare_run (run);

  run = new_bare_run (empty);
  gst_element_set_state (run->element, GST_STATE_PAUSED);
  expect_message (run, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, empty);
  free_bare_run (run);

  scene_write_file (empty, "foreign.index", "this is no index");
  {
    g_autofree char *file = g_build_filename (empty, "foreign.index", NULL);

    run = new_bare_run (file);
    gst_element_set_state (run->element, GST_STATE_PAUSED);
    expect_message (run, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, file);
    free_bare_run (run);
  }
  scene_remove_collection (empty);
}
GST_END_TEST;

/* A stream that is not live waits: its very first frame is recognised. */
GST_START_TEST (test_first_frame_waits)
{
  SceneRun *run;
  GstBuffer *output;

  /* an empty cache, so that loading takes its time */
  g_setenv ("LINCE_CACHE_DIR", collection, TRUE);
  run = new_bare_run (collection);
  run->harness = gst_harness_new_with_element (run->element, "sink", "src");
  gst_harness_set_live (run->harness, FALSE);
  scene_info (&run->info, "I420", "progressive");
  scene_run_send_caps (run, &run->info);
  output = scene_run_push (run, &scene_middle, 1);
  fail_unless (gst_buffer_get_video_region_of_interest_meta (output) != NULL);
  gst_buffer_unref (output);
  scene_run_free (run);
}
GST_END_TEST;

/* The index's file is cut short while it is mapped: a warning, and frames go on. */
GST_START_TEST (test_truncated_index)
{
  g_autofree char *cache = g_dir_make_tmp ("lince-test-XXXXXX", NULL);
  g_autoptr (GDir) dir = NULL;
  const char *name;
  SceneRun *run;

  g_setenv ("LINCE_CACHE_DIR", cache, TRUE);
  scene_run_free (scene_run_new (collection, "I420"));
  run = scene_run_new (collection, "I420"); /* maps what the first has compiled */
  dir = g_dir_open (cache, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (cache, name, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
      fail_unless_equals_int (truncate (path, 0), 0);
  }
  gst_buffer_unref (scene_run_push (run, &scene_middle, 3));
  expect_message (
      run, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, collection);
  gst_buffer_unref (scene_run_push (run, &scene_middle, 3));
  fail_unless (scene_run_message_of_type (run, GST_MESSAGE_WARNING, 0) == NULL);
  scene_run_free (run);
  scene_remove_collection (cache);
}
GST_END_TEST;

/* A bad picture is named; the good one works. */
GST_START_TEST (test_problems_are_named)
{
  SceneRun *run;
  GstMessage *found;
  LinceMessageProblem problem;
  LinceMessageCollection loaded;

  scene_write_file (collection, "broken.png", "this is no picture");
  run = new_bare_run (collection);
  gst_element_set_state (run->element, GST_STATE_PAUSED);
  found = scene_run_message (run, LINCE_MESSAGE_PROBLEM_NAME, LONG_WAIT);
  fail_unless (found != NULL);
  fail_unless (lince_message_parse_problem (gst_message_get_structure (found), &problem));
  fail_unless_equals_string (problem.collection, collection);
  fail_unless (strstr (problem.image, "broken.png") != NULL, "%s", problem.image);
  fail_unless (strlen (problem.text) > 10);
  gst_message_unref (found);
  expect_message (
      run, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "broken.png");
  found = scene_run_message (run, LINCE_MESSAGE_COLLECTION_NAME, LONG_WAIT);
  fail_unless (found != NULL);
  fail_unless (lince_message_parse_collection (gst_message_get_structure (found), &loaded));
  fail_unless_equals_int (loaded.objects, 1);
  fail_unless_equals_int (loaded.images, 1);
  fail_unless_equals_int (loaded.problems, 1);
  gst_message_unref (found);
  free_bare_run (run);
}
GST_END_TEST;

static char *
revision_of (SceneRun *run)
{
  char *revision = NULL;

  g_object_get (run->element, "revision", &revision, NULL);
  return revision;
}

static void
wait_loaded (SceneRun *run, guint objects)
{
  GstMessage *found = scene_run_message (run, LINCE_MESSAGE_COLLECTION_NAME, LONG_WAIT);
  LinceMessageCollection loaded;
  g_autofree char *revision = NULL;

  fail_unless (found != NULL, "not loaded again");
  fail_unless (lince_message_parse_collection (gst_message_get_structure (found), &loaded));
  fail_unless_equals_int (loaded.objects, objects);
  revision = revision_of (run);
  fail_unless_equals_string (loaded.revision, revision);
  gst_message_unref (found);
}

/* By changed files, by signal, by property, while frames flow. */
GST_START_TEST (test_reload)
{
  static const ScenePlace second = {2, {190, 90, 440, 80, 430, 275, 200, 265}};
  g_autofree char *other = scene_new_collection (2);
  SceneRun *run = scene_run_new (collection, "I420");
  g_autofree char *before = revision_of (run), *after = NULL;

  gst_buffer_unref (push_until_appeared (run, &scene_middle, "one"));
  scene_write_reference (collection, 2, "two.png");
  wait_loaded (run, 2);
  after = revision_of (run);
  fail_unless (g_strcmp0 (before, after) != 0);
  run->frames += 100;
  gst_buffer_unref (push_until_appeared (run, &second, "two"));

  g_signal_emit_by_name (run->element, "reload");
  wait_loaded (run, 2);
  scene_write_reference (other, 3, "three.png");
  g_object_set (run->element, "collection", other, NULL);
  wait_loaded (run, 3);
  gst_buffer_unref (scene_run_push (run, &scene_middle, 1));
  scene_run_free (run);
  scene_remove_collection (other);
}
GST_END_TEST;

/* A collection that cannot be loaded any more: a warning, and what was there goes on. */
GST_START_TEST (test_failed_reload)
{
  SceneRun *run = scene_run_new (collection, "I420");
  g_autofree char *before = revision_of (run), *after = NULL;

  scene_write_file (collection, "one.png", "overwritten with nonsense");
  expect_message (
      run, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, collection);
  after = revision_of (run);
  fail_unless_equals_string (before, after);
  gst_buffer_unref (push_until_appeared (run, &scene_middle, "one"));
  g_object_set (run->element, "collection", "/nowhere/at/all", NULL);
  expect_message (
      run, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "/nowhere/at/all");
  g_object_set (run->element, "collection", NULL, NULL);
  while (g_free (after), (after = revision_of (run)) != NULL)
    g_usleep (1000);
  gst_buffer_unref (scene_run_push (run, &scene_middle, 1));
  scene_run_free (run);
}
GST_END_TEST;

/* ---- beside the stream --------------------------------------------------------------------- */

GST_START_TEST (test_async)
{
  SceneRun *run = scene_run_new (collection, "I420");
  guint64 analysed, dropped;
  gboolean aged = FALSE;

  gst_util_set_object_arg (G_OBJECT (run->element), "mode", "async");
  gst_buffer_unref (push_until_appeared (run, &scene_middle, "one"));
  for (guint i = 0; i < 50; i++) {
    GstBuffer *output = scene_run_push (run, &scene_middle, 1);
    const GstStructure *structure = lince_meta_get (output);
    LinceMessage message;

    if (structure != NULL) {
      guint64 now = GST_BUFFER_PTS (output);

      fail_unless (lince_message_parse (structure, &message));
      fail_unless_equals_uint64 (message.info.running_time + message.info.age, now);
      fail_unless (message.info.age <= GST_SECOND);
      aged |= message.info.age > 0;
      if (message.object_count > 0) {
        LinceMessageObject object;

        fail_unless (lince_message_get_object (structure, 0, &object));
        fail_unless (scene_distance (object.quad, &scene_middle) < 2.5);
      }
    }
    gst_buffer_unref (output);
  }
  fail_unless (aged, "no buffer carried the result of an earlier frame");
  /* back to sync: what waits is finished first, so the sums hold */
  gst_util_set_object_arg (G_OBJECT (run->element), "mode", "sync");
  gst_buffer_unref (scene_run_push (run, &scene_middle, 1));
  analysed = scene_run_stat (run, "analysed");
  dropped = scene_run_stat (run, "dropped");
  fail_unless_equals_uint64 (analysed + dropped, scene_run_stat (run, "frames"));
  scene_run_free (run);
}
GST_END_TEST;

/* The age of the oldest frame that the waiting messages tell of, all taken off the bus; `last` is the
 * running time of the newest frame that was pushed, `*time` that of the last message's frame. */
static guint64
take_ages (SceneRun *run, guint64 last, guint64 *time)
{
  LinceMessageObject object;
  LinceMessage message;
  GstMessage *found;
  guint64 oldest = 0;

  while ((found = scene_run_recognition (run, LINCE_MESSAGE_MOVED, &message, &object)) != NULL) {
    oldest = MAX (oldest, message.info.age);
    fail_unless (message.info.age + message.info.running_time <= last);
    *time = message.info.running_time;
    gst_message_unref (found);
  }
  return oldest;
}

/* The stream does not wait: frames pushed at once overwrite one another. How many are pushed before
 * the thread has had its turn, and so how old a frame becomes, is the scheduler's choice: frames are
 * pushed until both have been seen. */
GST_START_TEST (test_async_never_waits)
{
  SceneRun *run = scene_run_new (collection, "I420");
  GstBuffer *frame = scene_new_frame (&run->info, &scene_middle, 0);
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  guint64 oldest = 0, last = 0, told = 0, count = 0;

  gst_util_set_object_arg (G_OBJECT (run->element), "mode", "async");
  while (count < 200 || oldest == 0 || scene_run_stat (run, "dropped") == 0) {
    GstBuffer *copy = gst_buffer_copy (frame);

    fail_unless (g_get_monotonic_time () < deadline, "no message says how old its frame was");
    GST_BUFFER_PTS (copy) = last = count++ * SCENE_FRAME;
    fail_unless_equals_int (gst_harness_push (run->harness, copy), GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (run->harness));
    oldest = MAX (oldest, take_ages (run, last, &told));
  }
  fail_unless_equals_uint64 (scene_run_stat (run, "frames"), count);
  /* at the end of the stream the last frame has been analysed, with nothing newer */
  fail_unless (gst_harness_push_event (run->harness, gst_event_new_eos ()));
  take_ages (run, last, &told);
  fail_unless_equals_uint64 (told, last);
  gst_buffer_unref (frame);
  scene_run_free (run);
}
GST_END_TEST;

/* ---- properties in play -------------------------------------------------------------------- */

static gint stop_setting;

static gpointer
set_properties (gpointer user_data)
{
  GObject *element = user_data;
  guint i = 0;

  while (!g_atomic_int_get (&stop_setting)) {
    GstStructure *stats = NULL;
    char *revision = NULL;

    i++;
    gst_util_set_object_arg (element, "mode", i % 7 < 3 ? "async" : "sync");
    g_object_set (element, "attach-meta", i % 3 > 0, "post-messages", i % 5 > 0, "min-confidence",
        (i % 10) / 10.0, "interval", (guint64) (i % 4) * SCENE_FRAME, "budget",
        (guint64) (i % 3) * 5 * GST_MSECOND, NULL);
    if (i % 20 == 0)
      g_signal_emit_by_name (element, "reload");
    g_object_get (element, "stats", &stats, "revision", &revision, NULL);
    gst_structure_free (stats);
    g_free (revision);
    g_usleep (500);
  }
  return NULL;
}

GST_START_TEST (test_properties_while_playing)
{
  SceneRun *run = scene_run_new (collection, "I420");
  GThread *thread;

  g_atomic_int_set (&stop_setting, FALSE);
  thread = g_thread_new ("setter", set_properties, run->element);
  for (guint i = 0; i < 60; i++) {
    if (i % 20 == 19) {
      GstSegment segment;

      gst_segment_init (&segment, GST_FORMAT_TIME);
      gst_harness_push_event (run->harness, gst_event_new_flush_start ());
      gst_harness_push_event (run->harness, gst_event_new_flush_stop (TRUE));
      gst_harness_push_event (run->harness, gst_event_new_segment (&segment));
    }
    gst_buffer_unref (scene_run_push (run, i % 16 < 10 ? &scene_middle : &scene_nothing, 1));
  }
  g_atomic_int_set (&stop_setting, TRUE);
  g_thread_join (thread);
  fail_unless_equals_uint64 (scene_run_stat (run, "frames"), 60);
  scene_run_free (run);
}
GST_END_TEST;

static Suite *
lifecycle_suite (void)
{
  Suite *suite = suite_create ("lifecycle");
  TCase *chain = tcase_create ("lifecycle");

  suite_add_tcase (suite, chain);
  tcase_add_checked_fixture (chain, setup, teardown);
  tcase_add_test (chain, test_states_hundred_times);
  tcase_add_test (chain, test_restarts_with_frames);
  tcase_add_test (chain, test_stop_ends_exposures);
  tcase_add_test (chain, test_unusable_collections);
  tcase_add_test (chain, test_first_frame_waits);
  tcase_add_test (chain, test_truncated_index);
  tcase_add_test (chain, test_problems_are_named);
  tcase_add_test (chain, test_reload);
  tcase_add_test (chain, test_failed_reload);
  tcase_add_test (chain, test_async);
  tcase_add_test (chain, test_async_never_waits);
  tcase_add_test (chain, test_properties_while_playing);
  return suite;
}

GST_CHECK_MAIN (lifecycle);
