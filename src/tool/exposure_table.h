/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The table of a recording's exposures, from the recogniser's changes. */
#pragma once

#include "recognition/recognizer.h"
#include "tool/output.h"

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
} LinceExposureTable;

void lince_exposure_table_init (LinceExposureTable *table);
void lince_exposure_table_clear (LinceExposureTable *table);
/* Takes the changes of a frame, or of the end. */
void lince_exposure_table_add (LinceExposureTable *table, const LinceResult *result);
/* Prints them in the order of their beginnings: a table, or a JSON object a line. */
void lince_exposure_table_print (LinceExposureTable *table, gboolean json);

G_END_DECLS
