/* SPDX-License-Identifier: LGPL-2.1-or-later
 * linceoverlay: where it draws, what it leaves alone, and whose memory it draws into. */
#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

#include "media/frame_map.h"
#include "media/meta.h"
#include "scene.h"

static LinceIndex *the_index;

static void
setup (void)
{
  the_index = scene_new_index (1);
}

static void
teardown (void)
{
  lince_index_unref (the_index);
}

/* Gives the buffer the metas of placements with these corners, in pixels. */
static void
attach_quads (GstBuffer *buffer, const GstVideoInfo *info, const double (*quads)[8], guint count)
{
  LincePlacement placements[4];
  LinceResult result = {.placements = placements, .placement_count = count, .index = the_index};
  LinceFrameInfo frame = {.frame_number = GST_BUFFER_OFFSET_NONE,
      .width = SCENE_WIDTH,
      .height = SCENE_HEIGHT,
      .par_n = 1,
      .par_d = 1,
      .timestamp = 0,
      .reference_timestamp = GST_CLOCK_TIME_NONE};
  GstStructure *moved;

  for (guint n = 0; n < count; n++) {
    placements[n] =
        (LincePlacement){.track = n + 1, .confidence = 0.9f, .visible = 1.0f, .area = 0.1f};
    for (int i = 0; i < 4; i++)
      placements[n].corners[i] = (LincePoint){(float) quads[n][2 * i], (float) quads[n][2 * i + 1]};
  }
  moved = lince_message_new_moved (&frame, &result);
  lince_meta_attach (buffer, &result, moved, info);
  gst_structure_free (moved);
}

static void
attach_quad (GstBuffer *buffer, const GstVideoInfo *info, const double corners[8])
{
  attach_quads (buffer, info, (const double (*)[8]) corners, 1);
}

static GstHarness *
new_harness (const GstVideoInfo *info)
{
  GstHarness *harness = gst_harness_new ("linceoverlay");

  gst_harness_set_src_caps (harness, gst_video_info_to_caps (info));
  return harness;
}

/* Luma of both frames, through the reader that other tests prove. */
typedef struct {
  LinceNarrower *narrower;
  GstVideoFrame video;
  LinceFrame frame;
} View;

static void
view_open (View *view, GstBuffer *buffer, const GstVideoInfo *info)
{
  view->narrower = lince_narrower_new ();
  fail_unless (gst_video_frame_map (&view->video, info, buffer, GST_MAP_READ));
  fail_unless (lince_narrower_map (view->narrower, &view->video, &view->frame));
}

static void
view_close (View *view)
{
  gst_video_frame_unmap (&view->video);
  lince_narrower_free (view->narrower);
}

static int
luma (const View *view, int x, int y)
{
  return view->frame.luma
      .data[(ptrdiff_t) y * view->frame.luma.stride + (ptrdiff_t) x * view->frame.luma.step];
}

/* Distance of a pixel's centre from the outline. */
static double
distance_from_outline (const double *c, double x, double y)
{
  double nearest = INFINITY;

  for (int i = 0; i < 4; i++) {
    const double *a = c + 2 * i, *b = c + 2 * ((i + 1) % 4);
    double dx = b[0] - a[0], dy = b[1] - a[1], length = dx * dx + dy * dy;
    double t = length > 0 ? ((x - a[0]) * dx + (y - a[1]) * dy) / length : 0.0;

    t = CLAMP (t, 0.0, 1.0);
    nearest = MIN (nearest, hypot (x - a[0] - t * dx, y - a[1] - t * dy));
  }
  return nearest;
}

