/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Geometry may differ from the model's, as positions are resampled; what a
 * patch is may not. */
#include "gstvattencodercaps.h"

#include "gstvattcaps.h"
#include "gstvatterror.h"
#include "gstvattmodels.h"

static const VattOutput space_outputs[] = {
  [GST_VATT_SPACE_NONE] = VATT_OUTPUT_POOLED,
  [GST_VATT_SPACE_VA] = VATT_OUTPUT_VA,
  [GST_VATT_SPACE_VT] = VATT_OUTPUT_VT,
};

/* Fields that may differ from the model's front end. */
static const char *const free_fields[] = { "tokens", "grid-t", "grid-h",
  "grid-w", "frames", "width", "height", "samples", "sample-rate", "box-left",
  "box-top", "box-width", "box-height" };

VattOutput
gst_vatt_encoder_space_output (GstVattSpace space)
{
  return space_outputs[space];
}

/*
 * gst_vatt_encoder_wanted_caps:
 * @modality: of a pad
 * @model: the model
 *
 * Returns: (transfer full): first what the model was trained with, then what
 *   it can read as well; empty if it has no tower for this pad
 */
GstCaps *
gst_vatt_encoder_wanted_caps (VattModality modality, VattModel *model)
{
  const VattFrontEnd *front_end =
      vatt_config_get_front_end (vatt_model_get_config (model), modality);
  if (!front_end || front_end->input == VATT_INPUT_NONE)
    return gst_caps_new_empty ();
  GstCaps *caps = gst_vatt_caps_from_front_end (
      front_end, modality, vatt_model_get_id (model));
  if (modality == VATT_TEXT)
    return caps;
  GstStructure *loose = gst_structure_copy (gst_caps_get_structure (caps, 0));
  for (guint i = 0; i < G_N_ELEMENTS (free_fields); i++)
    gst_structure_remove_field (loose, free_fields[i]);
  gst_caps_append_structure (caps, loose);
  return caps;
}

static gboolean
same_words (VattModel *a, VattModel *b)
{
  const VattVocabulary *x = vatt_model_get_vocabulary (a);
  const VattVocabulary *y = vatt_model_get_vocabulary (b);
  g_autofree char *first = x ? vatt_vocabulary_to_text (x) : NULL;
  g_autofree char *second = y ? vatt_vocabulary_to_text (y) : NULL;
  return g_strcmp0 (first, second) == 0;
}

/* Words are made for a model, and serve another one that has the same
 * vocabulary. Returns: (transfer full): @caps, as made for @model if so */
GstCaps *
gst_vatt_encoder_adopt_caps (VattModel *model, GstCaps *caps)
{
  const char *id =
      gst_structure_get_string (gst_caps_get_structure (caps, 0), "model-id");
  g_autoptr (VattModel) other = id ? gst_vatt_models_find (id) : NULL;
  GstCaps *adopted = gst_caps_ref (caps);
  if (!other || other == model || !same_words (model, other))
    return adopted;
  adopted = gst_caps_make_writable (adopted);
  gst_caps_set_simple (
      adopted, "model-id", G_TYPE_STRING, vatt_model_get_id (model), NULL);
  return adopted;
}

static gboolean
check_words (GstPad *pad, VattModel *model, GstCaps *caps, GError **error)
{
  const char *words =
      gst_structure_get_string (gst_caps_get_structure (caps, 0), "model-id");
  if (!words || g_strcmp0 (words, vatt_model_get_id (model)) == 0)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "%s: words are made for model '%s', whose vocabulary is not that of "
      "model '%s'",
      GST_PAD_NAME (pad), words, vatt_model_get_id (model));
  return FALSE;
}

/*
 * gst_vatt_encoder_check_caps:
 * @pad: whose caps they are
 * @modality: of @pad
 * @setup: model, engine and space
 * @caps: (nullable): what arrives; %NULL while that is not known
 * @front_end: (out caller-allocates): how the tokens of @caps were made
 * @error: return location
 *
 * Returns: whether the model can compute that
 */
gboolean
gst_vatt_encoder_check_caps (GstPad *pad, VattModality modality,
    const GstVattEncoderSetup *setup, GstCaps *caps, VattFrontEnd *front_end,
    GError **error)
{
  VattModel *model = setup->model;
  g_autoptr (GstCaps) wanted = gst_vatt_encoder_wanted_caps (modality, model);
  if (gst_caps_is_empty (wanted)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "model '%s' has no tower for %s", vatt_model_get_id (model),
        vatt_modality_name (modality));
    return FALSE;
  }
  if (caps && !check_words (pad, model, caps, error))
    return FALSE;
  if (caps && !gst_caps_can_intersect (caps, wanted)) {
    gst_vatt_mismatch_set (error, caps, wanted,
        "%s: tokens from upstream do not fit model '%s'", GST_PAD_NAME (pad),
        vatt_model_get_id (model));
    return FALSE;
  }
  if (caps && !gst_vatt_caps_to_front_end (
                  gst_caps_get_structure (caps, 0), modality, front_end, error))
    return FALSE;
  /* It is the session that knows what a model lacks. */
  VattSessionParams params = { .modality = modality,
    .outputs = space_outputs[setup->space] };
  g_autoptr (VattSession) session = vatt_session_new (
      model, gst_vatt_engine_get_device (setup->engine), &params, error);
  return session != NULL;
}

/* Fills @kind with what @setup makes of @caps. */
void
gst_vatt_encoder_describe (VattModality modality,
    const GstVattEncoderSetup *setup, GstCaps *caps, GstVattResultKind *kind)
{
  *kind = (GstVattResultKind){
    .modality = modality,
    .space = setup->space,
    .dim = vatt_config_get_output_width (vatt_model_get_config (setup->model),
        modality, space_outputs[setup->space]),
    .model_id = vatt_model_get_id (setup->model),
    .rate_d = 1,
  };
  gst_structure_get_fraction (gst_caps_get_structure (caps, 0), "framerate",
      &kind->rate_n, &kind->rate_d);
}
