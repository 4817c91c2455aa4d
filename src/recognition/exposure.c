/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/exposure.h"

#include <stdlib.h>
#include <string.h>

#include "recognition/quad.h"

#define RECORDS (2 * LINCE_MAX_STAYS) /* live stays and as many that may return */

typedef enum { FREE, CANDIDATE, STANDING, GONE } State;

typedef struct {
  State state;
  uint64_t exposure; /* 0: none given yet */
  bool resumed;      /* a candidate that takes up a gone exposure, or was one */
  bool matched;      /* seen on this frame */
  uint64_t track;
  int64_t first_seen, seen;
  int64_t stood;     /* before the first sight */
  int64_t gone_seen; /* of a returning candidate: the last sight of the stay before */
  uint64_t frames;
  double area_time;
  char id[LINCE_ID_MAX + 1];
  LincePlacement placement;
} Stay;

struct LinceExposures {
  uint64_t next;
  int64_t time; /* of the last frame */
  uint32_t live;
  Stay stays[RECORDS];
};

LinceExposures *
lince_exposures_new (LinceError *error)
{
  LinceExposures *exposures = calloc (1, sizeof *exposures);

  if (!exposures) {
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for the exposures");
    return NULL;
  }
  exposures->next = 1;
  return exposures;
}

void
lince_exposures_free (LinceExposures *exposures)
{
  free (exposures);
}

static LinceChange *
add_change (const Stay *stay, LinceChangeType type, LinceReason reason, int64_t decided,
    LinceChange *changes, uint32_t *count)
{
  LinceChange *change;

  if (*count >= LINCE_MAX_CHANGES)
    return NULL; /* cannot be: one appeared and one vanished for each live stay fit */
  change = &changes[(*count)++];
  memset (change, 0, sizeof *change);
  change->type = type;
  change->reason = reason;
  change->resumed = type == LINCE_APPEARED && stay->resumed;
  change->exposure = stay->exposure;
  change->object = stay->placement.object;
  memcpy (change->id, stay->id, sizeof change->id);
  change->first_seen = stay->first_seen;
  change->seen = type == LINCE_APPEARED ? stay->first_seen : stay->seen;
  change->decided = decided;
  change->placement = stay->placement;
  return change;
}

static void
vanish (LinceExposures *exposures, Stay *stay, LinceReason reason, int64_t decided,
    LinceChange *changes, uint32_t *count)
{
  LinceChange *change = add_change (stay, LINCE_VANISHED, reason, decided, changes, count);

  if (change) {
    change->frames = stay->frames;
    change->duration = stay->seen - stay->first_seen;
    change->area_time = stay->area_time;
  }
  stay->state = GONE;
  exposures->live--;
}

/* A candidate that does not last: what it returned to may still return. */
static void
abandon (LinceExposures *exposures, Stay *stay)
{
  stay->state = stay->exposure ? GONE : FREE;
  stay->seen = stay->gone_seen;
  exposures->live--;
}

static double
squared_distance (const LincePlacement *a, const LincePlacement *b)
{
  double dx = 0, dy = 0;

  for (int i = 0; i < 4; i++) {
    dx += (double) a->corners[i].x - b->corners[i].x;
    dy += (double) a->corners[i].y - b->corners[i].y;
  }
  return dx * dx + dy * dy;
}

static Stay *
find_track (LinceExposures *exposures, const LincePlacement *placement)
{
  for (int i = 0; i < RECORDS; i++) {
    Stay *stay = &exposures->stays[i];

    if ((stay->state == CANDIDATE || stay->state == STANDING) && !stay->matched &&
        stay->track == placement->track && stay->placement.object == placement->object)
      return stay;
  }
  return NULL;
}

/* The nearest stay of that object, in that state, that nothing stands for on this frame. */
static Stay *
find_object (
    LinceExposures *exposures, const LincePlacement *placement, State state, int64_t oldest)
{
  Stay *best = NULL;

  for (int i = 0; i < RECORDS; i++) {
    Stay *stay = &exposures->stays[i];

    if (stay->state == state && !stay->matched && stay->placement.object == placement->object &&
        stay->seen >= oldest &&
        (!best || squared_distance (&stay->placement, placement) <
                      squared_distance (&best->placement, placement)))
      best = stay;
  }
  return best;
}

static Stay *
free_record (LinceExposures *exposures)
{
  Stay *oldest = NULL;

  for (int i = 0; i < RECORDS; i++) {
    Stay *stay = &exposures->stays[i];

    if (stay->state == FREE)
      return stay;
    if (stay->state == GONE && (!oldest || stay->seen < oldest->seen))
      oldest = stay;
  }
  return oldest;
}

/* A stay that begins with this placement: a return within the merge gap, or a new one. */
static Stay *
begin_stay (LinceExposures *exposures, const LinceSettings *settings, const LinceIndex *index,
    int64_t time, const LincePlacement *placement)
{
  Stay *stay;
  LinceObject object;

  if (exposures->live >= LINCE_MAX_STAYS)
    return NULL;
  stay = find_object (exposures, placement, GONE, time - settings->merge_gap);
  if (stay) {
    stay->gone_seen = stay->seen;
    stay->resumed = true;
  } else {
    if (!lince_index_object (index, placement->object, &object))
      return NULL;
    stay = free_record (exposures);
    memset (stay, 0, sizeof *stay);
    strncpy (stay->id, object.id, LINCE_ID_MAX);
  }
  stay->state = CANDIDATE;
  stay->first_seen = time;
  stay->stood = placement->stood;
  stay->frames = 0;
  stay->area_time = 0;
  exposures->live++;
  return stay;
}

