/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a programme shows when: shots with a camera, scenery and objects on their ways. Made once
 * from a seed; afterwards read-only, so that any thread may ask for any frame. */
#pragma once

#include <glib.h>

#include "artwork.h"
#include "compose.h"

typedef enum {
  LINCE_SCRIPT_DEMO,     /* the demo's story, again and again with variations */
  LINCE_SCRIPT_RANDOM,   /* any object anywhere */
  LINCE_SCRIPT_EMPTY,    /* no object at all */
  LINCE_SCRIPT_SWEEP,    /* objects of one kind under one condition */
  LINCE_SCRIPT_NEGATIVE, /* no object at all, but what looks like some: graphics, stills, black */
} LinceScriptKind;

typedef enum {
  LINCE_SWEEP_TEXTURED,
  LINCE_SWEEP_MARK,
  LINCE_SWEEP_BUG,
  LINCE_SWEEP_MIXED, /* textured objects and marks by turns */
} LinceSweepKind;

/* The conditions of a sweep. Bugs are upright, uncovered and at rest: they have no tilt, turn,
 * motion, cover or speed. */
typedef struct {
  LinceSweepKind show;
  int shown;         /* how many objects, one after the other where they do not fit at once */
  int instances;     /* of each at once; several: one object after the other */
  int at_once;       /* objects in a frame at most; 0: a few */
  double size;       /* share of the frame's width and height into which an object fits */
  double tilt, turn; /* degrees */
  double blur;       /* of the lens, sigma in pixels */
  double motion;     /* pixels while the shutter is open */
  double cover;      /* share that something stands before */
  double noise;      /* sigma, steps of luma */
  double opacity;
  double cut;      /* seconds between cuts; 0: as many shots as the objects need */
  double speed;    /* heights of the frame a second */
  double animated; /* share of the time that a bug's animation goes; 0: at rest */
  double tall;     /* height of a bug as a share of the frame's, in place of `size`; 0: none */
  double gap;      /* seconds without a bug between two groups of them */
  double fade;     /* seconds in which a bug comes and goes */
} LinceSweep;

/* What a negative programme shows. */
typedef enum {
  LINCE_GRAPHICS_ALL, /* in turn */
  LINCE_GRAPHICS_SUBTITLES,
  LINCE_GRAPHICS_TICKER,
  LINCE_GRAPHICS_CLOCK,
  LINCE_GRAPHICS_SCORES,
  LINCE_GRAPHICS_TITLES,
  LINCE_GRAPHICS_CREDITS,
  LINCE_GRAPHICS_STILL,
  LINCE_GRAPHICS_BLACK,
  LINCE_GRAPHICS_COUNT,
} LinceGraphics;

typedef struct {
  LinceScriptKind kind;
  int width, height, fps;
  int frame_count;
  guint64 seed, artwork_seed;
  LinceArtworkSet artwork_set;
  gboolean hard;
  gboolean interlaced;
  int object_count; /* how many of the references take part */
  LinceSweep sweep;
  LinceGraphics graphics;
} LinceScriptSettings;

#define LINCE_SCRIPT_MAX_LAYERS 72

typedef struct _LinceScript LinceScript;

/* `artworks` and what it holds must outlive the script. */
LinceScript *lince_script_new (const LinceScriptSettings *settings, GPtrArray *artworks);
void lince_script_free (LinceScript *script);

/* The layers of a frame, from the back; how many. `field`: 0 the whole frame at its middle, -1 and
 * 1 its first and second field. */
int lince_script_layers (const LinceScript *script, int frame, int field,
    LinceLayer layers[LINCE_SCRIPT_MAX_LAYERS], LinceFinish *finish);
