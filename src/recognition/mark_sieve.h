/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A quick look at whether the frame has edges where a mark's are. Internal to the mark generator.
 */
#pragma once

#include "recognition/mark_match.h"
#include "recognition/pyramid.h"

/* Scores `trial` anew, by up to `points` of the mark's points: the share of edges that the frame has
 * in their directions, of flat places where it has none, and the trial's matches. */
void lince_mark_sieve (const LinceMarks *marks, const LincePyramid *pyramid, uint32_t points,
    LinceMarkTrial *trial);
