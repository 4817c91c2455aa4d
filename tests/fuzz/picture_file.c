/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Reference pictures: damaged files of every kind that is read. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include <gdk-pixbuf/gdk-pixbuf.h>

#include "media/picture.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LincePictureFile) file = lince_picture_file_load_data (data, size, &error);
  const LincePicture *picture;

  if ((file == NULL) != (error != NULL))
    abort ();
  if (file == NULL)
    return 0;
  picture = lince_picture_file_get_picture (file);
  if (picture->width < 1 || picture->height < 1 || picture->width > LINCE_PICTURE_MAX_SIDE ||
      picture->height > LINCE_PICTURE_MAX_SIDE)
    abort ();
  /* both ends can be read */
  return (picture->data[0] +
             picture->data[(picture->height - 1) * picture->stride + 4 * picture->width - 1]) > 1000
             ? 1
             : 0;
}

int
lince_fuzz_seed (unsigned number, uint8_t **data, size_t *size)
{
  static const char *const types[] = {"png", "jpeg", "webp"};
  static const char svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"20\">"
                            "<rect width=\"20\" height=\"20\" fill=\"#f00\"/></svg>";
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  g_autofree char *saved = NULL;
  gsize length;

  if (number == G_N_ELEMENTS (types)) {
    *size = sizeof svg - 1;
    *data = malloc (*size);
    memcpy (*data, svg, *size);
    return 1;
  }
  if (number > G_N_ELEMENTS (types))
    return 0;
  pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, number != 1, 8, 24, 17);
  gdk_pixbuf_fill (pixbuf, 0x80ff40ff);
  for (int i = 0; i < 200; i++)
    gdk_pixbuf_get_pixels (pixbuf)[i] = (guint8) (i * 37);
  if (!gdk_pixbuf_save_to_buffer (pixbuf, &saved, &length, types[number], NULL, NULL))
    abort ();
  *size = length;
  *data = malloc (length);
  memcpy (*data, saved, length);
  return 1;
}
