/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The web console's files, out of the program itself. */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define LINCED_STATIC_PREFIX "/org/lince/console"

/* Answers with the file at the request's path ("/" for index.html), 304 where the client has it, or
 * 404. */
void linced_static_answer (SoupServerMessage *message);

/* Answers with one resource. FALSE where there is none: nothing is answered then. */
gboolean linced_static_answer_resource (
    SoupServerMessage *message, const char *path, const char *content_type);

G_END_DECLS
