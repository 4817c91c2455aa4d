/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Decoding of still pictures from files: references and photographs.
 *
 * What is read is decided by the first bytes, not by the name: PNG, JPEG, WebP, SVG. Sizes are
 * checked before any pixel is decoded. */
#pragma once

#include <gio/gio.h>

#include "recognition/error.h"
#include "recognition/frame.h"

G_BEGIN_DECLS

#define LINCE_PICTURE_ERROR (lince_picture_error_quark ())
LINCE_API GQuark lince_picture_error_quark (void);
typedef enum {
  LINCE_PICTURE_ERROR_OPEN,   /* cannot be opened or read: missing, loop of symlinks, no right */
  LINCE_PICTURE_ERROR_FORMAT, /* not a picture of a kind that is read */
  LINCE_PICTURE_ERROR_SIZE,   /* a side above LINCE_PICTURE_MAX_SIDE, or too many pixels */
  LINCE_PICTURE_ERROR_DECODE, /* truncated or damaged */
} LincePictureError;

/* A decoded picture with its own pixels. */
typedef struct _LincePictureFile LincePictureFile;

/* Reads and decodes `path`, applying the orientation that a JPEG's EXIF states. Transfer full. */
LINCE_API LincePictureFile *lince_picture_file_load (const char *path, GError **error);
/* The same for a file's bytes in memory. */
LINCE_API LincePictureFile *lince_picture_file_load_data (
    const guint8 *data, gsize size, GError **error);
/* How many pixels loading would decode, to plan memory; 0 when it would fail. */
LINCE_API gint64 lince_picture_file_count_pixels (const char *path);
LINCE_API void lince_picture_file_free (LincePictureFile *file);
/* Borrowed: lives as long as the file. */
LINCE_API const LincePicture *lince_picture_file_get_picture (LincePictureFile *file);
/* The picture as a frame of planar Y, Cb, Cr (BT.601, full range) over mid-grey where transparent;
 * made at the first call; borrowed. */
LINCE_API const LinceFrame *lince_picture_file_get_frame (LincePictureFile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LincePictureFile, lince_picture_file_free)
G_END_DECLS
