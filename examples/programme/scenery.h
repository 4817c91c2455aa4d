/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the objects stand in and behind: landscapes, streets, crowds, a studio, and the things that
 * carry or cover them. */
#pragma once

#include "canvas.h"
#include "random.h"

typedef enum {
  LINCE_SCENERY_LANDSCAPE,
  LINCE_SCENERY_CITY,
  LINCE_SCENERY_CROWD,
  LINCE_SCENERY_STUDIO,
  LINCE_SCENERY_COUNT,
} LinceSceneryKind;

/* Both are wider and higher than a frame, so that the camera can move over them. */
typedef struct {
  LinceCanvas *far_plane;  /* opaque */
  LinceCanvas *near_plane; /* mostly transparent; moves faster */
} LinceScenery;

typedef enum {
  LINCE_PROP_CARRIER, /* a person seen from behind what is carried: PART_CARRIER of its plane */
  LINCE_PROP_HANDS,   /* that person's hands, before it */
  LINCE_PROP_BOARD,   /* a board with posts, behind */
  LINCE_PROP_POST,    /* a lamp post, passing before all */
  LINCE_PROP_COVER,   /* a panel that stands before a part of something */
  LINCE_PROP_COUNT,
} LincePropKind;

/* `height` of the frame in pixels. */
void lince_scenery_init (LinceScenery *scenery, LinceSceneryKind kind, uint64_t seed, int width,
    int height, LinceMatrix matrix);
void lince_scenery_clear (LinceScenery *scenery);

LinceCanvas *lince_prop_new (LincePropKind kind, uint64_t seed, int height, LinceMatrix matrix);
/* x0, y0, x1, y1 of the prop in the plane in which what it belongs to is the unit square. */
extern const double lince_prop_parts[LINCE_PROP_COUNT][4];
