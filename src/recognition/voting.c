/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/voting.h"

#define TURN_TOLERANCE 26 /* 256ths: 36 degrees */
#define SCALE_TOLERANCE 1.8f
#define CENTRE_TOLERANCE .28f /* of the size in the frame */

static bool
agree (const LinceMatch *a, const LinceMatch *b, float size)
{
  int turn = (int8_t) (uint8_t) (a->turn - b->turn);
  float reach = CENTRE_TOLERANCE * size * a->scale;
  float du = a->centre_u - b->centre_u, dv = a->centre_v - b->centre_v;

  return turn >= -TURN_TOLERANCE && turn <= TURN_TOLERANCE &&
         a->scale <= b->scale * SCALE_TOLERANCE && b->scale <= a->scale * SCALE_TOLERANCE &&
         du * du + dv * dv <= reach * reach;
}

/* A close match counts for more: 1 at 30 bits and less, falling to 0.25 at 75. */
static float
weight (const LinceMatch *match)
{
  int d = match->distance < 30 ? 30 : (match->distance > 75 ? 75 : match->distance);

  return 1.f - (float) (d - 30) * (.75f / 45);
}

/* The weight of the free matches that agree with match `seed`; each frame keypoint counts once. */
static float
support (const LinceMatch *matches, uint32_t count, uint32_t seed, float size, uint32_t *votes)
{
  float sum = 0;
  uint32_t last = UINT32_MAX;

  *votes = 0;
  for (uint32_t i = 0; i < count; i++)
    if (matches[i].used == 0 && matches[i].keypoint != last &&
        agree (&matches[seed], &matches[i], size)) {
      sum += weight (&matches[i]);
      last = matches[i].keypoint;
      ++*votes;
    }
  return sum;
}

uint32_t
lince_vote (LinceMatch *matches, uint32_t count, float size, float least, LincePeak *peaks,
    uint32_t capacity)
{
  uint32_t found = 0;

  while (found < capacity) {
    LincePeak best = {0, 0, 0.f};

    for (uint32_t i = 0; i < count; i++) {
      LincePeak peak = {i, 0, 0.f};

      if (matches[i].used != 0)
        continue;
      peak.weight = support (matches, count, i, size, &peak.votes);
      if (peak.weight > best.weight)
        best = peak;
    }
    if (best.weight < least)
      break;
    for (uint32_t i = 0; i < count; i++)
      if (matches[i].used == 0 && i != best.seed && agree (&matches[best.seed], &matches[i], size))
        matches[i].used = (uint8_t) (found + 1);
    matches[best.seed].used = (uint8_t) (found + 1);
    peaks[found++] = best;
  }
  return found;
}
