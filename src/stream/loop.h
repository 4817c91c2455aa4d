/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A file that begins again at its end, as a live source would go on.
 *
 * The end is taken out of the stream at the source's pad, the source is sent back to its beginning,
 * and the new round's segment is given the running time at which the old one ended: what lies
 * downstream sees one stream whose running time rises without a gap or a flush, while stream time
 * and PTS begin again. Exposures go on over the seam as over a cut. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Makes the source pad `pad` loop, for as long as it lives. Posts an error on the pad's element
 * when the source cannot be sent back. */
void lince_loop_attach (GstPad *pad);

G_END_DECLS
