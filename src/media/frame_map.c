/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/frame_map.h"

#include <string.h>

struct _LinceNarrower {
  guint8 *planes; /* luma, cb, cr one after the other */
  gsize planes_size;
  guint8 *rows[2]; /* two rows as libgstvideo unpacks them: four components a pixel */
  gsize row_size;
};

static const char in_place_formats[] = LINCE_FORMATS_IN_PLACE;
static const char narrowed_formats[] = LINCE_FORMATS_NARROWED;

/* Whether `name` stands in a list "A, B, C". */
static gboolean
list_contains (const char *list, const char *name)
{
  gsize length = strlen (name);

  for (const char *at = list; (at = strstr (at, name)) != NULL; at += length) {
    if ((at == list || at[-1] == ' ') && (at[length] == ',' || at[length] == '\0'))
      return TRUE;
  }
  return FALSE;
}

LinceFormatAccess
lince_format_access (GstVideoFormat format)
{
  const char *name = format > GST_VIDEO_FORMAT_ENCODED ? gst_video_format_to_string (format) : NULL;

  if (name == NULL)
    return LINCE_FORMAT_UNREADABLE;
  if (list_contains (in_place_formats, name))
    return LINCE_FORMAT_IN_PLACE;
  return list_contains (narrowed_formats, name) ? LINCE_FORMAT_NARROWED : LINCE_FORMAT_UNREADABLE;
}

LinceNarrower *
lince_narrower_new (void)
{
  return g_new0 (LinceNarrower, 1);
}

void
lince_narrower_free (LinceNarrower *narrower)
{
  if (narrower == NULL)
    return;
  g_free (narrower->planes);
  g_free (narrower->rows[0]);
  g_free (narrower->rows[1]);
  g_free (narrower);
}

/* A component where it lies; of samples wider than 8 bits the byte with the highest bits. */
static LincePlane
component (const GstVideoFrame *video, guint number)
{
  const GstVideoFormatInfo *format = video->info.finfo;
  LincePlane plane = {
      .data = GST_VIDEO_FRAME_COMP_DATA (video, number),
      .stride = GST_VIDEO_FRAME_COMP_STRIDE (video, number),
      .step = GST_VIDEO_FRAME_COMP_PSTRIDE (video, number),
  };

  if (GST_VIDEO_FORMAT_INFO_BITS (format) > 8 && GST_VIDEO_FORMAT_INFO_IS_LE (format))
    plane.data++;
  return plane;
}

gboolean
lince_video_info_read (GstVideoInfo *info, const GstCaps *caps)
{
  const char *named;
  GstVideoColorimetry told = {.matrix = GST_VIDEO_COLOR_MATRIX_UNKNOWN};

  if (!gst_video_info_from_caps (info, caps))
    return FALSE;
  named = gst_structure_get_string (gst_caps_get_structure (caps, 0), "colorimetry");
  if (GST_VIDEO_INFO_IS_YUV (info) &&
      (named == NULL || !gst_video_colorimetry_from_string (&told, named) ||
          told.matrix == GST_VIDEO_COLOR_MATRIX_UNKNOWN))
    info->colorimetry.matrix = GST_VIDEO_COLOR_MATRIX_UNKNOWN;
  return TRUE;
}

/* RGB becomes BT.601 here. */
static LinceColourMatrix
matrix_of (const GstVideoInfo *info)
{
  switch (info->colorimetry.matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT709:
    case GST_VIDEO_COLOR_MATRIX_SMPTE240M: /* nearly the same */
      return LINCE_COLOUR_BT709;
    case GST_VIDEO_COLOR_MATRIX_BT2020:
      return LINCE_COLOUR_BT2020;
    case GST_VIDEO_COLOR_MATRIX_UNKNOWN:
      return LINCE_COLOUR_UNKNOWN;
    default:
      return LINCE_COLOUR_BT601;
  }
}

static void
describe (const GstVideoFrame *video, LinceFrame *frame)
{
  *frame = (LinceFrame){
      .width = GST_VIDEO_FRAME_WIDTH (video),
      .height = GST_VIDEO_FRAME_HEIGHT (video),
      .interlaced = GST_VIDEO_FRAME_IS_INTERLACED (video),
      .par_numerator = MAX (GST_VIDEO_INFO_PAR_N (&video->info), 1),
      .par_denominator = MAX (GST_VIDEO_INFO_PAR_D (&video->info), 1),
      .matrix = matrix_of (&video->info),
  };
}