/* On a black frame: bright on the lines, untouched beyond them. */
static void
check_outlines (GstBuffer *output, const GstVideoInfo *info, const double (*quads)[8], guint count,
    double reach)
{
  guint on_line = 0, bright = 0;
  View view;

  view_open (&view, output, info);
  for (int y = 0; y < GST_VIDEO_INFO_HEIGHT (info); y++) {
    for (int x = 0; x < GST_VIDEO_INFO_WIDTH (info); x++) {
      double distance = INFINITY;

      for (guint n = 0; n < count; n++)
        distance = MIN (distance, distance_from_outline (quads[n], x + 0.5, y + 0.5));
      if (distance < 0.8) {
        on_line++;
        bright += luma (&view, x, y) > 120;
      } else if (distance > reach && luma (&view, x, y) >= 40) {
        /* a check that passes tells the parent process so; not for every pixel */
        fail ("%s: drawn at %d, %d, %.1f pixels beside the line",
            gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)), x, y, distance);
      }
    }
  }
  view_close (&view);
  fail_unless (on_line > 200);
  fail_unless (bright > 0.95 * on_line, "%s: %u of %u",
      gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)), bright, on_line);
}

static void
check_outline (GstBuffer *output, const GstVideoInfo *info, const double *corners, double reach)
{
  check_outlines (output, info, (const double (*)[8]) corners, 1, reach);
}

static gboolean
same_pixels (GstBuffer *a, GstBuffer *b)
{
  GstMapInfo map;
  gboolean same;

  fail_unless (gst_buffer_map (a, &map, GST_MAP_READ));
  same = gst_buffer_memcmp (b, 0, map.data, map.size) == 0;
  gst_buffer_unmap (a, &map);
  return same;
}

/* A black frame of that format with padded rows. */
static GstBuffer *
black_frame (const GstVideoInfo *info)
{
  GstBuffer *buffer = scene_new_frame (info, &scene_nothing, 0);
  GstVideoFrame frame;
  guint8 *row = g_malloc0 (SCENE_WIDTH * 8);
  gboolean wide = info->finfo->unpack_format == GST_VIDEO_FORMAT_AYUV64 ||
                  info->finfo->unpack_format == GST_VIDEO_FORMAT_ARGB64;
  gboolean rgb = GST_VIDEO_INFO_IS_RGB (info);

  for (int x = 0; x < SCENE_WIDTH; x++) {
    const guint8 pixel[4] = {255, rgb ? 0 : 16, rgb ? 0 : 128, rgb ? 0 : 128};

    for (int c = 0; c < 4; c++) {
      if (wide)
        ((guint16 *) (gpointer) row)[4 * x + c] = (guint16) (pixel[c] << 8);
      else
        row[4 * x + c] = pixel[c];
    }
  }
  fail_unless (gst_video_frame_map (&frame, info, buffer, GST_MAP_READWRITE));
  for (int y = 0; y < SCENE_HEIGHT; y++)
    info->finfo->pack_func (info->finfo, GST_VIDEO_PACK_FLAG_NONE, row, 0, frame.data,
        frame.info.stride, info->chroma_site, y, SCENE_WIDTH);
  gst_video_frame_unmap (&frame);
  g_free (row);
  return buffer;
}

static void
check_format (const char *name)
{
  static const double corners[8] = {150, 60, 500, 90, 470, 300, 180, 280};
  GstHarness *harness;
  GstBuffer *output, *reference;
  GstVideoInfo info;

  scene_info (&info, name, "progressive");
  harness = new_harness (&info);
  g_object_set (harness->element, "show-names", FALSE, "line-width", 4.0, NULL);
  output = black_frame (&info);
  attach_quad (output, &info, corners);
  reference = gst_buffer_copy_deep (output);
  output = gst_harness_push_and_pull (harness, output);
  fail_unless (output != NULL);
  /* subsampled formats smear by a block; palettes cannot be drawn into and pass */
  if (GST_VIDEO_INFO_FORMAT (&info) != GST_VIDEO_FORMAT_RGB8P)
    check_outline (output, &info, corners, 8.0);
  else
    fail_unless (same_pixels (output, reference));
  gst_buffer_unref (reference);
  gst_buffer_unref (output);
  gst_harness_teardown (harness);
}

