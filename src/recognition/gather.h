/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The mean of the last frames: what moves behind a mark that is fixed to the screen averages out,
 * and a translucent mark that is too weak in one frame stands out. Internal to the room.
 *
 * Frames are summed up in blocks of LINCE_GATHER_BLOCK; a mean is of the last two. A cut does not
 * end it: that the mark stays while all else changes is what is looked for. */
#pragma once

#include "recognition/error.h"
#include "recognition/pyramid.h"

#define LINCE_GATHER_BLOCK 6 /* frames */
#define LINCE_GATHER_FIRST 4 /* the first mean is of these, so that what is plain need not wait */

typedef struct LinceGather LinceGather;

LinceGather *lince_gather_new (LinceError *error);
void lince_gather_free (LinceGather *gather); /* NULL is allowed */
/* Makes the buffers for frames like this one; cheap when they fit already. Another size begins
 * anew; where the scan changes, the mean goes on and is of the last frame's scan. */
bool lince_gather_resize (LinceGather *gather, const LinceFrame *frame, LinceError *error);
/* Forgets all frames. */
void lince_gather_clear (LinceGather *gather);
/* Adds a frame as in the last resize(). True when a mean is due: it is then in the pyramid. */
bool lince_gather_add (LinceGather *gather, const LinceFrame *frame, LincePool *pool);
/* The last mean. */
const LincePyramid *lince_gather_pyramid (const LinceGather *gather);
