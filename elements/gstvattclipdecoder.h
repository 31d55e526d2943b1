/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes a clip of a row of a manifest: pictures and sound from its file, text
 * from the manifest or from a file of captions. */
#pragma once

#include "gstvattmedia.h"

#include <vatt/manifest.h>

G_BEGIN_DECLS

/**
 * GstVattTextSource:
 * @GST_VATT_TEXT_SOURCE_AUTO: the captions that the manifest names, else its
 *   text, else captions beside the file
 * @GST_VATT_TEXT_SOURCE_MANIFEST: its text, one caption as long as the clip
 * @GST_VATT_TEXT_SOURCE_CAPTIONS: captions that the manifest names, else those
 *   beside the file
 *
 * Where the text of a clip comes from.
 */
typedef enum {
  GST_VATT_TEXT_SOURCE_AUTO,
  GST_VATT_TEXT_SOURCE_MANIFEST,
  GST_VATT_TEXT_SOURCE_CAPTIONS,
} GstVattTextSource;

#define GST_TYPE_VATT_TEXT_SOURCE (gst_vatt_text_source_get_type ())
GType gst_vatt_text_source_get_type (void);

typedef struct {
  gboolean wanted[VATT_N_MODALITIES];
  GstCaps *caps[VATT_N_MODALITIES]; /* to convert to; NULL: as decoded */
  GstVattTextSource text_source;
  GstClockTime still_duration; /* of what has no duration of its own */
  guint64 max_bytes;           /* of a decoded clip */
} GstVattClipSettings;

typedef struct _GstVattClipDecoder GstVattClipDecoder;

GstVattClipDecoder *gst_vatt_clip_decoder_new (
    const GstVattClipSettings *settings);
GstVattMedia *gst_vatt_clip_decoder_decode (
    GstVattClipDecoder *decoder, const VattManifestRow *row, GError **error);
void gst_vatt_clip_decoder_cancel (GstVattClipDecoder *decoder);
void gst_vatt_clip_decoder_free (GstVattClipDecoder *decoder);

G_END_DECLS
