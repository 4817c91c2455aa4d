/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A frame's pixels in memory of one's own, for a recogniser that works beside the stream.
 *
 * Luma is reduced by a whole factor until it fits LINCE_FRAME_COPY_MAX bytes (1080p fits as it is,
 * 2160p is halved); chroma comes along where it still fits, as it is or halved. Belongs to one
 * thread at a time. */
#pragma once

#include <glib.h>

#include "recognition/recognizer.h"

G_BEGIN_DECLS

#define LINCE_FRAME_COPY_MAX (2 * 1024 * 1024)

typedef struct _LinceFrameCopy LinceFrameCopy;

LINCE_API LinceFrameCopy *lince_frame_copy_new (void);
LINCE_API void lince_frame_copy_free (LinceFrameCopy *copy); /* NULL is allowed */

/* Reads `frame`, which may go afterwards. Allocates only when a larger frame than ever comes. */
LINCE_API void lince_frame_copy_take (LinceFrameCopy *copy, const LinceFrame *frame);
/* The copy; valid until the next take. An interlaced frame that was reduced is its top field. */
LINCE_API const LinceFrame *lince_frame_copy_get (const LinceFrameCopy *copy);

/* A result that outlives the recogniser's next call. Flat, but for `result`'s pointers, which lead
 * into it, and the index, of which it holds a reference. Start from zeros. */
typedef struct {
  LinceResult result;
  LincePlacement placements[LINCE_MAX_PLACEMENTS];
  LinceChange changes[LINCE_MAX_CHANGES];
} LinceResultCopy;

/* Copies what the recogniser said of the copy, with corners in pixels of the frame as it was. */
LINCE_API void lince_frame_copy_restore (
    const LinceFrameCopy *copy, const LinceResult *result, LinceResultCopy *restored);
LINCE_API void lince_result_copy_clear (LinceResultCopy *restored);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceFrameCopy, lince_frame_copy_free)
G_END_DECLS
