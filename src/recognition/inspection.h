/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A recogniser's stages as its last still left them, for explanations and simulations. Internal to
 * the room. */
#pragma once

#include "recognition/explain.h"
#include "recognition/track.h"

/* All borrowed from the recogniser, until its next call. */
typedef struct {
  LinceIndex *index;
  const LincePyramid *pyramid;
  LinceSearch *search;
  const LinceTextured *textured;
  LinceTracker *tracker;
  LinceReferences references;
  const LinceHypothesis *hypotheses; /* of all generators, best first */
  uint32_t hypothesis_count, trial_limit;
  float minimum_confidence;
  const LincePlacement *placements;
  uint32_t placement_count;
} LinceInspection;

/* Recognises a still and hands out what it was made of. False with `error` as
 * lince_recognizer_still(). */
bool lince_recognizer_inspect (LinceRecognizer *recognizer, const LinceFrame *frame,
    LinceInspection *inspection, LinceError *error);
