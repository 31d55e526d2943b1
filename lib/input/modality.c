/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names of the modalities. */
#include <vatt/modality.h>

const char *
vatt_modality_name (VattModality modality)
{
  static const char *const names[VATT_N_MODALITIES] = {
    [VATT_VIDEO] = "video",
    [VATT_AUDIO] = "audio",
    [VATT_TEXT] = "text",
  };
  g_return_val_if_fail ((guint)modality < VATT_N_MODALITIES, NULL);
  return names[modality];
}
