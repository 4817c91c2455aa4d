/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How the builder makes an index without files, and takes images over from another. Internal to the
 * room. */
#pragma once

#include "recognition/index.h"
#include "recognition/manifest.h"
#include "recognition/segment.h"
#include "recognition/textured.h"

/* Checks the structure and makes the index. Takes the manifest's and the segments' contents (as
 * many as the manifest says), not the arrays, also when it fails. */
LinceIndex *lince_index_assemble (
    LinceManifest *manifest, LinceSegment **segments, LinceError *error);

/* What an index is made of; borrowed. The path is that of its manifest, NULL for one in memory. */
const char *lince_index_path (const LinceIndex *index);
const LinceManifest *lince_index_manifest (const LinceIndex *index);
LinceSegment *lince_index_segment (const LinceIndex *index, uint32_t number);

/* An image as the builder needs it. */
typedef struct {
  LinceEnrolment enrolment;
  uint32_t segment, block;
} LinceIndexImage;

bool lince_index_image_at (const LinceIndex *index, uint32_t number, LinceIndexImage *image);
/* How many images the segment holds, those included that the index does not name. */
uint32_t lince_index_segment_images (const LinceIndex *index, uint32_t segment);
/* Reads an image's features out of its segment, see lince_textured_extract(). False when the block is
 * damaged. */
bool lince_index_extract (
    const LinceIndex *index, uint32_t number, LinceFeatures *features, LinceError *error);
