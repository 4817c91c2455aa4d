/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The index: a collection compiled for recognition, mapped read-only and shared by processes.
 *
 * An index is a small manifest file, which names immutable segment files that lie beside it. The
 * structure is checked on opening; a block's checksum when the block is first used. A file that is
 * truncated or damaged while it is mapped gives LINCE_ERROR_TRUNCATED or LINCE_ERROR_CHECKSUM from
 * then on, never a crash. An opened index is immutable and may be used from any thread. */
#pragma once

#include "recognition/error.h"
#include "recognition/frame.h"

typedef struct LinceIndex LinceIndex;
typedef struct LinceIndexBuilder LinceIndexBuilder;

#define LINCE_ID_MAX 128       /* bytes of an object's id, without the terminator */
#define LINCE_NAME_MAX 512     /* bytes of an object's name */
#define LINCE_METADATA_MAX 65536 /* bytes of an object's metadata as JSON text */

/* An object as the index knows it. The strings belong to the index and live as long as it does. */
typedef struct {
  const char *id;
  const char *name;     /* for people; the id where none was given */
  const char *metadata; /* the JSON text of one object, "{}" where none was given */
  uint32_t image_count;
} LinceObject;

/* Opens the index whose manifest is at `path`.
 * Returns a reference that the caller gives back with lince_index_unref(), or NULL with `error`. */
LINCE_API LinceIndex *lince_index_open (const char *path, LinceError *error);
/* The same; where `shared` (NULL: none) holds the very same segments, these are used and neither
 * mapped nor checked again: for an index that is a change of another one. */
LINCE_API LinceIndex *lince_index_reopen (
    const LinceIndex *shared, const char *path, LinceError *error);
LINCE_API LinceIndex *lince_index_ref (LinceIndex *index);
LINCE_API void lince_index_unref (LinceIndex *index); /* NULL is allowed */

/* False with `error` once a file of the index was found truncated while in use or a block of it
 * damaged; costs nothing, may be asked every frame. */
LINCE_API bool lince_index_intact (const LinceIndex *index, LinceError *error);

/* Reads every block and compares every checksum; for `lince check` and tests. */
LINCE_API bool lince_index_verify (LinceIndex *index, LinceError *error);

/* The revision: 16 lower-case hexadecimal digits, a hash of the content; equal content has an equal
 * revision on every machine. */
LINCE_API const char *lince_index_revision (const LinceIndex *index);

LINCE_API uint32_t lince_index_object_count (const LinceIndex *index);
LINCE_API uint32_t lince_index_image_count (const LinceIndex *index);
/* Fills `object` with object number `number` (0 to count - 1, in the order of ids by byte). */
LINCE_API bool lince_index_object (const LinceIndex *index, uint32_t number, LinceObject *object);
/* The number of the object with that id, or -1. */
LINCE_API int64_t lince_index_find (const LinceIndex *index, const char *id);

/* The generators of hypotheses that an image may have features for: bits. */
typedef enum {
  LINCE_GENERATOR_TEXTURED = 1, /* local features */
  LINCE_GENERATOR_MARK = 2,     /* stable regions of flat marks */
  LINCE_GENERATOR_BUG = 4,      /* marks fixed to the screen */
} LinceGenerator;
#define LINCE_GENERATORS_ALL 7u

/* How an image was made of its picture: as it is, with its colours changed, or, by enrolment itself,
 * without the plain ground that a small opaque picture was cut out with. The recogniser only keeps
 * it beside the image. */
typedef enum {
  LINCE_VARIANT_NONE = 0,
  LINCE_VARIANT_ONE_COLOUR, /* all of it in one colour */
  LINCE_VARIANT_INVERSE,    /* light for dark */
  LINCE_VARIANT_CUT_OUT,    /* its ground transparent; of pictures as they are, never asked for */
} LinceVariantKind;
typedef struct {
  LinceVariantKind kind;
  uint32_t colour; /* 0xRRGGBB of LINCE_VARIANT_ONE_COLOUR, else 0 */
} LinceVariant;

/* What enrolment found out about an image. */
typedef struct {
  int width, height;     /* of the reference picture */
  uint32_t keypoints;    /* found, over all simulated views, up to some hundreds */
  uint32_t generators;   /* those chosen for it: LinceGenerator bits; 0: it will hardly be found */
  bool textured;         /* enough keypoints for the `textured` generator */
  bool mark;             /* looked for by its shapes, compared in luma and chroma (`mark`) */
  bool print;            /* a poster's detail all over: compared as one, also where `mark` */
  bool transparent;      /* has a mask */
  float score;           /* 0 to 1: how well it will be recognised, by what enrolment measured */
  uint64_t content;      /* a hash of the picture's pixels, and of the variant */
  LinceVariant variant;  /* of the object's picture that it is */
} LinceEnrolment;

