/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One table of fields serves both directions. Shapes are scalar fields: caps
 * with ranges inside arrays do not work as templates in GStreamer 1.22. */
#include "gstvattcaps.h"

#include <string.h>

#define BIT(modality) (1u << (modality))
#define PICTURES BIT (VATT_VIDEO)
#define SOUND BIT (VATT_AUDIO)
#define WORDS BIT (VATT_TEXT)
#define FIELD(name) G_STRUCT_OFFSET (VattFrontEnd, name)

typedef struct {
  const char *name;
  guint modalities; /* bits of the modalities that have the field */
  glong offset;     /* of a guint or a double in VattFrontEnd */
} CapsField;

/* A field that is 0 in the front end does not apply and is left out. */
static const CapsField int_fields[] = {
  { "token-size", PICTURES | SOUND | WORDS, FIELD (token_size) },
  { "patch-t", PICTURES | SOUND | WORDS, FIELD (patch[0]) },
  { "patch-h", PICTURES | SOUND | WORDS, FIELD (patch[1]) },
  { "patch-w", PICTURES | SOUND | WORDS, FIELD (patch[2]) },
  { "grid-t", PICTURES | SOUND | WORDS, FIELD (grid[0]) },
  { "grid-h", PICTURES | SOUND | WORDS, FIELD (grid[1]) },
  { "grid-w", PICTURES | SOUND | WORDS, FIELD (grid[2]) },
  { "frames", PICTURES | SOUND, FIELD (frames) },
  { "width", PICTURES, FIELD (width) },
  { "height", PICTURES, FIELD (height) },
  { "samples", SOUND, FIELD (samples) },
  { "mel-frame", SOUND, FIELD (mel_frame) },
  { "mel-hop", SOUND, FIELD (mel_hop) },
  { "mel-fft", SOUND, FIELD (mel_fft) },
  { "mel-bands", SOUND, FIELD (mel_bands) },
  { "words", WORDS, FIELD (words) },
};

static const CapsField double_fields[] = {
  { "box-left", PICTURES, FIELD (box[0]) },
  { "box-top", PICTURES, FIELD (box[1]) },
  { "box-width", PICTURES, FIELD (box[2]) },
  { "box-height", PICTURES, FIELD (box[3]) },
  { "mel-low", SOUND, FIELD (mel_low) },
  { "mel-high", SOUND, FIELD (mel_high) },
};

static const char *const input_names[] = {
  [VATT_INPUT_NONE] = "none",
  [VATT_INPUT_VOXELS] = "voxels",
  [VATT_INPUT_WAVE] = "wave",
  [VATT_INPUT_SPECTROGRAM] = "spectrogram",
  [VATT_INPUT_WORDS] = "words",
};

static const char *const scaling_names[] = {
  [VATT_SCALING_RANGE] = "range",
  [VATT_SCALING_CLIP] = "clip",
};

static gboolean
index_of (
    const char *const *names, guint n_names, const char *name, guint *index)
{
  for (guint i = 0; i < n_names; i++)
    if (g_strcmp0 (names[i], name) == 0) {
      *index = i;
      return TRUE;
    }
  return FALSE;
}

gboolean
gst_vatt_modality_from_caps (const GstCaps *caps, VattModality *modality)
{
  if (!caps || gst_caps_is_any (caps) || gst_caps_get_size (caps) == 0)
    return FALSE;
  const char *name =
      gst_structure_get_string (gst_caps_get_structure (caps, 0), "modality");
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    if (g_strcmp0 (vatt_modality_name ((VattModality)i), name) == 0) {
      *modality = (VattModality)i;
      return TRUE;
    }
  return FALSE;
}

/* Tokens of a whole clip. */
guint
gst_vatt_front_end_tokens (const VattFrontEnd *front_end)
{
  return front_end->grid[0] * front_end->grid[1] * front_end->grid[2];
}

