/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Ids of objects, streams and collections: 1 to 128 bytes of UTF-8, letters, digits and `.` `_`
 * `-`, no leading dot, compared byte by byte. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* `length` -1: up to the NUL. Marks (Unicode's class M) count as letters, so that decomposed
 * accents and Indic vowels pass. */
gboolean lince_id_is_valid (const char *id, gssize length);

G_END_DECLS
