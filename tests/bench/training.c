/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "training.h"

#include <math.h>
#include <string.h>

#include "compose.h"
#include "compression.h"
#include "random.h"
#include "recognition/extractor.h"
#include "recognition/pyramid.h"
#include "training_pictures.h"

#define WIDTH 800 /* of a frame */
#define HEIGHT 600
#define VIEWS 3
#define REFERENCE_POINTS 500 /* the best, of which enrolment keeps about half */
#define FRAME_POINTS 2000
#define MOST_PAIRS 60 /* of one view, so that no picture rules */
#define REACH 1.25    /* of two places that are the same, pixels of the keypoint's scale */
#define SCALE_REACH 1.4
#define REPORTED 100  /* pictures between lines of progress */
#define TURN_REACH 18 /* 256ths of a turn: farther, a match's vote is lost anyway */

typedef struct {
  float x, y, scale; /* pixels of the picture */
  int angle;
  guint8 dark, samples[LINCE_DESCRIPTOR_SAMPLES];
} Point;

/* What one thread works with. */
typedef struct {
  LincePool *pool;
  LincePyramid *pyramid;
  LinceExtractor extractor;
  LinceComposer *composer;
  guint8 *planes[3];
} Worker;

static void
check (bool ok, const LinceError *error)
{
  if (!ok)
    g_error ("%s", error->text);
}

static void
worker_init (Worker *worker)
{
  LinceError error = {0};

  *worker = (Worker){.pool = lince_pool_new (1, &error),
      .pyramid = lince_pyramid_new (&error),
      .composer = lince_composer_new (WIDTH, HEIGHT),
      .planes = {
          g_malloc (WIDTH * HEIGHT), g_malloc (WIDTH * HEIGHT / 4), g_malloc (WIDTH * HEIGHT / 4)}};
  check (worker->pool != NULL && worker->pyramid != NULL &&
             lince_extractor_init (&worker->extractor, FRAME_POINTS, &error),
      &error);
}

static void
worker_clear (Worker *worker)
{
  lince_extractor_clear (&worker->extractor);
  lince_pyramid_free (worker->pyramid);
  lince_pool_free (worker->pool);
  lince_composer_free (worker->composer);
  for (int i = 0; i < 3; i++)
    g_free (worker->planes[i]);
}

/* The keypoints of a plane of luma. */
static GArray *
find_points (Worker *worker, const guint8 *luma, int width, int height, guint limit)
{
  LinceFrame frame = {.width = width,
      .height = height,
      .luma = {luma, width, 1},
      .par_numerator = 1,
      .par_denominator = 1};
  LinceExtractor *extractor = &worker->extractor;
  GArray *points = g_array_new (FALSE, FALSE, sizeof (Point));
  LinceError error = {0};

  check (lince_pyramid_resize (worker->pyramid, &frame, &error), &error);
  lince_pyramid_build (worker->pyramid, &frame, worker->pool);
  check (lince_extractor_resize (extractor, worker->pyramid, 1, &error), &error);
  lince_extractor_run (extractor, worker->pyramid, 0, limit, worker->pool, NULL);
  for (guint i = 0; i < extractor->count; i++) {
    const LinceKeypoint *keypoint = &extractor->keypoints[i];
    const LinceScale *scale = &extractor->scales.scales[keypoint->scale];
    Point point = {keypoint->x * scale->scale_x, keypoint->y * scale->scale_y, scale->scale_x,
        keypoint->angle, keypoint->dark, {0}};

    lince_keypoint_samples (
        &extractor->scales, &extractor->patterns[keypoint->scale], keypoint, point.samples);
    g_array_append_val (points, point);
  }
  return points;
}

static GArray *
find_reference_points (Worker *worker, const LinceCanvas *canvas)
{
  const LinceCanvasLevel *level = &canvas->levels[0];
  g_autofree guint8 *luma = g_malloc ((gsize) level->width * (gsize) level->height);

  for (int y = 0; y < level->height; y++)
    for (int x = 0; x < level->width; x++)
      luma[y * level->width + x] =
          (guint8) (level->pixels[(y + LINCE_CANVAS_RIM) * level->stride + x + LINCE_CANVAS_RIM] &
                    255);
  return find_points (worker, luma, level->width, level->height, REFERENCE_POINTS);
}

/* --- views --- */

/* Larger values are rarer. */
static double
rarely (LinceRandom *random, double most)
{
  double share = lince_random_range (random, 0, 1);

  return most * share * share;
}