/* The time one clip covers; 0 for text, which has the span of its caption. */
GstClockTime
gst_vatt_front_end_span (const VattFrontEnd *front_end)
{
  guint64 units = 0;
  if (front_end->input == VATT_INPUT_VOXELS)
    units = front_end->frames;
  else if (front_end->input == VATT_INPUT_WAVE ||
           front_end->input == VATT_INPUT_SPECTROGRAM)
    units = front_end->samples;
  if (units == 0 || front_end->rate_n == 0)
    return 0;
  return gst_util_uint64_scale (
      units * front_end->rate_d, GST_SECOND, front_end->rate_n);
}

/* When picture @index of the window beginning at @start is wanted. */
GstClockTime
gst_vatt_front_end_instant (
    const VattFrontEnd *front_end, GstClockTime start, guint64 index)
{
  return start + gst_util_uint64_scale (
                     index * front_end->rate_d, GST_SECOND, front_end->rate_n);
}

static void
set_table_fields (GstStructure *structure, const VattFrontEnd *front_end,
    VattModality modality)
{
  for (guint i = 0; i < G_N_ELEMENTS (int_fields); i++) {
    const CapsField *field = &int_fields[i];
    guint value = G_STRUCT_MEMBER (guint, front_end, field->offset);
    if ((field->modalities & BIT (modality)) && value != 0)
      gst_structure_set (structure, field->name, G_TYPE_INT, (gint)value, NULL);
  }
  for (guint i = 0; i < G_N_ELEMENTS (double_fields); i++) {
    const CapsField *field = &double_fields[i];
    double value = G_STRUCT_MEMBER (double, front_end, field->offset);
    if ((field->modalities & BIT (modality)) && value > 0)
      gst_structure_set (structure, field->name, G_TYPE_DOUBLE, value, NULL);
  }
}

/*
 * gst_vatt_caps_from_front_end:
 * @front_end: how tokens are made
 * @modality: for which tower
 * @model_id: (nullable): the model, for text only: its vocabulary is needed
 *
 * Returns: (transfer full): caps fixed but for the number of tokens, which
 *   DropToken may lower
 */
GstCaps *
gst_vatt_caps_from_front_end (
    const VattFrontEnd *front_end, VattModality modality, const char *model_id)
{
  GstStructure *structure = gst_structure_new (GST_VATT_TOKENS_MEDIA_TYPE,
      "modality", G_TYPE_STRING, vatt_modality_name (modality), "format",
      G_TYPE_STRING, modality == VATT_TEXT ? "S32LE" : "F32LE", "layout",
      G_TYPE_STRING, "patches", "input", G_TYPE_STRING,
      input_names[front_end->input], NULL);
  guint tokens = gst_vatt_front_end_tokens (front_end);
  if (tokens > 1 && modality != VATT_TEXT)
    gst_structure_set (
        structure, "tokens", GST_TYPE_INT_RANGE, 1, (gint)tokens, NULL);
  else
    gst_structure_set (structure, "tokens", G_TYPE_INT, (gint)tokens, NULL);
  set_table_fields (structure, front_end, modality);
  if (front_end->rate_n > 0)
    gst_structure_set (structure, "sample-rate", GST_TYPE_FRACTION,
        (gint)front_end->rate_n, (gint)front_end->rate_d, NULL);
  if (modality != VATT_TEXT)
    gst_structure_set (structure, "scaling", G_TYPE_STRING,
        scaling_names[front_end->scaling], NULL);
  else if (model_id)
    gst_structure_set (structure, "model-id", G_TYPE_STRING, model_id, NULL);

  GstCaps *caps = gst_caps_new_empty ();
  gst_caps_append_structure (caps, structure);
  return caps;
}

