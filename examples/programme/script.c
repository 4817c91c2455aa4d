/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "script.h"

#include <math.h>
#include <stdbool.h>

#include "random.h"
#include "scenery.h"

#define MAX_ACTORS 12
#define ROUND_SECONDS 40
#define SHUTTER 0.5 /* share of a frame's time that it is open */

typedef enum { ON_SCREEN, IN_PICTURE, IN_WORLD } Place;

/* Lengths are in heights of the frame, from its top left (IN_WORLD: the far plane's, at rest);
 * angles in radians; times in seconds of the shot, or of the programme ON_SCREEN. */
typedef struct {
  int object; /* -1: a prop */
  const LinceCanvas *canvas;
  double aspect;      /* width to height */
  const double *part; /* of the plane of what it belongs to; NULL: itself */
  Place place;
  double from, to, fade;
  double x[2], y[2], size[2], yaw[2], pitch[2], roll[2]; /* at the start and the end */
  double wobble, opacity, blur;
} Actor;

typedef struct {
  int first, end; /* frames */
  int scenery;
  double pan[2], tilt[2], zoom[2]; /* shares of the free way; factor */
  double shake, gain, noise, focus_pull;
  int actor_count;
  Actor actors[MAX_ACTORS];
} Shot;

struct _LinceScript {
  LinceScriptSettings settings;
  LinceMatrix matrix;
  GPtrArray *canvases; /* of the objects that take part */
  LinceScenery sceneries[LINCE_SCENERY_COUNT];
  LinceCanvas *props[LINCE_PROP_COUNT];
  GArray *shots;
  GArray *overlays; /* actors ON_SCREEN */
};

/* --- writing --- */

static Actor *
add_actor (LinceScript *script, Shot *shot, int object, double size)
{
  if (object >= (int) script->canvases->len || shot->actor_count == MAX_ACTORS)
    return NULL;
  const LinceCanvas *canvas = script->canvases->pdata[object];
  Actor *actor = &shot->actors[shot->actor_count++];
  *actor = (Actor){.object = object,
      .canvas = canvas,
      .place = IN_PICTURE,
      .opacity = 1,
      .aspect = (double) canvas->width / canvas->height,
      .size = {size, size},
      .to = 1e9};
  return actor;
}

static void
add_prop (LinceScript *script, Shot *shot, LincePropKind kind, const Actor *with)
{
  if (!with || shot->actor_count == MAX_ACTORS)
    return;
  Actor *prop = &shot->actors[shot->actor_count++];
  *prop = *with;
  prop->object = -1;
  prop->canvas = script->props[kind];
  prop->part = lince_prop_parts[kind];
}

static void
set_way (double way[2], double from, double to)
{
  way[0] = from;
  way[1] = to;
}

static void
turn_freely (Actor *actor, LinceRandom *random, double tilt, double roll)
{
  for (int i = 0; i < 2; i++) {
    actor->yaw[i] = lince_random_range (random, -tilt, tilt);
    actor->pitch[i] = lince_random_range (random, -tilt, tilt) * 0.6;
    actor->roll[i] = lince_random_range (random, -roll, roll);
  }
}

/* A person carries object `object` through the picture. */
static void
add_carried (
    LinceScript *script, Shot *shot, LinceRandom *random, int object, double seconds, bool back)
{
  double wide = (double) script->settings.width / script->settings.height;
  Actor *actor = add_actor (script, shot, object, 0.56);
  if (!actor)
    return;
  actor->from = 0.08 * seconds;
  actor->to = 0.92 * seconds;
  set_way (actor->x, back ? wide + 0.25 : -0.25, back ? -0.25 : wide + 0.25);
  set_way (actor->y, 0.52, 0.48);
  turn_freely (actor, random, script->settings.hard ? 0.7 : 0.35, 0.1);
  actor->wobble = 0.012;
  Actor carried = *actor;
  shot->actor_count--;
  add_prop (script, shot, LINCE_PROP_CARRIER, &carried);
  shot->actors[shot->actor_count++] = carried;
  add_prop (script, shot, LINCE_PROP_HANDS, &carried);
}

