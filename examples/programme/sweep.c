/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Objects shown under one condition that stays the same for a whole clip: what curves are measured
 * on. */
#include <math.h>
#include <string.h>

#include "shot.h"

/* The references of a sweep's set take turns: textured, mark, bug. */
#define KINDS 3
#define AT_ONCE 6 /* of textured objects and marks */
#define CORNERS 4 /* bugs at once */
#define MARGIN 0.06

typedef struct {
  const LinceScript *script;
  const LinceSweep *sweep;
  double wide;          /* the frame's width in heights */
  int shown;            /* how many objects take turns */
  double width, height; /* of the largest object as it stands, with room */
  int columns, rows;
} Plan;

static int
object_number (const Plan *plan, int i)
{
  i %= plan->shown;
  if (plan->sweep->show == LINCE_SWEEP_MIXED)
    return i % 2 + KINDS * (i / 2);
  return (int) plan->sweep->show + KINDS * i;
}

/* The height at which object `number` fits into `size` of both of the frame's sides. */
static double
fitting_height (const Plan *plan, int number)
{
  const LinceCanvas *canvas = plan->script->canvases->pdata[number];
  double aspect = (double) canvas->width / canvas->height;
  if (plan->sweep->tall > 0)
    return plan->sweep->tall;
  return plan->sweep->size * fmin (1, plan->wide / aspect);
}

static void
measure_objects (Plan *plan)
{
  double turn = plan->sweep->turn * G_PI / 180;
  for (int i = 0; i < plan->shown; i++) {
    const LinceCanvas *canvas = plan->script->canvases->pdata[object_number (plan, i)];
    double h = fitting_height (plan, object_number (plan, i));
    double w = h * canvas->width / canvas->height;
    double across = w * fabs (cos (turn)) + h * fabs (sin (turn));
    double along = w * fabs (sin (turn)) + h * fabs (cos (turn));
    plan->width = fmax (plan->width, across * 1.08 + 0.02);
    plan->height = fmax (plan->height, along * 1.08 + 0.02);
  }
}

/* As even a grid as possible of as many cells as wanted, or as fit. */
static void
divide_frame (Plan *plan, int wanted)
{
  int most_columns = MAX ((int) (plan->wide / plan->width), 1),
      most_rows = MAX ((int) (1 / plan->height), 1);
  plan->rows = CLAMP ((int) lrint (sqrt (wanted / plan->wide)), 1, most_rows);
  plan->columns = MIN ((wanted + plan->rows - 1) / plan->rows, most_columns);
  while (plan->columns * plan->rows < wanted && plan->rows < most_rows)
    plan->rows++;
}

static void
add_cover (LinceScript *script, LinceShot *shot, const LinceActor *actor, int side)
{
  if (script->settings.sweep.cover <= 0)
    return;
  LinceActor with = *actor;
  with.opacity = 1;
  lince_shot_add_prop (script, shot, LINCE_PROP_COVER, &with);
  shot->actors[shot->actor_count - 1].part = script->covers[side];
}

static void
add_object (LinceScript *script, LinceShot *shot, const Plan *plan, LinceRandom *random, int number,
    int cell, double seconds)
{
  const LinceSweep *s = plan->sweep;
  double cell_w = plan->wide / plan->columns, cell_h = 1.0 / plan->rows;
  double x = (cell % plan->columns + 0.5) * cell_w, y = (cell / plan->columns + 0.5) * cell_h;
  double free_x = fmax (cell_w - plan->width, 0) / 2, free_y = fmax (cell_h - plan->height, 0) / 2;
  LinceActor *actor = lince_shot_add (script, shot, number, fitting_height (plan, number));
  if (!actor)
    return;
  x += lince_random_range (random, -free_x, free_x);
  y += lince_random_range (random, -free_y, free_y);
  double way = s->speed * seconds / 2, heading = lince_random_range (random, -0.3, 0.3);
  way = lince_random_below (random, 2) ? way : -way;
  lince_set_way (actor->x, x - way * cos (heading), x + way * cos (heading));
  lince_set_way (actor->y, y - way * sin (heading), y + way * sin (heading));
  actor->to = seconds;
  double tilt = s->tilt * G_PI / 180 * (lince_random_below (random, 2) ? 1 : -1);
  double *tilted = lince_random_below (random, 2) ? actor->yaw : actor->pitch;
  lince_set_way (tilted, tilt, tilt);
  double turn = s->turn * G_PI / 180 * (lince_random_below (random, 2) ? 1 : -1);
  lince_set_way (actor->roll, turn, turn);
  actor->opacity = s->opacity;
  double smear = lince_random_range (random, 0, G_PI);
  actor->smear[0] = s->motion * cos (smear);
  actor->smear[1] = s->motion * sin (smear);
  LinceActor placed = *actor;
  add_cover (script, shot, &placed, lince_random_below (random, 4));
}

static LinceShot
begin (LinceScript *script, LinceRandom *random, int number, int first, int end)
{
  LinceShot shot = lince_shot_begin (script, random, number % LINCE_SCENERY_COUNT);
  shot.first = first;
  shot.end = end;
  shot.gain = 1;
  shot.noise = script->settings.sweep.noise;
  if (script->settings.sweep.show != LINCE_SWEEP_BUG)
    shot.defocus = script->settings.sweep.blur;
  return shot;
}

