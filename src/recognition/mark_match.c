/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/mark_match.h"

#include <math.h>
#include <string.h>

#include "recognition/feature.h"

#define HITS 512 /* that one look-up collects */
#define BEST 64  /* of them that become matches */
#define PROBES 12
#define PROBE_REACH 40
#define MAX_WORDS 4096
#define MAX_BLOCKS (1u << 16)
#define FILL 1.3f     /* ratio of the fills, at most */
#define LEAST_SIZE 20 /* frame pixels, root of the mark's area */
#define ANISOTROPY 2.6f
#define PROPORTION 1.2f /* of width to height of an upright mark, at most or its inverse */
#define CENTRE 0.2f     /* of the size: centres of matches that agree */
#define MATRIX 0.35f    /* relative difference of their matrices */
#define LOOSE .1        /* weight of the turn of a shape that shows none */
#define MOST_JOINED 256

/* Shapes farther apart than so many bits are different; an affine frame lets more shapes look
 * alike. */
static const uint32_t limits[LINCE_MARK_TABLES] = {20, 32};
#define MAX_LIMIT 32

static uint32_t
read_number (const uint32_t *number)
{
  return *(const volatile uint32_t *) number;
}

static bool
is_sound (float value, float most)
{
  return value >= -most && value <= most;
}

/* A slot, read once; false for one with impossible numbers. */
static bool
read_slot (const LinceMarks *marks, LinceMarkTable table, uint32_t number, LinceMarkSlot *slot)
{
  const float most = 4 * LINCE_PICTURE_MAX_SIDE;

  memcpy (slot, (const LinceMarkSlot *) marks->slots[table] + number, sizeof *slot);
  /* the copy must be made here, whatever happens to the bytes */
  __asm__ volatile("" : : : "memory");
  return slot->image < marks->image_count && slot->region < LINCE_MARK_REGIONS &&
         slot->symmetry >= 1 && slot->symmetry <= LINCE_SHAPE_HARMONICS &&
         is_sound (slot->frame.x, most) && is_sound (slot->frame.y, most) &&
         is_sound (slot->frame.a, most) && is_sound (slot->frame.b, most) &&
         is_sound (slot->frame.c, most) && is_sound (slot->frame.d, most);
}

LinceMarkImage
lince_mark_image (const LinceMarks *marks, uint32_t image)
{
  LinceMarkImage entry;

  memcpy (&entry, (const LinceMarkImage *) marks->images + image, sizeof entry);
  __asm__ volatile("" : : : "memory");
  if (!(entry.width >= 1 && entry.width <= LINCE_PICTURE_MAX_SIDE))
    entry.width = 1;
  if (!(entry.height >= 1 && entry.height <= LINCE_PICTURE_MAX_SIDE))
    entry.height = 1;
  if (entry.first_point > marks->point_count ||
      entry.points > marks->point_count - entry.first_point || entry.points > LINCE_MARK_POINTS)
    entry.points = 0;
  return entry;
}

/* Collects slots near the query: distance << 20 | place in `slots`. */
static uint32_t
collect (const LinceMarks *marks, const LinceMarkQuery *query, uint32_t *slots, uint32_t *distances)
{
  const LinceKernels *kernels = lince_kernels ();
  const LinceDescriptorBlock *words = marks->words[query->table];
  const LinceDescriptorBlock *blocks = marks->blocks[query->table];
  const uint32_t *lists = marks->lists[query->table];
  uint32_t word_count = marks->word_count[query->table], count = 0, n;
  uint16_t nearness[MAX_WORDS], chosen[PROBES];

  if (word_count == 0)
    return 0;
  kernels->distances (&query->descriptor, words, word_count / LINCE_BLOCK, nearness);
  n = kernels->choose (nearness, word_count, PROBE_REACH, PROBES, chosen);
  for (uint32_t p = 0; p < n && count < HITS; p++) {
    uint32_t begin = read_number (&lists[chosen[p]]), end = read_number (&lists[chosen[p] + 1]);
    uint32_t found[HITS], hits;

    end = end > marks->block_count[query->table] ? marks->block_count[query->table] : end;
    if (begin >= end)
      continue;
    end = end - begin > MAX_BLOCKS ? begin + MAX_BLOCKS : end;
    hits = kernels->scan (
        &query->descriptor, blocks + begin, end - begin, limits[query->table], found, HITS - count);
    for (uint32_t i = 0; i < hits; i++) {
      slots[count] = begin * LINCE_BLOCK + (found[i] & 0xfffff);
      distances[count++] = found[i] >> 20;
    }
  }
  return count;
}