/* The object that image `number` belongs to, and what enrolment found out (each may be NULL).
 * An object's images follow one another. False when there is no such image. */
LINCE_API bool lince_index_image (const LinceIndex *index, uint32_t number, uint32_t *object,
    LinceEnrolment *enrolment);

/* The number in `other` of what image `number` is in `index`, by its object's id and its place among
 * that object's images; LINCE_NO_IMAGE: there is none. Whether it still is the same picture is for
 * its pixels to tell. */
#define LINCE_NO_IMAGE UINT32_MAX
LINCE_API uint32_t lince_index_counterpart (
    const LinceIndex *index, uint32_t number, const LinceIndex *other);

/* Starts an empty collection. Its images may be added from several threads at once. NULL only when memory is short. */
LINCE_API LinceIndexBuilder *lince_index_builder_new (LinceError *error);
LINCE_API void lince_index_builder_free (LinceIndexBuilder *builder); /* NULL is allowed */

/* How many bytes of references the builder keeps in memory (64 MiB unless set); those that come when
 * it is full go to a temporary file without a name. */
LINCE_API void lince_index_builder_set_memory (LinceIndexBuilder *builder, size_t bytes);

/* Whether `id` has the form of an object's id: 1 to LINCE_ID_MAX bytes of UTF-8, of ASCII only
 * letters, digits, . _ -, no leading dot. */
LINCE_API bool lince_object_id_is_valid (const char *id);

/* Adds an object, whose images follow; one that gets none is left out. `name` and `metadata` may be NULL. Fails on a bad or repeated id. */
LINCE_API bool lince_index_builder_add_object (LinceIndexBuilder *builder, const char *id,
    const char *name, const char *metadata, LinceError *error);

/* Limits the generators of the object's images that are added from now on to `generators`, a sum of
 * LinceGenerator bits, at least one. Unless called, enrolment chooses among all. Fails on other
 * bits and on an unknown id. */
LINCE_API bool lince_index_builder_set_generators (LinceIndexBuilder *builder, const char *id,
    uint32_t generators, LinceError *error);

/* Enrols a reference picture as a further image of object `id`. `source` names it in errors and in
 * reports. The picture is read before the function returns and not kept. `report` may be NULL.
 * Fails with LINCE_ERROR_PICTURE_SIZE or LINCE_ERROR_PICTURE_FLAT for a picture that cannot serve;
 * the builder is then as before. A picture that the object has already is taken once. */
LINCE_API bool lince_index_builder_add_image (LinceIndexBuilder *builder, const char *id,
    const char *source, const LincePicture *picture, LinceEnrolment *report, LinceError *error);

/* The same for a picture that was derived from another one: reports and the index name `variant`. */
LINCE_API bool lince_index_builder_add_variant (LinceIndexBuilder *builder, const char *id,
    const char *source, const LincePicture *picture, const LinceVariant *variant,
    LinceEnrolment *report, LinceError *error);

/* Lets images be taken over from `base`, of which the builder keeps a reference; once, before the
 * first image. An index that is then written or finished holds base's segments as they are and new
 * ones for the images that came anew; from time to time small segments, and those with images that
 * nobody wants any more, are merged. It has the same features and revision as one compiled of the
 * same pictures at once, but not the same bytes. */
LINCE_API void lince_index_builder_set_base (LinceIndexBuilder *builder, LinceIndex *base);

/* Adds image `number` of the base, as it was enrolled there, to object `id`. */
LINCE_API bool lince_index_builder_keep_image (
    LinceIndexBuilder *builder, const char *id, uint32_t number, LinceError *error);

/* Writes the segments and then, by rename, the manifest `path`. Segments of an older manifest of
 * the same path stay where another process may still map them and are removed when stale.
 * Fails on a collection without a usable image. Output is the same, byte by byte, for the same
 * pictures in any order of adding, unless there is a base. */
LINCE_API bool lince_index_builder_write (LinceIndexBuilder *builder, const char *path,
    LinceError *error);

/* Compiles straight into memory; for tests and for stills. The result behaves as an opened index. */
LINCE_API LinceIndex *lince_index_builder_finish (LinceIndexBuilder *builder, LinceError *error);
