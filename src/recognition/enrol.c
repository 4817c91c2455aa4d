/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Enrolment: the features of a reference picture that survive being seen from aside, from afar and
 * in bad light, and what it looks like from aside. */
#include "recognition/textured.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/extractor.h"
#include "recognition/feature.h"

#define PER_VIEW 1000 /* keypoints taken from the picture and from each simulated view */
/* An image costs some 46 bytes in the index for each feature that is kept. What makes a picture a
 * plain one is counted before that choice. */
#define FRONT_FEATURES 256
#define FRONT_COUNTED 400
#define SIDE_FEATURES 20 /* of each simulated tilt */
#define SIDE_COUNTED 60
#define TEXTURED_FEATURES 24
#define STRONG_HALF 40       /* features that survive half of the views, for a score of 0.5 */
#define SAME_REACH 3         /* a feature is the same within so many of its scales */
#define SAME_DISTANCE 24     /* a tilted view's feature this close to one kept adds nothing */
#define SURVIVED_DISTANCE 56 /* a feature is seen again in a view within so many bits */

/* A picture whose rows are `width` bytes. */
typedef struct {
  uint8_t *luma, *mask; /* mask: NULL for all */
  int width, height;
} Picture;

/* A simulated view: tilted about the axis at right angles to direction `angle`, then scaled, then
 * darkened with noise. Features are taken from tilts only. */
typedef struct {
  float tilt, angle, size, gain;
  uint32_t noise; /* grey levels either way */
} View;

static const View views[] = {
    {1.7f, 0.f, 1.f, 1.f, 0},
    {1.7f, (float) M_PI / 4, 1.f, 1.f, 0},
    {1.7f, (float) M_PI / 2, 1.f, 1.f, 0},
    {1.7f, (float) M_PI * 3 / 4, 1.f, 1.f, 0},
    {1.f, 0.f, .5f, 1.f, 1},
    {1.f, 0.f, .9f, .4f, 3},
};
#define VIEWS (sizeof views / sizeof views[0])

/* Maps a view's coordinates to the picture's: x' = a x + b y + c. */
typedef struct {
  double a, b, c, d, e, f;
} Affine;

/* Where a candidate lies, to find those near a place. */
typedef struct {
  float y;
  uint32_t candidate;
} Height;