/* The turn of `matrix`, as a share of an eighth: the matrix of the rotation nearest to it. */
static void
nearest_turn (const float matrix[4], float *c, float *s)
{
  float x = matrix[0] + matrix[3], y = matrix[2] - matrix[1], length = sqrtf (x * x + y * y);

  *c = length > 0 ? x / length : 1;
  *s = length > 0 ? y / length : 0;
}

/* Of the turns in which a symmetric shape looks alike, takes the most upright. */
static LinceFrameOfShape
most_upright (const LinceFrameOfShape *to, const LinceFrameOfShape *from, unsigned symmetry)
{
  LinceFrameOfShape best = *to;
  float least = -2;

  for (unsigned i = 0; i < symmetry; i++) {
    LinceFrameOfShape turned = lince_shape_turn (to, (float) i / (float) symmetry);
    float determinant = from->a * from->d - from->b * from->c;
    float matrix[4] = {turned.a * from->d - turned.b * from->c,
        turned.b * from->a - turned.a * from->b, turned.c * from->d - turned.d * from->c,
        turned.d * from->a - turned.c * from->b};
    float c, s;

    if (determinant < 0)
      for (int k = 0; k < 4; k++)
        matrix[k] = -matrix[k];
    nearest_turn (matrix, &c, &s);
    if (c > least) {
      least = c;
      best = turned;
    }
  }
  return best;
}

/* The place that maps frame `from` of the picture on frame `to`; false for one that cannot be. */
static bool
place (LinceMarkMatch *match, const LinceMarkImage *image, LinceMarkTable table)
{
  const LinceFrameOfShape *from = &match->from, *to = &match->to;
  float determinant = from->a * from->d - from->b * from->c, *m = match->matrix, norm, det;

  if (!(fabsf (determinant) > 1e-6f))
    return false;
  m[0] = (to->a * from->d - to->b * from->c) / determinant;
  m[1] = (to->b * from->a - to->a * from->b) / determinant;
  m[2] = (to->c * from->d - to->d * from->c) / determinant;
  m[3] = (to->d * from->a - to->c * from->b) / determinant;
  match->origin[0] = to->x - m[0] * from->x - m[1] * from->y;
  match->origin[1] = to->y - m[2] * from->x - m[3] * from->y;
  match->u = match->origin[0] + (m[0] * image->width + m[1] * image->height) / 2;
  match->v = match->origin[1] + (m[2] * image->width + m[3] * image->height) / 2;
  det = m[0] * m[3] - m[1] * m[2];
  norm = m[0] * m[0] + m[1] * m[1] + m[2] * m[2] + m[3] * m[3];
  /* the ratio of the singular values, r, has r + 1 / r = norm / det */
  if (!(det > 0) || norm > det * (ANISOTROPY + 1 / ANISOTROPY))
    return false;
  match->size = sqrtf (det * image->width * image->height);
  if (table == LINCE_MARK_UPRIGHT && (m[0] > PROPORTION * m[3] || m[3] > PROPORTION * m[0]))
    return false;
  return match->size >= LEAST_SIZE && match->size <= LINCE_FRAME_MAX_SIDE &&
         is_sound (match->u, 2 * LINCE_FRAME_MAX_SIDE) &&
         is_sound (match->v, 2 * LINCE_FRAME_MAX_SIDE);
}

/* How much a match tells: near, of a shape that is not like many, large in its mark, upright. */
static float
weigh (const LinceMarkMatch *match, uint32_t hits, float area)
{
  float near = 1 - (float) match->distance / (float) (limits[match->table] + 8);
  float share = sqrtf (area) / match->size, c, s;

  nearest_turn (match->matrix, &c, &s);
  share = share > 1 ? 1 : share;
  return near * near * (.3f + share) * (.6f + .4f * c) * (match->table == 1 ? 1.1f : 1.f) /
         (1 + .15f * sqrtf ((float) hits));
}

