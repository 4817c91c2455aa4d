/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The demo's story, and shots of any object anywhere. */
#include <math.h>

#include "shot.h"

#define ROUND_SECONDS 40

static void
turn_freely (LinceActor *actor, LinceRandom *random, double tilt, double roll)
{
  for (int i = 0; i < 2; i++) {
    actor->yaw[i] = lince_random_range (random, -tilt, tilt);
    actor->pitch[i] = lince_random_range (random, -tilt, tilt) * 0.6;
    actor->roll[i] = lince_random_range (random, -roll, roll);
  }
}

/* A person carries object `object` through the picture. */
static void
add_carried (LinceScript *script, LinceShot *shot, LinceRandom *random, int object, double seconds,
    bool back)
{
  double wide = (double) script->settings.width / script->settings.height;
  LinceActor *actor = lince_shot_add (script, shot, object, 0.56);
  if (!actor)
    return;
  actor->from = 0.08 * seconds;
  actor->to = 0.92 * seconds;
  lince_set_way (actor->x, back ? wide + 0.25 : -0.25, back ? -0.25 : wide + 0.25);
  lince_set_way (actor->y, 0.52, 0.48);
  turn_freely (actor, random, script->settings.hard ? 0.7 : 0.35, 0.1);
  actor->wobble = 0.012;
  LinceActor carried = *actor;
  shot->actor_count--;
  lince_shot_add_prop (script, shot, LINCE_PROP_CARRIER, &carried);
  shot->actors[shot->actor_count++] = carried;
  lince_shot_add_prop (script, shot, LINCE_PROP_HANDS, &carried);
}

/* Object `object` on a board that stands in the world. */
static void
add_board (
    LinceScript *script, LinceShot *shot, int object, double x, double y, double size, double yaw)
{
  LinceActor *actor = lince_shot_add (script, shot, object, size);
  if (!actor)
    return;
  actor->place = LINCE_IN_WORLD;
  lince_set_way (actor->x, x, x);
  lince_set_way (actor->y, y, y);
  lince_set_way (actor->yaw, yaw, yaw);
  LinceActor board = *actor;
  shot->actor_count--;
  lince_shot_add_prop (script, shot, LINCE_PROP_BOARD, &board);
  shot->actors[shot->actor_count++] = board;
}

static void
add_post (LinceScript *script, LinceShot *shot, double from, double to)
{
  double wide = (double) script->settings.width / script->settings.height;
  LinceActor post = {.object = -1,
      .aspect = 0.1,
      .opacity = 1,
      .place = LINCE_IN_PICTURE,
      .from = from,
      .to = to,
      .size = {1.1, 1.1},
      .y = {0.5, 0.5},
      .x = {wide + 0.1, -0.1}};
  lince_shot_add_prop (script, shot, LINCE_PROP_POST, &post);
}

static void
add_shown (LinceScript *script, LinceShot *shot, LinceRandom *random, int object, double x,
    double seconds, double start)
{
  LinceActor *actor = lince_shot_add (script, shot, object, 0.5);
  if (!actor)
    return;
  actor->from = start * seconds;
  actor->to = (start + 0.62) * seconds;
  actor->fade = 0.3;
  lince_set_way (actor->x, x, x + lince_random_range (random, -0.2, 0.2));
  lince_set_way (actor->y, 0.5, 0.45);
  lince_set_way (actor->size, 0.42, 0.62);
  turn_freely (actor, random, script->settings.hard ? 0.8 : 0.5, 0.3);
  actor->blur = script->settings.hard ? 1.5 : 0.7;
}

static void
play_shot (LinceScript *script, LinceShot *shot, LinceRandom *random, int which, double seconds)
{
  bool hard = script->settings.hard;
  double wide = (double) script->settings.width / script->settings.height;
  switch (which) {
    case 0:
      add_carried (script, shot, random, 1, seconds, lince_random_below (random, 2));
      break;
    case 1:
      add_board (script, shot, 2, wide * 0.75, 0.52, 0.26, lince_random_range (random, -0.5, 0.5));
      add_post (script, shot, seconds * 0.4, seconds * 0.7);
      shot->focus_pull = hard ? 2.5 : 1.2;
      break;
    case 2:
      add_board (script, shot, 2, wide * 0.52, 0.62, 0.22, 0.25);
      add_board (script, shot, 2, wide * 0.95, 0.62, 0.22, -0.25);
      lince_set_way (shot->pan, 0.35, 0.65);
      break;
    case 3:
      add_shown (script, shot, random, 3, wide * 0.33, seconds, 0.05);
      add_shown (script, shot, random, 4, wide * 0.66, seconds, 0.3);
      break;
    default:
      add_carried (script, shot, random, 5, seconds * 0.6, true);
      shot->shake *= 2;
  }
}

