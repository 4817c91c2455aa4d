/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/extractor.h"

#include <stdlib.h>

#define CHUNK 128 /* keypoints that one item of the pool describes */

bool
lince_extractor_init (LinceExtractor *extractor, uint32_t capacity, LinceError *error)
{
  *extractor = (LinceExtractor){.capacity = capacity};
  extractor->finder = lince_keypoint_finder_new (error);
  if (extractor->finder == NULL)
    return false;
  extractor->patterns = calloc (LINCE_SCALES, sizeof *extractor->patterns);
  extractor->keypoints = calloc (capacity, sizeof *extractor->keypoints);
  extractor->descriptors = calloc (capacity, sizeof *extractor->descriptors);
  if (extractor->patterns == NULL || extractor->keypoints == NULL ||
      extractor->descriptors == NULL) {
    lince_extractor_clear (extractor);
    lince_error_set (error, LINCE_ERROR_MEMORY, "no memory for %u keypoints", capacity);
    return false;
  }
  return true;
}

void
lince_extractor_clear (LinceExtractor *extractor)
{
  lince_scales_clear (&extractor->scales);
  lince_keypoint_finder_free (extractor->finder);
  free (extractor->patterns);
  free (extractor->keypoints);
  free (extractor->descriptors);
  *extractor = (LinceExtractor){0};
}

bool
lince_extractor_resize (
    LinceExtractor *extractor, const LincePyramid *pyramid, uint32_t threads, LinceError *error)
{
  LinceScales *scales = &extractor->scales;

  if (!lince_scales_resize (scales, pyramid, threads, error) ||
      !lince_keypoint_finder_resize (extractor->finder, scales, threads, error))
    return false;
  for (int s = scales->first; s < scales->end; s++) {
    LincePattern *pattern = &extractor->patterns[s];
    ptrdiff_t fine = scales->scales[s].stride, coarse = scales->scales[s + 2].stride;

    if (pattern->fine_stride != fine || pattern->coarse_stride != coarse)
      lince_pattern_make (pattern, fine, coarse);
  }
  return true;
}

static void
describe_chunk (void *context, uint32_t item, uint32_t thread)
{
  LinceExtractor *extractor = context;
  uint32_t end = (item + 1) * CHUNK < extractor->count ? (item + 1) * CHUNK : extractor->count;

  for (uint32_t i = item * CHUNK; i < end; i++) {
    LinceKeypoint *keypoint = &extractor->keypoints[i];

    lince_keypoint_describe (&extractor->scales, &extractor->patterns[keypoint->scale], keypoint,
        &extractor->descriptors[i]);
  }
}

void
lince_extractor_run (LinceExtractor *extractor, const LincePyramid *pyramid, uint32_t first,
    uint32_t limit, LincePool *pool, LinceProfile *profile)
{
  lince_scales_build (&extractor->scales, pyramid, pool);
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_PYRAMID);
  extractor->count = lince_keypoint_finder_run (extractor->finder, &extractor->scales, pool,
      extractor->keypoints, first, limit < extractor->capacity ? limit : extractor->capacity);
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_KEYPOINTS);
  lince_pool_run (pool, describe_chunk, extractor, (extractor->count + CHUNK - 1) / CHUNK);
  if (profile != NULL)
    lince_profile_stamp (profile, LINCE_STAGE_DESCRIPTORS);
}
