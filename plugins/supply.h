/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Keeps a session supplied with its collection, and says on the bus what became of it. */
#pragma once

#include "session.h"

G_BEGIN_DECLS

typedef struct _LinceSupply LinceSupply;

#define LINCE_REVISION_SIZE 17 /* bytes, with the terminator */

/* Starts loading `path`. Both `element`, which posts, and `session` are borrowed. */
LinceSupply *lince_supply_new (GstElement *element, LinceSession *session, const char *path);
/* Joins the loading thread, which may be posting: hold no lock of the element. NULL is allowed. */
void lince_supply_free (LinceSupply *supply);

/* From any thread: another collection (NULL: none); the same again though it seems unchanged. */
void lince_supply_set_path (LinceSupply *supply, const char *path);
void lince_supply_reload (LinceSupply *supply);
/* The revision in use, "" while there is none. */
void lince_supply_get_revision (LinceSupply *supply, char revision[LINCE_REVISION_SIZE]);

/* Waits until the first loading has ended, unless waiting is forbidden or what comes to `sink_pad`
 * is live. */
void lince_supply_wait (LinceSupply *supply, GstPad *sink_pad);
void lince_supply_forbid_wait (LinceSupply *supply, gboolean forbid);
/* Whether the first loading has failed, after which the stream cannot go on. */
gboolean lince_supply_has_failed (LinceSupply *supply);

G_END_DECLS
