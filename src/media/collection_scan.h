/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What lies in a collection's directory: names and files, nothing opened but `ID.json`. Internal.
 */
#pragma once

#include "media/collection.h"

G_BEGIN_DECLS

typedef struct {
  char *id, *path; /* of one picture file */
  char *shown;     /* its path within the directory, for people */
} LinceCollectionImage;

typedef struct {
  char *id, *name, *metadata; /* the last two NULL where `ID.json` does not say */
  guint32 generators;         /* LinceGenerator bits, 0 where it does not say */
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

/* NULL with LINCE_COLLECTION_ERROR_OPEN when the directory cannot be read. */
LinceCollectionScan *lince_collection_scan_new (const char *path, GError **error);
void lince_collection_scan_free (LinceCollectionScan *scan);

LinceCollectionProblem *lince_collection_problem_new (const char *shown, GError *error);
void lince_collection_problem_free (LinceCollectionProblem *problem);

/* Reads the text of an `ID.json` into name, metadata (compact JSON) and generators of `object`,
 * which has none yet; other members of the text are left alone. */
gboolean lince_collection_parse_json (
    const char *text, gsize size, LinceCollectionObject *object, GError **error);

/* Whether `id` may be an object's: lince_object_id_is_valid(), and letters by Unicode beyond ASCII. */
gboolean lince_collection_id_is_valid (const char *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LinceCollectionScan, lince_collection_scan_free)
G_END_DECLS