static bool
make_match (const LinceMarks *marks, const LinceMarkQuery *query, uint32_t number,
    uint32_t distance, LinceMarkMatch *match)
{
  LinceMarkImage image;
  LinceMarkSlot slot;

  if (!read_slot (marks, query->table, number, &slot) || slot.harmonic != query->harmonic ||
      query->fill > FILL * (float) slot.fill + 4 || (float) slot.fill > FILL * query->fill + 4)
    return false;
  image = lince_mark_image (marks, slot.image);
  *match = (LinceMarkMatch){.from = slot.frame,
      .to = query->frame,
      .image = slot.image,
      .distance = (uint16_t) distance,
      .region = slot.region,
      .table = (uint8_t) query->table,
      .turned = query->harmonic > 0 && slot.symmetry == 1};
  if (slot.symmetry > 1)
    match->to = most_upright (&query->frame, &slot.frame, slot.symmetry);
  return place (match, &image, query->table);
}

uint32_t
lince_mark_match (const LinceMarks *marks, const LinceMarkQuery *query, LinceMarkMatch *matches,
    uint32_t capacity)
{
  uint32_t slots[HITS], distances[HITS], histogram[MAX_LIMIT + 1] = {0}, sum = 0, limit = 0;
  uint32_t hits = collect (marks, query, slots, distances), count = 0;

  for (uint32_t i = 0; i < hits; i++)
    histogram[distances[i]]++;
  while (limit < limits[query->table] && (sum += histogram[limit]) + histogram[limit + 1] <= BEST)
    limit++;
  for (uint32_t i = 0; i < hits && count < capacity; i++)
    if (distances[i] <= limit && count < BEST &&
        make_match (marks, query, slots[i], distances[i], &matches[count])) {
      matches[count].weight = weigh (&matches[count], hits, query->area);
      count++;
    }
  return count;
}

/* Whether two matches whose middles are near agree in their maps. */
static bool
agree (const LinceMarkMatch *a, const LinceMarkMatch *b)
{
  float sum = 0, norm = 0;

  for (int i = 0; i < 4; i++) {
    float d = a->matrix[i] - b->matrix[i];

    sum += d * d;
    norm += a->matrix[i] * a->matrix[i];
  }
  return sum <= MATRIX * MATRIX * norm;
}

/* Sums for the affine map that takes points of the picture to points of the frame. */
typedef struct {
  double n, x, y, xx, xy, yy, u, v, xu, yu, xv, yv;
} Sums;

static void
add_point (Sums *sums, double weight, double x, double y, double u, double v)
{
  sums->n += weight;
  sums->x += weight * x;
  sums->y += weight * y;
  sums->xx += weight * x * x;
  sums->xy += weight * x * y;
  sums->yy += weight * y * y;
  sums->u += weight * u;
  sums->v += weight * v;
  sums->xu += weight * x * u;
  sums->yu += weight * y * u;
  sums->xv += weight * x * v;
  sums->yv += weight * y * v;
}

/* A region says where its middle is and, less surely where its own turn is not known, four points
 * around it. */
static void
add_match (Sums *sums, const LinceMarkMatch *match)
{
  const LinceFrameOfShape *f = &match->from, *t = &match->to;
  double weight = (double) match->weight * (match->turned ? 1 : LOOSE);

  add_point (
      sums, 2 * (double) match->weight, (double) f->x, (double) f->y, (double) t->x, (double) t->y);
  for (int side = -2; side <= 2; side += 4) {
    add_point (sums, weight, (double) (f->x + (float) side * f->a),
        (double) (f->y + (float) side * f->c), (double) (t->x + (float) side * t->a),
        (double) (t->y + (float) side * t->c));
    add_point (sums, weight, (double) (f->x + (float) side * f->b),
        (double) (f->y + (float) side * f->d), (double) (t->x + (float) side * t->b),
        (double) (t->y + (float) side * t->d));
  }
}