typedef struct {
  LincePyramid *pyramid;
  LincePool *pool;
  LinceExtractor extractor;
  Picture picture, view;
  Affine map; /* of the view that is being read */
  float unit; /* pixels of the caller's picture for one of `picture` */
  LinceFeature *features;
  uint32_t count;
  LinceFeature *candidates; /* of the picture itself, best first */
  uint8_t *survived;        /* in how many views each candidate was seen again */
  uint8_t *seen;            /* whether it was in the present one */
  uint32_t candidate_count;
  Height *heights;     /* of the candidates, rising */
  LinceFeature *sides; /* SIDE_FEATURES of each tilt, those that no candidate stands for */
  uint32_t side_count;
  uint32_t sides_counted; /* SIDE_COUNTED of each tilt */
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

/* Renders a view; each pixel is the mean of four points. */
static bool
make_view (Enrolling *enrolling, const View *view)
{
  const Picture *from = &enrolling->picture;
  double c = cos ((double) view->angle), s = sin ((double) view->angle);
  double shrink = 1 / (double) view->tilt, size = (double) view->size;
  /* picture to view: size R(-angle)' diag(shrink, 1) R(-angle) */
  double m00 = size * (c * c * shrink + s * s), m01 = size * (c * s * (shrink - 1));
  double m11 = size * (s * s * shrink + c * c), det = m00 * m11 - m01 * m01;
  int w = (int) ceil (m00 * from->width + fabs (m01) * from->height);
  int h = (int) ceil (fabs (m01) * from->width + m11 * from->height);
  int gain = (int) (view->gain * 256);
  uint32_t state = 1;
  Affine *map = &enrolling->map;

  *map = (Affine){m11 / det, -m01 / det, 0, -m01 / det, m00 / det, 0};
  map->c = from->width * .5 - (map->a * w + map->b * h) * .5;
  map->f = from->height * .5 - (map->d * w + map->e * h) * .5;
  if (!picture_init (&enrolling->view, w, h, false))
    return false;
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      int sum = 0, value;

      for (int i = 0; i < 4; i++) {
        double px = x + .25 + .5 * (i % 2), py = y + .25 + .5 * (i / 2);

        sum += bilinear (from->luma, from->width, from->height, map->a * px + map->b * py + map->c,
                   map->d * px + map->e * py + map->f) >>
               2;
      }
      state = state * 1664525u + 1013904223u;
      value = ((sum >> 16) * gain >> 8) + (int) ((state >> 8) % (2 * view->noise + 1));
      enrolling->view.luma[(size_t) y * (size_t) w + (size_t) x] =
          (uint8_t) (value < 255 ? value : 255);
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

static bool
same (const LinceFeature *a, const LinceFeature *b, int distance)
{
  return a->dark == b->dark && fabsf (a->x - b->x) + fabsf (a->y - b->y) < SAME_REACH * b->scale &&
         a->scale < 1.6f * b->scale && b->scale < 1.6f * a->scale &&
         descriptor_distance (&a->descriptor, &b->descriptor) <= distance;
}

/* Finds the features of one grey picture that `enrolling->map` leads from. */
static bool
extract (Enrolling *enrolling, const Picture *view, LinceError *error)
{
  LinceFrame frame = {
      .width = view->width, .height = view->height, .luma = {view->luma, view->width, 1}};
  LinceExtractor *extractor = &enrolling->extractor;

  extractor->count = 0;
  if (view->width < LINCE_PICTURE_MIN_SIDE / 2 || view->height < LINCE_PICTURE_MIN_SIDE / 2)
    return true;
  if (!lince_pyramid_resize (enrolling->pyramid, &frame, error))
    return false;
  lince_pyramid_build (enrolling->pyramid, &frame, enrolling->pool);
  if (!lince_extractor_resize (extractor, enrolling->pyramid, 1, error))
    return false;
  lince_extractor_run (extractor, enrolling->pyramid, 0, PER_VIEW, enrolling->pool, NULL);
  return true;
}

static bool
take_feature (const Enrolling *enrolling, uint32_t i, LinceFeature *feature)
{
  *feature = (LinceFeature){.descriptor = enrolling->extractor.descriptors[i]};
  return map_keypoint (enrolling, &enrolling->extractor.keypoints[i], feature);
}

static int
compare_heights (const void *a, const void *b)
{
  const Height *one = a, *other = b;

  return (one->y > other->y) - (one->y < other->y);
}

static void
sort_heights (Enrolling *enrolling)
{
  for (uint32_t c = 0; c < enrolling->candidate_count; c++)
    enrolling->heights[c] = (Height){enrolling->candidates[c].y, c};
  qsort (enrolling->heights, enrolling->candidate_count, sizeof (Height), compare_heights);
}

static bool
take_candidates (Enrolling *enrolling, LinceError *error)
{
  enrolling->map = (Affine){1, 0, 0, 0, 1, 0};
  if (!extract (enrolling, &enrolling->picture, error))
    return false;
  for (uint32_t i = 0; i < enrolling->extractor.count; i++)
    if (take_feature (enrolling, i, &enrolling->candidates[enrolling->candidate_count]))
      enrolling->candidate_count++;
  sort_heights (enrolling);
  return true;
}

/* The first candidate, in the order of heights, that is not above `y`. */
static uint32_t
first_from (const Enrolling *enrolling, float y)
{
  uint32_t low = 0, high = enrolling->candidate_count;

  while (low < high) {
    uint32_t middle = (low + high) / 2;

    if (enrolling->heights[middle].y < y)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Marks the candidates that a view's feature shows again; whether one is so like it that it adds
 * nothing. */
static bool
mark_seen (Enrolling *enrolling, const LinceFeature *feature)
{
  float reach = SAME_REACH * feature->scale;
  bool known = false;

  for (uint32_t h = first_from (enrolling, feature->y - reach);
       h < enrolling->candidate_count && enrolling->heights[h].y <= feature->y + reach; h++) {
    uint32_t c = enrolling->heights[h].candidate;

    if (same (&enrolling->candidates[c], feature, SURVIVED_DISTANCE)) {
      enrolling->seen[c] = 1;
      known = known || same (&enrolling->candidates[c], feature, SAME_DISTANCE);
    }
  }
  return known;
}

/* Marks the candidates that a view shows again; keeps what only the view shows, if `wanted`. */
static void
compare_view (Enrolling *enrolling, uint32_t wanted)
{
  uint32_t kept = 0;

  memset (enrolling->seen, 0, PER_VIEW);
  for (uint32_t i = 0; i < enrolling->extractor.count; i++) {
    LinceFeature feature;

    if (!take_feature (enrolling, i, &feature) || mark_seen (enrolling, &feature))
      continue;
    if (kept < (wanted < SIDE_FEATURES ? wanted : SIDE_FEATURES))
      enrolling->sides[enrolling->side_count++] = feature;
    if (kept++ < wanted)
      enrolling->sides_counted++;
  }
  for (uint32_t c = 0; c < enrolling->candidate_count; c++)
    enrolling->survived[c] = (uint8_t) (enrolling->survived[c] + enrolling->seen[c]);
}

static bool
compare_views (Enrolling *enrolling, LinceError *error)
{
  for (size_t v = 0; v < VIEWS; v++) {
    bool extracted;

    if (!make_view (enrolling, &views[v])) {
      lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for a simulated view");
      return false;
    }
    extracted = extract (enrolling, &enrolling->view, error);
    picture_clear (&enrolling->view);
    if (!extracted)
      return false;
    compare_view (enrolling, views[v].tilt > 1.f ? SIDE_COUNTED : 0);
  }
  return true;
}

/* The candidates that survived most, the better one of equals, then the sides. */
static void
choose_features (Enrolling *enrolling)
{
  for (int survived = VIEWS; survived >= 0; survived--)
    for (uint32_t c = 0; c < enrolling->candidate_count && enrolling->count < FRONT_FEATURES; c++)
      if (enrolling->survived[c] == survived)
        enrolling->features[enrolling->count++] = enrolling->candidates[c];
  for (uint32_t i = 0; i < enrolling->side_count; i++)
    enrolling->features[enrolling->count++] = enrolling->sides[i];
}

/* Hands the features over. */
static bool
store (const Enrolling *enrolling, int width, int height, LinceFeatures *features,
    LinceEnrolment *report)
{
  LinceFeatureHeader header = {(float) width, (float) height, enrolling->count, 0};
  size_t size = enrolling->count * sizeof (LinceFeature);
  uint8_t *data = malloc (sizeof header + size);
  uint32_t strong = 0;

  if (data == NULL)
    return false;
  for (uint32_t c = 0; c < enrolling->candidate_count; c++)
    strong += enrolling->survived[c] >= VIEWS / 2;
  memcpy (data, &header, sizeof header);
  memcpy (data + sizeof header, enrolling->features, size);
  *features = (LinceFeatures){enrolling->count, data, sizeof header + size};
  if (report != NULL) {
    report->keypoints =
        enrolling->sides_counted +
        (enrolling->candidate_count < FRONT_COUNTED ? enrolling->candidate_count : FRONT_COUNTED);
    report->textured = report->keypoints >= TEXTURED_FEATURES;
    report->score = (float) strong / (float) (strong + STRONG_HALF);
  }
  return true;
}

static bool
enrolling_init (Enrolling *enrolling, LinceError *error)
{
  *enrolling = (Enrolling){0};
  enrolling->features = calloc (FRONT_FEATURES + VIEWS * SIDE_FEATURES, sizeof (LinceFeature));
  enrolling->candidates = calloc (PER_VIEW, sizeof (LinceFeature));
  enrolling->sides = calloc (VIEWS * SIDE_FEATURES, sizeof (LinceFeature));
  enrolling->survived = calloc (PER_VIEW, 1);
  enrolling->seen = calloc (PER_VIEW, 1);
  enrolling->heights = calloc (PER_VIEW, sizeof (Height));
  enrolling->pyramid = lince_pyramid_new (error);
  enrolling->pool = lince_pool_new (1, error);
  return enrolling->features != NULL && enrolling->candidates != NULL && enrolling->sides != NULL &&
         enrolling->survived != NULL && enrolling->seen != NULL && enrolling->heights != NULL &&
         enrolling->pyramid != NULL && enrolling->pool != NULL &&
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
  free (enrolling->candidates);
  free (enrolling->sides);
  free (enrolling->survived);
  free (enrolling->seen);
  free (enrolling->heights);
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
      take_candidates (&enrolling, error) && compare_views (&enrolling, error)) {
    choose_features (&enrolling);
    done = store (&enrolling, width, height, features, report);
  }
  enrolling_clear (&enrolling);
  if (done && error != NULL)
    *error = (LinceError){0};
  return done;
}
