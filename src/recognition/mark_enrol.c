/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/mark.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "recognition/feature.h"
#include "recognition/mark_feature.h"

#define SIZES 3     /* at which regions are looked for: LARGEST, half of it, and LONG_LARGEST */
#define LARGEST 128 /* the longer side there, pixels */
/* A word mark that is LONG times as long as it is high has letters of its own at this size only; at
 * the others they run together. */
#define LONG_LARGEST 256
#define LONG 2
#define MARGIN 8 /* of ground around the picture */
#define PLANES 4 /* luma, Cb, Cr, mask */
#define MAX_CANDIDATES 512
#define MAX_FOUND 96 /* in one plane */
#define STEP 6       /* grey levels */
#define WEAK 0.045f  /* strength of a moment that gives no direction */
#define ALIKE 14     /* bits in which a turned shape that looks alike may differ */
/* Of the entries, turned shapes may not take what is left for the other regions' upright ones: with
 * 34 for both, a mark of thin letters had six regions of which none was a letter. */
#define AFFINE_ENTRIES 32
#define POINT_CANDIDATES 16384
#define FLAT_POINTS 12
#define EDGE 10 /* grey levels across an edge */

/* What a picture may lie upon: luma, Cb, Cr. */
static const uint8_t grounds[][3] = {
    {0, 128, 128}, {255, 128, 128}, {128, 128, 128}, {110, 90, 170}, {110, 170, 90}};
#define GROUNDS (int) (sizeof grounds / sizeof grounds[0])

typedef struct {
  int width, height;
  uint8_t *planes[PLANES];
} Reduced;

typedef struct {
  LinceRegion region; /* in the pixels of the largest size, without the margin */
  LinceShapeMask mask;
  LinceShapePhases phases; /* zero for a line */
  LinceRegion drawn;       /* as it was found, for the mask */
  float scale;             /* pixels of the largest size for one of where it was found */
  uint32_t seen;
  bool of_mask;
} Candidate;

typedef struct {
  Reduced sizes[SIZES]; /* the largest first */
  int size_count;
  const Reduced *usual; /* the one of LARGEST */
  uint8_t *composite, *smooth;
  LinceRegionFinder *finder;
  Candidate *candidates;
  uint32_t count;
  bool masked;
} Enrolling;

static void
reduced_clear (Reduced *reduced)
{
  for (int i = 0; i < PLANES; i++)
    free (reduced->planes[i]);
}

/* The mean of the pixels that fall on each reduced one. */
static void
reduce_plane (const uint8_t *from, int width, int height, uint8_t *to, int to_width, int to_height)
{
  for (int y = 0; y < to_height; y++) {
    int y0 = (int) ((int64_t) y * height / to_height);
    int y1 = (int) ((int64_t) (y + 1) * height / to_height);

    y1 = y1 > y0 ? y1 : y0 + 1;
    for (int x = 0; x < to_width; x++) {
      int x0 = (int) ((int64_t) x * width / to_width);
      int x1 = (int) ((int64_t) (x + 1) * width / to_width);
      uint64_t sum = 0, n;

      x1 = x1 > x0 ? x1 : x0 + 1;
      for (int v = y0; v < y1; v++)
        for (int u = x0; u < x1; u++)
          sum += from[(size_t) v * (size_t) width + (size_t) u];
      n = (uint64_t) (x1 - x0) * (uint64_t) (y1 - y0);
      to[y * to_width + x] = (uint8_t) ((sum + n / 2) / n);
    }
  }
}

static bool
reduce (Reduced *reduced, const uint8_t *const planes[PLANES], int width, int height, int side)
{
  int longer = width > height ? width : height;

  reduced->width = (int) (((int64_t) width * side + longer / 2) / longer);
  reduced->height = (int) (((int64_t) height * side + longer / 2) / longer);
  reduced->width = reduced->width > 0 ? reduced->width : 1;
  reduced->height = reduced->height > 0 ? reduced->height : 1;
  for (int i = 0; i < PLANES; i++) {
    size_t size = (size_t) reduced->width * (size_t) reduced->height;

    reduced->planes[i] = malloc (size);
    if (reduced->planes[i] == NULL)
      return false;
    if (planes[i] == NULL)
      memset (reduced->planes[i], 255, size);
    else
      reduce_plane (planes[i], width, height, reduced->planes[i], reduced->width, reduced->height);
  }
  return true;
}

