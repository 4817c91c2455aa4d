/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Plans of work: what the recogniser does on a frame at most, in counted units and never in time,
 * so that one plan gives one result on any machine.
 *
 * They are fixed and have names. `thorough` does all there is to do on every frame; `live` is for
 * what has to keep up with a camera; each rung below it does less of everything but of following
 * what has been found, which is verified on every frame under every plan. A plan is made for a
 * frame size. Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "recognition/error.h"

/* From the most work to the least. */
typedef enum {
  LINCE_PLAN_THOROUGH,
  LINCE_PLAN_LIVE,
  LINCE_PLAN_LIVE_1,
  LINCE_PLAN_LIVE_2,
  LINCE_PLAN_LIVE_3,
  LINCE_PLAN_LIVE_4,
  LINCE_PLAN_LIVE_5,
  LINCE_PLAN_COUNT
} LincePlanName;

/* A flat value. */
typedef struct {
  uint32_t interval;       /* frames from one search to the next, 1: all are searched. The first
                              frame of a shot is, whatever the interval */
  uint32_t parts;          /* searches that take turns at the keypoints, each at its share: the most
                              distinct first. The first frame of a shot begins with them */
  uint32_t keypoints;      /* described and looked up by a search, 1 to LINCE_PLAN_MOST_KEYPOINTS */
  uint32_t mark_interval;  /* frames from one search for brand marks to the next at least; where
                              not all frames are searched, it is made on one that is not */
  uint32_t mark;           /* units of a search for brand marks, about 2 us of one core each */
  uint32_t bug;            /* likewise, for marks fixed to the screen */
  uint32_t trials;         /* hypotheses of a search that are aligned and verified, best first */
  uint32_t mark_trials;    /* likewise, of marks */
  uint32_t trial_steps;    /* of alignment on each level, for a hypothesis */
  uint32_t follow_steps;   /* likewise, for a track */
  uint32_t follow_levels;  /* on which a track is aligned, coarse to fine, as long as it fits well;
                              one that does not is aligned on all */
  uint32_t tile_interval;  /* frames from one magnified tile, searched for small prints, to the next
                              at least, where not all frames are searched on one that is searched for
                              nothing else; 0: none is. Not in a collection in which looking up is
                              dear */
  uint32_t tile_keypoints; /* described and looked up there */
  uint32_t tile_trials;    /* hypotheses of it that are aligned and verified */
} LincePlan;

#define LINCE_PLAN_MOST_KEYPOINTS 8192
#define LINCE_PLAN_ALL_LEVELS 3

/* "thorough", "live", "live-1", ...: a static string, "unknown" for what is no plan. */
LINCE_API const char *lince_plan_name (LincePlanName plan);
/* Finds a plan by its name. False when there is none of it; `plan` is left alone. */
LINCE_API bool lince_plan_find (const char *name, LincePlanName *plan);
/* The plan for frames of `width` x `height`, as frame.h bounds them. Of what is no plan the last
 * one.
 */
LINCE_API void lince_plan_make (LincePlanName name, int width, int height, LincePlan *plan);
