/* SPDX-License-Identifier: LGPL-2.1-or-later
 * From placements, which are strictly of one frame, to exposures and their changes. Internal.
 *
 * An object's stay begins as a candidate. Once it has lasted the minimum duration it is `appeared`
 * under an exposure number; what was found in a mean of frames had stood before. It stands through
 * gaps shorter than LINCE_EXPOSURE_HOLD, or LINCE_EXPOSURE_MARK_HOLD for a mark that is upright,
 * for nothing passes before a channel's mark and viewers see at once that it is gone; a longer one
 * makes it `vanished`, at the time of its last sight. A cut on whose first frame it is not seen
 * ends it at once. A return within the merge gap after the last sight is a new stay of the same
 * exposure. Times are running times in ns and rise from call to call. No allocation after new(). */
#pragma once

#include "recognition/recognizer.h"

#define LINCE_EXPOSURE_HOLD INT64_C (300000000)      /* ns */
#define LINCE_EXPOSURE_MARK_HOLD INT64_C (160000000) /* ns, of a mark that stands upright */
#define LINCE_MAX_STAYS LINCE_MAX_PLACEMENTS         /* candidates and standing ones together */

typedef struct LinceExposures LinceExposures;

LinceExposures *lince_exposures_new (LinceError *error);
void lince_exposures_free (LinceExposures *exposures); /* NULL is allowed */

/* Books the placements of the frame at `time`, sorted by object and track, and sets `exposure` in
 * each. `object` numbers are those of `index`. Writes changes, sorted by exposure, to `changes`
 * (LINCE_MAX_CHANGES) from `count` on, and returns the new count. */
uint32_t lince_exposures_update (LinceExposures *exposures, const LinceSettings *settings,
    const LinceIndex *index, int64_t time, bool cut, LincePlacement *placements,
    uint32_t placement_count, LinceChange *changes, uint32_t count);

/* Another index from the frame at `time` on: numbers change to those of the object with the same
 * id, what is not in `index` (NULL: nothing is) vanishes. `changes` and `count` as above. */
uint32_t lince_exposures_swap (LinceExposures *exposures, const LinceIndex *index, int64_t time,
    LinceChange *changes, uint32_t count);

/* Ends every stay, decided at the last frame's time, and forgets candidates and the merge gap. */
uint32_t lince_exposures_end (LinceExposures *exposures, LinceReason reason, LinceChange *changes);
