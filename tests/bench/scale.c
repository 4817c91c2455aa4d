/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How large a collection may be: draws many references, compiles them, changes the index by one,
 * and looks for some of them in rendered frames. Prints; fails only where something is wrong that
 * no slow day explains. */
#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "compose.h"
#include "media/picture.h"
#include "random.h"
#include "recognition/feature.h"
#include "recognition/index_internal.h"
#include "recognition/recognizer.h"
#include "recognition/reference.h"
#include "references.h"

#define SEED 1
#define OUTSIDE 1000000 /* numbers of pictures that are not in the collection begin here */
#define NEAREST_SAMPLES 2000
#define MOST_BYTES 40960 /* of the index an image */
#define LEAST_HITS .9

static int references = 10000, threads = 2, live_frames = 60, still_frames = 60;
static char *kept_index;
static char **folders;

static const GOptionEntry options[] = {
    {"references", 'n', 0, G_OPTION_ARG_INT, &references, "how many are drawn", "N"},
    {"threads", 't', 0, G_OPTION_ARG_INT, &threads, "that enrol", "N"},
    {"live", 0, 0, G_OPTION_ARG_INT, &live_frames, "1920 x 1080 frames that are searched", "N"},
    {"stills", 0, 0, G_OPTION_ARG_INT, &still_frames, "960 x 720 stills that are searched", "N"},
    {"index", 0, 0, G_OPTION_ARG_FILENAME, &kept_index,
        "where the index stays; one of as many references that is there already is used", "FILE"},
    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &folders, NULL,
        "[FOLDER...]  of pictures whose descriptors are compared with those drawn"},
    {0}};

