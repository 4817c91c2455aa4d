/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/governor.h"

#include <string.h>

#define MAX_BUDGET (INT64_C (1) << 40) /* ns, 18 minutes: no product below overflows */
#define MOST_PATIENCE (16 * LINCE_GOVERNOR_PATIENCE)
#define TAKEN_BACK 1000 /* frames within which a step down takes the step up before it back */
#define ROOM 2          /* a rung costs at least half of the one above it (plan.c) */

static int64_t
interval_of (LincePlanName name)
{
  LincePlan plan;

  lince_plan_make (name, 1920, 1080, &plan); /* the same for any size */
  return plan.interval;
}

static void
take_up (LinceGovernor *governor, LincePlanName plan)
{
  governor->plan = plan;
  governor->mean = governor->watched > 0 ? governor->spent / governor->watched : 0;
  governor->debt = governor->spent = 0;
  governor->watched = governor->held = 0;
}

void
lince_governor_set (LinceGovernor *governor, LincePlanName top, int64_t budget)
{
  budget = budget < 0 ? 0 : budget < MAX_BUDGET ? budget : MAX_BUDGET;
  if (governor->patience > 0 && governor->top == top && governor->budget == budget)
    return;
  governor->top = top;
  governor->budget = budget;
  governor->patience = LINCE_GOVERNOR_PATIENCE;
  governor->risen = false;
  take_up (governor, top);
}

static void
step_down (LinceGovernor *governor)
{
  if (governor->risen && governor->held < TAKEN_BACK)
    governor->patience =
        governor->patience * 2 < MOST_PATIENCE ? governor->patience * 2 : MOST_PATIENCE;
  governor->risen = false;
  governor->downs++;
  take_up (governor, governor->plan + 1);
}

static void
step_up (LinceGovernor *governor)
{
  governor->risen = true;
  governor->ups++;
  take_up (governor, governor->plan - 1);
}

static void
count_frame (LinceGovernor *governor, int64_t cost)
{
  governor->spent += cost;
  governor->watched++;
  governor->held += governor->held < TAKEN_BACK;
  if (governor->risen && governor->held == TAKEN_BACK)
    governor->patience = LINCE_GOVERNOR_PATIENCE; /* the step up has proved right */
}

/* Whether frames have long cost so little that the rung above fits too. Looks anew from here when
 * they have not. */
static bool
has_room (LinceGovernor *governor)
{
  bool room;

  if (governor->watched < governor->patience)
    return false;
  room = governor->spent * ROOM <= governor->budget * governor->watched;
  room = room && governor->plan > governor->top;
  if (!room) {
    governor->spent = 0;
    governor->watched = 0;
  }
  return room;
}

bool
lince_governor_charge (LinceGovernor *governor, int64_t cost)
{
  int64_t budget = governor->budget, interval, most, forborne;

  if (budget == 0)
    return false;
  interval = interval_of (governor->plan);
  governor->overruns += cost > interval * budget;
  most = (interval + LINCE_GOVERNOR_SPIKE) * budget;
  cost = cost < 0 ? 0 : cost < most ? cost : most;
  count_frame (governor, cost);
  governor->debt += cost - budget;
  governor->debt = governor->debt > 0 ? governor->debt : 0;
  forborne = (2 * interval + LINCE_GOVERNOR_DEBT) * budget;
  if (governor->debt > forborne && governor->plan < LINCE_PLAN_COUNT - 1) {
    step_down (governor);
    return true;
  }
  governor->debt = governor->debt < forborne ? governor->debt : forborne;
  if (!has_room (governor))
    return false;
  step_up (governor);
  return true;
}