/* Objects in the picture: each cut shows the next ones, in other places. */
static void
write_shots (LinceScript *script, const Plan *plan, int shots)
{
  const LinceScriptSettings *s = &script->settings;
  LinceRandom random = lince_random_for (s->seed, 300000 + (guint64) plan->sweep->show);
  int cells = plan->columns * plan->rows, next = 0;
  int once = plan->sweep->instances > 1 ? 1 : MIN (cells, plan->shown);
  int instances = MIN (plan->sweep->instances, cells);
  for (int i = 0; i < shots; i++) {
    int first = i * s->frame_count / shots, end = (i + 1) * s->frame_count / shots;
    LinceShot shot = begin (script, &random, i, first, end);
    int start = lince_random_below (&random, cells);
    for (int k = 0; k < once * instances; k++)
      add_object (script, &shot, plan, &random, object_number (plan, next + k / instances),
          (start + k) % cells, (double) (end - first) / s->fps);
    next += once;
    g_array_append_val (script->shots, shot);
  }
}

static GPtrArray *
draw_phases (LinceScript *script, int number)
{
  GPtrArray *phases = g_ptr_array_new ();
  int count = (int) lrint (1 / LINCE_PHASE_SECONDS);
  for (int i = 1; i < count; i++) {
    cairo_surface_t *surface = lince_artwork_draw_phase (
        script->settings.artwork_seed, (guint) number, (double) i / count);
    LinceCanvas *canvas = lince_canvas_new (surface, script->matrix);
    cairo_surface_destroy (surface);
    g_ptr_array_add (phases, canvas);
    g_ptr_array_add (script->drawn, canvas);
  }
  return phases;
}

static void
add_bug (LinceScript *script, const Plan *plan, int number, int corner, double from, double to)
{
  const LinceScriptSettings *s = &script->settings;
  LinceShot none = {0};
  LinceActor *bug = lince_shot_add (script, &none, number, fitting_height (plan, number));
  if (!bug)
    return;
  /* what a station keys in stands on whole pixels */
  double size = round (bug->size[0] * s->height) / s->height, width = size * bug->aspect;
  double left = corner % 2 ? plan->wide - MARGIN - width : MARGIN;
  double top = corner / 2 ? 1 - MARGIN - size : MARGIN;
  left = round (left * s->height) / s->height;
  top = round (top * s->height) / s->height;
  bug->place = LINCE_ON_SCREEN;
  bug->from = from;
  bug->to = to;
  bug->fade = plan->sweep->fade;
  bug->opacity = plan->sweep->opacity;
  bug->blur = plan->sweep->blur;
  lince_set_way (bug->size, size, size);
  lince_set_way (bug->x, left + width / 2, left + width / 2);
  lince_set_way (bug->y, top + size / 2, top + size / 2);
  if (plan->sweep->animated > 0) {
    bug->phases = draw_phases (script, number);
    bug->rest = 1 / plan->sweep->animated - 1;
    g_ptr_array_add (script->phases, bug->phases);
  }
  g_array_append_val (script->overlays, *bug);
}

/* Bugs stay in their corners while shots change under them. */
static void
write_bugs (LinceScript *script, const Plan *plan)
{
  const LinceScriptSettings *s = &script->settings;
  double seconds = (double) s->frame_count / s->fps;
  int groups = (plan->shown + CORNERS - 1) / CORNERS;
  LinceRandom random = lince_random_for (s->seed, 300000);
  for (int i = 0; i < plan->shown; i++) {
    int group = i / CORNERS;
    add_bug (script, plan, object_number (plan, i), i % CORNERS,
        group * seconds / groups + plan->sweep->gap / 2,
        (group + 1) * seconds / groups - plan->sweep->gap / 2);
  }
  double cut = plan->sweep->cut > 0 ? plan->sweep->cut : 1;
  int shots = MAX ((int) lrint (seconds / cut), 1);
  for (int i = 0; i < shots; i++) {
    LinceShot shot =
        begin (script, &random, i, i * s->frame_count / shots, (i + 1) * s->frame_count / shots);
    g_array_append_val (script->shots, shot);
  }
}

/* How many references there are of what is shown. */
static int
count_known (const LinceScript *script, LinceSweepKind show)
{
  int count = (int) script->canvases->len;

  if (show == LINCE_SWEEP_MIXED)
    return count / KINDS * 2 + MIN (count % KINDS, 2);
  return (count - (int) show + KINDS - 1) / KINDS;
}

static void
set_covers (LinceScript *script)
{
  double c = script->settings.sweep.cover;
  const double sides[4][4] = {{-0.04, -0.06, c, 1.06}, {1 - c, -0.06, 1.04, 1.06},
      {-0.04, -0.06, 1.04, c}, {-0.04, 1 - c, 1.04, 1.06}};
  memcpy (script->covers, sides, sizeof sides);
}

void
lince_sweep_write (LinceScript *script)
{
  const LinceScriptSettings *s = &script->settings;
  const LinceSweep *sweep = &s->sweep;
  Plan plan = {.script = script,
      .sweep = sweep,
      .wide = (double) s->width / s->height,
      .shown = MIN (sweep->shown, count_known (script, sweep->show))};
  if (plan.shown <= 0) {
    LinceRandom random = lince_random_for (s->seed, 300000);
    LinceShot shot = begin (script, &random, 0, 0, s->frame_count);
    g_array_append_val (script->shots, shot);
    return;
  }
  set_covers (script);
  if (sweep->show == LINCE_SWEEP_BUG) {
    write_bugs (script, &plan);
    return;
  }
  measure_objects (&plan);
  int at_once = sweep->at_once > 0 ? sweep->at_once : AT_ONCE;
  int wanted = sweep->instances > 1 ? sweep->instances : MIN (at_once, plan.shown);
  divide_frame (&plan, wanted);
  int once = sweep->instances > 1 ? 1 : MIN (plan.columns * plan.rows, plan.shown);
  int shots = (plan.shown + once - 1) / once;
  if (sweep->cut > 0)
    shots = MAX ((int) lrint ((double) s->frame_count / s->fps / sweep->cut), 1);
  write_shots (script, &plan, MIN (shots, s->frame_count));
}
