/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>
#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

#include "recognition/index.h"

const ScenePlace scene_middle = {1, {190, 90, 440, 80, 430, 275, 200, 265}};
const ScenePlace scene_nothing = {0};

static const char *const names[] = {"none", "one", "two", "three", "four", "five"};

/* ---- pictures ------------------------------------------------------------------------------ */

static guint32
next_random (guint32 *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

/* Boxes and discs of all sizes and colours: corners everywhere, no two seeds alike. */
static void
paint_shapes (guint8 *rgb, int width, int height, guint32 seed, int shapes, int largest)
{
  guint32 state = seed * 2654435761u + 12345u;

  for (int i = 0; i < shapes; i++) {
    int x0 = (int) (next_random (&state) % (guint) width);
    int y0 = (int) (next_random (&state) % (guint) height);
    int w = 6 + (int) (next_random (&state) % (guint) largest);
    int h = 6 + (int) (next_random (&state) % (guint) largest);
    gboolean disc = next_random (&state) % 3 == 0;
    guint8 color[3];

    for (int c = 0; c < 3; c++)
      color[c] = (guint8) (16 + next_random (&state) % 224);
    for (int y = MAX (y0 - h / 2, 0); y < MIN (y0 + h / 2, height); y++) {
      for (int x = MAX (x0 - w / 2, 0); x < MIN (x0 + w / 2, width); x++) {
        double u = 2.0 * (x - x0) / w, v = 2.0 * (y - y0) / h;

        if (!disc || u * u + v * v < 1.0)
          memcpy (rgb + 3 * (y * width + x), color, 3);
      }
    }
  }
}

static const guint8 *
reference_pixels (guint id)
{
  static guint8 *cache[G_N_ELEMENTS (names)];

  if (cache[id] == NULL) {
    cache[id] = g_malloc0 (SCENE_REFERENCE_WIDTH * SCENE_REFERENCE_HEIGHT * 3);
    paint_shapes (cache[id], SCENE_REFERENCE_WIDTH, SCENE_REFERENCE_HEIGHT, id, 220, 46);
  }
  return cache[id];
}

static const guint8 *
background_pixels (void)
{
  static guint8 *cache;

  if (cache == NULL) {
    cache = g_malloc (SCENE_WIDTH * SCENE_HEIGHT * 3);
    memset (cache, 96, SCENE_WIDTH * SCENE_HEIGHT * 3);
    paint_shapes (cache, SCENE_WIDTH, SCENE_HEIGHT, 4711, 60, 150);
  }
  return cache;
}

/* ---- collections --------------------------------------------------------------------------- */

void
scene_write_reference (const char *directory, guint id, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *temporary = g_strconcat (path, ".new", NULL);
  g_autoptr (GdkPixbuf) picture =
      gdk_pixbuf_new_from_data (reference_pixels (id), GDK_COLORSPACE_RGB, FALSE, 8,
          SCENE_REFERENCE_WIDTH, SCENE_REFERENCE_HEIGHT, SCENE_REFERENCE_WIDTH * 3, NULL, NULL);

  fail_unless (gdk_pixbuf_save (picture, temporary, "png", NULL, NULL));
  fail_unless (g_rename (temporary, path) == 0);
}

void
scene_write_file (const char *directory, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  fail_unless (g_file_set_contents (path, text, -1, NULL));
}

char *
scene_new_collection (guint count)
{
  char *directory = g_dir_make_tmp ("lince-test-XXXXXX", NULL);

  fail_unless (directory != NULL);
  for (guint id = 1; id <= count; id++) {
    g_autofree char *name = g_strconcat (names[id], ".png", NULL);

    scene_write_reference (directory, id, name);
  }
  return directory;
}

void
scene_remove_collection (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (directory, name, NULL);

    g_unlink (path);
  }
  g_rmdir (directory);
}

