/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/voting.h"

#include "recognition/kernels/kernels.h"

#define TURN_TOLERANCE 26 /* 256ths: 36 degrees */
#define SCALE_TOLERANCE 1.8f
#define CENTRE_TOLERANCE .28f /* of the size in the frame */

/* A close match counts for more: fully at 30 bits and less, a quarter at 75. */
static int32_t
weight (const LinceMatch *match)
{
  int d = match->distance < 30 ? 30 : (match->distance > 75 ? 75 : match->distance);

  return LINCE_VOTE_WEIGHT - (d - 30) * (LINCE_VOTE_WEIGHT * 3 / 4) / 45;
}

/* Whether the kernel counts match b for seed a. */
static bool
agree (const LinceVotingScratch *s, uint32_t a, uint32_t b, const LinceVoteReach *reach)
{
  int turn = (int8_t) (uint8_t) (s->turn[b] - s->turn[a]);
  float near = reach->centre * s->scale[a];
  float du = s->u[b] - s->u[a], dv = s->v[b] - s->v[a];

  return turn >= -TURN_TOLERANCE && turn <= TURN_TOLERANCE &&
         s->scale[b] <= s->scale[a] * reach->scale &&
         s->scale[b] >= s->scale[a] * (1.f / reach->scale) && du * du + dv * dv <= near * near;
}

/* Takes the matches that agree with the peak's seed; their weight no longer counts. */
static void
take (LinceMatch *matches, uint32_t count, LinceVotingScratch *scratch, const LinceVoteReach *reach,
    LincePeak *peak, uint32_t number)
{
  for (uint32_t i = 0; i < count; i++)
    if (i == peak->seed || (matches[i].used == 0 && agree (scratch, peak->seed, i, reach))) {
      matches[i].used = (uint8_t) (number + 1);
      scratch->weight[i] = 0;
      peak->votes++;
    }
}

uint32_t
lince_vote (LinceMatch *matches, uint32_t count, float size, uint32_t least,
    LinceVotingScratch *scratch, LincePeak *peaks, uint32_t capacity)
{
  const LinceKernels *kernels = lince_kernels ();
  LinceVotes votes = {scratch->u, scratch->v, scratch->scale, scratch->turn, scratch->weight};
  LinceVoteReach reach = {CENTRE_TOLERANCE * size, SCALE_TOLERANCE, TURN_TOLERANCE};
  uint32_t found = 0;

  for (uint32_t i = 0; i < count; i++) {
    scratch->u[i] = matches[i].centre_u;
    scratch->v[i] = matches[i].centre_v;
    scratch->scale[i] = matches[i].scale;
    scratch->turn[i] = matches[i].turn;
    scratch->weight[i] = weight (&matches[i]);
  }
  for (uint32_t i = 0; i < count; i++)
    scratch->support[i] = kernels->support (&votes, count, i, &reach);
  while (found < capacity) {
    uint32_t best = 0, now;

    for (uint32_t i = 1; i < count; i++)
      if (scratch->support[i] > scratch->support[best])
        best = i;
    if (count == 0 || scratch->support[best] < least)
      break;
    /* supports only fall as peaks take matches, so the highest that is still right is the peak */
    now = matches[best].used ? 0 : kernels->support (&votes, count, best, &reach);
    if (now == scratch->support[best]) {
      peaks[found] = (LincePeak){best, 0, now};
      take (matches, count, scratch, &reach, &peaks[found], found);
      found++;
    } else {
      scratch->support[best] = now;
    }
  }
  return found;
}
