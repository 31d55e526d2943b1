/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The three kinds of input. */
#pragma once

#include <vatt/error.h>

G_BEGIN_DECLS

/**
 * VattModality:
 * @VATT_VIDEO: pictures
 * @VATT_AUDIO: sound, as a waveform or as a log-mel spectrogram
 * @VATT_TEXT: words
 *
 * What a clip holds, and which tower of the network reads it.
 */
typedef enum {
  VATT_VIDEO,
  VATT_AUDIO,
  VATT_TEXT,
} VattModality;

/**
 * VATT_N_MODALITIES:
 *
 * How many #VattModality there are.
 */
#define VATT_N_MODALITIES 3

/**
 * vatt_modality_name:
 * @modality: a modality
 *
 * Returns: (transfer none): "video", "audio" or "text", as in parameter paths
 *   and caps
 */
VATT_API const char *vatt_modality_name (VattModality modality);

G_END_DECLS
