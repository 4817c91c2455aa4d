/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Recordings, where the frames to come are known: what is found on a frame is looked for on the
 * frames before it too.
 *
 * Keeps the planes of the last frames. When an object is found on a frame and not on the one
 * before, its placement is proposed to the frames before, from each to the next, and verified on
 * each one's own pixels; so it is seen from its first frame, and through moments in which it was
 * lost. Results come out when the frames leave the memory. Belongs to one thread, as its recogniser
 * does. */
#pragma once

#include "recognition/recognizer.h"

typedef struct LinceLookahead LinceLookahead;

#define LINCE_LOOKAHEAD_MAX_FRAMES 256

/* Uses `recognizer`, which stays the caller's, must outlive it and is used through it alone, but
 * for lince_recognizer_set_index(): the frames kept when another index comes into use are told in
 * its numbers from then on, without the objects that left. `span`, ns of running time, is how far
 * back is looked (2 s is usual), `frames` how many frames are kept at most, 1 to
 * LINCE_LOOKAHEAD_MAX_FRAMES. */
LINCE_API LinceLookahead *lince_lookahead_new (LinceRecognizer *recognizer,
    const LinceSettings *settings, int64_t span, uint32_t frames, LinceError *error);
LINCE_API void lince_lookahead_free (LinceLookahead *lookahead); /* NULL is allowed */

/* Analyses a frame as lince_recognizer_process() does, fails as it does, and keeps a copy of its
 * planes. Call pop() first while it gives results: a full memory is LINCE_ERROR_LIMIT. `time` in ns
 * of running time. */
LINCE_API bool lince_lookahead_push (
    LinceLookahead *lookahead, const LinceFrame *frame, int64_t time, LinceError *error);

/* The result of the oldest frame once it is older than `span` or the memory is full, or with `end`
 * of any that is left; NULL: none yet. Borrowed until the next call, `index` too. Its changes are
 * those of the placements that it holds, decided at its time. */
LINCE_API const LinceResult *lince_lookahead_pop (LinceLookahead *lookahead, bool end);

/* After the last pop(): the `vanished` of what stood at the end. */
LINCE_API const LinceResult *lince_lookahead_end (LinceLookahead *lookahead);
