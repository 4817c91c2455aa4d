/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Whether a print's colours are the reference's where its texture is. Internal to the room.
 *
 * Another print of the same design (a magazine's other number, a series' other volume) agrees with
 * the reference in the edges of its layout, as one that is half covered does in those that are
 * left. But of what is left the colours are the reference's, under whatever light: over the cells
 * that agree, their chroma rises and falls with the reference's. The other print has its own. */
#pragma once

#include "recognition/align.h"

/* The correlation, -1 to 1, of the reference's chroma with the frame's over the cells that agree,
 * of Cb and Cr together. 1 where nothing is to be compared: the frame has no chroma, or one of the
 * two is grey there. */
float lince_palette_agreement (
    const LinceAlignment *alignment, const LincePyramid *pyramid, const LinceReference *reference);
