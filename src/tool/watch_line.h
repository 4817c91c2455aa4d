/* SPDX-License-Identifier: LGPL-2.1-or-later
 * An event as a line for people. */
#pragma once

#include "wire/event.h"

G_BEGIN_DECLS

/* Without a newline; in local time; control characters in names and reasons replaced. */
void lince_watch_append_event (GString *line, const LinceEvent *event);

G_END_DECLS