/* The outline of a picture that is turned, tilted about any axis and seen by a lens. */
static LinceCorners
hold_up (LinceRandom *random, double width, double height)
{
  double size = 60 * pow (HEIGHT / 66., lince_random_range (random, 0, 1)) / MAX (width, height);
  double turn = lince_random_below (random, 3) ? lince_random_range (random, -.4, .4)
                                               : lince_random_range (random, 0, 2 * G_PI);
  double axis = lince_random_range (random, 0, 2 * G_PI), tilt = rarely (random, G_PI / 3);
  double focal = lince_random_range (random, 1, 3) * WIDTH, c = cos (turn), s = sin (turn);
  double x0 = lince_random_range (random, .35, .65) * WIDTH;
  double y0 = lince_random_range (random, .4, .6) * HEIGHT;
  LinceCorners quad;

  for (int i = 0; i < 4; i++) {
    double x = size * width * (i == 1 || i == 2 ? .5 : -.5);
    double y = size * height * (i >= 2 ? .5 : -.5);
    double u = x * cos (axis) + y * sin (axis), v = y * cos (axis) - x * sin (axis);
    double lens = focal / (focal + v * sin (tilt));

    v *= cos (tilt);
    x = lens * (u * cos (axis) - v * sin (axis));
    y = lens * (u * sin (axis) + v * cos (axis));
    quad.at[2 * i] = x0 + c * x - s * y;
    quad.at[2 * i + 1] = y0 + s * x + c * y;
  }
  return quad;
}

static LinceCorners
moved (const LinceCorners *quad, double x, double y)
{
  LinceCorners result = *quad;

  for (int i = 0; i < 4; i++) {
    result.at[2 * i] += x;
    result.at[2 * i + 1] += y;
  }
  return result;
}

/* Draws one frame; its luma is in the worker's first plane. */
static LinceCorners
draw_view (
    Worker *worker, LinceRandom *random, const LinceCanvas *canvas, const LinceCanvas *behind)
{
  static const int strides[3] = {WIDTH, WIDTH / 2, WIDTH / 2};
  LinceCorners whole = {{0, 0, WIDTH, 0, WIDTH, HEIGHT, 0, HEIGHT}};
  LinceCorners quad = hold_up (random, canvas->width, canvas->height);
  double motion = lince_random_below (random, 3) ? 0 : rarely (random, 6);
  double way = lince_random_range (random, 0, 2 * G_PI);
  double x = motion * cos (way), y = motion * sin (way);
  LinceLayer layers[2] = {{behind, whole, whole, whole, 1, 0, -1},
      {canvas, moved (&quad, -x, -y), quad, moved (&quad, x, y), 1,
          lince_random_below (random, 3) ? .3 + rarely (random, 2) : 0, 0}};
  LinceFinish finish = {.gain = lince_random_range (random, .4, 1.15),
      .noise = rarely (random, 7),
      .seed = lince_random_next (random)};
  double step = lince_random_below (random, 6) ? 2 + rarely (random, 44) : 0;

  lince_composer_draw (worker->composer, layers, 2, &finish, worker->planes, strides);
  lince_compress_plane (worker->planes[0], WIDTH, WIDTH, HEIGHT,
      lince_random_below (random, 3) ? LINCE_COMPRESSION_VIDEO : LINCE_COMPRESSION_STILL, step);
  return quad;
}

/* --- the same places --- */

/* A point of the frame as it would be in the picture: place, scale and angle. False outside. */
static gboolean
bring_back (const LinceProjection *back, const LinceCanvas *canvas, Point *point)
{
  double step = .5 * (double) point->scale, turn = 2 * G_PI * point->angle / 256, at[4][2];
  double ux, uy, vx, vy, dx, dy;

  for (int i = 0; i < 4; i++) {
    double x = (double) point->x + (i == 1 ? step : i == 3 ? step * cos (turn) : 0);
    double y = (double) point->y + (i == 2 ? step : i == 3 ? step * sin (turn) : 0);

    lince_projection_map (back, x, y, &at[i][0], &at[i][1]);
    at[i][0] *= canvas->width;
    at[i][1] *= canvas->height;
  }
  if (!(at[0][0] > 0 && at[0][1] > 0 && at[0][0] < canvas->width && at[0][1] < canvas->height))
    return FALSE;
  ux = at[1][0] - at[0][0];
  uy = at[1][1] - at[0][1];
  vx = at[2][0] - at[0][0];
  vy = at[2][1] - at[0][1];
  dx = at[3][0] - at[0][0];
  dy = at[3][1] - at[0][1];
  point->x = (float) at[0][0];
  point->y = (float) at[0][1];
  point->scale = (float) (sqrt (fabs (ux * vy - uy * vx)) / .5);
  point->angle = (int) lrint (atan2 (dy, dx) * 128 / G_PI) & 255;
  return TRUE;
}

