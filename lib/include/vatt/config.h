/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a model is: its front ends, towers and heads. Variants are such
 * configurations, shipped as data. */
#pragma once

#include <vatt/error.h>
#include <vatt/modality.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * VattInput:
 * @VATT_INPUT_NONE: the model has no tower for this modality
 * @VATT_INPUT_VOXELS: pictures over time, patches of t x h x w x 3 values
 * @VATT_INPUT_WAVE: sound samples, patches of consecutive samples
 * @VATT_INPUT_SPECTROGRAM: log-mel frames, patches of time x bands
 * @VATT_INPUT_WORDS: indices into a vocabulary
 *
 * What a tower reads.
 */
typedef enum {
  VATT_INPUT_NONE,
  VATT_INPUT_VOXELS,
  VATT_INPUT_WAVE,
  VATT_INPUT_SPECTROGRAM,
  VATT_INPUT_WORDS,
} VattInput;

/**
 * VattScaling:
 * @VATT_SCALING_RANGE: pictures to [-1, 1]; a spectrogram or a waveform as
 *   it is
 * @VATT_SCALING_CLIP: each clip by its own statistics: pictures less the
 *   clip's mean picture, divided by the clip's standard deviation; a
 *   spectrogram from its least to its greatest value to [0, 1]; a waveform
 *   divided by its root mean square
 *
 * How raw values are brought to the range the tower was trained on.
 */
typedef enum {
  VATT_SCALING_RANGE,
  VATT_SCALING_CLIP,
} VattScaling;

/**
 * VattFrontEnd:
 * @input: what the tower reads; the fields that do not apply are 0
 * @frames: pictures per clip, or log-mel frames per clip
 * @height: rows of a picture
 * @width: columns of a picture
 * @rate_n: numerator of pictures or samples per second
 * @rate_d: its denominator
 * @samples: sound samples per clip
 * @box: left, top, width and height, as fractions of the source picture, of
 *   the part that is used; all 0 for the largest central part of the shape
 *   @width by @height
 * @scaling: how values are scaled
 * @mel_frame: samples per analysis frame
 * @mel_hop: samples from one analysis frame to the next
 * @mel_fft: size of the Fourier transform, samples
 * @mel_bands: mel bands
 * @mel_low: lower edge of the lowest band, Hz
 * @mel_high: upper edge of the highest band, Hz
 * @words: words per sentence
 * @patch: patch size along (time, rows, columns), (samples) or (frames,
 *   bands); axes that do not exist are 1
 * @grid: patches along the same axes; words along the first for text
 * @token_size: values per token: product of @patch and of the 3 colours; 1
 *   for words
 *
 * How raw media become tokens.
 */
typedef struct {
  VattInput input;
  guint frames, height, width;
  guint rate_n, rate_d;
  guint samples;
  double box[4];
  VattScaling scaling;
  guint mel_frame, mel_hop, mel_fft, mel_bands;
  double mel_low, mel_high;
  guint words;
  guint patch[3];
  guint grid[3];
  guint token_size;
} VattFrontEnd;

/**
 * VattOutput:
 * @VATT_OUTPUT_TOKENS: every token after the tower, without the aggregation
 *   token: (B, T, D)
 * @VATT_OUTPUT_POOLED: the tower's summary of a clip: (B, D)
 * @VATT_OUTPUT_VA: projection to the space video and audio share: (B, D)
 * @VATT_OUTPUT_VT: projection to the space video and text share: (B, D)
 * @VATT_OUTPUT_LOGITS: class scores, averaged over the views of a sample:
 *   (B / views, C)
 * @VATT_OUTPUT_PROBABILITIES: softmax (or, multi-label, sigmoid) of the
 *   logits
 *
 * What a session can give; flags, to be combined.
 */
typedef enum {
  VATT_OUTPUT_TOKENS = 1 << 0,
  VATT_OUTPUT_POOLED = 1 << 1,
  VATT_OUTPUT_VA = 1 << 2,
  VATT_OUTPUT_VT = 1 << 3,
  VATT_OUTPUT_LOGITS = 1 << 4,
  VATT_OUTPUT_PROBABILITIES = 1 << 5,
} VattOutput;

/**
 * VattConfig:
 *
 * An immutable, reference-counted configuration.
 */
typedef struct _VattConfig VattConfig;

#define VATT_TYPE_CONFIG (vatt_config_get_type ())
VATT_API GType vatt_config_get_type (void);

VATT_API VattConfig *vatt_config_load (
    const char *variant_or_path, GError **error);
VATT_API VattConfig *vatt_config_parse (
    const char *text, gssize length, const char *origin, GError **error);
VATT_API VattConfig *vatt_config_ref (VattConfig *config);
VATT_API void vatt_config_unref (VattConfig *config);
VATT_API char *vatt_config_to_text (const VattConfig *config);

VATT_API const char *vatt_config_get_name (const VattConfig *config);
VATT_API const VattFrontEnd *vatt_config_get_front_end (
    const VattConfig *config, VattModality modality);
VATT_API guint vatt_config_get_output_width (
    const VattConfig *config, VattModality modality, VattOutput output);
VATT_API gboolean vatt_config_is_multi_label (const VattConfig *config);
VATT_API guint64 vatt_config_get_declared_parameters (const VattConfig *config);

/**
 * VattParameterInfo:
 * @path: "video.block.3.mlp.in.weight"; belongs to the list
 * @rows: size along the first axis
 * @columns: size along the second; 0 for a vector
 * @count: how many numbers
 * @trainable: whether training changes it
 *
 * A parameter that a model of a configuration has.
 */
typedef struct {
  const char *path;
  gsize rows, columns;
  guint64 count;
  gboolean trainable;
} VattParameterInfo;

VATT_API VattParameterInfo *vatt_config_list_parameters (
    const VattConfig *config, guint *n_parameters, GError **error);
VATT_API double vatt_config_count_flop (const VattConfig *config,
    VattModality modality, const guint grid[3], double drop_rate,
    gboolean as_published, GError **error);
VATT_API char **vatt_variant_list (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattConfig, vatt_config_unref)

G_END_DECLS
