/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "make.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <string.h>
#include <gst/video/video.h>

#include "encode.h"
#include "truth.h"

/* --- the collection --- */

typedef struct {
  const LinceMakeSettings *settings;
  const char *folder;
  GPtrArray *artworks; /* the first ones, which the script may show; the others are drawn, written,
                          freed */
  GMutex lock;
  GError *error;
} Collection;

static void
make_reference (gpointer data, gpointer user_data)
{
  Collection *collection = user_data;
  guint number = GPOINTER_TO_UINT (data) - 1;
  const LinceScriptSettings *script = &collection->settings->script;
  LinceArtwork *artwork = lince_artwork_new (script->artwork_seed, number, script->artwork_set);
  GError *error = NULL;
  bool written =
      collection->settings->clip_only || lince_artwork_write (artwork, collection->folder, &error);
  g_mutex_lock (&collection->lock);
  if (!written && !collection->error)
    collection->error = g_steal_pointer (&error);
  if (number < collection->artworks->len)
    collection->artworks->pdata[number] = g_steal_pointer (&artwork);
  g_mutex_unlock (&collection->lock);
  g_clear_error (&error);
  lince_artwork_free (artwork);
}

/* Another seed's references must not stay among the new ones. */
static void
remove_former (const char *folder)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;
  while (directory && (name = g_dir_read_name (directory))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    if (lince_artwork_is_file (name))
      g_unlink (path);
  }
}

static GPtrArray *
make_collection (const char *folder, const LinceMakeSettings *settings, GError **error)
{
  Collection collection = {.settings = settings, .folder = folder};
  int count = settings->reference_count;
  if (settings->clip_only)
    count = MIN (count, settings->script.object_count);
  else
    remove_former (folder);
  g_mutex_init (&collection.lock);
  collection.artworks = g_ptr_array_new_with_free_func ((GDestroyNotify) lince_artwork_free);
  g_ptr_array_set_size (
      collection.artworks, MIN (settings->reference_count, settings->script.object_count));
  GThreadPool *pool =
      g_thread_pool_new (make_reference, &collection, settings->threads, TRUE, NULL);
  for (int i = 0; i < count; i++)
    g_thread_pool_push (pool, GINT_TO_POINTER (i + 1), NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  g_mutex_clear (&collection.lock);
  if (collection.error) {
    g_propagate_error (error, collection.error);
    g_clear_pointer (&collection.artworks, g_ptr_array_unref);
  }
  return collection.artworks;
}

/* --- the frames --- */

#define AHEAD 12 /* frames that may wait for the encoder */

typedef struct {
  const LinceMakeSettings *settings;
  const LinceScript *script;
  GPtrArray *artworks;
  GstVideoInfo info;
  GMutex lock;
  GCond made, taken;
  int next, first; /* the next frame to make; the one that the encoder waits for */
  gboolean stop;
  GstBuffer *waiting[AHEAD];
  char **truths;
} Studio;

/* A frame's three planes in a buffer of raw video. */
typedef struct {
  uint8_t *planes[3];
  int strides[3];
} Planes;

static Planes
find_planes (const GstVideoInfo *info, uint8_t *data)
{
  Planes p;
  for (int i = 0; i < 3; i++) {
    p.planes[i] = data + GST_VIDEO_INFO_PLANE_OFFSET (info, i);
    p.strides[i] = GST_VIDEO_INFO_PLANE_STRIDE (info, i);
  }
  return p;
}

static void
draw_moment (const Studio *studio, LinceComposer *composer, int number, int field, Planes to)
{
  LinceLayer layers[LINCE_SCRIPT_MAX_LAYERS];
  LinceFinish finish;
  int count = lince_script_layers (studio->script, number, field, layers, &finish);
  lince_composer_draw (composer, layers, count, &finish, to.planes, to.strides);
}

/* Every other row of every plane, from the second, becomes that of `other`. */
static void
weave (const GstVideoInfo *info, Planes to, Planes other)
{
  for (guint i = 0; i < 3; i++)
    for (int y = 1; y < GST_VIDEO_INFO_COMP_HEIGHT (info, i); y += 2)
      memcpy (to.planes[i] + (gsize) y * to.strides[i],
          other.planes[i] + (gsize) y * other.strides[i],
          (gsize) GST_VIDEO_INFO_COMP_WIDTH (info, i));
}

static GstBuffer *
make_frame (Studio *studio, LinceComposer *composer, int number, uint8_t *second_field)
{
  const LinceScriptSettings *s = &studio->settings->script;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, studio->info.size, NULL);
  GstMapInfo map;
  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  Planes frame = find_planes (&studio->info, map.data);
  draw_moment (studio, composer, number, s->interlaced ? -1 : 0, frame);
  if (s->interlaced) {
    Planes other = find_planes (&studio->info, second_field);
    draw_moment (studio, composer, number, 1, other);
    weave (&studio->info, frame, other);
  }
  gst_buffer_unmap (buffer, &map);

  LinceLayer layers[LINCE_SCRIPT_MAX_LAYERS];
  LinceFinish finish;
  int count = lince_script_layers (studio->script, number, 0, layers, &finish);
  studio->truths[number] = lince_truth_frame (layers, count, studio->artworks, s->width, s->height);
  return buffer;
}

