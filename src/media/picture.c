/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>

/* Decoded, four bytes each. A reference or photograph of 100 million pixels is beyond use. */
#define MAX_PIXELS (100 * 1000 * 1000)
#define MAX_FILE_SIZE (256 * 1024 * 1024)
/* Vector graphics that state smaller sides are drawn with the longer one this long. */
#define VECTOR_SIDE 512

struct _LincePictureFile {
  LincePicture picture;
  guint8 *pixels;
  LinceFrame frame;
  guint8 *planes; /* of the frame, made when first asked for */
  GMutex lock;
};

G_DEFINE_QUARK (lince - picture - error - quark, lince_picture_error)

typedef enum { KIND_NONE, KIND_PNG, KIND_JPEG, KIND_WEBP, KIND_SVG } Kind;

static const char *const kind_names[] = {"", "png", "jpeg", "webp", "svg"};

/* An SVG begins with a tag, maybe after a byte order mark, blanks, a declaration and comments. */
static gboolean
looks_like_svg (const guint8 *data, gsize size)
{
  g_autofree char *head = g_strndup ((const char *) data, MIN (size, 4096));
  const char *text = head;

  if (g_str_has_prefix (text, "\xef\xbb\xbf"))
    text += 3;
  while (g_ascii_isspace (*text))
    text++;
  return *text == '<' && strstr (text, "<svg") != NULL;
}

static Kind
find_kind (const guint8 *data, gsize size)
{
  if (size >= 8 && memcmp (data, "\x89PNG\r\n\x1a\n", 8) == 0)
    return KIND_PNG;
  if (size >= 3 && memcmp (data, "\xff\xd8\xff", 3) == 0)
    return KIND_JPEG;
  if (size >= 12 && memcmp (data, "RIFF", 4) == 0 && memcmp (data + 8, "WEBP", 4) == 0)
    return KIND_WEBP;
  return looks_like_svg (data, size) ? KIND_SVG : KIND_NONE;
}

static gboolean
check_sides (int width, int height, GError **error)
{
  if (width <= LINCE_PICTURE_MAX_SIDE && height <= LINCE_PICTURE_MAX_SIDE &&
      (gint64) width * height <= MAX_PIXELS)
    return TRUE;
  g_set_error (error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_SIZE,
      "is too large: %d x %d pixels; no side may be longer than %d, and no picture have more than "
      "%d million pixels",
      width, height, LINCE_PICTURE_MAX_SIDE, MAX_PIXELS / 1000000);
  return FALSE;
}

typedef struct {
  Kind kind;
  gboolean only_size; /* stop when the sides are known */
  int width, height;  /* as drawn; 0 until known */
  GError *error;
} Decoding;

/* Called when the header is known, before any pixel: here too large a picture is turned away. */
static void
size_prepared (GdkPixbufLoader *loader, int width, int height, gpointer user_data)
{
  Decoding *decoding = user_data;
  int longer = MAX (width, height);

  if (decoding->error != NULL)
    return;
  decoding->width = width;
  decoding->height = height;
  if (decoding->kind == KIND_SVG && longer > 0 && longer < VECTOR_SIDE) {
    decoding->width = MAX (1, width * VECTOR_SIDE / longer);
    decoding->height = MAX (1, height * VECTOR_SIDE / longer);
    gdk_pixbuf_loader_set_size (loader, decoding->width, decoding->height);
  }
  if (!check_sides (width, height, &decoding->error) || decoding->only_size)
    gdk_pixbuf_loader_set_size (loader, 1, 1);
}

/* A PNG's own header tells its size before the loader sees a byte, which would reserve memory. */
static gboolean
check_png_header (const guint8 *data, gsize size, GError **error)
{
  guint32 width, height;

  if (size < 24) {
    g_set_error_literal (
        error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_DECODE, "is truncated within its header");
    return FALSE;
  }
  memcpy (&width, data + 16, 4);
  memcpy (&height, data + 20, 4);
  width = GUINT32_FROM_BE (width);
  height = GUINT32_FROM_BE (height);
  return check_sides ((int) MIN (width, G_MAXINT), (int) MIN (height, G_MAXINT), error);
}

/* Feeds the bytes piece by piece and stops at the first error, so a picture that is turned away by
 * size_prepared() is not decoded. */
static gboolean
feed (GdkPixbufLoader *loader, const guint8 *data, gsize size, Decoding *decoding, GError **error)
{
  for (gsize at = 0; at < size; at += 65536)
    if (!gdk_pixbuf_loader_write (loader, data + at, MIN (65536, size - at), error) ||
        decoding->error != NULL || (decoding->only_size && decoding->width > 0))
      return FALSE;
  return TRUE;
}

