/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a builder gathers, for what compiles it. Internal to the room. */
#pragma once

#include <pthread.h>

#include "recognition/index.h"
#include "recognition/spill.h"
#include "recognition/textured.h"

typedef struct {
  char *id, *name, *metadata;
  uint32_t generators; /* that its images may have */
} LinceBuilderObject;

typedef struct {
  const LinceBuilderObject *object;
  LinceEnrolment enrolment;
  LinceFeatures features, marks;
  uint8_t *levels; /* NULL: put aside at `offset` */
  size_t levels_size;
  uint64_t offset;
  bool based;              /* an image of the base, whose features and levels lie there */
  uint32_t number;         /* in the base */
  uint32_t segment, block; /* in the base, then in the index that is being made */
} LinceBuilderImage;

struct LinceIndexBuilder {
  pthread_mutex_t lock;
  LinceBuilderObject **objects; /* in the order of ids */
  LinceBuilderImage **images;   /* in the order of adding, until a compilation sorts them */
  size_t object_count, object_room, image_count, image_room;
  size_t memory, used; /* bytes of references that are kept in memory, at most and now */
  LinceSpill spill;    /* the others */
  LinceIndex *base;    /* NULL: none */
};

/* Sorts the images by object and content and drops those that an object has twice. */
void lince_index_builder_settle (LinceIndexBuilder *builder);
