/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/rivals.h"

#include <math.h>
#include <string.h>

#include "recognition/quad.h"

#define RIVAL_PLACE 0.3      /* overlap from which two objects explain the same pixels */
#define MARK_WITHIN 0.5      /* share of a mark that lies within another from which they do too */
#define MARK_BOTH 8.0f       /* evidence for each of two marks at its own place: both are there */
#define SAME_SIDES 0.02      /* relative difference of two marks' ratios of sides that is none */
#define SAME_PLACE 0.8       /* overlap from which two marks of the same sides lie at one place */
#define BOTH_OVERLAP 0.6     /* the most that two marks cover of each other's places */
#define RIVAL_MEMORY 0.92f   /* of the evidence gathered, kept from frame to frame */
#define MARK_DIFFERENCE 3.0f /* evidence by which one mark must beat another at its place */
#define MARK_BEATEN 12.0f    /* and from which the other needs no look on every frame */

/* What a settling works on. */
typedef struct {
  LinceTrack *tracks;
  uint32_t count;
  LinceJudge *judge;
  const LincePyramid *pyramid;
  const LinceReferences *references;
  LinceRivalries *rivalries;
} Settling;

static void
add_alternative (LinceTrack *track, uint32_t object)
{
  for (uint32_t i = 0; i < track->alternative_count; i++) {
    if (track->alternatives[i] == object)
      return;
  }
  if (track->alternative_count < LINCE_MAX_ALTERNATIVES)
    track->alternatives[track->alternative_count++] = object;
}

static void
note_rivalry (
    const Settling *settling, const LinceTrack *stands, const LinceTrack *falls, bool equal)
{
  if (settling->rivalries->count < LINCE_MAX_PLACEMENTS)
    settling->rivalries->list[settling->rivalries->count++] =
        (LinceRivalry){stands->verdict, falls->verdict, equal};
}

/* Whether both are there, the one over the other: then each explains its own pixels better. What is
 * seen through an open one belongs to the other, so its whole place would say nothing. */
static bool
both_stand (const Settling *settling, const LinceReference *a, const LinceComposition *one,
    const LinceReference *b, const LinceComposition *other)
{
  LinceCompositor *compositor = lince_judge_compositor (settling->judge);

  return lince_composite_own (compositor, settling->pyramid, a, one, b, other,
             LINCE_VERIFY_MARK_AREA) >= MARK_BOTH &&
         lince_composite_own (
             compositor, settling->pyramid, b, other, a, one, LINCE_VERIFY_MARK_AREA) >= MARK_BOTH;
}

/* The place at which a mark is compared: its own, but where it came off the upright and its rival,
 * of the same sides, did not, its rival's. What lies askew leaves its edges, and edges outweigh the
 * word in which two siblings differ. */
static void
place_to_compare (const LinceTrack *track, const LinceReference *reference, const LinceTrack *rival,
    const LinceReference *rival_reference, double homography[9])
{
  double sides = (double) reference->width * rival_reference->height;
  double rival_sides = (double) reference->height * rival_reference->width;

  if (track->verdict.upright || !rival->verdict.upright ||
      fabs (sides - rival_sides) > SAME_SIDES * sides ||
      lince_quad_overlap (track->verdict.corners, rival->verdict.corners) < SAME_PLACE ||
      !lince_quad_to_homography (
          rival->verdict.corners, reference->width, reference->height, homography))
    memcpy (homography, track->verdict.homography, sizeof track->verdict.homography);
}

/* What the frame says for one track's mark against the other's; false: both are there. */
static bool
compare_marks (const Settling *settling, const LinceReference *a, const LinceTrack *first,
    const LinceReference *b, const LinceTrack *second, float *evidence)
{
  LinceComposition one = {0}, other = {0};
  float for_first, for_second;

  place_to_compare (first, a, second, b, one.homography);
  place_to_compare (second, b, first, a, other.homography);
  one.light = first->verdict.light;
  other.light = second->verdict.light;
  for_first = lince_composite_rivals (lince_judge_compositor (settling->judge), settling->pyramid,
      a, &one, b, &other, LINCE_VERIFY_MARK_AREA);
  for_second = lince_composite_rivals (lince_judge_compositor (settling->judge), settling->pyramid,
      b, &other, a, &one, LINCE_VERIFY_MARK_AREA);
  *evidence = for_first - for_second;
  return lince_quad_overlap (first->verdict.corners, second->verdict.corners) > BOTH_OVERLAP ||
         !both_stand (settling, a, &one, b, &other);
}

/* The same where a mark is among them. Marks of one family differ by little, which one frame may
 * show badly: the one that comes second is followed unseen, and evidence is gathered over frames
 * before they change places. */
