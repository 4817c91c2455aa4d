/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Enrolment: the features of a reference picture, as it is and as it looks from aside. */
#include "recognition/textured.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/extractor.h"
#include "recognition/feature.h"

#define VIEWS 5
#define PER_VIEW 1500 /* keypoints taken from a simulated view */
#define FRONT_FEATURES 400
#define SIDE_FEATURES 60 /* of each simulated tilt */
#define TEXTURED_FEATURES 24
#define SAME_DISTANCE 24 /* a tilted view's feature this close to one kept adds nothing */

/* A picture whose rows are `width` bytes. */
typedef struct {
  uint8_t *luma, *mask; /* mask: NULL for all */
  int width, height;
} Picture;

/* Maps a view's coordinates to the picture's: x' = a x + b y + c. */
typedef struct {
  double a, b, c, d, e, f;
} Affine;

typedef struct {
  LincePyramid *pyramid;
  LincePool *pool;
  LinceExtractor extractor;
  Picture picture, view;
  Affine map; /* of the view that is being read */
  float unit; /* pixels of the caller's picture for one of `picture` */
  LinceFeature *features;
  uint32_t count;
} Enrolling;

void
lince_features_clear (LinceFeatures *features)
{
  free (features->data);
  *features = (LinceFeatures){0};
}

static void
picture_clear (Picture *picture)
{
  free (picture->luma);
  free (picture->mask);
  *picture = (Picture){0};
}

/* Room for both planes, the mask only where `masked`. */
static bool
picture_init (Picture *picture, int width, int height, bool masked)
{
  size_t size = (size_t) width * (size_t) height;

  *picture = (Picture){.width = width, .height = height};
  picture->luma = malloc (size);
  picture->mask = masked ? malloc (size) : NULL;
  if (picture->luma != NULL && (!masked || picture->mask != NULL))
    return true;
  picture_clear (picture);
  return false;
}

/* One plane by area average, in integers: source pixel edges in units of 1 / to_size. */
static void
reduce_plane (
    const uint8_t *from, int from_width, int from_height, uint8_t *to, int width, int height)
{
  for (int y = 0; y < height; y++) {
    int top = (int) ((int64_t) y * from_height / height);
    int bottom = (int) ((int64_t) (y + 1) * from_height / height);

    bottom = bottom > top ? bottom : top + 1;
    for (int x = 0; x < width; x++) {
      int left = (int) ((int64_t) x * from_width / width);
      int right = (int) ((int64_t) (x + 1) * from_width / width);
      uint64_t sum = 0, count;

      right = right > left ? right : left + 1;
      count = (uint64_t) (right - left) * (uint64_t) (bottom - top);
      for (int v = top; v < bottom; v++)
        for (int u = left; u < right; u++)
          sum += from[(size_t) v * (size_t) from_width + (size_t) u];
      to[(size_t) y * (size_t) width + (size_t) x] = (uint8_t) ((sum + count / 2) / count);
    }
  }
}

static bool
take_picture (Enrolling *enrolling, const uint8_t *luma, const uint8_t *mask, int width, int height)
{
  int side = width > height ? width : height;
  int w = width, h = height;

  if (side > LINCE_ENROL_MAX_SIDE) {
    w = (int) ((int64_t) width * LINCE_ENROL_MAX_SIDE / side);
    h = (int) ((int64_t) height * LINCE_ENROL_MAX_SIDE / side);
    w = w < LINCE_PICTURE_MIN_SIDE ? LINCE_PICTURE_MIN_SIDE : w;
    h = h < LINCE_PICTURE_MIN_SIDE ? LINCE_PICTURE_MIN_SIDE : h;
  }
  if (!picture_init (&enrolling->picture, w, h, mask != NULL))
    return false;
  reduce_plane (luma, width, height, enrolling->picture.luma, w, h);
  if (mask != NULL)
    reduce_plane (mask, width, height, enrolling->picture.mask, w, h);
  enrolling->unit = (float) width / (float) w;
  return true;
}

static int
bilinear (const uint8_t *plane, int width, int height, double x, double y)
{
  int u, v, fx, fy;
  const uint8_t *p;

  x -= .5;
  y -= .5;
  x = x < 0 ? 0 : (x > width - 1.001 ? width - 1.001 : x);
  y = y < 0 ? 0 : (y > height - 1.001 ? height - 1.001 : y);
  u = (int) x;
  v = (int) y;
  fx = (int) ((x - u) * 256);
  fy = (int) ((y - v) * 256);
  p = plane + (size_t) v * (size_t) width + (size_t) u;
  return (p[0] * (256 - fx) + p[1] * fx) * (256 - fy) +
         (p[width] * (256 - fx) + p[width + 1] * fx) * fy;
}

