/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The newest picture of each stream, from RUN_DIR/pictures.sock to who waits for it. The JPEG is
 * never opened here. Kept in memory: one picture a stream. */
#pragma once

#include <libsoup/soup.h>

#include "wire/link.h"

G_BEGIN_DECLS

#define LINCED_PICTURE_WAIT_S 10      /* a request that waits ends with 204 after that */
#define LINCED_PICTURE_MAX_WAITERS 64 /* of one stream */
#define LINCED_PICTURE_FRESH_S 2      /* an older one is not shown to who asks for the newest */

typedef struct _LincedPictures LincedPictures;

/* Whether a picture of that stream and run is to be taken: the run is the stream's own. */
typedef gboolean (*LincedPictureCheck) (const char *stream, int pid, gpointer data);

LincedPictures *linced_pictures_new (
    const char *run_dir, LincedPictureCheck check, gpointer data, GError **error);
void linced_pictures_free (LincedPictures *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincedPictures, linced_pictures_free)

/* Answers `message` with the newest picture of the stream whose running time is greater than
 * `after` (LINCE_TIME_NONE: a fresh one, whichever), now or when it comes. */
void linced_pictures_answer (
    LincedPictures *self, const char *stream, gint64 after, SoupServerMessage *message);

/* Ends all waiting. */
void linced_pictures_stop (LincedPictures *self);

G_END_DECLS
