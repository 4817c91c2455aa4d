/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The making of a programme: threads compose frames side by side, the encoder gets them in order.
 */
#pragma once

#include "script.h"

typedef struct {
  LinceScriptSettings script;
  int bitrate;         /* kbit/s */
  int reference_count; /* written as the collection */
  int threads;
  const char *name;   /* of the programme's files, without the endings */
  gboolean clip_only; /* the collection is there already */
} LinceMakeSettings;

/* Called now and then with the share that is done, 0 to 1. */
typedef void (*LinceMakeProgress) (double share, gpointer user_data);

/* Writes FOLDER/collection/, FOLDER/NAME.ts and, last, FOLDER/NAME.truth.json. The folder is made
 * where it is missing. */
gboolean lince_make (const char *folder, const LinceMakeSettings *settings,
    LinceMakeProgress progress, gpointer user_data, GError **error);
