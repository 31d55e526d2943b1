/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattsoundconverter.h"

#include <vatt/error.h>

#define MAX_RATE (1 << 28)

/* Channels without positions are averaged. */
static void
set_plain_mix (GstStructure *config, guint channels)
{
  GValue matrix = G_VALUE_INIT, row = G_VALUE_INIT, gain = G_VALUE_INIT;
  g_value_init (&matrix, GST_TYPE_ARRAY);
  g_value_init (&row, GST_TYPE_ARRAY);
  g_value_init (&gain, G_TYPE_FLOAT);
  g_value_set_float (&gain, 1.0f / (float)channels);
  for (guint i = 0; i < channels; i++)
    gst_value_array_append_value (&row, &gain);
  gst_value_array_append_value (&matrix, &row);
  gst_structure_take_value (
      config, GST_AUDIO_CONVERTER_OPT_MIX_MATRIX, &matrix);
  g_value_unset (&row);
  g_value_unset (&gain);
}

/* The filter of audioresample, so that sound is the same to a model whether it
 * was resampled on its way here or is now: a converter's own takes off more of
 * the highest bands. */
static void
set_filter (
    GstStructure *config, const GstAudioInfo *in, const GstAudioInfo *out)
{
  gst_structure_set (config, GST_AUDIO_CONVERTER_OPT_RESAMPLER_METHOD,
      GST_TYPE_AUDIO_RESAMPLER_METHOD, GST_AUDIO_RESAMPLER_METHOD_KAISER, NULL);
  gst_audio_resampler_options_set_quality (GST_AUDIO_RESAMPLER_METHOD_KAISER,
      GST_AUDIO_RESAMPLER_QUALITY_DEFAULT, GST_AUDIO_INFO_RATE (in),
      GST_AUDIO_INFO_RATE (out), config);
}

static gboolean
check_size (const GstAudioInfo *info, GError **error)
{
  if (GST_AUDIO_INFO_CHANNELS (info) <= GST_VATT_MAX_CHANNELS &&
      GST_AUDIO_INFO_RATE (info) <= MAX_RATE)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "the sound has %d channels at %d Hz, expected up to %d at up to %d Hz",
      GST_AUDIO_INFO_CHANNELS (info), GST_AUDIO_INFO_RATE (info),
      GST_VATT_MAX_CHANNELS, MAX_RATE);
  return FALSE;
}

/* Which channel becomes which is known if they have positions, stay as they
 * are, or are averaged. */
static gboolean
can_mix (const GstAudioInfo *in, const GstAudioInfo *out)
{
  return GST_AUDIO_INFO_CHANNELS (out) == 1 ||
         GST_AUDIO_INFO_CHANNELS (out) == GST_AUDIO_INFO_CHANNELS (in) ||
         !(GST_AUDIO_INFO_IS_UNPOSITIONED (in) ||
             GST_AUDIO_INFO_IS_UNPOSITIONED (out));
}

/*
 * gst_vatt_sound_converter_new:
 * @in: format of what there is
 * @out: format of what is wanted
 * @error: return location
 *
 * A converter serves one stretch of sound: gst_audio_converter_reset() leaves
 * the resampler between two samples wherever it was, and what it makes of the
 * next stretch would depend on the one before.
 *
 * Returns: (transfer full) (nullable): a converter, or %NULL with @error set
 */
GstAudioConverter *
gst_vatt_sound_converter_new (
    const GstAudioInfo *in, const GstAudioInfo *out, GError **error)
{
  GstAudioInfo from = *in, to = *out; /* are not const there */
  if (!check_size (in, error) || !check_size (out, error))
    return NULL;
  GstAudioConverter *converter = NULL;
  if (can_mix (in, out)) {
    GstStructure *config = gst_structure_new_empty ("vatt-sound");
    set_filter (config, in, out);
    if (GST_AUDIO_INFO_IS_UNPOSITIONED (in) &&
        GST_AUDIO_INFO_CHANNELS (in) > 1 && GST_AUDIO_INFO_CHANNELS (out) == 1)
      set_plain_mix (config, (guint)GST_AUDIO_INFO_CHANNELS (in));
    converter = gst_audio_converter_new (
        GST_AUDIO_CONVERTER_FLAG_NONE, &from, &to, config);
  }
  if (!converter)
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "cannot convert %d channels of %s at %d Hz to %d of %s at %d Hz",
        GST_AUDIO_INFO_CHANNELS (in), GST_AUDIO_INFO_NAME (in),
        GST_AUDIO_INFO_RATE (in), GST_AUDIO_INFO_CHANNELS (out),
        GST_AUDIO_INFO_NAME (out), GST_AUDIO_INFO_RATE (out));
  return converter;
}
