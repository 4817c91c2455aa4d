/* SPDX-License-Identifier: LGPL-2.1-or-later
 * An event of each type, with all fields that it can carry, or with the required ones only. */
#pragma once

#include "wire/event.h"

#define SAMPLE_RUN "00112233445566778899aabbccddeeff"

/* `placements` gets those of moved. */
LinceEvent sample_event (
    LinceEventType type, gboolean full, LinceEventPlacement placements[LINCE_EVENT_MAX_PLACEMENTS]);
