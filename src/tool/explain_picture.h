/* SPDX-License-Identifier: LGPL-2.1-or-later
 * An explanation as a picture: the reference beside the frame with keypoints, matches and votes;
 * the best hypothesis, the reference warped into it and the comparison of pixels; the lines of the
 * report. */
#pragma once

#include <gio/gio.h>

#include "recognition/explain.h"

G_BEGIN_DECLS

/* Writes a PNG to `path`. `title` and `lines` (of strings) are the text below. */
gboolean lince_explain_picture_write (const char *path, const LinceFrame *frame,
    const LinceExplanation *explanation, const char *title, GPtrArray *lines, GError **error);

G_END_DECLS
