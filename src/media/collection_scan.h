/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What lies in a collection's directory: names and files, nothing opened. Internal.
 */
#pragma once

#include "media/collection.h"
#include "media/variant.h"

G_BEGIN_DECLS

typedef struct {
  char *id, *path;      /* of one picture file */
  char *shown;          /* its path within the directory, and the variant, for people */
  char *stamp;          /* size, times and number of the file: another content has another one */
  LinceVariant variant; /* of what the file shows */
  guint32 generators;   /* of its object, once that is described */
  guint64 content;      /* of the enrolment; once it is enrolled */
  gboolean usable;      /* the same */
} LinceCollectionImage;

typedef struct {
  char *id, *name, *metadata; /* the last two NULL where `ID.json` does not say */
  char *stamp;                /* of `ID.json`; NULL where there is none or it cannot be used */
  guint32 generators;         /* LinceGenerator bits, 0 where it does not say */
  LinceVariant variants[LINCE_VARIANTS_MAX]; /* each once */
  guint variant_count;
} LinceCollectionObject;

/* Something in the directory that cannot be used. */
typedef struct {
  char *shown;
  GError *error;
} LinceCollectionProblem;

typedef struct {
  GPtrArray *images;   /* of LinceCollectionImage, by name */
  GPtrArray *objects;  /* of LinceCollectionObject, by id; each has an image */
  GPtrArray *problems; /* of LinceCollectionProblem */
  char *fingerprint;   /* hexadecimal */
} LinceCollectionScan;

/* Gives an object the name and metadata that its `ID.json` of that stamp is known to hold; FALSE
 * when it is not known. */
typedef gboolean (*LinceCollectionKnown) (LinceCollectionObject *object, gpointer user_data);

/* NULL with LINCE_COLLECTION_ERROR_OPEN when the directory cannot be read. Objects have neither
 * name nor metadata yet. */
LinceCollectionScan *lince_collection_scan_new (const char *path, GError **error);
/* Reads each `ID.json` that is not known (`known` may be NULL); what cannot be used is added to the
 * problems. The variants of an image follow it from then on, as images of the same file. */
void lince_collection_scan_describe (
    LinceCollectionScan *scan, const char *path, LinceCollectionKnown known, gpointer user_data);
void lince_collection_scan_free (LinceCollectionScan *scan);

LinceCollectionProblem *lince_collection_problem_new (const char *shown, GError *error);
void lince_collection_problem_free (LinceCollectionProblem *problem);

/* Adds a variant that the object does not have; FALSE when there is no room or no such name. */
gboolean lince_collection_object_add_variant (LinceCollectionObject *object, const char *name);

/* Reads the text of an `ID.json` into name, metadata (compact JSON), generators and variants of
 * `object`, which has none yet; other members of the text are left alone. */
gboolean lince_collection_parse_json (
    const char *text, gsize size, LinceCollectionObject *object, GError **error);

/* Whether `id` may be an object's: lince_object_id_is_valid(), and letters by Unicode beyond ASCII.
 */
gboolean lince_collection_id_is_valid (const char *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceCollectionScan, lince_collection_scan_free)
G_END_DECLS
