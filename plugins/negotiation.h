/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How lincerecognize tells people what to insert when a format cannot be read.
 *
 * A pad that refuses a format lets upstream fail with "not-negotiated", without a word on the
 * remedy. So, where upstream can give nothing else, such caps are let through as far as the pad's
 * CAPS event, and there refused with a sentence. Upstream that has a choice never sees them. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Watches `sink_pad` of `element` for caps outside its template. */
void lince_negotiation_watch (GstElement *element, GstPad *sink_pad);

/* Amends the answer to a CAPS query on the sink pad, which `query` holds already. */
void lince_negotiation_amend (GstPad *sink_pad, GstQuery *query);

G_END_DECLS