static void
book (Stay *stay, int64_t time, const LincePlacement *placement)
{
  if (stay->frames)
    stay->area_time +=
        0.5 * ((double) stay->placement.area + placement->area) * (double) (time - stay->seen);
  stay->matched = true;
  stay->seen = time;
  stay->frames++;
  stay->track = placement->track;
  stay->placement = *placement;
}

static void
match (LinceExposures *exposures, const LinceSettings *settings, const LinceIndex *index,
    int64_t time, LincePlacement *placements, uint32_t count)
{
  Stay *stays[LINCE_MAX_PLACEMENTS] = {0};

  for (uint32_t i = 0; i < count; i++) {
    stays[i] = find_track (exposures, &placements[i]);
    if (stays[i])
      book (stays[i], time, &placements[i]);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (!stays[i])
      stays[i] = find_object (exposures, &placements[i], STANDING, INT64_MIN);
    if (!stays[i])
      stays[i] = find_object (exposures, &placements[i], CANDIDATE, INT64_MIN);
    if (!stays[i])
      stays[i] = begin_stay (exposures, settings, index, time, &placements[i]);
    if (stays[i] && !stays[i]->matched)
      book (stays[i], time, &placements[i]);
  }
}

static int64_t
hold_of (const Stay *stay)
{
  return stay->placement.mark && stay->placement.upright ? LINCE_EXPOSURE_MARK_HOLD
                                                         : LINCE_EXPOSURE_HOLD;
}

/* What this frame decides about one stay. */
static void
decide (LinceExposures *exposures, const LinceSettings *settings, int64_t time, bool cut,
    Stay *stay, LinceChange *changes, uint32_t *count)
{
  bool over = !stay->matched && (cut || time - stay->seen >= hold_of (stay));

  switch (stay->state) {
    case FREE:
      break;
    case CANDIDATE:
      if (over) {
        abandon (exposures, stay);
      } else if (stay->matched &&
                 time - stay->first_seen + stay->stood >= settings->minimum_duration) {
        if (!stay->exposure)
          stay->exposure = exposures->next++;
        stay->placement.exposure = stay->exposure;
        stay->state = STANDING;
        add_change (stay, LINCE_APPEARED, LINCE_REASON_NONE, time, changes, count);
      }
      break;
    case STANDING:
      stay->placement.exposure = stay->exposure;
      if (over)
        vanish (exposures, stay, cut ? LINCE_REASON_CUT : LINCE_REASON_GONE, time, changes, count);
      break;
    case GONE:
      if (time - stay->seen > settings->merge_gap)
        stay->state = FREE;
      break;
  }
}

static int
compare_changes (const void *a, const void *b)
{
  const LinceChange *x = a, *y = b;

  return x->exposure != y->exposure ? (x->exposure < y->exposure ? -1 : 1)
                                    : (int) y->type - (int) x->type;
}

uint32_t
lince_exposures_update (LinceExposures *exposures, const LinceSettings *settings,
    const LinceIndex *index, int64_t time, bool cut, LincePlacement *placements,
    uint32_t placement_count, LinceChange *changes, uint32_t count)
{
  for (int i = 0; i < RECORDS; i++)
    exposures->stays[i].matched = false;
  exposures->time = time;
  match (exposures, settings, index, time, placements, placement_count);
  for (int i = 0; i < RECORDS; i++)
    decide (exposures, settings, time, cut, &exposures->stays[i], changes, &count);
  for (uint32_t i = 0; i < placement_count; i++) {
    placements[i].exposure = 0;
    for (int k = 0; k < RECORDS; k++) {
      const Stay *stay = &exposures->stays[k];

      if (stay->state == STANDING && stay->matched && stay->track == placements[i].track)
        placements[i].exposure = stay->exposure;
    }
  }
  qsort (changes, count, sizeof *changes, compare_changes);
  return count;
}

uint32_t
lince_exposures_swap (LinceExposures *exposures, const LinceIndex *index, int64_t time,
    LinceChange *changes, uint32_t count)
{
  for (int i = 0; i < RECORDS; i++) {
    Stay *stay = &exposures->stays[i];
    int64_t object = stay->state == FREE || !index ? -1 : lince_index_find (index, stay->id);

    if (object >= 0) {
      stay->placement.object = (uint32_t) object;
      stay->placement.alternative_count = 0; /* their numbers were the old index's */
      continue;
    }
    if (stay->state == STANDING)
      vanish (exposures, stay, LINCE_REASON_COLLECTION, time, changes, &count);
    else if (stay->state == CANDIDATE)
      exposures->live--;
    stay->state = FREE;
  }
  qsort (changes, count, sizeof *changes, compare_changes);
  return count;
}

uint32_t
lince_exposures_end (LinceExposures *exposures, LinceReason reason, LinceChange *changes)
{
  uint32_t count = 0;

  for (int i = 0; i < RECORDS; i++) {
    Stay *stay = &exposures->stays[i];

    if (stay->state == STANDING)
      vanish (exposures, stay, reason, exposures->time, changes, &count);
    stay->state = FREE;
  }
  exposures->live = 0;
  qsort (changes, count, sizeof *changes, compare_changes);
  return count;
}
