/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The truth of every frame, as a JSON file:
 *   {"clip": FILE, "kind": "programme", "size": [W, H], "fps": N, "frames": [[{"id", "quad": [[x,
 * y], …], "opacity", "visible"}, …], …]} Frames in the order in which they are shown; quads in
 * pixels, in pixel-edge coordinates, clockwise from the reference's own top left; `visible` is the
 * share of the opaque part that can be seen. */
#pragma once

#include <glib.h>

#include "script.h"

/* One frame's entry, without what separates it from the next. Transfer full. */
char *lince_truth_frame (
    const LinceLayer *layers, int layer_count, GPtrArray *artworks, int width, int height);

/* `frames` holds `frame_count` strings of the above. */
gboolean lince_truth_write (const char *path, const char *clip, const LinceScriptSettings *settings,
    char *const *frames, GError **error);
