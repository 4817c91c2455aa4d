/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "script.h"

#include <math.h>

#include "shot.h"

#define SHUTTER 0.5 /* share of a frame's time that it is open */

static bool
is_empty (LinceScriptKind kind)
{
  return kind == LINCE_SCRIPT_EMPTY || kind == LINCE_SCRIPT_NEGATIVE;
}

/* Those in which something plays. */
static void
draw_sceneries (LinceScript *script)
{
  const LinceScriptSettings *s = &script->settings;
  for (guint i = 0; i < script->shots->len; i++) {
    int kind = g_array_index (script->shots, LinceShot, i).scenery;
    if (kind >= 0 && !script->sceneries[kind].far_plane)
      lince_scenery_init (
          &script->sceneries[kind], kind, s->seed, s->width, s->height, script->matrix);
  }
}

LinceScript *
lince_script_new (const LinceScriptSettings *settings, GPtrArray *artworks)
{
  LinceScript *script = g_new0 (LinceScript, 1);
  script->settings = *settings;
  script->matrix = settings->height >= 720 ? LINCE_MATRIX_BT709 : LINCE_MATRIX_BT601;
  script->canvases = g_ptr_array_new_with_free_func ((GDestroyNotify) lince_canvas_free);
  script->shots = g_array_new (FALSE, TRUE, sizeof (LinceShot));
  script->overlays = g_array_new (FALSE, TRUE, sizeof (LinceActor));
  script->drawn = g_ptr_array_new_with_free_func ((GDestroyNotify) lince_canvas_free);
  script->phases = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  int count = is_empty (settings->kind) ? 0 : MIN (settings->object_count, (int) artworks->len);
  for (int i = 0; i < count; i++) {
    LinceArtwork *artwork = artworks->pdata[i];
    g_ptr_array_add (script->canvases, lince_canvas_new (artwork->surface, script->matrix));
  }
  for (int i = 0; i < LINCE_PROP_COUNT; i++)
    script->props[i] = lince_prop_new (i, settings->seed, settings->height, script->matrix);

  switch (settings->kind) {
    case LINCE_SCRIPT_SWEEP:
      lince_sweep_write (script);
      break;
    case LINCE_SCRIPT_NEGATIVE:
      lince_negative_write (script);
      break;
    default:
      lince_story_write (script);
  }
  draw_sceneries (script);
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
  g_ptr_array_unref (script->phases);
  g_ptr_array_unref (script->drawn);
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

static LinceCorners
plane_quad (const LinceScript *script, const LinceShot *shot, const LinceCanvas *canvas,
    double time, double speed)
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
  return (LinceCorners){{x, y, x + cw, y, x + cw, y + ch, x, y + ch}};
}

