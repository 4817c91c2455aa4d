/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A recogniser's stages as its last still left them, for explanations and simulations. Internal to
 * the room. */
#pragma once

#include "recognition/explain.h"
#include "recognition/mark_search.h"
#include "recognition/track.h"

/* What one generator proposed. */
typedef struct {
  LinceGenerator generator;
  const LinceHypothesis *hypotheses; /* best first */
  uint32_t count, trial_limit;
} LinceProposed;

#define LINCE_PROPOSING 2 /* generators */

/* All borrowed from the recogniser, until its next call. */
typedef struct {
  LinceIndex *index;
  const LincePyramid *pyramid;
  LinceSearch *search;
  const LinceTexturedSet *textured;
  LinceTracker *tracker;
  LinceReferences references;
  const LinceMarkSearch *mark_search;
  LinceProposed proposed[LINCE_PROPOSING]; /* one a generator */
  float minimum_confidence;
  const LincePlacement *placements;
  uint32_t placement_count;
} LinceInspection;

/* Recognises a still and hands out what it was made of. False with `error` as
 * lince_recognizer_still(). */
bool lince_recognizer_inspect (LinceRecognizer *recognizer, const LinceFrame *frame,
    LinceInspection *inspection, LinceError *error);