LinceIndex *
scene_new_index (guint count)
{
  LinceError error = {0};
  LinceIndexBuilder *builder = lince_index_builder_new (&error);
  LinceIndex *index;

  for (guint id = 1; id <= count; id++) {
    const guint8 *rgb = reference_pixels (id);
    guint pixels = SCENE_REFERENCE_WIDTH * SCENE_REFERENCE_HEIGHT;
    g_autofree guint8 *rgba = g_malloc (pixels * 4);
    LincePicture picture = {
        rgba, SCENE_REFERENCE_WIDTH * 4, SCENE_REFERENCE_WIDTH, SCENE_REFERENCE_HEIGHT};

    for (guint i = 0; i < pixels; i++) {
      memcpy (rgba + 4 * i, rgb + 3 * i, 3);
      rgba[4 * i + 3] = 255;
    }
    fail_unless (lince_index_builder_add_object (
        builder, names[id], id == 1 ? "The First" : NULL, id == 1 ? "{\"n\":1}" : NULL, &error));
    fail_unless (
        lince_index_builder_add_image (builder, names[id], names[id], &picture, NULL, &error), "%s",
        error.text);
  }
  index = lince_index_builder_finish (builder, &error);
  fail_unless (index != NULL, "%s", error.text);
  lince_index_builder_free (builder);
  return index;
}

/* ---- frames -------------------------------------------------------------------------------- */

/* The inverse of the homography from the unit square to the corners (Heckbert 1989). */
static void
inverse_homography (const double *c, double h[9])
{
  double dx1 = c[2] - c[4], dx2 = c[6] - c[4], sx = c[0] - c[2] + c[4] - c[6];
  double dy1 = c[3] - c[5], dy2 = c[7] - c[5], sy = c[1] - c[3] + c[5] - c[7];
  double d = dx1 * dy2 - dx2 * dy1;
  double g = (sx * dy2 - dx2 * sy) / d, k = (dx1 * sy - sx * dy1) / d;
  double m[9] = {c[2] - c[0] + g * c[2], c[6] - c[0] + k * c[6], c[0], c[3] - c[1] + g * c[3],
      c[7] - c[1] + k * c[7], c[1], g, k, 1.0};

  h[0] = m[4] * m[8] - m[5] * m[7];
  h[1] = m[2] * m[7] - m[1] * m[8];
  h[2] = m[1] * m[5] - m[2] * m[4];
  h[3] = m[5] * m[6] - m[3] * m[8];
  h[4] = m[0] * m[8] - m[2] * m[6];
  h[5] = m[2] * m[3] - m[0] * m[5];
  h[6] = m[3] * m[7] - m[4] * m[6];
  h[7] = m[1] * m[6] - m[0] * m[7];
  h[8] = m[0] * m[4] - m[1] * m[3];
}

static double
sample (const guint8 *rgb, double x, double y, int c)
{
  int x0 = CLAMP ((int) floor (x), 0, SCENE_REFERENCE_WIDTH - 1);
  int y0 = CLAMP ((int) floor (y), 0, SCENE_REFERENCE_HEIGHT - 1);
  int x1 = MIN (x0 + 1, SCENE_REFERENCE_WIDTH - 1), y1 = MIN (y0 + 1, SCENE_REFERENCE_HEIGHT - 1);
  double fx = CLAMP (x - x0, 0.0, 1.0), fy = CLAMP (y - y0, 0.0, 1.0);

  return (1 - fy) * ((1 - fx) * rgb[3 * (y0 * SCENE_REFERENCE_WIDTH + x0) + c] +
                        fx * rgb[3 * (y0 * SCENE_REFERENCE_WIDTH + x1) + c]) +
         fy * ((1 - fx) * rgb[3 * (y1 * SCENE_REFERENCE_WIDTH + x0) + c] +
                  fx * rgb[3 * (y1 * SCENE_REFERENCE_WIDTH + x1) + c]);
}

static void
warp (guint8 *rgb, const ScenePlace *place)
{
  const guint8 *reference = reference_pixels (place->id);
  double h[9];

  inverse_homography (place->corners, h);
  for (int y = 0; y < SCENE_HEIGHT; y++) {
    for (int x = 0; x < SCENE_WIDTH; x++) {
      double w = h[6] * (x + 0.5) + h[7] * (y + 0.5) + h[8];
      double u = (h[0] * (x + 0.5) + h[1] * (y + 0.5) + h[2]) / w;
      double v = (h[3] * (x + 0.5) + h[4] * (y + 0.5) + h[5]) / w;

      for (int c = 0; c < 3 && u >= 0 && u < 1 && v >= 0 && v < 1; c++) {
        guint8 *pixel = rgb + 3 * (y * SCENE_WIDTH + x) + c;
        double seen = sample (
            reference, u * SCENE_REFERENCE_WIDTH - 0.5, v * SCENE_REFERENCE_HEIGHT - 0.5, c);

        *pixel = (guint8) lround (place->hidden * *pixel + (1 - place->hidden) * seen);
      }
    }
  }
}

