/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Time and counts of the stages of one recogniser. Internal to the room. */
#pragma once

#include "recognition/pool.h"
#include "recognition/recognizer.h"

typedef struct {
  LinceStatistics statistics;
  const LincePool *pool;
  uint64_t stamp;
} LinceProfile;

/* Begins a frame: clears the last frame's times and takes the first stamp. */
void lince_profile_begin (LinceProfile *profile, const LincePool *pool);
/* Books the CPU time since the last stamp under `stage`. A stage may be booked several times. */
void lince_profile_stamp (LinceProfile *profile, LinceStage stage);