/* Lays plane `plane` upon a ground and blurs it a little; `ground` NULL: the mask itself. */
static LinceGrey
compose (Enrolling *work, const Reduced *from, int plane, const uint8_t *ground)
{
  int width = from->width + 2 * MARGIN, height = from->height + 2 * MARGIN;
  uint8_t *to = work->composite, *smooth = work->smooth;

  memset (to, ground != NULL ? ground[plane] : 0, (size_t) width * (size_t) height);
  for (int y = 0; y < from->height; y++)
    for (int x = 0; x < from->width; x++) {
      int i = y * from->width + x, mask = from->planes[3][i];
      uint8_t *out = &to[(y + MARGIN) * width + x + MARGIN];

      *out = (uint8_t) (ground == NULL
                            ? mask
                            : (from->planes[plane][i] * mask + *out * (255 - mask) + 127) / 255);
    }
  memcpy (smooth, to, (size_t) width * (size_t) height);
  for (int y = 1; y + 1 < height; y++)
    for (int x = 1; x + 1 < width; x++) {
      const uint8_t *p = to + y * width + x;

      smooth[y * width + x] =
          (uint8_t) ((4 * p[0] + 2 * (p[-1] + p[1] + p[-width] + p[width]) + p[-width - 1] +
                         p[-width + 1] + p[width - 1] + p[width + 1] + 8) /
                     16);
    }
  return (LinceGrey){smooth, width, width, height};
}

static bool
near_region (const LinceRegion *a, const LinceRegion *b)
{
  float small = (float) (a->area < b->area ? a->area : b->area);
  float large = (float) (a->area < b->area ? b->area : a->area);
  float size = sqrtf (a->xx + a->yy), other = sqrtf (b->xx + b->yy);

  return large < 1.25f * small && fabsf (a->x - b->x) + fabsf (a->y - b->y) < .12f * size + .5f &&
         fabsf (size - other) < .08f * size;
}

/* Moves a region into the pixels of the largest size. */
static LinceRegion
normal_region (const LinceRegion *found, float scale)
{
  LinceRegion region = *found;

  region.x = (found->x - MARGIN) * scale;
  region.y = (found->y - MARGIN) * scale;
  region.xx *= scale * scale;
  region.xy *= scale * scale;
  region.yy *= scale * scale;
  region.area = (uint32_t) ((float) found->area * scale * scale + .5f);
  return region;
}

static void
add_candidates (Enrolling *work, const LinceGrey *grey, float scale, bool of_mask)
{
  LinceRegionRule rule = {
      .step = STEP, .phase = STEP / 2, .least = 30, .most = 1, .side = 5, .min_levels = 2};
  const LinceRegion *regions;
  uint32_t count;

  lince_region_find (work->finder, grey, &rule);
  regions = lince_regions (work->finder, &count);
  for (uint32_t i = 0; i < count; i++) {
    LinceRegion region = normal_region (&regions[i], scale);
    uint32_t c = 0;

    while (c < work->count && !near_region (&work->candidates[c].region, &region))
      c++;
    if (c < work->count) {
      work->candidates[c].seen++;
      work->candidates[c].of_mask = work->candidates[c].of_mask || of_mask;
    } else if (work->count < MAX_CANDIDATES) {
      Candidate *candidate = &work->candidates[work->count++];
      const LinceRun *runs = lince_region_runs (work->finder, &regions[i]);
      LinceFrameOfShape root;

      *candidate = (Candidate){
          .region = region, .drawn = regions[i], .scale = scale, .seen = 1, .of_mask = of_mask};
      lince_shape_mask (&regions[i], runs, &candidate->mask);
      if (lince_shape_frame (&regions[i], &root))
        lince_shape_phases (&regions[i], runs, &root, &candidate->phases);
    }
  }
}

