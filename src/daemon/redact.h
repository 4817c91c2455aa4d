/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Addresses without their secrets, for logs and answers. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* `uri` with "user:password@" replaced by "***@" and every value of its query and fragment by
 * "***"; "(an address)" for what is no URI. Transfer full. */
char *linced_redact_uri (const char *uri);

/* `text` with every address in it (word with "://") redacted. Transfer full. */
char *linced_redact_text (const char *text);

G_END_DECLS
