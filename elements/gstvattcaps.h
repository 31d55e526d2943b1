/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A model's front end written as caps, and read back: how a tokeniser learns
 * from the encoder behind it what to make. */
#pragma once

#include <gst/gst.h>
#include <vatt/config.h>

G_BEGIN_DECLS

#define GST_VATT_TOKENS_MEDIA_TYPE "application/x-vatt-tokens"
#define GST_VATT_EMBEDDING_MEDIA_TYPE "application/x-vatt-embedding"

/* Pad template caps of token pads: everything a partner may vary. */
#define GST_VATT_TOKENS_CAPS(modality, format)                                 \
  GST_VATT_TOKENS_MEDIA_TYPE                                                   \
  ", modality = (string) " modality ", format = (string) " format              \
  ", layout = (string) patches"                                                \
  ", tokens = (int) [ 1, MAX ], token-size = (int) [ 1, MAX ]"
#define GST_VATT_VIDEO_TOKENS_CAPS GST_VATT_TOKENS_CAPS ("video", "F32LE")
#define GST_VATT_AUDIO_TOKENS_CAPS GST_VATT_TOKENS_CAPS ("audio", "F32LE")
#define GST_VATT_TEXT_TOKENS_CAPS GST_VATT_TOKENS_CAPS ("text", "S32LE")

gboolean gst_vatt_modality_from_caps (
    const GstCaps *caps, VattModality *modality);

guint gst_vatt_front_end_tokens (const VattFrontEnd *front_end);
GstClockTime gst_vatt_front_end_span (const VattFrontEnd *front_end);
GstClockTime gst_vatt_front_end_instant (
    const VattFrontEnd *front_end, GstClockTime start, guint64 index);

GstCaps *gst_vatt_caps_from_front_end (
    const VattFrontEnd *front_end, VattModality modality, const char *model_id);
gboolean gst_vatt_caps_to_front_end (const GstStructure *structure,
    VattModality modality, VattFrontEnd *front_end, GError **error);

G_END_DECLS