static void
find_candidates (Enrolling *work)
{
  for (int s = 0; s < work->size_count; s++) {
    const Reduced *reduced = &work->sizes[s];
    float scale = (float) work->sizes[0].width / (float) reduced->width;
    LinceGrey grey = compose (work, reduced, 3, NULL);

    add_candidates (work, &grey, scale, true);
    for (int g = 0; g < GROUNDS; g++)
      for (int plane = 0; plane < 3; plane++) {
        grey = compose (work, reduced, plane, grounds[g]);
        add_candidates (work, &grey, scale, false);
      }
  }
}

static float
worth (const Candidate *candidate)
{
  float area = (float) candidate->region.area, seen = (float) candidate->seen;

  return sqrtf (area) * (seen + (candidate->of_mask ? 6 : 0));
}

static int
compare_candidates (const void *a, const void *b)
{
  const Candidate *one = a, *other = b;
  float x = worth (one), y = worth (other);

  if (x != y)
    return x > y ? -1 : 1;
  if (one->region.x != other->region.x)
    return one->region.x < other->region.x ? -1 : 1;
  if (one->region.y != other->region.y)
    return one->region.y < other->region.y ? -1 : 1;
  return (one->region.area > other->region.area) - (one->region.area < other->region.area);
}

static uint32_t
bits_apart (const LinceDescriptor *a, const LinceDescriptor *b)
{
  uint32_t sum = 0;

  for (int w = 0; w < LINCE_DESCRIPTOR_WORDS; w++)
    sum += (uint32_t) __builtin_popcountll (a->words[w] ^ b->words[w]);
  return sum;
}

/* Where the features of an image go. */
typedef struct {
  LinceMarkFeature features[LINCE_MARK_ENTRIES];
  uint32_t count, affine; /* in all, and turned ones */
  float scale;            /* picture pixels for one of the largest size */
} Output;

/* Adds a description in `frame`, which is in the pixels where the candidate was found. */
static void
add_feature (Output *output, const Candidate *candidate, const LinceFrameOfShape *frame,
    uint32_t table, uint32_t region, int harmonic, int symmetry)
{
  float k = candidate->scale * output->scale, fill = lince_shape_fill (&candidate->drawn) * 128;
  LinceMarkFeature *feature;

  if (output->count == LINCE_MARK_ENTRIES ||
      (table == LINCE_MARK_AFFINE && output->affine == AFFINE_ENTRIES))
    return;
  output->affine += table == LINCE_MARK_AFFINE;
  feature = &output->features[output->count++];
  *feature = (LinceMarkFeature){.table = table};
  lince_shape_describe (&candidate->mask, frame, &feature->descriptor);
  feature->slot.frame = (LinceFrameOfShape){(frame->x - MARGIN) * k, (frame->y - MARGIN) * k,
      frame->a * k, frame->b * k, frame->c * k, frame->d * k};
  feature->slot.region = (uint8_t) region;
  feature->slot.harmonic = (uint8_t) harmonic;
  feature->slot.symmetry = (uint8_t) symmetry;
  feature->slot.fill = (uint8_t) (fill < 255 ? fill : 255);
}

/* All turns that harmonic `n` gives. */
static void
add_turns (Output *output, const Candidate *candidate, const LinceFrameOfShape *root, float turn,
    uint32_t region, int n)
{
  LinceDescriptor first, next;
  LinceFrameOfShape frame = lince_shape_turn (root, turn);
  bool alike = n > 1;

  lince_shape_describe (&candidate->mask, &frame, &first);
  for (int i = 1; i < n; i++) {
    LinceFrameOfShape turned = lince_shape_turn (root, turn + (float) i / (float) n);

    lince_shape_describe (&candidate->mask, &turned, &next);
    alike = alike && bits_apart (&first, &next) <= ALIKE;
  }
  if (alike) {
    add_feature (output, candidate, &frame, LINCE_MARK_AFFINE, region, n, n);
    return;
  }
  for (int i = 0; i < n; i++) {
    frame = lince_shape_turn (root, turn + (float) i / (float) n);
    add_feature (output, candidate, &frame, LINCE_MARK_AFFINE, region, n, 1);
  }
}

