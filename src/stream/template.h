/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Pipeline templates: `NAME.launch` in gst-launch syntax, lines that begin with # are comments.
 *
 * Elements are found by name after parsing: `source` (required; has a `uri` property), `recognize`
 * (required; a lincerecognize), and where the template has them `pace` (a clocksync: gives a source
 * that is not live its real time), `loop` (the same, and a file begins again at its end),
 * `overlay`, `output`. Values are set as properties on them and never become part of the text. */
#pragma once

#include <gst/gst.h>

#include "stream/settings.h"

G_BEGIN_DECLS

/* The template's path: in the directories of $LINCE_PIPELINES (separated by colons), else in the
 * data directory. A name is 1 to 64 letters, digits, - and _. Transfer full. */
char *lince_template_find (const char *name, GError **error);

/* Parses the template `name` into a new pipeline and checks that it has what a template must have.
 * Transfer full (floating is sunk). */
GstElement *lince_template_build (const char *name, GError **error);

/* Sets on the named elements of `pipeline` what `settings` say. The collection's path is only set
 * when `settings` name one. */
gboolean lince_template_apply (
    GstElement *pipeline, const LinceStreamSettings *settings, GError **error);

/* The same for what can change while the pipeline plays: all of `recognize` but its mode. */
gboolean lince_template_apply_live (
    GstElement *pipeline, const LinceStreamSettings *settings, GError **error);

G_END_DECLS
