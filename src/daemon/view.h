/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a client wants of the events: a filter, and whether the object's metadata are to be joined.
 * Clients that want the same share one view, and each message is made once a view.
 *
 * A view with objects passes events about other things too (a stream's state, a gap, a notice)
 * unless its types exclude them; of `moved` it passes the placements of its objects only. A gap
 * passes every view: it accounts for numbers. */
#pragma once

#include <glib.h>

#include "wire/event.h"

G_BEGIN_DECLS

#define LINCED_VIEW_MAX_WORDS 64 /* streams, and objects, of one view */

typedef struct _LincedView LincedView;

/* The JSON text of an object's metadata ("{…}"), or NULL. Borrowed for the call's caller. */
typedef const char *(*LincedMetadataFunc) (const char *stream, const char *object, gpointer data);

/* From a query's fields `stream`, `object`, `type` (each repeated, or a list with commas) and
 * `metadata` (0 or 1); other fields are not looked at. NULL with `error` naming the field. */
LincedView *linced_view_new (const char *query, GError **error);
LincedView *linced_view_ref (LincedView *self);
void linced_view_unref (LincedView *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedView, linced_view_unref)

/* Equal for views that pass the same. */
const char *linced_view_key (const LincedView *self);

gboolean linced_view_passes (const LincedView *self, const LinceEvent *event);

/* Whether the view gets every passed event as it stands in the log: then one text serves all. */
gboolean linced_view_is_plain (const LincedView *self);

gboolean linced_view_wants_metadata (const LincedView *self);
gboolean linced_view_passes_stream (const LincedView *self, const char *stream);
gboolean linced_view_passes_object (const LincedView *self, const char *object);

/* The text for this view of an event that passes, without the newline. `line` is the event as it
 * stands in the log. NULL for a `moved` without placements of this view's objects where the
 * stream's last one had none either. Transfer full. */
char *linced_view_write (LincedView *self, const LinceEvent *event, const char *line, gsize length,
    LincedMetadataFunc metadata, gpointer data);

/* `line` with "metadata" joined where this view wants it. Transfer full. */
char *linced_view_join_metadata (const LincedView *self, const LinceEvent *event, const char *line,
    gsize length, LincedMetadataFunc metadata, gpointer data);

G_END_DECLS
