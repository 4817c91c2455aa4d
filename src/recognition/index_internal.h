/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How the builder makes an index without files. Internal to the room. */
#pragma once

#include "recognition/index.h"
#include "recognition/manifest.h"
#include "recognition/segment.h"

/* Checks the structure and makes the index. Takes the manifest's and the segments' contents (as
 * many as the manifest says), not the arrays, also when it fails. */
LinceIndex *lince_index_assemble (
    LinceManifest *manifest, LinceSegment **segments, LinceError *error);