GST_START_TEST (test_every_format)
{
  g_auto (GStrv) names = g_strsplit (LINCE_FORMATS_IN_PLACE ", " LINCE_FORMATS_NARROWED, ", ", -1);

  for (guint i = 0; names[i] != NULL; i++)
    check_format (names[i]);
}
GST_END_TEST;

/* Each outline is closed by itself; what stands still is drawn once and shown again. */
GST_START_TEST (test_several_objects)
{
  static const double quads[3][8] = {{20, 20, 120, 30, 110, 130, 30, 120},
      {300, 200, 420, 190, 430, 300, 290, 310}, {340, 220, 400, 220, 400, 280, 340, 280}};
  GstVideoInfo info;
  GstHarness *harness;

  scene_info (&info, "I420", "progressive");
  harness = new_harness (&info);
  g_object_set (harness->element, "show-names", FALSE, NULL);
  for (guint i = 0; i < 6; i++) {
    guint count = i < 3 ? 3 : 2;
    GstBuffer *output = black_frame (&info);

    attach_quads (output, &info, quads, count);
    output = gst_harness_push_and_pull (harness, output);
    check_outlines (output, &info, quads, count, 4.0);
    gst_buffer_unref (output);
  }
  gst_harness_teardown (harness);
}
GST_END_TEST;

/* Metas are normalised: behind a scaler the outline is where the object is. */
GST_START_TEST (test_scaled_frame)
{
  static const double corners[8] = {150, 60, 500, 90, 470, 300, 180, 280};
  double halved[8];
  GstVideoInfo info, small;
  GstHarness *harness;
  GstBuffer *output;
  GstVideoFrame frame;

  scene_info (&info, "GRAY8", "progressive");
  fail_unless (gst_video_info_set_format (
      &small, GST_VIDEO_FORMAT_GRAY8, SCENE_WIDTH / 2, SCENE_HEIGHT / 2));
  harness = new_harness (&small);
  g_object_set (harness->element, "show-names", FALSE, NULL);
  output = gst_buffer_new_allocate (NULL, small.size, NULL);
  fail_unless (gst_video_frame_map (&frame, &small, output, GST_MAP_WRITE));
  memset (frame.data[0], 0, small.size);
  gst_video_frame_unmap (&frame);
  attach_quad (output, &info, corners);
  output = gst_harness_push_and_pull (harness, output);
  for (int i = 0; i < 8; i++)
    halved[i] = corners[i] / 2;
  check_outline (output, &small, halved, 4.0);
  gst_buffer_unref (output);
  gst_harness_teardown (harness);
}
GST_END_TEST;

/* A buffer that others hold keeps its pixels; the outlines go into a copy. */
GST_START_TEST (test_shared_buffer)
{
  static const double corners[8] = {150, 60, 500, 90, 470, 300, 180, 280};
  GstVideoInfo info;
  GstHarness *harness;
  GstBuffer *input, *before, *output;

  scene_info (&info, "NV12", "progressive");
  harness = new_harness (&info);
  input = black_frame (&info);
  attach_quad (input, &info, corners);
  before = gst_buffer_copy_deep (input);
  output = gst_harness_push_and_pull (harness, gst_buffer_ref (input));
  fail_unless (output != input);
  fail_unless (same_pixels (input, before), "a shared frame was drawn into");
  fail_unless (!same_pixels (output, before), "nothing was drawn");
  gst_buffer_unref (output);
  gst_buffer_unref (before);
  gst_buffer_unref (input);
  gst_harness_teardown (harness);
}
GST_END_TEST;

GST_START_TEST (test_frames_without_objects)
{
  GstVideoInfo info;
  GstHarness *harness;
  GstBuffer *input, *output;
  GstMemory *memory;

  scene_info (&info, "I420", "progressive");
  harness = new_harness (&info);
  input = black_frame (&info);
  memory = gst_buffer_peek_memory (input, 0);
  output = gst_harness_push_and_pull (harness, gst_buffer_ref (input));
  fail_unless (gst_buffer_peek_memory (output, 0) == memory);
  gst_buffer_unref (output);
  gst_buffer_unref (input);
  gst_harness_teardown (harness);
}
GST_END_TEST;

