/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Pairs of keypoints that show the same place of a picture: once in the picture itself, as
 * enrolment sees it, and once in a drawn frame that shows it turned, tilted, blurred, dimmed, with
 * noise and compressed, both found by the recogniser's own detector. */
#pragma once

#include <glib.h>

#include "recognition/kernels/kernels.h"

/* One keypoint of a picture and what a frame shows of it. */
typedef struct {
  guint8 reference[LINCE_DESCRIPTOR_SAMPLES], frame[LINCE_DESCRIPTOR_SAMPLES];
  guint32 picture;
  guint8 dark; /* polarity: only keypoints of one are ever compared */
} LinceTrainingPair;

/* Draws `count` pictures from number `first` of `seed` on and returns the pairs of all, an array of
 * LinceTrainingPair. The same arguments give the same pairs, on any number of threads. */
GArray *lince_training_pairs (guint64 seed, guint first, guint count, guint threads);