/* The nearest point of the picture that is the same; NULL where there is none. */
static const Point *
find_same (const GArray *points, const Point *point)
{
  const Point *best = NULL;
  float least = (float) (REACH * REACH);

  for (guint i = 0; i < points->len; i++) {
    const Point *other = &g_array_index (points, Point, i);
    float dx = (other->x - point->x) / other->scale, dy = (other->y - point->y) / other->scale;
    float ratio = other->scale / point->scale, apart = dx * dx + dy * dy;
    int turn = (other->angle - point->angle) & 255;

    if (other->dark != point->dark || apart >= least || ratio > (float) SCALE_REACH ||
        ratio < 1 / (float) SCALE_REACH || MIN (turn, 256 - turn) > TURN_REACH)
      continue;
    least = apart;
    best = other;
  }
  return best;
}

static void
add_pairs (LinceRandom *random, const GArray *references, const GArray *points,
    const LinceCanvas *canvas, const LinceCorners *quad, guint32 picture, GArray *pairs)
{
  LinceProjection there = lince_projection_from_quad (quad),
                  back = lince_projection_invert (&there);
  GArray *found = g_array_new (FALSE, FALSE, sizeof (LinceTrainingPair));

  for (guint i = 0; i < points->len; i++) {
    Point point = g_array_index (points, Point, i);
    LinceTrainingPair pair = {.picture = picture, .dark = point.dark};
    const Point *same;

    if (!bring_back (&back, canvas, &point))
      continue;
    same = find_same (references, &point);
    if (same == NULL)
      continue;
    memcpy (pair.reference, same->samples, sizeof pair.reference);
    memcpy (pair.frame, point.samples, sizeof pair.frame);
    g_array_append_val (found, pair);
  }
  for (guint left = MOST_PAIRS; left > 0 && found->len > 0; left--) {
    guint at = (guint) lince_random_below (random, (int) found->len);

    g_array_append_vals (pairs, &g_array_index (found, LinceTrainingPair, at), 1);
    g_array_remove_index_fast (found, at);
  }
  g_array_unref (found);
}

static LinceCanvas *
make_canvas (guint64 seed, guint number)
{
  cairo_surface_t *surface = lince_training_picture_new (seed, number);
  LinceCanvas *canvas = lince_canvas_new (surface, LINCE_MATRIX_BT709);

  cairo_surface_destroy (surface);
  return canvas;
}

static GArray *
pairs_of_picture (Worker *worker, guint64 seed, guint number)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (LinceTrainingPair));
  LinceRandom random = lince_random_for (seed + 1, number);
  LinceCanvas *canvas = make_canvas (seed, number);
  LinceCanvas *behind = make_canvas (seed + 2, number);
  GArray *references = find_reference_points (worker, canvas);

  for (int v = 0; v < VIEWS; v++) {
    LinceCorners quad = draw_view (worker, &random, canvas, behind);
    GArray *points = find_points (worker, worker->planes[0], WIDTH, HEIGHT, FRAME_POINTS);

    add_pairs (&random, references, points, canvas, &quad, number, pairs);
    g_array_unref (points);
  }
  g_array_unref (references);
  lince_canvas_free (canvas);
  lince_canvas_free (behind);
  return pairs;
}

/* --- all of them --- */

typedef struct {
  guint64 seed;
  guint first;
  int next, count; /* `next`: atomic */
  GArray **pairs;  /* of each picture */
} Collecting;

static gpointer
collect_some (gpointer data)
{
  Collecting *collecting = data;
  Worker worker;
  int number;

  worker_init (&worker);
  while ((number = g_atomic_int_add (&collecting->next, 1)) < collecting->count) {
    if (number > 0 && number % REPORTED == 0)
      g_printerr ("picture %d of %d\n", number, collecting->count);
    collecting->pairs[number] =
        pairs_of_picture (&worker, collecting->seed, collecting->first + (guint) number);
  }
  worker_clear (&worker);
  return NULL;
}

GArray *
lince_training_pairs (guint64 seed, guint first, guint count, guint threads)
{
  Collecting collecting = {seed, first, 0, (int) count, g_new0 (GArray *, count)};
  g_autofree GThread **workers = g_new (GThread *, threads);
  GArray *all = g_array_new (FALSE, FALSE, sizeof (LinceTrainingPair));

  for (guint t = 0; t < threads; t++)
    workers[t] = g_thread_new ("training", collect_some, &collecting);
  for (guint t = 0; t < threads; t++)
    g_thread_join (workers[t]);
  for (guint i = 0; i < count; i++) {
    g_array_append_vals (all, collecting.pairs[i]->data, collecting.pairs[i]->len);
    g_array_unref (collecting.pairs[i]);
  }
  g_free (collecting.pairs);
  return all;
}