static gpointer
compose_frames (gpointer user_data)
{
  Studio *studio = user_data;
  const LinceScriptSettings *s = &studio->settings->script;
  LinceComposer *composer = lince_composer_new (s->width, s->height);
  g_autofree uint8_t *second_field = s->interlaced ? g_malloc (studio->info.size) : NULL;
  g_mutex_lock (&studio->lock);
  for (;;) {
    while (!studio->stop && studio->next < s->frame_count && studio->next >= studio->first + AHEAD)
      g_cond_wait (&studio->taken, &studio->lock);
    if (studio->stop || studio->next >= s->frame_count)
      break;
    int number = studio->next++;
    g_mutex_unlock (&studio->lock);
    GstBuffer *buffer = make_frame (studio, composer, number, second_field);
    g_mutex_lock (&studio->lock);
    studio->waiting[number % AHEAD] = buffer;
    g_cond_broadcast (&studio->made);
  }
  g_mutex_unlock (&studio->lock);
  lince_composer_free (composer);
  return NULL;
}

static GstBuffer *
take_frame (Studio *studio, int number)
{
  g_mutex_lock (&studio->lock);
  while (!studio->waiting[number % AHEAD])
    g_cond_wait (&studio->made, &studio->lock);
  GstBuffer *buffer = g_steal_pointer (&studio->waiting[number % AHEAD]);
  studio->first = number + 1;
  g_cond_broadcast (&studio->taken);
  g_mutex_unlock (&studio->lock);
  return buffer;
}

static gboolean
encode_frames (Studio *studio, const char *path, LinceMakeProgress progress, gpointer user_data,
    GError **error)
{
  const LinceScriptSettings *s = &studio->settings->script;
  LinceEncoder *encoder = lince_encoder_new (path, &studio->info, studio->settings->bitrate, error);
  if (!encoder)
    return FALSE;
  GThread *threads[64];
  int thread_count = CLAMP (studio->settings->threads, 1, 64);
  for (int i = 0; i < thread_count; i++)
    threads[i] = g_thread_new ("compose", compose_frames, studio);
  for (int i = 0; i < s->frame_count; i++) {
    if (!lince_encoder_push (encoder, take_frame (studio, i)))
      break;
    if (progress && i % s->fps == 0)
      progress ((double) i / s->frame_count, user_data);
  }
  g_mutex_lock (&studio->lock);
  studio->stop = TRUE;
  g_cond_broadcast (&studio->taken);
  g_mutex_unlock (&studio->lock);
  for (int i = 0; i < thread_count; i++)
    g_thread_join (threads[i]);
  gboolean done = lince_encoder_finish (encoder, error);
  lince_encoder_free (encoder);
  return done;
}

static gboolean
make_programme (const char *folder, const LinceMakeSettings *settings, GPtrArray *artworks,
    LinceMakeProgress progress, gpointer user_data, GError **error)
{
  const LinceScriptSettings *s = &settings->script;
  LinceScript *script = lince_script_new (s, artworks);
  Studio studio = {.settings = settings, .script = script, .artworks = artworks};
  g_mutex_init (&studio.lock);
  g_cond_init (&studio.made);
  g_cond_init (&studio.taken);
  gst_video_info_set_format (
      &studio.info, GST_VIDEO_FORMAT_I420, (guint) s->width, (guint) s->height);
  GST_VIDEO_INFO_FPS_N (&studio.info) = s->fps;
  GST_VIDEO_INFO_FPS_D (&studio.info) = 1;
  gst_video_colorimetry_from_string (
      &studio.info.colorimetry, s->height >= 720 ? "bt709" : "bt601");
  if (s->interlaced) {
    GST_VIDEO_INFO_INTERLACE_MODE (&studio.info) = GST_VIDEO_INTERLACE_MODE_INTERLEAVED;
    GST_VIDEO_INFO_FIELD_ORDER (&studio.info) = GST_VIDEO_FIELD_ORDER_TOP_FIELD_FIRST;
  }
  studio.truths = g_new0 (char *, (gsize) s->frame_count + 1);

  g_autofree char *clip = g_strconcat (settings->name, ".ts", NULL);
  g_autofree char *truth_name = g_strconcat (settings->name, ".truth.json", NULL);
  g_autofree char *path = g_build_filename (folder, clip, NULL);
  g_autofree char *truth = g_build_filename (folder, truth_name, NULL);
  gboolean done = encode_frames (&studio, path, progress, user_data, error) &&
                  lince_truth_write (truth, clip, s, studio.truths, error);

  for (int i = 0; i < AHEAD; i++)
    gst_clear_buffer (&studio.waiting[i]);
  for (int i = 0; i < s->frame_count; i++)
    g_free (studio.truths[i]);
  g_free (studio.truths);
  g_cond_clear (&studio.made);
  g_cond_clear (&studio.taken);
  g_mutex_clear (&studio.lock);
  lince_script_free (script);
  return done;
}

gboolean
lince_make (const char *folder, const LinceMakeSettings *settings, LinceMakeProgress progress,
    gpointer user_data, GError **error)
{
  g_autofree char *collection = g_build_filename (folder, "collection", NULL);
  if (g_mkdir_with_parents (collection, 0755) != 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s cannot be made: %s",
        collection, g_strerror (errno));
    return FALSE;
  }
  GPtrArray *artworks = make_collection (collection, settings, error);
  if (!artworks)
    return FALSE;
  gboolean done = settings->script.frame_count == 0 ||
                  make_programme (folder, settings, artworks, progress, user_data, error);
  g_ptr_array_unref (artworks);
  return done;
}