/* Object `object` on a board that stands in the world. */
static void
add_board (LinceScript *script, Shot *shot, int object, double x, double y, double size, double yaw)
{
  Actor *actor = add_actor (script, shot, object, size);
  if (!actor)
    return;
  actor->place = IN_WORLD;
  set_way (actor->x, x, x);
  set_way (actor->y, y, y);
  set_way (actor->yaw, yaw, yaw);
  Actor board = *actor;
  shot->actor_count--;
  add_prop (script, shot, LINCE_PROP_BOARD, &board);
  shot->actors[shot->actor_count++] = board;
}

static void
add_post (LinceScript *script, Shot *shot, double from, double to)
{
  double wide = (double) script->settings.width / script->settings.height;
  Actor post = {.object = -1,
      .aspect = 0.1,
      .opacity = 1,
      .place = IN_PICTURE,
      .from = from,
      .to = to,
      .size = {1.1, 1.1},
      .y = {0.5, 0.5},
      .x = {wide + 0.1, -0.1}};
  add_prop (script, shot, LINCE_PROP_POST, &post);
}

static void
add_shown (LinceScript *script, Shot *shot, LinceRandom *random, int object, double x,
    double seconds, double start)
{
  Actor *actor = add_actor (script, shot, object, 0.5);
  if (!actor)
    return;
  actor->from = start * seconds;
  actor->to = (start + 0.62) * seconds;
  actor->fade = 0.3;
  set_way (actor->x, x, x + lince_random_range (random, -0.2, 0.2));
  set_way (actor->y, 0.5, 0.45);
  set_way (actor->size, 0.42, 0.62);
  turn_freely (actor, random, script->settings.hard ? 0.8 : 0.5, 0.3);
  actor->blur = script->settings.hard ? 1.5 : 0.7;
}

static Shot
begin_shot (LinceScript *script, LinceRandom *random, int scenery)
{
  Shot shot = {.scenery = scenery};
  bool right = lince_random_below (random, 2);
  set_way (shot.pan, right ? 0.15 : 0.85, right ? 0.85 : 0.15);
  set_way (shot.tilt, lince_random_range (random, 0.2, 0.8), lince_random_range (random, 0.2, 0.8));
  set_way (shot.zoom, 1, lince_random_range (random, 1, 1.08));
  shot.shake = lince_random_range (random, 0.001, 0.004);
  shot.gain = lince_random_range (random, 0.85, 1.1);
  shot.noise = script->settings.hard ? 4 : lince_random_range (random, 1, 2.5);
  return shot;
}

