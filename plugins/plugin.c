/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstlinceoverlay.h"
#include "gstlincerecognize.h"
#include "media/meta.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  gboolean registered = FALSE;

  lince_meta_register ();
  registered |= GST_ELEMENT_REGISTER (lincerecognize, plugin);
  registered |= GST_ELEMENT_REGISTER (linceoverlay, plugin);
  return registered;
}

#define PACKAGE "lince"
GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, lince,
    "Recognition of known pictures in live video", plugin_init, LINCE_VERSION, "LGPL", "Lince",
    "Lince")