static void
play_random (LinceScript *script, LinceShot *shot, LinceRandom *random, double seconds)
{
  double wide = (double) script->settings.width / script->settings.height,
         tilt = script->settings.hard ? 0.85 : 0.6;
  int count = script->canvases->len ? 1 + lince_random_below (random, 3) : 0;
  for (int i = 0; i < count; i++) {
    LinceActor *actor = lince_shot_add (
        script, shot, lince_random_below (random, (int) script->canvases->len), 0.5);
    if (!actor)
      return;
    double room = wide / count;
    actor->from = lince_random_range (random, 0, 0.3) * seconds;
    actor->to = lince_random_range (random, 0.7, 1.1) * seconds;
    actor->fade = lince_random_below (random, 3) ? 0 : 0.4;
    for (int k = 0; k < 2; k++) {
      actor->x[k] = room * (i + lince_random_range (random, 0.3, 0.7));
      actor->y[k] = lince_random_range (random, 0.35, 0.65);
      actor->size[k] = lince_random_range (random, 0.3, 0.65) / fmax (actor->aspect, 0.8);
    }
    turn_freely (actor, random, tilt, lince_random_below (random, 4) ? 0.4 : 2.5);
    actor->blur = lince_random_below (random, 2)
                      ? 0
                      : lince_random_range (random, 0.5, script->settings.hard ? 2 : 1.2);
    actor->wobble = lince_random_range (random, 0, 0.01);
  }
}

static void
add_bug (LinceScript *script, LinceRandom *random, double from, double to)
{
  const LinceScriptSettings *s = &script->settings;
  if (script->canvases->len == 0)
    return;
  const LinceCanvas *canvas = script->canvases->pdata[0];
  double size = fmax (0.15, 84.0 / s->height), aspect = (double) canvas->width / canvas->height;
  double x = (double) s->width / s->height - 0.06 - size * aspect / 2, y = 0.06 + size / 2;
  /* what a station keys in stands on whole pixels */
  x = (round ((x - size * aspect / 2) * s->height) / s->height) + size * aspect / 2;
  LinceActor bug = {.object = 0,
      .canvas = canvas,
      .place = LINCE_ON_SCREEN,
      .aspect = aspect,
      .from = from,
      .to = to,
      .fade = fmin (0.8, (to - from) / 6),
      .x = {x, x},
      .y = {y, y},
      .size = {size, size},
      .opacity = s->hard ? lince_random_range (random, 0.4, 0.55) : 1};
  g_array_append_val (script->overlays, bug);
}

static void
write_round (LinceScript *script, int number, int first, int end)
{
  static const double story[] = {0.22, 0.2, 0.2, 0.2, 0.18}, brief[] = {0.36, 0.3, 0.34};
  static const int places[] = {LINCE_SCENERY_LANDSCAPE, LINCE_SCENERY_CITY, LINCE_SCENERY_CROWD,
      LINCE_SCENERY_STUDIO, LINCE_SCENERY_LANDSCAPE};
  const LinceScriptSettings *s = &script->settings;
  double seconds = (double) (end - first) / s->fps, start = (double) first / s->fps;
  bool is_brief = seconds < 20, any = s->kind == LINCE_SCRIPT_RANDOM;
  int count = is_brief ? 3 : any ? 8 : 5, at = first;
  LinceRandom random = lince_random_for (s->seed, 100000 + (guint64) number);
  double sum = 0;
  for (int i = 0; i < count; i++) {
    sum += any ? 1.0 / count : is_brief ? brief[i] : story[i];
    LinceShot shot = lince_shot_begin (
        script, &random, any ? lince_random_below (&random, LINCE_SCENERY_COUNT) : places[i]);
    shot.first = at;
    shot.end = i + 1 == count ? end : first + (int) lrint (sum * (end - first));
    at = shot.end;
    double length = (double) (shot.end - shot.first) / s->fps;
    if (any)
      play_random (script, &shot, &random, length);
    else
      play_shot (script, &shot, &random, i, length);
    g_array_append_val (script->shots, shot);
  }
  if (!any || lince_random_below (&random, 2)) {
    add_bug (script, &random, start + 0.06 * seconds, start + 0.5 * seconds);
    if (!is_brief)
      add_bug (script, &random, start + 0.68 * seconds, start + 0.92 * seconds);
  }
}

void
lince_story_write (LinceScript *script)
{
  const LinceScriptSettings *settings = &script->settings;
  int length = ROUND_SECONDS * settings->fps;
  for (int first = 0, round = 0; first < settings->frame_count; round++) {
    int end = first + length;
    if (settings->frame_count - end < length / 2) /* a short rest belongs to the round before it */
      end = settings->frame_count;
    write_round (script, round, first, end);
    first = end;
  }
}
