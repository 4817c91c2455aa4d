/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What Lince sets on the elements that a source is made of, as they come into the pipeline. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Sets time limits, buffers and clocks on a network source, one thread on a decoder; leaves every
 * other element alone. Any thread. */
void lince_source_configure (GstElement *element);

G_END_DECLS