void
scene_info (GstVideoInfo *info, const char *format, const char *interlace_mode)
{
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, format,
      "width", G_TYPE_INT, SCENE_WIDTH, "height", G_TYPE_INT, SCENE_HEIGHT, "framerate",
      GST_TYPE_FRACTION, 25, 1, "interlace-mode", G_TYPE_STRING, interlace_mode,
      "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, NULL);

  fail_unless (gst_video_info_from_caps (info, caps));
}

/* A row of pixels in the format that libgstvideo packs from. */
static void
fill_row (const GstVideoFormatInfo *format, const guint8 *rgb, guint8 *row)
{
  gboolean yuv = !GST_VIDEO_FORMAT_INFO_IS_RGB (format) || GST_VIDEO_FORMAT_INFO_IS_GRAY (format);
  gboolean wide = format->unpack_format == GST_VIDEO_FORMAT_AYUV64 ||
                  format->unpack_format == GST_VIDEO_FORMAT_ARGB64;

  for (int x = 0; x < SCENE_WIDTH; x++, rgb += 3) {
    double r = rgb[0], g = rgb[1], b = rgb[2];
    double values[4] = {255, r, g, b};

    if (yuv) {
      values[1] = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
      values[2] = 128 + (-37.797 * r - 74.203 * g + 112 * b) / 255;
      values[3] = 128 + (112 * r - 93.786 * g - 18.214 * b) / 255;
    }
    for (int c = 0; c < 4; c++) {
      if (wide)
        ((guint16 *) (gpointer) row)[4 * x + c] = (guint16) lround (257 * values[c]);
      else
        row[4 * x + c] = (guint8) lround (values[c]);
    }
  }
}

/* libgstvideo packs indices of a palette of its own, which it leaves to others to write. */
static void
paint_palette_frame (GstVideoFrame *frame, const guint8 *rgb)
{
  for (guint i = 0; i < 256; i++) {
    guint32 argb = 0xff000000u | (i >> 5) * 36 << 16 | (i >> 2 & 7) * 36 << 8 | (i & 3) * 85;

    memcpy ((guint8 *) frame->data[1] + 4 * i, &argb, 4);
  }
  for (int y = 0; y < SCENE_HEIGHT; y++) {
    guint8 *row = (guint8 *) frame->data[0] + y * frame->info.stride[0];

    for (int x = 0; x < SCENE_WIDTH; x++, rgb += 3)
      row[x] = (guint8) (rgb[0] / 33 << 5 | rgb[1] / 33 << 2 | rgb[2] / 64);
  }
}

GstBuffer *
scene_new_frame (const GstVideoInfo *info, const ScenePlace *place, guint number)
{
  GstVideoInfo padded = *info;
  g_autofree guint8 *rgb = g_memdup2 (background_pixels (), SCENE_WIDTH * SCENE_HEIGHT * 3);
  g_autofree guint8 *row = g_malloc0 (SCENE_WIDTH * 8 + 64);
  GstVideoAlignment padding;
  GstVideoFrame frame;
  GstBuffer *buffer;

  if (place->id > 0)
    warp (rgb, place);
  gst_video_alignment_reset (&padding);
  padding.padding_right = 32;
  padding.padding_bottom = 8;
  fail_unless (gst_video_info_align (&padded, &padding));
  buffer = gst_buffer_new_allocate (NULL, padded.size, NULL);
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT (info),
      SCENE_WIDTH, SCENE_HEIGHT, GST_VIDEO_INFO_N_PLANES (info), padded.offset, padded.stride);
  fail_unless (gst_video_frame_map (&frame, info, buffer, GST_MAP_WRITE));
  for (int y = 0; y < SCENE_HEIGHT; y++) {
    fill_row (info->finfo, rgb + 3 * y * SCENE_WIDTH, row);
    info->finfo->pack_func (info->finfo, GST_VIDEO_PACK_FLAG_NONE, row, 0, frame.data,
        frame.info.stride, info->chroma_site, y, SCENE_WIDTH);
  }
  if (GST_VIDEO_INFO_FORMAT (info) == GST_VIDEO_FORMAT_RGB8P)
    paint_palette_frame (&frame, rgb);
  gst_video_frame_unmap (&frame);
  GST_BUFFER_PTS (buffer) = number * SCENE_FRAME;
  GST_BUFFER_DURATION (buffer) = SCENE_FRAME;
  GST_BUFFER_OFFSET (buffer) = number;
  return buffer;
}

