/* SPDX-License-Identifier: LGPL-2.1-or-later
 * An explanation in words: a line for each stage, or one JSON object. */
#pragma once

#include <glib.h>

#include "recognition/explain.h"

G_BEGIN_DECLS

/* One sentence: where it ended and by how much. Transfer full. */
char *lince_explain_report_sentence (const LinceExplanation *explanation, LinceIndex *index);
/* A line for each stage, without line ends: of strings. Transfer full. */
GPtrArray *lince_explain_report_lines (const LinceExplanation *explanation, LinceIndex *index);
/* Appends the JSON object, without a line end. `name` is the frame's. */
void lince_explain_report_json (GString *text, const char *name, const LinceFrame *frame,
    const LinceExplanation *explanation, LinceIndex *index);

G_END_DECLS
