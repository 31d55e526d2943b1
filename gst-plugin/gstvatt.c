/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattaudiotok.h"
#include "gstvattclassifier.h"
#include "gstvattclipmeta.h"
#include "gstvattdatasetsrc.h"
#include "gstvattencoder.h"
#include "gstvattlabelresult.h"
#include "gstvatttexttok.h"
#include "gstvatttrainsink.h"
#include "gstvattvideotok.h"

#include "plugin-config.h"

#include <gst/gst.h>

static gboolean
plugin_init (GstPlugin *plugin)
{
  gboolean done = FALSE;
  done |= GST_ELEMENT_REGISTER (vattaudiotok, plugin);
  done |= GST_ELEMENT_REGISTER (vattclassifier, plugin);
  done |= GST_ELEMENT_REGISTER (vattdatasetsrc, plugin);
  done |= GST_ELEMENT_REGISTER (vattencoder, plugin);
  done |= GST_ELEMENT_REGISTER (vatttexttok, plugin);
  done |= GST_ELEMENT_REGISTER (vatttrainsink, plugin);
  done |= GST_ELEMENT_REGISTER (vattvideotok, plugin);
  gst_vatt_clip_meta_register ();
  gst_vatt_label_result_register_meta ();
  return done;
}

#define PACKAGE "vatt"

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, vatt,
    "Embeddings of video, sound and text with the VATT Transformer",
    plugin_init, VATT_VERSION, VATT_LICENSE, "vatt", "https://example.org/vatt")
