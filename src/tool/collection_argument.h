/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Opening the collection that a command was given, with its problems told on standard error. */
#pragma once

#include "media/collection.h"

G_BEGIN_DECLS

/* Opens `path` (NULL: the option is missing, which is said). Each unusable reference is named on
 * standard error; `problems` (may be NULL) counts them. NULL after saying why, with the exit status
 * in `status`. */
LinceIndex *lince_collection_argument_open (
    const char *path, guint threads, guint *problems, int *status);

/* Compiles `path` into `output` in the same manner. Returns the exit status. */
int lince_collection_argument_compile (
    const char *path, const char *output, guint threads, guint *problems);

G_END_DECLS
