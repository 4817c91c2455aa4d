/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/plan.h"

#include <string.h>

#include "recognition/mark_search.h"

#define PIXELS_A_KEYPOINT 800 /* of a frame that is searched in full */
#define LEAST_KEYPOINTS 2000  /* of a small frame that is: its objects are small too */

/* `live` searches for prints on every fourth frame: on every third one, with a tile on every third
 * too, it took 1.2 ms a frame more and found as many of those of eight clips (0.9985), on every
 * other one 0.9990. For bugs it looks at one in four of the grey levels by turns: at one in three,
 * the same each time, it took 0.5 ms a frame more, 2.5 of the dearest, and found as many. Rungs
 * share the keypoints of a full search among `parts`. A rung costs at least half of the one above
 * it, more where many tracks stand: the governor reckons with that. */
static const struct {
  const char *name;
  LincePlan plan; /* keypoints, mark and bug: thousandths of a full search */
} plans[LINCE_PLAN_COUNT] = {
    [LINCE_PLAN_THOROUGH] = {"thorough", {1, 1, 1000, 1, 1000, 1000, 48, 64, 8, 6, 3, 1, 600, 3}},
    [LINCE_PLAN_LIVE] = {"live", {4, 1, 1000, 4, 250, 400, 24, 12, 8, 6, 1, 4, 500, 4}},
    [LINCE_PLAN_LIVE_1] = {"live-1", {5, 1, 1000, 6, 250, 400, 16, 12, 6, 6, 1, 6, 500, 4}},
    [LINCE_PLAN_LIVE_2] = {"live-2", {6, 2, 600, 8, 200, 400, 12, 10, 6, 5, 1, 0, 0, 0}},
    [LINCE_PLAN_LIVE_3] = {"live-3", {8, 2, 400, 12, 150, 300, 8, 8, 6, 4, 1, 0, 0, 0}},
    [LINCE_PLAN_LIVE_4] = {"live-4", {12, 2, 300, 25, 150, 250, 6, 6, 4, 4, 1, 0, 0, 0}},
    [LINCE_PLAN_LIVE_5] = {"live-5", {25, 3, 250, 50, 120, 200, 4, 4, 4, 4, 1, 0, 0, 0}},
};

const char *
lince_plan_name (LincePlanName plan)
{
  return (unsigned) plan < LINCE_PLAN_COUNT ? plans[plan].name : "unknown";
}

bool
lince_plan_find (const char *name, LincePlanName *plan)
{
  for (int i = 0; i < LINCE_PLAN_COUNT; i++) {
    if (strcmp (name, plans[i].name) == 0) {
      *plan = (LincePlanName) i;
      return true;
    }
  }
  return false;
}

static uint32_t
full_keypoints (int width, int height)
{
  int64_t keypoints = (int64_t) width * height / PIXELS_A_KEYPOINT;

  keypoints = keypoints > LEAST_KEYPOINTS ? keypoints : LEAST_KEYPOINTS;
  return (uint32_t) (keypoints < LINCE_PLAN_MOST_KEYPOINTS ? keypoints : LINCE_PLAN_MOST_KEYPOINTS);
}

void
lince_plan_make (LincePlanName name, int width, int height, LincePlan *plan)
{
  *plan = plans[(unsigned) name < LINCE_PLAN_COUNT ? name : LINCE_PLAN_COUNT - 1].plan;
  plan->keypoints = full_keypoints (width, height) * plan->keypoints / 1000;
  plan->mark = lince_mark_full_work (width, height) * plan->mark / 1000;
  plan->bug = lince_mark_full_work (width, height) * plan->bug / 1000;
}
