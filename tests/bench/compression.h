/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What lossy compression does to a picture, without a codec: the transform of blocks of 8 x 8,
 * quantised. Deterministic. */
#pragma once

#include <stdint.h>

typedef enum {
  LINCE_COMPRESSION_STILL, /* steps that rise with frequency, rounded, as JPEG has them */
  LINCE_COMPRESSION_VIDEO, /* even steps with a dead zone, then edges of blocks smoothed, as in
                              H.264 */
} LinceCompression;

/* Changes one plane in place. `step` is that of the quantiser for the lowest frequencies, in units
 * of an orthonormal transform; 0 leaves the plane as it is. What is beyond the last whole block
 * stays. */
void lince_compress_plane (
    uint8_t *pixels, int stride, int width, int height, LinceCompression compression, double step);