/* Runs the loader over the bytes. Returns it closed, whole or not, or NULL when there is none. */
static GdkPixbufLoader *
run_loader (const guint8 *data, gsize size, Decoding *decoding, GError **problem, GError **error)
{
  const char *name = kind_names[decoding->kind];
  GdkPixbufLoader *loader = gdk_pixbuf_loader_new_with_type (name, NULL);

  if (loader == NULL) {
    g_set_error (error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_FORMAT,
        "is a picture of type %s, for which gdk-pixbuf has no loader here; install %s", name,
        decoding->kind == KIND_WEBP ? "webp-pixbuf-loader" : "librsvg2-common");
    return NULL;
  }
  g_signal_connect (loader, "size-prepared", G_CALLBACK (size_prepared), decoding);
  feed (loader, data, size, decoding, problem);
  /* closing tells of a truncated file; after an error it only must not be forgotten */
  gdk_pixbuf_loader_close (loader, *problem == NULL ? problem : NULL);
  return loader;
}

static GdkPixbuf *
decode (const guint8 *data, gsize size, Kind kind, GError **error)
{
  Decoding decoding = {.kind = kind};
  g_autoptr (GError) problem = NULL;
  g_autoptr (GdkPixbufLoader) loader = run_loader (data, size, &decoding, &problem, error);
  GdkPixbuf *pixbuf = NULL;

  if (loader == NULL)
    return NULL;
  if (decoding.error != NULL) {
    g_propagate_error (error, decoding.error);
    return NULL;
  }
  if (problem == NULL)
    pixbuf = gdk_pixbuf_loader_get_pixbuf (loader);
  if (pixbuf == NULL) {
    g_set_error (error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_DECODE,
        "is truncated or damaged: %s",
        problem != NULL ? g_strchomp (problem->message) : "no picture in it");
    return NULL;
  }
  return gdk_pixbuf_apply_embedded_orientation (pixbuf);
}

static gboolean
truncated (GError **error)
{
  g_set_error_literal (
      error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_DECODE, "is truncated: its end is missing");
  return FALSE;
}

/* Loaders fill what is missing with grey or black and call it a warning, so the end must be there.
 * Markers before the scan are skipped by their lengths: an embedded thumbnail has an end too. */
static gboolean
check_jpeg_end (const guint8 *data, gsize size, GError **error)
{
  gsize at = 2;

  while (at + 4 <= size && data[at] == 0xff && data[at + 1] != 0xda)
    at += data[at + 1] == 0xff ? 1 : 2 + ((gsize) data[at + 2] << 8 | data[at + 3]);
  for (; at + 2 <= size; at++)
    if (data[at] == 0xff && data[at + 1] == 0xd9)
      return TRUE;
  return truncated (error);
}

static gboolean
check_png_end (const guint8 *data, gsize size, GError **error)
{
  for (gsize at = 8; at + 12 <= size;) {
    gsize length = (gsize) data[at] << 24 | (gsize) data[at + 1] << 16 | (gsize) data[at + 2] << 8 |
                   data[at + 3];

    if (memcmp (data + at + 4, "IEND", 4) == 0)
      return TRUE;
    at += 12 + length;
  }
  return truncated (error);
}

static gboolean
check_end (const guint8 *data, gsize size, Kind kind, GError **error)
{
  switch (kind) {
    case KIND_PNG:
      return check_png_end (data, size, error);
    case KIND_JPEG:
      return check_jpeg_end (data, size, error);
    case KIND_WEBP: {
      guint32 stated;

      memcpy (&stated, data + 4, 4);
      return (gsize) GUINT32_FROM_LE (stated) <= size - 8 || truncated (error);
    }
    default:
      return TRUE;
  }
}

static gboolean
read_descriptor (int fd, guint8 **data, gsize *size, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode)) {
    g_set_error_literal (
        error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_OPEN, "is not a regular file");
    return FALSE;
  }
  if (status.st_size > MAX_FILE_SIZE) {
    g_set_error (error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_SIZE,
        "is too large a file: more than %d MB", MAX_FILE_SIZE / 1024 / 1024);
    return FALSE;
  }
  *data = g_malloc ((gsize) status.st_size + 1);
  for (*size = 0; *size < (gsize) status.st_size;) {
    ssize_t n = read (fd, *data + *size, (gsize) status.st_size - *size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      g_set_error (error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_OPEN, "cannot be read: %s",
          g_strerror (errno));
      return FALSE;
    }
    if (n == 0)
      break;
    *size += (gsize) n;
  }
  return TRUE;
}

static gboolean
read_file (const char *path, guint8 **data, gsize *size, GError **error)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  gboolean ok;

  if (fd < 0) {
    g_set_error (error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_OPEN, "cannot be opened: %s",
        errno == ELOOP ? "it is a loop of symbolic links" : g_strerror (errno));
    return FALSE;
  }
  ok = read_descriptor (fd, data, size, error);
  close (fd);
  return ok;
}

/* To rows of R G B A without padding. */
static LincePictureFile *
take_pixels (GdkPixbuf *pixbuf)
{
  LincePictureFile *file = g_new0 (LincePictureFile, 1);
  int width = gdk_pixbuf_get_width (pixbuf), height = gdk_pixbuf_get_height (pixbuf);
  int channels = gdk_pixbuf_get_n_channels (pixbuf);
  gsize stride = (gsize) gdk_pixbuf_get_rowstride (pixbuf);
  const guint8 *pixels = gdk_pixbuf_read_pixels (pixbuf);

  g_mutex_init (&file->lock);
  file->pixels = g_malloc ((gsize) width * (gsize) height * 4);
  for (int y = 0; y < height; y++) {
    const guint8 *from = pixels + (gsize) y * stride;
    guint8 *to = file->pixels + (gsize) y * (gsize) width * 4;

    for (int x = 0; x < width; x++, from += channels, to += 4) {
      memcpy (to, from, 3);
      to[3] = channels == 4 ? from[3] : 255;
    }
  }
  file->picture =
      (LincePicture){.data = file->pixels, .stride = width * 4, .width = width, .height = height};
  return file;
}