static double
seconds (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static void
check (bool ok, const LinceError *error)
{
  if (!ok)
    g_error ("%s", error->text);
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double one = *(const double *) a, other = *(const double *) b;

  return (one > other) - (one < other);
}

/* The value that a share of all are not above; sorts them. */
static double
quantile (double *values, int count, double share)
{
  qsort (values, (size_t) count, sizeof *values, compare_doubles);
  return count > 0 ? values[MIN ((int) (share * count), count - 1)] : NAN;
}

/* --- the collection --- */

typedef struct {
  LinceIndexBuilder *builder;
  int next, count; /* atomic */
  double drawing;  /* CPU seconds, of all threads */
  GMutex lock;
} Enrolling;

static void
add_reference (LinceIndexBuilder *builder, guint number)
{
  LinceBenchReference *reference = lince_bench_reference_new (SEED, number);
  LinceError error = {0};

  check (lince_index_builder_add_object (builder, reference->id, NULL, NULL, &error), &error);
  check (lince_index_builder_add_image (
             builder, reference->id, reference->id, &reference->picture, NULL, &error),
      &error);
  lince_bench_reference_free (reference);
}

static gpointer
enrol_some (gpointer data)
{
  Enrolling *enrolling = data;
  int number;

  while ((number = g_atomic_int_add (&enrolling->next, 1)) < enrolling->count) {
    LinceError error = {0};
    double begin = seconds (CLOCK_THREAD_CPUTIME_ID), drawn;
    LinceBenchReference *reference = lince_bench_reference_new (SEED, (guint) number);

    drawn = seconds (CLOCK_THREAD_CPUTIME_ID) - begin;
    check (lince_index_builder_add_object (enrolling->builder, reference->id, NULL, NULL, &error),
        &error);
    check (lince_index_builder_add_image (
               enrolling->builder, reference->id, reference->id, &reference->picture, NULL, &error),
        &error);
    lince_bench_reference_free (reference);
    g_mutex_lock (&enrolling->lock);
    enrolling->drawing += drawn;
    g_mutex_unlock (&enrolling->lock);
    if (number % MAX (1, enrolling->count / 50) == 0)
      g_printerr ("\r%d of %d", number, enrolling->count);
  }
  return NULL;
}

static LinceIndexBuilder *
enrol (int count)
{
  LinceError error = {0};
  Enrolling enrolling = {.builder = lince_index_builder_new (&error), .count = count};
  double begin = seconds (CLOCK_MONOTONIC), cpu = seconds (CLOCK_PROCESS_CPUTIME_ID);
  GThread *workers[16];

  check (enrolling.builder != NULL, &error);
  g_mutex_init (&enrolling.lock);
  for (int i = 0; i < threads; i++)
    workers[i] = g_thread_new ("enrol", enrol_some, &enrolling);
  for (int i = 0; i < threads; i++)
    g_thread_join (workers[i]);
  cpu = seconds (CLOCK_PROCESS_CPUTIME_ID) - cpu;
  g_printerr ("\r%*s\r", 40, "");
  g_print ("drawn: %.1f ms of CPU a picture\n", enrolling.drawing * 1e3 / count);
  g_print ("enrolled: %.1f ms of CPU a picture; with drawing %.1f s on %d threads\n",
      (cpu - enrolling.drawing) * 1e3 / count, seconds (CLOCK_MONOTONIC) - begin, threads);
  g_mutex_clear (&enrolling.lock);
  return enrolling.builder;
}

static int
remove_one (const char *path, const struct stat *status, int kind, struct FTW *walk)
{
  return remove (path);
}

static void
make_index (const char *path)
{
  LinceIndexBuilder *builder = enrol (references);
  double begin = seconds (CLOCK_MONOTONIC), cpu = seconds (CLOCK_PROCESS_CPUTIME_ID);
  LinceError error = {0};
  struct rusage usage;

  check (lince_index_builder_write (builder, path, &error), &error);
  getrusage (RUSAGE_SELF, &usage);
  g_print ("compiled: %.1f s, %.1f s of CPU; at most %.0f MB of memory\n",
      seconds (CLOCK_MONOTONIC) - begin, seconds (CLOCK_PROCESS_CPUTIME_ID) - cpu,
      (double) usage.ru_maxrss / 1024);
  lince_index_builder_free (builder);
}

static double bytes_an_image;

/* Of all its files. */
static void
count_bytes (const LinceIndex *index)
{
  const LinceManifest *manifest = lince_index_manifest (index);
  double bytes = 0;

  for (uint32_t i = 0; i < manifest->segment_count; i++)
    bytes += (double) manifest->segments[i].size;
  bytes_an_image = bytes / lince_index_image_count (index);
  g_print ("size: %.0f bytes an image\n", bytes_an_image);
}

static LinceIndex *
open_index (const char *path)
{
  double opening[9], first;
  LinceError error = {0};
  LinceIndex *index = NULL;

  for (int i = 0; i < 9; i++) {
    double begin = seconds (CLOCK_MONOTONIC);

    lince_index_unref (index);
    index = lince_index_open (path, &error);
    check (index != NULL, &error);
    opening[i] = seconds (CLOCK_MONOTONIC) - begin;
  }
  first = seconds (CLOCK_MONOTONIC);
  check (lince_index_textured (index, &error) != NULL, &error);
  first = seconds (CLOCK_MONOTONIC) - first;
  g_print ("opened: %.1f ms; checksums of all features, once: %.1f ms\n",
      quantile (opening, 9, .5) * 1e3, first * 1e3);
  if (lince_index_image_count (index) != (uint32_t) references)
    g_error ("%s has %u images, not %d", path, lince_index_image_count (index), references);
  count_bytes (index);
  return index;
}

/* --- frames --- */

static LinceCanvas *
make_canvas (const LincePicture *picture)
{
  cairo_surface_t *surface = lince_bench_surface_new (picture);
  LinceCanvas *canvas = lince_canvas_new (surface, LINCE_MATRIX_BT709);

  cairo_surface_destroy (surface);
  return canvas;
}

typedef struct {
  LinceFrame frame;
  guint8 *planes[3];
  char shown[64]; /* the id of what stands in it */
} Scene;

/* Corners around a place, turned, seen a little from aside. */
static LinceCorners
make_quad (LinceRandom *random, const LincePicture *picture, int width, int height)
{
  double size = lince_random_range (random, .15, .7) * height;
  double turn = lince_random_range (random, -.5, .5), c = cos (turn), s = sin (turn);
  double longer = MAX (picture->width, picture->height);
  double w = size * picture->width / longer / 2, h = size * picture->height / longer / 2;
  double x = lince_random_range (random, .3, .7) * width;
  double y = lince_random_range (random, .4, .6) * height;
  static const double signs[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
  LinceCorners quad;

  for (int i = 0; i < 4; i++) {
    double u = signs[i][0] * w * lince_random_range (random, .85, 1.1);
    double v = signs[i][1] * h * lince_random_range (random, .85, 1.1);

    quad.at[2 * i] = x + c * u - s * v;
    quad.at[2 * i + 1] = y + s * u + c * v;
  }
  return quad;
}

#define COLUMNS 3 /* of pictures behind */
#define ROWS 2
#define LAYERS (COLUMNS * ROWS + 1)

static LinceLayer
make_layer (guint number, const LinceCorners *place, double blur)
{
  LinceBenchReference *reference = lince_bench_reference_new (SEED, number);
  LinceLayer layer = {make_canvas (&reference->picture), *place, *place, *place, 1, blur, -1};

  lince_bench_reference_free (reference);
  return layer;
}

/* Reference `number` before pictures that are in no collection, blurred, dimmed, with noise. */
static Scene
draw_scene (LinceComposer *composer, int width, int height, guint number, guint seed)
{
  LinceRandom random = lince_random_for (SEED + 1, seed);
  LinceBenchReference *reference = lince_bench_reference_new (SEED, number);
  LinceLayer layers[LAYERS];
  LinceFinish finish = {.gain = lince_random_range (&random, .6, 1.1),
      .noise = lince_random_range (&random, 1, 4),
      .seed = seed};
  LinceCorners quad = make_quad (&random, &reference->picture, width, height);
  Scene scene = {.planes = {g_malloc ((gsize) width * (gsize) height),
                     g_malloc ((gsize) width * (gsize) height / 4),
                     g_malloc ((gsize) width * (gsize) height / 4)}};
  int strides[3] = {width, width / 2, width / 2};

  for (int i = 0; i < LAYERS - 1; i++) {
    double left = i % COLUMNS * width / COLUMNS, top = i / COLUMNS * height / ROWS;
    double right = left + width / COLUMNS, bottom = top + height / ROWS;
    LinceCorners place = {{left, top, right, top, right, bottom, left, bottom}};

    layers[i] = make_layer (OUTSIDE + (LAYERS - 1) * seed + (guint) i, &place, 0);
  }
  layers[LAYERS - 1] = make_layer (number, &quad, lince_random_range (&random, .3, 1));
  lince_composer_draw (composer, layers, LAYERS, &finish, scene.planes, strides);
  scene.frame = (LinceFrame){.width = width,
      .height = height,
      .luma = {scene.planes[0], width, 1},
      .cb = {scene.planes[1], width / 2, 1},
      .cr = {scene.planes[2], width / 2, 1},
      .chroma_width = width / 2,
      .chroma_height = height / 2,
      .par_numerator = 1,
      .par_denominator = 1};
  g_strlcpy (scene.shown, reference->id, sizeof scene.shown);
  for (int i = 0; i < LAYERS; i++)
    lince_canvas_free ((LinceCanvas *) layers[i].canvas);
  lince_bench_reference_free (reference);
  return scene;
}

static void
scene_clear (Scene *scene)
{
  for (int i = 0; i < 3; i++)
    g_free (scene->planes[i]);
}

/* --- searches --- */

typedef struct {
  double *stages[LINCE_STAGE_COUNT], *total; /* ms a frame */
  int count, hits, wrong;
  guint64 keypoints;
} Sums;

static void
sums_init (Sums *sums, int frames)
{
  *sums = (Sums){.total = g_new0 (double, frames)};
  for (int s = 0; s < LINCE_STAGE_COUNT; s++)
    sums->stages[s] = g_new0 (double, frames);
}

static void
sums_clear (Sums *sums)
{
  for (int s = 0; s < LINCE_STAGE_COUNT; s++)
    g_free (sums->stages[s]);
  g_free (sums->total);
}

static void
take_result (
    Sums *sums, const LinceRecognizer *recognizer, const LinceResult *result, const Scene *scene)
{
  LinceStatistics statistics;
  gboolean hit = FALSE;

  lince_recognizer_statistics (recognizer, &statistics);
  for (int s = 0; s < LINCE_STAGE_COUNT; s++) {
    double spent = (double) statistics.last_nanoseconds[s] * 1e-6;

    sums->stages[s][sums->count] = spent;
    sums->total[sums->count] += spent;
  }
  sums->count++;
  sums->keypoints = statistics.keypoints;
  for (uint32_t i = 0; i < result->placement_count; i++) {
    LinceObject object;

    lince_index_object (result->index, result->placements[i].object, &object);
    if (strcmp (object.id, scene->shown) == 0)
      hit = TRUE;
    else
      sums->wrong++;
  }
  sums->hits += hit;
}

static void
print_sums (Sums *sums, const char *name)
{
  g_print ("%s: median %.1f ms, 99 %% %.1f ms; %.0f keypoints; %d of %d found, %d wrong\n", name,
      quantile (sums->total, sums->count, .5), quantile (sums->total, sums->count, .99),
      (double) sums->keypoints / sums->count, sums->hits, sums->count, sums->wrong);
  for (int s = 0; s < LINCE_STAGE_COUNT; s++)
    g_print ("  %-13s %6.2f  %6.2f\n", lince_stage_name ((LinceStage) s),
        quantile (sums->stages[s], sums->count, .5), quantile (sums->stages[s], sums->count, .99));
}

/* Each frame on its own, so that each is searched: live as a frame of video with a plan, or as a
 * still. Returns the share that was found. */
static double
look (LinceIndex *index, bool live, int frames)
{
  int width = live ? 1920 : 960, height = live ? 1080 : 720;
  LinceComposer *composer = lince_composer_new (width, height);
  LinceSettings settings;
  LinceError error = {0};
  LinceRecognizer *recognizer;
  double share;
  Sums sums;

  lince_settings_default (&settings);
  if (live)
    settings.plan = LINCE_PLAN_LIVE;
  recognizer = lince_recognizer_new (&settings, &error);
  check (recognizer != NULL, &error);
  lince_recognizer_set_index (recognizer, index);
  sums_init (&sums, frames);
  for (int i = -1; i < frames; i++) { /* the first is not counted: it makes the buffers */
    guint number = (guint) ((guint64) (MAX (i, 0) * 2 + live) * 7919 % (guint64) references);
    Scene scene = draw_scene (composer, width, height, number, (guint) (i + 1));
    const LinceResult *result;
    bool ok = live ? lince_recognizer_process (recognizer, &scene.frame, i + 1, &result, &error)
                   : lince_recognizer_still (recognizer, &scene.frame, &result, &error);

    check (ok, &error);
    if (i >= 0)
      take_result (&sums, recognizer, result, &scene);
    lince_recognizer_reset (recognizer, LINCE_REASON_RESET, NULL);
    scene_clear (&scene);
  }
  print_sums (&sums, live ? "live, 1920 x 1080" : "still, 960 x 720");
  share = (double) sums.hits / MAX (1, sums.count);
  sums_clear (&sums);
  lince_recognizer_free (recognizer);
  lince_composer_free (composer);
  return share;
}

/* --- one more --- */

static double step_begin;

static void
step (const char *name)
{
  double now = seconds (CLOCK_PROCESS_CPUTIME_ID);

  if (name != NULL)
    g_print ("  %-13s %6.1f\n", name, (now - step_begin) * 1e3);
  step_begin = seconds (CLOCK_PROCESS_CPUTIME_ID);
}

/* Adds a picture to the collection in `path`; returns whether it is found and all others stay. */
static bool
add_one (LinceIndex *base, const char *path, guint number)
{
  LinceError error = {0};
  LinceBenchReference *reference = lince_bench_reference_new (SEED, number);
  double wall = seconds (CLOCK_MONOTONIC);
  LinceIndexBuilder *builder = lince_index_builder_new (&error);
  LinceIndex *index;
  bool ok;

  g_print ("one more, ms of CPU:\n");
  step (NULL);
  lince_index_builder_set_base (builder, base);
  for (uint32_t i = 0; i < lince_index_image_count (base); i++) {
    LinceObject object;
    uint32_t owner;

    lince_index_image (base, i, &owner, NULL);
    lince_index_object (base, owner, &object);
    check (
        lince_index_builder_add_object (builder, object.id, object.name, object.metadata, &error),
        &error);
    check (lince_index_builder_keep_image (builder, object.id, i, &error), &error);
  }
  step ("taken over");
  check (lince_index_builder_add_object (builder, reference->id, NULL, NULL, &error), &error);
  check (lince_index_builder_add_image (
             builder, reference->id, reference->id, &reference->picture, NULL, &error),
      &error);
  step ("enrolled");
  check (lince_index_builder_write (builder, path, &error), &error);
  step ("written");
  index = lince_index_reopen (base, path, &error);
  check (index != NULL, &error);
  step ("opened");
  check (lince_index_textured (index, &error) != NULL, &error);
  step ("checked");
  g_print (
      "  in all %.1f ms, with what the disk takes\n", (seconds (CLOCK_MONOTONIC) - wall) * 1e3);
  ok = lince_index_find (index, reference->id) >= 0 &&
       lince_index_image_count (index) == lince_index_image_count (base) + 1;
  lince_index_builder_free (builder);
  lince_index_unref (index);
  lince_bench_reference_free (reference);
  return ok;
}

/* --- how alike descriptors of different pictures are --- */

static void
nearest_in (const LinceTextured *textured, const LinceFeature *feature, uint32_t image,
    uint16_t *distances, uint32_t *best)
{
  const LinceDescriptorBlock *blocks = textured->parts[LINCE_PART_BLOCKS];
  const LinceSlot *slots = textured->parts[LINCE_PART_SLOTS];
  uint32_t begin = feature->dark ? textured->dark_block : 0;
  uint32_t end = feature->dark ? textured->block_count : textured->dark_block;

  lince_kernels ()->distances (&feature->descriptor, blocks + begin, end - begin, distances);
  for (uint32_t i = 0; i < (end - begin) * LINCE_BLOCK; i++)
    if (distances[i] < *best && slots[begin * LINCE_BLOCK + i].image != image &&
        slots[begin * LINCE_BLOCK + i].image < textured->image_count)
      *best = distances[i];
}

/* Of a sample of all features, how many bits the nearest one of another picture is away. */
static void
print_nearest (LinceIndex *index, const char *name)
{
  const LinceTexturedSet *set = lince_index_textured (index, NULL);
  uint32_t images = lince_index_image_count (index), most = 0;
  double *found = g_new (double, NEAREST_SAMPLES);
  uint16_t *distances;
  LinceRandom random = lince_random_for (SEED, 7);
  int count = 0;

  for (uint32_t p = 0; p < set->part_count; p++)
    most = MAX (most, set->parts[p].textured.block_count);
  distances = g_new (uint16_t, (gsize) most * LINCE_BLOCK);
  while (count < NEAREST_SAMPLES) {
    uint32_t image = (uint32_t) lince_random_below (&random, (int) images), best = 256;
    LinceFeatures features = {0};

    if (lince_index_extract (index, image, &features, NULL) && features.count > 0) {
      const LinceFeature *list =
          (const LinceFeature *) ((const LinceFeatureHeader *) features.data + 1);
      const LinceFeature *feature = &list[lince_random_below (&random, (int) features.count)];

      for (uint32_t p = 0; p < set->part_count; p++)
        nearest_in (&set->parts[p].textured, feature,
            set->places[image].part == p ? set->places[image].image : LINCE_NO_SLOT, distances,
            &best);
      found[count++] = best;
    }
    lince_features_clear (&features);
  }
  g_print (
      "%s: %u pictures; bits to the nearest descriptor of another one: median %.0f, 5 %% %.0f, "
      "1 %% %.0f\n",
      name, images, quantile (found, count, .5), quantile (found, count, .05),
      quantile (found, count, .01));
  g_free (distances);
  g_free (found);
}

static LinceIndex *
finish (LinceIndexBuilder *builder)
{
  LinceError error = {0};
  LinceIndex *index = lince_index_builder_finish (builder, &error);

  check (index != NULL, &error);
  lince_index_builder_free (builder);
  return index;
}

/* A folder's pictures, and as many of ours. */
static void
compare_with (const char *folder)
{
  LinceIndexBuilder *theirs = lince_index_builder_new (NULL);
  LinceIndexBuilder *ours = lince_index_builder_new (NULL);
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;
  LinceIndex *index;
  guint count = 0;

  if (directory == NULL)
    g_error ("%s cannot be read", folder);
  while ((name = g_dir_read_name (directory)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_autofree char *id = g_strdup_printf ("picture-%u", count);
    g_autoptr (LincePictureFile) file = lince_picture_file_load (path, NULL);

    if (file == NULL || !lince_index_builder_add_object (theirs, id, NULL, NULL, NULL) ||
        !lince_index_builder_add_image (
            theirs, id, path, lince_picture_file_get_picture (file), NULL, NULL))
      continue;
    add_reference (ours, count++);
  }
  index = finish (theirs);
  print_nearest (index, folder);
  lince_index_unref (index);
  index = finish (ours);
  print_nearest (index, "drawn");
  lince_index_unref (index);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = NULL, *path = NULL;
  LinceIndex *index;
  double live, stills;
  bool added;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || references < 2 || threads < 1 ||
      threads > 16) {
    g_printerr ("%s\n", error != NULL ? error->message : "2 references and 1 to 16 threads");
    return 2;
  }
  folder = g_dir_make_tmp ("lince-scale-XXXXXX", &error);
  if (folder == NULL)
    g_error ("%s", error->message);
  path = g_build_filename (folder, "scale.index", NULL);
  if (kept_index == NULL || !g_file_test (kept_index, G_FILE_TEST_EXISTS))
    make_index (kept_index != NULL ? kept_index : path);
  index = open_index (kept_index != NULL ? kept_index : path);
  live = look (index, true, live_frames);
  stills = look (index, false, still_frames);
  added = add_one (index, path, (guint) references);
  print_nearest (index, "drawn");
  for (int i = 0; folders != NULL && folders[i] != NULL; i++)
    compare_with (folders[i]);
  lince_index_unref (index);
  nftw (folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  if (bytes_an_image > MOST_BYTES || live < LEAST_HITS || stills < LEAST_HITS || !added) {
    g_printerr (
        "wrong: %.0f bytes an image of at most %d, %.2f and %.2f found of at least %.2f%s\n",
        bytes_an_image, MOST_BYTES, live, stills, LEAST_HITS,
        added ? "" : ", and nothing was added");
    return 1;
  }
  return 0;
}