/* ---- runs ---------------------------------------------------------------------------------- */

void
scene_run_send_caps (SceneRun *run, const GstVideoInfo *info)
{
  run->info = *info;
  gst_harness_set_src_caps (run->harness, gst_video_info_to_caps (info));
}

SceneRun *
scene_run_new (const char *collection, const char *format)
{
  SceneRun *run = g_new0 (SceneRun, 1);
  GstMessage *message;
  GstVideoInfo info;

  run->element = gst_element_factory_make ("lincerecognize", NULL);
  fail_unless (run->element != NULL, "the plugin is not found");
  g_object_set (run->element, "collection", collection, NULL);
  run->bus = gst_bus_new ();
  gst_element_set_bus (run->element, run->bus);
  run->harness = gst_harness_new_with_element (run->element, "sink", "src");
  message = scene_run_message (run, "recognition-collection", 60 * GST_SECOND);
  fail_unless (message != NULL, "the collection was not loaded");
  gst_message_unref (message);
  scene_info (&info, format, "progressive");
  scene_run_send_caps (run, &info);
  return run;
}

void
scene_run_free (SceneRun *run)
{
  gst_harness_teardown (run->harness);
  gst_element_set_state (run->element, GST_STATE_NULL);
  gst_element_set_bus (run->element, NULL);
  gst_bus_set_flushing (run->bus, TRUE);
  gst_object_unref (run->bus);
  gst_object_unref (run->element);
  g_free (run);
}

GstBuffer *
scene_run_push (SceneRun *run, const ScenePlace *place, guint count)
{
  GstBuffer *output = NULL;

  for (guint i = 0; i < count; i++) {
    GstBuffer *input = scene_new_frame (&run->info, place, run->frames++);

    fail_unless_equals_int (gst_harness_push (run->harness, input), GST_FLOW_OK);
    if (output != NULL)
      gst_buffer_unref (output);
    output = gst_harness_pull (run->harness);
    fail_unless (output != NULL);
  }
  return output;
}

GstMessage *
scene_run_message (SceneRun *run, const char *name, GstClockTime wait)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) (wait / 1000);

  while (TRUE) {
    gint64 left = MAX (deadline - g_get_monotonic_time (), 0);
    GstMessage *message = gst_bus_timed_pop_filtered (
        run->bus, (GstClockTime) left * 1000, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);

    if (message == NULL)
      return NULL;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
      g_autoptr (GError) error = NULL;

      gst_message_parse_error (message, &error, NULL);
      fail ("unexpected error while waiting for %s: %s", name, error->message);
    }
    if (gst_message_has_name (message, name))
      return message;
    gst_message_unref (message);
  }
}

GstMessage *
scene_run_message_of_type (SceneRun *run, GstMessageType type, GstClockTime wait)
{
  return gst_bus_timed_pop_filtered (run->bus, wait, type);
}

GstMessage *
scene_run_recognition (
    SceneRun *run, LinceMessageType type, LinceMessage *message, LinceMessageObject *object)
{
  GstMessage *found;

  while ((found = scene_run_message (run, LINCE_MESSAGE_NAME, 0)) != NULL) {
    const GstStructure *structure = gst_message_get_structure (found);

    fail_unless (lince_message_parse (structure, message), "%" GST_PTR_FORMAT, structure);
    for (guint i = 0; i < message->object_count; i++)
      fail_unless (lince_message_get_object (structure, i, object), "%" GST_PTR_FORMAT, structure);
    if (message->type == type) {
      if (message->object_count > 0)
        lince_message_get_object (structure, 0, object);
      return found;
    }
    gst_message_unref (found);
  }
  return NULL;
}

guint64
scene_run_stat (SceneRun *run, const char *field)
{
  GstStructure *stats = NULL;
  guint64 value = G_MAXUINT64;

  g_object_get (run->element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, field, &value), "no field %s", field);
  gst_structure_free (stats);
  return value;
}

double
scene_distance (const gdouble quad[8], const ScenePlace *place)
{
  double largest = 0.0;

  for (int i = 0; i < 4; i++)
    largest = MAX (largest, hypot (quad[2 * i] * SCENE_WIDTH - place->corners[2 * i],
                                quad[2 * i + 1] * SCENE_HEIGHT - place->corners[2 * i + 1]));
  return largest;
}
