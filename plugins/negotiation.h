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

/* Whether unreadable caps are to come as far as the CAPS event, because upstream has no others. */
gboolean lince_negotiation_tolerates (GstPad *sink_pad, const GstCaps *caps);

/* Amend the answer to a CAPS query on a pad, which `query` holds already. */
void lince_negotiation_amend_sink (GstPad *sink_pad, GstQuery *query);
void lince_negotiation_amend_source (GstPad *src_pad, GstQuery *query);

G_END_DECLS
