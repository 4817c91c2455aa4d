/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What to report where several tracks explain the same pixels of a frame: they are compared on the
 * pixels in which they differ. Prints are decided on each frame; marks, which may differ by one
 * small word, by evidence gathered over frames, while those that come second are followed unseen.
 * Internal to the room. */
#pragma once

#include "recognition/track.h"
#include "recognition/trial.h"

/* What the last settling came to. A flat value. */
typedef struct {
  LinceRivalry list[LINCE_MAX_PLACEMENTS]; /* the first ones */
  uint32_t count;
} LinceRivalries;

/* Settles all verified tracks of a frame, and writes `dropped`, `rival_of`, `behind` and the
 * alternatives of each. */
void lince_rivals_settle (LinceTrack *tracks, uint32_t count, LinceJudge *judge,
    const LincePyramid *pyramid, const LinceReferences *references, LinceRivalries *rivalries);