static void
add_region (Output *output, const Candidate *candidate, uint32_t region)
{
  LinceFrameOfShape root, upright;
  LinceShapePhases phases;
  float best = 0;

  if (!lince_shape_frame (&candidate->drawn, &root))
    return;
  lince_shape_upright_frame (&candidate->drawn, &upright);
  add_feature (output, candidate, &upright, LINCE_MARK_UPRIGHT, region, 0, 1);
  phases = candidate->phases;
  for (int n = 0; n < LINCE_SHAPE_HARMONICS; n++)
    best = phases.strength[n] > best ? phases.strength[n] : best;
  if (best < 2 * WEAK)
    add_feature (output, candidate, &root, LINCE_MARK_AFFINE, region, 0, 1);
  for (int n = 0; n < LINCE_SHAPE_HARMONICS; n++)
    if (phases.strength[n] >= WEAK && phases.strength[n] >= .5f * best)
      add_turns (output, candidate, &root, phases.turn[n], region, n + 1);
}

/* A place where the picture has an edge, or none far around. */
typedef struct {
  LinceMarkPoint point;
  int x, y;
} Place;

/* The gradient of a plane that lies within the picture. */
static void
gradient (const uint8_t *p, int width, int *gx, int *gy)
{
  *gx = p[1] - p[-1];
  *gy = p[width] - p[-width];
}

/* What the picture has at (x, y): 0 nothing to use, 1 an edge, 2 flat. */
static int
look_at (const Reduced *from, int x, int y, LinceMarkPoint *point)
{
  int best = 0, gx = 0, gy = 0, i = y * from->width + x;
  const uint8_t *mask = from->planes[3];
  float length;

  *point = (LinceMarkPoint){(uint16_t) ((2 * x + 1) * 32768 / from->width),
      (uint16_t) ((2 * y + 1) * 32768 / from->height), 0, 0, 0, 0};
  for (int plane = 0; plane < PLANES; plane++) {
    int u, v, size;

    gradient (from->planes[plane] + i, from->width, &u, &v);
    size = u * u + v * v;
    size = plane == 3 ? size : size * mask[i] / 255;
    if (size > best) {
      best = size;
      gx = u;
      gy = v;
      point->channel = (uint8_t) plane;
    }
  }
  if (best < EDGE) /* squared: a few levels */
    return mask[i] > 200 ? 2 : 0;
  if (best < EDGE * EDGE * 4)
    return 0;
  length = sqrtf ((float) best);
  length = sqrtf ((float) (gx * gx + gy * gy));
  point->nx = (int8_t) lrintf ((float) gx * 127 / length);
  point->ny = (int8_t) lrintf ((float) gy * 127 / length);
  point->brighter = 1;
  return 1;
}

/* Takes points of `kind` in a scattered order, each at least `distance` from those taken. */
static uint32_t
take_points (const Reduced *from, int kind, int distance, LinceMarkPoint *points, int (*taken)[2],
    uint32_t count, uint32_t most)
{
  uint32_t total = (uint32_t) from->width * (uint32_t) from->height, at = 0;

  for (uint32_t i = 0; i < total && count < most; i++) {
    LinceMarkPoint point;
    int x, y;
    bool far = true;

    at = (at + 7919) % total; /* a prime that is no factor of any size */
    x = (int) (at % (uint32_t) from->width);
    y = (int) (at / (uint32_t) from->width);
    if (x < 1 || y < 1 || x + 1 >= from->width || y + 1 >= from->height)
      continue;
    for (uint32_t t = 0; t < count && far; t++) {
      int dx = taken[t][0] - x, dy = taken[t][1] - y;

      far = dx * dx + dy * dy >= distance * distance;
    }
    if (!far || look_at (from, x, y, &point) != kind)
      continue;
    taken[count][0] = x;
    taken[count][1] = y;
    points[count++] = point;
  }
  return count;
}

