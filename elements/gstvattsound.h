/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound of any format as one line of mono samples at one rate, counted from
 * the origin of a run. */
#pragma once

#include <gst/audio/audio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstVattSound GstVattSound;

GstVattSound *gst_vatt_sound_new (guint rate);
void gst_vatt_sound_free (GstVattSound *sound);

gboolean gst_vatt_sound_set_input (
    GstVattSound *sound, const GstAudioInfo *info, GError **error);
void gst_vatt_sound_reset (GstVattSound *sound);
gboolean gst_vatt_sound_append (
    GstVattSound *sound, GstBuffer *buffer, gsize skip_frames, GError **error);
gboolean gst_vatt_sound_append_silence (
    GstVattSound *sound, guint64 until, gsize most, GError **error);
gboolean gst_vatt_sound_drain (GstVattSound *sound, GError **error);

guint64 gst_vatt_sound_get_end (GstVattSound *sound);
void gst_vatt_sound_copy (
    GstVattSound *sound, guint64 from, float *out, gsize n_samples);
void gst_vatt_sound_forget (GstVattSound *sound, guint64 before);

G_END_DECLS