/* Renders the picture as seen tilted by factor `tilt` about the axis at right angles to direction
 * `angle`. Each pixel is the mean of four points along the compressed direction. */
static bool
make_view (Enrolling *enrolling, double tilt, double angle)
{
  const Picture *from = &enrolling->picture;
  double c = cos (angle), s = sin (angle), shrink = 1 / tilt;
  /* picture to view: R(-angle)' diag(shrink, 1) R(-angle) */
  double m00 = c * c * shrink + s * s, m01 = c * s * (shrink - 1), m11 = s * s * shrink + c * c;
  double det = m00 * m11 - m01 * m01;
  int w = (int) ceil (fabs (m00) * from->width + fabs (m01) * from->height);
  int h = (int) ceil (fabs (m01) * from->width + fabs (m11) * from->height);
  Affine *map = &enrolling->map;

  *map = (Affine){m11 / det, -m01 / det, 0, -m01 / det, m00 / det, 0};
  map->c = from->width * .5 - (map->a * w + map->b * h) * .5;
  map->f = from->height * .5 - (map->d * w + map->e * h) * .5;
  if (!picture_init (&enrolling->view, w, h, false))
    return false;
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      double u = map->a * (x + .5) + map->b * (y + .5) + map->c;
      double v = map->d * (x + .5) + map->e * (y + .5) + map->f;
      int sum = 0;

      for (int i = 0; i < 4; i++) {
        double t = (i - 1.5) * .25 * tilt;

        sum += bilinear (from->luma, from->width, from->height, u + t * c, v + t * s) >> 2;
      }
      enrolling->view.luma[(size_t) y * (size_t) w + (size_t) x] = (uint8_t) (sum >> 16);
    }
  return true;
}

/* Whether a point of the picture may carry a feature. */
static bool
inside (const Picture *picture, double x, double y)
{
  if (!(x >= 2 && y >= 2 && x < picture->width - 2 && y < picture->height - 2))
    return false;
  return picture->mask == NULL ||
         picture->mask[(size_t) y * (size_t) picture->width + (size_t) x] >= 128;
}

/* A keypoint of the view as a feature of the picture. */
static bool
map_keypoint (const Enrolling *enrolling, const LinceKeypoint *keypoint, LinceFeature *feature)
{
  const Affine *map = &enrolling->map;
  double scale = enrolling->extractor.scales.scales[keypoint->scale].scale_x;
  double vx = keypoint->x * scale, vy = keypoint->y * scale;
  double x = map->a * vx + map->b * vy + map->c, y = map->d * vx + map->e * vy + map->f;
  double turn = keypoint->angle * (2 * M_PI / 256);
  double dx = map->a * cos (turn) + map->b * sin (turn);
  double dy = map->d * cos (turn) + map->e * sin (turn);
  double grown = sqrt (fabs (map->a * map->e - map->b * map->d));

  if (!inside (&enrolling->picture, x, y))
    return false;
  feature->x = (float) x * enrolling->unit;
  feature->y = (float) y * enrolling->unit;
  feature->scale = (float) (scale * grown) * enrolling->unit;
  feature->angle = (uint16_t) ((int) lrint (atan2 (dy, dx) * (256 / (2 * M_PI)) + 512) % 256);
  feature->dark = keypoint->dark;
  return true;
}

static int
descriptor_distance (const LinceDescriptor *a, const LinceDescriptor *b)
{
  int sum = 0;

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    sum += __builtin_popcountll (a->words[w] ^ b->words[w]);
  return sum;
}

/* Whether a kept feature of the same place and look makes this one needless. */
static bool
known (const Enrolling *enrolling, const LinceFeature *feature)
{
  for (uint32_t i = 0; i < enrolling->count; i++) {
    const LinceFeature *other = &enrolling->features[i];

    if (other->dark == feature->dark &&
        fabsf (other->x - feature->x) + fabsf (other->y - feature->y) < 3 * feature->scale &&
        descriptor_distance (&other->descriptor, &feature->descriptor) <= SAME_DISTANCE)
      return true;
  }
  return false;
}