/* Whatever corners come: no crash, no byte outside the frame (the sanitizer looks). */
GST_START_TEST (test_hostile_corners)
{
  static const double quads[][8] = {
      {0, 0, 0, 0, 0, 0, 0, 0},
      {100, 100, 100, 100, 100, 100, 100, 100},
      {-500, -500, -400, -500, -400, -400, -500, -400},
      {5000, 50, 6000, 50, 6000, 90, 5000, 90},
      {-100, -100, 900, -100, 900, 500, -100, 500},
      {639, 359, 641, 359, 641, 361, 639, 361},
      {-1e9, -1e9, 1e9, -1e9, 1e9, 1e9, -1e9, 1e9},
      {1e30, 10, -1e30, 10, 1e30, 20, -1e30, 300},
      {10, 10, 600, 340, 600, 10, 10, 340},
      {0, 0, 640, 0, 640, 360, 0, 360},
  };
  static const char *const formats[] = {"I420", "YUY2", "Y41B", "BGRx", "I420_10LE"};

  for (guint f = 0; f < G_N_ELEMENTS (formats); f++) {
    GstVideoInfo info;
    GstHarness *harness;

    scene_info (&info, formats[f], "progressive");
    harness = new_harness (&info);
    g_object_set (harness->element, "line-width", 64.0, "show-confidence", TRUE, NULL);
    for (guint i = 0; i < G_N_ELEMENTS (quads); i++) {
      GstBuffer *output = black_frame (&info);

      attach_quad (output, &info, quads[i]);
      output = gst_harness_push_and_pull (harness, output);
      fail_unless (output != NULL);
      gst_buffer_unref (output);
    }
    gst_harness_teardown (harness);
  }
}
GST_END_TEST;

static guint
count_bright (GstBuffer *buffer, const GstVideoInfo *info)
{
  guint count = 0;
  View view;

  view_open (&view, buffer, info);
  for (int y = 0; y < SCENE_HEIGHT; y++) {
    for (int x = 0; x < SCENE_WIDTH; x++)
      count += luma (&view, x, y) > 100;
  }
  view_close (&view);
  return count;
}

/* Names, confidence, colour and width, changed while playing. */
GST_START_TEST (test_style)
{
  static const double corners[8] = {150, 160, 500, 160, 500, 300, 150, 300};
  guint counts[5];
  GstVideoInfo info;
  GstHarness *harness;

  scene_info (&info, "I420", "progressive");
  harness = new_harness (&info);
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    GstBuffer *output = black_frame (&info);

    g_object_set (harness->element, "show-names", i > 0, "show-confidence", i > 1, "line-width",
        i > 2 ? 9.0 : 3.0, "color", i > 3 ? 0xff101010u : 0xffffffffu, NULL);
    attach_quad (output, &info, corners);
    output = gst_harness_push_and_pull (harness, output);
    counts[i] = count_bright (output, &info);
    gst_buffer_unref (output);
  }
  fail_unless (counts[0] > 1500, "%u", counts[0]);
  fail_unless (counts[1] > counts[0] + 50, "no name: %u, %u", counts[0], counts[1]);
  fail_unless (counts[2] > counts[1] + 30, "no confidence: %u, %u", counts[1], counts[2]);
  fail_unless (counts[3] > counts[2] + 2000, "no width: %u, %u", counts[2], counts[3]);
  fail_unless (counts[4] < 50, "no colour: %u", counts[4]);
  gst_harness_teardown (harness);
}
GST_END_TEST;

