/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The governor: keeps what frames cost within a budget by choosing among plans, between frames.
 *
 * It keeps an account: each frame earns the budget and spends what it cost. Where the debt exceeds
 * what a search and one expensive frame may owe, it goes a rung down at once: frames that cost
 * twice the budget do that within 17 frames under LINCE_PLAN_LIVE, one frame never does, whatever
 * it cost. It goes a rung up when frames have for some time cost so little that the rung above fits
 * too, and waits twice as long after each such step that had to be taken back. It reads no clock:
 * the same costs give the same plans. A flat value of one thread. */
#pragma once

#include "recognition/plan.h"

/* Budgets that a frame is booked with at most, beside those until the next search. */
#define LINCE_GOVERNOR_SPIKE 4
/* Budgets of debt that are forborne, beside those until the next search but one. */
#define LINCE_GOVERNOR_DEBT 8
/* Frames between two steps up at least. */
#define LINCE_GOVERNOR_PATIENCE 100

typedef struct {
  LincePlanName top, plan;
  int64_t budget;    /* ns of CPU a frame; 0: the plan is fixed */
  int64_t debt;      /* ns, not below 0 */
  int64_t spent;     /* ns, over the last `watched` frames under this plan */
  uint32_t watched;  /* frames */
  uint32_t held;     /* frames under this plan, until a step up has proved right */
  uint32_t patience; /* frames before the next step up */
  bool risen;        /* the last step went up */
  int64_t mean;      /* ns that frames cost on average before the last step */
  uint64_t downs, ups;
  uint64_t overruns; /* frames that cost more than the budgets of all until the next search */
} LinceGovernor;

/* Governs from now on with `top` as the highest plan; starts there unless that is what it has
 * governed so far. Counts go on; a governor begins as all zeros. */
LINCE_API void lince_governor_set (LinceGovernor *governor, LincePlanName top, int64_t budget);
/* Takes what the frame under `governor->plan` cost, ns of CPU. True when `plan` is another from
 * now on. */
LINCE_API bool lince_governor_charge (LinceGovernor *governor, int64_t cost);
