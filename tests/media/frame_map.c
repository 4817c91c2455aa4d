/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Every readable format shows the recogniser the right pixels, in place where it says so, with any
 * stride, without allocating for each frame. */
#include <gst/check/gstcheck.h>

#include "media/frame_map.h"

#define WIDTH 140 /* no multiple of the blocks */
#define HEIGHT 76
#define BLOCK 16

/* The colours of the blocks: components 1 to 3 of AYUV or ARGB. */
static const guint8 colours[][3] = {
    {40, 90, 200},
    {200, 128, 128},
    {120, 220, 60},
    {16, 128, 128},
    {235, 30, 140},
    {90, 140, 100},
    {255, 255, 255},
    {0, 0, 0},
    {160, 200, 40},
};

static guint
colour_number (int x, int y)
{
  return (guint) ((x / BLOCK) * 5 + (y / BLOCK) * 3) % G_N_ELEMENTS (colours);
}

static const guint8 *
colour_at (int x, int y)
{
  return colours[colour_number (x, y)];
}

/* libgstvideo packs indices, but leaves the palette to others. */
static void
paint_palette (GstVideoFrame *frame)
{
  for (guint i = 0; i < G_N_ELEMENTS (colours); i++) {
    guint32 argb =
        0xff000000u | (guint32) colours[i][0] << 16 | (guint32) colours[i][1] << 8 | colours[i][2];

    memcpy ((guint8 *) frame->data[1] + 4 * i, &argb, 4);
  }
  for (int y = 0; y < HEIGHT; y++) {
    for (int x = 0; x < WIDTH; x++)
      ((guint8 *) frame->data[0])[y * frame->info.stride[0] + x] = (guint8) colour_number (x, y);
  }
}

/* A frame painted by libgstvideo's own packing, with padded rows. */
static GstBuffer *
painted_buffer (GstVideoFormat format, GstVideoInterlaceMode interlace, GstVideoInfo *info)
{
  GstVideoAlignment padding;
  GstVideoFrame frame;
  GstBuffer *buffer;
  guint8 *row;

  fail_unless (gst_video_info_set_interlaced_format (info, format, interlace, WIDTH, HEIGHT));
  gst_video_alignment_reset (&padding);
  padding.padding_right = 26;
  padding.padding_top = padding.padding_bottom = 4;
  fail_unless (gst_video_info_align (info, &padding));
  buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  gst_buffer_memset (buffer, 0, 0xa5, info->size);
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE, format, WIDTH, HEIGHT,
      GST_VIDEO_INFO_N_PLANES (info), info->offset, info->stride);
  fail_unless (gst_video_frame_map (&frame, info, buffer, GST_MAP_WRITE));
  row = g_malloc0 (WIDTH * 8 + 64);
  for (int y = 0; y < HEIGHT; y++) {
    const GstVideoFormatInfo *finfo = info->finfo;
    gboolean wide = finfo->unpack_format == GST_VIDEO_FORMAT_AYUV64 ||
                    finfo->unpack_format == GST_VIDEO_FORMAT_ARGB64;

    for (int x = 0; x < WIDTH; x++) {
      for (int c = 0; c < 4; c++) {
        guint8 value = c == 0 ? 255 : colour_at (x, y)[c - 1];

        if (wide)
          ((guint16 *) (gpointer) row)[4 * x + c] = (guint16) (value * 257);
        else
          row[4 * x + c] = value;
      }
    }
    /* written as progressive: every line of a block is alike */
    finfo->pack_func (finfo, GST_VIDEO_PACK_FLAG_NONE, row, 0, frame.data, frame.info.stride,
        info->chroma_site, y, WIDTH);
  }
  g_free (row);
  if (format == GST_VIDEO_FORMAT_RGB8P)
    paint_palette (&frame);
  gst_video_frame_unmap (&frame);
  return buffer;
}

static void
expected_colour (const GstVideoInfo *info, int x, int y, double yuv[3])
{
  const guint8 *c = colour_at (x, y);

  if (GST_VIDEO_INFO_IS_RGB (info)) {
    yuv[0] = 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
    yuv[1] = CLAMP (128 - 0.1687 * c[0] - 0.3313 * c[1] + 0.5 * c[2], 0, 255);
    yuv[2] = CLAMP (128 + 0.5 * c[0] - 0.4187 * c[1] - 0.0813 * c[2], 0, 255);
  } else {
    for (int i = 0; i < 3; i++)
      yuv[i] = c[i];
  }
}

static double
tolerance (GstVideoFormat format)
{
  switch (format) {
    case GST_VIDEO_FORMAT_RGB15:
    case GST_VIDEO_FORMAT_BGR15:
    case GST_VIDEO_FORMAT_RGB16:
    case GST_VIDEO_FORMAT_BGR16:
      return 9;
    default:
      return 1.5;
  }
}

static int
sample (const LincePlane *plane, int x, int y)
{
  return plane->data[(ptrdiff_t) y * plane->stride + (ptrdiff_t) x * plane->step];
}

