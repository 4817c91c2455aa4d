/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What each reference of a collection is good for: enrolment's findings, those of simulation, and
 * what to do about it. */
#pragma once

#include <glib.h>

#include "recognition/simulate.h"

G_BEGIN_DECLS

typedef struct {
  guint32 object, number; /* number: of the image within its object, from 1 */
  LinceEnrolment enrolment;
  LinceSimulated simulated; /* all zero without simulation */
  GPtrArray *twins;         /* ids of other objects with the same picture; borrowed from the index */
} LinceEnrolRow;

typedef struct {
  LinceIndex *index; /* borrowed */
  gboolean simulate; /* rows hold what simulation found */
  guint count;
  LinceEnrolRow *rows; /* by image */
} LinceEnrolReport;

/* Looks at every image, on `threads` threads (0: one a processor), with progress on a terminal. NULL
 * with `error` when the index is damaged or memory is short. */
LinceEnrolReport *lince_enrol_report_new (
    LinceIndex *index, gboolean simulate, guint threads, LinceError *error);
void lince_enrol_report_free (LinceEnrolReport *report);

/* How many images simulation never recognised. */
guint lince_enrol_report_count_lost (const LinceEnrolReport *report);

/* A line, with further lines where there is more to say, each with its end. */
void lince_enrol_report_append_text (const LinceEnrolReport *report, guint row, glong id_width,
    GString *text);
/* A JSON object and a line end. */
void lince_enrol_report_append_json (const LinceEnrolReport *report, guint row, GString *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceEnrolReport, lince_enrol_report_free)
G_END_DECLS