static void
settle_marks (const Settling *settling, const LinceReference *a, LinceTrack *first,
    const LinceReference *b, LinceTrack *second)
{
  LinceTrack *leader = second->rival_of == first->number ? first : second;
  LinceTrack *other = leader == first ? second : first;
  bool known = other->rival_of == leader->number;
  float evidence;

  if (first->verdict.object == second->verdict.object) {
    second->dropped = true;
    return;
  }
  /* a third leads one of them */
  if (!known && (first->rival_of != 0 || second->rival_of != 0))
    return;
  if (known && other->resting) {
    note_rivalry (settling, leader, other, false);
    return;
  }
  if (!compare_marks (settling, a, first, b, second, &evidence)) {
    other->rival_of = known ? 0 : other->rival_of;
    return;
  }
  if (!known && evidence < 0) {
    leader = second;
    other = first;
  } else if (!known) {
    leader = first;
    other = second;
  }
  evidence = leader == first ? evidence : -evidence;
  other->behind = known ? RIVAL_MEMORY * other->behind + evidence : evidence;
  other->rival_of = leader->number;
  other->beaten = evidence > 0 && other->behind >= MARK_BEATEN;
  if (other->behind < -MARK_DIFFERENCE) {
    leader->rival_of = other->number;
    leader->behind = -other->behind;
    leader->beaten = false;
    other->rival_of = 0;
    leader = other;
    other = leader == first ? second : first;
  }
  if (fabsf (other->behind) < MARK_DIFFERENCE)
    add_alternative (leader, other->verdict.object);
  note_rivalry (settling, leader, other, fabsf (other->behind) < MARK_DIFFERENCE);
}

/* A part of a mark may look like all of another, or of its own sister, much smaller. */
static bool
explain_the_same (const LinceTrack *a, const LinceTrack *b)
{
  return lince_quad_overlap (a->verdict.corners, b->verdict.corners) >= RIVAL_PLACE ||
         (a->verdict.mark && b->verdict.mark &&
             lince_quad_cover (a->verdict.corners, b->verdict.corners) >= MARK_WITHIN);
}

/* Those whose leader is gone stand for themselves; but of a mark that fades out its sibling, which
 * was beaten, may hold for some frames more. */
static void
free_rivals (const Settling *settling)
{
  for (uint32_t i = 0; i < settling->count; i++) {
    LinceTrack *track = &settling->tracks[i];
    bool led = false;

    for (uint32_t k = 0; k < settling->count && track->rival_of != 0; k++)
      led = led ||
            (settling->tracks[k].number == track->rival_of && settling->tracks[k].verified &&
                !settling->tracks[k].dropped && explain_the_same (&settling->tracks[k], track));
    if (!led) {
      track->dropped = track->dropped ||
                       (track->rival_of != 0 && track->fading && track->behind >= MARK_DIFFERENCE);
      track->rival_of = 0;
    }
  }
}

/* Settles which of two tracks at the same place stands; the one with less evidence comes second. */
static void
settle (const Settling *settling, LinceTrack *first, LinceTrack *second)
{
  const LinceReference *a =
      settling->references->load (settling->references->context, first->verdict.image);
  const LinceReference *b =
      settling->references->load (settling->references->context, second->verdict.image);
  LinceRival rival = LINCE_RIVAL_FIRST;

  if (!a || !b)
    return;
  if (a->mark || b->mark) {
    settle_marks (settling, a, first, b, second);
    return;
  }
  /* one may cover the other: then both are seen, each on pixels of its own */
  if (lince_verify_outside (lince_judge_aligner (settling->judge), settling->pyramid, b,
          &second->verdict, first->verdict.corners) >= 0)
    return;
  if (first->verdict.object != second->verdict.object)
    rival = lince_verify_rivals (lince_judge_aligner (settling->judge), settling->pyramid, a,
        &first->verdict, b, &second->verdict);
  note_rivalry (settling, rival == LINCE_RIVAL_SECOND ? second : first,
      rival == LINCE_RIVAL_SECOND ? first : second, rival == LINCE_RIVAL_EQUAL);
  if (rival == LINCE_RIVAL_EQUAL)
    add_alternative (first, second->verdict.object);
  if (rival == LINCE_RIVAL_SECOND)
    first->dropped = true;
  else
    second->dropped = true;
}

/* Which of two tracks stands unless their pixels say otherwise: of one object the whole picture,
 * whose ground tells its place too, else what has more evidence. */
static bool
comes_first (const LinceVerdict *a, const LinceVerdict *b)
{
  return a->object == b->object && a->cut_out != b->cut_out ? b->cut_out
                                                            : a->evidence >= b->evidence;
}

void
lince_rivals_settle (LinceTrack *tracks, uint32_t count, LinceJudge *judge,
    const LincePyramid *pyramid, const LinceReferences *references, LinceRivalries *rivalries)
{
  const Settling settling = {tracks, count, judge, pyramid, references, rivalries};

  rivalries->count = 0;
  free_rivals (&settling);
  for (uint32_t i = 0; i < count; i++) {
    for (uint32_t k = i + 1; k < count; k++) {
      LinceTrack *a = &tracks[i], *b = &tracks[k];

      if (!a->verified || !b->verified || a->dropped || b->dropped || !explain_the_same (a, b))
        continue;
      if (comes_first (&a->verdict, &b->verdict))
        settle (&settling, a, b);
      else
        settle (&settling, b, a);
    }
  }
}
