/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Cuts: does a frame begin a new shot? Internal to the room.
 *
 * A thumbnail of luma is compared with that of the frame before: at a cut the pictures differ in
 * most places by more than a change of brightness explains. Costs a few microseconds. */
#pragma once

#include "recognition/pyramid.h"

#define LINCE_CUT_COLUMNS 16
#define LINCE_CUT_ROWS 12

/* A flat value; all zero before the first frame. */
typedef struct {
  bool valid;
  uint8_t cells[LINCE_CUT_COLUMNS * LINCE_CUT_ROWS];
} LinceCut;

/* Takes the frame that `pyramid` holds and says whether it begins a new shot; the first never does.
 */
bool lince_cut_update (LinceCut *cut, const LincePyramid *pyramid);
