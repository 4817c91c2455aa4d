/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a script is made of, for those who write one: story.c, sweep.c, negative.c. */
#pragma once

#include <stdbool.h>

#include "random.h"
#include "scenery.h"
#include "script.h"

#define LINCE_SHOT_MAX_ACTORS 64
#define LINCE_PHASE_SECONDS 0.04

typedef enum { LINCE_ON_SCREEN, LINCE_IN_PICTURE, LINCE_IN_WORLD } LincePlace;

/* Lengths are in heights of the frame, from its top left (IN_WORLD: the far plane's, at rest);
 * angles in radians; times in seconds of the shot, or of the programme ON_SCREEN. */
typedef struct {
  int object; /* -1: a prop */
  const LinceCanvas *canvas;
  GPtrArray *phases;  /* canvases that take turns, LINCE_PHASE_SECONDS each; NULL: `canvas` */
  double rest;        /* seconds on `canvas` before the phases begin again */
  double aspect;      /* width to height */
  const double *part; /* of the plane of what it belongs to; NULL: itself */
  LincePlace place;
  double from, to, fade;
  double x[2], y[2], size[2], yaw[2], pitch[2], roll[2]; /* at the start and the end */
  double wobble, opacity, blur;
  double smear[2]; /* on the picture while the shutter is open, pixels, beside its own way */
} LinceActor;

typedef struct {
  int first, end;                  /* frames */
  int scenery;                     /* -1: black */
  double pan[2], tilt[2], zoom[2]; /* shares of the free way; factor */
  double shake, gain, noise, focus_pull;
  double defocus; /* sigma, pixels, all the time */
  double flicker; /* of the gain, share */
  int actor_count;
  LinceActor actors[LINCE_SHOT_MAX_ACTORS];
} LinceShot;

struct _LinceScript {
  LinceScriptSettings settings;
  LinceMatrix matrix;
  GPtrArray *canvases; /* of the objects that take part */
  LinceScenery sceneries[LINCE_SCENERY_COUNT];
  LinceCanvas *props[LINCE_PROP_COUNT];
  GPtrArray *drawn;    /* canvases drawn for this script */
  GPtrArray *phases;   /* the actors' arrays of phases */
  double covers[4][4]; /* parts: what covers an object from one of its sides */
  GArray *shots;       /* of LinceShot */
  GArray *overlays;    /* of LinceActor, ON_SCREEN */
};

/* An actor that plays object `object` upright in the picture, as `size` heights of the frame; NULL
 * where there is no such object or no room. */
LinceActor *lince_shot_add (const LinceScript *script, LinceShot *shot, int object, double size);
/* A prop that goes where `with` goes. */
void lince_shot_add_prop (
    const LinceScript *script, LinceShot *shot, LincePropKind kind, const LinceActor *with);
void lince_set_way (double way[2], double from, double to);
/* A shot of `scenery` with the camera on its way. */
LinceShot lince_shot_begin (const LinceScript *script, LinceRandom *random, int scenery);

/* What fills a script of a kind. */
void lince_story_write (LinceScript *script);
void lince_sweep_write (LinceScript *script);
void lince_negative_write (LinceScript *script);
