/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What clips of a data set can be converted to. */
#include "gstvattdatasetsrcprivate.h"

#include <gst/audio/audio.h>
#include <gst/video/video.h>

static const char *const raw_types[VATT_N_MODALITIES] = {
  [VATT_VIDEO] = "video/x-raw",
  [VATT_AUDIO] = "audio/x-raw, layout = (string) interleaved",
};

/* Returns: (transfer full): what clips of a modality can be converted to */
static GstCaps *
convertible (guint modality)
{
  return gst_caps_from_string (
      modality == VATT_AUDIO
          ? GST_AUDIO_CAPS_MAKE (GST_AUDIO_FORMATS_ALL) ", layout = (string) "
                                                        "interleaved"
          : GST_VIDEO_CAPS_MAKE_WITH_FEATURES ("ANY", GST_VIDEO_FORMATS_ALL));
}

/* Of pictures the tokenisers choose by time: to take some away or make some up
 * before would only move them. */
gboolean
gst_vatt_dataset_check_caps (
    const GstVattDatasetSettings *settings, GError **error)
{
  for (guint i = 0; i < VATT_N_MODALITIES; i++) {
    const GstCaps *caps = settings->caps[i];
    if (!caps)
      continue;
    g_autoptr (GstCaps) expected = convertible (i);
    gboolean timed = FALSE;
    for (guint s = 0; !gst_caps_is_any (caps) && s < gst_caps_get_size (caps);
         s++)
      timed |= gst_structure_has_field (
          gst_caps_get_structure (caps, s), "framerate");
    if (!gst_caps_is_any (caps) && !timed &&
        gst_caps_can_intersect (caps, expected))
      continue;
    g_autofree char *found = gst_caps_to_string (caps);
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "%s-caps: found %s, expected %s with fields that can be converted "
        "to%s",
        vatt_modality_name ((VattModality)i), found, raw_types[i],
        timed ? ", which framerate is not" : "");
    return FALSE;
  }
  return TRUE;
}