static void
solve (const Sums *sums, LinceMarkTrial *trial)
{
  double x = sums->x / sums->n, y = sums->y / sums->n;
  double u = sums->u / sums->n, v = sums->v / sums->n;
  double xx = sums->xx / sums->n - x * x, xy = sums->xy / sums->n - x * y;
  double yy = sums->yy / sums->n - y * y, determinant = xx * yy - xy * xy;
  double xu = sums->xu / sums->n - x * u, yu = sums->yu / sums->n - y * u;
  double xv = sums->xv / sums->n - x * v, yv = sums->yv / sums->n - y * v;
  double a, b, c, d;

  if (!(determinant > 1e-9 * (xx + yy) * (xx + yy)))
    return;
  a = (xu * yy - yu * xy) / determinant;
  b = (yu * xx - xu * xy) / determinant;
  c = (xv * yy - yv * xy) / determinant;
  d = (yv * xx - xv * xy) / determinant;
  if (!(a * d - b * c > 1e-9))
    return;
  trial->matrix[0] = (float) a;
  trial->matrix[1] = (float) b;
  trial->matrix[2] = (float) c;
  trial->matrix[3] = (float) d;
  trial->origin[0] = (float) (u - a * x - b * y);
  trial->origin[1] = (float) (v - c * x - d * y);
}

/* Where matches put the middle of their mark, side by side: most are far from each other, and are
 * told so without touching them. */
typedef struct {
  float u[MOST_JOINED], v[MOST_JOINED];
} Middles;

static void
find_near (
    const Middles *middles, uint32_t count, const LinceMarkMatch *match, uint8_t near[MOST_JOINED])
{
  float reach = CENTRE * CENTRE * match->size * match->size, u = match->u, v = match->v;

  for (uint32_t i = 0; i < count; i++) {
    float dx = u - middles->u[i], dy = v - middles->v[i];

    near[i] = dx * dx + dy * dy <= reach;
  }
}

/* Joins what agrees with match `seed`: of each other region of the mark the best match. */
static void
join_one (const LinceMarkImage *image, const LinceMarkMatch *matches, const Middles *middles,
    uint32_t count, uint32_t seed, LinceMarkTrial *trial)
{
  const LinceMarkMatch *match = &matches[seed], *best[LINCE_MARK_REGIONS] = {NULL};
  uint8_t near[MOST_JOINED];
  Sums sums = {0};

  *trial = (LinceMarkTrial){.u = match->u,
      .v = match->v,
      .size = match->size,
      .weight = match->weight,
      .table = match->table,
      .image = match->image,
      .votes = 1};
  memcpy (trial->matrix, match->matrix, sizeof trial->matrix);
  memcpy (trial->origin, match->origin, sizeof trial->origin);
  add_match (&sums, match);
  find_near (middles, count, match, near);
  for (uint32_t i = 0; i < count; i++) {
    const LinceMarkMatch *other = &matches[i];

    if (!near[i])
      continue;
    if (other->region != match->region && other->source != match->source &&
        (best[other->region] == NULL || other->weight > best[other->region]->weight) &&
        agree (match, other))
      best[other->region] = other;
  }
  for (uint32_t r = 0; r < LINCE_MARK_REGIONS; r++)
    if (best[r] != NULL) {
      trial->weight += best[r]->weight;
      trial->votes++;
      add_match (&sums, best[r]);
    }
  trial->score = trial->weight;
  if (trial->votes == 1)
    return;
  solve (&sums, trial);
  trial->u =
      trial->origin[0] + (trial->matrix[0] * image->width + trial->matrix[1] * image->height) / 2;
  trial->v =
      trial->origin[1] + (trial->matrix[2] * image->width + trial->matrix[3] * image->height) / 2;
}

void
lince_mark_join (
    const LinceMarks *marks, const LinceMarkMatch *matches, uint32_t count, LinceMarkTrial *trials)
{
  uint32_t joined = count < MOST_JOINED ? count : MOST_JOINED;
  LinceMarkImage image;
  Middles middles;

  if (count == 0)
    return;
  image = lince_mark_image (marks, matches[0].image);
  for (uint32_t i = 0; i < joined; i++) {
    middles.u[i] = matches[i].u;
    middles.v[i] = matches[i].v;
  }
  for (uint32_t i = 0; i < count; i++)
    join_one (&image, matches, &middles, joined, i, &trials[i]);
}