static gboolean
check_kind (const guint8 *data, gsize size, Kind kind, GError **error)
{
  if (kind == KIND_NONE) {
    g_set_error_literal (error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_FORMAT,
        size == 0 ? "is empty" : "is not a picture: PNG, JPEG, WebP and SVG are read");
    return FALSE;
  }
  /* gdk-pixbuf's WebP loader stumbles over damaged animations, and a reference does not move */
  if (kind == KIND_WEBP && size > 20 && memcmp (data + 12, "VP8X", 4) == 0 && (data[20] & 2) != 0) {
    g_set_error_literal (error, LINCE_PICTURE_ERROR, LINCE_PICTURE_ERROR_FORMAT,
        "is an animation; give a still picture");
    return FALSE;
  }
  return kind != KIND_PNG || check_png_header (data, size, error);
}

LincePictureFile *
lince_picture_file_load_data (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  Kind kind = find_kind (data, size);

  if (!check_kind (data, size, kind, error) || !check_end (data, size, kind, error))
    return NULL;
  pixbuf = decode (data, size, kind, error);
  if (pixbuf == NULL ||
      !check_sides (gdk_pixbuf_get_width (pixbuf), gdk_pixbuf_get_height (pixbuf), error))
    return NULL;
  return take_pixels (pixbuf);
}

LincePictureFile *
lince_picture_file_load (const char *path, GError **error)
{
  g_autofree guint8 *data = NULL;
  g_autofree char *name = g_filename_display_name (path);
  LincePictureFile *file = NULL;
  gsize size = 0;

  if (read_file (path, &data, &size, error))
    file = lince_picture_file_load_data (data, size, error);
  if (file == NULL)
    g_prefix_error (error, "%s ", name);
  return file;
}

gint64
lince_picture_file_count_pixels (const char *path)
{
  g_autofree guint8 *data = NULL;
  g_autoptr (GError) problem = NULL;
  g_autoptr (GdkPixbufLoader) loader = NULL;
  Decoding decoding = {.only_size = TRUE};
  gsize size = 0;

  if (!read_file (path, &data, &size, NULL))
    return 0;
  decoding.kind = find_kind (data, size);
  if (!check_kind (data, size, decoding.kind, NULL))
    return 0;
  loader = run_loader (data, size, &decoding, &problem, NULL);
  if (decoding.error != NULL) {
    g_clear_error (&decoding.error);
    return 0;
  }
  return (gint64) decoding.width * decoding.height;
}

void
lince_picture_file_free (LincePictureFile *file)
{
  if (file == NULL)
    return;
  g_mutex_clear (&file->lock);
  g_free (file->pixels);
  g_free (file->planes);
  g_free (file);
}

const LincePicture *
lince_picture_file_get_picture (LincePictureFile *file)
{
  return &file->picture;
}

/* Over mid-grey by opacity. */
static inline int
over_grey (int value, int opacity)
{
  return (value * opacity + 128 * (255 - opacity) + 127) / 255;
}

/* BT.601, full range. Chroma in full size: a still has time for it. */
static void
make_planes (LincePictureFile *file)
{
  const LincePicture *picture = &file->picture;
  gsize count = (gsize) picture->width * (gsize) picture->height;
  guint8 *luma = g_malloc (count * 3), *cb = luma + count, *cr = cb + count;
  const guint8 *from = file->pixels;

  file->planes = luma;
  for (gsize i = 0; i < count; i++, from += 4) {
    int r = over_grey (from[0], from[3]), g = over_grey (from[1], from[3]);
    int b = over_grey (from[2], from[3]);

    luma[i] = (guint8) ((19595 * r + 38470 * g + 7471 * b + 32768) >> 16);
    cb[i] = (guint8) CLAMP ((-11059 * r - 21709 * g + 32768 * b + 8421375) >> 16, 0, 255);
    cr[i] = (guint8) CLAMP ((32768 * r - 27439 * g - 5329 * b + 8421375) >> 16, 0, 255);
  }
  file->frame = (LinceFrame){.width = picture->width,
      .height = picture->height,
      .luma = {luma, picture->width, 1},
      .cb = {cb, picture->width, 1},
      .cr = {cr, picture->width, 1},
      .chroma_width = picture->width,
      .chroma_height = picture->height,
      .par_numerator = 1,
      .par_denominator = 1,
      .matrix = LINCE_COLOUR_BT601};
}

const LinceFrame *
lince_picture_file_get_frame (LincePictureFile *file)
{
  g_mutex_lock (&file->lock);
  if (file->planes == NULL)
    make_planes (file);
  g_mutex_unlock (&file->lock);
  return &file->frame;
}