static void
check_sample (GstVideoFormat format, const char *name, int x, int y, int got, double wanted)
{
  /* a check that passes tells the parent process so; not for every pixel */
  if (ABS (got - wanted) > tolerance (format))
    fail ("%s: %s at %d, %d is %d and not %.1f", gst_video_format_to_string (format), name, x, y,
        got, wanted);
}

/* Chroma is compared in the inner of blocks only, where no subsampling mixes colours. */
static gboolean
inner (int at, int ratio)
{
  return at % BLOCK >= ratio && at % BLOCK + ratio < BLOCK;
}

static void
check_pixels (const GstVideoInfo *info, const LinceFrame *frame)
{
  GstVideoFormat format = GST_VIDEO_INFO_FORMAT (info);
  guint compared = 0;
  double yuv[3];

  for (int y = 0; y < HEIGHT; y++) {
    for (int x = 0; x < WIDTH; x++) {
      expected_colour (info, x, y, yuv);
      check_sample (format, "luma", x, y, sample (&frame->luma, x, y), yuv[0]);
    }
  }
  if (frame->cb.data == NULL) {
    fail_unless (GST_VIDEO_INFO_N_COMPONENTS (info) == 1);
    fail_unless_equals_int (frame->chroma_width, 0);
    return;
  }
  fail_unless (frame->chroma_width >= WIDTH / 4 && frame->chroma_height >= HEIGHT / 4);
  for (int y = 0; y < frame->chroma_height; y++) {
    for (int x = 0; x < frame->chroma_width; x++) {
      int rx = (WIDTH + frame->chroma_width - 1) / frame->chroma_width;
      int ry = (HEIGHT + frame->chroma_height - 1) / frame->chroma_height;
      int fx = MIN (x * rx + rx / 2, WIDTH - 1), fy = MIN (y * ry + ry / 2, HEIGHT - 1);

      if (!inner (fx, rx) || !inner (fy, ry))
        continue;
      compared++;
      expected_colour (info, fx, fy, yuv);
      check_sample (format, "cb", fx, fy, sample (&frame->cb, x, y), yuv[1]);
      check_sample (format, "cr", fx, fy, sample (&frame->cr, x, y), yuv[2]);
    }
  }
  fail_unless (compared > 0);
}

static gboolean
points_into (const LincePlane *plane, const GstMapInfo *map)
{
  return plane->data >= map->data && plane->data < map->data + map->size;
}

static void
check_format (const char *name)
{
  GstVideoFormat format = gst_video_format_from_string (name);
  gboolean in_place = lince_format_access (format) == LINCE_FORMAT_IN_PLACE;
  g_autoptr (LinceNarrower) narrower = lince_narrower_new ();
  const guint8 *first_luma;
  GstBuffer *buffer;
  GstVideoInfo info;
  GstVideoFrame video;
  LinceFrame frame;

  fail_unless (format != GST_VIDEO_FORMAT_UNKNOWN, "GStreamer does not know %s", name);
  fail_unless (lince_format_access (format) != LINCE_FORMAT_UNREADABLE, "%s", name);
  buffer = painted_buffer (format, GST_VIDEO_INTERLACE_MODE_PROGRESSIVE, &info);
  fail_unless (
      gst_video_frame_map (&video, &info, buffer, GST_MAP_READ | GST_VIDEO_FRAME_MAP_FLAG_NO_REF));
  fail_unless (lince_narrower_map (narrower, &video, &frame));
  fail_unless_equals_int (frame.width, WIDTH);
  fail_unless_equals_int (frame.height, HEIGHT);
  fail_unless (!frame.interlaced);
  check_pixels (&info, &frame);
  fail_unless (points_into (&frame.luma, &video.map[0]) == in_place, "%s", name);
  first_luma = frame.luma.data;
  fail_unless (lince_narrower_map (narrower, &video, &frame));
  fail_unless (frame.luma.data == first_luma);
  gst_video_frame_unmap (&video);
  gst_buffer_unref (buffer);
}

GST_START_TEST (test_every_format)
{
  g_auto (GStrv) names = g_strsplit (LINCE_FORMATS_IN_PLACE ", " LINCE_FORMATS_NARROWED, ", ", -1);

  for (guint i = 0; names[i] != NULL; i++)
    check_format (names[i]);
}
GST_END_TEST;

GST_START_TEST (test_unreadable)
{
  g_autoptr (LinceNarrower) narrower = lince_narrower_new ();
  GstVideoInfo info;
  GstVideoFrame video;
  GstBuffer *buffer =
      painted_buffer (GST_VIDEO_FORMAT_v210, GST_VIDEO_INTERLACE_MODE_PROGRESSIVE, &info);
  LinceFrame frame = {.width = 17};

  fail_unless (lince_format_access (GST_VIDEO_FORMAT_v210) == LINCE_FORMAT_UNREADABLE);
  fail_unless (lince_format_access (GST_VIDEO_FORMAT_UNKNOWN) == LINCE_FORMAT_UNREADABLE);
  fail_unless (lince_format_access (GST_VIDEO_FORMAT_ENCODED) == LINCE_FORMAT_UNREADABLE);
  /* names of which others are the beginning */
  fail_unless (lince_format_access (GST_VIDEO_FORMAT_NV12_64Z32) == LINCE_FORMAT_UNREADABLE);
  fail_unless (gst_video_frame_map (&video, &info, buffer, GST_MAP_READ));
  fail_unless (!lince_narrower_map (narrower, &video, &frame));
  fail_unless_equals_int (frame.width, 17);
  gst_video_frame_unmap (&video);
  gst_buffer_unref (buffer);
}
GST_END_TEST;

