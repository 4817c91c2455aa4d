/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A quick look at whether the frame has edges where a mark's are. Internal to the mark generator.
 */
#pragma once

#include "recognition/mark_match.h"
#include "recognition/pyramid.h"

/* Scores `trial` anew: by the share of the mark's edge points at which the frame has an edge in
 * that direction, of flat points at which it has none, and by its matches. */
void lince_mark_sieve (const LinceMarks *marks, const LincePyramid *pyramid, LinceMarkTrial *trial);