/* Takes features from one grey picture that `enrolling->map` leads from. */
static bool
take_features (Enrolling *enrolling, const Picture *view, uint32_t wanted, LinceError *error)
{
  LinceFrame frame = {
      .width = view->width, .height = view->height, .luma = {view->luma, view->width, 1}};
  LinceExtractor *extractor = &enrolling->extractor;
  uint32_t taken = 0;

  if (view->width < LINCE_PICTURE_MIN_SIDE / 2 || view->height < LINCE_PICTURE_MIN_SIDE / 2)
    return true;
  if (!lince_pyramid_resize (enrolling->pyramid, &frame, error))
    return false;
  lince_pyramid_build (enrolling->pyramid, &frame, enrolling->pool);
  if (!lince_extractor_resize (extractor, enrolling->pyramid, 1, error))
    return false;
  lince_extractor_run (extractor, enrolling->pyramid, PER_VIEW, enrolling->pool, NULL);
  for (uint32_t i = 0; i < extractor->count && taken < wanted; i++) {
    LinceFeature feature = {.descriptor = extractor->descriptors[i]};

    if (!map_keypoint (enrolling, &extractor->keypoints[i], &feature) ||
        known (enrolling, &feature))
      continue;
    enrolling->features[enrolling->count++] = feature;
    taken++;
  }
  return true;
}

static bool
take_all_views (Enrolling *enrolling, LinceError *error)
{
  enrolling->map = (Affine){1, 0, 0, 0, 1, 0};
  if (!take_features (enrolling, &enrolling->picture, FRONT_FEATURES, error))
    return false;
  for (int i = 1; i < VIEWS; i++) {
    bool taken;

    if (!make_view (enrolling, 1.7, (i - 1) * M_PI / 4)) {
      lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a simulated view");
      return false;
    }
    taken = take_features (enrolling, &enrolling->view, SIDE_FEATURES, error);
    picture_clear (&enrolling->view);
    if (!taken)
      return false;
  }
  return true;
}

/* Hands the features over. */
static bool
store (const Enrolling *enrolling, int width, int height, LinceFeatures *features,
    LinceEnrolment *report)
{
  LinceFeatureHeader header = {(float) width, (float) height, enrolling->count, 0};
  size_t size = enrolling->count * sizeof (LinceFeature);
  uint8_t *data = malloc (sizeof header + size);

  if (data == NULL)
    return false;
  memcpy (data, &header, sizeof header);
  memcpy (data + sizeof header, enrolling->features, size);
  *features = (LinceFeatures){enrolling->count, data, sizeof header + size};
  if (report != NULL) {
    report->keypoints = enrolling->count;
    report->textured = enrolling->count >= TEXTURED_FEATURES;
    report->score = (float) enrolling->count / (float) (enrolling->count + 100);
  }
  return true;
}

static bool
enrolling_init (Enrolling *enrolling, LinceError *error)
{
  *enrolling = (Enrolling){0};
  enrolling->features = calloc (FRONT_FEATURES + VIEWS * SIDE_FEATURES, sizeof (LinceFeature));
  enrolling->pyramid = lince_pyramid_new (error);
  enrolling->pool = lince_pool_new (1, error);
  return enrolling->features != NULL && enrolling->pyramid != NULL && enrolling->pool != NULL &&
         lince_extractor_init (&enrolling->extractor, PER_VIEW, error);
}

static void
enrolling_clear (Enrolling *enrolling)
{
  lince_extractor_clear (&enrolling->extractor);
  lince_pyramid_free (enrolling->pyramid);
  lince_pool_free (enrolling->pool);
  picture_clear (&enrolling->picture);
  picture_clear (&enrolling->view);
  free (enrolling->features);
}

bool
lince_textured_enrol (const uint8_t *luma, const uint8_t *mask, int width, int height,
    LinceFeatures *features, LinceEnrolment *report, LinceError *error)
{
  Enrolling enrolling;
  bool done = false;

  *features = (LinceFeatures){0};
  if (width < LINCE_PICTURE_MIN_SIDE || height < LINCE_PICTURE_MIN_SIDE ||
      width > LINCE_PICTURE_MAX_SIDE || height > LINCE_PICTURE_MAX_SIDE) {
    lince_error_set (error, LINCE_ERROR_PICTURE_SIZE,
        "a picture of %d x %d pixels: give one of %d to %d pixels a side", width, height,
        LINCE_PICTURE_MIN_SIDE, LINCE_PICTURE_MAX_SIDE);
    return false;
  }
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to enrol a picture");
  if (enrolling_init (&enrolling, error) && take_picture (&enrolling, luma, mask, width, height) &&
      take_all_views (&enrolling, error))
    done = store (&enrolling, width, height, features, report);
  enrolling_clear (&enrolling);
  if (done && error != NULL)
    *error = (LinceError){0};
  return done;
}
