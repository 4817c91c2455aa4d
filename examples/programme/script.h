/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a programme shows when: shots with a camera, scenery and objects on their ways. Made once
 * from a seed; afterwards read-only, so that any thread may ask for any frame. */
#pragma once

#include <glib.h>

#include "artwork.h"
#include "compose.h"

typedef enum {
  LINCE_SCRIPT_DEMO,   /* the demo's story, again and again with variations */
  LINCE_SCRIPT_RANDOM, /* any object anywhere */
  LINCE_SCRIPT_EMPTY,  /* no object at all */
} LinceScriptKind;

typedef struct {
  LinceScriptKind kind;
  int width, height, fps;
  int frame_count;
  guint64 seed;
  gboolean hard;
  int object_count; /* how many of the references take part */
} LinceScriptSettings;

#define LINCE_SCRIPT_MAX_LAYERS 24

typedef struct _LinceScript LinceScript;

/* `artworks` and what it holds must outlive the script. */
LinceScript *lince_script_new (const LinceScriptSettings *settings, GPtrArray *artworks);
void lince_script_free (LinceScript *script);

/* The layers of a frame, from the back; how many. */
int lince_script_layers (const LinceScript *script, int frame,
    LinceLayer layers[LINCE_SCRIPT_MAX_LAYERS], LinceFinish *finish);
