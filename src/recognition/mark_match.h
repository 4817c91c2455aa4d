/* SPDX-License-Identifier: LGPL-2.1-or-later
 * From a region's shape to places of marks, and the joining of places that agree. Internal to the
 * mark generator. */
#pragma once

#include "recognition/mark_feature.h"

/* A region of the frame in one of its normal frames. */
typedef struct {
  LinceDescriptor descriptor;
  LinceFrameOfShape frame; /* frame pixels */
  LinceMarkTable table;
  uint8_t harmonic;
  float fill; /* 128ths */
  float area; /* frame pixels */
} LinceMarkQuery;

/* A place that a region gives an image: frame = origin + matrix * picture. */
typedef struct {
  float matrix[4], origin[2];
  float u, v, size;           /* of the image's middle; root of its area in the frame, pixels */
  LinceFrameOfShape from, to; /* normal frames in the picture and in the frame */
  float weight;               /* 0 to 1 */
  uint32_t image, source;     /* the region in the frame, by the caller */
  uint16_t distance;
  uint8_t region, table;
  bool turned; /* the shape tells how it is turned */
} LinceMarkMatch;

/* A hypothesis on its way. */
typedef struct {
  float matrix[4], origin[2];
  float u, v, size;
  float weight, score; /* of its matches; in the end, of the edges too */
  uint32_t image, votes, number;
  uint8_t table;       /* of the first match */
} LinceMarkTrial;

/* Writes up to `capacity` matches of `query`, the nearest first; returns how many. */
uint32_t lince_mark_match (const LinceMarks *marks, const LinceMarkQuery *query,
    LinceMarkMatch *matches, uint32_t capacity);

/* Makes a trial of every one of `count` matches of one image, scored by how well it and those that
 * agree with it match, and refined over all of them. */
void lince_mark_join (
    const LinceMarks *marks, const LinceMarkMatch *matches, uint32_t count, LinceMarkTrial *trials);

/* The image's entry, with its numbers checked. */
LinceMarkImage lince_mark_image (const LinceMarks *marks, uint32_t image);