/* Where the table of offsets of GStreamer 1.22 contradicts its own packing. */
static void
correct_offsets (const GstVideoFrame *video, LinceFrame *frame)
{
  LincePlane plane = frame->cb;

  switch (GST_VIDEO_FRAME_FORMAT (video)) {
    case GST_VIDEO_FORMAT_VYUY: /* has the offsets of UYVY */
      if (frame->cb.data < frame->cr.data) {
        frame->cb = frame->cr;
        frame->cr = plane;
      }
      break;
    case GST_VIDEO_FORMAT_P010_10LE: /* the second sample of a pair is one byte away, not two */
    case GST_VIDEO_FORMAT_P010_10BE:
    case GST_VIDEO_FORMAT_P012_LE:
    case GST_VIDEO_FORMAT_P012_BE:
    case GST_VIDEO_FORMAT_P016_LE:
    case GST_VIDEO_FORMAT_P016_BE:
      frame->cr.data = frame->cb.data + 2;
      break;
    default:
      break;
  }
}

static void
read_in_place (const GstVideoFrame *video, LinceFrame *frame)
{
  describe (video, frame);
  frame->luma = component (video, 0);
  if (GST_VIDEO_FRAME_N_COMPONENTS (video) < 3)
    return;
  frame->cb = component (video, 1);
  frame->cr = component (video, 2);
  correct_offsets (video, frame);
  frame->chroma_width = GST_VIDEO_FRAME_COMP_WIDTH (video, 1);
  frame->chroma_height = GST_VIDEO_FRAME_COMP_HEIGHT (video, 1);
}

/* ---- narrowing ----------------------------------------------------------------------------- */

static void
reserve (LinceNarrower *narrower, LinceFrame *frame, gsize row_size)
{
  gsize luma = (gsize) frame->width * frame->height;
  gsize chroma = (gsize) frame->chroma_width * frame->chroma_height;

  if (narrower->planes_size < luma + 2 * chroma) {
    narrower->planes_size = luma + 2 * chroma;
    g_free (narrower->planes);
    narrower->planes = g_malloc (narrower->planes_size);
  }
  if (narrower->row_size < row_size) {
    narrower->row_size = row_size;
    for (int i = 0; i < 2; i++) {
      g_free (narrower->rows[i]);
      narrower->rows[i] = g_malloc (row_size);
    }
  }
  frame->luma = (LincePlane){narrower->planes, frame->width, 1};
  frame->cb = (LincePlane){narrower->planes + luma, frame->chroma_width, 1};
  frame->cr = (LincePlane){narrower->planes + luma + chroma, frame->chroma_width, 1};
}

static void
narrow_row (const guint16 *restrict from, guint8 *restrict to, int width, int shift)
{
  for (int x = 0; x < width; x++)
    to[x] = (guint8) (from[x] >> shift);
}

static void
narrow_row_swapped (const guint16 *restrict from, guint8 *restrict to, int width, int shift)
{
  for (int x = 0; x < width; x++)
    to[x] = (guint8) (GUINT16_SWAP_LE_BE (from[x]) >> shift);
}

/* A planar component of 9 to 16 bits, kept in the low bits of 16. */
static void
narrow_component (
    const GstVideoFrame *video, guint number, LincePlane *plane, int width, int height)
{
  const GstVideoFormatInfo *format = video->info.finfo;
  gboolean native = !GST_VIDEO_FORMAT_INFO_IS_LE (format) == (G_BYTE_ORDER == G_BIG_ENDIAN);
  int shift = (int) GST_VIDEO_FORMAT_INFO_DEPTH (format, number) - 8;
  const guint8 *from = GST_VIDEO_FRAME_COMP_DATA (video, number);
  guint8 *to = (guint8 *) plane->data;

  for (int y = 0; y < height; y++) {
    const guint16 *row = (const guint16 *) (const void *) from;

    if (native)
      narrow_row (row, to, width, shift);
    else
      narrow_row_swapped (row, to, width, shift);
    from += GST_VIDEO_FRAME_COMP_STRIDE (video, number);
    to += plane->stride;
  }
}

