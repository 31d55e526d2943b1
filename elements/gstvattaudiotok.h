/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstvattwindow.h"

G_BEGIN_DECLS

#define GST_TYPE_VATT_AUDIO_TOK (gst_vatt_audio_tok_get_type ())
G_DECLARE_FINAL_TYPE (
    GstVattAudioTok, gst_vatt_audio_tok, GST, VATT_AUDIO_TOK, GstVattWindow)
GST_ELEMENT_REGISTER_DECLARE (vattaudiotok);

G_END_DECLS