static uint32_t
choose_points (const Reduced *from, LinceMarkPoint *points)
{
  int taken[LINCE_MARK_POINTS][2];
  uint32_t count = 0;

  for (int distance = 24; distance >= 2 && count < LINCE_MARK_POINTS - FLAT_POINTS; distance -= 2)
    count = take_points (from, 1, distance, points, taken, count, LINCE_MARK_POINTS - FLAT_POINTS);
  for (int distance = 16; distance >= 8 && count < LINCE_MARK_POINTS; distance -= 4)
    count = take_points (from, 2, distance, points, taken, count, LINCE_MARK_POINTS);
  return count;
}

static bool
write_features (
    const LinceMarkPicture *picture, const Reduced *from, Output *output, LinceFeatures *features)
{
  LinceMarkHeader header = {(float) picture->width, (float) picture->height, 0, 0};
  LinceMarkPoint points[LINCE_MARK_POINTS];
  uint8_t *data;

  header.points = choose_points (from, points);
  features->count = output->count;
  features->size =
      sizeof header + output->count * sizeof output->features[0] + header.points * sizeof points[0];
  features->data = data = malloc (features->size);
  if (data == NULL)
    return false;
  memcpy (data, &header, sizeof header);
  data += sizeof header;
  memcpy (data, output->features, output->count * sizeof output->features[0]);
  data += output->count * sizeof output->features[0];
  memcpy (data, points, header.points * sizeof points[0]);
  return true;
}

/* The picture at all sizes, each made of the one before it. */
static bool
reduce_all (Enrolling *work, const LinceMarkPicture *picture, int longer)
{
  const uint8_t *first[PLANES] = {picture->luma, picture->cb, picture->cr, picture->mask};
  const uint8_t *const *planes = first;
  int width = picture->width, height = picture->height;

  for (int s = 0; s < work->size_count; s++, longer /= 2) {
    Reduced *reduced = &work->sizes[s];

    if (!reduce (reduced, planes, width, height, longer))
      return false;
    planes = (const uint8_t *const *) reduced->planes;
    width = reduced->width;
    height = reduced->height;
    work->usual = longer == LARGEST ? reduced : work->usual;
  }
  return true;
}

static bool
prepare (Enrolling *work, const LinceMarkPicture *picture, LinceError *error)
{
  bool wide = picture->width >= LONG * picture->height;
  bool high = picture->height >= LONG * picture->width;
  int width = (wide ? LONG_LARGEST : LARGEST) + 2 * MARGIN;
  int height = (high ? LONG_LARGEST : LARGEST) + 2 * MARGIN;

  work->size_count = wide || high ? SIZES : SIZES - 1;
  work->composite = malloc ((size_t) width * (size_t) height);
  work->smooth = malloc ((size_t) width * (size_t) height);
  work->candidates = malloc (MAX_CANDIDATES * sizeof *work->candidates);
  work->finder = lince_region_finder_new (error);
  return work->composite && work->smooth && work->candidates && work->finder &&
         lince_region_finder_resize (work->finder, width, height, MAX_FOUND, error) &&
         reduce_all (work, picture, wide || high ? LONG_LARGEST : LARGEST);
}

bool
lince_mark_enrol (const LinceMarkPicture *picture, LinceFeatures *features, LinceError *error)
{
  Enrolling work = {.masked = picture->mask != NULL};
  Output output = {0};
  bool done = false;

  *features = (LinceFeatures){0};
  lince_error_set (error, LINCE_ERROR_MEMORY, "no memory to enrol a mark");
  if (!prepare (&work, picture, error))
    goto end;
  output.scale = (float) picture->width / (float) work.sizes[0].width;
  find_candidates (&work);
  qsort (work.candidates, work.count, sizeof *work.candidates, compare_candidates);
  for (uint32_t i = 0; i < work.count && i < LINCE_MARK_REGIONS; i++)
    add_region (&output, &work.candidates[i], i);
  done = write_features (picture, work.usual, &output, features);
end:
  for (int s = 0; s < SIZES; s++)
    reduced_clear (&work.sizes[s]);
  free (work.composite);
  free (work.smooth);
  free (work.candidates);
  lince_region_finder_free (work.finder);
  if (done && error != NULL)
    *error = (LinceError){0};
  return done;
}
