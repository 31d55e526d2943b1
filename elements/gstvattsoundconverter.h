/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How sound is converted, wherever that is done: the same sound must be the
 * same to a model. */
#pragma once

#include <gst/audio/audio.h>

G_BEGIN_DECLS

/* What GstAudioConverter takes: it crashes or runs out of memory beyond. */
#define GST_VATT_MAX_CHANNELS 63

GstAudioConverter *gst_vatt_sound_converter_new (
    const GstAudioInfo *in, const GstAudioInfo *out, GError **error);

G_END_DECLS
