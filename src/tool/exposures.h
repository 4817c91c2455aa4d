/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The account of a recording's exposures, from the recogniser's changes. */
#pragma once

#include "recognition/recognizer.h"
#include "tool/output.h"
#include "tool/retrace.h"

G_BEGIN_DECLS

/* One exposure; stays that were resumed within the merge gap are one. */
typedef struct {
  guint64 exposure;
  char *id, *name;
  gint64 from, to; /* ns: first and last sight */
  gint64 duration; /* ns on screen, gaps left out */
  guint64 frames;
  double area_time; /* share * ns */
} LinceExposureRow;

typedef struct {
  GArray *rows; /* of LinceExposureRow */
} LinceExposures;

void lince_exposures_init (LinceExposures *exposures);
void lince_exposures_clear (LinceExposures *exposures);
/* Takes the changes of a frame, or of the end. A stay begins where looking back has found it first.
 */
void lince_exposures_add (
    LinceExposures *exposures, const LinceResult *result, const LinceRetrace *retrace);
/* Prints them in the order of their beginnings: a table, or a JSON object a line. */
void lince_exposures_print (LinceExposures *exposures, gboolean json);

G_END_DECLS