static gboolean
get_table_fields (const GstStructure *structure, VattModality modality,
    VattFrontEnd *front_end)
{
  for (guint i = 0; i < G_N_ELEMENTS (int_fields); i++) {
    const CapsField *field = &int_fields[i];
    gint value;
    if (!(field->modalities & BIT (modality)) ||
        !gst_structure_has_field (structure, field->name))
      continue;
    if (!gst_structure_get_int (structure, field->name, &value) || value < 1)
      return FALSE;
    G_STRUCT_MEMBER (guint, front_end, field->offset) = (guint)value;
  }
  for (guint i = 0; i < G_N_ELEMENTS (double_fields); i++) {
    const CapsField *field = &double_fields[i];
    if ((field->modalities & BIT (modality)) &&
        gst_structure_has_field (structure, field->name) &&
        !gst_structure_get_double (structure, field->name,
            &G_STRUCT_MEMBER (double, front_end, field->offset)))
      return FALSE;
  }
  return TRUE;
}

/* The sizes come from another element: nothing is trusted that a buffer size
 * is computed from. */
static gboolean
front_end_is_sound (const VattFrontEnd *fe, VattModality modality)
{
  guint64 patch = 1, tokens = 1;
  for (guint i = 0; i < 3; i++) {
    if (fe->patch[i] < 1 || fe->grid[i] < 1 || fe->patch[i] > 1 << 20 ||
        fe->grid[i] > 1 << 20)
      return FALSE;
    patch *= fe->patch[i];
    tokens *= fe->grid[i];
    if (patch > 1 << 24 || tokens > 1 << 24)
      return FALSE;
  }
  if (modality == VATT_TEXT)
    return fe->words >= 1 && fe->words == tokens && fe->token_size == 1;
  if (fe->rate_n < 1 || fe->rate_d < 1 ||
      fe->token_size != patch * (modality == VATT_VIDEO ? 3 : 1) ||
      tokens * fe->token_size > 1 << 28)
    return FALSE;
  if (modality == VATT_VIDEO)
    return fe->frames >= fe->patch[0] && fe->width >= fe->patch[2] &&
           fe->height >= fe->patch[1] && fe->width <= 16384 &&
           fe->height <= 16384 && fe->frames <= 1 << 16;
  return fe->samples >= 1 && fe->samples <= 1 << 28;
}

/*
 * gst_vatt_caps_to_front_end:
 * @structure: token caps, as gst_vatt_caps_from_front_end() makes them
 * @modality: the modality wanted
 * @front_end: (out caller-allocates): what they say
 * @error: return location
 *
 * Returns: %FALSE if the caps do not say all that is needed, as a pad
 *   template's
 */
gboolean
gst_vatt_caps_to_front_end (const GstStructure *structure,
    VattModality modality, VattFrontEnd *front_end, GError **error)
{
  memset (front_end, 0, sizeof *front_end);
  guint input = VATT_INPUT_NONE, scaling = VATT_SCALING_RANGE;
  gint rate_n = 0, rate_d = 1;
  gboolean complete =
      gst_structure_has_name (structure, GST_VATT_TOKENS_MEDIA_TYPE) &&
      g_strcmp0 (gst_structure_get_string (structure, "modality"),
          vatt_modality_name (modality)) == 0 &&
      index_of (input_names, G_N_ELEMENTS (input_names),
          gst_structure_get_string (structure, "input"), &input) &&
      get_table_fields (structure, modality, front_end);
  if (complete && modality != VATT_TEXT)
    complete = index_of (scaling_names, G_N_ELEMENTS (scaling_names),
                   gst_structure_get_string (structure, "scaling"), &scaling) &&
               gst_structure_get_fraction (
                   structure, "sample-rate", &rate_n, &rate_d) &&
               rate_n > 0 && rate_d > 0;
  front_end->input = (VattInput)input;
  front_end->scaling = (VattScaling)scaling;
  front_end->rate_n = (guint)rate_n;
  front_end->rate_d = (guint)rate_d;
  if (!complete || !front_end_is_sound (front_end, modality)) {
    g_autofree char *text = gst_structure_to_string (structure);
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "token caps %s do not describe a front end for %s", text,
        vatt_modality_name (modality));
    return FALSE;
  }
  return TRUE;
}
