/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recognition/levels.h"

#include <math.h>

#include "recognition/quad.h"

double
lince_level_frame_scale (const LincePyramid *pyramid, const LinceReference *reference,
    const double homography[9], double least_side)
{
  int width, height;
  LincePoint corners[4];

  lince_pyramid_frame_size (pyramid, &width, &height);
  if (!lince_quad_from_homography (homography, reference->width, reference->height, corners) ||
      !lince_quad_plausible (corners, least_side, width, height))
    return 0;
  return sqrt (lince_quad_area (corners) / ((double) reference->width * reference->height));
}

double
lince_level_scale (const LinceReference *reference, int level, double scale)
{
  const LinceReferenceLevel *l = &reference->levels[level];

  return scale * sqrt ((double) reference->width / l->width * reference->height / l->height);
}

static bool
is_within (const LinceReferenceLevel *level, const LinceLevelBounds *bounds)
{
  int longer = level->width > level->height ? level->width : level->height;

  return level->width * level->height <= bounds->area && longer <= bounds->side;
}

int
lince_level_finest (const LincePyramid *pyramid, const LinceReference *reference, double scale,
    const LinceLevelBounds *bounds)
{
  const LincePyramidLevel *base = lince_pyramid_octave (pyramid, 0);
  double pixel = sqrt ((double) base->scale_x * base->scale_y);
  int level = 0;

  while (level + 1 < reference->level_count &&
         (!is_within (&reference->levels[level], bounds) ||
             lince_level_scale (reference, level, scale) < bounds->least_pixels * pixel))
    level++;
  return level;
}

int
lince_level_octave (const LincePyramid *pyramid, int component, double scale)
{
  int count =
      component == 0 ? lince_pyramid_octave_count (pyramid) : lince_pyramid_chroma_count (pyramid);
  int best = count > 0 ? 0 : -1;

  for (int i = 1; i < count; i++) {
    const LincePyramidLevel *level = component == 0
                                         ? lince_pyramid_octave (pyramid, i)
                                         : lince_pyramid_chroma (pyramid, component - 1, i);

    if (sqrt ((double) level->scale_x * level->scale_y) > 1.25 * scale)
      break;
    best = i;
  }
  return best;
}