static void
narrow_planar (LinceNarrower *narrower, const GstVideoFrame *video, LinceFrame *frame)
{
  describe (video, frame);
  frame->chroma_width = GST_VIDEO_FRAME_COMP_WIDTH (video, 1);
  frame->chroma_height = GST_VIDEO_FRAME_COMP_HEIGHT (video, 1);
  reserve (narrower, frame, 0);
  narrow_component (video, 0, &frame->luma, frame->width, frame->height);
  narrow_component (video, 1, &frame->cb, frame->chroma_width, frame->chroma_height);
  narrow_component (video, 2, &frame->cr, frame->chroma_width, frame->chroma_height);
}

/* One row in libgstvideo's terms: A, R, G, B of 8 bits each, whatever the format. */
static void
unpack_row (const GstVideoFrame *video, int y, guint8 *row)
{
  const GstVideoFormatInfo *format = video->info.finfo;
  int width = GST_VIDEO_FRAME_WIDTH (video);

  format->unpack_func (
      format, GST_VIDEO_PACK_FLAG_NONE, row, video->data, video->info.stride, 0, y, width);
  if (format->unpack_format == GST_VIDEO_FORMAT_ARGB64) {
    const guint16 *wide = (const guint16 *) (const void *) row;

    for (int x = 0; x < 4 * width; x++)
      row[x] = (guint8) (wide[x] >> 8);
  }
}

/* BT.601 of full range in 8-bit fixed point; the weights of luma sum to 256, those of chroma to 0.
 */
static void
luma_row (const guint8 *restrict argb, guint8 *restrict luma, int width)
{
  for (int x = 0; x < width; x++)
    luma[x] =
        (guint8) ((77 * argb[4 * x + 1] + 150 * argb[4 * x + 2] + 29 * argb[4 * x + 3] + 128) >> 8);
}

/* The chroma of two by two pixels from two rows (which may be the same one). */
static void
chroma_row (const guint8 *first, const guint8 *second, guint8 *cb, guint8 *cr, int width)
{
  for (int x = 0; x < (width + 1) / 2; x++) {
    int left = 8 * x, right = 2 * x + 1 < width ? left + 4 : left;
    int red = first[left + 1] + first[right + 1] + second[left + 1] + second[right + 1];
    int green = first[left + 2] + first[right + 2] + second[left + 2] + second[right + 2];
    int blue = first[left + 3] + first[right + 3] + second[left + 3] + second[right + 3];

    cb[x] = (guint8) CLAMP ((-43 * red - 85 * green + 128 * blue + 4 * 32896) >> 10, 0, 255);
    cr[x] = (guint8) CLAMP ((128 * red - 107 * green - 21 * blue + 4 * 32896) >> 10, 0, 255);
  }
}

static void
narrow_rgb (LinceNarrower *narrower, const GstVideoFrame *video, LinceFrame *frame)
{
  int rows; /* of luma to one of chroma: two fields must not be mixed */

  describe (video, frame);
  rows = frame->interlaced ? 1 : 2;
  frame->chroma_width = (frame->width + 1) / 2;
  frame->chroma_height = (frame->height + rows - 1) / rows;
  reserve (narrower, frame, (gsize) frame->width * 8 + 64);
  for (int y = 0; y < frame->height; y += rows) {
    int last = MIN (y + rows, frame->height) - 1;
    ptrdiff_t chroma = (ptrdiff_t) (y / rows) * frame->chroma_width;

    for (int row = y; row <= last; row++) {
      unpack_row (video, row, narrower->rows[row - y]);
      luma_row (narrower->rows[row - y],
          (guint8 *) frame->luma.data + (ptrdiff_t) row * frame->width, frame->width);
    }
    chroma_row (narrower->rows[0], narrower->rows[last - y], (guint8 *) frame->cb.data + chroma,
        (guint8 *) frame->cr.data + chroma, frame->width);
  }
}

gboolean
lince_narrower_map (LinceNarrower *narrower, const GstVideoFrame *video, LinceFrame *frame)
{
  LinceFormatAccess access = lince_format_access (GST_VIDEO_FRAME_FORMAT (video));

  if (access == LINCE_FORMAT_UNREADABLE)
    return FALSE;
  if (access == LINCE_FORMAT_IN_PLACE)
    read_in_place (video, frame);
  else if (GST_VIDEO_FORMAT_INFO_IS_YUV (video->info.finfo))
    narrow_planar (narrower, video, frame);
  else
    narrow_rgb (narrower, video, frame);
  return TRUE;
}
