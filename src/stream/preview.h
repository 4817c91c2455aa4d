/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Pictures for people who look: frames scaled down to JPEG, each with the placements of that very
 * frame, over the pictures socket (wire/link.h). While nobody looks there is neither probe nor
 * pipeline nor socket. The main path only lends a reference to a frame now and then; scaling and
 * coding run in a pipeline of their own, one picture at a time; what comes meanwhile is left out.
 */
#pragma once

#include <gst/gst.h>

#include "stream/reporter.h"
#include "wire/link.h"

G_BEGIN_DECLS

typedef struct _LincePreview LincePreview;

/* Sends to the socket `path`. `reporter` is borrowed. Main thread only, as all functions here. */
LincePreview *lince_preview_new (
    const char *path, const char *stream, const char *run, LinceReporter *reporter);
void lince_preview_free (LincePreview *preview);

/* The pad to take frames from (raw video), NULL for none. */
void lince_preview_set_pad (LincePreview *preview, GstPad *pad);
/* Somebody looks, for look->for_ms from now. */
void lince_preview_look (LincePreview *preview, const LinceLinkLook *look);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincePreview, lince_preview_free)
G_END_DECLS
