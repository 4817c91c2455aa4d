/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/profile.h"

#include <string.h>

static const char *const stage_names[LINCE_STAGE_COUNT] = {
    [LINCE_STAGE_PYRAMID] = "pyramid",
    [LINCE_STAGE_KEYPOINTS] = "keypoints",
    [LINCE_STAGE_DESCRIPTORS] = "descriptors",
    [LINCE_STAGE_SEARCH] = "search",
    [LINCE_STAGE_VOTING] = "voting",
    [LINCE_STAGE_GEOMETRY] = "geometry",
    [LINCE_STAGE_VERIFICATION] = "verification",
    [LINCE_STAGE_TRACKING] = "tracking",
    [LINCE_STAGE_EXPOSURE] = "exposure",
};

const char *
lince_stage_name (LinceStage stage)
{
  return (unsigned) stage < LINCE_STAGE_COUNT ? stage_names[stage] : "unknown";
}

void
lince_profile_begin (LinceProfile *profile, const LincePool *pool)
{
  memset (profile->statistics.last_nanoseconds, 0, sizeof profile->statistics.last_nanoseconds);
  profile->pool = pool;
  profile->stamp = lince_pool_cpu_time (pool);
}

void
lince_profile_stamp (LinceProfile *profile, LinceStage stage)
{
  uint64_t now = lince_pool_cpu_time (profile->pool);
  uint64_t spent = now - profile->stamp;

  profile->statistics.nanoseconds[stage] += spent;
  profile->statistics.last_nanoseconds[stage] += spent;
  profile->stamp = now;
}
