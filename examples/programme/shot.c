/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shot.h"

LinceActor *
lince_shot_add (const LinceScript *script, LinceShot *shot, int object, double size)
{
  if (object >= (int) script->canvases->len || shot->actor_count == LINCE_SHOT_MAX_ACTORS)
    return NULL;
  const LinceCanvas *canvas = script->canvases->pdata[object];
  LinceActor *actor = &shot->actors[shot->actor_count++];
  *actor = (LinceActor){.object = object,
      .canvas = canvas,
      .place = LINCE_IN_PICTURE,
      .opacity = 1,
      .aspect = (double) canvas->width / canvas->height,
      .size = {size, size},
      .to = 1e9};
  return actor;
}

void
lince_shot_add_prop (
    const LinceScript *script, LinceShot *shot, LincePropKind kind, const LinceActor *with)
{
  if (!with || shot->actor_count == LINCE_SHOT_MAX_ACTORS)
    return;
  LinceActor *prop = &shot->actors[shot->actor_count++];
  *prop = *with;
  prop->object = -1;
  prop->canvas = script->props[kind];
  prop->part = lince_prop_parts[kind];
}

void
lince_set_way (double way[2], double from, double to)
{
  way[0] = from;
  way[1] = to;
}

LinceShot
lince_shot_begin (const LinceScript *script, LinceRandom *random, int scenery)
{
  LinceShot shot = {.scenery = scenery, .flicker = 0.04};
  bool right = lince_random_below (random, 2);
  lince_set_way (shot.pan, right ? 0.15 : 0.85, right ? 0.85 : 0.15);
  lince_set_way (
      shot.tilt, lince_random_range (random, 0.2, 0.8), lince_random_range (random, 0.2, 0.8));
  lince_set_way (shot.zoom, 1, lince_random_range (random, 1, 1.08));
  shot.shake = lince_random_range (random, 0.001, 0.004);
  shot.gain = lince_random_range (random, 0.85, 1.1);
  shot.noise = script->settings.hard ? 4 : lince_random_range (random, 1, 2.5);
  return shot;
}