static void
play_shot (LinceScript *script, Shot *shot, LinceRandom *random, int which, double seconds)
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
      set_way (shot->pan, 0.35, 0.65);
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
play_random (LinceScript *script, Shot *shot, LinceRandom *random, double seconds)
{
  double wide = (double) script->settings.width / script->settings.height,
         tilt = script->settings.hard ? 0.85 : 0.6;
  int count = script->canvases->len ? 1 + lince_random_below (random, 3) : 0;
  for (int i = 0; i < count; i++) {
    Actor *actor =
        add_actor (script, shot, lince_random_below (random, (int) script->canvases->len), 0.5);
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
  Actor bug = {.object = 0,
      .canvas = canvas,
      .place = ON_SCREEN,
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
    Shot shot = begin_shot (
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

LinceScript *
lince_script_new (const LinceScriptSettings *settings, GPtrArray *artworks)
{
  LinceScript *script = g_new0 (LinceScript, 1);
  script->settings = *settings;
  script->matrix = settings->height >= 720 ? LINCE_MATRIX_BT709 : LINCE_MATRIX_BT601;
  script->canvases = g_ptr_array_new_with_free_func ((GDestroyNotify) lince_canvas_free);
  script->shots = g_array_new (FALSE, TRUE, sizeof (Shot));
  script->overlays = g_array_new (FALSE, TRUE, sizeof (Actor));
  int count =
      settings->kind == LINCE_SCRIPT_EMPTY ? 0 : MIN (settings->object_count, (int) artworks->len);
  for (int i = 0; i < count; i++) {
    LinceArtwork *artwork = artworks->pdata[i];
    g_ptr_array_add (script->canvases, lince_canvas_new (artwork->surface, script->matrix));
  }
  for (int i = 0; i < LINCE_SCENERY_COUNT; i++)
    lince_scenery_init (&script->sceneries[i], i, settings->seed, settings->width, settings->height,
        script->matrix);
  for (int i = 0; i < LINCE_PROP_COUNT; i++)
    script->props[i] = lince_prop_new (i, settings->seed, settings->height, script->matrix);

  int length = ROUND_SECONDS * settings->fps;
  for (int first = 0, round = 0; first < settings->frame_count; round++) {
    int end = first + length;
    if (settings->frame_count - end < length / 2) /* a short rest belongs to the round before it */
      end = settings->frame_count;
    write_round (script, round, first, end);
    first = end;
  }
  return script;
}

void
lince_script_free (LinceScript *script)
{
  if (!script)
    return;
  g_ptr_array_unref (script->canvases);
  g_array_unref (script->shots);
  g_array_unref (script->overlays);
  for (int i = 0; i < LINCE_SCENERY_COUNT; i++)
    lince_scenery_clear (&script->sceneries[i]);
  for (int i = 0; i < LINCE_PROP_COUNT; i++)
    lince_canvas_free (script->props[i]);
  g_free (script);
}

/* --- playing --- */

static double
along (const double way[2], double share)
{
  return way[0] + (way[1] - way[0]) * share;
}

static LinceQuad
plane_quad (const LinceScript *script, const Shot *shot, const LinceCanvas *canvas, double time,
    double speed)
{
  double length = (double) (shot->end - shot->first) / script->settings.fps, share = time / length;
  double eased = share * share * (3 - 2 * share);
  int w = script->settings.width, h = script->settings.height;
  double shake_x = h * shot->shake * (sin (time * 5.1) + 0.6 * sin (time * 11.3 + 1));
  double shake_y = h * shot->shake * (sin (time * 6.3 + 2) + 0.6 * sin (time * 9.7));
  double zoom = along (shot->zoom, eased), cw = canvas->width * zoom, ch = canvas->height * zoom;
  double margin = 0.012 * h;
  double pan = 0.5 + (along (shot->pan, eased) - 0.5) * speed;
  double x = -margin - (cw - w - 2 * margin) * CLAMP (pan, 0, 1) + shake_x;
  double y = -margin - (ch - h - 2 * margin) * along (shot->tilt, eased) + shake_y;
  return (LinceQuad){{x, y, x + cw, y, x + cw, y + ch, x, y + ch}};
}

/* A rectangle turned in space, seen from 2.4 of its larger sides. */
static LinceQuad
turned_quad (double x, double y, double width, double height, double yaw, double pitch, double roll)
{
  static const double corners[4][2] = {{-0.5, -0.5}, {0.5, -0.5}, {0.5, 0.5}, {-0.5, 0.5}};
  double distance = 2.4 * fmax (width, height);
  LinceQuad quad;
  for (int i = 0; i < 4; i++) {
    double px = corners[i][0] * width, py = corners[i][1] * height;
    double rx = px * cos (roll) - py * sin (roll), ry = px * sin (roll) + py * cos (roll);
    double depth = rx * sin (yaw), cx = rx * cos (yaw);
    double cy = ry * cos (pitch) - depth * sin (pitch);
    depth = ry * sin (pitch) + depth * cos (pitch);
    double scale = distance / (distance + depth);
    quad.at[2 * i] = x + cx * scale;
    quad.at[2 * i + 1] = y + cy * scale;
  }
  return quad;
}

static LinceQuad
actor_quad (const LinceScript *script, const Shot *shot, const Actor *actor, double time)
{
  double h = script->settings.height;
  double share = actor->to < 1e8 ? (time - actor->from) / (actor->to - actor->from) : 0;
  double size = along (actor->size, share) * h;
  double sway = actor->wobble * h * sin (time * 7.5),
         nod = actor->wobble * h * fabs (sin (time * 7.5));
  LinceQuad quad = turned_quad (along (actor->x, share) * h + sway * 0.5,
      along (actor->y, share) * h - nod, size * actor->aspect, size, along (actor->yaw, share),
      along (actor->pitch, share), along (actor->roll, share));
  if (actor->place == IN_WORLD) {
    const LinceCanvas *plane = script->sceneries[shot->scenery].far_plane;
    LinceQuad world = plane_quad (script, shot, plane, time, 1);
    LinceHomography camera = lince_homography_from_quad (&world);
    for (int i = 0; i < 8; i += 2)
      lince_homography_map (&camera, quad.at[i] / plane->width, quad.at[i + 1] / plane->height,
          &quad.at[i], &quad.at[i + 1]);
  }
  if (actor->part)
    quad = lince_quad_part (&quad, actor->part[0], actor->part[1], actor->part[2], actor->part[3]);
  return quad;
}

static void
add_actor_layer (const LinceScript *script, const Shot *shot, const Actor *actor, double time,
    LinceLayer *layers, int *count)
{
  if (time < actor->from || time >= actor->to || *count == LINCE_SCRIPT_MAX_LAYERS)
    return;
  double half = SHUTTER / 2 / script->settings.fps, opacity = actor->opacity;
  if (actor->fade > 0)
    opacity *= CLAMP (fmin (time - actor->from, actor->to - time) / actor->fade, 0, 1);
  layers[(*count)++] = (LinceLayer){.canvas = actor->canvas,
      .opacity = opacity,
      .blur = actor->blur,
      .object = actor->object,
      .opened = actor_quad (script, shot, actor, time - half),
      .quad = actor_quad (script, shot, actor, time),
      .closed = actor_quad (script, shot, actor, time + half)};
}

static void
add_plane_layer (const LinceScript *script, const Shot *shot, const LinceCanvas *canvas,
    double speed, double time, LinceLayer *layers, int *count)
{
  double half = SHUTTER / 2 / script->settings.fps;
  layers[(*count)++] = (LinceLayer){.canvas = canvas,
      .opacity = 1,
      .object = -1,
      .opened = plane_quad (script, shot, canvas, time - half, speed),
      .quad = plane_quad (script, shot, canvas, time, speed),
      .closed = plane_quad (script, shot, canvas, time + half, speed)};
}

static const Shot *
find_shot (const LinceScript *script, int frame)
{
  const Shot *shots = (const Shot *) script->shots->data;
  guint low = 0, high = script->shots->len;
  while (high - low > 1) {
    guint middle = (low + high) / 2;
    if (shots[middle].first <= frame)
      low = middle;
    else
      high = middle;
  }
  return &shots[low];
}

int
lince_script_layers (const LinceScript *script, int frame,
    LinceLayer layers[LINCE_SCRIPT_MAX_LAYERS], LinceFinish *finish)
{
  const Shot *shot = find_shot (script, frame);
  const LinceScenery *scenery = &script->sceneries[shot->scenery];
  double fps = script->settings.fps, time = (frame - shot->first) / fps,
         length = (shot->end - shot->first) / fps;
  int count = 0;
  add_plane_layer (script, shot, scenery->far_plane, 1, time, layers, &count);
  for (int i = 0; i < shot->actor_count; i++)
    if (shot->actors[i].place == IN_WORLD)
      add_actor_layer (script, shot, &shot->actors[i], time, layers, &count);
  add_plane_layer (script, shot, scenery->near_plane, 1.25, time, layers, &count);
  for (int i = 0; i < shot->actor_count; i++)
    if (shot->actors[i].place == IN_PICTURE)
      add_actor_layer (script, shot, &shot->actors[i], time, layers, &count);

  LinceRandom random = lince_random_for (script->settings.seed, 0x10000000 + (guint64) frame);
  finish->gain = shot->gain * (1 + 0.04 * sin (time * 1.7));
  finish->noise = shot->noise;
  finish->blur = shot->focus_pull * fmax (0, 1 - time / (0.25 * length));
  finish->blurred_layers = count;
  finish->seed = lince_random_next (&random);
  for (guint i = 0; i < script->overlays->len; i++) {
    const Actor *actor = &g_array_index (script->overlays, Actor, i);
    add_actor_layer (script, shot, actor, frame / fps, layers, &count);
  }
  return count;
}