/* A rectangle turned in space, seen from 2.4 of its larger sides. */
static LinceCorners
turned_quad (double x, double y, double width, double height, double yaw, double pitch, double roll)
{
  static const double corners[4][2] = {{-0.5, -0.5}, {0.5, -0.5}, {0.5, 0.5}, {-0.5, 0.5}};
  double distance = 2.4 * fmax (width, height);
  LinceCorners quad;
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

static LinceCorners
actor_quad (const LinceScript *script, const LinceShot *shot, const LinceActor *actor, double time)
{
  double h = script->settings.height;
  double share = actor->to < 1e8 ? (time - actor->from) / (actor->to - actor->from) : 0;
  double size = along (actor->size, share) * h;
  double sway = actor->wobble * h * sin (time * 7.5),
         nod = actor->wobble * h * fabs (sin (time * 7.5));
  LinceCorners quad = turned_quad (along (actor->x, share) * h + sway * 0.5,
      along (actor->y, share) * h - nod, size * actor->aspect, size, along (actor->yaw, share),
      along (actor->pitch, share), along (actor->roll, share));
  if (actor->place == LINCE_IN_WORLD) {
    const LinceCanvas *plane = script->sceneries[shot->scenery].far_plane;
    LinceCorners world = plane_quad (script, shot, plane, time, 1);
    LinceProjection camera = lince_projection_from_quad (&world);
    for (int i = 0; i < 8; i += 2)
      lince_projection_map (&camera, quad.at[i] / plane->width, quad.at[i + 1] / plane->height,
          &quad.at[i], &quad.at[i + 1]);
  }
  if (actor->part)
    quad =
        lince_corners_part (&quad, actor->part[0], actor->part[1], actor->part[2], actor->part[3]);
  return quad;
}

static const LinceCanvas *
actor_canvas (const LinceActor *actor, double time)
{
  if (!actor->phases || actor->phases->len == 0)
    return actor->canvas;
  double length = actor->phases->len * LINCE_PHASE_SECONDS;
  double at = fmod (time - actor->from, length + actor->rest) - actor->rest;
  return at < 0 ? actor->canvas
                : actor->phases->pdata[(guint) (at / LINCE_PHASE_SECONDS) % actor->phases->len];
}

/* The time for which the shutter is open, on both sides of `time`. */
typedef struct {
  double time, half;
} Moment;

static LinceCorners
moved_quad (LinceCorners quad, const double way[2], double share)
{
  for (int i = 0; i < 8; i++)
    quad.at[i] += way[i % 2] * share;
  return quad;
}

static void
add_actor_layer (const LinceScript *script, const LinceShot *shot, const LinceActor *actor,
    Moment moment, LinceLayer *layers, int *count)
{
  double time = moment.time, half = moment.half, opacity = actor->opacity;
  if (time < actor->from || time >= actor->to || *count == LINCE_SCRIPT_MAX_LAYERS)
    return;
  if (actor->fade > 0)
    opacity *= CLAMP (fmin (time - actor->from, actor->to - time) / actor->fade, 0, 1);
  layers[(*count)++] = (LinceLayer){.canvas = actor_canvas (actor, time),
      .opacity = opacity,
      .blur = actor->blur,
      .object = actor->object,
      .opened = moved_quad (actor_quad (script, shot, actor, time - half), actor->smear, -0.5),
      .quad = actor_quad (script, shot, actor, time),
      .closed = moved_quad (actor_quad (script, shot, actor, time + half), actor->smear, 0.5)};
}

static void
add_plane_layer (const LinceScript *script, const LinceShot *shot, const LinceCanvas *canvas,
    double speed, Moment moment, LinceLayer *layers, int *count)
{
  double time = moment.time, half = moment.half;
  layers[(*count)++] = (LinceLayer){.canvas = canvas,
      .opacity = 1,
      .object = -1,
      .opened = plane_quad (script, shot, canvas, time - half, speed),
      .quad = plane_quad (script, shot, canvas, time, speed),
      .closed = plane_quad (script, shot, canvas, time + half, speed)};
}

static const LinceShot *
find_shot (const LinceScript *script, int frame)
{
  const LinceShot *shots = (const LinceShot *) script->shots->data;
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

static void
add_actors (const LinceScript *script, const LinceShot *shot, LincePlace place, Moment moment,
    LinceLayer *layers, int *count)
{
  for (int i = 0; i < shot->actor_count; i++)
    if (shot->actors[i].place == place)
      add_actor_layer (script, shot, &shot->actors[i], moment, layers, count);
}

static void
set_finish (
    const LinceScript *script, const LinceShot *shot, int frame, double time, LinceFinish *finish)
{
  double length = (double) (shot->end - shot->first) / script->settings.fps;
  LinceRandom random = lince_random_for (script->settings.seed, 0x10000000 + (guint64) frame);
  finish->gain = shot->gain * (1 + shot->flicker * sin (time * 1.7));
  finish->noise = shot->noise;
  finish->blur = shot->defocus + shot->focus_pull * fmax (0, 1 - time / (0.25 * length));
  finish->seed = lince_random_next (&random);
}

int
lince_script_layers (const LinceScript *script, int frame, int field,
    LinceLayer layers[LINCE_SCRIPT_MAX_LAYERS], LinceFinish *finish)
{
  const LinceShot *shot = find_shot (script, frame);
  double fps = script->settings.fps, offset = 0.25 * field;
  Moment moment = {
      fmax (frame - shot->first + offset, 0) / fps, (field ? 0.5 : 1) * SHUTTER / 2 / fps};
  int count = 0;
  if (shot->scenery >= 0)
    add_plane_layer (
        script, shot, script->sceneries[shot->scenery].far_plane, 1, moment, layers, &count);
  add_actors (script, shot, LINCE_IN_WORLD, moment, layers, &count);
  if (shot->scenery >= 0)
    add_plane_layer (
        script, shot, script->sceneries[shot->scenery].near_plane, 1.25, moment, layers, &count);
  add_actors (script, shot, LINCE_IN_PICTURE, moment, layers, &count);
  set_finish (script, shot, frame, moment.time, finish);
  finish->blurred_layers = count;
  moment.time = fmax (frame + offset, 0) / fps;
  for (guint i = 0; i < script->overlays->len; i++)
    add_actor_layer (
        script, shot, &g_array_index (script->overlays, LinceActor, i), moment, layers, &count);
  return count;
}
