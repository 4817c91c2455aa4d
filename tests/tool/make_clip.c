/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Draws what the tests of `lince` look at: FOLDER/collection with two posters, FOLDER/clip.ts,
 * where the poster "poster.a" stands on frames 10 to 39 of 50, and FOLDER/still.png, frame 25 of
 * it. usage: make_clip FOLDER */
#include "clip_truth.h"

#include <stdlib.h>

#include <cairo.h>
#include <glib/gstdio.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

static cairo_surface_t *
draw_rectangles (int width, int height, guint32 seed, int count)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  cairo_t *cr = cairo_create (surface);
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  cairo_set_source_rgb (cr, 0.5, 0.5, 0.5);
  cairo_paint (cr);
  for (int i = 0; i < count; i++) {
    cairo_set_source_rgb (
        cr, g_rand_double (random), g_rand_double (random), g_rand_double (random));
    cairo_rectangle (cr, g_rand_double_range (random, -20, width),
        g_rand_double_range (random, -20, height), g_rand_double_range (random, 8, 60),
        g_rand_double_range (random, 8, 60));
    cairo_fill (cr);
  }
  cairo_destroy (cr);
  return surface;
}

static void
write_png (cairo_surface_t *surface, const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  if (cairo_surface_write_to_png (surface, path) != CAIRO_STATUS_SUCCESS)
    g_error ("%s cannot be written", path);
}

/* One frame: a moving background, and the poster where the truth says. */
static void
draw_frame (
    cairo_surface_t *frame, int number, cairo_surface_t *background, cairo_surface_t *poster)
{
  cairo_t *cr = cairo_create (frame);
  ClipPlace place;

  cairo_set_source_surface (cr, background, -2.0 * number, -1.0 * number);
  cairo_paint (cr);
  if (clip_truth (number, &place)) {
    cairo_translate (cr, place.x, place.y);
    cairo_rotate (cr, place.angle);
    cairo_scale (cr, place.scale, place.scale);
    cairo_set_source_surface (cr, poster, 0, 0);
    cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_BEST);
    cairo_paint (cr);
  }
  cairo_destroy (cr);
  cairo_surface_flush (frame);
}

static void
push_frame (GstAppSrc *source, cairo_surface_t *frame, int number)
{
  gsize size = (gsize) cairo_image_surface_get_stride (frame) * CLIP_HEIGHT;
  GstBuffer *buffer = gst_buffer_new_memdup (cairo_image_surface_get_data (frame), size);

  GST_BUFFER_PTS (buffer) = (GstClockTime) number * GST_SECOND / CLIP_RATE;
  GST_BUFFER_DURATION (buffer) = GST_SECOND / CLIP_RATE;
  if (gst_app_src_push_buffer (source, buffer) != GST_FLOW_OK)
    g_error ("the encoder takes no frame");
}

static void
encode (const char *folder, cairo_surface_t *background, cairo_surface_t *poster)
{
  g_autofree char *text = g_strdup_printf (
      "appsrc name=source format=time "
      "caps=video/x-raw,format=BGRx,width=%d,height=%d,framerate=%d/1"
      " ! videoconvert ! video/x-raw,format=I420 ! x264enc bitrate=4000 key-int-max=25 "
      "speed-preset=veryfast threads=1 ! mpegtsmux ! filesink location=\"%s/clip.ts\"",
      CLIP_WIDTH, CLIP_HEIGHT, CLIP_RATE, folder);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (text, &error);
  GstElement *source;
  cairo_surface_t *frame = cairo_image_surface_create (CAIRO_FORMAT_RGB24, CLIP_WIDTH, CLIP_HEIGHT);
  g_autoptr (GstBus) bus = NULL;
  GstMessage *message;

  if (error != NULL)
    g_error ("%s", error->message);
  bus = gst_element_get_bus (pipeline);
  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (int i = 0; i < CLIP_FRAMES; i++) {
    draw_frame (frame, i, background, poster);
    push_frame (GST_APP_SRC (source), frame, i);
    if (i == 25)
      write_png (frame, folder, "still.png");
  }
  gst_app_src_end_of_stream (GST_APP_SRC (source));
  message = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (message == NULL || GST_MESSAGE_TYPE (message) != GST_MESSAGE_EOS)
    g_error ("the clip cannot be encoded");
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (source);
  gst_object_unref (pipeline);
  cairo_surface_destroy (frame);
}

int
main (int argc, char **argv)
{
  g_autofree char *collection = NULL;
  cairo_surface_t *poster, *other, *background;

  gst_init (&argc, &argv);
  if (argc != 2)
    return 64;
  collection = g_build_filename (argv[1], "collection", NULL);
  g_mkdir_with_parents (collection, 0755);
  poster = draw_rectangles (CLIP_POSTER_WIDTH, CLIP_POSTER_HEIGHT, 11, 60);
  other = draw_rectangles (CLIP_POSTER_WIDTH, CLIP_POSTER_HEIGHT, 12, 60);
  background = draw_rectangles (CLIP_WIDTH + 200, CLIP_HEIGHT + 200, 13, 400);
  write_png (poster, collection, "poster.a.png");
  write_png (other, collection, "other.png");
  encode (argv[1], background, poster);
  cairo_surface_destroy (poster);
  cairo_surface_destroy (other);
  cairo_surface_destroy (background);
  return 0;
}