/* Two fields must not be mixed in a row of chroma, and the pixel aspect must arrive. */
GST_START_TEST (test_interlaced)
{
  g_autoptr (LinceNarrower) narrower = lince_narrower_new ();
  GstVideoInfo info;
  GstVideoFrame video;
  GstBuffer *buffer =
      painted_buffer (GST_VIDEO_FORMAT_BGRx, GST_VIDEO_INTERLACE_MODE_INTERLEAVED, &info);
  LinceFrame frame;

  GST_VIDEO_INFO_PAR_N (&info) = 16;
  GST_VIDEO_INFO_PAR_D (&info) = 11;
  fail_unless (gst_video_frame_map (&video, &info, buffer, GST_MAP_READ));
  fail_unless (lince_narrower_map (narrower, &video, &frame));
  fail_unless (frame.interlaced);
  fail_unless_equals_int (frame.height, HEIGHT);
  fail_unless_equals_int (frame.chroma_height, HEIGHT);
  fail_unless_equals_int (frame.par_numerator, 16);
  fail_unless_equals_int (frame.par_denominator, 11);
  check_pixels (&info, &frame);
  gst_video_frame_unmap (&video);
  gst_buffer_unref (buffer);
}
GST_END_TEST;

/* The matrix is what the caps name, and nothing where they name none. */
GST_START_TEST (test_matrix)
{
  static const struct {
    const char *format, *colorimetry;
    LinceColourMatrix matrix;
  } cases[] = {{"I420", "bt709", LINCE_COLOUR_BT709}, {"I420", "bt601", LINCE_COLOUR_BT601},
      {"I420", "bt2020", LINCE_COLOUR_BT2020}, {"I420", "2:3:0:0", LINCE_COLOUR_BT709},
      {"I420", "2:0:0:0", LINCE_COLOUR_UNKNOWN}, {"I420", NULL, LINCE_COLOUR_UNKNOWN},
      {"BGRx", "sRGB", LINCE_COLOUR_BT601}};
  g_autoptr (LinceNarrower) narrower = lince_narrower_new ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstCaps) caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING,
        cases[i].format, "width", G_TYPE_INT, 1280, "height", G_TYPE_INT, 720, NULL);
    GstBuffer *buffer;
    GstVideoInfo info;
    GstVideoFrame video;
    LinceFrame frame;

    if (cases[i].colorimetry != NULL)
      gst_caps_set_simple (caps, "colorimetry", G_TYPE_STRING, cases[i].colorimetry, NULL);
    fail_unless (lince_video_info_read (&info, caps));
    buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&info), NULL);
    gst_buffer_memset (buffer, 0, 128, GST_VIDEO_INFO_SIZE (&info));
    fail_unless (gst_video_frame_map (&video, &info, buffer, GST_MAP_READ));
    fail_unless (lince_narrower_map (narrower, &video, &frame));
    fail_unless (frame.matrix == cases[i].matrix, "case %u: %d", i, (int) frame.matrix);
    gst_video_frame_unmap (&video);
    gst_buffer_unref (buffer);
  }
}
GST_END_TEST;

/* A frame of another size or format than the one before. */
GST_START_TEST (test_changing_formats)
{
  static const GstVideoFormat formats[] = {GST_VIDEO_FORMAT_I420_10LE, GST_VIDEO_FORMAT_RGB,
      GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_Y444_12LE, GST_VIDEO_FORMAT_BGRx};
  g_autoptr (LinceNarrower) narrower = lince_narrower_new ();

  for (guint i = 0; i < 2 * G_N_ELEMENTS (formats); i++) {
    GstVideoInfo info;
    GstVideoFrame video;
    GstBuffer *buffer = painted_buffer (formats[i % G_N_ELEMENTS (formats)],
        i % 2 ? GST_VIDEO_INTERLACE_MODE_INTERLEAVED : GST_VIDEO_INTERLACE_MODE_PROGRESSIVE, &info);
    LinceFrame frame;

    fail_unless (gst_video_frame_map (&video, &info, buffer, GST_MAP_READ));
    fail_unless (lince_narrower_map (narrower, &video, &frame));
    check_pixels (&info, &frame);
    gst_video_frame_unmap (&video);
    gst_buffer_unref (buffer);
  }
}
GST_END_TEST;

static Suite *
frame_map_suite (void)
{
  Suite *suite = suite_create ("frame_map");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_test (chain, test_every_format);
  tcase_add_test (chain, test_unreadable);
  tcase_add_test (chain, test_interlaced);
  tcase_add_test (chain, test_matrix);
  tcase_add_test (chain, test_changing_formats);
  return suite;
}

GST_CHECK_MAIN (frame_map);