/* Downstream that draws by itself gets the rectangles, added to those of others. */
GST_START_TEST (test_attached_composition)
{
  static const double corners[8] = {150, 60, 500, 90, 470, 300, 180, 280};
  GstVideoInfo info;
  GstHarness *harness;
  GstBuffer *input, *before, *output;
  GstVideoOverlayCompositionMeta *meta;
  GstVideoOverlayRectangle *rectangle;
  GstVideoOverlayComposition *others;
  GstBuffer *pixels;
  guint width;

  scene_info (&info, "NV12", "progressive");
  harness = new_harness (&info);
  gst_harness_add_propose_allocation_meta (
      harness, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
  input = black_frame (&info);
  attach_quad (input, &info, corners);
  pixels = gst_buffer_new_allocate (NULL, 16 * 16 * 4, NULL);
  gst_buffer_add_video_meta (
      pixels, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, 16, 16);
  rectangle = gst_video_overlay_rectangle_new_raw (
      pixels, 0, 0, 16, 16, GST_VIDEO_OVERLAY_FORMAT_FLAG_NONE);
  others = gst_video_overlay_composition_new (rectangle);
  gst_buffer_add_video_overlay_composition_meta (input, others);
  before = gst_buffer_copy_deep (input);
  output = gst_harness_push_and_pull (harness, input);
  fail_unless (same_pixels (output, before), "pixels were drawn into");
  meta = gst_buffer_get_video_overlay_composition_meta (output);
  fail_unless (meta != NULL);
  fail_unless (gst_video_overlay_composition_n_rectangles (meta->overlay) > 4);
  fail_unless (gst_video_overlay_rectangle_get_render_rectangle (
      gst_video_overlay_composition_get_rectangle (meta->overlay, 0), NULL, NULL, &width, NULL));
  fail_unless_equals_int (width, 16);
  fail_unless_equals_int (gst_video_overlay_composition_n_rectangles (others), 1);
  gst_video_overlay_rectangle_unref (rectangle);
  gst_video_overlay_composition_unref (others);
  gst_buffer_unref (pixels);
  gst_buffer_unref (before);
  gst_buffer_unref (output);
  gst_harness_teardown (harness);
}
GST_END_TEST;

/* Behind lincerecognize, the whole way. */
GST_START_TEST (test_behind_recogniser)
{
  g_autofree char *collection = scene_new_collection (1);
  SceneRun *run = scene_run_new (collection, "I420");
  GstHarness *harness = new_harness (&run->info);
  GstBuffer *found, *before;

  found = scene_run_push (run, &scene_middle, 4);
  fail_unless (gst_buffer_get_video_region_of_interest_meta (found) != NULL);
  before = gst_buffer_copy_deep (found);
  found = gst_harness_push_and_pull (harness, found);
  fail_unless (!same_pixels (found, before));
  gst_buffer_unref (found);
  gst_buffer_unref (before);
  gst_harness_teardown (harness);
  scene_run_free (run);
  scene_remove_collection (collection);
}
GST_END_TEST;

GST_START_TEST (test_states_hundred_times)
{
  GstElement *element = gst_element_factory_make ("linceoverlay", NULL);

  for (guint i = 0; i < 100; i++) {
    fail_unless_equals_int (
        gst_element_set_state (element, GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
    fail_unless_equals_int (
        gst_element_set_state (element, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  }
  gst_object_unref (element);
}
GST_END_TEST;

static Suite *
overlay_suite (void)
{
  Suite *suite = suite_create ("linceoverlay");
  TCase *chain = tcase_create ("overlay");

  suite_add_tcase (suite, chain);
  tcase_add_checked_fixture (chain, setup, teardown);
  tcase_add_test (chain, test_every_format);
  tcase_add_test (chain, test_several_objects);
  tcase_add_test (chain, test_scaled_frame);
  tcase_add_test (chain, test_shared_buffer);
  tcase_add_test (chain, test_frames_without_objects);
  tcase_add_test (chain, test_hostile_corners);
  tcase_add_test (chain, test_style);
  tcase_add_test (chain, test_attached_composition);
  tcase_add_test (chain, test_behind_recogniser);
  tcase_add_test (chain, test_states_hundred_times);
  return suite;
}

GST_CHECK_MAIN (overlay);
